#include "core/blobs/halo_rests.h"

#include <tbb/parallel_for.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "core/model/sky_motion.h"
#include "core/refs/reference_catalog.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {
namespace {

constexpr double kZeroPoint = 22.5;
// Of the radius by magnitude: bands differ.
constexpr double kMore = 1.2;
// It fades out from where it ends on until so many of that.
constexpr double kFadesUntil = 1.3;
// The ramp at its inner end, arcsec.
constexpr double kRamp = 1;
// Pixels are free that are as far as this from all blobs, in pixels of the brick.
constexpr int kFromBlobs = 3;
// Rings: where they begin, their width (arcsec), and the fewest free pixels of one and of all; the fewest of them.
constexpr double kFirstRing = 2, kRingWidth = 1.5;
constexpr std::size_t kFewestOfRing = 100, kFewest = 600, kFewestRings = 4;
// Pixels count up to so many sigmas from a ring's median.
constexpr double kClip = 4;
// The level is known where it is as well as that, in sigmas of a pixel.
constexpr double kWellKnown = 0.05;

double brightest_flux(const SourceModel& m) {
  double most = 0;
  for (const double f : m.flux)
    if (std::isfinite(f)) most = std::max(most, f);
  return most;
}

std::array<double, 3> terms(double r, double radius) { return {1, radius / r, radius * radius / (r * r)}; }

// A star whose mask sources are fitted over a background in, by its own brightness in the fitted bands.
bool has_halo(const DetectedSource& s) {
  static const double least = std::pow(10, 0.4 * (kZeroPoint - StarMask::kMediumLimit));
  return s.reference.star && brightest_flux(s.model) > least;
}

}  // namespace

struct HaloRests::Blank {
  const Wcs& brick;
  const Image<std::int32_t>& labels;
  ImageView<const std::uint8_t> bright;

  // What lies beyond the brick is not known to be.
  bool is_free(int x, int y) const {
    return x >= 0 && y >= 0 && x < labels.width() && y < labels.height() && labels(x, y) < 0 &&
           (bright.empty() || !bright(x, y));
  }
};

double HaloRests::Level::at(double r) const {
  const double outside = (kFadesUntil - r / last) / (kFadesUntil - 1), inside = (r - first + kRamp) / kRamp;
  const double window = std::min({outside, inside, 1.0});
  if (!(window > 0)) return 0;
  const std::array<double, 3> t = terms(std::clamp(r, first, last), radius);
  return window * (c[0] * t[0] + c[1] * t[1] + c[2] * t[2]);
}

double HaloRests::Level::at_pixel(int px, int py) const {
  return at(arcsec_per_pixel * std::hypot(px - x, py - y));
}

Box HaloRests::Level::box(const Box& within) const {
  const double reach = kFadesUntil * radius / arcsec_per_pixel;
  const auto low = [&](double v) { return static_cast<int>(std::floor(v - reach)); };
  const auto high = [&](double v) { return static_cast<int>(std::ceil(v + reach)) + 1; };
  return intersection({low(x), high(x), low(y), high(y)}, within);
}

void HaloRests::take_off(std::size_t image, const Box& box, Image<float>& data) const {
  if (image >= levels_.size()) return;
  for (const Level& l : levels_[image]) {
    if (l.outcome != Outcome::kKnown) continue;
    const Box near = l.box(box);
    for (int y = near.y0; y < near.y1; ++y)
      for (int x = near.x0; x < near.x1; ++x)
        data(x - box.x0, y - box.y0) -= static_cast<float>(l.at_pixel(x, y));
  }
}

std::optional<HaloRests::Range> HaloRests::known(std::size_t image, std::size_t star) const {
  const Range nowhere{1, 0};
  if (!stars_[star].measured) return nowhere;
  const Level& l = levels_[image][star];
  if (l.outcome == Outcome::kNoPixel) return {};
  return l.outcome == Outcome::kKnown ? Range{l.first, l.last} : nowhere;
}

