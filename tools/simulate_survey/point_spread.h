// The simulator's point-spread function: an elliptical Moffat (1969) profile, integrated over pixels.
//
//   I(x) = (beta - 1)/(pi a^2) (1 + x^T M x / a^2)^-beta,  det M = 1,  fwhm = 2 a sqrt(2^(1/beta) - 1)
//
// Its Fourier transform, needed to convolve galaxies, is 2/Gamma(beta-1) (q/2)^(beta-1) K_{beta-1}(q) with
// q = a sqrt(k^T M^-1 k). Lengths are pixels, wave numbers radians per pixel.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/base/image.h"

namespace brickline::simulate {

struct MoffatShape {
  double fwhm = 4;        // pixels, of the geometric-mean axis, before pixel integration
  double e1 = 0, e2 = 0;  // |e| = (1-q)/(1+q); position angle from +x towards +y is atan2(e2, e1)/2
};

// The transform as a function of q for one beta; made once, then read by everyone.
class MoffatTransform {
 public:
  explicit MoffatTransform(double beta);
  double beta() const { return beta_; }
  double operator()(double q) const {
    const double t = q * kPerUnit;
    if (t >= kLast) return 0;
    const int i = static_cast<int>(t);
    const double f = t - i;
    const double* v = values_.data() + i;  // v[1] is the value at i
    return v[1] + 0.5 * f *
                      (v[2] - v[0] +
                       f * (2 * v[0] - 5 * v[1] + 4 * v[2] - v[3] + f * (3 * (v[1] - v[2]) + v[3] - v[0])));
  }

 private:
  static constexpr double kPerUnit = 128;
  static constexpr int kLast = 40 * 128;
  double beta_;
  std::vector<double> values_;
};

class Moffat {
 public:
  Moffat(const MoffatShape& shape, double beta);

  // Flux in the unit pixel whose centre is (dx, dy) from the source's, by Gauss-Legendre quadrature.
  double pixel(double dx, double dy) const;
  // q of the transform at a wave vector.
  double transform_argument(double kx, double ky) const;
  // The distance at which a source of that flux falls below `surface_brightness` per pixel.
  double reach(double flux, double surface_brightness) const;
  // Radius of the circle holding half the light (of the round profile).
  double half_light_radius() const;
  // Response to a unit source at the centre of an odd stamp; its sum is the flux inside.
  Image<double> stamp(int size) const;

 private:
  double density(double dx, double dy) const;
  double beta_, a_, peak_;
  int twice_beta_;  // if beta is a multiple of 1/2, else 0
  double mxx_, mxy_, myy_;
};

// The PSF over one CCD: the Moffat's parameters vary smoothly with position. Photometric convention: a
// source's flux is what falls into a stamp of `stamp_size` pixels, the calibration's own aperture, so `norm`
// is 1/(flux in it).
class PsfField {
 public:
  struct Options {
    double fwhm = 4, e1 = 0, e2 = 0;               // at the CCD's centre
    std::array<double, 5> fwhm_terms{};            // relative, for u, v, u^2, uv, v^2
    std::array<double, 2> e1_terms{}, e2_terms{};  // for u, v
    double beta = 3.5;
    int stamp_size = 63;
    int width = 2046, height = 4094;  // of the CCD; u, v = (x - width/2)/(width/2) ...
  };
  PsfField(const Options& options, std::shared_ptr<const MoffatTransform> transform);

  Moffat at(double x, double y) const;
  double norm(double x, double y) const;
  const MoffatTransform& transform() const { return *transform_; }
  const Options& options() const { return options_; }

  // PSFEx's form: the planes of a degree-2 polynomial in u, v (order 1, u, u^2, v, uv, v^2) that fits the
  // unit-sum stamps over the CCD in the least-squares sense; one plane if nothing varies.
  std::vector<Image<float>> polynomial_planes() const;
  bool varies() const;

 private:
  MoffatShape shape_at(double x, double y) const;
  Options options_;
  std::shared_ptr<const MoffatTransform> transform_;
  std::array<double, 6> norm_terms_{};
};

}  // namespace brickline::simulate
