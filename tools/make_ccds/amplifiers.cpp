#include "tools/make_ccds/amplifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/survey/ccd_table.h"
#include "core/zeropoints/measured_images.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::string read_amplifier_facts(const fs::path& file) try {
  std::ifstream in(file);
  if (!in) throw input_error("cannot be opened");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw input_error("is no JSON object");
  for (const auto& [key, value] : json.items())
    if (key != "amplifiers" && key != "note")
      throw input_error(
          "has the key '{}': only facts of \"amplifiers\" can be laid over a camera's here, such as "
          R"({{"amplifiers": {{"table": [{{"box": [0, 1023, 0, 4094], "dzp_mag": 0}}]}}}})",
          key);
  return text;
} catch (Error& e) {
  throw e.in_file(file.string());
}

// Refuses a condition on what a row of the table does not tell: it would never hold, and its contrary always.
void require_known(const Condition& when, const fits::Table& table, const std::string& camera) {
  const auto refuse = [&](std::string_view what, std::string_view why) {
    throw input_error(
        "the amplifiers of camera {} (fact amplifiers.table) depend on {}, {}; --amplifier-facts FILE can say where they are "
        "without it",
        camera, what, why);
  };
  if (!when.cards.empty()) refuse("header cards", "which a table of CCDs does not tell");
  if (when.mask_plver) refuse("mask_plver", "which a table of CCDs does not tell");
  const auto require = [&](bool asked, const char* what, const char* column) {
    if (asked && !table.has(column)) refuse(what, fmt::format("and there is no column {}", column));
  };
  require(when.plprocid.has_value(), "plprocid", "plprocid");
  require(when.procdate.has_value(), "procdate", "procdate");
  require(when.propid.has_value(), "propid", "propid");
  require(when.object.has_value(), "object", "object");
  require(when.exptime.has_value(), "exptime", "exptime");
  require(when.hdu.has_value(), "hdu", "image_hdu");
  require(when.airmass.has_value(), "airmass", "airmass");
  require(when.plver.has_value(), "plver", "plver");
  for (const std::vector<Condition>* parts : {&when.any_of, &when.none_of})
    for (const Condition& part : *parts) require_known(part, table, camera);
}

// The run of nights that each night belongs to, by its first and last.
std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> runs_of(const std::set<std::int64_t>& nights,
                                                                      double gap) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> out;
  for (auto first = nights.begin(); first != nights.end();) {
    auto end = std::next(first), last = first;
    while (end != nights.end() && static_cast<double>(*end - *last) <= gap) last = end++;
    for (auto night = first; night != end; ++night) out[*night] = {*first, *last};
    first = end;
  }
  return out;
}

bool is_there(const SolvedGroup& amplifier) { return amplifier.members > 0; }

constexpr double kSure = 4;         // sigmas, of a difference that is told
constexpr double kTelling = 0.003;  // mag

// Of a row, what conditions of facts are judged by; cards are not at hand here.
CcdValues values_of(const fits::Table& table, std::int64_t row) {
  CcdRow known;
  known.camera = table.text("camera", row);
  known.band = table.text("filter", row);
  known.ccdname = table.text("ccdname", row);
  known.expnum = table.integer("expnum", row);
  known.mjd_obs = table.number("mjd_obs", row);
  for (const auto& [column, value] : {std::pair{"plver", &known.plver},
                                      {"plprocid", &known.plprocid},
                                      {"procdate", &known.procdate},
                                      {"propid", &known.propid},
                                      {"object", &known.object}})
    if (table.has(column)) *value = table.text(column, row);
  for (const auto& [column, value] : {std::pair{"exptime", &known.exptime}, {"airmass", &known.airmass}})
    if (table.has(column)) *value = table.number(column, row);
  if (table.has("image_hdu")) known.image_hdu = static_cast<int>(table.integer("image_hdu", row));
  CcdValues ccd = ccd_values(known);
  ccd.width = static_cast<int>(table.integer("width", row));
  ccd.height = static_cast<int>(table.integer("height", row));
  return ccd;
}

}  // namespace

std::vector<Box> Amplifiers::boxes_of(const fits::Table& table, std::int64_t row) {
  const CcdValues ccd = values_of(table, row);
  const Box whole = Box::from_size(ccd.width, ccd.height);
  std::vector<Box> boxes;
  for (const AmplifierRow& amplifier : facts_.at(ccd.camera).amplifiers) {
    const Box box = intersection(amplifier.box, whole);
    // Two rows of facts may be of one amplifier.
    if (box.empty() || !holds(amplifier.when, ccd) ||
        std::find(boxes.begin(), boxes.end(), box) != boxes.end())
      continue;
    for (const Box& other : boxes)
      if (!intersection(box, other).empty())
        throw input_error(
            "amplifiers of CCD {} of camera {} overlap (fact amplifiers.table): pixels [{}, {}, {}, {}] and [{}, "
            "{}, {}, {}]",
            ccd.ccdname, ccd.camera, box.x0, box.x1, box.y0, box.y1, other.x0, other.x1, other.y0, other.y1);
    boxes.push_back(box);
  }
  if (boxes.size() == 1 && boxes.front() == whole) boxes.clear();
  return boxes;
}

