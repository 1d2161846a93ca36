#include "core/wise/galex_photometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/median.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr std::array<GalexBand, kGalexBands> kBands = {{
    {"nuv", "NUV", 'n', "PSFnuv_faint.fits"},
    {"fuv", "FUV", 'f', "PSFfuv.fits"},
}};
constexpr int kFieldPixels = 3840;
constexpr int kNoSubVisit = -999;
constexpr double kFewPhotons = 0.1;
constexpr std::array<double, 2> kBrightLimits = {0.1, 1};

TilePsf read_psf(const std::filesystem::path& path, ReadLog* reads) {
  fits::FitsReader reader(path, reads);
  Image<float> stamp = reader.image<float>(0);
  // Even sizes lose their last row and column.
  const int w = stamp.width() - (stamp.width() % 2 == 0), h = stamp.height() - (stamp.height() % 2 == 0);
  if (w < 3 || h < 3) throw input_error("{} x {} pixels are no PSF", w, h).in_file(path.string());
  stamp = crop(stamp, Box::from_size(w, h));
  double sum = 0;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) sum += stamp(x, y);
  if (!(sum > 0) || !std::isfinite(sum))
    throw input_error("not a PSF: its pixels do not add up to something positive").in_file(path.string());
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) stamp(x, y) = static_cast<float>(stamp(x, y) / sum);
  return TilePsf(std::move(stamp));
}

GalexField field_of(const fits::Table& table, std::int64_t row) {
  GalexField f;
  f.directory = f.visit = table.text("tilename", row);
  if (const std::int64_t sub = table.integer("subvis", row); sub != kNoSubVisit)
    f.visit = fmt::format("{}_sg{:02d}", f.directory, sub);
  f.wcs = Wcs::tangent(table.number("crval1", row), table.number("crval2", row),
                       table.number("crpix1", row) - 1, table.number("crpix2", row) - 1,
                       {table.number("cdelt1", row), 0, 0, table.number("cdelt2", row)}, kFieldPixels,
                       kFieldPixels);
  f.has = {table.integer("have_n", row) != 0, table.integer("have_f", row) != 0};
  f.zero_point = {table.number("n_zpmag", row), table.number("f_zpmag", row)};
  return f;
}

// The pixels that the brick's corners span, of a grid of that size.
Box region_of(const Wcs& field, int width, int height, const Wcs& brick) {
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
  for (const SkyPosition& s : brick.corners()) {
    const auto p = field.sky_to_pixel(s.ra, s.dec);
    if (!p) return {};
    x0 = std::min(x0, p->x);
    x1 = std::max(x1, p->x);
    y0 = std::min(y0, p->y);
    y1 = std::max(y1, p->y);
  }
  constexpr double kFar = 1e8;
  if (!(std::max({std::abs(x0), std::abs(x1), std::abs(y0), std::abs(y1)}) < kFar)) return {};
  const auto low = [](double v) { return static_cast<int>(std::floor(v)); };
  const auto high = [](double v) { return static_cast<int>(std::ceil(v)) + 1; };
  return intersection({low(x0), high(x1), low(y0), high(y1)}, Box::from_size(width, height));
}

std::optional<std::filesystem::path> file_of(const GalexData& data, const GalexField& field,
                                             const GalexBand& band, const char* kind) {
  const std::filesystem::path stem =
      data.directory() / field.directory / fmt::format("{}-{}d-{}.fits", field.visit, band.letter, kind);
  for (const char* ending : {".gz", ""}) {
    std::filesystem::path path = stem.string() + ending;
    if (data.reads()) data.reads()->note(path);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) return path;
  }
  return std::nullopt;
}

