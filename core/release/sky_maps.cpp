#include "core/release/sky_maps.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/release/nested_cells.h"
#include "core/release/row_bytes.h"
#include "core/release/row_merge.h"
#include "core/survey/bits.h"
#include "core/wcs/sky_box.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr int kBits = 31;
constexpr float kUnseen = -1.6375e30F;

struct BandSums {
  double area = 0;  // square degrees
  std::int64_t pixels = 0, exposures = 0;
  double psfdepth = 0, galdepth = 0, psfsize = 0;
  void add(const BandSums& o) {
    area += o.area, pixels += o.pixels, exposures += o.exposures;
    psfdepth += o.psfdepth, galdepth += o.galdepth, psfsize += o.psfsize;
  }
};
struct CellSums {
  explicit CellSums(std::size_t bands) : of_band(bands) {}
  double area = 0;
  std::array<double, kBits> of_bit{};
  std::vector<BandSums> of_band;
  void add(const CellSums& o) {
    area += o.area;
    for (int bit = 0; bit < kBits; ++bit) of_bit[bit] += o.of_bit[bit];
    for (std::size_t i = 0; i < of_band.size(); ++i) of_band[i].add(o.of_band[i]);
  }
};
using Cells = std::map<std::int64_t, CellSums>;

// The cell of each pixel at the deeper order; -1 outside of the unique area.
Image<std::int64_t> cells_of(const Wcs& wcs, const Brick& b, int order) {
  SkyBox box;
  box.ra1 = b.ra1, box.ra2 = b.ra2, box.dec1 = b.dec1, box.dec2 = b.dec2;
  Image<std::int64_t> out(wcs.width(), wcs.height(), -1);
  tbb::parallel_for(0, wcs.height(), [&](int y) {
    for (int x = 0; x < wcs.width(); ++x)
      if (const SkyPosition s = wcs.pixel_to_sky(x, y); box.contains(s.ra, s.dec))
        out(x, y) = nested_cell(order, s.ra, s.dec);
  });
  return out;
}

// The sums of a cell, which the next pixel mostly shares with the one before.
class Finder {
 public:
  Finder(Cells& cells, std::size_t bands) : cells_(cells), bands_(bands) {}
  CellSums& operator()(std::int64_t cell) {
    if (!last_ || cell != number_) {
      last_ = &cells_.try_emplace(cell, bands_).first->second;
      number_ = cell;
    }
    return *last_;
  }

 private:
  Cells& cells_;
  std::size_t bands_;
  CellSums* last_ = nullptr;
  std::int64_t number_ = -1;
};

class BrickSums {
 public:
  BrickSums(const BrickProducts& brick, const SkyMapsOptions& options, fits::Header& cards)
      : brick_(brick), options_(options), deep_(std::max(options.order, options.moc_order)) {
    const auto maskbits = brick.map<std::int32_t>(Product::kMaskbits);
    merge_bit_cards(cards, maskbits.header, brick.path(Product::kMaskbits));
    cells_ = cells_of(maskbits.wcs, brick.brick(), deep_);
    const double degrees = maskbits.wcs.pixel_scale_arcsec() / 3600;
    pixel_area_ = degrees * degrees;
    Finder find(sums, options.bands.size());
    each_unique([&](int x, int y, std::int64_t cell) {
      CellSums& s = find(cell >> (2 * (deep_ - options_.order)));
      s.area += pixel_area_;
      const auto bits = static_cast<std::uint32_t>(maskbits.pixels(x, y));
      if (bits == 0) return;
      for (int bit = 0; bit < kBits; ++bit)
        if (bits >> bit & 1) s.of_bit[bit] += pixel_area_;
    });
  }
  void add_band(std::size_t index, Moc& moc) {
    const std::string& band = options_.bands[index];
    const auto nexp = checked<std::int32_t>(Product::kNexp, band);
    Finder find(sums, options_.bands.size());
    std::vector<std::int64_t> covered;
    each_unique([&](int x, int y, std::int64_t cell) {
      const std::int32_t n = nexp(x, y);
      if (n < 0)
        throw input_error("its pixel ({}, {}) holds {} exposures", x, y, n)
            .in_file(brick_.path(Product::kNexp, band).string());
      if (n == 0) return;
      BandSums& s = find(cell >> (2 * (deep_ - options_.order))).of_band[index];
      s.area += pixel_area_;
      ++s.pixels;
      s.exposures += n;
      const std::int64_t moc_cell = cell >> (2 * (deep_ - options_.moc_order));
      if (covered.empty() || covered.back() != moc_cell) covered.push_back(moc_cell);
    });
    moc.add_cells(std::move(covered));
    add_map(Product::kDepth, index, nexp, &BandSums::psfdepth);
    add_map(Product::kGaldepth, index, nexp, &BandSums::galdepth);
    add_map(Product::kPsfsize, index, nexp, &BandSums::psfsize);
  }
  Cells sums;

