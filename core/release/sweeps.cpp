#include "core/release/sweeps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <unordered_set>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/version.h"
#include "core/fits/fits_reader.h"
#include "core/model/errors_card.h"
#include "core/model/profiles_card.h"
#include "core/release/brick_products.h"
#include "core/release/row_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr double kWidest = 360, kHighest = 90;

struct BoxSize {
  double ra, dec;
};
BoxSize size_of(SweepSchema schema) {
  switch (schema) {
    case SweepSchema::kBlocks5:
      return {5, 5};
    case SweepSchema::kBlocks10:
      return {10, 5};
    case SweepSchema::kRa:
      return {1, 2 * kHighest};
    case SweepSchema::kDec:
      return {kWidest, 1};
  }
  throw internal_error("a schema of sweeps that is none");
}

std::string corner(double ra, double dec) {
  return fmt::format("{:03.0f}{}{:03.0f}", ra, dec < 0 ? 'm' : 'p', std::abs(dec));
}

// "tractor-1501p022.fits": the brick, if it is one of the survey's tiling.
std::optional<std::string> brick_of(const std::string& name) {
  constexpr std::string_view kStem = "tractor-", kEnd = ".fits";
  constexpr std::size_t kName = 8, kSign = 4;
  if (!name.starts_with(kStem) || !name.ends_with(kEnd)) return {};
  const std::string brick = name.substr(kStem.size(), name.size() - kStem.size() - kEnd.size());
  if (brick.size() != kName) return {};
  for (std::size_t i = 0; i < kName; ++i)
    if (i == kSign ? brick[i] != 'p' && brick[i] != 'm' : brick[i] < '0' || brick[i] > '9') return {};
  return brick;
}

// What a sweep needs to know of a catalog before its rows are copied.
struct Source {
  const BrickCatalog* catalog = nullptr;
  RowLayout layout;
  fits::Header primary;
  GalaxyProfiles profiles = GalaxyProfiles::kReference;
  bool marginal_errors = false;
  std::vector<std::int64_t> rows;  // that belong into the box
  std::string list;  // the digest of the brick's list of checksums, if the catalog agrees with it
};

bool belongs(const fits::Table& table, std::int64_t row) {
  return table.logical("brick_primary", row) && table.text("type", row) != "NUN";
}

const std::vector<std::string> kNeeded = {"brick_primary", "type", "ra", "dec"};

constexpr double kPadding = 0.1;  // degrees: sources may lie a little outside of their brick's box
bool may_touch(const BrickCatalog& c, const SweepBox& box) {
  const auto overlap = [](double a1, double a2, double b1, double b2) {
    return std::min(a2 + kPadding, b2 + kPadding) > std::max(a1 - kPadding, b1 - kPadding);
  };
  if (!overlap(c.dec1, c.dec2, box.dec1, box.dec2)) return false;
  for (const double turn : {-kWidest, 0., kWidest})
    if (overlap(c.ra1 + turn, c.ra1 + c.ra_width() + turn, box.ra1, box.ra2)) return true;
  return false;
}

std::vector<Source> sources_in(const SweepBox& box, std::span<const BrickCatalog> catalogs,
                               const SweepOptions& options, SweepReport& report) {
  std::vector<Source> out;
  for (const BrickCatalog& catalog : catalogs) {
    if (!may_touch(catalog, box)) continue;
    options.cancel.stop_if_asked();
    Source source;
    source.catalog = &catalog;
    fits::FitsReader reader(catalog.file);
    const fits::Table table = reader.columns(1, kNeeded);
    fits::Header own;
    try {
      for (const std::string& name : kNeeded) (void)table.require(name);
      for (std::int64_t row = 0; row < table.rows(); ++row)
        if (belongs(table, row) &&
            sweep_box(options.schema, table.number("ra", row), table.number("dec", row)) == box)
          source.rows.push_back(row);
      if (source.rows.empty()) continue;
      own = reader.header(1);
      source.layout = row_layout(own);
    } catch (Error& error) {
      error.in_file(catalog.file.string(), "1");
      throw;
    }
    source.primary = reader.header(0);
    try {
      source.profiles = profiles_of(source.primary, own);
      if (!out.empty())
        require_profiles(source.profiles, out.front().profiles, "brick " + out.front().catalog->brick,
                         "sweeps are made of catalogs");
    } catch (Error& error) {
      error.in_file(catalog.file.string());
      throw;
    }
    source.marginal_errors = errors_are_marginal(source.primary, own);
    if (options.verify) source.list = verified_list(catalog);
    if (options.verify && source.list.empty()) ++report.unverified;
    out.push_back(std::move(source));
  }
  return out;
}

