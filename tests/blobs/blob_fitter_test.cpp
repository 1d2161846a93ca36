// Blobs from end to end on simulated fields: truth recovered, special sources treated as such, failures
// contained.
#include "core/blobs/blob_fitter.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/resources.h"
#include "core/detect/detection.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::bytes_of;
using test::Field;
using test::fit_by_hand;
using test::mixed_sky;
using test::point_at;

TEST(FitBlobs, RecoversWhatWasPutIn) {
  const Field field(mixed_sky());
  const FittedCatalog catalog = field.fit();
  EXPECT_EQ(catalog.sources.size(), field.sky.truth.size());
  for (const SourceModel& truth : field.sky.truth) {
    const FittedSource* s = field.nearest(catalog, truth);
    ASSERT_TRUE(s);
    EXPECT_EQ(kind_name(s->model.kind), kind_name(truth.kind));
    EXPECT_LT(3600 * std::abs(s->model.dec - truth.dec), 0.05);
    EXPECT_LT(3600 * std::abs(s->model.ra - truth.ra), 0.05);
    for (std::size_t b = 0; b < truth.flux.size(); ++b) {
      const double sigma = 1 / std::sqrt(s->inverse_variance.flux[b]);
      EXPECT_LT(std::abs(s->model.flux[b] - truth.flux[b]), 5 * sigma + 0.03 * truth.flux[b])
          << kind_name(truth.kind) << ' ' << field.sky.bands[b];
      EXPECT_NEAR(s->metrics.rchisq[b], 1, 0.6);
      EXPECT_GT(s->metrics.fracin[b], 0.9);
    }
    if (truth.is_galaxy()) {
      EXPECT_NEAR(std::exp(s->model.shape.log_re - truth.shape.log_re), 1, 0.1);
    }
  }
  for (const BlobReport& r : catalog.blobs) EXPECT_EQ(r.status, BlobStatus::kFitted) << r.message;
}

TEST(FitBlobs, SourcesAreInCatalogOrderAndInTheirBlobs) {
  const Field field(mixed_sky());
  const FittedCatalog catalog = field.fit();
  int highest = -1;
  for (std::size_t i = 0; i < catalog.sources.size(); ++i) {
    const FittedSource& s = catalog.sources[i];
    if (i > 0) {
      EXPECT_LE(catalog.sources[i - 1].model.ra, s.model.ra);
    }
    ASSERT_TRUE(s.in_bounds);
    EXPECT_EQ(catalog.blob_map(s.ix, s.iy), s.blob);
    highest = std::max(highest, s.blob);
  }
  EXPECT_EQ(highest + 1, static_cast<int>(catalog.blobs.size()));
}

