// The calibrations of one exposure.
#include <fmt/format.h>

#include <map>

#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/exposure_headers.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

// Half the spacing of the sky grid's boxes on a whole chip, pixels.
constexpr int kSkyHalfBox = 256;

// Calibrations are named after their image.
std::filesystem::path calibration_path(const SurveyContext& survey, std::string image, const char* kind,
                                       const char* suffix) {
  for (const std::string ending : {".fz", ".fits"})
    if (image.ends_with(ending)) image.erase(image.size() - ending.size());
  return survey.directory / "calib" / kind / (image + suffix);
}

// Columns common to both calibrations.
void add_identity(fits::Table& table, const SurveyContext& survey, const Exposure& x) {
  const std::size_t n = x.ccds.size();
  table.add("legpipev", std::vector<std::string>(n, "simulate-survey"));
  table.add("plver", std::vector<std::string>(n, survey.layout.pipeline_version));
  table.add("plprocid", std::vector<std::string>(n, survey.layout.pipeline_run));
  table.add("imgdsum", std::vector<std::int64_t>(n, 0));
  table.add("procdate", std::vector<std::string>(n, survey.layout.processing_date));
  table.add("expnum", std::vector<std::int64_t>(n, table_expnum(survey, x)));
  std::vector<std::string> names;
  for (const CcdPlan& ccd : x.ccds) names.push_back(ccd.name);
  table.add("ccdname", names);
}

template <typename T>
void add_constant(fits::Table& table, const char* name, std::size_t rows, T value) {
  table.add(name, std::vector<T>(rows, value));
}

fits::Table psf_table(const SurveyContext& survey, const Exposure& x,
                      const std::vector<std::shared_ptr<const PsfField>>& psfs) {
  using Integer = std::int64_t;
  const std::size_t n = x.ccds.size();
  const int size = survey.options.psf_size;
  const int degree = psfs.empty() || !psfs[0]->varies() ? 0 : 2;
  const int terms = (degree + 1) * (degree + 2) / 2;
  fits::Table t;
  std::vector<float> masks;
  std::vector<double> fwhm, zero1, zero2, scale1, scale2;
  for (std::size_t i = 0; i < n; ++i) {
    for (const Image<float>& plane : psfs[i]->polynomial_planes())
      for (int y = 0; y < size; ++y) masks.insert(masks.end(), plane.row(y), plane.row(y) + size);
    const PsfField::Options& psf = x.ccds[i].psf;
    // PSFEx's own measure of the width: twice the half-light radius.
    fwhm.push_back(2 * psfs[i]->at(psf.width / 2.0, psf.height / 2.0).half_light_radius());
    // FITS pixels of the image, which may be a cut-out of the chip.
    zero1.push_back(degree ? psf.width / 2.0 - x.ccds[i].extent.x0 + 1 : 0);
    zero2.push_back(degree ? psf.height / 2.0 - x.ccds[i].extent.y0 + 1 : 0);
    scale1.push_back(degree ? psf.width / 2.0 : 1);
    scale2.push_back(degree ? psf.height / 2.0 : 1);
  }
  add_constant<Integer>(t, "loaded", n, 100);
  add_constant<Integer>(t, "accepted", n, 100);
  add_constant<double>(t, "chi2", n, 1);
  add_constant<Integer>(t, "polnaxis", n, 2);
  add_constant<Integer>(t, "polgrp1", n, 1);
  add_constant<Integer>(t, "polgrp2", n, 1);
  add_constant<std::string>(t, "polname1", n, "X_IMAGE");
  add_constant<std::string>(t, "polname2", n, "Y_IMAGE");
  t.add("polzero1", zero1);
  t.add("polzero2", zero2);
  t.add("polscal1", scale1);
  t.add("polscal2", scale2);
  add_constant<Integer>(t, "polngrp", n, 1);
  add_constant<Integer>(t, "poldeg1", n, degree);
  t.add("psf_fwhm", fwhm, "pixels");
  add_constant<double>(t, "psf_samp", n, 1);
  add_constant<Integer>(t, "psfnaxis", n, 3);
  add_constant<Integer>(t, "psfaxis1", n, size);
  add_constant<Integer>(t, "psfaxis2", n, size);
  add_constant<Integer>(t, "psfaxis3", n, terms);
  t.add("psf_mask", masks, {}, {size, size, terms});
  add_identity(t, survey, x);
  return t;
}

