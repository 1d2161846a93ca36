// A shipped camera with two things changed: one more code of the mask is bad, and the fluxes of one CCD are scaled.
#include <brickline/camera.hpp>
#include <cmath>

using namespace brickline;

namespace {

class DecamPlus : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("decam");
    f["camera"]["title"] = "Example: DECam and a little more";
    // Behind what decam has.
    f["mask"]["pipeline+"] = list({op("codes").table({{"9", "badpix"}})});
    return f;
  }

  // S4 is brighter than its zero point by 0.1 mag. Here, and not in read_image: the sky has been subtracted.
  void after_sky(Ccd& ccd, Step& step) const override {
    Camera::after_sky(ccd, step);
    if (ccd.ccdname() != "S4") return;
    const float scale = std::pow(10.0f, -0.4f * 0.1f);
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x) {
        step.image()(x, y) *= scale;
        step.weight()(x, y) /= scale * scale;
      }
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(DecamPlus, R"({"plugin": "decam_plus", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "decam_plus", "claims": [{"INSTRUME": "^decam_plus$"}]}]})")
