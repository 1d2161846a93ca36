// What the page of a run tells of the products: read from the files that the run has written.
#pragma once

#include "core/page/run_facts.h"
#include "core/pipeline/run_context.h"

namespace brickline {

// The catalog, the table of CCDs, the maps and the pictures, as far as the run has written them, with the list of all
// that it has written. What cannot be read is left out and told to `run.log`.
void add_product_facts(RunFacts& facts, const RunContext& run);

// The cameras that the run has loaded.
std::vector<CameraFact> camera_facts(const CameraRegistry& cameras);

// The cards of a header with a value, as text.
std::vector<CardFact> card_facts(const fits::Header& header);

}  // namespace brickline
