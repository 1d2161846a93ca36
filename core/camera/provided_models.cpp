// World coordinates, PSF and sky that a camera's plugin makes itself.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "core/base/numbers.h"
#include "core/camera/fits_camera.h"
#include "core/camera/open_ccd.h"
#include "core/camera/output_checks.h"

namespace brickline {
namespace {

constexpr std::size_t kMostCardText = 1u << 20;  // bytes

// The value of "KEY = value / comment": quoted, a number, or words.
fits::CardValue card_value(std::string_view text, const std::string& key) {
  if (text.starts_with('\'')) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] != '\'') {
        value += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '\'') {
        value += text[i++];
      } else {
        const std::string_view rest = stripped(text.substr(i + 1));
        if (!rest.empty() && !rest.starts_with('/'))
          throw input_error("{}: '{}' stands behind the text's end", key, rest);
        return value;
      }
    }
    throw input_error("{}: the text has no closing quote", key);
  }
  if (const auto comment = text.find('/'); comment != std::string_view::npos)
    text = stripped(text.substr(0, comment));
  if (text.empty()) throw input_error("{} has no value", key);
  if (const auto number = parse_double(text, NonFinite::kAllowed)) {
    if (!std::isfinite(*number)) throw input_error("{} is {}, not a finite number", key, text);
    return *number;
  }
  static const Pattern kWords("^[A-Za-z][A-Za-z0-9 ._+:-]*$");
  if (!kWords.found_in(text)) throw input_error("{}: '{}' is neither a number nor a text", key, text);
  return std::string(text);
}

// Lines "KEY = value" as a plugin writes them.
fits::Header parse_cards(const std::string& text, const std::string& camera) {
  fits::Header cards;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = one_line(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (stripped(line).empty()) continue;
    const auto equals = line.find('=');
    const std::string key(stripped(std::string_view(line).substr(0, equals)));
    static const Pattern kKey("^[A-Z0-9_-]{1,8}$");
    try {
      if (equals == std::string::npos || !kKey.found_in(key))
        throw input_error("no \"KEY = value\" with a FITS keyword of 1 to 8 of A-Z, 0-9, _ and -");
      cards.set(key, card_value(stripped(std::string_view(line).substr(equals + 1)), key));
    } catch (const Error& e) {
      throw plugin_error("camera {}: wcs returned the line \"{}\": {}", camera, line, e.message());
    }
  }
  return cards;
}

std::string version_text(const char (&version)[32], const std::string& camera, CameraStep which) {
  const std::string text = one_line({version, strnlen(version, sizeof version)});
  if (text.empty()) throw plugin_error("camera {}: {} has no version", camera, name_of(which));
  return text;
}

}  // namespace

std::optional<fits::Header> OpenCcd::wcs_cards() {
  for (int i = 0; i < impl_->layers(); ++i) {
    const bl_wcs* wcs = impl_->at(i).wcs;
    if (!wcs || !wcs->cards) continue;
    TextSink text(kMostCardText);
    const bl_sink sink = text.table();
    const bool made = impl_->call(CameraStep::kWcsCards, i, [&](void* instance, void* slot, bl_error* error) {
      return wcs->cards(instance, slot, to_handle(impl_.get()), &sink, error);
    });
    if (text.is_full())
      throw plugin_error("camera {}: wcs returned more than {} bytes", camera().name(), kMostCardText);
    if (made) return parse_cards(text.take(), camera().name());
  }
  return default_wcs_cards(*impl_);
}

std::optional<ProvidedPsf> OpenCcd::psf() {
  for (int i = 0; i < impl_->layers(); ++i) {
    const bl_psf_model* model = impl_->at(i).psf;
    if (!model || !model->describe || !model->planes) continue;
    bl_psf d{};
    d.struct_size = sizeof d;
    if (!impl_->call(CameraStep::kPsf, i, [&](void* instance, void* slot, bl_error* error) {
          return model->describe(instance, slot, to_handle(impl_.get()), &d, error);
        }))
      continue;
    const auto valid = [&](bool ok, const char* what) {
      if (!ok)
        throw plugin_error("camera {}: psf returned {} for {}", camera().name(), what,
                           values().image_filename);
    };
    const auto odd_size = [](int n) { return n >= 5 && n <= 255 && n % 2 == 1; };
    valid(d.form == BL_PSF_BASIS, "an unknown form");
    valid(odd_size(d.width) && odd_size(d.height), "a size that is not odd and within 5 to 255");
    valid(d.degree >= 0 && d.degree <= 5, "a degree outside 0 to 5");
    valid(d.x_scale > 0 && d.y_scale > 0 && std::isfinite(d.x_zero) && std::isfinite(d.y_zero),
          "a bad scale");
    const int n = (d.degree + 1) * (d.degree + 2) / 2;
    Image<float> cube(d.width, d.height * n);
    const bl_view view = to_bl(cube.view());
    if (!impl_->call(CameraStep::kPsf, i, [&](void* instance, void* slot, bl_error* error) {
          return model->planes(instance, slot, to_handle(impl_.get()), &view, error);
        }))
      continue;
    std::vector<Image<float>> planes;
    for (int p = 0; p < n; ++p) planes.push_back(crop(cube, {0, d.width, p * d.height, (p + 1) * d.height}));
    const std::string fault = psf_fault(planes, d.sampling, d.fwhm_pixels);
    valid(fault.empty(), fault.c_str());
    const Psf::Polynomial polynomial{d.degree, d.x_zero, d.y_zero, d.x_scale, d.y_scale};
    return ProvidedPsf{Psf(std::move(planes), polynomial, d.fwhm_pixels, true, d.sampling),
                       version_text(d.version, camera().name(), CameraStep::kPsf)};
  }
  return {};
}

std::optional<ProvidedSky> OpenCcd::sky(const Box& box) {
  for (int i = 0; i < impl_->layers(); ++i) {
    const bl_sky_model* model = impl_->at(i).sky;
    if (!model || !model->describe) continue;
    bl_sky d{};
    d.struct_size = sizeof d;
    if (!impl_->call(CameraStep::kSky, i, [&](void* instance, void* slot, bl_error* error) {
          return model->describe(instance, slot, to_handle(impl_.get()), &d, error);
        }))
      continue;
    if (d.form != BL_SKY_CONSTANT && !(d.form == BL_SKY_WINDOW && model->render))
      throw plugin_error("camera {}: sky returned an unknown form", camera().name());
    ProvidedSky sky{Image<float>(box.width(), box.height(), static_cast<float>(d.value)),
                    version_text(d.version, camera().name(), CameraStep::kSky)};
    if (d.form == BL_SKY_WINDOW) {
      const bl_box window = to_bl(box);
      const bl_view view = to_bl(sky.level.view());
      if (!impl_->call(CameraStep::kSky, i, [&](void* instance, void* slot, bl_error* error) {
            return model->render(instance, slot, to_handle(impl_.get()), &window, &view, error);
          }))
        continue;
    }
    check_output(*impl_, CameraStep::kSky, sky.level.const_view(), box, [](float v) {
      return std::isfinite(v) ? std::string() : std::string("a level that is not finite");
    });
    return sky;
  }
  return {};
}

}  // namespace brickline