// Nodes along an axis of the chip; first and last lie at its edges.
std::vector<std::int32_t> sky_nodes(int length) {
  int half = kSkyHalfBox;
  while (half > 8 && length / half + 2 < 4) half /= 2;
  const int n = length / half + 2;
  const int origin = (length - (n - 2) * half) / 2;
  std::vector<std::int32_t> nodes;
  for (int i = 0; i < n; ++i) nodes.push_back(origin + static_cast<int>(half * (i - 0.5)));
  return nodes;
}

fits::Table sky_table(const SurveyContext& survey, const Exposure& x) {
  const std::size_t n = x.ccds.size();
  const double unit = survey.options.counts_per_second ? 1 / x.exposure_time : 1;
  const auto xs = sky_nodes(survey.layout.chip_width), ys = sky_nodes(survey.layout.chip_height);
  const auto width = static_cast<std::int64_t>(xs.size()), height = static_cast<std::int64_t>(ys.size());
  std::vector<float> values, levels, sigmas;
  std::vector<std::int32_t> xgrid, ygrid, x0, y0;
  for (const CcdPlan& ccd : x.ccds) {
    for (int y : ys)
      for (int xn : xs) values.push_back(static_cast<float>(ccd.sky.at(xn, y) * unit));
    xgrid.insert(xgrid.end(), xs.begin(), xs.end());
    ygrid.insert(ygrid.end(), ys.begin(), ys.end());
    x0.push_back(ccd.extent.x0);
    y0.push_back(ccd.extent.y0);
    levels.push_back(static_cast<float>(ccd.sky.level * unit));
    sigmas.push_back(static_cast<float>(x.noise * unit));
  }
  fits::Table t;
  add_constant<std::int32_t>(t, "gridw", n, static_cast<std::int32_t>(width));
  add_constant<std::int32_t>(t, "gridh", n, static_cast<std::int32_t>(height));
  t.add("gridvals", values, {}, {width, height});
  t.add("xgrid", xgrid, {}, {width});
  t.add("ygrid", ygrid, {}, {height});
  add_constant<std::uint8_t>(t, "order", n, 3);
  t.add("x0", x0);
  t.add("y0", y0);
  add_constant<std::string>(t, "skyclass", n, "tractor.splinesky.SplineSky");
  t.add("sig1", sigmas);
  add_constant<std::int64_t>(t, "templ_ver", n, -1);
  add_constant<std::int64_t>(t, "templ_run", n, -1);
  add_constant<float>(t, "templ_scale", n, 0);
  add_constant<double>(t, "halo_zpt", n, 0);
  t.add("blob_masked", std::vector<bool>(n, false));
  add_constant<std::string>(t, "sub_sga_ver", n, "  ");
  for (const char* name : {"sky_mode", "sky_med", "sky_cmed", "sky_john"}) t.add(name, levels);
  add_constant<float>(t, "sky_fmasked", n, 0.1f);
  for (int percent = 0; percent <= 100; percent += 10) {
    // Percentiles of the Gaussian sky noise; the ends at 5 sigma.
    static constexpr double kGaussian[] = {-5,     -1.2816, -0.8416, -0.5244, -0.2533, 0,
                                           0.2533, 0.5244,  0.8416,  1.2816,  5};
    std::vector<float> column = sigmas;
    for (float& value : column) value *= static_cast<float>(kGaussian[percent / 10]);
    t.add(fmt::format("sky_p{}", percent), column);
  }
  add_identity(t, survey, x);
  return t;
}

}  // namespace

void write_calibrations(const SurveyContext& survey, const Exposure& exposure,
                        const std::vector<std::shared_ptr<const PsfField>>& psfs) {
  // One file of each kind for every image file.
  std::map<std::string, std::vector<std::size_t>> files;
  for (std::size_t i = 0; i < exposure.ccds.size(); ++i)
    files[image_place(survey, exposure, exposure.ccds[i]).file].push_back(i);
  for (const auto& [image, ccds] : files) {
    Exposure x = exposure;
    x.ccds.clear();
    std::vector<std::shared_ptr<const PsfField>> own;
    for (const std::size_t i : ccds) {
      x.ccds.push_back(exposure.ccds[i]);
      own.push_back(psfs[i]);
    }
    fits::FitsWriter psf;
    psf.add_table(psf_table(survey, x, own));
    psf.write(calibration_path(survey, image, "psfex", "-psfex.fits"));
    if (!survey.layout.has_sky()) continue;
    fits::FitsWriter sky;
    sky.add_table(sky_table(survey, x));
    sky.write(calibration_path(survey, image, "sky", "-splinesky.fits"));
  }
}

}  // namespace brickline::simulate
