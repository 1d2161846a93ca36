// What a process that was killed leaves in the output directory is found by its name and removed by the next one of
// the same brick, whatever the moment was.
#include "core/pipeline/leftovers.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/pixel_file.h"
#include "core/pipeline/brick_lock.h"
#include "core/pipeline/run_context.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// The names that appear in a directory, however short their lives.
class NamesSeen {
 public:
  explicit NamesSeen(const fs::path& directory) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(fd_, directory.c_str(), IN_CREATE | IN_MOVED_TO), 0);
  }
  ~NamesSeen() { ::close(fd_); }
  std::vector<std::string> all() const {
    std::vector<std::string> out;
    alignas(inotify_event) char bytes[16384];
    for (ssize_t count; (count = ::read(fd_, bytes, sizeof bytes)) > 0;)
      for (const char* at = bytes; at < bytes + count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        out.emplace_back(event->name);
        at += sizeof(inotify_event) + event->len;
      }
    return out;
  }

 private:
  int fd_;
};

TEST(Leftovers, EveryTemporaryOfARunHasANameThatTheNextRunRemoves) {
  const fs::path directory =
      fs::temp_directory_path() / ("brickline-leftovers-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  const NamesSeen seen(directory);
  check_output_directory(directory, "1501p022");
  { const PixelFile pixels(directory, "1501p022", 1); }
  { const BrickLock::Held held = BrickLock::take(directory, "1501p022", Log{}); }
  std::size_t temporaries = 0;
  for (const std::string& name : seen.all()) {
    if (!name.ends_with(".lock")) ++temporaries;
    std::ofstream(directory / name) << "killed before it was removed";
  }
  EXPECT_GE(temporaries, 3U);
  std::ofstream(directory / "tmp-probe-1501p025.abcdef") << "another brick's";
  remove_leftovers(directory, "1501p022", {}, Log{});
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory)) left.push_back(entry.path().filename());
  std::erase_if(left,
                [](const std::string& name) { return name.ends_with(".lock"); });  // taken over, not removed
  EXPECT_EQ(left, std::vector<std::string>{"tmp-probe-1501p025.abcdef"});
  fs::remove_all(directory);
}

}  // namespace
}  // namespace brickline