Box Amplifiers::good_part(const fits::Table& table, std::int64_t row) const {
  const CcdValues ccd = values_of(table, row);
  return good_region(facts_.at(ccd.camera).good_region, ccd);
}

Amplifiers::Amplifiers(const fits::Table& table, const std::vector<double>& nights,
                       const AmplifierArguments& a)
    : all_nights_(a.period == "all"), night_begins_(a.night_begins / 24) {
  for (const char* name : {"width", "height"}) table.require(name);
  CameraRegistry cameras = CameraRegistry::scan(a.plugins);
  const std::string over = a.facts.empty() ? std::string() : read_amplifier_facts(a.facts);
  std::map<std::string, std::int64_t> wanted;
  for (std::int64_t i = 0; i < table.rows(); ++i)
    if (const std::string camera = table.text("camera", i); !camera.empty()) ++wanted[camera];
  cameras.load(wanted);
  for (const auto& [name, count] : wanted) {
    const Camera& camera = cameras.camera(name);
    const CameraFacts& facts =
        facts_.emplace(name, over.empty() ? camera.facts() : facts_with_over(camera, over)).first->second;
    for (const AmplifierRow& amplifier : facts.amplifiers) require_known(amplifier.when, table, name);
  }
  std::map<std::string, std::set<std::int64_t>> nights_of;
  for (std::int64_t i = 0; i < table.rows(); ++i)
    if (const double night = nights[static_cast<std::size_t>(i)]; std::isfinite(night))
      nights_of[table.text("camera", i)].insert(static_cast<std::int64_t>(night));
  std::map<std::string, std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>> runs;
  for (const auto& [camera, list] : nights_of)
    runs[camera] = runs_of(list, a.period == "night" ? 0 : a.period == "run" ? a.run_gap : 1e9);
  using Boxes = std::vector<std::array<int, 4>>;
  using Ccd = std::tuple<std::string, std::string, std::string, std::int64_t>;  // and the begin of its run
  std::map<std::pair<Ccd, Boxes>, int> known;
  std::map<Ccd, Boxes> edges_of;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    division_of_row_.push_back(-1);
    const std::string camera = table.text("camera", i);
    const double night = nights[static_cast<std::size_t>(i)];
    if (camera.empty() || (!std::isfinite(night) && !all_nights_)) continue;
    const std::vector<Box> boxes = boxes_of(table, i);
    const std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>& of_camera = runs[camera];
    double first = std::numeric_limits<double>::quiet_NaN(), last = first;
    if (!of_camera.empty()) {
      // All nights are one run, that of the CCDs without a night, too.
      const auto run = all_nights_ ? of_camera.begin() : of_camera.find(static_cast<std::int64_t>(night));
      first = static_cast<double>(run->second.first);
      last = static_cast<double>(run->second.second);
    }
    Boxes edges;
    for (const Box& b : boxes) edges.push_back({b.x0, b.x1, b.y0, b.y1});
    std::sort(edges.begin(), edges.end());
    const std::string band = table.text("filter", i), ccdname = table.text("ccdname", i);
    const Ccd ccd{camera, band, ccdname, std::isfinite(first) ? static_cast<std::int64_t>(first) : 0};
    const bool has_size = table.number("width", i) > 0 && table.number("height", i) > 0;
    if (!a.out.empty() && has_size && edges_of.try_emplace(ccd, edges).first->second != edges)
      throw input_error(
          "CCD {} of camera {} in {} is divided differently, or not at all, in some of its exposures (row {}) than in others of "
          "{}: facts of --amplifiers-out could not tell them apart",
          ccdname, camera, band, i + 1, all_nights_ ? "the table" : "the same nights");
    if (boxes.empty()) continue;
    if (!a.out.empty() && !what_.empty() && what_.front().camera != camera)
      throw input_error(
          "the amplifiers are of several cameras ({} and {}), and facts of --amplifiers-out are of one",
          what_.front().camera, camera);
    ++divided_;
    const auto [place, is_new] =
        known.try_emplace({ccd, std::move(edges)}, static_cast<int>(divisions_.size()));
    division_of_row_.back() = place->second;
    if (!is_new) continue;
    Division division{boxes, static_cast<std::int32_t>(all_.size())};
    std::int64_t area = table.integer("width", i) * table.integer("height", i);
    // What nobody uses does not count for the CCD's zero point.
    const Box good = good_part(table, i);
    std::int64_t used = good.area();
    const auto add = [&](const Box& box, std::int64_t pixels) {
      all_.push_back({place->second, static_cast<double>(pixels)});
      what_.push_back({camera, band, ccdname, first, last, box});
    };
    for (const Box& box : boxes) {
      const std::int64_t pixels = intersection(box, good).area();
      add(box, pixels);
      area -= box.area();
      used -= pixels;
    }
    division.rest = area > 0;
    if (division.rest) add({}, used);
    divisions_.push_back(std::move(division));
  }
}

