// The table of CCDs as make-ccds solve sees it, and as it leaves it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <tuple>

#include "core/base/error.h"
#include "core/zeropoints/robust.h"
#include "tools/make_ccds/solve_parts.h"
#include "tools/make_ccds/table_file.h"

namespace brickline::solving {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string reasons(const ExposureSky& sky) {
  std::string text;
  const auto add = [&](bool there, const char* word) {
    if (there) text += (text.empty() ? "" : ",") + std::string(word);
  };
  add(sky.has_offset, "offset");
  add(sky.has_ccd_scatter, "ccd_scatter");
  add(sky.has_star_excess, "star_excess");
  return text;
}

std::string what_became(Part part, const SolvedCcd& ccd) {
  switch (part) {
    case Part::kNotMeasured:
      return "not measured";
    case Part::kStated:
      return "stated, not measured";
    case Part::kNoStars:
      return "no star table";
    case Part::kTakesPart:
      break;
  }
  return ccd.solved ? "solved" : ccd.levelled ? "amplifiers only" : "no common stars";
}

}  // namespace

Rows rows_of(const fits::Table& table, double night_begins) {
  Rows out;
  for (const char* name : {"image_filename", "ccdname", "camera", "filter", "expnum", "mjd_obs", "ccdzpt"})
    table.require(name);
  const bool has_error = table.has("ccdzpt_error"), has_term_error = table.has("ccdzpt_term_error");
  if (!has_error)
    for (const char* name : {"ccdphrms", "ccdnphotom_used"})
      if (!table.has(name))
        throw input_error("it has no column ccdzpt_error, and no {} to tell the zero points' errors from",
                          name);
  Numbers<std::string> exposures;
  Numbers<std::pair<std::string, std::string>> systems;
  Numbers<std::tuple<int, std::string>> detectors;
  Numbers<std::pair<std::string, std::int64_t>> nights;
  Numbers<std::tuple<int, std::string, double>> catalogs;
  std::map<std::tuple<std::string, std::int64_t, std::string>, std::int64_t> by_number;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const std::string image = table.text("image_filename", i), name = table.text("ccdname", i),
                      camera = table.text("camera", i);
    const double mjd = table.number("mjd_obs", i);
    RelativeCcd ccd;
    out.system.push_back(systems({camera, table.text("filter", i)}));
    ccd.exposure = exposures(image);
    ccd.detector = detectors({out.system.back(), name});
    constexpr double kFarthest = 1e7;  // days: no date
    out.night.push_back(std::abs(mjd) < kFarthest ? std::floor(mjd - night_begins / 24) : kNan);
    if (std::isfinite(out.night.back()))
      ccd.night = nights({camera, static_cast<std::int64_t>(out.night.back())});
    ccd.zero_point = table.number("ccdzpt", i);
    const double scatter_error =
        has_error ? 0
                  : table.number("ccdphrms", i) *
                        std::sqrt(std::numbers::pi / 2 / table.number("ccdnphotom_used", i));
    ccd.error = has_error ? table.number("ccdzpt_error", i) : scatter_error;
    const double term = has_term_error ? table.number("ccdzpt_term_error", i) : 0;
    const bool has_term = term > 0 && term < ccd.error;
    if (has_term) ccd.error = std::sqrt(ccd.error * ccd.error - term * term);
    out.term_error.push_back(has_term ? term : 0);
    const std::string source = table.has("zpt_source") ? table.text("zpt_source", i) : "";
    out.catalog.push_back(catalogs({out.system.back(), source, out.term_error.back()}));
    if (std::ssize(out.catalog_names) < catalogs.size())
      out.catalog_names.push_back(fmt::format("{} {} {}", camera, table.text("filter", i), source));
    const bool failed = table.has("err_message") && !table.text("err_message", i).empty();
    const bool stated = table.has("zpt_source") && !source.starts_with("stars:");
    const bool good = std::isfinite(ccd.zero_point) && std::isfinite(ccd.error) && ccd.error > 0;
    out.part.push_back(failed   ? Part::kNotMeasured
                       : stated ? Part::kStated
                       : good   ? Part::kNoStars
                                : Part::kNotMeasured);
    if (!out.by_name.try_emplace({short_name(image), name}, i).second)
      throw input_error("CCD {} of image {} is in it twice", name, short_name(image));
    const std::int64_t number = table.integer("expnum", i);
    if (number > 0 && !by_number.try_emplace({camera, number, name}, i).second)
      throw input_error("CCD {} of exposure {} of camera {} is in it twice", name, number, camera);
    out.exposure.push_back(ccd.exposure);
    out.ccds.push_back(ccd);
  }
  out.exposures = exposures.size();
  return out;
}

