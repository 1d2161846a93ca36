#include "core/release/ccds_used.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/fits/column_types.h"
#include "core/fits/fits_reader.h"
#include "core/release/row_bytes.h"
#include "core/release/row_merge.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBrickName = 8;
constexpr std::array kOfABrick = {"ccd_x0",   "ccd_y0",   "ccd_x1",  "ccd_y1",  "brick_x0", "brick_x1",
                                  "brick_y0", "brick_y1", "psfnorm", "galnorm", "co_sky"};
// By which bricks of two surveys are told.
constexpr std::array kSame = {"image_filename", "image_hdu", "plver",  "plprocid", "procdate",
                              "ccdzpt",         "skyver",    "psfver", "skyplver", "psfplver"};

bool is_of_a_brick(const std::string& name) { return std::ranges::find(kOfABrick, name) != kOfABrick.end(); }

// Where the columns of a row stand.
struct Places {
  std::vector<RowColumn> columns;
  std::vector<std::int64_t> offsets;
  std::int64_t bytes = 0;
  std::size_t camera = 0, expnum = 0, ccdname = 0, nbricks = 0, first = 0;
  std::vector<std::size_t> same;
};
Places places_of(const std::vector<RowColumn>& columns) {
  Places p;
  p.columns = columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    p.offsets.push_back(p.bytes);
    p.bytes += columns[i].bytes();
    const std::string& name = columns[i].name;
    if (name == "camera") p.camera = i;
    if (name == "expnum") p.expnum = i;
    if (name == "ccdname") p.ccdname = i;
    if (name == "nbricks") p.nbricks = i;
    if (name == "first_brick") p.first = i;
    if (std::ranges::find(kSame, name) != kSame.end()) p.same.push_back(i);
  }
  return p;
}

using Row = std::span<const std::uint8_t>;

std::string text_at(const Places& p, Row row, std::size_t column) {
  const Row bytes = row.subspan(static_cast<std::size_t>(p.offsets[column]),
                                static_cast<std::size_t>(p.columns[column].bytes()));
  std::string text(bytes.begin(), bytes.end());
  text.erase(std::min(text.find('\0'), text.size()));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}
std::int64_t integer_at(const Places& p, Row row, std::size_t column) {
  const std::int64_t at = p.offsets[column];
  switch (p.columns[column].type) {
    case 'I':
      return value_at<std::int16_t>(row, at);
    case 'J':
      return value_at<std::int32_t>(row, at);
    case 'K':
      return value_at<std::int64_t>(row, at);
    default:
      throw input_error("the column {} holds no whole numbers", p.columns[column].name);
  }
}
std::string words_at(const Places& p, Row row, std::size_t column) {
  switch (p.columns[column].type) {
    case 'A':
      return fmt::format("'{}'", text_at(p, row, column));
    case 'E':
      return fmt::format("{}", value_at<float>(row, p.offsets[column]));
    case 'D':
      return fmt::format("{}", value_at<double>(row, p.offsets[column]));
    default:
      return fmt::format("{}", integer_at(p, row, column));
  }
}

struct Key {
  std::string camera;
  std::int64_t expnum = 0;
  std::string ccdname;
  auto operator<=>(const Key&) const = default;
};
Key key_of(const Places& p, Row row) {
  if (row.empty()) return {};
  return {text_at(p, row, p.camera), integer_at(p, row, p.expnum), text_at(p, row, p.ccdname)};
}

// Whether one of them may be the other, as single precision keeps it: a table has a column in one type, another in the
// other, and a part or a merged table no longer tells which.
bool agree_in_single_precision(double a, double b) {
  const auto single_a = static_cast<float>(a), single_b = static_cast<float>(b);
  return single_a == single_b && (a == static_cast<double>(single_a) || b == static_cast<double>(single_b));
}

void compare(const Places& p, const Key& key, Row known, Row other, CcdConflicts& conflicts) {
  for (const std::size_t i : p.same) {
    if (p.columns[i].type == 'D' && agree_in_single_precision(value_at<double>(known, p.offsets[i]),
                                                              value_at<double>(other, p.offsets[i])))
      continue;
    const std::string a = words_at(p, known, i), b = words_at(p, other, i);
    if (a != b)
      conflicts.push_back(fmt::format("{} {} ({}): {} is {} in brick {}, {} in {}", key.expnum, key.ccdname,
                                      key.camera, p.columns[i].name, a, text_at(p, known, p.first), b,
                                      text_at(p, other, p.first)));
  }
}

