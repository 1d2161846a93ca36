#include "core/zeropoints/colour_term_fit.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kWorthADegree = 1.02;  // of the error of prediction
constexpr double kNoError = 1e-6;       // mag: as good as none
constexpr double kNoOutlier = 0.005;    // mag: who is not farther off is none, however well the others agree
constexpr double kMadToSigma = 1.4826;
constexpr int kMoreThanUnknowns = 3;

// Legendre polynomials of the colour in [low, high] scaled to [-1, 1].
class Basis {
 public:
  Basis(double low, double high) : middle_((low + high) / 2), half_((high - low) / 2) {}
  std::vector<double> at(double colour, int degree) const {
    const double x = (colour - middle_) / half_;
    std::vector<double> p = {1};
    if (degree >= 1) p.push_back(x);
    for (int n = 1; n < degree; ++n)
      p.push_back(
          ((2 * n + 1) * x * p[static_cast<std::size_t>(n)] - n * p[static_cast<std::size_t>(n) - 1]) /
          (n + 1));
    return p;
  }
  // The coefficients of powers of the colour itself.
  std::vector<double> powers(const std::vector<double>& c) const {
    using Poly = std::vector<double>;
    const auto times_x = [&](const Poly& p) {  // (colour - middle) / half
      Poly out(p.size() + 1);
      for (std::size_t i = 0; i < p.size(); ++i) {
        out[i] -= p[i] * middle_ / half_;
        out[i + 1] += p[i] / half_;
      }
      return out;
    };
    std::vector<Poly> p = {{1}};
    if (c.size() > 1) p.push_back(times_x(p[0]));
    for (std::size_t n = 1; n + 1 < c.size(); ++n) {
      Poly next = times_x(p[n]);
      const auto k = static_cast<double>(n);
      for (double& v : next) v *= (2 * k + 1) / (k + 1);
      for (std::size_t i = 0; i < p[n - 1].size(); ++i) next[i] -= k / (k + 1) * p[n - 1][i];
      p.push_back(std::move(next));
    }
    Poly sum(c.size());
    for (std::size_t n = 0; n < c.size(); ++n)
      for (std::size_t i = 0; i < p[n].size(); ++i) sum[i] += c[n] * p[n][i];
    return sum;
  }

 private:
  double middle_, half_;
};

struct Solution {
  std::vector<double> coefficients;  // of the basis; the first is 0
  std::map<int, double> offsets;     // by group
  double error_of_prediction = 0;    // rms
  Eigen::MatrixXd inverse;           // (X^T X)^-1, X the design without the groups' means
};

// Least squares with an offset for each group: what is left once the groups' means are taken out of everything. Empty: the
// stars have too few colours for the degree.
std::optional<Solution> solve(const std::vector<ColourSample>& samples, const std::vector<std::size_t>& used,
                              const Basis& basis, int degree, bool grouped) {
  const auto group_of = [&](std::size_t i) { return grouped ? samples[i].group : 0; };
  const auto n = static_cast<Eigen::Index>(used.size());
  Eigen::MatrixXd design(n, degree);
  Eigen::VectorXd values(n);
  struct Mean {
    double count = 0, value = 0;
    Eigen::VectorXd terms;
  };
  std::map<int, Mean> means;
  for (Eigen::Index k = 0; k < n; ++k) {
    const std::size_t i = used[static_cast<std::size_t>(k)];
    const std::vector<double> p = basis.at(samples[i].colour, degree);
    for (int d = 0; d < degree; ++d) design(k, d) = p[static_cast<std::size_t>(d) + 1];
    values(k) = samples[i].difference;
    Mean& mean = means[group_of(i)];
    if (mean.count == 0) mean.terms = Eigen::VectorXd::Zero(degree);
    ++mean.count;
    mean.value += values(k);
    mean.terms += design.row(k).transpose();
  }
  for (auto& [group, mean] : means) {
    mean.value /= mean.count;
    mean.terms /= mean.count;
  }
  std::vector<double> counts;
  for (Eigen::Index k = 0; k < n; ++k) {
    const Mean& mean = means[group_of(used[static_cast<std::size_t>(k)])];
    values(k) -= mean.value;
    design.row(k) -= mean.terms.transpose();
    counts.push_back(mean.count);
  }
  Eigen::VectorXd c = Eigen::VectorXd::Zero(degree);
  Eigen::VectorXd leverage = Eigen::VectorXd::Zero(n);
  Solution out;
  out.inverse = Eigen::MatrixXd::Zero(degree, degree);
  if (degree > 0) {
    const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(design);
    if (qr.rank() < degree) return {};
    c = qr.solve(values);
    const Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(n, degree);
    leverage = q.rowwise().squaredNorm();
    const Eigen::MatrixXd root =
        qr.colsPermutation() * Eigen::MatrixXd(qr.matrixR()
                                                   .topLeftCorner(degree, degree)
                                                   .triangularView<Eigen::Upper>()
                                                   .solve(Eigen::MatrixXd::Identity(degree, degree)));
    out.inverse = root * root.transpose();
  }
  out.coefficients.push_back(0);
  for (int d = 0; d < degree; ++d) out.coefficients.push_back(c(d));
  for (const auto& [group, mean] : means) out.offsets[group] = mean.value - mean.terms.dot(c);
  const Eigen::VectorXd residuals = values - design * c;
  double squares = 0;
  for (Eigen::Index k = 0; k < n; ++k) {
    const double left = 1 - leverage(k) - 1 / counts[static_cast<std::size_t>(k)];
    squares += std::pow(residuals(k) / std::max(left, 1e-3), 2);
  }
  out.error_of_prediction = std::sqrt(squares / static_cast<double>(n));
  return out;
}

