#include "tools/simulate_survey/options.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>
#include <utility>

#include "core/base/error.h"
#include "tools/simulate_survey/bands.h"
#include "tools/simulate_survey/layout.h"

namespace brickline::simulate {
namespace {

void require(bool good, const char* what) {
  if (!good) throw usage_error("{}", what);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

bool plain_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '+';
  });
}

double to_number(const std::string& text, const std::string& option) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !std::isfinite(value)) throw usage_error("{}: '{}' is no number", option, text);
  return value;
}

}  // namespace

void validate(const SimulationOptions& o) {
  require(o.size >= 50 && o.size <= 20000, "--size must be 50 to 20000 pixels");
  require(o.exposures >= 1 && o.exposures <= 1000, "--nexp must be 1 to 1000");
  require(!o.bands.empty(), "--bands names no band");
  require(std::set<std::string>(o.bands.begin(), o.bands.end()).size() == o.bands.size(),
          "--bands names a band twice");
  for (const std::string& band : o.bands)
    if (!plain_name(band)) throw usage_error("--bands: '{}' is no band name", band);
  require(o.density >= 0 && o.density <= 1000, "--density must be 0 to 1000 per square arcminute");
  require(o.bulge_disk >= 0 && o.bulge_disk <= 1, "--bulge-disk must be 0 to 1");
  require(o.star_density.value_or(0) >= 0 && o.star_density.value_or(0) <= 2000,
          "--star-density must be 0 to 2000 per square arcminute");
  require(o.brightest_mag >= 8 && o.faintest_mag <= 30 && o.brightest_mag < o.faintest_mag,
          "--bright and --faint must satisfy 8 <= bright < faint <= 30");
  for (const SkyPoint& p : {o.brick_position, o.custom_centre.value_or(SkyPoint{})})
    require(std::isfinite(p.ra) && std::abs(p.dec) <= 90 && std::abs(p.ra) <= 720,
            "the position must be degrees, declination -90 to 90");
  require(o.exposure_time > 0 && o.gain > 0 && o.read_noise >= 0 && o.saturation > 0,
          "exposure time, gain and saturation must be positive");
  require(o.pixel_scale > 0.02 && o.pixel_scale < 5, "--pixscale must be 0.02 to 5 arcsec");
  require(o.moffat_beta > 1.5 && o.moffat_beta <= 20, "--moffat-beta must be above 1.5 and at most 20");
  require(std::abs(o.psf_variation) <= 0.2, "--psf-variation must be at most 0.2");
  require(o.psf_size % 2 == 1 && o.psf_size >= 15 && o.psf_size <= 255, "--psf-size must be odd, 15 to 255");
  require(std::abs(o.sky_gradient) <= 0.5, "--sky-gradient must be at most 0.5");
  require(o.night_scatter >= 0 && o.night_scatter <= 3, "--scatter must be 0 to 3");
  require(o.cosmic_rays >= 0 && o.cosmic_rays <= 1000 && o.bad_columns >= 0 && o.bad_columns <= 100,
          "--cosmic-rays and --bad-columns must not be negative or absurd");
  require(o.overlap >= 20 && o.overlap <= 1000, "--overlap must be 20 to 1000 pixels");
  require(o.quantize_level >= 1 && o.quantize_level <= 1000, "--quantize must be 1 to 1000");
  require(o.wise_tiles >= 0 && o.wise_tiles <= 3, "--wise must be 0 to 3 tiles on a side");
  require(o.wise_epochs >= 0 && o.wise_epochs <= 40, "--wise-epochs must be 0 to 40");
  require(o.wise_tiles > 0 || o.wise_epochs == 0, "--wise-epochs needs --wise");
  require(o.galex_tiles >= 0 && o.galex_tiles <= 5, "--galex must be 0 to 5 fields");
  require(o.spectra_faintest >= 0 && o.spectra_faintest <= 30,
          "--gaia-spectra must be a G magnitude, 0 to 30");
  require(o.camera_name.empty() || plain_name(o.camera_name),
          "--camera-name must be letters, digits, '-', '_' and '+'");
  for (const auto& [name, like] : o.filter_map) find_band(like);
  const std::vector<Chip>& chips = find_layout(o.layout).chips;
  for (const auto& [name, mag] : o.chip_offset) {
    if (std::none_of(chips.begin(), chips.end(), [&name = name](const Chip& c) { return c.name == name; }))
      throw usage_error("--chip-offset: the layout has no chip '{}'", name);
    require(std::abs(mag) <= 2, "--chip-offset must be at most 2 mag");
  }
  for (const auto* values : {&o.sig1, &o.depth, &o.seeing})
    for (const auto& [band, value] : *values) {
      if (std::find(o.bands.begin(), o.bands.end(), band) == o.bands.end())
        throw usage_error("a value is given for band {}, which --bands does not name", band);
      if (!(value > 0)) throw usage_error("noise, depth and seeing must be positive (band {})", band);
    }
  for (const auto& [band, value] : o.seeing)
    if (value / o.pixel_scale < 1.5 || value / o.pixel_scale > 30)
      throw usage_error("the seeing of band {} must be 1.5 to 30 pixels", band);
  find_layout(o.layout);
}

std::vector<std::string> parse_bands(const std::string& text) {
  if (text.find(',') != std::string::npos) return split(text);
  // The broad bands of imaging surveys are letters and may be run together; anything else is one band's name.
  if (text.find_first_not_of("ugrizyY") != std::string::npos) return {text};
  std::vector<std::string> bands;
  for (char c : text) bands.emplace_back(1, c);
  return bands;
}

std::map<std::string, double> parse_band_values(const std::string& text,
                                                const std::vector<std::string>& bands,
                                                const std::string& option) {
  std::map<std::string, double> values;
  if (text.empty()) return values;
  if (text.find('=') == std::string::npos) {
    for (const std::string& band : bands) values[band] = to_number(text, option);
    return values;
  }
  for (const std::string& part : split(text)) {
    const auto equals = part.find('=');
    if (equals == std::string::npos) throw usage_error("{}: '{}' is not BAND=VALUE", option, part);
    values[part.substr(0, equals)] = to_number(part.substr(equals + 1), option);
  }
  return values;
}

std::map<std::string, double> parse_chip_offsets(const std::string& text) {
  std::map<std::string, double> offsets;
  for (const std::string& part : split(text)) {
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      throw usage_error("--chip-offset: '{}' is not CHIP=MAG", part);
    offsets[part.substr(0, equals)] = to_number(part.substr(equals + 1), "--chip-offset");
  }
  return offsets;
}

std::map<std::string, std::string> parse_filter_map(const std::string& text) {
  std::map<std::string, std::string> map;
  for (const std::string& part : split(text)) {
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      throw usage_error("--filter-map: '{}' is not NEW=KNOWN", part);
    map[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return map;
}

}  // namespace brickline::simulate
