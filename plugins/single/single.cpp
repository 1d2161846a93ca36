// A camera of one CCD as small observatories and amateurs have it: calibrated images in the primary HDU and nothing
// beside them, in counts, with the sky in them. The header's gain, read noise and saturation make weights and mask. Images in
// counts per second have other weights: a camera that says so is to bring its own read_weight.
//
// For a camera of one's own, extend it: {"extends": "single", "detector": {"pixel_scale_arcsec": ..., "bands": ...}}.
#include <algorithm>
#include <brickline/camera.hpp>
#include <cmath>
#include <memory>
#include <vector>

using namespace brickline;

namespace {

// The median of a sample of the whole image: the sky, where sources are few.
double typical_level(Ccd& ccd) {
  const Hdu image = ccd.hdu(Role::image);
  const bl_hdu_info info = image.info();
  constexpr std::int64_t kStrip = 64, kMostStrips = 16;  // rows
  const std::int64_t strips = std::min(kMostStrips, (info.height + kStrip - 1) / kStrip);
  std::vector<float> sample;
  for (std::int64_t i = 0; i < strips; ++i) {
    ccd.stop_if_cancelled();
    const auto y0 = static_cast<std::int32_t>(i * info.height / strips);
    const auto y1 = static_cast<std::int32_t>(std::min<std::int64_t>(y0 + 4, info.height));
    const Pixels<float> rows = image.read<float>({0, static_cast<std::int32_t>(info.width), y0, y1});
    for (std::int64_t y = 0; y < rows.height(); ++y)
      for (std::int64_t x = 0; x < rows.width(); ++x)
        if (std::isfinite(rows(x, y))) sample.push_back(rows(x, y));
  }
  if (sample.empty()) throw Skip("no pixel of the image is a number");
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return *middle;
}

class Single : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f["camera"]["title"] = "One CCD in the primary HDU, image only";
    f["detector"] = {{"pixel_scale_arcsec", 0.5},
                     {"ccds_per_exposure", 1},
                     {"bands", {"u", "g", "r", "i", "z", "B", "V", "R", "I", "L", "Ha"}}};
    f["bands"] = {{"B", {{"wavelength_nm", 436}, {"extinction_per_ebv", 3.63}}},
                  {"V", {{"wavelength_nm", 545}, {"extinction_per_ebv", 2.74}}},
                  {"R", {{"wavelength_nm", 641}, {"extinction_per_ebv", 2.17}}},
                  {"I", {{"wavelength_nm", 798}, {"extinction_per_ebv", 1.51}}},
                  {"L", {{"wavelength_nm", 550}, {"extinction_per_ebv", 2.7}}},
                  {"Ha", {{"wavelength_nm", 656.3}, {"extinction_per_ebv", 2.1}}}};
    f["hdus"]["ccds"] = "primary";
    f["metadata"]["expnum"] = {card("EXPNUM"), card("DATE-OBS").digits(14)};
    f["metadata"]["ccdname"] = constant("");
    f["metadata"]["gain"] = {card("GAIN"), card("EGAIN")};
    f["pixels"] = {{"unit", "total"}, {"nan", "zero_and_mask"}};
    return f;
  }

  // The noise of sky and readout, in the pixels' units; that of the sources is left out, which would make faint parts
  // of a source count more than its bright ones.
  void read_weight(Ccd& ccd, Step& step) const override {
    const std::optional<double> gain = number_of(ccd, {"GAIN", "EGAIN"});
    const std::optional<double> read_noise = number_of(ccd, {"RDNOISE", "READNOIS", "RON"});
    if (!gain || !(*gain > 0) || !read_noise || !(*read_noise >= 0))
      throw Missing(
          "its weights follow from gain (GAIN or EGAIN, electrons per count) and read noise (RDNOISE, READNOIS "
          "or RON, electrons), and the header has not both");
    const double sky = std::max(0.0, typical_level(ccd));
    const double variance = sky / *gain + *read_noise * *read_noise / (*gain * *gain);
    const auto inverse = static_cast<float>(1 / variance);
    if (!std::isfinite(inverse) || !(inverse > 0))
      throw BadInput("sky, gain and read noise make a variance of " + std::to_string(variance) +
                     ": there is nothing to make weights of");
    const Plane<float> weight = step.weight();
    for (std::int64_t y = 0; y < weight.height(); ++y) std::fill_n(weight.row(y), weight.width(), inverse);
  }

  void saturation(Ccd& ccd, Step& step) const override {
    Camera::saturation(ccd, step);
    const std::optional<double> full = number_of(ccd, {"SATURATE", "SATLEVEL"});
    if (!full) return;
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x)
        if (step.image()(x, y) >= *full) {
          step.mask()(x, y) |= mask_bit::satur;
          step.weight()(x, y) = 0;
        }
  }

 private:
  static std::optional<double> number_of(Ccd& ccd, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (const auto value = ccd.card<double>(key)) return value;
    return {};
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Single, R"({"plugin": "single", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "single", "claims": [{"INSTRUME": "^ccd camera$"}]}]})")
