#include "core/release/parts.h"

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

bool is_count(const std::string& key) { return key.starts_with("COUNT") || key.starts_with("NCOUNT"); }

}  // namespace

std::string part_key(const BrickGroup& group, std::string_view options, bool verify) {
  if (!verify) return {};
  std::string text = fmt::format("{} {}\n{}\n", kVersion, commit(), options);
  for (const BrickOutput& b : group.bricks) {
    const auto list = list_of(b);
    if (!list) return {};
    text += fmt::format("{} {} {} {} {} {} {}\n", b.brick.name, b.brick.id, b.brick.ra1, b.brick.ra2,
                        b.brick.dec1, b.brick.dec2, list->digest());
  }
  return sha256_hex(text);
}

bool is_current_part(const fs::path& file, const std::string& key) {
  std::error_code code;
  if (key.empty() || !fs::exists(file, code)) return false;
  try {
    return fits::FitsReader(file).header(0).text("PARTKEY") == key;
  } catch (const Error&) {
    return false;  // it is made again
  }
}

void put_part_cards(fits::Header& header, const std::string& key, const Counts& counts) {
  header.set("PARTKEY", key, "of what this was made from");
  int number = 0;
  for (const auto& [what, count] : counts) {
    header.set(fmt::format("COUNT{}", ++number), what);
    header.set(fmt::format("NCOUNT{}", number), count);
  }
}

Counts part_counts(const fits::Header& header) {
  Counts counts;
  for (int number = 1;; ++number) {
    const auto what = header.text(fmt::format("COUNT{}", number));
    if (!what) return counts;
    counts[*what] += header.require_integer(fmt::format("NCOUNT{}", number));
  }
}

fits::Header cards_of_part(const fs::path& file) {
  fits::Header out;
  const fits::Header header = fits::FitsReader(file).header(0);
  for (const fits::Card& card : header.cards())
    if (card.key != "PARTKEY" && !is_count(card.key)) out.append(card);
  return out;
}

void merge_bit_cards(fits::Header& to, const fits::Header& from, const fs::path& file) {
  for (const fits::Card& card : from.cards()) {
    if (!card.key.starts_with("MB_") && !card.key.starts_with("MBIT_")) continue;
    const fits::Card* other = to.find(card.key);
    if (!other)
      to.set(card.key, card.value, card.comment);
    else if (other->value != card.value)
      throw input_error("its card {} is not that of other bricks: bits of two surveys cannot be put together",
                        card.key)
          .in_file(file.string());
  }
}

}  // namespace brickline
