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
// distance is right to 5e-6 for the steepest published profile; nearer pixels are computed.
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

  double exact(double rho) const {
    const double r = rho * scale_;
    double sum = weight_ * outer_profile(model_.profile, r);
    if (model_.moffat_alpha_arcsec > 0 && model_.moffat_beta > 0)
      sum += moffat(r, model_.moffat_alpha_arcsec, model_.moffat_beta);
    return sum * scale_ * scale_;
  }
  const float* values() const { return values_.data(); }

 private:
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

// The factors that let the halo in and out, by distance in pixels.
struct Window {
  float outer_slope, inner_slope, inner_offset;
  Window(const HaloModel& model, double pixel_scale_arcsec, int radius) {
    // A ramp of no width is a step.
    const double ramp = std::max(model.inner_ramp_arcsec, 1e-6);
    outer_slope = static_cast<float>(2.0 / radius);
    inner_slope = static_cast<float>(pixel_scale_arcsec / ramp);
    inner_offset = static_cast<float>(model.inner_arcsec / ramp);
  }
  float operator()(float rho) const {
    const float out = std::min(std::max(2.0F - rho * outer_slope, 0.0F), 1.0F);
    return out * std::min(std::max(rho * inner_slope - inner_offset, 0.0F), 1.0F);
  }
};

void add_halo(ImageView<float> light, const Footprint& star, const Window& window, const HaloTable& table) {
  constexpr int kBlock = 64;
  std::array<float, kBlock> weight, fraction;
  std::array<int, kBlock> index;
  const float* values = table.values();
  for (int y = star.box.y0; y < star.box.y1; ++y) {
    const double dy = y - star.y, chord_squared = double{1} * star.radius * star.radius - dy * dy;
    if (chord_squared < 0) continue;
    const double chord = std::sqrt(chord_squared);
    const int first = std::max<int>(star.box.x0, static_cast<int>(std::ceil(star.x - chord)));
    const int last = std::min<int>(star.box.x1, static_cast<int>(std::floor(star.x + chord)) + 1);
    const auto dy_squared = static_cast<float>(dy * dy);
    float* row = light.row(y);
    for (int x = first; x < last; x += kBlock) {
      const auto dx0 = static_cast<float>(x - star.x);
      for (int k = 0; k < kBlock; ++k) {
        const float dx = dx0 + static_cast<float>(k);
        const float rho = std::sqrt(dx * dx + dy_squared);
        const float step = std::max(rho - HaloTable::kFirstPixel, 0.0F) * HaloTable::kStepsPerPixel;
        weight[k] = rho < HaloTable::kFirstPixel ? 0.0F : star.flux * window(rho);
        index[k] = static_cast<int>(step);
        fraction[k] = step - static_cast<float>(index[k]);
      }
      const int n = std::min(kBlock, last - x);
      for (int k = 0; k < n; ++k) {
        const float* v = values + index[k];
        row[x + k] += weight[k] * (v[0] + fraction[k] * (v[1] - v[0]));
      }
    }
  }
}

// The pixels that the table leaves out.
void add_centre(ImageView<float> light, const Footprint& star, const Window& window, const HaloTable& table) {
  constexpr double r = HaloTable::kFirstPixel;
  const Box box = intersection(
      star.box, {static_cast<int>(std::floor(star.x - r)), static_cast<int>(std::ceil(star.x + r)) + 1,
                 static_cast<int>(std::floor(star.y - r)), static_cast<int>(std::ceil(star.y + r)) + 1});
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) {
      const double rho = std::hypot(x - star.x, y - star.y);
      if (rho >= r) continue;
      const float w = window(static_cast<float>(rho));
      if (w > 0) light(x, y) += star.flux * w * static_cast<float>(table.exact(rho));
    }
}

}  // namespace

int add_halos(ImageView<float> light, const HaloView& view, const HaloModel& model,
              std::span<const HaloStar> stars) {
  std::vector<Footprint> footprints;
  for (const HaloStar& star : stars)
    if (const auto f = footprint_of(star, view, model, light.box())) footprints.push_back(*f);
  if (footprints.empty()) return 0;

  // As far as any pixel of the image is from any star.
  double reach = 0;
  for (const Footprint& f : footprints) reach = std::max<double>(reach, f.radius);
  std::array<std::optional<HaloTable>, 2> tables;  // of stars on the image, and off it
  for (const Footprint& f : footprints) {
    std::optional<HaloTable>& table = tables[f.off_image];
    if (!table)
      table.emplace(model, view.pixel_scale_arcsec, f.off_image ? model.profile.off_chip_factor : 1, reach);
    const Window window(model, view.pixel_scale_arcsec, f.radius);
    add_halo(light, f, window, *table);
    add_centre(light, f, window, *table);
  }
  return static_cast<int>(footprints.size());
}

}  // namespace brickline
