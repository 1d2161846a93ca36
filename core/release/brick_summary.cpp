#include "core/release/brick_summary.h"

#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/median.h"
#include "core/coadd/brick_maps.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/release/parts.h"
#include "core/release/random_points.h"
#include "core/release/sweep_columns.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr int kHistogram = 11;
constexpr std::array<const char*, 4> kWise = {"w1", "w2", "w3", "w4"};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

fs::path catalog_of(const BrickOutput& b) {
  return b.directory / product_path(Product::kTractor, {.brick = b.brick.name});
}

// A file of the brick, once it is what its list says.
fs::path checked(const BrickOutput& b, Product product, const std::optional<ChecksumList>& list) {
  const fs::path name = product_path(product, {.brick = b.brick.name}), file = b.directory / name;
  if (list) list->check_file(name.string(), file);
  return file;
}
std::optional<ChecksumList> list_of(const BrickOutput& b, const SummaryOptions& options) {
  if (!options.verify) return {};
  return list_of(b);
}

struct Exposures {
  double median = 0;
  std::int32_t most = 0;
  std::int64_t pixels = 0;
  std::vector<std::int32_t> histogram = std::vector<std::int32_t>(kHistogram);
};

// Over the unique pixels of the map's own frame; empty, without a map.
std::optional<Exposures> exposures(const BrickProducts& products, const std::string& band) {
  if (!products.has(Product::kNexp, band)) return {};
  const fs::path file = products.path(Product::kNexp, band);
  const auto map = products.map<std::int32_t>(Product::kNexp, band);
  const Image<std::int32_t>& counts = map.pixels;
  const Brick& brick = products.brick();
  SkyBox box;
  box.ra1 = brick.ra1, box.ra2 = brick.ra2, box.dec1 = brick.dec1, box.dec2 = brick.dec2;
  const Image<std::uint8_t> unique = unique_pixels(map.wcs, box);
  Exposures out;
  std::vector<double> values;
  for (int y = 0; y < counts.height(); ++y)
    for (int x = 0; x < counts.width(); ++x) {
      if (!unique(x, y)) continue;
      const std::int32_t n = counts(x, y);
      if (n < 0 || n > std::numeric_limits<std::int16_t>::max())
        throw input_error("it holds a count of exposures of {}", n).in_file(file.string());
      values.push_back(n);
      out.most = std::max(out.most, n);
      ++out.histogram[static_cast<std::size_t>(std::min(n, kHistogram - 1))];
    }
  out.pixels = static_cast<std::int64_t>(values.size());
  if (!values.empty()) out.median = median_in_place(values);
  return out;
}

// 5 sigma, from an inverse variance in 1/nanomaggies^2; 0: none.
float magnitude(double flux_ivar) {
  const double m = -2.5 * (std::log10(5 / std::sqrt(flux_ivar)) - 9);
  return std::isfinite(m) ? static_cast<float>(m) : 0;
}

float extinction(float transmission) { return -2.5F * std::log10(transmission); }

// The primary rows of a catalog.
class Primary {
 public:
  explicit Primary(const fits::Table& table) : table_(table) {
    for (std::int64_t row = 0; row < table.rows(); ++row)
      if (table.logical("brick_primary", row)) rows_.push_back(row);
  }
  std::int32_t count() const { return static_cast<std::int32_t>(rows_.size()); }
  std::int32_t of_type(std::string_view type) const {
    return static_cast<std::int32_t>(
        std::ranges::count_if(rows_, [&](std::int64_t row) { return table_.text("type", row) == type; }));
  }
  std::int32_t with_reference() const {
    return static_cast<std::int32_t>(
        std::ranges::count_if(rows_, [&](std::int64_t row) { return !table_.text("ref_cat", row).empty(); }));
  }
  // NaN of no rows, and where there is no such column.
  float median(const std::string& name) const {
    if (!table_.has(name)) return kNan;
    std::vector<float> values;
    for (const std::int64_t row : rows_) values.push_back(static_cast<float>(table_.number(name, row)));
    return median_in_place(values);
  }
  bool has(const std::string& name) const { return table_.has(name); }

