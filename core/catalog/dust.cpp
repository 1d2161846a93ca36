#include "core/catalog/dust.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {

namespace {

constexpr double kDegree = M_PI / 180;

// Unit vectors, equatorial, of the Galactic frame: towards (l, b) = (0, 0), towards l = 270 (the frame is
// taken left-handed), towards the pole.
constexpr std::array<double, 3> kCentre = {-0.05487556, -0.87343709, -0.48383502};
constexpr std::array<double, 3> kAntirotation = {-0.49410943, 0.44482963, -0.74698224};
constexpr std::array<double, 3> kPole = {-0.86766615, -0.19807637, 0.45598378};

double dot(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// Of two neighbours, the one with data where the other has none.
float blend(float a, float b, double fraction) {
  if (a == 0) return b;
  if (b == 0) return a;
  return static_cast<float>((1 - fraction) * a + fraction * b);
}

}  // namespace

GalacticPosition galactic_from_equatorial(double ra, double dec) {
  const double cos_dec = std::cos(dec * kDegree);
  const std::array<double, 3> r = {std::cos(ra * kDegree) * cos_dec, std::sin(ra * kDegree) * cos_dec,
                                   std::sin(dec * kDegree)};
  double l = 360 - std::atan2(dot(r, kAntirotation), dot(r, kCentre)) / kDegree;
  if (l >= 360) l -= 360;
  return {l, std::asin(std::clamp(dot(r, kPole), -1.0, 1.0)) / kDegree};
}

float interpolate_dust(ImageView<const float> map, double x, double y) {
  const int x0 = std::clamp(static_cast<int>(std::floor(x)), 0, map.width() - 1);
  const int y0 = std::clamp(static_cast<int>(std::floor(y)), 0, map.height() - 1);
  const int x1 = std::min(x0 + 1, map.width() - 1), y1 = std::min(y0 + 1, map.height() - 1);
  const double fx = std::clamp(x - x0, 0.0, 1.0), fy = std::clamp(y - y0, 0.0, 1.0);
  return blend(blend(map(x0, y0), map(x1, y0), fx), blend(map(x0, y1), map(x1, y1), fx), fy);
}

namespace {

// The northern and the southern map of `dir` or of `dir`/maps.
std::array<std::filesystem::path, 2> map_files(const std::filesystem::path& dir) {
  std::array<std::filesystem::path, 2> files;
  const std::array<const char*, 2> names = {"SFD_dust_4096_ngp.fits", "SFD_dust_4096_sgp.fits"};
  std::error_code code;
  for (std::size_t i = 0; i < names.size(); ++i) {
    files[i] = dir / "maps" / names[i];
    if (!std::filesystem::exists(files[i], code) && std::filesystem::exists(dir / names[i], code))
      files[i] = dir / names[i];
    if (!std::filesystem::exists(files[i], code)) throw input_error("no dust map").in_file(files[i].string());
  }
  return files;
}

void check_shape(std::int64_t width, std::int64_t height, const std::filesystem::path& path) {
  if (width < 2 || width != height)
    throw input_error("a dust map is a square image, not {} x {}", width, height).in_file(path.string());
}

// Which half of the sky a map holds, and where its pole is, as its header says (LAM_NSGP: 1 north, -1 south; LAM_SCAL:
// pixels from the pole to the Galactic equator). A map without such cards is believed.
void check_header(const fits::Header& header, std::int64_t width, bool north,
                  const std::filesystem::path& path) {
  const auto refuse = [&](const char* card, double value, double wanted, const char* what) {
    throw input_error("{} = {}, not {}: this is no map of {}", card, value, wanted, what)
        .in_file(path.string());
  };
  const char* half = north ? "the northern Galactic hemisphere" : "the southern Galactic hemisphere";
  const double sign = north ? 1 : -1, radius = static_cast<double>(width) / 2;
  if (const auto value = header.number("LAM_NSGP"); value && *value != sign)
    refuse("LAM_NSGP", *value, sign, half);
  if (const auto value = header.number("CRVAL2"); value && *value != 90 * sign)
    refuse("CRVAL2", *value, 90 * sign, half);
  if (const auto value = header.number("LAM_SCAL"); value && std::abs(*value - radius) > 0.01)
    refuse("LAM_SCAL", *value, radius, "a whole hemisphere");
  for (const char* card : {"CRPIX1", "CRPIX2"})
    if (const auto value = header.number(card); value && std::abs(*value - radius - 0.5) > 0.01)
      refuse(card, *value, radius + 0.5, "a whole hemisphere");
}

void check_map(fits::FitsReader& reader, bool north, const std::filesystem::path& path) {
  const fits::ImageInfo info = reader.image_info(0);
  check_shape(info.width, info.height, path);
  check_header(reader.header(0), info.width, north, path);
}

}  // namespace

DustMaps DustMaps::read(const std::filesystem::path& dir) {
  std::array<Image<float>, 2> maps;
  const auto files = map_files(dir);
  for (std::size_t i = 0; i < files.size(); ++i) {
    fits::FitsReader reader(files[i]);
    check_map(reader, i == 0, files[i]);
    maps[i] = reader.image<float>(0);
    for (int y = 0; y < maps[i].height(); ++y)
      for (int x = 0; x < maps[i].width(); ++x)
        if (!std::isfinite(maps[i](x, y)))
          throw input_error("a dust map's pixels are numbers; that at x {}, y {} (counted from 1) is not",
                            x + 1, y + 1)
              .in_file(files[i].string());
  }
  return DustMaps(std::move(maps[0]), std::move(maps[1]));
}

std::array<std::filesystem::path, 2> DustMaps::files(const std::filesystem::path& dir) {
  return map_files(dir);
}

void DustMaps::check(const std::filesystem::path& dir) {
  const auto files = map_files(dir);
  for (std::size_t i = 0; i < files.size(); ++i) {
    fits::FitsReader reader(files[i]);
    check_map(reader, i == 0, files[i]);
  }
}

DustMaps::DustMaps(Image<float> north, Image<float> south)
    : north_(std::move(north)), south_(std::move(south)) {}

// Lambert's zenithal equal-area projection of each half of the sky (Calabretta & Greisen 2002,
// section 5.1.7).
float DustMaps::ebv(double ra, double dec) const {
  const auto [l, b] = galactic_from_equatorial(ra, dec);
  const Image<float>& map = b >= 0 ? north_ : south_;
  const double n = b >= 0 ? 1 : -1, half = map.width() / 2.0;
  const double radius = half * std::sqrt(1 - n * std::sin(b * kDegree));
  const double x = radius * std::cos(l * kDegree) + half - 0.5;
  const double y = -n * radius * std::sin(l * kDegree) + half - 0.5;
  return interpolate_dust(map.view(), x, y);
}

}  // namespace brickline
