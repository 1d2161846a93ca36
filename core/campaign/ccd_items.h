// The items of a plan of CCDs: the CCDs of a survey whose calibrations are wanted, by exposure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/campaign/manifest.h"

namespace brickline {

struct CcdPlan {
  std::string configuration;                       // what all items have in common, as the program reads it
  std::map<std::string, std::string> environment;  // variables that it looked at
  bool merge = false;                              // files for whole exposures are to come of it
  std::vector<Item> items;
  std::int64_t ccds = 0;
};

// Asks the program (calibrate) which CCDs these words choose, by exposure (--list-exposures). An item is an exposure's, with at
// most `per_item` CCDs (0: all). Error (kInput) with its words if it fails, or chooses none.
CcdPlan items_of_ccds(const std::filesystem::path& program, const std::vector<std::string>& words,
                      int per_item);

// What the program says of CCDs that it could not look at, of these items ("NAME psf cannot be looked at: ..."), a line
// each.
std::vector<std::string> unreadable_ccds(const std::filesystem::path& program,
                                         const std::filesystem::path& configuration,
                                         const std::vector<Item>& items);

// What a CCD costs with PSF and sky, seconds of one core: psfex's stamps, most of it, do not depend on the CCD's size. A first
// guess, as of bricks (prediction.h).
inline constexpr double kSecondsPerCcd = 4.5, kSecondsPerCcdPixel = 0.3e-6, kSecondsPerCalibrateRun = 0.3;
// What calibrating holds of each CCD that is worked on at once, bytes per pixel, and beside it.
inline constexpr double kBytesPerCcdPixel = 60, kBytesPerCalibrateRun = 40e6;

}  // namespace brickline
