// Interpolating quartic B-splines of pictures (Unser, Aldroubi & Eden 1993, IEEE Trans. Sig. Proc. 41, 821):
// sharper than cubics, which is what rotating a well-sampled PSF wants.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/image.h"

namespace brickline {

// How a row of samples goes on beyond its ends: mirrored on the outer edges of the end samples (d c b a | a b
// c d | d c b a), or on their centres (d c b | a b c d | c b a).
enum class SplineEdge { kHalfSample, kWholeSample };

// Replaces samples by the coefficients of the spline through them, in place. `stride` elements apart.
void quartic_coefficients(double* values, int count, std::ptrdiff_t stride, SplineEdge edge);

class QuarticSpline {
 public:
  QuarticSpline(Image<double> samples, SplineEdge edge);
  // The spline at (x, y) in samples; up to a few samples outside too.
  double at(double x, double y) const;

 private:
  int fold(int i, int n) const;
  Image<double> coefficients_;
  SplineEdge edge_;
};

}  // namespace brickline