// Empty if the field's files are absent, it does not meet the brick, or has no weight there.
std::optional<GalexImage> read_field(const GalexData& data, const GalexField& field, std::size_t band_index,
                                     const Wcs& brick, const Log& log) {
  const GalexBand& band = kBands[band_index];
  std::string missing;
  const std::vector<std::filesystem::path> files = galex_files(data, field, band, &missing);
  if (files.empty()) {
    log.warning("GALEX field {}: no {}.gz: no photometry on it in {}", field.visit, missing, band.product);
    return std::nullopt;
  }
  fits::FitsReader reader(files[0]);
  const fits::ImageInfo info = reader.image_info(0);
  const Box region = region_of(field.wcs, info.width, info.height, brick);
  if (region.width() < 2 || region.height() < 2) return std::nullopt;
  std::array<Image<float>, 3> planes;
  planes[0] = reader.image<float>(0, region);
  for (std::size_t k = 1; k < 3; ++k) {
    fits::FitsReader plane(files[k]);
    const fits::ImageInfo own = plane.image_info(0);
    if (own.width != info.width || own.height != info.height)
      throw input_error("{} x {} pixels, and the field's image has {} x {}", own.width, own.height,
                        info.width, info.height)
          .in_file(files[k].string());
    planes[k] = plane.image<float>(0, region);
  }
  const double per_nanomaggy = std::pow(10, (field.zero_point[band_index] - 22.5) / 2.5);
  GalexImage out;
  out.wcs = field.wcs.sub_image(region);
  out.data = std::move(planes[0]);
  out.inverse_error = Image<float>(region.width(), region.height());
  out.sky_variance = out.photon_variance = out.inverse_error;
  std::vector<double> errors;
  for (int y = 0; y < region.height(); ++y)
    for (int x = 0; x < region.width(); ++x) {
      float& rate = out.data(x, y);
      const double sky = planes[1](x, y), t = planes[2](x, y);
      const bool known = sky > 0 && t > 0 && std::isfinite(sky) && std::isfinite(t);
      const double ie = !(t > 0) ? 0 : known ? std::sqrt(t / sky) : galex_inverse_error(rate, sky, t);
      if (known) {
        out.sky_variance(x, y) = static_cast<float>(sky / (t * per_nanomaggy * per_nanomaggy));
        out.photon_variance(x, y) = static_cast<float>(1 / (t * per_nanomaggy));
      }
      if (!(ie > 0) || !std::isfinite(ie) || !std::isfinite(rate)) {
        rate = std::isfinite(rate) ? static_cast<float>(rate / per_nanomaggy) : 0.0f;
        continue;
      }
      rate = static_cast<float>(rate / per_nanomaggy);
      out.inverse_error(x, y) = static_cast<float>(ie * per_nanomaggy);
      errors.push_back(ie * per_nanomaggy);
    }
  if (errors.empty()) return std::nullopt;
  out.sig1 = 1 / median_in_place(errors);
  return out;
}

// Weights of the sky and of the light that is there.
void weigh_light(GalexImage& image, const Image<float>& light) {
  for (int y = 0; y < light.height(); ++y)
    for (int x = 0; x < light.width(); ++x) {
      float& ie = image.inverse_error(x, y);
      if (!(ie > 0) || !(image.sky_variance(x, y) > 0)) continue;
      const double variance = image.sky_variance(x, y) +
                              static_cast<double>(image.photon_variance(x, y)) * std::max(0.0f, light(x, y));
      ie = static_cast<float>(1 / std::sqrt(variance));
    }
}

GalexBandPhotometry measure_band(const GalexData& data, std::span<const GalexField> fields, std::size_t band,
                                 const Wcs& brick, const Wcs& grid, std::span<const SourceModel> sources,
                                 const Log& log, GalaxyProfiles profiles, const FluxErrorRule& errors) {
  std::vector<GalexImage> images;
  for (const GalexField& field : fields)
    if (field.has[band])
      if (auto image = read_field(data, field, band, brick, log)) images.push_back(std::move(*image));
  const TilePsf& psf = data.psf(static_cast<int>(band));
  GalexBandPhotometry out;
  const std::size_t n = sources.size();
  for (auto* v : {&out.flux, &out.flux_ivar, &out.rchisq, &out.fracflux, &out.psfdepth}) v->resize(n);
  out.nobs.resize(n);
  // The value under each source, the mean by inverse variance of the fields.
  std::vector<double> central(n, 0.0), weight(n, 0.0);
  std::vector<FitTile> tiles;
  for (const GalexImage& image : images) {
    tiles.push_back({image.data.view(), image.inverse_error.view(), image.wcs, kGalexPixelScale, &psf});
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = image.wcs.sky_to_pixel(sources[i].ra, sources[i].dec);
      if (!at) continue;
      const double x = std::nearbyint(at->x), y = std::nearbyint(at->y);
      if (!(x >= 0 && y >= 0 && x < image.data.width() && y < image.data.height())) continue;
      const double ie = image.inverse_error(static_cast<int>(x), static_cast<int>(y));
      if (!(ie > 0)) continue;
      out.nobs[i] = static_cast<std::int16_t>(out.nobs[i] + 1);
      out.psfdepth[i] += std::pow(psf.norm() / image.sig1, 2);
      central[i] += ie * ie * image.data(static_cast<int>(x), static_cast<int>(y));
      weight[i] += ie * ie;
    }
  }
  for (std::size_t i = 0; i < n; ++i)
    if (weight[i] > 0) central[i] /= weight[i];
  const FootprintRule footprint{.bright_limits = kBrightLimits, .profiles = profiles};
  TileFluxes fluxes = fit_tile_fluxes(tiles, sources, central, footprint);
  for (std::size_t t = 0; t < images.size(); ++t) weigh_light(images[t], fluxes.models[t]);
  fluxes = fit_tile_fluxes(tiles, sources, central, footprint, errors);
  std::size_t lost = 0;
  for (std::size_t i = 0; i < n; ++i) {
    lost += fluxes.fit.inverse_variance[i] > 0 && !(fluxes.flux_ivar[i] > 0);
    out.flux_ivar[i] = fluxes.flux_ivar[i];
    out.flux[i] = out.flux_ivar[i] > 0 ? fluxes.fit.flux[i] : 0;
    out.rchisq[i] = fluxes.fit.statistics[i].prochi2;
    out.fracflux[i] = fluxes.fit.statistics[i].profracflux;
  }
  if (lost > 0)
    log.warning(
        "{}: {} of {} sources are not told from their neighbours: their flux and its inverse variance are 0",
        kBands[band].product, lost, n);
  TileCoadder coadder(grid, TileOverlap::kMean);
  for (std::size_t t = 0; t < images.size(); ++t)
    coadder.add(images[t].wcs, images[t].data.view(), fluxes.models[t].view(),
                images[t].inverse_error.view());
  out.coadd = coadder.finish();
  return out;
}

}  // namespace

