// Where the telescope points, which chips see the region, and under what conditions: everything about the
// exposures but their pixels.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/halo_model.h"
#include "tools/simulate_survey/layout.h"
#include "tools/simulate_survey/options.h"
#include "tools/simulate_survey/point_spread.h"
#include "tools/simulate_survey/population.h"
#include "tools/simulate_survey/sky_geometry.h"

namespace brickline::simulate {

// The region that the survey covers: a square of brick pixels.
struct Region {
  static constexpr double kPixelScale = 0.262;  // arcsec
  static constexpr int kBrickPixels = 3600;
  Brick brick;          // that holds the centre
  bool custom = false;  // centred on a point of the caller's, not on the brick
  SkyPoint centre;
  int size = 0;
  ImageGeometry geometry;                                       // of the region's own pixels
  int zoom_low() const { return kBrickPixels / 2 - size / 2; }  // of the region in its brick
};
Region make_region(const SimulationOptions& options);

// Sky level over a CCD in counts: level (1 + t0 u + t1 v + t2 u^2 + t3 uv + t4 v^2), u = 2x/W - 1, v = 2y/H -
// 1 in pixels of the whole chip.
struct SkySurface {
  double level = 0;
  std::array<double, 5> terms{};
  int width = 1, height = 1;
  double at(double x, double y) const {
    const double u = 2 * x / width - 1, v = 2 * y / height - 1;
    return level * (1 + u * (terms[0] + terms[2] * u + terms[3] * v) + v * (terms[1] + terms[4] * v));
  }
};

struct CcdPlan {
  std::string name;
  int number = 0;
  int index = 0;                         // among the exposure's CCDs; the HDU is index + 1
  Box extent;                            // of the image in the chip
  ImageGeometry geometry;                // as the sky really falls on the image's pixels
  SkyPoint header_reference;             // CRVAL as the header has it, before the correction
  double offset_ra = 0, offset_dec = 0;  // arcsec: ccdraoff, ccddecoff
  PsfField::Options psf;                 // in chip pixels
  SkySurface sky;                        // counts
  std::optional<HaloModel> halo;         // of bright stars (halo.h)
  double flux_factor = 1;                // of the sources: what the zero point does not know
  double focal_x = 0, focal_y = 0;       // of pixel (0,0) from the optical axis, pixels

  int width() const { return extent.width(); }
  int height() const { return extent.height(); }
};

struct Exposure {
  int band = 0;   // index into the survey's bands
  int index = 0;  // among all exposures
  std::int64_t number = 0;
  double mjd = 0;  // UTC, start
  double exposure_time = 0;
  double airmass = 1.2;
  double zero_point = 0;  // AB mag of one count per second
  double counts_per_nanomaggy = 0;
  double noise = 0;       // counts per pixel without sources
  double read_noise = 0;  // counts
  double fwhm = 0;        // pixels, of the Moffat at the CCD's centre
  SkyPoint boresight;
  std::optional<PixelPoint> trail;  // a satellite's track passes here: pixels from the optical axis
  std::string stem;                 // path below images/ with "{}" for the kind: "camera/.../..._oo{}_g_ls9"
  std::vector<CcdPlan> ccds;

  std::string path(char kind) const;
};

std::vector<Exposure> plan_exposures(const SimulationOptions& options, const Layout& layout,
                                     const Region& region, const std::vector<SurveyBand>& bands);

}  // namespace brickline::simulate
