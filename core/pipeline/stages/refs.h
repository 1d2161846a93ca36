// Stage refs: what is known of this piece of sky from catalogs.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// Where catalogs are read from, as the options say, which were completed by the environment; else the survey's own.
ReferenceOptions reference_options(const ReferenceChoice& choice, const SurveyDirectory& survey);

// Catalogs that are there can be opened, and those that are required are there.
void check_refs(const ReferenceChoice& choice, RunContext& run);

// Product: the table of what was found, if there is anything. Cards: the catalogs that were read.
Outcome<References> run_refs(const ReferenceChoice& choice, const Selection& selection,
                             const RunHeader& header, StageProducts& products, RunContext& run);

// Where Gaia's stars stand, 0-based brick pixels: no artefacts are looked for in them.
std::vector<std::array<double, 2>> gaia_pixels(const References& references);

}  // namespace brickline
