// The course of a fit of sources together: gone on with from what is known, bounded in work, the same bytes from any number of
// threads.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/blobs/joint_selection.h"
#include "tests/blobs/joint_scene.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::bytes_of;
using test::crowded_sky;
using test::Field;
using test::SyntheticSky;

// What the fit's steps have come to, as far as it is known.
class Known : public BlobMemory {
 public:
  Kept recall(int, int) override { return {{}, steps}; }
  void keep_step(int, int, const SourceState& after) override { told.push_back(after); }
  void keep(const BlobResult&) override {}
  void interrupted() override {}
  std::vector<SourceState> steps, told;
};

// A heap of stars, of which detection sees some, each in the light of several.
SyntheticSky heap_of_stars() {
  SyntheticSky sky(90, 90);
  for (int i = 0; i < 36; ++i) {
    const double x = 28 + 6 * (i % 6) + 1.5 * test::noise_at(11, i, 0),
                 y = 28 + 6 * (i / 6) + 1.5 * test::noise_at(11, i, 1), flux = 5 + 10 * (i * 7 % 36) / 36.0;
    sky.add(kPsf, x, y, {flux, 1.2 * flux, 1.4 * flux});
  }
  sky.expose(1);
  return sky;
}

// Interrupted after any step, one that goes on with the steps before it makes no other bytes, and works none of them out
// again; two that one was split into are among them.
TEST(Joint, GoesOnFromWhatIsKnown) {
  SyntheticSky sky(80, 70);
  sky.add(kPsf, 38.0, 34.2, {6, 9, 12});
  sky.add(kPsf, 41.6, 35.9, {5, 7, 10});
  sky.add(kExp, 26.0, 41.9, {6, 8, 11}, {0.9, 0.2, 0.1});
  sky.expose(1);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.blobs.blobs.size(), 1u);
  BlobFitOptions options;
  options.joint = true;
  Known undisturbed;
  BlobFitHooks hooks;
  hooks.memory = &undisturbed;
  const std::string bytes = bytes_of(field.fit(options, hooks));
  const std::size_t all = undisturbed.told.size();
  const auto split = std::ranges::find(undisturbed.told, SourceFate::kTwo,
                                       [](const SourceState& s) { return s.told.fate; }) -
                     undisturbed.told.begin();
  ASSERT_LT(split, static_cast<std::ptrdiff_t>(all));
  for (const std::size_t known : {static_cast<std::size_t>(split) + 3, all - 1, all}) {
    SCOPED_TRACE(known);
    Known again;
    again.steps.assign(undisturbed.told.begin(),
                       undisturbed.told.begin() + static_cast<std::ptrdiff_t>(known));
    int asked = 0;
    hooks.memory = &again;
    hooks.cancelled = [&] {
      ++asked;
      return false;
    };
    EXPECT_EQ(bytes_of(field.fit(options, hooks)), bytes);
    EXPECT_EQ(again.told.size(), all - known);
    if (known == all) {
      EXPECT_EQ(asked, 1);  // before the blob, and before no source
    }
  }
}

