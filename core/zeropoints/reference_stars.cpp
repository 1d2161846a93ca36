#include "core/zeropoints/reference_stars.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/model/sky_motion.h"
#include "core/refs/gaia_magnitude.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

// The photometric star nearest to each of Gaia's within the radius; of two that have the same, the nearer keeps it. -1:
// none.
std::vector<int> matches(const std::vector<GaiaStar>& gaia, const std::vector<PhotometricStar>& stars,
                         double radius) {
  std::vector<std::size_t> order(stars.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return stars[a].dec < stars[b].dec; });
  std::vector<int> found(gaia.size(), -1);
  std::vector<double> distance(gaia.size(), radius);
  for (std::size_t i = 0; i < gaia.size(); ++i) {
    auto at = std::lower_bound(order.begin(), order.end(), gaia[i].dec - radius,
                               [&](std::size_t k, double dec) { return stars[k].dec < dec; });
    for (; at != order.end() && stars[*at].dec <= gaia[i].dec + radius; ++at) {
      const double apart = angular_separation(gaia[i].ra, gaia[i].dec, stars[*at].ra, stars[*at].dec);
      if (apart > radius || (found[i] >= 0 && apart >= distance[i])) continue;
      found[i] = static_cast<int>(*at);
      distance[i] = apart;
    }
  }
  std::vector<int> owner(stars.size(), -1);
  for (std::size_t i = 0; i < gaia.size(); ++i) {
    if (found[i] < 0) continue;
    int& owns = owner[static_cast<std::size_t>(found[i])];
    if (owns >= 0 && distance[static_cast<std::size_t>(owns)] <= distance[i]) {
      found[i] = -1;
      continue;
    }
    if (owns >= 0) found[static_cast<std::size_t>(owns)] = -1;
    owns = static_cast<int>(i);
  }
  return found;
}

// The same by identifiers, where the catalog is Gaia's own.
std::vector<int> matches_by_id(const std::vector<GaiaStar>& gaia, const std::vector<PhotometricStar>& stars) {
  std::map<std::int64_t, int> places;
  for (std::size_t i = 0; i < stars.size(); ++i) places.emplace(stars[i].id, static_cast<int>(i));
  std::vector<int> found;
  for (const GaiaStar& star : gaia) {
    const auto at = places.find(star.id);
    found.push_back(at == places.end() ? -1 : at->second);
  }
  return found;
}

std::size_t index_of(const std::vector<std::string>& bands, const std::string& band) {
  const auto at = std::find(bands.begin(), bands.end(), band);
  if (at == bands.end())
    throw input_error("a colour term of the camera's facts is of band {}, which the catalog does not have",
                      band);
  return static_cast<std::size_t>(at - bands.begin());
}

// Both ends are within; what is no number is not.
bool is_valid(const ColourTerm& term, double colour) {
  return !term.valid || (colour >= (*term.valid)[0] && colour <= (*term.valid)[1]);
}

double gaia_magnitude_of(const ColourTerm& term, const GaiaStar& star) {
  GaiaTransform transform;
  transform.base = term.base;
  transform.coefficients = term.coefficients;
  if (term.colour_clip) transform.colour_clip = *term.colour_clip;
  return refs::transformed_magnitude(transform, star.g, star.bp, star.rp);
}

// The usable first, then by magnitude; so many of them.
void keep_brightest(std::vector<ReferenceStar>& stars, int most) {
  if (stars.size() <= static_cast<std::size_t>(most)) return;
  std::stable_sort(stars.begin(), stars.end(), [](const ReferenceStar& a, const ReferenceStar& b) {
    if (a.usable != b.usable) return a.usable;
    const double mag_a = std::isfinite(a.mag) ? a.mag : 1e9, mag_b = std::isfinite(b.mag) ? b.mag : 1e9;
    return mag_a < mag_b;
  });
  stars.resize(static_cast<std::size_t>(most));
}

}  // namespace

