#include "core/forced/forced_photometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <utility>

#include "core/coadd/aperture.h"
#include "core/facts/mask_bits.h"
#include "core/fit/flux_solver.h"
#include "core/forced/place_index.h"
#include "core/forced/unit_models.h"
#include "core/model/renderer.h"
#include "core/model/sky_motion.h"

namespace brickline {
namespace {

// A source as this image sees it.
struct Placed {
  SourceModel model;                // where it stands at the time of the exposure
  std::optional<PixelPosition> at;  // pixels of the image
};

Placed place(const ForcedSource& source, const CcdImage& image, bool move) {
  Placed out{source.model, {}};
  if (move && source.model.motion) {
    const SkyPosition now = position_at(source.model, image.mjd_tai);
    out.model.ra = now.ra;
    out.model.dec = now.dec;
  }
  out.model.motion.reset();
  out.at = image.wcs.sky_to_pixel(out.model.ra, out.model.dec);
  return out;
}

bool off_image(const Placed& source, const CcdImage& image) {
  return !source.at || source.at->x < 0 || source.at->y < 0 || source.at->x > image.data.width() - 1 ||
         source.at->y > image.data.height() - 1;
}

void note_place(ForcedMeasurement& row, const Placed& source, const CcdImage& image) {
  row.position = {source.model.ra, source.model.dec};
  constexpr float kNowhere = std::numeric_limits<float>::quiet_NaN();
  row.x = source.at ? static_cast<float>(source.at->x + image.extent.x0) : kNowhere;
  row.y = source.at ? static_cast<float>(source.at->y + image.extent.y0) : kNowhere;
  row.dqmask = mask_bit::kEdge2;
  if (!source.at) return;
  const double x = std::nearbyint(static_cast<float>(source.at->x)),
               y = std::nearbyint(static_cast<float>(source.at->y));
  const double right = image.mask.width() - 1, top = image.mask.height() - 1;
  const bool inside = x >= 0 && y >= 0 && x <= right && y <= top;
  row.dqmask = static_cast<std::uint16_t>(
      image.mask(static_cast<int>(std::clamp(x, 0.0, right)), static_cast<int>(std::clamp(y, 0.0, top))) |
      (inside ? 0 : mask_bit::kEdge2));
}

void measure_apertures(ForcedMeasurement& row, const Placed& source, const CcdImage& image) {
  if (off_image(source, image)) return;
  for (std::size_t a = 0; a < kForcedApertures; ++a) {
    const double r = kForcedApertureRadiiArcsec[a] / image.pixel_scale_arcsec;
    double flux = 0, variance = 0;
    for_each_aperture_pixel(image.data.width(), image.data.height(), source.at->x, source.at->y, r,
                            [&](int x, int y, double area) {
                              flux += area * image.data(x, y);
                              const double ie = image.inverse_error(x, y);
                              if (ie > 0) variance += area / (ie * ie);
                            });
    row.apflux[a] = std::isfinite(flux) ? static_cast<float>(flux) : 0;
    row.apflux_ivar[a] = variance > 0 ? static_cast<float>(1 / variance) : 0;
  }
}

// Arcsec of true angle from where the source was expected to a pixel.
std::array<float, 2> offset_of(const CcdImage& image, const Placed& source, double x, double y) {
  const SkyPosition there = image.wcs.pixel_to_sky(x, y);
  const double dra =
      std::remainder(there.ra - source.model.ra, 360.0) * std::cos(source.model.dec * std::numbers::pi / 180);
  return {static_cast<float>(3600 * dra), static_cast<float>(3600 * (there.dec - source.model.dec))};
}

ForcedCentroid centroid_of(const CcdImage& image, const Placed& source, const Patch* model) {
  ForcedCentroid out;
  if (!source.at) return out;
  const double x = source.at->x, y = source.at->y, sigma = image.psf_sigma();
  const WindowedCentroid found = windowed_centroid(image.data.view(), x, y, sigma);
  out.win_edge = found.edge;
  if (!found.converged) return out;
  out.win_converged = true;
  const auto [dra, ddec] = offset_of(image, source, found.x, found.y);
  out.win_dra = dra;
  out.win_ddec = ddec;
  out.win_fracmasked =
      static_cast<float>(masked_share_of_window(image.inverse_error.view(), x, y, found.x, found.y, sigma));
  if (!off_image(source, image))
    out.win_satur = (image.mask(static_cast<int>(std::nearbyint(x)), static_cast<int>(std::nearbyint(y))) &
                     image.saturation_bits) != 0;
  if (!model) return out;
  const WindowedCentroid own = windowed_centroid(model->pixels.view(), x - model->x0, y - model->y0, sigma);
  out.winpsf_converged = own.converged;
  if (!own.converged) return out;
  const auto [psf_dra, psf_ddec] = offset_of(image, source, own.x + model->x0, own.y + model->y0);
  out.winpsf_dra = psf_dra;
  out.winpsf_ddec = psf_ddec;
  return out;
}

// What of a unit model lies on pixels without weight.
double masked_light(const CcdImage& image, const Patch& patch) {
  double sum = 0;
  const Box box = intersection(patch.box(), image.data.box());
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x)
      if (!(image.inverse_error(x, y) > 0)) sum += std::abs(patch.pixels(x - patch.x0, y - patch.y0));
  return sum;
}

// The flux below which a source that cannot be negative lies with a probability of 95 %, given a measurement and its
// normal error: f + s z with Phi(z) = 1 - 0.05 Phi(f/s).
double upper_limit(double flux, double sigma) {
  const auto beyond = [](double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); };  // 1 - Phi
  const double wanted = 0.05 * beyond(-flux / sigma);
  double low = -flux / sigma, high = std::max(low, 0.0) + 10;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (beyond(middle) > wanted ? low : high) = middle;
  }
  return flux + sigma * low;
}

