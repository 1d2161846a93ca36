#include "tools/simulate_survey/sky_geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline::simulate {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kBrickSize = 0.25;
constexpr int kBrickRows = 721;

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

struct Frame {
  Vector radial, east, north;
};

Frame frame_at(double ra, double dec) {
  const double sa = std::sin(ra * kDegree), ca = std::cos(ra * kDegree);
  const double sd = std::sin(dec * kDegree), cd = std::cos(dec * kDegree);
  return {{cd * ca, cd * sa, sd}, {-sa, ca, 0}, {-sd * ca, -sd * sa, cd}};
}

SkyPoint sky_point(const Vector& v) {
  double ra = std::atan2(v[1], v[0]) / kDegree;
  if (ra < 0) ra += 360;
  return {ra, std::atan2(v[2], std::hypot(v[0], v[1])) / kDegree};
}

// The point of the tangent plane at (xi, eta) degrees.
SkyPoint deproject(const Frame& f, double xi, double eta) {
  Vector v{};
  for (int i = 0; i < 3; ++i) v[i] = f.radial[i] + xi * kDegree * f.east[i] + eta * kDegree * f.north[i];
  return sky_point(v);
}

using Terms = std::array<double, ImageGeometry::kTerms>;

Terms polynomial_terms(double a, double b) {
  return {1, a, b, 0, a * a, a * b, b * b, a * a * a, a * a * b, a * b * b, b * b * b};
}

double weighted_sum(const Terms& coefficients, const Terms& terms) {
  double sum = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) sum += coefficients[i] * terms[i];
  return sum;
}

int bricks_in_row(int row) {
  if (row == 0 || row == kBrickRows - 1) return 1;
  const double edge = std::abs(-90 + kBrickSize * row) - kBrickSize / 2;
  return 2 * static_cast<int>(std::ceil(360 / kBrickSize * std::cos(edge * kDegree) / 2));
}

Brick brick_in(int row, int column) {
  const int n = bricks_in_row(row);
  Brick b;
  b.row = row;
  b.column = column;
  b.id = 1 + column;
  for (int r = 0; r < row; ++r) b.id += bricks_in_row(r);
  b.quarter = static_cast<std::int16_t>(row == 0 ? 1 : 2 * (row % 2) + column % 2);
  b.dec = -90 + kBrickSize * row;
  b.dec1 = std::max(-90.0, b.dec - kBrickSize / 2);
  b.dec2 = std::min(90.0, b.dec + kBrickSize / 2);
  b.ra1 = column * 360.0 / n;
  b.ra2 = (column + 1) * 360.0 / n;
  b.ra = (b.ra1 + b.ra2) / 2;
  // Tenths of degrees, truncated after rounding to 1e-4 degrees as the survey's own names are.
  b.name = fmt::format("{:04d}{}{:03d}", std::llround(b.ra * 1e4) / 1000, b.dec < 0 ? 'm' : 'p',
                       std::llround(std::abs(b.dec) * 1e4) / 1000);
  return b;
}

int brick_row(double dec) {
  return std::clamp(static_cast<int>(std::floor((dec + 90 + kBrickSize / 2) / kBrickSize)), 0,
                    kBrickRows - 1);
}

double wrapped(double ra) {
  ra = std::fmod(ra, 360);
  return ra < 0 ? ra + 360 : ra;
}

}  // namespace

SkyPoint ImageGeometry::to_sky(double x, double y) const {
  const double dx = x - reference_pixel.x, dy = y - reference_pixel.y;
  double u = cd[0] * dx + cd[1] * dy, v = cd[2] * dx + cd[3] * dy;
  if (distorted) {
    const double xi = weighted_sum(pv1, polynomial_terms(u, v));
    v = weighted_sum(pv2, polynomial_terms(v, u));
    u = xi;
  }
  return deproject(frame_at(reference_sky.ra, reference_sky.dec), u, v);
}