 private:
  template <typename F>
  void each_unique(F&& f) const {
    for (int y = 0; y < cells_.height(); ++y)
      for (int x = 0; x < cells_.width(); ++x)
        if (cells_(x, y) >= 0) f(x, y, cells_(x, y));
  }
  template <typename T>
  Image<T> checked(Product product, const std::string& band) const {
    Image<T> pixels = brick_.map<T>(product, band).pixels;
    if (pixels.width() != cells_.width() || pixels.height() != cells_.height())
      throw input_error("it has {} x {} pixels, the brick's MASKBITS {} x {}", pixels.width(),
                        pixels.height(), cells_.width(), cells_.height())
          .in_file(brick_.path(product, band).string());
    return pixels;
  }
  void add_map(Product product, std::size_t index, const Image<std::int32_t>& nexp,
               double BandSums::*member) {
    const std::string& band = options_.bands[index];
    const auto pixels = checked<float>(product, band);
    Finder find(sums, options_.bands.size());
    each_unique([&](int x, int y, std::int64_t cell) {
      if (nexp(x, y) == 0) return;
      const float v = pixels(x, y);
      if (!(v >= 0 && std::isfinite(v)))
        throw input_error("its pixel ({}, {}) holds {}, which cannot be", x, y, v)
            .in_file(brick_.path(product, band).string());
      find(cell >> (2 * (deep_ - options_.order))).of_band[index].*member += v;
    });
  }
  const BrickProducts& brick_;
  const SkyMapsOptions& options_;
  int deep_;
  Image<std::int64_t> cells_;
  double pixel_area_ = 0;
};

fits::Table table_of(const Cells& cells, const std::vector<std::string>& bands) {
  std::vector<std::int64_t> numbers;
  std::vector<double> area, bits;
  for (const auto& [cell, sums] : cells) {
    numbers.push_back(cell);
    area.push_back(sums.area);
    bits.insert(bits.end(), sums.of_bit.begin(), sums.of_bit.end());
  }
  fits::Table out;
  out.add("PIXEL", numbers);
  out.add("AREA", area);
  out.add("BITS", bits, "", {kBits});
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const auto column = [&](const std::string& stem, auto BandSums::*member) {
      std::vector<std::remove_cvref_t<decltype(BandSums().*member)>> values;
      for (const auto& [cell, sums] : cells) values.push_back(sums.of_band[i].*member);
      out.add(stem + bands[i], values);
    };
    column("AREA_", &BandSums::area);
    column("NPIX_", &BandSums::pixels);
    column("NEXP_", &BandSums::exposures);
    column("PSFDEPTH_", &BandSums::psfdepth);
    column("GALDEPTH_", &BandSums::galdepth);
    column("PSFSIZE_", &BandSums::psfsize);
  }
  return out;
}

// A row of SUMS; its columns are as table_of() has them.
CellSums sums_of_row(std::span<const std::uint8_t> row, std::size_t bands) {
  CellSums out(bands);
  std::int64_t at = sizeof(std::int64_t);
  const auto next = [&]<typename T>(T& value) {
    value = value_at<T>(row, at);
    at += static_cast<std::int64_t>(sizeof(T));
  };
  next(out.area);
  for (double& bit : out.of_bit) next(bit);
  for (BandSums& b : out.of_band) {
    next(b.area), next(b.pixels), next(b.exposures);
    next(b.psfdepth), next(b.galdepth), next(b.psfsize);
  }
  return out;
}

struct NamedColumn {
  int bit;
  std::string name;
};
// Bits that are explained, but for that of pixels outside of the unique area.
std::vector<NamedColumn> bits_of(const fits::Header& cards) {
  std::vector<NamedColumn> out;
  for (int bit = 1; bit < kBits; ++bit)
    if (const auto name = cards.text(fmt::format("MBIT_{}", bit))) out.push_back({bit, *name});
  return out;
}

std::vector<RowColumn> map_columns(const std::vector<std::string>& bands,
                                   const std::vector<NamedColumn>& bits) {
  std::vector<RowColumn> out = {{"PIXEL", 'K', 1, "", ""}, {"FRAC", 'E', 1, "", ""}};
  for (const std::string& band : bands) {
    const std::string b = band_key(band);
    const auto column = [&](const std::string& stem, const std::string& unit) {
      out.push_back({stem + b, 'E', 1, unit, ""});
    };
    column("FRAC_", ""), column("NEXP_", "");
    column("PSFDEPTH_", "nanomaggies^(-2)"), column("GALDEPTH_", "nanomaggies^(-2)");
    column("PSFMAG_", "mag"), column("GALMAG_", "mag"), column("PSFSIZE_", "arcsec");
  }
  for (const NamedColumn& bit : bits) out.push_back({"FRAC_" + bit.name, 'E', 1, "", ""});
  return out;
}

float magnitude(double depth) {
  return depth > 0 ? static_cast<float>(22.5 - 2.5 * std::log10(5 / std::sqrt(depth))) : kUnseen;
}

