// What the checks of a camera have in common. Internal to core/camera.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/camera/identify.h"
#include "core/camera/image_copy.h"
#include "core/camera/plugin_checks.h"

namespace brickline::checks {

namespace fs = std::filesystem;
using Result = CheckVerdict::Result;

inline CheckVerdict fails(std::vector<std::string> evidence) { return {Result::kFail, std::move(evidence)}; }
inline CheckVerdict warns(std::vector<std::string> evidence) { return {Result::kWarn, std::move(evidence)}; }
inline CheckVerdict skips(std::string why) { return {Result::kSkip, {std::move(why)}}; }
inline CheckVerdict passes_unless(std::vector<std::string> faults, Result otherwise = Result::kFail) {
  return faults.empty() ? CheckVerdict{} : CheckVerdict{otherwise, std::move(faults)};
}

// What is said while something is done.
class Heard : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) override {
    if (level >= LogLevel::kWarning) warnings.emplace_back(message);
    if (message.starts_with("printed by ")) printed.emplace_back(message);
  }
  std::vector<std::string> warnings, printed;
};

inline CameraRegistry scan(const CheckInput& input, Log log = {}) {
  return CameraRegistry::scan(input.search, log);
}

// The error's words, if the function throws one.
template <typename F>
std::vector<std::string> faults_of(F&& f) {
  try {
    f();
    return {};
  } catch (const SkipCcd& e) {
    return {fmt::format("skipped: {}", e.what())};
  } catch (const Error& e) {
    return {e.line()};
  }
}

struct Planes {
  Image<float> image;
  Image<std::uint16_t> mask;
  Image<float> weight;
};

inline bool same_bits(const Planes& a, const Planes& b, bool image_alone) {
  const auto same = [](const auto& x, const auto& y) {
    if (x.width() != y.width() || x.height() != y.height()) return false;
    for (int row = 0; row < x.height(); ++row)
      if (std::memcmp(x.row(row), y.row(row), static_cast<std::size_t>(x.width()) * sizeof *x.row(row)) != 0)
        return false;
    return true;
  };
  return same(a.image, b.image) && (image_alone || (same(a.mask, b.mask) && same(a.weight, b.weight)));
}

inline Planes cropped(const Planes& whole, const Box& of, const Box& part) {
  const Box inside = part.shifted(-of.x0, -of.y0);
  return {crop(whole.image, inside), crop(whole.mask, inside), crop(whole.weight, inside)};
}

// The steps as a run takes them, but for what lies between: weights are turned into inverse variances and that is
// all.
inline Planes run_steps(OpenCcd& ccd, const Box& box) {
  using Kind = WeightFacts::Kind;
  Planes p;
  p.image = ccd.read_image(box);
  std::optional<Image<std::int32_t>> raw = ccd.read_mask(box);
  if (!raw) raw.emplace(box.width(), box.height());
  p.mask = ccd.remap_mask(box, raw->const_view(), p.image.const_view());
  std::optional<Image<float>> weight = ccd.read_weight(box);
  p.weight = weight ? std::move(*weight) : Image<float>(box.width(), box.height(), 1.0f);
  const Kind* stated = ccd.camera().facts().weight.kind.find(ccd.values(), &ccd.headers());
  const Kind kind = stated && weight ? *stated : Kind::kInverseVariance;
  for (int y = 0; y < box.height(); ++y)
    for (int x = 0; x < box.width(); ++x) {
      float& w = p.weight(x, y);
      if (kind == Kind::kSigma) w *= w;
      if (kind == Kind::kSigma || kind == Kind::kVariance) w = w > 0 ? 1 / w : 0;
      if (!(w > 0) || !std::isfinite(p.image(x, y)) || p.mask(x, y)) w = 0;
    }
  ccd.saturation(box, p.image.view(), p.mask.view(), p.weight.view());
  ccd.remap_weight(box, p.image.view(), p.mask.view(), p.weight.view());
  return p;
}

// Does something with every CCD of every image, or with the first of each.
template <typename F>
std::vector<std::string> with_ccds(const CheckInput& input, bool all, F&& f) {
  CameraRegistry registry = scan(input);
  std::vector<std::string> faults;
  for (const fs::path& image : input.images) {
    const IdentifiedImage found = identify_image(registry, image, input.camera, input.images_dir);
    const fs::path images =
        input.images_dir.empty() ? found.path.parent_path() : fs::absolute(input.images_dir);
    for (const IdentifiedCcd& ccd : found.ccds) {
      CcdSource source;
      source.values.image_filename = found.path.lexically_relative(images).string();
      source.values.image_hdu = ccd.hdu;
      source.values.ccdzpt = ImageCopy::kZeroPoint;
      source.locate = [images](SurveyPlace place, const std::string& relative) {
        return place == SurveyPlace::kImages ? images / relative : images.parent_path() / relative;
      };
      const auto open = [&] { return registry.camera(input.camera).open(source, Purpose::kRun); };
      for (const std::string& fault : faults_of([&] {
             for (const std::string& own : f(open, Box::from_size(ccd.width, ccd.height)))
               faults.push_back(own);
           }))
        faults.push_back(fault);
      if (!all) break;
    }
  }
  return faults;
}

using Faults = std::vector<std::string>;

// No larger than that: a check is to be quick.
inline Box middle_of(const Box& whole, int most = 1024) {
  const int w = std::min(whole.width(), most), h = std::min(whole.height(), most);
  const int x0 = (whole.width() - w) / 2, y0 = (whole.height() - h) / 2;
  return {x0, x0 + w, y0, y0 + h};
}

// Checks on changed copies of an image (damage_checks.cpp).
CheckVerdict photometry_colour(const CheckInput& input);
CheckVerdict photometry_light(const CheckInput& input);
CheckVerdict robust_cards(const CheckInput& input);
CheckVerdict robust_truncated(const CheckInput& input);
CheckVerdict robust_missing_file(const CheckInput& input);
CheckVerdict robust_pixels(const CheckInput& input);
CheckVerdict fuzz_headers(const CheckInput& input);
CheckVerdict fuzz_bytes(const CheckInput& input);

// Checks of what a camera's code does beside its work (conduct_checks.cpp).
CheckVerdict load_process_state(const CheckInput& input);
CheckVerdict describe_handshake(const CheckInput& input);
CheckVerdict describe_extensions(const CheckInput& input);
CheckVerdict identify_foreign(const CheckInput& input);
CheckVerdict pixels_stride(const CheckInput& input);
CheckVerdict robust_throws(const CheckInput& input);
CheckVerdict robust_out_of_memory(const CheckInput& input);
CheckVerdict robust_cancel(const CheckInput& input);
CheckVerdict stress_struct_size(const CheckInput& input);
CheckVerdict stress_leak(const CheckInput& input);

}  // namespace brickline::checks
