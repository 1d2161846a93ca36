#include "core/forced/star_motion.h"

#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace brickline {
namespace {

// d(x, y)/d(east, north), pixels per degree, row-major.
std::array<double, 4> pixels_per_degree(const CdMatrix& cd) {
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  return {cd[3] / det, -cd[1] / det, -cd[2] / det, cd[0] / det};
}

// d(picture)/d(position of its star) in pixels by symmetric differences; 0 on the border.
struct Gradient {
  Image<float> x, y;
};
Gradient gradient_of(const Image<float>& p) {
  const int w = p.width(), h = p.height();
  Gradient out{Image<float>(w, h), Image<float>(w, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      if (x > 0 && x + 1 < w && y > 0 && y + 1 < h) {
        out.x(x, y) = (p(x - 1, y) - p(x + 1, y)) / 2;
        out.y(x, y) = (p(x, y - 1) - p(x, y + 1)) / 2;
      }
    }
  return out;
}

Patch combined(const Patch& of, const Gradient& g, double by_x, double by_y) {
  Patch out{Image<float>(of.pixels.width(), of.pixels.height()), of.x0, of.y0};
  for (int y = 0; y < out.pixels.height(); ++y)
    for (int x = 0; x < out.pixels.width(); ++x)
      out.pixels(x, y) = static_cast<float>(by_x * g.x(x, y) + by_y * g.y(x, y));
  return out;
}

// An offset from an amplitude, with the relative variances of both added.
void offset_of(double amplitude, double amplitude_ivar, double flux, double flux_ivar, float& offset,
               float& ivar) {
  if (flux == 0 || !(amplitude_ivar > 0)) return;
  const double d = 3600 * amplitude / std::abs(flux);
  offset = static_cast<float>(d);
  const double relative = 1 / (amplitude * amplitude * amplitude_ivar) + 1 / (flux * flux * flux_ivar);
  ivar = static_cast<float>(1 / (d * d * relative));
  if (!std::isfinite(ivar)) ivar = 0;
}

// One star's flux and place on the pixels of `box`, by Gauss-Newton with steps that are halved until they help.
class FullFit {
 public:
  FullFit(const Image<float>& residual, const CcdImage& image, const MovingRow& row, UnitModels& models)
      : residual_(residual),
        image_(image),
        row_(row),
        models_(models),
        box_(intersection(row.unit->box(), image.data.box())) {
    psf_ = models.kernel_at(row.at);
  }

  struct Place {
    double flux = 0, x = 0, y = 0;
  };
  // `found`: the last place that was better than those before; with the normal matrix there.
  bool run(Place& found, Eigen::Matrix3d& normal) {
    Place now{row_.flux, row_.at.x, row_.at.y};
    Eigen::Vector3d right;
    double chi2 = 0;
    if (box_.empty() || !evaluate(now, chi2, normal, right)) return false;
    for (int step = 0; step < kMostSteps; ++step) {
      const Eigen::Vector3d by = normal.fullPivLu().solve(right);
      if (!by.allFinite()) return false;
      double factor =
          std::min(1.0, kLongestStep / std::max(1e-30, std::max(std::abs(by[1]), std::abs(by[2]))));
      Place next;
      double next_chi2 = 0;
      Eigen::Matrix3d next_normal;
      Eigen::Vector3d next_right;
      bool better = false;
      for (int halving = 0; halving < kMostHalvings && !better; ++halving, factor /= 2) {
        next = {now.flux + factor * by[0], now.x + factor * by[1], now.y + factor * by[2]};
        better = evaluate(next, next_chi2, next_normal, next_right) && next_chi2 <= chi2;
      }
      if (!better) break;
      const bool done = chi2 - next_chi2 < kLeastGain;
      now = next;
      chi2 = next_chi2;
      normal = next_normal;
      right = next_right;
      if (done) break;
    }
    found = now;
    return std::hypot(now.x - row_.at.x, now.y - row_.at.y) <= kFarthestFwhm * image_.psf_fwhm;
  }
  std::optional<Patch> model(const Place& p) { return models_.patch_on(box_, row_.model, {p.x, p.y}, *psf_); }

 private:
  static constexpr int kMostSteps = 50, kMostHalvings = 8;
  static constexpr double kFarthestFwhm = 2;   // beyond, something else was found
  static constexpr double kLongestStep = 1;    // pixels
  static constexpr double kLeastGain = 1e-4;   // of chi^2
  static constexpr double kDifference = 0.01;  // pixels, for derivatives

  bool evaluate(const Place& p, double& chi2, Eigen::Matrix3d& normal, Eigen::Vector3d& right) {
    const double d = kDifference;
    const auto u = models_.patch_on(box_, row_.model, {p.x, p.y}, *psf_);
    const auto left = models_.patch_on(box_, row_.model, {p.x - d, p.y}, *psf_),
               more = models_.patch_on(box_, row_.model, {p.x + d, p.y}, *psf_),
               below = models_.patch_on(box_, row_.model, {p.x, p.y - d}, *psf_),
               above = models_.patch_on(box_, row_.model, {p.x, p.y + d}, *psf_);
    if (!u || !left || !more || !below || !above) return false;
    chi2 = 0;
    normal.setZero();
    right.setZero();
    for (int y = box_.y0; y < box_.y1; ++y)
      for (int x = box_.x0; x < box_.x1; ++x) {
        const double ie = image_.inverse_error(x, y);
        if (!(ie > 0)) continue;
        const int i = x - box_.x0, j = y - box_.y0;
        const double r = (residual_(x, y) - p.flux * u->pixels(i, j)) * ie;
        const Eigen::Vector3d by(u->pixels(i, j) * ie,
                                 p.flux * (more->pixels(i, j) - left->pixels(i, j)) / (2 * d) * ie,
                                 p.flux * (above->pixels(i, j) - below->pixels(i, j)) / (2 * d) * ie);
        chi2 += r * r;
        normal += by * by.transpose();
        right += r * by;
      }
    return std::isfinite(chi2);
  }

  const Image<float>& residual_;
  const CcdImage& image_;
  const MovingRow& row_;
  UnitModels& models_;
  Box box_;
  std::unique_ptr<PsfKernel> psf_;
};

// In order of falling flux, each on what the others leave.
void fit_fully(const CcdImage& image, std::span<const UnitModel> units, std::span<const MovingRow> rows,
               UnitModels& models, std::vector<StarMotion>& out) {
  Image<float> residual = image.data;
  for (const UnitModel& u : units)
    add_patch(residual.view(), u.patch, static_cast<float>(-rows[static_cast<std::size_t>(u.source)].flux));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].star && rows[i].unit) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return out[a].flux_motion > out[b].flux_motion; });
  const std::array<double, 4> per_degree = pixels_per_degree(image.wcs.cd());
  for (const std::size_t i : order) {
    const MovingRow& row = rows[i];
    StarMotion& to = out[i];
    add_patch(residual.view(), *row.unit, static_cast<float>(row.flux));
    FullFit fit(residual, image, row, models);
    FullFit::Place place;
    Eigen::Matrix3d normal;
    std::optional<Patch> model;
    if (fit.run(place, normal)) model = fit.model(place);
    if (!model) {
      add_patch(residual.view(), *row.unit, static_cast<float>(-row.flux));
      continue;
    }
    add_patch(residual.view(), *model, static_cast<float>(-place.flux));
    const SkyPosition sky = image.wcs.pixel_to_sky(place.x, place.y);
    const double cosine = std::cos(row.model.dec * std::numbers::pi / 180);
    to.full_fit_dra = static_cast<float>(3600 * cosine * std::remainder(sky.ra - row.model.ra, 360.0));
    to.full_fit_ddec = static_cast<float>(3600 * (sky.dec - row.model.dec));
    to.full_fit_flux = static_cast<float>(place.flux);
    to.full_fit_flux_ivar = static_cast<float>(normal(0, 0));
    const Eigen::Vector2d east(per_degree[0] / 3600, per_degree[2] / 3600),
        north(per_degree[1] / 3600, per_degree[3] / 3600);
    const Eigen::Matrix2d places = normal.bottomRightCorner<2, 2>();
    to.full_fit_dra_ivar = static_cast<float>(east.dot(places * east));
    to.full_fit_ddec_ivar = static_cast<float>(north.dot(places * north));
    to.full_fit_x = static_cast<float>(place.x + image.extent.x0);
    to.full_fit_y = static_cast<float>(place.y + image.extent.y0);
  }
}

}  // namespace

