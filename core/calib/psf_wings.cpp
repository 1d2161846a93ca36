#include "core/calib/psf_wings.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace brickline {
namespace {

constexpr double kOuterPart = 0.6;  // of the radius up to psfex's taper: pixels from there on tell the noise

struct Ring {
  double radius = 0, mean = 0, pixels = 0;
};

double radius_at(const Image<float>& plane, int x, int y) {
  return std::hypot(x - plane.width() / 2, y - plane.height() / 2);
}

std::vector<Ring> rings_of(const Image<float>& plane) {
  std::vector<Ring> rings(static_cast<std::size_t>(std::min(plane.width(), plane.height()) / 2 + 1));
  for (int y = 0; y < plane.height(); ++y)
    for (int x = 0; x < plane.width(); ++x) {
      const double r = radius_at(plane, x, y);
      const auto k = static_cast<std::size_t>(std::lround(r));
      if (k >= rings.size()) continue;
      rings[k].radius += r;
      rings[k].mean += plane(x, y);
      ++rings[k].pixels;
    }
  for (Ring& ring : rings) {
    ring.radius /= ring.pixels;
    ring.mean /= ring.pixels;
  }
  return rings;
}

// Between the rings' means.
double mean_at(double r, const std::vector<Ring>& rings) {
  const auto next =
      std::find_if(rings.begin(), rings.end(), [&](const Ring& ring) { return ring.radius > r; });
  if (next == rings.begin()) return rings.front().mean;
  if (next == rings.end()) return rings.back().mean;
  const Ring &a = *(next - 1), &b = *next;
  return a.mean + (b.mean - a.mean) * (r - a.radius) / (b.radius - a.radius);
}

// Of one pixel, from the scatter about the rings' means in the outer part.
double pixel_noise(const Image<float>& plane, const std::vector<Ring>& rings, double edge) {
  double n = 0, squares = 0;
  for (int y = 0; y < plane.height(); ++y)
    for (int x = 0; x < plane.width(); ++x) {
      const double r = radius_at(plane, x, y);
      if (r <= kOuterPart * edge || r >= edge) continue;
      const double rest = plane(x, y) - mean_at(r, rings);
      ++n;
      squares += rest * rest;
    }
  return n > 0 ? std::sqrt(squares / n) : 0;
}

double falling(double r, double scale, double power) { return std::pow(1 + r * r / (scale * scale), -power); }

struct Profile {
  double amplitude = 0, alpha = 1, beta = 1;
  double halo = 0, halo_radius = 1, halo_gamma = 1;
  double chi2 = 0;
  double operator()(double r) const {
    return amplitude * falling(r, alpha, beta) + halo * falling(r, halo_radius, halo_gamma);
  }
};

struct WeightedRing {
  double radius = 0, mean = 0, weight = 0;
};

// The amplitudes that fit best are known for each alpha and beta.
Profile with_amplitudes(Profile p, const std::vector<WeightedRing>& rings) {
  double ff = 0, fh = 0, hh = 0, fy = 0, hy = 0;
  for (const WeightedRing& ring : rings) {
    const double f = falling(ring.radius, p.alpha, p.beta),
                 h = falling(ring.radius, p.halo_radius, p.halo_gamma);
    ff += ring.weight * f * f;
    fh += ring.weight * f * h;
    hh += ring.weight * h * h;
    fy += ring.weight * f * ring.mean;
    hy += ring.weight * h * ring.mean;
  }
  const double determinant = ff * hh - fh * fh;
  p.halo = determinant > 0 ? std::max(0., (ff * hy - fh * fy) / determinant) : 0;
  p.amplitude = ff > 0 ? (fy - p.halo * fh) / ff : 0;
  if (p.amplitude < 0) {
    p.amplitude = 0;
    p.halo = hh > 0 ? std::max(0., hy / hh) : 0;
  }
  p.chi2 = 0;
  for (const WeightedRing& ring : rings) {
    const double rest = ring.mean - p(ring.radius);
    p.chi2 += ring.weight * rest * rest;
  }
  return p;
}

Profile fit_profile(const std::vector<WeightedRing>& rings, double fwhm, const PsfWingOptions& options) {
  constexpr int kBits = 20;  // of alpha and beta, far beyond what the rings tell
  Profile best;
  best.halo_radius = options.halo_radius * fwhm;
  best.halo_gamma = options.halo_gamma;
  const auto at = [&](double log_alpha, double beta) {
    Profile p = best;
    p.alpha = std::exp(log_alpha);
    p.beta = beta;
    return with_amplitudes(p, rings);
  };
  const auto of_beta = [&](double beta) {
    const auto [log_alpha, chi2] = boost::math::tools::brent_find_minima(
        [&](double log_a) { return at(log_a, beta).chi2; }, std::log(0.1 * fwhm), std::log(10 * fwhm), kBits);
    best = at(log_alpha, beta);
    return chi2;
  };
  const double beta =
      boost::math::tools::brent_find_minima(of_beta, options.min_beta, options.max_beta, kBits).first;
  of_beta(beta);
  return best;
}

}  // namespace

std::optional<PsfWings> smooth_wings(std::vector<Image<float>>& planes, double fwhm, double sampling,
                                     const PsfWingOptions& options) {
  if (planes.empty() || !(fwhm > 0)) return {};
  const std::vector<Ring> rings = rings_of(planes[0]);
  const double edge = static_cast<double>(rings.size() - 1) - fwhm;
  const double noise = pixel_noise(planes[0], rings, edge);
  if (!(noise > 0)) return {};
  const double alone = std::min(1., sampling * sampling);  // of the pixels, whose own measurement is theirs
  const auto noise_of = [&](const Ring& ring) {
    return noise / std::sqrt(std::max(1., alone * ring.pixels));
  };
  std::vector<WeightedRing> used;
  for (const Ring& ring : rings) {
    if (ring.radius < options.first_ring * fwhm || ring.radius > edge) continue;
    const double own = options.ring_accuracy * ring.mean;
    used.push_back({ring.radius, ring.mean, 1 / (noise_of(ring) * noise_of(ring) + own * own)});
  }
  if (static_cast<int>(used.size()) < options.min_rings) return {};
  const Profile profile = fit_profile(used, fwhm, options);
  if (!(profile.amplitude + profile.halo > 0) || !std::isfinite(profile.chi2)) return {};
  const auto weak_from = [&](double share) {
    const auto weak = std::find_if(rings.begin(), rings.end(), [&](const Ring& ring) {
      return ring.radius > fwhm && share * profile(ring.radius) < options.min_ring_snr * noise_of(ring);
    });
    return weak == rings.end() ? edge : std::min(edge, weak->radius);
  };
  const PsfWings wings{weak_from(1), weak_from(options.varying_share), profile.alpha, profile.beta,
                       profile.halo / (profile.amplitude + profile.halo)};

  const double outermost =
      static_cast<double>(rings.size()) - 0.5;  // the light is that of a circle, as psfex's
  for (std::size_t p = 0; p < planes.size(); ++p)
    for (int y = 0; y < planes[p].height(); ++y)
      for (int x = 0; x < planes[p].width(); ++x) {
        const double r = radius_at(planes[p], x, y);
        const double share = std::clamp(
            (r - (p == 0 ? wings.radius : wings.varying_radius)) / options.seam_pixels + 0.5, 0., 1.);
        const double smooth = p == 0 && r < outermost ? profile(r) : 0;
        planes[p](x, y) = static_cast<float>((1 - share) * planes[p](x, y) + share * smooth);
      }
  return wings;
}

}  // namespace brickline
