#include "tools/simulate_survey/truth_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace brickline::simulate {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr std::array<double, 4> kSnrEdges = {0, 20, 100, kInfinite};
constexpr std::array<double, 5> kBandSnrEdges = {0, 5, 10, 20, kInfinite};
constexpr std::array<double, 9> kShareEdges = {5, 6, 8, 10, 15, 25, 50, 100, kInfinite};

std::string range_text(double low, double high) {
  if (high == kInfinite) return fmt::format("S/N > {:g}", low);
  return low == 0 ? fmt::format("S/N < {:g}", high) : fmt::format("S/N {:g} - {:g}", low, high);
}

template <class T, class Snr, class Good>
std::vector<ShareInRange> shares(const std::vector<T>& all, Snr&& snr, Good&& good) {
  std::vector<ShareInRange> out;
  for (std::size_t e = 0; e + 1 < kShareEdges.size(); ++e) {
    ShareInRange s{kShareEdges[e], kShareEdges[e + 1], 0, 0, 0};
    std::int64_t count = 0;
    for (const T& one : all) {
      if (!(snr(one) >= s.low && snr(one) < s.high)) continue;
      ++s.n;
      count += good(one);
    }
    if (s.n > 0) {
      const double n = static_cast<double>(s.n);
      s.share = static_cast<double>(count) / n;
      s.error = std::sqrt(s.share * (1 - s.share) / n);
    }
    out.push_back(s);
  }
  return out;
}

}  // namespace

int kind_number(std::string_view kind) {
  const auto at = std::find(kKinds.begin(), kKinds.end(), kind);
  return at == kKinds.end() ? -1 : static_cast<int>(at - kKinds.begin());
}

int class_of(const TrueSource& s, const ClassOptions& options) {
  if (!s.matched || s.kind < 0 || s.found_kind < 0) return -1;
  const bool alone = s.nearest > options.isolation;
  if (s.kind == 0) return s.found_kind > 0 ? 2 : alone ? 0 : 1;
  if (s.found_kind == 0) return 6;
  return s.found_kind != s.kind ? 5 : alone ? 3 : 4;
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const double high = *middle;
  if (values.size() % 2) return high;
  return (high + *std::max_element(values.begin(), middle)) / 2;
}

double robust_width(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> deviations;
  for (double v : values) deviations.push_back(std::abs(v - centre));
  return 1.4826 * median(std::move(deviations));
}

PullStatistics statistics_of(const std::vector<double>& pulls) {
  PullStatistics out;
  out.n = static_cast<std::int64_t>(pulls.size());
  out.median = median(pulls);
  out.width = robust_width(pulls);
  const auto far = std::count_if(pulls.begin(), pulls.end(), [](double p) { return std::abs(p) > 5; });
  out.beyond_5 = pulls.empty() ? 0 : static_cast<double>(far) / static_cast<double>(pulls.size());
  return out;
}

ClassComparison compare_classes(const std::vector<TrueSource>& truth,
                                const std::vector<CatalogEntry>& catalog, std::size_t bands,
                                const ClassOptions& options) {
  ClassComparison out;
  using Wanted = std::function<bool(const TrueSource&, std::size_t)>;  // in a band
  const auto add = [&](std::string name, bool unblended, const Wanted& wanted) {
    ClassPulls row{std::move(name), {}};
    for (std::size_t b = 0; b < bands; ++b) {
      std::vector<double> pulls;
      for (const TrueSource& s : truth)
        if (s.matched && std::isfinite(s.pull[b]) && (s.unblended[b] || !unblended) && wanted(s, b))
          pulls.push_back(s.pull[b]);
      row.bands.push_back(statistics_of(pulls));
    }
    out.classes.push_back(std::move(row));
  };
  add("all matched", false, [](const TrueSource&, std::size_t) { return true; });
  add("all", true, [](const TrueSource&, std::size_t) { return true; });
  const auto is_sure = [&](const TrueSource& s) { return s.detection_snr > options.sure_snr; };
  add("sure to be found", true, [&](const TrueSource& s, std::size_t) { return is_sure(s); });
  for (std::size_t e = 0; e + 1 < kBandSnrEdges.size(); ++e) {
    const double low = kBandSnrEdges[e], high = kBandSnrEdges[e + 1];
    add(fmt::format("sure to be found, {} in the band", range_text(low, high)), true,
        [&](const TrueSource& s, std::size_t b) {
          return is_sure(s) && s.depth_snr[b] >= low && s.depth_snr[b] < high;
        });
  }
  for (std::size_t k = 0; k < kClasses.size(); ++k)
    for (std::size_t e = 0; e + 1 < kSnrEdges.size(); ++e) {
      const double low = kSnrEdges[e], high = kSnrEdges[e + 1];
      add(fmt::format("{}, {}", kClasses[k], range_text(low, high)), true,
          [&](const TrueSource& s, std::size_t) {
            return class_of(s, options) == static_cast<int>(k) && s.snr >= low && s.snr < high;
          });
    }
  std::erase_if(out.classes, [](const ClassPulls& row) {
    return std::all_of(row.bands.begin(), row.bands.end(), [](const PullStatistics& b) { return b.n == 0; });
  });

  out.completeness = shares(
      truth, [](const TrueSource& s) { return s.snr; }, [](const TrueSource& s) { return s.matched; });
  out.purity = shares(
      catalog, [](const CatalogEntry& c) { return c.snr; }, [](const CatalogEntry& c) { return c.real; });
  std::int64_t right = 0, galaxies = 0;
  std::vector<double> positions, radii;
  for (const TrueSource& s : truth) {
    if (s.matched) {
      for (const double p : s.position_pull)
        if (std::isfinite(p)) positions.push_back(p);
      if (s.kind > 0 && std::isfinite(s.radius_pull)) radii.push_back(s.radius_pull);
    }
    if (s.kind < 0 || !(s.snr > options.kinds_snr)) continue;
    const int found = s.matched && s.found_kind >= 0 ? s.found_kind : static_cast<int>(kKinds.size());
    ++out.kinds[static_cast<std::size_t>(s.kind)][static_cast<std::size_t>(found)];
    if (s.kind == 0 || found == static_cast<int>(kKinds.size())) continue;
    ++galaxies;
    right += found == s.kind;
  }
  out.right_galaxies = galaxies > 0 ? static_cast<double>(right) / static_cast<double>(galaxies)
                                    : std::numeric_limits<double>::quiet_NaN();
  out.positions = statistics_of(positions);
  out.radii = statistics_of(radii);
  return out;
}

