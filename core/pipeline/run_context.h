// What a run is, built once and handed to every stage: the survey's files, the cameras, where products go,
// whom to tell.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/environment.h"
#include "core/base/log.h"
#include "core/base/pixel_file.h"
#include "core/base/product_set.h"
#include "core/base/progress.h"
#include "core/base/read_log.h"
#include "core/camera/registry.h"
#include "core/pipeline/brick_options.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/products.h"
#include "core/survey/survey_directory.h"

namespace brickline {

struct CalibrateOptions;

// An item (a blob, a source) that failed without ending the run.
struct Failure {
  std::string item, reason;
};

// Where results of blobs are kept while they are fitted.
struct Checkpoint {
  std::filesystem::path file;  // empty: nowhere
  double period_seconds = 600;
};

struct RunContext {
  SurveyDirectory survey;
  CameraRegistry cameras;
  std::filesystem::path output_dir;
  ProductSet products;
  Environment environment;  // for what options have no variable of their own: sky templates
  Log log;
  Progress progress;                             // of the stage that runs; may be empty
  std::string command_line;                      // the options that change products, in canonical order
  std::string brick;                             // its name, as soon as it is known
  std::unique_ptr<ReadLog> reads = {};           // what the stage that runs has read; null: nobody asks
  std::optional<std::int64_t> most_memory = {};  // bytes that the run may take
  std::unique_ptr<PixelFile> pixel_file = {};    // where the images' planes are; null: in memory
  std::function<void()> images_to_file =
      {};  // all planes that are in memory go into pixel_file, the same bytes

  std::shared_ptr<const CalibrateOptions> calibrations =
      {};  // how those that are missing are made; null: not at all

  std::vector<CcdLeftOut> ccds_left_out = {};  // by the stage that chose them, in this run
  Cancel cancel = {};  // the run is to end: asked by stages between items (Interrupted)
  Checkpoint checkpoint = {};
  // Of the stage that runs: what its results depend on, --bail-out (which changes no result, but how many there
  // are) left aside; and whether nothing old is to be used.
  std::string stage_key = {};
  bool stage_forced = false;

  // A file that a stage opens, before it does.
  void note(const std::filesystem::path& path) const {
    if (reads) reads->note(path);
  }

  std::filesystem::path path_of(Product product, std::string_view band = {}) const;
};

// Finds the survey directory and the camera plugins. Error (kInput, kUsage) if there is none, or a plugin
// directory is not there.
RunContext make_run_context(const BrickOptions& options, const Log& log, const Cancel& cancel = {});

// Makes the output directory and sees that files can be made in it, by one of a name that remove_leftovers knows.
// Error (kInput or kResources) otherwise.
void check_output_directory(const std::filesystem::path& directory, const std::string& brick);

}  // namespace brickline
