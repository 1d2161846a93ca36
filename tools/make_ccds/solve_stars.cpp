// Stars of -photom tables, and which of them are the same.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>
#include <unordered_map>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/sky.h"
#include "tools/make_ccds/solve_parts.h"
#include "tools/make_ccds/table_file.h"

namespace brickline::solving {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kEnding = "-photom.fits";

// Stars by the squares of the sky that they are in.
class Places {
 public:
  explicit Places(double radius_arcsec) : radius_(radius_arcsec / 3600) {}
  // The number of the nearest of that system within the radius; else that of a new one, which is `next`.
  std::int32_t find(int system, double ra, double dec, std::int32_t next) {
    const auto row = static_cast<std::int64_t>(std::floor((dec + 90) / radius_));
    std::int32_t best = -1;
    double nearest = radius_;
    for (std::int64_t r = row - 1; r <= row + 1; ++r) {
      const std::int64_t cells = cells_of(r), cell = cell_of(ra, cells);
      for (std::int64_t c = cell - 1; c <= cell + 1; ++c) {
        const auto found = squares_.find({system, r, (c + cells) % cells});
        if (found == squares_.end()) continue;
        for (const Star& s : found->second)
          if (const double apart = angular_separation(ra, dec, s.ra, s.dec); apart <= nearest) {
            nearest = apart;
            best = s.number;
          }
      }
    }
    if (best >= 0) return best;
    squares_[{system, row, cell_of(ra, cells_of(row))}].push_back({ra, dec, next});
    return next;
  }

 private:
  struct Star {
    double ra, dec;
    std::int32_t number;
  };
  // Squares of a row; none is narrower than the radius.
  std::int64_t cells_of(std::int64_t row) const {
    const double south = static_cast<double>(row) * radius_ - 90;
    const double high = std::min(90., std::max(std::abs(south), std::abs(south + radius_)));
    const double round = 360 * std::cos(high * std::numbers::pi / 180) / radius_;
    return std::max<std::int64_t>(3, static_cast<std::int64_t>(round));
  }
  static std::int64_t cell_of(double ra, std::int64_t cells) {
    return std::min(cells - 1, static_cast<std::int64_t>(wrap_ra(ra) / 360 * static_cast<double>(cells)));
  }
  double radius_;
  std::map<std::tuple<int, std::int64_t, std::int64_t>, std::vector<Star>> squares_;
};

class StarReader {
 public:
  // `amplifiers` may be null.
  StarReader(const SolveArguments& a, const fits::Table& table, Rows& rows, const Amplifiers* amplifiers)
      : a_(a), table_(table), rows_(rows), amplifiers_(amplifiers), places_(a.match_radius_arcsec) {}

  void read(const fs::path& file) {
    fits::FitsReader reader(file);
    const fits::Table t = reader.table(1);
    const auto name = reader.header(1).text("FILENAME");
    if (!name)
      throw input_error("its header has no FILENAME: it is no table of stars that make-ccds --measure wrote")
          .in_file(file.string());
    try {
      read(t, *name);
    } catch (Error& e) {
      throw e.in_file(file.string());
    }
  }
  Stars take() { return std::move(out_); }

 private:
  // Columns of one star table.
  struct Columns {
    Columns(const fits::Table& t, bool with_places)
        : mag(t.numbers("instpsfmag")),
          error(t.numbers("dpsfmag")),
          with_zero_point(t.numbers("psfmag")),
          bits(t.numbers("bitmask")),
          masked(t.numbers("fracmasked")),
          ra(t.numbers("ra")),
          dec(t.numbers("dec")) {
      for (std::int64_t k = 0; k < t.rows(); ++k) id.push_back(t.integer("gaia_sourceid", k));
      if (!with_places) return;
      x = t.numbers("x_fit");
      y = t.numbers("y_fit");
      calibrator = t.numbers("used_for_photzpt");
    }
    std::vector<double> mag, error, with_zero_point, bits, masked, ra, dec;
    std::vector<double> x, y, calibrator;  // empty where nobody asks for amplifiers
    std::vector<std::int64_t> id;
  };

  void read(const fits::Table& t, const std::string& image) {
    const Columns columns(t, amplifiers_ != nullptr);
    std::map<std::string, std::int64_t> here;
    for (std::int64_t k = 0; k < t.rows(); ++k) {
      ++out_.rows;
      const std::string ccdname = t.text("ccdname", k);
      const auto [place, is_new] = here.try_emplace(ccdname, -1);
      if (is_new) place->second = row_of(t, k, image, ccdname);
      const std::int64_t row = place->second;
      if (row < 0)
        ++out_.others;
      else if (rows_.part[at(row)] == Part::kTakesPart)
        add(columns, at(k), row);
    }
  }

