// A table read once from front to back in bounded memory, to pick a few rows out of very many.
//
//   RowStream stream(path);                        // the table of the first extension
//   while (stream.next()) {
//     const Table positions = stream.columns({"ra", "dec"});   // of the block at hand
//     for (...) if (near) stream.keep(i);                      // row i of the block
//   }
//   const Table rows = stream.kept();              // whole rows, in the file's order
//
// Blocks hold a few megabytes. A gzipped file is unpacked as it is read and never held whole; its checksum
// is tested at its end. What is in a row is read by FitsReader, so that both know the same columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/fits/header.h"
#include "core/fits/table.h"

namespace brickline {
class ReadLog;
}

namespace brickline::fits {

class RowStream {
 public:
  // Whether the file's first extension is a table that can be read so: not one with columns of variable
  // length, whose values follow all rows, nor a compressed one. Error (kInput) if there is no table.
  static bool can_read(const std::filesystem::path& path);
  // Error (kInput) naming the file where it cannot be read, or can_read() is false.
  explicit RowStream(const std::filesystem::path& path, ReadLog* log = nullptr);
  ~RowStream();
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;

  std::int64_t rows() const;  // of the whole table
  // The table's cards, with the number of rows kept so far.
  Header header();
  // Goes on to the next block; false after the last. Error (kInput) if the file ends early or is damaged.
  bool next();
  // After the last block: whether the record that the last row ends in goes on with something, where FITS has zeros: rows
  // that the header does not count.
  bool has_uncounted_rows() const;
  std::int64_t first_row() const;   // of the block, in the file
  std::int64_t block_rows() const;  // how many the block has
  // Columns of the block, of those names (without case; absent ones are left out).
  Table columns(const std::vector<std::string>& names);
  void keep(std::int64_t row_of_block);
  Table kept();  // all columns

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brickline::fits
