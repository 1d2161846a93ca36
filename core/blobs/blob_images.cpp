#include "core/blobs/blob_images.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/model/sky_motion.h"
#include "core/wcs/local_linear.h"

namespace brickline {
namespace {

// A mapping of small images that gives the reference pipeline's pixels. Where it would map every pixel
// exactly (few nodes at its own spacing) it looks at no pixel beyond the projected corners; nodes at this
// closer spacing give the same pixels at a fraction of the cost.
PixelMapping small_mapping(const Wcs& target, const Wcs& input) {
  constexpr double kNodeSpacing = 8;
  constexpr int kFewestNodes = 4;
  PixelMappingOptions options;
  const auto bounds = project_corners(target, input);
  if (!bounds) return {};
  const auto nodes = [&](double low, double high, int size) {
    const double first = std::max(0.0, std::nearbyint(low) - options.margin);
    const double last = std::min(size - 1.0, std::nearbyint(high) + options.margin);
    return static_cast<int>(std::ceil((last - first) / options.node_spacing)) + 1;
  };
  if (nodes(bounds->x0, bounds->x1, target.width()) < kFewestNodes ||
      nodes(bounds->y0, bounds->y1, target.height()) < kFewestNodes)
    options.margin = 0;
  options.node_spacing = kNodeSpacing;
  return {target, input, options};
}

// The pixels of an image under a blob's rectangle, whose upper corners count; empty if there are none.
std::optional<Box> cutout_box(const Wcs& image, const Wcs& brick, const Box& box) {
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
  for (const auto& [bx, by] :
       {std::array{box.x0, box.y0}, {box.x0, box.y1}, {box.x1, box.y1}, {box.x1, box.y0}}) {
    const SkyPosition sky = brick.pixel_to_sky(bx, by);
    const auto p = image.sky_to_pixel(sky.ra, sky.dec);
    // So far off that the image's distortion has no inverse there: what of the image is meant, is not clear.
    if (!p) return Box::from_size(image.width(), image.height());
    x0 = std::min(x0, p->x);
    x1 = std::max(x1, p->x);
    y0 = std::min(y0, p->y);
    y1 = std::max(y1, p->y);
  }
  const int w = image.width(), h = image.height();
  if (!(x1 >= 0 && y1 >= 0 && x0 <= w && y0 <= h)) return {};
  const auto low = [](double v, int n) { return static_cast<int>(std::clamp(std::floor(v), 0.0, n - 1.0)); };
  const auto high = [](double v, int n) {
    return static_cast<int>(std::clamp(std::ceil(v), 0.0, n - 1.0)) + 1;
  };
  const Box out{low(x0, w), high(x1, w), low(y0, h), high(y1, h)};
  if (out.empty()) return {};
  return out;
}

bool usable(const Image<float>& stamp) {
  double sum = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) sum += stamp(x, y);
  return std::isfinite(sum) && sum > 0;
}

// Weights of the pixels that fall on the blob; what is not finite loses its own.
int copy_pixels(const CcdImage& from, const Image<std::uint8_t>& blob, BlobImage& to) {
  const int w = to.box.width(), h = to.box.height();
  to.data = Image<float>(w, h);
  to.inverse_error = Image<float>(w, h);
  int mapped = 0;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const float d = from.data(to.box.x0 + x, to.box.y0 + y),
                  e = from.inverse_error(to.box.x0 + x, to.box.y0 + y);
      to.data(x, y) = std::isfinite(d) ? d : 0.0F;
      const std::int32_t index = to.blob_pixel(x, y);
      if (index < 0) continue;
      ++mapped;
      if (!blob(index % blob.width(), index / blob.width())) continue;
      if (std::isfinite(d) && std::isfinite(e) && e > 0) to.inverse_error(x, y) = e;
    }
  return mapped;
}

}  // namespace

BlobImages::BlobImages(std::span<const CcdImage> images, std::span<const std::string> bands, const Wcs& brick,
                       const BlobTask& task, int constant_psf_size)
    : wcs_(brick.sub_image(task.box)) {
  for (const CcdImage& image : images) {
    const auto band = std::find(bands.begin(), bands.end(), image.band);
    if (band == bands.end()) continue;
    const auto box = cutout_box(image.wcs, brick, task.box);
    if (!box) continue;
    BlobImage cut;
    cut.index = &image - images.data();
    cut.band = static_cast<int>(band - bands.begin());
    cut.box = *box;
    cut.wcs = image.wcs.sub_image(*box);
    cut.blob_pixel = Image<std::int32_t>(box->width(), box->height(), -1);
    const PixelMapping to_blob = small_mapping(cut.wcs, wcs_);
    if (to_blob.empty()) continue;
    for_each_mapped_pixel(to_blob, [&](int x, int y, int bx, int by) {
      cut.blob_pixel(x, y) = static_cast<std::int32_t>(by) * wcs_.width() + bx;
    });
    if (copy_pixels(image, task.mask, cut) == 0) continue;
    if (!image.mask.empty()) cut.mask = crop(image.mask, *box);
    cut.saturation_bits = image.saturation_bits;
    cut.psf_sigma = image.psf_sigma();
    cut.sig1 = image.sig1;
    cut.mjd_tai = image.mjd_tai;
    cut.psf = image.psf.shifted(box->x0, box->y0);
    const double centre_x = box->width() / 2.0, centre_y = box->height() / 2.0;
    if (!usable(cut.psf.stamp(centre_x, centre_y))) {
      ++left_out_;
      continue;
    }
    if (cut.psf.is_constant() || (box->width() < constant_psf_size && box->height() < constant_psf_size))
      cut.kernel = std::make_unique<PsfKernel>(cut.psf, centre_x, centre_y);
    cut.from_blob = small_mapping(wcs_, cut.wcs);
    images_.push_back(std::move(cut));
  }
}

