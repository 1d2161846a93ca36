#include "core/refs/gaia_chunks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/first_failure.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"
#include "core/fits/fits_writer.h"
#include "core/refs/gaia_columns.h"
#include "core/refs/gaia_records.h"
#include "core/refs/gaia_rows.h"
#include "core/refs/gspc_bands.h"
#include "core/refs/healpix.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using refs::Entry;
using refs::GaiaRow;
using refs::Gathered;
using refs::Joined;
using refs::Part;
using refs::PartWriter;
using refs::RowColumn;
using refs::RowLayout;
using refs::Slice;

constexpr int kPixels = 12 * refs::kGaiaNside * refs::kGaiaNside;
constexpr std::size_t kManyBytes = 400000 * 120;  // of a pixel that is written while no other such is

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Of one process at a time.
class DirectoryLock {
 public:
  explicit DirectoryLock(const fs::path& dir) {
    std::error_code code;
    fs::create_directories(dir, code);
    if (code) throw input_error("cannot make the directory: {}", code.message()).in_file(dir.string());
    fd_ = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0) throw input_error("cannot be opened: {}", std::strerror(errno)).in_file(dir.string());
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(fd_);
      throw resource_error("another process makes chunks there now").in_file(dir.string());
    }
  }
  ~DirectoryLock() { ::close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_ = -1;
};

// Of a chunk: stars, rows that were left out as duplicates, and for each joined table stars that have a row of it.
struct Counts {
  std::int64_t rows = 0, duplicates = 0;
  std::vector<std::int64_t> joined;
};

struct Release {
  const char* name;
  double epoch;
};
constexpr Release kReleases[] = {{"1", 2015.0}, {"2", 2015.5}, {"3", 2016.0}};

std::string release_of(double epoch, const std::string& asked) {
  for (const Release& r : kReleases) {
    if (asked == r.name && epoch != r.epoch)
      throw input_error("release {} has the epoch {}, and the rows have ref_epoch {}", asked, r.epoch, epoch);
    if (asked.empty() && epoch == r.epoch) return r.name;
  }
  if (asked.empty()) throw input_error("which data release has ref_epoch {}? --release says it", epoch);
  return asked;
}

// One run over given inputs.
class ChunkMaker {
 public:
  ChunkMaker(std::span<const fs::path> inputs, const GaiaChunkOptions& options, const Log& log,
             const Cancel& cancel)
      : inputs_(inputs.begin(), inputs.end()),
        options_(options),
        log_(log),
        cancel_(cancel),
        layout_(options.columns),
        stars_(inputs.size()),
        work_((options.work_dir.empty() ? options.out_dir : options.work_dir) / (options.prefix + "-work")),
        manifest_(options.out_dir / (options.prefix + "-files.txt")) {
    identity_ = fmt::format("scheme {}\nrelease {}\ncolumns {}\n",
                            options.scheme == HealpixScheme::kRing ? "ring" : "nested",
                            options.release.empty() ? "by epoch" : options.release, layout_.signature());
    const std::string form = sha256_hex(identity_);
    for (const fs::path& input : inputs_) {
      keys_.push_back(key_of(input, form));
      identity_ += fmt::format("input {} {}\n", keys_.back(), fs::canonical(input).string());
    }
    for (const GaiaJoinedTable& table : options.joined) {
      Joined& joined = joined_.emplace_back(Joined{&table, RowLayout(table), {}, {}});
      std::string words = fmt::format("joined {}", joined.layout.signature());
      for (const std::string& kept : table.kept) words += kept + " ";
      const std::string form_of_it = sha256_hex(words);
      for (std::size_t i = 0; i < table.inputs.size(); ++i) {
        inputs_.push_back(table.inputs[i]);
        keys_.push_back(key_of(inputs_.back(), form_of_it));
        words += fmt::format("\ninput {} {}", keys_.back(), fs::canonical(inputs_.back()).string());
      }
      identity_ += words + "\n";
    }
  }

