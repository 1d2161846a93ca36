// Which CCDs of a brick are enough: they are taken one after the other, the most useful first, until the brick is as deep
// as it is meant to be; those that add nothing are left out.
//
// Depths are those of 5 sigma detections of a galaxy (the norm galnorm of its profile),
//   depth = 22.5 - 2.5 log10(5/sqrt(sum over CCDs of (galnorm/sig1)^2)),
// on a map of the brick whose pixels are 10 x 10 of its own, and count where they are in the brick's unique area. Targets
// are percentiles of the map: at most few places may be shallower. The order of choice is that of the Legacy Surveys' tool,
// with the lowest row first where that takes any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

struct DepthCutOptions {
  std::map<std::string, double> target{
      {"g", 24.0}, {"r", 23.4}, {"z", 22.5}, {"i", 23.0}, {"y", 22.0}};  // mag
  double margin = 0.5;                                                   // mag, added to all
  double below_percentile_5 = -0.6, below_percentile_10 = -0.3;          // mag, of the shallowest places
  int exposures = 3;                                                     // that are wanted ...
  double exposed = 0.95;                                // ... over such a part of the unique area
  int binning = 10;                                     // brick pixels of one of the map's
  std::set<std::string> first_programs, keep_programs;  // propid: looked at first; kept whatever they add
  double most_gb_per_band = 0;                          // of pixels at 10 bytes, of one band; 0: no limit
};

struct DepthCutCcd {
  bool overlapping = false, passed = false;
  std::int64_t pixels_overlapping = 0;  // of the brick's image, of CCDs that were looked at
  int order = -1;                       // in which it was looked at, within its band; -1: it was not
};
struct DepthCutBand {
  Image<float> depth;  // mag; 0 where there is nothing, NaN outside of the unique area
  std::array<double, 101> percentiles{};
  std::int64_t pixels_all = 0, pixels_kept = 0;  // of CCDs looked at, and kept
};
struct DepthCut {
  std::vector<DepthCutCcd> ccds;  // as the rows
  std::map<std::string, DepthCutBand> bands;
};

// `galaxy_norm`: 1/pixel, of a row by its number; asked for where a CCD is looked at that covers a pixel of the map. Error
// (kInput): a row's band has no target; a CCD that overlaps has no sig1 or no seeing.
DepthCut cut_to_depth(const std::vector<CcdRow>& rows, const Target& target,
                      const std::function<double(std::size_t)>& galaxy_norm, const DepthCutOptions& options);

}  // namespace brickline
