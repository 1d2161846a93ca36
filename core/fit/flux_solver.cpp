#include "core/fit/flux_solver.h"

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/fit/envelope_cholesky.h"
#include "core/fit/sparse_inverse.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

// Squared pivots of the system scaled to unit diagonal below this call for a little damping, which shares the
// flux of indistinguishable sources between them.
constexpr double kSingularPivot = 1e-10, kRidge = 1e-9;

// One unit model inside its image.
struct Clipped {
  int source = 0;
  const Patch* patch = nullptr;
  Box box;
  const float* row(int y) const { return patch->pixels.row(y - patch->y0) - patch->x0; }
};

struct PreparedImage {
  Image<float> data, weight;  // 0 where masked
  std::vector<Clipped> models;
  double weight_sum = 0, data_sum = 0;
};

PreparedImage prepare(const FluxImage& image, int sources) {
  PreparedImage out;
  const int w = std::min(image.data.width(), image.inverse_error.width());
  const int h = std::min(image.data.height(), image.inverse_error.height());
  out.data = Image<float>(w, h);
  out.weight = Image<float>(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const float d = image.data(x, y), ie = image.inverse_error(x, y), v = ie * ie;
      if (!(ie > 0) || !std::isfinite(v) || !std::isfinite(d)) continue;
      out.data(x, y) = d;
      out.weight(x, y) = v;
      out.weight_sum += v;
      out.data_sum += static_cast<double>(v) * d;
    }
  for (const UnitModel& m : image.models) {
    const Box box = intersection(m.patch.box(), out.data.box());
    if (!box.empty() && m.source >= 0 && m.source < sources) out.models.push_back({m.source, &m.patch, box});
  }
  std::sort(out.models.begin(), out.models.end(), [](const Clipped& a, const Clipped& b) {
    return a.box.x0 != b.box.x0 ? a.box.x0 < b.box.x0 : a.source < b.source;
  });
  return out;
}

double overlap(const PreparedImage& image, const Clipped& a, const Clipped& b) {
  const Box box = intersection(a.box, b.box);
  double sum = 0;
  const long width = box.width();
  for (int y = box.y0; y < box.y1; ++y)
    sum += active_kernels().triple_product(image.weight.row(y) + box.x0, a.row(y) + box.x0, b.row(y) + box.x0,
                                           width);
  return sum;
}

struct Projection {
  double data = 0, weight = 0;  // sum w u d, sum w u
};
Projection project(const PreparedImage& image, const Clipped& m) {
  Projection out;
  for (int y = m.box.y0; y < m.box.y1; ++y) {
    const float *w = image.weight.row(y), *d = image.data.row(y), *u = m.row(y);
    double by_data = 0, by_weight = 0;
    for (int x = m.box.x0; x < m.box.x1; ++x) {
      const float wu = w[x] * u[x];
      by_data += static_cast<double>(wu) * d[x];
      by_weight += wu;
    }
    out.data += by_data;
    out.weight += by_weight;
  }
  return out;
}

// From so many unknowns on the envelope's dense blocks are faster than a sparse factor.
constexpr int kManyUnknowns = 1000;
// Correlations below this are not told.
constexpr double kLeastOverlap = 1e-3;
// Models so many times wider than the median reach far across the others.
constexpr int kWide = 2;

// The unknowns from left to right, image after image; models that are much wider than most come last, and after
// them the skies.
std::vector<int> elimination_order(const std::vector<PreparedImage>& images, int sources, int size) {
  std::vector<int> widths;
  for (const PreparedImage& image : images)
    for (const Clipped& m : image.models) widths.push_back(m.patch->pixels.width());
  const auto middle = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
  if (!widths.empty()) std::nth_element(widths.begin(), middle, widths.end());
  const int wide = widths.empty() ? 0 : kWide * *middle;
  constexpr double kNowhere = -1;
  std::vector<double> key(static_cast<std::size_t>(sources), kNowhere);
  double start = 0;
  for (const PreparedImage& image : images) {
    for (const Clipped& m : image.models) {
      double& k = key[static_cast<std::size_t>(m.source)];
      if (m.patch->pixels.width() > wide)
        k = INFINITY;
      else if (k == kNowhere)
        k = start + (m.box.x0 + m.box.x1) / 2.0;
    }
    start += image.data.width();
  }
  std::vector<int> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.begin() + sources, [&](int a, int b) {
    return key[static_cast<std::size_t>(a)] < key[static_cast<std::size_t>(b)];
  });
  return order;
}

