// Parts of a product of many bricks: a file for each group of bricks, beside the product until it is whole. What was begun
// is gone on with: a part that is there and was made of the same bricks, with the same options, is not made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/fits/header.h"
#include "core/release/brick_products.h"

namespace brickline {

// Numbers that are told in the end, by what is counted.
using Counts = std::map<std::string, std::int64_t>;

// What a part is made from: the software, the options in words, the bricks and their lists of checksums. Empty where that
// cannot be known (bricks without a list): such a part is always made.
std::string part_key(const BrickGroup& group, std::string_view options, bool verify);
bool is_current_part(const std::filesystem::path& file, const std::string& key);

void put_part_cards(fits::Header& header, const std::string& key, const Counts& counts);
Counts part_counts(const fits::Header& header);
// Of `file`, without PARTKEY and the counts.
fits::Header cards_of_part(const std::filesystem::path& file);

// Cards that explain bits (MB_..., MBIT_...) of `from` into `to`. Error (kInput): a bit that has another meaning there.
void merge_bit_cards(fits::Header& to, const fits::Header& from, const std::filesystem::path& file);

}  // namespace brickline
