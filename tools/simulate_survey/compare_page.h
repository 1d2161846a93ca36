// A comparison with the truth as one page for a browser: pulls by class against the normal distribution, their medians and
// widths by S/N, completeness and purity, kinds taken for others, and the tables.
#pragma once

#include <string>

#include "tools/simulate_survey/compare.h"

namespace brickline::simulate {

// The whole page, which needs no network. Of very many sources evenly chosen ones are drawn; it says so.
std::string comparison_page_html(const Comparison& comparison, const std::string& survey,
                                 const std::string& products, const ComparisonOptions& options = {});

}  // namespace brickline::simulate
