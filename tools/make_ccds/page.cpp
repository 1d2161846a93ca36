#include "tools/make_ccds/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/markup.h"
#include "core/page/json_writer.h"
#include "core/page/page_text.h"
#include "core/survey/ccd_cut_names.h"
#include "core/zeropoints/robust.h"
#include "tools/make_ccds/page_assets.h"
#include "tools/make_ccds/table_file.h"

namespace brickline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kFewestInHalf = 8;
constexpr int kTermSteps = 80;

// A column of the tables, and with how many decimals the page has it.
struct PageColumn {
  const char* name;
  int decimals;
};
constexpr std::array kColumns = {
    PageColumn{"ccdzpt", 5},         PageColumn{"ccdzpt_error", 5},    PageColumn{"ccdphrms", 5},
    PageColumn{"transparency", 4},   PageColumn{"ccdraoff", 5},        PageColumn{"ccddecoff", 5},
    PageColumn{"ccdrarms", 5},       PageColumn{"ccddecrms", 5},       PageColumn{"ccdbprp", 3},
    PageColumn{"ccdskysb", 4},       PageColumn{"ccdskycounts", 4},    PageColumn{"sig1", 6},
    PageColumn{"fwhm", 4},           PageColumn{"ccdnphotom", 0},      PageColumn{"ccdnphotom_used", 0},
    PageColumn{"ccdnastrom", 0},     PageColumn{"psfdepth", 3},        PageColumn{"ebv", 4},
    PageColumn{"psf_ell", 4},        PageColumn{"ccdzpt_provider", 5}, PageColumn{"ccdzpt_difference", 5},
    PageColumn{"width", 0},          PageColumn{"height", 0},          PageColumn{"ccdzpt_scatter", 5},
    PageColumn{"ccdraoff_error", 5}, PageColumn{"ccddecoff_error", 5},
};
// Those of an exposure, and of geometry, which are written otherwise.
constexpr std::array kFurther = {"mjd_obs", "airmass", "exptime", "ra_bore", "dec_bore", "ra",
                                 "dec",     "cd1_1",   "cd1_2",   "cd2_1",   "cd2_2",    "ccd_cuts"};

// A magnitude; NaN for 0, which is none in these tables.
double magnitude(double v) {
  return v != 0 && std::isfinite(v) ? v : std::numeric_limits<double>::quiet_NaN();
}

// What a term adds to its base magnitude at a colour.
double term_at(const ColourTerm& term, bool gaia, double colour) {
  ColourTerm t = term;
  if (gaia) t.clip = {-kInfinity, kInfinity};
  const std::vector<std::string> bands = {"base", "first", "second"};
  t.base = "base";
  t.colour = {"first", "second"};
  return transformed_magnitude(t, bands, {0, colour, 0});
}

// Numbers that scatter the order of stars in a table, the same every time (the finalizer of SplitMix64).
std::uint64_t scattered(std::uint64_t v) {
  v += 0x9e3779b97f4a7c15;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

// 1.4826 times the median deviation: the standard deviation of normal values.
double robust_width(const std::vector<double>& values) {
  const double middle = median_of(values);
  std::vector<double> apart;
  for (const double v : values) apart.push_back(std::abs(v - middle));
  return 1.4826 * median_of(std::move(apart));
}

// Difference of two medians, and its error (that of a median of normal values is 1.2533 that of their mean).
std::pair<double, double> difference_of(const std::vector<double>& a, const std::vector<double>& b) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (a.size() < kFewestInHalf || b.size() < kFewestInHalf) return {kNan, kNan};
  const auto squared_error = [](const std::vector<double>& v) {
    const double width = robust_width(v);
    return width * width / static_cast<double>(v.size());
  };
  const double variance = std::numbers::pi / 2 * (squared_error(a) + squared_error(b));
  return {median_of(a) - median_of(b), std::sqrt(variance)};
}