void append_cell(std::int64_t cell, const CellSums& sums, double cell_area,
                 const std::vector<NamedColumn>& bits, std::vector<std::uint8_t>& row) {
  append_value(row, cell);
  append_value(row, static_cast<float>(sums.area / cell_area));
  for (const BandSums& b : sums.of_band) {
    const auto n = static_cast<double>(b.pixels);
    const auto mean = [&](double sum) { return b.pixels > 0 ? static_cast<float>(sum / n) : kUnseen; };
    append_value(row, static_cast<float>(b.area / cell_area));
    append_value(row, mean(static_cast<double>(b.exposures)));
    append_value(row, mean(b.psfdepth));
    append_value(row, mean(b.galdepth));
    append_value(row, magnitude(b.pixels > 0 ? b.psfdepth / n : 0));
    append_value(row, magnitude(b.pixels > 0 ? b.galdepth / n : 0));
    append_value(row, mean(b.psfsize));
  }
  for (const NamedColumn& bit : bits) append_value(row, static_cast<float>(sums.of_bit[bit.bit] / cell_area));
}

}  // namespace

std::string SkyMapsOptions::words() const {
  std::string text = fmt::format("maps order {} coverage {}", order, moc_order);
  for (const std::string& band : bands) text += " " + band;
  return text;
}

void make_maps_part(const BrickGroup& group, const fs::path& out, const SkyMapsOptions& options) {
  const std::string key = part_key(group, options.words(), options.verify);
  if (is_current_part(out, key)) return;
  Counts counts;
  fits::Header cards;
  Cells cells;
  Moc any(options.moc_order);
  std::vector<Moc> of_band(options.bands.size(), Moc(options.moc_order));
  for (const BrickOutput& b : group.bricks) {
    options.cancel.stop_if_asked();
    const BrickProducts brick(b, options.verify);
    ++counts["bricks"];
    if (!brick.has_list()) ++counts["bricks without a list of checksums"];
    BrickSums sums(brick, options, cards);
    for (std::size_t i = 0; i < options.bands.size(); ++i) {
      options.cancel.stop_if_asked();
      if (brick.has(Product::kNexp, options.bands[i]))
        sums.add_band(i, of_band[i]);
      else
        ++counts["bricks without band " + options.bands[i]];
    }
    for (const auto& [cell, s] : sums.sums)
      cells.try_emplace(cell, options.bands.size()).first->second.add(s);
  }
  for (const Moc& moc : of_band) any.add(moc);
  put_part_cards(cards, key, counts);
  fits::FitsWriter writer;
  writer.add_empty_primary(cards);
  writer.add_table(table_of(cells, options.bands), "SUMS");
  writer.add_table(any.table(), "MOC");
  for (std::size_t i = 0; i < options.bands.size(); ++i)
    writer.add_table(of_band[i].table(), "MOC_" + options.bands[i]);
  writer.write(out);
}

Counts merge_maps(std::span<const fs::path> parts, const fs::path& out, const SkyMapsOptions& options) {
  Counts counts;
  fits::Header cards;
  std::vector<Moc> mocs(options.bands.size() + 1, Moc(options.moc_order));
  for (const fs::path& part : parts) {
    fits::FitsReader reader(part);
    for (const auto& [what, count] : part_counts(reader.header(0))) counts[what] += count;
    merge_bit_cards(cards, reader.header(0), part);
    constexpr int kFirstMoc = 2;
    for (std::size_t i = 0; i < mocs.size(); ++i)
      mocs[i].add(Moc::from_table(options.moc_order, reader.table(kFirstMoc + static_cast<int>(i))));
  }
  const std::vector<NamedColumn> bits = bits_of(cards);
  fits::Header of_table;
  of_table.set("PIXTYPE", "HEALPIX", "");
  of_table.set("ORDERING", "NESTED", "");
  of_table.set("COORDSYS", "C", "");
  of_table.set("NSIDE", 1 << options.order, "");
  of_table.set("INDXSCHM", "EXPLICIT", "");
  of_table.set("OBJECT", "PARTIAL", "");
  cards.set("NBRICKS", counts["bricks"], "of which this is made");
  RowTableWriter writer(out / "survey-maps.fits", cards, map_columns(options.bands, bits), "HPXMAP",
                        of_table);
  const double area = cell_area(options.order);
  std::int64_t cell = -1;
  CellSums sums(options.bands.size());
  const auto write = [&] {
    if (cell < 0) return;
    std::vector<std::uint8_t> row;
    append_cell(cell, sums, area, bits, row);
    writer.append(row);
  };
  const auto key = [](std::span<const std::uint8_t> row) {
    return row.empty() ? std::int64_t{0} : value_at<std::int64_t>(row, 0);
  };
  merge_rows(parts, 1, options.cancel, key, [&](std::span<const std::uint8_t> row) {
    if (key(row) != cell) {
      write();
      cell = key(row);
      sums = CellSums(options.bands.size());
    }
    sums.add(sums_of_row(row, options.bands.size()));
  });
  write();
  counts["cells"] = writer.rows();
  writer.finish();
  mocs[0].write(out / "moc.fits", "coverage", "IMAGE");
  for (std::size_t i = 0; i < options.bands.size(); ++i)
    mocs[i + 1].write(out / ("moc-" + options.bands[i] + ".fits"), "coverage " + options.bands[i], "IMAGE");
  writer.put_in_place();
  return counts;
}

}  // namespace brickline