// The mean of chi^2 per pixel, weighted by the source's light: also of one that is partly outside or masked.
double mean_chi2(const FluxStatistics& s) {
  constexpr double kLeastLight = 1e-6;
  return s.pronpix > kLeastLight ? s.prochi2 / s.pronpix : 0;
}

// What is measured of the rows, step after step.
class Measurement {
 public:
  Measurement(const CcdImage& image, std::span<const ForcedSource> sources, const ForcedOptions& options)
      : image_(image), sources_(sources), options_(options), models_(image, profiles_of(sources)) {}

  ForcedResult run() {
    place_sources();
    if (options_.fit) {
      if (options_.motions)
        fit_motions_too();
      else
        fit_fluxes();
    }
    if (options_.fit && options_.limits) find_limits();
    if (options_.fit && options_.errors) find_errors();
    for (std::size_t i = 0; i < out_.rows.size(); ++i) {
      if (options_.apertures) measure_apertures(out_.rows[i], placed_[i], image_);
      if (!placed_[i].model.is_galaxy()) out_.rows[i].centroid = centroid_of(image_, placed_[i], patch_of(i));
    }
    return std::move(out_);
  }

 private:
  const Patch* patch_of(std::size_t row) const {
    return unit_of_[row] < 0 ? nullptr : &units_[static_cast<std::size_t>(unit_of_[row])].patch;
  }

