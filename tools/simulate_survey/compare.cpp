#include "tools/simulate_survey/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <tuple>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tools/simulate_survey/space_telescopes.h"

namespace brickline::simulate {
namespace {

struct Position {
  double ra, dec;
};

struct CatalogRow {
  Position position;
  std::vector<double> flux, flux_ivar, fracflux;  // per band of the truth; ivar 0 where the catalog lacks it
  std::vector<double> depth_of_star,
      depth_of_galaxy;  // inverse variances of fluxes; 0 where the catalog lacks them
  int kind = -1;
  double ra_ivar = 0, dec_ivar = 0, radius = 0, radius_ivar = 0;
  bool near_truth = false;
};

struct TruthRow {
  Position position;
  std::vector<double> flux;
  int kind = -1;
  double radius = 0;
};

std::vector<std::filesystem::path> find_catalogs(const std::filesystem::path& output) {
  std::vector<std::filesystem::path> found;
  const std::filesystem::path root = output / "tractor";
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("tractor-") && name.ends_with(".fits")) found.push_back(entry.path());
  }
  if (found.empty()) throw input_error("no catalog tractor/*/tractor-*.fits").in_file(output.string());
  std::sort(found.begin(), found.end());
  return found;
}

double separation_arcsec(const Position& a, const Position& b) {
  const double degree = std::numbers::pi / 180;
  const double dra = std::remainder(a.ra - b.ra, 360) * std::cos((a.dec + b.dec) / 2 * degree);
  return 3600 * std::hypot(dra, a.dec - b.dec);
}

std::vector<TruthRow> read_truth(const std::filesystem::path& survey, std::vector<std::string>& bands) {
  fits::FitsReader file(survey / "truth.fits");
  const fits::Table t = file.table(1);
  for (const fits::Column& c : t.columns())
    if (c.name.starts_with("flux_")) bands.push_back(c.name.substr(5));
  std::vector<TruthRow> rows;
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    TruthRow row;
    row.position = {t.number("ra", i), t.number("dec", i)};
    for (const std::string& band : bands) row.flux.push_back(t.number("flux_" + band, i));
    if (t.has("type")) row.kind = kind_number(t.text("type", i));
    if (t.has("shape_r")) row.radius = t.number("shape_r", i);
    rows.push_back(std::move(row));
  }
  return rows;
}

void read_catalog(const std::filesystem::path& path, const std::vector<std::string>& bands,
                  std::vector<CatalogRow>& rows) {
  fits::FitsReader file(path);
  const fits::Table t = file.table(1);
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    const std::string type = t.text("type", i);
    if (type == "DUP" || type == "NUN") continue;
    CatalogRow row;
    row.position = {t.number("ra", i), t.number("dec", i)};
    row.kind = kind_number(type);
    const auto number = [&](const std::string& name) { return t.has(name) ? t.number(name, i) : 0; };
    row.ra_ivar = number("ra_ivar");
    row.dec_ivar = number("dec_ivar");
    row.radius = number("shape_r");
    row.radius_ivar = number("shape_r_ivar");
    for (const std::string& band : bands) {
      const bool has = t.has("flux_" + band) && t.has("flux_ivar_" + band);
      row.flux.push_back(has ? t.number("flux_" + band, i) : 0);
      row.flux_ivar.push_back(has ? t.number("flux_ivar_" + band, i) : 0);
      row.fracflux.push_back(number("fracflux_" + band));
      row.depth_of_star.push_back(number("psfdepth_" + band));
      row.depth_of_galaxy.push_back(number("galdepth_" + band));
    }
    rows.push_back(std::move(row));
  }
}

struct Match {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;  // truth, catalog
  std::int64_t spurious = 0;
};

Match match(const std::vector<TruthRow>& truth, std::vector<CatalogRow>& catalog,
            const ComparisonOptions& options) {
  std::vector<std::size_t> by_dec(truth.size());
  for (std::size_t i = 0; i < by_dec.size(); ++i) by_dec[i] = i;
  std::sort(by_dec.begin(), by_dec.end(),
            [&](std::size_t a, std::size_t b) { return truth[a].position.dec < truth[b].position.dec; });
  const double reach = std::max(options.match_radius, options.spurious_radius) / 3600;
  Match result;
  std::vector<std::tuple<double, std::size_t, std::size_t>> candidates;
  for (std::size_t c = 0; c < catalog.size(); ++c) {
    const Position& p = catalog[c].position;
    auto it = std::lower_bound(by_dec.begin(), by_dec.end(), p.dec - reach,
                               [&](std::size_t i, double dec) { return truth[i].position.dec < dec; });
    bool near = false;
    for (; it != by_dec.end() && truth[*it].position.dec <= p.dec + reach; ++it) {
      const double d = separation_arcsec(p, truth[*it].position);
      near = near || d <= options.spurious_radius;
      if (d <= options.match_radius) candidates.emplace_back(d, *it, c);
    }
    catalog[c].near_truth = near;
    if (!near) ++result.spurious;
  }
  std::sort(candidates.begin(), candidates.end());
  std::vector<bool> truth_used(truth.size()), catalog_used(catalog.size());
  for (const auto& [distance, t, c] : candidates) {
    if (truth_used[t] || catalog_used[c]) continue;
    truth_used[t] = catalog_used[c] = true;
    result.pairs.emplace_back(t, c);
  }
  return result;
}

