// Blobs in their order, as many at once as there are threads and memory for.
#include "core/blobs/task_queue.h"

#include <gtest/gtest.h>

#include "tests/blobs/field.h"

namespace brickline {
namespace {

TEST(TaskQueue, GivesOneToEachThreadInOrderAndThenLetsThemHelp) {
  TaskQueue queue(3, 2, {});
  EXPECT_EQ(queue.take(), 0);
  EXPECT_EQ(queue.take(), 1);
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_FALSE(queue.can_help());
  queue.done(0);
  EXPECT_EQ(queue.take(), 2);
  queue.done(1);
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_TRUE(queue.can_help());
}

TEST(TaskQueue, StartsWhatThereIsMemoryForAndByItselfWhatTakesMore) {
  TaskQueue queue(5, 3, BlobBudget{{90, 50, 40, 30, 20}, 6, 60});
  EXPECT_EQ(queue.take(), 0);
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_FALSE(queue.can_help());
  queue.done(0);
  EXPECT_EQ(queue.take(), 1);
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_FALSE(queue.can_help());  // two more threads
  queue.done(1);
  EXPECT_EQ(queue.take(), 2);
  EXPECT_EQ(queue.take(), 4);
  EXPECT_EQ(queue.take(), std::nullopt);
  queue.done(2);
  EXPECT_EQ(queue.take(), 3);
  queue.done(4);
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_TRUE(queue.can_help());
}

TEST(TaskQueue, MemoryChangesNoByteAndIsAskedOfEveryTask) {
  const test::Field field(test::mixed_sky());
  const std::string bytes = test::bytes_of(field.fit());
  BlobFitHooks hooks;
  std::size_t tasks = 0;
  hooks.budget = [&](const BlobPlan& plan) {
    tasks = plan.tasks.size();
    return BlobBudget{std::vector<std::int64_t>(tasks, 2), 1, 1};
  };
  EXPECT_EQ(test::bytes_of(field.fit({}, hooks)), bytes);
  EXPECT_GT(tasks, 1u);
}

}  // namespace
}  // namespace brickline