  GaiaChunkSummary run() {
    DirectoryLock out_lock(options_.out_dir);
    summary_.inputs = static_cast<std::int64_t>(inputs_.size());
    if (is_done()) return summary_;
    const fs::path written = work_ / "written";
    if (!options_.force && !fs::exists(written)) refuse_others();
    DirectoryLock work_lock(work_);
    clean_work();
    read_inputs();
    gather();
    std::error_code code;
    fs::remove_all(work_, code);
    return summary_;
  }

 private:
  // Of a file as it is, read in a form.
  static std::string key_of(const fs::path& input, const std::string& form) {
    std::error_code code;
    const fs::path whole = fs::canonical(input, code);
    if (code) throw input_error("no such file").in_file(input.string());
    const auto size = fs::file_size(whole, code);
    if (code) throw input_error("is no file").in_file(input.string());
    const auto time = fs::last_write_time(whole).time_since_epoch().count();
    return sha256_hex(fmt::format("{} {} {} {}", whole.string(), size, time, form)).substr(0, 24);
  }

  // The layout of an input: those of stars come first, then those of each joined table.
  const RowLayout& layout_of(std::size_t input) const {
    std::size_t end = stars_;
    if (input < end) return layout_;
    for (const Joined& joined : joined_) {
      end += joined.table->inputs.size();
      if (input < end) return joined.layout;
    }
    throw internal_error("input {} of {}", input, inputs_.size());
  }

  fs::path chunk(int pixel) const {
    return options_.out_dir / fmt::format("{}-{:05d}.fits", options_.prefix, pixel);
  }

  std::set<int> chunks_there() const {
    std::set<int> there;
    for (const auto& entry : fs::directory_iterator(options_.out_dir)) {
      const std::string name = entry.path().filename().string(), begin = options_.prefix + "-";
      if (!name.starts_with(begin) || !name.ends_with(".fits") || name.size() != begin.size() + 10) continue;
      if (const auto n = parse_int(name.substr(begin.size(), 5)); n && *n >= 0 && *n < kPixels)
        there.insert(static_cast<int>(*n));
    }
    return there;
  }

  // Whether the manifest tells of these inputs and every file that it names is there.
  bool is_done() {
    const std::string text = text_of(manifest_);
    // Behind it come the chunks; what else goes on is of further inputs or tables.
    if (!text.starts_with(identity_ + "chunk ")) return false;
    const std::set<int> there = chunks_there();
    std::istringstream lines(text.substr(identity_.size()));
    bool whole = false;
    for (std::string word; lines >> word;) {
      std::string value;
      lines >> value;
      if (word == "chunk") {
        if (!there.contains(static_cast<int>(parse_int(value).value_or(-1)))) return false;
        ++summary_.chunks;
        lines >> value;
      }
      if (word == "rows") summary_.rows = parse_int(value).value_or(0);
      if (word == "joined") summary_.joined.push_back(parse_int(value).value_or(0));
      if (word == "duplicates") summary_.duplicates = parse_int(value).value_or(0);
      if (word == "gaia") summary_.release = value;
      if (word == "end") whole = true;
    }
    if (!whole) {
      summary_ = {.inputs = summary_.inputs};
      return false;
    }
    summary_.nothing_to_do = true;
    std::error_code code;
    fs::remove_all(work_, code);
    return true;
  }

  void refuse_others() const {
    if (fs::exists(manifest_) || !chunks_there().empty())
      throw input_error("there are chunks of other inputs or options here; --force replaces them")
          .in_file(options_.out_dir.string());
  }

