// survey status, survey why: how a plan stands, and the story of one item.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/frozen_run.h"
#include "core/campaign/status_page.h"
#include "core/campaign/story.h"
#include "core/campaign/summary.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"

namespace brickline {

int survey_status(int argc, char** argv) {
  std::filesystem::path directory;
  std::filesystem::path page;
  bool json = false;
  CLI::App app("How a plan stands, by the sums that were made last and what tasks have told since.",
               "survey status");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_flag("--json", json, "for programs");
  app.add_option("--page", page,
                 "write a page to this file, which any browser opens: the sky, failures, classes");
  if (!parse_command_line(app, argc, argv)) return 0;
  const PlanFiles plan = open_plan(directory);
  const Summary summary = read_summary(plan);
  const Since since = since_summary(plan, summary);
  if (!page.empty()) {
    if (read_settings(plan.settings()).kind == PlanKind::kCommands)
      throw usage_error("--page shows items on the sky: those of {} are nowhere", plan.root.string());
    const std::filesystem::path file = std::filesystem::absolute(page).lexically_normal();
    write_file_atomically(file, status_page(plan, read_manifest(plan.manifest()), summary, since,
                                            FrozenRun(plan).output_dir(), file));
  }
  write_stdout(json ? status_json(plan, summary, since) : status_text(plan, summary, since));
  return 0;
}

int survey_why(int argc, char** argv) {
  std::filesystem::path directory;
  std::string name;
  int lines = 15;
  CLI::App app("The story of one item over all its attempts, with the end of each one's log.", "survey why");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("BRICK", name, "the item")->required();
  app.add_option("--lines", lines, "of each log; 0: all")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  if (!parse_command_line(app, argc, argv)) return 0;
  write_stdout(story_of(open_plan(directory), name, lines));
  return 0;
}

}  // namespace brickline
