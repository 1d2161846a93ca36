#include "tools/make_ccds/solve.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <unordered_map>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/wcs/sky.h"
#include "core/zeropoints/robust.h"
#include "tools/common/program.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view kEnding = "-photom.fits";

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Numbers from 0 of what comes, in the order of its coming.
template <typename Key>
class Numbers {
 public:
  int operator()(const Key& key) {
    return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second;
  }
  int size() const { return static_cast<int>(numbers_.size()); }

 private:
  std::map<Key, int> numbers_;
};

std::vector<fs::path> star_tables(const std::vector<fs::path>& names) {
  std::vector<fs::path> out;
  for (const fs::path& name : names) {
    if (!fs::is_directory(name)) {
      out.push_back(name);
      continue;
    }
    const std::size_t before = out.size();
    for (const auto& entry : fs::recursive_directory_iterator(name))
      if (entry.is_regular_file() && entry.path().filename().string().ends_with(kEnding))
        out.push_back(entry.path());
    if (out.size() == before) throw input_error("no file *{} is below it", kEnding).in_file(name.string());
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
  }
  return out;
}

enum class Part { kTakesPart, kNotMeasured, kStated, kNoStars };

// The rows of the table as the solution sees them.
struct Rows {
  std::vector<Part> part;
  std::vector<RelativeCcd> ccds;  // meaningful for those that take part
  std::vector<int> system, exposure;
  std::vector<double> night;  // the day of its begin; NaN: not known
  // mag: the part of the provider's error that its colour term has for all stars alike, which no star says anything of
  std::vector<double> term_error;
  std::vector<int> catalog;  // of one camera and band, with the error of its term
  std::vector<std::string> catalog_names;
  int exposures = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_name;  // short name of the image, ccdname
};

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

// Stars by the squares of the sky that they are in.
class Places {
 public:
  explicit Places(double radius_arcsec) : radius_(radius_arcsec / 3600) {}
  // The number of the nearest of that system within the radius; else that of a new one, which is `next`.
  std::int32_t find(int system, double ra, double dec, std::int32_t next) {
    const auto row = static_cast<std::int64_t>(std::floor((dec + 90) / radius_));
    std::int32_t best = -1;
    double nearest = radius_;
    for (std::int64_t r = row - 1; r <= row + 1; ++r) {
      const std::int64_t cells = cells_of(r), cell = cell_of(ra, cells);
      for (std::int64_t c = cell - 1; c <= cell + 1; ++c) {
        const auto found = squares_.find({system, r, (c + cells) % cells});
        if (found == squares_.end()) continue;
        for (const Star& s : found->second)
          if (const double apart = angular_separation(ra, dec, s.ra, s.dec); apart <= nearest) {
            nearest = apart;
            best = s.number;
          }
      }
    }
    if (best >= 0) return best;
    squares_[{system, row, cell_of(ra, cells_of(row))}].push_back({ra, dec, next});
    return next;
  }

 private:
  struct Star {
    double ra, dec;
    std::int32_t number;
  };
  // Squares of a row; none is narrower than the radius.
  std::int64_t cells_of(std::int64_t row) const {
    const double south = static_cast<double>(row) * radius_ - 90;
    const double high = std::min(90., std::max(std::abs(south), std::abs(south + radius_)));
    const double round = 360 * std::cos(high * std::numbers::pi / 180) / radius_;
    return std::max<std::int64_t>(3, static_cast<std::int64_t>(round));
  }
  static std::int64_t cell_of(double ra, std::int64_t cells) {
    return std::min(cells - 1, static_cast<std::int64_t>(wrap_ra(ra) / 360 * static_cast<double>(cells)));
  }
  double radius_;
  std::map<std::tuple<int, std::int64_t, std::int64_t>, std::vector<Star>> squares_;
};

struct Stars {
  std::vector<StarMeasurement> measurements;
  std::int64_t rows = 0, others = 0;  // of CCDs that are not in the table
};

class StarReader {
 public:
  // `amplifiers` may be null.
  StarReader(const SolveArguments& a, const fits::Table& table, Rows& rows, const Amplifiers* amplifiers)
      : a_(a), table_(table), rows_(rows), amplifiers_(amplifiers), places_(a.match_radius_arcsec) {}

