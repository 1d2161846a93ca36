// The files of a survey directory, in the forms that the survey's own pipeline writes and reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/fits/header.h"
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

// Where a CCD's image is: the file below images/ and the HDU in it.
struct ImagePlace {
  std::string file;
  int hdu = 0;
};
ImagePlace image_place(const SurveyContext& survey, const Exposure& exposure, const CcdPlan& ccd);
// Its exposure's number in the tables: where headers have none the date as digits, YYYYMMDDhhmmss.
std::int64_t table_expnum(const SurveyContext& survey, const Exposure& exposure);
// A header as lines "KEY = value".
std::string text_cards(const fits::Header& header);

// The images of an exposure with their masks and weights, as the layout has them.
void write_images(const SurveyContext& survey, const Exposure& exposure, const std::vector<CcdPixels>& ccds);

// The PSF and sky calibrations of each image file, one row per CCD.
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
