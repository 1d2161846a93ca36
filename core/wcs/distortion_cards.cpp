#include "core/wcs/distortion_cards.h"

#include <utility>
#include <vector>

#include "core/wcs/tnx_cards.h"

namespace brickline {
namespace {

std::shared_ptr<const Distortion> sip_distortion(const WcsCards& cards) {
  const std::vector<SipTerm> a = sip_terms(cards, 1), b = sip_terms(cards, 2);
  if (a.empty() && b.empty()) return nullptr;
  DistortionPolynomial x, y;
  for (const SipTerm& t : a) x.add_term(t.p, t.q, t.value);
  for (const SipTerm& t : b) y.add_term(t.p, t.q, t.value);
  // The polynomials are corrections to (u, v).
  x.add_term(1, 0, 1);
  y.add_term(0, 1, 1);
  return std::make_shared<Distortion>(Distortion::Place::kPixels, std::move(x), std::move(y));
}

std::shared_ptr<const Distortion> tpv_distortion(const Projection& projection) {
  if (projection.parameters.empty()) return nullptr;
  DistortionPolynomial x, y;
  bool x_has_linear = false, y_has_linear = false;
  for (const ProjectionParameter& p : projection.parameters) {
    const bool is_x = p.axis == 1;
    DistortionPolynomial& polynomial = is_x ? x : y;
    const TpvTerm powers = tpv_term(p.index);
    if (p.index == 1) (is_x ? x_has_linear : y_has_linear) = true;
    if (powers.j < 0)
      polynomial.add_radial(powers.i / 2, p.value);
    else if (is_x)
      polynomial.add_term(powers.i, powers.j, p.value);
    else
      polynomial.add_term(powers.j, powers.i, p.value);
  }
  // The linear coefficient is 1 where no card says otherwise.
  if (!x_has_linear) x.add_term(1, 0, 1);
  if (!y_has_linear) y.add_term(0, 1, 1);
  return std::make_shared<Distortion>(Distortion::Place::kPlane, std::move(x), std::move(y));
}

}  // namespace

std::shared_ptr<const Distortion> read_distortion(const WcsCards& cards, const Projection& projection) {
  switch (projection.kind) {
    case Projection::Kind::kTan:
      return nullptr;
    case Projection::Kind::kSip:
      return sip_distortion(cards);
    case Projection::Kind::kTpv:
      return tpv_distortion(projection);
    case Projection::Kind::kTnx:
      return std::make_shared<Distortion>(tnx_distortion(cards));
  }
  return nullptr;
}

}  // namespace brickline
