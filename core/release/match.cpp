#include "core/release/match.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <optional>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/column_units.h"
#include "core/fits/fits_reader.h"
#include "core/model/errors_card.h"
#include "core/model/profiles_card.h"
#include "core/release/brick_products.h"
#include "core/release/row_bytes.h"
#include "core/release/row_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr double kDegree = std::numbers::pi / 180, kArcsec = 3600;

struct Position {
  double ra = 0, dec = 0;
};

// The best so far of a row of the other catalog.
struct Best {
  double distance = std::numeric_limits<double>::infinity();  // arcsec
  std::int64_t catalog = -1, row = -1;
  std::int32_t count = 0;
};

// Haversines: exact for small distances.
double separation_arcsec(const Position& a, const Position& b) {
  const double d = std::sin((b.dec - a.dec) * kDegree / 2), r = std::sin((b.ra - a.ra) * kDegree / 2);
  const double h = d * d + std::cos(a.dec * kDegree) * std::cos(b.dec * kDegree) * r * r;
  return 2 * std::asin(std::sqrt(std::min(1., h))) / kDegree * kArcsec;
}

std::vector<Position> positions_of(const fits::Table& table, const MatchOptions& options) {
  std::string ra = options.ra, dec = options.dec;
  if (ra.empty() != dec.empty()) throw input_error("one column of positions is named, the other is not");
  if (ra.empty()) {
    const bool plug = !table.has("RA") && table.has("PLUG_RA");
    ra = plug ? "PLUG_RA" : "RA", dec = plug ? "PLUG_DEC" : "DEC";
  }
  for (const std::string& column : {ra, dec}) fits::require_unit(table, column, fits::WantedUnit::kDegrees);
  const std::vector<double> x = table.numbers(ra), y = table.numbers(dec);
  std::vector<Position> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !(std::abs(y[i]) <= 90))
      throw input_error("row {} has the position ({}, {})", i + 1, x[i], y[i]);
    const double turned = std::fmod(x[i], 360.);
    out.push_back({turned < 0 ? turned + 360 : turned, y[i]});
  }
  return out;
}

// Rows of the other catalog, by Dec.
class ByDec {
 public:
  explicit ByDec(const std::vector<Position>& positions) : positions_(positions) {
    for (std::size_t i = 0; i < positions.size(); ++i) order_.push_back(i);
    std::ranges::sort(order_, {}, [&](std::size_t i) { return positions_[i].dec; });
  }
  // Those in a brick's box and so much around it, with some beside them.
  std::vector<std::size_t> near(const BrickCatalog& c, double margin) const {
    std::vector<std::size_t> out;
    const auto dec_of = [&](std::size_t i) { return positions_[i].dec; };
    const auto first = std::ranges::lower_bound(order_, c.dec1 - margin, {}, dec_of);
    const auto last = std::ranges::upper_bound(order_, c.dec2 + margin, {}, dec_of);
    const double highest = std::min(90., std::max(std::abs(c.dec1), std::abs(c.dec2)) + margin);
    const double stretched = highest > 89.9 ? 360 : margin / std::cos(highest * kDegree);
    const double width = c.ra_width() / 2, middle = c.ra1 + width;
    for (auto it = first; it != last; ++it) {
      const double away = std::abs(std::remainder(positions_[*it].ra - middle, 360.));
      if (away <= width + stretched) out.push_back(*it);
    }
    return out;
  }

 private:
  const std::vector<Position>& positions_;
  std::vector<std::size_t> order_;
};

struct Primary {
  Position at;
  std::int64_t row;
};
// By Dec.
std::vector<Primary> primaries(const BrickCatalog& catalog) {
  const std::vector<std::string> needed = {"brick_primary", "type", "ra", "dec"};
  const fits::Table table = fits::FitsReader(catalog.file).columns(1, needed);
  std::vector<Primary> out;
  try {
    for (const std::string& name : needed) (void)table.require(name);
    for (std::int64_t row = 0; row < table.rows(); ++row)
      if (table.logical("brick_primary", row) && table.text("type", row) != "NUN")
        out.push_back({{table.number("ra", row), table.number("dec", row)}, row});
  } catch (Error& error) {
    error.in_file(catalog.file.string(), "1");
    throw;
  }
  std::ranges::sort(out, [](const Primary& a, const Primary& b) {
    return a.at.dec != b.at.dec ? a.at.dec < b.at.dec : a.row < b.row;
  });
  return out;
}

