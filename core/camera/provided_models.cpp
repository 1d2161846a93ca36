// World coordinates, PSF and sky that a camera's plugin makes itself.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "core/camera/fits_camera.h"
#include "core/camera/open_ccd.h"
#include "core/camera/output_checks.h"
#include "core/camera/text_cards.h"

namespace brickline {
namespace {

constexpr std::size_t kMostCardText = 1u << 20;  // bytes

// Lines "KEY = value" as a plugin writes them.
fits::Header parse_cards(const std::string& text, const std::string& camera) {
  try {
    const std::vector<fits::Header> blocks = parse_text_cards(text);
    return blocks.empty() ? fits::Header() : blocks.front();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    throw plugin_error("camera {}: wcs returned {}", camera, e.message());
  }
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
    check_output(
        *impl_, CameraStep::kSky, sky.level.const_view(), box, [](float v) { return std::isfinite(v); },
        [](float v) { return std::isfinite(v) ? std::string() : std::string("a level that is not finite"); });
    return sky;
  }
  return {};
}

}  // namespace brickline
