// MegaCam on the CFHT: 36 or 40 CCDs of 2048 x 4612 pixels, in the form that Elixir and its weight maps have:
// images in ADU with the sky in, weights (inverse variances, 0 where a pixel is of no use) in files beside them,
// no masks.
#include <brickline/camera.hpp>

using namespace brickline;

namespace {

class MegaCam : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["camera"] = {{"title", "MegaCam"}, {"institution", "CFHT 3.6m"}};
    f["detector"] = {{"pixel_scale_arcsec", 0.187},
                     {"ccds_per_exposure", 36},
                     {"ccd_names", "/^ccd[0-9]{2}$/"},
                     {"size_pixels", {2048, 4612}},
                     {"bands", {"u", "g", "r", "i", "z"}}};
    // "r.MP9601", and "i.MP9702" for the filters that came later.
    f["metadata"]["band"] = card("FILTER").in("either").match(R"(^([ugriz])\.MP)");
    f["metadata"]["expnum"] = card("OBSID").in("either");
    f["metadata"]["fwhm"] = card("IQFINAL").in("either").scale(1 / 0.187);
    f["files"]["weight"] = {{"substitute", list({list({".fits", ".weight.fits"})})}};
    f["pixels"]["unit"] = "total";
    return f;
  }

  // There are no masks: the header says where a pixel is full.
  void saturation(Ccd& ccd, Step& step) const override {
    Camera::saturation(ccd, step);
    const std::optional<double> full = ccd.card<double>("SATURATE");
    if (!full) return;
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x)
        if (step.image()(x, y) >= *full) {
          step.mask()(x, y) |= mask_bit::satur;
          step.weight()(x, y) = 0;
        }
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(MegaCam, R"({"plugin": "megacam", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "megacam", "aliases": ["megaprime"], "claims": [{"INSTRUME": "^megaprime$"}]}]})")
