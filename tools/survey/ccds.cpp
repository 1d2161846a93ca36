// survey ccds: the CCDs that finished bricks were made from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/release/annotated_ccds.h"
#include "core/release/ccds_used.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/dust.h"
#include "tools/survey/output_bricks.h"
#include "tools/survey/parts_command.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhyDust = "the columns ebv and *_extinction need it";

struct Annotating {
  fs::path out, survey_dir, cache_dir, calib_dir, dust_dir;
  PluginSearch plugins;
  bool old_calibs_ok = false, no_dust = false;

  void add_options(CLI::App& app) {
    app.add_option(
        "--annotated", out,
        "also write this table, of 95 columns: each CCD's PSF, sky, pixels and depth, from its image's header "
        "and its calibrations");
    app.add_option("--survey-dir", survey_dir,
                   "for --annotated: the survey's directory (unset: $LEGACY_SURVEY_DIR)");
    app.add_option("--cache-dir", cache_dir, "copies of its files, which are looked for there first");
    app.add_option("--calib-dir", calib_dir, "a further directory of calibrations, before the survey's");
    app.add_option("--plugin-dir", plugins.plugin_dirs, "where cameras are looked for first; repeatable");
    app.add_flag("--old-calibs-ok", old_calibs_ok, "calibrations of another version of the image are used");
    app.add_option("--dust-dir", dust_dir, "SFD maps, for ebv and the extinctions (unset: $DUST_DIR)");
    app.add_flag("--no-dust", no_dust, "ebv and the extinctions are NaN");
  }
};

// What CCDs are annotated with; it holds what the options point at.
class AnnotatingWith {
 public:
  AnnotatingWith(const Annotating& a, bool verify, const Cancel& cancel, const Log& log)
      : survey_(SurveyDirectory::open(a.survey_dir.empty() ? std::optional<fs::path>() : a.survey_dir,
                                      a.cache_dir)),
        cameras_(CameraRegistry::scan(a.plugins, log)) {
    dust_ = dust_of(a.dust_dir, a.no_dust, kWhyDust, options_.dust_digest);
    options_.survey = &survey_;
    options_.cameras = &cameras_;
    options_.dust = dust_ ? &*dust_ : nullptr;
    options_.verify = verify;
    options_.cancel = cancel;
    options_.reading.old_calibs_ok = a.old_calibs_ok;
    if (!a.calib_dir.empty()) options_.reading.calibration_dirs = {a.calib_dir};
  }
  const AnnotateOptions& options() const { return options_; }

 private:
  SurveyDirectory survey_;
  CameraRegistry cameras_;
  std::optional<DustMaps> dust_;
  AnnotateOptions options_;
};

void refuse(const CcdConflicts& conflicts, const fs::path& directory, const Log& log) {
  for (const std::string& line : conflicts) log.warning("{}", line);
  if (!conflicts.empty())
    throw input_error("bricks of two surveys lie side by side: {} differences; nothing is written",
                      conflicts.size())
        .in_file(directory.string());
}

}  // namespace

int survey_ccds(int argc, char** argv, const Cancel& cancel) {
  PartsCommand command;
  Annotating annotating;
  CLI::App app(
      "The CCDs that the finished bricks were made from, each once, with the number of bricks (nbricks) and one of them "
      "(first_brick). Bricks that used a CCD with another zero point, image or calibration than others are named, and then "
      "nothing is written.",
      "survey ccds");
  command.add_places(app, "the table that is written");
  annotating.add_options(app);
  command.add_parts(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  const bool annotate = !annotating.out.empty();
  if (annotate) command.beside = {annotating.out};
  CcdsUsedOptions options;
  options.verify = !command.no_verify;
  options.cancel = cancel;
  TerminalLog terminal(LogLevel::kInfo);
  const Log log(terminal);
  const std::vector<BrickOutput> bricks = command.bricks();
  std::optional<AnnotatingWith> with;  // before any work: what is missing is told at once
  if (annotate && command.list)
    dust_directory(annotating.dust_dir, annotating.no_dust, kWhyDust);
  else if (annotate)
    with.emplace(annotating, options.verify, cancel, log);
  CcdConflicts conflicts;
  const auto parts = command.make_parts(bricks, [&](const BrickGroup& group, const fs::path& part) {
    const std::vector<RowColumn> columns = ccds_columns(group.bricks, options);
    make_ccds_part(group, columns, part, options, conflicts);
    if (!command.group.empty()) refuse(conflicts, command.directory, log);
    if (!annotate || !conflicts.empty()) return;
    make_annotated_part(group, part, annotated_columns(columns), part_file(annotating.out, group.name),
                        with->options(), log);
  });
  if (!parts) return 0;
  RowTableWriter merged = merge_ccds(*parts, command.out, options, conflicts);
  refuse(conflicts, command.directory, log);
  std::vector<fs::path> written = {command.out};
  std::string text =
      fmt::format("{} CCDs of {} bricks: {}\n", merged.rows(), bricks.size(), command.out.string());
  if (annotate) {
    std::vector<fs::path> annotated_parts;
    for (const fs::path& part : *parts)
      annotated_parts.push_back(part_file(annotating.out, part.stem().string()));
    auto [report, table] = merge_annotated(annotated_parts, annotating.out, cancel);
    table.put_in_place();  // both tables are whole: neither is there without the other
    if (report.annotated < report.ccds)
      log.warning("{} CCDs are not annotated", report.ccds - report.annotated);
    if (!report.absent.empty()) log.info("nobody tells of any CCD: {}", fmt::join(report.absent, ", "));
    text += fmt::format("{} of them annotated: {}\n", report.annotated, annotating.out.string());
    written.push_back(annotating.out);
  }
  merged.put_in_place();
  command.remove(*parts);
  tell_checksums(command.plan_words.checksums, written);
  write_stdout(text);
  return 0;
}

}  // namespace brickline
