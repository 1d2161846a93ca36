#include "core/campaign/finish.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/command_finish.h"
#include "core/campaign/session.h"
#include "core/campaign/verify.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/done.h"
#include "core/pipeline/stage_table.h"
#include "core/pipeline/state_path.h"
#include "core/survey/products.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

bool counts_as_done(const Item& item) {
  return item.state == ItemState::kDone || item.state == ItemState::kNothing;
}

// What was found of an item, where that is another thing than it counts as.
void compare(Verification& found, ItemState state, PlanKind kind) {
  if (state == ItemState::kGivenUp) {
    if (found.check != Check::kObjection) found.check = Check::kNone;
    return;
  }
  const Check expected = state == ItemState::kDone ? Check::kDone : Check::kNothing;
  if (found.check == Check::kObjection || found.check == expected) return;
  if (kind == PlanKind::kBricks)
    found.what = expected == Check::kDone ? "its catalog has gone: a marker says that there was nothing to do"
                                          : "there was nothing to do, and now there is a catalog";
  else if (found.check == Check::kDone || found.check == Check::kNothing)
    found.what =
        expected == Check::kDone ? "now there is nothing to do" : "there was nothing to do, and now there is";
  found.check = Check::kObjection;
}

// Of every item that counts as done, in the manifest's order; others are left alone.
std::vector<Verification> verify_items(const PlanFiles& plan, const FrozenRun& run,
                                       const std::vector<Item>& items) {
  std::vector<Verification> found(items.size());
  const PlanKind kind = run.settings().kind;
  tbb::parallel_for(std::size_t{0}, items.size(), [&](std::size_t i) {
    std::error_code code;
    const bool partly_made = kind == PlanKind::kCcds && items[i].state == ItemState::kGivenUp &&
                             fs::exists(plan.checksums(items[i].name), code);
    if (!counts_as_done(items[i]) && !partly_made) return;
    found[i] = run.verify(items[i]);
    compare(found[i], items[i].state, kind);
  });
  return found;
}

VerifyReport report_of(const std::vector<Item>& items, const std::vector<Verification>& found) {
  VerifyReport report;
  for (std::size_t i = 0; i < items.size(); ++i) {
    report.files += found[i].files;
    report.bytes += found[i].bytes;
    switch (found[i].check) {
      case Check::kDone:
        ++report.done;
        break;
      case Check::kNothing:
        ++report.nothing;
        break;
      case Check::kObjection:
      case Check::kFailed:
      case Check::kHopeless:
        report.objections.emplace_back(items[i].name, found[i].what);
        break;
      case Check::kNone:
        ++report.not_done;
    }
  }
  return report;
}

// What a brick with nothing to do has left nevertheless: it came as far as there was something.
std::vector<fs::path> unlisted_products(const BrickOptions& options) {
  std::vector<fs::path> out;
  ProductKey key;
  key.brick = brick_name(options.region);
  const auto add = [&](Product product) {
    std::error_code code;
    const fs::path path = product_path(product, key);
    if (fs::exists(options.control.output_dir / path, code)) out.push_back(path);
  };
  for (int p = 0; p <= static_cast<int>(Product::kTractorForced); ++p) {
    const auto product = static_cast<Product>(p);
    if (is_per_exposure(product)) continue;
    if (!is_per_band(product)) {
      add(product);
      continue;
    }
    for (const std::string& band : options.region.bands) {
      key.band = band;
      add(product);
    }
  }
  return out;
}

// Of these files below the directory, of the directories between and of itself; of nothing else that may be there.
void take_write_permission(const fs::path& directory, const std::vector<std::string>& files) {
  constexpr auto kWrite = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  std::set<fs::path> directories = {fs::path()};  // the output directory itself
  for (const std::string& file : files) {
    const fs::path relative(file);
    if (!fs::is_symlink(directory / relative))
      fs::permissions(directory / relative, kWrite, fs::perm_options::remove);
    for (fs::path up = relative.parent_path(); !up.empty(); up = up.parent_path()) directories.insert(up);
  }
  // What is inside before what it is inside of.
  for (auto path = directories.rbegin(); path != directories.rend(); ++path)
    if (!fs::is_symlink(directory / *path))
      fs::permissions(directory / *path, kWrite, fs::perm_options::remove);
}

// The session is to be saved if there are any: their lists of checksums are gone.
std::int64_t parts_again(PlanSession& session, const Log& log) {
  if (session.run().settings().kind != PlanKind::kCommands) return 0;
  const std::int64_t parts = want_parts_again(session.plan(), session.manifest().items);
  if (parts > 0) log.info("{} parts that were removed are made again", parts);
  return parts;
}

// What its journals tell is taken, but no round is closed.
std::string not_looked_at(const Round&) { return "not looked at"; }

}  // namespace

VerifyReport verify_plan(const PlanFiles& plan, bool mend, const Log& log) {
  if (!mend) {
    const FrozenRun run(plan);
    const Manifest manifest = read_manifest(plan.manifest());
    return report_of(manifest.items, verify_items(plan, run, manifest.items));
  }
  PlanSession session(plan, log);
  session.fold(not_looked_at);
  std::vector<Item>& items = session.manifest().items;
  const std::vector<Verification> found = verify_items(plan, session.run(), items);
  const VerifyReport report = report_of(items, found);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (found[i].check == Check::kObjection) {
      if (session.run().settings().kind == PlanKind::kCcds) set_damaged_aside(plan.checksums(items[i].name));
      items[i].state = ItemState::kWaiting;
      items[i].tries = 0;
      items[i].reason = short_reason("was done, and is not any more: " + found[i].what);
    }
  // Of what waited before, too: a process may have ended between.
  if (const auto parts = parts_again(session, log); parts > 0 || !report.objections.empty()) session.save();
  return report;
}

