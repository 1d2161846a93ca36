// How far a run has come, on a terminal, in a file, and as JSON.
#include "tools/common/run_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(Durations, AreWrittenAsClocksDo) {
  EXPECT_EQ(duration_text(0.2), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(60), "1:00");
  EXPECT_EQ(duration_text(3723), "1:02:03");
}

TEST(StageProgress, TellsNoRateBeforeItKnowsOne) {
  StageProgress p("fitblobs", 6, 10, 100);
  p.update(5, 100, 101);
  EXPECT_FALSE(p.rate(101));
  EXPECT_TRUE(p.rate(102));
  EXPECT_EQ(progress_line(p, 101, 80), "[6/10] fitblobs        5 %  5 of 100");
}

// The first blobs are the dearest: what they took says little about the rest.
TEST(StageProgress, MeasuresTheRateOfLate) {
  StageProgress p("fitblobs", 6, 10, 0);
  for (int t = 1; t <= 100; ++t) p.update(t / 10, 1000, t);                // one in ten seconds
  for (int t = 101; t <= 160; ++t) p.update(10 + 5 * (t - 100), 1000, t);  // then five a second
  ASSERT_TRUE(p.rate(160));
  EXPECT_NEAR(*p.rate(160), 5, 0.2);
  EXPECT_NEAR(*p.left(160), (1000 - 310) / 5., 5);
  EXPECT_EQ(progress_line(p, 160, 100), "[6/10] fitblobs       31 %  310 of 1000  5.0/s  2:18 left");
  EXPECT_EQ(progress_line(p, 160, 30), "[6/10] fitblobs       31 %  31");
}

TEST(StageProgress, OfAStageThatDoesNotCountIsItsTime) {
  const StageProgress p("coadds", 7, 10, 0);
  EXPECT_EQ(progress_line(p, 75, 80), "[7/10] coadds        1:15");
}

TEST(StageProgress, BeginsAnewWhereTheCountDoes) {
  StageProgress p("tims", 1, 10, 0);
  p.update(50, 50, 10);
  p.update(1, 2000, 11);
  p.update(11, 2000, 21);
  EXPECT_NEAR(*p.rate(21), 1, 0.01);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(RunDisplay, InAFileIsALineAPeriod) {
  ::testing::internal::CaptureStderr();
  {
    RunDisplay display(LogLevel::kInfo, RunDisplay::Form::kPlain, 200ms);
    display.stage_begins("fitblobs", 6, 10);
    display.write(LogLevel::kDebug, "not told");
    display.write(LogLevel::kWarning, "two\nlines");
    for (int i = 1; i <= 20; ++i) display.progress(i, 40);
    std::this_thread::sleep_for(700ms);
    display.stage_done("fitblobs", {1.5, 2.25, 300'000'000});
    std::this_thread::sleep_for(300ms);  // between stages nothing is told
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  const auto lines = lines_of(text);
  ASSERT_GE(lines.size(), 3u);
  EXPECT_LE(lines.size(), 6u);
  EXPECT_EQ(lines.front(), "warning: two lines");
  EXPECT_EQ(lines[1], "stage fitblobs (6 of 10):   50 %  20 of 40");
  EXPECT_EQ(lines.back(), "stage fitblobs         1.50 s wall     2.25 s CPU     300 MB peak");
  EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST(RunDisplay, AsJsonIsAnObjectALine) {
  ::testing::internal::CaptureStderr();
  {
    RunDisplay display(LogLevel::kInfo, RunDisplay::Form::kJson, 100ms);
    display.stage_begins("tims", 1, 10);
    display.write(LogLevel::kWarning, "a \"quoted\" word\nand bytes \xff");
    display.progress(3, 4);
    std::this_thread::sleep_for(250ms);
    display.stage_done("tims", {1.5, 2.25, 300});
    display.error("runbrick", "it went wrong");
    display.end(3);
  }
  std::vector<std::string> events;
  for (const std::string& line : lines_of(::testing::internal::GetCapturedStderr())) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_THAT(json["time"].get<std::string>(), HasSubstr("T"));
    if (events.empty() || events.back() != json["event"]) events.push_back(json["event"]);
    if (json["event"] == "log") {
      EXPECT_EQ(json["level"], "warning");
      EXPECT_EQ(json["stage"], "tims");
      EXPECT_THAT(json["message"].get<std::string>(), StartsWith("a \"quoted\" word\nand"));
    }
    if (json["event"] == "progress") {
      EXPECT_EQ(json["share"], 0.75);
    }
    if (json["event"] == "stage done") {
      EXPECT_EQ(json["cpu_seconds"], 2.25);
    }
    if (json["event"] == "end") {
      EXPECT_EQ(json["exit_code"], 3);
    }
  }
  EXPECT_THAT(events, ElementsAre("stage begins", "log", "progress", "stage done", "error", "end"));
}

TEST(RunDisplay, OnATerminalIsOneLineThatGivesWayToTheLog) {
  ::testing::internal::CaptureStderr();
  {
    RunDisplay display(LogLevel::kInfo, RunDisplay::Form::kTerminal);
    display.stage_begins("tims", 1, 10);
    display.write(LogLevel::kInfo, "told");
    display.stage_done("tims", {});
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, StartsWith("\r[1/10] tims          0 s\033[K\r\033[Ktold\n\r[1/10] tims"));
  EXPECT_THAT(text, ::testing::EndsWith(
                        "\r\033[Kstage tims             0.00 s wall     0.00 s CPU       0 MB peak\n"));
}

}  // namespace
}  // namespace brickline
