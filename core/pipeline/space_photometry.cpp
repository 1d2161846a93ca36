#include "core/pipeline/space_photometry.h"

#include <cmath>

#include "core/coadd/brick_maps.h"
#include "core/coadd/jpeg.h"
#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"
#include "core/survey/bits.h"
#include "core/wise/wise_band.h"

namespace brickline {
namespace {

std::optional<SourceKind> kind_of(CatalogType type) {
  for (const SourceKind kind : kSourceKinds)
    if (catalog_type(kind) == type) return kind;
  return std::nullopt;
}

Image<float> difference(const Image<float>& a, const Image<float>& b) {
  Image<float> out(a.width(), a.height());
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) out(x, y) = a(x, y) - b(x, y);
  return out;
}

}  // namespace

MeasuredSources fitted_sources(const Measurements& measurements) {
  MeasuredSources out;
  for (std::size_t i = 0; i < measurements.rows.size(); ++i) {
    const CatalogSource& row = measurements.rows[i];
    const auto kind = kind_of(row.type);
    if (!row.regular || !kind) continue;
    SourceModel model;
    model.kind = *kind;
    model.ra = row.ra;
    model.dec = row.dec;
    if (model.is_galaxy()) model.shape = to_softened({row.shape_r, row.shape_e1, row.shape_e2});
    if (*kind == SourceKind::kSer) model.sersic_index = row.sersic;
    if (model.is_composite())
      model.bulge =
          Bulge{to_softened({row.shapedev_r, row.shapedev_e1, row.shapedev_e2}), {mean_bulge_fraction(row)}};
    out.rows.push_back(i);
    out.models.push_back(std::move(model));
    out.covariances.push_back(row.fit_covariance);
  }
  return out;
}

MeasuredSources sources_to_measure(const Measurements& measurements, bool reference_only) {
  MeasuredSources fitted = fitted_sources(measurements), out;
  const Image<std::int32_t>& maskbits = measurements.maskbits;
  for (std::size_t k = 0; k < fitted.rows.size(); ++k) {
    const CatalogSource& row = measurements.rows[fitted.rows[k]];
    if (reference_only && !row.reference) continue;
    const double x = std::nearbyint(row.bx), y = std::nearbyint(row.by);
    if (x >= 0 && y >= 0 && x < maskbits.width() && y < maskbits.height() &&
        (maskbits(static_cast<int>(x), static_cast<int>(y)) & maskbit::kCluster))
      continue;
    out.rows.push_back(fitted.rows[k]);
    out.models.push_back(std::move(fitted.models[k]));
    out.covariances.push_back(std::move(fitted.covariances[k]));
  }
  return out;
}

std::vector<SkyPosition> positions_of(const Measurements& measurements) {
  std::vector<SkyPosition> out;
  for (const CatalogSource& row : measurements.rows) out.push_back({row.ra, row.dec});
  return out;
}

fits::Header space_header(const RunHeader& header, const Selection& selection) {
  fits::Header cards = header.cards;
  add_maskbits_cards(cards, MaskBits(selection.survey_bands));
  add_fitbits_cards(cards);
  return cards;
}

void write_space_coadd(const SpaceCoadd& what, const Wcs& grid, const fits::Header& header,
                       StageProducts& products) {
  struct Plane {
    Product product;
    std::string_view type;
    const Image<float>* pixels;
  };
  fits::Header cards = header;
  cards.append(brick_wcs_cards(grid));
  cards.set("TELESCOP", std::string(what.telescope));
  cards.set("FILTER", std::string(what.band), fmt::format("{} band", what.telescope));
  cards.set("MAGZERO", 22.5, "Magnitude zeropoint");
  cards.set("MAGSYS", std::string(what.system),
            fmt::format("This {} image is in {} fluxes", what.telescope, what.system));
  for (const Plane& plane : {Plane{Product::kImage, "image", &what.coadd->image},
                             Plane{Product::kModel, "model", &what.coadd->model},
                             Plane{Product::kInvvar, "invvar", &what.coadd->invvar}}) {
    fits::FitsWriter writer;
    const std::string extname = what.named_hdus ? band_key(plane.type) + "_" + std::string(what.band) : "";
    writer.add_image<float>(plane.pixels->view(), cards, extname, compression_of(plane.type));
    const auto path = products.path(plane.product, what.band);
    products.set().record(path, writer.write(path));
  }
}

void write_space_pictures(const TileCoadd& first, const TileCoadd& second,
                          RgbPlanes (*picture)(ImageView<const float>, ImageView<const float>),
                          const std::array<Product, 3>& which, StageProducts& products) {
  const auto write = [&](Product product, const Image<float>& a, const Image<float>& b) {
    products.set().write(products.path(product), encode_jpeg(picture(a.view(), b.view())));
  };
  write(which[0], first.image, second.image);
  write(which[1], first.model, second.model);
  write(which[2], difference(first.image, first.model), difference(second.image, second.model));
}

Image<std::int32_t> with_wise_bits(const Image<std::int32_t>& maskbits, const WiseResults& wise,
                                   const BrickGeometry& brick) {
  Image<std::int32_t> out = maskbits;
  constexpr std::array<std::int32_t, 2> kBits = {maskbit::kWisem1, maskbit::kWisem2};
  for (std::size_t b = 0; b < kBits.size(); ++b) {
    const Image<std::uint8_t>& mask = wise.masks[b];
    for (int y = 0; y < mask.height(); ++y)
      for (int x = 0; x < mask.width(); ++x)
        if (mask(x, y)) out(x, y) |= kBits[b];
  }
  if (!wise.gaia_only) return out;
  const Image<std::uint8_t> unique = unique_pixels(brick.wcs, brick.unique_area);
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      if (brick.custom || unique(x, y)) out(x, y) |= maskbit::kWiseGaia;
  return out;
}

void add_space_cards(fits::Header& header, const SpaceColumns& columns) {
  for (std::size_t i = 0; i < kSpaceApertureRadiiArcsec.size(); ++i) {
    if (columns.wise)
      header.set(fmt::format("WAPRAD{}", i), kSpaceApertureRadiiArcsec[i],
                 "(unWISE) Aperture radius, in arcsec");
  }
  for (std::size_t i = 0; i < kSpaceApertureRadiiArcsec.size(); ++i) {
    if (columns.galex)
      header.set(fmt::format("GAPRAD{}", i), kSpaceApertureRadiiArcsec[i],
                 "(GALEX) Aperture radius, in arcsec");
  }
  if (!columns.wise) return;
  for (const WiseBand& band : wise_bands())
    header.set(fmt::format("WISEAB{}", band.number), band.ab_minus_vega,
               fmt::format("WISE Vega to AB conv for band {}", band.number));
}

}  // namespace brickline
