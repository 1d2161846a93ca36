// The true sky: stars and galaxies of realistic counts, colours, sizes and profiles.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/simulate_survey/bands.h"
#include "tools/simulate_survey/options.h"
#include "tools/simulate_survey/sky_geometry.h"

namespace brickline::simulate {

// The de Vaucouleurs profile of a composite galaxy.
struct TrueBulge {
  double half_light_radius = 0, axis_ratio = 1, position_angle = 0;  // as Source's
  std::vector<double> fraction;                                      // of the galaxy's flux, per band
};

struct Source {
  std::string type;              // PSF, REX, EXP, DEV, SER or COMP
  SkyPoint position;             // of stars: at kReferenceEpoch
  PixelPoint region_pixel;       // in the region's image
  double half_light_radius = 0;  // arcsec, major axis
  double sersic_index = 0;
  double axis_ratio = 1;
  double position_angle = 0;  // degrees, east of north
  std::vector<double> flux;   // nanomaggies, per band
  std::optional<TrueBulge>
      bulge;  // of COMP: all above is its exponential disk's, but for the flux, which is of both
  double gaia_mag = 0, gaia_bp_rp = 0;
  double pmra = 0, pmdec = 0;  // mas/yr, pmra with cos dec
  bool structure = false;      // of another source: drawn, but none of the truth's

  static constexpr double kGaiaFaintest = 20.5;  // G

  bool is_star() const { return type == "PSF"; }
  bool in_gaia() const { return is_star() && gaia_mag < kGaiaFaintest; }
};

inline constexpr double kReferenceEpoch = 2015.5;

// A band of the survey and the known one it takes its properties from.
struct SurveyBand {
  std::string name;
  const Band* like;
};
std::vector<SurveyBand> survey_bands(const SimulationOptions& options);

// Sources over the region, galaxies first. Each has a random stream of its own, so that the same seed gives
// the same first sources at any density.
std::vector<Source> draw_sources(const SimulationOptions& options, const std::vector<SurveyBand>& bands,
                                 const ImageGeometry& region);

}  // namespace brickline::simulate
