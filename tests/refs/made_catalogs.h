// Catalogs made for a test: Gaia files and large-galaxy files around a small field.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/fits/fits_writer.h"
#include "core/refs/catalog_sources.h"
#include "core/refs/healpix.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/target.h"

namespace brickline::test {

inline Wcs small_field(double ra = 150, double dec = 2, int size = 100) {
  return brick_wcs(ra, dec, size, size, 0.262);
}

struct GaiaStar {
  std::int64_t source_id = 1;
  double ra = 150, dec = 2;
  float pmra = 0, pmdec = 0, parallax = 0, g = 16, bp = 16.5F, rp = 15.5F;
};

// A table of Gaia's columns; `variable_as_text`: phot_variable_flag as Gaia's archive has it.
inline fits::Table gaia_table(const std::vector<GaiaStar>& stars, bool variable_as_text = false) {
  fits::Table t;
  const auto reals = [&](const char* name, auto&& value) {
    std::vector<float> v;
    for (const GaiaStar& s : stars) v.push_back(static_cast<float>(value(s)));
    t.add(name, std::move(v));
  };
  const auto constant = [&](const char* name, double value) {
    reals(name, [=](const GaiaStar&) { return value; });
  };
  std::vector<std::int64_t> id;
  std::vector<double> ra, dec;
  for (const GaiaStar& s : stars) {
    id.push_back(s.source_id);
    ra.push_back(s.ra);
    dec.push_back(s.dec);
  }
  t.set_rows(static_cast<std::int64_t>(stars.size()));
  t.add("source_id", std::move(id));
  t.add("ra", std::move(ra));
  t.add("dec", std::move(dec));
  for (const char* name : {"ra_error", "dec_error", "pmra_error", "pmdec_error", "parallax_error"})
    constant(name, 0.1);
  reals("pmra", [](const GaiaStar& s) { return s.pmra; });
  reals("pmdec", [](const GaiaStar& s) { return s.pmdec; });
  reals("parallax", [](const GaiaStar& s) { return s.parallax; });
  constant("ref_epoch", 2016.0);
  reals("phot_g_mean_mag", [](const GaiaStar& s) { return s.g; });
  reals("phot_bp_mean_mag", [](const GaiaStar& s) { return s.bp; });
  reals("phot_rp_mean_mag", [](const GaiaStar& s) { return s.rp; });
  for (const char* name :
       {"phot_g_mean_flux_over_error", "phot_bp_mean_flux_over_error", "phot_rp_mean_flux_over_error",
        "astrometric_excess_noise", "astrometric_excess_noise_sig", "phot_bp_rp_excess_factor",
        "astrometric_sigma5d_max", "astrometric_params_solved"})
    constant(name, 1);
  for (const char* name : {"phot_g_n_obs", "phot_bp_n_obs", "phot_rp_n_obs", "astrometric_n_obs_al",
                           "astrometric_n_good_obs_al"})
    t.add(name, std::vector<std::int16_t>(stars.size(), 9));
  t.add("duplicated_source", std::vector<bool>(stars.size(), false));
  if (variable_as_text)
    t.add("phot_variable_flag", std::vector<std::string>(stars.size(), "VARIABLE"));
  else
    t.add("phot_variable_flag", std::vector<bool>(stars.size(), true));
  return t;
}

inline void write_table(const std::filesystem::path& path, const fits::Table& table,
                        const fits::Header& primary = {}) {
  fits::FitsWriter writer;
  writer.add_empty_primary(primary);
  writer.add_table(table);
  writer.write(path);
}

// All files that the field needs. The table is in the one where its first star lies, or else in the first; stars outside
// the region are the reader's to drop.
inline std::vector<std::filesystem::path> write_gaia(const std::filesystem::path& dir, const Wcs& wcs,
                                                     const fits::Table& stars,
                                                     HealpixScheme scheme = HealpixScheme::kRing) {
  std::vector<std::filesystem::path> paths;
  const auto region = refs::padded_region(wcs, StarMask::kRadiusOfMagnitude0);
  const std::vector<int> pixels = refs::gaia_healpixes(region, scheme);
  constexpr int kNside = 32;
  const int own = stars.rows() > 0 && std::isfinite(stars.number("ra", 0))
                      ? healpix(stars.number("ra", 0), stars.number("dec", 0), kNside, scheme)
                      : -1;
  const int with_stars = std::ranges::find(pixels, own) == pixels.end() ? pixels.front() : own;
  for (const int pixel : pixels) {
    paths.push_back(dir / fmt::format("chunk-{:05d}.fits", pixel));
    write_table(paths.back(), pixel == with_stars ? stars : stars.select({}));
  }
  return paths;
}

// Only what is given, nothing else is wanted.
inline ReferenceOptions only_gaia(const std::filesystem::path& dir) {
  ReferenceOptions options;
  options.tycho = options.large_galaxies = options.star_clusters = false;
  options.gaia_dir = dir;
  options.gaia_version = std::string("3");
  return options;
}
inline ReferenceOptions only_galaxies(const std::filesystem::path& file) {
  ReferenceOptions options;
  options.tycho = options.gaia = options.star_clusters = false;
  options.large_galaxies_file = file;
  return options;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace brickline::test
