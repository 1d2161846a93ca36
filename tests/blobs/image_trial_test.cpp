// Trials of models on a blob's images, and how far models are from each other there.
#include "core/blobs/image_trial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/blobs/field.h"

namespace brickline {
namespace {

using test::SyntheticSky;

BlobTask whole_brick(const SyntheticSky& sky) {
  BlobTask task;
  task.blob = 0;
  task.box = Box::from_size(sky.brick.width(), sky.brick.height());
  task.mask = Image<std::uint8_t>(task.box.width(), task.box.height(), 1);
  return task;
}

struct Tried : testing::Test {
  SyntheticSky sky = test::mixed_sky();
  BlobTask task = whole_brick(sky);
  BlobImages images{sky.images, sky.bands, sky.brick, task, 0, GalaxyProfiles::kReference};
  ThreadTools tools{RenderOptions{}};
  SourcePatches star = images.draw_on_windows(sky.truth[0], tools),
                galaxy = images.draw_on_windows(sky.truth[2], tools);

  double chi2() const {
    double sum = 0;
    for (const BlobImage& image : images.images())
      for (int y = 0; y < image.data.height(); ++y)
        for (int x = 0; x < image.data.width(); ++x) {
          const double chi = double{image.data(x, y)} * image.inverse_error(x, y);
          sum += chi * chi;
        }
    return sum;
  }
  std::vector<float> pixels() const {
    std::vector<float> out;
    for (const BlobImage& image : images.images())
      for (int y = 0; y < image.data.height(); ++y)
        out.insert(out.end(), image.data.row(y), image.data.row(y) + image.data.width());
    return out;
  }
};

TEST_F(Tried, TellsTheChangeOfAllAndGivesThePixelsBack) {
  const std::vector<float> before = pixels();
  const double old_chi2 = chi2();
  {
    ImageTrial trial(images);
    EXPECT_EQ(trial.chi2_change(), 0);
    images.add(star, -1);
    EXPECT_LT(trial.chi2_change(), -100);
    EXPECT_NEAR(trial.chi2_change(), chi2() - old_chi2, 1e-9 * old_chi2);
    // Elsewhere, then both at once.
    images.add(galaxy, -0.7F);
    images.add(star, 0.3F);
    EXPECT_NEAR(trial.chi2_change(), chi2() - old_chi2, 1e-9 * old_chi2);
    trial.roll_back();
    EXPECT_EQ(pixels(), before);
    EXPECT_EQ(trial.chi2_change(), 0);
    images.add(galaxy, -1);
  }
  EXPECT_EQ(pixels(), before) << "a trial that nobody kept leaves the images as they were";
}

TEST_F(Tried, KeepsWhatItIsToldTo) {
  {
    ImageTrial trial(images);
    images.add(star, -1);
    trial.keep();
    EXPECT_EQ(trial.chi2_change(), 0);
    images.add(galaxy, -1);
  }
  const std::vector<float> kept = pixels();
  BlobImages again(sky.images, sky.bands, sky.brick, task, 0, GalaxyProfiles::kReference);
  again.add(star, -1);
  std::swap(images, again);
  EXPECT_EQ(pixels(), kept);
}

TEST_F(Tried, DistanceCountsThePixelsOfBothModels) {
  const SourcePatches nothing(star.size());
  const double whole = images.distance(nothing, galaxy);
  EXPECT_GT(whole, 10);
  EXPECT_DOUBLE_EQ(images.distance(galaxy, nothing), whole) << "what is drawn no more has changed, too";
  EXPECT_DOUBLE_EQ(images.distance(galaxy, {}), whole);
  EXPECT_EQ(images.distance(galaxy, galaxy), 0);
  // A galaxy that becomes a star of its flux leaves its wings, which the star's smaller windows do not show.
  SourceModel point = sky.truth[2];
  point.kind = SourceKind::kPsf;
  const SourcePatches small = images.draw_on_windows(point, tools);
  EXPECT_NEAR(images.distance(galaxy, small), images.distance(small, galaxy), 1e-9 * whole);
  // Far from each other they have nothing in common.
  EXPECT_NEAR(images.distance(star, galaxy), std::hypot(images.distance(nothing, star), whole), 1e-6 * whole);
}

}  // namespace
}  // namespace brickline