std::span<const GalexBand> galex_bands() { return kBands; }

double galex_inverse_error(double rate, double sky, double exposure) {
  const double t = exposure > 0 ? exposure : 1;
  const double photons = (rate + sky) * t;
  const double variance = (photons > kFewPhotons ? photons : sky * t) / (t * t);
  return variance > 0 ? 1 / std::sqrt(variance) : 0;
}

GalexData::GalexData(std::filesystem::path directory, ReadLog* reads)
    : directory_(std::move(directory)), reads_(reads) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory_, ignored))
    throw input_error("no such directory: GALEX's fields are looked for there (--galex-dir or GALEX_DIR)")
        .in_file(directory_.string());
  const std::filesystem::path file = directory_ / "galex-images.fits";
  fits::FitsReader reader(file, reads_);
  for (int hdu = 0; hdu < reader.hdu_count(); ++hdu) {
    if (!reader.is_table(hdu)) continue;
    const fits::Table table = reader.table(hdu);
    try {
      for (std::int64_t i = 0; i < table.rows(); ++i) fields_.push_back(field_of(table, i));
    } catch (Error& e) {
      throw e.in_file(file.string());
    }
    break;
  }
  for (const GalexBand& band : kBands) psfs_.push_back(read_psf(directory_ / band.psf_file, reads_));
}

std::vector<std::filesystem::path> galex_files(const GalexData& data, const GalexField& field,
                                               const GalexBand& band, std::string* missing) {
  std::vector<std::filesystem::path> files;
  for (const char* kind : {"intbgsub", "skybg", "rrhr"}) {
    const auto file = file_of(data, field, band, kind);
    if (!file) {
      if (missing) *missing = fmt::format("{}d-{}.fits", band.letter, kind);
      return {};
    }
    files.push_back(*file);
  }
  return files;
}

std::vector<GalexField> GalexData::touching(const Wcs& brick) const {
  const Polygon outline = image_outline(brick.width(), brick.height());
  const SkyPosition centre = brick.center();
  std::vector<GalexField> found;
  for (const GalexField& field : fields_) {
    const SkyPosition middle = field.wcs.center();
    if (!(angular_separation(middle.ra, middle.dec, centre.ra, centre.dec) <
          field.wcs.radius_degrees() + brick.radius_degrees()))
      continue;
    Polygon projected;
    for (const PixelPosition& p : image_outline(kFieldPixels, kFieldPixels)) {
      const SkyPosition s = field.wcs.pixel_to_sky(p.x, p.y);
      if (const auto at = brick.sky_to_pixel(s.ra, s.dec)) projected.push_back(*at);
    }
    if (projected.size() == 4 && polygons_intersect(projected, outline)) found.push_back(field);
  }
  return found;
}

GalexPhotometry measure_galex(const GalexData& data, const Wcs& brick, double brick_pixel_scale,
                              std::span<const SourceModel> sources, const Log& log, GalaxyProfiles profiles,
                              const FluxErrorRule& errors) {
  GalexPhotometry out;
  out.coadd_grid = coadd_grid(brick, brick_pixel_scale, kGalexPixelScale);
  const std::vector<GalexField> fields = data.touching(brick);
  if (fields.empty()) log.warning("no GALEX field touches the brick");
  for (std::size_t b = 0; b < kGalexBands; ++b)
    out.bands[b] = measure_band(data, fields, b, brick, out.coadd_grid, sources, log, profiles, errors);
  return out;
}

}  // namespace brickline