bool same_name(const RowColumn& column, const RowColumn& other) {
  return equal_but_for_case(column.name, other.name);
}

// Every column that any of them has. Texts are as wide as the widest.
std::vector<RowColumn> all_columns(std::span<const Source> sources) {
  std::vector<RowColumn> all;
  std::vector<const Source*> first;
  for (const Source& source : sources)
    for (const RowColumn& column : source.layout.columns) {
      const auto found = std::ranges::find_if(all, [&](const RowColumn& c) { return same_name(c, column); });
      if (found == all.end()) {
        all.push_back(column);
        first.push_back(&source);
        continue;
      }
      if (column.type == 'A' && found->type == 'A') {
        found->repeat = std::max(found->repeat, column.repeat);
        continue;
      }
      if (column.type != found->type || column.repeat != found->repeat)
        throw input_error("column {} is {} in brick {}, {} in brick {}: they cannot be put together",
                          column.name, column.format(), source.catalog->brick, found->format(),
                          first[static_cast<std::size_t>(found - all.begin())]->catalog->brick)
            .in_file(source.catalog->file.string());
    }
  return all;
}

// Where a column's bytes come from in a brick's rows, and what stands in for them.
struct Copy {
  std::optional<std::int64_t> from;  // byte of the row
  std::int64_t bytes = 0;            // that are copied
  std::string absent;                // bytes of the column where there are none
};
std::vector<Copy> copies(const Source& source, std::span<const RowColumn> columns, SweepReport& report) {
  std::vector<Copy> out;
  for (const RowColumn& column : columns) {
    Copy copy;
    const bool index = column.name.starts_with("LC_EPOCH_INDEX");
    const char filler = column.type == 'A' ? ' ' : column.type == 'L' ? 'F' : index ? '\xff' : '\0';
    copy.absent.assign(static_cast<std::size_t>(column.bytes()), filler);
    if (const auto i = source.layout.find(column.name)) {
      copy.from = source.layout.offsets[*i];
      copy.bytes = source.layout.columns[*i].bytes();
    } else {
      ++report.lacking[column.name];
    }
    out.push_back(std::move(copy));
  }
  return out;
}

