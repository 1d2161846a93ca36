#include "core/campaign/slurm.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <sstream>
#include <thread>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

constexpr double kMebibyte = 1048576e-6;  // in 10^6 bytes

std::string asked(const CommandRunner& run, const std::vector<std::string>& words) {
  CommandResult result = run(words);
  if (result.code == 0) return std::move(result.out);
  while (!result.err.empty() && result.err.back() == '\n') result.err.pop_back();
  throw resource_error("{}: {}", words[0],
                       result.err.empty() ? fmt::format("exit code {}", result.code) : result.err);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr == text.data()) return {};
  return value;  // "300+": at least so much
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) out.push_back(part);
  return out;
}

// KEY=VALUE of a line of words.
std::optional<std::string> value_of(const std::string& line, const std::string& key) {
  for (const std::string& word : split(line, ' '))
    if (word.starts_with(key + "=")) return word.substr(key.size() + 1);
  return {};
}

std::string time_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::ceil(seconds / 60 - 1e-9));
  return fmt::format("{}", std::max<std::int64_t>(1, minutes));
}

std::int64_t mebibytes(std::int64_t megabytes) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(megabytes) / kMebibyte));
}

// A word as a shell takes it.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string script_head(const Site& site, const std::string& name, const std::string& partition) {
  std::string text = "#!/bin/bash\n";
  const auto directive = [&](const std::string& words) { text += "#SBATCH " + words + "\n"; };
  directive("--job-name=" + name);
  directive("--partition=" + partition);
  if (!site.account.empty()) directive("--account=" + site.account);
  if (!site.qos.empty()) directive("--qos=" + site.qos);
  if (!site.constraint.empty()) directive("--constraint=" + site.constraint);
  directive("--nodes=1");
  directive("--ntasks=1");
  directive("--open-mode=append");
  directive(site.requeue ? "--requeue" : "--no-requeue");
  return text;
}

std::string script_tail(const Site& site) {
  std::string text;
  for (const std::string& words : site.directives) text += "#SBATCH " + words + "\n";
  for (const std::string& line : site.setup) text += line + "\n";
  if (!site.scratch.empty()) text += "export TMPDIR=" + quoted(site.scratch) + "\n";
  return text;
}

// Whether sbatch may be asked again: it was not refused, nobody answered.
bool is_silence(const std::string& words) {
  for (const char* sign : {"Unable to contact slurm controller", "Socket timed out", "Connection refused",
                           "Zero Bytes were transmitted", "Connection reset", "Transport endpoint",
                           "temporarily", "Slurm backup controller", "Unable to connect", "timed out"})
    if (words.find(sign) != std::string::npos) return true;
  return false;
}

}  // namespace

std::optional<double> slurm_seconds(std::string_view text) {
  if (text == "infinite" || text == "UNLIMITED" || text == "NONE") return 0;
  double days = 0;
  bool has_days = false;
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    const auto value = whole_number(text.substr(0, dash));
    if (!value) return {};
    days = static_cast<double>(*value);
    has_days = true;
    text.remove_prefix(dash + 1);
  }
  std::vector<double> parts;
  for (const std::string& part : split(std::string(text), ':')) {
    const auto value = whole_number(part);
    if (!value) return {};
    parts.push_back(static_cast<double>(*value));
  }
  constexpr double kDay = 86400, kHour = 3600, kMinute = 60;
  if (parts.empty() || parts.size() > 3) return {};
  // D-H, D-H:M, D-H:M:S; M, M:S, H:M:S
  if (has_days || parts.size() == 3) {
    parts.resize(3);
    return days * kDay + parts[0] * kHour + parts[1] * kMinute + parts[2];
  }
  parts.resize(2);
  return parts[0] * kMinute + parts[1];
}

Cluster ask_cluster(const CommandRunner& run) {
  Cluster cluster;
  for (const std::string& line : split(asked(run, {"scontrol", "show", "config"}), '\n')) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, line.find(' '));
    const auto value = whole_number(line.substr(equals + 3));
    if (key == "MaxArraySize" && value) cluster.max_array_size = static_cast<int>(*value);
    if (key == "MaxJobCount" && value) cluster.max_job_count = static_cast<int>(*value);
  }
  std::map<std::string, std::size_t> places;
  for (const std::string& line :
       split(asked(run, {"sinfo", "--noheader", "--format=%R|%a|%l|%m|%c"}), '\n')) {
    const std::vector<std::string> fields = split(line, '|');
    if (fields.size() != 5) continue;
    const auto [place, fresh] = places.emplace(fields[0], cluster.partitions.size());
    if (fresh) cluster.partitions.push_back({fields[0]});
    ClusterPartition& p = cluster.partitions[place->second];
    p.is_up = fields[1] == "up";
    p.time_seconds = slurm_seconds(fields[2]).value_or(0);
    p.memory_mb = std::max(
        p.memory_mb,
        static_cast<std::int64_t>(static_cast<double>(whole_number(fields[3]).value_or(0)) * kMebibyte));
    p.cpus = std::max(p.cpus, static_cast<int>(whole_number(fields[4]).value_or(0)));
  }
  for (const std::string& line : split(asked(run, {"scontrol", "show", "partition", "--oneliner"}), '\n')) {
    const auto name = value_of(line, "PartitionName"), memory = value_of(line, "MaxMemPerNode");
    if (!name || !memory || !places.contains(*name)) continue;
    if (const auto mib = whole_number(*memory)) {
      ClusterPartition& p = cluster.partitions[places[*name]];
      p.memory_mb = std::min(p.memory_mb, static_cast<std::int64_t>(static_cast<double>(*mib) * kMebibyte));
    }
  }
  return cluster;
}

