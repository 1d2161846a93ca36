// How a file that a run will need is looked at (run_inputs and its parts only).
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "core/base/error.h"
#include "core/pipeline/run_inputs.h"

namespace brickline {

inline bool is_there(const std::filesystem::path& file) {
  std::error_code code;
  return std::filesystem::exists(file, code);
}

// What went wrong with a file that is looked at: memory and defects end everything.
inline std::string words_of(const Error& error) {
  if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
  return error.line();
}

// Looks at a file by `read`, which throws an Error if it cannot be used.
template <typename F>
void look_at(RunInput& input, const F& read) {
  if (!is_there(input.file)) {
    input.state = InputState::kMissing;
    if (input.what.empty()) input.what = "there is no such file";
    return;
  }
  try {
    read();
  } catch (const Error& error) {
    input.state = InputState::kUnreadable;
    input.what = words_of(error);
  }
}

}  // namespace brickline
