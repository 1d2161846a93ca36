#include "core/pipeline/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

constexpr std::string_view kMagic = "BLJOURN1";
constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kLongestKey = 4096;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string number_text(std::size_t n) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((n >> shift) & 0xff);
  return out;
}
std::uint32_t number_in(std::span<const std::uint8_t> bytes) {
  std::uint32_t n = 0;
  for (int i = 3; i >= 0; --i) n = n << 8 | bytes[static_cast<std::size_t>(i)];
  return n;
}

std::string digest_of(std::string_view before, std::string_view bytes) {
  std::string all(before);
  all += bytes;
  const std::string hex = sha256_hex(all);
  std::string digest;
  for (std::size_t i = 0; i < kDigestBytes; ++i)
    digest += static_cast<char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return digest;
}

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG;
  throw Error(full ? ErrorKind::kResources : ErrorKind::kInput,
              fmt::format("{}: {}", doing, std::strerror(error)))
      .in_file(path.string());
}

}  // namespace

JournalRecord journal_header(std::string_view key) {
  JournalRecord out;
  out.bytes = std::string(kMagic) + number_text(key.size()) + std::string(key);
  out.digest = digest_of({}, out.bytes);
  out.bytes += out.digest;
  return out;
}

JournalRecord journal_record(std::string_view last_digest, std::uint32_t kind, std::string_view payload) {
  JournalRecord out;
  out.bytes = number_text(payload.size()) + number_text(kind);
  out.bytes += payload;
  out.digest = digest_of(last_digest, out.bytes);
  out.bytes += out.digest;
  return out;
}

JournalContents read_journal(std::span<const std::uint8_t> bytes, std::string_view key) {
  using enum JournalContents::State;
  JournalContents out;
  if (bytes.empty()) return out;
  const std::size_t magic = std::min(bytes.size(), kMagic.size());
  if (text_of(bytes.first(magic)) != kMagic.substr(0, magic)) {
    out.state = kForeign;
    out.problem = "it is no journal";
    return out;
  }
  out.state = kBroken;
  out.problem = "its header is cut off or damaged";
  constexpr std::size_t kBeforeKey = kMagic.size() + 4;
  if (bytes.size() < kBeforeKey) return out;
  const std::size_t key_size = number_in(bytes.subspan(kMagic.size(), 4));
  if (key_size > kLongestKey || bytes.size() < kBeforeKey + key_size + kDigestBytes) return out;
  const std::string_view theirs = text_of(bytes.subspan(kBeforeKey, key_size));
  const JournalRecord header = journal_header(theirs);
  std::size_t at = header.bytes.size();
  if (text_of(bytes.first(at)) != header.bytes) return out;
  if (theirs != key) {
    out.state = kStale;
    out.problem = "options, software or what comes before are not what it was made with";
    return out;
  }
  out.state = kGood;
  out.problem.clear();
  out.last_digest = header.digest;
  constexpr std::size_t kBeforePayload = 8;
  while (at < bytes.size()) {
    const auto rest = bytes.subspan(at);
    const std::size_t size = rest.size() < kBeforePayload ? 0 : number_in(rest.first(4));
    if (rest.size() < kBeforePayload + kDigestBytes || size > rest.size() - kBeforePayload - kDigestBytes) {
      out.problem = fmt::format("it ends within a record, at byte {}", at);
      break;
    }
    const auto closed = rest.first(kBeforePayload + size);
    const std::string digest = digest_of(out.last_digest, text_of(closed));
    if (digest != text_of(rest.subspan(closed.size(), kDigestBytes))) {
      out.problem = fmt::format("the record at byte {} is damaged", at);
      break;
    }
    out.records.push_back({number_in(closed.subspan(4, 4)), closed.subspan(kBeforePayload)});
    out.last_digest = digest;
    at += closed.size() + kDigestBytes;
  }
  out.good_bytes = at;
  return out;
}

JournalFile::JournalFile(std::filesystem::path path, std::size_t size, std::string digest)
    : path_(std::move(path)), size_(size), digest_(std::move(digest)) {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd_ < 0) fail(path_, "cannot write", errno);
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0 ||
      ::lseek(fd_, static_cast<off_t>(size_), SEEK_SET) < 0) {
    const int error = errno;
    ::close(fd_);
    fail(path_, "cannot write", error);
  }
}

JournalFile::JournalFile(JournalFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      digest_(std::move(other.digest_)) {}

JournalFile::~JournalFile() {
  if (fd_ >= 0) ::close(fd_);
}

JournalFile JournalFile::begin(const std::filesystem::path& path, std::string_view key, bool keep_old) {
  if (keep_old) {
    std::filesystem::path aside = path;
    aside += ".unused";
    std::error_code code;
    std::filesystem::rename(path, aside, code);
    if (code) fail(path, "cannot set it aside", code.value());
  }
  JournalRecord header = journal_header(key);
  write_file_atomically(path, header.bytes);
  return JournalFile(path, header.bytes.size(), std::move(header.digest));
}

JournalFile JournalFile::go_on(const std::filesystem::path& path, const JournalContents& contents) {
  return JournalFile(path, contents.good_bytes, contents.last_digest);
}

void JournalFile::add(std::uint32_t kind, std::string_view payload) {
  constexpr std::size_t kLongest = 0xffffffff;
  if (payload.size() > kLongest) throw internal_error("a record of {} bytes", payload.size());
  JournalRecord record = journal_record(digest_, kind, payload);
  for (std::size_t done = 0; done < record.bytes.size();) {
    const ssize_t n = ::write(fd_, record.bytes.data() + done, record.bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      // What is there of the record goes again; if it does not, it ends what can be believed.
      if (::ftruncate(fd_, static_cast<off_t>(size_)) == 0) ::lseek(fd_, static_cast<off_t>(size_), SEEK_SET);
      fail(path_, "cannot write", error);
    }
    done += static_cast<std::size_t>(n);
  }
  size_ += record.bytes.size();
  digest_ = std::move(record.digest);
}

void JournalFile::sync() {
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail(path_, "cannot write", errno);
}

}  // namespace brickline