std::int32_t Amplifiers::find(std::int64_t row, double x, double y) const {
  const int number = division_of_row_[static_cast<std::size_t>(row)];
  if (number < 0 || !std::isfinite(x) || !std::isfinite(y)) return -1;
  const Division& division = divisions_[static_cast<std::size_t>(number)];
  const int px = static_cast<int>(std::floor(x + 0.5)), py = static_cast<int>(std::floor(y + 0.5));
  std::int32_t amplifier = division.first;
  for (const Box& box : division.boxes) {
    if (box.contains(px, py)) return amplifier;
    ++amplifier;
  }
  return division.rest ? amplifier : -1;
}

std::string Amplifiers::name(const What& what) const {
  std::string text = fmt::format("{} {} {}", what.camera, what.band, what.ccdname);
  text += what.box.empty()
              ? " outside the amplifiers of the facts"
              : fmt::format(" [{}, {}, {}, {}]", what.box.x0, what.box.x1, what.box.y0, what.box.y1);
  if (!all_nights_)
    text += fmt::format(", MJD {:.2f} to {:.2f}", what.first + night_begins_, what.last + 1 + night_begins_);
  return text;
}

std::string Amplifiers::report(const std::vector<SolvedGroup>& solved) const {
  std::string text;
  std::int64_t seen = 0, told = 0;
  for (std::size_t g = 0; g < what_.size(); ++g) {
    const SolvedGroup& amplifier = solved[g];
    seen += is_there(amplifier);
    if (!is_there(amplifier) || !(std::abs(amplifier.value) > kSure * amplifier.error) ||
        !(std::abs(amplifier.value) > kTelling))
      continue;
    ++told;
    text += fmt::format("amplifier {}: zero point {:+.4f} +- {:.4f} mag of its CCD's, {} stars\n",
                        name(what_[g]), amplifier.value, amplifier.error, amplifier.members);
  }
  return text + fmt::format("{} amplifiers of {} CCDs, {} with common stars, {} differ from their CCDs\n",
                            what_.size(), divided_, seen, told);
}

fits::Table Amplifiers::table(const std::vector<SolvedGroup>& solved) const {
  std::vector<std::string> camera, band, ccdname;
  std::vector<std::int32_t> box;
  std::vector<double> first, last;
  std::vector<float> value, error;
  std::vector<std::int64_t> stars;
  for (std::size_t g = 0; g < what_.size(); ++g) {
    const What& w = what_[g];
    camera.push_back(w.camera);
    band.push_back(w.band);
    ccdname.push_back(w.ccdname);
    const bool rest = w.box.empty();
    for (const int edge : {w.box.x0, w.box.x1, w.box.y0, w.box.y1}) box.push_back(rest ? -1 : edge);
    first.push_back(w.first + night_begins_);
    last.push_back(w.last + 1 + night_begins_);
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    const bool there = is_there(solved[g]);
    value.push_back(there ? static_cast<float>(solved[g].value) : kNan);
    error.push_back(there ? static_cast<float>(solved[g].error) : kNan);
    stars.push_back(solved[g].members);
  }
  fits::Table t;
  t.add("camera", std::move(camera));
  t.add("filter", std::move(band));
  t.add("ccdname", std::move(ccdname));
  t.add("box", std::move(box), "pixel", {4}, "x0, x1, y0, y1; -1: the rest of the CCD");
  t.add("mjd_first", std::move(first), "d");
  t.add("mjd_end", std::move(last), "d");
  t.add("zpt_difference", std::move(value), "mag", {}, "amplifier's zero point - CCD's");
  t.add("zpt_difference_error", std::move(error), "mag");
  t.add("common_stars", std::move(stars));
  return t;
}

std::string Amplifiers::facts(const std::vector<SolvedGroup>& solved) const {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (std::size_t g = 0; g < what_.size(); ++g) {
    const What& w = what_[g];
    if (w.box.empty() || !is_there(solved[g])) continue;
    // What has no box has to stay as it is.
    const Division& division = divisions_[static_cast<std::size_t>(all_[g].detector)];
    const double stays =
        division.rest ? solved[static_cast<std::size_t>(division.first) + division.boxes.size()].value : 0;
    Json when = {{"ccd", w.ccdname}, {"band", w.band}};
    if (!all_nights_)
      when["mjd"] = {{"from", w.first + night_begins_}, {"below", w.last + 1 + night_begins_}};
    rows.push_back({{"when", std::move(when)},
                    {"box", {w.box.x0, w.box.x1, w.box.y0, w.box.y1}},
                    {"dzp_mag", std::round((stays - solved[g].value) * 1e5) / 1e5}});
  }
  const Json all = {{"note", "To be laid over the facts of camera " + what_.front().camera +
                                 ", of which the tables of stars were made; then they are measured anew."},
                    {"amplifiers", {{"table+", std::move(rows)}}}};
  return all.dump(1) + "\n";
}

}  // namespace brickline