void add_rows(const Source& source, std::span<const std::uint8_t> bytes, std::span<const Copy> copies,
              RowTableWriter& writer) {
  std::vector<std::uint8_t> out;
  out.reserve(source.rows.size() * static_cast<std::size_t>(writer.row_bytes()));
  for (const std::int64_t row : source.rows) {
    const std::uint8_t* from = bytes.data() + row * source.layout.row_bytes;
    for (const Copy& copy : copies) {
      const std::size_t begin = out.size();
      out.insert(out.end(), copy.absent.begin(), copy.absent.end());
      if (copy.from)
        std::copy_n(from + *copy.from, copy.bytes, out.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }
  writer.append(out);
}

// Cards that are of a brick, not of the survey.
bool of_a_brick(const std::string& key) {
  static const std::set<std::string> exact = {
      "BRICK", "BRICKID", "RA",       "DEC",     "CENTRA",   "CENTDEC", "CMDLINE", "RAMIN",
      "RAMAX", "DECMIN",  "DECMAX",   "NFAILED", "COMMENT",  "HISTORY", "SIMPLE",  "BITPIX",
      "NAXIS", "EXTEND",  "CHECKSUM", "DATASUM", "NBAILOUT", "NCUT",    ""};
  if (exact.contains(key)) return true;
  for (const char* stem : {"CORN", "CCDFN_", "COSKY_", "MJD", "DATE"})
    if (key.starts_with(stem)) return true;
  return false;
}

// The cards on which all bricks agree.
fits::Header merged_cards(std::span<const Source> sources, const SweepBox& box) {
  fits::Header out;
  for (const fits::Card& card : sources[0].primary.cards()) {
    if (of_a_brick(card.key)) continue;
    const bool agreed = std::ranges::all_of(sources, [&](const Source& source) {
      const fits::Card* other = source.primary.find(card.key);
      return other && other->value == card.value;
    });
    if (agreed && !out.has(card.key)) out.set(card.key, card.value, card.comment);
  }
  int number = 0;
  while (out.has(fmt::format("DEPNAM{:02}", number))) ++number;
  out.set(fmt::format("DEPNAM{:02}", number), "brickline-sweep", "");
  out.set(fmt::format("DEPVER{:02}", number), kVersion, "");
  out.set("RAMIN", box.ra1, "[deg] of the box");
  out.set("RAMAX", box.ra2, "[deg] of the box");
  out.set("DECMIN", box.dec1, "[deg] of the box");
  out.set("DECMAX", box.dec2, "[deg] of the box");
  out.set("NBRICKS", static_cast<std::int64_t>(sources.size()), "bricks that have rows here");
  return out;
}

// What a box is made from: the software, the options, the bricks and their lists of checksums. Empty where a brick has none.
std::string sweep_key(std::span<const Source> sources, const SweepBox& box, const SweepOptions& options) {
  std::string text = fmt::format("{} {} {} {} {}\n", kVersion, commit(), box.name(),
                                 static_cast<int>(options.layout), static_cast<int>(options.schema));
  for (const Source& source : sources) {
    if (source.list.empty()) return {};
    text += fmt::format("{} {} {}\n", source.catalog->brick, source.catalog->brickid, source.list);
  }
  return sha256_hex(text);
}
bool is_of(const fs::path& file, const std::string& key) {
  std::error_code code;
  if (key.empty() || !fs::exists(file, code)) return false;
  try {
    return fits::FitsReader(file).header(0).text("SWEEPKEY") == key;
  } catch (const Error&) {
    return false;  // it is made again
  }
}

// No source twice.
void check_ids(const Source& source, std::span<const std::uint8_t> bytes,
               std::unordered_set<std::string>& seen) {
  std::array<std::pair<std::int64_t, std::int64_t>, 3> parts;
  std::size_t n = 0;
  for (const char* name : {"release", "brickid", "objid"})
    if (const auto i = source.layout.find(name))
      parts[n++] = {source.layout.offsets[*i], source.layout.columns[*i].bytes()};
  if (n < parts.size())
    throw input_error("it has no ids (release, brickid, objid)").in_file(source.catalog->file.string());
  for (const std::int64_t row : source.rows) {
    std::string id;
    for (const auto& [at, size] : parts)
      id.append(reinterpret_cast<const char*>(bytes.data()) + row * source.layout.row_bytes + at,
                static_cast<std::size_t>(size));
    if (!seen.insert(std::move(id)).second)
      throw input_error("row {}: release, brickid and objid are those of another source", row + 1)
          .in_file(source.catalog->file.string(), "1");
  }
}

}  // namespace

std::string verified_list(const BrickCatalog& catalog) {
  const auto list =
      ChecksumList::read(catalog.file.parent_path() / ("brick-" + catalog.brick + ".sha256sum"));
  if (!list) return {};
  list->check_file(product_path(Product::kTractor, {.brick = catalog.brick}).string(), catalog.file);
  return list->digest();
}

SweepSchema sweep_schema(std::string_view name) {
  if (name == "blocksdr11" || name == "blocksdr10") return SweepSchema::kBlocks5;
  if (name == "blocks") return SweepSchema::kBlocks10;
  if (name == "ra") return SweepSchema::kRa;
  if (name == "dec") return SweepSchema::kDec;
  throw usage_error("'{}' is no schema of sweeps: blocksdr11, blocksdr10, blocks, ra, dec", name);
}

std::string SweepBox::name() const { return corner(ra1, dec1) + "-" + corner(ra2, dec2); }

SweepBox sweep_box(SweepSchema schema, double ra, double dec) {
  const BoxSize size = size_of(schema);
  double turned = std::fmod(ra, kWidest);
  if (turned < 0) turned += kWidest;
  const double columns = kWidest / size.ra, rows = 2 * kHighest / size.dec;
  const double i = std::min(std::floor(turned / size.ra), columns - 1);
  const double j = std::clamp(std::floor((dec + kHighest) / size.dec), 0., rows - 1);
  return {i * size.ra, (i + 1) * size.ra, j * size.dec - kHighest, (j + 1) * size.dec - kHighest};
}

SweepBox sweep_box_named(SweepSchema schema, std::string_view name) {
  const BoxSize size = size_of(schema);
  for (double dec = -kHighest; dec < kHighest; dec += size.dec)
    for (double ra = 0; ra < kWidest; ra += size.ra)
      if (const SweepBox box{ra, ra + size.ra, dec, dec + size.dec}; box.name() == name) return box;
  throw usage_error("'{}' is no box of these sweeps (one is called {})", name,
                    sweep_box(schema, 152, 2).name());
}

std::vector<BrickCatalog> find_catalogs(const fs::path& directory, const BrickTable* bricks) {
  std::error_code code;
  if (!fs::is_directory(directory, code)) throw input_error("is no directory").in_file(directory.string());
  std::map<std::string, fs::path> found;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(directory, fs::directory_options::follow_directory_symlink)) {
    const auto brick = brick_of(entry.path().filename().string());
    if (!brick || !entry.is_regular_file()) continue;
    const auto [other, is_new] = found.emplace(*brick, entry.path());
    if (!is_new)
      throw input_error("brick {} has another catalog, {}: one of them is to go", *brick,
                        other->second.string())
          .in_file(entry.path().string());
  }
  if (found.empty())
    throw input_error("there is no catalog below it (tractor/AAA/tractor-BRICK.fits)")
        .in_file(directory.string());
  std::vector<BrickCatalog> out;
  for (const auto& [name, file] : found) {
    BrickCatalog catalog{file, name, 0, 0, 0, 0, 0};
    if (bricks) {
      const Brick& brick = bricks->find(name);
      catalog.brickid = brick.id;
      catalog.ra1 = brick.ra1, catalog.ra2 = brick.ra2, catalog.dec1 = brick.dec1, catalog.dec2 = brick.dec2;
    } else {
      const fits::Header header = fits::FitsReader(file).header(0);
      try {
        catalog.brickid = header.require_integer("BRICKID");
        catalog.ra1 = header.require_number("RAMIN"), catalog.ra2 = header.require_number("RAMAX");
        catalog.dec1 = header.require_number("DECMIN"), catalog.dec2 = header.require_number("DECMAX");
      } catch (Error& error) {
        error.in_file(file.string(), "0");
        throw;
      }
    }
    out.push_back(std::move(catalog));
  }
  std::ranges::sort(out, {}, [](const BrickCatalog& c) { return std::pair(c.brickid, c.brick); });
  return out;
}

