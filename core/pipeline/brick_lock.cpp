#include "core/pipeline/brick_lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/base/host_name.h"

namespace brickline {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EIO || error == EMFILE || error == ENFILE;
  throw Error(full ? ErrorKind::kResources : ErrorKind::kInput,
              fmt::format("{}: {}", doing, std::strerror(error)))
      .in_file(path.string());
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string first_line(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// The PID namespace: processes of another one are not seen, or are others.
std::string namespace_name() {
  char name[64] = {};
  return ::readlink("/proc/self/ns/pid", name, sizeof name - 1) > 0 ? name : "";
}

// When a process started, in ticks since the machine did; empty: there is none, or it has ended and only its
// parent has not taken notice.
std::string start_of(const std::string& pid) {
  const std::string stat = first_line("/proc/" + pid + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name of the program may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string state, field;
  fields >> state;
  if (state == "Z" || state == "X") return {};
  constexpr int kStartField = 22, kStateField = 3;
  for (int i = kStateField; i < kStartField; ++i) fields >> field;
  return field;
}

struct Owner {
  std::string host, boot, space, pid, start, since;
};

Owner this_process() {
  Owner out;
  out.host = host_name();
  out.boot = first_line("/proc/sys/kernel/random/boot_id");
  out.space = namespace_name();
  out.pid = std::to_string(::getpid());
  out.start = start_of(out.pid);
  out.since = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return out;
}

std::string text_of(const Owner& o) {
  return fmt::format("host {}\npid {}\nsince {}\nstart {}\nboot {}\nnamespace {}\n", o.host, o.pid, o.since,
                     o.start, o.boot, o.space);
}

Owner owner_in(const std::string& text) {
  std::map<std::string, std::string> words;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t blank = line.find(' '); blank != std::string::npos)
      words[line.substr(0, blank)] = line.substr(blank + 1);
  return {words["host"], words["boot"], words["namespace"], words["pid"], words["start"], words["since"]};
}

std::string contents_of(int fd) {
  constexpr std::size_t kMost = 4096;
  std::string text(kMost, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

double seconds_of(const timespec& t) {
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Why the lock's owner is taken for dead; empty: he is not.
std::string why_dead(const Owner& owner, double untouched_seconds, const LockSettings& settings) {
  const Owner us = this_process();
  const bool here = !owner.pid.empty() && owner.host == us.host;
  if (here && !us.boot.empty() && !owner.boot.empty() && owner.boot != us.boot)
    return "this machine was booted since";
  if (here && owner.boot == us.boot && owner.space == us.space) {
    const std::string start = start_of(owner.pid);
    if (start.empty()) return "that process is gone";
    return start != owner.start ? "another process has its number now" : "";
  }
  if (untouched_seconds > settings.dead_after_seconds)
    return fmt::format("nothing was heard of it for {:.0f} s", untouched_seconds);
  return {};
}

std::string in_words(const Owner& owner) {
  if (owner.pid.empty()) return "a process that its lock does not name";
  return fmt::format("process {} on {} (since {})", owner.pid, owner.host, owner.since);
}

// A file of ours with our name in it, which is nobody's lock yet.
class Candidate {
 public:
  explicit Candidate(const std::filesystem::path& lock) {
    std::random_device random;
    path_ = lock.parent_path() / fmt::format("tmp-{}.{:08x}", lock.filename().string(), random());
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0) fail(lock, "cannot write", errno);
    write_owner(lock);
  }
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;
  ~Candidate() { drop(); }

  const std::filesystem::path& path() const { return path_; }
  int fd() const { return fd_; }
  // Now, by the clock of the file system.
  double now() const {
    ::futimens(fd_, nullptr);
    struct stat info {};
    ::fstat(fd_, &info);
    return seconds_of(info.st_mtim);
  }
  // Gives it the lock's name too, if nothing has that.
  bool becomes(const std::filesystem::path& lock) {
    if (::link(path_.c_str(), lock.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) fail(lock, "cannot write", errno);
    // On a file system where a file has one name only, the lock is without its text for a moment.
    const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) return false;
    if (fd < 0) fail(lock, "cannot write", errno);
    drop();
    fd_ = fd;
    write_owner(lock);
    return true;
  }
  // It has become the lock.
  int release() {
    ::unlink(path_.c_str());  // by this name
    return std::exchange(fd_, -1);
  }

 private:
  void write_owner(const std::filesystem::path& lock) {
    const std::string text = text_of(this_process());
    if (::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
    const int error = errno;
    drop();
    fail(lock, "cannot write", error);
  }
  void drop() {
    if (fd_ < 0) return;
    ::unlink(path_.c_str());
    ::close(fd_);
    fd_ = -1;
  }
  std::filesystem::path path_;
  int fd_ = -1;
};

bool is_file(const std::filesystem::path& path, int fd) {
  struct stat by_name {
  }, by_descriptor{};
  return ::stat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_descriptor) == 0 &&
         by_name.st_dev == by_descriptor.st_dev && by_name.st_ino == by_descriptor.st_ino;
}

}  // namespace

std::filesystem::path lock_path(const std::filesystem::path& output_dir, const std::string& brick) {
  return output_dir / ("runbrick-" + brick + ".lock");
}

void drop_own_lock(const std::filesystem::path& output_dir, const std::string& brick) {
  const std::filesystem::path path = lock_path(output_dir, brick);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  const Owner owner = owner_in(contents_of(file.get())), us = this_process();
  const auto who = [](const Owner& o) { return std::tie(o.host, o.boot, o.space, o.pid, o.start); };
  if (who(owner) == who(us) && is_file(path, file.get())) ::unlink(path.c_str());
}

BrickLock::Held BrickLock::take(const std::filesystem::path& output_dir, const std::string& brick,
                                const Log& log, const LockSettings& settings) {
  const std::filesystem::path path = lock_path(output_dir, brick);
  Candidate ours(path);
  const auto taken = [&] {
    return Held{std::unique_ptr<BrickLock>(new BrickLock(path, ours.release(), settings)), {}};
  };
  // Whoever is in the way may go while one looks.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (ours.becomes(path)) return taken();
    const Descriptor theirs(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!theirs) {
      if (errno == ENOENT) continue;
      fail(path, "cannot read", errno);
    }
    const auto judged = [&](Owner& owner) {
      struct stat info {};
      ::fstat(theirs.get(), &info);
      owner = owner_in(contents_of(theirs.get()));
      return why_dead(owner, ours.now() - seconds_of(info.st_mtim), settings);
    };
    Owner owner;
    if (judged(owner).empty()) return {nullptr, in_words(owner)};
    // Of several that are about to take it over, one.
    if (::flock(theirs.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    if (!is_file(path, theirs.get())) continue;
    const std::string why = judged(owner);
    if (why.empty()) return {nullptr, in_words(owner)};
    if (::rename(ours.path().c_str(), path.c_str()) != 0) fail(path, "cannot write", errno);
    log.info("the lock of {} is taken over: {}", in_words(owner), why);
    return taken();
  }
  return {nullptr, "a process that comes and goes"};
}

BrickLock::BrickLock(std::filesystem::path path, int fd, const LockSettings& settings)
    : path_(std::move(path)), fd_(fd) {
  touching_ = std::thread([this, every = settings.touch_every_seconds] { keep_touching(every); });
}

BrickLock::~BrickLock() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  touching_.join();
  if (is_ours()) ::unlink(path_.c_str());
  ::close(fd_);
}

bool BrickLock::is_ours() const { return is_file(path_, fd_); }

void BrickLock::keep_touching(double every_seconds) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::duration<double>(every_seconds), [this] { return ends_; }))
    ::futimens(fd_, nullptr);
}

}  // namespace brickline
