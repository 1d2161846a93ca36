#include "core/campaign/submit.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

constexpr int kMostTasksOfAnArray = 1000;  // whose words go into one directory

double task_seconds_of(const Site& site, const ClusterPartition& partition) {
  constexpr double kMinute = 60;
  const double wanted = kMinute * site.task_minutes;
  return partition.time_seconds > 0 ? std::min(wanted, partition.time_seconds) : wanted;
}

// What of a task's time is for items: it is told to end before, and a minute of Slurm's is not exact.
double working_seconds(const Site& site, double task_seconds) {
  constexpr double kLeast = 0.25;
  return std::max(kLeast * task_seconds, task_seconds - site.signal_seconds);
}

int tasks_in_queue(const PlanSession& session) {
  int tasks = 0;
  for (const int number : session.manifest().open_rounds)
    if (const Round round = read_round(session.plan(), number); round.engine == Engine::kSlurm)
      tasks += round.tasks;
  return tasks;
}

std::filesystem::path script_file(const PlanFiles& plan, const Round& round, const Job& job) {
  return plan.round(round.number) / fmt::format("slurm-{:06}.sh", job.first_task);
}

}  // namespace

PreparedRound prepare_round(PlanSession& session, const Site& site, const Cluster& cluster,
                            const std::string& program) {
  PreparedRound out;
  Manifest& manifest = session.manifest();
  const std::vector<std::int64_t>& classes = session.run().settings().classes_mb;
  std::vector<const ClusterPartition*> partitions;
  for (const std::int64_t mb : classes)
    partitions.push_back(choose_partition(cluster, site, mb + kTaskOverheadMb));

  // Bundles of each class that has a partition, with its time; the dearest classes first.
  const int room = std::min(site.most_tasks, cluster.max_job_count / 2) - tasks_in_queue(session);
  std::vector<Item> candidates = manifest.items;
  for (Item& item : candidates)
    if (item.state == ItemState::kWaiting && !partitions[static_cast<std::size_t>(item.memory_class)]) {
      item.state = ItemState::kQueued;  // not to be bundled
      ++out.without_partition;
    }
  double longest = 0;
  for (const ClusterPartition* p : partitions)
    if (p) longest = std::max(longest, task_seconds_of(site, *p));
  BundleRules rules;
  rules.threads = site.cpus_per_task;
  rules.cpu_factor = fit_costs(manifest.items).cpu;
  rules.task_seconds = working_seconds(site, longest);
  for (const ClusterPartition* p : partitions)
    if (p)
      rules.task_seconds = std::min(rules.task_seconds, working_seconds(site, task_seconds_of(site, *p)));
  rules.most_bundles = std::max(0, room);
  rules.most_items = site.items_per_task;
  out.bundles = make_bundles(candidates, rules);
  std::int64_t bundled = 0, waiting = 0;
  for (const Bundle& bundle : out.bundles) bundled += std::ssize(bundle.rows);
  for (const Item& item : candidates) waiting += item.state == ItemState::kWaiting;
  out.left = waiting - bundled;
  if (out.bundles.empty()) return out;

  if (cluster.max_array_size < 1)
    throw input_error(
        "the cluster has no arrays of jobs (MaxArraySize): its tasks are to be called by other means (survey hand-out)");
  out.round = session.begin_round(Engine::kSlurm, out.bundles, longest, site.cpus_per_task);
  const int most = std::min(cluster.max_array_size, kMostTasksOfAnArray);
  for (std::size_t begin = 0; begin < out.bundles.size();) {
    const int memory_class = out.bundles[begin].memory_class;
    std::size_t end = begin;
    while (end < out.bundles.size() && out.bundles[end].memory_class == memory_class &&
           static_cast<int>(end - begin) < most)
      ++end;
    const ClusterPartition& partition = *partitions[static_cast<std::size_t>(memory_class)];
    Job job;
    job.name = job_name(session.plan(), out.round.number, fmt::format("{}", begin));
    job.partition = partition.name;
    job.memory_class = memory_class;
    job.first_task = static_cast<int>(begin);
    job.tasks = static_cast<int>(end - begin);
    job.task_seconds = task_seconds_of(site, partition);
    out.scripts.push_back(array_script(session.plan(), program, site, out.round, job,
                                       classes[static_cast<std::size_t>(memory_class)],
                                       task_seconds_of(site, partition)));
    out.round.jobs.push_back(std::move(job));
    begin = end;
  }
  return out;
}

