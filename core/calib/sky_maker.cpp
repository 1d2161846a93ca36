#include "core/calib/sky_maker.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/calib/blob_exclusion.h"
#include "core/calib/calibration_row.h"
#include "core/calib/thread_time.h"
#include "core/image/sky_template.h"
#include "core/psf/psfex.h"
#include "core/refs/halos.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

// How bright stars look farther in, where an earlier PSF calibration says so.
void add_inner_profile(const CcdImage& image, const CcdInput& input, const CameraFacts& facts,
                       HaloModel& halo) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : calibration_paths(CalibrationKind::kPsf, facts.files, image))
    files.push_back(input.source.locate(SurveyPlace::kCalib, name));
  try {
    const PsfCalibration psf =
        read_psf_calibration(files, CalibrationKey::of(image), {.old_calibs_ok = true}, false);
    halo.moffat_alpha_arcsec = psf.moffat_alpha_arcsec;
    halo.moffat_beta = psf.moffat_beta;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput) throw;
  }
}

// Takes the halos off; how many stars had one.
int subtract_halos(CcdImage& image, const CcdInput& input, const CameraFacts& facts,
                   const ReferenceCatalog& references) {
  if (!image.halo || !(image.ccdzpt > 0)) return 0;
  add_inner_profile(image, input, facts, *image.halo);
  const std::vector<std::string> bands{image.band};
  const HaloStars stars = halo_stars(references, bands);
  const auto found = stars.find(image.band);
  if (found == stars.end()) return 0;
  Image<float> light(image.data.width(), image.data.height());
  const HaloView view{&image.wcs, image.pixel_scale_arcsec, image.mjd_tai};
  const int count = add_halos(light.view(), view, *image.halo, found->second);
  if (count == 0) return 0;
  const auto scale = static_cast<float>(image.zpscale);
  for (int y = 0; y < light.height(); ++y)
    for (int x = 0; x < light.width(); ++x) image.data(x, y) -= light(x, y) * scale;
  return count;
}

double extended_fraction(const Image<std::uint8_t>& mask) {
  std::int64_t n = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) n += (mask(x, y) & (refbit::kGalaxy | refbit::kCluster)) != 0;
  return static_cast<double>(n) / (static_cast<double>(mask.width()) * mask.height());
}

// What the reader has taken off the pixels.
SkyTemplateId subtracted_template(const CcdImage& image, const CameraFacts& facts,
                                  const ReadImageOptions& reading, const Log& log) {
  if (!facts.sky.sky_template) return {};
  const std::filesystem::path directory =
      sky_template_directory(*facts.sky.sky_template, reading.sky_template_dir, reading.environment);
  if (directory.empty()) return {};
  const Box corner{image.extent.x0, image.extent.x0 + 1, image.extent.y0, image.extent.y0 + 1};
  const auto found =
      read_sky_template(*facts.sky.sky_template, directory, image, corner, reading.old_calibs_ok, log);
  return found ? found->id : SkyTemplateId{};
}

SkyFitOptions fit_options(SkyFitOptions options, const CameraFacts& facts, const CcdValues& ccd) {
  options.box_pixels = facts.sky.box_pixels;
  options.detect_sources = facts.sky.boxcar_mask;
  if (const bool* jump = facts.sky.jump.find(ccd)) options.jump = *jump;
  return options;
}

}  // namespace

ReadImageOptions native_pixels(ReadImageOptions reading) {
  reading.purpose = Purpose::kCalibrate;
  reading.nanomaggies = false;
  reading.camera_noise = false;
  reading.seeing = false;
  reading.sky = false;
  reading.psf = false;
  reading.trim_edges = false;
  reading.required = true;
  return reading;
}

