// Errors put to the test on real data, no truth needed: two catalogs of the same sky from different exposures should
// differ by what their errors say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/fits/table.h"

namespace brickline {

struct SplitOptions {
  double match_radius_arcsec = 0.7;  // one to one, nearest pairs first
  double largest_fracflux = 0.1;     // of both rows, for the lines of sources that stand alone
};

// Of (a - b)/sqrt(1/ivar_a + 1/ivar_b): should have median 0 and width 1.
struct SplitPulls {
  std::string what;  // "flux_g, S/N 20 - 100"
  std::int64_t n = 0;
  double median = 0, width = 0;  // width = 1.4826 MAD; NaN of nothing
  // Their errors, of as many numbers that scatter normally: width sqrt(pi/(2 n)); width sqrt(1/(2 0.3675 n)), with the
  // efficiency of the MAD (Rousseeuw & Croux 1993, J. Am. Stat. Assoc. 88, 1273). NaN of fewer than two.
  double median_error = 0, width_error = 0;
  double beyond_5 = 0;  // share
};

struct SplitTest {
  std::int64_t rows_a = 0, rows_b = 0, matched = 0, same_type = 0;
  std::vector<SplitPulls> pulls;
};

// Of the columns that both have: ra, dec, and flux_BAND with flux_ivar_BAND for each band in `bands`; rows of type
// DUP and NUN do not count. Error (kInput) for columns that are missing, and where all fluxes are the same in both.
void require_split_columns(const fits::Table& catalog, const std::vector<std::string>& bands);
SplitTest split_test(const fits::Table& a, const fits::Table& b, const std::vector<std::string>& bands,
                     const SplitOptions& options = {});
std::string to_text(const SplitTest& test);

// The bands that a catalog's sources were fitted in: those with a column fracin_BAND.
std::vector<std::string> fitted_bands(const fits::Table& catalog);

}  // namespace brickline
