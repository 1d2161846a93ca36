#include "core/blobs/halo_rests.h"

#include <tbb/parallel_for.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/model/sky_motion.h"
#include "core/refs/reference_catalog.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {
namespace {

constexpr double kZeroPoint = 22.5;
// Of the radius by magnitude: bands differ.
constexpr double kMore = 1.2;
// It fades out from the radius on until so many of it.
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

double brightest_flux(const SourceModel& m) {
  double most = 0;
  for (const double f : m.flux)
    if (std::isfinite(f)) most = std::max(most, f);
  return most;
}

std::array<double, 3> terms(double r, double radius) { return {1, radius / r, radius * radius / (r * r)}; }

}  // namespace

bool has_halo(const DetectedSource& s) {
  static const double least = std::pow(10, 0.4 * (kZeroPoint - StarMask::kMediumLimit));
  return s.reference.star && brightest_flux(s.model) > least;
}

double HaloRests::Level::at(double r) const {
  const double outside = (kFadesUntil - r / radius) / (kFadesUntil - 1), inside = (r - first + kRamp) / kRamp;
  const double window = std::min({outside, inside, 1.0});
  if (!(window > 0)) return 0;
  const std::array<double, 3> t = terms(std::max(r, first), radius);
  return window * (c[0] * t[0] + c[1] * t[1] + c[2] * t[2]);
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
    const Box near = l.box(box);
    for (int y = near.y0; y < near.y1; ++y)
      for (int x = near.x0; x < near.x1; ++x)
        data(x - box.x0, y - box.y0) -=
            static_cast<float>(l.at(l.arcsec_per_pixel * std::hypot(x - l.x, y - l.y)));
  }
}

bool HaloRests::measure(const CcdImage& image, const Wcs& brick, const BlobMap& blobs,
                        const std::vector<Level>& known, Level& out) {
  const Box box = out.box(image.data.box());
  struct Pixel {
    float value, inverse_error;
  };
  std::vector<std::vector<Pixel>> rings(
      static_cast<std::size_t>(std::max(1.0, (kFadesUntil * out.radius - kFirstRing) / kRingWidth)));
  const Image<std::int32_t>& labels = blobs.labels;
  const auto is_free = [&](int x, int y) {
    return x < 0 || y < 0 || x >= labels.width() || y >= labels.height() || labels(x, y) < 0;
  };
  const PixelMapping to_brick(image.wcs.sub_image(box), brick);
  if (to_brick.empty()) return false;
  for_each_mapped_pixel(to_brick, [&](int px, int py, int bx, int by) {
    const int x = px + box.x0, y = py + box.y0;
    const double r = out.arcsec_per_pixel * std::hypot(x - out.x, y - out.y);
    const double ring = std::floor((r - kFirstRing) / kRingWidth);
    if (!(ring >= 0) || !(ring < static_cast<double>(rings.size()))) return;
    const float v = image.data(x, y), e = image.inverse_error(x, y);
    if (!(e > 0) || !std::isfinite(v) || !std::isfinite(e)) return;
    if (!is_free(bx, by) || !is_free(bx - kFromBlobs, by) || !is_free(bx + kFromBlobs, by) ||
        !is_free(bx, by - kFromBlobs) || !is_free(bx, by + kFromBlobs))
      return;
    double others = 0;
    for (const Level& l : known) others += l.at(l.arcsec_per_pixel * std::hypot(x - l.x, y - l.y));
    rings[static_cast<std::size_t>(ring)].push_back({v - static_cast<float>(others), e});
  });
  Eigen::Matrix3d a = Eigen::Matrix3d::Zero();
  Eigen::Vector3d b = Eigen::Vector3d::Zero();
  std::size_t count = 0, used = 0;
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
    if (used == 0) out.first = inner;
    const std::array<double, 3> t = terms(inner + kRingWidth / 2, out.radius);
    for (int i = 0; i < 3; ++i) {
      b[i] += t[static_cast<std::size_t>(i)] * sum;
      for (int j = 0; j < 3; ++j)
        a(i, j) += t[static_cast<std::size_t>(i)] * t[static_cast<std::size_t>(j)] * weight;
    }
    ++used;
    count += ring.size();
  }
  if (used < kFewestRings || count < kFewest || !(out.first < out.radius)) return false;
  const Eigen::Vector3d c = a.ldlt().solve(b);
  if (!c.allFinite()) return false;
  out.c = {c[0], c[1], c[2]};
  return true;
}

HaloRests::HaloRests(std::span<const CcdImage> images, const Wcs& brick, const BlobMap& blobs,
                     const SourceList& sources) {
  for (std::size_t s = 0; s < sources.size(); ++s)
    if (has_halo(sources[s])) {
      const SourceModel& m = sources[s].model;
      const double magnitude = kZeroPoint - 2.5 * std::log10(brightest_flux(m));
      stars_.push_back({static_cast<int>(s), m.ra, m.dec,
                        kMore * 3600 * StarMask::radius_degrees(static_cast<float>(magnitude))});
    }
  std::stable_sort(stars_.begin(), stars_.end(),
                   [](const Star& a, const Star& b) { return a.radius > b.radius; });
  levels_.resize(images.size());
  std::vector<std::vector<double>> from(images.size());  // of each star, where it is known from
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    const CcdImage& image = images[i];
    for (const Star& star : stars_) {
      from[i].push_back(0);
      const SkyPosition sky =
          position_at(sources[static_cast<std::size_t>(star.source)].model, image.mjd_tai);
      const auto at = image.wcs.sky_to_pixel(sky.ra, sky.dec);
      Level level;
      level.arcsec_per_pixel = image.wcs.pixel_scale_arcsec();
      level.radius = star.radius;
      const double reach = star.radius / level.arcsec_per_pixel;
      if (!at || at->x < -reach || at->y < -reach || at->x > image.data.width() + reach ||
          at->y > image.data.height() + reach)
        continue;
      level.x = at->x;
      level.y = at->y;
      if (measure(image, brick, blobs, levels_[i], level)) {
        from[i].back() = level.first;
        levels_[i].push_back(level);
      } else {
        from[i].back() = std::numeric_limits<double>::infinity();
      }
    }
  });
  for (std::size_t s = 0; s < stars_.size(); ++s)
    for (const std::vector<double>& f : from) stars_[s].known_from = std::max(stars_[s].known_from, f[s]);
}

}  // namespace brickline