// `take(i, row, distance)` for each source, a row of the catalog, within the radius of the other's row i.
template <typename Take>
void look_in(const BrickCatalog& catalog, const std::vector<std::size_t>& rows,
             const std::vector<Position>& positions, double radius, Take&& take) {
  const std::vector<Primary> sources = primaries(catalog);
  const double window = radius / kArcsec * (1 + 1e-9);
  for (const std::size_t i : rows) {
    const auto dec_of = [](const Primary& p) { return p.at.dec; };
    const auto first = std::ranges::lower_bound(sources, positions[i].dec - window, {}, dec_of);
    const auto last = std::ranges::upper_bound(sources, positions[i].dec + window, {}, dec_of);
    for (auto it = first; it != last; ++it)
      if (const double distance = separation_arcsec(positions[i], it->at); distance < radius)
        take(i, it->row, distance);
  }
}

// Catalogs that are near rows of the other one: `take(number, rows)`, in their order.
template <typename Take>
void each_near(std::span<const BrickCatalog> catalogs, const std::vector<Position>& positions,
               const MatchOptions& options, MatchReport& report, Take&& take) {
  const ByDec by_dec(positions);
  // Sources may lie a little outside of their brick's box.
  const double margin = 0.1 + options.radius_arcsec / kArcsec;
  for (std::size_t k = 0; k < catalogs.size(); ++k) {
    options.cancel.stop_if_asked();
    const std::vector<std::size_t> rows = by_dec.near(catalogs[k], margin);
    if (rows.empty()) continue;
    if (options.verify && verified_list(catalogs[k]).empty()) ++report.unverified;
    take(k, rows);
  }
}

std::vector<Position> positions_in(fits::FitsReader& reader, const MatchOptions& options) {
  const std::vector<std::string> of_positions = {"RA", "DEC", "PLUG_RA", "PLUG_DEC", options.ra, options.dec};
  return positions_of(reader.columns(1, of_positions), options);
}

// Columns of all catalogs of which rows come; `names`, upper case: only these.
std::vector<RowColumn> columns_of(std::span<const BrickCatalog> catalogs,
                                  const std::map<std::int64_t, RowLayout>& layouts,
                                  const std::vector<std::string>& names) {
  std::vector<RowColumn> out;
  std::map<std::string, std::int64_t> from;
  for (const auto& [number, layout] : layouts)
    for (RowColumn column : layout.columns) {
      column.name = upper_case(column.name);
      if (!names.empty() && std::ranges::find(names, column.name) == names.end()) continue;
      const auto [first, is_new] = from.emplace(column.name, number);
      if (is_new) {
        out.push_back(column);
        continue;
      }
      RowColumn& known = *std::ranges::find(out, column.name, &RowColumn::name);
      const bool texts = known.type == 'A' && column.type == 'A';
      if (known.type != column.type || (known.repeat != column.repeat && !texts))
        throw input_error("column {} is {}, that of brick {} is {}: they cannot be put together", column.name,
                          column.format(), catalogs[static_cast<std::size_t>(first->second)].brick,
                          known.format())
            .in_file(catalogs[static_cast<std::size_t>(number)].file.string());
      known.repeat = std::max(known.repeat, column.repeat);
    }
  for (const std::string& name : names)
    if (!from.contains(name)) throw input_error("no catalog has a column {}", name);
  return out;
}

// A row's bytes put into columns that may be wider, or not be there.
void copy_record(const RowLayout& layout, std::span<const std::uint8_t> record,
                 const std::vector<RowColumn>& columns, std::uint8_t* to) {
  for (const RowColumn& column : columns) {
    if (const auto i = layout.find(column.name))
      std::copy_n(record.begin() + layout.offsets[*i], layout.columns[*i].bytes(), to);
    to += column.bytes();
  }
}

std::vector<std::uint8_t> empty_record(const std::vector<RowColumn>& columns) {
  std::vector<std::uint8_t> out;
  for (const RowColumn& column : columns) {
    if (column.name == "OBJID" && column.type == 'J')
      append_value(out, std::int32_t{-1});
    else if (column.name == "OBJID" && column.type == 'K')
      append_value(out, std::int64_t{-1});
    else
      out.insert(out.end(), static_cast<std::size_t>(column.bytes()),
                 column.type == 'A'   ? ' '
                 : column.type == 'L' ? 'F'
                                      : '\0');
  }
  return out;
}

RowLayout layout_of(const BrickCatalog& catalog) {
  try {
    return row_layout(fits::FitsReader(catalog.file).header(1));
  } catch (Error& error) {
    error.in_file(catalog.file.string(), "1");
    throw;
  }
}

