#include "core/pipeline/run_recorder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/host_name.h"
#include "core/page/run_page.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/done.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/page_facts.h"
#include "core/pipeline/stage_table.h"

namespace brickline {
namespace {

std::string_view effect_name(OptionEffect effect) {
  switch (effect) {
    case OptionEffect::kProducts:
      return "products";
    case OptionEffect::kPaths:
      return "paths";
    case OptionEffect::kControl:
      return "control";
  }
  return {};
}

std::vector<OptionFact> option_facts(const BrickOptions& options) {
  std::vector<OptionFact> out;
  for (const OptionRow& row : option_table())
    for (const Words& words : row.occurrences(options)) {
      OptionFact fact;
      fact.words.emplace_back(row.flag);
      fact.words.insert(fact.words.end(), words.begin(), words.end());
      fact.effect = effect_name(row.effect);
      out.push_back(std::move(fact));
    }
  return out;
}

std::string now_utc() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// Of a blob that was fitted in parts, all parts have its number.
std::vector<BlobFact> blob_facts(const FittedCatalog& fitted) {
  std::vector<BlobFact> out;
  for (const BlobReport& report : fitted.blobs) {
    BlobFact fact;
    const auto planned = static_cast<std::size_t>(report.blob);
    if (report.blob >= 0 && planned < fitted.number.size()) fact.number = fitted.number[planned];
    fact.part = report.part;
    fact.box = report.box;
    fact.pixels = report.pixels;
    fact.image_pixels = report.image_pixels;
    fact.images = report.images;
    fact.sources = report.sources;
    fact.fitted = report.fitted;
    fact.unfinished = report.unfinished;
    fact.status = status_name(report.status);
    fact.message = report.why();
    fact.cpu_seconds = report.cpu_seconds;
    out.push_back(std::move(fact));
  }
  return out;
}

std::vector<LeftOutCcdFact> left_out_facts(const std::vector<CcdLeftOut>& ccds) {
  std::vector<LeftOutCcdFact> out;
  for (const CcdLeftOut& ccd : ccds) out.push_back({ccd.name, ccd.camera, ccd.band, ccd.file, ccd.reason});
  return out;
}

ResourceUse since(const ResourceUse& start) {
  ResourceUse now = resource_use();
  now.wall_seconds -= start.wall_seconds;
  now.cpu_seconds -= start.cpu_seconds;
  return now;
}

// Why the exception that is being handled was thrown, in words.
std::string reason() {
  try {
    throw;
  } catch (const Error& error) {
    return error.line();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an unknown exception";
  }
}

}  // namespace

// Keeps warnings and errors, and hands on everything.
class RunRecorder::Keeping : public LogSink {
 public:
  explicit Keeping(const Log& next) : next_(next) {}
  void write(LogLevel level, std::string_view message) override {
    if (level >= LogLevel::kWarning) {
      const std::scoped_lock lock(mutex_);
      kept_.push_back({level == LogLevel::kError ? "error" : "warning", stage_, std::string(message)});
    }
    next_.message(level, message);
  }
  void set_stage(std::string_view stage) {
    const std::scoped_lock lock(mutex_);
    stage_ = stage;
  }
  std::vector<MessageFact> kept() const {
    const std::scoped_lock lock(mutex_);
    return kept_;
  }

