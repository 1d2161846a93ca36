// A camera that brings its PSFs, and with PROVIDES_SKY its skies, and goes by the name of another: simulated images are
// read by it without being changed.
#include <brickline/camera.hpp>
#include <cmath>
#include <cstring>

namespace {

using namespace brickline;

class Provides : public Camera, public PsfModel, public SkyModel {
 public:
  Facts facts() const override {
    Facts f;
    f["camera"]["title"] = "A camera that knows its PSF";
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"ccds_per_exposure", 1}, {"bands", {"g", "r", "z"}}};
    f["pixels"]["unit"] = "total";
    f["files"]["mask"]["substitute"] = list({list({"_ooi_", "_ood_"})});
    f["files"]["weight"]["substitute"] = list({list({"_ooi_", "_oow_"})});
    f["psf"]["source"] = "plugin";
    return f;
  }

  bool describe_psf(Ccd& ccd, bl_psf& out) const override {
    out.form = BL_PSF_BASIS;
    out.width = out.height = kSize;
    out.sampling = 1;
    out.x_scale = out.y_scale = 1;
    out.fwhm_pixels = ccd.require<double>("FWHM");
    std::strcpy(out.version, "gaussian-1");
    return true;
  }
  void psf_planes(Ccd& ccd, Plane<float> out) const override {
    const double sigma = ccd.require<double>("FWHM") / 2.3548;
    for (std::int64_t y = 0; y < out.height(); ++y)
      for (std::int64_t x = 0; x < out.width(); ++x) {
        const double dx = static_cast<double>(x - kSize / 2), dy = static_cast<double>(y - kSize / 2);
        out(x, y) = static_cast<float>(std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma)) /
                                       (6.283185307 * sigma * sigma));
      }
  }

  bool describe_sky(Ccd& ccd, bl_sky& out) const override {
#ifdef PROVIDES_SKY
    out.form = BL_SKY_CONSTANT;
    out.value = ccd.require<double>("AVSKY");
    std::strcpy(out.version, "header-1");
    return true;
#else
    static_cast<void>(ccd);
    static_cast<void>(out);
    return false;
#endif
  }

 private:
  static constexpr int kSize = 31;
};

}  // namespace

#ifdef PROVIDES_SKY
BRICKLINE_CAMERA_PLUGIN(Provides,
                        R"({"plugin": "provides_both", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "provides_both", "aliases": ["decam"], "claims": []}]})")
#else
BRICKLINE_CAMERA_PLUGIN(Provides, R"({"plugin": "provides_psf", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "provides_psf", "aliases": ["decam"], "claims": []}]})")
#endif
