#include "core/wcs/wcs.h"

#include <cmath>
#include <numbers>
#include <tuple>

#include "core/base/error.h"
#include "core/wcs/distortion.h"
#include "core/wcs/distortion_cards.h"
#include "core/wcs/linear_cards.h"
#include "core/wcs/projection_cards.h"
#include "core/wcs/wcs_cards.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;  // radians
// Newton's method stops when a step moves less than this, in pixels or degrees (1e-13 deg is some 1e-9
// pixel); convergence is quadratic, so that the step after it would be lost in rounding.
constexpr double kPixelTolerance = 1e-9;
constexpr double kPlaneTolerance = 1e-13;
constexpr int kMaxIterations = 50;

CdMatrix inverse(const CdMatrix& m) {
  const double det = m[0] * m[3] - m[1] * m[2];
  if (!(std::abs(det) > 0) || !std::isfinite(det)) throw input_error("the WCS's CD matrix is singular");
  return {m[3] / det, -m[1] / det, -m[2] / det, m[0] / det};
}

// Solves f(a, b) = (ta, tb) from the start (a, b); f gives two DistortionPolynomial::Value. Solutions where f
// turns the plane over (its determinant has not the sign of `orientation`) lie beyond a fold and do not count.
template <typename F>
bool newton(F&& f, double ta, double tb, double tolerance, double orientation, double& a, double& b) {
  for (int i = 0; i < kMaxIterations; ++i) {
    const auto [fa, fb] = f(a, b);
    const double det = fa.dx * fb.dy - fa.dy * fb.dx;
    if (!(std::abs(det) > 0) || !std::isfinite(det)) return false;
    const double ra = ta - fa.f, rb = tb - fb.f;
    const double da = (fb.dy * ra - fa.dy * rb) / det, db = (fa.dx * rb - fb.dx * ra) / det;
    a += da;
    b += db;
    if (std::abs(da) < tolerance && std::abs(db) < tolerance) return det * orientation > 0;
  }
  return false;
}

// As newton(), by way of points between the start and the target: for targets so far away that the straight
// way fails. From (a, b), whose image under f is (fa, fb).
template <typename F>
bool continued_newton(F&& f, double fa, double fb, double ta, double tb, double tolerance, double orientation,
                      double& a, double& b) {
  constexpr int kStages = 16;
  for (int k = 1; k <= kStages; ++k) {
    const double part = static_cast<double>(k) / kStages;
    if (!newton(f, fa + part * (ta - fa), fb + part * (tb - fb), tolerance, orientation, a, b)) return false;
  }
  return true;
}

// What the distortion of an image acts on, at a pixel.
std::pair<double, double> arguments_at(PixelPosition pixel, const Distortion& d, PixelPosition reference,
                                       const CdMatrix& cd) {
  const double u = pixel.x - reference.x, v = pixel.y - reference.y;
  if (d.place() == Distortion::Place::kPixels) return {u, v};
  return {cd[0] * u + cd[1] * v, cd[2] * u + cd[3] * v};
}

double determinant(const std::pair<DistortionPolynomial::Value, DistortionPolynomial::Value>& p) {
  return p.first.dx * p.second.dy - p.first.dy * p.second.dx;
}

}  // namespace

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
  const WcsCards cards(header);
  const Projection projection = read_projection(cards);
  const LinearPart linear = read_linear(cards, projection);
  Wcs w;
  w.crval_ = linear.tangent_point;
  w.crpix_ = linear.reference_pixel;
  w.cd_ = linear.cd;
  w.width_ = width;
  w.height_ = height;
  w.distortion_ = read_distortion(cards, projection);
  if (const auto [c, s] = linear.pole_rotation; c != 1 || s != 0) {
    const CdMatrix& m = linear.cd;
    w.cd_ = {c * m[0] + s * m[2], c * m[1] + s * m[3], c * m[2] - s * m[0], c * m[3] - s * m[1]};
    if (w.distortion_ && w.distortion_->place() == Distortion::Place::kPlane)
      w.distortion_ = std::make_shared<Distortion>(w.distortion_->turned(linear.pole_rotation));
  }
  w.finish();
  w.require_unfolded();
  if (w.distortion_ && w.area_stretch(w.middle().x, w.middle().y) < 0)
    w.distortion_ = std::make_shared<Distortion>(w.distortion_->mirroring());
  return w;
}

