#include "tools/simulate_survey/halo.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>

#include "core/base/error.h"
#include "core/facts/camera_facts.h"

namespace brickline::simulate {
namespace {

HaloFacts read_halos(const std::filesystem::path& file, const std::string& camera) {
  try {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) throw input_error("cannot read it");
    ParsedFacts parsed = parse_camera_facts(text.str(), {.name = camera});
    if (!parsed.problems.empty()) throw input_error("{}", parsed.problems.front());
    if (!parsed.facts.halo) throw input_error("the camera's facts tell of no halos");
    return *std::move(parsed.facts.halo);
  } catch (Error& e) {
    e.in_file(file.string());
    throw;
  }
}

// Per square arcsec of a star of unit flux.
double brightness(const HaloModel& model, double r, double weight) {
  const auto moffat = [&](double alpha, double beta) {
    return (beta - 1) / (std::numbers::pi * alpha * alpha) * std::pow(1 + r * r / (alpha * alpha), -beta);
  };
  const HaloProfile& p = model.profile;
  double sum = weight * (p.moffat ? moffat(p.alpha_arcsec, p.beta) : std::pow(r, p.exponent));
  if (model.moffat_alpha_arcsec > 0) sum += moffat(model.moffat_alpha_arcsec, model.moffat_beta);
  return sum;
}

}  // namespace

void plan_halos(const std::filesystem::path& facts, const std::string& camera,
                const std::vector<SurveyBand>& bands, std::vector<Exposure>& exposures) {
  const HaloFacts halos = read_halos(facts, camera);
  for (Exposure& x : exposures)
    for (CcdPlan& ccd : x.ccds) {
      CcdValues values;
      values.camera = camera;
      values.band = bands[static_cast<std::size_t>(x.band)].name;
      values.ccdname = ccd.name;
      values.expnum = x.number;
      values.mjd_obs = x.mjd;
      values.exptime = x.exposure_time;
      ccd.halo = halos.model(values);
    }
}

double mask_radius(const Source& star) {
  constexpr double kOfMagnitude0 = 1630, kBase = 1.396;
  const double z = star.gaia_mag + star_colour_offset(find_band("z"), star.gaia_bp_rp);
  return kOfMagnitude0 * std::pow(kBase, -std::min(star.gaia_mag, z + 1));
}

void add_halo(Image<float>& image, const HaloModel& model, double pixel_scale, double x, double y,
              double flux, double mask_radius) {
  const double radius = std::ceil(std::min(model.radius_factor * mask_radius, model.max_radius_arcsec) *
                                  model.scaling / pixel_scale);
  const bool off_image = x < 0 || y < 0 || x > image.width() - 1 || y > image.height() - 1;
  const double weight = model.profile.weight * (off_image ? model.profile.off_chip_factor : 1);
  const Box box =
      intersection({static_cast<int>(std::floor(x - radius)), static_cast<int>(std::ceil(x + radius)) + 1,
                    static_cast<int>(std::floor(y - radius)), static_cast<int>(std::ceil(y + radius)) + 1},
                   image.box());
  for (int row = box.y0; row < box.y1; ++row)
    for (int column = box.x0; column < box.x1; ++column) {
      const double rho = std::hypot(column - x, row - y), r = rho * pixel_scale;
      const double window = std::clamp(2 - 2 * rho / radius, 0.0, 1.0) *
                            (model.inner_ramp_arcsec > 0
                                 ? std::clamp((r - model.inner_arcsec) / model.inner_ramp_arcsec, 0.0, 1.0)
                                 : static_cast<double>(r > model.inner_arcsec));
      if (window > 0)
        image(column, row) +=
            static_cast<float>(flux * window * pixel_scale * pixel_scale * brightness(model, r, weight));
    }
}

}  // namespace brickline::simulate
