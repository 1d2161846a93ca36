#include "core/campaign/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"

namespace brickline {
namespace {

// One column of the table, and the member that it holds.
template <class T>
struct ColumnRow {
  const char* name;
  T Item::*member;
  const char* unit;
  const char* description;
  bool may_lack = false;  // in plans of before
};

template <class Visitor>
void for_each_column(Visitor&& visit) {
  visit(ColumnRow<std::string>{"brickname", &Item::name, "",
                               "of the item: a brick, an exposure, a part of a table"});
  visit(ColumnRow<std::string>{"words", &Item::words, "", "options of its own"});
  visit(ColumnRow<double>{"ra", &Item::ra, "deg", "centre"});
  visit(ColumnRow<double>{"dec", &Item::dec, "deg", "centre"});
  visit(ColumnRow<std::int32_t>{"phase", &Item::phase, "", "handed out once lower ones are settled", true});
  visit(ColumnRow<std::int32_t>{"ccds", &Item::ccds, "", "CCDs that touch it"});
  visit(ColumnRow<float>{"cpu_predicted", &Item::cpu_predicted_seconds, "s", "time of one core"});
  visit(ColumnRow<float>{"memory_predicted", &Item::memory_predicted_mb, "Mbyte", "10^6 bytes"});
  visit(ColumnRow<std::int32_t>{"memory_class", &Item::memory_class, "", "index of plan.toml's classes"});
  visit(ColumnRow<std::int32_t>{"round", &Item::round, "", "it was last handed out with; -1: none"});
  visit(ColumnRow<std::int32_t>{"bundle", &Item::bundle, "", "the task of that round"});
  visit(ColumnRow<std::int32_t>{"attempts", &Item::attempts, "", "times it was run"});
  visit(ColumnRow<std::int32_t>{"tries", &Item::tries, "", "times it failed"});
  visit(ColumnRow<std::int32_t>{"outlasted", &Item::outlasted, "", "tasks that it was longer than"});
  visit(ColumnRow<std::int32_t>{"lost", &Item::lost, "", "times it went with its task"});
  visit(ColumnRow<bool>{"bail_out", &Item::bail_out, "", "to end with the blobs that are fitted"});
  visit(
      ColumnRow<std::int32_t>{"exit_code", &Item::exit_code, "", "of the last attempt; negative: a signal"});
  visit(ColumnRow<float>{"cpu_seconds", &Item::cpu_seconds, "s", "used by all attempts"});
  visit(ColumnRow<float>{"wall_seconds", &Item::wall_seconds, "s", "that all attempts took"});
  visit(ColumnRow<float>{"peak_memory", &Item::peak_mb, "Mbyte", "greatest resident size of any attempt"});
  visit(ColumnRow<double>{"ended", &Item::ended, "s", "end of the last attempt, since 1970"});
  visit(ColumnRow<std::string>{"reason", &Item::reason, "", "why it is in this state"});
}

constexpr const char* kStateColumn = "state";
constexpr std::string_view kStateNames[kItemStates] = {"waiting", "queued", "done", "nothing", "given up"};

ItemState state_of(const std::string& name, const std::string& file) {
  for (int i = 0; i < kItemStates; ++i)
    if (kStateNames[i] == name) return static_cast<ItemState>(i);
  throw input_error("'{}' is no state of an item", name).in_file(file);
}

}  // namespace

std::string_view state_name(ItemState state) { return kStateNames[static_cast<int>(state)]; }

bool is_settled(ItemState state) { return state != ItemState::kWaiting && state != ItemState::kQueued; }

Manifest read_manifest(const std::filesystem::path& file) {
  fits::FitsReader reader(file);
  const fits::Header header = reader.header(1);
  Manifest m;
  try {
    m.sequence = header.require_integer("SEQUENCE");
    m.rounds = static_cast<int>(header.require_integer("ROUNDS"));
    std::istringstream open(header.text("OPENRNDS").value_or(""));
    for (int round = 0; open >> round;) m.open_rounds.push_back(round);
    fits::Table table = reader.table(1);
    m.items.resize(static_cast<std::size_t>(table.rows()));
    for_each_column([&]<class T>(const ColumnRow<T>& row) {
      fits::Column* column = table.find(row.name);
      if (!column && row.may_lack) return;
      auto* values = column ? std::get_if<std::vector<T>>(&column->data) : nullptr;
      if (!values) throw input_error("the column {} is missing, or of another type", row.name);
      for (std::size_t i = 0; i < m.items.size(); ++i) m.items[i].*row.member = std::move((*values)[i]);
    });
    const auto* states = std::get_if<std::vector<std::string>>(&table.require(kStateColumn).data);
    if (!states) throw input_error("the column {} is of another type", kStateColumn);
    for (std::size_t i = 0; i < m.items.size(); ++i) m.items[i].state = state_of((*states)[i], file.string());
  } catch (Error& error) {
    throw error.in_file(file.string());
  }
  return m;
}

std::int64_t manifest_sequence(const std::filesystem::path& file) {
  try {
    return fits::FitsReader(file).header(1).require_integer("SEQUENCE");
  } catch (Error& error) {
    throw error.in_file(file.string());
  }
}

void write_manifest(Manifest& m, const std::filesystem::path& file) {
  fits::Table table;
  const auto add_states = [&] {
    std::vector<std::string> states;
    states.reserve(m.items.size());
    for (const Item& item : m.items) states.emplace_back(state_name(item.state));
    table.add(kStateColumn, std::move(states), "", {}, "waiting, queued, done, nothing, given up");
  };
  for_each_column([&]<class T>(const ColumnRow<T>& row) {
    std::vector<T> values;
    values.reserve(m.items.size());
    for (const Item& item : m.items) values.push_back(item.*row.member);
    table.add(row.name, std::move(values), row.unit, {}, row.description);
    if (std::string_view(row.name) == "words") add_states();
  });
  fits::Header header;
  header.set("SEQUENCE", m.sequence + 1, "how many times it was written");
  header.set("ROUNDS", m.rounds, "that were begun");
  header.set("OPENRNDS", fmt::format("{}", fmt::join(m.open_rounds, " ")), "those that are not over");
  fits::FitsWriter writer;
  writer.add_table(table, "ITEMS", header);
  writer.write(file);
  ++m.sequence;
}

std::int32_t current_phase(const std::vector<Item>& items) {
  std::int32_t phase = std::numeric_limits<std::int32_t>::max();
  for (const Item& item : items)
    if (!is_settled(item.state)) phase = std::min(phase, item.phase);
  return phase;
}

std::string short_reason(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kReasonLength))
    out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? ' ' : c;
  return out;
}

}  // namespace brickline
