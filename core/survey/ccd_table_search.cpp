#include "core/survey/ccd_table_search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/row_stream.h"
#include "core/survey/ccd_table_columns.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/survey/kd_tree.h"

namespace brickline {
namespace {

constexpr double kTreeReach = 1;       // degrees, for the half-diagonal of CCDs that are not seen yet
constexpr double kSampleMargin = 1.5;  // of the largest half-diagonal of the sample
constexpr std::int64_t kSampleRows = 64;
constexpr double kTreeTolerance = 1e-6;  // between a point of the tree and its row, as unit vectors

// What the tree says and the table does not agree with.
struct TreeUnusable {
  std::string why;
};

std::vector<std::string> columns_looked_at() {
  std::vector<std::string> names = geometry_columns();
  names.emplace_back("ccd_cuts");
  return names;
}

// Picks rows, and counts those that are of no use.
class Picker {
 public:
  Picker(SkyPosition centre, double radius) : centre_(centre), radius_(radius) {}
  // The rows, from 0, of a table with columns_looked_at() that are near.
  std::vector<std::int64_t> near(const fits::Table& positions) {
    std::vector<std::int64_t> found;
    const std::vector<CcdGeometry> ccds = geometries(positions);
    const fits::Column* cuts = positions.find("ccd_cuts");
    for (std::size_t i = 0; i < ccds.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      switch (nearness(ccds[i], centre_, radius_)) {
        case Nearness::kFar:
          break;
        case Nearness::kNear:
        case Nearness::kUnclear:
          found.push_back(row);
          break;
        case Nearness::kUnknown:
          if (cuts && positions.number("ccd_cuts", row) != 0) break;
          if (lost_++ == 0) first_lost_ = ccds[i].fault().value_or("");
          break;
      }
    }
    return found;
  }
  void tell(const std::string& file, const Log& log) const {
    if (lost_ > 0)
      log.warning(
          "{}: {} CCDs whose rows are unusable, and not known to be near, are left out (the first: {})", file,
          lost_, first_lost_);
  }

 private:
  SkyPosition centre_;
  double radius_;
  std::int64_t lost_ = 0;
  std::string first_lost_;
};

// Runs a part that reads the tree; whatever is wrong with that, the table may still be read.
template <typename F>
auto of_tree(F&& part) {
  try {
    return part();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    throw TreeUnusable{error.message()};
  }
}

void check_table(const fits::Header& header, const fits::Table& table, const std::filesystem::path& file,
                 const Log& log) {
  check_no_column_is_lost(header, table, file.string(), log);
  check_ccd_columns(table, file.string());
}

// How far from the centre a tree is searched: a sample of rows tells how large CCDs are. The sample also
// shows a tree that was made for other rows.
double tree_reach(fits::FitsReader& reader, const SkyTree& tree, double radius) {
  const std::int64_t points = tree.points(), count = std::min(points, kSampleRows);
  std::vector<std::int64_t> rows;
  std::vector<SkyTree::Point> sampled;
  for (std::int64_t i = 0; i < count; ++i) {
    sampled.push_back(of_tree([&] { return tree.read_points(reader, i * points / count, 1).front(); }));
    rows.push_back(sampled.back().row);
  }
  const std::vector<CcdGeometry> ccds = geometries(reader.rows(1, rows, geometry_columns()));
  double reach = kTreeReach;
  for (std::size_t i = 0; i < ccds.size(); ++i) {
    if (ccds[i].fault()) continue;
    reach = std::max(reach, kSampleMargin * ccds[i].radius());
    const std::array<double, 3> own = unit_vector(ccds[i].ra, ccds[i].dec);
    for (std::size_t d = 0; d < own.size(); ++d)
      if (std::abs(own[d] - sampled[i].vector[d]) > kTreeTolerance)
        throw TreeUnusable{fmt::format("it is not of these rows: row {} lies elsewhere", rows[i] + 1)};
  }
  return radius + reach;
}

// Empty: the file has no tree that can be used, and the log has been told so.
std::optional<RowsNear> search_tree(const std::filesystem::path& file, const SkyPosition& centre,
                                    double radius, const Log& log, ReadLog* read_log) {
  std::string why;
  try {
    fits::FitsReader reader(file, read_log);
    const std::optional<SkyTree> tree = of_tree([&] { return SkyTree::read(reader, "ccds"); });
    if (!tree) throw TreeUnusable{"there is none"};
    RowsNear result;
    result.by_tree = true;
    result.rows_in_file = reader.table_rows(1);
    if (result.rows_in_file != tree->points())
      throw TreeUnusable{
          fmt::format("it has {} points, the table {} rows", tree->points(), result.rows_in_file)};
    check_table(reader.header(1), reader.rows(1, {}), file, log);
    const double reach = tree_reach(reader, *tree, radius);
    const std::vector<std::int64_t> hits =
        of_tree([&] { return tree->search(reader, centre.ra, centre.dec, reach); });
    const fits::Table found = reader.rows(1, hits);
    Picker picker(centre, radius);
    const std::vector<std::int64_t> near = picker.near(found);
    picker.tell(file.string(), log);
    result.table = found.select(near);
    for (const std::int64_t i : near) result.row_in_file.push_back(hits[static_cast<std::size_t>(i)]);
    return result;
  } catch (const TreeUnusable& tree) {
    why = tree.why;
  }
  log.warning("{}: the search tree cannot be used ({}); all rows are looked through", file.string(), why);
  return {};
}

RowsNear look_through(const std::filesystem::path& file, const SkyPosition& centre, double radius,
                      const Log& log, ReadLog* read_log) {
  RowsNear result;
  Picker picker(centre, radius);
  const std::vector<std::string> columns = columns_looked_at();
  if (!fits::RowStream::can_read(file)) {
    fits::FitsReader reader(file, read_log);
    fits::Table whole = reader.table(1);
    result.rows_in_file = whole.rows();
    check_table(reader.header(1), whole, file, log);
    result.row_in_file = picker.near(whole);
    result.table = whole.select(result.row_in_file);
  } else {
    fits::RowStream stream(file, read_log);
    result.rows_in_file = stream.rows();
    check_table(stream.header(), stream.kept(), file, log);
    while (stream.next())
      for (const std::int64_t row : picker.near(stream.columns(columns))) {
        stream.keep(row);
        result.row_in_file.push_back(stream.first_row() + row);
      }
    result.table = stream.kept();
    if (stream.has_uncounted_rows())
      log.warning("{}: there is more behind the {} rows that NAXIS2 counts", file.string(), stream.rows());
  }
  picker.tell(file.string(), log);
  return result;
}

}  // namespace

RowsNear read_rows_near(const std::filesystem::path& file, const SkyPosition& centre, double radius,
                        const Log& log, ReadLog* read_log) {
  if (file.string().ends_with(".kd.fits"))
    if (std::optional<RowsNear> found = search_tree(file, centre, radius, log, read_log))
      return std::move(*found);
  return look_through(file, centre, radius, log, read_log);
}

}  // namespace brickline