// Mean over the stars of what their errors, of unit variance, make of P(colour) - P(zero_colour): its variance.
double variance_from(double zero_colour, const std::vector<ColourSample>& samples,
                     const std::vector<std::size_t>& used, const Basis& basis, int degree,
                     const Eigen::MatrixXd& inverse) {
  const auto terms = [&](double colour) {
    const std::vector<double> p = basis.at(colour, degree);
    Eigen::VectorXd x(degree);
    for (int d = 0; d < degree; ++d) x(d) = p[static_cast<std::size_t>(d) + 1];
    return x;
  };
  const Eigen::VectorXd zero = terms(zero_colour);
  double sum = 0;
  for (const std::size_t i : used) {
    const Eigen::VectorXd x = terms(samples[i].colour) - zero;
    sum += x.dot(inverse * x);
  }
  return sum / static_cast<double>(used.size());
}

int count_groups(const std::vector<ColourSample>& samples, const std::vector<std::size_t>& used,
                 bool grouped) {
  std::map<int, bool> groups;
  for (const std::size_t i : used) groups[grouped ? samples[i].group : 0] = true;
  return static_cast<int>(groups.size());
}

}  // namespace

ColourTermFit fit_colour_term(const std::vector<ColourSample>& samples, const ColourTermOptions& options) {
  std::vector<std::size_t> used;
  double low = INFINITY, high = -INFINITY;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const ColourSample& s = samples[i];
    if (!std::isfinite(s.colour) || !std::isfinite(s.difference)) continue;
    if (options.range && (s.colour < (*options.range)[0] || s.colour > (*options.range)[1])) continue;
    used.push_back(i);
  }
  const std::vector<std::size_t> candidates = used;
  const int least = options.degree.value_or(0);
  const auto enough = [&](int degree) {
    return static_cast<int>(used.size()) >=
           degree + count_groups(samples, used, options.grouped) + kMoreThanUnknowns;
  };
  Solution best;
  int degree = least;
  std::optional<Basis> basis;
  while (true) {
    if (!enough(least) || used.size() < 2)
      throw input_error("{} stars are too few for a polynomial of degree {} in {} groups", used.size(), least,
                        count_groups(samples, used, options.grouped));
    low = INFINITY;
    high = -INFINITY;
    for (const std::size_t i : used) {
      low = std::min(low, samples[i].colour);
      high = std::max(high, samples[i].colour);
    }
    if (!(high - low > 1e-3)) throw input_error("all stars are of colour {:.3f}", low);
    basis.emplace(low, high);
    std::vector<Solution> tried;
    const int most = options.degree.value_or(options.most_degree);
    for (int d = least; d <= most && enough(d); ++d) {
      std::optional<Solution> solution = solve(samples, used, *basis, d, options.grouped);
      if (!solution) break;
      tried.push_back(std::move(*solution));
    }
    if (tried.empty()) throw input_error("the stars have too few colours for degree {}", least);
    double smallest = INFINITY;
    for (const Solution& s : tried) smallest = std::min(smallest, s.error_of_prediction);
    std::size_t k = 0;
    while (tried[k].error_of_prediction > kWorthADegree * smallest + kNoError) ++k;
    best = tried[k];
    degree = least + static_cast<int>(k);
    // Who is too far off.
    const auto residual = [&](std::size_t i) {
      const std::vector<double> p = basis->at(samples[i].colour, degree);
      double sum = best.offsets.at(options.grouped ? samples[i].group : 0);
      for (std::size_t d = 1; d < p.size(); ++d) sum += best.coefficients[d] * p[d];
      return samples[i].difference - sum;
    };
    std::vector<double> apart;
    for (const std::size_t i : used) apart.push_back(std::abs(residual(i)));
    const double limit = std::isfinite(options.clip)
                             ? std::max(options.clip * kMadToSigma * median_of(apart), kNoOutlier)
                             : INFINITY;
    std::vector<std::size_t> kept;
    for (std::size_t j = 0; j < used.size(); ++j)
      if (apart[j] <= limit) kept.push_back(used[j]);
    if (kept.size() == used.size()) break;
    used = std::move(kept);
  }

  ColourTermFit out;
  out.degree = degree;
  out.used = static_cast<std::int64_t>(used.size());
  out.residuals.assign(samples.size(), kNan);
  out.is_used.assign(samples.size(), false);
  for (const std::size_t i : used) out.is_used[i] = true;
  double squares = 0;
  for (const std::size_t i : candidates) {
    const auto offset = best.offsets.find(options.grouped ? samples[i].group : 0);
    if (offset == best.offsets.end()) continue;
    const std::vector<double> p = basis->at(samples[i].colour, degree);
    double sum = offset->second;
    for (std::size_t d = 1; d < p.size(); ++d) sum += best.coefficients[d] * p[d];
    out.residuals[i] = samples[i].difference - sum;
    if (!out.is_used[i]) continue;
    squares += out.residuals[i] * out.residuals[i];
    out.largest = std::max(out.largest, std::abs(out.residuals[i]));
  }
  out.rms = std::sqrt(squares / static_cast<double>(used.size()));
  const auto stars = static_cast<double>(used.size());
  const double left = stars - degree - static_cast<double>(best.offsets.size()),
               variance = options.grouped ? variance_from(options.zero_colour, samples, used, *basis, degree,
                                                          best.inverse)
                                          : (degree + 1) / stars,
               own_error = std::sqrt(squares / left * variance);
  if (constexpr double kNothingKnown = 1; options.grouped && !(own_error < kNothingKnown))
    throw input_error(
        "of the term between its stars' colours, {:.3f} to {:.3f}, and {:g}, where it is known, they tell no more than to "
        "{:.2g} mag: another colour, or a lower degree than {}, is needed",
        low, high, options.zero_colour, own_error, degree);
  out.term.error = std::hypot(own_error, options.stars_error);
  std::vector<double> powers = basis->powers(best.coefficients);
  if (options.grouped) {
    double sum = 0, power = 1;
    for (const double c : powers) {
      sum += c * power;
      power *= options.zero_colour;
    }
    powers[0] += options.zero_value - sum;
  } else {
    powers[0] += best.offsets.at(0);
  }
  out.term.coefficients = std::move(powers);
  out.term.clip = {-100, 100};  // its colour is what is limited
  std::vector<double> colours;
  for (const std::size_t i : used) colours.push_back(samples[i].colour);
  std::sort(colours.begin(), colours.end());
  const auto edge = std::min(static_cast<std::size_t>(options.edge_stars), (colours.size() - 1) / 2);
  out.term.valid = {colours[edge], colours[colours.size() - 1 - edge]};
  if (!((*out.term.valid)[0] < (*out.term.valid)[1]))
    throw input_error("{} stars are too few to say for which colours the term is valid", used.size());
  out.term.colour_clip = out.term.valid;
  return out;
}

