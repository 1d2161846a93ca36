#include "core/survey/bricks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/fits/fits_reader.h"
#include "core/survey/target.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"
#include "core/wcs/sky_box.h"

namespace brickline {
namespace {

constexpr double kDegree = std::numbers::pi / 180;  // radians

// Tenths or thousandths of a degree, truncated: 0.2999999999 and 0.3 are one name.
std::int64_t truncated(double degrees, double per_degree) {
  const double rounded = std::round(degrees * 1e4) / 1e4;
  return static_cast<std::int64_t>(std::floor(rounded * per_degree + 1e-6));
}

// A whole number of the table, or 0 where it holds none.
int whole(double value) { return std::abs(value) < 1e9 ? static_cast<int>(value) : 0; }

}  // namespace

bool Brick::contains(double position_ra, double position_dec) const {
  return SkyBox{ra1, ra2, dec1, dec2}.contains(wrap_ra(position_ra), position_dec);
}

std::string brick_name(double ra, double dec) {
  return fmt::format("{:04d}{}{:03d}", truncated(ra, 10), dec < 0 ? 'm' : 'p', truncated(std::abs(dec), 10));
}

std::string custom_brick_name(double ra, double dec) {
  return fmt::format("custom-{:06d}{}{:05d}", static_cast<int>(1000 * ra), dec < 0 ? 'm' : 'p',
                     static_cast<int>(1000 * std::abs(dec)));
}

BrickTiling::BrickTiling(double size_degrees) : size_(size_degrees) {
  if (!(size_ > 0 && size_ <= 90)) throw usage_error("a brick size of {} degrees", size_);
  const int n = static_cast<int>(std::lround(180 / size_)) + 1;
  std::int64_t id = 1;
  for (int row = 0; row < n; ++row) {
    const double dec = std::abs(-90 + row * size_);
    int count = 1;
    if (row > 0 && row < n - 1)
      count = 2 * static_cast<int>(std::ceil(360 / size_ * std::cos((dec - size_ / 2) * kDegree) / 2));
    columns_.push_back(count);
    first_id_.push_back(id);
    id += count;
  }
  first_id_.push_back(id);
}

Brick BrickTiling::brick(int row, int col) const {
  const int n = columns(row);
  Brick b;
  b.row = row;
  b.col = col;
  b.id = first_id_[static_cast<std::size_t>(row)] + col;
  b.q = row == 0 ? 1 : 2 * (row % 2) + col % 2;
  b.ra1 = col * 360.0 / n;
  b.ra2 = (col + 1) * 360.0 / n;
  b.ra = (b.ra1 + b.ra2) / 2;
  b.dec = std::clamp(-90 + row * size_, -90.0, 90.0);
  b.dec1 = std::max(-90.0, b.dec - size_ / 2);
  b.dec2 = std::min(90.0, b.dec + size_ / 2);
  b.name = brick_name(b.ra, b.dec);
  return b;
}

Brick BrickTiling::brick_at(double ra, double dec) const {
  const int row = std::clamp(static_cast<int>(std::floor((dec + 90 + size_ / 2) / size_)), 0, rows() - 1);
  const int n = columns(row);
  return brick(row, std::clamp(static_cast<int>(std::floor(wrap_ra(ra) / 360 * n)), 0, n - 1));
}

fits::Table BrickTiling::table() const {
  std::vector<std::string> name;
  std::vector<std::int32_t> id, row, col;
  std::vector<std::int16_t> q;
  std::vector<double> ra, dec, ra1, ra2, dec1, dec2;
  for (int r = 0; r < rows(); ++r)
    for (int c = 0; c < columns(r); ++c) {
      const Brick b = brick(r, c);
      name.push_back(b.name);
      id.push_back(static_cast<std::int32_t>(b.id));
      q.push_back(static_cast<std::int16_t>(b.q));
      row.push_back(r);
      col.push_back(c);
      ra.push_back(b.ra);
      dec.push_back(b.dec);
      ra1.push_back(b.ra1);
      ra2.push_back(b.ra2);
      dec1.push_back(b.dec1);
      dec2.push_back(b.dec2);
    }
  fits::Table t;
  t.add("brickname", std::move(name));
  t.add("brickid", std::move(id));
  t.add("brickq", std::move(q));
  t.add("brickrow", std::move(row));
  t.add("brickcol", std::move(col));
  t.add("ra", std::move(ra), "deg");
  t.add("dec", std::move(dec), "deg");
  t.add("ra1", std::move(ra1), "deg");
  t.add("ra2", std::move(ra2), "deg");
  t.add("dec1", std::move(dec1), "deg");
  t.add("dec2", std::move(dec2), "deg");
  return t;
}

BrickTable BrickTable::read(const SurveyDirectory& survey) {
  const auto file = survey.brick_table();
  if (!file)
    throw input_error("no survey-bricks.fits.gz (or survey-bricks-*.fits.gz) in {}", survey.root().string());
  try {
    return from_table(fits::FitsReader(*file).table(1), *file);
  } catch (Error& e) {
    e.in_file(file->string()).while_doing("reading the brick table");
    throw;
  }
}

BrickTable BrickTable::from_table(const fits::Table& table, const std::filesystem::path& file) {
  for (const char* column : {"brickname", "brickid", "ra", "dec", "ra1", "ra2", "dec1", "dec2"})
    table.require(column);
  const auto n = static_cast<std::size_t>(table.rows());
  const auto numbers_or_zeros = [&](const char* column) {
    return table.has(column) ? table.numbers(column) : std::vector<double>(n);
  };
  const std::vector<double> id = table.numbers("brickid"), q = numbers_or_zeros("brickq"),
                            row = numbers_or_zeros("brickrow"), col = numbers_or_zeros("brickcol"),
                            ra = table.numbers("ra"), dec = table.numbers("dec"), ra1 = table.numbers("ra1"),
                            ra2 = table.numbers("ra2"), dec1 = table.numbers("dec1"),
                            dec2 = table.numbers("dec2");
  const auto* names = std::get_if<std::vector<std::string>>(&table.require("brickname").data);
  if (!names) throw input_error("column brickname of the brick table holds numbers, not text");
  BrickTable result;
  result.file_ = file;
  result.bricks_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    Brick& b = result.bricks_[i];
    b.name = (*names)[i];
    b.id = whole(id[i]);
    b.q = whole(q[i]);
    b.row = whole(row[i]);
    b.col = whole(col[i]);
    b.ra = ra[i];
    b.dec = dec[i];
    b.ra1 = ra1[i];
    b.ra2 = ra2[i];
    b.dec1 = dec1[i];
    b.dec2 = dec2[i];
    // Across right ascension 0, as -0.1 to 0.1 or 359.9 to 360.1; or all of the sky counted from -180.
    if (b.ra2 - b.ra1 >= 360) {
      b.ra1 = 0;
      b.ra2 = 360;
    } else {
      b.ra1 = b.ra1 < 0 || b.ra1 >= 360 ? wrap_ra(b.ra1) : b.ra1;
      b.ra2 = b.ra2 < 0 || b.ra2 > 360 ? wrap_ra(b.ra2) : b.ra2;
    }
  }
  return result;
}