// Of the catalogs that rows come from; their errors, too. Error (kInput) if their galaxies are not of one kind.
GalaxyProfiles profiles_of_all(std::span<const BrickCatalog> catalogs,
                               const std::map<std::int64_t, RowLayout>& layouts, ErrorsOfSeveral& errors) {
  std::optional<GalaxyProfiles> first;
  std::string name;
  for (const auto& [number, layout] : layouts) {
    const BrickCatalog& catalog = catalogs[static_cast<std::size_t>(number)];
    fits::FitsReader reader(catalog.file);
    try {
      const fits::Header primary = reader.header(0), table = reader.header(1);
      const GalaxyProfiles own = profiles_of(primary, table);
      errors.add(errors_are_marginal(primary, table), "brick " + catalog.brick);
      if (first) require_profiles(own, *first, name, "rows are put together of catalogs");
      if (!first) first = own, name = "brick " + catalog.brick;
    } catch (Error& error) {
      error.in_file(catalog.file.string());
      throw;
    }
  }
  return first.value_or(GalaxyProfiles::kReference);
}

}  // namespace

MatchReport match_external(const fs::path& external, std::span<const BrickCatalog> catalogs,
                           const fs::path& out, const MatchOptions& options) {
  fits::FitsReader reader(external);
  RowLayout other;
  std::vector<Position> positions;
  std::vector<std::size_t> copied;
  try {
    other = any_row_layout(reader.header(1));
    positions = positions_in(reader, options);
    for (const std::string& name : options.copied) {
      const auto i = other.find(name);
      if (!i) throw input_error("it has no column {}", name);
      require_usable(other.columns[*i]);
      copied.push_back(*i);
    }
  } catch (Error& error) {
    error.in_file(external.string(), "1");
    throw;
  }
  MatchReport report;
  report.rows = std::ssize(positions);
  std::vector<Best> best(positions.size());
  each_near(catalogs, positions, options, report, [&](std::size_t k, const std::vector<std::size_t>& rows) {
    const auto number = static_cast<std::int64_t>(k);
    look_in(catalogs[k], rows, positions, options.radius_arcsec,
            [&](std::size_t i, std::int64_t row, double distance) {
              Best& b = best[i];
              ++b.count;
              if (distance < b.distance || (distance == b.distance && b.catalog == number && row < b.row))
                b.distance = distance, b.catalog = number, b.row = row;
            });
  });

  std::map<std::int64_t, std::vector<std::size_t>> wanted;  // by catalog
  for (std::size_t i = 0; i < best.size(); ++i) {
    report.candidates += best[i].count;
    if (best[i].catalog < 0) continue;
    ++report.matched;
    wanted[best[i].catalog].push_back(i);
  }
  std::map<std::int64_t, RowLayout> layouts;
  for (const auto& [number, rows] : wanted) {
    const BrickCatalog& catalog = catalogs[static_cast<std::size_t>(number)];
    layouts[number] = layout_of(catalog);
  }
  if (layouts.empty() && !catalogs.empty())  // no match at all: still a table of those columns
    layouts[0] = layout_of(catalogs[0]);
  ErrorsOfSeveral errors;
  const GalaxyProfiles profiles = profiles_of_all(catalogs, layouts, errors);
  report.unlike_errors = errors.difference();
  std::vector<std::string> names;
  for (const std::string& name : options.columns) names.push_back(upper_case(name));
  std::vector<RowColumn> columns = columns_of(catalogs, layouts, names);

  const std::vector<std::uint8_t> none = empty_record(columns);
  std::vector<std::uint8_t> records;
  records.reserve(none.size() * positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) records.insert(records.end(), none.begin(), none.end());
  for (const auto& [number, rows] : wanted) {
    options.cancel.stop_if_asked();
    const BrickCatalog& catalog = catalogs[static_cast<std::size_t>(number)];
    const std::vector<std::uint8_t> bytes = fits::FitsReader(catalog.file).table_bytes(1);
    const RowLayout& layout = layouts.at(number);
    for (const std::size_t i : rows)
      copy_record(layout,
                  std::span(bytes).subspan(static_cast<std::size_t>(best[i].row * layout.row_bytes),
                                           static_cast<std::size_t>(layout.row_bytes)),
                  columns, records.data() + i * none.size());
  }

  const auto add = [&](const RowColumn& column) {
    if (std::ranges::find(columns, upper_case(column.name), &RowColumn::name) != columns.end())
      throw input_error("its column {} has the name of another: --columns leaves that one out", column.name)
          .in_file(external.string(), "1");
    columns.push_back(column);
  };
  for (const std::size_t i : copied) add(other.columns[i]);
  add({"DIST", 'E', 1, "arcsec", ""});
  add({"NMATCH", 'J', 1, "", ""});
  fits::Header cards;
  cards.set("NMATCHED", report.matched, "rows with a match");
  cards.set("NCOLL", report.candidates - report.matched, "further matches of them");
  cards.set("RADIUS", options.radius_arcsec, "[arcsec]");
  cards.set("EXTERNAL", external.filename().string(), "what was matched");
  fits::Header own;
  for (fits::Header* header : {&cards, &own}) {
    add_profiles_card(*header, profiles);
    add_errors_card(*header, errors.marginal());
  }
  RowTableWriter writer(out, cards, columns, "MATCHED", own);
  const std::vector<std::uint8_t> others = reader.table_bytes(1);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    std::vector<std::uint8_t> row(records.begin() + static_cast<std::ptrdiff_t>(i * none.size()),
                                  records.begin() + static_cast<std::ptrdiff_t>((i + 1) * none.size()));
    for (const std::size_t k : copied) {
      const auto from = others.begin() + static_cast<std::ptrdiff_t>(i) * other.row_bytes + other.offsets[k];
      row.insert(row.end(), from, from + other.columns[k].bytes());
    }
    append_value(row, best[i].catalog < 0 ? -1.F : static_cast<float>(best[i].distance));
    append_value(row, best[i].count);
    writer.append(row);
  }
  writer.finish();
  writer.put_in_place();
  return report;
}

