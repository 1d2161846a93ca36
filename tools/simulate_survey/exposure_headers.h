// The headers of an exposure's files.
#pragma once

#include <string>

#include "core/fits/header.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {

std::string iso_date(double mjd);      // "2017-09-04T02:24:00.000000"
double image_fwhm(const Exposure& x);  // of stars on the pixels, pixels

// As the NOIRLab Community Pipeline writes them: of the exposure and of a CCD.
fits::Header primary_header(const SurveyContext& survey, const Exposure& x, const char* product);
fits::Header extension_header(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd);

// The CCD's world coordinates, TAN or TPV.
void add_wcs(fits::Header& h, const CcdPlan& ccd);

}  // namespace brickline::simulate
