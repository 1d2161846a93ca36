#include "core/base/nearest_name.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);  // Levenshtein's example
  EXPECT_EQ(edit_distance("2447p120", "2447p122"), 1);
  EXPECT_EQ(edit_distance("ab", "ba"), 2);
}

TEST(NearestName, TakesTheFirstOfEqualsWithinReach) {
  EXPECT_EQ(nearest_name("deacm", {"mosaic", "decam", "decal"}), "decam");
  EXPECT_EQ(nearest_name("xyz", {"mosaic", "decam"}), "");
  EXPECT_EQ(nearest_name("a", {"b", "c"}), "b");
  EXPECT_EQ(nearest_name("2447p12", {"0001m002", "2447p120"}, 1), "2447p120");
  EXPECT_EQ(nearest_name("a", {}), "");
}

TEST(NearestNames, RanksByDistanceThenByName) {
  const std::vector<std::string> bricks = {"0001p000", "2447p125", "2447p120", "2447p121"};
  EXPECT_EQ(nearest_names("2447p122", bricks, 2), (std::vector<std::string>{"2447p120", "2447p121"}));
  EXPECT_EQ(nearest_names("2447p122", bricks, 9).size(), 4u);
  EXPECT_TRUE(nearest_names("2447p122", {}, 3).empty());
}

}  // namespace
}  // namespace brickline
