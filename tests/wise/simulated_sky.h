// A simulated sky as WISE and GALEX see it, on disk, with its truth; without optical images.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/model/source_model.h"
#include "core/survey/target.h"
#include "core/wise/wise_photometry.h"
#include "tests/support/data.h"
#include "tools/simulate_survey/space_telescopes.h"

namespace brickline::test {

class SimulatedSky {
 public:
  explicit SimulatedSky(simulate::SimulationOptions o) : options(std::move(o)) {
    simulate::validate(options);
    const simulate::Region region = simulate::make_region(options);
    const std::vector<simulate::SurveyBand> bands = simulate::survey_bands(options);
    const simulate::SurveyContext survey{
        options, simulate::find_layout(options.layout), region, bands, directory.path(), "decam", "decam"};
    sources = simulate::draw_sources(options, bands, region.geometry);
    simulate::write_wise(survey, sources);
    simulate::write_galex(survey, sources);
    truth = simulate::space_fluxes(options.seed, sources);
    const double step = kBrickPixelScale / 3600;
    brick = Wcs::tangent(region.geometry.reference_sky.ra, region.geometry.reference_sky.dec,
                         region.geometry.reference_pixel.x, region.geometry.reference_pixel.y,
                         {-step, 0, 0, step}, options.size, options.size);
  }

  WiseFiles wise_files() const {
    WiseFiles files;
    files.coadd_dirs = {directory / "wise/unwise"};
    if (options.wise_epochs > 0) files.epoch_dir = directory / "wise/unwise-tr";
    files.psf_dir = directory / "wise/psf";
    return files;
  }

  std::vector<SourceModel> models() const {
    std::vector<SourceModel> out;
    for (const simulate::Source& s : sources) {
      SourceModel m;
      for (SourceKind k :
           {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kDev, SourceKind::kSer})
        if (s.type == kind_name(k)) m.kind = k;
      m.ra = s.position.ra;
      m.dec = s.position.dec;
      if (m.is_galaxy()) {
        const double e = (1 - s.axis_ratio) / (1 + s.axis_ratio), pa = s.position_angle * M_PI / 90;
        m.shape = to_softened({s.half_light_radius, e * std::cos(pa), e * std::sin(pa)});
        m.sersic_index = s.sersic_index;
      }
      out.push_back(m);
    }
    return out;
  }

  TemporaryDirectory directory;
  simulate::SimulationOptions options;
  std::vector<simulate::Source> sources;
  std::vector<std::array<double, 6>> truth;  // AB nanomaggies, simulate::kSpaceBands
  Wcs brick;
};

// Median and width (half the distance of the 16th and 84th percentiles) of a list.
struct Spread {
  double median = 0, width = 0;
  std::size_t count = 0;
};
inline Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double f) { return values[static_cast<std::size_t>(f * (values.size() - 1) + 0.5)]; };
  return {at(0.5), (at(0.8413) - at(0.1587)) / 2, values.size()};
}

}  // namespace brickline::test
