#include "core/wise/tile_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/base/read_log.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

std::filesystem::path tile_directory(const std::filesystem::path& base, const std::string& id) {
  return base / id.substr(0, 3) / id;
}

// `stem`.fits or `stem`.fits.gz, in the order that releases have them.
std::optional<std::filesystem::path> plain_or_gzipped(const std::filesystem::path& directory,
                                                      const std::string& stem, bool plain_first,
                                                      ReadLog* reads) {
  const std::array<const char*, 2> endings = plain_first ? std::array<const char*, 2>{".fits", ".fits.gz"}
                                                         : std::array<const char*, 2>{".fits.gz", ".fits"};
  for (const char* ending : endings) {
    std::filesystem::path path = directory / (stem + ending);
    if (reads) reads->note(path);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) return path;
  }
  return std::nullopt;
}

// In tile pixels; neighbouring bricks overlap by more.
constexpr double kNegligibleCorner = 3;

struct Span {
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;

  void add(const PixelPosition& p) {
    x0 = std::min(x0, p.x);
    x1 = std::max(x1, p.x);
    y0 = std::min(y0, p.y);
    y1 = std::max(y1, p.y);
  }
  double pixels_beyond(const Span& o) const { return std::max({o.x0 - x0, x1 - o.x1, o.y0 - y0, y1 - o.y1}); }
};

// Fluxes are taken as nanomaggies (of Vega) of the band that the file's name tells.
void require_unwise(const fits::Header& header, int band) {
  constexpr double kZeroPoint = 22.5, kSame = 1e-3;
  if (const auto zero_point = header.number("MAGZP");
      zero_point && !(std::abs(*zero_point - kZeroPoint) < kSame))
    throw input_error("its zero point (MAGZP) is {}, that of unWISE's coadds {}", *zero_point, kZeroPoint);
  if (const auto own = header.integer("BAND"); own && *own != band)
    throw input_error("it is of W{} by its header (BAND), of W{} by its name", *own, band);
}

// Of the plane's own header, since planes of one tile must agree.
template <typename T>
Image<T> plane(const std::filesystem::path& file, const Box& region, int width, int height) {
  fits::FitsReader reader(file);
  const fits::ImageInfo info = reader.image_info(0);
  if (info.width != width || info.height != height)
    throw input_error("{} x {} pixels, and the tile's image has {} x {}", info.width, info.height, width,
                      height)
        .in_file(file.string());
  return reader.image<T>(0, region);
}

}  // namespace

std::vector<std::filesystem::path> split_directories(std::string_view list) {
  std::vector<std::filesystem::path> out;
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    if (colon != 0) out.emplace_back(list.substr(0, colon));
    list = colon == std::string_view::npos ? std::string_view{} : list.substr(colon + 1);
  }
  return out;
}

TileSearch find_tile(const std::vector<std::filesystem::path>& directories, const std::string& id, int band,
                     ReadLog* reads) {
  const std::string stem = fmt::format("unwise-{}-w{}-", id, band);
  TileSearch search;
  std::string searched;
  for (const std::filesystem::path& base : directories) {
    const std::filesystem::path directory = tile_directory(base, id);
    const std::array<const char*, 4> kinds = {"img-m", "invvar-m", "n-m", "n-u"};
    std::array<std::optional<std::filesystem::path>, 4> found;
    for (std::size_t k = 0; k < kinds.size(); ++k)
      found[k] = plain_or_gzipped(directory, stem + kinds[k], k == 0, reads);
    if (std::all_of(found.begin(), found.end(), [](const auto& f) { return f.has_value(); })) {
      search.files = TileFiles{*found[0], *found[1], *found[2], *found[3]};
      search.missing.clear();
      return search;
    }
    if (std::any_of(found.begin(), found.end(), [](const auto& f) { return f.has_value(); }))
      for (std::size_t k = 0; k < kinds.size(); ++k)
        if (!found[k] && search.missing.empty())
          search.missing = fmt::format("{} has no {}{}.fits", directory.string(), stem, kinds[k]);
    searched += (searched.empty() ? "" : ", ") + base.string();
  }
  if (search.missing.empty()) search.missing = fmt::format("no {}img-m.fits below {}", stem, searched);
  return search;
}

std::optional<std::filesystem::path> find_tile_mask(const std::vector<std::filesystem::path>& directories,
                                                    const std::string& id, ReadLog* reads) {
  for (const std::filesystem::path& base : directories)
    if (auto path =
            plain_or_gzipped(tile_directory(base, id), fmt::format("unwise-{}-msk", id), false, reads))
      return path;
  return std::nullopt;
}

Box tile_region(const Wcs& tile, const Wcs& brick) {
  const double right = brick.width() - 1, top = brick.height() - 1;
  const SkyPosition a = brick.pixel_to_sky(0, 0), b = brick.pixel_to_sky(right, top);
  Span span;
  for (const SkyPosition& s : {SkyPosition{a.ra, a.dec}, {a.ra, b.dec}, {b.ra, a.dec}, {b.ra, b.dec}}) {
    const auto p = tile.sky_to_pixel(s.ra, s.dec);
    if (!p) return {};
    span.add(*p);
  }
  Span all = span;
  for (const SkyPosition& corner : {brick.pixel_to_sky(0, top), brick.pixel_to_sky(right, 0)})
    if (const auto p = tile.sky_to_pixel(corner.ra, corner.dec)) all.add(*p);
  if (all.pixels_beyond(span) > kNegligibleCorner) span = all;
  constexpr double kFar = 1e8;  // what an int holds
  if (!(std::max({std::abs(span.x0), std::abs(span.x1), std::abs(span.y0), std::abs(span.y1)}) < kFar))
    return {};
  const auto nearest = [](double v) { return static_cast<int>(std::nearbyint(v)); };
  return intersection({nearest(span.x0), nearest(span.x1) + 1, nearest(span.y0), nearest(span.y1) + 1},
                      Box::from_size(tile.width(), tile.height()));
}

std::optional<TilePlanes> read_tile(const TileFiles& files, int band, const Wcs& brick,
                                    PixelPosition crpix_shift) {
  TilePlanes out;
  Wcs whole;
  {
    fits::FitsReader reader(files.image);
    const fits::ImageInfo info = reader.image_info(0);
    const fits::Header header = reader.header(0);
    try {
      whole = Wcs::from_header(header, info.width, info.height);
      if (!whole.is_plain_tangent()) throw input_error("a tile's projection is a plain tangent plane");
      require_unwise(header, band);
    } catch (Error& e) {
      throw e.in_file(files.image.string());
    }
    out.region = tile_region(whole, brick);
    if (out.region.empty()) return std::nullopt;
    const PixelPosition reference = whole.reference_pixel();
    const SkyPosition tangent = whole.tangent_point();
    out.wcs = Wcs::tangent(tangent.ra, tangent.dec, reference.x + crpix_shift.x, reference.y + crpix_shift.y,
                           whole.cd(), whole.width(), whole.height())
                  .sub_image(out.region);
    out.image = reader.image<float>(0, out.region);
    const auto first = header.number("MJDMIN"), last = header.number("MJDMAX");
    if (first && last) out.mjd = (*first + *last) / 2;
  }
  const int w = whole.width(), h = whole.height();
  out.invvar = plane<float>(files.invvar, out.region, w, h);
  out.frames_masked = plane<std::int32_t>(files.frames_masked, out.region, w, h);
  out.frames_unmasked = plane<std::int32_t>(files.frames_unmasked, out.region, w, h);
  return out;
}

}  // namespace brickline
