#include "core/campaign/item_runner.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/base/host_name.h"
#include "core/campaign/attempt.h"
#include "core/campaign/journal.h"
#include "core/campaign/verify.h"
#include "core/pipeline/option_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(60);  // between being asked to end and being killed

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t size_of(const fs::path& file) {
  std::error_code code;
  const auto size = fs::file_size(file, code);
  return code ? 0 : static_cast<std::int64_t>(size);
}

// Options that the plan has not frozen are not to come from wherever the task happens to run.
std::map<std::string, std::string> environment_of(const CampaignSettings& settings) {
  std::map<std::string, std::string> out;
  for (const OptionRow& row : option_table())
    if (!row.environment.empty()) out[std::string(row.environment)] = "";
  for (const std::string_view name : kFrozenVariables) out[std::string(name)] = "";
  for (const auto& [name, value] : settings.environment) out[name] = value;
  return out;
}

// A place where one item at a time is run.
class Slot {
 public:
  explicit Slot(const fs::path& files)
      : log_(files.string() + ".log"),
        journal_(std::make_unique<JournalWriter>(files.string() + ".journal")) {}

  bool is_free() const { return !work_; }
  const WorkItem& work() const { return *work_; }
  std::int64_t memory_mb() const { return work_ ? work_->memory_mb : 0; }
  int descriptor() const { return attempt_ ? attempt_->descriptor() : -1; }
  bool is_verifying() const { return verification_.valid(); }

  void begin(WorkItem work, AttemptCall call, const std::string& host) {
    call.log = log_;
    Event event;
    event.row = work.row;
    event.attempt = work.attempt;
    event.time = now();
    event.name = work.item.name;
    event.host = host;
    event.memory_mb = work.memory_mb;
    event.bail_out = work.item.bail_out;
    event.log_begin = log_begin_ = size_of(log_);
    journal_->write(event);
    work_ = std::move(work);
    attempt_ = std::make_unique<Attempt>(call);
  }

  void send(int signal) const {
    if (attempt_) attempt_->send(signal);
  }

  // Whether the item has come to its end, which is then written down. `verify` says what its products are; of one
  // that was asked to end, a death by signal is an interruption.
  template <class Verify>
  bool look(const Verify& verify, bool asked_to_end) {
    if (attempt_) {
      const auto result = attempt_->ended();
      if (!result) return false;
      attempt_.reset();
      result_ = *result;
      if (asked_to_end && (result_.code == -SIGTERM || result_.code == -SIGKILL))
        result_.code = kInterruptedCode;
      if (result->code == 0 || result->code == kSomeItemsFailed)
        verification_ =
            std::async(std::launch::async, [&verify, item = work_->item] { return verify(item); });
    }
    if (verification_.valid() && verification_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      return false;
    Verification found;
    if (verification_.valid()) found = verification_.get();
    write_end(found);
    return true;
  }

  const Event& end() const { return end_; }
  WorkItem release() {
    WorkItem out = std::move(*work_);
    work_.reset();
    return out;
  }

 private:
  void write_end(const Verification& found) {
    end_ = {};
    end_.ended = true;
    end_.row = work_->row;
    end_.attempt = work_->attempt;
    end_.time = now();
    end_.name = work_->item.name;
    end_.code = found.wants_memory ? static_cast<int>(ErrorKind::kResources) : result_.code;
    end_.wall_seconds = result_.wall_seconds;
    end_.cpu_seconds = result_.cpu_seconds;
    end_.peak_mb = result_.peak_mb;
    end_.check = found.check;
    end_.log_end = size_of(log_);
    if (found.check == Check::kNone)
      end_.reason = last_words(log_, log_begin_, end_.log_end);
    else
      end_.reason = found.what;
    constexpr std::size_t kMost = 500;
    end_.reason.resize(std::min(end_.reason.size(), kMost));
    journal_->write(end_);
  }

  fs::path log_;
  std::unique_ptr<JournalWriter> journal_;
  std::int64_t log_begin_ = 0;
  std::optional<WorkItem> work_;
  std::unique_ptr<Attempt> attempt_;
  AttemptResult result_;
  std::future<Verification> verification_;
  Event end_;
};

void wait_for_any(const std::vector<Slot>& slots) {
  std::vector<pollfd> ends;
  bool busy = false;
  for (const Slot& slot : slots) {
    if (slot.is_free()) continue;
    if (slot.descriptor() >= 0)
      ends.push_back({slot.descriptor(), POLLIN, 0});
    else
      busy = true;  // being verified, or without a descriptor
  }
  constexpr int kShort = 5, kLong = 1000;  // milliseconds
  ::poll(ends.data(), static_cast<nfds_t>(ends.size()), busy ? kShort : kLong);
}

}  // namespace

