#include "core/survey/ccd_table_geometry.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kLargestSide = 1 << 20;   // pixels
constexpr double kLargestRadius = 30;      // degrees; beyond, a tangent plane is no picture of the sky
constexpr double kDistortionSlack = 0.05;  // degrees between a linear WCS and the truth at a field's edge
// How much farther than its half-diagonal a CCD's outline may reach: projection and distortion.
constexpr double kReachFactor = 1.05, kReachSlack = 0.01;

double determinant(const CdMatrix& cd) { return cd[0] * cd[3] - cd[1] * cd[2]; }

bool is_position(double ra, double dec) {
  return std::isfinite(ra) && std::abs(ra) <= 720 && std::abs(dec) <= 90;
}

bool is_side(double pixels) { return pixels >= 1 && pixels <= kLargestSide && pixels == std::floor(pixels); }

bool has_wcs(const CcdGeometry& c) {
  const double det = determinant(c.cd);
  return is_side(c.width) && is_side(c.height) && std::isfinite(c.crpix1) && std::isfinite(c.crpix2) &&
         is_position(c.crval1, c.crval2) && std::isfinite(det) && det != 0 && c.radius() <= kLargestRadius;
}

// Of positions whose declinations are near enough for it to matter.
bool within(double ra, double dec, const SkyPosition& centre, double reach) {
  return std::abs(dec - centre.dec) <= reach && angular_separation(ra, dec, centre.ra, centre.dec) <= reach;
}

// How far the middle by the WCS can be from CRVAL, degrees: the arc is shorter than its tangent.
double offset_of_center(const CcdGeometry& c) {
  const double x = (c.width + 1) / 2 - c.crpix1, y = (c.height + 1) / 2 - c.crpix2;
  return std::hypot(c.cd[0] * x + c.cd[1] * y, c.cd[2] * x + c.cd[3] * y);
}

}  // namespace

double CcdGeometry::radius() const {
  return std::sqrt(std::abs(determinant(cd))) * std::hypot(width, height) / 2;
}

// Calabretta & Greisen (2002), equations 54 and 55 and section 2.4, for the tangent projection.
SkyPosition CcdGeometry::wcs_center() const {
  const double x = (width + 1) / 2 - crpix1, y = (height + 1) / 2 - crpix2;
  const double xi = (cd[0] * x + cd[1] * y) * kDegree, eta = (cd[2] * x + cd[3] * y) * kDegree;
  const double sin0 = std::sin(crval2 * kDegree), cos0 = std::cos(crval2 * kDegree);
  const double toward = cos0 - eta * sin0;
  const double ra = crval1 + std::atan2(xi, toward) / kDegree;
  const double dec = std::atan2(sin0 + eta * cos0, std::hypot(xi, toward)) / kDegree;
  return {wrap_ra(ra), dec};
}

std::optional<std::string> CcdGeometry::fault() const {
  const std::array<std::pair<const char*, double>, 12> values{{{"ra", ra},
                                                               {"dec", dec},
                                                               {"width", width},
                                                               {"height", height},
                                                               {"crpix1", crpix1},
                                                               {"crpix2", crpix2},
                                                               {"crval1", crval1},
                                                               {"crval2", crval2},
                                                               {"cd1_1", cd[0]},
                                                               {"cd1_2", cd[1]},
                                                               {"cd2_1", cd[2]},
                                                               {"cd2_2", cd[3]}}};
  for (const auto& [name, value] : values)
    if (!std::isfinite(value)) return fmt::format("{} is {}", name, value);
  for (const auto& [name, value] : {std::pair{"dec", dec}, std::pair{"crval2", crval2}})
    if (std::abs(value) > 90) return fmt::format("{} is {} degrees", name, value);
  for (const auto& [name, value] : {std::pair{"ra", ra}, std::pair{"crval1", crval1}})
    if (std::abs(value) > 720) return fmt::format("{} is {} degrees", name, value);
  for (const auto& [name, value] : {std::pair{"width", width}, std::pair{"height", height}})
    if (!is_side(value)) return fmt::format("{} is {} pixels", name, value);
  if (determinant(cd) == 0)
    return fmt::format("the matrix cd1_1 ... cd2_2 ({}, {}, {}, {}) has no inverse", cd[0], cd[1], cd[2],
                       cd[3]);
  if (radius() > kLargestRadius)
    return fmt::format("the CCD is {:.4g} degrees from corner to corner by cd1_1 ... cd2_2", 2 * radius());
  const SkyPosition middle = wcs_center();
  const double apart = angular_separation(ra, dec, middle.ra, middle.dec);
  if (apart > radius() + kDistortionSlack)
    return fmt::format(
        "ra, dec are {:.6f}, {:.6f}, but the middle by crval, crpix and cd is {:.6f}, {:.6f}, "
        "{:.4g} degrees away",
        ra, dec, middle.ra, middle.dec, apart);
  return {};
}

