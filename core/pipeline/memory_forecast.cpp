#include "core/pipeline/memory_forecast.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/survey/ccd_selection.h"

namespace brickline {

const StageMemory& MemoryForecast::peak() const {
  return *std::max_element(stages.begin(), stages.end(),
                           [](const StageMemory& a, const StageMemory& b) { return a.bytes < b.bytes; });
}

std::int64_t MemoryForecast::of(std::string_view stage) const {
  const auto found = std::ranges::find(stages, stage, &StageMemory::stage);
  return found == stages.end() ? 0 : found->bytes;
}

MemoryForecast forecast_memory(const MemoryQuestion& q) {
  constexpr std::int64_t kProgram = 30'000'000;  // itself, its libraries, tables
  MemoryForecast out;
  out.images = q.image_pixels * kImageBytesPerPixel;
  const std::int64_t resident = kProgram + (q.images_in_file ? 0 : out.images);
  // Codes, mask and weights of a CCD while it is read, the last ones beside all others.
  out.stages.push_back({"tims", resident + 30 * q.threads * q.ccd_pixels});
  // A band's images once more, smoothed, and their classes; all masks; five brick planes a band for the pictures.
  const std::int64_t smoothed = q.images_in_file ? 0 : 4 * q.band_pixels;
  out.stages.push_back({"outliers", resident + smoothed + 2 * q.band_pixels + q.image_pixels +
                                        q.brick_pixels * (30 + 21 * q.bands)});
  // Two detection maps and a saturation mask a band, the coadds' sums, the blobs.
  out.stages.push_back({"srcs", resident + q.image_pixels + q.brick_pixels * (45 + 15 * q.bands)});
  // Each thread's blob with its images, the blob map, the models so far.
  out.stages.push_back({"fitblobs", resident + q.brick_pixels * (30 + 6 * q.bands)});
  // Ten planes of the band at hand, what is kept of the others for the pictures, files being compressed; models
  // of as many images as there are threads.
  out.stages.push_back(
      {"coadds", resident + q.brick_pixels * (20 + 40 * q.bands) + 20 * q.threads * q.ccd_pixels});
  return out;
}

std::int64_t forecast_joint_fit(const BlobTask& blob, double images_per_pixel) {
  constexpr std::int64_t kWindow = 69 * 69;  // pixels, of a model
  // Models held of each source that was detected, with those that are found later.
  constexpr double kModels = 7;
  // What a star makes bright of a blob; the rest is of galaxies, whose windows are the blob's box.
  constexpr std::int64_t kOfStar = 400;  // pixels
  constexpr double kPlanesOfGalaxy = 110;
  if (blob.sources.empty()) return 0;
  const std::int64_t of_galaxies =
      std::max<std::int64_t>(0, blob.pixels - kOfStar * std::ssize(blob.sources));
  const double planes = kModels * static_cast<double>(blob.sources.size()) *
                            static_cast<double>(std::min(kWindow, blob.box.area())) +
                        kPlanesOfGalaxy * static_cast<double>(of_galaxies);
  return kJointThreadBytes + static_cast<std::int64_t>(planes * images_per_pixel * sizeof(float));
}

std::int64_t forecast_joint_fits(std::vector<std::int64_t> of_blobs, int threads) {
  std::ranges::sort(of_blobs, std::greater<>());
  of_blobs.resize(std::min(of_blobs.size(), static_cast<std::size_t>(std::max(1, threads))));
  return std::accumulate(of_blobs.begin(), of_blobs.end(), std::int64_t{0});
}

void prepare_memory(const std::vector<CcdRow>& ccds, const Wcs& brick, int bands, RunContext& run) {
  MemoryQuestion question;
  question.brick_pixels = std::int64_t{brick.width()} * brick.height();
  question.bands = bands;
  question.threads = usable_threads();
  std::map<std::string, std::int64_t> of_band;
  for (const CcdRow& ccd : ccds) {
    const std::int64_t pixels = pixels_to_read({ccd}, brick);
    question.image_pixels += pixels;
    question.ccd_pixels = std::max(question.ccd_pixels, pixels);
    question.band_pixels = std::max(question.band_pixels, of_band[ccd.band] += pixels);
  }
  const auto megabytes = [](std::int64_t bytes) { return bytes / 1'000'000; };
  const auto in_words = [&](const MemoryForecast& forecast) {
    std::string text;
    for (const StageMemory& stage : forecast.stages)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", stage.stage, megabytes(stage.bytes));
    return text;
  };
  const MemoryForecast in_memory = forecast_memory(question);
  if (!run.most_memory || in_memory.peak().bytes <= *run.most_memory) {
    run.log.info("memory that will be needed, in MB: {} (of them images {})", in_words(in_memory),
                 megabytes(in_memory.images));
    return;
  }
  question.images_in_file = true;
  const MemoryForecast in_file = forecast_memory(question);
  if (in_file.peak().bytes > *run.most_memory)
    throw resource_error(
        "{} MB of memory would be needed in stage {}, even with the images in a file, and --max-memory-gb allows "
        "{}: allow more, take fewer threads, or a smaller piece of the brick (--zoom)",
        megabytes(in_file.peak().bytes), in_file.peak().stage, megabytes(*run.most_memory));
  run.log.info(
      "{} MB of memory would be needed: the images ({} MB) are kept in a file; that leaves, in MB: {}",
      megabytes(in_memory.peak().bytes), megabytes(in_memory.images), in_words(in_file));
  if (!run.pixel_file)
    run.pixel_file = std::make_unique<PixelFile>(run.output_dir, run.brick, *run.most_memory);
}

void keep_planes(CcdImage& image, const RunContext& run) {
  if (!run.pixel_file) return;
  image.data = run.pixel_file->keep(image.data);
  image.inverse_error = run.pixel_file->keep(image.inverse_error);
  image.mask = run.pixel_file->keep(image.mask);
}

}  // namespace brickline