// Solves A x = b for symmetric positive semidefinite A with unit diagonal (or empty rows).
Eigen::VectorXd solve(const Eigen::SparseMatrix<double>& a, const Eigen::VectorXd& b,
                      const std::vector<PreparedImage>& images, int sources) {
  if (a.rows() >= kManyUnknowns) {
    const std::vector<int> order = elimination_order(images, sources, static_cast<int>(a.rows()));
    if (auto x = solve_within_envelope(a, b, order, kSingularPivot)) return std::move(*x);
    Eigen::SparseMatrix<double> damped = a;
    for (int i = 0; i < damped.rows(); ++i) damped.coeffRef(i, i) += kRidge;
    if (auto x = solve_within_envelope(damped, b, order, 0)) return std::move(*x);
  }
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> factors(a);
  if (factors.info() != Eigen::Success || factors.vectorD().minCoeff() < kSingularPivot) {
    Eigen::SparseMatrix<double> damped = a;
    for (int i = 0; i < damped.rows(); ++i) damped.coeffRef(i, i) += kRidge;
    factors.compute(damped);
  }
  return factors.solve(b);
}

struct StatisticsSums {
  double fracflux_n = 0, fracflux_d = 0, fracin_n = 0, fracin_d = 0;
};

void add_statistics(const PreparedImage& image, const std::vector<double>& flux, double sky,
                    std::vector<FluxStatistics>& out, std::vector<StatisticsSums>& sums, double& chi2,
                    double& npix) {
  Image<float> model(image.data.width(), image.data.height());
  for (const Clipped& m : image.models)
    for (int y = m.box.y0; y < m.box.y1; ++y) {
      const float f = static_cast<float>(flux[m.source]);
      float* to = model.row(y);
      const float* u = m.row(y);
      for (int x = m.box.x0; x < m.box.x1; ++x) to[x] += f * u[x];
    }
  for (int y = 0; y < model.height(); ++y)
    for (int x = 0; x < model.width(); ++x) {
      const double w = image.weight(x, y), r = image.data(x, y) - model(x, y) - sky;
      chi2 += w * r * r;
      npix += w > 0;
    }
  if (out.empty()) return;
  for (const Clipped& m : image.models) {
    const double c = flux[m.source];
    if (c == 0) continue;
    FluxStatistics s;
    double sum_p2 = 0, sum_blend = 0, sum_all = 0;
    for (int y = m.box.y0; y < m.box.y1; ++y) {
      const float *u = m.row(y), *w = image.weight.row(y), *mod = model.row(y), *d = image.data.row(y);
      for (int x = m.box.x0; x < m.box.x1; ++x) {
        const double p = u[x], a = std::abs(p);
        sum_all += a;
        if (w[x] == 0) {
          s.promasked += a;
          continue;
        }
        if (p == 0) continue;
        const double r = d[x] - mod[x] - sky;
        s.prochi2 += a * w[x] * r * r;
        s.pronpix += a;
        s.npix += 1;
        s.proflux += std::abs(mod[x] - p * c) * a;
        sum_p2 += p * p;
        sum_blend += std::abs(mod[x] / c - p) * a;
      }
    }
    if (s.npix == 0) continue;
    FluxStatistics& to = out[m.source];
    to.prochi2 += s.prochi2;
    to.pronpix += s.pronpix;
    to.promasked += s.promasked;
    to.npix += s.npix;
    to.proflux += s.proflux;
    StatisticsSums& t = sums[m.source];
    t.fracflux_n += sum_blend / sum_p2;
    t.fracflux_d += s.pronpix / std::abs(c);
    t.fracin_n += sum_all;
    t.fracin_d += 1;
  }
}

void find_marginal(const Eigen::SparseMatrix<double>& scaled, const Eigen::VectorXd& diagonal, int sources,
                   FluxResult& out) {
  const std::vector<double> shares = inverse_diagonal_shares(scaled);
  out.marginal_inverse_variance.assign(static_cast<std::size_t>(sources), 0.0);
  out.overlaps.resize(static_cast<std::size_t>(sources));
  for (int j = 0; j < sources; ++j) {
    const auto s = static_cast<std::size_t>(j);
    if (!(out.inverse_variance[s] > 0)) continue;
    out.marginal_inverse_variance[s] = shares[s] * diagonal[j];
    for (Eigen::SparseMatrix<double>::InnerIterator it(scaled, j); it; ++it)
      if (it.row() != j && it.row() < sources && std::abs(it.value()) >= kLeastOverlap)
        out.overlaps[s].push_back({static_cast<int>(it.row()), it.value()});
  }
}

}  // namespace

