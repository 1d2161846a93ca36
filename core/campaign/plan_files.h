// Where a plan keeps its files. A plan is a directory:
//
//   plan.toml       how items are worked on: the program, memory classes, tries (settings.h)
//   runbrick.toml   of a plan of bricks: the options of every item's run, as they were when the plan was made
//   calibrate.toml  of a plan of CCDs: the same
//   site.toml       of the cluster, once something was submitted (site.h)
//   manifest.fits   a row per item: what is known of it (manifest.h)
//   summary.json    the sums over it, and how far journals have been read (summary.h)
//   control         "stop" or "drain", if that was asked for
//   checksums/HH/H/NAME.sha256sum   of a plan of commands or CCDs: what each item has written (verify.h)
//   locks/          who works on the plan
//   rounds/RRR/RRRRRR/             a round: items handed out together (rounds.h)
//     round.json
//     SSS/bundles.jsonl                 the items of 500 tasks
//     SSS/task-KKKKKK.journal, .log     what became of them (journal.h), and what they said
//
// Everything is a file that others may read at any time: written whole under another name and renamed, or only
// ever appended to. No directory holds more than 2,000 entries.
#pragma once

#include <filesystem>
#include <string>

namespace brickline {

struct PlanFiles {
  std::filesystem::path root;

  std::filesystem::path settings() const { return root / "plan.toml"; }
  std::filesystem::path options() const { return root / "runbrick.toml"; }
  std::filesystem::path calibrate_options() const { return root / "calibrate.toml"; }
  std::filesystem::path site() const { return root / "site.toml"; }
  std::filesystem::path manifest() const { return root / "manifest.fits"; }
  std::filesystem::path summary() const { return root / "summary.json"; }
  std::filesystem::path control() const { return root / "control"; }
  std::filesystem::path locks() const { return root / "locks"; }
  // Of an item of a plan of commands or CCDs; H are digits of its name's digest.
  std::filesystem::path checksums(const std::string& item) const;
  std::filesystem::path round(int number) const;
  // Of task (or slot) `task` of a round, without the ending ".journal" or ".log".
  std::filesystem::path task(int round, int task) const;
  // The directory that the files of task `task` are in.
  std::filesystem::path task_directory(int round, int task) const {
    return PlanFiles::task(round, task).parent_path();
  }
};

inline constexpr int kTasksPerDirectory = 500;  // each has up to three files
inline constexpr int kRoundsPerDirectory = 1000;

// Error (kInput) if the directory holds no plan, or one whose settings cannot be read (settings.h).
PlanFiles open_plan(const std::filesystem::path& directory);

// A directory and those above it. Error (kInput, kResources) if it cannot be made.
void make_directories(const std::filesystem::path& directory);

// What was asked for by `control`.
enum class Control { kNone, kDrain, kStop };
Control asked_control(const PlanFiles& plan);
void set_control(const PlanFiles& plan, Control control);

}  // namespace brickline