Nearness nearness(const CcdGeometry& c, const SkyPosition& centre, double radius) {
  const bool positioned = is_position(c.ra, c.dec), wcs = has_wcs(c);
  if (positioned && wcs) {
    const double reach = radius + kReachFactor * c.radius() + kReachSlack;
    if (within(c.ra, c.dec, centre, reach)) return Nearness::kNear;
    // Is it here by its WCS? Most rows are nowhere near.
    if (std::abs(c.crval2 - centre.dec) > reach + offset_of_center(c)) return Nearness::kFar;
    const SkyPosition middle = c.wcs_center();
    return within(middle.ra, middle.dec, centre, reach) ? Nearness::kUnclear : Nearness::kFar;
  }
  const double reach = radius + kUnclearReach;
  if (positioned && within(c.ra, c.dec, centre, reach)) return Nearness::kUnclear;
  if (wcs) {
    const SkyPosition middle = c.wcs_center();
    if (within(middle.ra, middle.dec, centre, radius + kReachFactor * c.radius() + kReachSlack))
      return Nearness::kUnclear;
  }
  return Nearness::kUnknown;
}

const std::vector<std::string>& geometry_columns() {
  static const std::vector<std::string> names{"ra",     "dec",    "width", "height", "crpix1", "crpix2",
                                              "crval1", "crval2", "cd1_1", "cd1_2",  "cd2_1",  "cd2_2"};
  return names;
}

std::vector<CcdGeometry> geometries(const fits::Table& table) {
  std::vector<CcdGeometry> all(static_cast<std::size_t>(table.rows()));
  const auto fill = [&](const char* name, auto member) {
    const std::vector<double> values = table.numbers(name);
    for (std::size_t i = 0; i < all.size(); ++i) member(all[i]) = values[i];
  };
  fill("ra", [](CcdGeometry& c) -> double& { return c.ra; });
  fill("dec", [](CcdGeometry& c) -> double& { return c.dec; });
  fill("width", [](CcdGeometry& c) -> double& { return c.width; });
  fill("height", [](CcdGeometry& c) -> double& { return c.height; });
  fill("crpix1", [](CcdGeometry& c) -> double& { return c.crpix1; });
  fill("crpix2", [](CcdGeometry& c) -> double& { return c.crpix2; });
  fill("crval1", [](CcdGeometry& c) -> double& { return c.crval1; });
  fill("crval2", [](CcdGeometry& c) -> double& { return c.crval2; });
  fill("cd1_1", [](CcdGeometry& c) -> double& { return c.cd[0]; });
  fill("cd1_2", [](CcdGeometry& c) -> double& { return c.cd[1]; });
  fill("cd2_1", [](CcdGeometry& c) -> double& { return c.cd[2]; });
  fill("cd2_2", [](CcdGeometry& c) -> double& { return c.cd[3]; });
  return all;
}

}  // namespace brickline
