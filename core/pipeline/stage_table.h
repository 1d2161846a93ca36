// The stages of a brick's run.
#pragma once

#include <span>

#include "core/pipeline/stage.h"

namespace brickline {

// In the order in which they run.
std::span<const StageSpec> stage_table();

}  // namespace brickline
