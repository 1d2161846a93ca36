#include "core/pipeline/stages/outliers.h"

#include <bit>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/coadd/band_coadd.h"
#include "core/coadd/jpeg.h"
#include "core/coadd/rgb.h"
#include "core/detect/outlier_mask_file.h"
#include "core/detect/outliers.h"
#include "core/pipeline/header_cards.h"
#include "core/pipeline/memory_forecast.h"
#include "core/pipeline/stages/refs.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

using BandImages = std::vector<Image<float>>;  // one per band of the run, on the brick
using Masks = std::vector<Image<std::uint8_t>>;

std::vector<std::size_t> images_of_band(std::span<const CcdImage> images, const std::string& band) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < images.size(); ++i)
    if (images[i].band == band) out.push_back(i);
  return out;
}

// The plain stack of images of one band, in nanomaggies per pixel of the images.
Image<float> stack(const Selection& selection, const std::string& band, std::span<const CcdImage> images) {
  CoaddOptions options;
  options.surface_brightness = false;
  options.depth_maps = false;
  BandCoadder coadder(selection.brick.wcs, band, false, options);
  for (const CcdImage& image : images) coadder.add(image);
  return coadder.finish().image;
}

void write_picture(const PictureOptions& options, const Selection& selection, Product product,
                   const BandImages& images, StageProducts& products) {
  std::vector<ImageView<const float>> views;
  std::vector<std::optional<std::array<double, 3>>> colors;
  for (std::size_t b = 0; b < images.size(); ++b) {
    views.push_back(images[b].const_view());
    const auto facts = selection.band_facts.find(selection.bands[b]);
    colors.push_back(facts == selection.band_facts.end() ? std::nullopt : facts->second.rgb);
  }
  RgbOptions rgb;
  rgb.stretch = options.rgb_stretch;
  const RgbPlanes picture = rgb_picture(views, selection.bands, PictureKind::kImage, rgb, colors);
  const bool grey = options.coadd_bw && selection.bands.size() == 1;
  products.set().write(
      products.path(product),
      grey ? encode_grey_jpeg(stretch_grey(grey_picture(picture).view()).view()) : encode_jpeg(picture));
}

// The masks of all images out of a file of an earlier run; empty, with the reason logged, if it lacks one.
std::optional<std::vector<Image<std::uint8_t>>> read_masks(const std::filesystem::path& path,
                                                           std::span<const CcdImage> images, const Log& log) {
  std::vector<Image<std::uint8_t>> masks;
  try {
    OutlierMaskFile file(path);
    for (const CcdImage& image : images) {
      std::string why;
      auto mask = file.same_extent(image, &why);
      if (!mask) {
        log.warning("outlier masks are made anew: {}", why);
        return {};
      }
      masks.push_back(std::move(*mask));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    log.warning("outlier masks are made anew: {}", error.what());
    return {};
  }
  return masks;
}

// The file of the output directory, else the survey's, that fits.
std::optional<Masks> cached_masks(std::span<const CcdImage> images, StageProducts& products,
                                  RunContext& run) {
  const std::filesystem::path made = products.path(Product::kOutliersMask);
  const auto below = made.lexically_relative(run.output_dir);
  std::error_code code;
  for (const std::filesystem::path& path : {made, run.survey.cached(run.survey.root() / below)}) {
    if (!std::filesystem::exists(path, code)) continue;
    run.note(path);
    if (auto masks = read_masks(path, images, run.log)) {
      run.log.info("outlier masks of {}", path.string());
      return masks;
    }
  }
  return {};
}

// The images of one band that are being worked on: copies, so that the run's own stay as they were read.
struct BandWork {
  std::vector<std::size_t> members;  // of the run's images
  std::vector<CcdImage> images;
};
BandWork work_on(std::span<const CcdImage> images, const std::string& band, const RunContext& run) {
  BandWork work{images_of_band(images, band), {}};
  for (const std::size_t i : work.members) {
    work.images.push_back(images[i]);
    keep_planes(work.images.back(), run);
  }
  return work;
}

// Where the data of `edited` differ from those of `original`.
OutlierEdits::Patch difference(const CcdImage& original, const CcdImage& edited) {
  OutlierEdits::Patch patch;
  const int width = original.data.width();
  for (int y = 0; y < original.data.height(); ++y)
    for (int x = 0; x < width; ++x)
      if (std::bit_cast<std::uint32_t>(edited.data(x, y)) !=
          std::bit_cast<std::uint32_t>(original.data(x, y))) {
        patch.pixels.push_back(std::int64_t{y} * width + x);
        patch.values.push_back(edited.data(x, y));
      }
  return patch;
}

void find_outliers(const Selection& selection, const std::string& band, const BandWork& work,
                   ImageView<const std::uint8_t> stars, Masks& masks, const Log& log) {
  std::vector<const CcdImage*> exposures;
  for (const CcdImage& image : work.images) exposures.push_back(&image);
  BandOutliers found = find_band_outliers(exposures, selection.brick.wcs, stars);
  for (std::size_t k = 0; k < work.members.size(); ++k) {
    ImageOutliers& o = found.images[k];
    if (o.positive + o.negative > 0)
      log.info("{} {}: {} pixels are outliers above the other exposures, {} below", band, work.images[k].name,
               o.positive, o.negative);
    masks[work.members[k]] = std::move(o.mask);
  }
}

MaskedPixels masked_in(const BandWork& work, const Masks& masks, const Wcs& brick) {
  std::vector<const CcdImage*> images;
  std::vector<ImageView<const std::uint8_t>> views;
  for (std::size_t k = 0; k < work.members.size(); ++k) {
    images.push_back(&work.images[k]);
    views.push_back(masks[work.members[k]].const_view());
  }
  return masked_pixels(images, views, brick);
}

// Band by band.
void write_masks(const Selection& selection, std::span<const CcdImage> images, const Masks& masks,
                 const fits::Header& header, StageProducts& products) {
  std::vector<const CcdImage*> ordered;
  std::vector<ImageView<const std::uint8_t>> views;
  for (const std::string& band : selection.bands)
    for (const std::size_t i : images_of_band(images, band)) {
      ordered.push_back(&images[i]);
      views.push_back(masks[i].const_view());
    }
  const std::filesystem::path path = products.path(Product::kOutliersMask);
  products.set().record(path, write_outlier_masks(path, header, ordered, views));
}

}  // namespace