void Wcs::require_unfolded() const {
  if (!distortion_) return;
  constexpr int kPositions = 17;  // per axis
  int positive = 0, negative = 0;
  for (int j = 0; j < kPositions; ++j)
    for (int i = 0; i < kPositions; ++i) {
      const double stretch =
          area_stretch(i * (width_ - 1.0) / (kPositions - 1), j * (height_ - 1.0) / (kPositions - 1));
      if (stretch > 0 && std::isfinite(stretch)) ++positive;
      if (stretch < 0 && std::isfinite(stretch)) ++negative;
    }
  if (positive != kPositions * kPositions && negative != kPositions * kPositions)
    throw input_error("the distortion in the WCS cards folds the image over itself");
}

double Wcs::area_stretch(double x, double y) const {
  if (!distortion_) return 1;
  const auto [a, b] = arguments_at({x, y}, *distortion_, crpix_, cd_);
  return determinant(distortion_->with_derivatives(a, b));
}

Wcs Wcs::with_offset(double dra, double ddec) const {
  constexpr double kPolarCap = 89;  // degrees; a shift of 1 arcsec turns an image there by 1 arcmin
  Wcs w = *this;
  if (std::abs(crval_.dec) < kPolarCap) {
    w.crval_.ra += dra / std::cos(crval_.dec * kDegree);
    w.crval_.dec += ddec;
  } else if (dra != 0 || ddec != 0) {
    // Along the great circle through both points; the image turns with the difference of the norths there.
    const Wcs here = tangent(crval_.ra, crval_.dec, 0, 0, {1, 0, 0, 1}, 1, 1);
    w.crval_ = here.pixel_to_sky(dra, ddec);
    // The tangent plane at `here`, seen from its own origin and from the new tangent point: a pole-free way
    // to the angle that a rotation of the sphere along dra, ddec gives to a direction.
    const double distance = std::hypot(dra, ddec);
    const Wcs there = tangent(w.crval_.ra, w.crval_.dec, 0, 0, {1, 0, 0, 1}, 1, 1);
    const SkyPosition ahead = here.pixel_to_sky(dra + dra / distance, ddec + ddec / distance);
    const auto direction = *there.sky_to_pixel(ahead.ra, ahead.dec);
    const double angle = std::atan2(direction.y, direction.x) - std::atan2(ddec, dra);
    const double c = std::cos(angle), s = std::sin(angle);
    const CdMatrix& m = cd_;
    w.cd_ = {c * m[0] - s * m[2], c * m[1] - s * m[3], c * m[2] + s * m[0], c * m[3] + s * m[1]};
    if (w.distortion_ && w.distortion_->place() == Distortion::Place::kPlane)
      w.distortion_ = std::make_shared<Distortion>(w.distortion_->turned({c, -s}));
  }
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
  const Distortion* d = distortion_.get();
  if (d && d->place() == Distortion::Place::kPixels) std::tie(u, v) = (*d)(u, v);
  double xi = cd_[0] * u + cd_[1] * v, eta = cd_[2] * u + cd_[3] * v;
  if (d && d->place() == Distortion::Place::kPlane) std::tie(xi, eta) = (*d)(xi, eta);
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
  const auto bend = [d](double a, double b) { return d->with_derivatives(a, b); };
  // Where Newton's method does not find its way alone, from the middle of the image.
  const auto unbend = [&](double& ta, double& tb, double tolerance) {
    double a = ta, b = tb;
    if (!newton(bend, ta, tb, tolerance, d->orientation(), a, b)) {
      std::tie(a, b) = arguments_at(middle(), *d, crpix_, cd_);
      const auto [fa, fb] = (*d)(a, b);
      if (!continued_newton(bend, fa, fb, ta, tb, tolerance, d->orientation(), a, b)) return false;
    }
    ta = a;
    tb = b;
    return true;
  };
  if (d && d->place() == Distortion::Place::kPlane && !unbend(xi, eta, kPlaneTolerance)) return {};
  double u = inverse_cd_[0] * xi + inverse_cd_[1] * eta, v = inverse_cd_[2] * xi + inverse_cd_[3] * eta;
  if (d && d->place() == Distortion::Place::kPixels && !unbend(u, v, kPixelTolerance)) return {};
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
  if (std::abs(crval_.dec) >= 90) h.set("LONPOLE", 180.0, "[deg] Native longitude of the celestial pole");
  return h;
}

}  // namespace brickline
