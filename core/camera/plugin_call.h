// Around every call into a plugin: who is being called, said before it, so that a plugin that takes the process
// with it is named.
//
//   PluginCall here({"minimal", path, "minimal", "read_image", "a.fits [S1, expnum 1]"}, log);
//   status = function(...);
//   here.check();
//
// While such an object lives on a thread:
//  - a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT; also of a stack that is full) or an end of the process
//    (exit, _exit, quick_exit) on it ends the program with exit code 5 and the last line
//      error: crashed (SIGSEGV): plugin minimal (PATH), camera minimal, step read_image, CCD a.fits [S1, expnum 1]
//    The handler allocates nothing. Of crashes elsewhere it knows nothing: they go the way they went before.
//  - a call that does not return is told of in the log, after 60 s and whenever the time has doubled;
//  - what is printed on stdout goes to the log, a line each;
//  - a changed floating-point mode or working directory is put back.
// Objects nest. This is the one place of the library that prints and exits: there is nobody left to throw to.
// Signal handlers, the watching thread and the rest are set up by the first object, and stay.
#pragma once

#include <cfenv>
#include <chrono>
#include <string>
#include <string_view>

#include "core/base/log.h"

namespace brickline {

struct PluginCaller {
  std::string_view plugin, file, camera, step, ccd;  // camera and ccd may be empty
};

class PluginCall {
 public:
  PluginCall(const PluginCaller& who, Log log);
  ~PluginCall();
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  // After the call has returned. Error (kPlugin) if it has changed the working directory.
  void check();

  std::string_view text() const { return {text_, length_}; }  // "plugin ..., camera ..., step ..., CCD ..."

 private:
  friend struct PluginCalls;
  void restore_floating_point();
  static constexpr std::size_t kMostText = 640;
  char text_[kMostText];
  std::size_t length_ = 0;
  Log log_;
  std::fenv_t mode_;
  const PluginCall* outer_;  // on this thread
  std::chrono::steady_clock::time_point next_notice_;
  std::chrono::steady_clock::duration notice_after_;
  std::chrono::steady_clock::time_point begun_;
  PluginCall *before_ = nullptr, *after_ = nullptr;  // of all threads, for whoever watches
};

// How long a call may take before it is told of (60 s). For tests.
void set_plugin_notice(std::chrono::milliseconds after);

}  // namespace brickline
