// FITS files with fewer pixels: what others need of an image to repeat a run on a part of it.
//
// Nothing changes its place. Sizes, world coordinates, the numbers of HDUs and all cards stay, so that whatever speaks of
// pixels of the CCD (calibrations, tables, bad regions, amplifiers) still speaks of the same ones, and the pixels that are
// kept are the same bits:
//   of tile-compressed images   tiles that do not touch the box hold the pixels of one that does, stored once
//   of plain images             rows outside of the box are zeros
//   of other image HDUs         a header without pixels, of the same name
// Tables and the primary HDU stay as they are.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/image.h"

namespace brickline::fits {

// `kept`: by HDU (0: the primary one) the pixels that are wanted of its image. The bytes of the new file, with CHECKSUM and
// DATASUM made anew where there were any. Empty if the file is none that this can be done to (a gzipped one, or no FITS
// file): it is to be kept whole. Error (kInput) naming the file if it cannot be read or ends early.
std::optional<std::string> cut_file(const std::filesystem::path& file, const std::map<int, Box>& kept);

}  // namespace brickline::fits
