#include "core/survey/kd_tree.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

#include "core/base/error.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr int kDimensions = 3;
constexpr std::int64_t kIndexBytes = sizeof(std::uint32_t), kPointBytes = kDimensions * kIndexBytes;

// Values of raw bytes, turned around if the writer's byte order was the other one.
template <typename T>
std::vector<T> values_of(std::vector<std::uint8_t> bytes, bool swapped) {
  if (bytes.size() % sizeof(T))
    throw input_error("the search tree's table holds {} bytes, not a whole number of {}-byte values",
                      bytes.size(), sizeof(T));
  if (swapped)
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(T)));
  std::vector<T> out(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

struct TreeTables {
  int header = -1, lr = -1, split = -1, split_dimension = -1, range = -1, data = -1, perm = -1;
};

TreeTables find_tables(fits::FitsReader& reader, const std::string& name) {
  TreeTables tables;
  const int count = reader.hdu_count();
  for (int hdu = 1; hdu < count; ++hdu) {
    if (!reader.is_table(hdu)) continue;
    const std::string column = reader.header(hdu).text("TTYPE1").value_or("");
    const auto is = [&](const char* part) { return column == "kdtree_" + std::string(part) + "_" + name; };
    if (is("header")) tables.header = hdu;
    if (is("lr")) tables.lr = hdu;
    if (is("split")) tables.split = hdu;
    if (is("splitdim")) tables.split_dimension = hdu;
    if (is("range")) tables.range = hdu;
    if (is("data")) tables.data = hdu;
    if (is("perm")) tables.perm = hdu;
  }
  return tables;
}

void require(bool condition, std::string_view what) {
  if (!condition) throw input_error("the search tree is damaged: {}", what);
}

}  // namespace

std::optional<SkyTree> SkyTree::read(fits::FitsReader& reader, std::string_view name) {
  const TreeTables tables = find_tables(reader, std::string(name));
  if (tables.header < 0) return {};
  const fits::Header header = reader.header(tables.header);
  SkyTree tree;
  const std::int64_t points = header.integer("KDT_NDAT").value_or(-1);
  const std::int64_t nodes = header.integer("KDT_NNOD").value_or(-1);
  require(header.integer("KDT_NDIM").value_or(kDimensions) == kDimensions, "KDT_NDIM is not 3");
  require(header.text("KDT_DATA").value_or("u32") == "u32", "KDT_DATA is not u32");
  require(points >= 0 && points < (std::int64_t{1} << 32), "KDT_NDAT");
  require(nodes > 0 && nodes % 2 == 1 && nodes <= 2 * std::max<std::int64_t>(points, 1), "KDT_NNOD");
  require(tables.data >= 0 && tables.range >= 0, "its range or its data are missing");
  tree.points_ = points;
  tree.nodes_ = static_cast<int>(nodes);

  const bool big = header.text("ENDIAN").value_or("04:03:02:01").starts_with("01");
  const bool swapped = tree.swapped_ = big != (std::endian::native == std::endian::big);
  const auto range = values_of<double>(reader.table_bytes(tables.range), swapped);
  require(range.size() >= 2 * kDimensions + 1, "its range is too short");
  std::copy_n(range.begin(), kDimensions, tree.low_.begin());
  tree.scale_ = range[2 * kDimensions];
  require(std::isfinite(tree.scale_) && tree.scale_ > 0, "its scale is not positive");

  tree.data_hdu_ = tables.data;
  require(reader.table_size(tables.data) == kPointBytes * points,
          "its points are not as many as KDT_NDAT says");
  const std::size_t leaves = static_cast<std::size_t>((nodes + 1) / 2);
  if (tables.lr >= 0) tree.last_ = values_of<std::uint32_t>(reader.table_bytes(tables.lr), swapped);
  if (leaves == 1) tree.last_ = {static_cast<std::uint32_t>(points ? points - 1 : 0)};
  require(tree.last_.size() == leaves, "its leaves are not as many as KDT_NNOD says");
  require(std::is_sorted(tree.last_.begin(), tree.last_.end()) &&
              (points == 0 || tree.last_.back() + std::int64_t{1} == points),
          "its leaves do not hold all points");
  if (tables.split >= 0) tree.split_ = values_of<std::uint32_t>(reader.table_bytes(tables.split), swapped);
  require(tree.split_.size() >= leaves - 1, "its splits are not as many as KDT_NNOD says");
  if (tables.split_dimension >= 0 && nodes > 1) {
    tree.split_dimension_ = reader.table_bytes(tables.split_dimension);
    require(tree.split_dimension_.size() >= leaves - 1, "its split dimensions are too few");
  }
  tree.permutation_hdu_ = tables.perm;
  require(tables.perm < 0 || reader.table_size(tables.perm) == kIndexBytes * points,
          "its permutation has another length");
  return tree;
}

