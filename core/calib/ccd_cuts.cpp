#include "core/calib/ccd_cuts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/survey/bits.h"
#include "core/survey/ccd_cut_names.h"
#include "core/survey/ccd_table.h"
#include "core/survey/ccd_table_duplicates.h"

namespace brickline {
namespace {

// Set by others: failed measurements, and cuts that look at many exposures together.
constexpr std::int32_t kSetByOthers = ccdcut::kErrLegacyzpts | ccdcut::kDepthCut | ccdcut::kTooManyBadCcds |
                                      ccdcut::kFlaggedInDes | ccdcut::kDepthCut2;

std::int32_t bit_of(std::string_view name, const std::string& camera) {
  // The surveys' own name of that bit ends in a camera's name.
  if (name.starts_with("early_")) return ccdcut::kEarlyData;
  for (const CcdCutName& rule : kCcdCutNames)
    if (rule.name == name && !(rule.bit & kSetByOthers)) return rule.bit;
  throw plugin_error("camera {}: the fact quality.extra_cuts names the bit '{}', which there is not", camera,
                     name);
}

// A row's columns as if they were the cards of a header: what conditions look at.
class ColumnHeaders : public CcdHeaders {
 public:
  ColumnHeaders(const fits::Table& table, std::int64_t row) {
    for (const fits::Column& column : table.columns()) {
      if (column.width() != 1) continue;
      if (column.is_string())
        header_.set(column.name, table.text(column.name, row));
      else
        header_.set(column.name, table.number(column.name, row));
    }
  }
  const fits::Header* header(HeaderOf) override { return &header_; }

 private:
  fits::Header header_;
};

// First words of a file's lines.
std::set<std::string> bad_names(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw input_error("cannot read it").in_file(file.string());
  std::set<std::string> names;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    if (!(words >> name)) continue;
    if (!std::isdigit(static_cast<unsigned char>(name[0])))
      throw input_error("line {} begins with neither EXPNUM nor EXPNUM-CCDNAME", number)
          .in_file(file.string());
    names.insert(upper_case(name));
  }
  return names;
}

// A zero point without the known trends of its camera, which its window is held against.
double detrended(double ccdzpt, double airmass, double mjd, const PhotometryFacts& facts,
                 const std::string& band) {
  constexpr double kDayZero = 56658.5;
  const auto found = facts.detrend.find(band);
  if (found == facts.detrend.end() || ccdzpt == 0) return ccdzpt;
  const Detrend& trend = found->second;
  double z = ccdzpt;
  if (airmass >= 1) z += trend.airmass_slope * (airmass - 1);
  const double day = mjd - kDayZero;
  if (mjd > 0)
    for (const auto& [d0, d1, first, last, c0] : trend.segments)
      if (d0 <= day && day < d1) z += trend.reference - (c0 + (last - first) / (d1 - d0) * day);
  return z;
}

class Judge {
 public:
  Judge(const fits::Table& table, const Camera& camera, std::set<std::string> bad,
        const CcdCutOptions& options)
      : table_(table), camera_(camera), quality_(camera.facts().quality), bad_(std::move(bad)) {
    quality_.max_seeing_arcsec = options.max_seeing_arcsec.value_or(quality_.max_seeing_arcsec);
    quality_.max_photometric_rms_mag =
        options.max_photometric_rms_mag.value_or(quality_.max_photometric_rms_mag);
    quality_.min_exptime_seconds = options.min_exptime_seconds.value_or(quality_.min_exptime_seconds);
  }

