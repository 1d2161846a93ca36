// Mosaic3 on the Mayall telescope: 4 CCDs of about 4096 x 4079 pixels, reduced by the NOIRLab Community
// Pipeline (CP) to images in electrons per second with the sky in, masks, and inverse variances of sky and
// read noise.
//
// Where a number's origin is not said, it is that of legacypipe (BSD licence), which reduced the Legacy
// Surveys.
#include <brickline/camera.hpp>
#include <vector>

#include "../noirlab-cp/tables.h"

using namespace brickline;

namespace {

// ---- Amplifiers ----

// Corrections of the four amplifiers' zero points, mag: (left, low), (right, low), (left, high), (right,
// high), for MJD to 57602, to 57967 and to 58332; none since. They were measured against Pan-STARRS 1 in z
// (legacypipe's ampcorrections table).
struct Amplifiers {
  const char* ccd;
  double dzp[3][4];
};
constexpr Amplifiers kAmplifiers[] = {
    {"CCD1",
     {{-0.011066288, 0.001388291, -0.005990375, -0.006092005},
      {0.007397243, 0.000620604, 0.032569118, 0.012593497},
      {0.009508088, 0.0061123776, 0.014419514, 0.0036595785}}},
    {"CCD2",
     {{-0.006320339, 0.0072022504, 0.008550294, -0.009154885},
      {-0.0096683735, 0.0044767857, 0.015739892, -0.032976374},
      {0.007023884, -0.012875672, 0.003927584, -0.036442947}}},
    {"CCD3",
     {{-0.005856539, -0.00064781494, 0.0022078273, -0.0026360443},
      {0.0013971253, -0.016180232, 0.012956044, -0.0021409686},
      {0.0014252509, -0.006757846, 0.01523814, 0.0056365696}}},
    {"CCD4",
     {{0.005139143, -0.0006399284, 0.0033053984, -0.0028835079},
      {-0.018417627, -0.03444113, -0.017482605, -0.02499645},
      {-0.029266886, -0.029506588, -0.016192675, -0.019603321}}},
};
constexpr noirlab_cp::Quadrants kQuadrants[] = {
    {2006, 4054, 2040, 4079}, {2048, 4096, 2040, 4079}, {2006, 4054, 2040, 4079}, {2048, 4096, 2022, 4061}};

Value amplifier_table() {
  Value rows = list({});
  for (std::size_t i = 0; i < std::size(kAmplifiers); ++i)
    noirlab_cp::add_amplifiers(rows, kAmplifiers[i].ccd, "z", kQuadrants[i], kAmplifiers[i].dzp, 3);
  return rows;
}

// ---- Headers ----

// Exposure numbers were not written in the first nights: kp4m.20160125T082555 becomes 160125082555.
Source number_from_obsid() {
  return card("OBSID").in("primary").match(R"(^kp4m\.\d\d(\d{6})T(\d{6}))").take("$1$2").as("integer");
}

void header_values(Facts& f) {
  Value& m = f["metadata"];
  m["camera"] = card("INSTRUME").lower().map({{"mosaic3", "mosaic"}});
  m["band"] = card("FILTER").word(1).map({{"zd", "z"}});
  m["expnum"] = list({card("EXPNUM").in("primary").as("integer"), number_from_obsid()});
  m["fwhm"] = card({"FWHM", "SEEINGP1"}).in("image");
  m["gain"] = card("GAIN").in("image");
  m["airmass_policy"] = "computed";
  m["site_geocentric_m"] = noirlab_cp::kitt_peak();
}

// ---- Photometry and quality ----

const std::vector<noirlab_cp::Drift> kDrifts = {{"z",
                                                 26.20,
                                                 0.165,
                                                 {{0, 720, 26.200, 26.200, 26.200},
                                                  {720, 920, 26.550, 26.050, 28.350},
                                                  {920, 1030, 26.150, 26.150, 26.150},
                                                  {1030, 1070, 26.500, 26.500, 26.500},
                                                  {1070, 1115, 26.500, 26.350, 30.067},
                                                  {1115, 1300, 26.470, 26.330, 27.314},
                                                  {1300, 1355, 26.250, 26.200, 27.432},
                                                  {1355, 1500, 26.350, 26.350, 26.350}}}};

void photometry(Facts& f) {
  Value& p = f["photometry"];
  p["bands"] = {{"z", {{"zero_point", 26.552}, {"extinction_per_airmass", 0.06}}},
                {"D51", {{"zero_point", 24.351}, {"extinction_per_airmass", 0.211}}}};
  p["catalogues"] = {{"ps1",
                      {{"z", noirlab_cp::colour_term("z", "g", "i", {0.03664, -0.11084, 0.04477, -0.01223})},
                       {"colour_range", {{"*", {0.4, 2.7}}}}}},
                     {"sdss", {{"z", noirlab_cp::colour_term("z", "g", "i", {0})}}}};
  p["preferred_catalogue"] = {"ps1"};
  noirlab_cp::add_drifts(p["detrend"], kDrifts);

  f["quality"] = {{"zero_point_window", {{"z", {25.20, 27.00}}}},
                  {"max_radec_rms_arcsec", 0.1},
                  {"max_zero_point_difference_mag", 0.1},
                  {"max_sky_per_second", {{"z", 200}}},
                  {"accepted_plver", {"V4.8", "V4.9", "V5"}}};
  // Since then every third exposure was shifted by a third of a pixel; before, only where `yshift` says so.
  f["quality"]["extra_cuts"] = list({Value{{"when", {{"mjd", {{"below", 57674}}}}},
                                           {"column", {{"key", "yshift"}, {"equals", 0}}},
                                           {"bit", "not_third_pix"}}});
}

class Mosaic : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("noirlab-cp");
    f["camera"] = {{"title", "Mosaic3"}, {"institution", "KPNO 4m Mayall, NOIRLab"}};
    f["detector"] = {{"pixel_scale_arcsec", 0.262},
                     {"ccds_per_exposure", 4},
                     {"ccd_names", "/^CCD[1-4]$/"},
                     {"size_pixels", {4096, 4079}},
                     {"bands", {"z", "D51"}}};
    f["checks"]["expnum_from_obsid"] = number_from_obsid();
    header_values(f);
    f["pixels"] = {{"unit", "per_second"}, {"quantity", "electrons"}};
    f["weight"]["shot_noise"] = noirlab_cp::sky_noise_only();
    f["amplifiers"]["table"] = amplifier_table();
    f["psf"] = {{"size_pixels", 63}, {"degree", 2}, {"sampling", 1}};
    photometry(f);
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Mosaic, R"({"plugin": "mosaic", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "mosaic", "aliases": ["mosaic3"], "claims": [{"INSTRUME": "^mosaic3$"}]}]})")
