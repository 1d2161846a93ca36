#include "core/camera/raw_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/camera/absent_input.h"

namespace brickline {

RawFile::RawFile(const std::filesystem::path& path, ReadLog* log) : path_(path.string()) {
  if (log) log->note(path);
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0 && (errno == ENOENT || errno == ENOTDIR))
    throw AbsentInput(input_error("there is no such file").in_file(path_));
  struct stat found {};
  if (fd_ >= 0 && ::fstat(fd_, &found) == 0 && S_ISREG(found.st_mode)) {
    size_ = static_cast<std::uint64_t>(found.st_size);
    return;
  }
  const std::string why = fd_ < 0 ? std::strerror(errno) : "it is not a plain file";
  if (fd_ >= 0) ::close(fd_);
  throw input_error("cannot be read: {}", why).in_file(path_);
}

RawFile::~RawFile() { ::close(fd_); }

void RawFile::read(std::uint64_t offset, void* buffer, std::uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset)
    throw input_error("it has {} bytes: there are no {} from byte {} on", size_, bytes, offset)
        .in_file(path_);
  for (std::uint64_t done = 0; done < bytes;) {
    const ssize_t n =
        ::pread(fd_, static_cast<char*>(buffer) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw input_error("cannot be read at byte {}: {}", offset + done,
                        n < 0 ? std::strerror(errno) : "it has become shorter")
          .in_file(path_);
    done += static_cast<std::uint64_t>(n);
  }
}

}  // namespace brickline
