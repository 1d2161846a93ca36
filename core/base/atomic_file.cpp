#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/unfinished_file.h"

namespace brickline {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG;
  throw Error(full ? ErrorKind::kResources : ErrorKind::kInput,
              fmt::format("{}: {}", doing, std::strerror(error)))
      .in_file(path.string());
}

// Opens a file that nobody else has, in the way of mkostemp but with the permissions that the process gives
// to new files (mkostemp's are its owner's alone). Negative, with errno, if that fails.
int open_new(const std::filesystem::path& directory, const std::string& name,
             std::filesystem::path& temporary) {
  constexpr int kTries = 100;
  std::random_device random;
  for (int i = 0; i < kTries; ++i) {
    temporary = directory / unfinished_name(name, random());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// Makes the renaming last through a crash of the machine, where the file system can.
void sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // a directory that may be written but not read
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  const std::filesystem::path directory = path_.has_parent_path() ? path_.parent_path() : ".";
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) fail(directory, "cannot make the directory", code.value());
  // A file that takes the place of a device, as it would of /dev/null, breaks the machine.
  if (const auto there = std::filesystem::status(path_, code);
      std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
    throw input_error("it is there, and no file: it is not replaced by one").in_file(path_.string());
  fd_ = open_new(directory, path_.filename().string(), temporary_);
  if (fd_ < 0) fail(path_, "cannot write", errno);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::give_up(std::string_view doing, int error) {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  ::unlink(temporary_.c_str());
  temporary_.clear();
  fail(path_, doing, error);
}

void AtomicFile::append(std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) give_up("cannot write", errno);
    done += static_cast<std::size_t>(n);
  }
}

void AtomicFile::overwrite(std::int64_t at, std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, at + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) give_up("cannot write", errno);
    done += static_cast<std::size_t>(n);
  }
}

void AtomicFile::sync() {
  if (fd_ < 0) return;
  // Some file systems report a full disk only here.
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) give_up("cannot write", errno);
  if (::close(std::exchange(fd_, -1)) != 0) give_up("cannot write", errno);
}

void AtomicFile::put_in_place() {
  sync();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) give_up("cannot put in place", errno);
  temporary_.clear();
  sync_directory(path_.has_parent_path() ? path_.parent_path() : ".");
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.put_in_place();
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr))
    throw resource_error("SHA-256 is not to be had: no memory, or an OpenSSL without it");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace brickline
