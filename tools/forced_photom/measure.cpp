#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/catalog/export.h"
#include "core/fits/fits_reader.h"
#include "core/forced/forced_cutouts.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_items.h"
#include "core/forced/forced_pictures.h"
#include "core/forced/positions.h"
#include "tools/common/program.h"
#include "tools/common/stop_signals.h"
#include "tools/forced_photom/measuring.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// What is said of every CCD alike is said once.
class EachOnce : public LogSink {
 public:
  explicit EachOnce(LogSink& to) : to_(to) {}
  void write(LogLevel level, std::string_view message) override {
    {
      const std::scoped_lock lock(mutex_);
      if (!said_.emplace(message).second) return;
    }
    to_.write(level, message);
  }

 private:
  LogSink& to_;
  std::mutex mutex_;
  std::set<std::string> said_;
};

// All that measuring needs, opened once.
struct Opened {
  SurveyDirectory survey;
  CcdTable ccds;
  std::optional<CameraRegistry> cameras;
  BrickTable bricks;

  Opened(const MeasuringWords& w, const Log& log)
      : survey(SurveyDirectory::open(
            w.survey_dir.empty() ? std::nullopt : std::optional<fs::path>(w.survey_dir), w.cache_dir)),
        ccds(CcdTable::read(survey, log)) {}

  void load_cameras(const MeasuringWords& w, const std::vector<std::int64_t>& rows, const Log& log) {
    PluginSearch search;
    for (const std::string& directory : w.plugin_dirs) search.plugin_dirs.emplace_back(directory);
    cameras.emplace(CameraRegistry::scan(search, log));
    std::map<std::string, std::int64_t> wanted;
    for (const std::int64_t row : rows) ++wanted[ccds.row(row).camera];
    cameras->load(wanted);
    bricks = BrickTable::read(survey);
  }
  // Where sky templates are, for cameras that have some.
  std::map<std::string, std::string> environment() const {
    std::map<std::string, std::string> out;
    for (const Camera* camera : cameras->loaded())
      if (const auto& sky_template = camera->facts().sky.sky_template)
        if (const auto directory = process_environment(sky_template->environment))
          out[sky_template->environment] = *directory;
    return out;
  }
  ForcedSurvey from(const MeasuringWords& w) const {
    const Environment said = [&](const std::string& name) -> std::optional<std::string> {
      if (name == "GAIA_CAT_DIR" && !w.gaia_dir.empty()) return w.gaia_dir;
      if (name == "LARGEGALAXIES_CAT" && !w.large_galaxies.empty()) return w.large_galaxies;
      return process_environment(name);
    };
    ReferenceOptions references = reference_options(survey, said);
    references.large_galaxies = !w.no_large_galaxies;
    return {survey, *cameras, ccds, bricks, std::move(references)};
  }
};

// How many positions of the list no CCD has.
void tell_of_missed_positions(const std::vector<ForcedCcd>& measured, const ForcedCcdOptions& options,
                              const Log& log) {
  if (!options.positions) return;
  std::set<std::int32_t> seen;
  for (const ForcedCcd& ccd : measured)
    for (const ForcedMeasurement& row : ccd.result.rows) seen.insert(ccd.sources.at(row.source).objid);
  const std::size_t sensible = options.positions->size() - count_senseless(*options.positions);
  if (seen.size() < sensible)
    log.warning("{} of {} positions are on none of the CCDs: they have no rows", sensible - seen.size(),
                sensible);
}

// A table of an exposure some of whose CCDs could not be measured is not what is wanted.
bool is_whole_table(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return false;
  try {
    return fits::FitsReader(file).header(0).integer("NCCDFAIL").value_or(0) == 0;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput) throw;
    return false;
  }
}