MatchReport match_all_pairs(const fs::path& external, std::span<const BrickCatalog> catalogs,
                            const fs::path& out, const MatchOptions& options) {
  fits::FitsReader reader(external);
  std::vector<Position> positions;
  try {
    positions = positions_in(reader, options);
  } catch (Error& error) {
    error.in_file(external.string(), "1");
    throw;
  }
  struct Pair {
    std::int64_t other;
    double distance;
    std::int32_t brick;
    std::int64_t row;
    std::int32_t object;
    std::int64_t id;
    auto operator<=>(const Pair&) const = default;
  };
  std::vector<Pair> pairs;
  MatchReport report;
  report.rows = std::ssize(positions);
  each_near(catalogs, positions, options, report, [&](std::size_t k, const std::vector<std::size_t>& rows) {
    const BrickCatalog& catalog = catalogs[k];
    const std::size_t before = pairs.size();
    look_in(catalog, rows, positions, options.radius_arcsec,
            [&](std::size_t i, std::int64_t row, double distance) {
              pairs.push_back({static_cast<std::int64_t>(i), distance, 0, row, 0, 0});
            });
    if (pairs.size() == before) return;
    try {
      std::string id;
      for (const RowColumn& column : layout_of(catalog).columns)
        if (id.empty() && upper_case(column.name).starts_with("LS_ID")) id = column.name;
      std::vector<std::string> names = {"release", "brickid", "objid"};
      if (!id.empty()) names.push_back(id);
      const fits::Table table = fits::FitsReader(catalog.file).columns(1, names);
      for (std::size_t n = before; n < pairs.size(); ++n) {
        Pair& p = pairs[n];
        const std::int64_t brick = table.integer("brickid", p.row), object = table.integer("objid", p.row);
        p.brick = static_cast<std::int32_t>(brick);
        p.object = static_cast<std::int32_t>(object);
        constexpr int kObjectBits = 22, kBrickBits = 20;
        p.id = !id.empty() ? table.integer(id, p.row)
                           : table.integer("release", p.row) << (kObjectBits + kBrickBits) |
                                 brick << kObjectBits | object;
      }
    } catch (Error& error) {
      error.in_file(catalog.file.string(), "1");
      throw;
    }
  });
  std::ranges::sort(pairs);
  report.candidates = std::ssize(pairs);
  std::int64_t last = -1;
  for (const Pair& p : pairs) {
    report.matched += p.other != last;
    last = p.other;
  }
  fits::Header cards;
  cards.set("NMATCHED", report.matched, "rows with a match");
  cards.set("RADIUS", options.radius_arcsec, "[arcsec]");
  cards.set("EXTERNAL", external.filename().string(), "what was matched");
  RowTableWriter writer(out, cards,
                        {{"EXTROW", 'K', 1, "", ""},
                         {"LS_ID", 'K', 1, "", ""},
                         {"BRICKID", 'J', 1, "", ""},
                         {"OBJID", 'J', 1, "", ""},
                         {"DIST", 'E', 1, "arcsec", ""}},
                        "PAIRS");
  for (const Pair& p : pairs) {
    std::vector<std::uint8_t> row;
    append_value(row, p.other);
    append_value(row, p.id);
    append_value(row, p.brick);
    append_value(row, p.object);
    append_value(row, static_cast<float>(p.distance));
    writer.append(row);
  }
  writer.finish();
  writer.put_in_place();
  return report;
}

}  // namespace brickline
