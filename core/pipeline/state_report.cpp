#include "core/pipeline/state_report.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace brickline {
namespace {

// What can differ, by name; a list is a name for each of its items.
using Facts = std::map<std::string, std::string>;

void add(Facts& facts, std::string name, const std::string& value) {
  const auto [known, is_new] = facts.try_emplace(std::move(name), value);
  if (!is_new) known->second += ", " + value;  // of an option that is given more than once
}

Facts facts_of(const StateRecord& record) {
  Facts facts;
  add(facts, "brick", record.brick);
  add(facts, "stage", record.stage);
  add(facts, "schema of the stage", std::to_string(record.stage_schema));
  add(facts, "software version", record.version);
  add(facts, "software commit", record.commit);
  add(facts, "SIMD level", record.simd_level);
  add(facts, "key", record.key);
  for (const StateOption& option : record.options)
    add(facts, "option " + option.name, option.value.empty() ? "given" : option.value);
  for (const StateInput& input : record.inputs) add(facts, "input " + input.artifact, input.key);
  for (const FileFingerprint& file : record.files)
    add(facts, "file " + file.path,
        file.size < 0 ? "not there" : fmt::format("{} bytes, changed at {} ns", file.size, file.modified_ns));
  for (const StateArtifact& artifact : record.artifacts)
    add(facts, "schema of " + artifact.name, std::to_string(artifact.schema));
  for (const Failure& failure : record.failures) add(facts, "failure of " + failure.item, failure.reason);
  for (const ProductSet::Entry& product : record.products)
    add(facts, "product " + product.path, product.sha256);
  return facts;
}

std::string value_of(const StateCard& card) {
  switch (card.kind) {
    case 1:
      return card.logical ? "T" : "F";
    case 2:
      return std::to_string(card.integer);
    case 3:
      return fmt::format("{}", card.number);
    case 4:
      return "'" + card.text + "'";
    default:
      return {};
  }
}

}  // namespace

std::string state_text(const StateRecord& record) {
  std::string text =
      fmt::format("stage {} (schema {}) of brick {}\n", record.stage, record.stage_schema, record.brick);
  text += fmt::format("software {} commit {} SIMD {}\nkey {}\n", record.version, record.commit,
                      record.simd_level, record.key);
  const auto heading = [&](std::string_view name, std::size_t count) {
    text += fmt::format("{}: {}\n", name, count == 0 ? "none" : std::to_string(count));
  };
  heading("holds", record.artifacts.size());
  for (const StateArtifact& artifact : record.artifacts)
    text += fmt::format("  {} (schema {})\n", artifact.name, artifact.schema);
  heading("options not at their defaults", record.options.size());
  for (const StateOption& option : record.options)
    text += fmt::format("  {} {}\n", option.name, option.value);
  heading("made from", record.inputs.size());
  for (const StateInput& input : record.inputs)
    text += fmt::format("  {:.12} {}\n", input.key, input.artifact);
  heading("files read", record.files.size());
  for (const FileFingerprint& file : record.files)
    text += file.size < 0 ? fmt::format("  {:>12} {}\n", "not there", file.path)
                          : fmt::format("  {:>12} {}\n", file.size, file.path);
  heading("failures", record.failures.size());
  for (const Failure& failure : record.failures)
    text += fmt::format("  {}: {}\n", failure.item, failure.reason);
  heading("products of the run so far", record.products.size());
  for (const ProductSet::Entry& product : record.products)
    text += fmt::format("  {:.12} {}\n", product.sha256, product.path);
  heading("cards for headers", record.cards.size());
  for (const StateCard& card : record.cards)
    text += fmt::format("  {:<8} {}{}{}\n", card.key, value_of(card),
                        card.comment.empty() || card.kind == 0 ? "" : " / ", card.comment);
  return text;
}

std::string state_differences(const StateRecord& a, const StateRecord& b) {
  const Facts of_a = facts_of(a), of_b = facts_of(b);
  std::set<std::string> names;
  for (const auto& [name, value] : of_a) names.insert(name);
  for (const auto& [name, value] : of_b) names.insert(name);
  std::string text;
  const auto value = [](const Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string("-") : found->second;
  };
  for (const std::string& name : names)
    if (value(of_a, name) != value(of_b, name))
      text += fmt::format("{}: {} | {}\n", name, value(of_a, name), value(of_b, name));
  return text;
}

}  // namespace brickline
