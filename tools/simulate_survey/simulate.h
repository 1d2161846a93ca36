// One simulated survey, from options to a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/log.h"
#include "tools/simulate_survey/options.h"

namespace brickline::simulate {

struct SimulationSummary {
  std::string brick;  // or "RA DEC" of a custom region
  int zoom_low = 0, size = 0;
  std::int64_t sources = 0, stars = 0, exposures = 0, ccds = 0;
};

// Writes the survey directory. The same options give the same bytes, whatever the number of threads. Images
// are made one exposure per thread; memory is about 12 bytes per pixel of the exposures in work.
SimulationSummary simulate_survey(const SimulationOptions& options, const std::filesystem::path& directory,
                                  const Log& log = {});

}  // namespace brickline::simulate
