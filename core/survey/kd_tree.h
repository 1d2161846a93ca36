// Sky trees: tables whose rows are found by position through a kd-tree of unit vectors that the same FITS
// file holds (the layout of astrometry.net's startree).
//
// The tree NAME is in tables with one column each, found by that column's name: kdtree_header_NAME (cards
// only), kdtree_lr_NAME (last point of each leaf, u32), kdtree_split_NAME (split position and dimension of
// each interior node), kdtree_range_NAME (7 doubles: low and high corner, scale), kdtree_data_NAME (three u32
// a point), perhaps kdtree_perm_NAME and kdtree_splitdim_NAME. Their bytes are in the byte order of the
// machine that wrote them (card ENDIAN). The rows themselves are in another table of the file, in tree order
// unless there is a permutation. The nodes are a complete binary tree, children of n: 2n+1 and 2n+2, leaves
// last.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/fits/fits_reader.h"

namespace brickline {

// The nodes are kept in memory, a few bytes for each leaf of points; the points stay in the file and are read
// where a search comes by, so that searching a table of ten million rows reads some kilobytes of them.
class SkyTree {
 public:
  // Empty if the file has no tree of that name; Error (kInput) if it has one that cannot be used.
  static std::optional<SkyTree> read(fits::FitsReader& reader, std::string_view name);

  std::int64_t points() const { return points_; }
  int nodes() const { return nodes_; }
  // Rows within `radius` degrees of (ra, dec), in the order in which the tree is walked: the nearer half of a
  // split first popped last, leaves from their first point on. `reader`: of the file that the tree was read
  // from. Error (kInput) where its points cannot be read.
  std::vector<std::int64_t> search(fits::FitsReader& reader, double ra, double dec, double radius) const;

  struct Point {
    std::int64_t row = 0;            // of the table
    std::array<double, 3> vector{};  // unit vector
  };
  // `count` points from number `first` on.
  std::vector<Point> read_points(fits::FitsReader& reader, std::int64_t first, std::int64_t count) const;

 private:
  std::int64_t leaf_begin(std::int64_t leaf) const {
    return leaf == 0 ? 0 : last_[static_cast<std::size_t>(leaf - 1)] + std::int64_t{1};
  }
  std::int64_t points_ = 0;
  int nodes_ = 1;
  std::array<double, 3> low_{};
  double scale_ = 1;
  bool swapped_ = false;                      // written in the other byte order
  int data_hdu_ = -1, permutation_hdu_ = -1;  // -1: none
  std::vector<std::uint32_t> last_, split_;
  std::vector<std::uint8_t> split_dimension_;  // empty: in the two lowest bits of split_
};

// The direction of a position as a unit vector (cos Dec cos RA, cos Dec sin RA, sin Dec).
std::array<double, 3> unit_vector(double ra, double dec);

}  // namespace brickline
