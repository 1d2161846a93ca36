// Coverage of the sky as a set of HEALPix cells: a Multi-Order Coverage map (IVOA MOC 2.0).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/fits/table.h"

namespace brickline {

class Moc {
 public:
  explicit Moc(int order) : order_(order) {}
  int order() const { return order_; }
  bool empty() const { return ranges_.empty(); }

  void add_cells(std::vector<std::int64_t> cells);  // of the map's order; in any order, repeated or not
  void add(const Moc& other);                       // of the same order
  // Half-open, ascending, apart from each other.
  const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges() const { return ranges_; }
  // The canonical form: no cell in another, four siblings are their parent. 4 4^order + cell, ascending.
  std::vector<std::int64_t> uniq() const;
  // The share of the sky.
  double fraction() const;

  // The ranges as columns LO, HI, for parts of a map, and back.
  fits::Table table() const;
  static Moc from_table(int order, const fits::Table& table);
  // FITS, ordering NUNIQ. `type`: IMAGE or CATALOG.
  void write(const std::filesystem::path& file, const std::string& id, const std::string& type) const;

 private:
  void normalize();
  int order_;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges_;
};

}  // namespace brickline
