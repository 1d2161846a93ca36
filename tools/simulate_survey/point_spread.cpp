#include "tools/simulate_survey/point_spread.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline::simulate {
namespace {

// Nodes in [-1/2, 1/2] and weights of the 3- and 2-point Gauss-Legendre rules.
constexpr std::array<double, 3> kNodes3 = {-0.3872983346207417, 0, 0.3872983346207417};
constexpr std::array<double, 3> kWeights3 = {5.0 / 18, 8.0 / 18, 5.0 / 18};
constexpr std::array<double, 2> kNodes2 = {-0.2886751345948129, 0.2886751345948129};

// Positions of the polynomial's sample points along each axis, in u and v.
constexpr std::array<double, 5> kSamples = {-1, -0.5, 0, 0.5, 1};

std::array<double, 6> quadratic_terms(double u, double v) { return {1, u, u * u, v, u * v, v * v}; }

// Row k holds the weights that turn the 25 samples into the coefficient of term k: (A^T A)^-1 A^T.
std::array<std::array<double, 25>, 6> fitting_weights() {
  std::array<std::array<double, 12>, 6> system{};
  std::array<std::array<double, 6>, 25> design{};
  int s = 0;
  for (double v : kSamples)
    for (double u : kSamples) design[s++] = quadratic_terms(u, v);
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j)
      for (const auto& row : design) system[i][j] += row[i] * row[j];
    system[i][6 + i] = 1;
  }
  for (int i = 0; i < 6; ++i) {  // Gauss-Jordan; the matrix is well-conditioned and positive
    const double pivot = system[i][i];
    for (double& value : system[i]) value /= pivot;
    for (int r = 0; r < 6; ++r) {
      if (r == i) continue;
      const double factor = system[r][i];
      for (int c = 0; c < 12; ++c) system[r][c] -= factor * system[i][c];
    }
  }
  std::array<std::array<double, 25>, 6> weights{};
  for (int k = 0; k < 6; ++k)
    for (int n = 0; n < 25; ++n)
      for (int j = 0; j < 6; ++j) weights[k][n] += system[k][6 + j] * design[n][j];
  return weights;
}

double stamp_sum(const Image<double>& stamp) {
  double sum = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) sum += stamp(x, y);
  return sum;
}

}  // namespace

MoffatTransform::MoffatTransform(double beta) : beta_(beta), values_(kLast + 4) {
  const double scale = 2 / std::tgamma(beta - 1);
  for (int i = 0; i < kLast + 4; ++i) {
    const double q = std::abs(i - 1) / kPerUnit;
    values_[i] = q == 0 ? 1 : scale * std::pow(q / 2, beta - 1) * std::cyl_bessel_k(beta - 1, q);
  }
}

Moffat::Moffat(const MoffatShape& shape, double beta) : beta_(beta) {
  a_ = shape.fwhm / 2 / std::sqrt(std::pow(2, 1 / beta) - 1);
  peak_ = (beta - 1) / (std::numbers::pi * a_ * a_);
  const double twice = std::round(2 * beta);
  twice_beta_ = twice == 2 * beta ? static_cast<int>(twice) : 0;
  const double e = std::hypot(shape.e1, shape.e2);
  const double q = (1 - e) / (1 + e);
  const double cos2 = e > 0 ? shape.e1 / e : 1, sin2 = e > 0 ? shape.e2 / e : 0;
  // M has eigenvalues q along the major axis and 1/q across it.
  const double mean = (q + 1 / q) / 2, half = (q - 1 / q) / 2;
  mxx_ = mean + half * cos2;
  myy_ = mean - half * cos2;
  mxy_ = half * sin2;
}

double Moffat::density(double dx, double dy) const {
  const double t = 1 + (mxx_ * dx * dx + 2 * mxy_ * dx * dy + myy_ * dy * dy) / (a_ * a_);
  if (!twice_beta_) return peak_ * std::pow(t, -beta_);
  double power = 1;
  for (int i = 0; i < twice_beta_ / 2; ++i) power *= t;
  if (twice_beta_ % 2) power *= std::sqrt(t);
  return peak_ / power;
}

