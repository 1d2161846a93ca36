// Annotation of a CCD of a survey: its headers, its sky, and the columns that hold them.
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/calib/calibrate.h"
#include "core/catalog/catalog.h"
#include "core/facts/band_facts.h"
#include "core/sky/sky_calibration.h"
#include "core/zeropoints/ccd_annotation.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr double kUnknown = CcdAnnotation::kUnknown;

// The versions go to `out`.
SkyLevel sky_of(OpenCcd& open, const CcdInput& input, const CcdImage& image, const CameraFacts& facts,
                const ReadImageOptions& reading, const Log& log, CcdAnnotation& out) {
  if (provided_by_camera(CalibrationKind::kSky, facts, open)) {
    const Box whole{0, image.full_wcs.width(), 0, image.full_wcs.height()};
    std::optional<ProvidedSky> own = open.sky(whole);
    if (!own) return [](double, double) { return 0.0; };  // its images have none
    out.sky_version = own->version;
    return [level = std::move(own->level)](double x, double y) {
      return level(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
    };
  }
  std::vector<fs::path> candidates;
  const std::vector<std::string> names = calibration_paths(CalibrationKind::kSky, facts.files, open.values());
  for (const fs::path& directory : reading.calibration_dirs)
    for (const std::string& name : names) candidates.push_back(directory / name);
  for (const std::string& name : names) candidates.push_back(input.source.locate(SurveyPlace::kCalib, name));
  CalibrationChecks checks;
  checks.versions = facts.checks.version_validation == CheckFacts::Versions::kFull;
  checks.old_calibs_ok = reading.old_calibs_ok;
  SkyCalibration found = read_sky_calibration(candidates, CalibrationKey::of(image), checks, log);
  out.sky_version = found.version;
  out.sky_plver = found.plver;
  return std::move(found.model);
}

// {x0, x1, y0, y1}
std::array<int, 4> limits_of(const Box& good, int width, int height) {
  return {good.x0 > 0 ? good.x0 : -1, good.x1 < width ? good.x1 : -1, good.y0 > 0 ? good.y0 : -1,
          good.y1 < height ? good.y1 : -1};
}

double card(OpenCcd& open, const char* key) {
  for (const fits::Header* header : {&open.primary_header(), &open.image_header()})
    if (const auto value = header->number(key)) return *value;
  return kUnknown;
}

// Of the filters u, g, r, i, z, Y of the Dark Energy Survey, and W1 to W4.
double des_extinction(const CcdAnnotation& a, int k) {
  constexpr std::array<const char*, 6> kBands = {"u", "g", "r", "i", "z", "Y"};
  return a.ebv *
         standard_band_facts(kBands[static_cast<std::size_t>(k)]).extinction_per_ebv.value_or(kUnknown);
}
double wise_extinction(const CcdAnnotation& a, int k) {
  constexpr std::array<const char*, 4> kBands = {"w1", "w2", "w3", "w4"};
  return a.ebv * band_extinction(kBands[static_cast<std::size_t>(k)]).value_or(kUnknown);
}

}  // namespace

CcdAnnotation annotate_ccd(const CcdReader& reader, const CcdInput& input, const CcdImage& image,
                           const Wcs& wcs, const CameraFacts& facts, const CcdMeasurement& measured,
                           const ReadImageOptions& reading, Purpose purpose, const DustMaps* dust, Log log) {
  OpenCcd open = reader.open(input, purpose, log);
  const double zero_point = effective_zero_point(facts.pixels, measured.zero_point, image.exptime);
  CcdAnnotation versions;
  const SkyLevel sky = sky_of(open, input, image, facts, reading, log, versions);
  CcdAnnotation out =
      annotate(image, wcs, sky, std::pow(10, 0.4 * (zero_point - 22.5)), measured.sig1, measured.fwhm, dust);
  out.sky_version = versions.sky_version;
  out.sky_plver = versions.sky_plver;
  out.good_region = limits_of(open.good_region(), wcs.width(), wcs.height());
  out.humidity = card(open, "HUMIDITY");
  out.outtemp = card(open, "OUTTEMP");
  return out;
}

