#include "core/camera/plugin_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace brickline {

void PluginOutput::enter() {
  const std::scoped_lock lock(mutex_);
  if (users_++ > 0) return;
  std::fflush(stdout);
  if (file_ < 0) file_ = ::memfd_create("what plugins print", MFD_CLOEXEC);
  if (file_ < 0) return;
  own_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (own_ >= 0) ::dup2(file_, STDOUT_FILENO);
}

std::string PluginOutput::leave() {
  const std::scoped_lock lock(mutex_);
  std::fflush(stdout);
  std::string text;
  if (own_ >= 0) {
    constexpr off_t kMost = 1 << 20;  // bytes that are told
    const off_t size = ::lseek(file_, 0, SEEK_END);
    if (size > 0) {
      text.resize(static_cast<std::size_t>(std::min(size, kMost)));
      const ssize_t n = ::pread(file_, text.data(), text.size(), 0);
      text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      if (::ftruncate(file_, 0) == 0) ::lseek(file_, 0, SEEK_SET);
    }
  }
  if (--users_ == 0 && own_ >= 0) {
    ::dup2(own_, STDOUT_FILENO);
    ::close(own_);
    own_ = -1;
  }
  return text;
}

}  // namespace brickline
