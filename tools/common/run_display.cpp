#include "tools/common/run_display.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>

namespace brickline {
namespace {

constexpr StageProgress::Seconds kWindow = 30, kBeforeRates = 2;
// How often the line on a terminal is written at most.
constexpr StageProgress::Seconds kLeastBetween = 0.1;
constexpr std::chrono::milliseconds kTick{500};

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string in_one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '\n', ' ');
  std::ranges::replace(out, '\r', ' ');
  return out;
}

using Json = nlohmann::ordered_json;
Json event(std::string_view name) {
  const auto now = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  Json json;
  json["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                             fmt::gmtime(std::chrono::system_clock::to_time_t(now)), milliseconds);
  json["event"] = name;
  return json;
}
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

double rounded(double value) { return std::round(value * 1000) / 1000; }

// What is known of the share, the rate and the time left, each after two blanks.
std::string figures(const StageProgress& p, StageProgress::Seconds now) {
  if (p.total() <= 0) return "  " + duration_text(p.elapsed(now));
  std::string text =
      fmt::format("  {:3.0f} %  {} of {}",
                  100. * static_cast<double>(p.done()) / static_cast<double>(p.total()), p.done(), p.total());
  if (const auto rate = p.rate(now)) {
    if (*rate >= 1)
      text += fmt::format("  {:.{}f}/s", *rate, *rate < 100 ? 1 : 0);
    else
      text += fmt::format("  {:.1f}/min", 60 * *rate);
  }
  if (const auto left = p.left(now)) text += "  " + duration_text(*left) + " left";
  return text;
}

}  // namespace

StageProgress::StageProgress(std::string_view stage, std::size_t number, std::size_t stages, Seconds now)
    : stage_(stage), number_(number), stages_(stages), start_(now), samples_{{now, 0}} {}

void StageProgress::update(std::int64_t done, std::int64_t total, Seconds now) {
  // A stage that counts anew counts something else.
  if (done < done_ || total != total_) samples_ = {{now, std::min(done, std::int64_t{1})}};
  done_ = done;
  total_ = total;
  samples_.push_back({now, done});
  while (samples_.size() > 2 && samples_[1].when < now - kWindow) samples_.pop_front();
}

std::optional<double> StageProgress::rate(Seconds now) const {
  const Sample& first = samples_.front();
  if (now - start_ < kBeforeRates || done_ <= first.done || now <= first.when) return {};
  return static_cast<double>(done_ - first.done) / (now - first.when);
}

std::optional<StageProgress::Seconds> StageProgress::left(Seconds now) const {
  const auto r = rate(now);
  if (!r || total_ <= 0) return {};
  return static_cast<double>(total_ - done_) / *r;
}

std::string duration_text(StageProgress::Seconds seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0., std::min(seconds, 1e9))));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const StageProgress& progress, StageProgress::Seconds now, std::size_t width) {
  std::string line = fmt::format("[{}/{}] {:<12}", progress.number(), progress.stages(), progress.stage());
  line += figures(progress, now);
  if (line.size() > width) line.resize(width);
  return line;
}

RunDisplay::Form RunDisplay::form_of_stderr(bool json) {
  if (json) return Form::kJson;
  return ::isatty(STDERR_FILENO) ? Form::kTerminal : Form::kPlain;
}

RunDisplay::RunDisplay(LogLevel threshold, Form form, std::chrono::milliseconds period_of_lines)
    : threshold_(threshold), form_(form), period_(period_of_lines) {
  try {
    ticker_ = std::thread([this] { tick(); });
  } catch (const std::system_error&) {
    // No thread: the line moves only when there is progress.
  }
}

RunDisplay::~RunDisplay() {
  {
    const std::scoped_lock lock(mutex_);
    end_ = true;
    clear();
  }
  ended_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

StageProgress::Seconds RunDisplay::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void RunDisplay::tick() {
  const auto period = form_ == Form::kTerminal ? kTick : std::min(kTick, period_);
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, period, [this] { return end_; })) {
    if (!stage_) continue;
    const StageProgress::Seconds t = now();
    if (form_ == Form::kTerminal || t - last_ >= std::chrono::duration<double>(period_).count())
      put_progress(t);
  }
}

