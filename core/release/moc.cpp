#include "core/release/moc.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"

namespace brickline {

void Moc::normalize() {
  std::ranges::sort(ranges_);
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (const auto& range : ranges_) {
    if (!out.empty() && range.first <= out.back().second)
      out.back().second = std::max(out.back().second, range.second);
    else
      out.push_back(range);
  }
  ranges_ = std::move(out);
}

void Moc::add_cells(std::vector<std::int64_t> cells) {
  std::ranges::sort(cells);
  for (std::size_t i = 0; i < cells.size();) {
    const std::int64_t first = cells[i];
    std::int64_t end = first + 1;
    for (++i; i < cells.size() && cells[i] <= end; ++i) end = cells[i] + 1;
    ranges_.emplace_back(first, end);
  }
  normalize();
}

void Moc::add(const Moc& other) {
  if (other.order_ != order_)
    throw internal_error("maps of coverage of the orders {} and {} are put together", order_, other.order_);
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  normalize();
}

std::vector<std::int64_t> Moc::uniq() const {
  std::vector<std::int64_t> out;
  for (auto [at, end] : ranges_)
    while (at < end) {
      // The largest cell that begins here and ends within the range.
      int up = 0;
      while (up < order_) {
        const std::int64_t size = std::int64_t{1} << (2 * (up + 1));
        if (at % size != 0 || at + size > end) break;
        ++up;
      }
      const int order = order_ - up;
      out.push_back((std::int64_t{4} << (2 * order)) + (at >> (2 * up)));
      at += std::int64_t{1} << (2 * up);
    }
  std::ranges::sort(out);
  return out;
}

double Moc::fraction() const {
  std::int64_t cells = 0;
  for (const auto& [first, end] : ranges_) cells += end - first;
  return static_cast<double>(cells) / (12 * std::ldexp(1., 2 * order_));
}

fits::Table Moc::table() const {
  std::vector<std::int64_t> low, high;
  for (const auto& [first, end] : ranges_) low.push_back(first), high.push_back(end);
  fits::Table out;
  out.add("LO", low);
  out.add("HI", high);
  return out;
}

Moc Moc::from_table(int order, const fits::Table& table) {
  Moc out(order);
  for (std::int64_t row = 0; row < table.rows(); ++row)
    out.ranges_.emplace_back(table.integer("LO", row), table.integer("HI", row));
  out.normalize();
  return out;
}

void Moc::write(const std::filesystem::path& file, const std::string& id, const std::string& type) const {
  constexpr int kLong = 14;  // from this order on numbers need 64 bits
  fits::Table table;
  const std::vector<std::int64_t> numbers = uniq();
  if (order_ < kLong)
    table.add("UNIQ", std::vector<std::int32_t>(numbers.begin(), numbers.end()));
  else
    table.add("UNIQ", numbers);
  fits::Header header;
  header.set("MOCVERS", "2.0", "version of the MOC standard");
  header.set("MOCDIM", "SPACE", "what is covered");
  header.set("ORDERING", "NUNIQ", "how cells are numbered");
  header.set("COORDSYS", "C", "ICRS");
  header.set("MOCORD_S", order_, "order of the smallest cells");
  header.set("MOCORDER", order_, "the same, for readers of MOC 1.1");
  header.set("MOCTOOL", "brickline", "what wrote this");
  header.set("MOCTYPE", type, "");
  if (!id.empty()) header.set("MOCID", id, "");
  fits::FitsWriter writer;
  writer.add_empty_primary();
  writer.add_table(table, {}, header);
  writer.write(file);
}

}  // namespace brickline