std::int64_t try_again(const PlanFiles& plan, const std::vector<std::string>& names, const Log& log) {
  PlanSession session(plan, log);
  session.fold(not_looked_at);
  std::set<std::string> left(names.begin(), names.end());
  std::int64_t count = 0;
  for (Item& item : session.manifest().items) {
    const bool named = left.erase(item.name) > 0;
    if (named && item.state != ItemState::kGivenUp)
      throw input_error("{} was not given up: it is {}", item.name, state_name(item.state))
          .in_file(plan.root.string());
    if (item.state != ItemState::kGivenUp || !(named || names.empty())) continue;
    item.state = ItemState::kWaiting;
    item.tries = item.outlasted = item.lost = 0;
    item.bail_out = false;
    ++count;
  }
  if (!left.empty())
    throw input_error("{} is no item of the plan", *left.begin()).in_file(plan.root.string());
  if (parts_again(session, log) > 0 || count > 0) session.save();
  return count;
}

CleanReport clean_plan(const PlanFiles& plan, const Log& log) {
  const PlanSession session(plan, log);  // nobody hands items out meanwhile
  CleanReport report;
  if (session.run().settings().kind == PlanKind::kCommands)
    return clean_commands(plan, session.manifest().items);
  if (session.run().settings().kind != PlanKind::kBricks) return report;  // nothing is saved
  for (const Item& item : session.manifest().items) {
    if (!counts_as_done(item)) continue;
    const BrickOptions options = session.run().options_of(item);
    const std::string brick = brick_name(options.region);
    std::vector<fs::path> files = {
        journal_path(options.control.output_dir, options.control.state_pattern, brick)};
    for (const StageSpec& stage : stage_table())
      files.push_back(
          state_path(options.control.output_dir, options.control.state_pattern, brick, stage.name));
    std::int64_t removed = 0;
    for (const fs::path& file : files) {
      std::error_code code;
      const auto size = fs::file_size(file, code);
      if (code || !fs::remove(file, code)) continue;
      ++removed;
      report.bytes += static_cast<std::int64_t>(size);
    }
    report.files += removed;
    report.items += removed > 0;
  }
  return report;
}

SealReport seal_plan(const PlanFiles& plan, bool incomplete, const Log& log) {
  PlanSession session(plan, log);
  const PlanKind kind = session.run().settings().kind;
  if (kind != PlanKind::kBricks && kind != PlanKind::kCommands)
    throw input_error(
        "it is a plan of CCDs: calibrations are added to for as long as a survey grows, and are not sealed")
        .in_file(plan.root.string());
  const std::vector<Item>& items = session.manifest().items;
  for (const Item& item : items) {
    if (!is_settled(item.state))
      throw input_error("{} is {}: the plan is not finished", item.name, state_name(item.state))
          .in_file(plan.root.string());
    if (item.state == ItemState::kGivenUp && !incomplete)
      throw input_error("{} was given up: --incomplete seals without it", item.name)
          .in_file(plan.root.string());
  }
  const VerifyReport verified = report_of(items, verify_items(plan, session.run(), items));
  if (!verified.objections.empty())
    throw input_error("{} items are not what they should be (the first: {}: {})", verified.objections.size(),
                      verified.objections[0].first, verified.objections[0].second)
        .in_file(plan.root.string());
  if (kind == PlanKind::kCommands) return seal_commands(plan, items);
  const fs::path& output_dir = session.run().output_dir();
  std::vector<std::string> paths, digests;
  std::vector<std::int64_t> sizes;
  SealReport report;
  const auto add = [&](const std::string& path, const std::string& digest) {
    paths.push_back(path);
    digests.push_back(digest);
    sizes.push_back(static_cast<std::int64_t>(fs::file_size(output_dir / path)));
  };
  const auto whole = [&](const fs::path& path) {
    std::ifstream in(output_dir / path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    add(path.generic_string(), sha256_hex(text));
    return text;
  };
  for (const Item& item : items) {
    if (item.state == ItemState::kNothing) {
      whole(nothing_marker(output_dir, item.name).lexically_relative(output_dir));
      for (const fs::path& path : unlisted_products(session.run().options_of(item))) whole(path);
    }
    if (!counts_as_done(item)) continue;
    ++report.items;
    if (item.state != ItemState::kDone) continue;
    ProductKey key;
    key.brick = item.name;
    std::istringstream lines(whole(product_path(Product::kChecksums, key)));
    constexpr std::size_t kDigest = 64;
    for (std::string line; std::getline(lines, line);) add(line.substr(kDigest + 2), line.substr(0, kDigest));
  }
  report.files = std::ssize(paths);
  std::vector<std::string> sealed = paths;
  fits::Table table;
  table.add("path", std::move(paths), "", {}, "below the output directory");
  table.add("size", std::move(sizes), "byte");
  table.add("sha256", std::move(digests));
  fits::FitsWriter writer;
  writer.add_table(table, "CHECKSUMS");
  report.table = output_dir / "survey-checksums.fits";
  writer.write(report.table);
  sealed.push_back("survey-checksums.fits");
  take_write_permission(output_dir, sealed);
  return report;
}

}  // namespace brickline
