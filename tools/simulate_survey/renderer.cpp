#include "tools/simulate_survey/renderer.h"

#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace brickline::simulate {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
// Amplitudes below this share of the flux are left out of the sums over wave vectors.
constexpr double kNegligible = 1e-8;

// The FFTW planner is the one part of that library that is not reentrant.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

// The next even size with factors 2, 3 and 5 only.
int transform_size(int n) {
  for (n += n % 2;; n += 2) {
    int rest = n;
    for (int p : {2, 3, 5})
      while (rest % p == 0) rest /= p;
    if (rest == 1) return n;
  }
}

double sinc(double x) { return std::abs(x) < 1e-8 ? 1 : std::sin(x) / x; }

// One axis of wave numbers: the principal one and its nearest alias, with the pixel's transform and the phase
// of the centre folded in.
struct Wave {
  double k, real, imaginary;
};
std::vector<std::array<Wave, 2>> axis_waves(int size, int count, double centre) {
  std::vector<std::array<Wave, 2>> waves(count);
  for (int i = 0; i < count; ++i) {
    const double k = kTwoPi * (i <= size / 2 ? i : i - size) / size;
    const double alias = k > 0 ? k - kTwoPi : k + kTwoPi;
    for (int m = 0; m < 2; ++m) {
      const double value = m ? alias : k;
      const double response = sinc(value / 2);
      waves[i][m] = {value, response * std::cos(value * centre), -response * std::sin(value * centre)};
    }
  }
  return waves;
}

}  // namespace

struct Renderer::Plan {
  int size;
  fftw_plan plan;
  explicit Plan(int n) : size(n) {
    std::lock_guard lock(planner_mutex());
    fftw_complex* in = fftw_alloc_complex(static_cast<std::size_t>(n) * (n / 2 + 1));
    double* out = fftw_alloc_real(static_cast<std::size_t>(n) * n);
    plan = fftw_plan_dft_c2r_2d(n, n, in, out, FFTW_ESTIMATE);
    fftw_free(in);
    fftw_free(out);
  }
  ~Plan() {
    std::lock_guard lock(planner_mutex());
    fftw_destroy_plan(plan);
  }
};

Renderer::Renderer(const Options& options) : options_(options) {}
Renderer::~Renderer() = default;

const Renderer::Plan& Renderer::plan(int size) const {
  std::lock_guard lock(mutex_);
  auto& entry = plans_[size];
  if (!entry) entry = std::make_unique<Plan>(size);
  return *entry;
}

void Renderer::add_star(Image<float>& image, const Moffat& psf, double x, double y, double flux) const {
  const double reach =
      std::clamp(psf.reach(std::abs(flux), options_.faintest_brightness), 16.0, options_.largest_stamp / 2.0);
  const int half = static_cast<int>(std::ceil(reach));
  const int cx = static_cast<int>(std::lround(x)), cy = static_cast<int>(std::lround(y));
  const Box box = intersection({cx - half, cx + half + 1, cy - half, cy + half + 1}, image.box());
  for (int row = box.y0; row < box.y1; ++row)
    for (int column = box.x0; column < box.x1; ++column)
      image(column, row) += static_cast<float>(flux * psf.pixel(column - x, row - y));
}

void Renderer::add_galaxy(Image<float>& image, const Moffat& psf, const MoffatTransform& transform,
                          const GalaxyShape& galaxy, double x, double y, double flux) const {
  const auto& [a, b, c, d] = galaxy.arcsec_per_pixel;
  const double area = std::abs(a * d - b * c);
  const double re = galaxy.half_light_radius, q = galaxy.axis_ratio;

  // How far the light goes: where it is too faint or where nearly all of it is inside.
  const SersicProfile& profile = *galaxy.profile;
  const double brightness = options_.faintest_brightness / std::abs(flux) / area * re * re * q;
  const double profile_reach =
      std::min(profile.radius_of_brightness(brightness), profile.radius_enclosing(0.9995)) * re /
      std::sqrt(area);
  const double psf_reach = psf.reach(std::abs(flux), options_.faintest_brightness);
  const double reach = std::max(16.0, profile_reach + std::max(8.0, psf_reach));
  const int size = transform_size(static_cast<int>(std::min<double>(2 * reach, options_.largest_stamp)));
  const int x0 = static_cast<int>(std::lround(x)) - size / 2,
            y0 = static_cast<int>(std::lround(y)) - size / 2;
  const Box box = intersection({x0, x0 + size, y0, y0 + size}, image.box());
  if (box.empty()) return;

  // Components of the sky wave vector along the major and minor axes, times their half-light radii: k_sky =
  // J^-T k_pixel.
  const double det = a * d - b * c;
  const double sin_pa = std::sin(galaxy.position_angle * std::numbers::pi / 180);
  const double cos_pa = std::cos(galaxy.position_angle * std::numbers::pi / 180);
  const auto along = [a = a, b = b, c = c, d = d, det](double east, double north, double scale) {
    return std::array{scale * (east * d - north * b) / det, scale * (north * a - east * c) / det};
  };
  const auto major = along(sin_pa, cos_pa, re), minor = along(cos_pa, -sin_pa, re * q);

  const int half = size / 2 + 1;
  const auto columns = axis_waves(size, half, x - x0), rows = axis_waves(size, size, y - y0);
  fftw_complex* spectrum = fftw_alloc_complex(static_cast<std::size_t>(size) * half);
  double* pixels = fftw_alloc_real(static_cast<std::size_t>(size) * size);
  for (int j = 0; j < size; ++j)
    for (int i = 0; i < half; ++i) {
      double real = 0, imaginary = 0;
      for (const Wave& wy : rows[j])
        for (const Wave& wx : columns[i]) {
          const double response = transform(psf.transform_argument(wx.k, wy.k));
          if (response < kNegligible) continue;
          const double km = major[0] * wx.k + major[1] * wy.k, kn = minor[0] * wx.k + minor[1] * wy.k;
          const double k2 = km * km + kn * kn;
          const double shape = k2 > 0 ? profile.transform(0.5 * std::log(k2)) : 1;
          const double amplitude = response * shape;
          real += amplitude * (wx.real * wy.real - wx.imaginary * wy.imaginary);
          imaginary += amplitude * (wx.real * wy.imaginary + wx.imaginary * wy.real);
        }
      fftw_complex& out = spectrum[static_cast<std::size_t>(j) * half + i];
      out[0] = real;
      out[1] = imaginary;
    }
  fftw_execute_dft_c2r(plan(size).plan, spectrum, pixels);
  const double scale = flux / (static_cast<double>(size) * size);
  for (int row = box.y0; row < box.y1; ++row)
    for (int column = box.x0; column < box.x1; ++column)
      image(column, row) +=
          static_cast<float>(scale * pixels[static_cast<std::size_t>(row - y0) * size + column - x0]);
  fftw_free(spectrum);
  fftw_free(pixels);
}

}  // namespace brickline::simulate