// Nothing is detected in other telescopes' bands.
bool is_detected_in(const std::string& band) {
  return std::find(kSpaceBands.begin(), kSpaceBands.end(), band) == kSpaceBands.end();
}

// Nearest other true source of each, arcsec; up to `reach` arcsec (beyond: infinite).
std::vector<double> nearest_true(const std::vector<TruthRow>& truth, double reach) {
  std::vector<std::size_t> order(truth.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return truth[a].position.dec < truth[b].position.dec; });
  std::vector<double> nearest(truth.size(), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t k = i + 1; k < order.size(); ++k) {
      const TruthRow &a = truth[order[i]], &b = truth[order[k]];
      if (3600 * (b.position.dec - a.position.dec) > reach) break;
      const double d = separation_arcsec(a.position, b.position);
      nearest[order[i]] = std::min(nearest[order[i]], d);
      nearest[order[k]] = std::min(nearest[order[k]], d);
    }
  return nearest;
}

// Every true source with what was found of it.
std::vector<TrueSource> sources_of(const std::vector<TruthRow>& truth, const std::vector<CatalogRow>& catalog,
                                   const Match& matched, const std::vector<double>& snr,
                                   const std::vector<std::string>& bands, const ComparisonOptions& options) {
  const std::vector<double> nearest = nearest_true(truth, 2 * options.classes.isolation);
  constexpr double kDegree = std::numbers::pi / 180, kNone = std::numeric_limits<double>::quiet_NaN();
  std::vector<TrueSource> sources(truth.size());
  for (std::size_t t = 0; t < truth.size(); ++t) {
    sources[t].kind = truth[t].kind;
    sources[t].snr = snr[t];
    sources[t].nearest = nearest[t];
  }
  for (const auto& [t, c] : matched.pairs) {
    const CatalogRow& row = catalog[c];
    const TruthRow& from = truth[t];
    TrueSource& s = sources[t];
    s.matched = true;
    s.found_kind = row.kind;
    double square = 0;
    for (std::size_t b = 0; b < bands.size(); ++b) {
      s.pull.push_back(row.flux_ivar[b] > 0 ? (row.flux[b] - from.flux[b]) * std::sqrt(row.flux_ivar[b])
                                            : kNone);
      s.true_snr.push_back(row.flux_ivar[b] > 0 ? from.flux[b] * std::sqrt(row.flux_ivar[b]) : kNone);
      const double depth = from.kind > 0 ? row.depth_of_galaxy[b] : row.depth_of_star[b];
      s.depth_snr.push_back(depth > 0 ? from.flux[b] * std::sqrt(depth) : kNone);
      if (depth > 0 && is_detected_in(bands[b])) square += depth * from.flux[b] * from.flux[b];
      s.unblended.push_back(row.fracflux[b] < options.largest_fracflux);
    }
    s.detection_snr = std::sqrt(square);
    const double east = std::remainder(row.position.ra - from.position.ra, 360) *
                        std::cos(from.position.dec * kDegree),
                 north = row.position.dec - from.position.dec;
    s.position_pull[0] = row.ra_ivar > 0 ? east * std::sqrt(row.ra_ivar) : kNone;
    s.position_pull[1] = row.dec_ivar > 0 ? north * std::sqrt(row.dec_ivar) : kNone;
    s.radius_pull = row.kind == from.kind && row.radius_ivar > 0
                        ? (row.radius - from.radius) * std::sqrt(row.radius_ivar)
                        : kNone;
  }
  return sources;
}

std::vector<CatalogEntry> entries_of(const std::vector<CatalogRow>& catalog, std::size_t bands) {
  std::vector<CatalogEntry> entries;
  for (const CatalogRow& row : catalog) {
    CatalogEntry e{0, row.near_truth};
    for (std::size_t b = 0; b < bands; ++b)
      e.snr = std::max(e.snr, row.flux[b] * std::sqrt(row.flux_ivar[b]));
    entries.push_back(e);
  }
  return entries;
}

}  // namespace