  void read(const fs::path& file) {
    fits::FitsReader reader(file);
    const fits::Table t = reader.table(1);
    const auto name = reader.header(1).text("FILENAME");
    if (!name)
      throw input_error("its header has no FILENAME: it is no table of stars that make-ccds --measure wrote")
          .in_file(file.string());
    try {
      read(t, *name);
    } catch (Error& e) {
      throw e.in_file(file.string());
    }
  }
  Stars take() { return std::move(out_); }

 private:
  // Columns of one star table.
  struct Columns {
    Columns(const fits::Table& t, bool with_places)
        : mag(t.numbers("instpsfmag")),
          error(t.numbers("dpsfmag")),
          with_zero_point(t.numbers("psfmag")),
          bits(t.numbers("bitmask")),
          masked(t.numbers("fracmasked")),
          ra(t.numbers("ra")),
          dec(t.numbers("dec")) {
      for (std::int64_t k = 0; k < t.rows(); ++k) id.push_back(t.integer("gaia_sourceid", k));
      if (!with_places) return;
      x = t.numbers("x_fit");
      y = t.numbers("y_fit");
      calibrator = t.numbers("used_for_photzpt");
    }
    std::vector<double> mag, error, with_zero_point, bits, masked, ra, dec;
    std::vector<double> x, y, calibrator;  // empty where nobody asks for amplifiers
    std::vector<std::int64_t> id;
  };

  void read(const fits::Table& t, const std::string& image) {
    const Columns columns(t, amplifiers_ != nullptr);
    std::map<std::string, std::int64_t> here;
    for (std::int64_t k = 0; k < t.rows(); ++k) {
      ++out_.rows;
      const std::string ccdname = t.text("ccdname", k);
      const auto [place, is_new] = here.try_emplace(ccdname, -1);
      if (is_new) place->second = row_of(t, k, image, ccdname);
      const std::int64_t row = place->second;
      if (row < 0)
        ++out_.others;
      else if (rows_.part[at(row)] == Part::kTakesPart)
        add(columns, at(k), row);
    }
  }

  // The row of the table of CCDs; -1: none.
  std::int64_t row_of(const fits::Table& t, std::int64_t k, const std::string& image,
                      const std::string& ccdname) {
    const auto found = rows_.by_name.find({image, ccdname});
    if (found == rows_.by_name.end()) return -1;
    const std::int64_t row = found->second;
    if (t.integer("expnum", k) != table_.integer("expnum", row) ||
        t.text("filter", k) != table_.text("filter", row))
      throw input_error("its CCD {} is of exposure {} in {}, in the table of CCDs of {} in {}", ccdname,
                        t.integer("expnum", k), t.text("filter", k), table_.integer("expnum", row),
                        table_.text("filter", row));
    Part& part = rows_.part[at(row)];
    if (part == Part::kTakesPart)
      throw input_error("CCD {} of {} has been in another star table", ccdname, image);
    if (part == Part::kNoStars) part = Part::kTakesPart;
    return row;
  }

  void add(const Columns& c, std::size_t k, std::int64_t row) {
    const double mag = c.mag[k], error = c.error[k], with = c.with_zero_point[k],
                 zero_point = rows_.ccds[at(row)].zero_point;
    if (with != 0 && std::abs(with - mag - zero_point) > kSameZeroPoint)
      throw input_error(
          "its CCD {} has the zero point {:.4f}, in the table of CCDs {:.4f}: they are not of one measurement",
          table_.text("ccdname", row), with - mag, zero_point);
    const bool calibrator = amplifiers_ && c.calibrator[k] != 0;
    const auto next = static_cast<std::int32_t>(last_ccd_.size());
    const std::int32_t star = star_of(c, k, row, next);
    // What ties no CCDs tells of its zero point's amplifiers still, as a star that nobody else sees.
    if (star < 0 && !calibrator) return;
    if (star < 0 || star == next) last_ccd_.push_back(row);
    last_ccd_[at(star < 0 ? next : star)] = row;
    StarMeasurement& m = out_.measurements.emplace_back(
        StarMeasurement{star < 0 ? next : star, static_cast<std::int32_t>(row),
                        star < 0 ? 0 : static_cast<float>(mag), star < 0 ? 0 : static_cast<float>(error)});
    if (!amplifiers_) return;
    m.amplifier = amplifiers_->find(row, c.x[k], c.y[k]);
    m.calibrator = calibrator;
  }