double transformed_magnitude(const ColourTerm& term, const std::vector<std::string>& bands,
                             const std::vector<double>& mags) {
  double colour = mags[index_of(bands, term.colour[0])] - mags[index_of(bands, term.colour[1])];
  if (term.colour_clip && std::isfinite(colour))
    colour = std::clamp(colour, (*term.colour_clip)[0], (*term.colour_clip)[1]);
  double sum = 0, power = 1;
  for (const double c : term.coefficients) {
    sum += c * power;
    power *= colour;
  }
  if (std::isfinite(sum)) sum = std::clamp(sum, term.clip[0], term.clip[1]);
  return mags[index_of(bands, term.base)] + sum;
}

std::optional<PhotometricProvider> photometric_provider(const CameraFacts& facts, const std::string& catalog,
                                                        const std::string& band, const XpBasis* basis) {
  const auto known = facts.photometry.catalogues.find(catalog);
  const CatalogueFacts* f = known == facts.photometry.catalogues.end() ? nullptr : &known->second;
  const ColourTerm* term = nullptr;
  if (f)
    if (const auto at = f->bands.find(band); at != f->bands.end() && !at->second.coefficients.empty())
      term = &at->second;
  PhotometricProvider out;
  out.name = catalog;
  if (catalog == "xp") {
    const auto curve = facts.photometry.bands.find(band);
    if (curve == facts.photometry.bands.end() || curve->second.transmission.empty()) return {};
    const TransmissionCurve transmission(curve->second.transmission);
    out.catalog = PhotometricCatalog::xp(basis ? XpBand::of_continuous(transmission, *basis)
                                               : XpBand::of_sampled(transmission));
    out.term.base = "AB";
    out.term.colour = {"BP", "RP"};
    out.term.coefficients = {0};
  } else if (!term) {
    return {};
  }
  if (term) out.term = *term;
  if (catalog == "xp" && out.term.base.empty()) out.term.base = "AB";
  if ((catalog == "xp" || catalog == "gspc") && out.term.colour[0].empty()) out.term.colour = {"BP", "RP"};
  if (catalog == "gaia" || catalog == "xp") {
    out.range_colour = {"BP", "RP"};
  } else if (catalog == "ps1") {
    out.catalog = PhotometricCatalog::ps1();
    out.range_colour = {"g", "i"};
  } else {
    out.catalog = catalog == "sdss"   ? PhotometricCatalog::sdss()
                  : catalog == "gspc" ? PhotometricCatalog::gspc()
                                      : PhotometricCatalog::described(catalog, *f);
    out.range_colour = out.term.colour;
  }
  if (out.catalog && f)
    out.catalog->require.insert(out.catalog->require.end(), f->require.begin(), f->require.end());
  const std::array<double, 2>* range = nullptr;
  if (f)
    for (const std::string& name : {band, std::string("*")})
      if (const auto at = f->colour_range.find(name); at != f->colour_range.end() && !range)
        range = &at->second;
  if (range)
    out.colour_range = *range;
  else
    out.range_colour = {};
  if (out.catalog && out.catalog->of_gaia) {
    std::vector<std::string>& needed = out.catalog->needed_bands;
    needed = {out.term.base, out.term.colour[0], out.term.colour[1]};
    if (range) needed.insert(needed.end(), out.range_colour.begin(), out.range_colour.end());
  }
  return out;
}

