// Which instruction set the engine's kernels run on.
//
// Chosen once, at first use: the best of the levels that the processor has, or the one that the environment
// variable BRICKLINE_SIMD names ("baseline", "v3": x86-64-v3, "v4": x86-64-v4). Results agree between levels
// to float rounding of the rendered pixels; within one level they are reproducible to the bit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/kernels.h"

namespace brickline {

// The kernels in use. Error (kUsage) when BRICKLINE_SIMD names a level that does not exist or that this
// processor lacks.
const kernels::Kernels& active_kernels();
// Its name: "baseline", "v3" or "v4".
std::string_view simd_level();
// The levels that this processor can run, best last.
std::vector<const kernels::Kernels*> available_kernels();

}  // namespace brickline
