#include "core/pipeline/page_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

struct PictureKind {
  Product product;
  std::string_view id, title;
};
// All of the brick's own pixels; in the order in which they are offered.
constexpr PictureKind kPictures[] = {{Product::kImageJpeg, "image", "Image"},
                                     {Product::kModelJpeg, "model", "Model"},
                                     {Product::kResidJpeg, "resid", "Residual"},
                                     {Product::kBlobmodelJpeg, "blobmodel", "Model in blobs"}};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Reader {
 public:
  explicit Reader(const RunContext& run) : run_(run) {}

  bool written(Product product) const {
    const std::string name = path_in_set(product);
    return std::ranges::any_of(run_.products.entries(),
                               [&](const auto& entry) { return entry.path == name; });
  }
  // Does something with a product that the run has written.
  template <class Use>
  void with(Product product, Use&& use) const {
    if (!written(product)) return;
    try {
      use(run_.path_of(product));
    } catch (const Error& error) {
      run_.log.warning("the page of the run does without a product: {}", error.line());
    }
  }

 private:
  std::string path_in_set(Product product) const {
    return run_.path_of(product)
        .lexically_normal()
        .lexically_relative(run_.output_dir.lexically_normal())
        .generic_string();
  }
  const RunContext& run_;
};

// The blob that each row of the catalog stands in, -1 for none.
void add_blob_column(fits::Table& catalog, const Image<std::int32_t>& blob_map) {
  if (!catalog.has("bx") || !catalog.has("by") || blob_map.empty()) return;
  std::vector<std::int32_t> blobs(static_cast<std::size_t>(catalog.rows()), -1);
  for (std::int64_t row = 0; row < catalog.rows(); ++row) {
    const double x = std::round(catalog.number("bx", row)), y = std::round(catalog.number("by", row));
    if (x >= 0 && y >= 0 && x < blob_map.width() && y < blob_map.height())
      blobs[static_cast<std::size_t>(row)] = blob_map(static_cast<int>(x), static_cast<int>(y));
  }
  catalog.add("blob", std::move(blobs), {}, {}, "number of its blob in the blob map");
}

}  // namespace

void add_product_facts(RunFacts& facts, const RunContext& run) {
  for (const ProductSet::Entry& entry : run.products.entries())
    facts.products.push_back({entry.path, entry.sha256});
  const Reader products(run);
  products.with(Product::kTractor, [&](const std::filesystem::path& path) {
    fits::FitsReader reader(path);
    facts.catalog = reader.table(1);
    facts.header = card_facts(reader.header(0));
  });
  products.with(Product::kCcdsTable,
                [&](const std::filesystem::path& path) { facts.ccds = fits::FitsReader(path).table(1); });
  products.with(Product::kBlobmap, [&](const std::filesystem::path& path) {
    facts.blob_map = fits::FitsReader(path).image<std::int32_t>(1);
  });
  products.with(Product::kMaskbits, [&](const std::filesystem::path& path) {
    facts.maskbits = fits::FitsReader(path).image<std::int32_t>(1);
  });
  add_blob_column(facts.catalog, facts.blob_map);
  for (const auto& [product, id, title] : kPictures)
    products.with(product, [&, id = id, title = title](const std::filesystem::path& path) {
      facts.pictures.push_back({std::string(id), std::string(title),
                                path.lexically_relative(run.output_dir).generic_string(), bytes_of(path)});
    });
}

std::vector<CameraFact> camera_facts(const CameraRegistry& cameras) {
  std::vector<CameraFact> out;
  for (const Camera* camera : cameras.loaded()) {
    const CameraProvenance& p = camera->provenance();
    out.push_back({p.camera, p.plugin, p.plugin_version, p.file_sha256, p.facts_sha256, p.path.string()});
  }
  return out;
}

std::vector<CardFact> card_facts(const fits::Header& header) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool value) const { return value ? "T" : "F"; }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return fmt::format("{}", value); }
    std::string operator()(const std::string& value) const { return value; }
  };
  std::vector<CardFact> out;
  for (const fits::Card& card : header.cards())
    out.push_back({card.key, std::visit(Text{}, card.value), card.comment});
  return out;
}

}  // namespace brickline
