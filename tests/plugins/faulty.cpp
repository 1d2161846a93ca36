// Cameras that fail, each in one way, chosen by FAULT_<WAY>; the camera's name is FIXTURE.
#include <brickline/camera.hpp>
#include <cstdlib>

using namespace brickline;

#ifdef FAULT_UNDEFINED_SYMBOL
void nobody_defines_this(int);
#endif

namespace {

class Faulty : public Camera {
 public:
  Faulty() {
#ifdef FAULT_THROWS_IN_CONSTRUCTOR
    throw std::runtime_error("the filter wheel is missing");
#endif
#ifdef FAULT_THROWS_INT
    throw 42;
#endif
#ifdef FAULT_EXITS
    std::exit(0);
#endif
#ifdef FAULT_UNDEFINED_SYMBOL
    nobody_defines_this(1);
#endif
  }
  Facts facts() const override {
#ifdef FAULT_THROWS_IN_FACTS
    throw std::runtime_error("no facts today");
#endif
    Facts f;
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"bands", {"g"}}};
    f["pixels"]["unit"] = "total";
#ifdef FAULT_UNKNOWN_KEY
    f["weight"]["trim_exces_pixels"] = 1;
#endif
#ifdef FAULT_MANY_PROBLEMS
    f["detector"]["pixel_scale_arcsec"] = 99;
    f["pixels"]["unit"] = "per_minute";
    f["mask"]["pipeline"] = list({op("codes").table({{"1", "badpixel"}})});
#endif
#ifdef FAULT_EXTENDS_NOBODY
    f.extend("nobody_at_all");
#endif
#ifdef FAULT_EXTENDS_ITSELF
    f.extend(FIXTURE);
#endif
    return f;
  }
#ifdef FAULT_UNKNOWN_BIT
  void remap_mask(Ccd&, Step& step) const override { step.mask()(1, 1) = 0x400; }
#endif
#ifdef FAULT_NEGATIVE_WEIGHT
  void saturation(Ccd&, Step& step) const override { step.weight()(2, 0) = -1; }
#endif
#ifdef FAULT_NAN_PIXEL
  void remap_weight(Ccd&, Step& step) const override { step.image()(0, 2) = std::nanf(""); }
#endif
#ifdef FAULT_THROWS_IN_STEP
  void read_image(Ccd&, Step&) const override { throw 3.5; }
#endif
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Faulty, "{\"plugin\": \"" FIXTURE
                                "\", \"version\": \"1.0.0\", \"cameras\": [{\"name\": \"" FIXTURE "\"}]}")