void RunDisplay::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

void RunDisplay::put(std::string_view line) {
  const bool again = shown_;
  clear();
  fmt::print(stderr, "{}\n", line);
  if (again && stage_) put_progress(now());
}

void RunDisplay::put_progress(StageProgress::Seconds t) {
  last_ = t;
  if (form_ == Form::kTerminal) {
    // The last column stays free: some terminals begin a new line there.
    fmt::print(stderr, "\r{}\033[K", progress_line(*stage_, t, terminal_width() - 1));
    std::fflush(stderr);
    shown_ = true;
    return;
  }
  if (form_ == Form::kPlain) {
    fmt::print(stderr, "stage {} ({} of {}):{}\n", stage_->stage(), stage_->number(), stage_->stages(),
               figures(*stage_, t));
    return;
  }
  Json json = event("progress");
  json["stage"] = stage_->stage();
  json["elapsed_seconds"] = rounded(stage_->elapsed(t));
  if (stage_->total() > 0) {
    json["done"] = stage_->done();
    json["total"] = stage_->total();
    json["share"] = rounded(static_cast<double>(stage_->done()) / static_cast<double>(stage_->total()));
    if (const auto rate = stage_->rate(t)) json["per_second"] = rounded(*rate);
    if (const auto left = stage_->left(t)) json["seconds_left"] = rounded(*left);
  }
  fmt::print(stderr, "{}\n", text_of(json));
}

void RunDisplay::write(LogLevel level, std::string_view message) {
  if (level < threshold_) return;
  const std::scoped_lock lock(mutex_);
  if (form_ == Form::kJson) {
    Json json = event("log");
    json["level"] = level_name(level);
    if (stage_) json["stage"] = stage_->stage();
    json["message"] = message;
    return put(text_of(json));
  }
  const char* prefix = level == LogLevel::kWarning ? "warning: " : level == LogLevel::kError ? "error: " : "";
  put(prefix + in_one_line(message));
}

void RunDisplay::stage_begins(std::string_view stage, std::size_t number, std::size_t stages) {
  const std::scoped_lock lock(mutex_);
  stage_.emplace(stage, number, stages, now());
  last_ = now();
  if (form_ == Form::kTerminal) put_progress(last_);
  if (form_ != Form::kJson) return;
  Json json = event("stage begins");
  json["stage"] = stage;
  json["number"] = number;
  json["stages"] = stages;
  put(text_of(json));
}

void RunDisplay::progress(std::int64_t done, std::int64_t total) {
  const std::scoped_lock lock(mutex_);
  if (!stage_) return;
  const StageProgress::Seconds t = now();
  stage_->update(done, total, t);
  if (form_ == Form::kTerminal && (t - last_ >= kLeastBetween || done == total)) put_progress(t);
}

void RunDisplay::stage_done(std::string_view stage, const ResourceUse& used) {
  const std::scoped_lock lock(mutex_);
  stage_.reset();
  clear();
  if (form_ == Form::kJson) {
    Json json = event("stage done");
    json["stage"] = stage;
    json["wall_seconds"] = rounded(used.wall_seconds);
    json["cpu_seconds"] = rounded(used.cpu_seconds);
    json["peak_bytes"] = used.peak_bytes;
    return put(text_of(json));
  }
  if (threshold_ > LogLevel::kInfo) return;
  put(fmt::format("stage {:<12} {:8.2f} s wall {:8.2f} s CPU {:7.0f} MB peak", stage, used.wall_seconds,
                  used.cpu_seconds, static_cast<double>(used.peak_bytes) / 1e6));
}

void RunDisplay::end(int exit_code) {
  const std::scoped_lock lock(mutex_);
  stage_.reset();
  clear();
  if (form_ != Form::kJson) return;
  Json json = event("end");
  json["exit_code"] = exit_code;
  put(text_of(json));
}

void RunDisplay::error(std::string_view program, std::string_view line) {
  const std::scoped_lock lock(mutex_);
  stage_.reset();
  clear();
  if (form_ != Form::kJson) return put(fmt::format("{}: {}", program, in_one_line(line)));
  Json json = event("error");
  json["message"] = line;
  put(text_of(json));
}

}  // namespace brickline