std::vector<double> numbers_or_none(const fits::Table& table, const std::string& column) {
  if (table.has(column)) return table.numbers(column);
  return std::vector<double>(static_cast<std::size_t>(table.rows()),
                             std::numeric_limits<double>::quiet_NaN());
}

template <typename Value>
void write_list(JsonWriter& json, std::string_view name, std::size_t n, const Value& value) {
  json.key(name);
  json.begin_array();
  for (std::size_t i = 0; i < n; ++i) value(i);
  json.end_array();
}

// What is called the same in rows that belong together.
template <typename Rows>
std::vector<std::size_t> exposures_of(const Rows& rows, std::vector<std::size_t>& first) {
  std::map<std::string, std::size_t> known;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& r = rows[i];
    // An exposure may be in several files, a file without a number is one.
    const std::string key =
        r.expnum > 0 ? fmt::format("{}\n{}\n{}", r.camera, r.expnum, r.band) : "\n" + r.image;
    const auto [place, is_new] = known.try_emplace(key, first.size());
    if (is_new) first.push_back(i);
    out.push_back(place->second);
  }
  return out;
}

// Of which colour stars are chosen by, and within which values: the catalog's range and that in which the term is valid, where
// both are of one colour. Else the catalog's, if it has one.
std::pair<std::array<std::string, 2>, std::array<double, 2>> colours_used(const PhotometricProvider& p) {
  std::array<double, 2> range = p.colour_range;
  if (!p.term.valid) return {p.range_colour, range};
  if (p.range_colour[0].empty()) return {p.term.colour, *p.term.valid};
  if (p.range_colour == p.term.colour)
    range = {std::max(range[0], (*p.term.valid)[0]), std::min(range[1], (*p.term.valid)[1])};
  return {p.range_colour, range};
}

}  // namespace

double ZeroPointsPage::number(const Row& row, const char* column) {
  const auto found = row.numbers.find(column);
  return found == row.numbers.end() ? kNan : found->second;
}

std::string ZeroPointsPage::provider_of(const Row& row) {
  constexpr std::string_view kStars = "stars:";
  return row.source.starts_with(kStars) ? row.source.substr(kStars.size()) : std::string();
}

const CameraFacts* ZeroPointsPage::facts_of(const std::string& camera_name) const {
  for (const Camera* camera : cameras_.loaded()) {
    if (camera->name() != camera_name) continue;
    if (facts_over_.empty()) return &camera->facts();
    const auto known = facts_.find(camera_name);
    return known != facts_.end()
               ? &known->second
               : &facts_.emplace(camera_name, facts_with_over(*camera, facts_over_)).first->second;
  }
  return nullptr;
}

std::optional<PhotometricProvider> ZeroPointsPage::term_of(const Row& row) const {
  const std::string provider = provider_of(row);
  if (provider.empty()) return {};
  const CameraFacts* facts = facts_of(row.camera);
  if (facts) try {
      return photometric_provider(*facts, provider, row.band);
    } catch (const Error& e) {
      // The page does without what the measurement would have refused.
      if (e.kind() != ErrorKind::kInput) throw;
    }
  return {};
}

bool ZeroPointsPage::is_of_stars(const fits::Table& table) {
  return table.has("instpsfmag") && table.has("x_fit");
}

std::vector<std::string> ZeroPointsPage::camera_names() const {
  std::set<std::string> names;
  for (const Row& row : rows_)
    if (!row.camera.empty()) names.insert(row.camera);
  return {names.begin(), names.end()};
}