void add_bricks(const Places& p, std::vector<std::uint8_t>& row, Row other) {
  const std::int64_t at = p.offsets[p.nbricks];
  std::vector<std::uint8_t> sum;
  append_value(sum, value_at<std::int32_t>(row, at) + value_at<std::int32_t>(other, at));
  std::ranges::copy(sum, row.begin() + at);
}

// Of two kinds of whole numbers, or of floating point, the one that holds both: tables of different origin have either.
std::optional<char> wider_of(char a, char b) {
  for (const std::string_view kinds : {"IJK", "ED"}) {
    const std::size_t i = kinds.find(a), j = kinds.find(b);
    if (i != kinds.npos && j != kinds.npos) return kinds[std::max(i, j)];
  }
  return {};
}

void append_whole(std::vector<std::uint8_t>& row, std::int64_t value, char type) {
  if (type == 'I')
    append_value(row, static_cast<std::int16_t>(value));
  else if (type == 'J')
    append_value(row, static_cast<std::int32_t>(value));
  else
    append_value(row, value);
}

// The values of a column of a brick's row, in the type that the column has in the whole.
void append_column(std::vector<std::uint8_t>& row, Row from, const RowColumn& column, std::int64_t at,
                   const RowColumn& to) {
  const std::size_t begin = row.size();
  if (column.type == to.type) {
    row.resize(begin + static_cast<std::size_t>(to.bytes()), to.type == 'A' ? ' ' : '\0');
    std::copy_n(from.begin() + at, column.bytes(), row.begin() + static_cast<std::ptrdiff_t>(begin));
    return;
  }
  for (std::int64_t i = 0; i < column.repeat; ++i, at += fits::bytes_of_type(column.type)) {
    if (column.type == 'I')
      append_whole(row, value_at<std::int16_t>(from, at), to.type);
    else if (column.type == 'J')
      append_whole(row, value_at<std::int32_t>(from, at), to.type);
    else
      append_value(row, static_cast<double>(value_at<float>(from, at)));  // E, to D
  }
}

// The column of a row of that layout; blank or zero where it has none.
void append_from(std::vector<std::uint8_t>& row, Row from, const RowLayout& layout, const RowColumn& column) {
  if (const auto k = layout.find(column.name))
    append_column(row, from, layout.columns[*k], layout.offsets[*k], column);
  else
    row.resize(row.size() + static_cast<std::size_t>(column.bytes()), column.type == 'A' ? ' ' : '\0');
}

// The columns of several tables, in the order in which they appear.
class Union {
 public:
  void add(const RowColumn& column, const std::string& whose, const fs::path& file) {
    const auto known = std::ranges::find(columns_, column.name, &RowColumn::name);
    if (known == columns_.end()) {
      columns_.push_back(column);
      from_[column.name] = whose;
      return;
    }
    const bool texts = known->type == 'A' && column.type == 'A';
    if (const auto wider = wider_of(known->type, column.type); wider && known->repeat == column.repeat) {
      known->type = *wider;
      return;
    }
    if (known->type != column.type || (known->repeat != column.repeat && !texts))
      throw input_error("column {} is {}, that of {} is {}: they cannot be put together", column.name,
                        column.format(), from_[column.name], known->format())
          .in_file(file.string(), "1");
    known->repeat = std::max(known->repeat, column.repeat);
  }
  const std::vector<RowColumn>& columns() const { return columns_; }

 private:
  std::vector<RowColumn> columns_;
  std::map<std::string, std::string> from_;
};

// Behind those of the bricks.
const RowColumn kOwn[] = {{"nbricks", 'J', 1, "", ""}, {"first_brick", 'A', kBrickName, "", ""}};

void check_file(const BrickOutput& b, const fs::path& file, const CcdsUsedOptions& options) {
  if (!options.verify) return;
  if (const auto list =
          ChecksumList::read(b.directory / product_path(Product::kChecksums, {.brick = b.brick.name})))
    list->check_file(product_path(Product::kCcdsTable, {.brick = b.brick.name}).string(), file);
}

fs::path table_file(const BrickOutput& b) {
  return b.directory / product_path(Product::kCcdsTable, {.brick = b.brick.name});
}

}  // namespace

