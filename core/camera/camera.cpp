#include "core/camera/camera.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/camera/fits_camera.h"
#include "core/camera/open_ccd.h"
#include "core/camera/output_checks.h"
#include "core/camera/plugin_trust.h"
#include "core/facts/mask_bits.h"

namespace brickline {

std::string_view name_of(CameraStep step) {
  switch (step) {
    case CameraStep::kOpen:
      return "open";
    case CameraStep::kMetadata:
      return "metadata";
    case CameraStep::kFiles:
      return "files";
    case CameraStep::kGoodRegion:
      return "good_region";
    case CameraStep::kReadImage:
      return "read_image";
    case CameraStep::kReadMask:
      return "read_mask";
    case CameraStep::kRemapMask:
      return "remap_mask";
    case CameraStep::kReadWeight:
      return "read_weight";
    case CameraStep::kSaturation:
      return "saturation";
    case CameraStep::kRemapWeight:
      return "remap_weight";
    case CameraStep::kAfterSky:
      return "after_sky";
    case CameraStep::kWcsCards:
      return "wcs";
    case CameraStep::kPsf:
      return "psf";
    case CameraStep::kSky:
      return "sky";
    case CameraStep::kFormat:
      return "format";
  }
  return "";
}

std::function<std::filesystem::path(SurveyPlace, const std::string&)> locate_in_survey(
    std::filesystem::path survey_dir, std::filesystem::path cache_dir) {
  return [survey_dir = std::move(survey_dir), cache_dir = std::move(cache_dir)](SurveyPlace place,
                                                                                const std::string& relative) {
    const std::filesystem::path below =
        place == SurveyPlace::kImages  ? std::filesystem::path("images") / relative
        : place == SurveyPlace::kCalib ? std::filesystem::path("calib") / relative
                                       : std::filesystem::path(relative);
    if (!cache_dir.empty() && std::filesystem::exists(cache_dir / below)) return cache_dir / below;
    return survey_dir / below;
  };
}

bool leaves_its_directory(const std::filesystem::path& relative) {
  return relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end();
}

// ---- Camera ----

Camera::Camera(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Camera::~Camera() = default;

const std::string& Camera::name() const { return impl_->facts.camera.name; }
const CameraFacts& Camera::facts() const { return impl_->facts; }
const std::string& Camera::facts_json() const { return impl_->facts_json; }
const CameraProvenance& Camera::provenance() const { return impl_->provenance; }

bool Camera::overrides(CameraStep step) const {
  for (const LoadedCamera* layer : impl_->chain) {
    if (step == CameraStep::kWcsCards ? layer->wcs != nullptr
        : step == CameraStep::kPsf    ? layer->psf != nullptr
        : step == CameraStep::kSky    ? layer->sky != nullptr
        : step == CameraStep::kFormat ? layer->format != nullptr
        : step == CameraStep::kOpen   ? layer->table->open != nullptr
                                      : layer->step(step) != nullptr)
      return true;
  }
  return false;
}

std::filesystem::path Camera::data_file(std::string_view reference) const {
  constexpr std::string_view kPrefix = "data:";
  if (!reference.starts_with(kPrefix))
    throw plugin_error("camera {}: '{}' does not begin with {}", name(), reference, kPrefix);
  const std::filesystem::path relative(reference.substr(kPrefix.size()));
  if (relative.empty() || leaves_its_directory(relative))
    throw plugin_error("camera {}: '{}' leaves the plugin's data directory", name(), reference);
  std::string searched;
  for (const LoadedCamera* layer : impl_->chain) {
    const std::filesystem::path file = layer->plugin->data_directory / relative;
    if (std::filesystem::is_regular_file(file)) {
      if (const Refusal refusal = judge_trust(file, layer->plugin->allow_insecure).refusal)
        throw plugin_error("{}", refusal.sentence);
      return file;
    }
    searched += (searched.empty() ? "" : ", ") + layer->plugin->data_directory.string();
  }
  throw plugin_error("camera {}: no data file {} in {}", name(), relative.string(), searched);
}

OpenCcd Camera::peek(CcdSource source, Log log) const {
  auto ccd = std::make_unique<OpenCcd::Impl>();
  ccd->camera = this;
  ccd->values = source.values;
  ccd->source = std::move(source);
  ccd->purpose = Purpose::kCheck;
  ccd->log = log;
  ccd->files.resize(3);
  ccd->files[BL_ROLE_IMAGE].path = ccd->source.locate(SurveyPlace::kImages, ccd->values.image_filename);
  ccd->slots.assign(static_cast<std::size_t>(ccd->layers()), nullptr);
  return OpenCcd(std::move(ccd));
}

OpenCcd Camera::open(CcdSource source, Purpose purpose, Log log) const {
  auto ccd = std::make_unique<OpenCcd::Impl>();
  ccd->camera = this;
  ccd->values = source.values;
  ccd->source = std::move(source);
  ccd->purpose = purpose;
  ccd->log = log;
  CcdValues& v = ccd->values;
  if (!v.plver.empty() && v.plver.find_first_not_of('x') == std::string::npos) v.plver.clear();
  ccd->files.resize(3);
  ccd->files[BL_ROLE_IMAGE].path = ccd->source.locate(SurveyPlace::kImages, v.image_filename);

  ccd->open_layers();
  bl_step io{};
  io.struct_size = sizeof io;
  io.purpose = static_cast<std::uint32_t>(purpose);
  ccd->run_step(CameraStep::kMetadata, 0, io);
  const auto require = [&](bool known, const char* field) {
    if (!known)
      throw input_error("the header does not say the CCD's {}", field)
          .in_file(ccd->files[BL_ROLE_IMAGE].path.string(), std::to_string(v.image_hdu));
  };
  require(!v.band.empty(), "band");
  const auto& bands = facts().detector.bands;
  if (std::find(bands.begin(), bands.end(), v.band) == bands.end())
    log.warning("{}: camera {} does not state band {} (its fact detector.bands has {})", ccd->name(), name(),
                v.band, fmt::join(bands, ", "));
  require(v.expnum >= 0, "exposure number");
  require(!std::isnan(v.mjd_obs), "time (mjd_obs)");
  require(v.exptime > 0, "exposure time");
  if (std::isnan(v.zero_point) && !std::isnan(v.ccdzpt))
    v.zero_point = effective_zero_point(facts().pixels, v.ccdzpt, v.exptime);

  ccd->run_step(CameraStep::kFiles, 0, io);
  for (const std::string& file : {ccd->mask_name, ccd->weight_name})
    if (leaves_its_directory(file))
      throw input_error(
          "the mask or weight file {} of {} leaves the survey's directory: image_filename is to be relative to its "
          "images/, without ..",
          file, v.image_filename);
  if (!ccd->mask_name.empty())
    ccd->files[BL_ROLE_MASK].path = ccd->source.locate(SurveyPlace::kImages, ccd->mask_name);
  if (!ccd->weight_name.empty())
    ccd->files[BL_ROLE_WEIGHT].path = ccd->source.locate(SurveyPlace::kImages, ccd->weight_name);
  return OpenCcd(std::move(ccd));
}

// ---- OpenCcd ----

OpenCcd::OpenCcd(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OpenCcd::OpenCcd(OpenCcd&&) noexcept = default;
OpenCcd& OpenCcd::operator=(OpenCcd&&) noexcept = default;
OpenCcd::~OpenCcd() = default;

const Camera& OpenCcd::camera() const { return *impl_->camera; }
const CcdValues& OpenCcd::values() const { return impl_->values; }
const std::filesystem::path& OpenCcd::image_file() const { return impl_->files[BL_ROLE_IMAGE].path; }
const std::filesystem::path& OpenCcd::mask_file() const { return impl_->files[BL_ROLE_MASK].path; }
const std::filesystem::path& OpenCcd::weight_file() const { return impl_->files[BL_ROLE_WEIGHT].path; }
int OpenCcd::image_hdu() { return impl_->hdu_of_ccd(BL_ROLE_IMAGE); }
int OpenCcd::mask_hdu() { return impl_->hdu_of_ccd(BL_ROLE_MASK); }
int OpenCcd::weight_hdu() { return impl_->hdu_of_ccd(BL_ROLE_WEIGHT); }
ImageFile& OpenCcd::image_reader() { return impl_->file(BL_ROLE_IMAGE); }
ImageFile& OpenCcd::mask_reader() { return impl_->file(BL_ROLE_MASK); }
ImageFile& OpenCcd::weight_reader() { return impl_->file(BL_ROLE_WEIGHT); }
const fits::Header& OpenCcd::primary_header() { return *impl_->header(HeaderOf::kPrimary); }
const fits::Header& OpenCcd::image_header() { return *impl_->header(HeaderOf::kImage); }
CcdHeaders& OpenCcd::headers() { return *impl_; }

namespace {

bl_step step_on(const OpenCcd::Impl& ccd, const Box& box) {
  bl_step io{};
  io.struct_size = sizeof io;
  io.purpose = static_cast<std::uint32_t>(ccd.purpose);
  io.box = to_bl(box);
  io.good = {0, ccd.values.width, 0, ccd.values.height};
  return io;
}

void check_mask(const OpenCcd::Impl& ccd, CameraStep which, ImageView<const std::uint16_t> mask,
                const Box& box) {
  check_output(
      ccd, which, mask, box, [](std::uint16_t v) { return (v & ~kCameraMaskBits) == 0; },
      [](std::uint16_t v) {
        return (v & ~kCameraMaskBits) ? fmt::format("a mask value {:#x}", v) : std::string();
      });
}
void check_weight(const OpenCcd::Impl& ccd, CameraStep which, ImageView<const float> weight, const Box& box) {
  check_output(
      ccd, which, weight, box, [](float v) { return v >= 0 && v <= std::numeric_limits<float>::max(); },
      [](float v) {
        if (!std::isfinite(v)) return std::string("a weight that is not finite");
        return v < 0 ? std::string("a negative weight") : std::string();
      });
}
void check_image(const OpenCcd::Impl& ccd, CameraStep which, ImageView<const float> image,
                 ImageView<const float> weight, const Box& box) {
  if (!ccd.camera->overrides(which)) return;
  for (int y = 0; y < image.height(); ++y) {
    const float *pixels = image.row(y), *weights = weight.row(y);
    int wrong = 0;
    for (int x = 0; x < image.width(); ++x)
      wrong |= (weights[x] > 0) & !(std::abs(pixels[x]) <= std::numeric_limits<float>::max());
    if (!wrong) continue;
    for (int x = 0; x < image.width(); ++x)
      if (weight(x, y) > 0 && !std::isfinite(image(x, y)))
        throw plugin_error("camera {}: {} returned NaN at pixel ({},{}) of {}", ccd.camera->name(),
                           name_of(which), box.x0 + x, box.y0 + y, ccd.values.image_filename);
  }
}

}  // namespace

Box OpenCcd::good_region() {
  const Box whole = Box::from_size(impl_->values.width, impl_->values.height);
  bl_step io = step_on(*impl_, whole);
  impl_->run_step(CameraStep::kGoodRegion, 0, io);
  return intersection(from_bl(io.good), whole);
}

Image<float> OpenCcd::read_image(const Box& box) {
  Image<float> image(box.width(), box.height());
  bl_step io = step_on(*impl_, box);
  io.image = to_bl(image.view());
  impl_->run_step(CameraStep::kReadImage, 0, io);
  return image;
}

std::optional<Image<std::int32_t>> OpenCcd::read_mask(const Box& box) {
  if (mask_file().empty() && !camera().overrides(CameraStep::kReadMask)) return {};
  Image<std::int32_t> raw(box.width(), box.height());
  bl_step io = step_on(*impl_, box);
  io.raw_mask = to_bl(raw.view());
  impl_->run_step(CameraStep::kReadMask, 0, io);
  return raw;
}

Image<std::uint16_t> OpenCcd::remap_mask(const Box& box, ImageView<const std::int32_t> raw,
                                         ImageView<const float> image) {
  Image<std::int32_t> codes(raw);
  Image<std::uint16_t> mask(box.width(), box.height());
  bl_step io = step_on(*impl_, box);
  io.image = to_bl(image);
  io.raw_mask = to_bl(codes.view());
  io.mask = to_bl(mask.view());
  impl_->run_step(CameraStep::kRemapMask, 0, io);
  check_mask(*impl_, CameraStep::kRemapMask, mask.const_view(), box);
  return mask;
}

std::optional<Image<float>> OpenCcd::read_weight(const Box& box) {
  if (weight_file().empty() && !camera().overrides(CameraStep::kReadWeight)) return {};
  Image<float> weight(box.width(), box.height());
  bl_step io = step_on(*impl_, box);
  io.weight = to_bl(weight.view());
  impl_->run_step(CameraStep::kReadWeight, 0, io);
  return weight;
}

namespace {

void run_editing_step(OpenCcd::Impl& ccd, CameraStep which, const Box& box, ImageView<float> image,
                      ImageView<std::uint16_t> mask, ImageView<float> weight) {
  bl_step io = step_on(ccd, box);
  io.image = to_bl(image);
  io.mask = to_bl(mask);
  io.weight = to_bl(weight);
  ccd.run_step(which, 0, io);
  check_mask(ccd, which, mask, box);
  check_weight(ccd, which, weight, box);
  check_image(ccd, which, image, weight, box);
}

}  // namespace

void OpenCcd::saturation(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                         ImageView<float> weight) {
  run_editing_step(*impl_, CameraStep::kSaturation, box, image, mask, weight);
}
void OpenCcd::remap_weight(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                           ImageView<float> weight) {
  run_editing_step(*impl_, CameraStep::kRemapWeight, box, image, mask, weight);
}
void OpenCcd::after_sky(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                        ImageView<float> weight) {
  run_editing_step(*impl_, CameraStep::kAfterSky, box, image, mask, weight);
}

}  // namespace brickline
