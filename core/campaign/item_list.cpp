#include "core/campaign/item_list.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <unordered_map>

#include "core/base/error.h"
#include "core/campaign/frozen_run.h"
#include "core/fits/fits_reader.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/done.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

struct Line {
  std::string brick, words;
  std::int64_t number = 0;  // in the file, from 1
};

bool is_fits(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  char start[2] = {};
  if (!in.read(start, 2)) return false;
  return std::string_view(start, 2) == "SI" || std::string_view(start, 2) == "\x1f\x8b";
}

std::vector<Line> lines_of_table(const std::filesystem::path& file) {
  const fits::Table table = fits::FitsReader(file).table(1);
  std::vector<Line> lines;
  const bool has_words = table.has("words");
  for (std::int64_t i = 0; i < table.rows(); ++i)
    lines.push_back({table.text("brickname", i), has_words ? table.text("words", i) : "", i + 1});
  return lines;
}

std::vector<Line> lines_of_text(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw input_error("it cannot be read").in_file(file.string());
  std::vector<Line> lines;
  std::int64_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    std::istringstream words(text.substr(0, text.find('#')));
    Line line;
    line.number = number;
    for (std::string word; words >> word;) {
      if (line.brick.empty() && line.words.empty() && !word.starts_with("-"))
        line.brick = word;
      else
        line.words += (line.words.empty() ? "" : " ") + word;
    }
    if (!line.brick.empty() || !line.words.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Line> lines_of(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code))
    throw input_error("there is no such file").in_file(file.string());
  std::vector<Line> lines = is_fits(file) ? lines_of_table(file) : lines_of_text(file);
  if (lines.empty()) throw input_error("it lists nothing").in_file(file.string());
  return lines;
}

Item item_of(const Brick& brick) {
  Item item;
  item.name = brick.name;
  item.ra = brick.ra;
  item.dec = brick.dec;
  return item;
}

// An item that says its own place.
Item item_of(const std::array<std::string, 2>& radec, const RegionOptions& region) {
  Item item;
  item.name = brick_name(region);
  item.ra = *parse_ra(radec[0]);
  item.dec = *parse_dec(radec[1]);
  return item;
}

}  // namespace

std::vector<Item> items_of_region(const BrickTable& bricks, const std::array<double, 4>& box) {
  const auto wrapped = [](double ra) { return ra < 0 ? ra + 360 : ra; };
  std::vector<Item> items;
  for (const Brick& brick : bricks.touching_box(wrapped(box[0]), wrapped(box[1]), box[2], box[3]))
    items.push_back(item_of(brick));
  return items;
}

bool list_needs_bricks(const std::filesystem::path& file) {
  const std::vector<Line> lines = lines_of(file);
  return std::any_of(lines.begin(), lines.end(), [](const Line& line) { return !line.brick.empty(); });
}

std::vector<Item> items_of_list(const std::filesystem::path& file, const BrickTable* bricks) {
  std::unordered_map<std::string_view, const Brick*> by_name;
  if (bricks)
    for (const Brick& brick : bricks->bricks()) by_name[brick.name] = &brick;
  std::vector<Item> items;
  std::unordered_map<std::string, std::int64_t> seen;
  for (const Line& line : lines_of(file)) {
    const auto wrong = [&](const std::string& what) {
      return input_error("line {}: {}", line.number, what).in_file(file.string());
    };
    Item item;
    item.words = line.words;
    if (!line.brick.empty()) {
      const auto found = by_name.find(line.brick);
      if (found == by_name.end()) {
        if (!bricks) throw wrong("there is no table of bricks to look up " + line.brick);
        bricks->find(line.brick);  // throws, with similar names
      }
      item = item_of(*found->second);
      item.words = line.words;
    }
    if (!line.words.empty() || line.brick.empty()) {
      BrickOptions options;
      item.name = line.brick.empty() ? "" : line.brick;
      Item plain = item;
      try {
        read_command_line(line.brick.empty() && line.words.find("--radec") == std::string::npos
                              ? std::vector<std::string>{}
                              : words_of(plain),
                          options);
        if (line.brick.empty()) {
          if (!options.region.radec) throw usage_error("neither a brick nor --radec");
          item = item_of(*options.region.radec, options.region);
          item.words = line.words;
        } else if (options.region.radec) {
          throw usage_error("a brick and --radec contradict each other");
        }
      } catch (const Error& error) {
        throw wrong(error.message());
      }
    }
    if (const auto [known, fresh] = seen.emplace(item.name, line.number); !fresh)
      throw wrong(fmt::format("{} is on line {}, too", item.name, known->second));
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace brickline
