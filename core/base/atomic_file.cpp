#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>

#include "core/base/error.h"

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
  constexpr std::size_t kLongest = 200;  // of a name's 255 bytes
  std::random_device random;
  for (int i = 0; i < kTries; ++i) {
    temporary = directory / fmt::format("tmp-{}.{:08x}", name.substr(0, kLongest), random());
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

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) fail(directory, "cannot make the directory", code.value());

  std::filesystem::path temporary;
  const int fd = open_new(directory, path.filename().string(), temporary);
  if (fd < 0) fail(path, "cannot write", errno);
  const auto give_up = [&](int error) {
    ::close(fd);
    ::unlink(temporary.c_str());
    fail(path, "cannot write", error);
  };
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) give_up(errno);
    done += static_cast<std::size_t>(n);
  }
  // Some file systems report a full disk only here.
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) give_up(errno);
  if (::close(fd) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail(path, "cannot write", error);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail(path, "cannot put in place", error);
  }
  sync_directory(directory);
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr))
    throw internal_error("SHA-256 is not available");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace brickline
