#include "core/forced/forced_items.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "core/fits/fits_writer.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

constexpr std::string_view kRecordHeading = "forced-photom record 1";

std::optional<std::string> text_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> words_of(std::string line) {
  line.resize(std::min(line.find('#'), line.size()));
  std::replace(line.begin(), line.end(), ',', ' ');
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::optional<std::int64_t> number_of(const std::string& word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

using RowsOfExposures = std::unordered_map<std::int64_t, std::vector<std::int64_t>>;

std::vector<std::int64_t> rows_of_line(const std::vector<std::string>& words, const CcdTable& ccds,
                                       const RowsOfExposures& rows_of) {
  ExposureChoice choice;
  choice.expnum = number_of(words.size() == 1 ? words[0] : words[1]);
  if (words.size() > 3 || !choice.expnum)
    throw input_error("'{}' is no EXPNUM, CAMERA EXPNUM or CAMERA EXPNUM CCDNAME", fmt::join(words, " "));
  if (words.size() > 1) choice.camera = words[0];
  if (words.size() > 2) choice.ccdname = words[2];
  std::vector<std::int64_t> rows;
  if (const auto found = rows_of.find(*choice.expnum); found != rows_of.end())
    for (const std::int64_t i : found->second) {
      const CcdRow row = ccds.row(i);
      if ((choice.camera.empty() || row.camera == choice.camera) &&
          (choice.ccdname.empty() || row.ccdname == choice.ccdname))
        rows.push_back(i);
    }
  return rows.empty() ? choose_ccds(ccds, choice) : rows;  // which says what is not there
}

void add_rows(std::vector<ForcedItem>& items,
              std::map<std::pair<std::string, std::int64_t>, std::size_t>& known, const CcdTable& ccds,
              const std::vector<std::int64_t>& rows) {
  for (const std::int64_t row : rows) {
    const CcdRow ccd = ccds.row(row);
    const auto [at, is_new] = known.try_emplace({ccd.camera, ccd.expnum}, items.size());
    if (is_new) items.push_back({ccd.camera, ccd.expnum, {}});
    std::vector<std::int64_t>& of_item = items[at->second].rows;
    if (std::ranges::find(of_item, row) == of_item.end()) of_item.push_back(row);
  }
}

// All that a table depends on and no file of it tells, places where other files would be found among it.
std::string options_text(const ForcedRun& run) {
  const ReferenceOptions& references = run.from.references;
  std::string out =
      fmt::format("{} {} {} {}{}", kVersion, commit(), simd_level_name(), run.command_line, run.more_options);
  for (const std::filesystem::path& place :
       {run.from.survey.root(), run.from.survey.cache(), references.tycho_file, references.gaia_dir,
        references.star_clusters_file, references.large_galaxies_file})
    out += " | " + place.string();
  out += " | " + references.gaia_version;
  for (const Camera* camera : run.from.cameras.loaded()) out += " | " + camera->provenance().path.string();
  std::replace(out.begin(), out.end(), '\n', ' ');  // it is one line of the record
  return out;
}

// What runs that were killed have left half-written. What is younger may be another process's that lives: a table is
// written within seconds.
void remove_leftovers(const ForcedRun& run, const std::vector<ForcedItem>& items) {
  constexpr std::chrono::minutes kNobodysAfter{10};
  std::set<std::filesystem::path> places;
  for (const ForcedItem& item : items)
    places.insert(forced_file(run.output_dir, item.camera, item.expnum).parent_path());
  const auto old = std::filesystem::file_time_type::clock::now() - kNobodysAfter;
  for (const std::filesystem::path& place : places) {
    std::error_code code;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator file(place, code), end; !code && file != end;
         file.increment(code))
      if (file->path().filename().string().starts_with("tmp-forced-")) found.push_back(file->path());
    for (const std::filesystem::path& file : found)
      if (const auto time = std::filesystem::last_write_time(file, code); !code && time < old)
        std::filesystem::remove(file, code);
  }
}

// A table of an earlier run would be taken for this one's.
void remove_table(const std::filesystem::path& table) {
  std::error_code ignored;
  std::filesystem::remove(forced_record_file(table), ignored);
  std::filesystem::remove(table, ignored);
}

}  // namespace

std::vector<ForcedItem> forced_items(const CcdTable& ccds, const std::vector<std::int64_t>& rows) {
  std::vector<ForcedItem> items;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> known;
  add_rows(items, known, ccds, rows);
  return items;
}

