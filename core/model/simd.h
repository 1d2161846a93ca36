// Which instruction set the engine's kernels run on.
//
// Chosen once: the best of the levels that the processor has, or the one that the environment variable
// BRICKLINE_SIMD names ("baseline", "v3": x86-64-v3, "v4": x86-64-v4). Results agree between levels to float
// rounding of the rendered pixels; within one level they are reproducible to the bit: the level belongs to
// what a product is made with (simd_level_name).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/kernels.h"

namespace brickline {

// The levels that this processor can run, best last.
std::vector<const kernels::Kernels*> available_kernels();
// The one of that name; the best for an empty name. Error (kUsage), listing those there are, for any other.
const kernels::Kernels& kernels_named(std::string_view name);

// Makes the choice. Error (kUsage) when BRICKLINE_SIMD names a level that does not exist or that this
// processor lacks. A run calls it before anything else, so that the name is refused before work is done.
void check_simd();
// The kernels in use; check_simd() first, where nobody has called it yet.
const kernels::Kernels& active_kernels();
// Their name: "baseline", "v3" or "v4".
std::string_view simd_level_name();

}  // namespace brickline
