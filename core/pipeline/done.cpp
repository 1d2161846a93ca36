#include "core/pipeline/done.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/products.h"
#include "core/survey/target.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

std::filesystem::path path_of(const BrickOptions& options, Product product) {
  ProductKey key;
  key.brick = brick_name(options);
  return options.output_dir / product_path(product, key);
}

}  // namespace

std::string brick_name(const BrickOptions& options) {
  if (!options.radec) return options.brick;
  const auto& [ra_text, dec_text] = *options.radec;
  const auto ra = parse_ra(ra_text), dec = parse_dec(dec_text);
  if (!ra || !dec)
    throw usage_error("--radec {} {}: not a position in degrees or sexagesimal form", ra_text, dec_text);
  return make_custom_target(*ra, *dec).brick.name;
}

std::filesystem::path nothing_marker(const std::filesystem::path& output_dir, const std::string& brick) {
  ProductKey key;
  key.brick = brick;
  const std::filesystem::path catalog = output_dir / product_path(Product::kTractor, key);
  return catalog.parent_path() / ("nothing-" + brick + ".json");
}

Done catalog_done(const BrickOptions& options) {
  const std::filesystem::path marker = nothing_marker(options.output_dir, brick_name(options));
  const std::filesystem::path catalog = path_of(options, Product::kTractor);
  if (!std::filesystem::exists(catalog)) {
    if (std::filesystem::exists(marker)) return {true, marker.string() + ": there was nothing to do"};
    return {false, "there is no " + catalog.string()};
  }
  try {
    fits::FitsReader reader(catalog);
    reader.table(1);
    if (!reader.checksums_agree(1)) return {false, catalog.string() + ": its checksums do not agree"};
  } catch (const Error& e) {
    return {false, e.line()};
  }
  return {true, catalog.string()};
}

Done coadds_done(const BrickOptions& options) {
  const std::filesystem::path picture = path_of(options, Product::kImageJpeg);
  if (std::filesystem::exists(picture)) return {true, picture.string()};
  return {false, "there is no " + picture.string()};
}

}  // namespace brickline
