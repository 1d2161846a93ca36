// DECam, the Dark Energy Camera on the Blanco telescope: 62 CCDs of 2046 x 4094 pixels, reduced by the
// NOIRLab Community Pipeline (CP) to images in ADU with the sky in, masks and inverse variances.
//
// Where a number's origin is not said, it is that of legacypipe (BSD licence), which reduced the Legacy
// Surveys.
#include <brickline/camera.hpp>

#include "../noirlab-cp/tables.h"
#include "photometry.h"

using namespace brickline;

namespace {

// Masks. The CP wrote bit masks up to version 3.4, integer codes since 3.5.0; code 5 (cosmic ray) can be
// trusted since 4.8.0. A mask of unknown version is taken for a recent one.
Value bit_masks() { return {{"mask_plver", {{"below", "3.5.0"}}}}; }
Value codes() { return {{"not", bit_masks()}}; }
Value no_cosmic_rays() { return {{"not", bit_masks()}, {"mask_plver", {{"below", "4.8.0"}}}}; }
Value cosmic_rays() { return {{"not", {{"mask_plver", {{"below", "4.8.0"}}}}}}; }

Value mask_pipeline() {
  return list({
      // The rim of a saturated core is sometimes called bad only.
      op("codes_touching").when(codes()).with("code", 1).with("neighbour", 3).with("becomes", 3),
      op("codes").when(no_cosmic_rays()).table(noirlab_cp::codes({{"7", "trans"}, {"8", "ignore"}})),
      op("codes")
          .when(cosmic_rays())
          .table(noirlab_cp::codes({{"5", "cr"}, {"7", "trans"}, {"8", "ignore"}})),
      // Some reductions put round star masks into the code of bleed trails.
      op("bleed_must_touch_satur").when(codes()).with("dilate", 2),
      op("bits")
          .when(bit_masks())
          .table({{"1", "badpix"},
                  {"2", "satur"},
                  {"4", "interp"},
                  {"16", "cr"},
                  {"64", "bleed"},
                  {"128", "trans"}})
          .with("others", "badpix"),
      op("clear").when(bit_masks()).with("bit", "satur").with("where_also", "badpix"),
      op("rectangles")
          .with("rows",
                list({Value{{"when", {{"ccd", "S17"}}}, {"box", {538, 544, 0, 3889}}, {"bit", "badpix"}}})),
  });
}

// Early r-band exposures glow along one long edge of each chip; half of S7 is a bad amplifier.
Value good_region() {
  const Value glow_low = {{"band", "r"}, {"expnum", {{"below", 298251}}}, {"ccd", "/N/"}};
  const Value glow_high = {{"band", "r"}, {"expnum", {{"below", 298251}}}, {"not", {{"ccd", "/N/"}}}};
  return list({Value{{"when", glow_low}, {"y0", 100}}, Value{{"when", glow_high}, {"y1", "height-100"}},
               Value{{"when", {{"ccd", "S7"}}}, {"x1", 1023}}});
}

void pixels(Facts& f) {
  f["pixels"] = {{"unit", "total"}, {"quantity", "adu"}};
  f["steps"]["window_dependent"] = {"remap_mask"};  // bleed trails are judged by the rows that are seen
  f["mask"]["pipeline"] = mask_pipeline();
  const Value s19 = {{"ccd", "S19"}, {"plver", {{"below", "4.9.0"}}}};
  f["saturation"]["rules"] = list({Value{{"when", s19}, {"above", 46000}, {"unmasked_only", true}}});
  f["good_region"] = good_region();
  // Two amplifiers read a CCD, each one half.
  f["amplifiers"]["table"] = list({Value{{"box", {0, 1023, 0, 4094}}, {"dzp_mag", 0}},
                                   Value{{"box", {1023, 2046, 0, 4094}}, {"dzp_mag", 0}}});
  f["weight"]["trim_excess_pixels"] = 1;
}

void calibration(Facts& f) {
  f["psf"] = {{"size_pixels", 63}, {"degree", 2}, {"sampling", 1}, {"special", "data:special_psfex.txt"}};
  const Value jumpy_in_gri = {{"band", {"g", "r", "i"}}, {"ccd", {"S30", "N14", "S19", "S16", "S10"}}};
  const Value jumpy_in_z = {{"band", "z"}, {"ccd", "S30"}};
  f["sky"] = {{"jump", list({rule(jumpy_in_gri, true), rule(jumpy_in_z, true), otherwise(false)})},
              {"subtract_halos", true},
              {"template",
               {{"environment", "SKY_TEMPLATE_DIR"},
                {"scales", "sky-scales.kd.fits"},
                {"image", "sky_templates/sky_template_{band}_{run}.fits"}}}};
}

void quality(Facts& f) {
  // Zero points of good exposures, after detrending: 0.5 mag below and 0.25 above the usual one.
  f["quality"]["zero_point_window"] = {{"u", {22.70, 23.45}}, {"g", {24.58, 25.33}}, {"r", {24.79, 25.54}},
                                       {"i", {24.76, 25.51}}, {"z", {24.42, 25.17}}, {"Y", {23.37, 24.12}}};
  f["quality"]["max_radec_rms_arcsec"] = 0.4;
  f["quality"]["max_zero_point_difference_mag"] = 0.25;
  f["quality"]["max_sky_per_second"] = {{"g", 90}, {"r", 150}, {"i", 165}, {"z", 180}};
  f["quality"]["extra_cuts"] = list({Value{{"when", {{"mjd", {{"below", 56516}}}}}, {"bit", "early_decam"}},
                                     Value{{"when", {{"ccd", "S7"}}},
                                           {"column", {{"key", "ccdphrms"}, {"after", 0.1}}},
                                           {"bit", "phrms_s7"}}});
  f["quality"]["accepted_plver"] = {"V4.8", "V4.9", "V5"};
}

class Decam : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("noirlab-cp");
    f["camera"] = {{"title", "DECam"}, {"institution", "CTIO 4m Blanco, NOIRLab"}};
    f["detector"] = {{"pixel_scale_arcsec", 0.262},
                     {"ccds_per_exposure", 62},
                     {"ccd_names", "/^[NS][0-9]{1,2}$/"},
                     {"size_pixels", {2046, 4094}},
                     {"bands",
                      {"u", "g", "r", "i", "z", "Y", "N395", "N419", "N501", "N540", "N673", "M411", "M438",
                       "M464", "M490", "M517"}}};
    // Instead of the card that the CP has now, one that it had once.
    f["checks"]["calibration_good"]["card"] = nullptr;
    f["checks"]["calibration_good"]["any"] =
        list({Value{{"card", {{"key", "WCSCAL"}, {"matches", "^success"}}}},
              Value{{"card", {{"key", "SCAMPFLG"}, {"equals", 0}}}}});
    f["metadata"]["gain"] = card({"GAINA", "GAINB"}).in("image").combine("mean");
    f["metadata"]["site_geocentric_m"] = {1814304, -5214366, -3187341};
    pixels(f);
    calibration(f);
    decam::photometry(f);
    quality(f);
    decam::halo(f);
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Decam, R"({"plugin": "decam", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "decam", "claims": [{"INSTRUME": "^decam$"}]}]})")