void require_profiles_of_one_kind(std::span<const BrickCatalog> catalogs) {
  std::optional<GalaxyProfiles> first;
  for (const BrickCatalog& catalog : catalogs) try {
      fits::FitsReader reader(catalog.file);
      const GalaxyProfiles own = profiles_of(reader.header(0), reader.header(1));
      require_profiles(own, first.value_or(own), "brick " + catalogs.front().brick,
                       "sweeps are made of catalogs");
      first = own;
    } catch (Error& error) {
      error.in_file(catalog.file.string());
      throw;
    }
}

std::string unlike_errors(std::span<const BrickCatalog> catalogs) {
  ErrorsOfSeveral errors;
  for (const BrickCatalog& catalog : catalogs) {
    fits::FitsReader reader(catalog.file);
    errors.add(errors_are_marginal(reader.header(0), reader.header(1)), "brick " + catalog.brick);
  }
  return errors.difference();
}

std::vector<SweepBox> boxes_of(std::span<const BrickCatalog> catalogs, SweepSchema schema) {
  const BoxSize size = size_of(schema);
  std::set<SweepBox> boxes;
  for (const BrickCatalog& c : catalogs) {
    const double low = std::max(c.dec1 - kPadding, -kHighest), high = std::min(c.dec2 + kPadding, kHighest);
    for (double dec = low;; dec = std::min(dec + size.dec, high)) {
      const double end = c.ra1 + c.ra_width() + kPadding;
      for (double ra = c.ra1 - kPadding;; ra = std::min(ra + size.ra, end)) {
        boxes.insert(sweep_box(schema, ra, dec));
        if (ra >= end) break;
      }
      if (dec >= high) break;
    }
  }
  return {boxes.begin(), boxes.end()};
}