std::array<double, 3> unit_vector(double ra, double dec) {
  const double cos_dec = std::cos(dec * kDegree);
  return {cos_dec * std::cos(ra * kDegree), cos_dec * std::sin(ra * kDegree), std::sin(dec * kDegree)};
}

std::vector<SkyTree::Point> SkyTree::read_points(fits::FitsReader& reader, std::int64_t first,
                                                 std::int64_t count) const {
  std::vector<Point> points(static_cast<std::size_t>(count));
  const auto data = values_of<std::uint32_t>(
      reader.table_bytes(data_hdu_, first * kPointBytes, count * kPointBytes), swapped_);
  std::vector<std::uint32_t> rows;
  if (permutation_hdu_ >= 0)
    rows = values_of<std::uint32_t>(
        reader.table_bytes(permutation_hdu_, first * kIndexBytes, count * kIndexBytes), swapped_);
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].row = rows.empty() ? first + static_cast<std::int64_t>(i) : rows[i];
    require(points[i].row < points_, "its permutation names rows beyond the last");
    for (std::size_t d = 0; d < kDimensions; ++d)
      points[i].vector[d] = low_[d] + data[i * kDimensions + d] / scale_;
  }
  return points;
}

std::vector<std::int64_t> SkyTree::search(fits::FitsReader& reader, double ra, double dec,
                                          double radius) const {
  std::vector<std::int64_t> found;
  if (points_ == 0) return found;
  const std::array<double, 3> query = unit_vector(ra, dec);
  const double reach = 2 * std::sin(std::min(radius, 180.0) * kDegree / 2);  // length of the chord
  const std::int64_t interior = (nodes_ - 1) / 2;
  std::vector<std::int64_t> stack = {0};
  while (!stack.empty()) {
    const std::int64_t node = stack.back();
    stack.pop_back();
    if (node >= interior) {
      const std::int64_t leaf = node - interior, begin = leaf_begin(leaf);
      const std::int64_t end = std::min(points_, last_[static_cast<std::size_t>(leaf)] + std::int64_t{1});
      if (begin >= end) continue;
      for (const Point& point : read_points(reader, begin, end - begin)) {
        double squared = 0;
        for (std::size_t d = 0; d < kDimensions; ++d) {
          const double delta = point.vector[d] - query[d];
          squared += delta * delta;
        }
        if (squared <= reach * reach) found.push_back(point.row);
      }
      continue;
    }
    const std::uint32_t word = split_[static_cast<std::size_t>(node)];
    std::size_t dimension = word & 3U;
    std::uint32_t position = word & ~3U;
    if (!split_dimension_.empty()) {
      dimension = split_dimension_[static_cast<std::size_t>(node)];
      position = word;
    }
    if (dimension >= kDimensions) continue;  // only in a damaged tree
    const double split = low_[dimension] + position / scale_;
    const std::int64_t left = 2 * node + 1, right = 2 * node + 2;
    if (query[dimension] < split) {
      stack.push_back(left);
      if (split - query[dimension] <= reach) stack.push_back(right);
    } else {
      stack.push_back(right);
      if (query[dimension] - split <= reach) stack.push_back(left);
    }
  }
  return found;
}

}  // namespace brickline
