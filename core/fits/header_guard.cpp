#include "core/fits/header_guard.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"

// Exported by CFITSIO, declared in its private header only: the byte to read next, and reading from there.
extern "C" int ffmbyt(fitsfile* file, LONGLONG position, int past_end, int* status);
extern "C" int ffgbyt(fitsfile* file, LONGLONG count, void* bytes, int* status);

namespace brickline::fits {
namespace {

// The HDUs in which a card tells how the HDU is built; elsewhere it may be anything.
enum class In { kTable, kCompressed, kRice };

enum class Kind {
  kWhole,         // a whole number within the range, and only one
  kNumber,        // any number
  kMaybeNumber,   // the same, or no value
  kShortOrWhole,  // what is no number is shorter than what CFITSIO has room for when it says so
  kText,          // in quotes
  kWord,          // in quotes, or short
};

struct Rule {
  std::string_view key;  // '#' stands for a number
  In in;
  Kind kind;
  double least = 0, most = 0;
};

constexpr double kMostInt = 2147483647, kMostSize = 9.3e18;
constexpr Rule kRules[] = {
    {"TFIELDS", In::kTable, Kind::kWhole, 0, 999},
    {"TTYPE#", In::kTable, Kind::kWord},
    {"TFORM#", In::kTable, Kind::kWord},
    {"TUNIT#", In::kTable, Kind::kWord},
    {"TDIM#", In::kTable, Kind::kWord},
    {"TDISP#", In::kTable, Kind::kWord},
    {"EXTNAME", In::kTable, Kind::kWord},
    {"TNULL#", In::kTable, Kind::kShortOrWhole},
    {"TBCOL#", In::kTable, Kind::kShortOrWhole},
    {"THEAP", In::kTable, Kind::kShortOrWhole},
    {"NAXIS1", In::kTable, Kind::kWhole, 0, kMostSize},
    {"NAXIS2", In::kTable, Kind::kWhole, 0, kMostSize},
    {"PCOUNT", In::kTable, Kind::kWhole, 0, kMostSize},
    {"ZNAXIS", In::kCompressed, Kind::kWhole, 1, 999},
    {"ZNAXIS#", In::kCompressed, Kind::kWhole, 1, kMostInt},
    {"ZTILE#", In::kCompressed, Kind::kWhole, 1, kMostInt},
    {"ZBITPIX", In::kCompressed, Kind::kNumber},
    {"ZPCOUNT", In::kCompressed, Kind::kMaybeNumber},
    {"ZGCOUNT", In::kCompressed, Kind::kMaybeNumber},
    {"ZDITHER0", In::kCompressed, Kind::kMaybeNumber},
    {"ZBLANK", In::kCompressed, Kind::kMaybeNumber},
    {"BLANK", In::kCompressed, Kind::kMaybeNumber},
    {"ZVAL1", In::kRice, Kind::kWhole, 1, kMostInt},
    {"ZVAL#", In::kCompressed, Kind::kMaybeNumber},
    {"ZCMPTYPE", In::kCompressed, Kind::kText},
    {"ZQUANTIZ", In::kCompressed, Kind::kText},
    {"ZNAME#", In::kCompressed, Kind::kText},
};

bool is_key(std::string_view pattern, std::string_view key) {
  if (pattern.back() != '#') return key == pattern;
  pattern.remove_suffix(1);
  return key.size() > pattern.size() && key.starts_with(pattern) &&
         std::all_of(key.begin() + static_cast<std::ptrdiff_t>(pattern.size()), key.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

// As CFITSIO takes a card apart: the name ends at a blank or '=', the value begins behind the first '='.
struct CardParts {
  std::string key;
  std::string_view rest;   // all behind '='
  std::string_view value;  // without the comment; of a text only what is before a '/'
};

std::optional<CardParts> parts_of(std::string_view card) {
  const auto equals = card.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view name = card.substr(0, equals);
  constexpr std::string_view kLong = "HIERARCH ";
  if (name.starts_with(kLong)) name = stripped(name.substr(kLong.size()));
  CardParts out;
  out.key = upper_case(name.substr(0, name.find(' ')));
  out.rest = stripped(card.substr(equals + 1));
  out.value = stripped(out.rest.substr(0, out.rest.find('/')));
  return out;
}

// What is wrong with it; empty: nothing.
std::string wrong_with(const Rule& rule, const CardParts& card) {
  constexpr std::size_t kLongestWord = 60, kLongestInMessage = 20;
  const auto number = parse_double(card.value);
  const bool quoted = card.value.starts_with('\'');
  switch (rule.kind) {
    case Kind::kWhole:
      // Whatever is no number of the range, also '0' and 0.5, which CFITSIO makes a number of, and 1E300, of which it makes 0.
      if (!number) return "is no number";
      if (*number < rule.least || *number > rule.most)
        return fmt::format("is not from {:.0f} to {:.0f}", rule.least, rule.most);
      return {};
    case Kind::kNumber:
      return number ? "" : "is no number";
    case Kind::kMaybeNumber:
      return number || card.value.empty() ? "" : "is no number";
    case Kind::kShortOrWhole:
      return number || card.value.size() <= kLongestInMessage ? "" : "is no number";
    case Kind::kText:
      return quoted ? "" : "has no quotes";
    case Kind::kWord:
      return quoted || card.value.empty() || card.rest.size() <= kLongestWord ? "" : "has no quotes";
  }
  return {};
}

constexpr std::string_view in_words(In in) {
  return in == In::kTable ? "table" : in == In::kRice ? "image packed by Rice's code" : "compressed image";
}

}  // namespace

void check_structure(fitsfile* file, LONGLONG start) {
  constexpr int kCard = 80, kMostCards = 400'000, kAllowPastEnd = 1;
  int status = 0;
  ffmbyt(file, start, kAllowPastEnd, &status);
  // Which HDU it is is known at its end only, since the cards may come in any order, and twice.
  bool table = false, compressed = false, rice = false, counted = false;
  std::array<std::string, 3> wrong;         // the first of each In
  std::map<std::string, std::string> once;  // values of the whole numbers
  for (int i = 0; i < kMostCards; ++i) {
    char bytes[kCard];
    if (ffgbyt(file, kCard, bytes, &status))
      break;  // it never ends, which CFITSIO sees when it has taken in the cards
    const std::string_view text(bytes, kCard);
    if (text.starts_with("END     ")) break;
    const auto card = parts_of(text);
    if (!card) continue;
    if (card->key == "ZIMAGE") compressed = true;
    if (card->key == "ZCMPTYPE") rice = rice || card->value.find("RICE") != std::string_view::npos;
    if (card->key == "XTENSION") table = card->value.find("TABLE") != std::string_view::npos;
    if (card->key == "TFIELDS") counted = true;
    for (const Rule& rule : kRules) {
      std::string& first = wrong[static_cast<std::size_t>(rule.in)];
      if (!first.empty() || !is_key(rule.key, card->key)) continue;
      if (const std::string what = wrong_with(rule, *card); !what.empty())
        first = fmt::format("{} = {} {}", card->key, card->value, what);
      else if (rule.kind == Kind::kWhole) {
        // Of two CFITSIO takes the one here and the other there.
        const auto& before = once.emplace(card->key, card->value).first->second;
        if (parse_double(before) != parse_double(card->value))
          first = fmt::format("{} is given twice, as {} and {}", card->key, before, card->value);
      }
    }
  }
  const auto refuse = [&](In in) {
    if (const std::string& what = wrong[static_cast<std::size_t>(in)]; !what.empty())
      throw input_error("the header of a {} cannot be right: {}", in_words(in), what);
  };
  // Where it is not said CFITSIO takes for the number of columns whatever there happens to be in its memory.
  if (table && !counted) throw input_error("a table without the card TFIELDS");
  if (table) refuse(In::kTable);
  if (compressed) refuse(In::kCompressed);
  if (compressed && rice) refuse(In::kRice);
}

}  // namespace brickline::fits