double Moffat::pixel(double dx, double dy) const {
  double sum = 0;
  if (dx * dx + dy * dy < 16 * a_ * a_) {
    for (int j = 0; j < 3; ++j) {
      double row = 0;
      for (int i = 0; i < 3; ++i) row += kWeights3[i] * density(dx + kNodes3[i], dy + kNodes3[j]);
      sum += kWeights3[j] * row;
    }
    return sum;
  }
  for (double ny : kNodes2)
    for (double nx : kNodes2) sum += density(dx + nx, dy + ny);
  return sum / 4;
}

double Moffat::transform_argument(double kx, double ky) const {
  return a_ * std::sqrt(std::max(0.0, myy_ * kx * kx - 2 * mxy_ * kx * ky + mxx_ * ky * ky));
}

double Moffat::reach(double flux, double surface_brightness) const {
  const double ratio = flux * peak_ / surface_brightness;
  return ratio <= 1 ? 0 : a_ * std::sqrt(std::pow(ratio, 1 / beta_) - 1);
}

double Moffat::half_light_radius() const { return a_ * std::sqrt(std::pow(2, 1 / (beta_ - 1)) - 1); }

Image<double> Moffat::stamp(int size) const {
  Image<double> out(size, size);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) out(x, y) = pixel(x - size / 2, y - size / 2);
  return out;
}

PsfField::PsfField(const Options& options, std::shared_ptr<const MoffatTransform> transform)
    : options_(options), transform_(std::move(transform)) {
  const auto weights = fitting_weights();
  int sample = 0;
  for (double v : kSamples)
    for (double u : kSamples) {
      const double x = (u + 1) * options_.width / 2, y = (v + 1) * options_.height / 2;
      const double inside = stamp_sum(at(x, y).stamp(options_.stamp_size));
      for (int k = 0; k < 6; ++k) norm_terms_[k] += weights[k][sample] / inside;
      ++sample;
    }
}

MoffatShape PsfField::shape_at(double x, double y) const {
  const double u = 2 * x / options_.width - 1, v = 2 * y / options_.height - 1;
  const auto& f = options_.fwhm_terms;
  MoffatShape shape;
  shape.fwhm = options_.fwhm * (1 + f[0] * u + f[1] * v + f[2] * u * u + f[3] * u * v + f[4] * v * v);
  shape.e1 = options_.e1 + options_.e1_terms[0] * u + options_.e1_terms[1] * v;
  shape.e2 = options_.e2 + options_.e2_terms[0] * u + options_.e2_terms[1] * v;
  return shape;
}

Moffat PsfField::at(double x, double y) const { return Moffat(shape_at(x, y), options_.beta); }

double PsfField::norm(double x, double y) const {
  const auto t = quadratic_terms(2 * x / options_.width - 1, 2 * y / options_.height - 1);
  double sum = 0;
  for (int k = 0; k < 6; ++k) sum += norm_terms_[k] * t[k];
  return sum;
}

bool PsfField::varies() const {
  const auto nonzero = [](const auto& terms) {
    return std::any_of(terms.begin(), terms.end(), [](double t) { return t != 0; });
  };
  return nonzero(options_.fwhm_terms) || nonzero(options_.e1_terms) || nonzero(options_.e2_terms);
}

std::vector<Image<float>> PsfField::polynomial_planes() const {
  const int n = options_.stamp_size;
  if (!varies()) {
    const Image<double> stamp = at(options_.width / 2.0, options_.height / 2.0).stamp(n);
    const double sum = stamp_sum(stamp);
    std::vector<Image<float>> plane;
    plane.emplace_back(n, n);
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) plane[0](x, y) = static_cast<float>(stamp(x, y) / sum);
    return plane;
  }
  const auto weights = fitting_weights();
  std::vector<Image<double>> sums(6, Image<double>(n, n));
  int sample = 0;
  for (double v : kSamples)
    for (double u : kSamples) {
      const Image<double> stamp = at((u + 1) * options_.width / 2, (v + 1) * options_.height / 2).stamp(n);
      const double total = stamp_sum(stamp);
      for (int k = 0; k < 6; ++k)
        for (int y = 0; y < n; ++y)
          for (int x = 0; x < n; ++x) sums[k](x, y) += weights[k][sample] * stamp(x, y) / total;
      ++sample;
    }
  std::vector<Image<float>> planes;
  for (const Image<double>& sum : sums) {
    Image<float>& plane = planes.emplace_back(n, n);
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) plane(x, y) = static_cast<float>(sum(x, y));
  }
  return planes;
}

}  // namespace brickline::simulate
