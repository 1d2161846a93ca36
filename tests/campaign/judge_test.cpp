// What the end of an attempt means, over all ways of ending.
#include "core/campaign/judge.h"

#include <gmock/gmock.h>

#include <csignal>

namespace brickline::test {
namespace {

using ::testing::HasSubstr;

CampaignSettings settings() {
  CampaignSettings s;
  s.classes_mb = {1000, 2000};
  s.most_tries = 3;
  s.bail_out_after = 2;
  return s;
}

Item queued() {
  Item item;
  item.name = "b";
  item.state = ItemState::kQueued;
  return item;
}

AttemptEnd end_with(int code, Check check = Check::kNone, double wall_seconds = 10) {
  AttemptEnd end;
  end.began.memory_mb = 1000;
  end.ended.ended = true;
  end.ended.code = code;
  end.ended.check = check;
  end.ended.wall_seconds = wall_seconds;
  end.ended.reason = "why";
  end.task_seconds = 100;
  return end;
}

TEST(Judge, WhatIsVerifiedIsSettled) {
  Item done = queued(), nothing = queued();
  judge(done, end_with(0, Check::kDone), settings());
  EXPECT_EQ(done.state, ItemState::kDone);
  judge(nothing, end_with(0, Check::kNothing), settings());
  EXPECT_EQ(nothing.state, ItemState::kNothing);
  EXPECT_EQ(nothing.reason, "why");
}

TEST(Judge, ExitCodeZeroIsNotBelieved) {
  Item item = queued();
  judge(item, end_with(0, Check::kObjection), settings());
  EXPECT_EQ(item.state, ItemState::kQueued);
  EXPECT_EQ(item.tries, 1);
  EXPECT_THAT(item.reason, HasSubstr("exit code 0, but: why"));
}

TEST(Judge, WhatFailedForGoodIsGivenUpAtOnceAndWhatMayMendIsATry) {
  Item hopeless = queued(), failed = queued();
  judge(hopeless, end_with(6, Check::kHopeless), settings());
  EXPECT_EQ(hopeless.state, ItemState::kGivenUp);
  EXPECT_EQ(hopeless.tries, 1);
  EXPECT_EQ(hopeless.reason, "why");
  judge(failed, end_with(6, Check::kFailed), settings());
  EXPECT_EQ(failed.state, ItemState::kQueued);
  EXPECT_EQ(failed.tries, 1);
}

// More memory makes no room on a disk.
TEST(Judge, AFullDiskIsATryAndNoWantOfMemory) {
  for (const char* why :
       {"a.fits: cannot write: No space left on device", "a.fits: cannot write: Disk quota exceeded"}) {
    Item item = queued();
    AttemptEnd end = end_with(4);
    end.ended.reason = why;
    judge(item, end, settings());
    EXPECT_EQ(item.state, ItemState::kQueued);
    EXPECT_EQ(item.memory_class, 0);
    EXPECT_EQ(item.tries, 1);
  }
}

TEST(Judge, WhatNoRetryMendsIsGivenUpAtOnce) {
  for (const int code : {2, 3, 5}) {
    Item item = queued();
    judge(item, end_with(code), settings());
    EXPECT_EQ(item.state, ItemState::kGivenUp) << code;
    EXPECT_EQ(item.reason, "why");
  }
}

TEST(Judge, OthersAreTriedSoOftenAndNoMore) {
  for (const int code : {1, 6, 127, -SIGSEGV}) {
    Item item = queued();
    for (int n = 1; n < settings().most_tries; ++n) {
      judge(item, end_with(code), settings());
      EXPECT_EQ(item.state, ItemState::kQueued) << code;
    }
    judge(item, end_with(code), settings());
    EXPECT_EQ(item.state, ItemState::kGivenUp) << code;
  }
}

TEST(Judge, WantOfMemoryGoesToTheNextClassAndIsCountedInTheLast) {
  Item item = queued();
  judge(item, end_with(4), settings());
  EXPECT_EQ(item.memory_class, 1);
  EXPECT_EQ(item.tries, 0);
  for (int n = 0; n < settings().most_tries; ++n) judge(item, end_with(4), settings());
  EXPECT_EQ(item.memory_class, 1);
  EXPECT_EQ(item.state, ItemState::kGivenUp);
}

TEST(Judge, AKillNearTheLimitIsWantOfMemory) {
  Item near = queued(), far = queued();
  AttemptEnd end = end_with(-SIGKILL);
  end.ended.peak_mb = 900;
  judge(near, end, settings());
  EXPECT_EQ(near.memory_class, 1);
  end.ended.peak_mb = 100;
  judge(far, end, settings());
  EXPECT_EQ(far.memory_class, 0);
  EXPECT_EQ(far.tries, 1);
}

TEST(Judge, WhatOutlastsItsTasksBailsOutAndIsGivenUpIfEvenThatIsTooLong) {
  Item item = queued();
  judge(item, end_with(75, Check::kNone, 20), settings());  // its turn came late
  EXPECT_EQ(item.outlasted, 0);
  judge(item, end_with(75, Check::kNone, 90), settings());
  EXPECT_FALSE(item.bail_out);
  judge(item, end_with(75, Check::kNone, 90), settings());
  EXPECT_TRUE(item.bail_out);
  EXPECT_EQ(item.tries, 0);
  judge(item, end_with(75, Check::kNone, 90), settings());
  EXPECT_EQ(item.state, ItemState::kQueued);
  judge(item, end_with(75, Check::kNone, 90), settings());
  EXPECT_EQ(item.state, ItemState::kGivenUp);
}

TEST(Judge, ATaskThatDiesTwiceWithAnItemAloneMayHaveDiedOfIt) {
  AttemptEnd lost;
  lost.lost = true;
  Item beside_others = queued(), alone = queued();
  for (int n = 0; n < 4; ++n) judge(beside_others, lost, settings());
  EXPECT_EQ(beside_others.memory_class, 0);
  EXPECT_EQ(beside_others.tries, 0);
  lost.alone = true;
  judge(alone, lost, settings());
  EXPECT_EQ(alone.memory_class, 0);
  judge(alone, lost, settings());
  EXPECT_EQ(alone.memory_class, 1);
}

}  // namespace
}  // namespace brickline::test
