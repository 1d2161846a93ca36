#include "core/base/read_log.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace brickline {
namespace {

std::string canonical_name(const std::filesystem::path& path) { return path.lexically_normal().string(); }

}  // namespace

FileFingerprint fingerprint_of(const std::filesystem::path& path) {
  FileFingerprint out;
  out.path = canonical_name(path);
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    out.size = info.st_size;
    out.modified_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  }
  return out;
}

std::string fingerprint_text(const std::vector<FileFingerprint>& files) {
  std::vector<FileFingerprint> sorted = files;
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const FileFingerprint& f : sorted) text += fmt::format("{} {} {}\n", f.size, f.modified_ns, f.path);
  return text;
}

void ReadLog::note(const std::filesystem::path& path) {
  const std::string name = canonical_name(path);
  const std::lock_guard lock(mutex_);
  if (!files_.contains(name)) files_.emplace(name, fingerprint_of(path));
}

std::vector<FileFingerprint> ReadLog::files() const {
  const std::lock_guard lock(mutex_);
  std::vector<FileFingerprint> out;
  out.reserve(files_.size());
  for (const auto& entry : files_) out.push_back(entry.second);
  return out;
}

}  // namespace brickline
