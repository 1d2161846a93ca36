// What plugins print on stdout, kept from the program's own output. Internal to core/camera.
#pragma once

#include <mutex>
#include <string>

namespace brickline {

// While anybody is `enter`ed, file descriptor 1 is a file in memory; what has come there since is the text that
// `leave` gives. For any threads: what several plugins print at the same time goes to whoever leaves first.
class PluginOutput {
 public:
  void enter();
  std::string leave();

 private:
  std::mutex mutex_;
  int users_ = 0;
  int own_ = -1;   // the program's stdout, while plugins are at work
  int file_ = -1;  // where they print; -1: not to be had, they print where they like
};

}  // namespace brickline
