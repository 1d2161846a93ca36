// Conditions and sources of the facts' JSON text.
#include "core/base/error.h"
#include "core/facts/facts_reader.h"

namespace brickline::facts {
namespace {

Pattern pattern_of(const std::string& expression, const std::string& path, Report& report,
                   bool ignore_case = false) {
  try {
    return Pattern(expression, ignore_case);
  } catch (const Error& e) {
    report.problem(path, "{}", e.message());
    return {};
  }
}

template <typename T>
void convert_limits(const Json& j, const std::string& path, Report& report, Limits<T>& out) {
  Object o(j, path, report);
  o.read("from", out.from);
  o.read("after", out.after);
  o.read("below", out.below);
  o.read("through", out.through);
  if (j.is_object() && out.unlimited())
    report.problem(path, "no limit given, expected from, after, below or through");
}

HeaderOf header_of(Object& o, HeaderOf fallback) {
  HeaderOf in = fallback;
  o.read_name<HeaderOf>("in", in,
                        {{"primary", HeaderOf::kPrimary},
                         {"image", HeaderOf::kImage},
                         {"either", HeaderOf::kEither},
                         {"mask", HeaderOf::kMask},
                         {"weight", HeaderOf::kWeight}});
  return in;
}

void convert(const Json& j, const std::string& path, Report& report, const Source& defaults, Source& out) {
  using As = Source::As;
  out = defaults;
  out.keys.clear();
  Object o(j, path, report);
  o.read_texts("key", out.keys);
  if (const Json* constant = o.get("constant")) {
    if (constant->is_string())
      out.constant = constant->get<std::string>();
    else if (constant->is_number())
      out.constant = constant->get<double>();
    else
      report.problem(o.path("constant"), "{} is neither text nor a number", shown(*constant));
  }
  if (out.keys.empty() == !out.constant.has_value()) report.problem(path, "expected one of key and constant");
  out.in = header_of(o, defaults.in);
  o.read_name<As>("as", out.as,
                  {{"text", As::kText},
                   {"integer", As::kInteger},
                   {"real", As::kReal},
                   {"sexagesimal_hours", As::kSexagesimalHours},
                   {"sexagesimal_degrees", As::kSexagesimalDegrees},
                   {"iso_utc", As::kIsoUtc},
                   {"version", As::kVersion}});
  std::string match;
  if (o.read("match", match)) out.match = pattern_of(match, o.path("match"), report);
  o.read("take", out.take);
  o.read_within("words", out.word, 1, 100);
  o.read("basename", out.basename);
  o.read_within("digits", out.digits, 0, 18);
  o.read_name<Source::Case>(
      "case", out.letters,
      {{"keep", Source::Case::kKeep}, {"lower", Source::Case::kLower}, {"upper", Source::Case::kUpper}});
  if (const Json* map = o.get("map")) {
    Object table(*map, o.path("map"), report);
    for (const std::string& key : table.all_keys()) {
      const Json& value = (*map)[key];
      if (value.is_string())
        out.map[key] = value.get<std::string>();
      else if (value.is_number())
        out.map[key] = value.dump();
      else
        report.problem(table.path(key), "{} is neither text nor a number", shown(value));
    }
  }
  o.read("scale", out.scale);
  o.read("offset", out.offset);
  o.read_name<Source::Combine>("combine", out.combine,
                               {{"first", Source::Combine::kFirst},
                                {"mean", Source::Combine::kMean},
                                {"median", Source::Combine::kMedian}});
  o.read("require", out.require);
  o.get("example");  // information for a writer of synthetic headers
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, TextMatch& out) {
  std::vector<std::string> texts;
  convert_texts(j, path, report, texts);
  for (const std::string& text : texts) {
    if (text.size() > 2 && text.front() == '/' && text.back() == '/')
      out.patterns.push_back(pattern_of(text.substr(1, text.size() - 2), path, report));
    else
      out.texts.push_back(text);
  }
  if (out.any()) report.problem(path, "{} names nothing", shown(j));
}

void convert(const Json& j, const std::string& path, Report& report, PipelineVersion& out) {
  const auto version = j.is_string() ? parse_pipeline_version(j.get<std::string>()) : std::nullopt;
  if (!version) return report.problem(path, "{} is not a version such as \"4.8.0\"", shown(j));
  out = *version;
}
void convert(const Json& j, const std::string& path, Report& report, Limits<double>& out) {
  convert_limits(j, path, report, out);
}
void convert(const Json& j, const std::string& path, Report& report, Limits<PipelineVersion>& out) {
  convert_limits(j, path, report, out);
}

void convert(const Json& j, const std::string& path, Report& report, CardCondition& out) {
  Object o(j, path, report);
  o.read_texts("key", out.keys);
  if (out.keys.empty()) report.problem(o.path("key"), "is required");
  out.in = header_of(o, HeaderOf::kEither);
  if (const Json* equals = o.get("equals"))
    out.equals = equals->is_string() ? equals->get<std::string>() : equals->dump();
  std::string expression;
  if (o.read("matches", expression)) out.matches = pattern_of(expression, o.path("matches"), report, true);
  o.read("exists", out.exists);
  o.read("from", out.limits.from);
  o.read("after", out.limits.after);
  o.read("below", out.limits.below);
  o.read("through", out.limits.through);
}

void convert(const Json& j, const std::string& path, Report& report, Condition& out) {
  Object o(j, path, report);
  o.read("ccd", out.ccd);
  o.read("band", out.band);
  o.read("plprocid", out.plprocid);
  o.read("procdate", out.procdate);
  o.read("propid", out.propid);
  o.read("object", out.object);
  o.read("expnum", out.expnum);
  o.read("mjd", out.mjd);
  o.read("exptime", out.exptime);
  o.read("hdu", out.hdu);
  o.read("airmass", out.airmass);
  o.read("plver", out.plver);
  o.read("mask_plver", out.mask_plver);
  if (const Json* cards = o.get("card")) {
    if (cards->is_array()) {
      convert(*cards, o.path("card"), report, out.cards);
    } else {
      out.cards.emplace_back();
      convert(*cards, o.path("card"), report, out.cards.back());
    }
  }
  o.read("any", out.any_of);
  if (const Json* none = o.get("not")) {
    if (none->is_array()) {
      convert(*none, o.path("not"), report, out.none_of);
    } else {
      out.none_of.emplace_back();
      convert(*none, o.path("not"), report, out.none_of.back());
    }
  }
}

void convert_sources(const Json& j, const std::string& path, Report& report, const Source& defaults,
                     Sources& out) {
  out.clear();
  if (j.is_array()) {
    for (std::size_t i = 0; i < j.size(); ++i) {
      out.emplace_back();
      convert(j[i], fmt::format("{}[{}]", path, i), report, defaults, out.back());
    }
    if (out.empty()) report.problem(path, "no source given");
  } else {
    out.emplace_back();
    convert(j, path, report, defaults, out.back());
  }
}

}  // namespace brickline::facts