 private:
  const fits::Table& table_;
  std::vector<std::int64_t> rows_;
};

// Columns that grow by a brick at a time, in the order of their first values.
class Rows {
 public:
  template <typename T>
  void add(const std::string& name, T value) {
    column<T>(name, 1).push_back(value);
  }
  template <typename T>
  void add(const std::string& name, const std::vector<T>& values) {
    std::vector<T>& column_values = column<T>(name, static_cast<std::int64_t>(values.size()));
    column_values.insert(column_values.end(), values.begin(), values.end());
  }
  fits::Table table() && {
    fits::Table out;
    for (fits::Column& c : columns_) out.add(std::move(c));
    return out;
  }

 private:
  template <typename T>
  std::vector<T>& column(const std::string& name, std::int64_t width) {
    const auto [at, is_new] = places_.emplace(name, columns_.size());
    if (is_new) {
      fits::Column c;
      c.name = name;
      if (width > 1) c.shape = {width};
      c.data = std::vector<T>();
      columns_.push_back(std::move(c));
    }
    return std::get<std::vector<T>>(columns_[at->second].data);
  }
  std::vector<fits::Column> columns_;
  std::map<std::string, std::size_t> places_;
};

void add_exposures(const BrickProducts& products, const std::vector<std::string>& bands, Rows& rows) {
  std::vector<Exposures> of_band;
  std::optional<std::int64_t> pixels;
  std::vector<bool> there;
  for (const std::string& band : bands) {
    std::optional<Exposures> found = exposures(products, band);
    there.push_back(found.has_value());
    if (found) pixels = found->pixels;
    of_band.push_back(found ? std::move(*found) : Exposures());
  }
  if (!pixels)
    throw input_error("brick {} has no map of exposures (nexp) in any band", products.brick().name)
        .in_file(products.path(Product::kMaskbits).parent_path().string());
  for (std::size_t i = 0; i < bands.size(); ++i)
    if (!there[i]) of_band[i].histogram[0] = static_cast<std::int32_t>(*pixels);
  const auto each = [&](const std::string& stem, auto&& value) {
    for (std::size_t i = 0; i < bands.size(); ++i) rows.add(stem + bands[i], value(of_band[i]));
  };
  each("nexp_", [](const Exposures& e) { return static_cast<std::int16_t>(e.median); });
  each("nexpmed_", [](const Exposures& e) { return static_cast<float>(e.median); });
  each("nexpmax_", [](const Exposures& e) { return static_cast<std::int16_t>(e.most); });
  each("nexphist_", [](const Exposures& e) { return e.histogram; });
  rows.add("npix", static_cast<std::int32_t>(*pixels));
  each("frac_", [&](const Exposures& e) {
    return *pixels == 0 ? kNan : 1 - static_cast<float>(e.histogram[0]) / static_cast<float>(*pixels);
  });
}

void add_sources(const Primary& primary, Rows& rows) {
  rows.add("nobjs", primary.count());
  std::int32_t galaxies = 0;
  for (const auto& [name, type] : {std::pair{"npsf", "PSF"},
                                   {"nsimp", "SIMP"},
                                   {"nrex", "REX"},
                                   {"nexp", "EXP"},
                                   {"ndev", "DEV"},
                                   {"ncomp", "COMP"},
                                   {"nser", "SER"},
                                   {"ndup", "DUP"}}) {
    const std::int32_t n = primary.of_type(type);
    rows.add(name, n);
    const std::string_view t = type;
    if (t != "PSF" && t != "DUP") galaxies += n;
  }
  rows.add("ngal", galaxies);
  rows.add("nref", primary.has("ref_cat") ? primary.with_reference() : 0);
}

