#include "core/wcs/linear_cards.h"

#include <wcslib/wcs.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <numbers>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// Sizes of pixels beyond which a card is wrong or missing (a CDELT left at its default is 1 degree).
constexpr double kSmallestPixelArcsec = 1e-5, kLargestPixelArcsec = 1000;
constexpr double kFarthestPixel = 1e8;

// WCSLIB's struct with its memory.
struct WcslibStruct {
  wcsprm prm{};
  WcslibStruct(int axes, int parameters) {
    prm.flag = -1;
    if (wcsinit(1, axes, &prm, parameters, 0, 0)) throw std::bad_alloc();
  }
  ~WcslibStruct() { wcsfree(&prm); }
  WcslibStruct(const WcslibStruct&) = delete;
  WcslibStruct& operator=(const WcslibStruct&) = delete;
};

struct Unit {
  const char* wcslib;  // as WCSLIB spells it
  double degrees;
};

Unit unit_of(const WcsCards& cards, const char* key) {
  constexpr Unit kDegree{"deg", 1}, kArcmin{"arcmin", 1.0 / 60}, kArcsec{"arcsec", 1.0 / 3600},
      kMas{"mas", 1.0 / 3.6e6}, kRadian{"rad", 180 / std::numbers::pi};
  const auto text = cards.text(key);
  if (!text) return kDegree;
  std::string unit;
  for (const char c : *text) unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (unit.size() > 3 && unit.ends_with('s')) unit.pop_back();
  static constexpr std::pair<std::string_view, Unit> kSpellings[] = {
      {"deg", kDegree},       {"degree", kDegree}, {"\xC2\xB0", kDegree}, {"arcmin", kArcmin},
      {"arcminute", kArcmin}, {"amin", kArcmin},   {"arcsec", kArcsec},   {"arcsecond", kArcsec},
      {"asec", kArcsec},      {"mas", kMas},       {"milliarcsec", kMas}, {"milliarcsecond", kMas},
      {"rad", kRadian},       {"radian", kRadian}};
  for (const auto& [written, meant] : kSpellings)
    if (unit == written) return meant;
  throw input_error("unsupported world coordinates: {} = '{}' (known: deg, arcmin, arcsec, mas, rad)", key,
                    *text);
}

using Matrix = std::array<double, 4>;

// The elements PREFIXi_j, or their spelling in the drafts of the standard, PREFIX00i00j; the ones that are
// missing from `missing`. Empty where the header has none of them.
std::optional<Matrix> matrix_of(const WcsCards& cards, const std::string& prefix, const Matrix& missing) {
  Matrix m = missing;
  bool any = false;
  for (int i = 1; i <= 2; ++i)
    for (int j = 1; j <= 2; ++j) {
      const std::string key = fmt::format("{}{}_{}", prefix, i, j);
      const std::string old_key = fmt::format("{}{:03d}{:03d}", prefix, i, j);
      auto value = cards.number(key);
      const auto old_value = cards.number(old_key);
      if (value && old_value && *value != *old_value)
        throw input_error("{} = {} and {} = {} contradict each other", key, *value, old_key, *old_value);
      if (!value) value = old_value;
      if (!value) continue;
      m[2 * (i - 1) + j - 1] = *value;
      any = true;
    }
  if (!any) return {};
  return m;
}

void require_regular(const Matrix& m, const char* cards) {
  if (m[0] * m[3] - m[1] * m[2] == 0)
    throw input_error("the {} cards give a singular matrix: {} {} {} {}", cards, m[0], m[1], m[2], m[3]);
}

constexpr int kIsPc = 1, kIsCd = 2, kIsCrota = 4;  // of wcsprm::altlin

// Returns the cards' name for messages.
const char* fill_matrix(const WcsCards& cards, bool dec_first, wcsprm& prm) {
  const auto cdelt1 = cards.number("CDELT1"), cdelt2 = cards.number("CDELT2");
  if (const auto cd = matrix_of(cards, "CD", {0, 0, 0, 0})) {
    std::copy(cd->begin(), cd->end(), prm.cd);
    prm.altlin = kIsCd;
    require_regular(*cd, "CD");
    return "CD";
  }
  const auto pc = matrix_of(cards, "PC", {1, 0, 0, 1});
  if (cdelt1.has_value() != cdelt2.has_value())
    throw input_error("the header has one of CDELT1 and CDELT2, and no CD cards");
  if (!pc && !cdelt1)
    throw input_error(
        "no card gives the size of the pixels (CD1_1, or CDELT1 and PC1_1), so no world "
        "coordinates");
  prm.cdelt[0] = cdelt1.value_or(1);
  prm.cdelt[1] = cdelt2.value_or(1);
  require_regular({prm.cdelt[0], 0, 0, prm.cdelt[1]}, "CDELT");
  if (pc) {
    std::copy(pc->begin(), pc->end(), prm.pc);
    prm.altlin = kIsPc;
    require_regular(*pc, "PC");
    return "PC and CDELT";
  }
  // The rotation is that of the latitude axis (Calabretta & Greisen 2002, section 6.1); the other's has no
  // meaning of its own.
  const char *own = dec_first ? "CROTA1" : "CROTA2", *other = dec_first ? "CROTA2" : "CROTA1";
  const auto rotation = cards.number(own);
  const auto unused = cards.number(other);
  if (unused && *unused != 0 && *unused != rotation.value_or(0))
    throw input_error("{} = {}: rotations belong into {}", other, *unused, own);
  if (rotation) {
    prm.crota[dec_first ? 0 : 1] = *rotation;
    prm.altlin = kIsCrota;
  }
  return "CDELT";
}