TEST(FitBlobs, TheNumberOfThreadsDoesNotShow) {
  const Field field(mixed_sky());
  std::string first;
  for (const int threads : {1, 2, 8}) {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
    const Field again(mixed_sky());
    const std::string bytes = bytes_of(again.fit());
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
}

TEST(FitBlobs, NorDoesItInsideOneBlobThatAllThreadsWorkOn) {
  const test::SyntheticSky sky = mixed_sky();
  SourceList sources;
  for (const SourceModel& m : sky.truth) {
    const auto at = *sky.brick.sky_to_pixel(m.ra, m.dec);
    sources.push_back(point_at(sky, static_cast<int>(at.x), static_cast<int>(at.y), 2));
  }
  const Image<std::uint8_t> hot(150, 130, 1);
  std::string first;
  for (const int threads : {1, 2, 8}) {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
    tbb::task_arena arena(threads);
    const std::string bytes = arena.execute([&] { return bytes_of(fit_by_hand(sky, hot.view(), sources)); });
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
}

TEST(FitBlobs, IterationFindsWhatTheFirstLookMissed) {
  test::SyntheticSky sky(80, 80);
  sky.add(kDev, 40, 40, {30, 60, 90}, {1.2, 0, 0});
  sky.add(kPsf, 47.5, 44, {0.7, 1.3, 2.0});  // in the wing
  sky.expose(2);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.sources.size(), 1U);
  BlobFitOptions without;
  without.iterative = false;
  EXPECT_EQ(field.fit(without).sources.size(), 1U);
  const FittedCatalog catalog = field.fit();
  ASSERT_EQ(catalog.sources.size(), 2U);
  const FittedSource* s = field.nearest(catalog, field.sky.truth[1]);
  EXPECT_EQ(s->source, -1);
  EXPECT_TRUE(s->fit_bits & fitbit::kIterative);
  EXPECT_NEAR(s->model.flux[2], 2.0, 0.4);
}

// One bright star known from a catalog, among others.
Field field_with_reference(const ReferenceTraits& traits, double true_flux,
                           std::vector<double> catalog_flux) {
  test::SyntheticSky sky(90, 80);
  sky.add(kPsf, 30, 40, {1, 2, 3});
  if (true_flux > 0) sky.add(kPsf, 40, 40, {true_flux, true_flux, true_flux});
  sky.expose(2);
  DetectionPrior prior;
  DetectedSource star;
  const SkyPosition at = sky.brick.pixel_to_sky(40, 40);
  star.model.ra = at.ra;
  star.model.dec = at.dec;
  if (traits.star) star.model.motion = SkyMotion{0, 0, 0, 2015.5};
  star.model.flux = std::move(catalog_flux);
  star.x = star.ix = 40;
  star.y = star.iy = 40;
  star.reference_row = 5;
  star.reference = traits;
  prior.references.push_back(star);
  prior.avoid.push_back({40, 40, 4});
  return Field(std::move(sky), prior);
}
const FittedSource& reference_source(const Field& field, const FittedCatalog& catalog) {
  for (const FittedSource& s : catalog.sources)
    if (s.source >= 0 && field.found.sources[s.source].reference_row == 5) return s;
  throw std::runtime_error("the reference source is gone");
}

TEST(FitBlobs, AReferenceStarStandsStillAndOnlyPsfIsTriedIfItIsKnownToBeAPoint) {
  const Field field = field_with_reference({.star = true, .point_source = true}, 10, {8, 8, 8});
  const FittedCatalog catalog = field.fit();
  const FittedSource& s = reference_source(field, catalog);
  EXPECT_EQ(s.model.ra, field.found.sources[s.source].model.ra);
  EXPECT_EQ(s.model.kind, kPsf);
  EXPECT_NEAR(s.model.flux[1], 10, 0.3);
  EXPECT_GT(s.dchisq[0], 0);
  for (int k = 1; k < kModelKinds; ++k) EXPECT_EQ(s.models[k].status, ModelFitStatus::kNotTried);
  EXPECT_EQ(s.inverse_variance.ra, 0);
}

TEST(FitBlobs, AReferenceStarThatIsNotThereStaysAsItCame) {
  const Field field = field_with_reference({.star = true, .point_source = true}, 0, {5, 6, 7});
  const FittedCatalog catalog = field.fit();
  const FittedSource& s = reference_source(field, catalog);
  EXPECT_TRUE(s.forced_to_stay);
  EXPECT_EQ(s.model.flux, (std::vector<double>{5, 6, 7}));
  EXPECT_EQ(s.inverse_variance.flux, (std::vector<double>{0, 0, 0}));
}

TEST(FitBlobs, AFrozenSourceIsNotTouched) {
  const Field field = field_with_reference({.large_galaxy = true, .frozen = true}, 10, {9, 9, 9});
  const FittedCatalog catalog = field.fit();
  const FittedSource& s = reference_source(field, catalog);
  EXPECT_EQ(s.model.flux, (std::vector<double>{9, 9, 9}));
  EXPECT_GT(s.inverse_variance.flux[0], 0);
}

TEST(FitBlobs, TheReferenceMaskForcesPointSourcesAndFitsABackground) {
  test::SyntheticSky sky(80, 80);
  sky.add(kRex, 40, 40, {8, 14, 20}, {1.2, 0, 0});
  sky.expose(2);
  for (CcdImage& image : sky.images)
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) image.data(x, y) += 0.02F;  // 2 sigma of sky
  Field field(std::move(sky));
  const double truth = field.sky.truth[0].flux[2];
  const auto run = [&](std::uint8_t bits) {
    field.reference_mask = Image<std::uint8_t>(80, 80, bits);
    FittedCatalog catalog = field.fit();
    return *field.nearest(catalog, field.sky.truth[0]);
  };
  const FittedSource plain = run(0), medium = run(refbit::kMedium), bright = run(refbit::kBright);
  EXPECT_EQ(plain.fit_bits & (fitbit::kFitBackground | fitbit::kForcedPointsource), 0);
  EXPECT_GT(plain.model.flux[2], 1.1 * truth);
  EXPECT_EQ(medium.fit_bits & (fitbit::kFitBackground | fitbit::kForcedPointsource), fitbit::kFitBackground);
  EXPECT_NEAR(medium.model.flux[2], truth, 0.05 * truth);
  EXPECT_EQ(medium.model.kind, kRex);
  EXPECT_TRUE(bright.fit_bits & fitbit::kForcedPointsource);
  EXPECT_EQ(bright.model.kind, kPsf);
}

