// The files of tables that make-ccds reads to write them anew.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/fits/fits_writer.h"
#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/survey/concatenate_tables.h"

namespace brickline {

// The table of HDU 1 with the cards of both headers, and the tables behind it (make-ccds solve leaves some) but those of a search
// tree, which hold for the order of rows that they were made for.
struct TableFile {
  struct Further {
    fits::Table table;
    fits::Header header;
  };
  fits::Table table;
  fits::Header primary, header;
  std::vector<Further> further = {};

  // Error (kInput): a column that cannot be read, or an HDU that is no table, which would be lost.
  static TableFile read(const std::filesystem::path& file);
  void add_to(fits::FitsWriter& writer) const;
};

// Words about what is left out where rows of a table are joined with others, or taken from it: the tables behind it and,
// `with_cards`, the cards of make-ccds solve. Empty: nothing.
std::string words_of_left_out(const TableFile& file, bool with_cards);

// What a table of stars calls an image: its file and the directory that it is in.
std::string short_name(const std::filesystem::path& image);
// mag: what the zero point of a table of stars may differ from that of the table of CCDs by rounding.
inline constexpr double kSameZeroPoint = 0.001;

// Before tables are joined. Error (kInput), naming both: one has CCDs and another stars, or a column is in units of different size,
// or of different quantities.
void require_same_kind(std::span<const NamedTable> tables);
// For each table that lacks columns of others words about them; empty where it has them all.
std::vector<std::string> words_of_lacking(std::span<const NamedTable> tables);
// Words about rows that are not cut and of one CCD of one image; empty where there are none, or no CCDs.
std::string ccds_there_twice(const fits::Table& table);

// Error (kInput) if the file is there and is not to be replaced.
void refuse_to_replace(const std::filesystem::path& file, bool force);

}  // namespace brickline
