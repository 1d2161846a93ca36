#include "core/wise/wise_checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <type_traits>

#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

// Whose profiles galaxies have is said, or nothing is drawn.
static_assert(!std::is_default_constructible_v<WisePhotometryOptions> &&
              !std::is_default_constructible_v<FootprintRule>);

namespace fs = std::filesystem;

class WiseCheckpointTest : public testing::Test {
 protected:
  WiseCheckpointTest() : sky_(options()), data_(sky_.wise_files()), models_(sky_.models()) {}
  static simulate::SimulationOptions options() {
    simulate::SimulationOptions o;
    o.seed = 4;
    o.size = 300;
    o.density = 6;
    o.wise_tiles = 1;
    o.wise_epochs = 1;
    return o;
  }
  // The results, and how many jobs came from the file.
  std::pair<WisePhotometry, int> run(GalaxyProfiles profiles = GalaxyProfiles::kReference,
                                     const FluxErrorRule& errors = {}) {
    WiseCheckpoint checkpoint(file_, data_, sky_.brick, models_, true, {}, profiles, errors);
    WisePhotometryOptions how{.profiles = profiles};
    how.errors = errors;
    how.store = &checkpoint;
    WisePhotometry r = measure_wise(data_, sky_.brick, kBrickPixelScale, models_, how);
    return {std::move(r), checkpoint.used()};
  }
  static void expect_same(const WisePhotometry& a, const WisePhotometry& b) {
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(a.bands[i].flux, b.bands[i].flux);
      EXPECT_EQ(a.bands[i].rchisq, b.bands[i].rchisq);
      EXPECT_EQ(a.bands[i].nobs, b.bands[i].nobs);
      EXPECT_EQ(a.coadds[i].model(5, 5), b.coadds[i].model(5, 5));
    }
    EXPECT_EQ(a.epochs[0][1].flux, b.epochs[0][1].flux);
    EXPECT_EQ(a.places[0].coadd_id, b.places[0].coadd_id);
  }

  test::SimulatedSky sky_;
  WiseData data_;
  std::vector<SourceModel> models_;
  fs::path file_ = sky_.directory / "checkpoint";
};

TEST_F(WiseCheckpointTest, ASecondRunTakesEverythingFromTheFile) {
  const auto [first, none] = run();
  EXPECT_EQ(none, 0);
  const auto [second, all] = run();
  EXPECT_EQ(all, 6);
  expect_same(first, second);
}

TEST_F(WiseCheckpointTest, AFileCutAnywhereGivesTheSameResults) {
  const auto [first, none] = run();
  const auto size = fs::file_size(file_);
  for (const double part : {0.0001, 0.2, 0.5, 0.999}) {
    fs::resize_file(file_, static_cast<std::uintmax_t>(part * size));
    const auto [again, used] = run();
    EXPECT_LT(used, 6);
    expect_same(first, again);
    EXPECT_EQ(run().second, 6) << part;
    fs::remove(file_);
    run();
  }
}

TEST_F(WiseCheckpointTest, ResultsAreOfTheProfilesThatAreAskedFor) {
  models_.resize(1);
  models_[0].kind = SourceKind::kDev;
  models_[0].shape = to_softened({2, 0, 0});
  const auto [reference, none] = run();
  const auto [whole, used] = run(GalaxyProfiles::kSersic);
  EXPECT_EQ(used, 0);
  const double ratio = whole.bands[0].flux.at(0) / reference.bands[0].flux.at(0);
  EXPECT_GT(ratio, 1.01);
  EXPECT_LT(ratio, 1.2);
}

TEST_F(WiseCheckpointTest, ErrorsAreThoseThatAreAskedFor) {
  run();
  std::vector<std::vector<float>> covariances(models_.size());
  FluxErrorRule errors{.marginal = true, .covariances = covariances};
  EXPECT_EQ(run(GalaxyProfiles::kReference, errors).second, 0);
  EXPECT_EQ(run(GalaxyProfiles::kReference, errors).second, 6);
  covariances[0] = {1e-12F, 0, 1e-12F};
  EXPECT_EQ(run(GalaxyProfiles::kReference, errors).second, 0);
  EXPECT_EQ(run().second, 6);
}

TEST_F(WiseCheckpointTest, ResultsOfOtherSourcesOrFilesAreNotUsed) {
  run();
  models_[0].ra += 1e-6;
  EXPECT_EQ(run().second, 0);
  models_[0].ra -= 1e-6;
  for (const auto& entry : fs::recursive_directory_iterator(sky_.directory / "wise/unwise"))
    if (entry.path().filename().string().ends_with("w3-img-m.fits"))
      fs::last_write_time(entry.path(), fs::last_write_time(entry.path()) + std::chrono::seconds(1));
  EXPECT_EQ(run().second, 5);
}

TEST_F(WiseCheckpointTest, AnotherFileIsLeftAlone) {
  std::ofstream(file_) << "my notes";
  run();
  std::ifstream in(file_);
  std::string text;
  std::getline(in, text);
  EXPECT_EQ(text, "my notes");
}

}  // namespace
}  // namespace brickline