  // The number of a star that may tie CCDs: one that it has, or `next`; -1: it may not.
  std::int32_t star_of(const Columns& c, std::size_t k, std::int64_t row, std::int32_t next) {
    const double mag = c.mag[k], error = c.error[k];
    // 0 is "no flux".
    if (!std::isfinite(mag) || mag == 0 || !(error > 0 && error <= a_.largest_error)) return -1;
    if (c.bits[k] != 0 || !(c.masked[k] <= a_.most_masked)) return -1;
    const std::int64_t id = c.id[k];
    const int system = rows_.system[at(row)];
    std::int32_t star = -1;
    if (id != 0) {
      if (std::ssize(ids_) <= system) ids_.resize(at(system) + 1);
      star = ids_[at(system)].try_emplace(id, next).first->second;
    } else if (a_.all_stars) {
      const double ra = c.ra[k], dec = c.dec[k];
      if (!std::isfinite(ra) || !(std::abs(dec) <= 90)) return -1;
      star = places_.find(system, ra, dec, next);
    }
    // Two entries of a catalog for one star.
    if (star >= 0 && star != next && last_ccd_[at(star)] == row) return -1;
    return star;
  }

  const SolveArguments& a_;
  const fits::Table& table_;
  Rows& rows_;
  const Amplifiers* amplifiers_;
  Stars out_;
  std::vector<std::unordered_map<std::int64_t, std::int32_t>> ids_;  // by system
  std::vector<std::int64_t> last_ccd_;                               // by star
  Places places_;
};

struct Solved {
  RelativeSolution solution;
  std::vector<SolvedCcd> ccds;  // of each row of the table
  std::vector<bool> with_term;  // ... whether its error has that of the colour term
  std::vector<int> catalogs;    // of the solution
  std::vector<ExposureSky> skies;
};

Solved solve(const SolveArguments& a, const fits::Table& table, const Rows& rows,
             std::vector<StarMeasurement> measurements, const Amplifiers* amplifiers) {
  Solved out;
  std::vector<std::int32_t> number(rows.ccds.size(), -1);
  std::vector<RelativeCcd> ccds;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (rows.part[i] != Part::kTakesPart) continue;
    number[i] = static_cast<std::int32_t>(ccds.size());
    ccds.push_back(rows.ccds[i]);
  }
  for (StarMeasurement& m : measurements) m.ccd = number[at(m.ccd)];
  // A term's error is the same in all CCDs of a camera and band, which the stars say nothing of, unless several catalogs
  // gave their zero points: then it is between them.
  std::map<int, std::set<int>> catalogs_of;
  for (std::size_t i = 0; i < number.size(); ++i)
    if (number[i] >= 0) catalogs_of[rows.system[i]].insert(rows.catalog[i]);
  Numbers<int> catalogs;
  std::vector<double> catalog_errors;
  std::set<int> mixed;  // cameras and bands
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] < 0 || !(rows.term_error[i] > 0) || catalogs_of.at(rows.system[i]).size() < 2) continue;
    const int catalog = catalogs(rows.catalog[i]);
    ccds[at(number[i])].catalog = catalog;
    mixed.insert(rows.system[i]);
    if (catalog < std::ssize(catalog_errors)) continue;
    catalog_errors.push_back(rows.term_error[i]);
    out.catalogs.push_back(rows.catalog[i]);
  }
  out.solution = solve_zero_points(
      ccds, measurements, a.options,
      amplifiers ? std::span(amplifiers->all()) : std::span<const RelativeAmplifier>(), catalog_errors);
  // Cameras and bands whose usual zero point is known.
  std::vector<bool> has_usual(at(*std::max_element(rows.system.begin(), rows.system.end()) + 1));
  const bool has_transparency = table.has("transparency");
  const auto transparency = [&](std::size_t i) {
    const double t = has_transparency ? table.number("transparency", static_cast<std::int64_t>(i)) : kNan;
    return t > 0 ? t : kNan;
  };
  const bool has_airmass = table.has("airmass");
  const auto airmass = [&](std::size_t i) {
    const double value = has_airmass ? table.number("airmass", static_cast<std::int64_t>(i)) : kNan;
    return value >= 1 ? value : 1;
  };
  for (std::size_t i = 0; i < number.size(); ++i)
    if (transparency(i) > 0) has_usual[at(rows.system[i])] = true;
  std::vector<ClearValue> clear;
  for (std::size_t i = 0; i < number.size(); ++i) {
    const RelativeCcd& before = rows.ccds[i];
    SolvedCcd ccd;
    ccd.zero_point = before.zero_point;
    ccd.error = before.error;
    if (number[i] >= 0) ccd = out.solution.ccds[at(number[i])];
    out.ccds.push_back(ccd);
    out.with_term.push_back(ccd.solved && mixed.contains(rows.system[i]));
    ClearValue c{before.exposure, before.night, before.detector, rows.system[i], kNan,
                 // What CCDs have in common scatters none of them.
                 out.with_term.back() ? std::min(ccd.error, before.error) : ccd.error, ccd.star_excess};
    if (rows.part[i] == Part::kTakesPart || rows.part[i] == Part::kNoStars) {
      // transparency = 10^(0.4 (zero point - usual + k (airmass - 1))), of the provider's zero point
      c.value = has_usual[at(rows.system[i])]
                    ? 2.5 * std::log10(transparency(i)) + ccd.zero_point - before.zero_point
                    : ccd.zero_point + a.extinction * (airmass(i) - 1);
    }
    clear.push_back(c);
  }
  out.skies = judge_exposures(clear, a.clouds);
  return out;
}

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
  h.set("ZSSCALE", s.star_scale, "stars' scatter over their errors");
  h.set("ZSPARTS", s.parts, "parts without common stars");
}

