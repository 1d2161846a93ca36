// Where a catalog is right and where it is not: found against true fluxes by class of source, by signal to noise,
// isolation and kind.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brickline::simulate {

// The catalog's kinds in the order of the confusion matrix.
inline constexpr std::array<std::string_view, 6> kKinds = {"PSF", "REX", "EXP", "DEV", "SER", "COMP"};
// -1: none of these.
int kind_number(std::string_view kind);

struct ClassOptions {
  double isolation = 4;   // arcsec: a true source without another one this near is isolated
  double kinds_snr = 50;  // the confusion matrix is of true sources above it
  // In all bands together. Of true sources above it noise does not decide which are found (detection wants 6), so that their
  // pulls are free of that choice; of fainter ones those are found that noise has made brighter.
  double sure_snr = 10;
};

// A true source, with what was found of it.
struct TrueSource {
  int kind = -1;
  double snr = 0;        // in its best band
  double nearest = 0;    // arcsec, to the nearest other true source
  bool matched = false;  // all below: of its match
  int found_kind = -1;
  std::vector<double> pull;      // (flux - truth)/sigma per band; NaN: not measured
  std::vector<double> true_snr;  // truth/sigma per band; NaN: not measured
  // Truth over the error that the images' depth makes of it, per band, which knows nothing of what was found; NaN: unknown.
  std::vector<double> depth_snr;
  double detection_snr = 0;      // of those, all bands together that detection looks at
  std::vector<bool> unblended;   // per band: little light of neighbours
  double position_pull[2] = {};  // along RA and Dec; NaN: not measured
  double radius_pull = 0;        // of galaxies found as what they are; NaN: not measured
};

// What a found source is, by its true and its found kind and its neighbours.
inline constexpr std::array<std::string_view, 7> kClasses = {"stars, isolated",
                                                             "stars, with a neighbour",
                                                             "stars taken for galaxies",
                                                             "galaxies of the right kind, isolated",
                                                             "galaxies of the right kind, with a neighbour",
                                                             "galaxies of another kind",
                                                             "galaxies taken for stars"};
// -1: none of these.
int class_of(const TrueSource& source, const ClassOptions& options = {});

struct PullStatistics {
  std::int64_t n = 0;
  double median = 0, width = 0;  // width = 1.4826 MAD; NaN of nothing
  double beyond_5 = 0;           // share
};
PullStatistics statistics_of(const std::vector<double>& pulls);
double median(std::vector<double> values);
double robust_width(const std::vector<double>& values);

struct ClassPulls {
  std::string name;
  std::vector<PullStatistics> bands;
};

// A share and its binomial error in a range of S/N.
struct ShareInRange {
  double low = 0, high = 0;
  std::int64_t n = 0;
  double share = 0, error = 0;
};

struct ClassComparison {
  std::vector<ClassPulls> classes;
  std::vector<ShareInRange> completeness;  // of true sources, by their S/N
  std::vector<ShareInRange> purity;        // of catalog rows, by their own S/N
  // [true kind][found kind]; the last column: not found.
  std::array<std::array<std::int64_t, kKinds.size() + 1>, kKinds.size()> kinds{};
  double right_galaxies = 0;  // share of the matched true galaxies of the matrix; NaN of none
  PullStatistics positions, radii;
};

// A row of the catalog: S/N in its best band, and whether a true source is near.
struct CatalogEntry {
  double snr = 0;
  bool real = false;
};

// `bands`: how many bands the pulls are of.
ClassComparison compare_classes(const std::vector<TrueSource>& truth,
                                const std::vector<CatalogEntry>& catalog, std::size_t bands,
                                const ClassOptions& options = {});
std::string to_text(const ClassComparison& comparison, const std::vector<std::string>& bands,
                    const ClassOptions& options = {});

}  // namespace brickline::simulate
