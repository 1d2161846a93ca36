// What a long run shows while it works. On a terminal: the log, and below it one line that is written again and again, with
// the stage, the share that is done, the rate and the time left. Elsewhere: the log, with a line about the stage once a
// minute. Or all of it as JSON, an object a line, for programs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/log.h"
#include "core/base/resources.h"

namespace brickline {

// How far a stage has come, as one measures it oneself: by the clock that one is handed.
class StageProgress {
 public:
  using Seconds = double;  // since any moment

  StageProgress(std::string_view stage, std::size_t number, std::size_t stages, Seconds now);
  void update(std::int64_t done, std::int64_t total, Seconds now);

  const std::string& stage() const { return stage_; }
  std::size_t number() const { return number_; }  // from 1
  std::size_t stages() const { return stages_; }
  std::int64_t done() const { return done_; }
  std::int64_t total() const { return total_; }  // 0: not known
  Seconds elapsed(Seconds now) const { return now - start_; }
  // Items per second of late: over the last half minute, or since the beginning if that is less long. Nothing, until two
  // seconds have passed and something is done.
  std::optional<double> rate(Seconds now) const;
  std::optional<Seconds> left(Seconds now) const;

 private:
  struct Sample {
    Seconds when;
    std::int64_t done;
  };
  std::string stage_;
  std::size_t number_, stages_;
  Seconds start_;
  std::int64_t done_ = 0, total_ = 0;
  std::deque<Sample> samples_;  // of the last half minute, and one before
};

// "[6/10] fitblobs  34 %  1234 of 3600  12.3/s  3:12 left", cut to at most `width` characters.
std::string progress_line(const StageProgress& progress, StageProgress::Seconds now, std::size_t width);
// "4 s", "3:12", "1:02:03"
std::string duration_text(StageProgress::Seconds seconds);

class RunDisplay : public LogSink {
 public:
  enum class Form { kTerminal, kPlain, kJson };
  // The form for this process's stderr.
  static Form form_of_stderr(bool json);

  explicit RunDisplay(LogLevel threshold, Form form,
                      std::chrono::milliseconds period_of_lines = std::chrono::minutes(1));
  ~RunDisplay() override;

  void write(LogLevel level, std::string_view message) override;
  void stage_begins(std::string_view stage, std::size_t number, std::size_t stages);
  void progress(std::int64_t done, std::int64_t total);
  void stage_done(std::string_view stage, const ResourceUse& used);
  // No more is shown of the stage; the end of the run, with its exit code (JSON only).
  void end(int exit_code);
  // The line of the error that ends the run.
  void error(std::string_view program, std::string_view line);

 private:
  StageProgress::Seconds now() const;
  void tick();
  void put(std::string_view line);  // to stderr, the progress line out of its way
  void put_progress(StageProgress::Seconds now);
  void clear();

  const LogLevel threshold_;
  const Form form_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::optional<StageProgress> stage_;
  bool shown_ = false;               // a progress line is on the screen
  StageProgress::Seconds last_ = 0;  // when it was written
  std::condition_variable ended_;
  bool end_ = false;
  std::thread ticker_;
};

}  // namespace brickline
