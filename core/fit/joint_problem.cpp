#include "core/fit/joint_problem.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/model/shape.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

// Added to the diagonal of a system of fluxes scaled to unit diagonal: shares the flux of sources that cannot be told
// apart between them.
constexpr double kRidge = 1e-9;

// Floats behind the last plane that kernels may read.
constexpr std::size_t kBehind = 64;

}  // namespace

JointProblem::JointProblem(std::span<const JointSource> sources, std::span<const JointImage> images,
                           const JointOptions& options)
    : sources_(sources),
      images_(images),
      options_(options),
      pixels_(images.size()),
      renderer_(options.render) {
  for (const JointSource& s : sources) bands_ = std::max(bands_, static_cast<int>(s.model.flux.size()));
  for (const JointSource& s : sources) {
    FitLayout layout;
    if (s.move_position && !s.model.motion) {
      layout.position = layout.size;
      layout.size += 2;
    }
    if (s.model.is_galaxy() && s.move_shape) {
      layout.shape = layout.size;
      layout.shapes = s.model.kind == SourceKind::kRex ? 1 : 3;
      layout.size += layout.shapes;
      if (s.model.kind == SourceKind::kSer) layout.index = layout.size++;
    }
    layouts_.push_back(layout);
    offsets_.push_back(parameters_);
    parameters_ += layout.size + bands_;
    constexpr double degree = std::numbers::pi / 180, least_cosine = 1e-9;
    cos_dec_.push_back(std::max(least_cosine, std::cos(s.model.dec * degree)));
    seen_.emplace_back(static_cast<std::size_t>(bands_), 0);
  }
  for (std::size_t i = 0; i < images.size(); ++i) prepare_image(i);
}

void JointProblem::prepare_image(std::size_t i) {
  const JointImage& image = images_[i];
  Pixels& p = pixels_[i];
  const Box all = image.data.box();
  if (image.inverse_error.box() != all || image.band < 0 || image.band >= bands_) return;
  for (std::size_t s = 0; s < sources_.size(); ++s)
    for (const JointView& view : sources_[s].views) {
      if (view.image != static_cast<int>(i) || !view.psf || view.window.empty() ||
          intersection(view.window, all) != view.window)
        continue;
      View v;
      v.source = s;
      v.view = &view;
      const SkyPosition sky = position_at(sources_[s].model, image.mjd_tai);
      const RenderTarget target{all.width(), all.height(), image.cd, view.psf};
      v.reference_size = masked_reference_size(view.window, view.local.to_pixel(sky.ra, sky.dec), target);
      v.pitch = window_pitch(view.window.height());
      v.count = static_cast<long>(v.pitch) * view.window.width();
      v.first = p.floats;
      p.floats += static_cast<std::size_t>(v.count) * static_cast<std::size_t>(vectors(s));
      p.box = p.views.empty() ? view.window
                              : Box{std::min(p.box.x0, view.window.x0), std::max(p.box.x1, view.window.x1),
                                    std::min(p.box.y0, view.window.y0), std::max(p.box.y1, view.window.y1)};
      p.views.push_back(v);
    }
  if (p.views.empty()) return;
  p.pitch = window_pitch(p.box.height());
  const std::size_t count = static_cast<std::size_t>(p.pitch) * static_cast<std::size_t>(p.box.width());
  p.data.assign(count, 0);
  p.weight.assign(count, 0);
  for (const View& v : p.views)
    for (int y = v.view->window.y0; y < v.view->window.y1; ++y)
      for (int x = v.view->window.x0; x < v.view->window.x1; ++x) {
        const float d = image.data(x, y), e = image.inverse_error(x, y), w = e * e;
        if (!(e > 0) || !std::isfinite(w) || !std::isfinite(d)) continue;
        const std::size_t at = static_cast<std::size_t>(x - p.box.x0) * static_cast<std::size_t>(p.pitch) +
                               static_cast<std::size_t>(y - p.box.y0);
        p.data[at] = d;
        p.weight[at] = w;
      }
  for (std::size_t k = 0; k < count; ++k)
    chi2_of_nothing_ += static_cast<double>(p.weight[k]) * p.data[k] * p.data[k];
}