const Brick& BrickTable::find(std::string_view name) const {
  const auto found =
      std::find_if(bricks_.begin(), bricks_.end(), [&](const Brick& b) { return b.name == name; });
  if (found != bricks_.end()) {
    for (const auto& [column, value] : {std::pair{"ra", found->ra},
                                        {"dec", found->dec},
                                        {"ra1", found->ra1},
                                        {"ra2", found->ra2},
                                        {"dec1", found->dec1},
                                        {"dec2", found->dec2}})
      if (!std::isfinite(value) || std::abs(value) > 360 || (column[0] == 'd' && std::abs(value) > 90))
        throw input_error("brick {}: {} is {}", name, column, value).in_file(file_.string());
    if (!(found->dec1 < found->dec2) || !found->contains(found->ra, found->dec))
      throw input_error("brick {}: its centre, {} {}, is not within ra1 {}, ra2 {}, dec1 {}, dec2 {}", name,
                        found->ra, found->dec, found->ra1, found->ra2, found->dec1, found->dec2)
          .in_file(file_.string());
    const auto box = [](const Brick& b) { return std::array{b.ra, b.dec, b.ra1, b.ra2, b.dec1, b.dec2}; };
    if (const auto other =
            std::find_if(found + 1, bricks_.end(),
                         [&](const Brick& b) { return b.name == name && box(b) != box(*found); });
        other != bricks_.end())
      throw input_error("brick {} stands in two places, at {} {} and at {} {} (rows {} and {})", name,
                        found->ra, found->dec, other->ra, other->dec, found - bricks_.begin() + 1,
                        other - bricks_.begin() + 1)
          .in_file(file_.string());
    return *found;
  }
  const std::vector<std::string> similar = similar_names(name);
  Error error = similar.empty()
                    ? input_error("no brick {}", name)
                    : input_error("no brick {}; the nearest names are {}", name, fmt::join(similar, ", "));
  throw error.in_file(file_.string());
}

