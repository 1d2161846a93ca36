// A fit that is interrupted anywhere and taken up again comes to the bytes of one that was not.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <atomic>
#include <map>
#include <mutex>

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::bytes_of;
using test::Field;
using test::mixed_sky;

// Keeps everything; counts what it is told.
class InMemory : public BlobMemory {
 public:
  Kept recall(int blob, int part) override {
    const std::lock_guard lock(mutex_);
    Kept kept;
    if (const auto found = results.find({blob, part}); found != results.end()) kept.result = found->second;
    if (const auto found = steps.find({blob, part}); found != steps.end()) kept.steps = found->second;
    return kept;
  }
  void keep_step(int blob, int part, const SourceState& after) override {
    const std::lock_guard lock(mutex_);
    steps[{blob, part}].push_back(after);
    ++steps_told;
  }
  void keep(const BlobResult& result) override {
    const std::lock_guard lock(mutex_);
    results[{result.report.blob, result.report.part}] = result;
  }
  void interrupted() override { was_interrupted = true; }

  std::map<std::pair<int, int>, BlobResult> results;
  std::map<std::pair<int, int>, std::vector<SourceState>> steps;
  int steps_told = 0;
  std::atomic<bool> was_interrupted = false;

 private:
  std::mutex mutex_;
};

FittedCatalog fitted(const Field& field, const BlobFitOptions& options, InMemory& memory,
                     std::function<bool()> cancelled = {}) {
  BlobFitHooks hooks;
  hooks.memory = &memory;
  hooks.cancelled = std::move(cancelled);
  return field.fit(options, hooks);
}

// A galaxy that is a bulge plus disk, and round galaxies beside stars that detection does not tell from them.
test::SyntheticSky of_every_joint_step() {
  test::SyntheticSky sky(150, 80);
  sky.add(kExp, 38.4, 40.2, {12, 15, 18}, {2.0, 0.3, -0.2});
  sky.add(kDev, 38.4, 40.2, {2, 6, 12}, {0.5, 0.1, 0});
  sky.add(kRex, 100.3, 38.2, {3, 4.5, 6}, {0.8, 0, 0});
  sky.add(kPsf, 106.1, 39.3, {2, 3, 4.2});
  sky.add(kPsf, 130.0, 36.2, {6, 9, 12});
  sky.add(kPsf, 133.6, 37.9, {5, 7, 10});
  sky.expose(1);
  return sky;
}

enum class Way { kOnce, kReoptimized, kJoint, kCutShort, kComposite };
class TakenUpAgain : public testing::TestWithParam<Way> {};

TEST_P(TakenUpAgain, AfterAnyStepItComesToTheSameBytes) {
  const bool composite = GetParam() == Way::kComposite;
  const Field field(composite ? of_every_joint_step() : mixed_sky());
  BlobFitOptions options;
  options.reoptimize = composite || GetParam() == Way::kReoptimized;
  const bool cut_short = GetParam() == Way::kCutShort;
  options.joint = composite || cut_short || GetParam() == Way::kJoint;
  if (cut_short) options.together.most_steps = 10;
  if (composite) options.together.composites = CompositeTrials::kAll;
  options.accounts = true;
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  InMemory undisturbed;
  const FittedCatalog whole = fitted(field, options, undisturbed);
  const std::string bytes = bytes_of(whole);
  ASSERT_EQ(bytes, bytes_of(field.fit(options)));
  EXPECT_EQ(std::ranges::any_of(whole.blobs, &BlobReport::cut_short), cut_short);
  if (composite) {
    const auto is_composite = [](const FittedSource& s) { return s.model.is_composite(); };
    EXPECT_TRUE(std::ranges::any_of(whole.sources, is_composite));
    EXPECT_GT(whole.sources.size(), field.found.sources.size());  // one was split
  }
  const int all = undisturbed.steps_told;
  ASSERT_GT(all, 8);
  int interrupted = 0;
  const int stride = composite || cut_short ? 5 : 1;  // of so many steps
  for (int limit = 1; limit <= 3 * all; limit += stride) {
    SCOPED_TRACE(limit);
    InMemory memory;
    int asked = 0;
    try {
      fitted(field, options, memory, [&] { return ++asked >= limit; });
      break;
    } catch (const Interrupted&) {
      ++interrupted;
      EXPECT_TRUE(memory.was_interrupted);
    }
    const int before = memory.steps_told;
    EXPECT_EQ(bytes_of(fitted(field, options, memory)), bytes);
    EXPECT_EQ(memory.steps_told, all) << before << " of them before";  // none was worked out twice
  }
  // A joint step is asked about once and told for every source.
  EXPECT_GE(interrupted * stride, options.joint ? all / 2 : all - stride);
}
INSTANTIATE_TEST_SUITE_P(EveryWay, TakenUpAgain,
                         testing::Values(Way::kOnce, Way::kReoptimized, Way::kJoint, Way::kCutShort,
                                         Way::kComposite));