double JointProblem::drawn_pixels() const {
  double sum = 0;
  for (const Pixels& p : pixels_)
    for (const View& v : p.views) sum += static_cast<double>(v.view->window.area()) * vectors(v.source);
  return sum;
}

std::vector<JointPoint> JointProblem::start() const {
  std::vector<JointPoint> out;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    const SourceModel& m = sources_[s].model;
    JointPoint p{{0, 0, m.shape, m.sersic_index}, m.flux};
    p.flux.resize(static_cast<std::size_t>(bands_), 0.0);
    for (double& f : p.flux)
      if (!std::isfinite(f)) f = 0;
    if (layouts_[s].shape >= 0)
      p.at.shape.log_re = std::clamp(p.at.shape.log_re, options_.fit.min_log_re, max_log_re(s));
    if (layouts_[s].index >= 0)
      p.at.index = std::clamp(p.at.index, options_.fit.min_sersic_index, options_.fit.max_sersic_index);
    out.push_back(std::move(p));
  }
  return out;
}

SkyPosition JointProblem::position(std::size_t s, const FitPoint& p) const {
  const SourceModel& m = sources_[s].model;
  return {m.ra + p.east / 3600 / cos_dec_[s], m.dec + p.north / 3600};
}

SoftenedEllipse JointProblem::ellipse(std::size_t s, const FitPoint& p) const {
  return sources_[s].model.kind == SourceKind::kRex ? SoftenedEllipse{p.shape.log_re, 0, 0} : p.shape;
}

double JointProblem::max_log_re(std::size_t s) const {
  const SourceModel& m = sources_[s].model;
  const double most = m.max_log_re != 0            ? m.max_log_re
                      : m.kind == SourceKind::kRex ? options_.fit.max_log_re_rex
                                                   : options_.fit.max_log_re_galaxy;
  return std::max(most, options_.fit.min_log_re);
}

SourceModel JointProblem::model(std::size_t s, const JointPoint& point) const {
  SourceModel out = sources_[s].model;
  if (layouts_[s].position >= 0) {
    const SkyPosition where = position(s, point.at);
    out.ra = std::fmod(where.ra + 360, 360);
    out.dec = std::clamp(where.dec, -90.0, 90.0);
  }
  if (layouts_[s].shape >= 0) out.shape = ellipse(s, point.at);
  if (layouts_[s].index >= 0) out.sersic_index = point.at.index;
  for (std::size_t b = 0; b < out.flux.size(); ++b) out.flux[b] = point.flux[b];
  return out;
}

bool JointProblem::draw(View& v, const JointImage& image, const JointPoint& point) {
  const SourceModel& m = sources_[v.source].model;
  const FitLayout& layout = layouts_[v.source];
  const SkyPosition sky = m.motion ? position_at(m, image.mjd_tai) : position(v.source, point.at);
  const PixelPosition at = v.view->local.to_pixel(sky.ra, sky.dec);
  if (!std::isfinite(at.x) || !std::isfinite(at.y)) return false;
  WindowJob job;
  job.psf = v.view->psf;
  job.window = v.view->window;
  job.x = at.x;
  job.y = at.y;
  job.point = !m.is_galaxy();
  job.reference_size = v.reference_size;
  job.outputs = {layout.position >= 0, layout.shapes, layout.index >= 0};
  job.position_by_filter = true;
  if (!job.point) {
    job.mixture = profile_mixture(m.kind, point.at.index, renderer_.options().profiles);
    job.shape = shape_derivatives(ellipse(v.source, point.at), pixels_per_arcsec(image.cd));
  }
  float* out[kernels::kMaxPlanes] = {};
  for (int k = 0; k < vectors(v.source); ++k) out[k] = planes_.data() + v.first + k * v.count;
  if (!renderer_.render(job, out)) return false;
  if (layout.position >= 0) {
    // From pixels to arcsec along east and north.
    const std::array<double, 4>& j = v.view->local.pixels_per_degree;
    const auto xe = static_cast<float>(j[0] / 3600), xn = static_cast<float>(j[1] / 3600),
               ye = static_cast<float>(j[2] / 3600), yn = static_cast<float>(j[3] / 3600);
    float *const px = out[1], *const py = out[2];
    for (long k = 0; k < v.count; ++k) {
      const float x = px[k], y = py[k];
      px[k] = xe * x + ye * y;
      py[k] = xn * x + yn * y;
    }
  }
  return true;
}

