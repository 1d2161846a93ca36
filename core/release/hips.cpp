#include "core/release/hips.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numbers>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/coadd/rgb.h"
#include "core/picture/png_codec.h"
#include "core/release/moc.h"
#include "core/release/nested_cells.h"
#include "core/wcs/sky_box.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr int kItemOrder = 5, kTileBits = 9, kChannels = 4, kAllskyOrder = 3, kAllskyTile = 64;
constexpr std::int64_t kPerDirectory = 10000;
constexpr std::size_t kKinds = std::size(kHipsKinds);
constexpr double kDegree = std::numbers::pi / 180;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in && !in.eof()) throw input_error("cannot be read").in_file(file.string());
  return text;
}

RgbaBytes empty_tile(int width = kTilePixels, int height = kTilePixels) {
  return {width, height,
          std::vector<unsigned char>(std::size_t{kChannels} * static_cast<std::size_t>(width) *
                                     static_cast<std::size_t>(height))};
}
unsigned char* pixel(RgbaBytes& tile, int column, int row) {
  return tile.bytes.data() + std::ptrdiff_t{kChannels} * (std::ptrdiff_t{row} * tile.width + column);
}
const unsigned char* pixel(const RgbaBytes& tile, int column, int row) {
  return tile.bytes.data() + std::ptrdiff_t{kChannels} * (std::ptrdiff_t{row} * tile.width + column);
}

// Tiles that a brick may have pixels in, and a few beside them: those of a grid, finer than tiles, over its area and the
// width of a tile around it.
std::set<std::int64_t> tiles_near(const Brick& b, int order) {
  const double tile = std::sqrt(cell_area(order)), step = 0.3 * tile, pad = 1.5 * tile;
  const double low = std::max(-90., b.dec1 - pad), high = std::min(90., b.dec2 + pad);
  const double width = b.ra2 > b.ra1 ? b.ra2 - b.ra1 : b.ra2 - b.ra1 + 360;
  std::set<std::int64_t> out;
  const int rows = static_cast<int>(std::ceil((high - low) / step));
  for (int j = 0; j <= rows; ++j) {
    const double dec = low + (high - low) * j / rows;
    const double stretch = 1 / std::max(1e-6, std::cos(dec * kDegree));
    const double span = std::min(360., width + 2 * pad * stretch), middle = b.ra1 + width / 2;
    const int columns = std::max(1, static_cast<int>(std::ceil(span / (step * stretch))));
    for (int i = 0; i <= columns; ++i)
      out.insert(nested_cell(order, middle - span / 2 + span * i / columns, dec));
  }
  return out;
}

