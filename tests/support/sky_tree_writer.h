// Makes search trees of positions, as core/survey/kd_tree.h reads them, for tests and benchmarks.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/survey/kd_tree.h"
#include "core/wcs/wcs.h"

namespace brickline::test {

// A tree whose points are the rows of a table put in `order`.
struct MadeTree {
  std::vector<std::uint32_t> order;  // the row that becomes each point
  std::vector<std::uint32_t> last, split;
  std::vector<std::array<std::uint32_t, 3>> data;
};

inline MadeTree make_sky_tree(const std::vector<SkyPosition>& positions, std::size_t leaf_size = 25) {
  constexpr double kScale = 2147483647.5;
  const std::size_t n = positions.size();
  std::vector<std::array<std::uint32_t, 3>> units(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = unit_vector(positions[i].ra, positions[i].dec);
    for (std::size_t d = 0; d < 3; ++d) units[i][d] = static_cast<std::uint32_t>((v[d] + 1) * kScale);
  }
  std::size_t leaves = 1;
  while (leaves * leaf_size < n) leaves *= 2;
  MadeTree tree;
  tree.order.resize(n);
  std::iota(tree.order.begin(), tree.order.end(), 0U);
  tree.split.resize(leaves - 1);
  struct Part {
    std::size_t node, first, end;
  };
  std::vector<Part> parts{{0, 0, n}};
  tree.last.resize(leaves);
  while (!parts.empty()) {
    const Part p = parts.back();
    parts.pop_back();
    if (p.node >= leaves - 1) {
      tree.last[p.node - (leaves - 1)] = static_cast<std::uint32_t>(p.end ? p.end - 1 : 0);
      continue;
    }
    // Halved where the points are spread widest.
    std::array<std::uint32_t, 3> low{~0U, ~0U, ~0U}, high{};
    for (std::size_t i = p.first; i < p.end; ++i)
      for (std::size_t d = 0; d < 3; ++d) {
        low[d] = std::min(low[d], units[tree.order[i]][d]);
        high[d] = std::max(high[d], units[tree.order[i]][d]);
      }
    std::size_t dimension = 0;
    for (std::size_t d = 1; d < 3; ++d)
      if (high[d] - low[d] > high[dimension] - low[dimension]) dimension = d;
    const std::size_t middle = (p.first + p.end) / 2;
    const auto at = [&](std::size_t i) { return tree.order.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(at(p.first), at(middle), at(p.end), [&](std::uint32_t a, std::uint32_t b) {
      return units[a][dimension] < units[b][dimension];
    });
    tree.split[p.node] = (units[tree.order[middle]][dimension] & ~3U) | static_cast<std::uint32_t>(dimension);
    parts.push_back({2 * p.node + 1, p.first, middle});
    parts.push_back({2 * p.node + 2, middle, p.end});
  }
  for (const std::uint32_t row : tree.order) tree.data.push_back(units[row]);
  return tree;
}

// FITS records: cards and padding.
inline std::string fits_header(const std::vector<std::string>& cards) {
  std::string head;
  for (std::string card : cards) {
    card.resize(80, ' ');
    head += card;
  }
  std::string end = "END";
  end.resize(80, ' ');
  head += end;
  head.resize((head.size() + 2879) / 2880 * 2880, ' ');
  return head;
}
inline std::string integer_card(const std::string& key, std::int64_t value) {
  std::string card = key;
  card.resize(8, ' ');
  std::string digits = std::to_string(value);
  return card + "= " + std::string(20 - digits.size(), ' ') + digits;
}
inline std::string text_card(const std::string& key, const std::string& value) {
  std::string card = key;
  card.resize(8, ' ');
  std::string padded = value;
  padded.resize(std::max<std::size_t>(8, value.size()), ' ');
  return card + "= '" + padded + "'";
}
inline std::vector<std::string> table_cards(std::int64_t width, std::int64_t rows, int columns) {
  return {text_card("XTENSION", "BINTABLE"), integer_card("BITPIX", 8),       integer_card("NAXIS", 2),
          integer_card("NAXIS1", width),     integer_card("NAXIS2", rows),    integer_card("PCOUNT", 0),
          integer_card("GCOUNT", 1),         integer_card("TFIELDS", columns)};
}

// Appends the tables of the tree `name` to a FITS file, in this machine's byte order.
inline void append_sky_tree(const std::filesystem::path& file, const MadeTree& tree,
                            const std::string& name) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  const auto add = [&](const std::string& part, std::int64_t width, const void* bytes, std::size_t size,
                       std::vector<std::string> more = {}) {
    std::vector<std::string> cards =
        table_cards(width, width ? static_cast<std::int64_t>(size) / width : 0, 1);
    cards.push_back(text_card("TFORM1", std::to_string(width) + "A"));
    cards.push_back(text_card("TTYPE1", "kdtree_" + part + "_" + name));
    cards.insert(cards.end(), more.begin(), more.end());
    out << fits_header(cards);
    out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    out << std::string((2880 - size % 2880) % 2880, '\0');
  };
  const auto nodes = static_cast<std::int64_t>(2 * tree.last.size() - 1);
  add("header", 0, nullptr, 0,
      {text_card("ENDIAN", std::endian::native == std::endian::little ? "04:03:02:01" : "01:02:03:04"),
       text_card("KDT_NAME", name), integer_card("KDT_NDAT", static_cast<std::int64_t>(tree.data.size())),
       integer_card("KDT_NDIM", 3), integer_card("KDT_NNOD", nodes), integer_card("KDT_VER", 1),
       text_card("KDT_EXT", "double"), text_card("KDT_INT", "u32"), text_card("KDT_DATA", "u32")});
  const std::array<double, 7> range{-1, -1, -1, 1, 1, 1, 2147483647.5};
  add("lr", 4, tree.last.data(), 4 * tree.last.size());
  add("split", 4, tree.split.data(), 4 * tree.split.size());
  add("range", 8, range.data(), sizeof range);
  add("data", 12, tree.data.data(), 12 * tree.data.size());
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace brickline::test
