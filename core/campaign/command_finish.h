// What is done with the products of a plan of commands once they are there.
#pragma once

#include <vector>

#include "core/campaign/finish.h"
#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"

namespace brickline {

// Removes the files of parts whose item that puts them together is done and, once all are settled, what killed processes have
// left half-written beside the products. Error (kInput) for a list that cannot be read, a product that is not what was written (its
// parts stay), or a file that cannot be removed.
CleanReport clean_commands(const PlanFiles& plan, const std::vector<Item>& items);

// Parts that are removed wait to be made again where what they were put together in waits: it would make them itself, one
// after the other, and nobody would know that they are there. Returns how many.
std::int64_t want_parts_again(const PlanFiles& plan, std::vector<Item>& items);

// Writes PLAN/survey-checksums.fits (absolute path, size, sha256 of every file that the items have left, by path), and takes the
// permission to write from those files and from the directories that an item's files are in and that hold nothing else: one
// that they share with others stays as it is. The items have been verified.
SealReport seal_commands(const PlanFiles& plan, const std::vector<Item>& items);

}  // namespace brickline
