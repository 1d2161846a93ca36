#include "core/calib/blob_exclusion.h"

#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/bricks.h"
#include "core/survey/target.h"

namespace brickline {
namespace {

// The brick's blobs as flags, with the WCS of its image.
struct BrickBlobs {
  Image<std::uint8_t> inside;
  Wcs wcs;
};

std::optional<BrickBlobs> read_blobs(const std::filesystem::path& directory, const Brick& brick,
                                     const Log& log) {
  const std::filesystem::path metrics = directory / "metrics" / brick.name.substr(0, 3);
  for (const auto& [name, first_inside] : {std::pair{"blobs-", 0}, std::pair{"blobmask-", 1}}) {
    const std::filesystem::path file = metrics / (name + brick.name + ".fits.gz");
    std::error_code code;
    if (!std::filesystem::exists(file, code)) continue;
    fits::FitsReader reader(file);
    int hdu = 0;
    while (hdu + 1 < reader.hdu_count() && reader.image_info(hdu).width == 0) ++hdu;
    const Image<std::int32_t> numbers = reader.image<std::int32_t>(hdu);
    // Files of the reference pipeline may have no WCS: they are of the brick's usual image.
    const fits::Header header = reader.header(hdu);
    const int width = numbers.width(), height = numbers.height();
    BrickBlobs blobs{Image<std::uint8_t>(width, height),
                     header.has("CTYPE1") ? Wcs::from_header(header, width, height)
                                          : brick_wcs(brick.ra, brick.dec, width, height, kBrickPixelScale)};
    for (int y = 0; y < numbers.height(); ++y)
      for (int x = 0; x < numbers.width(); ++x) blobs.inside(x, y) = numbers(x, y) >= first_inside;
    return blobs;
  }
  log.info("no blobs of brick {} in {}: none of its sources is masked", brick.name, metrics.string());
  return {};
}

}  // namespace

void exclude_blobs(const SurveyDirectory& survey, const std::filesystem::path& directory, const Wcs& wcs,
                   Image<std::uint8_t>& excluded, const Log& log) {
  for (const Brick& brick : BrickTable::read(survey).touching(wcs)) {
    const std::optional<BrickBlobs> blobs = read_blobs(directory, brick, log);
    if (!blobs) continue;
    for (int y = 0; y < excluded.height(); ++y)
      for (int x = 0; x < excluded.width(); ++x) {
        const SkyPosition sky = wcs.pixel_to_sky(x, y);
        const auto at = blobs->wcs.sky_to_pixel(sky.ra, sky.dec);
        if (!at) continue;
        const int bx = static_cast<int>(std::lround(at->x)), by = static_cast<int>(std::lround(at->y));
        if (blobs->inside.view().box().contains(bx, by) && blobs->inside(bx, by)) excluded(x, y) = 1;
      }
  }
}

}  // namespace brickline
