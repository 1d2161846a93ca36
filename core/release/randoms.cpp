#include "core/release/randoms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/base/error.h"
#include "core/coadd/aperture.h"
#include "core/release/nested_cells.h"
#include "core/release/random_points.h"
#include "core/release/row_bytes.h"
#include "core/release/row_merge.h"
#include "core/survey/bits.h"
#include "core/wise/wise_band.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr int kHealpixOrder = 6;  // nside 64
constexpr std::size_t kBrickName = 8;

struct WiseDepth {
  int band;
  double norm;
  std::string name() const { return std::string(wise_band(band).product); }
};
constexpr std::array<WiseDepth, 2> kWise = {WiseDepth{1, 0.240}, {2, 0.255}};
const std::array<std::string, 2> kWiseMasks = {"WISEM1", "WISEM2"};

// One point's values of one band.
struct BandValues {
  std::int16_t nobs = 0;
  float psfdepth = 0, galdepth = 0, psfsize = 0, apflux = 0, apflux_ivar = 0;
};

struct Place {
  int x = 0, y = 0;
};
// The nearest pixel; none outside of the image.
std::optional<PixelPosition> position_in(const Wcs& wcs, const RandomPoint& p) {
  const auto at = wcs.sky_to_pixel(p.ra, p.dec);
  if (!at || !(at->x >= -0.5 && at->y >= -0.5 && at->x < wcs.width() - 0.5 && at->y < wcs.height() - 0.5))
    return {};
  return at;
}
Place nearest(const PixelPosition& at) {
  return {static_cast<int>(std::floor(at.x + 0.5)), static_cast<int>(std::floor(at.y + 0.5))};
}

// Maps of one brick that have the size of its MASKBITS.
class Sampler {
 public:
  Sampler(const BrickProducts& brick, std::span<const RandomPoint> points, int width, int height)
      : brick_(brick), points_(points), width_(width), height_(height) {}

  template <typename T>
  BrickMap<T> map(Product product, const std::string& band) const {
    BrickMap<T> map = brick_.map<T>(product, band);
    if (map.pixels.width() != width_ || map.pixels.height() != height_)
      throw input_error("it has {} x {} pixels, the brick's MASKBITS {} x {}", map.pixels.width(),
                        map.pixels.height(), width_, height_)
          .in_file(brick_.path(product, band).string());
    return map;
  }
  // A map that is no less than zero.
  void sample(Product product, const std::string& band, std::vector<BandValues>& values,
              float BandValues::*member) const {
    const BrickMap<float> m = map<float>(product, band);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Place at = nearest(inside(m.wcs, points_[i], product, band));
      const float v = m.pixels(at.x, at.y);
      if (!(v >= 0 && std::isfinite(v))) throw wrong(v, at, product, band);
      values[i].*member = v;
    }
  }
  PixelPosition inside(const Wcs& wcs, const RandomPoint& p, Product product, const std::string& band) const {
    const auto at = position_in(wcs, p);
    if (!at)
      throw input_error("it does not have the place that the brick's MASKBITS has (RA {:.6f}, Dec {:.6f})",
                        p.ra, p.dec)
          .in_file(brick_.path(product, band).string());
    return *at;
  }
  Error wrong(double value, const Place& at, Product product, const std::string& band) const {
    Error error = input_error("its pixel ({}, {}) holds {}, which cannot be", at.x, at.y, value);
    error.in_file(brick_.path(product, band).string());
    return error;
  }
  std::span<const RandomPoint> points() const { return points_; }

 private:
  const BrickProducts& brick_;
  std::span<const RandomPoint> points_;
  int width_, height_;
};

void sample_exposures(const Sampler& sampler, const std::string& band, std::vector<BandValues>& values) {
  const auto nexp = sampler.map<std::int32_t>(Product::kNexp, band);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Place at = nearest(sampler.inside(nexp.wcs, sampler.points()[i], Product::kNexp, band));
    const std::int32_t n = nexp.pixels(at.x, at.y);
    if (n < 0 || n > std::numeric_limits<std::int16_t>::max())
      throw sampler.wrong(n, at, Product::kNexp, band);
    values[i].nobs = static_cast<std::int16_t>(n);
  }
}