std::optional<PixelPoint> ImageGeometry::to_pixel(double ra, double dec) const {
  const Frame f = frame_at(reference_sky.ra, reference_sky.dec);
  const Vector p = frame_at(ra, dec).radial;
  const double depth = dot(p, f.radial);
  if (depth <= 1e-6) return std::nullopt;
  const double xi = dot(p, f.east) / depth / kDegree, eta = dot(p, f.north) / depth / kDegree;
  double u = xi, v = eta;
  if (distorted) {
    // The distortion is a small correction: successive substitution contracts by its gradient, about 1e-2.
    for (int i = 0; i < 30; ++i) {
      const double du = xi - weighted_sum(pv1, polynomial_terms(u, v));
      const double dv = eta - weighted_sum(pv2, polynomial_terms(v, u));
      u += du;
      v += dv;
      if (std::abs(du) + std::abs(dv) < 1e-13) break;
      if (!(std::abs(u) + std::abs(v) < 1e3)) return std::nullopt;
    }
  }
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  return PixelPoint{reference_pixel.x + (cd[3] * u - cd[1] * v) / det,
                    reference_pixel.y + (cd[0] * v - cd[2] * u) / det};
}

std::array<double, 4> ImageGeometry::arcsec_per_pixel(double x, double y) const {
  constexpr double kStep = 0.5;
  const SkyPoint centre = to_sky(x, y);
  const Frame f = frame_at(centre.ra, centre.dec);
  const auto derivative = [&](const SkyPoint& high, const SkyPoint& low) {
    const Vector a = frame_at(high.ra, high.dec).radial, b = frame_at(low.ra, low.dec).radial;
    const double scale = 3600 / kDegree / (2 * kStep);
    return std::array{(dot(a, f.east) - dot(b, f.east)) * scale, (dot(a, f.north) - dot(b, f.north)) * scale};
  };
  const auto along_x = derivative(to_sky(x + kStep, y), to_sky(x - kStep, y));
  const auto along_y = derivative(to_sky(x, y + kStep), to_sky(x, y - kStep));
  return {along_x[0], along_y[0], along_x[1], along_y[1]};
}

SkyPoint offset_point(const SkyPoint& from, double east, double north) {
  return deproject(frame_at(from.ra, from.dec), east, north);
}

double separation(const SkyPoint& a, const SkyPoint& b) {
  const Frame f = frame_at(a.ra, a.dec);
  const Vector p = frame_at(b.ra, b.dec).radial;
  return std::atan2(std::hypot(dot(p, f.east), dot(p, f.north)), dot(p, f.radial)) / kDegree;
}

Brick brick_at(double ra, double dec) {
  const int row = brick_row(dec), n = bricks_in_row(row);
  return brick_in(row, std::min(n - 1, static_cast<int>(wrapped(ra) / 360 * n)));
}

std::vector<Brick> bricks_near(double ra, double dec, double radius) {
  std::vector<Brick> found;
  for (int row = brick_row(dec - radius); row <= brick_row(dec + radius); ++row)
    for (int column = 0; column < bricks_in_row(row); ++column) {
      const double n = bricks_in_row(row);
      const SkyPoint centre{(column + 0.5) * 360 / n, -90 + kBrickSize * row};
      if (separation({ra, dec}, centre) < radius) found.push_back(brick_in(row, column));
    }
  return found;
}

int healpix_ring(int nside, double ra, double dec) {
  const double z = std::sin(dec * kDegree);
  const double quarter_turns = wrapped(ra) / 90;
  if (std::abs(z) <= 2.0 / 3) {
    const double middle = nside * (0.5 + quarter_turns), tilt = nside * z * 0.75;
    const int ascending = static_cast<int>(std::floor(middle - tilt));
    const int descending = static_cast<int>(std::floor(middle + tilt));
    const int ring = nside + 1 + ascending - descending;  // from the northern edge of the belt
    const int shift = ring % 2 == 0 ? 1 : 0;
    int in_ring = (ascending + descending - nside + shift + 1) / 2;
    in_ring = ((in_ring % (4 * nside)) + 4 * nside) % (4 * nside);
    return 2 * nside * (nside - 1) + (ring - 1) * 4 * nside + in_ring;
  }
  const double fraction = quarter_turns - std::floor(quarter_turns);
  const double distance = nside * std::sqrt(3 * (1 - std::abs(z)));
  const int ring = static_cast<int>(fraction * distance) + static_cast<int>((1 - fraction) * distance) + 1;
  const int in_ring = static_cast<int>(quarter_turns * ring) % (4 * ring);
  return z > 0 ? 2 * ring * (ring - 1) + in_ring : 12 * nside * nside - 2 * ring * (ring + 1) + in_ring;
}

}  // namespace brickline::simulate