// What the provider's errors have in common of each exposure and of each night, with its error.
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

}  // namespace

CLI::App* add_solve_command(CLI::App& app, SolveArguments& a) {
  CLI::App* solving = app.add_subcommand(
      "solve",
      "solves for the zero points of all CCDs of a table of --measure from the stars that they have in common (of one "
      "camera and band), tied to the zero points that are there by their errors; tells exposures that were not photometric. "
      "Where a camera and band has those of several catalogs, the one with the least error of its colour term sets the level. "
      "CCDs without common stars keep theirs (column zpt_solve). Tables EXPOSURES and NIGHTS behind it have what the "
      "provider's errors have in common there. Exit code 6 if measured CCDs have no star table");
  solving->add_option("TABLE", a.table, "the table, of make-ccds --measure")->required();
  solving->add_option("OUT", a.output, "the table to write")->required();
  solving->add_option("STARS", a.stars, "its tables of stars, *-photom.fits, or directories that hold them")
      ->required();
  solving->add_flag("--force", a.force, "replace a table that is there");
  solving->add_flag(
      "--all-stars", a.all_stars,
      "stars without a Gaia identifier, too, matched by position; else Gaia's only, since galaxies' "
      "magnitudes depend on the seeing");
  const auto constant = [&](const char* name, auto& value, const char* help, auto low, auto high) {
    solving->add_option(name, value, help)->check(CLI::Range(low, high))->capture_default_str();
  };
  constant("--match-radius", a.match_radius_arcsec, "arcsec, of --all-stars", 0.01, 60.);
  constant("--largest-error", a.largest_error, "mag, of a star that is used", 1e-6, 1.);
  constant("--most-masked", a.most_masked, "part of a star's light on masked pixels", 0., 1.);
  constant("--night-begins", a.night_begins, "hours of UTC at which one night ends and the next begins", 0.,
           24.);
  RelativeSolveOptions& o = a.options;
  constant("--star-floor", o.star_floor, "mag, added to each star's error in quadrature", 0., 1.);
  constant("--provider-floor", o.provider_floor, "mag, added to the provider's error of each CCD", 0., 1.);
  constant("--exposure-floor", o.exposure_floor,
           "mag, at least, of the provider's error that an exposure's CCDs have in common", 0., 1.);
  constant("--clip-stars", o.clip_stars, "sigmas, of stars' measurements", 1., 100.);
  constant("--clip-provider", o.clip_provider, "sigmas, of the provider's zero points", 1., 100.);
  constant("--fewest-common", o.fewest_common, "stars in common with others, of a CCD that is solved", 1,
           1000000);
  constant("--most-rounds", o.most_rounds, "of leaving out and solving", 4, 1000);
  CloudOptions& c = a.clouds;
  constant("--largest-offset", c.largest_offset, "mag below the clear level, of a photometric exposure", 0.,
           100.);
  constant("--largest-season-offset", c.largest_season_offset, "... below that of all nights", 0., 100.);
  constant("--largest-ccd-scatter", c.largest_ccd_scatter, "mag, of its CCDs", 0., 100.);
  constant("--largest-star-excess", c.largest_star_excess, "of its stars' scatter over the expected", 0.,
           1000.);
  constant(
      "--extinction", a.extinction,
      "mag per airmass that zero points are freed of before clouds are looked for, in cameras and bands without a "
      "usual zero point (column transparency); what has no airmass counts as 1",
      0., 2.);
  AmplifierArguments& m = a.amplifiers;
  const std::string group = "Amplifiers";
  solving
      ->add_option(
          "--amplifiers", m.period,
          "night, run, all: solve also for what the amplifiers of a CCD differ by (their gains), alike in a night, in a run of "
          "nights, or always; where they are the cameras' facts say (amplifiers.table, whose dzp_mag may be 0). ccdzpt is "
          "then that of the whole CCD, and OUT has a table AMPLIFIERS")
      ->check(CLI::IsMember({"night", "run", "all"}))
      ->group(group);
  const auto of_amplifiers = [&](CLI::Option* option) {
    a.amplifier_options.push_back(option->group(group));
  };
  of_amplifiers(solving->add_option(
      "--amplifier-facts", m.facts,
      "a file with {\"amplifiers\": {\"table\": [...]}}, laid over the cameras' own facts"));
  of_amplifiers(solving->add_option(
      "--amplifiers-out", m.out,
      "FILE.json: facts, to be laid over the camera's, that bring amplifiers to their CCD's zero point"));
  of_amplifiers(solving
                    ->add_option("--amplifier-sigma", o.amplifier_sigma,
                                 "mag, that they are thought to differ by before anything is measured")
                    ->check(CLI::Range(1e-4, 10.))
                    ->capture_default_str());
  of_amplifiers(
      solving->add_option("--run-gap", m.run_gap, "days from a night to the next of its run, at most")
          ->check(CLI::Range(1., 1e5))
          ->capture_default_str());
  return solving;
}

