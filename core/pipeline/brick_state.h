// What the stages of a brick's run hand to each other: each takes what it needs and returns what it makes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/base/product_set.h"
#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog_source.h"
#include "core/catalog/sky_box.h"
#include "core/detect/detection.h"
#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/image/ccd_image.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/band_facts.h"
#include "core/survey/provenance.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The piece of sky that the run is about.
struct BrickGeometry {
  std::string name;
  std::int64_t id = -1;  // -1: a custom brick
  bool custom = false;
  Wcs wcs;  // of the (zoomed) brick image
  double pixel_scale_arcsec = 0.262;
  SkyBox unique_area;
};

// From stage tims.
struct TimsState {
  BrickGeometry brick;
  std::vector<std::string> bands;               // those with images, in the order asked for
  std::vector<std::string> survey_bands;        // as asked for
  std::map<std::string, BandFacts> band_facts;  // what the cameras say of them
  fits::Table ccds;                             // the survey's rows that were selected
  std::vector<CcdImage> images;                 // in the order of the table
  fits::Header version_header;                  // of products; every stage adds its cards
};

// From stage refs.
struct RefsState {
  ReferenceCatalog catalog;
  Image<std::uint8_t> mask;              // refbit, brick pixels
  std::vector<Dependency> dependencies;  // the catalogs that were read
};

// From stage srcs, which also takes the sky that is left over in the coadds out of the images.
struct SrcsState {
  Detection detection;
  std::vector<int> set_aside;  // rows of the reference catalog that are listed but not fitted
  std::map<std::string, double>
      coadd_sky;  // nanomaggies per pixel, by band; bands without a value are absent
};

// From stage fitblobs.
struct FitblobsState {
  FittedCatalog fitted;
};

// From stage coadds.
struct CoaddsState {
  std::vector<CatalogSource> rows;
  Image<std::int32_t> maskbits;
};

}  // namespace brickline
