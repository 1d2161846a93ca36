// Which CCDs of a survey `calibrate` is to look at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/survey/ccd_table.h"
#include "core/survey/survey_directory.h"

namespace brickline {

struct CcdChoice {
  // "EXPNUM-CCDNAME", a row of the table (from 0), or "@FILE" of such: a text, or a FITS table with expnum and ccdname
  std::vector<std::string> items;
  std::vector<std::int64_t> expnums;
  std::vector<std::string> bricks;  // CCDs that touch these; "@FILE": a text, or a FITS table with brickname
  std::vector<double> region;       // RA_LO RA_HI DEC_LO DEC_HI: those that touch a brick which touches it
  std::vector<std::string> bands;   // none: all
  bool ignore_cuts = false;         // those with ccd_cuts, too
};

// Whether bands and cuts let one in.
bool is_wanted(const CcdRow& ccd, const CcdChoice& choice);

// Rows of the table, increasing; all where nothing chooses. Error (kUsage) for an item that is no CCD of the
// table.
std::vector<std::int64_t> chosen_rows(const CcdTable& table, const SurveyDirectory& survey,
                                      const CcdChoice& choice);

}  // namespace brickline
