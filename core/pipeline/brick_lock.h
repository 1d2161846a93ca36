// One process per brick and output directory.
//
// A file "runbrick-BRICK.lock" in the output directory says who works on the brick: host, process, when that
// process started, since when. Its owner touches it twice a minute. It counts as nobody's, and is taken over,
//   - if its process ran on this machine (since it was last booted, in the same PID namespace) and is gone,
//     or another process has its number now;
//   - if it ran on this machine before that was booted;
//   - if it is somebody else's, or says nothing that can be read, and was not touched for five minutes.
// Times are those of the file system, so that clocks of hosts may differ.
//
// Two processes that find the same dead lock do not both get it: it is replaced only under flock() on the very
// file that was judged.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/log.h"

namespace brickline {

struct LockSettings {
  double touch_every_seconds = 30;
  double dead_after_seconds = 300;  // without a touch
};

class BrickLock {
 public:
  struct Held {
    std::unique_ptr<BrickLock> lock;  // null: somebody else has it
    std::string by;                   // who, in words
  };
  // Takes the lock if it is free; a dead one is taken over, and the log says so. Error (kInput, kResources) if
  // the file cannot be written.
  static Held take(const std::filesystem::path& output_dir, const std::string& brick, const Log& log,
                   const LockSettings& settings = {});
  // Removes the file, if it is still this process's.
  ~BrickLock();
  BrickLock(const BrickLock&) = delete;
  BrickLock& operator=(const BrickLock&) = delete;

 private:
  BrickLock(std::filesystem::path path, int fd, const LockSettings& settings);
  void keep_touching(double every_seconds);
  bool is_ours() const;

  std::filesystem::path path_;
  int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread touching_;
};

// Removes the lock if it is this process's: for one that is about to end without further ado.
void drop_own_lock(const std::filesystem::path& output_dir, const std::string& brick);

std::filesystem::path lock_path(const std::filesystem::path& output_dir, const std::string& brick);

}  // namespace brickline
