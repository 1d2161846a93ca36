#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/refs/catalog_sources.h"
#include "core/refs/gaia_columns.h"
#include "core/refs/healpix.h"
#include "core/wcs/sky.h"

namespace brickline::refs {
namespace {

constexpr double kEdgePixels = 10;        // the region's own margin
constexpr double kSampleStep = 100;       // pixels between the positions whose files are looked up
constexpr double kNoMagnitude = 30;       // a transform's answer without its base magnitude
constexpr double kColourIfUnknown = 1.4;  // BP - RP, mag
constexpr float kMaskMagOfNothing = 99;   // of stars without any magnitude

const std::vector<std::string> kColumns = [] {
  std::vector<std::string> names;
  for (const GaiaColumn& column : kGaiaColumns) names.emplace_back(column.name);
  return names;
}();

// Sample positions of the region, on a grid that no file's pixel fits between.
template <typename F>
void for_each_sample(const Wcs& wcs, F&& f) {
  const auto positions = [](int size) {
    const int count = 2 + static_cast<int>((size + 2 * kEdgePixels) / kSampleStep);
    std::vector<double> out(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      out[static_cast<std::size_t>(i)] = -kEdgePixels + (size - 1 + 2 * kEdgePixels) * i / (count - 1.);
    return out;
  };
  const std::vector<double> xs = positions(wcs.width()), ys = positions(wcs.height());
  for (const double y : ys)
    for (const double x : xs) f(wcs.pixel_to_sky(x, y));
}

// A quick test that everything in the region passes, and little else.
struct SkyReach {
  explicit SkyReach(const Region& region) : centre(region.centre) {
    double farthest = 0;
    for_each_sample(region.wcs, [&](const SkyPosition& s) {
      farthest = std::max(farthest, angular_separation(centre.ra, centre.dec, s.ra, s.dec));
    });
    radius = farthest * 1.02 + 0.01;
    constexpr double kDegree = std::numbers::pi / 180;
    if (std::abs(centre.dec) + radius < 90)
      ra_reach =
          std::asin(std::min(1.0, std::sin(radius * kDegree) / std::cos(centre.dec * kDegree))) / kDegree;
  }
  bool holds(double ra, double dec) const {
    return std::abs(dec - centre.dec) <= radius && std::abs(ra_difference(ra, centre.ra)) <= ra_reach;
  }
  SkyPosition centre;
  double radius = 0, ra_reach = 360;
};

std::vector<bool> variable_flags(const fits::Table& table) {
  const fits::Column& column = table.require("phot_variable_flag");
  if (const auto* flags = std::get_if<std::vector<bool>>(&column.data)) return *flags;
  std::vector<bool> out(static_cast<std::size_t>(table.rows()));
  for (std::int64_t i = 0; i < table.rows(); ++i)
    out[static_cast<std::size_t>(i)] = column.is_string() ? table.text("phot_variable_flag", i) == "VARIABLE"
                                                          : table.number("phot_variable_flag", i) != 0;
  return out;
}

float inverse_variance(double error, double scale = 1) {
  const float e = static_cast<float>(error / scale);
  return finite_or_zero(1 / (e * e));
}

float signal_to_noise(double value, double error) {
  return finite_or_zero(static_cast<float>(value) / static_cast<float>(error));
}

// The columns that rows are made of, as numbers.
class GaiaColumns {
 public:
  explicit GaiaColumns(const fits::Table& table) : table_(table), variable_(variable_flags(table)) {
    for (const std::string& name : kColumns)
      if (name != "source_id" && name != "phot_variable_flag") numbers_[name] = table.numbers(name);
  }
  double number(const char* name, std::size_t row) const { return numbers_.find(name)->second[row]; }
  float real(const char* name, std::size_t row) const { return finite_or_zero(number(name, row)); }
  std::int16_t count(const char* name, std::size_t row) const {
    const double v = number(name, row);
    return static_cast<std::int16_t>(std::isfinite(v) ? std::clamp(v, -32768.0, 32767.0) : 0);
  }
  std::int64_t id(std::size_t row) const {
    return table_.integer("source_id", static_cast<std::int64_t>(row));
  }
  bool variable(std::size_t row) const { return variable_[row]; }

 private:
  const fits::Table& table_;
  std::map<std::string, std::vector<double>, std::less<>> numbers_;
  std::vector<bool> variable_;
};

// 0, which is unknown, where no star is as bright or as faint.
float magnitude(const GaiaColumns& c, const char* name, std::size_t i) {
  constexpr float kBrightest = -3, kFaintest = 35;
  const float mag = c.real(name, i);
  return mag >= kBrightest && mag <= kFaintest ? mag : 0;
}

GaiaMeasurements measurements_of(const GaiaColumns& c, std::size_t i) {
  GaiaMeasurements m;
  m.phot_g_mean_mag = magnitude(c, "phot_g_mean_mag", i);
  m.phot_bp_mean_mag = magnitude(c, "phot_bp_mean_mag", i);
  m.phot_rp_mean_mag = magnitude(c, "phot_rp_mean_mag", i);
  m.phot_g_mean_flux_over_error = c.real("phot_g_mean_flux_over_error", i);
  m.phot_bp_mean_flux_over_error = c.real("phot_bp_mean_flux_over_error", i);
  m.phot_rp_mean_flux_over_error = c.real("phot_rp_mean_flux_over_error", i);
  m.phot_g_n_obs = c.count("phot_g_n_obs", i);
  m.phot_bp_n_obs = c.count("phot_bp_n_obs", i);
  m.phot_rp_n_obs = c.count("phot_rp_n_obs", i);
  m.phot_variable_flag = c.variable(i);
  m.astrometric_excess_noise = c.real("astrometric_excess_noise", i);
  m.astrometric_excess_noise_sig = c.real("astrometric_excess_noise_sig", i);
  m.astrometric_n_obs_al = c.count("astrometric_n_obs_al", i);
  m.astrometric_n_good_obs_al = c.count("astrometric_n_good_obs_al", i);
  m.duplicated_source = c.number("duplicated_source", i) != 0;
  m.phot_bp_rp_excess_factor = c.real("phot_bp_rp_excess_factor", i);
  m.astrometric_sigma5d_max = c.real("astrometric_sigma5d_max", i);
  const double solved = c.number("astrometric_params_solved", i);
  m.astrometric_params_solved = static_cast<std::uint8_t>(std::isfinite(solved) ? solved : 0);
  return m;
}

// What is certainly a star: bright, well measured, or moving.
bool is_certainly_a_star(const GaiaColumns& c, std::size_t i) {
  constexpr double kAlwaysPoint = 13, kFaintestWithNoise = 18, kLeastNoise = 1, kLeastMotion = 5;
  const double g = c.number("phot_g_mean_mag", i);
  const double motion = finite_or_zero(std::hypot(c.number("pmra", i) / c.number("pmra_error", i),
                                                  c.number("pmdec", i) / c.number("pmdec_error", i)));
  return g < kAlwaysPoint ||
         (g < kFaintestWithNoise && c.number("astrometric_excess_noise", i) < kLeastNoise) ||
         motion > kLeastMotion ||
         signal_to_noise(c.number("parallax", i), c.number("parallax_error", i)) > kLeastMotion;
}

// Motions that no star has are unknown; those of a position of unknown date lead nowhere.
void check_motion(ReferenceObject& o) {
  constexpr float kFastest = 2e4F,
                  kNearest = 1e3F;  // mas/yr and mas: twice Barnard's star, and Proxima's with room
  constexpr float kFirstYear = 1900, kLastYear = 2100;
  if (!(std::hypot(o.pmra, o.pmdec) <= kFastest)) o.pmra = o.pmdec = o.pmra_ivar = o.pmdec_ivar = 0;
  if (!(std::abs(o.parallax) <= kNearest)) o.parallax = o.parallax_ivar = 0;
  if ((o.pmra != 0 || o.pmdec != 0) && !(o.ref_epoch >= kFirstYear && o.ref_epoch <= kLastYear))
    throw input_error("ref_epoch of the moving star {} is {}, which is no year", o.ref_id, o.ref_epoch);
}

std::vector<ReferenceObject> objects_of(const fits::Table& table, const ReferenceOptions& options,
                                        std::span<const GaiaTransform> transforms) {
  const GaiaColumns c(table);
  const std::string cat = fmt::format("G{}", options.gaia_version);
  constexpr double kMilliarcsec = 3.6e6;  // in a degree
  std::vector<ReferenceObject> out(static_cast<std::size_t>(table.rows()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    ReferenceObject& o = out[i];
    o.ref_cat = cat;
    o.ref_id = c.id(i);
    o.ra = c.number("ra", i);
    o.dec = c.number("dec", i);
    o.is_gaia = true;
    o.ref_epoch = c.real("ref_epoch", i);
    o.pmra = c.real("pmra", i);
    o.pmdec = c.real("pmdec", i);
    o.parallax = c.real("parallax", i);
    o.ra_ivar = inverse_variance(c.number("ra_error", i), kMilliarcsec);
    o.dec_ivar = inverse_variance(c.number("dec_error", i), kMilliarcsec);
    o.pmra_ivar = inverse_variance(c.number("pmra_error", i));
    o.pmdec_ivar = inverse_variance(c.number("pmdec_error", i));
    o.parallax_ivar = inverse_variance(c.number("parallax_error", i));
    check_motion(o);
    o.gaia = measurements_of(c, i);
    o.point_source = is_certainly_a_star(c, i);
    for (const GaiaTransform& t : transforms)
      o.band_mags.push_back(transformed_magnitude(t, o.gaia->phot_g_mean_mag, o.gaia->phot_bp_mean_mag,
                                                  o.gaia->phot_rp_mean_mag));
  }
  return out;
}

// Files that say how they are numbered, as those that gaia-chunks makes, are not read as numbered otherwise: what is
// at hand would be stars from elsewhere in the sky.
void check_scheme(const fits::Header& primary, HealpixScheme scheme) {
  const std::optional<bool> nested = primary.logical("HPXNEST");
  if (nested && *nested != (scheme == HealpixScheme::kNested))
    throw input_error("its number is in the {} scheme of HEALPix (HPXNEST), not as GAIA_CAT_SCHEME says",
                      *nested ? "nested" : "ring");
}

// Whether any of a file's stars lies where its number says.
bool lies_in(int pixel, HealpixScheme scheme, const std::vector<double>& ra, const std::vector<double>& dec) {
  for (std::size_t k = 0; k < ra.size(); ++k)
    if (std::isfinite(ra[k]) && std::abs(dec[k]) <= 90 && healpix(ra[k], dec[k], kGaiaNside, scheme) == pixel)
      return true;
  return false;
}

}  // namespace

float transformed_magnitude(const GaiaTransform& transform, float g, float bp, float rp) {
  const auto known = [](float v) { return std::isfinite(v) ? v : 0.f; };
  g = known(g);
  bp = known(bp);
  rp = known(rp);
  const float base = transform.base == "BP" ? bp : transform.base == "RP" ? rp : g;
  if (base == 0) return static_cast<float>(kNoMagnitude);
  float colour = bp == 0 || rp == 0 ? static_cast<float>(kColourIfUnknown) : bp - rp;
  colour = std::clamp(colour, static_cast<float>(transform.colour_clip[0]),
                      static_cast<float>(transform.colour_clip[1]));
  // In double precision: at the reddest colours the terms of high order cancel to a few millionths of
  // themselves, and single precision is off by hundredths of a magnitude there.
  double mag = base, power = 1;
  for (const double c : transform.coefficients) {
    mag += c * power;
    power *= colour;
  }
  return static_cast<float>(mag);
}

std::vector<int> gaia_healpixes(const Region& region, HealpixScheme scheme) {
  std::set<int> pixels;
  for_each_sample(region.wcs,
                  [&](const SkyPosition& s) { pixels.insert(healpix(s.ra, s.dec, kGaiaNside, scheme)); });
  return {pixels.begin(), pixels.end()};
}

std::vector<ReferenceObject> read_gaia(const ReferenceOptions& options, const Region& region,
                                       std::span<const GaiaTransform> transforms,
                                       std::vector<std::filesystem::path>& files) {
  std::vector<std::filesystem::path> paths;
  const std::vector<int> pixels = gaia_healpixes(region, options.gaia_scheme);
  for (const int pixel : pixels)
    paths.push_back(options.gaia_dir / fmt::format("{}-{:05d}.fits", options.gaia_prefix, pixel));
  std::error_code code;
  const std::size_t there = static_cast<std::size_t>(std::count_if(
      paths.begin(), paths.end(), [&](const auto& path) { return std::filesystem::exists(path, code); }));
  for (const std::filesystem::path& path : paths)
    if (!std::filesystem::exists(path, code))
      throw input_error(
          "this file of the Gaia catalog is missing: the field needs {}, of which {} are there. "
          "--gaia-dir (GAIA_CAT_DIR), GAIA_CAT_PREFIX and GAIA_CAT_SCHEME say where they are{}",
          paths.size(), there, does_without(options, "--no-gaia"))
          .in_file(path.string());

  const SkyReach reach(region);
  std::vector<std::vector<ReferenceObject>> found(paths.size());
  std::vector<std::exception_ptr> failures(paths.size());
  std::vector<std::uint8_t> has_stars(paths.size()), in_place(paths.size());
  tbb::parallel_for(std::size_t{0}, paths.size(), [&](std::size_t i) {
    try {
      fits::FitsReader reader(paths[i]);
      check_scheme(reader.header(0), options.gaia_scheme);
      const fits::Table positions = reader.columns(1, {"ra", "dec"});
      require_columns(positions, {"ra", "dec"});
      const std::vector<double> ra = positions.numbers("ra"), dec = positions.numbers("dec");
      has_stars[i] = !ra.empty();
      in_place[i] = lies_in(pixels[i], options.gaia_scheme, ra, dec);
      std::vector<std::int64_t> rows;
      for (std::size_t k = 0; k < ra.size(); ++k) {
        if (!reach.holds(ra[k], dec[k])) continue;
        const auto p = region.wcs.sky_to_pixel(ra[k], dec[k]);
        if (p && p->x >= -kEdgePixels && p->x <= region.wcs.width() - 1 + kEdgePixels &&
            p->y >= -kEdgePixels && p->y <= region.wcs.height() - 1 + kEdgePixels)
          rows.push_back(static_cast<std::int64_t>(k));
      }
      const fits::Table table = reader.rows(1, rows, kColumns);
      std::string lacking;
      for (const std::string& name : kColumns)
        if (!table.has(name)) lacking += (lacking.empty() ? "" : ", ") + name;
      if (!lacking.empty()) throw input_error("the table lacks {}", lacking);
      found[i] = objects_of(table, options, transforms);
    } catch (Error& error) {
      failures[i] = std::make_exception_ptr(
          error.in_file(paths[i].string())
              .while_doing("reading Gaia's stars" + does_without(options, "--no-gaia")));
    } catch (...) {
      failures[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  // Files that do not tell how they are numbered: by another scheme the field would be without stars, and nobody told.
  if (const auto first = std::ranges::find(has_stars, 1);
      first != has_stars.end() && std::ranges::find(in_place, 1) == in_place.end())
    throw input_error(
        "none of its stars, nor of the other files', lies where its number says: GAIA_CAT_SCHEME ({} now) says how they "
        "are numbered, and ra and dec are degrees{}",
        options.gaia_scheme == HealpixScheme::kNested ? "nested" : "ring", does_without(options, "--no-gaia"))
        .in_file(paths[static_cast<std::size_t>(first - has_stars.begin())].string());
  files.insert(files.end(), paths.begin(), paths.end());

  std::vector<ReferenceObject> rows;
  for (auto& part : found)
    rows.insert(rows.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  // Files that overlap hold the same star, which counts once.
  std::set<std::int64_t> known;
  std::erase_if(rows,
                [&](const ReferenceObject& o) { return o.ref_id > 0 && !known.insert(o.ref_id).second; });

  for (ReferenceObject& o : rows)
    o.mag = o.gaia->phot_g_mean_mag != 0 ? o.gaia->phot_g_mean_mag : o.gaia->phot_rp_mean_mag;
  std::vector<std::size_t> order(rows.size());  // sorted instead of the rows, which are large
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rows[a].mag < rows[b].mag; });
  std::vector<ReferenceObject> sorted;
  sorted.reserve(rows.size());
  for (const std::size_t i : order) sorted.push_back(std::move(rows[i]));
  rows = std::move(sorted);
  for (ReferenceObject& o : rows) {
    if (o.mag == 0) o.mag = o.gaia->phot_bp_mean_mag;
    o.zguess = o.band_mags[kMagBandZ];
    o.mask_mag = std::min(o.mag, o.zguess + 1);
    o.radius = StarMask::radius_degrees(o.mask_mag);
    if (o.mag == 0) {
      o.mask_mag = kMaskMagOfNothing;
      o.radius = 0;
    }
    constexpr float kKept = 4;  // radii
    o.keep_radius = kKept * o.radius;
    o.is_bright = o.mask_mag < StarMask::kBrightLimit;
    o.is_medium = o.mask_mag < StarMask::kMediumLimit;
  }
  return rows;
}

}  // namespace brickline::refs