ReferenceStars read_reference_stars(const Wcs& wcs, double mjd, const CatalogFiles& gaia_files,
                                    const PhotometricProvider* provider, const ReferenceStarOptions& options,
                                    CatalogCache& cache) {
  const Footprint footprint(wcs, options.footprint_margin_pixels);
  ReferenceStars out;
  if (provider) out.term_error = provider->term.error;
  const auto from_gaia = [&](const GaiaStar& g) {
    ReferenceStar star;
    star.gaia = g;
    const SkyPosition now =
        position_at(g.ra, g.dec, SkyMotion{g.pmra, g.pmdec, g.parallax, g.ref_epoch}, mjd);
    star.ra_now = now.ra;
    star.dec_now = now.dec;
    return star;
  };
  std::vector<GaiaStar> gaia = read_gaia_stars(gaia_files, footprint, cache);
  const bool by_id = provider && provider->catalog && provider->catalog->of_gaia;
  const auto most = static_cast<std::size_t>(options.most_stars);
  if (gaia.size() > most) {
    std::stable_sort(gaia.begin(), gaia.end(), [](const GaiaStar& a, const GaiaStar& b) {
      return (a.g == 0 ? 1e9f : a.g) < (b.g == 0 ? 1e9f : b.g);
    });
    // Those with the brightest magnitudes are others, which still have their places here.
    if (!by_id) gaia.resize(most);
  }
  out.gaia = static_cast<int>(std::min(gaia.size(), most));

  if (provider && !provider->catalog) {  // Gaia's own magnitudes
    for (const GaiaStar& g : gaia) {
      ReferenceStar star = from_gaia(g);
      star.mag = gaia_magnitude_of(provider->term, g);
      const double colour = static_cast<double>(g.bp) - static_cast<double>(g.rp);
      star.usable = g.bp != 0 && g.rp != 0 && g.g != 0 &&
                    (provider->range_colour[0].empty() ||
                     (colour > provider->colour_range[0] && colour < provider->colour_range[1])) &&
                    is_valid(provider->term, colour);
      out.stars.push_back(std::move(star));
    }
    out.photometric = out.gaia;
  } else {
    std::vector<ReferenceStar> photometric;
    if (provider) try {
        const std::vector<std::string>& bands = provider->catalog->bands;
        for (PhotometricStar& p : read_photometric_stars(*provider->catalog, footprint, cache)) {
          ReferenceStar star;
          star.mag = transformed_magnitude(provider->term, bands, p.mags);
          star.usable = p.complete && std::isfinite(star.mag);
          if (!provider->range_colour[0].empty()) {
            const double colour = p.mags[index_of(bands, provider->range_colour[0])] -
                                  p.mags[index_of(bands, provider->range_colour[1])];
            star.usable &= colour > provider->colour_range[0] && colour < provider->colour_range[1];
          }
          if (provider->term.valid)
            star.usable &= is_valid(provider->term, p.mags[index_of(bands, provider->term.colour[0])] -
                                                        p.mags[index_of(bands, provider->term.colour[1])]);
          star.ra_now = p.ra;
          star.dec_now = p.dec;
          star.photometric = std::move(p);
          star.has_photometric = true;
          photometric.push_back(std::move(star));
        }
        if (photometric.empty()) out.no_photometry = "the photometric catalog has no star there";
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::kInput) throw;
        photometric.clear();
        out.no_photometry = e.line();
      }
    out.photometric = static_cast<int>(photometric.size());
    keep_brightest(photometric, options.most_stars);
    std::vector<PhotometricStar> places;
    for (const ReferenceStar& star : photometric) places.push_back(star.photometric);
    const std::vector<int> match =
        by_id ? matches_by_id(gaia, places) : matches(gaia, places, options.match_radius_arcsec / 3600);
    for (std::size_t i = 0; i < gaia.size(); ++i) {
      ReferenceStar star = from_gaia(gaia[i]);
      if (match[i] < 0) {
        if (i < most) out.stars.push_back(std::move(star));
        continue;
      }
      ReferenceStar& other = photometric[static_cast<std::size_t>(match[i])];
      other.gaia = star.gaia;
      other.ra_now = star.ra_now;
      other.dec_now = star.dec_now;
    }
    out.stars.insert(out.stars.end(), photometric.begin(), photometric.end());
  }
  out.usable = static_cast<int>(
      std::count_if(out.stars.begin(), out.stars.end(), [](const ReferenceStar& s) { return s.usable; }));
  return out;
}

}  // namespace brickline
