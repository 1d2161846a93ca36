#include "core/blobs/metrics.h"

#include <algorithm>
#include <cmath>

#include "core/fit/excess_sums.h"

namespace brickline {
namespace {

struct Ratio {
  double numerator = 0, denominator = 0;
  float value(double least_denominator = 0) const {
    const double d = std::max(denominator, least_denominator);
    return d == 0 ? 0.0F : static_cast<float>(numerator / d);
  }
};
struct BandSums {
  Ratio fracflux, fracmasked, fracin, rchisq;
};

constexpr double kLeastTotal = 1e-9;  // of fracin's denominator, as in the reference

void add_image(const MetricImage& image, const Patch& patch, ImageView<const float> total, double flux,
               BandSums& out) {
  const double c = std::abs(flux);
  if (c == 0) return;
  double sum = 0, square = 0, others = 0, masked = 0, chi2 = 0;
  for (int py = 0; py < patch.pixels.height(); ++py) {
    const int y = patch.y0 + py;
    const float* p = patch.pixels.row(py);
    const float* m = total.row(y) + patch.x0;
    const float* r = image.residual.row(y) + patch.x0;
    const float* e = image.inverse_error.row(y) + patch.x0;
    for (int x = 0; x < patch.pixels.width(); ++x) {
      const double v = p[x];
      sum += v;
      square += v * v;
      others += (m[x] - v) * std::abs(v);
      if (e[x] > 0) {
        const double chi = static_cast<double>(r[x]) * e[x];
        chi2 += chi * chi * v;
      } else {
        masked += v;
      }
    }
  }
  if (square == 0) return;
  const double inside = std::clamp(sum / c, 0.0, 1.0);
  out.fracflux.numerator += inside * others / square;
  out.fracflux.denominator += inside;
  out.fracmasked.numerator += std::clamp(masked / c, 0.0, 1.0);
  out.fracmasked.denominator += inside;
  out.fracin.numerator += std::abs(sum);
  out.fracin.denominator += c;
  out.rchisq.numerator += std::abs(chi2 / c);
  out.rchisq.denominator += std::abs(sum) / c;
}

}  // namespace

std::vector<SourceMetrics> measure_source_metrics(std::span<const MetricImage> images, int bands,
                                                  std::span<const std::vector<const Patch*>> patches,
                                                  std::span<const std::vector<double>> flux) {
  std::vector<std::vector<BandSums>> sums(patches.size(), std::vector<BandSums>(bands));
  for (std::size_t i = 0; i < images.size(); ++i) {
    Image<float> total(images[i].residual.width(), images[i].residual.height());
    for (const auto& source : patches)
      if (source[i]) add_patch(total.view(), *source[i], 1);
    const int band = images[i].band;
    for (std::size_t s = 0; s < patches.size(); ++s)
      if (patches[s][i]) add_image(images[i], *patches[s][i], total.view(), flux[s][band], sums[s][band]);
  }
  std::vector<SourceMetrics> out(patches.size());
  for (std::size_t s = 0; s < patches.size(); ++s)
    for (const BandSums& b : sums[s]) {
      out[s].fracflux.push_back(b.fracflux.value());
      out[s].fracmasked.push_back(b.fracmasked.value());
      out[s].fracin.push_back(b.fracin.value(kLeastTotal));
      out[s].rchisq.push_back(b.rchisq.value());
    }
  return out;
}

namespace {

// Of the residuals on a patch, weighted by their inverse variances.
double mean_residual(const MetricImage& image, const Patch& patch) {
  double weight = 0, sum = 0;
  for (int y = patch.y0; y < patch.y0 + patch.pixels.height(); ++y)
    for (int x = patch.x0; x < patch.x0 + patch.pixels.width(); ++x) {
      const double e = image.inverse_error(x, y);
      if (!(e > 0)) continue;
      weight += e * e;
      sum += e * e * image.residual(x, y);
    }
  return weight > 0 ? sum / weight : 0;
}

}  // namespace

ExcessVariance excess_variance(std::span<const MetricImage> images, int bands,
                               std::span<const std::optional<Patch>> patches, bool over_background) {
  std::vector<ExcessSums> sums(static_cast<std::size_t>(bands));
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!patches[i]) continue;
    const double level = over_background ? mean_residual(images[i], *patches[i]) : 0;
    sums[static_cast<std::size_t>(images[i].band)].add(images[i].residual, images[i].inverse_error,
                                                       *patches[i], 1, level);
  }
  ExcessVariance out;
  double weight = 0, weighted = 0;
  for (const ExcessSums& s : sums) {
    out.band.push_back(s.factor());
    weight += s.weight;
    weighted += s.weight * out.band.back();
  }
  if (weight > 0 && std::isfinite(weighted)) out.all = weighted / weight;
  return out;
}

}  // namespace brickline
