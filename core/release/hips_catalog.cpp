#include "core/release/hips_catalog.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/fits/fits_reader.h"
#include "core/release/moc.h"
#include "core/release/nested_cells.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr int kFirstAllsky = 1, kFirstTiles = 3;
constexpr int kMocOrder = 13;

struct Entry {
  double flux = 0;
  double ra = 0, dec = 0;
  std::string line;
};
// The brightest first; then by what is written of them, so that bytes repeat.
bool before(const Entry& a, const Entry& b) { return a.flux != b.flux ? a.flux > b.flux : a.line < b.line; }

std::vector<std::string> columns_of(const HipsCatalogOptions& options) {
  std::vector<std::string> out = {"ra", "dec", "brickname", "objid", "type"};
  for (const std::string& band : options.bands) out.push_back("flux_" + band);
  out.insert(out.end(), {"shape_r", "maskbits"});
  return out;
}

Entry entry_of(const fits::Table& table, std::int64_t row, const HipsCatalogOptions& options) {
  Entry e;
  e.ra = table.number("ra", row), e.dec = table.number("dec", row);
  e.line = fmt::format("{:.8f}\t{:.8f}\t{}\t{}\t{}", e.ra, e.dec, table.text("brickname", row),
                       table.integer("objid", row), table.text("type", row));
  for (const std::string& band : options.bands) {
    const std::string name = "flux_" + band;
    const double flux = table.has(name) ? table.number(name, row) : 0;
    if (std::isfinite(flux)) e.flux += flux;
    e.line += fmt::format("\t{:.6g}", flux);
  }
  e.line += fmt::format("\t{:.4g}\t{}", table.has("shape_r") ? table.number("shape_r", row) : 0.,
                        table.has("maskbits") ? table.integer("maskbits", row) : 0);
  return e;
}

// A directory that is gone in the end, and was at the beginning.
class Scratch {
 public:
  explicit Scratch(fs::path directory) : directory_(std::move(directory)) { fs::remove_all(directory_); }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

 private:
  fs::path directory_;
};

// Sources that wait, in a file per cell of order 3.
class Buckets {
 public:
  explicit Buckets(const fs::path& directory) : directory_(directory), scratch_(directory) {
    fs::create_directories(directory_);
  }
  void add(std::int64_t cell, const std::string& text) {
    std::ofstream file(directory_ / std::to_string(cell), std::ios::app | std::ios::binary);
    file << text;
    file.flush();
    if (!file)
      throw resource_error("cannot be written").in_file((directory_ / std::to_string(cell)).string());
    cells_.insert(cell);
  }
  const std::set<std::int64_t>& cells() const { return cells_; }
  std::vector<Entry> read(std::int64_t cell) const {
    std::ifstream file(directory_ / std::to_string(cell), std::ios::binary);
    std::vector<Entry> out;
    for (std::string line; std::getline(file, line);) {
      Entry e;
      const std::size_t tab = line.find('\t');
      e.flux = parse_double(line.substr(0, tab)).value_or(0);
      e.line = line.substr(tab + 1);
      const std::size_t second = e.line.find('\t'), third = e.line.find('\t', second + 1);
      e.ra = parse_double(e.line.substr(0, second)).value_or(0);
      e.dec = parse_double(e.line.substr(second + 1, third - second - 1)).value_or(0);
      out.push_back(std::move(e));
    }
    std::ranges::sort(out, before);
    return out;
  }

 private:
  fs::path directory_;
  Scratch scratch_;
  std::set<std::int64_t> cells_;
};

class Tree {
 public:
  Tree(fs::path directory, const HipsCatalogOptions& options, HipsCatalogReport& report)
      : directory_(std::move(directory)), options_(options), report_(report) {
    for (const std::string& name : columns_of(options)) names_ += (names_.empty() ? "" : "\t") + name;
  }
  void write(const fs::path& name, std::span<const Entry> entries, std::int64_t left, std::int64_t all) {
    std::string text = fmt::format("# Completeness = {} / {}\n{}\n", left, all, names_);
    for (const Entry& e : entries) text += e.line + "\n";
    write_file_atomically(directory_ / name, text);
  }
  // The brightest stay, the rest goes one order deeper. `entries` are sorted.
  void divide(int order, std::int64_t cell, std::vector<Entry> entries, std::int64_t all) {
    std::size_t kept = std::min(entries.size(), static_cast<std::size_t>(options_.per_tile));
    if (order >= options_.deepest) kept = entries.size();
    write(tile_path(order, cell).string() + ".tsv", std::span(entries).first(kept),
          static_cast<std::int64_t>(entries.size() - kept), all);
    ++report_.tiles;
    report_.order = std::max(report_.order, order);
    std::map<std::int64_t, std::vector<Entry>> children;
    for (std::size_t i = kept; i < entries.size(); ++i)
      children[nested_cell(order + 1, entries[i].ra, entries[i].dec)].push_back(std::move(entries[i]));
    entries.clear();
    for (auto& [child, members] : children) {
      const auto of_child = static_cast<std::int64_t>(members.size());
      divide(order + 1, child, std::move(members), of_child);
    }
  }

 private:
  fs::path directory_;
  const HipsCatalogOptions& options_;
  HipsCatalogReport& report_;
  std::string names_;
};