TEST(FitBlobs, NonFinitePixelsAreMaskedPixels) {
  test::SyntheticSky bad = mixed_sky(), masked = mixed_sky();
  for (std::size_t i = 0; i < bad.images.size(); ++i)
    for (int y = 30; y < 34; ++y)
      for (int x = 20; x < 120; ++x) {
        bad.images[i].data(x, y) = (x % 2) ? NAN : INFINITY;
        if (x % 3 == 0) bad.images[i].inverse_error(x, y) = NAN;
        masked.images[i].data(x, y) = 0;
        masked.images[i].inverse_error(x, y) = 0;
      }
  EXPECT_TRUE(bytes_of(Field(std::move(bad)).fit()) == bytes_of(Field(std::move(masked)).fit()));
}

TEST(FitBlobs, AnImageWhosePsfIsNanIsLeftOutAndOneOfZerosDoesNoHarm) {
  for (const float value : {NAN, 0.0F}) {
    test::SyntheticSky sky = mixed_sky();
    sky.images[0].psf = Psf({Image<float>(31, 31, value)}, {}, 5);
    const Field field(std::move(sky));
    const FittedCatalog catalog = field.fit();
    EXPECT_GE(catalog.sources.size(), field.sky.truth.size() - 1) << value;
    for (const FittedSource& s : catalog.sources)
      for (const double f : s.model.flux) EXPECT_TRUE(std::isfinite(f));
  }
}

TEST(FitBlobs, ABlobWhoseOnlyImageIsBlindEndsEmpty) {
  test::SyntheticSky sky(60, 60);
  sky.bands = {"r"};
  sky.add(kPsf, 30, 30, {5});
  sky.expose(1);
  Field field(std::move(sky));
  field.sky.images[0].psf = Psf({Image<float>(31, 31)}, {}, 5);
  const FittedCatalog catalog = field.fit();
  EXPECT_TRUE(catalog.sources.empty());
  ASSERT_EQ(catalog.blobs.size(), 1U);
  EXPECT_EQ(catalog.blobs[0].status, BlobStatus::kEmpty);
}

TEST(FitBlobs, AFailingBlobCostsItsOwnSourcesOnly) {
  const Field field(mixed_sky());
  const std::size_t blobs = field.found.blobs.blobs.size();
  ASSERT_GT(blobs, 2U);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  int calls = 0;
  BlobFitHooks hooks;
  hooks.cancelled = [&]() -> bool {
    if (++calls == 2) throw input_error("no light in this blob");
    return false;
  };
  const FittedCatalog catalog = field.fit({}, hooks);
  int failed = 0;
  for (const BlobReport& r : catalog.blobs)
    if (r.status == BlobStatus::kFailed) {
      ++failed;
      EXPECT_EQ(r.message, "no light in this blob");
      EXPECT_EQ(r.fitted, 0);
    }
  EXPECT_EQ(failed, 1);
  EXPECT_FALSE(catalog.sources.empty());
  EXPECT_LT(catalog.sources.size(), field.sky.truth.size());
}

TEST(FitBlobs, CancellingEndsTheRun) {
  const Field field(mixed_sky());
  BlobFitHooks hooks;
  std::atomic<int> calls = 0;
  hooks.cancelled = [&] { return ++calls > 3; };
  EXPECT_THROW(field.fit({}, hooks), Interrupted);
}

TEST(FitBlobs, ProgressIsToldAfterEveryBlob) {
  const Field field(mixed_sky());
  BlobFitHooks hooks;
  int told = 0;
  hooks.progress = [&](const BlobReport&, int done, int total) {
    EXPECT_EQ(done, ++told);
    EXPECT_EQ(total, static_cast<int>(field.found.blobs.blobs.size()));
  };
  field.fit({}, hooks);
  EXPECT_EQ(told, static_cast<int>(field.found.blobs.blobs.size()));
}