  // Leaves what these inputs have come to.
  void clean_work() {
    std::set<std::string> mine(keys_.begin(), keys_.end());
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(work_))
      if (entry.path().filename() != "written" && !mine.contains(entry.path().stem().string()))
        others.push_back(entry.path());
    for (const fs::path& path : others) fs::remove(path);
  }

  // Chunks that a killed run was writing, under the names that they have until they are whole.
  void remove_unfinished() const {
    std::vector<fs::path> unfinished;
    for (const auto& entry : fs::directory_iterator(options_.out_dir))
      if (entry.path().filename().string().starts_with("tmp-" + options_.prefix + "-"))
        unfinished.push_back(entry.path());
    for (const fs::path& path : unfinished) fs::remove(path);
  }

  fs::path part_path(std::size_t i) const { return work_ / (keys_[i] + ".rows"); }

  void read_inputs() {
    FirstFailure failure;
    std::atomic<std::int64_t> before = 0;
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, inputs_.size(), 1),
        [&](const auto& range) {
          for (std::size_t i = range.begin(); i < range.end(); ++i)
            failure.run(i, [&] {
              cancel_.stop_if_asked();
              if (fs::exists(part_path(i))) {
                ++before;
                return;
              }
              PartWriter part(part_path(i), layout_of(i), options_);
              try {
                refs::read_gaia_rows(inputs_[i], layout_of(i), cancel_,
                                     [&](const GaiaRow& row) { part.add(row); });
              } catch (Error& error) {
                throw error.in_file(inputs_[i].string());
              }
              log_.info("{}: {} rows", inputs_[i].string(), part.finish());
            });
        },
        tbb::simple_partitioner());
    failure.rethrow();
    summary_.inputs_done_before = before;
  }

  void gather() {
    std::vector<Part> parts;
    std::vector<std::vector<Slice>> slices(kPixels);
    double epoch = std::numeric_limits<double>::quiet_NaN();
    std::size_t next = stars_;
    for (Joined& joined : joined_)
      for (std::size_t i = 0; i < joined.table->inputs.size(); ++i, ++next)
        joined.add(read_part(part_path(next), inputs_[next], joined.layout));
    for (std::size_t i = 0; i < stars_; ++i) {
      Part part = read_part(part_path(i), inputs_[i], layout_);
      if (part.footer.rows > 0 && std::isfinite(epoch) && part.footer.epoch != epoch)
        throw input_error("its rows have ref_epoch {}, and those of inputs before have {}", part.footer.epoch,
                          epoch)
            .in_file(inputs_[i].string());
      if (part.footer.rows > 0) epoch = part.footer.epoch;
      for (const Entry& e : part.entries) {
        if (e.pixel < 0 || e.pixel >= kPixels) throw input_error("is damaged").in_file(part.path.string());
        slices[static_cast<std::size_t>(e.pixel)].push_back({i, e.first_row, e.rows});
      }
      summary_.rows += part.footer.rows;
      part.entries.clear();
      part.entries.shrink_to_fit();
      parts.push_back(std::move(part));
    }
    if (summary_.rows == 0) throw input_error("the inputs have no rows").in_file(inputs_.front().string());
    summary_.release = release_of(epoch, options_.release);
    write_chunks(parts, slices, epoch);
  }

  // "written" in the working directory: what the run is of, then "PIXEL ROWS DUPLICATES JOINED... ." for every chunk in
  // place.
  std::map<int, Counts> written_before(const fs::path& file, const std::string& head) const {
    std::map<int, Counts> done;
    const std::string text = text_of(file);
    if (!text.starts_with(head)) return done;
    std::istringstream lines(text.substr(head.size()));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::int64_t pixel = -1;
      Counts counts;
      counts.joined.resize(joined_.size());
      std::string end;
      words >> pixel >> counts.rows >> counts.duplicates;
      for (std::int64_t& stars : counts.joined) words >> stars;
      if (words >> end && end == "." && pixel >= 0 && pixel < kPixels &&
          fs::exists(chunk(static_cast<int>(pixel))))
        done[static_cast<int>(pixel)] = counts;
    }
    return done;
  }

  void write_chunks(const std::vector<Part>& parts, const std::vector<std::vector<Slice>>& slices,
                    double epoch) {
    const fs::path file = work_ / "written";
    const std::string head = sha256_hex(identity_) + "\n";
    auto done = written_before(file, head);
    summary_.chunks_done_before = static_cast<std::int64_t>(done.size());
    if (done.empty())
      write_file_atomically(file, head);  // from here on the chunks in the directory are this run's
    std::error_code code;
    fs::remove(manifest_, code);
    std::vector<int> pixels;
    for (int p = 0; p < kPixels; ++p)
      if (!slices[static_cast<std::size_t>(p)].empty()) pixels.push_back(p);
    remove_unfinished();
    for (const int there : chunks_there())
      if (slices[static_cast<std::size_t>(there)].empty()) fs::remove(chunk(there), code);

    std::ofstream progress(file, std::ios::app);
    progress << '\n';  // ends a line that was cut off
    std::mutex progress_mutex, many_rows;
    FirstFailure failure;
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, pixels.size(), 1),
        [&](const auto& range) {
          for (std::size_t i = range.begin(); i < range.end(); ++i) {
            const int pixel = pixels[i];
            if (done.contains(pixel)) continue;
            failure.run(i, [&] {
              cancel_.stop_if_asked();
              const Counts result =
                  write_chunk(pixel, parts, slices[static_cast<std::size_t>(pixel)], epoch, many_rows);
              const std::lock_guard lock(progress_mutex);
              progress << fmt::format("{} {} {} {} .\n", pixel, result.rows, result.duplicates,
                                      fmt::join(result.joined, " "))
                       << std::flush;
              fresh_[pixel] = result;
            });
          }
        },
        tbb::simple_partitioner());
    failure.rethrow();
    done.merge(fresh_);

    std::string text = identity_;
    std::int64_t rows = 0;
    summary_.joined.assign(joined_.size(), 0);
    for (const auto& [pixel, counts] : done) {
      text += fmt::format("chunk {:05d} {}\n", pixel, counts.rows);
      rows += counts.rows;
      summary_.duplicates += counts.duplicates;
      for (std::size_t k = 0; k < joined_.size(); ++k) summary_.joined[k] += counts.joined[k];
    }
    for (const std::int64_t stars : summary_.joined) text += fmt::format("joined {}\n", stars);
    if (rows + summary_.duplicates != summary_.rows)
      throw internal_error("{} rows came in, {} are in the chunks", summary_.rows, rows);
    summary_.chunks = static_cast<std::int64_t>(done.size());
    text += fmt::format("rows {}\nduplicates {}\ngaia {}\nend .\n", summary_.rows, summary_.duplicates,
                        summary_.release);
    write_file_atomically(manifest_, text);
  }

  Counts write_chunk(int pixel, const std::vector<Part>& parts, const std::vector<Slice>& slices,
                     double epoch, std::mutex& many_rows) const {
    std::int64_t rows = 0;
    for (const Slice& s : slices) rows += s.rows;
    std::unique_lock<std::mutex> alone(many_rows, std::defer_lock);
    std::size_t bytes = layout_.bytes;
    for (const Joined& joined : joined_) bytes += joined.layout.bytes;
    if (static_cast<std::size_t>(rows) * bytes > kManyBytes) alone.lock();
    const Gathered gathered(parts, slices, layout_);
    fits::Header header;
    header.set("HPXNSIDE", refs::kGaiaNside, "HEALPix: pixels along a base pixel's side");
    header.set("HPXNEST", options_.scheme == HealpixScheme::kNested,
               "numbered in the nested scheme, or in rings");
    header.set("HPXPIXEL", pixel, "the pixel whose stars these are");
    header.set("GAIADR", summary_.release, "Gaia data release");
    header.set("REFEPOCH", epoch, "[yr] epoch of the positions");
    fits::FitsWriter writer;
    writer.add_empty_primary(header);
    Counts counts{gathered.rows(), gathered.duplicates, {}};
    fits::Table table = gathered.table();
    for (const Joined& joined : joined_) counts.joined.push_back(gathered.join(joined, table));
    writer.add_table(table, "GAIA");
    writer.write(chunk(pixel));
    return counts;
  }

  std::vector<fs::path> inputs_;
  const GaiaChunkOptions& options_;
  const Log& log_;
  const Cancel& cancel_;
  RowLayout layout_;
  std::size_t stars_;  // how many of the inputs are of stars
  std::vector<Joined> joined_;
  fs::path work_, manifest_;
  std::string identity_;
  std::vector<std::string> keys_;
  std::map<int, Counts> fresh_;
  GaiaChunkSummary summary_;
};