 private:
  Log next_;
  mutable std::mutex mutex_;
  std::string stage_;
  std::vector<MessageFact> kept_;
};

RunRecorder::RunRecorder(const BrickOptions& options, const Log& log)
    : options_(options), sink_(std::make_unique<Keeping>(log)), log_(*sink_), start_(resource_use()) {
  facts_.started = now_utc();
  facts_.host = host_name();
  facts_.threads = options.control.threads;
  const SoftwareIdentity software = this_software();
  facts_.version = software.version;
  facts_.commit = software.commit;
  facts_.simd_level = software.simd_level;
  facts_.command_line = canonical_options(options);
  facts_.options = option_facts(options);
  facts_.pixel_scale_arcsec = options.region.pixel_scale_arcsec;
  facts_.survey_bands = options.region.bands;
}

RunRecorder::~RunRecorder() = default;

BrickHooks RunRecorder::hooks(const BrickHooks& callers) {
  BrickHooks hooks = callers;
  hooks.wanted = {Selection::kArtifact, Fits::kArtifact};
  for (OptionFact& option : facts_.options)
    if (const auto origin = callers.option_origins.find(option.words.front());
        origin != callers.option_origins.end())
      option.origin = origin->second;
  hooks.stage_begins = [this, theirs = callers.stage_begins](std::string_view stage, std::size_t number,
                                                             std::size_t stages) {
    stage_begins(stage);
    if (theirs) theirs(stage, number, stages);
  };
  hooks.stage_made = [this, theirs = callers.stage_made](const StageEvent& event) {
    stage_made(event);
    if (theirs) theirs(event);
  };
  return hooks;
}

void RunRecorder::stage_begins(std::string_view stage) {
  running_ = stage;
  sink_->set_stage(stage);
  memory_.begin();
  stage_start_ = resource_use();
}

void RunRecorder::close_stage(StageFact& stage, const ResourceUse& used) const {
  stage.wall_seconds = used.wall_seconds;
  stage.cpu_seconds = used.cpu_seconds;
  stage.peak_bytes = memory_.peak();
}

void RunRecorder::stage_made(const StageEvent& event) {
  StageFact stage;
  stage.name = event.stage.spec->name;
  stage.status = event.stage.from_state ? "from state" : "done";
  stage.why = event.stage.why;
  stage.failures = static_cast<std::int64_t>(event.result.failures.size());
  close_stage(stage, since(stage_start_));
  facts_.stages.push_back(std::move(stage));
  for (const Failure& failure : event.result.failures)
    facts_.failures.push_back({failure.item, failure.reason});
  facts_.header = card_facts(event.header);
  const auto made = [&](std::string_view artifact) {
    return std::ranges::count(event.stage.spec->outputs, artifact) > 0 && event.artifacts.has(artifact);
  };
  if (made(Selection::kArtifact)) {
    const auto& selection = event.artifacts.get<Selection>();
    facts_.brick = selection.brick.name;
    facts_.brick_id = selection.brick.id;
    facts_.bands = selection.bands;
    facts_.survey_bands = selection.survey_bands;
    facts_.pixel_scale_arcsec = selection.brick.pixel_scale_arcsec;
    facts_.wcs = selection.brick.wcs;
    const SkyBox& area = selection.brick.unique_area;
    if (!selection.brick.custom) facts_.unique_area = {area.ra1, area.ra2, area.dec1, area.dec2};
    facts_.mask_names = mask_bits_of(selection, {}).bits();
    facts_.ccds_left_out = left_out_facts(selection.left_out);
  }
  if (made(ForcedResults::kArtifact) && event.artifacts.has(Selection::kArtifact))
    facts_.mask_names =
        mask_bits_of(event.artifacts.get<Selection>(), event.artifacts.get<ForcedResults>().wanted).bits();
  if (made(Fits::kArtifact)) facts_.blobs = blob_facts(event.artifacts.get<Fits>().fitted);
  running_.clear();
  sink_->set_stage({});
}

RunResult RunRecorder::watch(const RunContext& context, const Plan& plan,
                             const std::function<RunResult()>& run) {
  RunResult result;
  try {
    result = run();
  } catch (...) {
    const std::string why = reason();
    if (!facts_.stages.empty()) write(context, "failed", why);
    throw;
  }
  if (result.status == RunResult::Status::kNothing)
    write(context, "nothing to do", result.why);
  else if (result.status != RunResult::Status::kDone)
    write(context, "interrupted", "interrupted in stage " + result.why);
  else if (!result.failures.empty())
    write(context, "done, with failures",
          fmt::format("{} items could not be fitted", result.failures.size()));
  else if (const std::string_view last = plan.stages.empty() ? "" : plan.stages.back().spec->name;
           last != last_stage(stage_table()))
    write(context, fmt::format("done up to {}", last), {});
  else
    write(context, "done", {});
  return result;
}

void RunRecorder::write(const RunContext& context, std::string status, std::string message) try {
  if (!running_.empty()) {
    StageFact stage;
    stage.name = running_;
    stage.status = status == "failed" || status == "interrupted" ? status : "done";
    stage.why = message;
    close_stage(stage, since(stage_start_));
    facts_.stages.push_back(std::move(stage));
  }
  facts_.brick = context.brick;
  facts_.status = std::move(status);
  facts_.message = std::move(message);
  const ResourceUse used = since(start_);
  facts_.wall_seconds = used.wall_seconds;
  facts_.cpu_seconds = used.cpu_seconds;
  facts_.peak_bytes = used.peak_bytes;
  facts_.messages = sink_->kept();
  if (facts_.status == "failed") facts_.messages.push_back({"error", running_, facts_.message});
  if (facts_.ccds_left_out.empty()) facts_.ccds_left_out = left_out_facts(context.ccds_left_out);
  facts_.cameras = camera_facts(context.cameras);
  add_product_facts(facts_, context);
  const RunPage page = make_run_page(std::move(facts_));
  const std::string path = page_path(context.output_dir, context.brick).string();
  write_file_atomically(path + ".json", page.json);
  write_file_atomically(path + ".html", page.html);
  log_.info("the page of the run: {}.html", path);
} catch (const std::exception& error) {
  log_.warning("the page of the run cannot be written: {}", reason());
}

std::filesystem::path page_path(const std::filesystem::path& output_dir, const std::string& brick) {
  ProductKey key;
  key.brick = brick;
  return (output_dir / product_path(Product::kBlobmap, key)).parent_path() / ("run-" + brick);
}

}  // namespace brickline