  // The row of the table of CCDs; -1: none.
  std::int64_t row_of(const fits::Table& t, std::int64_t k, const std::string& image,
                      const std::string& ccdname) {
    const auto found = rows_.by_name.find({image, ccdname});
    if (found == rows_.by_name.end()) return -1;
    const std::int64_t row = found->second;
    if (t.integer("expnum", k) != table_.integer("expnum", row) ||
        t.text("filter", k) != table_.text("filter", row))
      throw input_error("its CCD {} is of exposure {} in {}, in the table of CCDs of {} in {}", ccdname,
                        t.integer("expnum", k), t.text("filter", k), table_.integer("expnum", row),
                        table_.text("filter", row));
    Part& part = rows_.part[at(row)];
    if (part == Part::kTakesPart)
      throw input_error("CCD {} of {} has been in another star table", ccdname, image);
    if (part == Part::kNoStars) part = Part::kTakesPart;
    return row;
  }

  void add(const Columns& c, std::size_t k, std::int64_t row) {
    const double mag = c.mag[k], error = c.error[k], with = c.with_zero_point[k],
                 zero_point = rows_.ccds[at(row)].zero_point;
    if (with != 0 && std::abs(with - mag - zero_point) > kSameZeroPoint)
      throw input_error(
          "its CCD {} has the zero point {:.4f}, in the table of CCDs {:.4f}: they are not of one measurement",
          table_.text("ccdname", row), with - mag, zero_point);
    const bool calibrator = amplifiers_ && c.calibrator[k] != 0;
    const auto next = static_cast<std::int32_t>(last_ccd_.size());
    const std::int32_t star = star_of(c, k, row, next);
    // What ties no CCDs tells of its zero point's amplifiers still, as a star that nobody else sees.
    if (star < 0 && !calibrator) return;
    if (star < 0 || star == next) last_ccd_.push_back(row);
    last_ccd_[at(star < 0 ? next : star)] = row;
    StarMeasurement& m = out_.measurements.emplace_back(
        StarMeasurement{star < 0 ? next : star, static_cast<std::int32_t>(row),
                        star < 0 ? 0 : static_cast<float>(mag), star < 0 ? 0 : static_cast<float>(error)});
    if (!amplifiers_) return;
    m.amplifier = amplifiers_->find(row, c.x[k], c.y[k]);
    m.calibrator = calibrator;
  }

  // The number of a star that may tie CCDs: one that it has, or `next`; -1: it may not.
  std::int32_t star_of(const Columns& c, std::size_t k, std::int64_t row, std::int32_t next) {
    const double mag = c.mag[k], error = c.error[k];
    // 0 is "no flux".
    if (!std::isfinite(mag) || mag == 0 || !(error > 0 && error <= a_.largest_error)) return -1;
    if (c.bits[k] != 0 || !(c.masked[k] <= a_.most_masked)) return -1;
    const std::int64_t id = c.id[k];
    const int system = rows_.system[at(row)];
    std::int32_t star = -1;
    if (id != 0) {
      if (std::ssize(ids_) <= system) ids_.resize(at(system) + 1);
      star = ids_[at(system)].try_emplace(id, next).first->second;
    } else if (a_.all_stars) {
      const double ra = c.ra[k], dec = c.dec[k];
      if (!std::isfinite(ra) || !(std::abs(dec) <= 90)) return -1;
      star = places_.find(system, ra, dec, next);
    }
    // Two entries of a catalog for one star.
    if (star >= 0 && star != next && last_ccd_[at(star)] == row) return -1;
    return star;
  }

  const SolveArguments& a_;
  const fits::Table& table_;
  Rows& rows_;
  const Amplifiers* amplifiers_;
  Stars out_;
  std::vector<std::unordered_map<std::int64_t, std::int32_t>> ids_;  // by system
  std::vector<std::int64_t> last_ccd_;                               // by star
  Places places_;
};

// The files that are named, and those of directories in the order of their names.
std::vector<fs::path> star_tables(const std::vector<fs::path>& names) {
  std::vector<fs::path> out;
  for (const fs::path& name : names) {
    if (!fs::is_directory(name)) {
      out.push_back(name);
      continue;
    }
    const std::size_t before = out.size();
    for (const auto& entry : fs::recursive_directory_iterator(name))
      if (entry.is_regular_file() && entry.path().filename().string().ends_with(kEnding))
        out.push_back(entry.path());
    if (out.size() == before) throw input_error("no file *{} is below it", kEnding).in_file(name.string());
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
  }
  return out;
}

}  // namespace

Stars read_stars(const SolveArguments& a, const fits::Table& table, const Amplifiers* amplifiers,
                 Rows& rows) {
  StarReader reader(a, table, rows, amplifiers);
  for (const fs::path& file : star_tables(a.stars)) reader.read(file);
  return reader.take();
}

}  // namespace brickline::solving