  void place_sources() {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      Placed source = place(sources_[i], image_, options_.move);
      std::optional<Patch> patch = source.at ? models_.patch(source.model, *source.at) : std::nullopt;
      ForcedMeasurement& row = out_.rows.emplace_back();
      row.source = i;
      note_place(row, source, image_);
      placed_.push_back(std::move(source));
      unit_of_.push_back(patch ? static_cast<int>(units_.size()) : -1);
      if (patch) units_.push_back({static_cast<int>(out_.rows.size() - 1), std::move(*patch)});
    }
  }

  // One star more at the centre of every galaxy that has a profile of its own: unknowns after the rows'. A star that is
  // among the sources there already is the nucleus: the two would share its light in halves that mean nothing.
  std::vector<UnitModel> nuclei() {
    std::vector<UnitModel> out;
    PlaceIndex stars(kSamePlaceArcsec);
    for (std::size_t i = 0; i < placed_.size(); ++i)
      if (const SourceModel& star = placed_[i].model; !star.is_galaxy() && patch_of(i))
        stars.add({star.ra, star.dec}, i);
    int unknown = static_cast<int>(out_.rows.size());
    for (std::size_t i = 0; i < out_.rows.size(); ++i) {
      const SourceModel& model = placed_[i].model;
      nucleus_of_.push_back(-1);
      if (!model.is_galaxy() || model.kind == SourceKind::kRex || !placed_[i].at) continue;
      if (stars.find({model.ra, model.dec})) continue;
      SourceModel star;
      star.ra = model.ra;
      star.dec = model.dec;
      std::optional<Patch> patch = models_.patch(star, *placed_[i].at);
      if (!patch) continue;
      nucleus_of_.back() = unknown;
      out.push_back({unknown++, std::move(*patch)});
    }
    return out;
  }

  void fit_fluxes() {
    if (options_.nuclei) nuclei_ = nuclei();
    const std::size_t rows = units_.size();
    units_.insert(units_.end(), nuclei_.begin(), nuclei_.end());
    const FluxResult fit = solve(out_.rows.size() + nuclei_.size());
    units_.resize(rows);
    take(fit);
    take_statistics(fit);
    for (const UnitModel& nucleus : nuclei_)
      add_patch(out_.model.view(), nucleus.patch,
                static_cast<float>(fit.flux[static_cast<std::size_t>(nucleus.source)]));
    for (std::size_t i = 0; i < nucleus_of_.size(); ++i) {
      if (nucleus_of_[i] < 0) continue;
      const auto k = static_cast<std::size_t>(nucleus_of_[i]);
      out_.rows[i].flux_agn = static_cast<float>(fit.flux[k]);
      out_.rows[i].flux_agn_ivar = static_cast<float>(fit.inverse_variance[k]);
    }
  }

  void fit_motions_too() {
    const FluxResult fit = solve(out_.rows.size());
    take(fit);
    std::vector<MovingRow> moving(out_.rows.size());
    for (std::size_t i = 0; i < moving.size(); ++i)
      moving[i] = {!placed_[i].model.is_galaxy(), placed_[i].model, placed_[i].at.value_or(PixelPosition{}),
                   fit.flux[i], patch_of(i)};
    MotionResult motions = fit_motions(image_, units_, moving, models_);
    take_statistics(motions.fit);
    for (std::size_t i = 0; i < moving.size(); ++i) out_.rows[i].motion = motions.rows[i];
  }

  void find_limits() {
    for (ForcedMeasurement& row : out_.rows)
      if (row.flux_ivar_joint > 0)
        row.flux_limit95 = static_cast<float>(upper_limit(row.flux, 1 / std::sqrt(row.flux_ivar_joint)));
  }

  void find_errors() {
    std::vector<SolvedSource> solved(out_.rows.size());
    for (std::size_t i = 0; i < solved.size(); ++i)
      solved[i] = {&sources_[i], placed_[i].model, placed_[i].at.value_or(PixelPosition{}), out_.rows[i].flux,
                   patch_of(i)};
    Image<float> residual(image_.data.width(), image_.data.height());
    for (int y = 0; y < residual.height(); ++y)
      for (int x = 0; x < residual.width(); ++x) residual(x, y) = image_.data(x, y) - out_.model(x, y);
    std::vector<FluxErrors> errors = flux_errors(image_, residual.view(), solved, models_);
    for (std::size_t i = 0; i < errors.size(); ++i) out_.rows[i].errors = std::move(errors[i]);
  }

  FluxResult solve(std::size_t unknowns) const {
    const FluxImage flux_image{image_.data.view(), image_.inverse_error.view(), units_};
    FluxOptions how;
    how.marginal = has_joint_errors(options_, sources_);
    return solve_fluxes(std::span(&flux_image, 1), std::vector<double>(unknowns, 0.0), how);
  }

  void take(const FluxResult& fit) {
    out_.model = Image<float>(image_.data.width(), image_.data.height());
    for (std::size_t i = 0; i < out_.rows.size(); ++i) {
      out_.rows[i].flux_ivar = static_cast<float>(fit.inverse_variance[i]);
      out_.rows[i].flux = fit.inverse_variance[i] > 0 ? static_cast<float>(fit.flux[i]) : 0;
      if (!fit.marginal_inverse_variance.empty())
        out_.rows[i].flux_ivar_joint = static_cast<float>(fit.marginal_inverse_variance[i]);
      if (const Patch* patch = patch_of(i)) add_patch(out_.model.view(), *patch, out_.rows[i].flux);
    }
  }

  void take_statistics(const FluxResult& fit) {
    for (std::size_t i = 0; i < out_.rows.size(); ++i) {
      ForcedMeasurement& row = out_.rows[i];
      row.fracflux = static_cast<float>(fit.statistics[i].profracflux);
      row.rchisq = static_cast<float>(mean_chi2(fit.statistics[i]));
      row.fracmasked = static_cast<float>(fit.statistics[i].promasked);
      row.fracin = static_cast<float>(fit.statistics[i].fracin);
      if (!(fit.inverse_variance[i] > 0) && patch_of(i))
        row.fracmasked = static_cast<float>(masked_light(image_, *patch_of(i)));
    }
  }

  const CcdImage& image_;
  std::span<const ForcedSource> sources_;
  const ForcedOptions& options_;
  UnitModels models_;
  ForcedResult out_;
  std::vector<Placed> placed_;             // of the rows
  std::vector<UnitModel> units_;           // of the rows that have something on the image
  std::vector<UnitModel> nuclei_;          // that are fitted beside them
  std::vector<int> unit_of_, nucleus_of_;  // of the rows: index into units_; unknown; -1: none
};

}  // namespace

bool has_joint_errors(const ForcedOptions& options, std::span<const ForcedSource> sources) {
  return options.limits || std::ranges::any_of(sources, [](const ForcedSource& s) {
           return s.profiles == GalaxyProfiles::kSersic;
         });
}

std::vector<ForcedSource> take_off_large_galaxies(CcdImage& image, std::vector<ForcedSource>& sources) {
  UnitModels models(image, profiles_of(sources));
  std::vector<ForcedSource> off, left;
  for (ForcedSource& s : sources) {
    const Placed placed = place(s, image, false);
    if (!s.is_large_galaxy() || !s.flux || !off_image(placed, image)) {
      left.push_back(std::move(s));
      continue;
    }
    if (placed.at)
      if (const std::optional<Patch> patch = models.patch(placed.model, *placed.at))
        add_patch(image.data.view(), *patch, -*s.flux);
    off.push_back(std::move(s));
  }
  sources = std::move(left);
  return off;
}

ForcedResult measure_forced(const CcdImage& image, std::span<const ForcedSource> sources,
                            const ForcedOptions& options) {
  return Measurement(image, sources, options).run();
}

}  // namespace brickline
