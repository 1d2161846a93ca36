// What an author may write, and, with a definition each, what must not compile.
#include <brickline/camera.hpp>

using namespace brickline;

namespace {

struct Author : Camera {
  Facts facts() const override { return {}; }
#ifdef STEP_THAT_IS_NOT_CONST
  void saturation(Ccd&, Step&) {}
#endif
#ifdef SLOT_BY_POINTER
  struct Slot {};
  Slot* open(Ccd&) const { return nullptr; }
#endif
  void metadata(Ccd& ccd, Step& step) const override {
    Camera::metadata(ccd, step);
    ccd.set(BL_FIELD_EXPTIME, 30);
    ccd.set(BL_FIELD_EXPNUM, 7);
    ccd.set(BL_FIELD_BAND, "g");
    ccd.scratch<float>(10);
    ccd.column<double>("zpt");
    for (const Card& card : ccd.hdu(Role::image).cards()) ccd.log(BL_LOG_DEBUG, card.key);
    ccd.hdu(Role::image).column<std::string>("NAME");
    ccd.hdu(Role::image).column<double>("X");
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Author, R"({"plugin": "a", "version": "1.0.0", "cameras": [{"name": "a"}]})")