double FluxResult::chi2() const { return std::accumulate(image_chi2.begin(), image_chi2.end(), 0.0); }

FluxResult solve_fluxes(std::span<const FluxImage> images, std::span<const double> start_flux,
                        const FluxOptions& options) {
  const int n = static_cast<int>(start_flux.size()), count = static_cast<int>(images.size());
  FluxResult out;
  out.flux.assign(start_flux.begin(), start_flux.end());
  out.inverse_variance.assign(n, 0);
  out.image_chi2.assign(count, 0);
  out.image_npix.assign(count, 0);
  out.image_sky.assign(count, 0);

  // Unknowns: the sources, then (if asked) one sky per image.
  const int size = n + (options.fit_sky ? count : 0);
  std::vector<PreparedImage> prepared;
  std::vector<Eigen::Triplet<double>> entries;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(size), diagonal = Eigen::VectorXd::Zero(size);
  for (int i = 0; i < count; ++i) {
    prepared.push_back(prepare(images[i], n));
    const PreparedImage& image = prepared.back();
    if (options.fit_sky) {
      diagonal[n + i] = image.weight_sum;
      right[n + i] = image.data_sum;
    }
    for (std::size_t a = 0; a < image.models.size(); ++a) {
      const Clipped& m = image.models[a];
      diagonal[m.source] += overlap(image, m, m);
      const Projection p = project(image, m);
      right[m.source] += p.data;
      if (options.fit_sky) {
        entries.emplace_back(m.source, n + i, p.weight);
        entries.emplace_back(n + i, m.source, p.weight);
      }
      for (std::size_t b = a + 1; b < image.models.size() && image.models[b].box.x0 < m.box.x1; ++b) {
        const Clipped& o = image.models[b];
        if (intersection(m.box, o.box).empty()) continue;
        const double v = overlap(image, m, o);
        entries.emplace_back(m.source, o.source, v);
        entries.emplace_back(o.source, m.source, v);
      }
    }
  }
  Eigen::VectorXd scale(size);
  for (int i = 0; i < size; ++i)
    scale[i] = diagonal[i] > 0 && std::isfinite(diagonal[i]) && std::isfinite(right[i])
                   ? 1 / std::sqrt(diagonal[i])
                   : 0;
  for (auto& e : entries) {
    const double v = e.value() * scale[e.row()] * scale[e.col()];
    e = {e.row(), e.col(), std::isfinite(v) ? v : 0};
  }
  for (int i = 0; i < size; ++i) entries.emplace_back(i, i, 1.0);
  if (size > 0) {
    Eigen::SparseMatrix<double> matrix(size, size);
    matrix.setFromTriplets(entries.begin(), entries.end());
    const Eigen::VectorXd x = solve(matrix, right.cwiseProduct(scale), prepared, n).cwiseProduct(scale);
    for (int s = 0; s < n; ++s) {
      if (scale[s] == 0 || !std::isfinite(x[s])) continue;
      out.flux[s] = x[s];
      out.inverse_variance[s] = diagonal[s];
    }
    if (options.marginal) find_marginal(matrix, diagonal, n, out);
    if (options.fit_sky)
      for (int i = 0; i < count; ++i) out.image_sky[i] = std::isfinite(x[n + i]) ? x[n + i] : 0;
  }

  if (options.statistics) out.statistics.assign(n, {});
  std::vector<StatisticsSums> sums(n);
  for (int i = 0; i < count; ++i)
    add_statistics(prepared[i], out.flux, out.image_sky[i], out.statistics, sums, out.image_chi2[i],
                   out.image_npix[i]);
  for (std::size_t s = 0; s < out.statistics.size(); ++s) {
    out.statistics[s].profracflux = sums[s].fracflux_n / std::max(1.0, sums[s].fracflux_d);
    out.statistics[s].fracin = sums[s].fracin_n / std::max(1.0, sums[s].fracin_d);
  }
  return out;
}

}  // namespace brickline
