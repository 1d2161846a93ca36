#include "core/model/source_model.h"

#include <algorithm>
#include <cmath>

namespace brickline {

Ellipse to_ellipse(const SoftenedEllipse& s) {
  const double eta = std::hypot(s.ee1, s.ee2);
  const double e = 1 - std::exp(-eta);
  const double ratio = eta > 0 ? e / eta : 1;
  return {std::exp(s.log_re), s.ee1 * ratio, s.ee2 * ratio};
}

SoftenedEllipse to_softened(const Ellipse& e) {
  const double length = std::hypot(e.e1, e.e2);
  const double eta = -std::log1p(-std::min(length, 0.999999));
  const double ratio = length > 0 ? eta / length : 1;
  return {std::log(e.re), e.e1 * ratio, e.e2 * ratio};
}

}  // namespace brickline
