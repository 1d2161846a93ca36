// Cameras that read good images and are wrong all the same: what checks of copies of the images find.
#include <brickline/camera.hpp>
#include <cstdlib>

using namespace brickline;

namespace {

class Base : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("minimal");
    return f;
  }
};

// Light is lost, and more of it where there is more.
class LosesLight : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x) step.image()(x, y) *= 0.5f;
  }
};

// What it did not think of is no error that it knows.
class Stumbles : public Base {
 public:
  void saturation(Ccd& ccd, Step& step) const override {
    if (!(ccd.exptime() < 1e6)) throw std::runtime_error("there is no such exposure");
    Camera::saturation(ccd, step);
  }
};

// A weight that is not there is none of its business.
class CrashesWithout : public Base {
 public:
  void read_weight(Ccd& ccd, Step& step) const override {
    try {
      Camera::read_weight(ccd, step);
    } catch (const Missing&) {
      std::abort();
    }
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(R"({"plugin": "fragile", "version": "1.0.0", "cameras": [{"name": "loses_light"},
  {"name": "stumbles"}, {"name": "crashes_without"}]})",
                         LosesLight, Stumbles, CrashesWithout)
