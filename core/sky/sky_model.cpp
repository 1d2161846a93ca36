#include "core/sky/sky_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"

namespace brickline {
namespace {

// The spline's knots after Dierckx's regrid with smoothing 0.
std::vector<double> interpolating_knots(const std::vector<double>& x, int k) {
  const int n = static_cast<int>(x.size());
  std::vector<double> t(k + 1, x.front());
  for (int i = 0; i < n - k - 1; ++i) {
    const int j = i + (k % 2 ? (k + 1) / 2 : k / 2);
    t.push_back(k % 2 ? x[j] : (x[j] + x[j + 1]) / 2);
  }
  t.insert(t.end(), k + 1, x.back());
  return t;
}

}  // namespace

SplineAxis::SplineAxis(std::vector<double> positions, int degree)
    : positions_(std::move(positions)), degree_(degree) {
  if (degree < 1 || degree > kMaxDegree) throw input_error("a spline of degree {} is not supported", degree);
  if (size() <= degree)
    throw input_error("{} grid positions are too few for a spline of degree {}", size(), degree);
  for (int i = 0; i < size(); ++i)
    if (!std::isfinite(positions_[i]) || (i > 0 && !(positions_[i] > positions_[i - 1])))
      throw input_error("the sky grid's positions do not increase");
  knots_ = interpolating_knots(positions_, degree_);

  // The collocation matrix B_j(x_i), factored with row exchanges (it is small: one row per grid position).
  const int n = size();
  lu_.assign(std::size_t(n) * n, 0);
  pivots_.resize(n);
  for (int i = 0; i < n; ++i) {
    double b[kMaxDegree + 1];
    const int first = basis(positions_[i], b);
    for (int j = 0; j <= degree_; ++j) lu_[i * n + first + j] = b[j];
  }
  for (int c = 0; c < n; ++c) {
    int p = c;
    for (int r = c + 1; r < n; ++r)
      if (std::abs(lu_[r * n + c]) > std::abs(lu_[p * n + c])) p = r;
    pivots_[c] = p;
    if (p != c)
      for (int j = 0; j < n; ++j) std::swap(lu_[p * n + j], lu_[c * n + j]);
    if (lu_[c * n + c] == 0) throw input_error("no spline passes through the sky grid");
    for (int r = c + 1; r < n; ++r) {
      const double f = lu_[r * n + c] /= lu_[c * n + c];
      if (f == 0) continue;
      for (int j = c + 1; j < n; ++j) lu_[r * n + j] -= f * lu_[c * n + j];
    }
  }
}

void SplineAxis::interpolate(std::vector<double>& v) const {
  const int n = size();
  for (int c = 0; c < n; ++c) std::swap(v[c], v[pivots_[c]]);
  for (int r = 1; r < n; ++r)
    for (int j = 0; j < r; ++j) v[r] -= lu_[r * n + j] * v[j];
  for (int r = n - 1; r >= 0; --r) {
    for (int j = r + 1; j < n; ++j) v[r] -= lu_[r * n + j] * v[j];
    v[r] /= lu_[r * n + r];
  }
}

// de Boor (1972), as in "A Practical Guide to Splines", ch. X: the recurrence that keeps to positive terms.
int SplineAxis::basis(double x, double* values) const {
  const int k = degree_, n = size();
  x = std::clamp(x, knots_[k], knots_[n]);
  int l = k;
  while (l + 1 < n && x >= knots_[l + 1]) ++l;
  values[0] = 1;
  for (int j = 1; j <= k; ++j) {
    double saved = 0;
    for (int i = 0; i < j; ++i) {
      const double right = knots_[l + i + 1], left = knots_[l + i + 1 - j];
      const double term = values[i] / (right - left);
      values[i] = saved + (right - x) * term;
      saved = (x - left) * term;
    }
    values[j] = saved;
  }
  return l - k;
}

SkyModel SkyModel::constant(double value) {
  SkyModel m;
  m.value_ = value;
  return m;
}

SkyModel SkyModel::constant_jump(double x_break, double left, double right) {
  SkyModel m = constant(left);
  m.has_jump_ = true;
  m.x_break_ = x_break;
  m.jump_ = right - left;
  return m;
}

SkyModel SkyModel::spline(const std::vector<double>& x_positions, const std::vector<double>& y_positions,
                          const std::vector<double>& values, int degree) {
  SkyModel m;
  m.x_axis_ = SplineAxis(x_positions, degree);
  m.y_axis_ = SplineAxis(y_positions, degree);
  const int nx = m.x_axis_.size(), ny = m.y_axis_.size();
  if (values.size() != x_positions.size() * y_positions.size())
    throw input_error("a sky grid of {} x {} has {} values", nx, ny, values.size());
  for (const double v : values)
    if (!std::isfinite(v)) throw input_error("the sky grid holds values that are not finite");
  m.coefficients_ = values;
  std::vector<double> line(nx);
  for (int y = 0; y < ny; ++y) {
    std::copy_n(m.coefficients_.begin() + std::ptrdiff_t{y} * nx, nx, line.begin());
    m.x_axis_.interpolate(line);
    std::copy_n(line.begin(), nx, m.coefficients_.begin() + std::ptrdiff_t{y} * nx);
  }
  line.resize(ny);
  for (int x = 0; x < nx; ++x) {
    for (int y = 0; y < ny; ++y) line[y] = m.coefficients_[y * nx + x];
    m.y_axis_.interpolate(line);
    for (int y = 0; y < ny; ++y) m.coefficients_[y * nx + x] = line[y];
  }
  return m;
}

SkyModel SkyModel::spline_jump(SkyModel spline, double x_break, double jump) {
  spline.has_jump_ = true;
  spline.x_break_ = x_break;
  spline.jump_ = jump;
  return spline;
}

SkyModel SkyModel::shifted(double x0, double y0) const {
  SkyModel m = *this;
  m.x_origin_ += x0;
  m.y_origin_ += y0;
  return m;
}

double SkyModel::operator()(double x, double y) const {
  x += x_origin_;
  y += y_origin_;
  double level = value_;
  if (!coefficients_.empty()) {
    double bx[SplineAxis::kMaxDegree + 1], by[SplineAxis::kMaxDegree + 1];
    const int ix = x_axis_.basis(x, bx), iy = y_axis_.basis(y, by);
    for (int j = 0; j <= y_axis_.degree(); ++j) {
      const double* c = coefficients_.data() + std::ptrdiff_t{iy + j} * x_axis_.size() + ix;
      double row = 0;
      for (int i = 0; i <= x_axis_.degree(); ++i) row += bx[i] * c[i];
      level += by[j] * row;
    }
  }
  return has_jump_ && x >= x_break_ ? level + jump_ : level;
}

Image<float> SkyModel::render(const Box& window) const {
  Image<float> out(window.width(), window.height(), static_cast<float>(value_));
  const int width = out.width(), height = out.height();
  std::vector<double> jump(width, 0);
  if (has_jump_)
    for (int x = 0; x < width; ++x) jump[x] = x + window.x0 + x_origin_ >= x_break_ ? jump_ : 0;
  if (coefficients_.empty()) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) out(x, y) = static_cast<float>(value_ + jump[x]);
    return out;
  }

  const int nx = x_axis_.size(), terms_x = x_axis_.degree() + 1;
  std::vector<double> bx(std::size_t(width) * terms_x);
  std::vector<int> ix(width);
  for (int x = 0; x < width; ++x)
    ix[x] = x_axis_.basis(x + window.x0 + x_origin_, bx.data() + std::ptrdiff_t{x} * terms_x);
  std::vector<double> line(nx);
  for (int y = 0; y < height; ++y) {
    double by[SplineAxis::kMaxDegree + 1];
    const int iy = y_axis_.basis(y + window.y0 + y_origin_, by);
    for (int i = 0; i < nx; ++i) {
      line[i] = 0;
      for (int j = 0; j <= y_axis_.degree(); ++j) line[i] += by[j] * coefficients_[(iy + j) * nx + i];
    }
    float* row = out.row(y);
    for (int x = 0; x < width; ++x) {
      const double* b = bx.data() + std::ptrdiff_t{x} * terms_x;
      double level = value_;
      for (int i = 0; i < terms_x; ++i) level += b[i] * line[ix[x] + i];
      row[x] = static_cast<float>(level + jump[x]);
    }
  }
  return out;
}

}  // namespace brickline