TEST(HostileBlobs, OnePixel) {
  test::SyntheticSky sky(40, 40);
  sky.add(kPsf, 20, 20, {5, 5, 5});
  sky.expose(1);
  Image<std::uint8_t> hot(40, 40);
  hot(20, 20) = 1;
  const FittedCatalog catalog = fit_by_hand(sky, hot.view(), {point_at(sky, 20, 20, 5)});
  ASSERT_EQ(catalog.blobs.size(), 1U);
  EXPECT_NE(catalog.blobs[0].status, BlobStatus::kFailed) << catalog.blobs[0].message;
}

TEST(HostileBlobs, AllNan) {
  test::SyntheticSky sky(40, 40);
  sky.add(kPsf, 20, 20, {5, 5, 5});
  sky.expose(1);
  for (CcdImage& image : sky.images) image.data.fill(NAN);
  const Image<std::uint8_t> hot(40, 40, 1);
  const FittedCatalog catalog = fit_by_hand(sky, hot.view(), {point_at(sky, 20, 20, 5)});
  EXPECT_TRUE(catalog.sources.empty());
  EXPECT_EQ(catalog.blobs[0].status, BlobStatus::kEmpty);
}

TEST(HostileBlobs, StartsThatAreNotFinite) {
  test::SyntheticSky sky(40, 40);
  sky.add(kPsf, 20, 20, {5, 5, 5});
  sky.expose(1);
  const Image<std::uint8_t> hot(40, 40, 1);
  DetectedSource nan_flux = point_at(sky, 10, 10, NAN), nan_place = point_at(sky, 30, 30, 1);
  nan_place.model.ra = NAN;
  const FittedCatalog catalog = fit_by_hand(sky, hot.view(), {point_at(sky, 20, 20, 5), nan_flux, nan_place});
  EXPECT_NE(catalog.blobs[0].status, BlobStatus::kFailed) << catalog.blobs[0].message;
  ASSERT_EQ(catalog.sources.size(), 1U);
  EXPECT_NEAR(catalog.sources[0].model.flux[0], 5, 0.3);
}

TEST(HostileBlobs, FiveHundredSources) {
  test::SyntheticSky sky(300, 240);
  sky.bands = {"r"};
  SourceList sources;
  for (int i = 0; i < 500; ++i) {
    const int x = 6 + 12 * (i % 25), y = 6 + 12 * (i / 25);
    sky.add(kPsf, x, y, {2.0 + i % 7});
    sources.push_back(point_at(sky, x, y, 3));
  }
  sky.expose(1);
  const Image<std::uint8_t> hot(300, 240, 1);
  const FittedCatalog catalog = fit_by_hand(sky, hot.view(), sources);
  ASSERT_EQ(catalog.blobs.size(), 1U);
  EXPECT_EQ(catalog.blobs[0].status, BlobStatus::kFitted) << catalog.blobs[0].message;
  EXPECT_GE(catalog.sources.size(), 495U);
  EXPECT_LE(catalog.sources.size(), 510U);
}

TEST(HostileBlobs, TwoThousandPixelsSquare) {
  test::SyntheticSky sky(2000, 2000);
  sky.bands = {"r"};
  SourceList sources;
  for (int i = 0; i < 20; ++i) {
    const int x = 50 + 95 * i, y = 60 + (i * 617) % 1880;
    sky.add(kPsf, x, y, {3});
    sources.push_back(point_at(sky, x, y, 3));
  }
  sky.expose(1);
  const Image<std::uint8_t> hot(2000, 2000, 1);
  const std::int64_t before = resource_use().peak_bytes;
  const FittedCatalog catalog = fit_by_hand(sky, hot.view(), sources);
  // Bytes per pixel: maps of the brick, copies of the image, detection.
  EXPECT_LT(resource_use().peak_bytes - before, 80 * std::int64_t{2000} * 2000);
  EXPECT_EQ(catalog.blobs[0].status, BlobStatus::kFitted) << catalog.blobs[0].message;
  EXPECT_GE(catalog.sources.size(), 20U);
}

}  // namespace
}  // namespace brickline