std::int64_t BlobImages::good_pixels() const {
  std::int64_t n = 0;
  for (const BlobImage& image : images_)
    for (int y = 0; y < image.inverse_error.height(); ++y)
      for (int x = 0; x < image.inverse_error.width(); ++x) n += image.inverse_error(x, y) > 0;
  return n;
}

std::optional<PixelPosition> BlobImages::place(const SourceModel& source, const BlobImage& image) const {
  const SkyPosition sky = position_at(source, image.mjd_tai);
  return image.wcs.sky_to_pixel(sky.ra, sky.dec);
}

const PsfKernel* kernel_at(const BlobImage& image, double x, double y,
                           std::vector<std::unique_ptr<PsfKernel>>& own_kernels) {
  if (image.kernel) return image.kernel.get();
  own_kernels.push_back(std::make_unique<PsfKernel>(image.psf, x, y));
  return own_kernels.back().get();
}

SourcePatches BlobImages::draw(const SourceModel& source, ThreadTools& tools, bool in_parallel) const {
  SourcePatches out(images_.size());
  for_each_index(images_.size(), in_parallel, [&](std::size_t i) {
    const BlobImage& image = images_[i];
    const double flux = source.flux[image.band];
    if (flux == 0 || !std::isfinite(flux)) return;
    const auto at = place(source, image);
    if (!at) return;
    std::vector<std::unique_ptr<PsfKernel>> own;
    const RenderTarget target{image.data.width(), image.data.height(), image.wcs.cd(),
                              kernel_at(image, at->x, at->y, own)};
    std::optional<Patch> patch = tools.renderer().patch(source, *at, target);
    if (!patch) return;
    const Box inside = intersection(patch->box(), image.data.box());
    if (inside.empty()) return;
    Patch clipped{Image<float>(inside.width(), inside.height()), inside.x0, inside.y0};
    const auto factor = static_cast<float>(flux);
    for (int y = inside.y0; y < inside.y1; ++y) {
      const float* from = patch->pixels.row(y - patch->y0) - patch->x0;
      float* to = clipped.pixels.row(y - inside.y0) - inside.x0;
      for (int x = inside.x0; x < inside.x1; ++x) to[x] = factor * from[x];
    }
    out[i] = std::move(clipped);
  });
  return out;
}

void BlobImages::add(const SourcePatches& patches, float factor) {
  for (std::size_t i = 0; i < patches.size(); ++i)
    if (patches[i]) add_patch(images_[i].data.view(), *patches[i], factor);
}

std::optional<FitImage> BlobImages::fit_image(const SourceModel& source, const BlobImage& image,
                                              const Box& box,
                                              std::vector<std::unique_ptr<PsfKernel>>& own_kernels) const {
  auto local = local_linear(image.wcs, source.ra, source.dec, LocalLinearWcs::Jacobian::kLocal);
  if (!local) return {};
  FitImage out;
  out.data = image.data.view().crop(box);
  out.inverse_error = image.inverse_error.view().crop(box);
  out.band = image.band;
  out.cd = image.wcs.cd();
  out.psf = kernel_at(image, local->pixel.x, local->pixel.y, own_kernels);
  local->pixel.x -= box.x0;
  local->pixel.y -= box.y0;
  out.local = *local;
  out.mjd_tai = image.mjd_tai;
  out.mask = Box::from_size(box.width(), box.height());
  return out;
}

std::vector<DetectionImage> BlobImages::detection_images() const {
  std::vector<DetectionImage> out;
  for (const BlobImage& image : images_) {
    DetectionImage d;
    d.data = image.data.view();
    d.inverse_error = image.inverse_error.view();
    if (!image.mask.empty()) d.mask = image.mask.view();
    d.saturation_bits = image.saturation_bits;
    d.band = image.band;
    d.psf_sigma = image.psf_sigma;
    d.sig1 = image.sig1;
    d.mapping = &image.from_blob;
    out.push_back(d);
  }
  return out;
}

}  // namespace brickline
