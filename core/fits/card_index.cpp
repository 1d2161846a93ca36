#include "core/fits/card_index.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/fits/cfitsio_types.h"

namespace brickline::fits {

std::string unquoted(std::string_view field) {
  if (!field.empty() && field.front() == '\'') field.remove_prefix(1);
  const auto last = field.find_last_of('\'');
  if (last != std::string_view::npos) field = field.substr(0, last);
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    out += field[i];
    if (field[i] == '\'' && i + 1 < field.size() && field[i + 1] == '\'') ++i;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string whole_field(std::string_view record, std::string_view first_word) {
  // Texts and complex numbers end where they say so.
  if (first_word.empty() || first_word.front() == '\'' || first_word.front() == '(')
    return std::string(first_word);
  const auto equals = record.find('=');
  if (equals == std::string_view::npos) return std::string(first_word);
  const std::string_view field = record.substr(equals + 1);
  return std::string(stripped(field.substr(0, field.find('/'))));
}

CardIndex::CardIndex(fitsfile* file) {
  int status = 0, count = 0;
  fits_get_hdrspace(file, &count, nullptr, &status);
  for (int i = 1; i <= count && !status; ++i) {
    char record[FLEN_CARD] = "", name[FLEN_KEYWORD] = "", value[FLEN_VALUE] = "", comment[FLEN_COMMENT] = "";
    int length = 0, bad_card = 0;
    fits_read_record(file, i, record, &status);
    fits_get_keyname(record, name, &length, &bad_card);
    fits_parse_value(record, value, comment, &bad_card);
    if (bad_card) continue;  // it costs itself only
    const std::string_view field = stripped(value);
    Entry entry{field.starts_with('\'') ? std::string(stripped(unquoted(field))) : whole_field(record, field),
                comment,
                {}};
    const auto [first, is_new] = cards_.try_emplace(name, entry);
    if (is_new || entry.value == first->second.value) continue;
    // A conflict stays one whatever comes after it.
    std::optional<std::string>& other = first->second.other;
    if (!other || parse_double(*other) == parse_double(first->second.value)) other = entry.value;
  }
  if (status) throw cfitsio_error(ErrorKind::kInput, status, "cannot read the header");
}

std::optional<std::string> CardIndex::text(std::string_view key) const {
  const auto found = cards_.find(std::string(key));
  if (found == cards_.end() || found->second.value.empty()) return {};
  return found->second.value;
}

std::string CardIndex::comment(std::string_view key) const {
  const auto found = cards_.find(std::string(key));
  return found == cards_.end() ? std::string{} : found->second.comment;
}

std::optional<double> CardIndex::number(std::string_view key) const {
  const auto value = text(key);
  if (!value) return {};
  const auto number = parse_double(*value);
  if (!number) throw input_error("the header's {} = {} is no number", key, *value);
  if (const auto& other = cards_.find(std::string(key))->second.other;
      other && parse_double(*other) != number)
    throw input_error("{} stands twice in the header: {} and {}", key, *value, *other);
  return number;
}

std::optional<std::int64_t> CardIndex::integer(std::string_view key) const {
  const auto value = number(key);
  if (!value) return {};
  if (*value != std::floor(*value) || std::abs(*value) > 9e15)
    throw input_error("the header's {} = {} is no integer", key, *value);
  return static_cast<std::int64_t>(*value);
}

}  // namespace brickline::fits
