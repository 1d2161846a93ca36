#include "core/wcs/tnx_cards.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// Characters of a card that hold text of the attribute string; blanks at their end are part of it.
constexpr std::size_t kCharactersOfACard = 68;
constexpr int kHighestOrder = 20;
constexpr std::int64_t kMostCards = 1000;  // beyond which the index has no place in the keyword
constexpr const char* kBlanks = " \t";

// The strings of WATi_001, WATi_002, ... joined; empty where there is none.
std::string wat_string(const WcsCards& cards, int axis) {
  std::map<int, std::string> parts;
  const std::string prefix = fmt::format("WAT{}_", axis);
  for (const std::string& key : cards.keys())
    if (key.starts_with(prefix))
      if (const auto n = parse_int(std::string_view(key).substr(prefix.size())))
        parts[static_cast<int>(std::clamp<std::int64_t>(*n, 0, kMostCards))] =
            cards.unstripped_text(key).value_or("");
  std::string joined;
  int expected = 1;
  for (auto& [n, part] : parts) {
    if (n != expected) throw input_error("{}{:03d} is missing", prefix, expected);
    ++expected;
    if (part.size() < kCharactersOfACard) part.resize(kCharactersOfACard, ' ');
    joined += part;
  }
  return joined;
}

// name = value, name = "many words".
using Attributes = std::map<std::string, std::string, std::less<>>;

Attributes parse_attributes(std::string_view s, int axis) {
  Attributes attributes;
  const auto skip_blanks = [&s] { s.remove_prefix(std::min(s.find_first_not_of(kBlanks), s.size())); };
  const auto malformed = [axis] { return input_error("the WAT{} cards are no list of attributes", axis); };
  for (skip_blanks(); !s.empty(); skip_blanks()) {
    const std::string name(s.substr(0, s.find_first_of(" \t=")));
    s.remove_prefix(name.size());
    skip_blanks();
    if (name.empty() || !s.starts_with('=')) throw malformed();
    s.remove_prefix(1);
    skip_blanks();
    const bool is_quoted = s.starts_with('"');
    if (is_quoted) s.remove_prefix(1);
    const std::size_t end = is_quoted ? s.find('"') : std::min(s.find_first_of(kBlanks), s.size());
    if (end == std::string_view::npos) throw malformed();
    attributes[name] = s.substr(0, end);
    s.remove_prefix(end + (is_quoted ? 1 : 0));
  }
  return attributes;
}

std::vector<double> parse_numbers(std::string_view s, int axis) {
  std::vector<double> numbers;
  for (;;) {
    s.remove_prefix(std::min(s.find_first_not_of(kBlanks), s.size()));
    if (s.empty()) return numbers;
    const std::string_view word = s.substr(0, s.find_first_of(kBlanks));
    const auto number = parse_double(word);
    if (!number) throw input_error("WAT{}: '{}' is not a number", axis, word);
    numbers.push_back(*number);
    s.remove_prefix(word.size());
  }
}

enum class Basis { kChebyshev = 1, kLegendre = 2, kPowers = 3 };
enum class CrossTerms { kNone = 0, kAll = 1, kHalf = 2 };

// The coefficients of t^0, t^1, ... of the basis's polynomials 0 to count-1, by their recurrences.
std::vector<std::vector<double>> as_powers(Basis basis, int count) {
  std::vector<std::vector<double>> p(count, std::vector<double>(count));
  for (int n = 0; n < count; ++n) {
    if (basis == Basis::kPowers || n < 2) {
      p[n][n] = 1;
      continue;
    }
    // T_n = 2 t T_(n-1) - T_(n-2);  n P_n = (2n - 1) t P_(n-1) - (n - 1) P_(n-2).
    const double up = basis == Basis::kChebyshev ? 2 : (2.0 * n - 1) / n;
    const double down = basis == Basis::kChebyshev ? 1 : (n - 1.0) / n;
    for (int k = 0; k <= n; ++k) p[n][k] = (k > 0 ? up * p[n - 1][k - 1] : 0) - down * p[n - 2][k];
  }
  return p;
}

