// Rendered galaxies against a renderer that shares nothing with the engine: the profile itself, summed over
// small rings of sky and convolved with a Gaussian PSF point by point; no mixtures, no transforms.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "tests/model/window_fixture.h"

namespace brickline {
namespace {

using test::Planes;
using test::render_window;
using test::WindowCase;

constexpr double kSigma = 2;
constexpr int kSize = 63;

// Pixel offsets (columns of a matrix) of one r_e along the minor and the major axis.
struct Axes {
  double minor_x, minor_y, major_x, major_y;
};
Axes axes_of(const SoftenedEllipse& s) {
  const Ellipse e = to_ellipse(s);
  const double length = std::hypot(e.e1, e.e2), q = (1 - length) / (1 + length);
  const double angle = std::atan2(e.e2, e.e1) / 2;  // east of north
  const double re = std::exp(s.log_re) / 3600;
  // (east, north) of the axes, then the inverse of the CD matrix by Cramer's rule.
  const auto pixels = [](double east, double north, double& x, double& y) {
    const CdMatrix& cd = test::kFixtureCd;
    const double det = cd[0] * cd[3] - cd[1] * cd[2];
    x = (cd[3] * east - cd[1] * north) / det;
    y = (cd[0] * north - cd[2] * east) / det;
  };
  Axes a{};
  pixels(re * q * std::cos(angle), -re * q * std::sin(angle), a.minor_x, a.minor_y);
  pixels(re * std::sin(angle), re * std::cos(angle), a.major_x, a.major_y);
  return a;
}

// The convolved picture of intensity(r in r_e), normalized to unit flux.
std::vector<double> brute_force(const WindowCase& c, const std::function<double(double)>& intensity,
                                double r_max) {
  constexpr int rings = 160, spokes = 48;
  const Axes a = axes_of(c.shape);
  std::vector<double> out(kSize * kSize, 0.0);
  double total = 0;
  for (int i = 0; i < rings; ++i) {
    // Rings crowd towards the centre.
    const double inner = r_max * std::pow(static_cast<double>(i) / rings, 2);
    const double outer = r_max * std::pow(static_cast<double>(i + 1) / rings, 2);
    const double r = (inner + outer) / 2, light = intensity(r) * (outer * outer - inner * inner) / spokes;
    total += light * spokes;
    for (int j = 0; j < spokes; ++j) {
      const double t = 2 * std::numbers::pi * (j + 0.5 * (i % 2)) / spokes;
      const double px = c.x + r * (std::cos(t) * a.minor_x + std::sin(t) * a.major_x);
      const double py = c.y + r * (std::cos(t) * a.minor_y + std::sin(t) * a.major_y);
      std::vector<double> gx(kSize), gy(kSize);
      for (int k = 0; k < kSize; ++k) {
        gx[k] = std::exp(-0.5 * (k - px) * (k - px) / (kSigma * kSigma));
        gy[k] = std::exp(-0.5 * (k - py) * (k - py) / (kSigma * kSigma));
      }
      const double scale = light / (2 * std::numbers::pi * kSigma * kSigma);
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x) out[y * kSize + x] += scale * gx[x] * gy[y];
    }
  }
  for (double& v : out) v /= total;
  return out;
}

double worst_of_peak(const Planes& found, const std::vector<double>& expected) {
  double worst = 0, peak = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(found.plane[0][i] - expected[i]));
    peak = std::max(peak, expected[i]);
  }
  return worst / peak;
}

// The mixtures follow profiles that are softened at the centre and cut off far out; convolved with a PSF they
// are within a few per cent of the pure profile's peak.
TEST(BruteForce, ExponentialGalaxyIsAnExponential) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  const double b = 1.67834699;  // half of the light of exp(-b r) is within r = 1
  for (const auto& [ee1, ee2] : {std::pair{0.0, 0.0}, std::pair{0.4, -0.3}, std::pair{-0.2, 0.5}}) {
    const WindowCase c{SourceKind::kExp, 31.3, 30.7, {std::log(1.0), ee1, ee2}, 1};
    const Planes found = render_window(psf, Box::from_size(kSize, kSize), c, false, PsfShift::kFourier);
    const auto expected = brute_force(
        c, [&](double r) { return std::exp(-b * r); }, 8);
    EXPECT_LT(worst_of_peak(found, expected), 0.03) << ee1;
    const WindowCase s{SourceKind::kSer, 31.3, 30.7, {std::log(1.0), ee1, ee2}, 1};
    EXPECT_LT(worst_of_peak(render_window(psf, Box::from_size(kSize, kSize), s, false, PsfShift::kFourier),
                            expected),
              0.03);
  }
}

