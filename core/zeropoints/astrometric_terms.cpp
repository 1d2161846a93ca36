#include "core/zeropoints/astrometric_terms.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/error.h"
#include "core/wcs/sky.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

constexpr double kArcsecPerDegree = 3600;
constexpr std::array<int, 3> kTerms = {1, 3, 6};

std::array<double, 6> powers(double x, double y, int width, int height) {
  const double u = 2 * x / (width - 1) - 1, v = 2 * y / (height - 1) - 1;
  return {1, u, v, u * u, u * v, v * v};
}

// One axis.
struct Axis {
  Eigen::VectorXd terms;
  Eigen::MatrixXd covariance;
  double rms = 0;
  int stars = 0;
};

Axis fit_axis(const Eigen::MatrixXd& design, const std::vector<double>& values,
              const std::vector<double>& errors, double clip) {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::VectorXd> offsets(values.data(), n);
  Axis out;
  out.terms = Eigen::VectorXd::Zero(design.cols());
  out.terms[0] = median_of(values);
  // In the first turns all count: the terms themselves are still among the residuals.
  constexpr int kTurns = 30, kOpenTurns = 3;
  std::vector<char> counts(values.size(), 1);
  constexpr double kHuber = 1.5, kSettled = 1e-7;  // arcsec
  for (int turn = 0; turn < kTurns; ++turn) {
    const Eigen::VectorXd left = offsets - design * out.terms;
    const std::vector<double> residuals(left.data(), left.data() + n);
    // Of the stars that counted in the last turn.
    std::vector<double> counted, counted_errors;
    for (std::size_t i = 0; i < residuals.size(); ++i)
      if (turn < kOpenTurns || counts[i]) {
        counted.push_back(residuals[i]);
        counted_errors.push_back(errors[i]);
      }
    const double scatter = scatter_beyond_errors(counted, counted_errors, 0);
    Eigen::VectorXd weight(n), full = Eigen::VectorXd::Zero(n);
    double squares = 0;
    out.stars = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const double sigma = std::hypot(errors[static_cast<std::size_t>(i)], scatter),
                   r = std::abs(left[i]) / sigma;
      counts[static_cast<std::size_t>(i)] = r < clip;
      const bool kept = turn < kOpenTurns || r < clip;
      weight[i] = kept ? std::min(1., kHuber / std::max(r, 1e-9)) / (sigma * sigma) : 0;
      if (r >= clip) continue;
      full[i] = 1 / (sigma * sigma);
      squares += left[i] * left[i];
      ++out.stars;
    }
    const Eigen::MatrixXd normal = design.transpose() * weight.asDiagonal() * design;
    const Eigen::VectorXd next =
        normal.colPivHouseholderQr().solve(design.transpose() * weight.asDiagonal() * offsets);
    const double change = (next - out.terms).cwiseAbs().maxCoeff();
    out.terms = next;
    out.rms = out.stars > 0 ? std::sqrt(squares / out.stars) : 0;
    const Eigen::MatrixXd information = design.transpose() * full.asDiagonal() * design;
    out.covariance = information.colPivHouseholderQr().inverse();
    if (turn > kOpenTurns && change < kSettled) break;
  }
  return out;
}

// Degrees; the tangent plane at `at` (Calabretta & Greisen 2002, section 5.1.3).
std::array<double, 2> on_tangent_plane(const SkyPosition& at, const SkyPosition& p) {
  const double rad = std::numbers::pi / 180, d0 = at.dec * rad, d = p.dec * rad,
               a = ra_difference(p.ra, at.ra) * rad;
  const double along = std::sin(d0) * std::sin(d) + std::cos(d0) * std::cos(d) * std::cos(a);
  return {std::cos(d) * std::sin(a) / along / rad,
          (std::cos(d0) * std::sin(d) - std::sin(d0) * std::cos(d) * std::cos(a)) / along / rad};
}

}  // namespace

