// Being told to end: heard by work that listens, and forced upon work that does not.
#include "tools/common/stop_signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "core/base/exit_codes.h"

namespace brickline {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A process of its own that works until it is told to end, or for ever.
class Worker {
 public:
  Worker(bool listens, std::optional<double> time_limit = {}) {
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_ = fork();
    if (pid_ == 0) _exit(work(listens, time_limit, ends[1]));
    close(ends[1]);
    from_ = ends[0];
    read_some();  // it has begun
  }
  ~Worker() { close(from_); }
  void send(int signal) const { kill(pid_, signal); }
  // The exit code (or 1000 and the signal) once it has ended.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    while (read_some()) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  const std::string& told() const { return told_; }

 private:
  static int work(bool listens, std::optional<double> time_limit, int to) {
    StopSignals stop;
    const auto say = [to](const std::string& text) { return ::write(to, text.data(), text.size()) > 0; };
    stop.listen(time_limit, [&](const std::string& why) { say("last words: " + why); });
    say("begun; ");
    while (!listens || !stop.cancel().asked()) usleep(1000);
    say("heard: " + stop.why());
    return 42;
  }
  bool read_some() {
    char buffer[256];
    const ssize_t n = read(from_, buffer, sizeof buffer);
    if (n > 0) told_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  pid_t pid_ = -1;
  int from_ = -1;
  std::string told_;
};

TEST(StopSignals, AreHeardByWorkThatListens) {
  for (const auto& [signal, name] :
       {std::pair(SIGTERM, "SIGTERM"), {SIGINT, "SIGINT"}, {SIGUSR1, "SIGUSR1"}}) {
    Worker worker(true);
    worker.send(signal);
    EXPECT_EQ(worker.wait(), 42);
    EXPECT_EQ(worker.told(), std::string("begun; heard: ") + name);
  }
}

TEST(StopSignals, EndWorkThatDoesNotListenWithinTwoSeconds) {
  Worker worker(false);
  const auto start = Clock::now();
  worker.send(SIGTERM);
  EXPECT_EQ(worker.wait(), kInterruptedCode);
  EXPECT_GT(seconds_since(start), 1);  // it is given the chance
  EXPECT_LT(seconds_since(start), 2);
  EXPECT_EQ(worker.told(), "begun; last words: SIGTERM");
}

TEST(StopSignals, ASecondOneEndsItAtOnce) {
  Worker worker(false);
  worker.send(SIGUSR1);
  usleep(100'000);
  const auto start = Clock::now();
  worker.send(SIGINT);
  EXPECT_EQ(worker.wait(), kInterruptedCode);
  EXPECT_LT(seconds_since(start), 1);
  EXPECT_EQ(worker.told(), "begun; last words: SIGUSR1");
}

TEST(StopSignals, ATimeLimitAsksAndEndsBeforeItIsOver) {
  const auto start = Clock::now();
  Worker hears(true, 1.0);
  EXPECT_EQ(hears.wait(), 42);
  EXPECT_EQ(hears.told(), "begun; heard: the time limit of 1 s");
  EXPECT_LT(seconds_since(start), 1);
  const auto again = Clock::now();
  Worker does_not(false, 1.0);
  EXPECT_EQ(does_not.wait(), kInterruptedCode);
  EXPECT_LT(seconds_since(again), 1);
  EXPECT_EQ(does_not.told(), "begun; last words: the time limit of 1 s");
}

}  // namespace
}  // namespace brickline
