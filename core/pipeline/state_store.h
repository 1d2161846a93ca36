// Where what a stage has made is kept for later runs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/read_log.h"
#include "core/pipeline/artifact_set.h"
#include "core/pipeline/plan.h"
#include "core/pipeline/stage.h"

namespace brickline {

// What a stage's outputs were made from.
struct StageOrigin {
  std::vector<Words> options;                               // options_of() the stage
  std::map<std::string_view, std::string> input_keys = {};  // by artifact: the key of the stage that made it
  SoftwareIdentity software;
  std::vector<FileFingerprint> files;  // that it has read
};

// What is kept of a stage: all that later stages and headers need of it.
struct StageState {
  StageResult result;
  ProductSet products;  // of the run up to and including this stage
  StageOrigin origin;
};

class StateStore {
 public:
  virtual ~StateStore() = default;
  // Whether the state of this stage can be used by a run in which its key, without the files it reads, is
  // `key`; if not, why. `files`: fingerprint_text() of the files that it has read, which are as they were.
  struct Status {
    bool usable = false;
    std::string why;
    std::string files = {};
    bool refused = false;  // there is one, which is not usable
  };
  virtual Status status(const StageSpec& stage, std::string_view key) = 0;
  // The state; those of its artifacts that are wanted are put into `artifacts`.
  virtual StageState load(const StageSpec& stage, const std::function<bool(std::string_view)>& wanted,
                          ArtifactSet& artifacts) = 0;
  virtual void save(const StageSpec& stage, std::string_view key, const StageState& state,
                    const ArtifactSet& artifacts) = 0;
};

// Keeps nothing.
class NoState : public StateStore {
 public:
  Status status(const StageSpec&, std::string_view) override { return {false, "no saved state"}; }
  StageState load(const StageSpec&, const std::function<bool(std::string_view)>&, ArtifactSet&) override;
  void save(const StageSpec&, std::string_view, const StageState&, const ArtifactSet&) override {}
};

}  // namespace brickline
