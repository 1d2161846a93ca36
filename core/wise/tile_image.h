// One band of one tile, made ready to measure fluxes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/image.h"
#include "core/wcs/wcs.h"
#include "core/wise/tile_atlas.h"
#include "core/wise/tile_files.h"
#include "core/wise/wise_band.h"

namespace brickline {

class ReadLog;

struct TileImage {
  WiseTile tile;
  Wcs wcs;            // of the region
  Image<float> data;  // Vega nanomaggies per pixel, background subtracted
  // 1/sigma: of the tile's own pixels alone, so that no position is measured twice; 0 where not used.
  Image<float> inverse_error;
  // The same in the tile's own pixels and those next to them, for coadds.
  Image<float> coadd_inverse_error;
  Image<std::int32_t> frames;  // unmasked frames per pixel
  double sig1 = 0;             // typical noise of a pixel, Vega nanomaggies, as distributed; not finite: none
  std::optional<double> mjd;   // the middle of the times covered
};

// DIR/ID.B.mod.fits
std::filesystem::path model_sky_file(const std::filesystem::path& directory, const std::string& tile_id,
                                     int band);
// A background to be subtracted: the plane named SKY (else the third HDU) of that file, cut to the region of the tile.
// Error (kInput) naming the file.
Image<float> read_model_sky(const std::filesystem::path& directory, const std::string& tile_id, int band,
                            const Box& region, ReadLog* reads = nullptr);

// The order of what is done, which results depend on: pixels without a frame get no weight; sig1; background;
// the error model 1/ie^2 + floor^2 + photon^2 max(0, d); saturated pixels (above the band's limit, or masked
// in every one of more than one frame) and those within three pixels of them get no weight; pixels that
// belong to another tile get none. `background` may be empty.
TileImage prepare_tile(TilePlanes planes, const WiseTile& tile, const WiseBand& band,
                       const Image<float>& background);

}  // namespace brickline
