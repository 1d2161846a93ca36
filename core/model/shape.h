// The shape of a galaxy in pixels, and how it changes with the parameters.
//
// Softened ellipticity (ee1, ee2): eta = |(ee1, ee2)|, 1/q = 2 exp(eta) - 1 (q >= 1/1000). With lg the
// logarithm of the geometric-mean radius, lg = log_re + ln(q)/2, and J = CD^-1/3600 (pixels per arcsec along
// east and north),
//   S = exp(2 lg) J (C I + D H) J^T,  C = (q + 1/q)/2,  D = (1/q - q)/(2 eta),  H = [[-ee1, ee2], [ee2,
//   ee1]].
// In (lg, ee1, ee2) S is continuously differentiable at the round shape, where every fit starts; in (log_re,
// ee1, ee2) it has a cone there, since any ellipticity shrinks the minor axis.
#pragma once

#include <array>

#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct ShapeMatrix {
  double xx = 0, xy = 0, yy = 0;  // pixels^2 per r_e^2
};

struct ShapeDerivatives {
  ShapeMatrix shape;
  ShapeMatrix by_log_mean_radius, by_ee1, by_ee2;  // partial derivatives in (lg, ee1, ee2)
};

// CD^-1/3600, pixels per arcsec, row-major; NaN when the matrix is singular.
std::array<double, 4> pixels_per_arcsec(const CdMatrix& cd);

ShapeDerivatives shape_derivatives(const SoftenedEllipse& ellipse,
                                   const std::array<double, 4>& pixels_per_arcsec);
ShapeMatrix shape_matrix(const SoftenedEllipse& ellipse, const std::array<double, 4>& pixels_per_arcsec);

// ln(q)/2 and its derivatives with respect to (ee1, ee2); these are 0 at the round shape, where they do not
// exist.
struct HalfLogAxisRatio {
  double value = 0, by_ee1 = 0, by_ee2 = 0;
};
HalfLogAxisRatio half_log_axis_ratio(double ee1, double ee2);

}  // namespace brickline