void replace_columns(fits::Table& table, const Rows& rows, const Solved& solved) {
  const std::int64_t n = table.rows();
  std::vector<double> difference(at(n));
  for (std::int64_t i = 0; i < n; ++i)
    if (solved.ccds[at(i)].solved || solved.ccds[at(i)].levelled)
      difference[at(i)] = solved.ccds[at(i)].zero_point - rows.ccds[at(i)].zero_point;
  const auto change = [&](const char* name, auto value) {
    if (!table.has(name)) return;
    const std::string unit = table.find(name)->unit;
    std::vector<float> values;
    for (std::int64_t i = 0; i < n; ++i)
      values.push_back(static_cast<float>(value(table.number(name, i), difference[at(i)])));
    table.add(name, std::move(values), unit);
  };
  for (const char* name : {"sig1", "meansky", "stdsky", "maxsky", "minsky"})
    change(name, [](double v, double d) { return v * std::pow(10, -0.4 * d); });
  for (const char* name : {"psfdepth", "galdepth", "gausspsfdepth", "gaussgaldepth"})
    change(name, [](double v, double d) { return v > 0 ? v + d : v; });
  change("transparency", [](double v, double d) { return v * std::pow(10, 0.4 * d); });

  std::vector<float> before, before_error, after, error, moved, scatter, common_error, offset, ccd_scatter,
      excess, exposure_zero_point;
  std::vector<std::int32_t> common, part;
  std::vector<bool> used;
  std::vector<std::string> became, why;
  std::vector<std::vector<double>> of_exposure(at(rows.exposures));
  for (std::int64_t i = 0; i < n; ++i)
    if (const double z = solved.ccds[at(i)].zero_point; std::isfinite(z))
      of_exposure[at(rows.exposure[at(i)])].push_back(z);
  std::vector<double> medians;
  for (auto& list : of_exposure) medians.push_back(median_of(std::move(list)));
  for (std::int64_t i = 0; i < n; ++i) {
    const SolvedCcd& c = solved.ccds[at(i)];
    const RelativeCcd& was = rows.ccds[at(i)];
    const ExposureSky& sky = solved.skies[at(rows.exposure[at(i)])];
    before.push_back(static_cast<float>(was.zero_point));
    before_error.push_back(static_cast<float>(std::hypot(was.error, rows.term_error[at(i)])));
    after.push_back(static_cast<float>(c.zero_point));
    error.push_back(
        static_cast<float>(solved.with_term[at(i)] ? c.error : std::hypot(c.error, rows.term_error[at(i)])));
    moved.push_back(static_cast<float>(c.solved || c.levelled ? difference[at(i)] : kNan));
    exposure_zero_point.push_back(static_cast<float>(medians[at(rows.exposure[at(i)])]));
    scatter.push_back(static_cast<float>(c.star_scatter));
    common_error.push_back(static_cast<float>(c.solved ? c.common_error : kNan));
    common.push_back(c.common);
    part.push_back(c.part);
    used.push_back(c.solved ? c.provider_used : true);
    became.push_back(what_became(rows.part[at(i)], c));
    why.push_back(reasons(sky));
    offset.push_back(static_cast<float>(sky.offset));
    ccd_scatter.push_back(static_cast<float>(sky.ccd_scatter));
    excess.push_back(static_cast<float>(sky.star_excess));
  }
  table.add("ccdzpt", std::move(after), "mag");
  table.add("ccdzpt_error", std::move(error), "mag");
  if (table.has("zpt")) table.add("zpt", std::move(exposure_zero_point), "mag");
  table.add("zpt_solve", std::move(became));
  table.add("ccdzpt_provider", std::move(before), "mag");
  table.add("ccdzpt_provider_error", std::move(before_error), "mag");
  table.add("ccdzpt_difference", std::move(moved), "mag", {}, "solved - provider's");
  table.add("zpt_provider_used", std::move(used));
  table.add("zpt_provider_common", std::move(common_error), "mag", {}, "provider's error in common");
  table.add("zpt_common_stars", std::move(common));
  table.add("zpt_star_rms", std::move(scatter), "mag");
  table.add("zpt_part", std::move(part));
  table.add("nonphotometric", std::move(why));
  table.add("clear_offset", std::move(offset), "mag");
  table.add("clear_ccd_scatter", std::move(ccd_scatter), "mag");
  table.add("clear_star_excess", std::move(excess));
}

void add_cards(fits::Header& h, const RelativeSolution& s) {
  h.set("ZSEXPERR", s.exposure_error, "[mag] provider's error in common of exposures");
  h.set("ZSNITERR", s.night_error, "[mag] ... of nights");
  h.set("ZSDETERR", s.detector_error, "[mag] ... of detectors (CCDs)");
  h.set("ZSERRACC", s.error_accuracy, "relative (rms), of estimated ccdzpt_error; 0: exact");
  h.set("ZSAMPACC", s.amplifier_error_accuracy, "... of errors of amplifiers");
  h.set("ZSCOMACC", s.common_error_accuracy, "... of errors of what CCDs have in common");
  h.set("ZSSCALE", s.star_scale, "stars' scatter over their errors");
  h.set("ZSPARTS", s.parts, "parts without common stars");
}