std::span<const AnnotationColumn> annotation_columns() {
  using A = const CcdAnnotation&;
  static const std::array kColumns = {
      AnnotationColumn{"ra0", 'D', 1, "deg", [](A a, int) { return a.corners[0].ra; }},
      AnnotationColumn{"dec0", 'D', 1, "deg", [](A a, int) { return a.corners[0].dec; }},
      AnnotationColumn{"ra1", 'D', 1, "deg", [](A a, int) { return a.corners[1].ra; }},
      AnnotationColumn{"dec1", 'D', 1, "deg", [](A a, int) { return a.corners[1].dec; }},
      AnnotationColumn{"ra2", 'D', 1, "deg", [](A a, int) { return a.corners[2].ra; }},
      AnnotationColumn{"dec2", 'D', 1, "deg", [](A a, int) { return a.corners[2].dec; }},
      AnnotationColumn{"ra3", 'D', 1, "deg", [](A a, int) { return a.corners[3].ra; }},
      AnnotationColumn{"dec3", 'D', 1, "deg", [](A a, int) { return a.corners[3].dec; }},
      AnnotationColumn{"dra", 'E', 1, "deg", [](A a, int) { return a.dra; }},
      AnnotationColumn{"ddec", 'E', 1, "deg", [](A a, int) { return a.ddec; }},
      AnnotationColumn{"ra_center", 'D', 1, "deg", [](A a, int) { return a.centre.ra; }},
      AnnotationColumn{"dec_center", 'D', 1, "deg", [](A a, int) { return a.centre.dec; }},
      AnnotationColumn{"meansky", 'E', 1, "nanomaggy", [](A a, int) { return a.sky.mean; }},
      AnnotationColumn{"stdsky", 'E', 1, "nanomaggy", [](A a, int) { return a.sky.deviation; }},
      AnnotationColumn{"maxsky", 'E', 1, "nanomaggy", [](A a, int) { return a.sky.most; }},
      AnnotationColumn{"minsky", 'E', 1, "nanomaggy", [](A a, int) { return a.sky.least; }},
      AnnotationColumn{"pixscale_mean", 'E', 1, "arcsec", [](A a, int) { return a.pixel_scale.mean; }},
      AnnotationColumn{"pixscale_std", 'E', 1, "arcsec", [](A a, int) { return a.pixel_scale.deviation; }},
      AnnotationColumn{"pixscale_max", 'E', 1, "arcsec", [](A a, int) { return a.pixel_scale.most; }},
      AnnotationColumn{"pixscale_min", 'E', 1, "arcsec", [](A a, int) { return a.pixel_scale.least; }},
      AnnotationColumn{"psfnorm_mean", 'E', 1, "", [](A a, int) { return a.psf_norm.mean; }},
      AnnotationColumn{"psfnorm_std", 'E', 1, "", [](A a, int) { return a.psf_norm.deviation; }},
      AnnotationColumn{"galnorm_mean", 'E', 1, "", [](A a, int) { return a.galaxy_norm.mean; }},
      AnnotationColumn{"galnorm_std", 'E', 1, "", [](A a, int) { return a.galaxy_norm.deviation; }},
      AnnotationColumn{"psf_mx2", 'E', 1, "pixel^2", [](A a, int) { return a.mx2; }},
      AnnotationColumn{"psf_my2", 'E', 1, "pixel^2", [](A a, int) { return a.my2; }},
      AnnotationColumn{"psf_mxy", 'E', 1, "pixel^2", [](A a, int) { return a.mxy; }},
      AnnotationColumn{"psf_a", 'E', 1, "pixel", [](A a, int) { return a.a; }},
      AnnotationColumn{"psf_b", 'E', 1, "pixel", [](A a, int) { return a.b; }},
      AnnotationColumn{"psf_theta", 'E', 1, "deg", [](A a, int) { return a.theta; }},
      AnnotationColumn{"psf_ell", 'E', 1, "", [](A a, int) { return a.ellipticity; }},
      AnnotationColumn{"humidity", 'E', 1, "", [](A a, int) { return a.humidity; }},
      AnnotationColumn{"outtemp", 'E', 1, "", [](A a, int) { return a.outtemp; }},
      // Of a survey's tiles, which nobody has told us: none.
      AnnotationColumn{"tileid", 'J', 1, "", [](A, int) { return 0.0; }},
      AnnotationColumn{"tilepass", 'B', 1, "", [](A, int) { return 0.0; }},
      AnnotationColumn{"tileebv", 'E', 1, "mag", [](A, int) { return kUnknown; }},
      AnnotationColumn{"ebv", 'E', 1, "mag", [](A a, int) { return a.ebv; }},
      AnnotationColumn{"decam_extinction", 'E', 6, "mag", des_extinction},
      AnnotationColumn{"wise_extinction", 'E', 4, "mag", wise_extinction},
      AnnotationColumn{"psfdepth", 'E', 1, "mag", [](A a, int) { return a.psf_depth; }},
      AnnotationColumn{"galdepth", 'E', 1, "mag", [](A a, int) { return a.galaxy_depth; }},
      AnnotationColumn{"gausspsfdepth", 'E', 1, "mag", [](A a, int) { return a.gaussian_psf_depth; }},
      AnnotationColumn{"gaussgaldepth", 'E', 1, "mag", [](A a, int) { return a.gaussian_galaxy_depth; }},
  };
  return kColumns;
}

}  // namespace brickline
