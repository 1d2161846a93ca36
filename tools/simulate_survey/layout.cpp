#include "tools/simulate_survey/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

#include "core/base/error.h"
#include "core/base/letter_case.h"

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

// North up and east to the left; `columns` x `rows` chips with gaps, numbered from the lower left, of which the one in
// the middle is what small regions are cut from.
Layout grid(int columns, int rows, int width, int height, double gap_x, double gap_y,
            const std::function<std::string(int number)>& name) {
  Layout l;
  l.east_x = -1;
  l.north_y = 1;
  l.chip_width = width;
  l.chip_height = height;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const int number = r * columns + c;
      l.chips.push_back({name(number), number, (c - (columns - 1) / 2.0) * (width + gap_x),
                         (r - (rows - 1) / 2.0) * (height + gap_y)});
    }
  l.cutout_chip = l.chips[l.chips.size() / 2].name;
  return l;
}

Layout named(Layout l, Layout::Files files, const char* name, const char* instrument, const char* telescope,
             double pixel_scale) {
  l.files = files;
  l.name = l.camera = name;
  l.instrument = instrument;
  l.telescope = telescope;
  l.pixel_scale = pixel_scale;
  return l;
}

// Like Hyper Suprime-Cam (Miyazaki et al. 2018) after LSST's pipelines: some hundred CCDs.
Layout hsc() {
  return named(grid(15, 7, 2048, 4176, 75, 300, [](int n) { return fmt::format("{}", n); }),
               Layout::Files::kCalexp, "hsc", "Hyper Suprime-Cam", "Subaru", 0.168);
}

// CFHT's MegaCam (Boulade et al. 2003): 36 CCDs, before its corners were filled.
Layout megacam() {
  return named(grid(9, 4, 2048, 4612, 70, 425, [](int n) { return fmt::format("ccd{:02d}", n); }),
               Layout::Files::kMegaCam, "megacam", "MegaPrime", "CFHT 3.6m", 0.187);
}

Layout one_chip(Layout::Files files, const char* name, const char* instrument, int size, double pixel_scale) {
  return named(grid(1, 1, size, size, 0, 0, [](int) { return std::string(); }), files, name, instrument,
               "Small 0.6m", pixel_scale);
}

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = [] {
    std::vector<Layout> made = {decam(),
                                hsc(),
                                megacam(),
                                one_chip(Layout::Files::kSingle, "single", "CCD Camera", 2048, 0.5),
                                one_chip(Layout::Files::kSigma, "sigma", "Sigma", 1024, 0.4),
                                one_chip(Layout::Files::kRaw, "raw", "Raw", 1024, 0.4)};
    made[4].counts_per_second = true;
    return made;
  }();
  return all;
}

}  // namespace

std::string Layout::filter_text(const std::string& band) const {
  switch (files) {
    case Files::kCalexp: {
      return "HSC-" + upper_case(band);
    }
    case Files::kMegaCam:
      return band + ".MP9601";
    case Files::kSingle:
      return band;
    case Files::kSigma:
      return fmt::format("Filter 5: {} 41102", band);
    default:
      return fmt::format("{} {} simulated", band, instrument);
  }
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