Outcome<OutlierEdits> run_outliers(const OutlierChoice& choice, const PictureOptions& pictures,
                                   const Selection& selection, const References& references,
                                   const EditedImages<>& images, const RunHeader& header,
                                   StageProducts& products, RunContext& run) {
  fits::Header cards = header.cards;
  cards.set("OUTLIER", !choice.no_outliers, "Are outliers of single exposures masked?");
  OutlierEdits edits;
  const auto outcome = [&] {
    Outcome<OutlierEdits> out(std::move(edits));
    out.cards = cards_added(header.cards, cards);
    return out;
  };
  if (choice.no_outliers) return outcome();

  std::optional<Masks> cached;
  if (choice.cache_outliers || choice.remake_jpegs) cached = cached_masks(images.images, products, run);
  if (cached && !choice.remake_jpegs) {
    edits.masks = std::move(*cached);
    return outcome();
  }
  const Wcs& brick = selection.brick.wcs;
  const Image<std::uint8_t> stars =
      star_veto(gaia_pixels(references), brick.width(), brick.height(), selection.brick.pixel_scale_arcsec);
  edits.masks = cached ? std::move(*cached) : Masks(images.images.size());
  if (!cached) edits.patches.resize(images.images.size());
  BandImages before, after, positive, negative;
  for (const std::string& band : selection.bands) {
    run.cancel.stop_if_asked();
    BandWork work = work_on(images.images, band, run);
    before.push_back(stack(selection, band, work.images));
    if (!cached) {
      for (std::size_t k = 0; k < work.images.size(); ++k) {
        patch_from_coadd(work.images[k], brick, before.back().const_view());
        edits.patches[work.members[k]] = difference(images.images[work.members[k]], work.images[k]);
      }
      find_outliers(selection, band, work, stars.const_view(), edits.masks, run.log);
    }
    for (std::size_t k = 0; k < work.images.size(); ++k)
      apply_outlier_mask(work.images[k], edits.masks[work.members[k]].const_view());
    after.push_back(stack(selection, band, work.images));
    MaskedPixels seen = masked_in(work, edits.masks, brick);
    positive.push_back(std::move(seen.positive));
    negative.push_back(std::move(seen.negative));
  }
  write_picture(pictures, selection, Product::kOutliersPre, before, products);
  if (!cached) write_masks(selection, images.images, edits.masks, cards, products);
  write_picture(pictures, selection, Product::kOutliersPost, after, products);
  write_picture(pictures, selection, Product::kOutliersMaskedPos, positive, products);
  write_picture(pictures, selection, Product::kOutliersMaskedNeg, negative, products);
  return outcome();
}

}  // namespace brickline
