// 90Prime on the Bok telescope: 4 CCDs of 4032 x 4096 pixels, reduced by the NOIRLab Community Pipeline (CP)
// to images in electrons per second with the sky in, masks, and inverse variances of sky and read noise.
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
// high), for MJD to 57602, to 57967, to 58332 and since. They were measured against Pan-STARRS 1
// (legacypipe's ampcorrections table).
struct Amplifiers {
  const char *band, *ccd;
  double dzp[4][4];
};
constexpr Amplifiers kAmplifiers[] = {
    {"g",
     "CCD1",
     {{-0.011813398, -0.0032519526, -0.0051191514, 0.009677861},
      {-0.023075538, -0.011406615, -0.034377232, 0.020521455},
      {-0.030770088, -0.019046262, -0.031697065, 0.016257986},
      {-0.02287004, -0.016997293, -0.01999336, 0.016853841}}},
    {"g",
     "CCD2",
     {{-0.008523628, -0.008960029, 0.01693853, 0.0026774607},
      {0.0003063402, 0.01918938, 0.051889952, 0.010008041},
      {-0.0036920775, 0.009189803, 0.0459271, 0.013237011},
      {-0.0048344317, 0.00742059, 0.04554832, 0.007496282}}},
    {"g",
     "CCD3",
     {{-0.03470582, -0.0022715968, -0.0045482004, -0.0012536051},
      {-0.036130503, -0.00003875605, -0.045992933, -0.02530836},
      {-0.03692675, -0.0012233759, -0.027600318, -0.01723723},
      {-0.032927223, -0.0041084206, -0.03351317, -0.021718625}}},
    {"g",
     "CCD4",
     {{0.009539392, 0.010226944, 0.009255477, 0.0013913503},
      {0.0029025706, 0.016679538, 0.019393893, -0.0030897402},
      {0.0059804036, 0.023266561, 0.027550658, 0.016666532},
      {0.003375487, 0.01073364, 0.02403333, 0.008089546}}},
    {"r",
     "CCD1",
     {{-0.01149955, -0.0041296566, -0.00015519658, 0.01301769},
      {-0.024106435, -0.006547878, -0.041613504, 0.02308583},
      {-0.04811793, -0.03177219, -0.05213645, 0.015744466},
      {-0.035150982, -0.023422003, -0.041756857, 0.017774878}}},
    {"r",
     "CCD2",
     {{-0.006045583, -0.012503507, 0.016961161, 0.0002007609},
      {0.005335051, 0.032776505, 0.05525464, 0.021366077},
      {-0.003875085, 0.014483032, 0.0503617, 0.019008487},
      {0.0012875209, 0.017658275, 0.049663078, 0.019437728}}},
    {"r",
     "CCD3",
     {{-0.024507914, 0.004245165, -0.011545347, -0.0005558773},
      {-0.043123975, -0.0023383768, -0.07725406, -0.035697103},
      {-0.039144866, 0.0057031885, -0.038361903, -0.0072602304},
      {-0.040645268, 0.0010388457, -0.049615838, -0.016491456}}},
    {"r",
     "CCD4",
     {{0.009781551, 0.0047082007, 0.004205519, -0.0036899033},
      {0.004145757, 0.02499258, 0.01103811, 0.0004463038},
      {0.014080205, 0.043530058, 0.04491909, 0.044050463},
      {0.013109513, 0.033414163, 0.030668205, 0.026738029}}},
};
Value amplifier_table() {
  Value rows = list({});
  for (const Amplifiers& a : kAmplifiers)
    noirlab_cp::add_amplifiers(rows, a.ccd, a.band, {2016, 4032, 2048, 4096}, a.dzp, 4);
  return rows;
}

// ---- Pixels ----

// Defects, and the outer columns, that the CP's masks lack.
Value defects() {
  return list(
      {op("static_mask").with("file", "data:static_mask.fits.fz").with("hdu_by", "ccd").with("code", 1)});
}

// There are no exposure numbers; the acquisition file's name holds night and sequence: d7580.0144.fits is
// 75800144.
Source exposure_number() { return card("DTACQNAM").basename().digits().as("integer"); }

void header_values(Facts& f) {
  Value& m = f["metadata"];
  m["band"] = card("FILTER").word(1).map({{"bokr", "r"}});
  m["expnum"] = exposure_number();
  m["fwhm"] = card({"FWHM", "SEEINGP1"}).in("image");
  m["gain"] = list({constant(1.4)});  // instead of a card
  m["site_geocentric_m"] = noirlab_cp::kitt_peak();
}

// ---- Calibration programs ----

