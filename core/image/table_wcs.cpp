#include "core/image/table_wcs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kArcsecPerDegree = 3600;

double arcsec_apart(const SkyPosition& a, const SkyPosition& b) {
  return kArcsecPerDegree * angular_separation(a.ra, a.dec, b.ra, b.dec);
}

double farthest(const Wcs& a, const Wcs& b) {
  const std::array<SkyPosition, 4> of_a = a.corners(), of_b = b.corners();
  double largest = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const double apart = arcsec_apart(of_a[i], of_b[i]);
    if (!(apart <= largest)) largest = apart;  // NaN too
  }
  return largest;
}

double determinant(const CdMatrix& cd) { return cd[0] * cd[3] - cd[1] * cd[2]; }

// The header's WCS without its distortion.
Wcs linear_part(const Wcs& wcs) {
  if (wcs.is_plain_tangent()) return wcs;
  const SkyPosition at = wcs.tangent_point();
  const PixelPosition pixel = wcs.reference_pixel();
  return Wcs::tangent(at.ra, at.dec, pixel.x, pixel.y, wcs.cd(), wcs.width(), wcs.height());
}

}  // namespace

double farthest_arcsec(const Wcs& a, const Wcs& b) {
  const double middles = arcsec_apart(a.center(), b.center()), corners = farthest(a, b);
  return middles <= corners ? corners : middles;  // NaN too
}

WcsDifference wcs_difference(const Wcs& header, const TableWcs& table) {
  const Wcs linear = linear_part(header);
  WcsDifference d;
  d.centre_arcsec =
      std::min(arcsec_apart(header.center(), table.centre), arcsec_apart(linear.center(), table.centre));
  d.corner_arcsec = std::min(farthest(header, table.linear), farthest(linear, table.linear));
  d.scale_ratio = header.pixel_scale_arcsec() / table.linear.pixel_scale_arcsec();
  d.other_parity = (determinant(header.cd()) < 0) != (determinant(table.linear.cd()) < 0);
  return d;
}

std::optional<std::string> wcs_disagreement(const Wcs& header, const TableWcs& table,
                                            const WcsTolerance& tolerance) {
  const WcsDifference d = wcs_difference(header, table);
  if (d.other_parity) return "the header's WCS is the mirror image of the CCD table's";
  if (!(std::abs(d.scale_ratio - 1) <= tolerance.scale))
    return fmt::format("the header's pixels are {:.5g} arcsec wide, the CCD table's {:.5g}",
                       header.pixel_scale_arcsec(), table.linear.pixel_scale_arcsec());
  if (!(d.centre_arcsec <= tolerance.arcsec)) {
    const SkyPosition middle = header.center();
    return fmt::format(
        "the middle is at {:.6f} {:.6f} by the header, at {:.6f} {:.6f} by the CCD table's ra and "
        "dec, {:.4g} arcsec away",
        middle.ra, middle.dec, table.centre.ra, table.centre.dec, d.centre_arcsec);
  }
  if (!(d.corner_arcsec <= tolerance.arcsec)) {
    const SkyPosition of_header = header.corners()[0], of_table = table.linear.corners()[0];
    return fmt::format(
        "a corner is {:.4g} arcsec from where the CCD table's crval, crpix and cd have it (the "
        "first at {:.6f} {:.6f} by the header, at {:.6f} {:.6f} by the table)",
        d.corner_arcsec, of_header.ra, of_header.dec, of_table.ra, of_table.dec);
  }
  return {};
}

}  // namespace brickline
