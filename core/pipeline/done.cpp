#include "core/pipeline/done.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_recorder.h"
#include "core/survey/products.h"
#include "core/survey/target.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

std::filesystem::path path_of(const BrickOptions& options, Product product) {
  ProductKey key;
  key.brick = brick_name(options.region);
  return options.control.output_dir / product_path(product, key);
}

bool is_there(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::exists(path, code);
}

std::string other_options(const std::string& theirs) {
  return "made with other options: " + (theirs.empty() ? "they are not told" : theirs);
}

// What stands against this catalog as the result of a run with these options; empty: nothing.
std::string objection(const std::filesystem::path& catalog, const BrickOptions& options) {
  fits::FitsReader reader(catalog);
  reader.table(1);
  if (!reader.checksums_agree(1)) return "its checksums do not agree";
  const fits::Header header = reader.header(0);
  if (const auto theirs = header.text("CMDLINE").value_or(""); theirs != canonical_options(options))
    return other_options(theirs);
  const auto failed = header.integer("NFAILED");
  if (!failed) return "its header does not tell how many items failed (NFAILED)";
  if (*failed > 0) return fmt::format("{} items failed (NFAILED)", *failed);
  return {};
}

Done marker_done(const std::filesystem::path& marker, const BrickOptions& options) {
  std::ifstream in(marker);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  const auto text = [&](const char* key) {
    return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>()
                                                                           : std::string();
  };
  const std::string theirs = text("command_line");
  if (theirs != canonical_options(options)) return {false, marker.string() + ": " + other_options(theirs)};
  return {true, marker.string() + ": there was nothing to do: " + text("nothing_to_do")};
}

void remove_file(const std::filesystem::path& path, const Log& log) {
  std::error_code code;
  if (std::filesystem::remove(path, code)) log.debug("removed, to be made again: {}", path.string());
  if (code)
    throw input_error("cannot remove what an earlier run has made: {}", code.message())
        .in_file(path.string());
}

// Files of an earlier run, of whatever bands.
std::set<std::filesystem::path> products_there(const BrickOptions& options, const std::string& brick,
                                               const std::set<Product>& products) {
  std::set<std::filesystem::path> found;
  for (const Product product : products) {
    ProductKey key;
    key.brick = brick;
    if (!is_per_band(product)) {
      const auto path = options.control.output_dir / product_path(product, key);
      if (is_there(path)) found.insert(path);
      continue;
    }
    key.band = "*";
    const auto pattern = options.control.output_dir / product_path(product, key);
    const std::string name = pattern.filename().string();
    const std::string before = name.substr(0, name.find('*')), after = name.substr(name.find('*') + 1);
    std::error_code code;
    for (std::filesystem::directory_iterator file(pattern.parent_path(), code), end; !code && file != end;
         file.increment(code)) {
      const std::string other = file->path().filename().string();
      if (other.size() > before.size() + after.size() && other.starts_with(before) && other.ends_with(after))
        found.insert(file->path());
    }
  }
  return found;
}

}  // namespace

std::string brick_name(const RegionOptions& region) {
  if (!region.radec) return region.brick;
  const auto& [ra_text, dec_text] = *region.radec;
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

void write_nothing_marker(const RunContext& run, const std::string& reason) {
  const nlohmann::ordered_json marker = {
      {"brick", run.brick}, {"nothing_to_do", reason}, {"command_line", run.command_line}};
  write_file_atomically(nothing_marker(run.output_dir, run.brick), marker.dump(1) + "\n");
}

Done catalog_done(const BrickOptions& options) {
  const std::filesystem::path marker = nothing_marker(options.control.output_dir, brick_name(options.region));
  const std::filesystem::path catalog = path_of(options, Product::kTractor);
  if (!is_there(catalog)) {
    if (is_there(marker)) return marker_done(marker, options);
    return {false, "there is no " + catalog.string()};
  }
  try {
    if (const std::string why = objection(catalog, options); !why.empty())
      return {false, catalog.string() + ": " + why};
  } catch (const Error& e) {
    return {false, e.line()};
  }
  return {true, catalog.string()};
}

Done coadds_done(const BrickOptions& options) {
  const std::filesystem::path picture = path_of(options, Product::kImageJpeg);
  if (is_there(picture)) return {true, picture.string()};
  return {false, "there is no " + picture.string()};
}

void remove_stale_products(const std::vector<const StageSpec*>& stages, const BrickOptions& options,
                           const Log& log, const std::set<std::filesystem::path>& kept) {
  const std::string brick = brick_name(options.region);
  std::set<Product> products;
  for (const StageSpec* stage : stages) products.insert(stage->products.begin(), stage->products.end());
  if (products.empty()) return;
  // The catalog first: nothing must look done while the rest goes.
  for (const Product last : {Product::kChecksums, Product::kTractor, Product::kTractorIntermediate}) {
    remove_file(path_of(options, last), log);
    products.erase(last);
  }
  remove_file(nothing_marker(options.control.output_dir, brick), log);
  for (const char* ending : {".html", ".json"})
    remove_file(page_path(options.control.output_dir, brick).string() + ending, log);
  // Masks of an earlier run are an input where they are to be used.
  if (options.outliers.cache_outliers || options.outliers.remake_jpegs) {
    products.erase(Product::kOutliersMask);
    if (!options.outliers.remake_jpegs)
      for (const Product picture : {Product::kOutliersPre, Product::kOutliersPost,
                                    Product::kOutliersMaskedPos, Product::kOutliersMaskedNeg})
        products.erase(picture);
  }
  for (const std::filesystem::path& path : products_there(options, brick, products))
    if (!kept.contains(path.lexically_normal())) remove_file(path, log);
}

}  // namespace brickline
