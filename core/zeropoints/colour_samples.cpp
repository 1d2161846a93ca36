// Where the stars of a colour term come from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/zeropoints/colour_term_fit.h"

namespace brickline {
namespace {

std::size_t place_of(const std::vector<std::string>& bands, const std::string& band, const std::string& of) {
  const auto at = std::find(bands.begin(), bands.end(), band);
  if (at == bands.end()) throw input_error("{} has no band {}", of, band);
  return static_cast<std::size_t>(at - bands.begin());
}

}  // namespace

std::vector<ColourSample> colour_samples(const std::vector<LibrarySpectrum>& library,
                                         const TransmissionCurve& band, const ColourBands& bands,
                                         const std::map<std::string, TransmissionCurve>& passbands) {
  const auto magnitude = [&](const TransmissionCurve& curve, const std::string& name,
                             const LibrarySpectrum& s) {
    try {
      return ab_magnitude(curve, s.wavelengths_nm, s.flux);
    } catch (Error& error) {
      throw error.while_doing(fmt::format("spectrum {} in band {}", s.name, name));
    }
  };
  const auto of = [&](const std::string& name, const LibrarySpectrum& s) {
    if (const auto own = passbands.find(name); own != passbands.end()) return magnitude(own->second, name, s);
    for (const GaiaPassband& p : gaia_passbands())
      if (p.name == name) return magnitude(p.curve, name, s) + p.vega_minus_ab;
    throw input_error("band {} is none of Gaia's, and nobody gives its curve", name);
  };
  std::vector<ColourSample> out;
  for (const LibrarySpectrum& s : library)
    out.push_back({s.name, of(bands.colour[0], s) - of(bands.colour[1], s),
                   magnitude(band, "of the term", s) - of(bands.base, s), 0});
  return out;
}

std::vector<ColourSample> colour_samples_of_spectra(const std::vector<std::filesystem::path>& files,
                                                    const XpBand& spectrum, const ColourBands& bands,
                                                    const std::array<double, 2>& g_range) {
  PhotometricCatalog catalog = PhotometricCatalog::gspc();
  catalog.needed_bands = {"G", bands.base, bands.colour[0], bands.colour[1]};
  catalog.bands.emplace_back("AB");
  catalog.spectrum = spectrum;
  const std::size_t ab = place_of(catalog.bands, "AB", "Gaia"),
                    base = place_of(catalog.bands, bands.base, "Gaia"),
                    blue = place_of(catalog.bands, bands.colour[0], "Gaia"),
                    red = place_of(catalog.bands, bands.colour[1], "Gaia");
  std::vector<ColourSample> out;
  for (const std::filesystem::path& file : files)
    for (const PhotometricStar& star : read_photometric_stars(catalog, file, g_range)) {
      const std::vector<double>& m = star.mags;
      const double colour = m[blue] - m[red], difference = m[ab] - m[base];
      if (std::isfinite(colour + difference))
        out.push_back({fmt::format("{}", star.id), colour, difference, 0});
    }
  return out;
}

std::vector<ColourSample> colour_samples_of_photom(const std::vector<std::filesystem::path>& files,
                                                   const std::string& band, const std::string& catalog,
                                                   const ColourBands& bands, double most_error) {
  constexpr double kMostMasked = 0.5;  // of a star's pixels, as zero points have it
  std::vector<ColourSample> out;
  std::map<std::string, int> groups;
  for (const std::filesystem::path& file : files) try {
      const fits::Table t = fits::FitsReader(file).table(1);
      const auto column_of = [&](const std::string& name) {
        const std::string column = star_table_column(t, catalog, name);
        if (column.empty())
          throw input_error("the table has no column of {}'s band {}: was it measured with --photometry {}?",
                            catalog, name, catalog);
        return column;
      };
      const std::string base = column_of(bands.base), blue = column_of(bands.colour[0]),
                        red = column_of(bands.colour[1]);
      for (const char* needed :
           {"instpsfmag", "dpsfmag", "bitmask", "fracmasked", "filter", "expnum", "ccdname"})
        if (!t.has(needed)) throw input_error("the table lacks the column {}", needed);
      const std::string complete = catalog + "_mags_ok";
      const bool tells_complete = t.has(complete);
      for (std::int64_t i = 0; i < t.rows(); ++i) {
        if (t.text("filter", i) != band) continue;
        // Saturated, or bad in some other way, at the centre or around it; too few measurements in the catalog.
        if (t.number("bitmask", i) != 0 || !(t.number("fracmasked", i) <= kMostMasked)) continue;
        if (tells_complete && !t.logical(complete, i)) continue;
        const double inst = t.number("instpsfmag", i), error = t.number("dpsfmag", i);
        const auto known = [](double v) { return std::isfinite(v) && v != 0; };  // 0 is "none" there
        const double b = t.number(base, i), c0 = t.number(blue, i), c1 = t.number(red, i);
        if (!known(inst) || !(error > 0 && error <= most_error) || !known(b) || !known(c0) || !known(c1))
          continue;
        const std::string ccd = fmt::format("{} {}", t.integer("expnum", i), t.text("ccdname", i));
        const int group = groups.emplace(ccd, static_cast<int>(groups.size())).first->second;
        out.push_back({fmt::format("{} row {}", ccd, i), c0 - c1, inst - b, group});
      }
    } catch (Error& error) {
      throw error.in_file(file.string());
    }
  return out;
}

}  // namespace brickline