void sample_apertures(const Sampler& sampler, const std::string& band, double radius_arcsec,
                      std::vector<BandValues>& values) {
  const auto image = sampler.map<float>(Product::kImage, band),
             weight = sampler.map<float>(Product::kInvvar, band);
  const double radius = radius_arcsec / image.wcs.pixel_scale_arcsec();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const PixelPosition at = sampler.inside(image.wcs, sampler.points()[i], Product::kImage, band);
    const ApertureSums sums = aperture_sums(image.pixels.view(), weight.pixels.view(), at.x, at.y, radius);
    if (!(sums.variance > 0)) continue;  // no pixel with weight
    values[i].apflux = static_cast<float>(sums.flux);
    values[i].apflux_ivar = static_cast<float>(1 / sums.variance);
    if (!std::isfinite(values[i].apflux)) throw sampler.wrong(sums.flux, nearest(at), Product::kImage, band);
    if (!std::isfinite(values[i].apflux_ivar))
      throw sampler.wrong(sums.variance, nearest(at), Product::kInvvar, band);
  }
}

std::vector<BandValues> band_values(const BrickProducts& brick, const Sampler& sampler,
                                    const std::string& band, const RandomsOptions& options, Counts& counts) {
  std::vector<BandValues> values(sampler.points().size());
  if (!brick.has(Product::kNexp, band)) {
    ++counts["bricks without band " + band];
    return values;
  }
  sample_exposures(sampler, band, values);
  sampler.sample(Product::kDepth, band, values, &BandValues::psfdepth);
  sampler.sample(Product::kGaldepth, band, values, &BandValues::galdepth);
  sampler.sample(Product::kPsfsize, band, values, &BandValues::psfsize);
  sample_apertures(sampler, band, options.aperture_arcsec, values);
  return values;
}

std::vector<float> wise_depths(const BrickProducts& brick, std::span<const RandomPoint> points,
                               const WiseDepth& band, Counts& counts) {
  std::vector<float> out(points.size());
  if (!brick.has(Product::kInvvar, band.name())) {
    ++counts["bricks without WISE " + band.name()];
    return out;
  }
  const auto weight = brick.map<float>(Product::kInvvar, band.name());
  const double f = wise_band(band.band).ab_per_vega(), scale = band.norm * band.norm / (f * f);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto at = position_in(weight.wcs, points[i]);
    if (!at) continue;
    const Place pixel = nearest(*at);
    const float v = weight.pixels(pixel.x, pixel.y);
    if (!(v >= 0 && std::isfinite(v)))
      throw input_error("its pixel ({}, {}) holds {}, which cannot be", pixel.x, pixel.y, v)
          .in_file(brick.path(Product::kInvvar, band.name()).string());
    out[i] = static_cast<float>(v * scale);
  }
  return out;
}

std::string upper_band(const std::string& stem, const std::string& band) { return stem + band_key(band); }

std::int16_t release_of(const BrickMap<std::int32_t>& map, const fs::path& file) {
  const std::int64_t release = map.header.integer("DRVERSIO").value_or(0);
  if (release < 0 || release > std::numeric_limits<std::int16_t>::max())
    throw input_error("its release (DRVERSIO) is {}", release).in_file(file.string());
  return static_cast<std::int16_t>(release);
}

}  // namespace

std::string RandomsOptions::words() const {
  std::string text = fmt::format("randoms density {} seed {} aperture {} photsys {} dust {}", density, seed,
                                 aperture_arcsec, photsys, dust ? dust_digest : "none");
  for (const std::string& band : bands) text += " " + band;
  return text;
}