void calibration(Facts& f) {
  f["psf"] = {{"size_pixels", 31}, {"degree", 2}, {"sampling", 1}, {"fwhm_range_pixels", {2, 10}}};
  f["detection"]["filter"] = {{1, 2, 1}, {2, 4, 2}, {1, 2, 1}};
  f["detection"]["keys"] = {
      {"MAG_ZEROPOINT", 25.0},
      {"SEEING_FWHM", 1.3},
      {"DEBLEND_NTHRESH", 32},
      {"DEBLEND_MINCONT", 0.005},
      {"FITS_UNSIGNED", "N"},
      // Diameters of 1.5, 3, 5, 7, 9, 11, 13 and 15 arcsec at 0.47 arcsec per pixel.
      {"PHOT_APERTURES",
       "3.19148936,6.38297872,10.63829787,14.89361702,19.14893617,23.40425532,27.65957447,31.91489362"},
      {"SATUR_LEVEL", 75000},
      {"SATUR_KEY", "SATUR"},
      {"GAIN", 1.3},
      {"GAIN_KEY", "GAIN"},
      {"BACKPHOTO_TYPE", "GLOBAL"},
      {"MEMORY_OBJSTACK", 3000},
      {"MEMORY_PIXSTACK", 300000}};
  f["psfex"]["keys"] = {{"CHECKPLOT_DEV", "PNG"}, {"OUTCAT_TYPE", "NONE"}};
}

// ---- Photometry and quality ----

const std::vector<noirlab_cp::Drift> kDrifts = {
    {"g",
     25.74,
     0.291,
     {{0, 720, 25.900, 25.900, 25.900},
      {720, 810, 25.900, 25.750, 27.100},
      {810, 900, 25.880, 25.780, 26.780},
      {900, 950, 25.780, 25.920, 23.260},
      {950, 1100, 25.950, 25.950, 25.950},
      {1100, 1255, 25.950, 25.750, 27.369},
      {1255, 1280, 25.850, 25.400, 48.440},
      {1280, 1500, 25.880, 25.800, 26.345},
      {1500, 1520, 25.800, 25.880, 19.800},
      {1520, 1550, 25.750, 25.900, 18.150},
      {1550, 1580, 25.700, 25.850, 17.950},
      {1580, 1600, 25.850, 25.800, 29.800},
      {1600, 1615, 25.800, 25.800, 25.800},
      {1615, 1621, 25.800, 25.700, 52.716},
      {1621, 1626, 25.700, 25.850, -22.930},
      {1626, 1645, 25.830, 25.790, 29.253},
      {1645, 1658, 25.800, 25.600, 51.108},
      {1658, 1668, 25.600, 25.850, -15.850}}},
    {"r",
     25.52,
     0.176,
     {{0, 720, 25.600, 25.600, 25.600},
      {720, 815, 25.600, 25.500, 26.358},
      {815, 882, 25.600, 25.600, 25.600},
      {882, 930, 25.450, 25.600, 22.694},
      {930, 1100, 25.680, 25.680, 25.680},
      {1100, 1220, 25.600, 25.540, 26.150},
      {1220, 1280, 25.550, 25.380, 29.007},
      {1280, 1420, 25.500, 25.500, 25.500},
      {1420, 1450, 25.650, 25.700, 23.283},
      {1450, 1550, 25.550, 25.550, 25.550},
      {1550, 1610, 25.500, 25.600, 22.917},
      {1610, 1635, 25.450, 25.600, 15.790},
      {1635, 1670, 25.550, 25.400, 32.557}}},
};

void photometry(Facts& f) {
  Value& p = f["photometry"];
  p["bands"] = {{"g", {{"zero_point", 26.93}, {"extinction_per_airmass", 0.17}}},
                {"r", {{"zero_point", 27.01}, {"extinction_per_airmass", 0.10}}},
                {"z", {{"zero_point", 26.552}, {"extinction_per_airmass", 0.06}}}};
  p["catalogues"] = {{"ps1",
                      {{"g", noirlab_cp::colour_term("g", "g", "i", {0.00464, 0.08672, -0.00668, -0.00255})},
                       {"r", noirlab_cp::colour_term("r", "g", "i", {0.00110, -0.06875, 0.02480, -0.00855})},
                       {"colour_range", {{"*", {0.4, 2.7}}}}}}};
  p["preferred_catalogue"] = {"ps1"};
  noirlab_cp::add_drifts(p["detrend"], kDrifts);
  // 0.5 mag below and 0.18 above the usual zero point.
  f["quality"] = {{"zero_point_window", {{"g", {25.24, 25.92}}, {"r", {25.02, 25.70}}}},
                  {"max_radec_rms_arcsec", 0.2},
                  {"max_zero_point_difference_mag", 0.1},
                  {"accepted_plver", {"V4.8", "V4.9", "V5"}}};
}

class Prime90 : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("noirlab-cp");
    f["camera"] = {{"title", "90Prime"}, {"institution", "Bok 2.3m, Steward Observatory"}};
    f["detector"] = {{"pixel_scale_arcsec", 0.454},
                     {"ccds_per_exposure", 4},
                     {"ccd_names", "/^CCD[1-4]$/"},
                     {"size_pixels", {4032, 4096}},
                     {"bands", {"g", "r"}}};
    f["checks"]["expnum_from_obsid"] = exposure_number();
    header_values(f);
    f["pixels"] = {{"unit", "per_second"}, {"quantity", "electrons"}};
    f["mask"]["+pipeline"] = defects();
    f["weight"]["shot_noise"] = noirlab_cp::sky_noise_only();
    f["amplifiers"]["table"] = amplifier_table();
    calibration(f);
    photometry(f);
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Prime90, R"({"plugin": "90prime", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "90prime", "claims": [{"INSTRUME": "^90prime$"}]}]})")
