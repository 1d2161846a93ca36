// The page of a run: one HTML file for people, that needs nothing but itself, and one JSON file with the same data for
// programs (SCHEMA.md).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/page/run_facts.h"

namespace brickline {

inline constexpr int kRunPageSchema = 1;

// All of the facts but the pictures' bytes, in one JSON object.
std::string run_json(const RunFacts& facts);

struct RunPage {
  std::string json, html;
};
// `most_bytes`: the pictures are made smaller until the page is not larger; what it tells in words and numbers is never
// cut, and the pictures have a quarter of it at least.
RunPage make_run_page(RunFacts facts, std::size_t most_bytes = 11'500'000);

}  // namespace brickline
