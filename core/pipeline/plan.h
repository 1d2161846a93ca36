// Which stages a run carries out, in which order, and what each depends on: pure functions of the table, the
// options and what is saved.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pipeline/brick_options.h"
#include "core/pipeline/option_text.h"
#include "core/pipeline/stage.h"

namespace brickline {

// Names of all stages, each once; and of the last that is not optional: what a run does unless told else.
std::vector<std::string> stage_names(std::span<const StageSpec> table);
std::string_view last_stage(std::span<const StageSpec> table);

// The rows to run, in the table's order, so that every stage of `requested` has run (empty: the last one):
// those and all that make what they need. A stage once called otherwise is known by its old name too
// ("mask_junk"). Error (kUsage) for an unknown stage, with the nearest name and all of them.
std::vector<const StageSpec*> stages_to_run(std::span<const StageSpec> table,
                                            std::span<const std::string> requested,
                                            const BrickOptions& options);

// What the program is, as far as it decides what comes out.
struct SoftwareIdentity {
  std::string version, commit, simd_level;
};
SoftwareIdentity this_software();

// "--flag words..." of the options that a stage reads and that are not at their defaults.
std::vector<Words> options_of(const StageSpec& stage, const BrickOptions& options);

// What a stage's outputs depend on, as a digest (64 hex digits): its name and schema, the software, the
// options that it reads (where they differ from their defaults), and the keys of the stages that make its
// inputs. `files`: fingerprints of the files that it read, as far as they are known.
std::string key_of(const StageSpec& stage, const BrickOptions& options,
                   const std::map<std::string_view, std::string>& input_keys,
                   const SoftwareIdentity& software, std::string_view files = {});

struct PlannedStage {
  const StageSpec* spec = nullptr;
  // Of a stage whose state is used, its whole key; of one that runs, without the files that it (or a stage
  // before it that runs, too) will read.
  std::string key;
  std::string why;  // it runs, or its state is used
  bool from_state = false;
  bool forced = false;         // it is to be made anew, or what it needs is: nothing old is to be used
  bool state_refused = false;  // there is a state, and it cannot be used: `why` says so
};

class StateStore;

struct Plan {
  std::vector<PlannedStage> stages;
  SoftwareIdentity software;
};
// A stage runs if it is asked for by name (--stage; else the last), if it is forced, if a stage that makes
// what it needs runs, or if the store has no state of it that can be used.
Plan make_plan(std::span<const StageSpec> table, const BrickOptions& options,
               const SoftwareIdentity& software, StateStore& store);

// The plan as lines for people: a stage each, with the beginning of its key, and why.
std::string plan_text(const Plan& plan);

}  // namespace brickline