std::string_view name_of(AstrometricOrder order) {
  switch (order) {
    case AstrometricOrder::kShift:
      return "shift";
    case AstrometricOrder::kLinear:
      return "linear";
    case AstrometricOrder::kQuadratic:
      return "quadratic";
  }
  return "";
}

std::array<double, 2> AstrometricTerms::at(double x, double y) const {
  const std::array<double, 6> p = powers(x, y, width, height);
  std::array<double, 2> out{};
  for (std::size_t axis = 0; axis < 2; ++axis)
    for (std::size_t k = 0; k < p.size(); ++k) out[axis] += terms[axis][k] * p[k];
  return out;
}

std::optional<AstrometricTerms> fit_astrometric_terms(std::span<const AstrometricStar> stars, int width,
                                                      int height, const AstrometricTermOptions& options,
                                                      std::string& why) {
  std::vector<double> ra, dec, errors;
  for (const AstrometricStar& s : stars) {
    ra.push_back(s.ra_offset);
    dec.push_back(s.dec_offset);
    errors.push_back(s.error);
  }
  for (int order = static_cast<int>(options.order); order > 0; --order) {
    const int terms = kTerms[static_cast<std::size_t>(order)];
    const auto tell = [&](const std::string& words) {
      why += fmt::format("{}{} terms: {}", why.empty() ? "" : "; ",
                         name_of(static_cast<AstrometricOrder>(order)), words);
    };
    const int needed = options.stars_per_term * terms;
    if (static_cast<int>(stars.size()) < needed) {
      tell(fmt::format("{} stars of Gaia, they need {}", stars.size(), needed));
      continue;
    }
    const auto n = static_cast<Eigen::Index>(stars.size());
    Eigen::MatrixXd design(n, terms);
    for (Eigen::Index i = 0; i < n; ++i) {
      const AstrometricStar& s = stars[static_cast<std::size_t>(i)];
      const std::array<double, 6> p = powers(s.x, s.y, width, height);
      for (int k = 0; k < terms; ++k) design(i, k) = p[static_cast<std::size_t>(k)];
    }
    AstrometricTerms out;
    out.order = static_cast<AstrometricOrder>(order);
    out.width = width;
    out.height = height;
    const std::array<Axis, 2> axes = {fit_axis(design, ra, errors, options.clip),
                                      fit_axis(design, dec, errors, options.clip)};
    for (std::size_t a = 0; a < 2; ++a)
      for (int k = 0; k < terms; ++k) out.terms[a][static_cast<std::size_t>(k)] = axes[a].terms[k];
    out.ra_rms = axes[0].rms;
    out.dec_rms = axes[1].rms;
    out.stars = std::min(axes[0].stars, axes[1].stars);
    for (const double x : {0., width - 1.})
      for (const double y : {0., height - 1.}) {
        const std::array<double, 6> p = powers(x, y, width, height);
        const Eigen::Map<const Eigen::VectorXd> at(p.data(), terms);
        const std::array<double, 2> offset = out.at(x, y);
        for (std::size_t a = 0; a < 2; ++a) {
          const double variance = at.dot(axes[a].covariance * at);
          out.error = std::max(out.error, variance >= 0 ? std::sqrt(variance) : 1e9);
        }
        out.largest =
            std::max(out.largest, std::hypot(offset[0] - out.terms[0][0], offset[1] - out.terms[1][0]));
      }
    if (out.stars < needed) {
      tell(fmt::format("{} stars agree, they need {}", out.stars, needed));
      continue;
    }
    if (!(out.error <= options.largest_error)) {
      tell(fmt::format("their error is {:.3g} arcsec in a corner, more than {}", out.error,
                       options.largest_error));
      continue;
    }
    return out;
  }
  return {};
}

