#include "core/campaign/plan_files.h"

#include <fmt/format.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/settings.h"

namespace brickline {

namespace fs = std::filesystem;

fs::path PlanFiles::checksums(const std::string& item) const {
  const std::string digest = sha256_hex(item);
  return root / "checksums" / digest.substr(0, 2) / digest.substr(2, 1) / (item + ".sha256sum");
}

fs::path PlanFiles::round(int number) const {
  return root / "rounds" / fmt::format("{:03}", number / kRoundsPerDirectory) / fmt::format("{:06}", number);
}

fs::path PlanFiles::task(int round_number, int task) const {
  return round(round_number) / fmt::format("{:03}", task / kTasksPerDirectory) /
         fmt::format("task-{:06}", task);
}

PlanFiles open_plan(const fs::path& directory) {
  const PlanFiles plan{fs::absolute(directory).lexically_normal()};
  std::error_code code;
  for (const fs::path& file : {plan.settings(), plan.manifest()})
    if (!fs::exists(file, code))
      throw input_error("it holds no plan ({} is missing): survey plan makes one", file.filename().string())
          .in_file(directory.string());
  read_settings(plan.settings());  // of a format that is known here
  return plan;
}

void make_directories(const fs::path& directory) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (code)
    throw Error(code == std::errc::no_space_on_device ? ErrorKind::kResources : ErrorKind::kInput,
                fmt::format("the directory cannot be made: {}", code.message()))
        .in_file(directory.string());
}

Control asked_control(const PlanFiles& plan) {
  std::ifstream in(plan.control());
  std::string word;
  in >> word;
  return word == "stop" ? Control::kStop : word == "drain" ? Control::kDrain : Control::kNone;
}

void set_control(const PlanFiles& plan, Control control) {
  if (control != Control::kNone) {
    write_file_atomically(plan.control(), control == Control::kStop ? "stop\n" : "drain\n");
    return;
  }
  std::error_code code;
  fs::remove(plan.control(), code);
  if (code) throw input_error("cannot be removed: {}", code.message()).in_file(plan.control().string());
}

}  // namespace brickline