MotionUnits motion_units(const CcdImage& image, std::span<const UnitModel> units,
                         std::span<const MovingRow> rows) {
  MotionUnits out;
  out.units.assign(units.begin(), units.end());
  out.first_amplitude.assign(rows.size(), -1);
  out.unknowns = static_cast<int>(rows.size());
  const std::array<double, 4> per_degree = pixels_per_degree(image.wcs.cd());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].star || !rows[i].unit) continue;
    const Gradient g = gradient_of(rows[i].unit->pixels);
    out.first_amplitude[i] = out.unknowns;
    out.units.push_back({out.unknowns++, combined(*rows[i].unit, g, per_degree[0], per_degree[2])});
    out.units.push_back({out.unknowns++, combined(*rows[i].unit, g, per_degree[1], per_degree[3])});
  }
  return out;
}

MotionResult fit_motions(const CcdImage& image, std::span<const UnitModel> units,
                         std::span<const MovingRow> rows, UnitModels& models) {
  MotionResult out;
  out.rows.resize(rows.size());
  const MotionUnits all = motion_units(image, units, rows);
  const std::vector<int>& first_amplitude = all.first_amplitude;
  const FluxImage flux_image{image.data.view(), image.inverse_error.view(), all.units};
  out.fit = solve_fluxes(std::span(&flux_image, 1),
                         std::vector<double>(static_cast<std::size_t>(all.unknowns), 0.0));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    StarMotion& to = out.rows[i];
    const double flux = out.fit.flux[i], flux_ivar = out.fit.inverse_variance[i];
    to.flux_motion = static_cast<float>(flux);
    to.flux_motion_ivar = static_cast<float>(flux_ivar);
    if (first_amplitude[i] < 0) continue;
    const auto a = static_cast<std::size_t>(first_amplitude[i]);
    to.flux_dra = static_cast<float>(out.fit.flux[a]);
    to.flux_ddec = static_cast<float>(out.fit.flux[a + 1]);
    to.flux_dra_ivar = static_cast<float>(out.fit.inverse_variance[a]);
    to.flux_ddec_ivar = static_cast<float>(out.fit.inverse_variance[a + 1]);
    offset_of(out.fit.flux[a], out.fit.inverse_variance[a], flux, flux_ivar, to.dra, to.dra_ivar);
    offset_of(out.fit.flux[a + 1], out.fit.inverse_variance[a + 1], flux, flux_ivar, to.ddec, to.ddec_ivar);
  }
  fit_fully(image, units, rows, models, out.rows);
  return out;
}

}  // namespace brickline