std::vector<RowColumn> ccds_columns(std::span<const BrickOutput> bricks, const CcdsUsedOptions& options) {
  Union all;
  for (const BrickOutput& b : bricks) {
    options.cancel.stop_if_asked();
    const RowLayout layout = row_layout(fits::FitsReader(table_file(b)).header(1));
    for (const char* name : {"camera", "expnum", "ccdname"})
      if (!layout.find(name))
        throw input_error("it has no column {}", name).in_file(table_file(b).string(), "1");
    for (const RowColumn& column : layout.columns)
      if (!is_of_a_brick(column.name)) all.add(column, "brick " + b.brick.name, table_file(b));
  }
  std::vector<RowColumn> out = all.columns();
  for (const RowColumn& column : kOwn) out.push_back(column);
  return out;
}

JoinedColumns join_columns(std::span<const fs::path> tables) {
  Union all;
  std::vector<RowColumn> own;
  std::vector<RowLayout> layouts;
  for (const fs::path& table : tables) {
    layouts.push_back(row_layout(fits::FitsReader(table).header(1)));
    for (const RowColumn& column : layouts.back().columns)
      if (std::ranges::find(kOwn, column.name, &RowColumn::name) == std::end(kOwn))
        all.add(column, table.string(), table);
      else if (std::ranges::find(own, column.name, &RowColumn::name) == own.end())
        own.push_back(column);
  }
  JoinedColumns joined{all.columns(), {}};
  joined.columns.insert(joined.columns.end(), own.begin(), own.end());
  for (const RowLayout& layout : layouts)
    joined.conversions.emplace_back(
        [layout, columns = joined.columns](Row from, std::vector<std::uint8_t>& row) {
          for (const RowColumn& column : columns) append_from(row, from, layout, column);
        });
  return joined;
}

void make_ccds_part(const BrickGroup& group, const std::vector<RowColumn>& columns, const fs::path& out,
                    const CcdsUsedOptions& options, CcdConflicts& conflicts) {
  const Places places = places_of(columns);
  std::map<Key, std::vector<std::uint8_t>> rows;
  for (const BrickOutput& b : group.bricks) {
    options.cancel.stop_if_asked();
    const fs::path file = table_file(b);
    check_file(b, file, options);
    fits::FitsReader reader(file);
    const RowLayout layout = row_layout(reader.header(1));
    const std::vector<std::uint8_t> bytes = reader.table_bytes(1);
    for (std::int64_t i = 0; i < layout.rows; ++i) {
      const std::uint8_t* from = bytes.data() + i * layout.row_bytes;
      std::vector<std::uint8_t> row;
      for (const RowColumn& column : columns) {
        if (column.name == "nbricks") {
          append_value(row, std::int32_t{1});
        } else if (column.name == "first_brick") {
          append_text(row, b.brick.name, kBrickName);
        } else {
          append_from(row, Row(from, static_cast<std::size_t>(layout.row_bytes)), layout, column);
        }
      }
      const Key key = key_of(places, row);
      const auto [known, is_new] = rows.emplace(key, row);
      if (is_new) continue;
      compare(places, key, known->second, row, conflicts);
      add_bricks(places, known->second, row);
    }
  }
  RowTableWriter writer(out, {}, columns, "CCDS");
  for (const auto& [key, row] : rows) writer.append(row);
  writer.finish();
  writer.put_in_place();
}

RowTableWriter merge_ccds(std::span<const fs::path> parts, const fs::path& out,
                          const CcdsUsedOptions& options, CcdConflicts& conflicts) {
  const JoinedColumns joined = join_columns(parts);
  const Places places = places_of(joined.columns);
  RowTableWriter writer(out, {}, joined.columns, "CCDS");
  std::vector<std::uint8_t> last;
  const auto key = [&](Row row) { return key_of(places, row); };
  const auto take = [&](Row row) {
    if (!last.empty() && key(last) == key(row)) {
      compare(places, key(row), last, row, conflicts);
      add_bricks(places, last, row);
      return;
    }
    if (!last.empty()) writer.append(last);
    last.assign(row.begin(), row.end());
  };
  merge_rows(parts, 1, options.cancel, key, take, joined.conversions);
  if (!last.empty()) writer.append(last);
  writer.finish();
  return writer;
}

}  // namespace brickline
