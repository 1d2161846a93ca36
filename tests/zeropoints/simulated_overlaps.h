// Exposures of a camera of many CCDs over one piece of sky, as numbers only: stars, what each CCD measures of them, and what
// a provider says of each CCD's zero point.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "core/zeropoints/relative_solve.h"

namespace brickline::test {

struct Overlaps {
  // Of the sky's plane, in CCD widths and heights.
  int exposures = 40, columns = 10, rows = 5;
  double depth = 5;  // exposures over a place
  double stars_per_ccd = 60;
  double star_error = 0.01;       // of the faintest third; the others are better
  double provider_error = 0.004;  // of each CCD, by itself
  double exposure_error = 0, night_error = 0, detector_error = 0;  // of the provider, in common
  double amplifier_error =
      0;  // mag, of the zero points of a CCD's left half up and of its right half down; 0: none are given
  int exposures_per_night = 10;
  double outliers = 0.01;  // part of the measurements, wrong by up to 0.5 mag
  double apart = 0;        // the second half of the exposures lies this far away
  unsigned seed = 1;
};

struct OverlapData {
  std::vector<RelativeCcd> ccds;
  std::vector<StarMeasurement> stars;
  std::vector<double> truth;  // zero points
  std::vector<RelativeAmplifier> amplifiers;
  std::vector<double> true_amplifiers;
};

inline OverlapData simulate_overlaps(const Overlaps& o) {
  std::mt19937_64 random(o.seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  OverlapData out;
  const int detectors = o.columns * o.rows;
  const double area = o.exposures / o.depth * detectors, side = std::sqrt(area);
  const int cells = static_cast<int>(side) + 1;
  struct Star {
    double x, y, mag, error;
  };
  // Stars by unit squares. Those far away are the same ones once more, under other numbers.
  const auto per_cell = static_cast<int>(o.stars_per_ccd);
  std::vector<Star> stars;
  for (int cy = 0; cy < cells; ++cy)
    for (int cx = 0; cx < cells; ++cx)
      for (int k = 0; k < per_cell; ++k)
        stars.push_back({cx + uniform(random), cy + uniform(random), 16 + 4 * uniform(random),
                         o.star_error * (k % 3 + 1) / 3});
  std::vector<double> of_detector(static_cast<std::size_t>(detectors)), gain(of_detector.size());
  for (double& v : of_detector) v = o.detector_error * normal(random);
  for (double& v : gain) v = 0.05 * normal(random);
  std::mt19937_64 random_amplifiers(o.seed + 1000);
  if (o.amplifier_error > 0)
    for (int d = 0; d < detectors; ++d) {
      const double left = o.amplifier_error * normal(random_amplifiers);
      out.amplifiers.insert(out.amplifiers.end(), {{d, 0.5}, {d, 0.5}});
      out.true_amplifiers.insert(out.true_amplifiers.end(), {left, -left});
    }
  normal.reset();
  double of_night = 0;
  for (int e = 0; e < o.exposures; ++e) {
    if (e % o.exposures_per_night == 0) of_night = o.night_error * normal(random);
    const double of_exposure = o.exposure_error * normal(random);
    // Borders within the sky; the exposures' corners anywhere.
    const double x0 = uniform(random) * (cells - o.columns), y0 = uniform(random) * (cells - o.rows);
    const int far = o.apart > 0 && e >= o.exposures / 2 ? static_cast<int>(stars.size()) : 0;
    const double transparency = 0.03 * normal(random);
    for (int d = 0; d < detectors; ++d) {
      const auto k = static_cast<std::size_t>(d);
      const double zero_point = 25 + transparency + gain[k] + 0.003 * normal(random);
      const double left = x0 + d % o.columns, bottom = y0 + d / o.columns;
      const auto ccd = static_cast<std::int32_t>(out.ccds.size());
      out.truth.push_back(zero_point);
      double of_amplifiers = 0;
      int calibrators = 0;
      out.ccds.push_back(
          {zero_point + o.provider_error * normal(random) + of_exposure + of_night + of_detector[k],
           o.provider_error, e, e / o.exposures_per_night, d});
      for (int cy = static_cast<int>(bottom); cy <= static_cast<int>(bottom) + 1 && cy < cells; ++cy)
        for (int cx = static_cast<int>(left); cx <= static_cast<int>(left) + 1 && cx < cells; ++cx)
          for (int i = (cy * cells + cx) * per_cell; i < (cy * cells + cx + 1) * per_cell; ++i) {
            const Star& s = stars[static_cast<std::size_t>(i)];
            if (s.x < left || s.x >= left + 1 || s.y < bottom || s.y >= bottom + 1) continue;
            double mag = s.mag - zero_point + s.error * normal(random);
            if (uniform(random) < o.outliers) mag += uniform(random) - 0.5;
            int amplifier = -1;
            if (o.amplifier_error > 0) {
              amplifier = 2 * d + (s.x >= left + 0.5);
              mag -= out.true_amplifiers[static_cast<std::size_t>(amplifier)];
              // The provider knows the stars of every other place.
              if (i % 2 == 0) {
                of_amplifiers += out.true_amplifiers[static_cast<std::size_t>(amplifier)];
                ++calibrators;
              }
            }
            out.stars.push_back({i + far, ccd, static_cast<float>(mag), static_cast<float>(s.error),
                                 amplifier, amplifier >= 0 && i % 2 == 0});
          }
      if (calibrators > 0) out.ccds.back().zero_point += of_amplifiers / calibrators;
    }
  }
  return out;
}

}  // namespace brickline::test
