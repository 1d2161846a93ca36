// How much memory a brick's run will take, told before any pixel is read, and what is done where that is more
// than it may have: the images' planes go into a file without a name (core/base/pixel_file.h), which changes
// no byte of the products.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/blobs/blob_task.h"
#include "core/image/ccd_image.h"
#include "core/pipeline/run_context.h"
#include "core/survey/ccd_table.h"

namespace brickline {

struct MemoryQuestion {
  std::int64_t brick_pixels = 0;
  int bands = 1;
  std::int64_t image_pixels = 0;  // of all images together, as far as they are read
  std::int64_t band_pixels = 0;   // of the band with the most
  std::int64_t ccd_pixels = 0;    // of the largest image
  int threads = 1;
  bool images_in_file = false;
};

struct StageMemory {
  std::string_view stage;
  std::int64_t bytes = 0;  // resident at the worst moment
};

struct MemoryForecast {
  std::int64_t images = 0;  // bytes of all images' planes
  std::vector<StageMemory> stages;
  const StageMemory& peak() const;
  std::int64_t of(std::string_view stage) const;  // bytes; 0: there is no such stage
};

// The planes that each stage holds, with their sizes, and a measured rest for what comes and goes; within a
// fifth of what runs of 300 to 3600 pixels with 1 to 10 exposures took.
MemoryForecast forecast_memory(const MemoryQuestion& question);

// What the joint fit of a blob holds beside that, in bytes, which the sources decide: models of each on every image that it
// falls on, as they are, as they are tried, and what its kind was chosen on; and what its thread has. Where a blob has more
// pixels than stars would brighten, galaxies' models reach over all of it.
// `images_per_pixel`: how many images see a pixel of the blob, all bands together. Within a third of what blobs of 30 to
// 100 stars took, and a galaxy of 15" with 50 sources on it.
std::int64_t forecast_joint_fit(const BlobTask& blob, double images_per_pixel);
inline constexpr std::int64_t kJointThreadBytes = 20'000'000;  // of that, its thread's
// Of as many of the largest as there are threads.
std::int64_t forecast_joint_fits(std::vector<std::int64_t> of_blobs, int threads);

// Tells what the run will take, and makes run.pixel_file where run.most_memory asks for it. Error (kResources)
// where even so it would take more.
void prepare_memory(const std::vector<CcdRow>& ccds, const Wcs& brick, int bands, RunContext& run);

// The image's planes go where the run keeps them.
void keep_planes(CcdImage& image, const RunContext& run);

}  // namespace brickline
