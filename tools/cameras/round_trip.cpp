#include "tools/cameras/round_trip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/camera/image_copy.h"
#include "core/camera/made_pixels.h"
#include "core/fits/fits_writer.h"
#include "core/forced/forced_photometry.h"
#include "core/image/read_ccd_image.h"
#include "core/survey/calibration.h"

namespace brickline {
namespace {

using Result = CheckVerdict::Result;
using Faults = std::vector<std::string>;

constexpr int kMostPixels = 480;  // of the window, on a side
constexpr int kStars = 300, kNearest = 11,
              kFarthest = 27;           // how many about, and how far from each other (pixels)
constexpr int kStamp = 63, kHalf = 31;  // of their pictures
constexpr double kCcdZeroPoint = ImageCopy::kZeroPoint;
constexpr double kBeta = 3.5;  // of the Moffat profile

// ---- Stars by brute force ----

// (1 + r^2/alpha^2)^-beta of total light 1.
struct Moffat {
  explicit Moffat(double fwhm) : alpha(fwhm / (2 * std::sqrt(std::pow(2.0, 1 / kBeta) - 1))) {}
  double alpha;
  // The light of the pixel at (x, y) from the star.
  double pixel(int x, int y) const {
    const double distance = std::hypot(x, y);
    const int n = distance < 4 ? 11 : distance < 12 ? 3 : 1;
    double sum = 0;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        const double u = x + (i + 0.5) / n - 0.5, v = y + (j + 0.5) / n - 0.5;
        sum += std::pow(1 + (u * u + v * v) / (alpha * alpha), -kBeta);
      }
    return sum / (n * n) * (kBeta - 1) / (3.14159265358979 * alpha * alpha);
  }
};

Image<double> picture_of(const Moffat& profile) {
  Image<double> out(kStamp, kStamp);
  double total = 0;
  for (int y = 0; y < kStamp; ++y)
    for (int x = 0; x < kStamp; ++x) total += out(x, y) = profile.pixel(x - kHalf, y - kHalf);
  // What lies beyond the picture is within it: a PSF's stamps have the sum 1.
  for (int y = 0; y < kStamp; ++y)
    for (int x = 0; x < kStamp; ++x) out(x, y) /= total;
  return out;
}

// The PSF changes along x by a tenth: at the CCD's left it is one profile, at its right the other.
class TrueStars {
 public:
  explicit TrueStars(int width) : middle_((width - 1) / 2.0), half_(width / 2.0) {}
  double light(double x, int dx, int dy) const {
    const double t = (x - middle_) / half_;
    return (1 - t) / 2 * left_(dx + kHalf, dy + kHalf) + (1 + t) / 2 * right_(dx + kHalf, dy + kHalf);
  }
  // As a row of PSFEx's form.
  fits::Table table(const CcdValues& ccd) const {
    std::vector<float> planes;
    for (int plane = 0; plane < 3; ++plane)
      for (int y = 0; y < kStamp; ++y)
        for (int x = 0; x < kStamp; ++x)
          planes.push_back(static_cast<float>(plane == 0   ? (left_(x, y) + right_(x, y)) / 2
                                              : plane == 1 ? (right_(x, y) - left_(x, y)) / 2
                                                           : 0));
    fits::Table t;
    t.add("psf_mask", planes, {}, {kStamp, kStamp, 3});
    for (const auto& [name, value] : {std::pair{"psfaxis1", kStamp},
                                      {"psfaxis2", kStamp},
                                      {"psfaxis3", 3},
                                      {"polnaxis", 2},
                                      {"polngrp", 1},
                                      {"polgrp1", 1},
                                      {"polgrp2", 1},
                                      {"poldeg1", 1}})
      t.add(name, std::vector<std::int64_t>{value});
    t.add("polname1", std::vector<std::string>{"X_IMAGE"});
    t.add("polname2", std::vector<std::string>{"Y_IMAGE"});
    for (const auto& [name, value] : {std::pair{"polzero1", middle_},
                                      {"polzero2", 0.0},
                                      {"polscal1", half_},
                                      {"polscal2", 1.0},
                                      {"psf_samp", 1.0},
                                      {"psf_fwhm", kFwhm}})
      t.add(name, std::vector<double>{value});
    identify(t, ccd);
    return t;
  }
  static void identify(fits::Table& t, const CcdValues& ccd) {
    t.add("expnum", std::vector<std::int64_t>{ccd.expnum});
    t.add("ccdname", std::vector<std::string>{ccd.ccdname});
    t.add("plver", std::vector<std::string>{ccd.plver});
    t.add("plprocid", std::vector<std::string>{ccd.plprocid});
    t.add("procdate", std::vector<std::string>{ccd.procdate});
  }