Comparison compare_with_truth(const std::filesystem::path& survey, const std::filesystem::path& output,
                              const ComparisonOptions& options) {
  std::vector<std::string> bands;
  const std::vector<TruthRow> truth = read_truth(survey, bands);
  std::vector<CatalogRow> catalog;
  for (const auto& path : find_catalogs(output)) read_catalog(path, bands, catalog);
  const Match matched = match(truth, catalog, options);

  Comparison result;
  result.truth = static_cast<std::int64_t>(truth.size());
  result.catalog = static_cast<std::int64_t>(catalog.size());
  result.matched = static_cast<std::int64_t>(matched.pairs.size());
  result.spurious =
      catalog.empty() ? 0 : static_cast<double>(matched.spurious) / static_cast<double>(catalog.size());

  // Expected signal to noise of every true source: with its own match's error, else the typical one.
  std::vector<double> best_snr(truth.size(), 0);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    if (!is_detected_in(bands[b])) continue;
    std::vector<double> ivars;
    for (const CatalogRow& row : catalog)
      if (row.flux_ivar[b] > 0) ivars.push_back(row.flux_ivar[b]);
    const double typical = ivars.empty() ? 0 : std::sqrt(median(ivars));
    std::vector<double> inverse_error(truth.size(), typical);
    for (const auto& [t, c] : matched.pairs)
      if (catalog[c].flux_ivar[b] > 0) inverse_error[t] = std::sqrt(catalog[c].flux_ivar[b]);
    for (std::size_t t = 0; t < truth.size(); ++t)
      best_snr[t] = std::max(best_snr[t], truth[t].flux[b] * inverse_error[t]);
  }
  std::int64_t found = 0;
  for (double snr : best_snr) result.detectable += snr > options.detectable_snr;
  for (const auto& [t, c] : matched.pairs) found += best_snr[t] > options.detectable_snr;
  result.completeness =
      result.detectable ? static_cast<double>(found) / static_cast<double>(result.detectable) : 0;

  for (std::size_t b = 0; b < bands.size(); ++b) {
    std::vector<std::pair<const CatalogRow*, double>> compared;  // and the true flux
    std::vector<double> relative;
    for (const auto& [t, c] : matched.pairs) {
      const CatalogRow& row = catalog[c];
      if (!(row.flux_ivar[b] > 0) || !(row.fracflux[b] < options.largest_fracflux)) continue;
      compared.emplace_back(&row, truth[t].flux[b]);
      if (truth[t].flux[b] > options.bright_flux) relative.push_back(row.flux[b] / truth[t].flux[b] - 1);
    }
    const auto pulls_of = [&](double scale) {
      std::vector<double> pulls;
      for (const auto& [row, flux] : compared)
        pulls.push_back((row->flux[b] / scale - flux) * std::sqrt(row->flux_ivar[b]));
      return pulls;
    };
    const std::vector<double> pulls = pulls_of(1);
    BandComparison band;
    band.band = bands[b];
    const PullStatistics statistics = statistics_of(pulls);
    band.n = statistics.n;
    band.bright = static_cast<std::int64_t>(relative.size());
    band.median_pull = statistics.median;
    band.pull_width = statistics.width;
    band.beyond_5 = statistics.beyond_5;
    band.bright_bias = median(relative);
    band.bright_scatter = robust_width(relative);
    band.scaled_pull_width = robust_width(pulls_of(1 + band.bright_bias));
    result.bands.push_back(band);
  }
  const bool kinds_known =
      std::any_of(truth.begin(), truth.end(), [](const TruthRow& row) { return row.kind >= 0; });
  result.sources = sources_of(truth, catalog, matched, best_snr, bands, options);
  result.entries = entries_of(catalog, bands.size());
  if (kinds_known)
    result.classes = compare_classes(result.sources, result.entries, bands.size(), options.classes);
  return result;
}

std::string to_text(const Comparison& c, const ComparisonOptions& options) {
  std::string text =
      fmt::format("true sources {}   catalog rows {}   matched {}\n", c.truth, c.catalog, c.matched);
  text += fmt::format("found {:.3f} of the {} with S/N > {:g}   spurious {:.3f}\n\n", c.completeness,
                      c.detectable, options.detectable_snr, c.spurious);
  text += fmt::format(
      "        (flux - truth) / sigma                   flux / truth - 1, truth > {:g} nanomaggies\n",
      options.bright_flux);
  text += fmt::format("{:<6} {:>6} {:>8} {:>8} {:>10}   {:>6} {:>8} {:>8}\n", "band", "n", "median", "width",
                      "beyond 5", "n", "median", "width");
  for (const BandComparison& b : c.bands)
    text += fmt::format("{:<6} {:>6} {:>8.2f} {:>8.2f} {:>10.3f}   {:>6} {:>8.4f} {:>8.4f}\n", b.band, b.n,
                        b.median_pull, b.pull_width, b.beyond_5, b.bright, b.bright_bias, b.bright_scatter);
  if (!c.classes) return text;
  std::vector<std::string> bands;
  for (const BandComparison& b : c.bands) bands.push_back(b.band);
  return text + "\n" + to_text(*c.classes, bands, options.classes);
}

}  // namespace brickline::simulate
