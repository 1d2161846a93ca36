#include "core/campaign/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/journal.h"
#include "core/campaign/session.h"

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kReasonsTold = 30, kSlowestTold = 10;

// Reasons that differ in numbers and names alone are one.
std::string without_numbers(const std::string& reason) {
  std::string out;
  for (std::size_t i = 0; i < reason.size(); ++i) {
    const char c = reason[i];
    if (c == '/') {  // a path
      out += "/...";
      while (i + 1 < reason.size() && !std::isspace(static_cast<unsigned char>(reason[i + 1])) &&
             reason[i + 1] != ':')
        ++i;
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
      out += '#';
      while (i + 1 < reason.size() && std::isdigit(static_cast<unsigned char>(reason[i + 1]))) ++i;
    } else {
      out += c;
    }
  }
  return out;
}

Summary summarize(const Manifest& m, const CampaignSettings& settings) {
  Summary s;
  s.sequence = m.sequence;
  s.total = std::ssize(m.items);
  s.open_rounds = m.open_rounds;
  const CostFactors factors = fit_costs(m.items);
  s.cpu_factor = factors.cpu;
  s.memory_factor = factors.memory;
  for (const std::int64_t mb : settings.classes_mb) s.classes.push_back({mb, {}, 0, 0});
  std::unordered_map<std::string, ReasonSummary> reasons;
  std::vector<const Item*> slow;
  for (const Item& item : m.items) {
    const int state = static_cast<int>(item.state);
    ++s.items[state];
    if (settings.kind == PlanKind::kCcds) {
      s.ccds += item.ccds;
      if (item.state == ItemState::kDone) s.ccds_done += item.ccds;
    }
    s.cpu_seconds += item.cpu_seconds;
    if (!is_settled(item.state)) s.cpu_seconds_left += factors.cpu * item.cpu_predicted_seconds;
    ClassSummary& c = s.classes[std::min(static_cast<std::size_t>(item.memory_class), s.classes.size() - 1)];
    ++c.items[state];
    if (item.state == ItemState::kDone) {
      c.peak_mb = std::max<double>(c.peak_mb, item.peak_mb);
      c.wall_seconds += item.wall_seconds;
    }
    if (!item.reason.empty()) {
      const std::string reason = without_numbers(item.reason);
      ReasonSummary& r = reasons[std::string(state_name(item.state)) + reason];
      if (r.items++ == 0) {
        r.state = state_name(item.state);
        r.reason = reason;
        r.example = item.name;
      }
    }
    if (item.cpu_seconds > 0) slow.push_back(&item);
  }
  for (ClassSummary& c : s.classes)
    if (const auto done = c.items[static_cast<int>(ItemState::kDone)]; done > 0)
      c.wall_seconds /= static_cast<double>(done);
  for (auto& [key, reason] : reasons) s.reasons.push_back(std::move(reason));
  std::sort(s.reasons.begin(), s.reasons.end(), [](const ReasonSummary& a, const ReasonSummary& b) {
    return a.items != b.items ? a.items > b.items : a.example < b.example;
  });
  if (s.reasons.size() > kReasonsTold) s.reasons.resize(kReasonsTold);
  const auto told = static_cast<std::ptrdiff_t>(std::min(slow.size(), kSlowestTold));
  std::partial_sort(slow.begin(), slow.begin() + told, slow.end(),
                    [](const Item* a, const Item* b) { return a->cpu_seconds > b->cpu_seconds; });
  for (std::ptrdiff_t i = 0; i < told; ++i) s.slowest.push_back({slow[i]->name, slow[i]->cpu_seconds});
  return s;
}

Json states_json(const std::int64_t (&items)[kItemStates]) {
  Json out = Json::object();
  for (int i = 0; i < kItemStates; ++i) out[std::string(state_name(static_cast<ItemState>(i)))] = items[i];
  return out;
}