int solve_table(const SolveArguments& a) {
  if (a.amplifiers.period.empty())
    for (const CLI::Option* option : a.amplifier_options)
      if (option->count() > 0) throw usage_error("{} is of no use without --amplifiers", option->get_name());
  refuse_to_replace(a.output, a.force);
  if (!a.amplifiers.out.empty()) refuse_to_replace(a.amplifiers.out, a.force);
  TableFile file = TableFile::read(a.table);
  fits::Table& table = file.table;
  Rows rows;
  std::optional<Amplifiers> amplifiers;
  try {
    if (table.has("ccdzpt_provider"))
      throw input_error(
          "its zero points are solved already; the table that make-ccds --measure wrote is needed");
    if (table.rows() == 0) throw input_error("it has no CCD");
    rows = rows_of(table, a.night_begins);
    if (!a.amplifiers.period.empty()) {
      AmplifierArguments of = a.amplifiers;
      of.night_begins = a.night_begins;
      amplifiers.emplace(table, rows.night, of);
      if (amplifiers->divided() == 0)
        throw input_error(
            "no camera's facts say where the amplifiers of its CCDs are (amplifiers.table); --amplifier-facts FILE "
            "can say it");
    }
  } catch (Error& e) {
    throw e.in_file(a.table.string());
  }
  StarReader reader(a, table, rows, amplifiers ? &*amplifiers : nullptr);
  for (const fs::path& file : star_tables(a.stars)) reader.read(file);
  Stars stars = reader.take();
  const auto count = [&](Part part) { return std::count(rows.part.begin(), rows.part.end(), part); };
  if (count(Part::kTakesPart) == 0)
    throw input_error("none of its {} CCDs is both measured and in the star tables", table.rows())
        .in_file(a.table.string());
  const Solved solved =
      solve(a, table, rows, std::move(stars.measurements), amplifiers ? &*amplifiers : nullptr);
  const RelativeSolution& solution = solved.solution;
  const std::string facts = a.amplifiers.out.empty() ? std::string() : amplifiers->facts(solution.amplifiers);
  replace_columns(table, rows, solved);
  add_cards(file.header, solution);
  fits::FitsWriter writer;
  file.add_to(writer);
  add_common_errors(writer, table, rows, solution);
  if (amplifiers) writer.add_table(amplifiers->table(solution.amplifiers), "AMPLIFIERS");
  writer.write(a.output);
  if (!facts.empty()) write_file_atomically(a.amplifiers.out, facts);
  write_stdout((amplifiers ? amplifiers->report(solution.amplifiers) : std::string()) +
               report(a, table, rows, stars, solved));
  return count(Part::kNoStars) == 0 ? 0 : kSomeItemsFailed;
}

}  // namespace brickline