void ZeroPointsPage::add_ccds(const fits::Table& table, const std::string& name) {
  for (const char* column :
       {"image_filename", "image_hdu", "camera", "ccdname", "filter", "expnum", "mjd_obs", "ccdzpt"})
    if (!table.has(column))
      throw input_error("it has no column {}: it is neither a table of CCDs nor one of stars", column)
          .in_file(name);
  const auto text = [&](const char* column, std::int64_t i) {
    return table.has(column) ? table.text(column, i) : std::string();
  };
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    Row row;
    row.image = table.text("image_filename", i);
    row.camera = table.text("camera", i);
    row.band = table.text("filter", i);
    row.ccdname = table.text("ccdname", i);
    row.object = text("object", i);
    row.failure = text("err_message", i);
    row.source = text("zpt_source", i);
    row.nonphotometric = text("nonphotometric", i);
    row.expnum = table.integer("expnum", i);
    row.hdu = table.integer("image_hdu", i);
    row.ccds_from = name;
    for (const PageColumn& c : kColumns)
      if (table.has(c.name)) row.numbers[c.name] = table.number(c.name, i);
    for (const char* c : kFurther)
      if (table.has(c)) row.numbers[c] = table.number(c, i);
    // What could not be opened has no name.
    const std::string ccd = row.ccdname.empty() ? fmt::format("HDU {}", row.hdu) : row.ccdname;
    const auto [place, is_new] = by_name_.try_emplace({short_name(row.image), ccd}, rows_.size());
    if (is_new) {
      rows_.push_back(std::move(row));
      continue;
    }
    Row& known = rows_[place->second];
    if (known.ccds_from == name || known.image != row.image)
      throw input_error("CCD {} of image {} is there twice", ccd, short_name(row.image)).in_file(name);
    known.numbers.insert(row.numbers.begin(), row.numbers.end());
    if (known.source.empty()) known.source = row.source;
    if (known.failure.empty() && !std::isfinite(number(known, "ccdzpt"))) known.failure = row.failure;
  }
}

void ZeroPointsPage::add_stars(const fits::Table& table, std::string_view image, const std::string& name) {
  for (const char* column : {"ccdname", "x_fit", "y_fit", "instpsfmag", "dpsfmag", "legacy_survey_mag",
                             "used_for_photzpt", "ra_fit", "dec_fit", "ra_now", "dec_now", "gaia_sourceid"})
    if (!table.has(column)) throw input_error("it has no column {}", column).in_file(name);
  std::map<std::string, std::vector<std::int64_t>> by_ccd;
  for (std::int64_t k = 0; k < table.rows(); ++k) by_ccd[table.text("ccdname", k)].push_back(k);
  for (const auto& [ccd, which] : by_ccd) {
    const auto found = by_name_.find({std::string(image), ccd});
    if (found == by_name_.end()) {
      others_ += static_cast<std::int64_t>(which.size());
      continue;
    }
    Row& row = rows_[found->second];
    if (!row.stars_from.empty())
      throw input_error("the stars of CCD {} of {} were in {}, too", ccd, image, row.stars_from)
          .in_file(name);
    row.stars_from = name;
    check_measurement(table, which, row, name);
    add_stars_of(table, which, row);
  }
}

void ZeroPointsPage::check_measurement(const fits::Table& table, const std::vector<std::int64_t>& which,
                                       const Row& row, const std::string& name) {
  if (!table.has("psfmag")) return;
  // A solution keeps what it began with.
  const bool solved = std::isfinite(number(row, "ccdzpt_provider"));
  const double zero_point = number(row, solved ? "ccdzpt_provider" : "ccdzpt");
  for (const std::int64_t k : which) {
    const double with = table.number("psfmag", k), of_star = with - table.number("instpsfmag", k);
    if (with != 0 && std::abs(of_star - zero_point) > kSameZeroPoint)
      throw input_error(
          "its CCD {} has the zero point {:.4f}, in {} it has {:.4f}: they are not of one measurement",
          row.ccdname, of_star, row.ccds_from, zero_point)
          .in_file(name);
  }
}

