// What has happened to one item, for people.
#pragma once

#include <cstdint>
#include <string>

#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"

namespace brickline {

// Its row of the manifest, and every attempt of every round with the last `lines` lines of its log (0: all). Error
// (kInput), with similar names, if the plan has no such item.
std::string story_of(const PlanFiles& plan, const std::string& name, int lines);

// The last lines of the log of an item's last attempt; empty if there was none.
std::string last_log_of(const PlanFiles& plan, const Manifest& manifest, std::int64_t row, int lines);

}  // namespace brickline