bool is_table_name(std::string name) {
  name = lower_case(name);
  if (name.starts_with("tmp-")) return false;
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const char* end : {".csv", ".ecsv", ".fits", ".vot", ".xml"})
    if (name.ends_with(end)) return true;
  return false;
}

}  // namespace

GaiaExtraColumn parse_gaia_extra_column(std::string_view text) {
  GaiaExtraColumn column;
  std::string_view form = "E";
  const std::size_t colon = text.find(':');
  column.name = stripped(text.substr(0, colon));
  if (colon != std::string_view::npos) form = stripped(text.substr(colon + 1));
  const bool plain =
      !column.name.empty() && std::all_of(column.name.begin(), column.name.end(),
                                          [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  bool good = plain && !form.empty() && (form.back() == 'E' || form.back() == 'D');
  if (good && form.size() > 1) {
    const auto count = parse_int(form.substr(0, form.size() - 1));
    good = count && *count >= 1 && *count <= 10000;
    if (good) column.count = static_cast<int>(*count);
  }
  if (!good) throw usage_error("'{}' is no column to keep: NAME, NAME:D or NAME:55E is wanted", text);
  column.type = form.back();
  for (const refs::GaiaColumn& c : refs::kGaiaColumns)
    if (lower_case(column.name) == c.name) throw usage_error("{} is kept anyway", column.name);
  return column;
}

GaiaJoinedTable GaiaJoinedTable::gspc() {
  GaiaJoinedTable t;
  t.name = "synthetic photometry";
  for (const refs::GspcBand& band : refs::kGspcBands)
    for (const char* what : {"mag", "flag"})
      t.columns.push_back({fmt::format("{}_{}", band.column, what), 'E', 1});
  for (const GaiaExtraColumn& c : t.columns) t.kept.push_back(c.name);
  return t;
}

GaiaJoinedTable GaiaJoinedTable::xp_sampled() {
  return {"sampled spectra", {}, {{"flux", 'E', 343}}, {"xp_flux"}, "W m-2 nm-1"};
}

GaiaJoinedTable GaiaJoinedTable::xp_continuous() {
  return {"continuous spectra",
          {},
          {{"bp_coefficients", 'E', 55}, {"rp_coefficients", 'E', 55}},
          {"bp_coefficients", "rp_coefficients"},
          ""};
}

std::vector<fs::path> gaia_inputs(std::span<const fs::path> paths) {
  std::set<fs::path> files;
  const auto add = [&](const fs::path& path) {
    std::error_code code;
    const fs::path whole = fs::canonical(path, code);
    if (code) throw input_error("no such file").in_file(path.string());
    files.insert(whole);
  };
  for (const fs::path& path : paths) {
    std::error_code code;
    if (!fs::is_directory(path, code)) {
      add(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& entry : fs::directory_iterator(path))
      if (!entry.is_directory() && is_table_name(entry.path().filename().string())) add(entry.path());
    if (files.size() == before)
      throw input_error("no file in it ends in .csv, .ecsv, .fits, .vot or .xml (.gz)")
          .in_file(path.string());
  }
  return {files.begin(), files.end()};
}

GaiaChunkSummary make_gaia_chunks(std::span<const fs::path> inputs, const GaiaChunkOptions& options,
                                  const Log& log, const Cancel& cancel) {
  if (inputs.empty()) throw usage_error("no input");
  if (options.out_dir.empty()) throw usage_error("no directory to write to");
  std::set<std::string> names;  // which differ in more than case
  for (const GaiaExtraColumn& c : options.columns)
    if (!names.insert(lower_case(c.name)).second) throw usage_error("column {} is named twice", c.name);
  for (const GaiaJoinedTable& table : options.joined)
    for (const std::string& kept : table.kept)
      if (!names.insert(lower_case(kept)).second)
        throw usage_error("column {} is kept twice: of the stars' own inputs and of {}", kept, table.name);
  return ChunkMaker(inputs, options, log, cancel).run();
}

}  // namespace brickline
