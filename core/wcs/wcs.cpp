#include "core/wcs/wcs.h"

#include <wcslib/dis.h>
#include <wcslib/lin.h>
#include <wcslib/wcs.h>
#include <wcslib/wcshdr.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numbers>
#include <string>

#include "core/base/error.h"
#include "core/wcs/distortion.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;  // radians
// Newton's method stops when a step moves less than this, in pixels (SIP) or degrees (TPV: 1e-13 deg is some
// 1e-9 pixel); convergence is quadratic, so that the step after it would be lost in rounding.
constexpr double kSipTolerance = 1e-9;
constexpr double kTpvTolerance = 1e-13;
constexpr int kMaxIterations = 50;

CdMatrix inverse(const CdMatrix& m) {
  const double det = m[0] * m[3] - m[1] * m[2];
  if (!(std::abs(det) > 0) || !std::isfinite(det)) throw input_error("the WCS's CD matrix is singular");
  return {m[3] / det, -m[1] / det, -m[2] / det, m[0] / det};
}

// Solves f(a, b) = (ta, tb) from the start (a, b); f gives two DistortionPolynomial::Value.
template <typename F>
bool newton(F&& f, double ta, double tb, double tolerance, double& a, double& b) {
  for (int i = 0; i < kMaxIterations; ++i) {
    const auto [fa, fb] = f(a, b);
    const double det = fa.dx * fb.dy - fa.dy * fb.dx;
    if (!(std::abs(det) > 0) || !std::isfinite(det)) return false;
    const double ra = ta - fa.f, rb = tb - fb.f;
    const double da = (fb.dy * ra - fa.dy * rb) / det, db = (fa.dx * rb - fb.dx * ra) / det;
    a += da;
    b += db;
    if (std::abs(da) < tolerance && std::abs(db) < tolerance) return true;
  }
  return false;
}

bool is_wcs_keyword(std::string_view key) {
  static constexpr std::string_view kWhole[] = {
      "CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1",  "CRPIX2",  "CDELT1",  "CDELT2",
      "CUNIT1", "CUNIT2", "CD1_1",  "CD1_2",  "CD2_1",   "CD2_2",   "PC1_1",   "PC1_2",
      "PC2_1",  "PC2_2",  "CROTA1", "CROTA2", "LONPOLE", "LATPOLE", "A_ORDER", "B_ORDER"};
  for (std::string_view k : kWhole)
    if (key == k) return true;
  const auto digits = [](std::string_view s) {
    return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (key.starts_with("PV1_") || key.starts_with("PV2_")) return digits(key.substr(4));
  if (key.starts_with("A_") || key.starts_with("B_")) return key.size() == 5 && key[3] == '_';
  return false;
}

bool is_pv(std::string_view key) { return key.starts_with("PV"); }

// The cards of the celestial axes as the 80-character records that WCSLIB reads. PV cards on a plain TAN are
// SCAMP's way to write TPV, whichever of them are there; beside SIP they are leftovers.
std::string wcs_records(const fits::Header& header, int& count) {
  const std::string ctype1 = header.require_text("CTYPE1"), ctype2 = header.require_text("CTYPE2");
  bool has_pv = false;
  for (const fits::Card& card : header.cards())
    has_pv = has_pv || (is_wcs_keyword(card.key) && is_pv(card.key));
  const bool as_tpv = has_pv && ctype1 == "RA---TAN" && ctype2 == "DEC--TAN";
  const bool drop_pv = ctype1.ends_with("-SIP");
  std::string records;
  count = 0;
  for (const fits::Card& card : header.cards()) {
    if (!is_wcs_keyword(card.key) || (drop_pv && is_pv(card.key))) continue;
    std::string value = card.raw;
    if (as_tpv && card.key.starts_with("CTYPE")) value = card.key == "CTYPE1" ? "'RA---TPV'" : "'DEC--TPV'";
    if (value.empty()) {
      if (const auto* d = std::get_if<double>(&card.value))
        value = fmt::format("{:.17g}", *d);
      else if (const auto* i = std::get_if<std::int64_t>(&card.value))
        value = fmt::format("{}", *i);
      else if (const auto* s = std::get_if<std::string>(&card.value))
        value = fmt::format("'{:<8}'", *s);
    }
    if (value.empty() || value.size() > 70) continue;
    if (value.front() != '\'') std::replace(value.begin(), value.end(), 'e', 'E');  // all that WCSLIB reads
    std::string record = fmt::format("{:<8}= {:>20}", card.key, value);
    record.resize(80, ' ');
    records += record;
    ++count;
  }
  return records;
}

}  // namespace

// SIP acts on pixels before CD, TPV on degrees after it.
struct Wcs::Distortion {
  bool after_cd = false;
  DistortionPolynomial x, y;  // of the arguments (u, v) or (xi, eta); both give the whole bent coordinate
};

