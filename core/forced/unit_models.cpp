#include "core/forced/unit_models.h"

#include <cmath>

namespace brickline {
namespace {

constexpr double kFarthestRadii = 10;  // beyond what any galaxy's model reaches

}  // namespace

UnitModels::UnitModels(const CcdImage& image, GalaxyProfiles profiles)
    : image_(image),
      renderer_({.profiles = profiles}),
      exact_renderer_({.shift = PsfShift::kFourier, .profiles = profiles}) {
  target_ = {image.data.width(), image.data.height(), image.wcs.cd(), nullptr, 0};
  if (image.psf.is_constant()) constant_ = std::make_unique<PsfKernel>(image.psf, 0, 0);
}

bool UnitModels::near_image(const SourceModel& source, PixelPosition at) const {
  double reach = image_.psf.radius_pixels() + 2;
  if (source.is_galaxy()) reach += kFarthestRadii * std::exp(source.shape.log_re) / image_.pixel_scale_arcsec;
  if (source.bulge)
    reach += kFarthestRadii * std::exp(source.bulge->shape.log_re) / image_.pixel_scale_arcsec;
  return at.x > -reach && at.y > -reach && at.x < target_.width + reach && at.y < target_.height + reach;
}

std::optional<Patch> UnitModels::patch(const SourceModel& source, PixelPosition at) {
  if (!near_image(source, at)) return std::nullopt;
  const std::unique_ptr<PsfKernel> own = constant_ ? nullptr : kernel_at(at);
  target_.psf = own ? own.get() : constant_.get();
  return renderer_.patch(source, at, target_);
}

std::unique_ptr<PsfKernel> UnitModels::kernel_at(PixelPosition at) const {
  return std::make_unique<PsfKernel>(image_.psf, at.x, at.y);
}

std::optional<Patch> UnitModels::patch_on(const Box& box, const SourceModel& source, PixelPosition at,
                                          const PsfKernel& psf) {
  target_.psf = &psf;
  return exact_renderer_.patch_on(box, source, at, target_);
}

}  // namespace brickline