// A brick's planes, in memory while its tiles are drawn.
class BrickPictures {
 public:
  BrickPictures(const BrickProducts& brick, const HipsOptions& options) {
    const Brick& b = brick.brick();
    box_.ra1 = b.ra1, box_.ra2 = b.ra2, box_.dec1 = b.dec1, box_.dec2 = b.dec2;
    for (auto& kind : planes_) kind.resize(options.bands.size());
    for (std::size_t i = 0; i < options.bands.size(); ++i) {
      options.cancel.stop_if_asked();
      read(brick, options.bands[i], i);
    }
  }
  // Draws what the brick has of a tile.
  void draw(int order, std::int64_t tile, const std::vector<std::string>& bands,
            std::array<RgbaBytes, kKinds>& to) const {
    if (covered_.empty()) return;  // it has none of the bands
    const FaceCell place = face_cell(order, tile);
    const int deep = order + kTileBits;
    const auto x0 = static_cast<double>(place.x << kTileBits), y0 = static_cast<double>(place.y << kTileBits);
    Image<float> at_x(kTilePixels, kTilePixels, -1), at_y(kTilePixels, kTilePixels);
    bool any = false;
    for (int row = 0; row < kTilePixels; ++row)
      for (int column = 0; column < kTilePixels; ++column) {
        const SkyPosition s = face_position(deep, place.face, x0 + row + 0.5, y0 + column + 0.5);
        if (!box_.contains(s.ra, s.dec)) continue;
        const auto p = wcs_.sky_to_pixel(s.ra, s.dec);
        if (!p || !(p->x >= -0.5 && p->y >= -0.5 && p->x < wcs_.width() - 0.5 && p->y < wcs_.height() - 0.5))
          continue;
        if (!covered_(static_cast<int>(p->x + 0.5), static_cast<int>(p->y + 0.5))) continue;
        at_x(column, row) = static_cast<float>(std::clamp(p->x, 0., wcs_.width() - 1.));
        at_y(column, row) = static_cast<float>(std::clamp(p->y, 0., wcs_.height() - 1.));
        any = true;
      }
    if (!any) return;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      std::vector<Image<float>> sampled;
      for (const Image<float>& plane : planes_[kind]) sampled.push_back(resampled(plane, at_x, at_y));
      std::vector<ImageView<const float>> views;
      for (const Image<float>& plane : sampled) views.push_back(plane.view());
      const RgbPlanes rgb =
          rgb_picture(views, bands, kind == 0 ? PictureKind::kImage : PictureKind::kResidual);
      for (int row = 0; row < kTilePixels; ++row)
        for (int column = 0; column < kTilePixels; ++column) {
          if (at_x(column, row) < 0) continue;
          unsigned char* to_pixel = pixel(to[kind], column, row);
          const float values[3] = {rgb.red(column, row), rgb.green(column, row), rgb.blue(column, row)};
          constexpr float kFull = 255;
          for (int c = 0; c < 3; ++c) to_pixel[c] = static_cast<unsigned char>(kFull * values[c]);
          to_pixel[3] = 255;
        }
    }
  }

 private:
  void read(const BrickProducts& brick, const std::string& band, std::size_t i) {
    if (!brick.has(Product::kNexp, band)) return;
    auto image = brick.map<float>(Product::kImage, band);
    auto model = brick.map<float>(Product::kModel, band);
    const auto nexp = brick.map<std::int32_t>(Product::kNexp, band);
    const int width = image.pixels.width(), height = image.pixels.height();
    if (covered_.empty()) {
      covered_ = Image<std::uint8_t>(width, height);
      wcs_ = image.wcs;
    }
    for (const auto& [w, h, product] : {std::tuple(width, height, Product::kImage),
                                        {model.pixels.width(), model.pixels.height(), Product::kModel},
                                        {nexp.pixels.width(), nexp.pixels.height(), Product::kNexp}})
      if (w != covered_.width() || h != covered_.height())
        throw input_error("it has {} x {} pixels, another of the brick {} x {}", w, h, covered_.width(),
                          covered_.height())
            .in_file(brick.path(product, band).string());
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        if (nexp.pixels(x, y) > 0) covered_(x, y) = 1;
        model.pixels(x, y) = image.pixels(x, y) - model.pixels(x, y);
      }
    planes_[0][i] = std::move(image.pixels);
    planes_[1][i] = std::move(model.pixels);
  }
  // Bilinear; 0 where `at_x` is negative, and of a band that the brick lacks.
  static Image<float> resampled(const Image<float>& plane, const Image<float>& at_x,
                                const Image<float>& at_y) {
    Image<float> out(kTilePixels, kTilePixels);
    if (plane.empty()) return out;
    for (int row = 0; row < kTilePixels; ++row)
      for (int column = 0; column < kTilePixels; ++column) {
        const float x = at_x(column, row), y = at_y(column, row);
        if (x < 0) continue;
        const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
        const int x1 = std::min(x0 + 1, plane.width() - 1), y1 = std::min(y0 + 1, plane.height() - 1);
        const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
        out(column, row) = (1 - fy) * ((1 - fx) * plane(x0, y0) + fx * plane(x1, y0)) +
                           fy * ((1 - fx) * plane(x0, y1) + fx * plane(x1, y1));
      }
    return out;
  }
  SkyBox box_;
  Wcs wcs_;
  Image<std::uint8_t> covered_;
  std::array<std::vector<Image<float>>, kKinds> planes_;
};

bool is_blank(const RgbaBytes& tile) {
  for (std::size_t i = 3; i < tile.bytes.size(); i += kChannels)
    if (tile.bytes[i]) return false;
  return true;
}

int levels_of_an_item(const HipsOptions& options) { return 2 * (options.order - hips_item_order(options)); }

// Of tiles that a brick had which is not among these now.
void remove_tile(const fs::path& tree, int order, std::int64_t tile) {
  fs::remove(tree / (tile_path(order, tile).string() + ".png"));
}