void JointProblem::add_pair(const Pixels& pixels, const View& i, const View& j, int band, double least,
                            JointSums& sums) {
  const Box box = intersection(i.view->window, j.view->window);
  if (box.empty()) return;
  const int ni = vectors(i.source), nj = vectors(j.source);
  kernels::CrossJob job;
  job.width = box.width();
  job.height = box.height();
  job.weight_pitch = window_pitch(box.height());
  scratch_.reserve(static_cast<std::size_t>(job.width) * static_cast<std::size_t>(job.weight_pitch));
  float* const weight = scratch_.data();
  for (int x = 0; x < box.width(); ++x) {
    const float* column = pixels.weight.data() +
                          static_cast<std::ptrdiff_t>(x + box.x0 - pixels.box.x0) * pixels.pitch +
                          (box.y0 - pixels.box.y0);
    float* const to = weight + static_cast<std::ptrdiff_t>(x) * job.weight_pitch;
    std::fill(std::copy_n(column, box.height(), to), to + job.weight_pitch, 0.0F);
  }
  job.weight = weight;
  const auto planes = [&](const View& v, int n, const float** to) {
    const std::ptrdiff_t from =
        static_cast<std::ptrdiff_t>(box.x0 - v.view->window.x0) * v.pitch + (box.y0 - v.view->window.y0);
    for (int k = 0; k < n; ++k) to[k] = planes_.data() + v.first + k * v.count + from;
  };
  planes(i, ni, job.a);
  planes(j, nj, job.b);
  job.a_pitch = i.pitch;
  job.b_pitch = j.pitch;
  job.a_planes = job.b_planes = 1;
  const kernels::Kernels& k = active_kernels();
  k.cross(job);
  const double uu = job.sum[0][0];
  if (uu == 0) return;
  std::vector<double>& to = sums.products[pair_index(i.source, j.source)];
  if (to.empty()) to.assign(static_cast<std::size_t>(bands_ * ni * nj), 0.0);
  double* const g = to.data() + static_cast<std::size_t>(band * ni * nj);
  if (!(std::abs(uu) > least)) {
    g[0] += uu;
    return;
  }
  job.sum[0][0] = 0;
  job.a_planes = ni;
  job.b_planes = nj;
  k.cross(job);
  for (int a = 0; a < ni; ++a)
    for (int b = 0; b < nj; ++b) g[a * nj + b] += job.sum[a][b];
}

