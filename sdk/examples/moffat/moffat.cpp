// Models of one's own: the PSF is a Moffat profile of the header's width, the sky is flat and stands in the header. No
// calibration files are needed. Otherwise as the Community Pipeline writes images ("noirlab-cp").
#include <brickline/camera.hpp>
#include <cmath>
#include <cstring>

using namespace brickline;

namespace {

constexpr int kSize = 63;      // of the stamp, pixels
constexpr double kBeta = 3.5;  // the exponent of the wings

// The light of a pixel: the mean of the profile over it.
double pixel_light(double x, double y, double alpha) {
  const double distance = std::hypot(x, y);
  const int n = distance < 4 ? 15 : distance < 12 ? 5 : 2;
  double sum = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double u = x + (i + 0.5) / n - 0.5, v = y + (j + 0.5) / n - 0.5;
      sum += std::pow(1 + (u * u + v * v) / (alpha * alpha), -kBeta);
    }
  return sum / (n * n);
}

class MoffatCamera : public Camera, public PsfModel, public SkyModel {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("noirlab-cp");
    f["camera"]["title"] = "Example: PSF and sky of its own";
    f["detector"] = {{"pixel_scale_arcsec", 0.262}, {"bands", {"g", "r", "z"}}};
    f["pixels"]["unit"] = "total";
    f["checks"]["version_validation"] = "existence";
    return f;
  }

  bool describe_psf(Ccd& ccd, bl_psf& out) const override {
    out.form = BL_PSF_BASIS;
    out.width = out.height = kSize;
    out.sampling = 1;
    out.x_scale = out.y_scale = 1;
    out.fwhm_pixels = ccd.require<double>("FWHM");
    std::strcpy(out.version, "moffat-1");
    return true;
  }
  void psf_planes(Ccd& ccd, Plane<float> out) const override {
    // The header's width is that of stars on the pixels; a pixel adds the variance 1/12 of its own.
    const double fwhm = ccd.require<double>("FWHM");
    const double profile = std::sqrt(fwhm * fwhm - 8 * std::log(2.0) / 12);
    const double alpha = profile / (2 * std::sqrt(std::pow(2.0, 1 / kBeta) - 1));
    double sum = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x) {
          const double light = pixel_light(x - kSize / 2, y - kSize / 2, alpha);
          if (pass == 0)
            sum += light;
          else
            out(x, y) = static_cast<float>(light / sum);
        }
  }

  bool describe_sky(Ccd& ccd, bl_sky& out) const override {
    out.form = BL_SKY_CONSTANT;
    out.value = ccd.require<double>("AVSKY");
    std::strcpy(out.version, "flat-1");
    return true;
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(MoffatCamera, R"({"plugin": "moffat", "version": "1.0.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "moffat", "claims": [{"INSTRUME": "^moffat$"}]}]})")
