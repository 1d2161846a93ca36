// The closed set of conditions that a camera's facts may depend on, and the values of one CCD they are judged
// by.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fits/header.h"

namespace brickline {

// Version of the pipeline that reduced an image ("V4.8.2a", "DES V3.5.0+1", "V5.6.1LS"), ordered as
// major.minor.patch with pre-releases ("a", "b" and a number; "+1" counts as a1, "beta" as b1) before the
// release.
struct PipelineVersion {
  int major = 0, minor = 0, patch = 0;
  char stage = 'z';  // 'a', 'b', or 'z' for a release
  int number = 0;    // of a pre-release
  auto operator<=>(const PipelineVersion&) const = default;
};
// Empty when the text holds no number. `exact` (if given) becomes false when only a leading number, pair or
// triple could be used ("V5.2.2LS+" counts as 5.2.2).
std::optional<PipelineVersion> parse_pipeline_version(std::string_view text, bool* exact = nullptr);

// An ECMAScript regular expression, compiled once; copies share it. Safe from any thread.
class Pattern {
 public:
  Pattern() = default;
  // Error (kUsage) if the expression is not valid.
  explicit Pattern(std::string expression, bool ignore_case = false);
  const std::string& expression() const { return expression_; }
  bool empty() const { return expression_.empty(); }
  bool found_in(std::string_view text) const;
  // What `replacement` ($1, $2 ...; "" means the first group, or all without groups) makes of the first
  // match; empty without one.
  std::optional<std::string> extract(std::string_view text, const std::string& replacement) const;

 private:
  struct Compiled;
  std::string expression_;
  std::shared_ptr<const Compiled> compiled_;
};

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

// Which header a card is looked up in.
enum class HeaderOf { kPrimary, kImage, kEither, kMask, kWeight };  // kEither: the image's, then the primary

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

// What is known of one CCD. Unknown: empty text, NaN, or -1 for integers.
struct CcdValues {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::string camera, band, object, propid, plver, plprocid, procdate, mask_plver;
  std::string image_filename;          // relative to the survey's images
  std::optional<std::string> ccdname;  // may be known to be empty
  std::int64_t expnum = -1;
  int image_hdu = -1, width = 0, height = 0;
  double mjd_obs = kUnknown;  // UTC, start of the exposure
  double exptime = kUnknown;  // seconds
  double airmass = kUnknown, hour_angle = kUnknown, ra_bore = kUnknown, dec_bore = kUnknown;  // degrees
  double gain = kUnknown;         // electrons per unit
  double fwhm = kUnknown;         // pixels, of the image's header
  double pixel_scale = kUnknown;  // arcsec
  double ccdzpt = kUnknown;       // mag, per second
  double zero_point = kUnknown;   // mag, of the pixels as they are
  double sig1 = kUnknown;         // nanomaggies per pixel
  double read_noise = kUnknown;   // electrons
};

// Headers, read when first asked for.
class CcdHeaders {
 public:
  virtual ~CcdHeaders() = default;
  // Null if there is no such file. kEither is not asked for. kMask, kWeight: the HDU of this CCD.
  virtual const fits::Header* header(HeaderOf which) = 0;
  // PLVER of the mask file's primary header; empty if there is none.
  virtual std::string mask_plver() { return {}; }
  // The value, as text without blanks at its ends, of the first of `keys` that has one (kEither: in the
  // image's header, then in the primary).
  std::optional<std::string> text(const std::vector<std::string>& keys, HeaderOf in);
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