void add_medians(const Primary& primary, const std::vector<std::string>& bands, const fits::Header& header,
                 Rows& rows) {
  for (const std::string& band : bands) rows.add("psfsize_" + band, primary.median("psfsize_" + band));
  for (const char* depth : {"psfdepth_", "galdepth_"})
    for (const std::string& band : bands) rows.add(depth + band, magnitude(primary.median(depth + band)));
  rows.add("ebv", primary.median("ebv"));
  for (const std::string& band : bands) {
    const float transmission = primary.median("mw_transmission_" + band);
    rows.add("trans_" + band, transmission);
    rows.add("ext_" + band, extinction(transmission));
  }
  for (const std::string& band : bands) {
    const fits::Card* card = header.find(upper_case("COSKY_" + band));
    const auto* sky = card ? std::get_if<double>(&card->value) : nullptr;
    rows.add("cosky_" + band, sky ? static_cast<float>(*sky) : 0.F);
  }
}

void add_wise(const Primary& primary, Rows& rows) {
  std::vector<std::int16_t> nobs;
  std::vector<float> transmission;
  for (const char* band : kWise) {
    const float n = primary.median(std::string("nobs_") + band);
    nobs.push_back(std::isfinite(n) ? static_cast<std::int16_t>(n) : std::int16_t{0});
    transmission.push_back(primary.median(std::string("mw_transmission_") + band));
  }
  rows.add("wise_nobs", nobs);
  rows.add("trans_wise", transmission);
  for (std::size_t i = 0; i < kWise.size(); ++i)
    rows.add(std::string("ext_") + kWise[i], extinction(transmission[i]));
}

void add_place(const Brick& brick, Rows& rows) {
  rows.add("brickid", static_cast<std::int32_t>(brick.id));
  rows.add("ra1", brick.ra1);
  rows.add("ra2", brick.ra2);
  rows.add("dec1", brick.dec1);
  rows.add("dec2", brick.dec2);
  rows.add("area", area_of(brick));
}

std::vector<std::string> needed_columns(const std::vector<std::string>& bands) {
  std::vector<std::string> names = {"brick_primary", "type", "ref_cat", "ebv"};
  for (const std::string& band : bands)
    for (const char* stem : {"psfsize_", "psfdepth_", "galdepth_", "mw_transmission_"})
      names.push_back(stem + band);
  for (const char* band : kWise)
    for (const char* stem : {"nobs_", "mw_transmission_"}) names.push_back(std::string(stem) + band);
  return names;
}

}  // namespace

std::vector<std::string> bands_of_outputs(std::span<const BrickOutput> bricks) {
  std::vector<RowColumn> all;
  for (const BrickOutput& b : bricks)
    for (const RowColumn& column : row_layout(fits::FitsReader(catalog_of(b)).header(1)).columns)
      if (std::ranges::find(all, column.name, &RowColumn::name) == all.end()) all.push_back(column);
  std::vector<std::string> bands = bands_of_columns(all);
  // Names of columns have no case, those of files have.
  for (const std::string& of_map : bands_of_maps(bricks))
    for (std::string& band : bands)
      if (::strcasecmp(band.c_str(), of_map.c_str()) == 0) band = of_map;
  return bands;
}

bool have_wise(std::span<const BrickOutput> bricks) {
  return std::ranges::any_of(bricks, [](const BrickOutput& b) {
    return row_layout(fits::FitsReader(catalog_of(b)).header(1)).find("nobs_w1").has_value();
  });
}

fits::Table brick_summary(std::span<const BrickOutput> bricks, const std::vector<std::string>& bands,
                          const SummaryOptions& options) {
  const bool wise = options.wise ? *options.wise : have_wise(bricks);
  const std::vector<std::string> needed = needed_columns(bands);
  Rows rows;
  for (const BrickOutput& b : bricks) {
    options.cancel.stop_if_asked();
    const fs::path file = checked(b, Product::kTractor, list_of(b, options));
    fits::FitsReader reader(file);
    const fits::Header header = reader.header(0);
    const fits::Table table = reader.columns(1, needed);
    rows.add("brickname", b.brick.name);
    rows.add("ra", b.brick.ra);
    rows.add("dec", b.brick.dec);
    add_exposures(BrickProducts(b, options.verify), bands, rows);
    try {
      for (const char* name : {"brick_primary", "type", "ebv"}) (void)table.require(name);
      const Primary primary(table);
      add_sources(primary, rows);
      add_medians(primary, bands, header, rows);
      if (wise) add_wise(primary, rows);
    } catch (Error& error) {
      error.in_file(file.string(), "1");
      throw;
    }
    add_place(b.brick, rows);
  }
  return std::move(rows).table();
}