void ZeroPointsPage::add_stars_of(const fits::Table& table, const std::vector<std::int64_t>& which,
                                  Row& row) {
  const double zero_point = number(row, "ccdzpt"), ra_offset = number(row, "ccdraoff"),
               dec_offset = number(row, "ccddecoff"), middle_x = number(row, "width") / 2,
               middle_y = number(row, "height") / 2;
  const std::optional<PhotometricProvider> provider = term_of(row);
  const std::string catalog = provider_of(row);
  std::array<std::string, 3> columns;
  if (provider) {
    columns = {star_table_column(table, catalog, provider->term.base),
               star_table_column(table, catalog, provider->term.colour[0]),
               star_table_column(table, catalog, provider->term.colour[1])};
    row.has_term = std::none_of(columns.begin(), columns.end(), [](const auto& c) { return c.empty(); });
  }
  if (!row.has_term) columns = {"phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag"};
  const std::vector<double> base = numbers_or_none(table, columns[0]),
                            first = numbers_or_none(table, columns[1]),
                            second = numbers_or_none(table, columns[2]);

  std::vector<Star> stars;
  std::array<std::vector<double>, 4> halves;  // left, right, below, above
  std::vector<double> east, north;
  for (const std::int64_t k : which) {
    const auto i = static_cast<std::size_t>(k);
    Star s;
    s.x = table.number("x_fit", k);
    s.y = table.number("y_fit", k);
    s.mag = magnitude(table.number("legacy_survey_mag", k));
    s.error = table.number("dpsfmag", k);
    s.used = table.logical("used_for_photzpt", k);
    const double with_zero_point = magnitude(table.number("instpsfmag", k)) + zero_point;
    s.residual = s.mag - with_zero_point;
    s.colour = magnitude(first[i]) - magnitude(second[i]);
    if (row.has_term) s.difference = with_zero_point - magnitude(base[i]);
    if (table.integer("gaia_sourceid", k) != 0) {
      constexpr double kMas = 3.6e6;
      const double dec = table.number("dec_now", k);
      s.ra_residual = kMas * std::remainder(table.number("ra_now", k) - table.number("ra_fit", k), 360) *
                          std::cos(dec * std::numbers::pi / 180) -
                      1000 * ra_offset;
      s.dec_residual = kMas * (dec - table.number("dec_fit", k)) - 1000 * dec_offset;
      if (std::isfinite(s.ra_residual) && std::isfinite(s.dec_residual)) {
        east.push_back(s.ra_residual);
        north.push_back(s.dec_residual);
      }
    }
    if (s.used && std::isfinite(s.residual)) {
      halves[s.x < middle_x ? 0 : 1].push_back(s.residual);
      halves[s.y < middle_y ? 2 : 3].push_back(s.residual);
    }
    if (std::isfinite(s.residual) || std::isfinite(s.ra_residual)) stars.push_back(s);
  }
  std::tie(row.along_x.difference, row.along_x.error) = difference_of(halves[0], halves[1]);
  std::tie(row.along_y.difference, row.along_y.error) = difference_of(halves[2], halves[3]);
  row.astrometric_scatter = std::hypot(robust_width(east), robust_width(north)) / std::numbers::sqrt2;
  row.stars = static_cast<std::int64_t>(stars.size());
  stars_ += row.stars;

  const auto most = static_cast<std::size_t>(
      std::clamp(kMostStars / std::max<std::int64_t>(1, ccds()), kFewestStarsOfCcd, kMostStarsOfCcd));
  if (stars.size() > most) {
    std::vector<std::size_t> order(stars.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [](std::size_t a, std::size_t b) { return scattered(a) < scattered(b); });
    order.resize(most);
    std::sort(order.begin(), order.end());
    for (const std::size_t i : order) row.shown.push_back(stars[i]);
  } else {
    row.shown = std::move(stars);
  }
  shown_ += static_cast<std::int64_t>(row.shown.size());
}

