#include "core/camera/plugin_call.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "core/base/error.h"
#include "core/camera/plugin_output.h"

namespace brickline {

namespace {

thread_local const PluginCall* current = nullptr;

constexpr int kExitCode = static_cast<int>(ErrorKind::kPlugin);

[[noreturn]] void leave_at_once(int code) {
  for (;;) ::syscall(SYS_exit_group, code);
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The last words of a program that the running plugin ends. Async-signal-safe.
[[noreturn]] void name_the_plugin(std::string_view how, std::string_view detail) {
  write_all("error: ");
  write_all(how);
  if (!detail.empty()) {
    write_all(" (");
    write_all(detail);
    write_all(")");
  }
  write_all(": ");
  write_all(current->text());
  write_all("\n");
  leave_at_once(kExitCode);
}

// ---- Crashes ----

struct Crash {
  int signal;
  const char* name;
};
constexpr std::array<Crash, 5> kCrashes{
    {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}}};
std::array<struct sigaction, kCrashes.size()> handlers_before;

void on_crash(int signal, siginfo_t*, void*) {
  std::size_t i = 0;
  while (i + 1 < kCrashes.size() && kCrashes[i].signal != signal) ++i;
  if (current) name_the_plugin("crashed", kCrashes[i].name);
  // Nobody's that we know: as if we had not been here. What crashed is done once more on return.
  ::sigaction(signal, &handlers_before[i], nullptr);
  if (signal == SIGABRT) ::raise(signal);
}

void at_end_of_process() {
  if (current) name_the_plugin("ended the process", "exit");
}

// A thread's stack for the handler, for when its own is full.
class HandlerStack {
 public:
  HandlerStack() {
    stack_t now{};
    if (::sigaltstack(nullptr, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return;
    memory_ = std::make_unique<char[]>(kBytes);
    stack_t ours{};
    ours.ss_sp = memory_.get();
    ours.ss_size = kBytes;
    if (::sigaltstack(&ours, nullptr) != 0) memory_.reset();
  }
  ~HandlerStack() {
    if (!memory_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  HandlerStack(const HandlerStack&) = delete;
  HandlerStack& operator=(const HandlerStack&) = delete;

 private:
  static constexpr std::size_t kBytes = 64 * 1024;
  std::unique_ptr<char[]> memory_;
};

bool same_mode(const std::fenv_t& a, const std::fenv_t& b) {
#if defined(__x86_64__)
  // Bits 0-5 are sticky exception flags, not modes.
  return (a.__mxcsr & ~0x3fu) == (b.__mxcsr & ~0x3fu) && a.__control_word == b.__control_word;
#else
  return a.__fpcr == b.__fpcr;
#endif
}

}  // namespace

// What all calls share. One for the process, as signals, stdout and the working directory are.
struct PluginCalls {
  std::mutex mutex;
  std::condition_variable changed;
  PluginCall* first = nullptr;
  std::chrono::steady_clock::duration notice = std::chrono::seconds(60);
  PluginOutput output;
  int directory = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

  static PluginCalls& get() {
    static PluginCalls& all = *new PluginCalls;  // never destroyed: threads may be at work to the very end
    return all;
  }

  PluginCalls() {
    std::atexit(at_end_of_process);
    std::at_quick_exit(at_end_of_process);
    for (std::size_t i = 0; i < kCrashes.size(); ++i) {
      struct sigaction action {};
      action.sa_sigaction = on_crash;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      ::sigemptyset(&action.sa_mask);
      ::sigaction(kCrashes[i].signal, &action, &handlers_before[i]);
    }
    // Signals are other threads' affair.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { watch(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void add(PluginCall& call) {
    const std::scoped_lock lock(mutex);
    call.begun_ = std::chrono::steady_clock::now();
    call.notice_after_ = notice;
    call.next_notice_ = call.begun_ + notice;
    call.after_ = first;
    if (first) first->before_ = &call;
    first = &call;
  }
  void remove(PluginCall& call) {
    const std::scoped_lock lock(mutex);
    if (call.after_) call.after_->before_ = call.before_;
    (call.before_ ? call.before_->after_ : first) = call.after_;
  }

  [[noreturn]] void watch() {
    std::unique_lock lock(mutex);
    for (;;) {
      const auto now = std::chrono::steady_clock::now();
      // Calls are short and many: one is looked at when it could be due, not when it begins.
      auto wake = now + notice;
      for (PluginCall* call = first; call; call = call->after_) {
        if (call->next_notice_ <= now) {
          const double seconds = std::chrono::duration<double>(now - call->begun_).count();
          call->log_.warning("has not returned for {:.3g} s: {}", seconds, call->text());
          call->notice_after_ *= 2;
          call->next_notice_ = call->begun_ + call->notice_after_;
        }
        wake = std::min(wake, call->next_notice_);
      }
      changed.wait_until(lock, wake);
    }
  }
};

PluginCall::PluginCall(const PluginCaller& who, Log log) : log_(log), outer_(current) {
  PluginCalls& all = PluginCalls::get();
  static thread_local const HandlerStack stack;
  static_cast<void>(stack);
  const auto to = fmt::format_to_n(text_, kMostText, "plugin {} ({}){}{}, step {}{}{}", who.plugin, who.file,
                                   who.camera.empty() ? "" : ", camera ", who.camera, who.step,
                                   who.ccd.empty() ? "" : ", CCD ", who.ccd);
  length_ = std::min(to.size, kMostText);
  std::fegetenv(&mode_);
  all.add(*this);
  if (!outer_) all.output.enter();
  current = this;
}

PluginCall::~PluginCall() {
  PluginCalls& all = PluginCalls::get();
  current = outer_;
  restore_floating_point();
  all.remove(*this);
  if (outer_) return;
  const std::string printed = all.output.leave();
  for (std::size_t at = 0; at < printed.size();) {
    const std::size_t end = std::min(printed.find('\n', at), printed.size());
    if (end > at) log_.info("printed by {}: {}", text(), std::string_view(printed).substr(at, end - at));
    at = end + 1;
  }
}

void PluginCall::restore_floating_point() {
  std::fenv_t now;
  std::fegetenv(&now);
  if (same_mode(mode_, now)) return;
  std::fesetenv(&mode_);
  log_.warning("changed the floating-point mode (built with -ffast-math?); restored: {}", text());
}

void PluginCall::check() {
  PluginCalls& all = PluginCalls::get();
  struct stat was {
  }, is{};
  if (all.directory < 0 || ::fstat(all.directory, &was) != 0 || ::stat(".", &is) != 0) return;
  if (was.st_dev == is.st_dev && was.st_ino == is.st_ino) return;
  if (::fchdir(all.directory) != 0) return;
  throw plugin_error("changed the working directory: {}", text());
}

void set_plugin_notice(std::chrono::milliseconds after) {
  PluginCalls& all = PluginCalls::get();
  const std::scoped_lock lock(all.mutex);
  all.notice = after;
  all.changed.notify_all();
}

}  // namespace brickline

// ---- Ends of the process that run no atexit functions: the programs' own _exit stands before the C library's
// for the libraries that they load. (The sanitizers have theirs.) ----
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" __attribute__((visibility("default"))) void _exit(int code) {
  if (brickline::current) brickline::name_the_plugin("ended the process", "_exit");
  brickline::leave_at_once(code);
}
extern "C" __attribute__((visibility("default"))) void _Exit(int code) noexcept { ::_exit(code); }
#endif
