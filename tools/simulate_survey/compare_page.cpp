#include "tools/simulate_survey/compare_page.h"

#include <algorithm>
#include <cmath>

#include "core/base/markup.h"
#include "core/page/json_writer.h"
#include "core/page/page_text.h"
#include "tools/simulate_survey/page_assets.h"

namespace brickline::simulate {
namespace {

constexpr std::size_t kMostSources = 200'000;
constexpr int kDigits = 4;

// Every so manieth is taken.
std::size_t step_of(std::size_t n) { return (n + kMostSources - 1) / kMostSources; }

void write_statistics(JsonWriter& json, const PullStatistics& s) {
  json.begin_array();
  json.integer(s.n);
  json.number(s.median, kDigits);
  json.number(s.width, kDigits);
  json.number(s.beyond_5, kDigits);
  json.end_array();
}

// Of each: kind, S/N, class or -1, found kind, or -1 if it was not found; and if it was, three pulls of other parameters,
// then per band pull, truth/sigma, whether little light is of neighbours.
void write_sources(JsonWriter& json, const Comparison& c, const ClassOptions& options) {
  json.key("sources");
  json.begin_array();
  const std::size_t step = std::max<std::size_t>(1, step_of(c.sources.size()));
  for (std::size_t i = 0; i < c.sources.size(); i += step) {
    const TrueSource& s = c.sources[i];
    json.begin_array();
    json.integer(s.kind);
    json.number(s.snr, kDigits);
    json.integer(s.matched);
    if (s.matched) {
      json.integer(s.found_kind);
      json.integer(class_of(s, options));
      for (const double p : {s.position_pull[0], s.position_pull[1], s.radius_pull}) json.number(p, kDigits);
      for (std::size_t b = 0; b < s.pull.size(); ++b) {
        json.number(s.pull[b], kDigits);
        json.number(s.true_snr[b], kDigits);
        json.integer(s.unblended[b]);
      }
    }
    json.end_array();
  }
  json.end_array();
}

void write_entries(JsonWriter& json, const Comparison& c) {
  json.key("entries");  // S/N, real
  json.begin_array();
  const std::size_t step = std::max<std::size_t>(1, step_of(c.entries.size()));
  for (std::size_t i = 0; i < c.entries.size(); i += step) {
    json.number(c.entries[i].snr, kDigits);
    json.integer(c.entries[i].real);
  }
  json.end_array();
}

void write_bands(JsonWriter& json, const Comparison& c) {
  json.key("bands");
  json.begin_array();
  for (const BandComparison& b : c.bands) {
    json.begin_object();
    json.member("band", b.band);
    json.member("n", b.n);
    json.member("median", b.median_pull, kDigits);
    json.member("width", b.pull_width, kDigits);
    json.member("beyond_5", b.beyond_5, kDigits);
    json.member("bright", b.bright);
    json.member("bias", b.bright_bias, kDigits);
    json.member("scatter", b.bright_scatter, kDigits);
    json.end_object();
  }
  json.end_array();
}

void write_classes(JsonWriter& json, const ClassComparison& c) {
  json.key("rows");
  json.begin_array();
  for (const ClassPulls& row : c.classes) {
    json.begin_object();
    json.member("name", row.name);
    json.key("bands");
    json.begin_array();
    for (const PullStatistics& b : row.bands) write_statistics(json, b);
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

template <typename Names>
void write_names(JsonWriter& json, std::string_view key, const Names& names) {
  json.key(key);
  json.begin_array();
  for (const std::string_view name : names) json.text(name);
  json.end_array();
}

}  // namespace

std::string comparison_page_html(const Comparison& c, const std::string& survey, const std::string& products,
                                 const ComparisonOptions& options) {
  JsonWriter json;
  json.begin_object();
  json.member("survey", survey);
  json.member("products", products);
  json.member("truth", c.truth);
  json.member("catalog", c.catalog);
  json.member("matched", c.matched);
  json.member("detectable", c.detectable);
  json.member("completeness", c.completeness, kDigits);
  json.member("spurious", c.spurious, kDigits);
  json.member("detectable_snr", options.detectable_snr, kDigits);
  json.member("match_radius", options.match_radius, kDigits);
  json.member("spurious_radius", options.spurious_radius, kDigits);
  json.member("largest_fracflux", options.largest_fracflux, kDigits);
  json.member("bright_flux", options.bright_flux, kDigits);
  json.member("isolation", options.classes.isolation, kDigits);
  json.member("kinds_snr", options.classes.kinds_snr, kDigits);
  json.member("kinds_known", c.classes.has_value());
  write_names(json, "kinds", kKinds);
  write_names(json, "classes", kClasses);
  write_bands(json, c);
  if (c.classes) write_classes(json, *c.classes);
  write_sources(json, c, options.classes);
  json.member("entries_in_all", static_cast<std::int64_t>(c.entries.size()));
  write_entries(json, c);
  json.end_object();
  return filled_page(brickline::comparison_page::kHtml,
                     {{"title", markup_text("Found against true: " + products)},
                      {"style", brickline::comparison_page::kCss},
                      {"script", brickline::comparison_page::kJs},
                      {"data", json_in_html(json.take())}});
}

}  // namespace brickline::simulate