void read_states(const Json& json, std::int64_t (&items)[kItemStates]) {
  for (int i = 0; i < kItemStates; ++i)
    items[i] = json.at(std::string(state_name(static_cast<ItemState>(i))));
}

Json to_json(const Summary& s) {
  Json classes = Json::array(), reasons = Json::array(), slowest = Json::array(), read = Json::array();
  for (const ClassSummary& c : s.classes)
    classes.push_back({{"memory_mb", c.memory_mb},
                       {"items", states_json(c.items)},
                       {"peak_mb", c.peak_mb},
                       {"wall_seconds", c.wall_seconds}});
  for (const ReasonSummary& r : s.reasons)
    reasons.push_back({{"state", r.state}, {"reason", r.reason}, {"items", r.items}, {"example", r.example}});
  for (const Summary::Slow& w : s.slowest)
    slowest.push_back({{"name", w.name}, {"cpu_seconds", w.cpu_seconds}});
  for (const auto& [task, bytes] : s.journals.bytes) read.push_back({task.first, task.second, bytes});
  return {{"sequence", s.sequence},
          {"total", s.total},
          {"items", states_json(s.items)},
          {"ccds", s.ccds},
          {"ccds_done", s.ccds_done},
          {"cpu_seconds", s.cpu_seconds},
          {"cpu_seconds_left", s.cpu_seconds_left},
          {"cpu_factor", s.cpu_factor},
          {"memory_factor", s.memory_factor},
          {"classes", classes},
          {"reasons", reasons},
          {"slowest", slowest},
          {"open_rounds", s.open_rounds},
          {"running", s.journals.running},
          {"journals_read", read}};
}

std::string hours(double seconds) { return fmt::format("{:.1f} h", seconds / 3600); }

}  // namespace

void write_summary(const PlanFiles& plan, const Manifest& manifest, const CampaignSettings& settings,
                   const JournalsRead& journals) {
  Summary s = summarize(manifest, settings);
  s.journals = journals;
  write_file_atomically(plan.summary(), to_json(s).dump(1) + "\n");
}

Summary read_summary(const PlanFiles& plan) {
  std::ifstream in(plan.summary());
  if (!in) throw input_error("it is not there: survey advance writes it").in_file(plan.summary().string());
  Summary s;
  try {
    const Json json = Json::parse(in);
    s.sequence = json.at("sequence");
    s.total = json.at("total");
    read_states(json.at("items"), s.items);
    s.ccds = json.at("ccds");
    s.ccds_done = json.at("ccds_done");
    s.cpu_seconds = json.at("cpu_seconds");
    s.cpu_seconds_left = json.at("cpu_seconds_left");
    s.cpu_factor = json.at("cpu_factor");
    s.memory_factor = json.at("memory_factor");
    for (const Json& c : json.at("classes")) {
      ClassSummary& out = s.classes.emplace_back();
      out.memory_mb = c.at("memory_mb");
      read_states(c.at("items"), out.items);
      out.peak_mb = c.at("peak_mb");
      out.wall_seconds = c.at("wall_seconds");
    }
    for (const Json& r : json.at("reasons"))
      s.reasons.push_back({r.at("state"), r.at("reason"), r.at("items"), r.at("example")});
    for (const Json& w : json.at("slowest")) s.slowest.push_back({w.at("name"), w.at("cpu_seconds")});
    s.open_rounds = json.at("open_rounds").get<std::vector<int>>();
    s.journals.running = json.at("running");
    for (const Json& r : json.at("journals_read")) s.journals.bytes[{r.at(0), r.at(1)}] = r.at(2);
  } catch (const nlohmann::json::exception& e) {
    throw input_error("it cannot be used: {}", e.what()).in_file(plan.summary().string());
  }
  return s;
}

