// One row of the catalog as a value, filled step by step: by the fit, by the coadds' measurements, by
// finish_catalog().
//
// 0 stands for "not measured" (with inverse variance 0), as in the files. Positions are degrees, ICRS; bx, by
// are 0-based pixels of the brick's image (of its zoomed part, if there is one); fluxes nanomaggies.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/space_photometry.h"
#include "core/model/source_model.h"
#include "core/refs/reference_object.h"

namespace brickline {

inline constexpr int kApertures = 8;
// Radii of the optical apertures, arcsec.
inline constexpr std::array<double, kApertures> kApertureRadiiArcsec = {0.5, 0.75, 1.0, 1.5,
                                                                        2.0, 3.5,  5.0, 7.0};
using ApertureValues = std::array<float, kApertures>;

// What one band says of one source.
struct CatalogBand {
  // From the fit.
  float flux = 0, flux_ivar = 0;
  float rchisq = 0, fracflux = 0, fracmasked = 0, fracin = 0;
  float blendedness = 0;  // of sources that were fitted together
  // Of a composite galaxy's bulge: its flux, the variance of that and its covariance with `flux`; 0: not measured.
  float bulge_flux = 0, bulge_flux_variance = 0, bulge_flux_covariance = 0;
  // From the coadds (core/coadd/measure.h).
  float fiberflux = 0, fibertotflux = 0;
  ApertureValues apflux{}, apflux_resid{}, apflux_blobresid{}, apflux_ivar{}, apflux_masked{};
  std::int16_t nobs = 0, ngood = 0, anymask = 0, allmask = 0;
  float psfsize = 0, psfdepth = 0, galdepth = 0;
  float nea = 0, blob_nea = 0;
};

// What the type column says.
enum class CatalogType : std::uint8_t {
  kPsf,
  kRex,
  kExp,
  kDev,
  kSer,
  kComp,
  kDup,  // a star of a reference catalog that is the same as a large galaxy: not fitted
  kNun,  // an entry of a reference catalog that has no model: a cluster, a Magellanic Cloud
};
std::string_view type_name(CatalogType type);  // three letters, COMP four
CatalogType catalog_type(SourceKind kind);

// How the blob fit went; written to the intermediate catalog.
struct CatalogFitRecord {
  float bx0 = 0, by0 = 0;  // where the fit started
  bool force_kept = false;
  std::uint16_t bits = 0;  // fitbit: what the fit knows of itself
  bool has(std::uint16_t any_of) const { return (bits & any_of) != 0; }
  std::int16_t blob_width = 0, blob_height = 0, blob_nimages = 0;
  std::int32_t blob_npix = 0, blob_totalpix = 0;
  std::int16_t blob_symm_width = 0, blob_symm_height = 0, blob_symm_nimages = 0;
  std::int32_t blob_symm_npix = 0;
};

struct CatalogSource {
  // From the fit.
  CatalogType type = CatalogType::kPsf;
  bool regular = true;  // fitted; false: a reference entry that is only listed
  double ra = 0, dec = 0;
  float ra_ivar = 0, dec_ivar = 0;  // degrees^-2, of RA cos(dec) and Dec
  float bx = 0, by = 0;
  std::array<float, 5> dchisq{};        // PSF, REX, DEV, EXP, SER: chi^2 gained over no source; 0: not tried
  float shape_r = 0, shape_r_ivar = 0;  // arcsec
  float shape_e1 = 0, shape_e1_ivar = 0, shape_e2 = 0, shape_e2_ivar = 0;
  float sersic = 0, sersic_ivar = 0;
  // Of a composite galaxy (shape_* are then its disk's): the chi^2 that it gained over no source, its bulge's shape.
  float dchisq_comp = 0;
  float shapedev_r = 0, shapedev_r_ivar = 0;  // arcsec
  float shapedev_e1 = 0, shapedev_e1_ivar = 0, shapedev_e2 = 0, shapedev_e2_ivar = 0;
  std::vector<float> fit_covariance;  // FittedSource::covariance; empty: not known
  std::int32_t blob = -1, ninblob = 0;
  CatalogFitRecord fit;
  std::optional<ReferenceObject> reference;  // the entry of a reference catalog that it came from
  int reference_row = -1;                    // of the run's own table of references
  std::vector<CatalogBand> bands;            // in the order of the run's bands

  // From other telescopes' images; empty: not looked for.
  std::optional<WiseRow> wise;
  std::optional<GalexRow> galex;

  // From the coadds.
  double mjd_min = 0, mjd_max = 0;  // TAI, over all bands; 0: not covered

  // From finish_catalog().
  std::int32_t objid = 0;
  bool in_bounds = false, brick_primary = false;
  std::int32_t maskbits = 0;
  std::int16_t fitbits = 0;  // fit.bits with what the catalog adds: how far it moved, where it came from
  float ebv = std::numeric_limits<float>::quiet_NaN();  // mag
  float nearest_neighbor = 0;                           // arcsec; 0: none within the search radius
};

// The bulge's fraction of a band's flux, and the inverse variance of that; 0: not measured, or no composite galaxy.
float bulge_fraction(const CatalogBand& band);
float bulge_fraction_ivar(const CatalogBand& band);
// The same of all bands together, for images that it was not measured on.
double mean_bulge_fraction(const CatalogSource& row);

}  // namespace brickline
