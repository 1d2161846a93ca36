#include "core/detect/outlier_mask_file.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/wcs/sip_cards.h"

namespace brickline {
namespace {

std::string old_name(const CcdImage& image) {
  return fmt::format("{}-{}-{}", image.camera, image.expnum, image.ccdname);
}

void say(std::string* why, std::string reason) {
  if (why) *why = std::move(reason);
}

}  // namespace

std::string outlier_mask_name(const CcdImage& image) { return "MASK-" + old_name(image); }

std::string write_outlier_masks(const std::filesystem::path& path, const fits::Header& header,
                                std::span<const CcdImage* const> images,
                                std::span<const ImageView<const std::uint8_t>> masks) {
  if (images.size() != masks.size()) throw internal_error("one outlier mask per image is needed");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const CcdImage& image = *images[i];
    fits::Header cards = sip_cards(image.full_wcs, image.extent);
    cards.set("IMTYPE", "outlier_mask", "LegacySurvey image type");
    cards.set("CAMERA", image.camera, "Camera");
    cards.set("EXPNUM", image.expnum, "Exposure number");
    cards.set("CCDNAME", image.ccdname, "CCD");
    cards.set("X0", image.extent.x0, "First column in the full CCD, from 0");
    cards.set("Y0", image.extent.y0, "First row in the full CCD, from 0");
    writer.add_image(masks[i], cards, outlier_mask_name(image), {fits::Compression::Algorithm::kHcompress});
  }
  return writer.write(path);
}

std::optional<int> OutlierMaskFile::find(const CcdImage& image, std::string* why) {
  auto hdu = reader_.find_hdu(outlier_mask_name(image));
  if (!hdu) hdu = reader_.find_hdu(old_name(image));
  if (!hdu) say(why, fmt::format("{} has no {}", reader_.path().string(), outlier_mask_name(image)));
  return hdu;
}

std::optional<Image<std::uint8_t>> OutlierMaskFile::same_extent(const CcdImage& image, std::string* why) {
  const auto hdu = find(image, why);
  if (!hdu) return {};
  const fits::Header header = reader_.header(*hdu);
  const fits::ImageInfo info = reader_.image_info(*hdu);
  const auto x0 = header.integer("X0"), y0 = header.integer("Y0");
  const bool same = info.width == image.extent.width() && info.height == image.extent.height() &&
                    x0 == image.extent.x0 && y0 == image.extent.y0;
  if (!same) {
    say(why, fmt::format("{}: {} is of another part of the CCD", reader_.path().string(),
                         outlier_mask_name(image)));
    return {};
  }
  return reader_.image<std::uint8_t>(*hdu);
}

std::optional<Image<std::uint8_t>> OutlierMaskFile::overlap(const CcdImage& image, std::string* why) {
  const auto hdu = find(image, why);
  if (!hdu) return {};
  const fits::Header header = reader_.header(*hdu);
  const fits::ImageInfo info = reader_.image_info(*hdu);
  const auto x0 = header.integer("X0"), y0 = header.integer("Y0");
  if (!x0 || !y0) {
    say(why, fmt::format("{}: {} does not say where in the CCD it is", reader_.path().string(),
                         outlier_mask_name(image)));
    return {};
  }
  const int left = static_cast<int>(*x0), bottom = static_cast<int>(*y0);
  Image<std::uint8_t> out(image.extent.width(), image.extent.height());
  const Box known{left, left + info.width, bottom, bottom + info.height};
  const Box common = intersection(image.extent, known);
  if (common.empty()) return out;
  const Image<std::uint8_t> mask = reader_.image<std::uint8_t>(*hdu, common.shifted(-left, -bottom));
  for (int y = 0; y < mask.height(); ++y)
    std::copy(mask.row(y), mask.row(y) + mask.width(),
              out.row(common.y0 - image.extent.y0 + y) + common.x0 - image.extent.x0);
  return out;
}

}  // namespace brickline