Since since_summary(const PlanFiles& plan, const Summary& summary) {
  Since since;
  since.running = summary.journals.running;
  for (const int number : summary.open_rounds) {
    const Round round = read_round(plan, number);
    for (int task = 0; task < round.tasks; ++task) {
      const std::filesystem::path journal = plan.task(number, task).string() + ".journal";
      const JournalSums now = journal_sums(journal);
      const auto read = summary.journals.bytes.find({number, task});
      const JournalSums known =
          read == summary.journals.bytes.end() ? JournalSums() : journal_sums(journal, read->second);
      since.running += now.begun - known.begun - (now.ended() - known.ended());
      since.done += now.done - known.done;
      since.nothing += now.nothing - known.nothing;
      since.failed += now.failed - known.failed;
      since.interrupted += now.interrupted - known.interrupted;
      since.cpu_seconds += now.cpu_seconds - known.cpu_seconds;
    }
  }
  since.running = std::max<std::int64_t>(0, since.running);
  return since;
}

std::string status_text(const PlanFiles& plan, const Summary& s, const Since& since) {
  const auto items = [&](ItemState state) { return s.items[static_cast<int>(state)]; };
  const std::int64_t done = items(ItemState::kDone) + since.done,
                     nothing = items(ItemState::kNothing) + since.nothing;
  std::string out = fmt::format("{}: {} items", plan.root.string(), s.total);
  if (s.ccds > 0) out += fmt::format(", {} CCDs, {} of them in items that are done", s.ccds, s.ccds_done);
  out += '\n';
  const double share = s.total > 0 ? 100. / static_cast<double>(s.total) : 0;
  out += fmt::format("  done            {:>9}  {:5.1f} %\n", done, share * static_cast<double>(done));
  out += fmt::format("  nothing to do   {:>9}  {:5.1f} %\n", nothing, share * static_cast<double>(nothing));
  out += fmt::format("  given up        {:>9}\n", items(ItemState::kGivenUp));
  out += fmt::format("  queued          {:>9}  {} running\n",
                     items(ItemState::kQueued) - since.done - since.nothing, since.running);
  out += fmt::format("  waiting         {:>9}\n", items(ItemState::kWaiting));
  if (since.failed + since.interrupted > 0)
    out += fmt::format("  ended since, to be looked at by the next advance: {} failed, {} interrupted\n",
                       since.failed, since.interrupted);
  out += fmt::format("CPU time: {} used, {} left (predictions times {:.2f}; memory times {:.2f})\n",
                     hours(s.cpu_seconds + since.cpu_seconds), hours(s.cpu_seconds_left), s.cpu_factor,
                     s.memory_factor);
  out += "memory class     items      done  given up   peak MB   mean s\n";
  for (const ClassSummary& c : s.classes) {
    std::int64_t all = 0;
    for (const std::int64_t n : c.items) all += n;
    if (all == 0) continue;
    out += fmt::format("{:>9} MB {:>9} {:>9} {:>9} {:>9.0f} {:>8.1f}\n", c.memory_mb, all,
                       c.items[static_cast<int>(ItemState::kDone)],
                       c.items[static_cast<int>(ItemState::kGivenUp)], c.peak_mb, c.wall_seconds);
  }
  if (!s.reasons.empty()) out += "reasons\n";
  for (const ReasonSummary& r : s.reasons)
    out += fmt::format("{:>9}  {:<8}  {} (survey why {})\n", r.items, r.state, r.reason, r.example);
  if (const Control control = asked_control(plan); control != Control::kNone)
    out += control == Control::kStop ? "asked to stop\n" : "asked to end with what runs\n";
  return out;
}

std::string status_json(const PlanFiles& plan, const Summary& s, const Since& since) {
  Json json = to_json(s);
  json.erase("journals_read");
  json["since"] = {{"running", since.running},         {"done", since.done},
                   {"nothing", since.nothing},         {"failed", since.failed},
                   {"interrupted", since.interrupted}, {"cpu_seconds", since.cpu_seconds}};
  json["control"] = asked_control(plan) == Control::kStop    ? "stop"
                    : asked_control(plan) == Control::kDrain ? "drain"
                                                             : "";
  return json.dump(1) + "\n";
}

}  // namespace brickline
