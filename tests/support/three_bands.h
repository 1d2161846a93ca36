// Three images (g, r, z) of one source with a repeatable pattern for noise: the scene on which the reference
// pipeline's fits were measured.
#pragma once

#include <cmath>
#include <vector>

#include "core/fit/source_fitter.h"
#include "core/model/renderer.h"
#include "core/wcs/local_linear.h"
#include "tests/support/engine_check.h"

namespace brickline::test {

struct ThreeBands {
  std::vector<Image<float>> data, inverse_error;
  std::vector<PsfKernel> psfs;
  std::vector<FitImage> images;
  std::vector<Wcs> wcs;

  explicit ThreeBands(const SourceModel& truth) {
    const char bands[3] = {'g', 'r', 'z'};
    const double sigma[3] = {0.02, 0.01, 0.03}, angle[3] = {3, -5, 183};
    const double dx[3] = {0.3, -0.4, 0.0}, dy[3] = {-0.2, 0.1, 0.45};
    const Box masks[3] = {{19, 82, 13, 76}, {18, 81, 13, 76}, {19, 82, 14, 77}};
    Renderer renderer;
    for (int i = 0; i < 3; ++i) {
      wcs.push_back(fixture_wcs(angle[i], dx[i], dy[i]));
      psfs.emplace_back(fixture_psf(bands[i]), 50, 45);
      data.emplace_back(100, 90);
      inverse_error.emplace_back(100, 90, static_cast<float>(1 / sigma[i]));
      for (int y = 0; y < 90; ++y)
        for (int x = 0; x < 100; ++x)
          data[i](x, y) = static_cast<float>(sigma[i] * std::sqrt(2.0) *
                                             std::sin(12.9898 * x + 78.233 * y + 37.719 * i + 0.5 * x * y));
      const PixelPosition at = *wcs[i].sky_to_pixel(truth.ra, truth.dec);
      const auto patch = renderer.patch(truth, at, {100, 90, wcs[i].cd(), &psfs[i]});
      add_patch(data[i].view(), *patch, static_cast<float>(truth.flux[i]));
    }
    for (int i = 0; i < 3; ++i) {
      FitImage f;
      f.data = data[i].const_view();
      f.inverse_error = inverse_error[i].const_view();
      f.band = i;
      f.cd = wcs[i].cd();
      f.local = *local_linear(wcs[i], 110, 24, LocalLinearWcs::Jacobian::kLocal);
      f.psf = &psfs[i];
      f.mask = masks[i];
      images.push_back(f);
    }
  }
};

inline SourceModel truth_of(SourceKind kind) {
  SourceModel s;
  s.kind = kind;
  s.ra = 109.99993;
  s.dec = 24.00002;
  s.flux = {4, 8, 12};
  switch (kind) {
    case SourceKind::kRex:
      s.shape = {std::log(0.5), 0, 0};
      break;
    case SourceKind::kExp:
      s.shape = to_softened({0.9, 0.25, -0.1});
      break;
    case SourceKind::kDev:
      s.shape = to_softened({1.1, 0.1, 0.2});
      break;
    case SourceKind::kSer:
      s.shape = to_softened({1.0, 0.2, 0.15});
      break;
    default:
      break;
  }
  s.sersic_index = 2.2;
  return s;
}

inline SourceModel start_of(SourceKind kind) {
  SourceModel s;
  s.kind = kind;
  s.ra = 109.99993 + 0.8e-4;
  s.dec = 24.00002 - 0.6e-4;
  s.flux = {3, 6, 9};
  s.shape = {-1, 0, 0};
  s.sersic_index = 4;
  return s;
}

}  // namespace brickline::test
