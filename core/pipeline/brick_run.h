// One brick, from its survey directory to its products.
#pragma once

#include <string>

#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/runner.h"

namespace brickline {

struct BrickOutcome {
  std::string brick;
  std::string nothing;            // why there was nothing to do; empty: there was
  std::string interrupted;        // why the run ended before the brick, and how to go on; empty: it did not
  std::vector<Failure> failures;  // blobs and sources that could not be fitted
  ProductSet products;
};

// Checks the options and everything that can be checked before pixels are read, removes what an earlier run
// has left of the products that are about to be made, and runs the stages. A brick without images, or without
// a source, is not an error: the outcome says so and a marker file "tractor/BBB/nothing-BRICK.json" takes the
// catalog's place. Cameras are loaded before any other work: Error (kPlugin) names those that are missing.
//
// A run that is interrupted (hooks.cancel), or that finds another process at work on the brick, is no error
// either: the outcome says so. What was made until then is kept as saved state, and fitted blobs in the journal,
// so that the same command goes on from there; both are removed once the brick is done and its files are what
// they should be, unless they are to be kept.
BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks = {}, const Log& log = {});

// What run_brick would do, as lines for people; nothing is read but the directories.
std::string plan_of_brick(const BrickOptions& options);

}  // namespace brickline
