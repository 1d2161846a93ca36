// The least a camera needs: names, pixel scale, bands, pixel unit; and how its masks and weights are named. Its bands
// are its own.
#include <brickline/camera.hpp>

namespace {

class Minimal : public brickline::Camera {
 public:
  brickline::Facts facts() const override {
    brickline::Facts f;
    f["camera"]["title"] = "A camera of the tests";
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"ccds_per_exposure", 1}, {"bands", {"g", "NB_Q"}}};
    f["bands"]["NB_Q"] = {
        {"wavelength_nm", 501.5}, {"extinction_per_ebv", 3.1}, {"seds", {{"Flat", 1}, {"LineEmitter", 0.5}}}};
    f["bands"]["g"]["seds"] = {{"Flat", 1}, {"Red", 2.5}, {"LineEmitter", 4}};
    f["pixels"]["unit"] = "total";
    f["files"]["mask"]["substitute"] = brickline::list({brickline::list({"_ooi_", "_ood_"})});
    f["files"]["weight"]["substitute"] = brickline::list({brickline::list({"_ooi_", "_oow_"})});
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Minimal, R"({"plugin": "minimal", "version": "1.2.3", "license": "BSD-3-Clause",
  "cameras": [{"name": "minimal", "aliases": ["tiny"], "claims": [{"INSTRUME": "^minimal$"}]}]})")