// A galaxy that has a hole where its bulge would be.
TEST(Joint, ABulgePlusDiskThatLosesItsBulgeIsWhatItWasWithoutIt) {
  SyntheticSky sky(70, 70);
  sky.add(kExp, 34.3, 35.2, {12, 18, 24}, {1.5, 0.3, 0.1});
  sky.add(kPsf, 34.3, 35.2, {-0.5, -0.8, -1});
  sky.expose(1);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.blobs.blobs.size(), 1u);
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  options.together.composites = CompositeTrials::kAll;
  options.together.split_gain = options.together.split_gain_of_round = 1e9;
  Known undisturbed;
  BlobFitHooks hooks;
  hooks.memory = &undisturbed;
  const FittedCatalog plain = field.fit(options, hooks);
  ASSERT_EQ(plain.sources.size(), 1u);
  ASSERT_EQ(plain.sources[0].model.kind, kSer);
  int settled = 0;
  // Nothing is fitted after the last fit, behind which it is asked once more what goes.
  for (std::size_t n = 1; n + 2 < undisturbed.told.size(); ++n) {
    Known known;
    known.steps.assign(undisturbed.told.begin(), undisturbed.told.begin() + static_cast<std::ptrdiff_t>(n));
    SourceState& last = known.steps.back();
    if (!last.model_chosen || !last.model.is_galaxy()) continue;
    last.model.kind = kComp;
    last.model.bulge = Bulge{{std::log(0.5), 0, 0}, {0.1, 0.1, 0.1}};
    last.composite_gain = 30;
    last.unsettled = 1e9;
    hooks.memory = &known;
    const FittedCatalog catalog = field.fit(options, hooks);
    ASSERT_EQ(catalog.sources.size(), 1u);
    EXPECT_EQ(kind_name(catalog.sources[0].model.kind), "SER") << n;
    ++settled;
  }
  EXPECT_GT(settled, 0);
}

// What is taken for a galaxy of an index of its own while half of the sources are not there yet is not tried as a bulge plus
// disk when kinds are first chosen again; what is by itself is.
TEST(Joint, BlendsAreNotTriedAsABulgePlusDiskAtFirst) {
  const auto tried_at_first = [](SyntheticSky sky) {
    const Field field(std::move(sky));
    EXPECT_EQ(field.found.blobs.blobs.size(), 1u);
    Known known;
    BlobFitHooks hooks;
    hooks.memory = &known;
    BlobFitOptions options;
    options.joint = true;
    field.fit(options, hooks);
    // Of each source: as it was found, its models, and a joint fit; then its kind again.
    const auto sources = static_cast<std::ptrdiff_t>(field.found.sources.size());
    return std::count_if(known.told.begin() + 3 * sources, known.told.begin() + 4 * sources,
                         [](const SourceState& s) { return s.told.composite_asked.has_value(); });
  };
  EXPECT_EQ(tried_at_first(heap_of_stars()), 0);
  SyntheticSky alone(80, 80);
  alone.add(kExp, 38.4, 40.2, {12, 15, 18}, {2.0, 0.3, -0.2});
  alone.add(kDev, 38.4, 40.2, {2, 6, 12}, {0.5, 0.1, 0});
  alone.expose(1);
  EXPECT_EQ(tried_at_first(std::move(alone)), 1);
}

// A galaxy by itself is tried as two: that takes work, and nothing comes of it.
TEST(Joint, TrialsOfWhichNothingComesAreWork) {
  SyntheticSky sky(70, 70);
  sky.add(kExp, 34.3, 35.2, {12, 18, 24}, {1.5, 0.3, 0.1});
  sky.expose(1);
  const Field field(std::move(sky));
  Known known;
  BlobFitHooks hooks;
  hooks.memory = &known;
  BlobFitOptions options;
  options.joint = true;
  EXPECT_EQ(field.fit(options, hooks).sources.size(), 1u);
  int for_nothing = 0;
  for (std::size_t i = 4; i < known.told.size(); ++i)
    for_nothing += known.told[i].work > 0 && known.told[i].model.flux == known.told[i - 1].model.flux &&
                   known.told[i].models[0].steps == known.told[i - 1].models[0].steps;
  EXPECT_GT(for_nothing, 0);
}

// Beyond the most work nothing is decided any more; what is there is fitted.
TEST(Joint, AFitThatTakesAllTheWorkThatItMayEndsAndSaysSo) {
  const Field field(crowded_sky());
  BlobFitOptions options;
  options.joint = true;
  const FittedCatalog whole = field.fit(options);
  options.together.most_steps = 1;
  const FittedCatalog cut = field.fit(options);
  ASSERT_EQ(whole.blobs.size(), cut.blobs.size());
  const auto is_cut = [](const BlobReport& r) { return r.cut_short && !r.message.empty(); };
  EXPECT_TRUE(std::ranges::none_of(whole.blobs, is_cut));
  EXPECT_TRUE(std::ranges::all_of(cut.blobs, is_cut));
  const SourceModel& isolated = field.sky.truth[3];
  for (std::size_t b = 0; b < isolated.flux.size(); ++b)
    EXPECT_NEAR(field.nearest(cut, isolated)->model.flux[b] / isolated.flux[b], 1, 0.05);
}

