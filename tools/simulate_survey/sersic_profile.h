// Sersic (1963) profiles of unit flux and unit half-light radius, in Fourier space:
//
//   I(r) ~ exp(-b r^(1/n)),  gamma(2n, b) = Gamma(2n)/2 .
//
// The profile is a stack of uniform discs: with t = b r^(1/n) the disc of radius r carries the share
// t^(2n) e^-t dt / Gamma(2n+1) of the light and transforms to 2 J1(k r)/(k r). On a logarithmic grid of r and
// k the sum over discs is a correlation with one kernel common to all n, exact to ~1e-6 of the flux without
// mixtures. Unless an `end` is given the light of the whole profile counts.
//
// With an end (half-light radii of the whole profile) there is no light beyond it, the rest is of unit flux: what is
// left out, of the brightness at the end, is one disc more. Such a profile's ripples are narrow: the transform is
// good to 1e-5 up to k end = 30, and to 3e-5 beyond, where they are narrower than the table's steps.
#pragma once

#include <limits>
#include <memory>
#include <vector>

namespace brickline::simulate {

class SersicProfile {
 public:
  explicit SersicProfile(double n, double end = std::numeric_limits<double>::infinity());

  double n() const { return n_; }
  // The Hankel transform at k (radians per half-light radius), 1 at k = 0. `log_k` = ln k.
  double transform(double log_k) const;
  // The share of the light inside a radius (half-light radii), and the radius that holds a share.
  double enclosed(double radius) const;
  double radius_enclosing(double share) const;
  // Where the surface brightness (flux per squared half-light radius) falls to that value; 0 if nowhere.
  double radius_of_brightness(double brightness) const;

 private:
  double n_, b_, end_;
  double share_;  // of the whole profile's light that lies within the end
  double central_brightness_;
  std::vector<double> table_;
};

}  // namespace brickline::simulate