TEST(BlobMemory, WhatIsDoneIsNotFittedAgainByAnyNumberOfThreads) {
  const Field field(mixed_sky());
  InMemory memory;
  const std::string bytes = bytes_of(fitted(field, {}, memory));
  const int told = memory.steps_told;
  for (const int threads : {1, 4}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    EXPECT_EQ(bytes_of(fitted(field, {}, memory)), bytes);
  }
  EXPECT_EQ(memory.steps_told, told);
  // Steps alone do as well.
  memory.results.clear();
  EXPECT_EQ(bytes_of(fitted(field, {}, memory)), bytes);
  EXPECT_EQ(memory.steps_told, told);
}

TEST(BlobMemory, TheResultOfAnotherBlobIsNotTaken) {
  const Field field(mixed_sky());
  InMemory memory;
  const std::string bytes = bytes_of(fitted(field, {}, memory));
  memory.steps.clear();
  for (auto& [key, result] : memory.results) {
    ++result.report.box.x1;
    result.sources.clear();
  }
  EXPECT_EQ(bytes_of(fitted(field, {}, memory)), bytes);
}

TEST(BlobMemory, ABlobThatFailedIsTriedAgain) {
  const Field field(mixed_sky());
  InMemory memory;
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  int calls = 0;
  fitted(field, {}, memory, [&]() -> bool {
    if (++calls == 1) throw input_error("no light in this blob");
    return false;
  });
  EXPECT_EQ(memory.results.size() + 1, field.found.blobs.blobs.size());
  InMemory undisturbed;
  EXPECT_EQ(bytes_of(fitted(field, {}, memory)), bytes_of(fitted(field, {}, undisturbed)));
}

TEST(BlobMemory, PartsOfABlobAreKeptApart) {
  const Field field(mixed_sky());
  BlobFitInput input = field.input();
  input.plan.parts = true;
  input.plan.part_size = 24;
  input.plan.part_overlap = 8;
  InMemory memory;
  BlobFitHooks hooks;
  hooks.memory = &memory;
  const std::string bytes = bytes_of(fit_blobs(input, {}, hooks));
  const std::size_t parts =
      std::ranges::count_if(memory.results, [](const auto& r) { return r.first.second >= 0; });
  ASSERT_GT(parts, 1u);
  const int told = memory.steps_told;
  EXPECT_EQ(bytes_of(fit_blobs(input, {}, hooks)), bytes);
  EXPECT_EQ(memory.steps_told, told);
}

TEST(BlobMemory, ARunningFitHearsOfTheEnd) {
  const Field field(mixed_sky());
  std::atomic<bool> asked = true;
  BlobFitOptions options;
  options.fit.cancel = Cancel(asked);
  EXPECT_THROW(field.fit(options), Interrupted);
  asked = false;
  EXPECT_NO_THROW(field.fit(options));
}

// A brick that is finished with what there is: blobs without a result keep their reference sources as they
// came, on pixels that say so.
TEST(BailingOut, KeepsWhatIsFittedAndSaysWhatIsNot) {
  Field field(mixed_sky());
  for (DetectedSource& s : field.found.sources) s.reference_row = 3;
  InMemory memory;
  const FittedCatalog whole = fitted(field, {}, memory);
  ASSERT_GT(memory.results.size(), 2u);
  const int left = memory.results.begin()->first.first;
  memory.results.erase(memory.results.begin());
  BlobFitOptions no_more;
  no_more.no_more = true;
  const FittedCatalog catalog = fitted(field, no_more, memory);

  const Blob& blob = field.found.blobs.blobs[static_cast<std::size_t>(left)];
  EXPECT_EQ(catalog.blobs[static_cast<std::size_t>(left)].status, BlobStatus::kBailedOut);
  EXPECT_FALSE(catalog.blobs[static_cast<std::size_t>(left)].message.empty());
  EXPECT_FALSE(summarize_failures(catalog.blobs).any());
  std::int64_t marked = 0;
  for (int y = 0; y < catalog.maskbits.height(); ++y)
    for (int x = 0; x < catalog.maskbits.width(); ++x)
      marked += (catalog.maskbits(x, y) & maskbit::kBailout) != 0;
  EXPECT_EQ(marked, blob.pixels);
  int as_they_came = 0;
  for (const FittedSource& s : catalog.sources) {
    if (s.regular) continue;
    ++as_they_came;
    EXPECT_EQ(s.planned_blob, left);
    const DetectedSource& from = field.found.sources[static_cast<std::size_t>(s.source)];
    EXPECT_EQ(s.model.ra, from.model.ra);
    EXPECT_EQ(s.model.dec, from.model.dec);
    EXPECT_EQ(s.x, from.x);
    EXPECT_EQ(s.metrics.fracin, std::vector<float>(3, 1.0F));
    EXPECT_EQ(s.inverse_variance.flux, std::vector<double>(3, 0.0));
  }
  EXPECT_EQ(as_they_came, static_cast<int>(blob.sources.size()));
  // The others are what they are in a whole catalog.
  for (const FittedSource& s : catalog.sources) {
    if (!s.regular) continue;
    EXPECT_TRUE(std::ranges::any_of(whole.sources, [&](const FittedSource& w) {
      return w.model.ra == s.model.ra && w.model.flux == s.model.flux && w.dchisq == s.dchisq;
    }));
  }
}

}  // namespace
}  // namespace brickline