// {cos, sin} of degrees.
std::array<double, 2> turn(double degrees) {
  degrees = std::remainder(degrees, 360.0);
  if (degrees == 0) return {1, 0};
  if (degrees == 90) return {0, 1};
  if (degrees == -90) return {0, -1};
  if (std::abs(degrees) == 180) return {-1, 0};
  const double radians = degrees * std::numbers::pi / 180;
  return {std::cos(radians), std::sin(radians)};
}

}  // namespace

LinearPart read_linear(const WcsCards& cards, const Projection& projection) {
  const bool is_tpv = projection.kind == Projection::Kind::kTpv;
  WcslibStruct wcslib(2, is_tpv ? 0 : static_cast<int>(projection.parameters.size()));
  wcsprm& prm = wcslib.prm;
  const char* const crval_keys[] = {"CRVAL1", "CRVAL2"};
  const char* const crpix_keys[] = {"CRPIX1", "CRPIX2"};
  const char* const cunit_keys[] = {"CUNIT1", "CUNIT2"};
  for (int i = 0; i < 2; ++i) {
    const bool is_ra = (i == 0) != projection.dec_first;
    const Unit unit = unit_of(cards, cunit_keys[i]);
    std::strcpy(prm.ctype[i], is_ra ? "RA---TAN" : "DEC--TAN");
    // Degrees are what it takes a blank for. Its scanner of units ends the process where it gets no memory.
    if (unit.degrees != 1) std::strcpy(prm.cunit[i], unit.wcslib);
    prm.crval[i] = cards.require_number(crval_keys[i]);
    prm.crpix[i] = cards.require_number(crpix_keys[i]);
    if (std::abs(prm.crval[i] * unit.degrees) > (is_ra ? 720 : 90 + 1e-9))
      throw input_error("{} = {} is no {}", crval_keys[i], prm.crval[i],
                        is_ra ? "right ascension" : "declination");
    if (std::abs(prm.crpix[i]) > kFarthestPixel)
      throw input_error("{} = {} is beyond reason", crpix_keys[i], prm.crpix[i]);
  }
  const char* const matrix_cards = fill_matrix(cards, projection.dec_first, prm);
  if (const auto pole = cards.number("LONPOLE")) prm.lonpole = *pole;
  if (const auto pole = cards.number("LATPOLE")) prm.latpole = *pole;
  if (!is_tpv)
    for (const ProjectionParameter& p : projection.parameters) prm.pv[prm.npv++] = {p.axis, p.index, p.value};

  // Safe in threads: the scanners of WCSLIB 7 are reentrant, and of its few variables (wcserr_enable, wcsprintf,
  // wcsnpv and its like) none is touched here.
  if (const int status = wcsset(&prm))
    throw input_error("WCSLIB cannot use the WCS cards: {}", wcs_errmsg[status]);
  if (prm.cel.theta0 != 90 || prm.cel.offset)
    throw input_error("unsupported world coordinates: PV{}_0 or PV{}_2 moves the reference point",
                      prm.lng + 1, prm.lng + 1);

  LinearPart linear;
  linear.tangent_point = {prm.crval[prm.lng], prm.crval[prm.lat]};
  linear.reference_pixel = {prm.crpix[0] - 1, prm.crpix[1] - 1};
  linear.tangent_point.dec = std::clamp(linear.tangent_point.dec, -90.0, 90.0);
  for (int j = 0; j < 2; ++j) {
    linear.cd[j] = prm.cdelt[prm.lng] * prm.pc[2 * prm.lng + j];
    linear.cd[2 + j] = prm.cdelt[prm.lat] * prm.pc[2 * prm.lat + j];
  }
  for (const double element : linear.cd)
    if (!(std::abs(element) * 3600 < kLargestPixelArcsec))
      throw input_error("the {} cards give pixels of {:.3g} arcsec", matrix_cards, std::abs(element) * 3600);
  const double scale = 3600 * std::sqrt(std::abs(linear.cd[0] * linear.cd[3] - linear.cd[1] * linear.cd[2]));
  if (!(scale > kSmallestPixelArcsec && scale < kLargestPixelArcsec))
    throw input_error("the {} cards give pixels of {:.3g} arcsec", matrix_cards, scale);
  linear.pole_rotation = turn(prm.lonpole - 180);
  return linear;
}

}  // namespace brickline