std::string colour_term_facts(const std::string& band, const std::string& catalog, const ColourBands& bands,
                              const ColourTermFit& fit, const TransmissionCurve* curve,
                              const std::string& note) {
  using Json = nlohmann::ordered_json;
  Json term;
  term["note"] = note;
  term["base"] = bands.base;
  term["colour"] = bands.colour;
  term["coefficients"] = fit.term.coefficients;
  term["clip"] = fit.term.clip;
  term["colour_clip"] = *fit.term.colour_clip;
  term["valid"] = *fit.term.valid;
  term["error"] = std::min(fit.term.error, 1.);
  Json facts;
  if (curve) {
    Json points = Json::array();
    for (std::size_t i = 0; i < curve->wavelengths_nm().size(); ++i)
      points.push_back({curve->wavelengths_nm()[i], curve->responses()[i]});
    facts["photometry"]["bands"][band]["transmission"] = std::move(points);
  }
  facts["photometry"]["catalogues"][catalog][band] = std::move(term);
  return facts.dump(1) + "\n";
}

fits::Table colour_term_table(const std::vector<ColourSample>& samples, const ColourTermFit& fit) {
  std::vector<std::string> names;
  std::vector<double> colours, differences, fitted;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    names.push_back(samples[i].name);
    colours.push_back(samples[i].colour);
    differences.push_back(samples[i].difference);
    fitted.push_back(samples[i].difference - fit.residuals[i]);
  }
  fits::Table t;
  t.add("star", std::move(names));
  t.add("colour", std::move(colours), "mag");
  t.add("difference", std::move(differences), "mag");
  t.add("fit", std::move(fitted), "mag");
  t.add("residual", fit.residuals, "mag");
  t.add("used", fit.is_used);
  return t;
}

}  // namespace brickline
