#include "core/blobs/blob_images.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/blobs/image_trial.h"
#include "core/model/mixture.h"
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

// A point source may move by so many pixels before its window no longer holds it.
constexpr int kWindowMargin = 3;
// Galaxies are drawn to where a pixel of them is this share of the noise of a pixel.
constexpr double kWingLevel = 0.05;
// Arcsec around a point source that a halo is taken as constant over: some 20 times the pixels that such a source has
// its light on. Round a galaxy it is so much more than where its light is that of the noise.
constexpr double kReachOverHalo = 3.2;

// The distance (pixels) along its major axis from which on a galaxy is fainter than `level` per pixel, the PSF left aside.
double radius_of_noise(const SourceModel& source, GalaxyProfiles profiles, double flux, double level,
                       double pixel_scale_arcsec) {
  if (!(flux > 0) || !(level > 0)) return 0;
  const Mixture mixture = profile_mixture(source.kind, source.sersic_index, profiles);
  const double re = std::exp(source.shape.log_re) / pixel_scale_arcsec;
  const Ellipse e = to_ellipse(source.shape);
  const double length = source.kind == SourceKind::kRex ? 0 : std::hypot(e.e1, e.e2),
               ratio = (1 - length) / (1 + length);
  const auto brightness = [&](double r) {
    double sum = 0;
    for (int k = 0; k < mixture.size; ++k) {
      const double v = mixture.variance[k] * re * re;
      if (v > 0)
        sum += mixture.amplitude[k] / (2 * std::numbers::pi * v * ratio) * std::exp(-r * r / (2 * v));
    }
    return flux * sum;
  };
  constexpr double kMost = 4000, kStep = 1.1;
  double r = 1;
  while (r < kMost && brightness(r) > level) r *= kStep;
  return r;
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
                       const BlobTask& task, int constant_psf_size, GalaxyProfiles profiles,
                       const HaloRests* rests)
    : wcs_(brick.sub_image(task.box)), profiles_(profiles) {
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
    if (rests) rests->take_off(cut.index, *box, cut.data);
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

template <class Extent>
SourcePatches BlobImages::drawn(const SourceModel& source, ThreadTools& tools, bool in_parallel,
                                Extent&& extent) const {
  SourcePatches out(images_.size());
  for_each_index(images_.size(), in_parallel, [&](std::size_t i) {
    const BlobImage& image = images_[i];
    const double flux = source.flux[image.band];
    if (flux == 0 || !std::isfinite(flux)) return;
    const auto at = place(source, image);
    if (!at) return;
    std::vector<std::unique_ptr<PsfKernel>> own;
    const RenderTarget target{image.data.width(), image.data.height(), image.wcs.cd(),
                              kernel_at(image, at->x, at->y, own), image.band};
    std::optional<Patch> patch = extent(tools.renderer(), image, *at, target);
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

SourcePatches BlobImages::draw(const SourceModel& source, ThreadTools& tools, bool in_parallel) const {
  return drawn(source, tools, in_parallel,
               [&](Renderer& renderer, const BlobImage&, const PixelPosition& at,
                   const RenderTarget& target) { return renderer.patch(source, at, target); });
}

Box BlobImages::near(const Box& window, const SourceModel& source, PixelPosition at,
                     const BlobImage& image) const {
  double reach = kReachOverHalo / image.wcs.pixel_scale_arcsec();
  if (source.is_galaxy()) {
    const double flux = std::abs(source.flux[static_cast<std::size_t>(image.band)]);
    reach += std::min(radius_of_noise(source, profiles_, flux, image.sig1, image.wcs.pixel_scale_arcsec()),
                      static_cast<double>(image.data.width() + image.data.height()));
  }
  const int x = static_cast<int>(std::lround(at.x)), y = static_cast<int>(std::lround(at.y)),
            n = static_cast<int>(std::ceil(reach));
  return intersection(window, Box{x - n, x + n + 1, y - n, y + n + 1});
}

SourcePatches BlobImages::draw_on_windows(const SourceModel& source, ThreadTools& tools,
                                          bool in_parallel) const {
  return drawn(source, tools, in_parallel,
               [&](Renderer& renderer, const BlobImage& image, const PixelPosition& at,
                   const RenderTarget& target) -> std::optional<Patch> {
                 const auto box = window(source, at, image, *target.psf);
                 if (!box) return {};
                 return renderer.patch_on(*box, source, at, target);
               });
}

std::optional<Box> BlobImages::window(const SourceModel& source, PixelPosition at, const BlobImage& image,
                                      const PsfKernel& kernel) const {
  if (source.is_composite()) {
    const auto a = window(disk_of(source), at, image, kernel),
               b = window(bulge_of(source), at, image, kernel);
    if (!a || !b) return a ? a : b;
    return Box{std::min(a->x0, b->x0), std::max(a->x1, b->x1), std::min(a->y0, b->y0),
               std::max(a->y1, b->y1)};
  }
  const RenderTarget target{image.data.width(), image.data.height(), image.wcs.cd(), &kernel};
  std::optional<Box> extent = model_extent(source, at, target);
  if (!extent) return {};
  int more = kWindowMargin;
  if (source.is_galaxy()) {
    const double flux = std::abs(source.flux[static_cast<std::size_t>(image.band)]);
    const double natural = (extent->x1 - extent->x0) / 2.0;
    more = static_cast<int>(
        std::clamp(std::ceil(radius_of_noise(source, profiles_, flux, kWingLevel * image.sig1,
                                             image.wcs.pixel_scale_arcsec()) -
                             natural),
                   0.0, static_cast<double>(image.data.width() + image.data.height())));
  }
  extent = intersection(Box{extent->x0 - more, extent->x1 + more, extent->y0 - more, extent->y1 + more},
                        image.data.box());
  if (extent->empty()) return {};
  return extent;
}

void BlobImages::add(const SourcePatches& patches, float factor) {
  if (trial_) trial_->about_to_change(patches);
  for (std::size_t i = 0; i < patches.size(); ++i)
    if (patches[i]) add_patch(images_[i].data.view(), *patches[i], factor);
}

double BlobImages::distance(const SourcePatches& from, const SourcePatches& to) const {
  // Over the pixels of a, those of b taken off where `common`; without, over those that b does not have.
  const auto sum_over = [](const Image<float>& inverse_error, const Patch& a, const Patch* b, bool common) {
    const Box box = a.box(), both = b ? intersection(box, b->box()) : Box{};
    double sum = 0;
    for (int y = box.y0; y < box.y1; ++y) {
      const float* e = inverse_error.row(y);
      const float* p = a.pixels.row(y - box.y0) - box.x0;
      const bool beside = y >= both.y0 && y < both.y1;
      const float* q = beside ? b->pixels.row(y - b->y0) - b->x0 : nullptr;
      for (int x = box.x0; x < box.x1; ++x) {
        const bool in_both = q && x >= both.x0 && x < both.x1;
        if (in_both && !common) continue;
        const double chi = (p[x] - (in_both ? q[x] : 0.0F)) * e[x];
        sum += chi * chi;
      }
    }
    return sum;
  };
  double sum = 0;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    const Patch* old = i < from.size() && from[i] ? &*from[i] : nullptr;
    const Patch* now = i < to.size() && to[i] ? &*to[i] : nullptr;
    if (now) sum += sum_over(images_[i].inverse_error, *now, old, true);
    if (old) sum += sum_over(images_[i].inverse_error, *old, now, false);
  }
  return std::sqrt(sum);
}

double BlobImages::light_beside(const SourcePatches& drawn, const SourcePatches& before) const {
  double sum = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (!drawn[i]) continue;
    const Box box = drawn[i]->box(), known = i < before.size() && before[i] ? before[i]->box() : Box{};
    if (intersection(box, known) == box) continue;
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) {
        if (known.contains(x, y)) continue;
        const double chi = drawn[i]->pixels(x - box.x0, y - box.y0) * images_[i].inverse_error(x, y);
        sum += chi * chi;
      }
  }
  return std::sqrt(sum);
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
