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
class InfiniteWeight : public Faulty {
 public:
  void saturation(Ccd&, Step& step) const override { step.weight()(2, 0) = HUGE_VALF; }
};

// Each step fails with words of its own.
#define THROWS_IN(name, step)                                                                 \
  class name : public Faulty {                                                                \
   public:                                                                                    \
    void step(Ccd&, Step&) const override { throw std::runtime_error("no " #step " today"); } \
  };
THROWS_IN(ThrowsInMetadata, metadata)
THROWS_IN(ThrowsInFiles, files)
THROWS_IN(ThrowsInGoodRegion, good_region)
THROWS_IN(ThrowsInReadMask, read_mask)
THROWS_IN(ThrowsInRemapMask, remap_mask)
THROWS_IN(ThrowsInReadWeight, read_weight)
THROWS_IN(ThrowsInSaturation, saturation)
THROWS_IN(ThrowsInRemapWeight, remap_weight)
THROWS_IN(ThrowsInAfterSky, after_sky)

// Models that no PSF and no sky can be.
class BadModels : public Faulty, public PsfModel, public SkyModel {
 public:
  BadModels(int size, float centre, float level) : size_(size), centre_(centre), level_(level) {}
  bool describe_psf(Ccd&, bl_psf& out) const override {
    out.form = BL_PSF_BASIS;
    out.width = out.height = size_;
    out.sampling = out.x_scale = out.y_scale = 1;
    out.fwhm_pixels = 4;
    out.version[0] = '1';
    return true;
  }
  void psf_planes(Ccd&, Plane<float> out) const override {
    for (std::int64_t y = 0; y < out.height(); ++y)
      for (std::int64_t x = 0; x < out.width(); ++x)
        out(x, y) = x == size_ / 2 && y == size_ / 2 ? centre_ : 0;
  }
  bool describe_sky(Ccd&, bl_sky& out) const override {
    out.form = BL_SKY_CONSTANT;
    out.value = level_;
    out.version[0] = '1';
    return true;
  }

 private:
  int size_;
  float centre_, level_;
};
struct PsfNan : BadModels {
  PsfNan() : BadModels(15, NAN, HUGE_VALF) {}
};
struct PsfEven : BadModels {
  PsfEven() : BadModels(16, 1, NAN) {}
};
struct PsfDark : BadModels {
  PsfDark() : BadModels(15, 0, -HUGE_VALF) {}
};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(R"({"plugin": "faulty", "version": "1.0.0", "cameras": [
    {"name": "throws_in_constructor"}, {"name": "throws_int"}, {"name": "exits"}, {"name": "throws_in_facts"},
    {"name": "unknown_key"}, {"name": "many_problems"}, {"name": "extends_nobody"}, {"name": "extends_itself"},
    {"name": "unknown_bit"}, {"name": "negative_weight"}, {"name": "nan_pixel"}, {"name": "throws_in_step"},
    {"name": "infinite_weight"}, {"name": "throws_in_metadata"}, {"name": "throws_in_files"},
    {"name": "throws_in_good_region"}, {"name": "throws_in_read_mask"}, {"name": "throws_in_remap_mask"},
    {"name": "throws_in_read_weight"}, {"name": "throws_in_saturation"}, {"name": "throws_in_remap_weight"},
    {"name": "throws_in_after_sky"}, {"name": "psf_nan"}, {"name": "psf_even"}, {"name": "psf_dark"}]})",
                         ThrowsInConstructor, ThrowsInt, Exits, ThrowsInFacts, UnknownKey, ManyProblems,
                         ExtendsNobody, ExtendsItself, UnknownBit, NegativeWeight, NanPixel, ThrowsInStep,
                         InfiniteWeight, ThrowsInMetadata, ThrowsInFiles, ThrowsInGoodRegion,
                         ThrowsInReadMask, ThrowsInRemapMask, ThrowsInReadWeight, ThrowsInSaturation,
                         ThrowsInRemapWeight, ThrowsInAfterSky, PsfNan, PsfEven, PsfDark)