fs::path mark_of(const fs::path& out, std::int64_t cell) {
  return out / ".items" / fmt::format("{}.txt", cell);
}

// ---- above the deepest order ----

// Four pixels' mean, of those that are not transparent.
void reduce(const RgbaBytes& child, int quadrant, RgbaBytes& parent) {
  constexpr int kHalf = kTilePixels / 2;
  const int column0 = (quadrant >> 1) * kHalf, row0 = (quadrant & 1) * kHalf;
  for (int row = 0; row < kHalf; ++row)
    for (int column = 0; column < kHalf; ++column) {
      std::array<int, 3> sum{};
      int count = 0;
      for (int k = 0; k < 4; ++k) {
        const unsigned char* from = pixel(child, 2 * column + (k & 1), 2 * row + (k >> 1));
        if (!from[3]) continue;
        ++count;
        for (int c = 0; c < 3; ++c) sum[c] += from[c];
      }
      if (count == 0) continue;
      unsigned char* to = pixel(parent, column0 + column, row0 + row);
      for (int c = 0; c < 3; ++c) to[c] = static_cast<unsigned char>((sum[c] + count / 2) / count);
      to[3] = 255;
    }
}

std::set<std::int64_t> tiles_there(const fs::path& tree, int order) {
  std::set<std::int64_t> out;
  const fs::path directory = tree / fmt::format("Norder{}", order);
  std::error_code code;
  for (const auto& group : fs::directory_iterator(directory, code)) {
    if (!group.is_directory()) continue;
    for (const auto& entry : fs::directory_iterator(group)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("Npix") && name.ends_with(".png")) out.insert(std::stoll(name.substr(4)));
    }
  }
  return out;
}

RgbaBytes read_tile(const fs::path& tree, int order, std::int64_t cell) {
  const fs::path file = tree / (tile_path(order, cell).string() + ".png");
  try {
    RgbaBytes tile = decode_png(text_of(file));
    if (tile.width != kTilePixels || tile.height != kTilePixels)
      throw input_error("it is no tile of {} pixels", kTilePixels);
    return tile;
  } catch (Error& error) {
    error.in_file(file.string());
    throw;
  }
}
void write_tile(const RgbaBytes& tile, const fs::path& tree, int order, std::int64_t cell) {
  write_file_atomically(tree / (tile_path(order, cell).string() + ".png"), encode_png(tile));
}

// Cells of order K + 4 in which a tile has pixels.
constexpr int kMocBits = 4;
void add_coverage(const RgbaBytes& tile, std::int64_t cell, std::vector<std::int64_t>& cells) {
  const FaceCell place = face_cell(0, 0);
  std::set<std::int64_t> within;
  for (int row = 0; row < kTilePixels; ++row)
    for (int column = 0; column < kTilePixels; ++column)
      if (pixel(tile, column, row)[3]) {
        FaceCell sub = place;
        sub.x = row >> (kTileBits - kMocBits);
        sub.y = column >> (kTileBits - kMocBits);
        within.insert(cell_number(kMocBits, sub));
      }
  for (const std::int64_t sub : within) cells.push_back((cell << (2 * kMocBits)) + sub);
}

void write_allsky(const fs::path& tree) {
  const std::set<std::int64_t> tiles = tiles_there(tree, kAllskyOrder);
  if (tiles.empty()) return;
  constexpr int kColumns = 27, kRows = 29,
                kShrink = kTilePixels / kAllskyTile;  // floor(sqrt(768)) and the rest
  RgbaBytes out = empty_tile(kColumns * kAllskyTile, kRows * kAllskyTile);
  for (const std::int64_t cell : tiles) {
    const RgbaBytes tile = read_tile(tree, kAllskyOrder, cell);
    const int x0 = static_cast<int>(cell % kColumns) * kAllskyTile,
              y0 = static_cast<int>(cell / kColumns) * kAllskyTile;
    for (int row = 0; row < kAllskyTile; ++row)
      for (int column = 0; column < kAllskyTile; ++column) {
        std::array<int, 3> sum{};
        int count = 0;
        for (int dy = 0; dy < kShrink; ++dy)
          for (int dx = 0; dx < kShrink; ++dx) {
            const unsigned char* from = pixel(tile, column * kShrink + dx, row * kShrink + dy);
            if (!from[3]) continue;
            ++count;
            for (int c = 0; c < 3; ++c) sum[c] += from[c];
          }
        if (count == 0) continue;
        unsigned char* to = pixel(out, x0 + column, y0 + row);
        for (int c = 0; c < 3; ++c) to[c] = static_cast<unsigned char>((sum[c] + count / 2) / count);
        to[3] = 255;
      }
  }
  write_file_atomically(tree / fmt::format("Norder{}", kAllskyOrder) / "Allsky.png", encode_png(out));
}

