// Writes down what a run does, for its page (core/page): what the stages found, how long they took and how much memory,
// every warning.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/page/run_facts.h"
#include "core/pipeline/resident_peak.h"
#include "core/pipeline/runner.h"

namespace brickline {

class RunRecorder {
 public:
  // Hands on to `log` all that its own log is told.
  RunRecorder(const BrickOptions& options, const Log& log);
  ~RunRecorder();

  const Log& log() const { return log_; }
  // The caller's hooks, with the recorder's own added.
  BrickHooks hooks(const BrickHooks& callers);
  // Carries out `run`; then writes the page, also if `run` throws and a stage had ended by then: what is thrown goes on.
  // A page that cannot be written is a warning.
  RunResult watch(const RunContext& context, const Plan& plan, const std::function<RunResult()>& run);

 private:
  class Keeping;
  void stage_begins(std::string_view stage);
  void stage_made(const StageEvent& event);
  void close_stage(StageFact& stage, const ResourceUse& used) const;
  void write(const RunContext& context, std::string status, std::string message);

  const BrickOptions& options_;
  std::unique_ptr<Keeping> sink_;
  Log log_;
  RunFacts facts_;
  ResidentPeak memory_;
  ResourceUse start_, stage_start_;
  std::string running_;  // the stage; empty: none
};

// Where the page goes, without its ending (".html", ".json"): metrics/BBB/run-BRICK.
std::filesystem::path page_path(const std::filesystem::path& output_dir, const std::string& brick);

}  // namespace brickline