std::vector<ForcedItem> read_forced_items(const std::filesystem::path& list, const CcdTable& ccds) {
  std::ifstream in(list);
  if (!in) throw input_error("no such file, or it cannot be read").in_file(list.string());
  RowsOfExposures rows_of;
  for (std::int64_t i = 0; i < ccds.rows(); ++i) rows_of[ccds.table().integer("expnum", i)].push_back(i);
  std::vector<ForcedItem> items;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> known;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) continue;
    try {
      add_rows(items, known, ccds, rows_of_line(words, ccds, rows_of));
    } catch (Error& e) {
      throw e.while_doing(fmt::format("reading line {}", number)).in_file(list.string());
    }
  }
  if (items.empty()) throw input_error("no exposure in it").in_file(list.string());
  for (ForcedItem& item : items)
    std::ranges::sort(item.rows, {}, [&](std::int64_t row) { return std::pair(ccds.row(row).ccdname, row); });
  return items;
}

std::filesystem::path forced_record_file(std::filesystem::path table) {
  return table.replace_extension(".record");
}

void write_forced_record(const std::filesystem::path& table, const ForcedRecord& record) {
  write_file_atomically(forced_record_file(table),
                        fmt::format("{}\n{}\n{}\n{}\n{}", kRecordHeading, record.sha256, record.options,
                                    record.ccds, fingerprint_text(record.files)));
}

std::optional<ForcedRecord> read_forced_record(const std::filesystem::path& table) {
  const std::optional<std::string> text = text_of_file(forced_record_file(table));
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  std::string heading;
  ForcedRecord out;
  for (std::string* line : {&heading, &out.sha256, &out.options, &out.ccds}) std::getline(lines, *line);
  if (heading != kRecordHeading || !lines) return std::nullopt;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    FileFingerprint& file = out.files.emplace_back();
    words >> file.size >> file.modified_ns;
    words.ignore(1);
    std::getline(words, file.path);
    if (!words) return std::nullopt;
  }
  return out;
}

std::string why_stale(const std::filesystem::path& table, std::string_view options, std::string_view ccds) {
  const std::optional<ForcedRecord> record = read_forced_record(table);
  std::error_code ignored;
  if (!record)
    return std::filesystem::exists(forced_record_file(table), ignored) ? "its record cannot be read"
                                                                       : "it has not been measured";
  if (record->options != options) return "its options, or the software, were others";
  if (record->ccds != ccds) return "the CCD table says something else of it";
  for (const FileFingerprint& then : record->files)
    if (fingerprint_of(then.path) != then) return "changed: " + then.path;
  const std::optional<std::string> bytes = text_of_file(table);
  if (record->sha256.empty()) return bytes ? "there is a table, and it has no image" : "";
  if (!bytes) return "its table is gone";
  if (sha256_hex(*bytes) != record->sha256) return "its table is not what was written";
  return "";
}

std::string digest_of_rows(const CcdTable& ccds, const std::vector<std::int64_t>& rows) {
  fits::FitsWriter writer;
  writer.add_table(ccds.table().select(rows));
  return sha256_hex(writer.finish());
}

std::string_view name_of(ForcedState state) {
  switch (state) {
    case ForcedState::kMeasured:
      return "measured";
    case ForcedState::kValid:
      return "valid";
    case ForcedState::kNoImage:
      return "no image";
    case ForcedState::kIncomplete:
      return "incomplete";
    case ForcedState::kFailed:
      return "failed";
    case ForcedState::kInterrupted:
      return "not done";
  }
  return "";
}

