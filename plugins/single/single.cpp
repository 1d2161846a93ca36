// A camera of one CCD as small observatories and amateurs have it: calibrated images in the primary HDU and nothing
// beside them, in counts, with the sky in them. The header's gain, read noise and saturation make weights and mask.
//
// For a camera of one's own, extend it: {"extends": "single", "detector": {"pixel_scale_arcsec": ..., "bands": ...}}; with
// {"pixels": {"unit": "per_second"}} for images that count one second. A header that says another unit (BUNIT) than the facts
// is refused.
#include <algorithm>
#include <brickline/camera.hpp>
#include <cctype>
#include <cmath>
#include <optional>
#include <string>
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

  // What the header says of the pixels' unit is what the facts say.
  void read_image(Ccd& ccd, Step& step) const override {
    counts_one_second(ccd);
    Camera::read_image(ccd, step);
  }

  // The noise of sky and readout, in the pixels' units; that of the sources is left out, which would make faint parts
  // of a source count more than its bright ones.
  void read_weight(Ccd& ccd, Step& step) const override {
    std::optional<double> gain = number_of(ccd, {"GAIN", "EGAIN"});
    const std::optional<double> read_noise = number_of(ccd, {"RDNOISE", "READNOIS", "RON"});
    if (!gain || !(*gain > 0) || !read_noise || !(*read_noise >= 0))
      throw Missing(
          "its weights follow from gain (GAIN or EGAIN, electrons per count) and read noise (RDNOISE, READNOIS "
          "or RON, electrons), and the header has not both");
    if (unit_of(ccd).find("elec") != std::string::npos || unit_of(ccd).find("e-") == 0) gain = 1;
    // Of pixels that count one second, both are of the whole exposure all the same.
    const double seconds = counts_one_second(ccd) ? ccd.exptime() : 1;
    const double sky = std::max(0.0, typical_level(ccd)) * seconds;
    const double variance = (sky / *gain + *read_noise * *read_noise / (*gain * *gain)) / (seconds * seconds);
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
    const double highest = *full / (counts_one_second(ccd) ? ccd.exptime() : 1);
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x)
        if (step.image()(x, y) >= highest) {
          step.mask()(x, y) |= mask_bit::satur;
          step.weight()(x, y) = 0;
        }
  }

 private:
  static std::string unit_of(Ccd& ccd) {
    std::string unit = ccd.card<std::string>("BUNIT").value_or("");
    for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return unit;
  }
  // Whether pixels count one second: the zero points that the program gives tell what the facts say (pixels.unit); the
  // header may say it, too (BUNIT).
  static bool counts_one_second(Ccd& ccd) {
    const std::string unit = unit_of(ccd);
    bool by_header = false;
    for (const char* ending : {"/s", "/ s", "s-1", "s^-1", "s**-1", "per s"})
      by_header = by_header || unit.find(ending) != std::string::npos;
    std::optional<bool> by_facts;
    try {
      const double seconds = ccd.exptime();
      const double more = ccd.number(BL_FIELD_ZERO_POINT) - ccd.number(BL_FIELD_CCDZPT);
      if (std::abs(2.5 * std::log10(seconds)) > 0.01) by_facts = std::abs(more) < 0.005;
    } catch (const Missing&) {
      // Nobody has measured it yet.
    }
    if (!unit.empty() && by_facts && *by_facts != by_header)
      throw BadInput("BUNIT is '" + unit + "', and the fact pixels.unit says that pixels count " +
                     (*by_facts ? "one second" : "the whole exposure"));
    return by_facts.value_or(by_header);
  }
  static std::optional<double> number_of(Ccd& ccd, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (const auto value = ccd.card<double>(key)) return value;
    return {};
  }
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(Single, R"({"plugin": "single", "version": "0.1.0", "license": "BSD-3-Clause",
  "cameras": [{"name": "single", "claims": [{"INSTRUME": "^ccd camera$"}]}]})")
