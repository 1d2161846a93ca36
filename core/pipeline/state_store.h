// Where what a stage has made is kept for later runs.
#pragma once

#include <string>
#include <string_view>

#include "core/pipeline/artifact_set.h"
#include "core/pipeline/stage.h"

namespace brickline {

// What is kept of a stage: all that later stages and headers need of it.
struct StageState {
  StageResult result;
  ProductSet products;  // of the run up to and including this stage
};

class StateStore {
 public:
  virtual ~StateStore() = default;
  // Whether the state of this stage can be used by a run in which its key is `key`; if not, why.
  struct Status {
    bool usable = false;
    std::string why;
  };
  virtual Status status(const StageSpec& stage, std::string_view key) = 0;
  // The state, whose artifacts are put into `artifacts`.
  virtual StageState load(const StageSpec& stage, ArtifactSet& artifacts) = 0;
  virtual void save(const StageSpec& stage, std::string_view key, const StageState& state,
                    const ArtifactSet& artifacts) = 0;
};

// Keeps nothing.
class NoState : public StateStore {
 public:
  Status status(const StageSpec&, std::string_view) override { return {false, "no saved state"}; }
  StageState load(const StageSpec&, ArtifactSet&) override;
  void save(const StageSpec&, std::string_view, const StageState&, const ArtifactSet&) override {}
};

}  // namespace brickline
