#include "core/pipeline/stage_outliers.h"

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/coadd/band_coadd.h"
#include "core/coadd/jpeg.h"
#include "core/coadd/rgb.h"
#include "core/detect/outlier_mask_file.h"
#include "core/detect/outliers.h"
#include "core/pipeline/stage_products.h"
#include "core/survey/provenance.h"
#include "core/survey/survey_directory.h"

namespace brickline {
namespace {

using BandImages = std::vector<Image<float>>;  // one per band of the run, on the brick

std::vector<std::size_t> images_of_band(const std::vector<CcdImage>& images, const std::string& band) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < images.size(); ++i)
    if (images[i].band == band) out.push_back(i);
  return out;
}

// The bands' plain stacks, in nanomaggies per pixel of the images.
BandImages coadd_bands(const TimsState& tims, const std::vector<CcdImage>& images) {
  CoaddOptions options;
  options.surface_brightness = false;
  options.depth_maps = false;
  BandImages out;
  for (const std::string& band : tims.bands) {
    BandCoadder coadder(tims.brick.wcs, band, false, options);
    for (const std::size_t i : images_of_band(images, band)) coadder.add(images[i]);
    out.push_back(coadder.finish().image);
  }
  return out;
}

void write_picture(const BrickOptions& options, const TimsState& tims, const char* type,
                   const BandImages& images, ProductSet& products) {
  std::vector<ImageView<const float>> views;
  std::vector<std::optional<std::array<double, 3>>> colors;
  for (std::size_t b = 0; b < images.size(); ++b) {
    views.push_back(images[b].const_view());
    const auto facts = tims.band_facts.find(tims.bands[b]);
    colors.push_back(facts == tims.band_facts.end() ? std::nullopt : facts->second.rgb);
  }
  RgbOptions rgb;
  rgb.stretch = options.rgb_stretch;
  const RgbPlanes picture = rgb_picture(views, tims.bands, PictureKind::kImage, rgb, colors);
  const bool grey = options.coadd_bw && tims.bands.size() == 1;
  products.write(
      product_paths(options, tims.brick)(type, ""),
      grey ? encode_grey_jpeg(stretch_grey(grey_picture(picture).view()).view()) : encode_jpeg(picture));
}

// The masks of all images out of a file of an earlier run; empty, with the reason logged, if it lacks one.
std::optional<std::vector<Image<std::uint8_t>>> read_masks(const std::filesystem::path& path,
                                                           const std::vector<CcdImage>& images,
                                                           const Log& log) {
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
    log.warning("outlier masks are made anew: {}", error.what());
    return {};
  }
  return masks;
}

// The file of the output directory, else the survey's, that fits.
std::optional<std::vector<Image<std::uint8_t>>> cached_masks(const BrickOptions& options,
                                                             const TimsState& tims,
                                                             const std::vector<CcdImage>& images,
                                                             const Log& log) {
  const std::filesystem::path made = product_paths(options, tims.brick)("outliers-mask", "");
  const SurveyDirectory survey = SurveyDirectory::open(
      options.survey_dir.empty() ? std::nullopt : std::optional(options.survey_dir), options.cache_dir);
  const auto below = made.lexically_relative(options.output_dir);
  for (const std::filesystem::path& path : {made, survey.cached(survey.root() / below)}) {
    if (!std::filesystem::exists(path)) continue;
    if (auto masks = read_masks(path, images, log)) {
      log.info("outlier masks of {}", path.string());
      return masks;
    }
  }
  return {};
}

std::vector<Image<std::uint8_t>> make_masks(const TimsState& tims, const std::vector<CcdImage>& images,
                                            std::span<const std::array<double, 2>> star_pixels,
                                            const Log& log) {
  const Image<std::uint8_t> stars =
      star_veto(star_pixels, tims.brick.wcs.width(), tims.brick.wcs.height(), tims.brick.pixel_scale_arcsec);
  std::vector<Image<std::uint8_t>> masks(images.size());
  for (const std::string& band : tims.bands) {
    const std::vector<std::size_t> members = images_of_band(images, band);
    std::vector<const CcdImage*> exposures;
    for (const std::size_t i : members) exposures.push_back(&images[i]);
    BandOutliers found = find_band_outliers(exposures, tims.brick.wcs, stars.const_view());
    for (std::size_t k = 0; k < members.size(); ++k) {
      ImageOutliers& o = found.images[k];
      if (o.positive + o.negative > 0)
        log.info("{} {}: {} pixels are outliers above the other exposures, {} below", band,
                 images[members[k]].name, o.positive, o.negative);
      masks[members[k]] = std::move(o.mask);
    }
  }
  return masks;
}

// Band by band; their masks in the same order.
struct Ordered {
  std::vector<const CcdImage*> images;
  std::vector<ImageView<const std::uint8_t>> masks;
};
Ordered by_band(const std::vector<CcdImage>& images, const std::vector<Image<std::uint8_t>>& masks,
                std::span<const std::string> bands) {
  Ordered out;
  for (const std::string& band : bands)
    for (const std::size_t i : images_of_band(images, band)) {
      out.images.push_back(&images[i]);
      out.masks.push_back(masks[i].const_view());
    }
  return out;
}

void write_masked_pictures(const BrickOptions& options, const TimsState& tims,
                           const std::vector<CcdImage>& images, const std::vector<Image<std::uint8_t>>& masks,
                           ProductSet& products) {
  BandImages positive, negative;
  for (const std::string& band : tims.bands) {
    const Ordered members = by_band(images, masks, std::span(&band, 1));
    MaskedPixels seen = masked_pixels(members.images, members.masks, tims.brick.wcs);
    positive.push_back(std::move(seen.positive));
    negative.push_back(std::move(seen.negative));
  }
  write_picture(options, tims, "outliers-masked-pos", positive, products);
  write_picture(options, tims, "outliers-masked-neg", negative, products);
}

}  // namespace

void add_outlier_cards(fits::Header& header, const BrickOptions& options) {
  add_stage_card(header, "OUTL");
  header.set("OUTLIER", !options.no_outliers, "Are outliers of single exposures masked?");
}

void run_outliers(const BrickOptions& options, const TimsState& tims, std::vector<CcdImage>& images,
                  std::span<const std::array<double, 2>> star_pixels, ProductSet& products, const Log& log) {
  if (options.no_outliers) return;
  std::optional<std::vector<Image<std::uint8_t>>> masks;
  if (options.cache_outliers || options.remake_outlier_jpegs)
    masks = cached_masks(options, tims, images, log);
  const bool cached = masks.has_value(), pictures = !cached || options.remake_outlier_jpegs;

  if (pictures) {
    const BandImages before = coadd_bands(tims, images);
    write_picture(options, tims, "outliers-pre", before, products);
    if (!cached)
      for (std::size_t b = 0; b < tims.bands.size(); ++b)
        for (const std::size_t i : images_of_band(images, tims.bands[b]))
          patch_from_coadd(images[i], tims.brick.wcs, before[b].const_view());
  }
  if (!cached) {
    masks = make_masks(tims, images, star_pixels, log);
    const Ordered all = by_band(images, *masks, tims.bands);
    const std::filesystem::path path = product_paths(options, tims.brick)("outliers-mask", "");
    products.record(path, write_outlier_masks(path, tims.version_header, all.images, all.masks));
  }
  for (std::size_t i = 0; i < images.size(); ++i) apply_outlier_mask(images[i], (*masks)[i].const_view());
  if (!pictures) return;
  write_picture(options, tims, "outliers-post", coadd_bands(tims, images), products);
  write_masked_pictures(options, tims, images, *masks, products);
}

}  // namespace brickline
