// Cameras that fail, each in one way, which its name says.
#include <brickline/camera.hpp>
#include <cmath>
#include <cstdlib>

using namespace brickline;

namespace {

#ifdef THROWS_WHEN_LOADED
// No file to be had: of a static object there is nobody to catch it.
struct Table {
  Table() { throw std::runtime_error("the table of the filters is missing"); }
} const table;
#endif

// What all of them have in common.
class Faulty : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"bands", {"g"}}};
    f["pixels"]["unit"] = "total";
    return f;
  }
};

class ThrowsInConstructor : public Faulty {
 public:
  ThrowsInConstructor() { throw std::runtime_error("the filter wheel is missing"); }
};
class ThrowsInt : public Faulty {
 public:
  ThrowsInt() { throw 42; }
};
class Exits : public Faulty {
 public:
  Exits() { std::exit(0); }
};
class ThrowsInFacts : public Faulty {
 public:
  Facts facts() const override { throw std::runtime_error("no facts today"); }
};
class UnknownKey : public Faulty {
 public:
  Facts facts() const override {
    Facts f = Faulty::facts();
    f["weight"]["trim_exces_pixels"] = 1;
    return f;
  }
};
class ManyProblems : public Faulty {
 public:
  Facts facts() const override {
    Facts f = Faulty::facts();
    f["detector"]["pixel_scale_arcsec"] = 99;
    f["pixels"]["unit"] = "per_minute";
    f["mask"]["pipeline"] = list({op("codes").table({{"1", "badpixel"}})});
    return f;
  }
};
class ExtendsNobody : public Faulty {
 public:
  Facts facts() const override { return Faulty::facts().extend("nobody_at_all"); }
};
class ExtendsItself : public Faulty {
 public:
  Facts facts() const override { return Faulty::facts().extend("extends_itself"); }
};
class UnknownBit : public Faulty {
 public:
  void remap_mask(Ccd&, Step& step) const override { step.mask()(1, 1) = 0x400; }
};
class NegativeWeight : public Faulty {
 public:
  void saturation(Ccd&, Step& step) const override { step.weight()(2, 0) = -1; }
};
class NanPixel : public Faulty {
 public:
  void remap_weight(Ccd&, Step& step) const override { step.image()(0, 2) = std::nanf(""); }
};
class ThrowsInStep : public Faulty {
 public:
  void read_image(Ccd&, Step&) const override { throw 3.5; }
};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(R"({"plugin": "faulty", "version": "1.0.0", "cameras": [
    {"name": "throws_in_constructor"}, {"name": "throws_int"}, {"name": "exits"}, {"name": "throws_in_facts"},
    {"name": "unknown_key"}, {"name": "many_problems"}, {"name": "extends_nobody"}, {"name": "extends_itself"},
    {"name": "unknown_bit"}, {"name": "negative_weight"}, {"name": "nan_pixel"}, {"name": "throws_in_step"}]})",
                         ThrowsInConstructor, ThrowsInt, Exits, ThrowsInFacts, UnknownKey, ManyProblems,
                         ExtendsNobody, ExtendsItself, UnknownBit, NegativeWeight, NanPixel, ThrowsInStep)