fits::Header corrected_wcs_cards(const Wcs& wcs, const AstrometricTerms& terms, double ra_shift,
                                 double dec_shift) {
  constexpr int kOrder = 5, kSteps = 14;
  constexpr double kClose = 1e-3 / kArcsecPerDegree, kPolarCap = 89;
  const int width = wcs.width(), height = wcs.height();
  const auto corrected = [&](double x, double y) {
    SkyPosition p = wcs.pixel_to_sky(x, y);
    const std::array<double, 2> by = terms.at(x, y);
    p.ra += by[0] / kArcsecPerDegree / std::cos(p.dec * std::numbers::pi / 180);
    p.dec += by[1] / kArcsecPerDegree;
    return p;
  };
  const double x0 = (width - 1) / 2., y0 = (height - 1) / 2., scale = std::max(x0, y0);
  const SkyPosition middle = corrected(x0, y0);
  // Which Wcs::with_offset brings to the middle, and the whole CCD with it.
  SkyPosition reference{0, middle.dec - dec_shift / kArcsecPerDegree};
  if (!(std::max(std::abs(middle.dec), std::abs(reference.dec)) < kPolarCap))
    throw input_error("it is less than {} degree from a pole", 90 - kPolarCap);
  reference.ra = middle.ra - ra_shift / kArcsecPerDegree / std::cos(reference.dec * std::numbers::pi / 180);
  // xi, eta = polynomial of (x - x0, y - y0)/scale without a constant.
  std::vector<std::pair<int, int>> exponents;
  for (int order = 1; order <= kOrder; ++order)
    for (int q = 0; q <= order; ++q) exponents.emplace_back(order - q, q);
  const auto columns = static_cast<Eigen::Index>(exponents.size());
  const Eigen::Index rows = (kSteps + 1) * (kSteps + 1);
  Eigen::MatrixXd design(rows, columns), plane(rows, 2);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const double x = static_cast<double>(i % (kSteps + 1)) / kSteps * (width - 1),
                 y = static_cast<double>(i / (kSteps + 1)) / kSteps * (height - 1);
    const std::array<double, 2> at = on_tangent_plane(middle, corrected(x, y));
    plane(i, 0) = at[0];
    plane(i, 1) = at[1];
    for (Eigen::Index k = 0; k < columns; ++k) {
      const auto [p, q] = exponents[static_cast<std::size_t>(k)];
      design(i, k) = std::pow((x - x0) / scale, p) * std::pow((y - y0) / scale, q);
    }
  }
  const Eigen::MatrixXd solution = design.colPivHouseholderQr().solve(plane);
  if (const double apart = (design * solution - plane).cwiseAbs().maxCoeff(); !(apart < kClose))
    throw input_error("its world coordinates are {:.3g} mas off any polynomial of order {}",
                      apart * kArcsecPerDegree * 1000, kOrder);
  Eigen::Matrix2d cd;
  cd << solution(0, 0), solution(1, 0), solution(0, 1), solution(1, 1);
  cd /= scale;
  fits::Header out;
  out.set("CTYPE1", "RA---TAN-SIP");
  out.set("CTYPE2", "DEC--TAN-SIP");
  out.set("CRVAL1", wrap_ra(reference.ra));
  out.set("CRVAL2", reference.dec);
  out.set("CRPIX1", x0 + 1);
  out.set("CRPIX2", y0 + 1);
  out.set("CD1_1", cd(0, 0));
  out.set("CD1_2", cd(0, 1));
  out.set("CD2_1", cd(1, 0));
  out.set("CD2_2", cd(1, 1));
  out.set("A_ORDER", std::int64_t{kOrder});
  out.set("B_ORDER", std::int64_t{kOrder});
  for (Eigen::Index k = 2; k < columns; ++k) {
    const auto [p, q] = exponents[static_cast<std::size_t>(k)];
    const Eigen::Vector2d bend =
        cd.inverse() * Eigen::Vector2d(solution(k, 0), solution(k, 1)) / std::pow(scale, p + q);
    out.set(fmt::format("A_{}_{}", p, q), bend[0]);
    out.set(fmt::format("B_{}_{}", p, q), bend[1]);
  }
  return out;
}

}  // namespace brickline