// One peak, of two stars, and a faint star beside it that is found in what they leave. Where the work is spent before the
// search, after it, and after the two are two, nothing more is found; what is there has its kind.
TEST(Joint, NothingIsSplitWithoutWorkLeftAndWhatIsSplitHasItsKinds) {
  SyntheticSky sky(70, 60);
  sky.add(kPsf, 28.0, 24.2, {6, 9, 12});
  sky.add(kPsf, 31.6, 25.9, {5, 7, 10});
  sky.add(kPsf, 30.0, 33.9, {0.6, 0.6, 0.6});
  sky.expose(1);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  std::vector<std::array<std::ptrdiff_t, 2>> seen;  // sources found, halves
  for (double steps = 20;; steps *= 1.15) {
    SCOPED_TRACE(steps);
    options.together.most_steps = steps;
    const FittedCatalog cut = field.fit(options);
    if (!cut.blobs.at(0).cut_short) break;
    const std::vector<SourceAccount>& all = cut.accounts.at(0).sources;
    const auto is_half = [](const SourceAccount& s) { return s.split_from >= 0; };
    const std::ptrdiff_t halves = std::ranges::count_if(all, is_half), found = std::ssize(all) - halves;
    if (seen.empty() || seen.back() != std::array{found, halves}) seen.push_back({found, halves});
    for (const SourceAccount& s : all) EXPECT_TRUE(!s.kept || s.chosen);
    for (const FittedSource& s : cut.sources)
      EXPECT_GT(*std::ranges::max_element(s.dchisq), options.together.margins.detection);
  }
  EXPECT_EQ(seen, (std::vector<std::array<std::ptrdiff_t, 2>>{{1, 0}, {2, 0}, {2, 2}}));
}

TEST(Joint, DoesNotDependOnTheNumberOfThreads) {
  for (const bool heap : {false, true}) {
    SCOPED_TRACE(heap);
    const Field field(heap ? heap_of_stars() : crowded_sky());
    BlobFitOptions options;
    options.joint = true;
    if (!heap) options.together.largest_group = 2;  // overlapping parts
    std::string first;
    for (const int threads : {1, 2, 8}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      const FittedCatalog catalog = field.fit(options);
      std::string bytes = bytes_of(catalog);
      for (const FittedSource& s : catalog.sources)
        bytes.append(reinterpret_cast<const char*>(s.covariance.data()), s.covariance.size() * sizeof(float));
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first) << threads;
    }
  }
}

// The same where half of the sources are found on the way and the work that may be taken runs out; from any step on.
TEST(Joint, AHeapOfStarsGoesOnFromWhatIsKnownAndEndsWhereItDid) {
  const Field field(heap_of_stars());
  BlobFitOptions options;
  options.joint = true;
  options.together.most_steps = 600;
  Known undisturbed;
  BlobFitHooks hooks;
  hooks.memory = &undisturbed;
  const FittedCatalog whole = field.fit(options, hooks);
  EXPECT_TRUE(whole.blobs.at(0).cut_short);
  const std::size_t all = undisturbed.told.size();
  for (const std::size_t known : {all / 3, all / 2, all - 1}) {
    SCOPED_TRACE(known);
    Known again;
    again.steps.assign(undisturbed.told.begin(),
                       undisturbed.told.begin() + static_cast<std::ptrdiff_t>(known));
    hooks.memory = &again;
    const FittedCatalog resumed = field.fit(options, hooks);
    EXPECT_EQ(bytes_of(resumed), bytes_of(whole));
    EXPECT_TRUE(resumed.blobs.at(0).cut_short);
    EXPECT_EQ(again.told.size(), all - known);
  }
}

}  // namespace
}  // namespace brickline
