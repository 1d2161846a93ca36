// How a camera's survey looks on disk: names, headers, chips. Everything that belongs to one instrument is in
// layout.cpp; a further layout is a further entry there.
#pragma once

#include <string>
#include <vector>

namespace brickline::simulate {

// A detector of the focal plane; position of its centre from the optical axis, in pixels of its own axes.
struct Chip {
  std::string name;
  int number = 0;
  double centre_x = 0, centre_y = 0;
};

struct Layout {
  // How files hold images, masks and weights; exposure_files.cpp describes each.
  enum class Files { kCommunityPipeline, kCalexp, kMegaCam, kSingle, kSigma, kRaw };
  Files files = Files::kCommunityPipeline;
  std::string name;
  std::string camera;  // in the CCD table and the paths
  std::string instrument, telescope, observatory;
  std::string directory;    // below images/<camera>/
  std::string file_prefix;  // "c4d" in c4d_180101_000000_ooi_g_ls9
  std::string file_suffix;
  std::string pipeline_version, pipeline_run, processing_date, proposal;
  double pixel_scale = 0.2623;  // arcsec
  bool counts_per_second = false;
  int chip_width = 0, chip_height = 0;
  // Rotation of the chips: d(east, north)/d(x, y) up to the pixel scale.
  double east_x = 0, east_y = 0, north_x = 0, north_y = 0;
  std::vector<Chip> chips;
  std::string cutout_chip;  // the one that small regions are cut from

  bool has_sky() const { return files != Files::kCalexp; }  // else it is subtracted
  // The text of the FILTER card.
  std::string filter_text(const std::string& band) const;
};

// Empty: the default. Error (kUsage) for an unknown name.
const Layout& find_layout(const std::string& name);
std::string layout_names();

}  // namespace brickline::simulate