void JointProblem::measure(std::size_t index, const std::vector<JointPoint>& point, JointSums& sums) {
  Pixels& p = pixels_[index];
  if (p.views.empty()) return;
  const JointImage& image = images_[index];
  const auto band = static_cast<std::size_t>(image.band);
  planes_.reserve(p.floats + kBehind);
  residual_ = p.data;
  for (View& v : p.views) {
    v.drawn = draw(v, image, point[v.source]);
    if (!v.drawn) continue;
    const auto flux = static_cast<float>(point[v.source].flux[band]);
    const Box& box = v.view->window;
    for (int x = box.x0; x < box.x1; ++x) {
      float* const r =
          residual_.data() + static_cast<std::ptrdiff_t>(x - p.box.x0) * p.pitch + (box.y0 - p.box.y0);
      const float* const u = planes_.data() + v.first + static_cast<std::ptrdiff_t>(x - box.x0) * v.pitch;
      for (int y = 0; y < box.height(); ++y) r[y] -= flux * u[y];
    }
  }
  kernels::PixelSums all{};
  for (std::size_t k = 0; k < residual_.size(); ++k) {
    const double w = p.weight[k], r = residual_[k];
    all.weight += w;
    all.data += w * r;
    all.data2 += w * r * r;
  }
  sums.chi2 += all.data2;

  std::vector<double> own(p.views.size(), 0.0);
  std::vector<std::vector<double>> totals(p.views.size());
  for (std::size_t k = 0; k < p.views.size(); ++k) {
    const View& v = p.views[k];
    if (!v.drawn) continue;
    const int n = vectors(v.source);
    scratch_.reserve(static_cast<std::size_t>(v.count) * 2);
    float *const data = scratch_.data(), *const weight = data + v.count;
    std::fill(data, data + 2 * v.count, 0.0F);
    const Box& box = v.view->window;
    for (int x = 0; x < box.width(); ++x) {
      const std::ptrdiff_t from =
          static_cast<std::ptrdiff_t>(x + box.x0 - p.box.x0) * p.pitch + (box.y0 - p.box.y0);
      std::copy_n(residual_.data() + from, box.height(), data + static_cast<std::ptrdiff_t>(x) * v.pitch);
      std::copy_n(p.weight.data() + from, box.height(), weight + static_cast<std::ptrdiff_t>(x) * v.pitch);
    }
    kernels::GramJob gram;
    gram.data = data;
    gram.weight = weight;
    gram.count = v.count;
    gram.planes = n;
    gram.totals = options_.fit_sky;
    for (int a = 0; a < n; ++a) gram.plane[a] = planes_.data() + v.first + a * v.count;
    active_kernels().gram(gram);
    if (gram.gram[1][1] > 0) seen_[v.source][band] = 1;
    own[k] = gram.gram[1][1];
    std::vector<double>& r = sums.with_residual[v.source];
    std::vector<double>& g = sums.products[pair_index(v.source, v.source)];
    if (g.empty()) g.assign(static_cast<std::size_t>(bands_ * n * n), 0.0);
    for (int a = 0; a < n; ++a) {
      r[band * static_cast<std::size_t>(n) + static_cast<std::size_t>(a)] += gram.gram[a + 1][0];
      for (int b = 0; b < n; ++b)
        g[(band * static_cast<std::size_t>(n) + static_cast<std::size_t>(a)) * static_cast<std::size_t>(n) +
          static_cast<std::size_t>(b)] += a >= b ? gram.gram[a + 1][b + 1] : gram.gram[b + 1][a + 1];
      if (options_.fit_sky) totals[k].push_back(gram.total[a + 1]);
    }
  }
  for (std::size_t k = 0; k < p.views.size(); ++k)
    for (std::size_t l = 0; l < k; ++l)
      if (p.views[k].drawn && p.views[l].drawn)
        add_pair(p, p.views[k], p.views[l], image.band,
                 options_.least_correlation * std::sqrt(own[k] * own[l]), sums);
  if (!options_.fit_sky || !(all.weight > 0)) return;
  // The best constant is taken out of everything.
  sums.chi2 -= all.data * all.data / all.weight;
  for (std::size_t k = 0; k < p.views.size(); ++k) {
    const View& v = p.views[k];
    if (!v.drawn) continue;
    const std::size_t n = totals[k].size();
    for (std::size_t a = 0; a < n; ++a)
      sums.with_residual[v.source][band * n + a] -= totals[k][a] * all.data / all.weight;
    for (std::size_t l = 0; l <= k; ++l) {
      if (!p.views[l].drawn) continue;
      const std::size_t m = totals[l].size();
      std::vector<double>& g = sums.products[pair_index(v.source, p.views[l].source)];
      if (g.empty()) g.assign(static_cast<std::size_t>(bands_) * n * m, 0.0);
      for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < m; ++b)
          g[(band * n + a) * m + b] -= totals[k][a] * totals[l][b] / all.weight;
    }
  }
}