// The header of a surface's numbers, read one after the other.
class Numbers {
 public:
  Numbers(std::vector<double> values, int axis) : values_(std::move(values)), axis_(axis) {}
  double next() {
    if (at_ == values_.size())
      throw input_error("the WAT{} cards hold {} numbers, fewer than their orders need", axis_,
                        values_.size());
    return values_[at_++];
  }
  int next_integer(const char* what, int low, int high) {
    const double value = next();
    if (value != std::floor(value) || value < low || value > high)
      throw input_error("WAT{}: {} {} is not one of {} to {}", axis_, what, value, low, high);
    return static_cast<int>(value);
  }
  // Nothing but zeros may be left.
  void finish() const {
    if (std::any_of(values_.begin() + static_cast<std::ptrdiff_t>(at_), values_.end(),
                    [](double v) { return v != 0; }))
      throw input_error("the WAT{} cards hold {} numbers, more than the {} that their orders need", axis_,
                        values_.size(), at_);
  }

 private:
  std::vector<double> values_;
  int axis_;
  std::size_t at_ = 0;
};

// Maps [low, high] to [-1, 1].
DistortionPolynomial::Scale scale_of(double low, double high, int axis) {
  if (!(high > low)) throw input_error("WAT{}: the range {} to {} is empty", axis, low, high);
  return {2 / (high - low), -(high + low) / (high - low)};
}

// The whole coordinate, xi' or eta'.
DistortionPolynomial surface(const std::string& text, int axis) {
  Numbers numbers(parse_numbers(text, axis), axis);
  const auto basis = static_cast<Basis>(numbers.next_integer("kind of polynomial", 1, 3));
  const int x_terms = numbers.next_integer("order", 1, kHighestOrder);
  const int y_terms = numbers.next_integer("order", 1, kHighestOrder);
  const auto cross = static_cast<CrossTerms>(numbers.next_integer("kind of cross terms", 0, 2));
  const double x_low = numbers.next(), x_high = numbers.next(), y_low = numbers.next(),
               y_high = numbers.next();

  DistortionPolynomial polynomial;
  DistortionPolynomial::Scale x, y;
  if (basis != Basis::kPowers) {
    x = scale_of(x_low, x_high, axis);
    y = scale_of(y_low, y_high, axis);
    polynomial.scale_arguments(x, y);
  }
  const int longer = std::max(x_terms, y_terms);
  const auto powers = as_powers(basis, longer);
  for (int n = 0; n < y_terms; ++n)
    for (int m = 0; m < x_terms; ++m) {
      if (cross == CrossTerms::kNone && m > 0 && n > 0) continue;
      if (cross == CrossTerms::kHalf && m + n >= longer) continue;
      const double c = numbers.next();
      for (int i = 0; i <= m; ++i)
        for (int j = 0; j <= n; ++j)
          if (const double term = c * powers[m][i] * powers[n][j]; term != 0) polynomial.add_term(i, j, term);
    }
  numbers.finish();
  // The coordinate itself, out of its scaled value.
  const DistortionPolynomial::Scale& own = axis == 1 ? x : y;
  polynomial.add_term(0, 0, -own.zero / own.factor);
  polynomial.add_term(axis == 1 ? 1 : 0, axis == 1 ? 0 : 1, 1 / own.factor);
  return polynomial;
}

const char* correction_name(int axis) { return axis == 1 ? "lngcor" : "latcor"; }

}  // namespace

Distortion tnx_distortion(const WcsCards& cards) {
  DistortionPolynomial polynomials[2];
  for (const int axis : {1, 2}) {
    const std::string text = wat_string(cards, axis);
    if (text.empty())
      throw input_error("CTYPE says TNX, but the header has no WAT{}_001 card with the distortion", axis);
    const Attributes attributes = parse_attributes(text, axis);
    const auto type = attributes.find("wtype");
    if (type == attributes.end() || type->second != "tnx")
      throw input_error("CTYPE says TNX, the WAT{} cards say wtype={}", axis,
                        type == attributes.end() ? "nothing" : type->second);
    const auto correction = attributes.find(correction_name(axis));
    if (correction != attributes.end())
      polynomials[axis - 1] = surface(correction->second, axis);
    else
      polynomials[axis - 1].add_term(axis == 1 ? 1 : 0, axis == 1 ? 0 : 1, 1);
  }
  return {Distortion::Place::kPlane, std::move(polynomials[0]), std::move(polynomials[1])};
}

std::optional<std::string> wat_distortion_key(const WcsCards& cards) {
  for (const int axis : {1, 2})
    if (wat_string(cards, axis).find(correction_name(axis)) != std::string::npos)
      return fmt::format("WAT{}_001", axis);
  return {};
}

}  // namespace brickline
