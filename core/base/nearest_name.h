// "Did you mean ...?"
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// Insertions, deletions and replacements that lead from one to the other (Levenshtein distance).
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name` (the first of equals) if it is at most `max_distance` edits away; else
// empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates,
                         int max_distance = 2);

// The `count` nearest candidates however far they are, the nearest first, equals in the order of their names.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& candidates,
                                       std::size_t count);

}  // namespace brickline
