// How dear an item will be, told from the CCDs that touch it before anything is run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/campaign/manifest.h"
#include "core/pipeline/brick_options.h"
#include "core/survey/ccd_table.h"

namespace brickline {

struct Prediction {
  int ccds = 0;
  std::int64_t image_pixels = 0;
  double cpu_seconds = 0;  // of one core
  double memory_mb =
      0;  // 10^6 bytes; forecast_memory (core/pipeline/memory_forecast.h) with the run's threads
};

// Finds, among the CCDs of a survey, those of each brick quickly: rows of declination, sorted by right ascension.
// A CCD and a brick are taken for boxes along the axes of the brick's tangent plane. A CCD that comes within 0.02 degrees
// (0.3 about the poles) is counted, too, so that none which touches is missed.
class CostModel {
 public:
  // CCDs that a run with these options would take: without cuts, of its bands and dates, with rows that say where
  // they lie.
  CostModel(const CcdTable& ccds, const BrickOptions& options);
  ~CostModel();
  CostModel(const CostModel&) = delete;
  CostModel& operator=(const CostModel&) = delete;

  // Of `options`' width, height, scale and zoom about a centre in degrees. May be called from many threads.
  Prediction predict(double ra, double dec, const BrickOptions& options) const;
  std::int64_t ccds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What image and brick pixels cost, seconds of one core: a first guess, right within a factor of a few. What counts before
// anything has been run is which items are dear; afterwards the guess is multiplied by what finished items took
// (fit_costs, session.h).
inline constexpr double kSecondsPerImagePixel = 4e-6, kSecondsPerBrickPixel = 1.5e-5, kSecondsPerRun = 0.3;

}  // namespace brickline
