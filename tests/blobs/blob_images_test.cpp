// The images of a blob, and what is drawn on them.
#include "core/blobs/blob_images.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::SyntheticSky;

// What a source has grown by since it was fitted: chi of the pixels that were in no window of its.
TEST(BlobImages, LightBesideIsOfThePixelsThatWereNotFitted) {
  SyntheticSky sky(40, 30);
  sky.add(kPsf, 20.2, 15.1, {6, 9, 12});
  sky.expose(1);
  BlobTask task;
  task.box = Box::from_size(40, 30);
  task.mask = Image<std::uint8_t>(40, 30);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) task.mask(x, y) = 1;
  BlobImages images(sky.images, sky.bands, sky.brick, task, 400, GalaxyProfiles::kSersic);
  BlobImage& image = images.images().front();
  for (int y = 0; y < image.data.height(); ++y)
    for (int x = 0; x < image.data.width(); ++x) image.inverse_error(x, y) = x == 10 ? 0.0F : 2.0F;
  const auto patch = [&](int x0, int y0, int width, int height) {
    SourcePatches out(images.images().size());
    Image<float> pixels(width, height);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) pixels(x, y) = 3;
    out.front() = Patch{std::move(pixels), x0, y0};
    return out;
  };
  const SourcePatches drawn = patch(8, 5, 10, 6);
  EXPECT_NEAR(images.light_beside(drawn, {}), 6 * std::sqrt(9 * 6), 1e-5);  // a column is masked
  EXPECT_NEAR(images.light_beside(drawn, patch(8, 5, 10, 4)), 6 * std::sqrt(9 * 2), 1e-5);
  EXPECT_NEAR(images.light_beside(drawn, patch(11, 0, 20, 20)), 6 * std::sqrt(2 * 6), 1e-5);
  EXPECT_EQ(images.light_beside(drawn, patch(7, 5, 12, 8)), 0);
}

}  // namespace
}  // namespace brickline
