#include "core/wise/tile_atlas.h"

#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"
#include "core/wise/wise_band.h"

namespace brickline {
namespace {

constexpr double kCentre = (kWiseTilePixels + 1) / 2.0;  // FITS pixel

// The first table of a file.
fits::Table first_table(const std::filesystem::path& file, ReadLog* reads) {
  fits::FitsReader reader(file, reads);
  for (int hdu = 0; hdu < reader.hdu_count(); ++hdu)
    if (reader.is_table(hdu)) return reader.table(hdu);
  throw input_error("no table in it").in_file(file.string());
}

}  // namespace

bool WiseTile::owns(double position_ra, double position_dec) const {
  if (!(position_dec >= dec1 && position_dec < dec2)) return false;
  const double ra_in_circle = wrap_ra(position_ra);
  return ra1 < ra2 ? ra_in_circle >= ra1 && ra_in_circle < ra2 : ra_in_circle >= ra1 || ra_in_circle < ra2;
}

Wcs WiseTile::wcs() const {
  const double step = kWisePixelScale / 3600;
  return Wcs::tangent(ra, dec, kCentre - 1, kCentre - 1, {-step, 0, 0, step}, kWiseTilePixels,
                      kWiseTilePixels);
}

PixelPosition WiseTile::crpix_shift(int band) const {
  if (band > kWiseEpochBands) return {0, 0};
  const std::array<double, 2>& crpix = band == 1 ? crpix_w1 : crpix_w2;
  return {crpix[0] - kCentre, crpix[1] - kCentre};
}

TileAtlas TileAtlas::read(const std::filesystem::path& file, ReadLog* reads) {
  const fits::Table table = first_table(file, reads);
  std::vector<WiseTile> tiles;
  try {
    tiles.reserve(static_cast<std::size_t>(table.rows()));
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      WiseTile t;
      t.id = table.text("coadd_id", i);
      t.ra = table.number("ra", i);
      t.dec = table.number("dec", i);
      t.ra1 = table.number("ra1", i);
      t.ra2 = table.number("ra2", i);
      t.dec1 = table.number("dec1", i);
      t.dec2 = table.number("dec2", i);
      for (int axis = 0; axis < 2; ++axis) {
        t.crpix_w1[axis] = table.number("crpix_w1", i, axis);
        t.crpix_w2[axis] = table.number("crpix_w2", i, axis);
      }
      if (t.id.size() < 3) throw input_error("row {}: '{}' is not the name of a tile", i + 1, t.id);
      if (!std::isfinite(t.ra) || !(std::abs(t.dec) <= 90))
        throw input_error("row {}: tile {} has no position", i + 1, t.id);
      tiles.push_back(std::move(t));
    }
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
  return TileAtlas(std::move(tiles));
}

std::vector<WiseTile> TileAtlas::touching(const Wcs& image) const {
  const SkyPosition centre = image.center();
  const double half_diagonal = std::numbers::sqrt2 / 2 * kWiseTilePixels * kWisePixelScale / 3600;
  const double radius = image.radius_degrees() + half_diagonal;
  const Polygon outline = image_outline(image.width(), image.height());
  std::vector<WiseTile> found;
  for (const WiseTile& tile : tiles_) {
    if (std::abs(tile.dec - centre.dec) >= radius) continue;
    if (angular_separation(tile.ra, tile.dec, centre.ra, centre.dec) >= radius) continue;
    const Wcs wcs = tile.wcs();
    Polygon projected;
    for (const PixelPosition& p : image_outline(wcs.width(), wcs.height())) {
      const SkyPosition s = wcs.pixel_to_sky(p.x, p.y);
      const auto at = image.sky_to_pixel(s.ra, s.dec);
      if (!at) break;
      projected.push_back(*at);
    }
    if (projected.size() == 4 && polygons_intersect(projected, outline)) found.push_back(tile);
  }
  return found;
}

std::vector<TileEpochs> read_tile_epochs(const std::filesystem::path& file, std::span<const WiseTile> tiles,
                                         ReadLog* reads) {
  const fits::Table table = first_table(file, reads);
  std::vector<TileEpochs> out;
  try {
    const std::int64_t width = table.require("epoch_bitmask").width();
    std::vector<std::string> ids;
    for (std::int64_t i = 0; i < table.rows(); ++i) ids.push_back(table.text("coadd_id", i));
    for (const WiseTile& tile : tiles) {
      TileEpochs& epochs = out.emplace_back();
      epochs.id = tile.id;
      for (std::size_t row = 0; row < ids.size(); ++row) {
        if (ids[row] != tile.id) continue;
        for (std::int64_t e = 0; e < width; ++e) {
          const std::int64_t bits = table.integer("epoch_bitmask", static_cast<std::int64_t>(row), e);
          epochs.count += (bits & 3) != 0;
          for (int b = 0; b < kWiseEpochBands; ++b)
            if (bits >> b & 1) epochs.epochs[static_cast<std::size_t>(b)].push_back(static_cast<int>(e));
        }
        break;
      }
    }
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
  return out;
}

}  // namespace brickline
