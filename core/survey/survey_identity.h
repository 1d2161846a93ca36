// Whose products a run makes, as the survey directory itself says it.
//
// <survey>/survey.json, which may be absent:
//   {"name": "DECaLS+BASS+MzLS",        card SURVEY
//    "survey_id": "DECaLS BASS MzLS",   card SURVEYID
//    "data_release": "DR11",            card LSDR
//    "comments": ["Data product of the DESI Imaging Legacy Surveys"]}   COMMENT cards, first of all
// Every key may be absent; "note" is ignored.
#pragma once

#include "core/survey/provenance.h"
#include "core/survey/survey_directory.h"

namespace brickline {

// What the file does not say is "unknown". Error (kInput) naming the file and the key: not JSON, an unknown
// key (with the nearest known one), a value that a header card cannot hold (not text, empty, not ASCII,
// longer than 68 characters).
SurveyIdentity read_survey_identity(const SurveyDirectory& survey);

}  // namespace brickline
