// A camera outside Brickline's tree, in C++17, as its author would begin.
#include <brickline/camera.hpp>

using namespace brickline;

namespace {

class Stranger : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["detector"] = {{"pixel_scale_arcsec", 0.5}, {"bands", {"r", "NB_X"}}};
    f["pixels"]["unit"] = "total";
    return f;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Stranger, R"({"plugin": "stranger", "version": "0.0.1", "license": "MIT",
  "cameras": [{"name": "stranger"}]})")