std::string last_words(const fs::path& log, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kMost = 8192;
  begin = std::max(begin, end - kMost);
  if (end <= begin) return {};
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  std::ifstream in(log, std::ios::binary);
  in.seekg(begin);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  std::string last, error;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    last = line;
    if (const auto at = line.find("error: "); at != std::string::npos) error = line.substr(at + 7);
  }
  return error.empty() ? last : error;
}

RunnerTally run_items(const PlanFiles& plan, const FrozenRun& run, std::vector<WorkItem> list,
                      const RunnerSettings& settings, const Log& log) {
  const std::map<std::string, std::string> environment = environment_of(run.settings());
  const std::string host = host_name();
  std::deque<WorkItem> work(std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  std::vector<Slot> slots;
  for (int s = 0; s < settings.slots && s < static_cast<int>(work.size()); ++s) {
    const fs::path files = plan.task(settings.round, settings.first_task + s);
    make_directories(files.parent_path());
    slots.emplace_back(files);
  }
  RunnerTally tally;
  bool begins = true, asked = false, killed = false;
  auto control_read = Clock::now() - std::chrono::hours(1);
  Clock::time_point asked_when;

  const auto in_use = [&] {
    std::int64_t sum = 0;
    for (const Slot& slot : slots) sum += slot.memory_mb();
    return sum;
  };
  const auto any_running = [&] {
    return std::any_of(slots.begin(), slots.end(), [](const Slot& slot) { return !slot.is_free(); });
  };
  const auto begin_next = [&](Slot& slot) {
    auto next = work.begin();
    if (settings.budget_mb > 0) {
      const std::int64_t free = settings.budget_mb - in_use();
      next = std::find_if(work.begin(), work.end(), [&](const WorkItem& w) { return w.memory_mb <= free; });
      if (next == work.end()) {
        if (any_running()) return false;
        next = work.begin();  // alone, with all there is
        next->memory_mb = settings.budget_mb;
      }
    }
    WorkItem item = std::move(*next);
    work.erase(next);
    AttemptCall call;
    call.program = run.settings().worker;
    call.arguments = run.command_line(item.item, settings.threads, item.memory_mb);
    call.directory = run.settings().directory;
    // What the threads' stacks reserve and never touch is no use of memory.
    constexpr std::int64_t kSlackMb = 100, kStackMb = 10;
    if (item.memory_mb > 0)
      call.memory_mb = item.memory_mb + kSlackMb + kStackMb * std::max(1, settings.threads);
    call.environment = environment;
    log.debug("{}: attempt {}", item.item.name, item.attempt);
    // What an earlier attempt has told is not to settle this one, however it ends.
    std::error_code code;
    if (run.settings().kind == PlanKind::kCcds) fs::remove(plan.checksums(item.item.name), code);
    slot.begin(std::move(item), std::move(call), host);
    return true;
  };
  const auto hear = [&] {
    const int times = settings.asked_to_end ? settings.asked_to_end() : 0;
    Control control = Control::kNone;
    if (Clock::now() - control_read > std::chrono::duration<double>(settings.control_every_seconds)) {
      control_read = Clock::now();
      control = asked_control(plan);
    }
    if (times > 0 || control != Control::kNone) begins = false;
    if (control != Control::kNone) tally.asked_to_end = true;
    if ((times > 0 || control == Control::kStop) && !asked) {
      asked = true;
      tally.asked_to_end = true;
      asked_when = Clock::now();
      for (const Slot& slot : slots) slot.send(SIGTERM);
    }
    if (asked && !killed && (times > 1 || Clock::now() - asked_when > kPatience)) {
      killed = true;
      for (const Slot& slot : slots) slot.send(SIGKILL);
    }
  };

  const auto verify = [&](const Item& item) { return run.verify(item); };
  while (true) {
    hear();
    for (Slot& slot : slots)
      if (begins && slot.is_free() && !work.empty() && !begin_next(slot)) break;
    if (!any_running()) break;
    wait_for_any(slots);
    for (Slot& slot : slots) {
      if (slot.is_free() || !slot.look(verify, asked)) continue;
      const WorkItem item = slot.release();
      const Event& end = slot.end();
      if (end.check == Check::kDone)
        ++tally.done;
      else if (end.check == Check::kNothing)
        ++tally.nothing;
      else if (end.code == kInterruptedCode)
        ++tally.interrupted, ++tally.left;
      else
        ++tally.failed;
      log.info("{}: {} ({:.0f} s, {:.0f} MB){}{}", item.item.name,
               end.check == Check::kDone      ? "done"
               : end.check == Check::kNothing ? "nothing to do"
               : end.code < 0                 ? fmt::format("ended by signal {}", -end.code)
                                              : fmt::format("exit code {}", end.code),
               end.wall_seconds, end.peak_mb, end.reason.empty() ? "" : ": ", end.reason);
    }
  }
  tally.left += static_cast<std::int64_t>(work.size());
  return tally;
}

}  // namespace brickline
