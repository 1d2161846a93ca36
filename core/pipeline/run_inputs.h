// Every file that a run of a brick, or of all bricks, will need: whether it is there, can be read, and is of the right
// reduction. Found out as the run itself would, file by file, and past what is wrong with others.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/fits/table.h"
#include "core/pipeline/run_context.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

enum class InputState {
  kReady,
  kToBeMade,        // a calibration that is missing and which the run makes itself
  kDoneWithout,     // an absent catalog, tile or field: the run tells it in a warning and goes on
  kMissing,         // from here on: the run will fail
  kUnreadable,      // damaged, no such HDU, or not what it should be
  kOtherReduction,  // its version is not that of the CCD table
};
std::string_view name_of(InputState state);  // "ready", "to be made", "done without", "missing" ...
bool ends_the_run(InputState state);

// What a file is of. The text is in the list: "ccd table", "image" ...
enum class InputKind {
  kIdentity,
  kBrickTable,
  kCcdTable,
  kImage,
  kMask,
  kWeight,
  kSideFile,     // a file of the CCD that its camera reads by itself
  kSkyTemplate,  // of the directory that an environment variable names (`item`)
  kCamera,       // a plugin, or a file of its own that it reads
  kPsf,
  kSky,
  kTycho,
  kGaia,
  kStarClusters,
  kLargeGalaxies,
  kDust,
  kWisePsf,
  kWiseTiles,
  kWiseCoadd,
  kWiseEpoch,
  kWiseModelSky,
  kGalex,
};
std::string_view name_of(InputKind kind);

struct RunInput {
  InputKind kind = InputKind::kImage;
  InputState state = InputState::kReady;
  std::filesystem::path file;  // where it is, or was looked for first; of what nobody named: empty
  std::string item;            // "EXPNUM-CCDNAME", a tile, a band; may be empty
  int hdu = -1;                // that is used; -1: the file
  std::string what;            // what is wrong, or made, or done without
};

// What of one CCD a run would read.
struct InputCcd {
  CcdRow row;
  std::filesystem::path table;  // that has it
  std::optional<Box> extent;    // pixels; empty: none, or it cannot be told
};

struct RunInputs {
  std::vector<RunInput> files;
  std::optional<Target> target;  // empty: the whole survey
  std::vector<InputCcd> ccds;
  fits::Table table;  // rows of `ccds`, in their order
  bool ready() const;
};

struct InputQuestions {
  bool whole_survey = false;  // all CCDs that nothing cuts; no brick is asked for
  bool pixels = false;        // all pixels are read as the run will, not only a row of each plane
};

// Error for what leaves nothing to look at: as run_tims for the survey directory, the brick and the cameras.
RunInputs find_run_inputs(const BrickOptions& options, const InputQuestions& questions, RunContext& run);

}  // namespace brickline