void ZeroPointsPage::write_exposures(JsonWriter& json) const {
  std::vector<std::size_t> first;
  exposures_of(rows_, first);
  json.key("exposures");
  json.begin_array();
  for (const std::size_t i : first) {
    const Row& r = rows_[i];
    json.begin_object();
    json.member("name", r.expnum > 0 ? fmt::format("{}", r.expnum)
                                     : std::filesystem::path(r.image).filename().string());
    json.member("image", r.image);
    json.member("object", r.object);
    json.member("camera", r.camera);
    json.member("band", r.band);
    json.member("nonphotometric", r.nonphotometric);
    for (const auto& [name, column, digits] : {std::tuple{"mjd", "mjd_obs", 11},
                                               {"airmass", "airmass", 5},
                                               {"exptime", "exptime", 6},
                                               {"ra", "ra_bore", 9},
                                               {"dec", "dec_bore", 9}})
      json.member(name, number(r, column), digits);
    json.end_object();
  }
  json.end_array();
}

void ZeroPointsPage::write_ccds(JsonWriter& json) const {
  const std::size_t n = rows_.size();
  std::vector<std::size_t> first;
  const std::vector<std::size_t> exposures = exposures_of(rows_, first);
  json.key("ccds");
  json.begin_object();
  const auto words = [&](const char* name, std::string Row::*member) {
    write_list(json, name, n, [&](std::size_t i) { json.text(rows_[i].*member); });
  };
  words("ccdname", &Row::ccdname);
  words("image", &Row::image);
  words("failure", &Row::failure);
  words("source", &Row::source);
  write_list(json, "hdu", n, [&](std::size_t i) { json.integer(rows_[i].hdu); });
  write_list(json, "exposure", n,
             [&](std::size_t i) { json.integer(static_cast<std::int64_t>(exposures[i])); });
  write_list(json, "stars", n, [&](std::size_t i) { json.integer(rows_[i].stars); });
  for (const PageColumn& c : kColumns) {
    const auto has = [&](const Row& r) { return std::isfinite(number(r, c.name)); };
    if (std::none_of(rows_.begin(), rows_.end(), has)) continue;
    write_list(json, c.name, n, [&](std::size_t i) { json.fixed(number(rows_[i], c.name), c.decimals); });
  }
  // arcsec per pixel, and where on the sky the CCD is.
  write_list(json, "pixscale", n, [&](std::size_t i) {
    const auto of = [&](const char* c) { return number(rows_[i], c); };
    json.number(3600 * std::sqrt(std::abs(of("cd1_1") * of("cd2_2") - of("cd1_2") * of("cd2_1"))), 6);
  });
  for (const char* c : {"ra", "dec"})
    write_list(json, c, n, [&](std::size_t i) { json.fixed(number(rows_[i], c), 6); });
  for (const char* c : {"cd1_1", "cd1_2", "cd2_1", "cd2_2"})
    write_list(json, c, n, [&](std::size_t i) { json.number(number(rows_[i], c), 6); });
  const auto halves = [&](const char* name, Halves Row::*member, double Halves::*what) {
    write_list(json, name, n, [&](std::size_t i) { json.fixed(rows_[i].*member.*what, 5); });
  };
  halves("half_x", &Row::along_x, &Halves::difference);
  halves("half_x_error", &Row::along_x, &Halves::error);
  halves("half_y", &Row::along_y, &Halves::difference);
  halves("half_y_error", &Row::along_y, &Halves::error);
  write_list(json, "astrometric_scatter", n,
             [&](std::size_t i) { json.fixed(rows_[i].astrometric_scatter, 2); });
  write_list(json, "cuts", n, [&](std::size_t i) {
    const double bits = number(rows_[i], "ccd_cuts");
    std::string names;
    if (bits > 0)
      for (const CcdCutName& cut : kCcdCutNames)
        if (static_cast<std::int64_t>(bits) & cut.bit)
          names += (names.empty() ? "" : ", ") + std::string(cut.name);
    json.text(names);
  });
  json.end_object();
}