std::string metadata(const HipsCatalogOptions& options) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VOTABLE version=\"1.3\" "
      "xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n<RESOURCE>\n<TABLE name=\"catalog\">\n";
  const auto field = [&](const std::string& name, const std::string& type, const std::string& more) {
    text += fmt::format("<FIELD name=\"{}\" datatype=\"{}\"{}/>\n", name, type, more);
  };
  field("ra", "double", " unit=\"deg\" ucd=\"pos.eq.ra;meta.main\"");
  field("dec", "double", " unit=\"deg\" ucd=\"pos.eq.dec;meta.main\"");
  field("brickname", "char", " arraysize=\"*\"");
  field("objid", "int", "");
  field("type", "char", " arraysize=\"*\"");
  for (const std::string& band : options.bands)
    field("flux_" + band, "float", " unit=\"nmgy\" ucd=\"phot.flux\"");
  field("shape_r", "float", " unit=\"arcsec\"");
  field("maskbits", "int", "");
  return text + "<DATA><TABLEDATA></TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n";
}

}  // namespace

HipsCatalogReport make_hips_catalog(std::span<const BrickCatalog> catalogs, const fs::path& out,
                                    const HipsCatalogOptions& options, const HipsOptions& hips) {
  HipsCatalogReport report;
  // Made beside the tree that is there, which it then replaces.
  const fs::path tree = out / "catalog", made = out / "tmp-catalog";
  const Scratch scratch(made);
  std::error_code code;
  if (fs::exists(tree, code) && !fs::exists(tree / "Metadata.xml", code))
    throw input_error("it is there, and no catalog of a HiPS: it is not replaced").in_file(tree.string());
  Moc moc(kMocOrder);
  {
    Buckets buckets(out / "tmp-catalog-sources");
    std::vector<std::string> names = columns_of(options);
    names.emplace_back("brick_primary");
    for (const BrickCatalog& catalog : catalogs) {
      hips.cancel.stop_if_asked();
      if (hips.verify && verified_list(catalog).empty()) ++report.unverified;
      const fits::Table table = fits::FitsReader(catalog.file).columns(1, names);
      std::map<std::int64_t, std::string> lines;
      std::vector<std::int64_t> covered;
      try {
        for (std::int64_t row = 0; row < table.rows(); ++row) {
          if (!table.logical("brick_primary", row) || table.text("type", row) == "NUN") continue;
          const Entry e = entry_of(table, row, options);
          lines[nested_cell(kFirstTiles, e.ra, e.dec)] += fmt::format("{}\t{}\n", e.flux, e.line);
          covered.push_back(nested_cell(kMocOrder, e.ra, e.dec));
          ++report.sources;
        }
      } catch (Error& error) {
        error.in_file(catalog.file.string(), "1");
        throw;
      }
      for (const auto& [cell, text] : lines) buckets.add(cell, text);
      moc.add_cells(std::move(covered));
    }
    Tree to(made, options, report);
    // The brightest of each cell of order 1, then of order 2: so many of a cell of order 3 are enough to choose from.
    const auto most = static_cast<std::size_t>(options.per_tile);
    std::vector<Entry> bright;
    std::map<std::int64_t, std::int64_t> of_cell;
    for (const std::int64_t cell : buckets.cells()) {
      std::vector<Entry> entries = buckets.read(cell);
      of_cell[cell] = static_cast<std::int64_t>(entries.size());
      entries.resize(std::min(entries.size(), 2 * most));
      bright.insert(bright.end(), std::make_move_iterator(entries.begin()),
                    std::make_move_iterator(entries.end()));
    }
    std::ranges::sort(bright, before);
    std::set<std::string> taken;
    std::int64_t left = report.sources;
    for (int order = kFirstAllsky; order < kFirstTiles; ++order) {
      std::map<std::int64_t, std::size_t> counts;
      std::vector<Entry> chosen;
      for (const Entry& e : bright)
        if (!taken.contains(e.line) && counts[nested_cell(order, e.ra, e.dec)]++ < most) chosen.push_back(e);
      for (const Entry& e : chosen) taken.insert(e.line);
      const std::int64_t all = left;
      left -= static_cast<std::int64_t>(chosen.size());
      to.write(fs::path(fmt::format("Norder{}", order)) / "Allsky.tsv", chosen, left, all);
    }
    for (const std::int64_t cell : buckets.cells()) {
      hips.cancel.stop_if_asked();
      std::vector<Entry> entries = buckets.read(cell);
      std::erase_if(entries, [&](const Entry& e) { return taken.contains(e.line); });
      if (!entries.empty()) {
        const auto all = static_cast<std::int64_t>(entries.size());
        to.divide(kFirstTiles, cell, std::move(entries), all);
      }
    }
  }
  moc.write(made / "Moc.fits", hips.title, "CATALOG");
  for (const char* name : {"Metadata.xml", "metadata.xml"})
    write_file_atomically(made / name, metadata(options));
  write_file_atomically(
      made / "properties",
      fmt::format(
          "creator_did = {}/P/brickline/catalog\nobs_title = {}, catalog\ndataproduct_type = catalog\n"
          "hips_version = 1.4\nhips_release_date = {}\nhips_status = public master clonable\n"
          "hips_frame = equatorial\nhips_order = {}\nhips_tile_format = tsv\nhips_cat_nrows = {}\n"
          "moc_sky_fraction = {:.6g}\nhips_builder = brickline\n",
          hips.publisher, hips.title, hips.release_date, report.order, report.sources, moc.fraction()));
  fs::remove_all(tree);
  fs::rename(made, tree);
  return report;
}

}  // namespace brickline
