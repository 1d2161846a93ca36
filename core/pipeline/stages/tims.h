// Stage tims: which brick, which CCDs, which cameras; then the pixels of every CCD that touches the brick.
#pragma once

#include "core/image/read_ccd_image.h"
#include "core/pipeline/stage.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

// The piece of sky that is asked for. Error (kInput, kUsage) if there is no such brick.
Target target_of(const RegionOptions& region, const SurveyDirectory& survey);

// The CCD tables that are wanted, by their names, or their copies in the cache.
std::vector<std::filesystem::path> ccd_tables_of(const SurveyDirectory& survey, const SurveyPaths& paths);

// How the CCDs are read that touch the polygon (none: whole ones). Their cameras are loaded.
ReadImageOptions reading_options(std::vector<SkyPosition> polygon, const SurveyPaths& paths,
                                 const ReadingOptions& choice, const RunContext& run);

// Loads the rows' cameras. Error (kPlugin) names those that are missing.
void load_cameras(const std::vector<CcdRow>& rows, RunContext& run);
// Error (kInput) where a CCD is left out for a band that its camera does not have, and that differs from one that is
// wanted in case alone.
void refuse_misspelt_bands(const CcdSelection& selection, RunContext& run);

// The position or the brick's name can be read, the survey directory has tables of bricks and CCDs.
void check_tims(const RegionOptions& region, const SurveyPaths& paths, RunContext& run);

// Cards: what the run is, where, from what. Cameras are loaded before any pixel is read: Error (kPlugin)
// names those that are missing. Calibrations that are missing are made first (missing_calibrations.h). CCDs that
// cannot be read are all told, each in a warning, before the Error with their number.
Outcome<Selection, RawImages> run_tims(const RegionOptions& region, const SurveyPaths& paths,
                                       const ReadingOptions& reading, const ReleaseOptions& release,
                                       RunContext& run);

// The pixels once more.
RawImages read_images_again(const Selection& selection, const SurveyPaths& paths,
                            const ReadingOptions& reading, RunContext& run);

// The CCDs of other bands on the same piece of sky, whenever they were taken (cuts apply, --min-mjd and --max-mjd do
// not), as a selection whose images read_images_again() reads; `bands` are those that have CCDs. Loads their cameras.
Selection select_other_bands(const Selection& selection, const std::vector<std::string>& bands,
                             const SurveyPaths& paths, RunContext& run);

}  // namespace brickline
