// Saved state in words: what one file holds, and why two were not made under the same key.
#pragma once

#include <string>

#include "core/pipeline/state_file.h"

namespace brickline {

// Some lines: brick, stage, software, key, and the lists of the record.
std::string state_text(const StateRecord& record);

// A line per thing that differs between what two states were made from or what they tell: "option --nsigma: 6
// | 5". Empty: there is none.
std::string state_differences(const StateRecord& a, const StateRecord& b);

}  // namespace brickline