std::string properties(const std::string& kind, const HipsOptions& options, const HipsReport& report) {
  std::string text;
  const auto line = [&](std::string_view key, const std::string& value) {
    text += fmt::format("{:<20} = {}\n", key, value);
  };
  line("creator_did", fmt::format("{}/P/brickline/{}", options.publisher, kind));
  line("obs_title", options.title + (kind == "resid" ? ", residuals" : ""));
  line("dataproduct_type", "image");
  line("dataproduct_subtype", "color");
  line("hips_version", "1.4");
  line("hips_release_date", options.release_date);
  line("hips_status", "public master clonable");
  line("hips_frame", "equatorial");
  line("hips_order", fmt::format("{}", options.order));
  line("hips_order_min", "0");
  line("hips_tile_format", "png");
  line("hips_tile_width", fmt::format("{}", kTilePixels));
  line("hips_pixel_scale", fmt::format("{:.6g}", std::sqrt(cell_area(options.order + kTileBits))));
  line("hips_sampling", "bilinear");
  line("hips_initial_ra", fmt::format("{:.6f}", report.ra));
  line("hips_initial_dec", fmt::format("{:.6f}", report.dec));
  line("hips_initial_fov", fmt::format("{:.4g}", report.field));
  line("hips_nb_tiles", fmt::format("{}", report.tiles));
  line("moc_sky_fraction", fmt::format("{:.6g}", report.sky_fraction));
  line("obs_regime", "Optical");
  line("hips_builder", "brickline");
  return text;
}

}  // namespace

std::string HipsOptions::words() const {
  std::string text = fmt::format("hips order {}", order);
  for (const std::string& band : bands) text += " " + band;
  return text;
}

fs::path tile_path(int order, std::int64_t cell) {
  return fmt::format("Norder{}/Dir{}/Npix{}", order, cell / kPerDirectory * kPerDirectory, cell);
}

int hips_item_order(const HipsOptions& options) { return std::min(kItemOrder, options.order); }

HipsItems hips_items(std::span<const BrickOutput> bricks, const HipsOptions& options) {
  HipsItems items;
  const int up = levels_of_an_item(options);
  for (const BrickOutput& b : bricks) {
    std::set<std::int64_t> cells;
    for (const std::int64_t tile : tiles_near(b.brick, options.order)) cells.insert(tile >> up);
    for (const std::int64_t cell : cells) items[cell].push_back(b);
  }
  for (auto& [cell, members] : items)
    std::ranges::sort(members, {}, [](const BrickOutput& b) { return b.brick.id; });
  return items;
}

fs::path hips_item_mark(const fs::path& out, std::int64_t cell) {
  return out / ".items" / fmt::format("{}.txt", cell);
}

