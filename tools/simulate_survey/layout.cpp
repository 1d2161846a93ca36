#include "tools/simulate_survey/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.h"

namespace brickline::simulate {
namespace {

// DECam (Flaugher et al. 2015): twelve rows of chips from north to south, 3 to 7 in a row, long sides
// east-west; 62 chips of 2046 x 4094 pixels after trimming, with gaps of 153 and 201 pixels.
Layout decam() {
  Layout l;
  l.name = "decam";
  l.camera = "decam";
  l.instrument = "DECam";
  l.telescope = "CTIO 4.0-m telescope";
  l.observatory = "CTIO";
  l.directory = "CP/V4.8.2a/CPSIM";
  l.file_prefix = "c4d";
  l.file_suffix = "ls9";
  l.pipeline_version = "V4.8.2a";
  l.pipeline_run = "953988f";
  l.processing_date = "2019-08-02T10:42:11";
  l.proposal = "2014B-0404";
  l.chip_width = 2046;
  l.chip_height = 4094;
  // x points south and y east.
  l.east_y = 1;
  l.north_x = -1;
  struct Row {
    char side;
    int first, count;
  };
  const Row rows[] = {{'N', 29, 3}, {'N', 25, 4}, {'N', 20, 5}, {'N', 14, 6}, {'N', 8, 6},  {'N', 1, 7},
                      {'S', 1, 7},  {'S', 8, 6},  {'S', 14, 6}, {'S', 20, 5}, {'S', 25, 4}, {'S', 29, 3}};
  // Chips are numbered from the southernmost row.
  int number = 0;
  for (int r = 11; r >= 0; --r)
    for (int c = 0; c < rows[r].count; ++c)
      l.chips.push_back({fmt::format("{}{}", rows[r].side, rows[r].first + c), ++number,
                         (r - 5.5) * (l.chip_width + 153),
                         (c - (rows[r].count - 1) / 2.0) * (l.chip_height + 201)});
  l.cutout_chip = "S4";
  return l;
}

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {decam()};
  return all;
}

}  // namespace

std::string Layout::filter_text(const std::string& band) const {
  return fmt::format("{} {} simulated", band, instrument);
}

const Layout& find_layout(const std::string& name) {
  if (name.empty()) return layouts().front();
  for (const Layout& layout : layouts())
    if (layout.name == name) return layout;
  throw usage_error("unknown layout '{}' (known: {})", name, layout_names());
}

std::string layout_names() {
  std::vector<std::string> names;
  for (const Layout& layout : layouts()) names.push_back(layout.name);
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace brickline::simulate
