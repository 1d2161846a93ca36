#include "core/pipeline/stage_products.h"

#include "core/base/error.h"
#include "core/coadd/product_headers.h"
#include "core/survey/products.h"
#include "core/survey/provenance.h"

namespace brickline {

ProductPath product_paths(const BrickOptions& options, const BrickGeometry& brick) {
  return [root = options.output_dir, name = brick.name](std::string_view type, std::string_view band) {
    const auto product = product_of(type);
    if (!product) throw internal_error("no product is called {}", type);
    ProductKey key;
    key.brick = name;
    key.band = band;
    return root / product_path(*product, key);
  };
}

CatalogGeometry catalog_geometry(const BrickGeometry& brick) {
  CatalogGeometry geometry;
  geometry.width = brick.wcs.width();
  geometry.height = brick.wcs.height();
  geometry.pixel_scale_arcsec = brick.pixel_scale_arcsec;
  geometry.unique_area = brick.unique_area;
  geometry.custom = brick.custom;
  return geometry;
}

}  // namespace brickline
