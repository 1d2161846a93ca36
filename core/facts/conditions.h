// The closed set of conditions that a camera's facts may depend on, judged by the values of one CCD.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/facts/ccd_values.h"
#include "core/facts/pattern.h"
#include "core/facts/pipeline_version.h"

namespace brickline {

// Any of several exact texts, or a pattern; without either, everything matches.
struct TextMatch {
  std::vector<std::string> texts;
  std::vector<Pattern> patterns;
  bool any() const { return texts.empty() && patterns.empty(); }
  bool matches(std::string_view text) const;
};

// Limits; all that are given must hold.
template <typename T>
struct Limits {
  std::optional<T> from, after, below, through;  // >=, >, <, <=
  bool unlimited() const { return !from && !after && !below && !through; }
  bool contains(const T& v) const {
    return !(from && v < *from) && !(after && v <= *after) && !(below && v >= *below) &&
           !(through && v > *through);
  }
};

// A header value.
struct CardCondition {
  std::vector<std::string> keys;
  HeaderOf in = HeaderOf::kEither;
  std::optional<std::string> equals;  // compared as text, or as numbers if both are
  std::optional<Pattern> matches;     // ignoring case
  std::optional<bool> exists;
  Limits<double> limits;
};

// All parts that are given must hold. A quantity that is not known never matches.
struct Condition {
  std::optional<TextMatch> ccd, band, plprocid, procdate, propid, object;
  std::optional<Limits<double>> expnum, mjd, exptime, hdu, airmass;
  std::optional<Limits<PipelineVersion>> plver, mask_plver;
  std::vector<CardCondition> cards;
  std::vector<Condition> any_of;  // at least one, when not empty
  std::vector<Condition> none_of;
};

// `headers` may be null where no condition on cards can hold.
bool holds(const Condition& condition, const CcdValues& ccd, CcdHeaders* headers = nullptr);

// A value that depends on the CCD: the first rule whose condition holds.
template <typename T>
struct Rule {
  Condition when;
  T value;
};
template <typename T>
struct Rules {
  std::vector<Rule<T>> rules;
  Rules() = default;
  Rules(T value) : rules{{Condition{}, std::move(value)}} {}  // NOLINT(google-explicit-constructor)
  // Null if no rule applies.
  const T* find(const CcdValues& ccd, CcdHeaders* headers = nullptr) const {
    for (const Rule<T>& rule : rules)
      if (holds(rule.when, ccd, headers)) return &rule.value;
    return nullptr;
  }
};

}  // namespace brickline