JointSums JointProblem::evaluate(std::vector<JointPoint>& point) {
  JointSums sums;
  sums.products.resize(size() * (size() + 1) / 2);
  for (std::size_t s = 0; s < size(); ++s)
    sums.with_residual.emplace_back(static_cast<std::size_t>(bands_ * vectors(s)), 0.0);
  for (std::size_t i = 0; i < images_.size(); ++i) measure(i, point, sums);
  solve_fluxes(point, sums);
  if (options_.fit.ellipticity_prior_sigma > 0) {
    const double inverse = 1 / (options_.fit.ellipticity_prior_sigma * options_.fit.ellipticity_prior_sigma);
    for (std::size_t s = 0; s < size(); ++s) {
      if (layouts_[s].shapes != 3) continue;
      const SoftenedEllipse& e = point[s].at.shape;
      sums.ln_prior -= 0.5 * inverse * (e.ee1 * e.ee1 + e.ee2 * e.ee2);
    }
  }
  for (std::size_t s = 0; s < size(); ++s) {
    if (!has_radius_prior(s)) continue;
    const RadiusPrior& prior = sources_[s].round_radius_prior;
    const double off = (point[s].at.shape.log_re - prior.log_re) / prior.sigma;
    sums.ln_prior -= 0.5 * off * off;
  }
  return sums;
}

void JointProblem::solve_fluxes(std::vector<JointPoint>& point, JointSums& sums) {
  for (int band = 0; band < bands_; ++band) {
    std::vector<std::size_t> free;
    std::vector<double> scale;
    const auto product = [&](std::size_t i, std::size_t j) {
      const std::vector<double>& g = sums.products[pair_index(i, j)];
      return g.empty() ? 0.0 : g[static_cast<std::size_t>(band * vectors(i) * vectors(j))];
    };
    for (std::size_t s = 0; s < size(); ++s) {
      const double own = product(s, s);
      if (!(own > 0) || !std::isfinite(own)) continue;
      free.push_back(s);
      scale.push_back(1 / std::sqrt(own));
    }
    const auto n = static_cast<Eigen::Index>(free.size());
    if (n == 0) continue;
    Eigen::MatrixXd a(n, n);
    Eigen::VectorXd g(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::size_t s = free[static_cast<std::size_t>(i)];
      g[i] = scale[static_cast<std::size_t>(i)] *
             sums.with_residual[s][static_cast<std::size_t>(band * vectors(s))];
      for (Eigen::Index j = 0; j <= i; ++j)
        a(i, j) = a(j, i) = product(s, free[static_cast<std::size_t>(j)]) *
                            scale[static_cast<std::size_t>(i)] * scale[static_cast<std::size_t>(j)];
      a(i, i) += kRidge;
    }
    const Eigen::VectorXd change = a.ldlt().solve(g);
    if (!change.allFinite()) continue;
    // What the change does to all sums: linear and exact.
    double gain = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      double with_change = 0;
      for (Eigen::Index j = 0; j < n; ++j) with_change += a(i, j) * change[j];
      gain += change[i] * (2 * g[i] - with_change);
    }
    sums.chi2 -= gain;
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::size_t s = free[static_cast<std::size_t>(i)];
      const double by = change[i] * scale[static_cast<std::size_t>(i)];
      point[s].flux[static_cast<std::size_t>(band)] += by;
      for (std::size_t t = 0; t < size(); ++t) {
        const bool first = t >= s;
        const std::vector<double>& g_st =
            first ? sums.products[pair_index(t, s)] : sums.products[pair_index(s, t)];
        if (g_st.empty()) continue;
        const int nt = vectors(t), ns = vectors(s);
        double* const r = sums.with_residual[t].data() + static_cast<std::size_t>(band * nt);
        const double* const from = g_st.data() + static_cast<std::size_t>(band * nt * ns);
        for (int v = 0; v < nt; ++v) r[v] -= by * (first ? from[v * ns] : from[v]);
      }
    }
  }
}

