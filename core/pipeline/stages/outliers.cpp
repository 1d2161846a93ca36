#include "core/pipeline/stages/outliers.h"

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
BandCoadder stack(const Selection& selection, const std::string& band) {
  CoaddOptions options;
  options.surface_brightness = false;
  options.depth_maps = false;
  return BandCoadder(selection.brick.wcs, band, false, options);
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

// One image as the edits leave it; the run's own stays as it was read.
CcdImage edited(const CcdImage& image, std::size_t i, const OutlierEdits& edits) {
  CcdImage out = image;
  if (!edits.patches.empty()) apply_patch(edits.patches[i], out.data);
  apply_outlier_mask(out, edits.masks[i].const_view());
  return out;
}

// Patches and masks of one band's images, into `edits`. `before`: their plain stack.
void find_outliers(const Selection& selection, const std::string& band, std::span<const CcdImage> images,
                   ImageView<const float> before, ImageView<const std::uint8_t> stars, OutlierEdits& edits,
                   RunContext& run) {
  const std::vector<std::size_t> members = images_of_band(images, band);
  std::vector<const CcdImage*> exposures;
  for (const std::size_t i : members) {
    exposures.push_back(&images[i]);
    edits.patches[i] = patch_from_coadd(images[i], selection.brick.wcs, before);
  }
  ExposurePixels pixels;
  pixels.data = [&](std::size_t k) {
    run.cancel.stop_if_asked();
    Image<float> data = exposures[k]->data;
    apply_patch(edits.patches[members[k]], data);
    return data;
  };
  pixels.file = run.pixel_file.get();
  BandOutliers found = find_band_outliers(exposures, selection.brick.wcs, stars, {}, pixels);
  for (std::size_t k = 0; k < members.size(); ++k) {
    ImageOutliers& o = found.images[k];
    if (o.positive + o.negative > 0)
      run.log.info("{} {}: {} pixels are outliers above the other exposures, {} below", band,
                   exposures[k]->name, o.positive, o.negative);
    edits.masks[members[k]] = std::move(o.mask);
  }
}

Image<std::uint8_t> stars_on(const Selection& selection, const References& references) {
  const Wcs& brick = selection.brick.wcs;
  return star_veto(gaia_pixels(references), brick.width(), brick.height(),
                   selection.brick.pixel_scale_arcsec);
}

Image<float> stacked(const Selection& selection, const std::string& band, std::span<const CcdImage> images,
                     const Cancel& cancel) {
  BandCoadder coadder = stack(selection, band);
  for (const std::size_t i : images_of_band(images, band)) {
    cancel.stop_if_asked();
    coadder.add(images[i]);
  }
  return coadder.finish().image;
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
  const Image<std::uint8_t> stars = stars_on(selection, references);
  edits.masks = cached ? std::move(*cached) : Masks(images.images.size());
  if (!cached) edits.patches.resize(images.images.size());
  BandImages before, after, positive, negative;
  for (const std::string& band : selection.bands) {
    run.cancel.stop_if_asked();
    before.push_back(stacked(selection, band, images.images, run.cancel));
    if (!cached)
      find_outliers(selection, band, images.images, before.back().const_view(), stars.const_view(), edits,
                    run);
    BandCoadder rest = stack(selection, band);
    MaskedPixelsMean masked(brick);
    for (const std::size_t i : images_of_band(images.images, band)) {
      run.cancel.stop_if_asked();
      const CcdImage image = edited(images.images[i], i, edits);
      rest.add(image);
      masked.add(image, edits.masks[i].const_view());
    }
    after.push_back(rest.finish().image);
    MaskedPixels seen = std::move(masked).finish();
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

OutlierEdits outliers_of_other_bands(const Selection& selection, const References& references,
                                     std::span<const CcdImage> images, RunContext& run) {
  OutlierEdits edits;
  edits.masks.resize(images.size());
  edits.patches.resize(images.size());
  const Image<std::uint8_t> stars = stars_on(selection, references);
  for (const std::string& band : selection.bands) {
    run.cancel.stop_if_asked();
    const Image<float> before = stacked(selection, band, images, run.cancel);
    find_outliers(selection, band, images, before.const_view(), stars.const_view(), edits, run);
  }
  return edits;
}

}  // namespace brickline
