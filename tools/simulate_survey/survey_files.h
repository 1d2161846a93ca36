// The files of a survey directory, in the forms that the survey's own pipeline writes and reads.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/fits/table.h"
#include "tools/simulate_survey/ccd_pixels.h"
#include "tools/simulate_survey/layout.h"
#include "tools/simulate_survey/observing_plan.h"
#include "tools/simulate_survey/options.h"
#include "tools/simulate_survey/population.h"

namespace brickline::simulate {

// What every file of one survey shares.
struct SurveyContext {
  const SimulationOptions& options;
  const Layout& layout;
  const Region& region;
  const std::vector<SurveyBand>& bands;
  std::filesystem::path directory;
  std::string camera;      // in the CCD table
  std::string instrument;  // in the headers
};

// The three images of an exposure (image, data quality, weight), one HDU per CCD.
void write_images(const SurveyContext& survey, const Exposure& exposure, const std::vector<CcdPixels>& ccds);

// The exposure's merged PSF and sky calibrations, one row per CCD.
void write_calibrations(const SurveyContext& survey, const Exposure& exposure,
                        const std::vector<std::shared_ptr<const PsfField>>& psfs);

// survey-ccds-sim.fits.gz; `psfs` per exposure and CCD.
void write_ccd_table(const SurveyContext& survey, const std::vector<Exposure>& exposures,
                     const std::vector<std::vector<std::shared_ptr<const PsfField>>>& psfs);

void write_brick_table(const SurveyContext& survey);                                // survey-bricks.fits.gz
void write_gaia(const SurveyContext& survey, const std::vector<Source>& sources);   // gaia/chunk-NNNNN.fits
void write_tycho(const SurveyContext& survey);                                      // tycho2.kd.fits
void write_truth(const SurveyContext& survey, const std::vector<Source>& sources);  // truth.fits
void write_description(const SurveyContext& survey, const std::vector<Source>& sources);  // sim.json

}  // namespace brickline::simulate
