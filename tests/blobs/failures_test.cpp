// Failures of three kinds: an item's own, which is a reason on its row; a want of memory or a wish that
// cannot be met; a defect. The last two end the fitting wherever they happen.
#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <new>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/first_failure.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using test::Field;
using test::fit_input;
using test::mixed_sky;
using test::point_at;

// Two stars in blobs of their own, both of a reference catalog: their fits ask `allowed` where they may
// stand.
struct TwoStars {
  test::SyntheticSky sky{120, 60};
  SourceList sources;
  BlobMap blobs;

  TwoStars() {
    sky.add(SourceKind::kPsf, 30, 30, {4, 5, 6});
    sky.add(SourceKind::kPsf, 90, 30, {2, 3, 4});
    sky.expose(1);
    Image<std::uint8_t> hot(120, 60);
    for (int y = 10; y < 50; ++y)
      for (int x = 0; x < 120; ++x) hot(x, y) = (x > 10 && x < 50) || (x > 70 && x < 110);
    sources = {point_at(sky, 30, 30, 3), point_at(sky, 90, 30, 3)};
    for (DetectedSource& s : sources) s.reference_row = 0;
    blobs = make_blobs(hot.view(), sources);
  }
  FittedCatalog fit(const std::function<bool(double, double)>& allowed) const {
    BlobFitOptions options;
    options.iterative = false;
    options.fit.allowed = allowed;
    return fit_blobs(fit_input(sky, blobs, sources), options);
  }
  bool is_first(double ra, double dec) const { return sky.brick.sky_to_pixel(ra, dec)->x < 60; }
};

TEST(ItemFailures, AStarThatCannotBeFittedIsMissingWithAReason) {
  const TwoStars stars;
  const FittedCatalog catalog = stars.fit([&](double ra, double dec) {
    if (stars.is_first(ra, dec)) throw input_error("no place for it");
    return true;
  });
  ASSERT_EQ(catalog.sources.size(), 1U);
  EXPECT_EQ(catalog.sources[0].source, 1);
  ASSERT_EQ(catalog.blobs[0].failures.size(), 1U);
  EXPECT_EQ(catalog.blobs[0].failures[0].source, 0);
  EXPECT_NEAR(catalog.blobs[0].failures[0].x, 30, 1e-9);
  EXPECT_EQ(catalog.blobs[0].failures[0].reason, "no place for it");
  EXPECT_EQ(catalog.blobs[0].why(), "source at x 30.0 y 30.0: no place for it");
  EXPECT_TRUE(catalog.blobs[1].failures.empty());

  const FailureSummary summary = summarize_failures(catalog.blobs);
  EXPECT_EQ(summary.blobs, 0);
  EXPECT_EQ(summary.sources, 1);
  ASSERT_EQ(summary.items.size(), 1U);
  EXPECT_EQ(summary.items[0].what, "the source at x 30.0 y 30.0 of blob 0");
  EXPECT_EQ(summary.items[0].reason, "no place for it");
}

TEST(ItemFailures, AStartThatIsNotFiniteIsAFailureAndLeavesATrace) {
  test::SyntheticSky sky(40, 40);
  sky.add(SourceKind::kPsf, 20, 20, {5, 5, 5});
  sky.expose(1);
  DetectedSource bad = point_at(sky, 20, 20, 5);
  bad.model.flux[1] = NAN;
  SourceList sources = {bad};
  const BlobMap blobs = make_blobs(Image<std::uint8_t>(40, 40, 1).view(), sources);
  BlobFitOptions options;
  options.accounts = true;
  options.iterative = false;
  const FittedCatalog catalog = fit_blobs(fit_input(sky, blobs, sources), options);
  EXPECT_TRUE(catalog.sources.empty());
  ASSERT_EQ(catalog.blobs[0].failures.size(), 1U);
  EXPECT_EQ(catalog.blobs[0].failures[0].reason, "no model of it comes to finite numbers");
  EXPECT_EQ(catalog.accounts[0].sources[0].first_round_end, FitStatus::kBadInput);
}

TEST(RunFailures, WantOfMemoryInAFitEndsTheFitting) {
  const TwoStars stars;
  EXPECT_THROW(stars.fit([](double, double) -> bool { throw std::bad_alloc(); }), std::bad_alloc);
}

TEST(RunFailures, SoDoErrorsOfEveryKindButBadInputAndDefects) {
  const TwoStars stars;
  for (const ErrorKind kind :
       {ErrorKind::kInternal, ErrorKind::kUsage, ErrorKind::kResources, ErrorKind::kPlugin}) {
    try {
      stars.fit([&](double, double) -> bool { throw Error(kind, "of the run"); });
      ADD_FAILURE() << static_cast<int>(kind);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind);
    }
  }
  EXPECT_THROW(stars.fit([](double, double) -> bool { throw std::logic_error("a defect"); }),
               std::logic_error);
}

TEST(RunFailures, OutsideOfSourcesToo) {
  const Field field(mixed_sky());
  BlobFitHooks hooks;
  hooks.cancelled = []() -> bool { throw std::bad_alloc(); };
  EXPECT_THROW(field.fit({}, hooks), std::bad_alloc);
}

TEST(RunFailures, OfSeveralThatOfTheFirstBlobIsThrown) {
  const TwoStars stars;
  for (int run = 0; run < 20; ++run) {
    const tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
    std::string what;
    tbb::task_arena(4).execute([&] {
      try {
        stars.fit([&](double ra, double dec) -> bool {
          throw internal_error("in the {} blob", stars.is_first(ra, dec) ? "first" : "second");
        });
      } catch (const Error& e) {
        what = e.line();
      }
    });
    ASSERT_EQ(what, "in the first blob");
  }
}

TEST(FirstFailure, KeepsThatOfTheLowestIndexAndSkipsWhatComesAfter) {
  FirstFailure failure;
  int worked = 0;
  failure.run(5, [] { throw std::runtime_error("5"); });
  failure.run(7, [&] { ++worked; });
  failure.run(2, [] { throw std::runtime_error("2"); });
  failure.run(3, [] { throw std::runtime_error("3"); });
  failure.run(1, [&] { ++worked; });
  EXPECT_EQ(worked, 1);
  try {
    failure.rethrow();
    ADD_FAILURE();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "2");
  }
  EXPECT_NO_THROW(FirstFailure().rethrow());
}

}  // namespace
}  // namespace brickline
