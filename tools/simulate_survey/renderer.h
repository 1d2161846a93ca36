// Light of point sources and Sersic galaxies on pixels, by brute force and without the fitting engine's code.
//
// Stars: the Moffat integrated over every pixel of a stamp. Galaxies: product of the profile's Hankel
// transform, the Moffat's transform and the pixel's, on a grid of wave vectors with the aliases of the
// sampling included, brought back by one FFT. The stamp's size follows from where the light falls below a
// given surface brightness; what lies beyond it is folded back, so that the flux is conserved exactly.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "core/base/image.h"
#include "tools/simulate_survey/point_spread.h"
#include "tools/simulate_survey/sersic_profile.h"

namespace brickline::simulate {

// A galaxy as the image sees it.
struct GalaxyShape {
  const SersicProfile* profile = nullptr;
  double half_light_radius = 0;  // arcsec, major axis
  double axis_ratio = 1;
  double position_angle = 0;                           // degrees, east of north
  std::array<double, 4> arcsec_per_pixel{1, 0, 0, 1};  // d(east, north)/d(x, y)
};

// Adds sources to an image; safe to share between threads that draw on different images.
class Renderer {
 public:
  struct Options {
    // Stamps end where a source's light falls below this; the unit is that of the image's pixels.
    double faintest_brightness = 0.01;
    int largest_stamp = 1024;  // pixels; larger wings are folded back (galaxies) or cut (stars)
  };
  explicit Renderer(const Options& options);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  void add_star(Image<float>& image, const Moffat& psf, double x, double y, double flux) const;
  void add_galaxy(Image<float>& image, const Moffat& psf, const MoffatTransform& transform,
                  const GalaxyShape& galaxy, double x, double y, double flux) const;
  const Options& options() const { return options_; }

 private:
  struct Plan;
  const Plan& plan(int size) const;
  Options options_;
  mutable std::mutex mutex_;
  mutable std::map<int, std::unique_ptr<Plan>> plans_;
};

}  // namespace brickline::simulate