TEST(BruteForce, SersicGalaxiesFollowTheirProfiles) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  for (const double n : {0.5, 0.8, 1.5, 2.5, 4.0}) {
    // Ciotti & Bertin (1999), equation 18.
    const double b = 2 * n - 1.0 / 3 + 4 / (405 * n) + 46 / (25515 * n * n) + 131 / (1148175 * n * n * n);
    const WindowCase c{SourceKind::kSer, 30.9, 31.4, {std::log(1.0), 0.3, 0.2}, n};
    const Planes found = render_window(psf, Box::from_size(kSize, kSize), c, false, PsfShift::kFourier);
    const auto expected = brute_force(
        c, [&](double r) { return std::exp(-b * std::pow(r, 1 / n)); }, n < 2 ? 8 : 30);
    EXPECT_LT(worst_of_peak(found, expected), n < 2 ? 0.03 : 0.065) << n;
  }
}

TEST(BruteForce, FluxIsConserved) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  for (const PsfShift shift : {PsfShift::kLanczos3, PsfShift::kFourier})
    for (const SourceKind kind : {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kSer})
      for (const double fraction : {0.0, 0.25, 0.5, -0.37}) {
        const WindowCase c{kind, 63 + fraction, 64 - fraction, {std::log(0.5), 0.2, 0.1}, 0.9};
        const Planes p = render_window(psf, Box::from_size(127, 127), c, false, shift);
        EXPECT_NEAR(p.sum(0), 1, 3e-6) << kind_name(kind) << " " << fraction;
      }
}

TEST(BruteForce, CentroidsAreWhereTheyShouldBeWithTheExactShift) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  for (const SourceKind kind : {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kSer})
    for (const double fraction : {-0.5, -0.3, 0.0, 0.1, 0.25, 0.45}) {
      const WindowCase c{kind, 63 + fraction, 64 - 0.7 * fraction, {std::log(0.5), 0.4, -0.3}, 1.2};
      const Planes p = render_window(psf, Box::from_size(127, 127), c, false, PsfShift::kFourier);
      double x = 0, y = 0;
      for (int j = 0; j < 127; ++j)
        for (int i = 0; i < 127; ++i) {
          x += i * p.plane[0][j * 127 + i];
          y += j * p.plane[0][j * 127 + i];
        }
      EXPECT_NEAR(x, c.x, 0.005) << kind_name(kind);
      EXPECT_NEAR(y, c.y, 0.005) << kind_name(kind);
    }
}

// The Lanczos shift's displacement, measured on the reference's filter.
TEST(BruteForce, LanczosCentroidsAreDisplacedAsTheFilterIs) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  for (const auto& [fraction, moved] :
       {std::pair{0.05, 0.0422}, std::pair{0.1, 0.0863}, std::pair{0.2, 0.1803}, std::pair{0.3, 0.2818},
        std::pair{0.4, 0.3893}, std::pair{0.5, 0.5}}) {
    const WindowCase c{SourceKind::kPsf, 64 + fraction, 64, {}, 0};
    const Planes p = render_window(psf, Box::from_size(129, 129), c, false, PsfShift::kLanczos3);
    double x = 0;
    for (int j = 0; j < 129; ++j)
      for (int i = 0; i < 129; ++i) x += i * p.plane[0][j * 129 + i];
    EXPECT_NEAR(x - 64, moved, 2e-4);
  }
}

// Mixtures convolved in closed form: every component a Gaussian of covariance variance S + sigma^2 I.
TEST(BruteForce, MixturesAreConvolvedExactly) {
  const PsfKernel psf(test::gaussian_stamp(kSize, kSigma), kSigma);
  for (const SourceKind kind : {SourceKind::kExp, SourceKind::kDev, SourceKind::kSer})
    for (const double radius : {0.05, 0.5, 1.5, 6.0, 25.0}) {
      const WindowCase c{kind, 31.3, 30.7, {std::log(radius), 0.3, -0.4}, 2.2};
      const Planes found =
          render_window(psf, Box::from_size(kSize, kSize), c, false, PsfShift::kFourier, 128);
      const Mixture m = profile_mixture(kind, c.index, GalaxyProfiles::kReference);
      const Axes a = axes_of(c.shape);
      const double sxx = a.minor_x * a.minor_x + a.major_x * a.major_x;
      const double sxy = a.minor_x * a.minor_y + a.major_x * a.major_y;
      const double syy = a.minor_y * a.minor_y + a.major_y * a.major_y;
      double worst = 0, peak = 0;
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x) {
          double u = 0;
          for (int k = 0; k < m.size; ++k) {
            const double vxx = m.variance[k] * sxx + kSigma * kSigma, vxy = m.variance[k] * sxy;
            const double vyy = m.variance[k] * syy + kSigma * kSigma, det = vxx * vyy - vxy * vxy;
            const double dx = x - c.x, dy = y - c.y;
            u += m.amplitude[k] / (2 * std::numbers::pi * std::sqrt(det)) *
                 std::exp(-0.5 * (vyy * dx * dx - 2 * vxy * dx * dy + vxx * dy * dy) / det);
          }
          worst = std::max(worst, std::abs(u - found.plane[0][y * kSize + x]));
          peak = std::max(peak, u);
        }
      EXPECT_LT(worst, 1e-6 * peak) << kind_name(kind) << " " << radius;
    }
}

}  // namespace
}  // namespace brickline
