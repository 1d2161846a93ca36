// What the NOIRLab Community Pipeline (CP) makes of any camera's exposures: how its files are named, where
// its headers keep what, what its mask codes mean. Not a camera: those that it reduces extend it and add
// themselves.
//
// Where a number's origin is not said, it is that of legacypipe (BSD licence), which reduced the Legacy
// Surveys.
#include <brickline/camera.hpp>

#include "tables.h"

using namespace brickline;

namespace {

// Images are .._ooi_.. (or .._oki_.., of stacks of short exposures), masks .._ood_.. and weights .._oow_..
Value companion(const char* token) {
  return {{"substitute", list({list({"_ooi_", token}), list({"_oki_", token})})}};
}

class CommunityPipeline : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["abstract"] = true;
    f["files"] = {{"mask", companion("_ood_")}, {"weight", companion("_oow_")}, {"base_name", "first_dot"}};
    f["metadata"] = {{"camera", card("INSTRUME").in("primary").lower()},
                     {"band", card("FILTER").in("primary").word(1)},
                     {"expnum", card("EXPNUM").in("primary").as("integer")},
                     {"ccdname", card("EXTNAME").in("image").upper()},
                     {"mjd_obs", card("MJD-OBS").in("primary").as("real")},
                     {"exptime", card("EXPTIME").in("primary").as("real")},
                     {"fwhm", card("FWHM").in("image").as("real")},
                     {"gain", card("GAIN").in("primary").as("real")},
                     {"propid", card("PROPID").in("primary")},
                     {"object", card("OBJECT").in("primary")},
                     {"plver", card("PLVER").in("primary")},
                     {"plprocid", card("PLPROCID").in("primary")},
                     {"procdate", card("DATE").in("primary")},
                     {"ha", card("HA").in("primary").as("sexagesimal_hours")},
                     {"ra_bore", card({"RA", "TELRA"}).in("primary").as("sexagesimal_hours")},
                     {"dec_bore", card({"DEC", "TELDEC"}).in("primary").as("sexagesimal_degrees")},
                     {"airmass", card("AIRMASS").in("primary").as("real")}};
    f["checks"] = {{"version_validation", "full"},
                   {"calibration_good", {{"card", {{"key", "WCSCAL"}, {"matches", "^success"}}}}}};
    f["mask"]["pipeline"] = list({
        // The rim of a saturated core is sometimes called bad only.
        op("codes_touching").with("code", 1).with("neighbour", 3).with("becomes", 3),
        // 7 (transient) and 8 (streak) cannot be trusted everywhere.
        op("codes").table(noirlab_cp::codes({{"5", "cr"}, {"7", "ignore"}, {"8", "ignore"}})),
    });
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(CommunityPipeline, R"({"plugin": "noirlab-cp", "version": "0.1.0",
  "license": "BSD-3-Clause", "cameras": [{"name": "noirlab-cp"}]})")
