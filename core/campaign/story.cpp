#include "core/campaign/story.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <sstream>
#include <vector>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/campaign/frozen_run.h"
#include "core/campaign/journal.h"
#include "core/campaign/manifest.h"
#include "core/campaign/rounds.h"
#include "core/campaign/slurm.h"

namespace brickline {
namespace {

std::string time_text(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string log_part(const std::filesystem::path& log, std::int64_t begin, std::int64_t end, int most,
                     const std::string& before = "      | ") {
  std::ifstream in(log, std::ios::binary);
  in.seekg(begin);
  std::deque<std::string> lines;
  std::int64_t at = begin;
  for (std::string line; (end < 0 || at < end) && std::getline(in, line);) {
    at += std::ssize(line) + 1;
    lines.push_back(line);
    if (most > 0 && std::ssize(lines) > most) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += before + line + "\n";
  return text;
}

// What the batch system has said of a task; empty: there is none.
std::filesystem::path batch_output(const PlanFiles& plan, const Round& round, int task) {
  for (const Job& job : round.jobs)
    if (task >= job.first_task && task < job.first_task + job.tasks)
      return array_output(plan, round, job).parent_path() / fmt::format("{}.out", task - job.first_task);
  return {};
}

std::string end_text(const Event& e) {
  const std::string how = e.check == Check::kDone      ? "done, verified"
                          : e.check == Check::kNothing ? "nothing to do"
                          : e.code < 0                 ? fmt::format("ended by signal {}", -e.code)
                                                       : fmt::format("exit code {}", e.code);
  return fmt::format("    {} {}: {:.1f} s, {:.1f} s of CPU time, {:.0f} MB{}{}\n", time_text(e.time), how,
                     e.wall_seconds, e.cpu_seconds, e.peak_mb, e.reason.empty() ? "" : ": ", e.reason);
}

}  // namespace

std::string story_of(const PlanFiles& plan, const std::string& name, int lines) {
  const Manifest manifest = read_manifest(plan.manifest());
  const auto found = std::find_if(manifest.items.begin(), manifest.items.end(),
                                  [&](const Item& item) { return item.name == name; });
  if (found == manifest.items.end()) {
    std::vector<std::string> names;
    for (const Item& item : manifest.items) names.push_back(item.name);
    const std::string nearest = nearest_name(name, names, 3);
    throw input_error("{} is no item of the plan{}", name,
                      nearest.empty() ? "" : "; did you mean " + nearest + "?")
        .in_file(plan.root.string());
  }
  const Item& item = *found;
  const FrozenRun run(plan);
  std::string text = fmt::format("{}: {}{}{}\n", item.name, state_name(item.state),
                                 item.reason.empty() ? "" : ": ", item.reason);
  if (run.settings().kind != PlanKind::kCommands)
    text += fmt::format("  RA {:.5f}, Dec {:+.5f}; {} CCDs\n", item.ra, item.dec, item.ccds);
  text += fmt::format("  predicted {:.0f} s of CPU time, {:.0f} MB\n", item.cpu_predicted_seconds,
                      item.memory_predicted_mb);
  text += fmt::format("  memory class {} ({} MB); {} attempts, {} failed\n", item.memory_class,
                      run.settings().classes_mb.at(static_cast<std::size_t>(item.memory_class)),
                      item.attempts, item.tries);
  std::string words;
  for (const std::string& word : run.command_line(item, 0, 0)) words += " " + word;
  text += fmt::format("  {}{}\n", run.settings().worker.string(), words);
  const auto row = found - manifest.items.begin();
  for (int number = 0; number < manifest.rounds; ++number) {
    const Round round = read_round(plan, number);
    for (int task = 0; task < round.tasks; ++task) {
      const std::filesystem::path files = plan.task(number, task);
      const std::vector<Event> events = read_journal(files.string() + ".journal").events;
      for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& began = events[i];
        if (began.row != row || began.name != name || began.ended) continue;
        const auto ended = std::find_if(
            events.begin() + static_cast<std::ptrdiff_t>(i), events.end(),
            [&](const Event& e) { return e.ended && e.row == row && e.attempt == began.attempt; });
        text += fmt::format("  attempt {}: round {}, {} {} on {}{}{}\n    {} began\n", began.attempt, number,
                            round.engine == Engine::kLocal ? "slot" : "task", task, began.host,
                            began.memory_mb > 0 ? fmt::format(", {} MB", began.memory_mb) : "",
                            began.bail_out ? ", to bail out" : "", time_text(began.time));
        text += log_part(files.string() + ".log", began.log_begin,
                         ended == events.end() ? -1 : ended->log_end, lines);
        text += ended == events.end() ? "    nobody has told how it ended\n" : end_text(*ended);
        if (ended == events.end()) text += log_part(batch_output(plan, round, task), 0, -1, lines);
      }
    }
  }
  return text;
}

std::string last_log_of(const PlanFiles& plan, const Manifest& manifest, std::int64_t row, int lines) {
  const Item& item = manifest.items[static_cast<std::size_t>(row)];
  if (item.round < 0) return {};
  const Round round = read_round(plan, item.round);
  const bool local = round.engine == Engine::kLocal;  // any of the slots
  for (int task = local ? 0 : item.bundle; task < (local ? round.tasks : item.bundle + 1); ++task) {
    const std::filesystem::path files = plan.task(item.round, task);
    std::int64_t begin = -1, end = -1;
    for (const Event& e : read_journal(files.string() + ".journal").events) {
      if (e.row != row) continue;
      if (!e.ended) begin = e.log_begin;
      end = e.ended ? e.log_end : -1;
    }
    if (begin >= 0) return log_part(files.string() + ".log", begin, end, lines, "");
  }
  return {};
}

}  // namespace brickline
