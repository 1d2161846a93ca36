// What became of the items of a task: an append-only file with a line per event, written by the one process that works
// on the task and read by anyone at any time. Fields stand between tabs; a line that was cut off by the end of its
// writer does not end with ".", and is passed over.
//
//   began  ROW ATTEMPT TIME NAME HOST MEMORY_MB BAIL_OUT LOG_BEGIN .
//   ended  ROW ATTEMPT TIME NAME CODE WALL CPU PEAK_MB CHECK LOG_END REASON .
//   sums   BEGUN DONE NOTHING FAILED INTERRUPTED CPU .       over all events so far, behind each end
//
// By the sums one knows how a task stands from the last lines of its journal, however many items it has had.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace brickline {

// What was found on disk when an attempt had ended.
enum class Check : std::uint8_t {
  kNone,       // nobody looked: the attempt did not claim to be done
  kDone,       // the products are verified
  kNothing,    // so is that there was nothing to do
  kObjection,  // it claimed to be done, and is not
  kFailed,     // some of it failed, and may go well another time; all else is verified
  kHopeless    // some of it failed, in a way that no retry mends; all else is verified
};

struct Event {
  bool ended = false;        // or began
  std::int64_t row = 0;      // of the manifest
  std::int32_t attempt = 0;  // of the item, from 1
  double time = 0;           // seconds since 1970
  std::string name;          // of the item
  // Of a beginning.
  std::string host;
  std::int64_t memory_mb = 0;  // it may have; 0: no limit
  bool bail_out = false;
  std::int64_t log_begin = 0;  // where its words begin in the log beside the journal, bytes
  // Of an end.
  std::int32_t code = 0;  // exit code; minus the number of the signal that ended it
  double wall_seconds = 0, cpu_seconds = 0, peak_mb = 0;
  Check check = Check::kNone;
  std::int64_t log_end = 0;
  std::string reason;  // the log's last words, or the objection
};

// Over the events of a journal.
struct JournalSums {
  std::int64_t begun = 0, done = 0, nothing = 0, failed = 0, interrupted = 0;
  double cpu_seconds = 0;
  std::int64_t ended() const { return done + nothing + failed + interrupted; }
  void add(const Event& event);
};
// Of the whole lines up to a byte, which is at the end of one; negative: of all. Of a file that is not there: none. Error (kInput)
// if it cannot be read.
JournalSums journal_sums(const std::filesystem::path& file, std::int64_t until = -1);

// Appends events; each is on disk, or with the operating system, when `write` returns.
class JournalWriter {
 public:
  // Error (kInput, kResources) if the file cannot be written.
  explicit JournalWriter(const std::filesystem::path& file);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  void write(const Event& event);

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  JournalSums sums_;
};

struct JournalPart {
  std::vector<Event> events;
  std::int64_t end = 0;  // where to read on: behind the last whole line
};
// The events from a byte on. A file that is not there holds none. Error (kInput) if it cannot be read.
JournalPart read_journal(const std::filesystem::path& file, std::int64_t from = 0);

}  // namespace brickline