std::string submit_round(PlanSession& session, PreparedRound prepared, const Site& site,
                         const Cluster& cluster, const CommandRunner& run, const std::string& program,
                         double patience_seconds) {
  const PlanFiles& plan = session.plan();
  Round& round = prepared.round;
  make_directories(plan.round(round.number));
  write_bundles(plan, round.number, prepared.bundles, session.manifest().items, session.run().settings());
  for (std::size_t i = 0; i < round.jobs.size(); ++i) {
    make_directories(array_output(plan, round, round.jobs[i]).parent_path());
    write_file_atomically(script_file(plan, round, round.jobs[i]), prepared.scripts[i]);
  }
  write_round(plan, round);
  session.save();
  int tasks = 0;
  std::string trouble;
  for (Job& job : round.jobs) {
    try {
      job.id = submit_script(run, script_file(plan, round, job), job.name, patience_seconds);
    } catch (const Error& error) {
      if (tasks == 0) throw;  // nothing is submitted
      // Those that are need someone to look at them; the items of the others wait for the next round.
      trouble = fmt::format("not all arrays are submitted: {}\n", error.line());
      break;
    }
    tasks += job.tasks;
    write_round(plan, round);
  }
  const ClusterPartition* partition = choose_partition(cluster, site, 0);
  if (!partition)
    throw resource_error("no partition is up for the job that looks at the round")
        .in_file(plan.root.string());
  const std::filesystem::path script = plan.round(round.number) / "advance.sh";
  write_file_atomically(script, advance_script(plan, program, site, round, *partition));
  round.advance_job = submit_script(run, script, job_name(plan, round.number, "advance"), patience_seconds);
  write_round(plan, round);
  std::string text = fmt::format("round {}: {} tasks in {} arrays are submitted (jobs", round.number, tasks,
                                 round.jobs.size());
  for (const Job& job : round.jobs)
    if (job.id > 0) text += fmt::format(" {}", job.id);
  text += fmt::format("), and job {} that looks at them afterwards\n", round.advance_job);
  text += trouble;
  if (prepared.left > 0) text += fmt::format("{} items wait for a later round\n", prepared.left);
  return text;
}

std::string why_not_over(const PlanFiles& plan, const Round& round, const CommandRunner& run) {
  const auto queued = queued_jobs(run);
  if (!queued) return "Slurm does not answer whether its jobs are queued";
  Round found = round;
  std::string why;
  for (Job& job : found.jobs)
    for (const QueuedJob& q : *queued) {
      if (job.id == 0 && q.name == job.name) job.id = q.id;
      if ((job.id == q.id || job.name == q.name) && why.empty())
        why = fmt::format("job {} is queued or runs", q.id);
    }
  if (found.jobs.size() == round.jobs.size() &&
      !std::equal(found.jobs.begin(), found.jobs.end(), round.jobs.begin(),
                  [](const Job& a, const Job& b) { return a.id == b.id; }))
    write_round(plan, found);
  return why;
}

std::string cancel_pending(const PlanFiles& plan, const CommandRunner& run) {
  const Manifest manifest = read_manifest(plan.manifest());
  std::string text;
  for (const int number : manifest.open_rounds) {
    const Round round = read_round(plan, number);
    if (round.engine != Engine::kSlurm) continue;
    for (const Job& job : round.jobs) {
      if (job.id == 0) continue;
      const CommandResult result = run({"scancel", "--state=PENDING", std::to_string(job.id)});
      text += result.code == 0 ? fmt::format("job {}: what had not begun is taken out of the queue\n", job.id)
                               : fmt::format("job {}: scancel: {}\n", job.id, result.err);
    }
  }
  return text;
}

}  // namespace brickline