// `all`: of the image, those of other stars that are known are taken off; `out` is one of them.
HaloRests::Outcome HaloRests::measure(const CcdImage& image, const Blank& blank,
                                      const std::vector<Level>& all, Level& out) {
  const Box box = out.box(image.data.box());
  if (box.empty()) return Outcome::kNoPixel;
  struct Pixel {
    float value, inverse_error;
  };
  std::vector<std::vector<Pixel>> rings(
      static_cast<std::size_t>(std::max(1.0, (kFadesUntil * out.radius - kFirstRing) / kRingWidth)));
  const PixelMapping to_brick(image.wcs.sub_image(box), blank.brick);
  if (to_brick.empty()) return Outcome::kNoPixel;
  bool any = false;
  for_each_mapped_pixel(to_brick, [&](int px, int py, int bx, int by) {
    const int x = px + box.x0, y = py + box.y0;
    const double r = out.arcsec_per_pixel * std::hypot(x - out.x, y - out.y);
    const double ring = std::floor((r - kFirstRing) / kRingWidth);
    if (!(ring < static_cast<double>(rings.size()))) return;
    const float v = image.data(x, y), e = image.inverse_error(x, y);
    if (!(e > 0) || !std::isfinite(v) || !std::isfinite(e)) return;
    any = true;
    if (!(ring >= 0)) return;
    if (!blank.is_free(bx, by) || !blank.is_free(bx - kFromBlobs, by) ||
        !blank.is_free(bx + kFromBlobs, by) || !blank.is_free(bx, by - kFromBlobs) ||
        !blank.is_free(bx, by + kFromBlobs))
      return;
    double others = 0;
    for (const Level& l : all)
      if (&l != &out && l.outcome == Outcome::kKnown) others += l.at_pixel(x, y);
    rings[static_cast<std::size_t>(ring)].push_back({v - static_cast<float>(others), e});
  });
  if (!any) return Outcome::kNoPixel;
  Eigen::Matrix3d a = Eigen::Matrix3d::Zero();
  Eigen::Vector3d b = Eigen::Vector3d::Zero();
  const auto terms_at = [&](double r) {
    const std::array<double, 3> t = terms(r, out.radius);
    return Eigen::Vector3d(t[0], t[1], t[2]);
  };
  std::size_t count = 0, used = 0;
  double all_weight = 0, first = 0, last = 0;
  for (std::size_t k = 0; k < rings.size(); ++k) {
    std::vector<Pixel>& ring = rings[k];
    if (ring.size() < kFewestOfRing) continue;
    const auto middle = ring.begin() + static_cast<std::ptrdiff_t>(ring.size() / 2);
    std::nth_element(ring.begin(), middle, ring.end(),
                     [](const Pixel& p, const Pixel& q) { return p.value < q.value; });
    const float median = middle->value;
    double weight = 0, sum = 0;
    for (const Pixel& p : ring) {
      if (!(std::abs(p.value - median) * p.inverse_error < kClip)) continue;
      const double w = static_cast<double>(p.inverse_error) * p.inverse_error;
      weight += w;
      sum += w * p.value;
    }
    if (!(weight > 0)) continue;
    const double inner = kFirstRing + kRingWidth * static_cast<double>(k);
    if (used == 0) first = inner;
    last = inner + kRingWidth;
    const Eigen::Vector3d t = terms_at(inner + kRingWidth / 2);
    b += t * sum;
    a += t * t.transpose() * weight;
    all_weight += weight;
    ++used;
    count += ring.size();
  }
  if (used < kFewestRings || count < kFewest) return Outcome::kUnknown;
  const Eigen::LDLT<Eigen::Matrix3d> solver = a.ldlt();
  const Eigen::Vector3d c = solver.solve(b);
  if (!c.allFinite()) return Outcome::kUnknown;
  // Its ends are known least.
  last = std::min(last, out.radius);
  const auto is_well_known = [&](double r) {
    const Eigen::Vector3d t = terms_at(r);
    const double variance = t.dot(solver.solve(t)) * all_weight / static_cast<double>(count);
    return variance < kWellKnown * kWellKnown;
  };
  constexpr double kStep = kRingWidth / 2;
  while (first < last && !is_well_known(first)) first += kStep;
  while (first < last && !is_well_known(last)) last -= kStep;
  if (!(first < last)) return Outcome::kUnknown;
  for (double r = first; r < last; r += kStep)
    if (!is_well_known(r)) return Outcome::kUnknown;
  out.first = first;
  out.last = last;
  out.c = {c[0], c[1], c[2]};
  return Outcome::kKnown;
}

HaloRests::HaloRests(std::span<const CcdImage> images, const Wcs& brick, const BlobMap& blobs,
                     ImageView<const std::uint8_t> bright, const SourceList& sources,
                     std::span<const MaskedStar> masked) {
  std::vector<double> mask_radius(sources.size(), 0);
  for (const MaskedStar& m : masked)
    if (m.source >= 0) mask_radius[static_cast<std::size_t>(m.source)] = m.radius;
  for (std::size_t s = 0; s < sources.size(); ++s)
    if (has_halo(sources[s])) {
      const SourceModel& m = sources[s].model;
      const double magnitude = kZeroPoint - 2.5 * std::log10(brightest_flux(m));
      const double radius = kMore * 3600 * StarMask::radius_degrees(static_cast<float>(magnitude));
      stars_.push_back({static_cast<int>(s), m.ra, m.dec, std::max(radius, mask_radius[s]), true});
    }
  std::stable_sort(stars_.begin(), stars_.end(),
                   [](const Star& a, const Star& b) { return a.radius > b.radius; });
  const std::size_t measured = stars_.size();
  for (const MaskedStar& m : masked)
    if (m.source < 0 || !has_halo(sources[static_cast<std::size_t>(m.source)]))
      stars_.push_back({m.source, m.ra, m.dec, m.radius, false});
  levels_.resize(images.size());
  const Blank blank{brick, blobs.labels, bright};
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    const CcdImage& image = images[i];
    std::vector<Level>& levels = levels_[i];
    levels.resize(measured);
    const auto measure_one = [&](std::size_t s) {
      const Star& star = stars_[s];
      const SkyPosition sky =
          position_at(sources[static_cast<std::size_t>(star.source)].model, image.mjd_tai);
      const auto at = image.wcs.sky_to_pixel(sky.ra, sky.dec);
      const double scale = image.wcs.pixel_scale_arcsec(), reach = kFadesUntil * star.radius / scale;
      if (!at || !(at->x > -reach && at->y > -reach && at->x < image.data.width() + reach &&
                   at->y < image.data.height() + reach))
        return;
      Level& out = levels[s];
      out.x = at->x;
      out.y = at->y;
      out.arcsec_per_pixel = scale;
      out.radius = star.radius;
      out.outcome = measure(image, blank, levels, out);
    };
    // Brightest first; then each once more, with all others known.
    for (std::size_t s = 0; s < measured; ++s) measure_one(s);
    for (std::size_t s = 0; s < measured; ++s)
      if (std::ranges::any_of(levels, [&](const Level& l) {
            return &l != &levels[s] && l.outcome == Outcome::kKnown &&
                   l.arcsec_per_pixel * std::hypot(l.x - levels[s].x, l.y - levels[s].y) <
                       kFadesUntil * (l.radius + levels[s].radius);
          }))
        measure_one(s);
  });
}

}  // namespace brickline
