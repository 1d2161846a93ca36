// Trees that are written find every row, also where many have one place: exposures of one pointing.
#include "core/survey/kd_tree_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/survey/kd_tree.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

TEST(MadeSkyTrees, FindEveryRowOfOnePlace) {
  const test::TemporaryDirectory directory;
  for (const int exposures : {1, 30, 60, 100, 400}) {
    std::vector<double> ra, dec;
    for (int e = 0; e < exposures; ++e)
      for (const double chip : {0., 0.3, 0.6}) {
        ra.push_back(150 + chip);
        dec.push_back(2);
      }
    const MadeSkyTree tree = make_sky_tree(ra, dec);
    fits::Table table;
    std::vector<std::int32_t> rows(ra.size());
    std::iota(rows.begin(), rows.end(), 0);
    table.add("row", std::move(rows));
    fits::FitsWriter writer;
    writer.add_table(table.select(tree.order));
    add_sky_tree(writer, tree, "ccds");
    const auto path = directory.path() / "tree.fits";
    writer.write(path);
    fits::FitsReader reader(path);
    const auto read = SkyTree::read(reader, "ccds");
    ASSERT_TRUE(read);
    for (const double chip : {0., 0.3, 0.6}) {
      std::vector<std::int64_t> found = read->search(reader, 150 + chip, 2, 0.001);
      EXPECT_EQ(found.size(), static_cast<std::size_t>(exposures)) << chip;
      for (const std::int64_t row : found)
        EXPECT_EQ(ra[static_cast<std::size_t>(tree.order[static_cast<std::size_t>(row)])], 150 + chip);
    }
  }
}

}  // namespace
}  // namespace brickline
