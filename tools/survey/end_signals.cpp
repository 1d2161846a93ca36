#include "tools/survey/end_signals.h"

#include <atomic>
#include <csignal>

namespace brickline {
namespace {

std::atomic<int> count = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void heard(int) { ++count; }

}  // namespace

void count_end_signals() {
  struct sigaction action {};
  action.sa_handler = heard;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
}

int end_signals() { return count; }

}  // namespace brickline