  std::int64_t bits(std::int64_t row, const CcdRow& ccd) const {
    const auto number = [&](const char* column, double otherwise) {
      if (!table_.has(column)) return otherwise;
      const double v = table_.number(column, row);
      return std::isfinite(v) ? v : otherwise;
    };
    std::int64_t bits = 0;
    const auto cut_if = [&](bool bad, std::int32_t bit) {
      if (bad) bits |= bit;
    };
    const auto is_above = [](double value, double limit) {
      return static_cast<float>(value) > static_cast<float>(limit);
    };
    cut_if(
        table_.has("err_message") && !table_.text("err_message", row).empty() && !std::isfinite(ccd.ccdzpt),
        ccdcut::kErrLegacyzpts);
    const std::vector<std::string>& bands = quality_.survey_bands;
    cut_if(std::find(bands.begin(), bands.end(), ccd.band) == bands.end(), ccdcut::kNotGrz);
    cut_if(!(ccd.exptime >= quality_.min_exptime_seconds), ccdcut::kExptime);

    const double ccdzpt = std::isfinite(ccd.ccdzpt) ? ccd.ccdzpt : 0;
    const auto window = quality_.zero_point_window.find(ccd.band);
    const std::array<double, 2> limits =
        window != quality_.zero_point_window.end() ? window->second : std::array<double, 2>{0, 100};
    const double z =
        detrended(ccdzpt, number("airmass", 0), ccd.mjd_obs, camera_.facts().photometry, ccd.band);
    cut_if(z < limits[0], ccdcut::kZptSmall);
    cut_if(z > limits[1], ccdcut::kZptLarge);

    const double seeing = ccd.psf_fwhm * camera_.facts().detector.pixel_scale_arcsec;
    cut_if(!(seeing > 0 && seeing < quality_.max_seeing_arcsec), ccdcut::kSeeingBad);
    const std::string exposure = std::to_string(ccd.expnum);
    cut_if(bad_.contains(exposure) || bad_.contains(exposure + "-" + upper_case(ccd.ccdname)),
           ccdcut::kBadexpFile);
    if (table_.has("ccdskycounts")) {
      const double sky = table_.number("ccdskycounts", row);
      const auto limit = quality_.max_sky_per_second.find(ccd.band);
      cut_if(!std::isfinite(sky) || (limit != quality_.max_sky_per_second.end() && sky > limit->second) ||
                 sky * ccd.exptime > quality_.max_sky_counts,
             ccdcut::kSkyIsBright);
    }
    if (!quality_.accepted_plver.empty())
      cut_if(std::none_of(quality_.accepted_plver.begin(), quality_.accepted_plver.end(),
                          [&](const std::string& prefix) { return ccd.plver.starts_with(prefix); }),
             ccdcut::kPlver);
    if (was_measured(row)) {
      if (ccd.ccdnphotom) cut_if(*ccd.ccdnphotom < quality_.min_stars, ccdcut::kCcdnmatch);
      cut_if(is_above(number("phrms", 0), quality_.max_photometric_rms_mag), ccdcut::kPhrms);
      const bool has_scatter = table_.has("ccdrarms") && table_.has("ccddecrms");
      cut_if(has_scatter && is_above(std::hypot(number("ccdrarms", 1), number("ccddecrms", 1)),
                                     quality_.max_radec_rms_arcsec),
             ccdcut::kRadecrms);
      cut_if(std::abs(ccdzpt - number("zpt", ccdzpt)) > quality_.max_zero_point_difference_mag,
             ccdcut::kZptDiffAvg);
    }
    if (quality_.extra_cuts.empty()) return bits;
    ColumnHeaders columns(table_, row);
    CcdValues values = ccd_values(ccd);
    if (table_.has("mjd_obs")) values.mjd_obs = ccd.mjd_obs;
    for (const QualityFacts::ExtraCut& extra : quality_.extra_cuts) {
      Condition when = extra.when;
      if (extra.column) when.cards.push_back(*extra.column);
      cut_if(holds(when, values, &columns), bit_of(extra.bit, camera_.name()));
    }
    return bits;
  }

 private:
  bool was_measured(std::int64_t row) const {
    if (!table_.has("zpt_source")) return true;
    const std::string source = table_.text("zpt_source", row);
    return source.empty() || source.starts_with("stars:");
  }

