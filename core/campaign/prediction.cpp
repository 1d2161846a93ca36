#include "core/campaign/prediction.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "core/pipeline/memory_forecast.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/survey/target.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kArcsecPerDegree = 3600;

// Half the sides of the box about a CCD along north and east, in degrees, and what it holds.
struct Chip {
  double ra = 0, dec = 0;
  double half_east = 0, half_north = 0;
  double pixels_per_square_degree = 0;
  std::int32_t band = 0;
  float pixels = 0;
};

double wrapped(double ra) { return ra - 360 * std::floor(ra / 360); }

// The offset of `b` from `a` along east and north, degrees; of use where they are near.
std::pair<double, double> offset(double ra_a, double dec_a, double ra_b, double dec_b) {
  double d = wrapped(ra_b - ra_a);
  if (d > 180) d -= 360;
  return {d * std::cos(0.5 * (dec_a + dec_b) * kDegree), dec_b - dec_a};
}

}  // namespace

struct CostModel::Impl {
  static constexpr double kRow = 0.5;   // degrees
  std::vector<std::vector<Chip>> rows;  // by declination from the south pole, sorted by right ascension
  double reach = 0;                     // the longest half side
  int bands = 1;
  std::int64_t count = 0;

  std::vector<Chip>& row_of(double dec) {
    return rows[static_cast<std::size_t>(std::clamp((dec + 90) / kRow, 0.0, 180 / kRow - 1))];
  }
};

CostModel::CostModel(const CcdTable& ccds, const BrickOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->rows.resize(static_cast<std::size_t>(180 / Impl::kRow));
  const RegionOptions& region = options.region;
  impl_->bands = static_cast<int>(std::max<std::size_t>(1, region.bands.size()));
  const std::vector<CcdGeometry> places = geometries(ccds.table());
  for (std::int64_t i = 0; i < ccds.rows(); ++i) {
    const CcdGeometry& place = places[static_cast<std::size_t>(i)];
    if (place.fault()) continue;
    const CcdRow row = ccds.row(i);
    if (row.ccd_cuts != 0) continue;
    const auto band = std::find(region.bands.begin(), region.bands.end(), row.band);
    if (band == region.bands.end()) continue;
    if ((region.min_mjd && row.mjd_obs < *region.min_mjd) ||
        (region.max_mjd && row.mjd_obs > *region.max_mjd))
      continue;
    Chip chip;
    chip.ra = wrapped(place.ra);
    chip.dec = place.dec;
    const auto& cd = place.cd;
    chip.half_east = 0.5 * (std::abs(cd[0]) * place.width + std::abs(cd[1]) * place.height);
    chip.half_north = 0.5 * (std::abs(cd[2]) * place.width + std::abs(cd[3]) * place.height);
    chip.pixels_per_square_degree = 1 / std::abs(cd[0] * cd[3] - cd[1] * cd[2]);
    chip.band = static_cast<std::int32_t>(band - region.bands.begin());
    chip.pixels = static_cast<float>(place.width * place.height);
    impl_->reach = std::max({impl_->reach, chip.half_east, chip.half_north});
    impl_->row_of(chip.dec).push_back(chip);
    ++impl_->count;
  }
  for (std::vector<Chip>& row : impl_->rows)
    std::sort(row.begin(), row.end(), [](const Chip& a, const Chip& b) { return a.ra < b.ra; });
}

CostModel::~CostModel() = default;

std::int64_t CostModel::ccds() const { return impl_->count; }

Prediction CostModel::predict(double ra, double dec, const BrickOptions& options) const {
  const RegionOptions& region = options.region;
  const double scale = region.pixel_scale_arcsec / kArcsecPerDegree;
  double width = region.width, height = region.height;
  if (region.zoom) {
    const auto& z = *region.zoom;
    // East is -x.
    const double x = 0.5 * (z[0] + z[1]) - 0.5 * width, y = 0.5 * (z[2] + z[3]) - 0.5 * height;
    ra -= x * scale / std::max(std::cos(dec * kDegree), 1e-3);
    dec += y * scale;
    width = z[1] - z[0];
    height = z[3] - z[2];
  }
  const double half_east = 0.5 * width * scale, half_north = 0.5 * height * scale;

  Prediction out;
  MemoryQuestion question;
  question.brick_pixels = static_cast<std::int64_t>(width * height);
  question.bands = impl_->bands;
  question.threads = std::max(1, options.control.threads);
  std::vector<std::int64_t> of_band(static_cast<std::size_t>(impl_->bands));
  // By which a box along the axes may miss what a CCD turned by the meridians' convergence touches.
  constexpr double kMargin = 0.02, kMarginAtPoles = 0.3, kNearPole = 85;
  const double margin = std::abs(dec) > kNearPole ? kMarginAtPoles : kMargin;
  const auto look = [&](const Chip& chip) {
    const auto [east, north] = offset(ra, dec, chip.ra, chip.dec);
    const auto overlap = [](double centre, double a, double b) {
      return std::min(a, centre + b) - std::max(-a, centre - b);
    };
    const double x = overlap(east, half_east, chip.half_east),
                 y = overlap(north, half_north, chip.half_north);
    if (x <= -margin || y <= -margin) return;
    const auto pixels = static_cast<std::int64_t>(
        std::min<double>(std::max(x, 0.0) * std::max(y, 0.0) * chip.pixels_per_square_degree, chip.pixels));
    ++out.ccds;
    question.image_pixels += pixels;
    question.ccd_pixels = std::max(question.ccd_pixels, pixels);
    auto& band = of_band[static_cast<std::size_t>(chip.band)];
    question.band_pixels = std::max(question.band_pixels, band += pixels);
  };

  const double reach_north = half_north + impl_->reach + margin;
  const int first = static_cast<int>(std::max(0.0, std::floor((dec - reach_north + 90) / Impl::kRow)));
  const int last = static_cast<int>(
      std::min<double>(static_cast<double>(impl_->rows.size()) - 1, (dec + reach_north + 90) / Impl::kRow));
  // Where a degree of right ascension is shortest.
  const double farthest = std::min(std::abs(dec) + reach_north, 89.9);
  const double reach_ra = (half_east + impl_->reach + margin) / std::cos(farthest * kDegree);
  for (int r = first; r <= last; ++r) {
    const std::vector<Chip>& row = impl_->rows[static_cast<std::size_t>(r)];
    const auto between = [&](double lo, double hi) {
      auto chip =
          std::lower_bound(row.begin(), row.end(), lo, [](const Chip& c, double v) { return c.ra < v; });
      for (; chip != row.end() && chip->ra <= hi; ++chip) look(*chip);
    };
    if (reach_ra >= 180) {
      between(0, 360);
      continue;
    }
    const double lo = wrapped(ra) - reach_ra, hi = wrapped(ra) + reach_ra;
    between(lo, hi);
    if (lo < 0) between(lo + 360, 360);
    if (hi > 360) between(0, hi - 360);
  }
  out.image_pixels = question.image_pixels;
  out.cpu_seconds = kSecondsPerRun;
  constexpr double kMegabyte = 1e-6;
  out.memory_mb = kMegabyte * 30e6;
  if (out.ccds > 0) {
    out.cpu_seconds += kSecondsPerImagePixel * static_cast<double>(question.image_pixels) +
                       kSecondsPerBrickPixel * static_cast<double>(question.brick_pixels);
    out.memory_mb = kMegabyte * static_cast<double>(forecast_memory(question).peak().bytes);
  }
  return out;
}

}  // namespace brickline