void JointProblem::assemble(const std::vector<JointPoint>& point, const JointSums& sums, Eigen::MatrixXd& a,
                            Eigen::VectorXd& g) const {
  a = Eigen::MatrixXd::Zero(parameters_, parameters_);
  g = Eigen::VectorXd::Zero(parameters_);
  for (std::size_t i = 0; i < size(); ++i) {
    const int ni = vectors(i), oi = offset(i), fi = flux_offset(i);
    for (int band = 0; band < bands_; ++band) {
      const auto b = static_cast<std::size_t>(band);
      const double* r = sums.with_residual[i].data() + static_cast<std::size_t>(band * ni);
      const double flux_i = point[i].flux[b];
      for (int v = 1; v < ni; ++v) g[oi + v - 1] += flux_i * r[v];
      g[fi + band] += r[0];
    }
    for (std::size_t j = 0; j <= i; ++j) {
      const std::vector<double>& products = sums.products[pair_index(i, j)];
      if (products.empty()) continue;
      const int nj = vectors(j), oj = offset(j), fj = flux_offset(j);
      for (int band = 0; band < bands_; ++band) {
        const auto b = static_cast<std::size_t>(band);
        const double* p = products.data() + static_cast<std::size_t>(band * ni * nj);
        const double flux_i = point[i].flux[b], flux_j = point[j].flux[b];
        for (int v = 0; v < ni; ++v)
          for (int w = 0; w < nj; ++w) {
            const int row = v == 0 ? fi + band : oi + v - 1, column = w == 0 ? fj + band : oj + w - 1;
            const double value = p[v * nj + w] * (v == 0 ? 1 : flux_i) * (w == 0 ? 1 : flux_j);
            a(row, column) += value;
            if (i != j) a(column, row) += value;
          }
      }
    }
    if (layouts_[i].shapes == 3 && options_.fit.ellipticity_prior_sigma > 0) {
      const double inverse =
          1 / (options_.fit.ellipticity_prior_sigma * options_.fit.ellipticity_prior_sigma);
      const SoftenedEllipse& e = point[i].at.shape;
      const double ee[2] = {e.ee1, e.ee2};
      for (int k = 0; k < 2; ++k) {
        const int at = oi + layouts_[i].shape + 1 + k;
        g[at] -= inverse * ee[k];
        a(at, at) += inverse;
      }
    }
    if (has_radius_prior(i)) {
      const RadiusPrior& prior = sources_[i].round_radius_prior;
      const double inverse = 1 / (prior.sigma * prior.sigma);
      const int at = oi + layouts_[i].shape;
      g[at] -= inverse * (point[i].at.shape.log_re - prior.log_re);
      a(at, at) += inverse;
    }
  }
  join_positions(a, g);
}

// What moves a source moves what is joined to it.
void JointProblem::join_positions(Eigen::MatrixXd& a, Eigen::VectorXd& g) const {
  for (std::size_t s = 1; s < size(); ++s) {
    if (!sources_[s].joined || layouts_[s].position < 0) continue;
    for (int k = 0; k < 2; ++k) {
      const int from = offset(s) + layouts_[s].position + k, to = position_offset(s) + k;
      g[to] += g[from];
      a.row(to) += a.row(from);
      a.col(to) += a.col(from);
      g[from] = 0;
      a.row(from).setZero();
      a.col(from).setZero();
    }
  }
}

}  // namespace brickline
