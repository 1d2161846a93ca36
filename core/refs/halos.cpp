#include "core/refs/halos.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/model/sky_motion.h"

namespace brickline {
namespace {

// Per square arcsec, of unit flux, r arcsec from the star.
double moffat(double r, double alpha, double beta) {
  return (beta - 1) / (std::numbers::pi * alpha * alpha) * std::pow(1 + (r / alpha) * (r / alpha), -beta);
}
double outer_profile(const HaloProfile& p, double r) {
  return p.weight * (p.moffat ? moffat(r, p.alpha_arcsec, p.beta) : std::pow(r, p.exponent));
}

// Surface brightness per pixel of a star of unit flux, by distance in pixels: tabulated, because a brick's
// halos are evaluated at hundreds of millions of pixels. Linear interpolation at this step and beyond this
// distance is right to 5e-6 for the steepest published profile; nearer values are computed.
class HaloTable {
 public:
  static constexpr int kStepsPerPixel = 32;
  static constexpr float kFirstPixel = 16;

  HaloTable(const HaloModel& model, double pixel_scale_arcsec, double outer_weight, double max_pixels)
      : model_(model), scale_(pixel_scale_arcsec), weight_(outer_weight) {
    const int count = static_cast<int>(std::max(0.0, max_pixels - kFirstPixel) * kStepsPerPixel) + 3;
    values_.reserve(count);
    for (int i = 0; i < count; ++i)
      values_.push_back(static_cast<float>(exact(kFirstPixel + static_cast<double>(i) / kStepsPerPixel)));
  }

  // At that many steps from the first pixel.
  float at(int index, float fraction) const {
    const float* v = values_.data() + index;
    return v[0] + fraction * (v[1] - v[0]);
  }
  double at(double rho) const {
    if (rho < kFirstPixel) return exact(rho);
    const double step = (rho - kFirstPixel) * kStepsPerPixel;
    const int index = static_cast<int>(step);
    return at(index, static_cast<float>(step - index));
  }

