#include "core/pipeline/plan.h"

#include <algorithm>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/base/version.h"
#include "core/model/simd.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/state_store.h"

namespace brickline {
namespace {

std::string_view present_name(std::string_view name) { return name == "mask_junk" ? "outliers" : name; }

void check_names(std::span<const StageSpec> table, std::span<const std::string> requested) {
  const std::vector<std::string> known = stage_names(table);
  for (const std::string& name : requested) {
    if (std::ranges::find(known, present_name(name)) != known.end()) continue;
    const std::string nearest = nearest_name(name, known);
    throw usage_error("unknown stage '{}'{}; the stages are {}", name,
                      nearest.empty() ? "" : "; did you mean " + nearest + "?", fmt::join(known, ", "));
  }
}

}  // namespace

std::vector<std::string> stage_names(std::span<const StageSpec> table) {
  std::vector<std::string> names;
  for (const StageSpec& spec : table)
    if (std::ranges::find(names, spec.name) == names.end()) names.emplace_back(spec.name);
  return names;
}

std::string_view last_stage(std::span<const StageSpec> table) {
  for (std::size_t i = table.size(); i-- > 0;)
    if (!table[i].optional) return table[i].name;
  throw internal_error("there is no stage");
}

std::vector<const StageSpec*> stages_to_run(std::span<const StageSpec> table,
                                            std::span<const std::string> requested,
                                            const BrickOptions& options) {
  check_names(table, requested);
  const auto asked_for = [&](const StageSpec& spec) {
    if (requested.empty()) return spec.name == last_stage(table);
    return std::ranges::any_of(requested,
                               [&](const std::string& name) { return present_name(name) == spec.name; });
  };
  std::vector<const StageSpec*> chosen;  // last first
  std::set<std::string_view> needed;     // artifacts that chosen stages want
  for (std::size_t i = table.size(); i-- > 0;) {
    const StageSpec& spec = table[i];
    if (spec.applies && !spec.applies(options)) continue;
    const bool wanted =
        std::ranges::any_of(spec.outputs, [&](std::string_view output) { return needed.contains(output); });
    if (!wanted && !asked_for(spec)) continue;
    chosen.push_back(&spec);
    needed.insert(spec.inputs.begin(), spec.inputs.end());
  }
  std::ranges::reverse(chosen);
  return chosen;
}

SoftwareIdentity this_software() { return {kVersion, std::string(commit()), std::string(simd_level_name())}; }

std::vector<Words> options_of(const StageSpec& stage, const BrickOptions& options) {
  return given_options(options, [&](const OptionRow& row) {
    return std::ranges::find(stage.options, row.group) != stage.options.end();
  });
}

std::string key_of(const StageSpec& stage, const BrickOptions& options,
                   const std::map<std::string_view, std::string>& input_keys,
                   const SoftwareIdentity& software, std::string_view files) {
  std::string text = fmt::format("stage {} schema {}\nsoftware {} {} {}\n", stage.name, stage.schema,
                                 software.version, software.commit, software.simd_level);
  // Each word with its length, so that no two lists of words read the same.
  for (const Words& words : options_of(stage, options)) {
    text += "option";
    for (const std::string& word : words) text += fmt::format(" {}:{}", word.size(), word);
    text += '\n';
  }
  std::vector<std::string_view> inputs = stage.inputs;
  std::ranges::sort(inputs);
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
  for (const std::string_view input : inputs) {
    const auto key = input_keys.find(input);
    if (key == input_keys.end()) throw internal_error("stage {}: nothing makes {}", stage.name, input);
    text += fmt::format("input {} {}\n", input, key->second);
  }
  if (!files.empty()) text += fmt::format("files\n{}", files);
  return sha256_hex(text);
}

Plan make_plan(std::span<const StageSpec> table, const BrickOptions& options,
               const SoftwareIdentity& software, StateStore& store) {
  const ControlOptions& control = options.control;
  check_names(table, control.force_stages);
  check_names(table, control.write_stages);
  const auto named = [](const std::vector<std::string>& names, const StageSpec& spec) {
    return std::ranges::any_of(names, [&](const std::string& n) { return present_name(n) == spec.name; });
  };
  Plan plan;
  plan.software = software;
  std::map<std::string_view, std::string> keys;
  std::map<std::string_view, std::string_view> made_anew;  // artifacts, and by which stage
  std::set<std::string_view> forced;                       // artifacts
  for (const StageSpec* spec : stages_to_run(table, control.stages, options)) {
    PlannedStage planned{spec, key_of(*spec, options, keys, software), {}};
    const auto before =
        std::ranges::find_if(spec->inputs, [&](std::string_view input) { return made_anew.contains(input); });
    const bool asked_for =
        control.stages.empty() ? spec->name == last_stage(table) : named(control.stages, *spec);
    std::string files;
    const bool is_forced = control.force_all || named(control.force_stages, *spec);
    planned.forced = is_forced || std::ranges::any_of(spec->inputs, [&](std::string_view input) {
                       return forced.contains(input);
                     });
    if (is_forced) {
      planned.why = "it is forced";
    } else if (before != spec->inputs.end()) {
      planned.why = fmt::format("it needs what {} makes", made_anew.at(*before));
    } else {
      StateStore::Status status = store.status(*spec, planned.key);
      planned.from_state = status.usable && !asked_for;
      planned.state_refused = status.refused;
      planned.why = status.usable && asked_for ? "it is asked for" : status.why;
      files = std::move(status.files);
    }
    if (planned.from_state) planned.key = key_of(*spec, options, keys, software, files);
    for (const std::string_view output : spec->outputs) {
      keys[output] = planned.key;
      if (!planned.from_state) made_anew[output] = spec->name;
      if (planned.forced) forced.insert(output);
    }
    plan.stages.push_back(std::move(planned));
  }
  return plan;
}

std::string plan_text(const Plan& plan) {
  std::string text = fmt::format("{:<13} {:<12}  {}\n", "stage", "key", "what and why");
  for (const PlannedStage& stage : plan.stages)
    text += fmt::format("{:<13} {:.12}  {}: {}\n", stage.spec->name, stage.key,
                        stage.from_state ? "is taken from its state" : "runs", stage.why);
  return text;
}

}  // namespace brickline
