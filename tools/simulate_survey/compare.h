// A catalog against the truth of the simulated survey it was made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulate_survey/truth_classes.h"

namespace brickline::simulate {

struct ComparisonOptions {
  double match_radius = 0.7;      // arcsec; one to one, nearest pairs first
  double spurious_radius = 1.5;   // arcsec; a catalog row without a true source this near is spurious
  double detectable_snr = 8;      // best band; completeness counts the true sources above it
  double largest_fracflux = 0.1;  // flux figures use rows with less of their light from neighbours
  double bright_flux = 4;         // nanomaggies; relative errors are of true fluxes above it
  ClassOptions classes;
};

struct BandComparison {
  std::string band;
  std::int64_t n = 0, bright = 0;
  double median_pull = 0, pull_width = 0;  // of (flux - truth)/sigma; width = 1.4826 MAD
  double beyond_5 = 0;                     // share
  double bright_bias = 0,
         bright_scatter = 0;     // median and 1.4826 MAD of flux/truth - 1; NaN without bright ones
  double scaled_pull_width = 0;  // pull_width of fluxes over 1 + bright_bias; NaN without bright ones
};

struct Comparison {
  std::int64_t truth = 0, catalog = 0, matched = 0, detectable = 0;
  double completeness = 0;  // of the detectable
  double spurious = 0;      // share of catalog rows
  std::vector<BandComparison> bands;
  std::optional<ClassComparison> classes;  // where the truth tells its sources' kinds
  std::vector<TrueSource> sources;         // every one of the truth
  std::vector<CatalogEntry> entries;       // every row of the catalog
};

// Reads `survey`/truth.fits and every `output`/tractor/*/tractor-*.fits. Error (kInput) where either is
// missing.
Comparison compare_with_truth(const std::filesystem::path& survey, const std::filesystem::path& output,
                              const ComparisonOptions& options = {});

// The comparison as tables for people, lines ending in newlines.
std::string to_text(const Comparison& comparison, const ComparisonOptions& options = {});

}  // namespace brickline::simulate
