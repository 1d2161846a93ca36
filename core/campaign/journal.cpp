#include "core/campaign/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

#include "core/base/error.h"
#include "core/base/exit_codes.h"

namespace brickline {
namespace {

constexpr std::string_view kChecks[] = {"none", "done", "nothing", "objection", "failed", "hopeless"};

std::string plain(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

std::string line_of(const Event& e) {
  if (!e.ended)
    return fmt::format("began\t{}\t{}\t{:.3f}\t{}\t{}\t{}\t{}\t{}\t.\n", e.row, e.attempt, e.time,
                       plain(e.name), plain(e.host), e.memory_mb, e.bail_out ? 1 : 0, e.log_begin);
  return fmt::format("ended\t{}\t{}\t{:.3f}\t{}\t{}\t{:.3f}\t{:.3f}\t{:.3f}\t{}\t{}\t{}\t.\n", e.row,
                     e.attempt, e.time, plain(e.name), e.code, e.wall_seconds, e.cpu_seconds, e.peak_mb,
                     kChecks[static_cast<int>(e.check)], e.log_end, plain(e.reason));
}

template <class T>
bool read(std::string_view text, T& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// False for a line that is none.
bool read(std::string_view line, Event& e) {
  constexpr std::size_t kBegan = 10, kEnded = 13;
  std::string_view fields[kEnded];
  std::size_t count = 0;
  while (count < kEnded) {
    const std::size_t tab = line.find('\t');
    fields[count++] = line.substr(0, tab);
    if (tab == std::string_view::npos) break;
    line.remove_prefix(tab + 1);
  }
  e.ended = fields[0] == "ended";
  if (count != (e.ended ? kEnded : kBegan) || fields[count - 1] != "." || (!e.ended && fields[0] != "began"))
    return false;
  e.name = fields[4];
  if (!read(fields[1], e.row) || !read(fields[2], e.attempt) || !read(fields[3], e.time)) return false;
  if (!e.ended) {
    e.host = fields[5];
    e.bail_out = fields[7] == "1";
    return read(fields[6], e.memory_mb) && read(fields[8], e.log_begin);
  }
  e.reason = fields[11];
  const auto check = std::find(std::begin(kChecks), std::end(kChecks), fields[9]);
  if (check == std::end(kChecks)) return false;
  e.check = static_cast<Check>(check - std::begin(kChecks));
  return read(fields[5], e.code) && read(fields[6], e.wall_seconds) && read(fields[7], e.cpu_seconds) &&
         read(fields[8], e.peak_mb) && read(fields[10], e.log_end);
}

std::string line_of(const JournalSums& s) {
  return fmt::format("sums\t{}\t{}\t{}\t{}\t{}\t{:.3f}\t.\n", s.begun, s.done, s.nothing, s.failed,
                     s.interrupted, s.cpu_seconds);
}

bool read(std::string_view line, JournalSums& s) {
  constexpr std::size_t kFields = 8;
  std::string_view fields[kFields];
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t tab = line.find('\t');
    if ((tab == std::string_view::npos) != (i + 1 == kFields)) return false;
    fields[i] = line.substr(0, tab);
    line.remove_prefix(std::min(line.size(), fields[i].size() + 1));
  }
  return fields[0] == "sums" && fields[kFields - 1] == "." && read(fields[1], s.begun) &&
         read(fields[2], s.done) && read(fields[3], s.nothing) && read(fields[4], s.failed) &&
         read(fields[5], s.interrupted) && read(fields[6], s.cpu_seconds);
}

// The bytes of a file from one to another, or as many as there are.
class OpenFile {
 public:
  // Not there: false.
  explicit OpenFile(const std::filesystem::path& file) : file_(file) {
    fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0 && errno != ENOENT) fail();
  }
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  explicit operator bool() const { return fd_ >= 0; }
  std::int64_t size() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail();
    return status.st_size;
  }
  std::string bytes(std::int64_t from, std::int64_t to) const {
    std::string text(static_cast<std::size_t>(std::max<std::int64_t>(0, to - from)), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
      const ssize_t n =
          ::pread(fd_, text.data() + have, text.size() - have, from + static_cast<std::int64_t>(have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail();
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    text.resize(have);
    return text;
  }

 private:
  [[noreturn]] void fail() const {
    throw input_error("cannot be read: {}", std::strerror(errno)).in_file(file_.string());
  }
  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace

void JournalSums::add(const Event& e) {
  if (!e.ended) {
    ++begun;
    return;
  }
  cpu_seconds += e.cpu_seconds;
  if (e.check == Check::kDone)
    ++done;
  else if (e.check == Check::kNothing)
    ++nothing;
  else if (e.code == kInterruptedCode)
    ++interrupted;
  else
    ++failed;
}

JournalSums journal_sums(const std::filesystem::path& file, std::int64_t until) {
  const OpenFile in(file);
  if (!in) return {};
  if (until < 0) until = in.size();
  constexpr std::int64_t kTail = 8192;
  for (std::int64_t from = std::max<std::int64_t>(0, until - kTail);; from = 0) {
    const std::string text = in.bytes(from, until);
    JournalSums sums;
    bool known = from == 0;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      const std::string_view line = std::string_view(text).substr(begin, end - begin);
      begin = end + 1;
      JournalSums told;
      Event event;
      if (read(line, told)) {
        sums = told;
        known = true;
      } else if (known && read(line, event)) {
        sums.add(event);
      }
    }
    if (known) return sums;
  }
}

JournalWriter::JournalWriter(const std::filesystem::path& file) : file_(file) {
  fd_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw input_error("cannot be written: {}", std::strerror(errno)).in_file(file.string());
  // What a writer that was ended has begun is no part of the next line.
  if (::lseek(fd_, 0, SEEK_END) > 0 && ::write(fd_, "\n", 1) != 1) {
    ::close(fd_);
    throw resource_error("cannot be written").in_file(file.string());
  }
  sums_ = journal_sums(file);
}

JournalWriter::~JournalWriter() { ::close(fd_); }

void JournalWriter::write(const Event& event) {
  sums_.add(event);
  std::string line = line_of(event);
  if (event.ended) line += line_of(sums_);
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw resource_error("cannot be written: {}", std::strerror(errno)).in_file(file_.string());
}

JournalPart read_journal(const std::filesystem::path& file, std::int64_t from) {
  JournalPart part;
  part.end = from;
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (code == std::errc::no_such_file_or_directory) return part;
  if (code) throw input_error("cannot be read: {}", code.message()).in_file(file.string());
  if (static_cast<std::int64_t>(size) <= from) return part;
  std::string text(static_cast<std::size_t>(size) - static_cast<std::size_t>(from), '\0');
  std::ifstream in(file, std::ios::binary);
  in.seekg(from);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  if (in.bad()) throw input_error("cannot be read").in_file(file.string());
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    if (Event event; read(std::string_view(text).substr(begin, end - begin), event))
      part.events.push_back(std::move(event));
    begin = end + 1;
  }
  part.end = from + static_cast<std::int64_t>(begin);
  return part;
}

}  // namespace brickline