std::vector<RowColumn> randoms_columns(const RandomsOptions& options) {
  std::vector<RowColumn> out = {
      {"RELEASE", 'I', 1, "", ""}, {"BRICKID", 'J', 1, "", ""}, {"BRICKNAME", 'A', kBrickName, "", ""},
      {"OBJID", 'J', 1, "", ""},   {"RA", 'D', 1, "deg", ""},   {"DEC", 'D', 1, "deg", ""}};
  const auto each = [&](const std::string& stem, char type, const std::string& unit) {
    for (const std::string& band : options.bands) out.push_back({upper_band(stem, band), type, 1, unit, ""});
  };
  const std::string kWeight = "nanomaggies^(-2)";
  each("NOBS_", 'I', "");
  each("PSFDEPTH_", 'E', kWeight);
  each("GALDEPTH_", 'E', kWeight);
  for (const WiseDepth& band : kWise) out.push_back({"PSFDEPTH_" + band.name(), 'E', 1, kWeight, ""});
  each("PSFSIZE_", 'E', "arcsec");
  each("APFLUX_", 'E', "nanomaggies");
  each("APFLUX_IVAR_", 'E', kWeight);
  out.push_back({"MASKBITS", 'J', 1, "", ""});
  for (const WiseDepth& band : kWise) out.push_back({"WISEMASK_" + band.name(), 'B', 1, "", ""});
  if (options.dust) out.push_back({"EBV", 'E', 1, "mag", ""});
  out.push_back({"PHOTSYS", 'A', 1, "", ""});
  out.push_back({"HPXPIXEL", 'K', 1, "", ""});
  out.push_back({"LEVEL", 'E', 1, "deg^(-2)", ""});
  return out;
}

std::vector<std::uint8_t> brick_randoms(const BrickProducts& brick, const RandomsOptions& options,
                                        Counts& counts, fits::Header& cards) {
  return rows_at_places(brick, random_points(brick.brick(), options.seed, options.density), options, counts,
                        cards);
}

std::vector<std::uint8_t> rows_at_places(const BrickProducts& brick, std::span<const RandomPoint> all,
                                         const RandomsOptions& options, Counts& counts, fits::Header& cards) {
  if (brick.brick().name.size() > kBrickName)
    throw internal_error("{} is no name of a brick of the tiling", brick.brick().name);
  const auto maskbits = brick.map<std::int32_t>(Product::kMaskbits);
  const fs::path file = brick.path(Product::kMaskbits);
  merge_bit_cards(cards, maskbits.header, file);
  const std::int16_t release = release_of(maskbits, file);
  std::vector<RandomPoint> points;
  std::vector<std::int32_t> numbers;
  std::vector<Place> places;
  std::int32_t number = 0;
  for (const RandomPoint& p : all) {
    if (const auto at = position_in(maskbits.wcs, p)) {
      points.push_back(p);
      numbers.push_back(number);
      places.push_back(nearest(*at));
    }
    ++number;
  }
  counts["points"] += static_cast<std::int64_t>(points.size());
  if (const auto lost = number - static_cast<std::int64_t>(points.size()); lost > 0)
    counts["points outside of their brick's image"] += lost;
  ++counts["bricks"];
  if (!brick.has_list()) ++counts["bricks without a list of checksums"];

  const Sampler sampler(brick, points, maskbits.pixels.width(), maskbits.pixels.height());
  std::vector<std::vector<BandValues>> bands;
  for (const std::string& band : options.bands) {
    options.cancel.stop_if_asked();
    bands.push_back(band_values(brick, sampler, band, options, counts));
  }
  std::vector<std::vector<float>> wise;
  for (const WiseDepth& band : kWise) wise.push_back(wise_depths(brick, points, band, counts));
  const auto wise_masks = brick.masks(Product::kMaskbits, kWiseMasks);

  std::vector<std::uint8_t> rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const RandomPoint& p = points[i];
    append_value(rows, release);
    append_value(rows, static_cast<std::int32_t>(brick.brick().id));
    append_text(rows, brick.brick().name, kBrickName);
    append_value(rows, numbers[i]);
    append_value(rows, p.ra);
    append_value(rows, p.dec);
    const auto each = [&](auto BandValues::*member) {
      for (const auto& band : bands) append_value(rows, band[i].*member);
    };
    each(&BandValues::nobs);
    each(&BandValues::psfdepth);
    each(&BandValues::galdepth);
    for (const auto& depths : wise) append_value(rows, depths[i]);
    each(&BandValues::psfsize);
    each(&BandValues::apflux);
    each(&BandValues::apflux_ivar);
    append_value(rows, maskbits.pixels(places[i].x, places[i].y));
    for (const std::string& name : kWiseMasks) {
      const auto mask = wise_masks.find(name);
      append_value(rows, mask == wise_masks.end() ? std::uint8_t{0} : mask->second(places[i].x, places[i].y));
    }
    if (options.dust) {
      const float ebv = options.dust->ebv(p.ra, p.dec);
      if (!std::isfinite(ebv))
        throw input_error("the maps of dust have no value at RA {}, Dec {}", p.ra, p.dec);
      append_value(rows, ebv);
    }
    append_text(rows, std::string_view(&options.photsys, 1), 1);
    append_value(rows, nested_cell(kHealpixOrder, p.ra, p.dec));
    append_value(rows, p.float_level());
  }
  return rows;
}

