// One CCD in the primary HDU; flags and standard deviations in the two that follow; world coordinates in a text file
// beside the image. The exposure's number is its date, the filter stands in prose, pixels count one second.
#include <brickline/camera.hpp>

using namespace brickline;

namespace {

class Sigma : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["camera"]["title"] = "Example: sigma and flags";
    f["detector"] = {{"ccds_per_exposure", 1}, {"pixel_scale_arcsec", 0.4}, {"bands", {"g", "r", "z"}}};
    f["hdus"]["ccds"] = "primary";
    f["metadata"] = {{"band", card("FILTER").match(R"(^Filter \d+: ([a-z]) )")},
                     {"expnum", card("DATE-OBS").digits(14)},
                     {"ccdname", constant("")},
                     {"fwhm", card("SEEING").scale(1 / 0.4)}};
    f["files"] = {{"mask", {{"same_file", true}, {"hdu", "FLAGS"}}},
                  {"weight", {{"same_file", true}, {"hdu", "SIGMA"}}}};
    f["pixels"]["unit"] = "per_second";
    f["weight"]["kind"] = "sigma";
    f["mask"]["pipeline"] = list(
        {op("bits").table({{"0x1", "badpix"}, {"0x2", "cr"}, {"0x4", "satur"}}).with("others", "badpix")});
    f["wcs"] = {{"kind", "sidecar"}, {"sidecars", list({Value{{"path", "{base}.head"}}})}};
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Sigma, R"({"plugin": "sigma", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "sigma", "claims": [{"INSTRUME": "^sigma$"}]}]})")
