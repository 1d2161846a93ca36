// The results of blobs in a file, as they come: what an interrupted fit is taken up from (BlobMemory).
//
// The file is a journal (journal_file.h) under the key of the stage that fits, so that what is in it can only
// be of a fit with the same input, options and software. Its records, in codec_bytes.h's form:
//   kResult   a BlobResult
//   kSteps    number and part of a blob that is not done yet, how many steps came before, and further steps
// A result is written as soon as it is there. Steps of a blob that takes long are written once per period,
// and when the fit is interrupted; the disk is waited for as often. So no more is ever lost than a period of
// fitting, and of a process that is killed while the machine goes on, no result at all.
//
// A file that is not good, or not of this fit, is never an Error: the log says why, its good records (or
// none) are used, and it is written anew from there. One that cannot be written is a warning: the fit goes on
// without.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/blobs/blob_memory.h"
#include "core/pipeline/journal_file.h"

namespace brickline {

// Blobs by number and part, as the bytes of a journal have them.
struct BlobRecords {
  using Key = std::pair<std::int32_t, std::int32_t>;
  std::map<Key, BlobResult> results;
  std::map<Key, std::vector<SourceState>> steps;  // of blobs without a result
};

// From all bytes of a journal. Of what `contents` calls good, records that do not say what they should are
// left out, with all that follow them, which `contents` tells then. Throws nothing but for want of memory.
BlobRecords read_blob_journal(std::span<const std::uint8_t> bytes, std::string_view key,
                              JournalContents& contents);

class BlobJournal : public BlobMemory {
 public:
  struct Settings {
    std::filesystem::path file;
    double period_seconds = 600;  // 0: every step is written as it comes
    bool use_old = true;          // false: what is there is not taken up
  };
  BlobJournal(Settings settings, const std::string& key, const Log& log);
  ~BlobJournal() override;

  Kept recall(int blob, int part) override;
  void keep_step(int blob, int part, const SourceState& after) override;
  void keep(const BlobResult& result) override;
  void interrupted() override;

 private:
  using Clock = std::chrono::steady_clock;
  // A blob that is being fitted.
  struct Running {
    std::int32_t steps_written = 0, steps_waiting = 0;
    std::string waiting;  // steps that are not written yet
    Clock::time_point last_written;
  };
  // All under the mutex.
  void add(std::uint32_t kind, std::string_view payload);
  void write_steps(const BlobRecords::Key& key, Running& running);
  void sync_if_due(bool now);
  template <class Work>
  void guarded(Work&& work);

  Settings settings_;
  Log log_;
  std::mutex mutex_;
  std::optional<JournalFile> file_;  // empty: nothing is written
  BlobRecords old_;
  std::map<BlobRecords::Key, Running> running_;
  Clock::time_point last_sync_;
};

}  // namespace brickline
