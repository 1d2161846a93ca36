#include "core/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/catalog/columns.h"
#include "core/facts/band_facts.h"
#include "core/fits/fits_writer.h"
#include "core/model/catalog_order.h"
#include "core/model/errors_card.h"
#include "core/model/profiles_card.h"
#include "core/survey/bits.h"

namespace brickline {

namespace {

constexpr double kDegree = M_PI / 180;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void clear_non_finite(float& v) {
  if (!std::isfinite(v)) v = 0;
}

// The angle between two positions, arcsec (haversine: exact for the smallest distances).
double separation_arcsec(const CatalogSource& a, const CatalogSource& b) {
  const double sin_dec = std::sin((b.dec - a.dec) * kDegree / 2),
               sin_ra = std::sin((b.ra - a.ra) * kDegree / 2);
  const double h =
      sin_dec * sin_dec + std::cos(a.dec * kDegree) * std::cos(b.dec * kDegree) * sin_ra * sin_ra;
  return 2 * std::asin(std::min(1.0, std::sqrt(h))) / kDegree * 3600;
}

void find_nearest_neighbors(std::vector<CatalogSource>& rows, double radius_arcsec) {
  std::vector<std::size_t> by_dec(rows.size());
  std::iota(by_dec.begin(), by_dec.end(), std::size_t{0});
  std::stable_sort(by_dec.begin(), by_dec.end(),
                   [&](std::size_t a, std::size_t b) { return rows[a].dec < rows[b].dec; });
  for (std::size_t k = 0; k < by_dec.size(); ++k) {
    CatalogSource& row = rows[by_dec[k]];
    double nearest = radius_arcsec;
    bool found = false;
    const auto look = [&](const CatalogSource& other) {
      if (std::abs(other.dec - row.dec) * 3600 > nearest) return false;
      const double distance = separation_arcsec(row, other);
      if (distance <= nearest) {
        nearest = distance;
        found = true;
      }
      return true;
    };
    for (std::size_t j = k + 1; j < by_dec.size() && look(rows[by_dec[j]]); ++j) {
    }
    for (std::size_t j = k; j-- > 0 && look(rows[by_dec[j]]);) {
    }
    row.nearest_neighbor = found ? static_cast<float>(nearest) : 0.0f;
  }
}

std::int16_t fitbits_of(const CatalogSource& row, const CatalogGeometry& geometry,
                        const CatalogOptions& options) {
  int bits = row.fit.bits;
  const double moved = std::hypot(row.bx - row.fit.bx0, row.by - row.fit.by0) * geometry.pixel_scale_arcsec;
  if (moved > options.walker_arcsec) bits |= fitbit::kWalker;
  if (moved > options.runner_arcsec) bits |= fitbit::kRunner;
  if (row.reference) {
    const ReferenceObject& r = *row.reference;
    if (r.point_source) bits |= fitbit::kGaiaPointsource;
    if (r.freeze) bits |= fitbit::kFrozen;
    if (r.is_bright) bits |= fitbit::kBright;
    if (r.is_medium) bits |= fitbit::kMedium;
    if (r.is_gaia) bits |= fitbit::kGaia;
    if (r.is_tycho) bits |= fitbit::kTycho2;
    if (r.is_large_galaxy) bits |= fitbit::kLargegalaxy;
  }
  return static_cast<std::int16_t>(bits);
}

void clean_fluxes(CatalogSource& row, const CatalogOptions& options) {
  for (CatalogBand& b : row.bands) {
    if (!std::isfinite(b.flux) || !std::isfinite(b.flux_ivar)) b.flux = b.flux_ivar = 0;
    if (b.flux_ivar == 0 && !row.fit.force_kept) b.flux = 0;
    if (!(b.fracin >= options.min_fracin)) b.flux = b.flux_ivar = 0;
    if (!std::isfinite(b.rchisq)) b.rchisq = kNan;
    for (float* v : {&b.fracflux, &b.fracmasked, &b.fracin}) clear_non_finite(*v);
  }
}

void clean_parameters(CatalogSource& row) {
  if (row.ra < 0) row.ra += 360;
  if (row.ra >= 360) row.ra -= 360;
  const bool reference_star = row.reference && (row.reference->is_gaia || row.reference->is_tycho);
  if (reference_star) {
    row.ra_ivar = row.reference->ra_ivar;
    row.dec_ivar = row.reference->dec_ivar;
  }
  for (float* v : {&row.ra_ivar, &row.dec_ivar, &row.shape_r_ivar, &row.shape_e1_ivar, &row.shape_e2_ivar,
                   &row.sersic_ivar, &row.shapedev_r_ivar, &row.shapedev_e1_ivar, &row.shapedev_e2_ivar})
    clear_non_finite(*v);
  for (float& v : row.dchisq)
    if (!std::isfinite(v)) v = kNan;
  // Profiles with a fixed index say which.
  if (row.type == CatalogType::kDev) row.sersic = 4;
  if (row.type == CatalogType::kExp || row.type == CatalogType::kRex) row.sersic = 1;
  if (!row.regular) {
    row.fit.bx0 = row.bx;
    row.fit.by0 = row.by;
  }
}

}  // namespace

std::string_view type_name(CatalogType type) {
  switch (type) {
    case CatalogType::kPsf:
      return "PSF";
    case CatalogType::kRex:
      return "REX";
    case CatalogType::kExp:
      return "EXP";
    case CatalogType::kDev:
      return "DEV";
    case CatalogType::kSer:
      return "SER";
    case CatalogType::kComp:
      return "COMP";
    case CatalogType::kDup:
      return "DUP";
    case CatalogType::kNun:
      return "NUN";
  }
  return "?";
}

CatalogType catalog_type(SourceKind kind) {
  switch (kind) {
    case SourceKind::kPsf:
      return CatalogType::kPsf;
    case SourceKind::kRex:
      return CatalogType::kRex;
    case SourceKind::kExp:
      return CatalogType::kExp;
    case SourceKind::kDev:
      return CatalogType::kDev;
    case SourceKind::kSer:
      return CatalogType::kSer;
    case SourceKind::kComp:
      return CatalogType::kComp;
  }
  throw internal_error("a source of unknown kind");
}

float bulge_fraction(const CatalogBand& band) {
  return band.flux > 0 ? std::clamp(band.bulge_flux / band.flux, 0.0F, 1.0F) : 0.0F;
}

float bulge_fraction_ivar(const CatalogBand& band) {
  if (!(band.flux > 0) || !(band.flux_ivar > 0) || !(band.bulge_flux_variance > 0)) return 0;
  const double f = bulge_fraction(band), flux = band.flux;
  const double variance =
      band.bulge_flux_variance - 2 * f * band.bulge_flux_covariance + f * f / band.flux_ivar;
  return variance > 0 ? static_cast<float>(flux * flux / variance) : 0.0F;
}

double mean_bulge_fraction(const CatalogSource& row) {
  double all = 0, bulge = 0;
  for (const CatalogBand& b : row.bands) {
    if (!(b.flux > 0)) continue;
    all += b.flux;
    bulge += b.bulge_flux;
  }
  return all > 0 ? std::clamp(bulge / all, 0.0, 1.0) : 0;
}

// A/E(B-V) of WISE's and GALEX's bands: as the Legacy Surveys have it (Schlafly & Finkbeiner 2011's scale).
constexpr std::array<std::pair<std::string_view, double>, 6> kSpaceExtinction = {
    {{"w1", 0.184}, {"w2", 0.113}, {"w3", 0.0241}, {"w4", 0.00910}, {"nuv", 6.620}, {"fuv", 6.793}}};

std::optional<double> band_extinction(std::string_view band, const std::map<std::string, double>& own) {
  for (const auto& [name, coefficient] : kSpaceExtinction)
    if (name == band) return coefficient;
  const auto found = own.find(std::string(band));
  return found != own.end() ? found->second : standard_band_facts(band).extinction_per_ebv;
}

float transmission(float ebv, double coefficient) {
  const auto extinction = static_cast<float>(coefficient * ebv);
  return static_cast<float>(std::pow(10.0, -0.4 * extinction));
}

std::int64_t unique_id(const CatalogContext& context, const CatalogSource& row) {
  // Multiplications, since a custom brick's number is negative.
  return (std::int64_t{context.release} * (std::int64_t{1} << 42)) |
         (std::int64_t{context.brickid} * (std::int64_t{1} << 22)) | std::int64_t{row.objid};
}

std::vector<std::size_t> order_rows(std::vector<CatalogSource>& rows, const CatalogGeometry& geometry) {
  for (CatalogSource& row : rows) {
    const double x = std::nearbyint(row.bx), y = std::nearbyint(row.by);
    row.in_bounds = x >= 0 && y >= 0 && x < geometry.width && y < geometry.height;
  }
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [&](std::size_t i) {
    return CatalogPlace{rows[i].in_bounds, rows[i].regular, rows[i].ra, rows[i].dec};
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  std::vector<CatalogSource> sorted;
  sorted.reserve(rows.size());
  for (std::size_t i : order) {
    sorted.push_back(std::move(rows[i]));
    sorted.back().objid = static_cast<std::int32_t>(sorted.size() - 1);
  }
  rows = std::move(sorted);
  return order;
}

void finish_catalog(std::vector<CatalogSource>& rows, const CatalogGeometry& geometry,
                    ImageView<const std::int32_t> maskbits, const DustMaps* dust,
                    const CatalogOptions& options) {
  for (CatalogSource& row : rows) {
    clean_parameters(row);
    clean_fluxes(row, options);
    row.fitbits = fitbits_of(row, geometry, options);
    row.brick_primary = geometry.unique_area.contains(row.ra, row.dec);
    row.maskbits = row.brick_primary || geometry.custom ? 0 : maskbit::kNprimary;
    if (row.in_bounds && !maskbits.empty())
      row.maskbits =
          maskbits(static_cast<int>(std::nearbyint(row.bx)), static_cast<int>(std::nearbyint(row.by)));
    row.ebv = dust ? dust->ebv(row.ra, row.dec) : kNan;
  }
  find_nearest_neighbors(rows, options.neighbor_radius_arcsec);
}

fits::Header catalog_header(const fits::Header& version_header, const CatalogContext& context,
                            const std::map<std::string, double>& coadd_sky) {
  fits::Header header = version_header;
  header.set("PRODTYPE", "catalog", "NOIRLab data product type");
  add_profiles_card(header, context.profiles);
  add_errors_card(header, context.joint);
  for (const std::string& band : context.bands) {
    const auto sky = coadd_sky.find(band);
    if (sky == coadd_sky.end()) continue;
    const std::string key = "COSKY_" + band_key(band);
    header.set(key, sky->second, "Sky level estimated (+subtracted) from coadd");
  }
  for (int i = 0; i < kApertures; ++i)
    header.set(fmt::format("APRAD{}", i), kApertureRadiiArcsec[i], "(optical) Aperture radius, in arcsec");
  return header;
}

fits::Table catalog_table(const std::vector<CatalogSource>& rows, const CatalogContext& context) {
  fits::Table table;
  const auto add = [&](const CatalogColumn& spec, std::string name, std::string_view band, int index) {
    fits::Column column;
    column.name = std::move(name);
    column.unit = spec.unit;
    column.description = spec.description;
    if (spec.type == ColumnType::kText)
      column.string_width = spec.width == kTypeWidth ? type_width(context)
                            : spec.width > 0         ? spec.width
                                                     : static_cast<int>(context.brickname.size());
    else if (const int width = spec.width == kLightCurveWidth ? context.space.light_curve_width : spec.width;
             width > 1)
      column.shape = {width};
    spec.fill(context, rows, band, index, column);
    table.add(std::move(column));
  };
  for (const CatalogColumn& spec : catalog_columns())
    for (const ColumnBand& band : column_bands(spec, context)) {
      const std::string_view name = spec.name.empty() ? std::string_view(context.id_name) : spec.name;
      add(spec, band.name.empty() ? std::string(name) : band_column_name(name, band.name), band.name,
          band.index);
    }
  return table;
}

void write_catalog(const std::vector<CatalogSource>& rows, const CatalogContext& context,
                   const fits::Header& header, const fits::Table& intermediate_extra,
                   const CatalogPaths& paths, ProductSet& products) {
  const auto write = [&](const fits::Table& table, const char* extname, const std::filesystem::path& path) {
    fits::FitsWriter writer;
    writer.add_empty_primary(header);
    fits::Header own;
    add_profiles_card(own, context.profiles);
    add_errors_card(own, context.joint);
    writer.add_table(table, extname, own);
    products.record(path, writer.write(path));
  };
  write(intermediate_table(rows, context, intermediate_extra), "CATALOG-INTERMEDIATE", paths.tractor_i);
  write(catalog_table(rows, context), "CATALOG", paths.tractor);
  // The list cannot hold its own digest. A catalog without its list would look done.
  try {
    write_file_atomically(paths.checksums, products.checksum_list());
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(paths.tractor, ignored);
    throw;
  }
}

}  // namespace brickline