fits::Table sky_row(const SkyFit& fit, const CcdImage& image, const SkyHistory& history) {
  using Kind = SkyFit::Kind;
  fits::Table t;
  const auto whole = [&](const char* name, int value) { t.add(name, std::vector<std::int32_t>{value}); };
  const auto real = [&](const char* name, double value) {
    t.add(name, std::vector<float>{static_cast<float>(value)});
  };
  const auto kind = [&](const char* name) { t.add("skyclass", std::vector<std::string>{name}); };
  const int x0 = image.extent.x0, y0 = image.extent.y0;
  switch (fit.kind) {
    case Kind::kConstant:
      kind("tractor.sky.ConstantSky");
      real("value", fit.level);
      break;
    case Kind::kConstantJump:
      kind("legacypipe.jumpsky.ConstantJumpSky");
      whole("xbreak", fit.x_break + x0);
      real("left", fit.level);
      real("right", fit.level + fit.jump);
      break;
    case Kind::kSpline:
    case Kind::kSplineJump: {
      kind(fit.kind == Kind::kSpline ? "tractor.splinesky.SplineSky" : "legacypipe.jumpsky.JumpSky");
      const auto width = static_cast<std::int64_t>(fit.x.size()),
                 height = static_cast<std::int64_t>(fit.y.size());
      whole("gridw", static_cast<int>(width));
      whole("gridh", static_cast<int>(height));
      t.add("xgrid", std::vector<std::int32_t>(fit.x.begin(), fit.x.end()), "pixel", {width});
      t.add("ygrid", std::vector<std::int32_t>(fit.y.begin(), fit.y.end()), "pixel", {height});
      whole("x0", -x0);
      whole("y0", -y0);
      t.add("gridvals", fit.values, "", {width, height});
      t.add("order", std::vector<std::uint8_t>{3});
      if (fit.kind == Kind::kSplineJump) {
        whole("xbreak", fit.x_break);
        real("xjump", fit.jump);
      }
      break;
    }
  }
  add_identity(t, image, "0");
  real("sig1", fit.estimates.sig1);
  t.add("templ_ver", std::vector<std::int64_t>{history.sky_template.version});
  t.add("templ_run", std::vector<std::int64_t>{history.sky_template.run});
  real("templ_scale", history.sky_template.scale);
  t.add("halo_zpt", std::vector<double>{history.halo_zero_point});
  t.add("blob_masked", std::vector<bool>{history.blob_masked});
  fits::Column no_galaxies;  // light of large galaxies is masked, not subtracted
  no_galaxies.name = "sub_sga_ver";
  no_galaxies.data = std::vector<std::string>{""};
  no_galaxies.string_width = 2;
  t.add(std::move(no_galaxies));
  real("sky_mode", fit.estimates.mode);
  real("sky_med", fit.estimates.median);
  real("sky_cmed", fit.estimates.clipped);
  real("sky_john", fit.estimates.background);
  real("sky_fmasked", fit.fraction_masked);
  for (std::size_t i = 0; i < fit.percentiles.size(); ++i)
    real(fmt::format("sky_p{}", 10 * i).c_str(), fit.percentiles[i]);
  return t;
}

MadeSky make_sky(const CcdReader& reader, const CcdInput& input, const CameraFacts& facts,
                 const SkyMakerOptions& options, Log log) {
  MadeSky made;
  ThreadTime clock;
  CcdImage image = *reader.read(input, native_pixels(options.reading), log);
  made.extent = image.extent;
  made.read_seconds = clock.lap();

  const std::vector<std::string> bands{image.band};
  const CameraFacts* const cameras[] = {&facts};
  const ReferenceCatalog references =
      read_references(options.references, image.wcs, bands, facts_of_bands(bands, cameras), log);
  Image<std::uint8_t> excluded = reference_mask(references.rows, image.wcs);
  SkyFitOptions fit = fit_options(options.fit, facts, image);
  if (extended_fraction(excluded) >= options.max_extended_fraction) fit.constant = true;
  if (options.halos && facts.sky.subtract_halos) made.halos = subtract_halos(image, input, facts, references);
  const bool blob_masked = !options.blob_mask_dir.empty();
  if (blob_masked) exclude_blobs(*options.survey, options.blob_mask_dir, image.wcs, excluded, log);
  made.references_seconds = clock.lap();

  made.fit = fit_sky({image.data.const_view(), image.inverse_error.const_view(), excluded.const_view()}, fit);
  SkyHistory history;
  history.sky_template = subtracted_template(image, facts, options.reading, log);
  if (made.halos > 0)
    history.halo_zero_point = effective_zero_point(facts.pixels, image.ccdzpt, image.exptime);
  history.blob_masked = blob_masked;
  made.row = sky_row(made.fit, image, history);
  made.fit_seconds = clock.lap();
  return made;
}

}  // namespace brickline