int measure_one_table(const MeasuringWords& w, Opened& opened, const Log& log) {
  const std::vector<std::int64_t> rows =
      choose_ccds(opened.ccds, {w.camera, w.expnum >= 0 ? std::optional(w.expnum) : std::nullopt, w.ccdname});
  const fs::path file = w.out.empty() ? forced_file(w.out_dir, opened.ccds.row(rows.front()).camera, w.expnum)
                                      : fs::path(w.out);
  if (w.skip && is_whole_table(file)) {
    log.info("skipped: {} is there", file.string());
    return 0;
  }
  opened.load_cameras(w, rows, log);
  ForcedCcdOptions options = measuring_options(w, opened.survey, log);
  options.reading.environment = opened.environment();
  const MeasuredCcds measured = measure_ccds(opened.from(w), rows, options, log);
  for (const std::string& line : measured.failed) log.warning("not measured: {}", line);
  if (measured.ccds.empty()) {
    if (!measured.failed.empty()) throw input_error("none of the {} CCDs could be measured", rows.size());
    log.warning("none of the {} CCDs has an image: no table is written", rows.size());
    return 0;
  }
  tell_of_missed_positions(measured.ccds, options, log);
  fits::Header header = forced_header(read_survey_identity(opened.survey), command_line_of(w), measured.ccds);
  header.set("NCCDFAIL", static_cast<std::int64_t>(measured.failed.size()), kFailedCcdsComment);
  if (!w.save_model.empty()) write_forced_planes(w.save_model, header, measured.ccds, ForcedPlane::kModel);
  if (!w.save_data.empty()) write_forced_planes(w.save_data, header, measured.ccds, ForcedPlane::kData);
  if (!w.write_cat.empty()) write_forced_catalogs(w.write_cat, header, measured.ccds);
  if (!w.cutouts.empty()) write_forced_cutouts(w.cutouts, header, measured.ccds, w.cutout_size);
  if (!w.plots.empty()) write_forced_pictures(w.plots, measured.ccds);
  if (w.wants_outlier_mask)
    write_outlier_mask_of_exposure(
        w.outlier_mask.empty() ? outlier_mask_file(w.out_dir, measured.ccds.front().image.image_filename)
                               : fs::path(w.outlier_mask.front()),
        header, measured.ccds);
  write_forced_table(file, header, forced_table(opened.ccds, measured.ccds, options.photometry));
  return measured.failed.empty() ? 0 : kSomeItemsFailed;
}

// "12 measured, 3 valid, 1 failed"
std::string totals(const std::vector<ForcedItemResult>& results) {
  std::map<ForcedState, std::size_t> count;
  for (const ForcedItemResult& r : results) ++count[r.state];
  std::string out;
  for (const auto& [state, n] : count)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, name_of(state));
  return out;
}

int measure_list(const MeasuringWords& w, Opened& opened, StopSignals& signals, const Log& log) {
  const std::vector<ForcedItem> items = read_forced_items(w.list, opened.ccds);
  std::vector<std::int64_t> rows;
  for (const ForcedItem& item : items) rows.insert(rows.end(), item.rows.begin(), item.rows.end());
  opened.load_cameras(w, rows, log);
  ForcedCcdOptions options = measuring_options(w, opened.survey, log);
  options.reading.environment = opened.environment();
  const ForcedSurvey from = opened.from(w);
  const ForcedRun run{from,
                      options,
                      read_survey_identity(opened.survey),
                      command_line_of(w),
                      further_options(w, options),
                      w.out_dir,
                      w.redo,
                      w.check_done,
                      signals.cancel()};
  const std::vector<ForcedItemResult> results = run_forced_items(run, items, log);
  bool failed = false, left = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ForcedItemResult& r = results[i];
    const bool is_failed = r.state == ForcedState::kFailed || r.state == ForcedState::kIncomplete;
    if (is_failed) log.warning("{} {}: {}: {}", items[i].camera, items[i].expnum, name_of(r.state), r.reason);
    failed |= is_failed;
    left |= r.state == ForcedState::kInterrupted;
  }
  if (!w.report.empty()) write_file_atomically(w.report, ecsv_text(forced_report(items, results)));
  write_stdout(fmt::format("{} exposures: {}\n", items.size(), totals(results)));
  if (w.check_done) return left || failed ? kNotDone : 0;
  if (left) return kInterruptedCode;
  return failed ? kSomeItemsFailed : 0;
}

}  // namespace

int measure(const MeasuringWords& w) {
  std::optional<StopSignals> signals;
  if (!w.list.empty()) signals.emplace().listen(std::nullopt, [](const std::string&) {});
  TerminalLog terminal(w.verbosity > 0 ? LogLevel::kInfo : LogLevel::kWarning);
  EachOnce once(terminal);
  const Log log(once);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(w.threads));
  Opened opened(w, log);
  return w.list.empty() ? measure_one_table(w, opened, log) : measure_list(w, opened, *signals, log);
}

}  // namespace brickline