 private:
  double exact(double rho) const {
    const double r = rho * scale_;
    double sum = weight_ * outer_profile(model_.profile, r);
    if (model_.moffat_alpha_arcsec > 0 && model_.moffat_beta > 0)
      sum += moffat(r, model_.moffat_alpha_arcsec, model_.moffat_beta);
    return sum * scale_ * scale_;
  }
  const HaloModel& model_;
  double scale_, weight_;
  std::vector<float> values_;
};

// Where one star's halo falls on the image.
struct Footprint {
  double x = 0, y = 0;  // of the star
  int radius = 0;       // pixels
  Box box;              // within the image
  float flux = 0;
  bool off_image = false;
};

std::optional<Footprint> footprint_of(const HaloStar& star, const HaloView& view, const HaloModel& model,
                                      const Box& image) {
  if (!std::isfinite(star.magnitude) || star.magnitude == 0 || !(star.radius_degrees > 0))
    return std::nullopt;
  const SkyPosition sky = star.motion ? position_at(star.ra, star.dec, *star.motion, view.mjd_tai)
                                      : SkyPosition{star.ra, star.dec};
  const std::optional<PixelPosition> at = view.wcs->sky_to_pixel(sky.ra, sky.dec);
  if (!at) return std::nullopt;
  const double radius_arcsec =
      std::min(model.radius_factor * 3600 * star.radius_degrees, model.max_radius_arcsec) * model.scaling;
  const double radius = std::ceil(radius_arcsec / view.pixel_scale_arcsec);
  Footprint out;
  // Limits as the reference's: inclusive, both clipped into the image, and nothing where they fall together.
  const auto clipped = [](double v, int size) { return static_cast<int>(std::clamp(v, 0.0, size - 1.0)); };
  const int x0 = clipped(std::floor(at->x - radius), image.x1),
            x1 = clipped(std::ceil(at->x + radius), image.x1);
  const int y0 = clipped(std::floor(at->y - radius), image.y1),
            y1 = clipped(std::ceil(at->y + radius), image.y1);
  if (x0 == x1 || y0 == y1) return std::nullopt;
  out.box = {x0, x1 + 1, y0, y1 + 1};
  out.x = at->x;
  out.y = at->y;
  out.radius = static_cast<int>(radius);
  out.flux = static_cast<float>(std::pow(10, (22.5 - star.magnitude) / 2.5));
  out.off_image = at->x < 0 || at->y < 0 || at->x > image.x1 - 1 || at->y > image.y1 - 1;
  return out;
}

// The pixels of a row of the footprint within `radius` of the star.
struct Span {
  int first, last;
};
Span chord(const Footprint& star, int y, double radius) {
  const double dy = y - star.y, squared = radius * radius - dy * dy;
  if (squared < 0) return {star.box.x0, star.box.x0};
  const double half = std::sqrt(squared);
  const int first = std::max(star.box.x0, static_cast<int>(std::ceil(star.x - half)));
  return {first, std::max(first, std::min(star.box.x1, static_cast<int>(std::floor(star.x + half)) + 1))};
}

// Beyond the inner ramp: in blocks that a compiler can turn into vector instructions.
void add_outer(float* row, int y, Span span, const Footprint& star, const HaloTable& table) {
  constexpr int kBlock = 64;
  std::array<float, kBlock> weight, fraction;
  std::array<int, kBlock> index;
  const auto dy_squared = static_cast<float>((y - star.y) * (y - star.y));
  const auto slope = static_cast<float>(2.0 / star.radius);
  for (int x = span.first; x < span.last; x += kBlock) {
    const auto dx0 = static_cast<float>(x - star.x);
    for (int k = 0; k < kBlock; ++k) {
      const float dx = dx0 + static_cast<float>(k);
      const float rho = std::sqrt(dx * dx + dy_squared);
      weight[k] = star.flux * std::min(std::max(2.0F - rho * slope, 0.0F), 1.0F);
      const float step = std::max(rho - HaloTable::kFirstPixel, 0.0F) * HaloTable::kStepsPerPixel;
      index[k] = static_cast<int>(step);
      fraction[k] = step - static_cast<float>(index[k]);
    }
    const int n = std::min(kBlock, span.last - x);
    for (int k = 0; k < n; ++k) row[x + k] += weight[k] * table.at(index[k], fraction[k]);
  }
}

// The windows of the halo, in pixels from the star.
struct Window {
  double inner, ramp, outer;
  double operator()(double rho) const {
    const double out = std::clamp(2 - 2 * rho / outer, 0.0, 1.0);
    return out * std::clamp((rho - inner) / ramp, 0.0, 1.0);
  }
};

void add_inner(float* row, int y, Span span, const Footprint& star, const Window& window,
               const HaloTable& table) {
  for (int x = span.first; x < span.last; ++x) {
    const double rho = std::sqrt((x - star.x) * (x - star.x) + (y - star.y) * (y - star.y));
    const double w = window(rho);
    if (w > 0) row[x] += static_cast<float>(star.flux * w * table.at(rho));
  }
}

void add_halo(ImageView<float> light, const Footprint& star, const HaloModel& model,
              double pixel_scale_arcsec, const HaloTable& table) {
  // A ramp of no width is a step.
  const Window window{model.inner_arcsec / pixel_scale_arcsec,
                      std::max(model.inner_ramp_arcsec / pixel_scale_arcsec, 1e-9),
                      static_cast<double>(star.radius)};
  // Single precision is not enough for the difference that the ramp is made of.
  const double near = std::max<double>(window.inner + window.ramp, HaloTable::kFirstPixel);
  for (int y = star.box.y0; y < star.box.y1; ++y) {
    const Span all = chord(star, y, star.radius);
    Span centre = chord(star, y, std::min<double>(near, star.radius));
    if (centre.first == centre.last) centre = {all.last, all.last};
    float* row = light.row(y);
    add_outer(row, y, {all.first, centre.first}, star, table);
    add_inner(row, y, centre, star, window, table);
    add_outer(row, y, {centre.last, all.last}, star, table);
  }
}

}  // namespace

HaloStars halo_stars(const ReferenceCatalog& catalog, std::span<const std::string> bands) {
  HaloStars out;
  for (const std::string& band : bands) {
    const bool known =
        std::find(catalog.mag_bands.begin(), catalog.mag_bands.end(), band) != catalog.mag_bands.end();
    if (catalog.had_gaia && !known) continue;
    std::vector<HaloStar>& stars = out[band];
    for (const ReferenceObject& row : catalog.rows)
      if (row.is_gaia && row.point_source)
        stars.push_back({.ra = row.ra,
                         .dec = row.dec,
                         .motion = row.motion(),
                         .magnitude = catalog.band_mag(row, band),
                         .radius_degrees = row.radius});
  }
  return out;
}

int add_halos(ImageView<float> light, const HaloView& view, const HaloModel& model,
              std::span<const HaloStar> stars) {
  std::vector<Footprint> footprints;
  for (const HaloStar& star : stars)
    if (const auto f = footprint_of(star, view, model, light.box())) footprints.push_back(*f);
  if (footprints.empty()) return 0;

  double reach = 0;
  for (const Footprint& f : footprints) reach = std::max<double>(reach, f.radius);
  std::array<std::optional<HaloTable>, 2> tables;  // of stars on the image, and off it
  for (const Footprint& f : footprints) {
    std::optional<HaloTable>& table = tables[f.off_image];
    if (!table)
      table.emplace(model, view.pixel_scale_arcsec, f.off_image ? model.profile.off_chip_factor : 1, reach);
    add_halo(light, f, model, view.pixel_scale_arcsec, *table);
  }
  return static_cast<int>(footprints.size());
}

}  // namespace brickline
