// One process per brick: who has it, who may take it over, and that of several only one does.
#include "core/pipeline/brick_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <regex>
#include <thread>

#include "tests/support/collecting_log.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string text_in(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Lock : public testing::Test {
 protected:
  BrickLock::Held take(const std::string& brick = "1234p567") {
    return BrickLock::take(scratch_.path(), brick, Log(log_), settings_);
  }
  fs::path file() const { return lock_path(scratch_.path(), "1234p567"); }
  // A lock of this process, with a line of it replaced.
  void write_lock(const std::string& word, const std::string& value) {
    const auto held = take();
    const std::string ours = text_in(file());
    left_ = std::regex_replace(ours, std::regex("(^|\n)" + word + " [^\n]*"), "$1" + word + " " + value);
    if (word != "nothing") {
      ASSERT_NE(left_, ours);
    }
  }
  void leave() { std::ofstream(file()) << left_; }
  void untouched_for(double seconds) {
    fs::last_write_time(
        file(), fs::file_time_type::clock::now() - std::chrono::duration_cast<fs::file_time_type::duration>(
                                                       std::chrono::duration<double>(seconds)));
  }
  void expect_taken_over(const std::string& because) {
    const auto held = take();
    EXPECT_TRUE(held.lock) << held.by;
    ASSERT_FALSE(log_.infos.empty());
    EXPECT_THAT(log_.infos.back(), HasSubstr("is taken over: "));
    EXPECT_THAT(log_.infos.back(), HasSubstr(because));
    EXPECT_EQ(text_in(file()).find("host "), 0u);
  }

  test::TemporaryDirectory scratch_;
  test::CollectingSink log_;
  LockSettings settings_;
  std::string left_;
};

TEST_F(Lock, IsForOneAtATimeAndNamesHim) {
  {
    const auto held = take();
    ASSERT_TRUE(held.lock);
    const auto second = take();
    EXPECT_FALSE(second.lock);
    EXPECT_THAT(second.by, HasSubstr("process " + std::to_string(getpid()) + " on "));
    EXPECT_TRUE(take("7654m321").lock);
  }
  EXPECT_FALSE(fs::exists(file()));
  EXPECT_TRUE(take().lock);
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  EXPECT_TRUE(log_.infos.empty());
}

TEST_F(Lock, OfAProcessThatIsGoneIsTakenOver) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  write_lock("pid", std::to_string(child));
  leave();
  expect_taken_over("that process is gone");
}

// Killed, but its parent has not asked how it ended.
TEST_F(Lock, OfAProcessThatIsDeadButNotBuriedIsTakenOver) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  write_lock("pid", std::to_string(child));
  leave();
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  expect_taken_over("that process is gone");
  waitpid(child, nullptr, 0);
}

TEST_F(Lock, OfANumberThatAnotherProcessHasNowIsTakenOver) {
  write_lock("start", "17");
  leave();
  expect_taken_over("another process has its number now");
}

TEST_F(Lock, OfBeforeTheMachineWasBootedIsTakenOver) {
  write_lock("boot", "another");
  leave();
  expect_taken_over("this machine was booted since");
}

TEST_F(Lock, OfAnotherHostCountsAsLongAsItIsTouched) {
  write_lock("host", "elsewhere");
  leave();
  auto held = take();
  EXPECT_FALSE(held.lock);
  EXPECT_THAT(held.by, HasSubstr(" on elsewhere (since 2"));
  untouched_for(200);
  EXPECT_FALSE(take().lock);
  untouched_for(400);
  expect_taken_over("nothing was heard of it for 40");
}

TEST_F(Lock, OfAnotherProcessNamespaceLikewise) {
  write_lock("namespace", "pid:[1]");
  leave();
  EXPECT_FALSE(take().lock);
  untouched_for(400);
  expect_taken_over("nothing was heard of it");
}

TEST_F(Lock, ThatSaysNothingLikewise) {
  for (const std::string& text :
       {std::string(), std::string("\0\xff\n\n pid", 9), std::string(100000, 'x')}) {
    std::ofstream(file(), std::ios::binary) << text;
    EXPECT_FALSE(take().lock);
    untouched_for(400);
    expect_taken_over("nothing was heard of it");
  }
}

TEST_F(Lock, IsTouchedWhileItIsHeld) {
  settings_.touch_every_seconds = 0.05;
  const auto held = take();
  untouched_for(1000);
  const auto old = fs::last_write_time(file());
  for (int i = 0; i < 100 && fs::last_write_time(file()) == old; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_NE(fs::last_write_time(file()), old);
}

TEST_F(Lock, ThatSomebodyElseHasTakenIsNotRemoved) {
  {
    const auto held = take();
    fs::remove(file());
    std::ofstream(file()) << "host elsewhere\n";
  }
  EXPECT_EQ(text_in(file()), "host elsewhere\n");
}

TEST_F(Lock, IsDroppedByWhoeverHasItOnly) {
  write_lock("host", "elsewhere");
  leave();
  drop_own_lock(scratch_.path(), "1234p567");
  EXPECT_TRUE(fs::exists(file()));
  fs::remove(file());
  const auto held = take();
  drop_own_lock(scratch_.path(), "1234p567");
  EXPECT_FALSE(fs::exists(file()));
}

// Many processes find one dead lock: one of them gets it.
TEST_F(Lock, OfTheDeadIsTakenOverByOneOfMany) {
  for (int round = 0; round < 20; ++round) {
    write_lock("start", "17");
    leave();
    constexpr int kMany = 6;
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < kMany; ++i) {
      children.push_back(fork());
      if (children.back() != 0) continue;
      char got = 0;
      {
        const auto held = take();
        got = held.lock ? 'y' : 'n';
        if (write(pipe_ends[1], &got, 1) != 1) _exit(1);
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
      }
      _exit(0);
    }
    std::string answers(kMany, ' ');
    for (char& answer : answers) ASSERT_EQ(read(pipe_ends[0], &answer, 1), 1);
    for (const pid_t child : children) waitpid(child, nullptr, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    EXPECT_EQ(std::ranges::count(answers, 'y'), 1) << answers;
    EXPECT_FALSE(fs::exists(file()));
  }
}

}  // namespace
}  // namespace brickline
