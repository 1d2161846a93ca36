#include "core/campaign/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kEngines[] = {"local", "slurm", "tasks"};

std::filesystem::path record_file(const PlanFiles& plan, int round) {
  return plan.round(round) / "round.json";
}
std::filesystem::path bundles_file(const PlanFiles& plan, int round, int bundle) {
  return plan.task_directory(round, bundle) / "bundles.jsonl";
}

}  // namespace

std::string_view engine_name(Engine engine) { return kEngines[static_cast<int>(engine)]; }

double Round::seconds_of(int task) const {
  for (const Job& job : jobs)
    if (task >= job.first_task && task < job.first_task + job.tasks && job.task_seconds > 0)
      return job.task_seconds;
  return task_seconds;
}

void write_round(const PlanFiles& plan, const Round& r) {
  Json jobs = Json::array();
  for (const Job& j : r.jobs)
    jobs.push_back({{"id", j.id},
                    {"name", j.name},
                    {"partition", j.partition},
                    {"memory_class", j.memory_class},
                    {"first_task", j.first_task},
                    {"tasks", j.tasks},
                    {"task_seconds", j.task_seconds}});
  const Json json = {{"round", r.number},
                     {"engine", engine_name(r.engine)},
                     {"tasks", r.tasks},
                     {"threads", r.threads},
                     {"task_seconds", r.task_seconds},
                     {"began", r.began},
                     {"advance_job", r.advance_job},
                     {"jobs", jobs}};
  write_file_atomically(record_file(plan, r.number), json.dump(1) + "\n");
}

Round read_round(const PlanFiles& plan, int number) {
  const std::filesystem::path file = record_file(plan, number);
  std::ifstream in(file);
  if (!in) throw input_error("there is no round {}", number).in_file(file.string());
  Round r;
  try {
    const Json json = Json::parse(in);
    r.number = json.at("round");
    const auto engine =
        std::find(std::begin(kEngines), std::end(kEngines), json.at("engine").get<std::string>());
    if (engine == std::end(kEngines)) throw input_error("an engine that is not known").in_file(file.string());
    r.engine = static_cast<Engine>(engine - std::begin(kEngines));
    r.tasks = json.at("tasks");
    r.threads = json.at("threads");
    r.task_seconds = json.at("task_seconds");
    r.began = json.at("began");
    r.advance_job = json.at("advance_job");
    for (const Json& j : json.at("jobs"))
      r.jobs.push_back({j.at("id"), j.at("name"), j.at("partition"), j.at("memory_class"), j.at("first_task"),
                        j.at("tasks"), j.value("task_seconds", 0.0)});
  } catch (const nlohmann::json::exception& e) {
    throw input_error("it cannot be used: {}", e.what()).in_file(file.string());
  }
  return r;
}

std::vector<Bundle> make_bundles(const std::vector<Item>& items, const BundleRules& rules) {
  std::vector<std::int64_t> rows;
  const std::int32_t phase = current_phase(items);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].state == ItemState::kWaiting && items[i].phase == phase)
      rows.push_back(static_cast<std::int64_t>(i));
  const auto item = [&](std::int64_t row) -> const Item& { return items[static_cast<std::size_t>(row)]; };
  std::sort(rows.begin(), rows.end(), [&](std::int64_t a, std::int64_t b) {
    const Item &x = item(a), &y = item(b);
    if (x.memory_class != y.memory_class) return x.memory_class > y.memory_class;
    if (x.cpu_predicted_seconds != y.cpu_predicted_seconds)
      return x.cpu_predicted_seconds > y.cpu_predicted_seconds;
    return a < b;
  });
  std::vector<Bundle> bundles;
  for (const std::int64_t row : rows) {
    const Item& next = item(row);
    const double seconds = rules.cpu_factor * next.cpu_predicted_seconds / std::max(1, rules.threads);
    const bool fresh = bundles.empty() || bundles.back().memory_class != next.memory_class ||
                       bundles.back().predicted_seconds + seconds > rules.task_seconds ||
                       static_cast<std::int64_t>(bundles.back().rows.size()) >= rules.most_items;
    if (fresh) {
      if (static_cast<int>(bundles.size()) >= rules.most_bundles) break;
      bundles.push_back({static_cast<int>(bundles.size()), next.memory_class, 0, {}});
    }
    bundles.back().predicted_seconds += seconds;
    bundles.back().rows.push_back(row);
  }
  return bundles;
}

void write_bundles(const PlanFiles& plan, int round, const std::vector<Bundle>& bundles,
                   const std::vector<Item>& items, const CampaignSettings& settings) {
  std::string text;
  for (std::size_t b = 0; b < bundles.size(); ++b) {
    const Bundle& bundle = bundles[b];
    Json list = Json::array();
    for (const std::int64_t row : bundle.rows) {
      const Item& item = items[static_cast<std::size_t>(row)];
      list.push_back({row, item.name, item.words, item.attempts + 1, item.bail_out, item.ccds});
    }
    const std::int64_t memory = settings.classes_mb.at(static_cast<std::size_t>(bundle.memory_class));
    text += Json{{"bundle", bundle.number}, {"memory_mb", memory}, {"items", list}}.dump() + "\n";
    if (b + 1 < bundles.size() && (b + 1) % kTasksPerDirectory != 0) continue;
    write_file_atomically(bundles_file(plan, round, static_cast<int>(b)), text);
    text.clear();
  }
}

std::vector<WorkItem> read_bundle(const PlanFiles& plan, int round, int bundle) {
  const std::filesystem::path file = bundles_file(plan, round, bundle);
  std::ifstream in(file);
  if (!in) throw input_error("round {} has no bundle {}", round, bundle).in_file(file.string());
  std::string line;
  for (int i = 0; i <= bundle % kTasksPerDirectory; ++i)
    if (!std::getline(in, line))
      throw input_error("round {} has no bundle {}", round, bundle).in_file(file.string());
  std::vector<WorkItem> work;
  try {
    const Json json = Json::parse(line);
    for (const Json& fields : json.at("items")) {
      WorkItem w;
      w.row = fields.at(0);
      w.item.name = fields.at(1);
      w.item.words = fields.at(2);
      w.attempt = fields.at(3);
      w.item.bail_out = fields.at(4);
      w.item.ccds = fields.at(5);
      w.memory_mb = json.at("memory_mb");
      work.push_back(std::move(w));
    }
  } catch (const nlohmann::json::exception& e) {
    throw input_error("line {}: {}", bundle % kTasksPerDirectory + 1, e.what()).in_file(file.string());
  }
  return work;
}

}  // namespace brickline