struct Wcs::Parsed {
  int count = 0;
  wcsprm* all = nullptr;
  ~Parsed() {
    if (all) wcsvfree(&count, &all);
  }
};

void Wcs::finish() {
  inverse_cd_ = inverse(cd_);
  sin_dec0_ = std::sin(crval_.dec * kDegree);
  cos_dec0_ = std::cos(crval_.dec * kDegree);
}

Wcs Wcs::tangent(double crval1, double crval2, double crpix_x, double crpix_y, const CdMatrix& cd, int width,
                 int height) {
  Wcs w;
  w.crval_ = {crval1, crval2};
  w.crpix_ = {crpix_x, crpix_y};
  w.cd_ = cd;
  w.width_ = width;
  w.height_ = height;
  w.finish();
  return w;
}

Wcs Wcs::from_header(const fits::Header& header, int width, int height) {
  for (const char* key : {"CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"})
    if (!header.has(key)) throw input_error("the header has no {} card, so no world coordinates", key);

  int record_count = 0;
  std::string records = wcs_records(header, record_count);
  Parsed parsed;
  int rejected = 0;
  {
    // The parser's generated scanner is not documented as reentrant.
    static std::mutex parser;
    std::lock_guard lock(parser);
    const int status =
        wcspih(records.data(), record_count, WCSHDR_none, 0, &rejected, &parsed.count, &parsed.all);
    if (status || parsed.count < 1) throw input_error("WCSLIB cannot read the WCS cards (status {})", status);
  }
  wcsprm& prm = parsed.all[0];
  if (const int status = wcsset(&prm))
    throw input_error("WCSLIB cannot use the WCS cards: {}", wcs_errmsg[status]);
  if (prm.naxis != 2 || prm.lng != 0 || prm.lat != 1 || std::strcmp(prm.cel.prj.code, "TAN") != 0 ||
      std::strncmp(prm.ctype[0], "RA--", 4) != 0)
    throw input_error(
        "unsupported world coordinates: CTYPE '{}', '{}' (known: TAN, TPV, TAN-SIP, RA before Dec)",
        header.require_text("CTYPE1"), header.require_text("CTYPE2"));
  if (std::abs(prm.lonpole - 180) > 1e-9)
    throw input_error("unsupported world coordinates: LONPOLE is {}", prm.lonpole);

  Wcs w;
  w.crval_ = {prm.crval[0], prm.crval[1]};
  w.crpix_ = {prm.crpix[0] - 1, prm.crpix[1] - 1};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) w.cd_[2 * i + j] = prm.cdelt[i] * prm.pc[2 * i + j];
  w.width_ = width;
  w.height_ = height;
  w.finish();

  const disprm* before = prm.lin.dispre;
  const disprm* after = prm.lin.disseq;
  if (before && after) throw input_error("unsupported world coordinates: two distortions");
  if (const disprm* dis = before ? before : after) {
    auto distortion = std::make_shared<Distortion>();
    distortion->after_cd = after != nullptr;
    const char* expected = after ? "TPV" : "SIP";
    for (int axis = 0; axis < 2; ++axis)
      if (std::strcmp(dis->dtype[axis], expected) != 0)
        throw input_error("unsupported world coordinates: distortion '{}' of axis {}", dis->dtype[axis],
                          axis + 1);
    std::array<bool, 2> has_linear{};
    for (int k = 0; k < dis->ndp; ++k) {
      dpkey& record = dis->dp[k];
      const int axis = record.j - 1;
      const char* term = std::strchr(record.field, '.');  // after "DPi" or "DQi"
      if (axis < 0 || axis > 1 || !term) continue;
      DistortionPolynomial& polynomial = axis == 0 ? distortion->x : distortion->y;
      int m = 0, p = 0, q = 0;
      if (after && std::sscanf(term, ".TPV.%d", &m) == 1) {
        if (m < 0 || m > 39) throw input_error("PV{}_{}: TPV knows terms 0 to 39", axis + 1, m);
        const TpvTerm powers = tpv_term(m);
        const double c = dpkeyd(&record);
        has_linear[axis] = has_linear[axis] || m == 1;
        if (powers.j < 0)
          polynomial.add_radial(powers.i / 2, c);
        else if (axis == 0)
          polynomial.add_term(powers.i, powers.j, c);
        else
          polynomial.add_term(powers.j, powers.i, c);
      } else if (before && std::sscanf(term, ".SIP.FWD.%d_%d", &p, &q) == 2) {
        polynomial.add_term(p, q, dpkeyd(&record));
      }
    }
    if (before) has_linear = {};
    // TPV's linear coefficient is 1 where no card says otherwise; SIP's polynomials are corrections to (u,
    // v).
    if (!has_linear[0]) distortion->x.add_term(1, 0, 1);
    if (!has_linear[1]) distortion->y.add_term(0, 1, 1);
    w.distortion_ = std::move(distortion);
  }
  return w;
}

