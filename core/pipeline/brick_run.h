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
  std::vector<Failure> failures;  // blobs and sources that could not be fitted
  ProductSet products;
};

// Checks the options and everything that can be checked before pixels are read, removes what an earlier run
// has left of the products that are about to be made, and runs the stages. A brick without images, or without
// a source, is not an error: the outcome says so and a marker file "tractor/BBB/nothing-BRICK.json" takes the
// catalog's place. Cameras are loaded before any other work: Error (kPlugin) names those that are missing.
BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks = {}, const Log& log = {});

// What run_brick would do, as lines for people; nothing is read but the directories.
std::string plan_of_brick(const BrickOptions& options);

}  // namespace brickline