 private:
  static constexpr double kFwhm = 4.4;  // pixels
  double middle_, half_;
  Image<double> left_ = picture_of(Moffat(0.95 * kFwhm)), right_ = picture_of(Moffat(1.05 * kFwhm));
};

double median_of(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// ---- The exposure ----

struct Star {
  int x = 0, y = 0;  // of the whole CCD
  double flux = 0;   // nanomaggies
};

class Exposure {
 public:
  explicit Exposure(const CheckInput& input)
      : copy_(input, input.images.front()), stars_of_(copy_.whole().width()) {
    if (copy_.facts().pixels.decode_asinh) throw CheckNotMade{"the image is not linear (decode_asinh)"};
    const Box& whole = copy_.whole();
    const int w = std::min(whole.width(), kMostPixels), h = std::min(whole.height(), kMostPixels);
    const int x0 = (whole.width() - w) / 2, y0 = (whole.height() - h) / 2;
    box_ = {x0, x0 + w, y0, y0 + h};
    OpenCcd ccd = copy_.open();
    exptime_ = ccd.values().exptime;
    own_format_ = !ccd.image_reader().fits();
    std::vector<double> sample;
    const Image<float> pixels = ccd.image_reader().image<float>(copy_.hdu(), box_);
    for (int y = 0; y < pixels.height(); y += 3)
      for (int x = 0; x < pixels.width(); x += 3)
        if (std::isfinite(pixels(x, y))) sample.push_back(pixels(x, y));
    if (sample.empty()) throw CheckNotMade{"the middle of the image has no numbers in it"};
    // Where the facts say that the sky has been subtracted there is none.
    using Origin = SkyFacts::Origin;
    const Origin source = copy_.facts().sky.source;
    if (source == Origin::kCalibration || source == Origin::kPlugin)
      level_ = std::max(median_of(std::move(sample)), 0.0);
  }

  const ImageCopy& copy() const { return copy_; }
  const Box& box() const { return box_; }
  double exptime() const { return exptime_; }

  // Pixels of a star of one nanomaggy, native: what the zero point and the unit of the pixels say.
  double native_per_nanomaggy() const {
    return std::pow(10.0, 0.4 * (kCcdZeroPoint - 22.5)) *
           (copy_.facts().pixels.unit == PixelFacts::Unit::kTotal ? exptime_ : 1);
  }

  // Writes the image with the stars, and noise where there is some, and reads it as a run would.
  CcdImage made(const std::vector<Star>& stars, const Image<float>* noise) {
    Image<float> light(copy_.whole().width(), copy_.whole().height(), static_cast<float>(level_));
    if (own_sky_) put(light, own_sky_->level, box_);
    const double unit = native_per_nanomaggy();
    for (const Star& star : stars) {
      const Image<float> own = own_psf_ ? own_psf_->psf.stamp(star.x, star.y) : Image<float>();
      const int reach_x = own_psf_ ? own.width() / 2 : kHalf, reach_y = own_psf_ ? own.height() / 2 : kHalf;
      for (int dy = -reach_y; dy <= reach_y; ++dy)
        for (int dx = -reach_x; dx <= reach_x; ++dx) {
          const int x = star.x + dx, y = star.y + dy;
          if (!copy_.whole().contains(x, y)) continue;
          const double share = own_psf_ ? own(dx + reach_x, dy + reach_y) : stars_of_.light(star.x, dx, dy);
          light(x, y) += static_cast<float>(star.flux * unit * share);
        }
    }
    if (noise)
      for (int y = 0; y < noise->height(); ++y)
        for (int x = 0; x < noise->width(); ++x) light(noise_at_.x0 + x, noise_at_.y0 + y) += (*noise)(x, y);
    set_pixels(std::move(light));
    return read();
  }

  // What the camera says of an image of nothing but sky: its own models, and the files of the true ones where it has
  // none. To be called first.
  CcdImage sky_alone() {
    set_pixels(Image<float>(copy_.whole().width(), copy_.whole().height(), static_cast<float>(level_)));
    OpenCcd ccd = copy_.open();
    own_psf_ = ccd.psf();
    own_sky_ = ccd.sky(box_);
    if (!own_psf_) write_calibration(CalibrationKind::kPsf, stars_of_.table(ccd.values()), ccd.values());
    if (!own_sky_) {
      // A sky's calibration is made of what read_image gives.
      const Image<float> read_level = ccd.read_image({box_.x0, box_.x0 + 1, box_.y0, box_.y0 + 1});
      fits::Table t;
      t.add("skyclass", std::vector<std::string>{"tractor.sky.ConstantSky"});
      t.add("value", std::vector<double>{read_level(0, 0)});
      TrueStars::identify(t, ccd.values());
      write_calibration(CalibrationKind::kSky, t, ccd.values());
    }
    return made({}, nullptr);
  }

  // What the camera's last step makes of light: its factor at each pixel.
  Image<float> last_factor(const Box& extent) const {
    Image<float> ones(extent.width(), extent.height(), 1.0f), weight = ones;
    Image<std::uint16_t> mask(extent.width(), extent.height());
    OpenCcd ccd = copy_.open();
    ccd.after_sky(extent, ones.view(), mask.view(), weight.view());
    return ones;
  }

  void put_noise_at(const Box& extent) { noise_at_ = extent; }

  // From now on the header says another exposure time. CheckNotMade where it cannot be made to.
  void take_as_long_as(double seconds) {
    const Sources& sources = copy_.facts().metadata.of("exptime");
    if (sources.empty() || sources.front().keys.empty())
      throw CheckNotMade{"the fact metadata.exptime names no card"};
    time_key_ = sources.front().keys.front();
    time_value_ = (seconds - sources.front().offset) / sources.front().scale;
    exptime_ = seconds;
    write_bytes(copy_.image_path(),
                with_time(rewritten(copy_.original(), copy_.hdu(), [](Image<float> p) { return p; })));
    if (const double read = copy_.open().values().exptime; !(std::abs(read - seconds) < 1e-6 * seconds))
      throw CheckNotMade{fmt::format("with the card {} at {:.6g} its exposure time is {:.6g} s", time_key_,
                                     time_value_, read)};
  }

  std::vector<Star> grid(double faintest, double brightest, std::mt19937& random) const {
    std::vector<Star> stars;
    std::uniform_real_distribution<double> share(0, 1);
    // All fluxes are solved together: small images have their stars closer to each other.
    const int apart = std::clamp(static_cast<int>(std::sqrt(static_cast<double>(box_.area()) / kStars)),
                                 kNearest, kFarthest);
    for (int y = box_.y0 + apart / 2; y < box_.y1 - 3; y += apart)
      for (int x = box_.x0 + apart / 2; x < box_.x1 - 3; x += apart)
        stars.push_back({x, y, faintest * std::pow(brightest / faintest, share(random))});
    return stars;
  }

  static std::vector<ForcedSource> sources_of(const std::vector<Star>& stars, const CcdImage& image) {
    std::vector<ForcedSource> sources;
    for (const Star& star : stars) {
      const SkyPosition at = image.full_wcs.pixel_to_sky(star.x, star.y);
      ForcedSource source{.profiles = GalaxyProfiles::kReference};  // a point source has none
      source.model.kind = SourceKind::kPsf;
      source.model.ra = at.ra;
      source.model.dec = at.dec;
      sources.push_back(source);
    }
    return sources;
  }

 private:
  CcdImage read() {
    CcdInput in;
    in.source = copy_.source();
    in.sig1_from_weights = true;
    ReadImageOptions options;
    options.window = box_;
    options.seeing = false;
    options.trim_edges = false;
    options.old_calibs_ok = true;
    options.required = true;
    std::optional<CcdImage> image = read_ccd_image(copy_.camera(), in, options);
    if (!image) throw CheckNotMade{"the middle of the CCD is of no use"};
    return std::move(*image);
  }
  // The pixels of the whole CCD: into the file, or, where only the camera can write it, in place of the file's.
  void set_pixels(Image<float> pixels) {
    made_.reset();
    if (own_format_)
      made_.emplace(copy_.image_path(), copy_.hdu(), std::move(pixels));
    else
      write_bytes(copy_.image_path(),
                  with_time(rewritten(copy_.original(), copy_.hdu(),
                                      [&](const Image<float>&) { return std::move(pixels); })));
  }
  static void put(Image<float>& into, const Image<float>& part, const Box& at) {
    for (int y = 0; y < part.height(); ++y)
      for (int x = 0; x < part.width(); ++x) into(at.x0 + x, at.y0 + y) = part(x, y);
  }
  void write_calibration(CalibrationKind kind, const fits::Table& table, const CcdValues& ccd) const {
    fits::FitsWriter writer;
    writer.add_table(table);
    const std::vector<std::string> names = calibration_paths(kind, copy_.facts().files, ccd);
    if (names.empty()) throw CheckNotMade{"the fact files.calibration leaves no place for its calibrations"};
    write_bytes(copy_.source().locate(SurveyPlace::kCalib, names.front()), writer.finish());
  }
  // The bytes of a FITS file with the card of the exposure time at its value.
  std::string with_time(std::string bytes) const {
    if (time_key_.empty()) return bytes;
    for (const std::size_t at : card_places(bytes)) {
      std::string key = bytes.substr(at, 8);
      key.erase(key.find_last_not_of(' ') + 1);
      if (key == time_key_) bytes.replace(at, 80, card_bytes(key, fmt::format("{:.10g}", time_value_)));
    }
    return bytes;
  }

  ImageCopy copy_;
  TrueStars stars_of_;
  Box box_, noise_at_;
  double exptime_ = 0, level_ = 0, time_value_ = 0;
  std::string time_key_;
  bool own_format_ = false;
  std::optional<MadePixels> made_;
  std::optional<ProvidedPsf> own_psf_;
  std::optional<ProvidedSky> own_sky_;
};

// What comes of a check: the function's faults, an error's words, or why it cannot be made.
template <typename F>
CheckVerdict verdict_of(F&& f) {
  try {
    Faults faults = f();
    return {faults.empty() ? Result::kPass : Result::kFail, std::move(faults)};
  } catch (const CheckNotMade& e) {
    return {Result::kSkip, {e.why}};
  } catch (const SkipCcd& e) {
    return {Result::kFail, {fmt::format("skipped: {}", e.what())}};
  }
}

// A pixel that the camera leaves without weight lies within so many of a star's centre: its flux tells little.
bool is_whole(const CcdImage& image, const Star& star) {
  constexpr int kCore = 4;
  for (int dy = -kCore; dy <= kCore; ++dy)
    for (int dx = -kCore; dx <= kCore; ++dx) {
      const int x = star.x - image.extent.x0 + dx, y = star.y - image.extent.y0 + dy;
      if (!image.data.view().box().contains(x, y) || !(image.inverse_error(x, y) > 0)) return false;
    }
  return true;
}

constexpr const char* kTooFew = "too few places in the middle of the CCD have weight";

// The error of the flux of a star alone on the image's noise, nanomaggies.
double error_of_a_star(const CcdImage& image) {
  std::vector<double> errors;
  for (int y = 0; y < image.inverse_error.height(); ++y)
    for (int x = 0; x < image.inverse_error.width(); ++x)
      if (image.inverse_error(x, y) > 0) errors.push_back(1 / static_cast<double>(image.inverse_error(x, y)));
  if (errors.size() < 100) throw CheckNotMade{kTooFew};
  return median_of(std::move(errors)) / image.psfnorm;
}

constexpr std::size_t kFewestStars = 10;

CheckVerdict round_trip(const CheckInput& input) {
  return verdict_of([&]() -> Faults {
    Exposure exposure(input);
    const CcdImage sky = exposure.sky_alone();
    const Image<float> factor = exposure.last_factor(sky.extent);
    // The noise is what the weights say it is; `pixels.noise` tells whether that is true of real pixels.
    std::mt19937 random(input.seed);
    std::normal_distribution<double> gauss;
    Image<float> noise(sky.data.width(), sky.data.height());
    for (int y = 0; y < noise.height(); ++y)
      for (int x = 0; x < noise.width(); ++x) {
        const double inverse = sky.inverse_error(x, y);
        if (!(inverse > 0)) continue;
        noise(x, y) =
            static_cast<float>(gauss(random) / inverse / factor(x, y) * exposure.native_per_nanomaggy());
      }
    exposure.put_noise_at(sky.extent);
    // Signal to noise 5 to 5000 of a star alone on this noise.
    const double error = error_of_a_star(sky);
    std::vector<Star> stars = exposure.grid(5 * error, 5000 * error, random);
    const CcdImage image = exposure.made(stars, &noise);
    ForcedOptions forced;
    forced.limits = true;
    const ForcedResult found = measure_forced(image, Exposure::sources_of(stars, image), forced);
    // Pulls of the faint, where noise is what counts; the scale of the bright, where it is not.
    std::vector<double> ratios, pulls;
    for (const bool bright : {true, false}) {
      if (!bright && ratios.size() < kFewestStars) throw CheckNotMade{kTooFew};
      const double scale = bright ? 1 : median_of(ratios);
      for (std::size_t i = 0; i < stars.size(); ++i) {
        const ForcedMeasurement& m = found.rows[i];
        if (!(m.flux_ivar_joint > 0) || !is_whole(image, stars[i]) || (stars[i].flux > 200 * error) != bright)
          continue;
        const double truth =
            stars[i].flux * factor(stars[i].x - image.extent.x0, stars[i].y - image.extent.y0);
        if (bright)
          ratios.push_back(m.flux / truth);
        else
          pulls.push_back((m.flux - scale * truth) * std::sqrt(m.flux_ivar_joint));
      }
    }
    if (pulls.size() < kFewestStars) throw CheckNotMade{kTooFew};
    const double ratio = median_of(ratios), n = static_cast<double>(pulls.size());
    double sum = 0, within = 0;
    for (const double pull : pulls)
      if (std::abs(pull) < 5) {
        sum += pull * pull;
        ++within;
      }
    const double chi2 = sum / within, middle = median_of(pulls);
    // What so few stars may be off by chance comes on top.
    const bool scale_is_right = std::abs(ratio - 1) < 0.005,
               noise_is_right = std::abs(middle) < 0.2 + 3.8 / std::sqrt(n) &&
                                std::abs(chi2 - 1) < 0.35 + 3 * std::sqrt(2 / n) && within >= 0.97 * n;
    if (scale_is_right && noise_is_right) return {};
    return {fmt::format(
        "{} bright stars: flux / truth {:.4f}; {} faint ones: median pull {:+.2f}, chi2 {:.2f}, {:.1f} % within 5 "
        "sigma{}",
        ratios.size(), ratio, pulls.size(), middle, chi2, 100 * within / n,
        scale_is_right ? ""
                       : ": a step changes the pixels' scale (that belongs into after_sky), or the facts "
                         "pixels.unit and pixels.exposure_term are not what the pixels are")};
  });
}

CheckVerdict exposure_time(const CheckInput& input) {
  return verdict_of([&]() -> Faults {
    std::map<double, std::vector<double>> fluxes;
    double flux = 0;
    for (const double seconds : {30.0, 300.0}) {
      Exposure exposure(input);
      exposure.take_as_long_as(seconds);
      const CcdImage sky = exposure.sky_alone();
      // As bright in both, and far from what saturates: there is no noise.
      if (flux == 0) flux = 100 * error_of_a_star(sky);
      std::mt19937 random(input.seed);
      const std::vector<Star> stars = exposure.grid(flux, flux, random);
      const CcdImage image = exposure.made(stars, nullptr);
      const ForcedResult found = measure_forced(image, Exposure::sources_of(stars, image));
      for (std::size_t i = 0; i < stars.size(); ++i)
        fluxes[seconds].push_back(is_whole(image, stars[i]) ? found.rows[i].flux : 0);
    }
    std::vector<double> ratios;
    for (std::size_t i = 0; i < fluxes[30].size(); ++i)
      if (fluxes[30][i] > 0 && fluxes[300][i] > 0) ratios.push_back(fluxes[300][i] / fluxes[30][i]);
    if (ratios.size() < kFewestStars) throw CheckNotMade{kTooFew};
    const double ratio = median_of(ratios);
    if (std::abs(ratio - 1) < 0.005) return {};
    return {fmt::format(
        "the same star has {:.4g} times the flux in 300 s that it has in 30 s: see the facts pixels.unit "
        "and pixels.exposure_term",
        ratio)};
  });
}

// A value of the mask's file and what the facts make of it.
struct Code {
  std::int32_t raw = 0;
  std::uint16_t bit = 0;
};

CheckVerdict masked(const CheckInput& input) {
  return verdict_of([&]() -> Faults {
    const ImageCopy copy(input, input.images.front());
    const IdentifiedFile* file = copy.companion("mask");
    if (!file) throw CheckNotMade{"it has no mask file"};
    std::vector<Code> codes;
    bool simple = true;
    OpenCcd ccd = copy.open();
    const fits::Header header = ccd.mask_reader().header(file->hdu);
    bool bleed_is_dropped = false;
    for (const MaskOperation& operation : copy.facts().mask.pipeline) {
      if (!holds(operation.when, ccd.values(), &ccd.headers())) continue;
      const auto take = [&](const mask_op::CodeTable& table) {
        for (const auto& [raw, bit] : table)
          if (bit) codes.push_back({static_cast<std::int32_t>(raw), bit});
      };
      if (const auto* of_codes = std::get_if<mask_op::Codes>(&operation.what)) {
        take(of_codes->table);
      } else if (const auto* of_bits = std::get_if<mask_op::Bits>(&operation.what)) {
        take(of_bits->table);
      } else if (const auto* planes = std::get_if<mask_op::Planes>(&operation.what)) {
        for (const auto& [name, bit] : planes->table)
          if (const auto number = header.number(planes->cards + name); number && bit && planes->names.empty())
            codes.push_back({std::int32_t{1} << static_cast<int>(*number), bit});
      } else {
        simple = false;
        bleed_is_dropped |= std::holds_alternative<mask_op::BleedMustTouchSatur>(operation.what);
      }
    }
    constexpr std::uint16_t kBleed = 0x40;
    if (bleed_is_dropped) std::erase_if(codes, [](const Code& code) { return code.bit == kBleed; });
    if (codes.empty()) throw CheckNotMade{"the fact mask.pipeline has no table of codes or bits"};

    constexpr int kBlock = 6, kStep = 16;
    const Box& whole = copy.whole();
    const int columns = std::max(1, std::min(whole.width(), kMostPixels) / kStep);
    const auto block = [&](std::size_t i) {
      const int x = whole.width() / 2 - columns * kStep / 2 + kStep * (static_cast<int>(i) % columns),
                y = whole.height() / 2 - kStep + kStep * (static_cast<int>(i) / columns);
      return intersection(whole, {x, x + kBlock, y, y + kBlock});
    };
    write_bytes(file->path, rewritten_codes(file->path, file->hdu, [&](Image<std::int32_t>& pixels) {
                  for (int y = 0; y < pixels.height(); ++y)
                    for (int x = 0; x < pixels.width(); ++x) pixels(x, y) = 0;
                  for (std::size_t i = 0; i < codes.size(); ++i) {
                    const Box at = block(i);
                    for (int y = at.y0; y < at.y1; ++y)
                      for (int x = at.x0; x < at.x1; ++x) pixels(x, y) = codes[i].raw;
                  }
                }));
    // A mask in the image's own file: that has been written.
    CcdInput in;
    in.source = copy.source();
    in.sig1_from_weights = true;
    ReadImageOptions options;
    options.sky = options.psf = options.nanomaggies = options.seeing = options.trim_edges = false;
    options.required = true;
    const Box first = block(0), last = block(codes.size() - 1);
    options.window = intersection(
        whole, {std::min(first.x0, last.x0) - 40, std::max(first.x1 + columns * kStep, last.x1) + 40,
                first.y0 - 40, last.y1 + 40});
    const std::optional<CcdImage> image = read_ccd_image(copy.camera(), in, options);
    if (!image) throw CheckNotMade{"the middle of the CCD is of no use"};
    Faults faults;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const Box at = intersection(block(i), image->extent).shifted(-image->extent.x0, -image->extent.y0);
      std::uint16_t bits = 0xffff;
      bool used = false;
      for (int y = at.y0; y < at.y1; ++y)
        for (int x = at.x0; x < at.x1; ++x) {
          bits = static_cast<std::uint16_t>(bits & image->mask(x, y));
          used = used || image->inverse_error(x, y) > 0;
        }
      if (at.empty()) continue;
      if (used || bits == 0)
        faults.push_back(fmt::format("pixels with {:#x} in the mask are used", codes[i].raw));
      else if (simple && !(bits & codes[i].bit))
        faults.push_back(fmt::format("pixels with {:#x} in the mask have the bits {:#x}, not {:#x}",
                                     codes[i].raw, bits, codes[i].bit));
    }
    return faults;
  });
}

std::vector<CheckSpec> combined() {
  std::vector<CheckSpec> specs(check_specs().begin(), check_specs().end());
  specs.push_back({"photometry.round-trip", 7, "measures known fluxes in an exposure that is made", true,
                   round_trip, true});
  specs.push_back({"photometry.exposure-time", 7, "gives a star the same flux however long the exposure",
                   true, exposure_time, true});
  specs.push_back(
      {"photometry.masked", 7, "masks what bears a value of its mask's table", true, masked, true});
  std::stable_sort(specs.begin(), specs.end(),
                   [](const CheckSpec& a, const CheckSpec& b) { return a.level < b.level; });
  return specs;
}

}  // namespace

std::span<const CheckSpec> all_checks() {
  static const std::vector<CheckSpec> all = combined();
  return all;
}

}  // namespace brickline