void add_common_errors(fits::FitsWriter& writer, const fits::Table& table, const Rows& rows,
                       const RelativeSolution& solution) {
  const auto add = [&](const char* extension, const char* column, const std::vector<SolvedGroup>& groups,
                       const auto& number_of, const auto& name_of) {
    std::vector<std::int64_t> first(groups.size(), -1);
    for (std::int64_t i = 0; i < table.rows(); ++i)
      if (const int g = number_of(i); g >= 0 && at(g) < first.size() && first[at(g)] < 0) first[at(g)] = i;
    std::vector<std::string> camera, name;
    std::vector<float> value, error;
    std::vector<std::int64_t> ccds;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (first[g] < 0 || groups[g].members == 0) continue;
      camera.push_back(table.text("camera", first[g]));
      name.push_back(name_of(first[g]));
      value.push_back(static_cast<float>(groups[g].value));
      error.push_back(static_cast<float>(groups[g].error));
      ccds.push_back(groups[g].members);
    }
    fits::Table t;
    t.add("camera", std::move(camera));
    t.add(column, std::move(name));
    t.add("zpt_provider_common", std::move(value), "mag", {},
          "provider's error in common; NaN: not told apart");
    t.add("zpt_provider_common_error", std::move(error), "mag");
    t.add("ccds", std::move(ccds));
    writer.add_table(t, extension);
  };
  add(
      "EXPOSURES", "image_filename", solution.exposures, [&](std::int64_t i) { return rows.exposure[at(i)]; },
      [&](std::int64_t i) { return table.text("image_filename", i); });
  add(
      "NIGHTS", "night", solution.nights, [&](std::int64_t i) { return rows.ccds[at(i)].night; },
      [&](std::int64_t i) { return fmt::format("{:.0f}", rows.night[at(i)]); });
}

std::string report(const SolveArguments& a, const fits::Table& table, const Rows& rows, const Stars& stars,
                   const Solved& solved) {
  std::string text;
  std::vector<std::int64_t> first(at(rows.exposures), -1);
  std::map<std::string, std::int64_t> counts;
  std::vector<double> moved;
  std::int64_t clouded = 0, disagree = 0;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    if (std::int64_t& f = first[at(rows.exposure[at(i)])]; f < 0) f = i;
    const SolvedCcd& c = solved.ccds[at(i)];
    ++counts[what_became(rows.part[at(i)], c)];
    if (c.solved) moved.push_back(c.zero_point - rows.ccds[at(i)].zero_point);
    if (c.solved && !c.provider_used) {
      ++disagree;
      text += fmt::format("{}[{}]: the provider's zero point is off by {:+.4f} mag and was not used\n",
                          table.text("image_filename", i), table.text("ccdname", i),
                          rows.ccds[at(i)].zero_point - c.zero_point);
    }
  }
  for (std::size_t x = 0; x < solved.skies.size(); ++x) {
    const ExposureSky& sky = solved.skies[x];
    if (sky.photometric()) continue;
    ++clouded;
    text += fmt::format(
        "{}: {} not photometric ({}): {:.3f} mag below the clear level, scatter of CCDs {:.3f} mag, of stars {:.1f} times the "
        "expected\n",
        table.text("image_filename", first[x]), table.text("filter", first[x]), reasons(sky), sky.offset,
        sky.ccd_scatter, sky.star_excess);
  }
  const RelativeSolution& s = solved.solution;
  for (const auto& [word, count] : counts) text += fmt::format("{:<22} {:>9}\n", word, count);
  text += fmt::format(
      "{} star measurements in common, {} left out; {} parts; {} rounds{}\n"
      "provider's errors in common: of exposures {:.4f} mag, of nights {:.4f}, of detectors {:.4f}; stars scatter {:.2f} "
      "times their errors; zero points moved by {:.4f} mag (rms)\n",
      s.measurements, s.clipped, s.parts, s.rounds, s.settled ? "" : " (not settled)", s.exposure_error,
      s.night_error, s.detector_error, s.star_scale, root_mean_square(moved));
  if (s.error_accuracy > 0)
    text += fmt::format(
        "{} CCDs times {} amplifiers are more than --most-exact: errors are estimated, those of zero points to {:.1f} % "
        "(rms), of amplifiers to {:.1f} %, of what CCDs have in common to {:.1f} %\n",
        s.ccds.size(), s.amplifiers.size(), 100 * s.error_accuracy, 100 * s.amplifier_error_accuracy,
        100 * s.common_error_accuracy);
  for (std::size_t k = 0; k < s.catalogs.size(); ++k)
    text +=
        fmt::format("{}: zero points by it and its colour term are off by {:+.4f} +- {:.4f} mag in common\n",
                    rows.catalog_names[at(solved.catalogs[k])], s.catalogs[k].value, s.catalogs[k].error);
  if (stars.others > 0) text += fmt::format("{} stars are on CCDs that the table has not\n", stars.others);
  text += fmt::format(
      "{}: {} of {} CCDs solved, {} exposures of {} not photometric, {} provider's zero points not used\n",
      a.output.string(), moved.size(), table.rows(), clouded, rows.exposures, disagree);
  return text;
}

}  // namespace brickline::solving
