// One brick, from its survey directory to its products.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/base/resources.h"
#include "core/pipeline/brick_options.h"

namespace brickline {

struct BrickOutcome {
  std::string brick;
  std::string nothing;     // why there was nothing to do; empty: there was
  int failed_blobs = 0;    // of whose sources only those of reference catalogs are in the catalog
  int failed_sources = 0;  // of other blobs, whose fit ended in an error: missing from the catalog
  ProductSet products;
};

struct BrickHooks {
  // After each stage: its name and what it used (peak_bytes: of the process so far).
  std::function<void(std::string_view stage, const ResourceUse& used)> stage_done;
  // While a stage runs.
  std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)> progress;
};

// Plans the stages and runs them. A brick without images, or without a source, is not an error: the outcome
// says so and a marker file "tractor/BBB/nothing-BRICK.json" with the reason takes the catalog's place.
// Cameras are loaded before any other work: Error (kPlugin) names those that are missing.
BrickOutcome run_brick(const BrickOptions& options, const BrickHooks& hooks = {}, const Log& log = {});

}  // namespace brickline