void make_randoms_part(const BrickGroup& group, const fs::path& out, const RandomsOptions& options) {
  const std::string key = part_key(group, options.words(), options.verify);
  if (is_current_part(out, key)) return;
  const std::vector<RowColumn> columns = randoms_columns(options);
  std::size_t width = 0;
  for (const RowColumn& column : columns) width += static_cast<std::size_t>(column.bytes());
  Counts counts;
  fits::Header cards;
  std::vector<std::uint8_t> rows;
  struct Sorted {
    std::uint64_t key;
    std::int64_t brick, objid;
    std::size_t at;
    auto operator<=>(const Sorted&) const = default;
  };
  std::vector<Sorted> order;
  for (const BrickOutput& b : group.bricks) {
    options.cancel.stop_if_asked();
    const std::vector<std::uint8_t> of_brick =
        brick_randoms(BrickProducts(b, options.verify), options, counts, cards);
    const std::uint32_t stream = random_stream_of(b.brick);
    constexpr std::int64_t kObjid = 14;  // behind RELEASE, BRICKID, BRICKNAME
    for (std::size_t at = 0; at < of_brick.size(); at += width) {
      const auto objid = value_at<std::int32_t>(std::span(of_brick).subspan(at, width), kObjid);
      order.push_back({random_sort_key(options.seed, stream, objid), b.brick.id, objid, rows.size() + at});
    }
    rows.insert(rows.end(), of_brick.begin(), of_brick.end());
  }
  std::ranges::sort(order);
  put_part_cards(cards, key, counts);
  RowTableWriter writer(out, cards, columns, "RANDOMS");
  for (const Sorted& s : order) writer.append(std::span(rows).subspan(s.at, width));
  writer.finish();
  writer.put_in_place();
}

Counts merge_randoms(std::span<const fs::path> parts, const fs::path& out, const RandomsOptions& options) {
  Counts counts;
  fits::Header cards;
  cards.set("DENSITY", options.density, "[deg^(-2)] of points");
  cards.set("SEED", static_cast<std::int64_t>(options.seed), "of the points");
  cards.set("APRAD", options.aperture_arcsec, "[arcsec] radius of the apertures");
  cards.set("HPXNSIDE", 1 << kHealpixOrder, "of HPXPIXEL");
  cards.set("HPXNEST", true, "HPXPIXEL is nested");
  for (const fs::path& part : parts) {
    for (const auto& [what, count] : part_counts(fits::FitsReader(part).header(0))) counts[what] += count;
    merge_bit_cards(cards, cards_of_part(part), part);
  }
  cards.set("NBRICKS", counts["bricks"], "in which the points are");
  RowTableWriter writer(out, cards, randoms_columns(options), "RANDOMS");
  const auto key = [&](std::span<const std::uint8_t> row) {
    constexpr std::int64_t kBrickid = 2, kObjid = 14;
    if (row.empty()) return std::tuple<std::uint64_t, std::int32_t, std::int32_t>{};
    const auto brick = value_at<std::int32_t>(row, kBrickid), objid = value_at<std::int32_t>(row, kObjid);
    return std::tuple{random_sort_key(options.seed, static_cast<std::uint32_t>(brick), objid), brick, objid};
  };
  merge_rows(parts, 1, options.cancel, key, [&](std::span<const std::uint8_t> row) { writer.append(row); });
  if (writer.rows() != counts["points"])
    throw internal_error("{} points were made, {} are in the table", counts["points"], writer.rows());
  writer.finish();
  writer.put_in_place();
  return counts;
}

}  // namespace brickline
