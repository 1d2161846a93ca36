// Simulated fields with their sources found, ready for fitting.
#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "core/blobs/blob_fitter.h"
#include "core/detect/detection.h"
#include "tests/support/synthetic_sky.h"

namespace brickline::test {

struct Field {
  SyntheticSky sky;
  Detection found;
  Image<std::uint8_t> reference_mask;

  explicit Field(SyntheticSky s, const DetectionPrior& prior = {}) : sky(std::move(s)) {
    found = detect_sources(sky.images, sky.brick, sky.bands, prior);
  }
  BlobFitInput input() const {
    BlobFitInput in;
    in.images = sky.images;
    in.brick = sky.brick;
    in.bands = sky.bands;
    in.blobs = &found.blobs;
    in.sources = &found.sources;
    in.reference_mask = reference_mask.view();
    return in;
  }
  FittedCatalog fit(const BlobFitOptions& options = {}, const BlobFitHooks& hooks = {}) const {
    return fit_blobs(input(), options, hooks);
  }
  const FittedSource* nearest(const FittedCatalog& catalog, const SourceModel& m) const {
    const auto at = sky.brick.sky_to_pixel(m.ra, m.dec);
    const FittedSource* best = nullptr;
    for (const FittedSource& s : catalog.sources)
      if (!best || std::hypot(s.x - at->x, s.y - at->y) < std::hypot(best->x - at->x, best->y - at->y))
        best = &s;
    return best;
  }
};

// A star and a faint companion, three galaxies, a pair of blended stars.
inline SyntheticSky mixed_sky() {
  SyntheticSky sky(150, 130);
  sky.add(SourceKind::kPsf, 30.3, 35.6, {2, 4, 6});
  sky.add(SourceKind::kPsf, 36.1, 41.0, {1, 1.5, 2});
  sky.add(SourceKind::kExp, 100.4, 30.2, {8, 14, 20}, {1.6, 0.3, -0.2});
  sky.add(SourceKind::kDev, 40.7, 95.2, {10, 25, 40}, {1.5, -0.25, 0.15});
  sky.add(SourceKind::kRex, 110.0, 85.5, {1.5, 2.5, 4}, {0.8, 0, 0});
  sky.expose(2);
  return sky;
}

// Everything that a product is made of, as bytes.
inline std::string bytes_of(const FittedCatalog& catalog) {
  std::string out;
  const auto put = [&](auto v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); };
  for (const FittedSource& s : catalog.sources) {
    put(s.model.kind), put(s.model.ra), put(s.model.dec), put(s.model.shape.log_re), put(s.model.shape.ee1),
        put(s.model.shape.ee2), put(s.model.sersic_index), put(s.inverse_variance.ra),
        put(s.inverse_variance.re), put(s.blob), put(s.source), put(s.fit_bits), put(s.pixels);
    for (const double f : s.model.flux) put(f);
    for (const double f : s.inverse_variance.flux) put(f);
    for (const double d : s.dchisq) put(d);
    for (const ModelFit& m : s.models) put(m.model.ra), put(m.model.shape.log_re), put(m.steps);
    for (const float f : s.metrics.fracflux) put(f);
    for (const float f : s.metrics.rchisq) put(f);
  }
  for (int y = 0; y < catalog.blob_map.height(); ++y)
    for (int x = 0; x < catalog.blob_map.width(); ++x) put(catalog.blob_map(x, y));
  return out;
}

// The sky's images with blobs and sources set by hand; all are viewed, not copied.
inline BlobFitInput fit_input(const SyntheticSky& sky, const BlobMap& blobs, const SourceList& sources) {
  BlobFitInput in;
  in.images = sky.images;
  in.brick = sky.brick;
  in.bands = sky.bands;
  in.blobs = &blobs;
  in.sources = &sources;
  return in;
}
inline FittedCatalog fit_by_hand(const SyntheticSky& sky, ImageView<const std::uint8_t> hot,
                                 SourceList sources) {
  const BlobMap blobs = make_blobs(hot, sources);
  return fit_blobs(fit_input(sky, blobs, sources));
}
inline DetectedSource point_at(const SyntheticSky& sky, int x, int y, double flux) {
  DetectedSource s;
  const SkyPosition at = sky.brick.pixel_to_sky(x, y);
  s.model.ra = at.ra;
  s.model.dec = at.dec;
  s.model.flux.assign(sky.bands.size(), flux);
  s.x = s.ix = x;
  s.y = s.iy = y;
  return s;
}

}  // namespace brickline::test
