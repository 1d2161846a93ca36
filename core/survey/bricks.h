// Bricks: the boxes of sky, a quarter of a degree on a side, that the survey is worked on one at a time.
//
// A brick's unique area is ra1 <= RA < ra2, dec1 <= Dec < dec2 (ra1 > ra2: it holds RA 0); its image is
// larger and overlaps its neighbours'.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fits/table.h"
#include "core/survey/survey_directory.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct Brick {
  std::string name;
  std::int64_t id = -1;  // -1: a custom brick
  int q = 0, row = 0, col = 0;
  double ra = 0, dec = 0;                       // centre, degrees
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;  // unique area

  bool is_custom() const { return id < 0; }
  // Whether a position lies in the unique area.
  bool contains(double position_ra, double position_dec) const;
};

// The survey's tiling of the sphere: rows of constant declination, each divided into an even number of equal
// bricks.
//   row r: dec = -90 + r s, columns n_r = 2 ceil((360/s) cos(|dec| - s/2) / 2); one brick at either pole
// with s the brick size. Column c spans RA c 360/n_r to (c+1) 360/n_r; ids count from 1 along rows from the
// south pole.
class BrickTiling {
 public:
  explicit BrickTiling(double size_degrees = 0.25);
  int rows() const { return static_cast<int>(columns_.size()); }
  int columns(int row) const { return columns_.at(static_cast<std::size_t>(row)); }
  std::int64_t count() const { return first_id_.back() - 1; }
  Brick brick(int row, int col) const;
  Brick brick_at(double ra, double dec) const;
  // All of them, with the columns of a survey-bricks table.
  fits::Table table() const;

 private:
  double size_;
  std::vector<int> columns_;
  std::vector<std::int64_t> first_id_;  // per row, and one past the last
};

// "RRRRsDDD" of a centre: tenths of degrees, truncated; s is p or m.
std::string brick_name(double ra, double dec);
// "custom-RRRRRRsDDDDD": thousandths of degrees, truncated.
std::string custom_brick_name(double ra, double dec);

// A survey's own list of bricks.
class BrickTable {
 public:
  // Error (kInput): no survey-bricks file, or columns missing from it.
  static BrickTable read(const SurveyDirectory& survey);
  static BrickTable from_table(const fits::Table& table, const std::filesystem::path& file = {});

  const std::vector<Brick>& bricks() const { return bricks_; }
  // Error (kInput) naming the file and the most similar names if there is none of that name.
  const Brick& find(std::string_view name) const;
  std::vector<std::string> similar_names(std::string_view name, std::size_t count = 3) const;

  // Bricks whose image (3600 pixels of 0.262 arcsec) touches that of `target`.
  std::vector<Brick> touching(const Wcs& target) const;
  // Bricks whose unique area touches a box; ra_hi < ra_lo: the box holds RA 0.
  std::vector<Brick> touching_box(double ra_lo, double ra_hi, double dec_lo, double dec_hi) const;
  // Bricks whose centre is nearer than `radius` degrees.
  std::vector<Brick> near(double ra, double dec, double radius) const;

 private:
  std::filesystem::path file_;
  std::vector<Brick> bricks_;
};

}  // namespace brickline