const ClusterPartition* choose_partition(const Cluster& cluster, const Site& site, std::int64_t memory_mb) {
  const ClusterPartition* chosen = nullptr;
  for (const ClusterPartition& p : cluster.partitions) {
    if (!site.partitions.empty() && std::ranges::count(site.partitions, p.name) == 0) continue;
    if (!p.is_up || p.memory_mb < memory_mb) continue;
    if (!chosen || p.memory_mb < chosen->memory_mb) chosen = &p;
  }
  return chosen;
}

std::filesystem::path array_output(const PlanFiles& plan, const Round& round, const Job& job) {
  return plan.round(round.number) / fmt::format("slurm-{:06}", job.first_task) / "%a.out";
}

namespace {

// A directory at the beginning of a name that Slurm puts words into, behind an open quote.
std::string output_pattern(const std::filesystem::path& directory) {
  std::string out = "\"";
  for (const char c : directory.string()) out += c == '%' ? std::string("%%") : std::string(1, c);
  return out;
}

}  // namespace

std::string array_script(const PlanFiles& plan, const std::string& program, const Site& site,
                         const Round& round, const Job& job, std::int64_t memory_mb, double time_seconds) {
  std::string text = script_head(site, job.name, job.partition);
  const auto directive = [&](const std::string& words) { text += "#SBATCH " + words + "\n"; };
  directive(fmt::format("--array=0-{}", job.tasks - 1));
  directive(fmt::format("--cpus-per-task={}", site.cpus_per_task));
  directive(fmt::format("--mem={}M", mebibytes(memory_mb + kTaskOverheadMb)));
  directive("--time=" + time_text(time_seconds));
  const int most_signal = static_cast<int>(time_seconds / 2);  // items are to have some of the time
  directive(fmt::format("--signal=B:USR1@{}", std::clamp(site.signal_seconds, 1, std::max(1, most_signal))));
  if (!site.licenses.empty()) directive("--licenses=" + site.licenses);
  directive("--output=" + output_pattern(array_output(plan, round, job).parent_path()) + "/%a.out\"");
  text += script_tail(site);
  text += fmt::format("exec {} task {} --round {} --index $(({} + SLURM_ARRAY_TASK_ID)) --threads {}\n",
                      quoted(program), quoted(plan.root.string()), round.number, job.first_task,
                      site.cpus_per_task);
  return text;
}

std::string advance_script(const PlanFiles& plan, const std::string& program, const Site& site,
                           const Round& round, const ClusterPartition& partition) {
  std::string text = script_head(site, job_name(plan, round.number, "advance"), partition.name);
  const auto directive = [&](const std::string& words) { text += "#SBATCH " + words + "\n"; };
  std::string ids;
  for (const Job& job : round.jobs)
    if (job.id > 0) ids += fmt::format(":{}", job.id);
  directive("--dependency=afterany" + ids);
  directive("--cpus-per-task=1");
  directive(fmt::format("--mem={}M",
                        mebibytes(std::min<std::int64_t>(site.advance_memory_mb, partition.memory_mb))));
  constexpr double kHalfAnHour = 1800;
  directive("--time=" + time_text(partition.time_seconds > 0 ? std::min(kHalfAnHour, partition.time_seconds)
                                                             : kHalfAnHour));
  directive("--output=" + output_pattern(plan.round(round.number)) + "/advance.out\"");
  text += script_tail(site);
  text += fmt::format("exec {} advance {} --after {} --wait\n", quoted(program), quoted(plan.root.string()),
                      round.number);
  return text;
}

std::int64_t submit_script(const CommandRunner& run, const std::filesystem::path& script,
                           const std::string& name, double patience_seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(patience_seconds);
  auto pause = std::chrono::milliseconds(500);
  while (true) {
    const CommandResult result = run({"sbatch", "--parsable", script.string()});
    if (result.code == 0) {
      if (const auto id = whole_number(result.out); id && *id > 0) return *id;
      throw resource_error("sbatch said '{}', which is no job's number", result.out).in_file(script.string());
    }
    if (!is_silence(result.err)) throw input_error("sbatch: {}", result.err).in_file(script.string());
    if (Clock::now() > until) throw resource_error("sbatch: {}", result.err).in_file(script.string());
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(10'000));
    // Perhaps it was heard, and only the answer was lost.
    if (const auto jobs = queued_jobs(run))
      for (const QueuedJob& job : *jobs)
        if (job.name == name) return job.id;
  }
}

std::optional<std::vector<QueuedJob>> queued_jobs(const CommandRunner& run) {
  const CommandResult result =
      run({"squeue", "--noheader", fmt::format("--user={}", ::getuid()), "--format=%F %j"});
  if (result.code != 0) return {};
  std::vector<QueuedJob> jobs;
  for (const std::string& line : split(result.out, '\n')) {
    const auto blank = line.find(' ');
    const auto id = whole_number(line.substr(0, blank));
    if (id && blank != std::string::npos) jobs.push_back({*id, line.substr(blank + 1)});
  }
  return jobs;
}

std::string job_name(const PlanFiles& plan, int round, std::string_view what) {
  constexpr std::size_t kDigits = 8;
  return fmt::format("survey-{}-{}-{}", sha256_hex(plan.root.string()).substr(0, kDigits), round, what);
}

}  // namespace brickline
