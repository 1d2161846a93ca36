// What a run has read: the files, each once, with what tells whether one has changed since.
//
// Whoever opens a file for the run notes it here; a log is handed down as a parameter and may be absent
// (null). Any number of threads may note at the same time, in any order: the list comes out the same.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace brickline {

// A file as it was when it was first noted. A file that could not be looked at has size -1 and time 0.
struct FileFingerprint {
  std::string path;              // as it was noted, "." and ".." resolved in the text
  std::int64_t size = -1;        // bytes
  std::int64_t modified_ns = 0;  // nanoseconds since 1970
  auto operator<=>(const FileFingerprint&) const = default;
};

// The fingerprint of a file as it is now. Never throws for want of the file.
FileFingerprint fingerprint_of(const std::filesystem::path& path);

// One line a file, in the order of the paths: "SIZE MODIFIED_NS PATH\n". It goes into keys, not into
// products.
std::string fingerprint_text(const std::vector<FileFingerprint>& files);

class ReadLog {
 public:
  ReadLog() = default;
  ReadLog(const ReadLog&) = delete;
  ReadLog& operator=(const ReadLog&) = delete;

  // Only the first note of a file counts: what it was when the run began to read it.
  void note(const std::filesystem::path& path);
  // All files noted so far, in the order of their paths' bytes.
  std::vector<FileFingerprint> files() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, FileFingerprint> files_;
};

}  // namespace brickline
