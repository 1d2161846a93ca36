// survey hips: pictures and sources of a survey as a HiPS, with a page to look at it.
#include "core/release/hips.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/release/hips_catalog.h"
#include "core/release/hips_page.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"
#include "tools/survey/parts_command.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// SOURCE_DATE_EPOCH, else the time of the newest catalog: so that the bytes of a tree repeat.
std::string release_date(const std::vector<BrickCatalog>& catalogs) {
  std::time_t seconds = 0;
  if (const auto text = process_environment("SOURCE_DATE_EPOCH")) {
    const auto epoch = parse_int(*text);
    if (!epoch) throw usage_error("$SOURCE_DATE_EPOCH is '{}', no number of seconds", *text);
    seconds = *epoch;
  } else {
    for (const BrickCatalog& c : catalogs) {
      const auto time = std::chrono::file_clock::to_sys(fs::last_write_time(c.file));
      seconds = std::max<std::time_t>(
          seconds, std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    }
  }
  return fmt::format("{:%Y-%m-%dT%H:%MZ}", fmt::gmtime(seconds));
}

// The deepest tiles below the cell, as many as are there.
std::vector<fs::path> tiles_of_item(std::int64_t cell, const fs::path& out, const HipsOptions& options) {
  std::vector<fs::path> files;
  const int down = 2 * (options.order - hips_item_order(options));
  std::error_code code;
  for (const char* kind : kHipsKinds)
    for (std::int64_t tile = cell << down; tile < (cell + 1) << down; ++tile) {
      fs::path file = out / kind / (tile_path(options.order, tile).string() + ".png");
      if (fs::exists(file, code)) files.push_back(std::move(file));
    }
  return files;
}

// All others.
std::vector<fs::path> files_above_items(const fs::path& out, const HipsOptions& options, bool no_catalog) {
  std::vector<fs::path> files = {out / "index.html"};
  const auto add = [&](const fs::path& tree, const std::string& but) {
    for (auto entry = fs::recursive_directory_iterator(tree); entry != fs::recursive_directory_iterator();
         ++entry) {
      if (entry.depth() == 0 && entry->path().filename() == but) entry.disable_recursion_pending();
      const std::string name = entry->path().filename().string();
      if (entry->is_regular_file() && !name.starts_with('.')) files.push_back(entry->path());
    }
  };
  for (const char* kind : kHipsKinds) add(out / kind, fmt::format("Norder{}", options.order));
  if (!no_catalog) add(out / "catalog", "");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int survey_hips(int argc, char** argv, const Cancel& cancel) {
  fs::path directory, bricks_file, out;
  PlanWords plan_words;
  std::vector<std::string> names;
  HipsOptions options;
  HipsCatalogOptions catalog_options;
  std::int64_t item = -1;
  bool no_verify = false, list = false, no_catalog = false;
  CLI::App app(
      "A sky to look at: OUT/image (colour pictures) and OUT/resid (what the models leave) as HiPS of PNG tiles, OUT/catalog "
      "(the sources, as HiPS catalogue), which Aladin and others read; and OUT/index.html, a viewer that needs no network. To "
      "see sources in it, serve the directory: python3 -m http.server. What was interrupted goes on by the same command.",
      "survey hips");
  app.add_option("DIR", directory, "the output directory of the bricks' runs")->required();
  app.add_option("--bricks", bricks_file, "table of bricks (survey-bricks.fits.gz)")->required();
  app.add_option("--out", out, "the directory for the files")->required();
  app.add_option("--order", options.order, "of the deepest tiles, 1 to 12; 11 has pixels of 0.20 arcsec")
      ->capture_default_str();
  app.add_option("--bands", options.bands, "bands of the picture (unset: all that the bricks have maps of)")
      ->delimiter(',');
  app.add_option("--title", options.title, "the name of the survey")->capture_default_str();
  app.add_option("--publisher", options.publisher, "the IVO authority, for creator_did")
      ->capture_default_str();
  app.add_option("--per-tile", catalog_options.per_tile, "sources in a tile of the catalog")
      ->capture_default_str();
  app.add_flag("--no-catalog", no_catalog, "pictures alone");
  app.add_option("--brick", names, "only this brick; repeatable");
  app.add_flag("--list-items", list, "only say which items there are: a number a line, a cell of order 5");
  app.add_option("--item", item,
                 "only the deepest tiles of this item: for many machines; in the end the command without it");
  app.add_flag("--no-verify", no_verify, "believe files without a look at the bricks' lists of checksums");
  plan_words.add_options(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  // An item's tiles are in memory together: of order 13, gigabytes.
  constexpr int kShallowest = 1, kDeepest = 12;
  if (options.order < kShallowest || options.order > kDeepest)
    throw usage_error("--order: {} is not from {} to {}", options.order, kShallowest, kDeepest);
  if (catalog_options.per_tile < 1)
    throw usage_error("--per-tile: {} is no number of sources", catalog_options.per_tile);
  options.verify = !no_verify;
  options.cancel = cancel;

  const BrickTable table = *table_of_bricks(bricks_file);
  const std::vector<BrickOutput> bricks = output_bricks(directory, table, names);
  if (options.bands.empty()) options.bands = bands_of_maps(bricks);
  check_bands(options.bands);
  const HipsItems items = hips_items(bricks, options);
  if (list) {
    std::string text;
    for (const auto& [cell, members] : items) text += fmt::format("{}\n", cell);
    write_stdout(text);
    return 0;
  }
  if (item >= 0) {
    if (!items.contains(item)) throw usage_error("--item {}: no brick touches it (--list-items)", item);
    plan_words.forget(hips_item_mark(out, item));
    make_hips_item(item, items.at(item), out, options);
    std::vector<fs::path> files = tiles_of_item(item, out, options);
    // There is none where what the tiles are made of cannot be known (--no-verify, bricks without a list).
    if (const fs::path mark = hips_item_mark(out, item); !files.empty() && fs::exists(mark))
      files.push_back(mark);
    tell_checksums(plan_words.checksums, files);
    return 0;
  }
  for (const auto& [cell, members] : items) {
    plan_words.forget(hips_item_mark(out, cell));
    make_hips_item(cell, members, out, options);
  }

  std::vector<BrickCatalog> catalogs;
  for (const BrickCatalog& c : find_catalogs(directory / "tractor", &table))
    if (std::ranges::any_of(bricks, [&](const BrickOutput& b) { return b.brick.name == c.brick; }))
      catalogs.push_back(c);
  options.release_date = release_date(catalogs);
  HipsReport report;
  for (const char* kind : kHipsKinds) {
    const HipsReport of_kind = finish_hips(kind, out, items, options);
    if (kind == std::string("image")) report = of_kind;
  }
  HipsCatalogReport of_catalog{.order = -1};
  catalog_options.bands = options.bands;
  if (!no_catalog) of_catalog = make_hips_catalog(catalogs, out, catalog_options, options);
  if (of_catalog.unverified > 0) {
    TerminalLog terminal(LogLevel::kInfo);
    Log(terminal).warning("{} catalogs have no list of checksums beside them: taken as they are",
                          of_catalog.unverified);
  }
  write_file_atomically(out / "index.html", hips_page(options, report, of_catalog.order));
  tell_checksums(plan_words.checksums, files_above_items(out, options, no_catalog));
  write_stdout(fmt::format("{} tiles of {} bricks, {} sources: {}\n", report.tiles, bricks.size(),
                           of_catalog.sources, (out / "index.html").string()));
  return 0;
}

}  // namespace brickline
