// Checks of a camera that its author runs before anybody else does: each a function that looks at one thing.
//
// A check may crash, hang or take the process with it where the camera does: the program `cameras check` runs each
// in a process of its own (tools/cameras/check_runner.h). None prints, and those
// alone write that say so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/camera/registry.h"

namespace brickline {

struct CheckInput {
  std::filesystem::path file;  // NAME.camera.so or NAME.camera.json
  std::string camera;          // one that it provides
  PluginSearch search;         // where cameras that it extends are
  std::vector<std::filesystem::path> images;
  std::filesystem::path images_dir;  // as of identify_image
  std::uint32_t seed = 1;            // of the windows that are tried
  int rounds = 400;                  // of random changes (level 9)
  std::filesystem::path scratch;     // an empty directory, for checks that write; the caller removes it
};

struct CheckVerdict {
  enum class Result { kPass, kWarn, kFail, kSkip };
  Result result = Result::kPass;
  std::vector<std::string> evidence;  // a sentence each
};

struct CheckSpec {
  std::string_view id;     // "pixels.crop"
  int level;               // of 1 (the file) to 10 (stress)
  std::string_view words;  // what must hold
  bool needs_image;
  CheckVerdict (*run)(const CheckInput&);
  bool writes = false;  // copies of the images, to CheckInput::scratch
};

// All of them, by level.
std::span<const CheckSpec> check_specs();

}  // namespace brickline