namespace {

// What every exposure rests on.
void note_common_files(const ForcedSurvey& from, ReadLog& reads) {
  for (const Camera* camera : from.cameras.loaded()) reads.note(camera->provenance().path);
  for (const auto& file : {from.survey.brick_table(), from.survey.identity()})
    if (file) reads.note(*file);
}

ForcedItemResult without_image(ForcedItemResult out) {
  out.state = ForcedState::kNoImage;
  out.reason = "none of its CCDs has an image";
  return out;
}

ForcedItemResult run_item(const ForcedRun& run, const ForcedItem& item, const Log& log) {
  ForcedItemResult out;
  out.table = forced_file(run.output_dir, item.camera, item.expnum);
  if (run.cancel.asked()) {
    out.reason = "interrupted";
    return out;
  }
  ForcedRecord record;
  record.options = options_text(run);
  record.ccds = digest_of_rows(run.from.ccds, item.rows);
  out.reason = why_stale(out.table, record.options, record.ccds);
  if (out.reason.empty() && !run.anew) {
    const std::optional<ForcedRecord> valid = read_forced_record(out.table);
    if (valid && valid->sha256.empty()) return without_image(std::move(out));
    out.state = ForcedState::kValid;
    out.ccds = static_cast<std::int64_t>(item.rows.size());
    return out;
  }
  if (run.check_alone) return out;
  ReadLog reads;
  note_common_files(run.from, reads);
  const MeasuredCcds measured = measure_ccds(run.from, item.rows, run.options, log, &reads, run.cancel);
  out.ccds = static_cast<std::int64_t>(measured.ccds.size());
  out.failed_ccds = static_cast<std::int64_t>(measured.failed.size());
  if (!measured.failed.empty()) out.reason = measured.failed.front();
  if (measured.interrupted) {
    out.reason = "interrupted";
    return out;
  }
  record.files = reads.files();
  if (measured.ccds.empty()) {
    remove_table(out.table);
    out.state = ForcedState::kFailed;
    if (!measured.failed.empty()) return out;
    write_forced_record(out.table, record);
    return without_image(std::move(out));
  }
  fits::Header header = forced_header(run.identity, run.command_line, measured.ccds);
  header.set("NCCDFAIL", out.failed_ccds, kFailedCcdsComment);
  const fits::Table table = forced_table(run.from.ccds, measured.ccds, run.options.photometry);
  out.rows = table.rows();
  record.sha256 = out.sha256 = write_forced_table(out.table, header, table);
  std::error_code ignored;
  std::filesystem::remove(forced_record_file(out.table), ignored);
  if (!measured.failed.empty()) {
    out.state = ForcedState::kIncomplete;
    return out;
  }
  write_forced_record(out.table, record);
  out.state = ForcedState::kMeasured;
  return out;
}

}  // namespace

std::vector<ForcedItemResult> run_forced_items(const ForcedRun& run, const std::vector<ForcedItem>& items,
                                               const Log& log) {
  std::vector<ForcedItemResult> results(items.size());
  if (!run.check_alone) remove_leftovers(run, items);
  tbb::parallel_for(std::size_t{0}, items.size(), [&](std::size_t i) {
    const auto start = std::chrono::steady_clock::now();
    try {
      results[i] = run_item(run, items[i], log);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources || e.kind() == ErrorKind::kInternal) throw;
      results[i].state = ForcedState::kFailed;
      results[i].reason = e.line();
      results[i].table = forced_file(run.output_dir, items[i].camera, items[i].expnum);
      if (!run.check_alone) remove_table(results[i].table);
    }
    results[i].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!results[i].reason.empty())
      log.info("{} {}: {} ({})", items[i].camera, items[i].expnum, name_of(results[i].state),
               results[i].reason);
  });
  return results;
}

fits::Table forced_report(const std::vector<ForcedItem>& items,
                          const std::vector<ForcedItemResult>& results) {
  fits::Table t;
  const auto add = [&](const char* name, const char* unit, auto value) {
    std::vector<std::decay_t<decltype(value(std::size_t{0}))>> values;
    for (std::size_t i = 0; i < items.size(); ++i) values.push_back(value(i));
    t.add(name, std::move(values), unit);
  };
  add("camera", "", [&](std::size_t i) { return items[i].camera; });
  add("expnum", "", [&](std::size_t i) { return items[i].expnum; });
  add("state", "", [&](std::size_t i) { return std::string(name_of(results[i].state)); });
  add("ccds", "", [&](std::size_t i) { return results[i].ccds; });
  add("failed_ccds", "", [&](std::size_t i) { return results[i].failed_ccds; });
  add("rows", "", [&](std::size_t i) { return results[i].rows; });
  add("seconds", "s", [&](std::size_t i) { return results[i].seconds; });
  add("table", "", [&](std::size_t i) { return results[i].table.string(); });
  add("sha256", "", [&](std::size_t i) { return results[i].sha256; });
  add("reason", "", [&](std::size_t i) { return results[i].reason; });
  return t;
}

}  // namespace brickline
