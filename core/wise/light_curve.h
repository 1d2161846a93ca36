// Which epochs of a light curve a catalog of fixed width keeps.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

namespace brickline {

// The catalog's width for coadds of a directory: its base name's release, neo4 11, neo6 15, neo7 17, neo11
// 25; 0: the name says none.
int light_curve_width(const std::filesystem::path& directory);
inline constexpr int kDefaultLightCurveWidth = 17;

// The epochs (indices, ascending) that one source's light curve in one band keeps when the catalog has room
// for `width`: all if there are no more; else, of those with at least as many frames as the width-th best
// (but 12 frames are enough for any), the first and then the nearest to every half year after it, the
// satellite's hibernation (2011-2013) left out.
std::vector<int> kept_epochs(std::span<const int> frames, std::span<const double> mjd, int width);

}  // namespace brickline
