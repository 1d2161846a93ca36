#include "tools/simulate_survey/population.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "tools/simulate_survey/random.h"

namespace brickline::simulate {
namespace {

// Slopes d log10 N / d mag of the counts.
constexpr double kGalaxySlope = 0.33, kStarSlope = 0.18;
// No source is centred closer to the region's edge than this, pixels.
constexpr double kEdge = 12;

double draw_magnitude(Random& random, double bright, double faint, double slope) {
  const double low = std::pow(10, slope * bright), high = std::pow(10, slope * faint);
  return std::log10(random.uniform(low, high)) / slope;
}

double to_flux(double mag) { return std::pow(10, 0.4 * (22.5 - mag)); }

void place(Random& random, const SimulationOptions& options, const ImageGeometry& region, Source& source) {
  source.region_pixel.x = random.uniform(kEdge, options.size - kEdge);
  source.region_pixel.y = random.uniform(kEdge, options.size - kEdge);
  source.position = region.to_sky(source.region_pixel.x, source.region_pixel.y);
}

Source draw_galaxy(Random& random, const SimulationOptions& options, const std::vector<SurveyBand>& bands,
                   const ImageGeometry& region) {
  Source s;
  place(random, options, region, s);
  const double r = draw_magnitude(random, options.brightest_mag, options.faintest_mag, kGalaxySlope);
  // Bright galaxies are resolved and structured; the faint ones are mostly small and round.
  const double faint = std::clamp((r - 19) / 4, 0.0, 1.0);
  const double u = random.uniform();
  const double rex = 0.08 + 0.47 * faint, exp = rex + 0.37 - 0.12 * faint, dev = exp + 0.30 - 0.20 * faint;
  s.type = u < rex ? "REX" : u < exp ? "EXP" : u < dev ? "DEV" : "SER";
  const double size_scatter = random.normal();
  s.half_light_radius =
      std::clamp(0.45 * std::exp(0.35 * size_scatter) * std::pow(10, -0.12 * (r - 23)), 0.15, 6.0);
  const double index = 0.7 + 4.6 * std::pow(random.uniform(), 1.3);
  s.sersic_index = s.type == "DEV" ? 4 : s.type == "SER" ? index : 1;
  const double cos_inclination = random.uniform(), roundness = random.uniform(0.4, 1.0);
  const double disc = std::sqrt(0.04 + 0.96 * cos_inclination * cos_inclination);  // intrinsic thickness 0.2
  s.axis_ratio = s.type == "REX" ? 1 : s.type == "EXP" ? disc : roundness;
  const double angle = random.uniform(0, 180);
  s.position_angle = s.type == "REX" ? 0 : angle;
  const bool early = s.type == "DEV";
  const double gr = std::clamp(random.normal(early ? 1.0 : 0.6, early ? 0.2 : 0.35), -0.2, 1.8);
  const double rz = std::clamp(random.normal(early ? 0.7 : 0.45, 0.25), -0.2, 1.5);
  for (const SurveyBand& band : bands)
    s.flux.push_back(to_flux(r + band.like->by_gr * gr + band.like->by_rz * rz));
  return s;
}

// A galaxy becomes a bulge plus disk of its own size and light, the bulge redder. Its numbers are a stream of their own.
void add_bulge(Random& random, const std::vector<SurveyBand>& bands, Source& s) {
  s.type = "COMP";
  s.sersic_index = 0;
  TrueBulge bulge;
  const double share = random.uniform(0.2, 0.6);  // in r
  bulge.half_light_radius = s.half_light_radius * random.uniform(0.15, 0.45);
  bulge.axis_ratio = random.uniform(0.6, 1);
  bulge.position_angle = std::fmod(s.position_angle + random.normal(0, 15) + 360, 180);
  constexpr double kRedder = 0.4;  // in g - r, and half as much in r - z
  for (const SurveyBand& band : bands) {
    const double ratio =
        share / (1 - share) * to_flux(22.5 + kRedder * (band.like->by_gr + band.like->by_rz / 2));
    bulge.fraction.push_back(ratio / (1 + ratio));
  }
  s.bulge = std::move(bulge);
}

Source draw_star(Random& random, const SimulationOptions& options, const std::vector<SurveyBand>& bands,
                 const ImageGeometry& region) {
  Source s;
  s.type = "PSF";
  place(random, options, region, s);
  const double r = draw_magnitude(random, options.brightest_mag, options.faintest_mag, kStarSlope);
  // Red dwarfs take over towards faint magnitudes.
  const double red = std::clamp((r - 16) / 8, 0.1, 0.8);
  s.gaia_bp_rp = random.uniform() < red ? random.normal(2.2, 0.4) : random.normal(0.95, 0.2);
  s.gaia_bp_rp = std::clamp(s.gaia_bp_rp, 0.45, 2.95);
  s.gaia_mag = r - star_colour_offset(find_band("r"), s.gaia_bp_rp);
  for (const SurveyBand& band : bands)
    s.flux.push_back(to_flux(s.gaia_mag + star_colour_offset(*band.like, s.gaia_bp_rp)));
  s.pmra = random.normal(0, options.proper_motion);
  s.pmdec = random.normal(0, options.proper_motion);
  return s;
}

}  // namespace

std::vector<SurveyBand> survey_bands(const SimulationOptions& options) {
  std::vector<SurveyBand> bands;
  for (const std::string& name : options.bands) {
    const auto mapped = options.filter_map.find(name);
    static const std::string known = "ugrizY";
    const bool is_known = name.size() == 1 && known.find(name) != std::string::npos;
    const std::string like = mapped != options.filter_map.end() ? mapped->second : is_known ? name : "r";
    bands.push_back({name, &find_band(like)});
  }
  return bands;
}

std::vector<Source> draw_sources(const SimulationOptions& options, const std::vector<SurveyBand>& bands,
                                 const ImageGeometry& region) {
  const double side = options.size * 0.262 / 60;
  const double star_density = options.star_density.value_or(options.density / 5);
  Random count(options.seed, Stream::kSourceCount);
  const auto galaxies = static_cast<std::uint64_t>(count.poisson(0.8 * options.density * side * side));
  const auto stars = static_cast<std::uint64_t>(count.poisson(star_density * side * side));
  std::vector<Source> sources;
  for (std::uint64_t i = 0; i < galaxies; ++i) {
    Random random(options.seed, Stream::kGalaxy, {i});
    sources.push_back(draw_galaxy(random, options, bands, region));
    Random of_bulge(options.seed, Stream::kBulge, {i});
    if (sources.back().type != "REX" && of_bulge.uniform() < options.bulge_disk)
      add_bulge(of_bulge, bands, sources.back());
  }
  for (std::uint64_t i = 0; i < stars; ++i) {
    Random random(options.seed, Stream::kStar, {i});
    sources.push_back(draw_star(random, options, bands, region));
  }
  return sources;
}

}  // namespace brickline::simulate