  const fits::Table& table_;
  const Camera& camera_;
  QualityFacts quality_;
  std::set<std::string> bad_;
};

// Of the caller's names.
std::int64_t omitted_bits(const std::vector<std::string>& names) {
  std::int64_t bits = 0;
  for (const std::string& name : names) {
    const auto rule = std::find_if(kCcdCutNames.begin(), kCcdCutNames.end(),
                                   [&](const CcdCutName& known) { return known.name == name; });
    if (rule == kCcdCutNames.end()) throw usage_error("there is no rule '{}' that cuts CCDs", name);
    bits |= rule->bit;
  }
  return bits;
}

// Of an image whose headers lack what a row needs: it has nothing but the reason.
bool was_never_read(const fits::Table& table, std::int64_t row) {
  return table.text("camera", row).empty() && table.has("err_message") &&
         !table.text("err_message", row).empty();
}

// Of each exposure the share of its camera's CCDs that is good. Rows without an exposure's number are of none.
void cut_exposures(const std::vector<CcdRow>& rows, const CameraRegistry& cameras, double fraction,
                   std::vector<std::int64_t>& bits) {
  struct Count {
    int good = 0, all = 0;
  };
  std::map<std::pair<std::string, std::int64_t>, Count> exposures;
  const auto counts = [&](std::size_t i) { return !rows[i].camera.empty() && rows[i].expnum > 0; };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!counts(i)) continue;
    Count& count = exposures[{rows[i].camera, rows[i].expnum}];
    ++count.all;
    count.good += bits[i] == 0;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!counts(i)) continue;
    const CameraFacts& facts = cameras.camera(rows[i].camera).facts();
    const int of = facts.detector.ccds_per_exposure;
    if (of <= 0) continue;
    const Count& count = exposures[{rows[i].camera, rows[i].expnum}];
    if (count.all > of)
      throw input_error(
          "exposure {} has {} rows in the table, but camera {} has {} CCDs (fact detector.ccds_per_exposure)",
          rows[i].expnum, count.all, rows[i].camera, of);
    const double least = fraction < 0 ? facts.quality.min_good_ccd_fraction : fraction;
    if (static_cast<double>(count.good) / of < least) bits[i] |= ccdcut::kTooManyBadCcds;
  }
}

// What rules that are not `looked_at` had cut, and nothing cuts now.
void count_freed(const fits::Table& table, const std::vector<std::int64_t>& bits, std::int64_t looked_at,
                 CcdCuts& cuts) {
  std::int64_t of = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::int64_t before =
        table.integer("ccd_cuts", static_cast<std::int64_t>(i)) & kSetByOthers & ~looked_at;
    if (bits[i] != 0 || before == 0) continue;
    ++cuts.freed;
    of |= before;
  }
  for (const CcdCutName& rule : kCcdCutNames)
    if (of & rule.bit) cuts.freed_of.emplace_back(rule.name);
}

}  // namespace

CcdCuts cut_ccds(fits::Table& table, CameraRegistry& cameras, const CcdCutOptions& options) {
  const std::int64_t omitted = omitted_bits(options.omit);
  const CcdTable ccds = CcdTable::from_tables({{"the table", table}});
  require_all_rows(table, ccds.table());
  std::map<std::string, std::int64_t> wanted;
  for (std::int64_t i = 0; i < ccds.rows(); ++i)
    if (!was_never_read(ccds.table(), i)) ++wanted[ccds.table().text("camera", i)];
  cameras.load(wanted);
  std::map<std::string, Judge> judges;
  for (const auto& [name, count] : wanted) {
    const Camera& camera = cameras.camera(name);
    std::set<std::string> bad;
    if (!options.bad_exposures.empty())
      bad = bad_names(options.bad_exposures);
    else if (!camera.facts().quality.bad_exposures.empty())
      bad = bad_names(camera.data_file(camera.facts().quality.bad_exposures));
    judges.emplace(name, Judge(ccds.table(), camera, std::move(bad), options));
  }

  std::vector<std::int64_t> bits;
  std::vector<CcdRow> rows;
  for (std::int64_t i = 0; i < ccds.rows(); ++i) {
    if (was_never_read(ccds.table(), i)) {
      rows.emplace_back();
      bits.push_back(ccdcut::kErrLegacyzpts & ~omitted);
      continue;
    }
    rows.push_back(ccds.row(i));
    bits.push_back(judges.at(rows.back().camera).bits(i, rows.back()) & ~omitted);
  }
  if (options.good_ccd_fraction) cut_exposures(rows, cameras, *options.good_ccd_fraction, bits);
  CcdCuts cuts;
  for (const CcdCutName& rule : kCcdCutNames)
    if (!(rule.bit & kSetByOthers) || (rule.bit & (ccdcut::kErrLegacyzpts | ccdcut::kTooManyBadCcds)))
      cuts.counts.emplace_back(rule.name, std::count_if(bits.begin(), bits.end(),
                                                        [&](std::int64_t b) { return (b & rule.bit) != 0; }));
  cuts.cut = std::count_if(bits.begin(), bits.end(), [](std::int64_t b) { return b != 0; });
  std::int64_t looked_at = ccdcut::kErrLegacyzpts | options.looked_at_later;
  if (options.good_ccd_fraction) looked_at |= ccdcut::kTooManyBadCcds;
  if (table.has("ccd_cuts")) count_freed(table, bits, looked_at, cuts);
  table.add("ccd_cuts", std::move(bits));
  return cuts;
}

}  // namespace brickline
