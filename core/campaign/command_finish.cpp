#include "core/campaign/command_finish.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include "core/base/error.h"
#include "core/base/unfinished_file.h"
#include "core/campaign/command_items.h"
#include "core/campaign/verify.h"
#include "core/fits/fits_writer.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

bool counts_as_done(const Item& item) {
  return item.state == ItemState::kDone || item.state == ItemState::kNothing;
}

// Digests by path, of a list of checksums; a remark has none.
std::map<std::string, std::string> files_of(const fs::path& list) {
  std::map<std::string, std::string> files;
  std::ifstream in(list, std::ios::binary);
  if (!in) throw input_error("it cannot be read").in_file(list.string());
  constexpr std::size_t kDigest = 64;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    if (line.size() <= kDigest + 2) throw input_error("it is damaged").in_file(list.string());
    files[line.substr(kDigest + 2)] = line.substr(0, kDigest);
  }
  return files;
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// The deepest directory that holds all of them.
fs::path common_directory(const std::map<std::string, std::string>& files) {
  fs::path common = fs::path(files.begin()->first).parent_path();
  for (const auto& [file, digest] : files)
    while (!is_within(file, common)) common = common.parent_path();
  return common;
}

// The directories that these files are in, up to the one that holds all of them.
void add_directories(const std::map<std::string, std::string>& files, std::set<fs::path>& directories) {
  const fs::path root = common_directory(files);
  for (const auto& [file, digest] : files)
    for (fs::path up = fs::path(file).parent_path();; up = up.parent_path()) {
      directories.insert(up);
      if (up == root) break;
    }
}

// Of the candidates, those that hold such files alone, the inner ones first.
std::vector<fs::path> own_directories(const std::set<fs::path>& files, const std::set<fs::path>& candidates) {
  std::vector<fs::path> order(candidates.rbegin(),
                              candidates.rend());  // what is inside comes behind in a set
  std::set<fs::path> own;
  std::vector<fs::path> out;
  for (const fs::path& directory : order) {
    const bool holds_others = std::any_of(
        fs::directory_iterator(directory), fs::directory_iterator(), [&](const fs::directory_entry& entry) {
          return !files.contains(entry.path()) && !own.contains(entry.path());
        });
    if (holds_others) continue;
    own.insert(directory);
    out.push_back(directory);
  }
  return out;
}

// Whether it was there and is gone; `code` says why not.
bool remove(const fs::path& file, CleanReport& report, std::error_code& code) {
  const auto size = fs::file_size(file, code);
  if (code || !fs::remove(file, code)) return false;
  ++report.files;
  report.bytes += static_cast<std::int64_t>(size);
  return true;
}

// What processes that were killed have begun of these files (core/base/unfinished_file.h).
void remove_unfinished(const std::set<fs::path>& files, CleanReport& report) {
  std::set<fs::path> directories;
  for (const fs::path& file : files) directories.insert(file.parent_path());
  for (const fs::path& directory : directories) {
    std::vector<fs::path> unfinished;
    std::error_code code;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, code)) {
      const auto name = name_of_unfinished(entry.path().filename().string());
      if (name && files.contains(directory / *name)) unfinished.push_back(entry.path());
    }
    for (const fs::path& file : unfinished) remove(file, report, code);
  }
}

// Error (kInput): the files that the parts were put together in are not what was written.
void require_whole(const PlanFiles& plan, const std::string& item) {
  const Verification found = verify_checksums(plan.checksums(item));
  if (found.check != Check::kDone)
    throw input_error("{}: {}: its parts are not removed", item, found.what).in_file(plan.root.string());
}

}  // namespace

CleanReport clean_commands(const PlanFiles& plan, const std::vector<Item>& items) {
  std::set<std::string> done;
  std::set<fs::path> made;
  for (const Item& item : items) {
    if (!counts_as_done(item)) continue;
    done.insert(item.name);
    for (const auto& [file, digest] : files_of(plan.checksums(item.name))) made.insert(file);
  }
  CleanReport report;
  if (std::ranges::all_of(items, [](const Item& item) { return is_settled(item.state); }))
    remove_unfinished(made, report);
  std::set<std::string> verified;
  for (const Item& item : items) {
    const auto whole = put_together_in(item);
    if (!whole || !done.contains(*whole) || !counts_as_done(item)) continue;
    const auto files = files_of(plan.checksums(item.name));
    if (!files.empty() && verified.insert(*whole).second) require_whole(plan, *whole);
    for (const auto& [file, digest] : files) {
      std::error_code code, ignored;
      if (remove(file, report, code)) fs::remove(fs::path(file).parent_path(), ignored);  // once it is empty
      if (fs::symlink_status(file, ignored).type() != fs::file_type::not_found)
        throw input_error("it cannot be removed: {}", code.message()).in_file(file);
    }
    // Only now: what an end in between leaves is removed next time.
    if (!files.empty()) write_put_together(plan.checksums(item.name));
    report.items += !files.empty();
  }
  return report;
}

std::int64_t want_parts_again(const PlanFiles& plan, std::vector<Item>& items) {
  std::set<std::string> waiting;
  for (const Item& item : items)
    if (item.state == ItemState::kWaiting) waiting.insert(item.name);
  std::int64_t count = 0;
  for (Item& item : items) {
    const auto whole = put_together_in(item);
    if (!whole || !waiting.contains(*whole) || !counts_as_done(item) ||
        !is_put_together(plan.checksums(item.name)))
      continue;
    fs::remove(plan.checksums(item.name));  // it says that the item is done
    item.state = ItemState::kWaiting;
    item.tries = 0;
    item.reason = fmt::format("{} is made again, and its parts were removed", *whole);
    ++count;
  }
  return count;
}

SealReport seal_commands(const PlanFiles& plan, const std::vector<Item>& items) {
  SealReport report;
  std::map<std::string, std::string> all;
  std::set<fs::path> files, candidates;
  for (const Item& item : items) {
    if (!counts_as_done(item)) continue;
    ++report.items;
    const auto of_item = files_of(plan.checksums(item.name));
    if (of_item.empty()) continue;
    add_directories(of_item, candidates);
    all.insert(of_item.begin(), of_item.end());
  }
  std::vector<std::string> paths, digests;
  std::vector<std::int64_t> sizes;
  for (const auto& [path, digest] : all) {
    files.insert(path);
    paths.push_back(path);
    digests.push_back(digest);
    sizes.push_back(static_cast<std::int64_t>(fs::file_size(path)));
  }
  const std::vector<fs::path> directories = own_directories(files, candidates);
  report.files = std::ssize(paths);
  fits::Table table;
  table.add("path", std::move(paths));
  table.add("size", std::move(sizes), "byte");
  table.add("sha256", std::move(digests));
  fits::FitsWriter writer;
  writer.add_table(table, "CHECKSUMS");
  report.table = plan.root / "survey-checksums.fits";
  writer.write(report.table);
  constexpr auto kWrite = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  for (const fs::path& file : files)
    if (!fs::is_symlink(file)) fs::permissions(file, kWrite, fs::perm_options::remove);
  for (const fs::path& directory : directories) fs::permissions(directory, kWrite, fs::perm_options::remove);
  return report;
}

}  // namespace brickline
