// Tables that are sorted alike, read together in their common order: constant memory, whatever their length.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "core/base/cancel.h"
#include "core/fits/fits_reader.h"
#include "core/release/row_table.h"

namespace brickline {

// Makes a row of one layout one of another.
using RowConversion = std::function<void(std::span<const std::uint8_t> from, std::vector<std::uint8_t>& to)>;

// The rows of a file's table, a block at a time; `conversion`: empty, or what they are before anyone sees them.
class RowBlocks {
 public:
  RowBlocks(const std::filesystem::path& file, int hdu, RowConversion conversion = {})
      : reader_(file),
        hdu_(hdu),
        layout_(row_layout(reader_.header(hdu))),
        conversion_(std::move(conversion)) {}
  const RowLayout& layout() const { return layout_; }
  bool at_end() const { return row_ >= layout_.rows; }
  std::span<const std::uint8_t> row() {
    if (row_ >= first_ + count_ || count_ == 0) fill();
    const auto as_it_is = std::span<const std::uint8_t>(block_).subspan(
        static_cast<std::size_t>((row_ - first_) * layout_.row_bytes),
        static_cast<std::size_t>(layout_.row_bytes));
    if (!conversion_) return as_it_is;
    converted_.clear();
    conversion_(as_it_is, converted_);
    return converted_;
  }
  void next() { ++row_; }

 private:
  void fill() {
    constexpr std::int64_t kBlock = 1 << 18;  // bytes
    first_ = row_;
    count_ = std::min(layout_.rows - row_,
                      std::max<std::int64_t>(1, kBlock / std::max<std::int64_t>(1, layout_.row_bytes)));
    block_ = reader_.table_bytes(hdu_, first_ * layout_.row_bytes, count_ * layout_.row_bytes);
  }
  fits::FitsReader reader_;
  int hdu_;
  RowLayout layout_;
  RowConversion conversion_;
  std::vector<std::uint8_t> block_, converted_;
  std::int64_t row_ = 0, first_ = 0, count_ = 0;
};

// `key(row)` orders rows; equal ones come in the order of the files. The files' rows ascend by it.
// `conversions`: none, or one for each file.
template <typename Key, typename Take>
void merge_rows(std::span<const std::filesystem::path> files, int hdu, const Cancel& cancel, Key&& key,
                Take&& take, std::span<const RowConversion> conversions = {}) {
  using KeyValue = decltype(key(std::span<const std::uint8_t>()));
  std::vector<std::unique_ptr<RowBlocks>> inputs;
  using Waiting = std::pair<KeyValue, std::size_t>;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting;
  for (const std::filesystem::path& file : files) {
    inputs.push_back(std::make_unique<RowBlocks>(
        file, hdu, conversions.empty() ? RowConversion() : conversions[inputs.size()]));
    if (!inputs.back()->at_end()) waiting.emplace(key(inputs.back()->row()), inputs.size() - 1);
  }
  while (!waiting.empty()) {
    cancel.stop_if_asked();
    const std::size_t i = waiting.top().second;
    waiting.pop();
    take(inputs[i]->row());
    inputs[i]->next();
    if (!inputs[i]->at_end()) waiting.emplace(key(inputs[i]->row()), i);
  }
}

}  // namespace brickline