void make_summary_part(const BrickGroup& group, const std::vector<std::string>& bands, const fs::path& out,
                       const SummaryOptions& options) {
  const std::string key =
      part_key(group, fmt::format("summary {} {}", fmt::join(bands, " "), options.wise.value_or(false)),
               options.verify);
  if (is_current_part(out, key)) return;
  fits::Header cards;
  put_part_cards(cards, key, {});
  fits::FitsWriter writer;
  writer.add_empty_primary(cards);
  writer.add_table(brick_summary(group.bricks, bands, options));
  writer.write(out);
}

fits::Table merge_summaries(std::span<const fs::path> parts) {
  fits::Table out;
  for (const fs::path& part : parts) {
    fits::Table table = fits::FitsReader(part).table(1);
    fits::Table joined;
    for (fits::Column& column : table.columns()) {
      fits::Column whole = out.empty() ? std::move(column) : std::move(*out.find(column.name));
      if (!out.empty())
        std::visit(
            [&]<typename T>(std::vector<T>& values) {
              const auto& more = std::get<std::vector<T>>(column.data);
              values.insert(values.end(), more.begin(), more.end());
            },
            whole.data);
      joined.add(std::move(whole));
    }
    out = std::move(joined);
  }
  const std::vector<double> numbers = out.numbers("brickid");
  std::vector<std::int64_t> order(numbers.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {},
                           [&](std::int64_t row) { return numbers[static_cast<std::size_t>(row)]; });
  return out.select(order);
}

DepthSums depth_sums(std::span<const BrickOutput> bricks, const std::vector<std::string>& bands,
                     const SummaryOptions& options) {
  DepthSums out;
  std::vector<float> low, high;
  Rows per_brick;
  std::map<std::string, std::vector<std::int64_t>> sums;
  for (const BrickOutput& b : bricks) {
    options.cancel.stop_if_asked();
    const fs::path file = checked(b, Product::kDepthTable, list_of(b, options));
    fits::FitsReader reader(file);
    const fits::Table table = reader.table(1);
    try {
      std::vector<float> from, to;
      for (std::int64_t row = 0; row < table.rows(); ++row) {
        from.push_back(static_cast<float>(table.number("depthlo", row)));
        to.push_back(static_cast<float>(table.number("depthhi", row)));
      }
      if (low.empty()) low = from, high = to;
      if (from != low || to != high)
        throw input_error("its bins (depthlo, depthhi) are not those of other bricks");
      for (const std::string& band : bands)
        for (const char* stem : {"counts_ptsrc_", "counts_gal_"}) {
          std::vector<std::int32_t> counts(low.size());
          std::vector<std::int64_t>& sum = sums[stem + band];
          sum.resize(low.size());
          for (std::size_t i = 0; i < counts.size() && table.has(stem + band); ++i) {
            counts[i] = static_cast<std::int32_t>(table.integer(stem + band, static_cast<std::int64_t>(i)));
            sum[i] += counts[i];
          }
          per_brick.add(stem + band, counts);
        }
    } catch (Error& error) {
      error.in_file(file.string(), "1");
      throw;
    }
    per_brick.add("brickname", b.brick.name);
  }
  out.per_brick = std::move(per_brick).table();
  out.edges.add("depthlo", low);
  out.edges.add("depthhi", high);
  out.sums = out.edges;
  for (const std::string& band : bands)
    for (const char* stem : {"counts_ptsrc_", "counts_gal_"}) out.sums.add(stem + band, sums[stem + band]);
  return out;
}

}  // namespace brickline