void ZeroPointsPage::write_stars(JsonWriter& json) const {
  // Nine numbers a star, as the page's script names them.
  json.key("stars");
  json.begin_array();
  for (const Row& row : rows_) {
    json.begin_array();
    for (const Star& s : row.shown) {
      json.fixed(s.x, 0);
      json.fixed(s.y, 0);
      json.fixed(100 * s.mag, 0);
      json.fixed(1000 * s.residual, 1);
      json.fixed(1000 * s.error, 1);
      json.fixed(1000 * s.colour, 0);
      json.fixed(1000 * s.difference, 0);
      json.fixed(s.ra_residual, 1);
      json.fixed(s.dec_residual, 1);
      json.integer(s.used);
    }
    json.end_array();
  }
  json.end_array();
}

// By "camera/band/catalog".
void ZeroPointsPage::write_terms(JsonWriter& json) const {
  std::map<std::string, const Row*> examples;
  for (const Row& row : rows_)
    if (const std::string provider = provider_of(row); !provider.empty()) {
      const Row*& one = examples[fmt::format("{}/{}/{}", row.camera, row.band, provider)];
      if (!one || (row.has_term && !one->has_term)) one = &row;
    }
  json.key("terms");
  json.begin_object();
  for (const auto& [name, row] : examples) {
    const std::optional<PhotometricProvider> provider = term_of(*row);
    if (!provider || !row->has_term) continue;
    double low = kInfinity, high = -kInfinity;
    for (const Row& other : rows_)
      if (other.camera == row->camera && other.band == row->band && other.source == row->source)
        for (const Star& s : other.shown)
          if (std::isfinite(s.colour)) {
            low = std::min(low, s.colour);
            high = std::max(high, s.colour);
          }
    if (!(high > low)) continue;
    json.key(name);
    json.begin_object();
    json.member("base", provider->term.base);
    json.member("colour", fmt::format("{} − {}", provider->term.colour[0], provider->term.colour[1]));
    const auto [range_of, range] = colours_used(*provider);
    json.member("range_of",
                range_of[0].empty() ? std::string() : fmt::format("{} − {}", range_of[0], range_of[1]));
    json.member("low", range[0], 6);
    json.member("high", range[1], 6);
    if (provider->term.colour_clip) {
      json.member("clip_low", (*provider->term.colour_clip)[0], 6);
      json.member("clip_high", (*provider->term.colour_clip)[1], 6);
    }
    json.key("line");
    json.begin_array();
    for (int i = 0; i <= kTermSteps; ++i) {
      const double colour = low + (high - low) * i / kTermSteps;
      json.number(colour, 5);
      json.number(term_at(provider->term, row->source == "stars:gaia", colour), 6);
    }
    json.end_array();
    json.end_object();
  }
  json.end_object();

  json.key("usual");  // of the camera's facts
  json.begin_object();
  std::set<std::pair<std::string, std::string>> done;
  for (const Row& row : rows_) {
    if (!done.emplace(row.camera, row.band).second) continue;
    const CameraFacts* facts = facts_of(row.camera);
    if (!facts) continue;
    const auto band = facts->photometry.bands.find(row.band);
    if (band == facts->photometry.bands.end()) continue;
    json.key(row.camera + "/" + row.band);
    json.begin_object();
    json.member("zero_point", band->second.zero_point.value_or(kNan), 6);
    json.member("extinction", band->second.extinction_per_airmass, 4);
    json.end_object();
  }
  json.end_object();
}

std::string ZeroPointsPage::html(const std::string& title) const {
  JsonWriter json;
  json.begin_object();
  write_exposures(json);
  write_ccds(json);
  write_stars(json);
  write_terms(json);
  json.member("stars_measured", stars_);
  json.member("stars_shown", shown_);
  json.member("stars_of_others", others_);
  json.end_object();
  return filled_page(zero_points_page::kHtml, {{"title", markup_text(title)},
                                               {"style", zero_points_page::kCss},
                                               {"script", zero_points_page::kJs},
                                               {"data", json_in_html(json.take())}});
}

}  // namespace brickline
