// A camera that calls a function which the host has since a later minor.
#include <brickline/camera_abi.h>

// As the header of that minor would say.
namespace brickline {
inline namespace v0 {
template <auto Function>
struct Since;
template <>
struct Since<&bl_host::table_text> {
  static constexpr unsigned minor = 1;
};
}  // namespace v0
}  // namespace brickline

#include <brickline/camera.hpp>

using namespace brickline;

namespace {

class Later : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"bands", {"g"}}};
    f["pixels"]["unit"] = "total";
    return f;
  }
  void files(Ccd& ccd, Step& step) const override {
    Camera::files(ccd, step);
    ccd.hdu(Role::image, Select::number(1)).column<std::string>("NAME");
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Later, "{\"plugin\": \"" FIXTURE
                               "\", \"version\": \"1.0.0\", \"cameras\": [{\"name\": \"" FIXTURE "\"}]}")
