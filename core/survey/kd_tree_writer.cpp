#include "core/survey/kd_tree_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

#include "core/base/error.h"
#include "core/survey/kd_tree.h"

namespace brickline {
namespace {

constexpr double kScale = 2147483647.5;
constexpr std::int64_t kLeafPoints = 25;
using Units = std::array<std::uint32_t, 3>;

// Leaves of a tree: halved until a part has fewer than so many points.
std::size_t leaf_count(std::int64_t points) {
  std::size_t leaves = 1;
  for (; points / kLeafPoints > 0; points /= 2) leaves *= 2;
  return leaves;
}

// A table of one column, whose rows are `width` bytes.
template <typename T>
fits::Table raw_table(const std::string& name, std::span<const T> values, std::int64_t width) {
  std::vector<std::uint8_t> bytes(values.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  fits::Table table;
  table.set_rows(static_cast<std::int64_t>(bytes.size()) / width);
  fits::Column column;
  column.name = name;
  column.shape = {width};
  column.data = std::move(bytes);
  table.append(std::move(column));
  return table;
}

}  // namespace

MadeSkyTree make_sky_tree(std::span<const double> ra, std::span<const double> dec) {
  const auto n = static_cast<std::int64_t>(ra.size());
  std::vector<Units> units(ra.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!std::isfinite(ra[i] + dec[i])) throw input_error("the position of row {} is not a number", i + 1);
    const auto v = unit_vector(ra[i], dec[i]);
    for (std::size_t d = 0; d < 3; ++d)
      units[i][d] = static_cast<std::uint32_t>(std::nearbyint((v[d] + 1) * kScale));
  }
  MadeSkyTree tree;
  tree.order.resize(units.size());
  std::iota(tree.order.begin(), tree.order.end(), std::int64_t{0});
  const std::size_t leaves = leaf_count(n);
  tree.last.resize(leaves);
  tree.split.resize(leaves - 1);
  // Points first ... end - 1 of each node; the nodes are numbered level by level.
  struct Part {
    std::int64_t first, end;
  };
  std::vector<Part> parts(2 * leaves - 1);
  parts[0] = {0, n};
  const auto unit = [&](std::int64_t i, std::size_t d) {
    return units[static_cast<std::size_t>(tree.order[static_cast<std::size_t>(i)])][d];
  };
  for (std::size_t node = 0; node + 1 < leaves; ++node) {
    const auto [first, end] = parts[node];
    std::int64_t middle = end;
    if (end - first > 1) {
      std::size_t dimension = 0;
      std::uint32_t widest = 0;
      for (std::size_t d = 0; d < 3; ++d) {
        std::uint32_t low = ~0U, high = 0;
        for (std::int64_t i = first; i < end; ++i) {
          low = std::min(low, unit(i, d));
          high = std::max(high, unit(i, d));
        }
        if (high - low >= widest) {
          widest = high - low;
          dimension = d;
        }
      }
      std::stable_sort(tree.order.begin() + first, tree.order.begin() + end,
                       [&](std::int64_t a, std::int64_t b) {
                         return units[static_cast<std::size_t>(a)][dimension] <
                                units[static_cast<std::size_t>(b)][dimension];
                       });
      // The two low bits of the place are the dimension's: points on the left may be that much (0.3 mas) beyond it. Both
      // sides have their half of the points, also of those at one place, since a leaf without points cannot be written.
      middle = (first + end) / 2;
      const std::uint32_t place = unit(middle, dimension) & ~3U;
      tree.split[node] = place | static_cast<std::uint32_t>(dimension);
    }
    parts[2 * node + 1] = {first, middle};
    parts[2 * node + 2] = {middle, end};
  }
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
    const std::int64_t end = parts[leaves - 1 + leaf].end;
    tree.last[leaf] = static_cast<std::uint32_t>(end > 0 ? end - 1 : 0);
  }
  for (const std::int64_t row : tree.order) tree.data.push_back(units[static_cast<std::size_t>(row)]);
  return tree;
}

void add_sky_tree(fits::FitsWriter& writer, const MadeSkyTree& tree, std::string_view name) {
  const auto table_name = [&](const char* part) {
    return "kdtree_" + std::string(part) + "_" + std::string(name);
  };
  fits::Header header;
  header.set("AN_FILE", "SKDT", "a search tree of positions");
  header.set("ENDIAN", std::endian::native == std::endian::little ? "04:03:02:01" : "01:02:03:04");
  header.set("KDT_NAME", std::string(name));
  header.set("KDT_NDAT", static_cast<std::int64_t>(tree.data.size()), "points");
  header.set("KDT_NDIM", 3);
  header.set("KDT_NNOD", static_cast<std::int64_t>(2 * tree.last.size() - 1), "nodes");
  header.set("KDT_VER", 1);
  header.set("KDT_EXT", "double");
  header.set("KDT_INT", "u32");
  header.set("KDT_DATA", "u32");
  header.set("KDT_LINL", false);
  const std::array<double, 7> range{-1, -1, -1, 1, 1, 1, kScale};
  using U = const std::uint32_t;
  writer.add_table(raw_table(table_name("header"), std::span<U>(), 1), "", header);
  writer.add_table(raw_table(table_name("lr"), std::span<U>(tree.last), 4));
  writer.add_table(raw_table(table_name("split"), std::span<U>(tree.split), 4));
  writer.add_table(raw_table(table_name("range"), std::span<const double>(range), 8));
  writer.add_table(raw_table(table_name("data"), std::span<const Units>(tree.data), 12));
}

}  // namespace brickline
