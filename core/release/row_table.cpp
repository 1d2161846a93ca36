#include "core/release/row_table.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/column_types.h"
#include "core/fits/fits_writer.h"

namespace brickline {
namespace {

constexpr std::size_t kRecord = 2880, kCard = 80;

RowColumn column_of(const fits::Header& header, std::int64_t number) {
  const auto key = [&](std::string_view stem) { return fmt::format("{}{}", stem, number); };
  RowColumn column;
  column.name = header.text(key("TTYPE")).value_or("");
  const std::string form = header.require_text(key("TFORM"));
  const char* end = form.data() + form.size();
  const auto [rest, error] = std::from_chars(form.data(), end, column.repeat);
  if (error != std::errc()) column.repeat = 1;
  column.type = rest == end ? 'X' : *rest;
  const bool plain = rest + 1 == end || (column.type == 'A' && rest != end);
  if (rest == end || column.repeat < 0)
    throw input_error("column {} ({}) has the form {}, which is none", number, column.name, form);
  if (column.name.empty() || !plain || fits::bytes_of_type(column.type) == 0)
    column.unusable = fmt::format("column {} ({}) has the form {}, which cannot be put together with others",
                                  number, column.name, form);
  for (const char* scaling : {"TSCAL", "TZERO"})
    if (column.unusable.empty() && header.has(key(scaling)))
      column.unusable = fmt::format("column {} is scaled ({}), which cannot be put together with others",
                                    column.name, key(scaling));
  column.unit = header.text(key("TUNIT")).value_or("");
  column.tdim = header.text(key("TDIM")).value_or("");
  return column;
}

std::string card(std::string_view key, std::string_view value, std::string_view comment = {}) {
  std::string text = fmt::format("{:<8}= {}", key, value);
  if (!comment.empty()) text += fmt::format(" / {}", comment);
  text.resize(kCard, ' ');
  return text;
}
std::string card(std::string_view key, std::int64_t value) { return card(key, fmt::format("{:>20}", value)); }
std::string text_card(std::string_view key, std::string_view text) {
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return card(key, fmt::format("'{:<8}'", quoted));
}

void pad(std::string& text, char with) { text.resize((text.size() + kRecord - 1) / kRecord * kRecord, with); }

}  // namespace

std::int64_t RowColumn::bytes() const {
  constexpr std::int64_t kPair = 8, kWidePair = 16;  // complex numbers, and places in the heap
  switch (type) {
    case 'X':
      return (repeat + 7) / 8;
    case 'C':
    case 'P':
      return kPair * repeat;
    case 'M':
    case 'Q':
      return kWidePair * repeat;
    default:
      return repeat * fits::bytes_of_type(type);
  }
}

std::string RowColumn::format() const {
  return repeat == 1 && type != 'A' ? std::string(1, type) : fmt::format("{}{}", repeat, type);
}

std::optional<std::size_t> RowLayout::find(std::string_view name) const {
  const auto same = [&](const RowColumn& column) { return equal_but_for_case(column.name, name); };
  const auto found = std::ranges::find_if(columns, same);
  if (found == columns.end()) return {};
  return static_cast<std::size_t>(found - columns.begin());
}

void require_usable(const RowColumn& column) {
  if (!column.unusable.empty()) throw input_error("{}", column.unusable);
}

RowLayout row_layout(const fits::Header& header) {
  RowLayout layout = any_row_layout(header);
  for (const RowColumn& column : layout.columns) require_usable(column);
  return layout;
}

RowLayout any_row_layout(const fits::Header& header) {
  RowLayout layout;
  layout.row_bytes = header.require_integer("NAXIS1");
  layout.rows = header.require_integer("NAXIS2");
  const std::int64_t fields = header.require_integer("TFIELDS");
  std::int64_t at = 0;
  for (std::int64_t number = 1; number <= fields; ++number) {
    layout.columns.push_back(column_of(header, number));
    layout.offsets.push_back(at);
    at += layout.columns.back().bytes();
  }
  if (at != layout.row_bytes || layout.rows < 0)
    throw input_error("its columns take {} bytes of a row, NAXIS1 says {}", at, layout.row_bytes);
  return layout;
}

RowTableWriter::RowTableWriter(std::filesystem::path path, const fits::Header& primary,
                               std::vector<RowColumn> columns, std::string_view extname, fits::Header cards)
    : file_(std::move(path)), columns_(std::move(columns)), extname_(extname), cards_(std::move(cards)) {
  for (const RowColumn& column : columns_) row_bytes_ += column.bytes();
  fits::FitsWriter writer;
  writer.add_empty_primary(primary);
  const std::string first = writer.finish();
  header_at_ = static_cast<std::int64_t>(first.size());
  file_.append(first);
  file_.append(header());
}

std::string RowTableWriter::header() const {
  std::string text = card("XTENSION", "'BINTABLE'");
  text += card("BITPIX", 8) + card("NAXIS", 2) + card("NAXIS1", row_bytes_) + card("NAXIS2", rows_);
  text += card("PCOUNT", 0) + card("GCOUNT", 1) + card("TFIELDS", static_cast<std::int64_t>(columns_.size()));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const RowColumn& column = columns_[i];
    text += text_card(fmt::format("TTYPE{}", i + 1), column.name);
    text += text_card(fmt::format("TFORM{}", i + 1), column.format());
    if (!column.unit.empty()) text += text_card(fmt::format("TUNIT{}", i + 1), column.unit);
    if (!column.tdim.empty()) text += text_card(fmt::format("TDIM{}", i + 1), column.tdim);
  }
  if (!extname_.empty()) text += text_card("EXTNAME", extname_);
  for (const fits::Card& c : cards_.cards()) {
    if (const auto* number = std::get_if<std::int64_t>(&c.value))
      text += card(c.key, fmt::format("{:>20}", *number), c.comment);
    else if (const auto* words = std::get_if<std::string>(&c.value))
      text += text_card(c.key, *words);
    else
      throw internal_error("card {} of a table is neither a whole number nor a text", c.key);
  }
  std::string end = "END";
  end.resize(kCard, ' ');
  text += end;
  pad(text, ' ');
  return text;
}

void RowTableWriter::append(std::span<const std::uint8_t> rows) {
  if (row_bytes_ == 0 || static_cast<std::int64_t>(rows.size()) % row_bytes_ != 0)
    throw internal_error("{} bytes are no whole rows of {}", rows.size(), row_bytes_);
  file_.append({reinterpret_cast<const char*>(rows.data()), rows.size()});
  rows_ += static_cast<std::int64_t>(rows.size()) / row_bytes_;
}

void RowTableWriter::finish() {
  const auto size = static_cast<std::size_t>(rows_ * row_bytes_);
  file_.append(std::string((kRecord - size % kRecord) % kRecord, '\0'));
  file_.overwrite(header_at_, header());
  file_.sync();
}

}  // namespace brickline