std::string to_text(const ClassComparison& c, const std::vector<std::string>& bands,
                    const ClassOptions& options) {
  std::string text = fmt::format(
      "(flux - truth) / sigma by class; but for the first line, where little light is of neighbours; a neighbour is\n"
      "a true source within {:g} arcsec; S/N of the true flux in the best band; sure to be found: true flux over the error\n"
      "that the depth makes of it > {:g} in all bands together, so that noise does not choose\n\n{:<60}",
      options.isolation, options.sure_snr, "");
  for (const std::string& band : bands) text += fmt::format("   {:^29}", band);
  text += fmt::format("\n{:<60}", "");
  for (std::size_t b = 0; b < bands.size(); ++b)
    text += fmt::format("   {:>5} {:>7} {:>6} {:>8}", "n", "median", "width", "beyond 5");
  text += "\n";
  for (const ClassPulls& row : c.classes) {
    text += fmt::format("{:<60}", row.name);
    for (const PullStatistics& b : row.bands)
      text += fmt::format("   {:>5} {:>7.2f} {:>6.2f} {:>8.3f}", b.n, b.median, b.width, b.beyond_5);
    text += "\n";
  }
  const auto line = [&](const char* name, const PullStatistics& s) {
    text +=
        fmt::format("{:<60}   {:>5} {:>7.2f} {:>6.2f} {:>8.3f}\n", name, s.n, s.median, s.width, s.beyond_5);
  };
  text += fmt::format("\n{:<60}   {:>5} {:>7} {:>6} {:>8}\n", "(found - truth) / sigma of other parameters",
                      "n", "median", "width", "beyond 5");
  line("positions", c.positions);
  line("radii of galaxies of the right kind", c.radii);

  text += fmt::format("\n{:<16} {:>6} {:>14}   {:>6} {:>14}\n", "", "true", "found", "rows", "real");
  for (std::size_t i = 0; i < c.completeness.size(); ++i) {
    const ShareInRange &f = c.completeness[i], &p = c.purity[i];
    text += fmt::format("{:<16} {:>6} {:>6.3f} +-{:>5.3f}   {:>6} {:>6.3f} +-{:>5.3f}\n",
                        range_text(f.low, f.high), f.n, f.share, f.error, p.n, p.share, p.error);
  }
  text += fmt::format("\n{:<24}", fmt::format("true kinds, S/N > {:g}", options.kinds_snr));
  for (const std::string_view kind : kKinds) text += fmt::format(" {:>6}", kind);
  text += fmt::format(" {:>9}\n", "not found");
  for (std::size_t k = 0; k < kKinds.size(); ++k) {
    text += fmt::format("{:<24}", kKinds[k]);
    for (std::size_t f = 0; f < kKinds.size(); ++f) text += fmt::format(" {:>6}", c.kinds[k][f]);
    text += fmt::format(" {:>9}\n", c.kinds[k].back());
  }
  text += fmt::format("galaxies of the right kind: {:.3f}\n", c.right_galaxies);
  return text;
}

}  // namespace brickline::simulate