std::int64_t primary_sources(const BrickCatalog& catalog) {
  const fits::Table table = fits::FitsReader(catalog.file).columns(1, {"brick_primary", "type"});
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) count += belongs(table, row);
  return count;
}

std::array<fs::path, 3> sweep_files(const fs::path& out, const std::string& release, const SweepBox& box) {
  const std::string name = "sweep-" + box.name();
  return {out / release / (name + ".fits"), out / (release + "-lightcurves") / (name + "-lc.fits"),
          out / (release + "-extra") / (name + "-ex.fits")};
}

SweepReport make_sweep(const SweepBox& box, std::span<const BrickCatalog> catalogs, const fs::path& out,
                       const SweepOptions& options, const Log& log) {
  SweepReport report;
  const std::vector<Source> sources = sources_in(box, catalogs, options, report);
  if (sources.empty()) return report;
  ErrorsOfSeveral errors;
  for (const Source& source : sources) errors.add(source.marginal_errors, "brick " + source.catalog->brick);
  report.unlike_errors = errors.difference();
  const std::string key = sweep_key(sources, box, options);
  const std::array<fs::path, 3> paths = sweep_files(out, options.release, box);
  report.files.assign(paths.begin(), paths.end());
  if (std::ranges::all_of(paths, [&](const fs::path& file) { return is_of(file, key); })) {
    report.rows = row_layout(fits::FitsReader(paths[0]).header(1)).rows;
    report.was_there = true;
    return report;
  }
  const SweepColumns columns = sweep_columns(all_columns(sources), options.layout);
  fits::Header cards = merged_cards(sources, box);
  if (!key.empty()) cards.set("SWEEPKEY", key, "of what this was made from");
  const std::array<const std::vector<RowColumn>*, 3> files = {&columns.main, &columns.light_curves,
                                                              &columns.extra};
  fits::Header own;
  for (fits::Header* header : {&cards, &own}) {
    add_profiles_card(*header, sources.front().profiles);
    add_errors_card(*header, errors.marginal());
  }
  std::vector<RowTableWriter> writers;
  for (std::size_t i = 0; i < files.size(); ++i)
    writers.emplace_back(paths[i], cards, *files[i], "SWEEP", own);
  std::unordered_set<std::string> seen;
  for (const Source& source : sources) {
    options.cancel.stop_if_asked();
    const std::vector<std::uint8_t> bytes = fits::FitsReader(source.catalog->file).table_bytes(1);
    if (static_cast<std::int64_t>(bytes.size()) != source.layout.rows * source.layout.row_bytes)
      throw input_error("it has changed while it was read").in_file(source.catalog->file.string());
    check_ids(source, bytes, seen);
    for (std::size_t i = 0; i < files.size(); ++i)
      add_rows(source, bytes, copies(source, *files[i], report), writers[i]);
    ++report.bricks;
  }
  report.rows = writers[0].rows();
  for (RowTableWriter& writer : writers) writer.finish();
  for (RowTableWriter& writer : writers) writer.put_in_place();
  log.debug("sweep {}: {} rows of {} bricks", box.name(), report.rows, report.bricks);
  return report;
}

}  // namespace brickline
