// Bricks whose tables have a column in different types.
#include "core/release/ccds_used.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/survey/products.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

class CcdsUsed : public testing::Test {
 protected:
  template <typename T>
  BrickOutput brick(const std::string& name, T zero_point) {
    fits::Table table;
    table.add("camera", std::vector<std::string>{"decam"});
    table.add("expnum", std::vector<std::int64_t>{7});
    table.add("ccdname", std::vector<std::string>{"N4"});
    table.add("ccdzpt", std::vector<T>{zero_point});
    fits::FitsWriter writer;
    writer.add_table(table);
    BrickOutput out{directory_.path(), {}};
    out.brick.name = name;
    writer.write(directory_ / product_path(Product::kCcdsTable, {.brick = name}));
    return out;
  }
  // Each group's part, then all of them.
  CcdConflicts conflicts(const std::vector<std::vector<BrickOutput>>& groups) {
    CcdsUsedOptions options;
    options.verify = false;
    CcdConflicts found;
    std::vector<fs::path> parts;
    for (const auto& bricks : groups) {
      parts.push_back(directory_ / fmt::format("part{}.fits", parts.size()));
      make_ccds_part({"", bricks}, ccds_columns(bricks, options), parts.back(), options, found);
    }
    RowTableWriter table = merge_ccds(parts, directory_ / "ccds.fits", options, found);
    EXPECT_EQ(table.rows(), 1);
    EXPECT_FALSE(fs::exists(directory_ / "ccds.fits"));
    return found;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(CcdsUsed, AgreeWhereOneZeroPointIsTheOtherInSinglePrecision) {
  const BrickOutput single = brick("1501p022", 25.1F), twice = brick("1501p025", 25.1),
                    other = brick("1504p022", 25.1);
  EXPECT_THAT(conflicts({{single, twice, other}}), testing::IsEmpty());
  EXPECT_THAT(conflicts({{single, twice}, {other}}), testing::IsEmpty());
  EXPECT_THAT(conflicts({{single}, {other}}), testing::IsEmpty());
}

TEST_F(CcdsUsed, AreOfTwoSurveysWhereZeroPointsDiffer) {
  const BrickOutput single = brick("1501p022", 25.1F), near = brick("1501p025", 25.10001),
                    a = brick("1504p022", 25.1), b = brick("1504p025", 25.1 + 1e-9);
  EXPECT_THAT(conflicts({{single, near}}), testing::ElementsAre(testing::HasSubstr("ccdzpt is")));
  EXPECT_THAT(conflicts({{single}, {near}}), testing::SizeIs(1));
  EXPECT_THAT(conflicts({{a, b}}), testing::SizeIs(1));  // both in double precision
}

}  // namespace
}  // namespace brickline