std::vector<std::string> BrickTable::similar_names(std::string_view name, std::size_t count) const {
  std::vector<std::pair<int, std::string_view>> ranked;
  ranked.reserve(bricks_.size());
  for (const Brick& b : bricks_) ranked.emplace_back(edit_distance(name, b.name), b.name);
  count = std::min(count, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(ranked[i].second);
  return names;
}

std::vector<Brick> BrickTable::touching(const Wcs& target) const {
  const SkyPosition centre = target.center();
  // Generous against the largest brick's diagonal; the outlines decide.
  const double reach = target.radius_degrees() + std::hypot(0.25, 0.25) / 2 + 0.05;
  Polygon outline;
  const double x1 = target.width() - 0.5, y1 = target.height() - 0.5, xm = (x1 - 0.5) / 2,
               ym = (y1 - 0.5) / 2;
  outline = {{-0.5, -0.5}, {xm, -0.5}, {x1, -0.5}, {x1, ym}, {x1, y1}, {xm, y1}, {-0.5, y1}, {-0.5, ym}};
  std::vector<Brick> found;
  for (const Brick& brick : near(centre.ra, centre.dec, reach)) {
    const Wcs image = brick_wcs(brick.ra, brick.dec, kBrickPixels, kBrickPixels, kBrickPixelScale);
    Polygon projected;
    for (const PixelPosition& p : image_outline(kBrickPixels, kBrickPixels)) {
      const SkyPosition s = image.pixel_to_sky(p.x, p.y);
      if (const auto q = target.sky_to_pixel(s.ra, s.dec)) projected.push_back(*q);
    }
    if (!clip_convex(outline, convex_hull(projected)).empty()) found.push_back(brick);
  }
  return found;
}

std::vector<Brick> BrickTable::touching_box(double ra_lo, double ra_hi, double dec_lo, double dec_hi) const {
  std::vector<Brick> found;
  for (const Brick& b : bricks_) {
    const bool in_ra = ra_hi < ra_lo ? b.ra2 >= ra_lo || b.ra1 <= ra_hi : b.ra1 <= ra_hi && b.ra2 >= ra_lo;
    if (in_ra && b.dec1 <= dec_hi && b.dec2 >= dec_lo) found.push_back(b);
  }
  return found;
}

std::vector<Brick> BrickTable::near(double ra, double dec, double radius) const {
  std::vector<Brick> found;
  for (const Brick& b : bricks_)
    if (std::abs(b.dec - dec) < radius && angular_separation(ra, dec, b.ra, b.dec) < radius)
      found.push_back(b);
  return found;
}

}  // namespace brickline