bool make_hips_item(std::int64_t cell, std::span<const BrickOutput> bricks, const fs::path& out,
                    const HipsOptions& options) {
  const BrickGroup group{std::to_string(cell), {bricks.begin(), bricks.end()}};
  const std::string key = part_key(group, options.words(), options.verify);
  const fs::path mark = hips_item_mark(out, cell);
  std::error_code code;
  if (!key.empty() && fs::exists(mark, code) && text_of(mark) == key) return false;
  fs::remove(mark, code);
  const int up = levels_of_an_item(options);
  std::vector<std::set<std::int64_t>> tiles_of;
  std::map<std::int64_t, int> waiting;  // bricks of a tile that are still to come
  for (const BrickOutput& b : bricks) {
    std::set<std::int64_t> tiles;
    for (const std::int64_t tile : tiles_near(b.brick, options.order))
      if (tile >> up == cell) tiles.insert(tile), ++waiting[tile];
    tiles_of.push_back(std::move(tiles));
  }
  for (std::int64_t tile = cell << up; tile < (cell + 1) << up; ++tile)
    if (!waiting.contains(tile))
      for (const char* kind : kHipsKinds) remove_tile(out / kind, options.order, tile);
  std::map<std::int64_t, std::array<RgbaBytes, kKinds>> drawn;
  for (std::size_t i = 0; i < bricks.size(); ++i) {
    options.cancel.stop_if_asked();
    const BrickPictures pictures(BrickProducts(bricks[i], options.verify), options);
    const std::vector<std::int64_t> tiles(tiles_of[i].begin(), tiles_of[i].end());
    for (const std::int64_t tile : tiles) drawn.try_emplace(tile, std::array{empty_tile(), empty_tile()});
    tbb::parallel_for(std::size_t{0}, tiles.size(), [&](std::size_t k) {
      options.cancel.stop_if_asked();
      pictures.draw(options.order, tiles[k], options.bands, drawn.at(tiles[k]));
    });
    for (const std::int64_t tile : tiles) {
      if (--waiting[tile] > 0) continue;
      const auto done = drawn.extract(tile);
      for (std::size_t kind = 0; kind < kKinds; ++kind) {
        const fs::path tree = out / kHipsKinds[kind];
        if (is_blank(done.mapped()[kind]))
          remove_tile(tree, options.order, tile);
        else
          write_tile(done.mapped()[kind], tree, options.order, tile);
      }
    }
  }
  if (!key.empty()) write_file_atomically(mark, key);
  return true;
}

HipsReport finish_hips(const std::string& kind, const fs::path& out, const HipsItems& items,
                       const HipsOptions& options) {
  const fs::path tree = out / kind;
  std::set<std::int64_t> tiles = tiles_there(tree, options.order);
  std::erase_if(tiles, [&](std::int64_t tile) {
    const std::int64_t item = tile >> levels_of_an_item(options);
    if (items.contains(item)) return false;
    fs::remove(mark_of(out, item));
    remove_tile(tree, options.order, tile);
    return true;
  });
  if (tiles.empty()) throw input_error("there is no tile of order {}", options.order).in_file(tree.string());
  HipsReport report;
  report.tiles = static_cast<std::int64_t>(tiles.size());
  Moc moc(options.order + kMocBits);
  std::vector<std::int64_t> covered;
  constexpr std::size_t kMany = 1 << 20;
  for (int order = 0; order < options.order; ++order) fs::remove_all(tree / fmt::format("Norder{}", order));
  for (int order = options.order; order > 0; --order) {
    std::set<std::int64_t> parents;
    for (auto it = tiles.begin(); it != tiles.end();) {
      options.cancel.stop_if_asked();
      const std::int64_t parent = *it >> 2;
      RgbaBytes picture = empty_tile();
      for (; it != tiles.end() && *it >> 2 == parent; ++it) {
        const RgbaBytes child = read_tile(tree, order, *it);
        if (order == options.order) add_coverage(child, *it, covered);
        reduce(child, static_cast<int>(*it & 3), picture);
      }
      if (covered.size() > kMany) moc.add_cells(std::exchange(covered, {}));
      write_tile(picture, tree, order - 1, parent);
      parents.insert(parent);
    }
    tiles = std::move(parents);
    report.tiles += static_cast<std::int64_t>(tiles.size());
  }
  if (options.order >= kAllskyOrder) write_allsky(tree);
  moc.add_cells(std::move(covered));
  report.sky_fraction = moc.fraction();
  // The middle of the first stretch of sky.
  if (moc.empty()) throw input_error("its tiles are all empty").in_file(tree.string());
  const auto [low, high] = moc.ranges().front();
  const SkyPosition middle = cell_center(moc.order(), (low + high) / 2);
  report.ra = middle.ra, report.dec = middle.dec;
  constexpr double kLeastField = 0.02, kMostField = 180;
  report.field = std::clamp(2 * std::sqrt(report.sky_fraction * 4 * 180 * 180 / std::numbers::pi),
                            kLeastField, kMostField);
  moc.write(tree / "Moc.fits", options.title, "IMAGE");
  write_file_atomically(tree / "properties", properties(kind, options, report));
  return report;
}

}  // namespace brickline
