// The run that a stage is given, for stages that are called one by one.
#pragma once

#include <filesystem>
#include <vector>

#include "core/pipeline/run_context.h"
#include "core/pipeline/stage.h"

namespace brickline::test {

// Products go to `output_dir`; there are no cameras. `survey_dir` must be a directory.
inline RunContext run_context(const std::filesystem::path& survey_dir,
                              const std::filesystem::path& output_dir, const std::string& brick,
                              const Log& log = {}) {
  return {.survey = SurveyDirectory::open(survey_dir),
          .cameras = CameraRegistry::scan({{}, false, false, false, false}, log),
          .output_dir = output_dir,
          .products = ProductSet(output_dir),
          .environment = [](const std::string&) { return std::optional<std::string>(); },
          .log = log,
          .progress = {},
          .command_line = "runbrick",
          .brick = brick};
}

}  // namespace brickline::test