Wcs Wcs::with_offset(double dra, double ddec) const {
  Wcs w = *this;
  w.crval_.ra += dra / std::cos(crval_.dec * kDegree);
  w.crval_.dec += ddec;
  w.finish();
  return w;
}

Wcs Wcs::sub_image(const Box& box) const {
  Wcs w = *this;
  w.crpix_.x -= box.x0;
  w.crpix_.y -= box.y0;
  w.width_ = box.width();
  w.height_ = box.height();
  return w;
}

SkyPosition Wcs::pixel_to_sky(double x, double y) const {
  double u = x - crpix_.x, v = y - crpix_.y;
  if (distortion_ && !distortion_->after_cd) {
    const double bent = distortion_->x(u, v);
    v = distortion_->y(u, v);
    u = bent;
  }
  double xi = cd_[0] * u + cd_[1] * v, eta = cd_[2] * u + cd_[3] * v;
  if (distortion_ && distortion_->after_cd) {
    const double bent = distortion_->x(xi, eta);
    eta = distortion_->y(xi, eta);
    xi = bent;
  }
  xi *= kDegree;
  eta *= kDegree;
  const double towards = cos_dec0_ - eta * sin_dec0_;
  double ra = crval_.ra + std::atan2(xi, towards) / kDegree;
  if (ra < 0 || ra >= 360) ra -= 360 * std::floor(ra / 360);
  if (ra >= 360) ra = 0;
  return {ra, std::atan2(sin_dec0_ + eta * cos_dec0_, std::hypot(xi, towards)) / kDegree};
}

std::optional<PixelPosition> Wcs::sky_to_pixel(double ra, double dec) const {
  // The remainder keeps the difference exact for positions on either side of RA 0.
  const double dra = std::remainder(ra - crval_.ra, 360.0) * kDegree;
  const double sin_dec = std::sin(dec * kDegree), cos_dec = std::cos(dec * kDegree);
  const double cos_dra = std::cos(dra);
  const double cos_distance = sin_dec * sin_dec0_ + cos_dec * cos_dec0_ * cos_dra;
  if (!(cos_distance > 0)) return {};
  double xi = cos_dec * std::sin(dra) / cos_distance / kDegree;
  double eta = (sin_dec * cos_dec0_ - cos_dec * sin_dec0_ * cos_dra) / cos_distance / kDegree;
  const Distortion* d = distortion_.get();
  const auto bend = [d](double a, double b) {
    return std::pair{d->x.with_derivatives(a, b), d->y.with_derivatives(a, b)};
  };
  if (d && d->after_cd) {
    double a = xi, b = eta;
    if (!newton(bend, xi, eta, kTpvTolerance, a, b)) return {};
    xi = a;
    eta = b;
  }
  double u = inverse_cd_[0] * xi + inverse_cd_[1] * eta, v = inverse_cd_[2] * xi + inverse_cd_[3] * eta;
  if (d && !d->after_cd) {
    double a = u, b = v;
    if (!newton(bend, u, v, kSipTolerance, a, b)) return {};
    u = a;
    v = b;
  }
  return PixelPosition{u + crpix_.x, v + crpix_.y};
}

double Wcs::pixel_scale_arcsec() const {
  return 3600 * std::sqrt(std::abs(cd_[0] * cd_[3] - cd_[1] * cd_[2]));
}

std::array<SkyPosition, 4> Wcs::corners() const {
  const double x1 = width_ - 1, y1 = height_ - 1;
  return {pixel_to_sky(0, 0), pixel_to_sky(x1, 0), pixel_to_sky(x1, y1), pixel_to_sky(0, y1)};
}

double Wcs::radius_degrees() const { return pixel_scale_arcsec() / 3600 * std::hypot(width_, height_) / 2; }

fits::Header Wcs::to_header() const {
  if (distortion_)
    throw internal_error("a distorted WCS was asked for the cards of a plain tangent projection");
  fits::Header h;
  h.set("CTYPE1", "RA---TAN", "TANgent plane");
  h.set("CTYPE2", "DEC--TAN", "TANgent plane");
  h.set("CRVAL1", crval_.ra, "[deg] RA of the reference pixel");
  h.set("CRVAL2", crval_.dec, "[deg] Dec of the reference pixel");
  h.set("CRPIX1", crpix_.x + 1, "Reference pixel, axis 1");
  h.set("CRPIX2", crpix_.y + 1, "Reference pixel, axis 2");
  h.set("CD1_1", cd_[0], "[deg/pixel] Transformation matrix");
  h.set("CD1_2", cd_[1], "[deg/pixel] Transformation matrix");
  h.set("CD2_1", cd_[2], "[deg/pixel] Transformation matrix");
  h.set("CD2_2", cd_[3], "[deg/pixel] Transformation matrix");
  return h;
}

}  // namespace brickline
