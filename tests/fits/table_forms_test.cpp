// Every type of column that FITS has, as astropy writes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/run_program.h"

namespace brickline::fits {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TableForms : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new test::TemporaryDirectory;
    const std::string script = std::string(BRICKLINE_SOURCE_DIR) + "/tests/fits/write_table_forms.py";
    const auto result =
        test::run_program("/usr/bin/python3", {"-W", "ignore", script, (*directory_ / "t.fits").string()});
    why_not_ = result.exit_code == 0 ? "" : "python3-astropy is absent: " + result.err;
  }
  static void TearDownTestSuite() {
    delete directory_;
    directory_ = nullptr;
  }
  void SetUp() override {
    if (!why_not_.empty()) GTEST_SKIP() << why_not_;
    table_ = FitsReader(*directory_ / "t.fits").table(1);
    ASSERT_EQ(table_.rows(), 4);
  }
  std::vector<std::int64_t> integers(const std::string& name) const {
    std::vector<std::int64_t> values;
    for (int row = 0; row < 4; ++row) values.push_back(table_.integer(name, row));
    return values;
  }
  std::vector<std::string> texts(const std::string& name) const {
    return std::get<std::vector<std::string>>(table_.require(name).data);
  }
  static std::string error_of(const auto& what) {
    try {
      what();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "no error";
  }
  static test::TemporaryDirectory* directory_;
  static std::string why_not_;
  Table table_;
};

test::TemporaryDirectory* TableForms::directory_ = nullptr;
std::string TableForms::why_not_;

TEST_F(TableForms, IntegersOfEverySizeAndSign) {
  EXPECT_TRUE(table_.unreadable().empty());
  EXPECT_THAT(integers("byte"), ElementsAre(0, 1, 200, 255));
  EXPECT_THAT(integers("sbyte"), ElementsAre(-128, -1, 0, 127));
  EXPECT_THAT(integers("short"), ElementsAre(-32768, -1, 0, 32767));
  EXPECT_THAT(integers("ushort"), ElementsAre(0, 1, 40000, 65535));
  EXPECT_THAT(integers("int"), ElementsAre(-2147483648LL, -1, 0, 2147483647LL));
  EXPECT_THAT(integers("uint"), ElementsAre(0, 1, 3000000000LL, 4294967295LL));
  EXPECT_THAT(integers("long"), ElementsAre(std::numeric_limits<std::int64_t>::min(), -1, 0,
                                            std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT(integers("ulong"), ElementsAre(0, 1, 512, std::numeric_limits<std::int64_t>::max()));
}

TEST_F(TableForms, BitsAndLogicals) {
  EXPECT_THAT(integers("logical"), ElementsAre(1, 0, 1, 0));
  const Column& bits = table_.require("bits");
  ASSERT_EQ(bits.width(), 11);
  for (int row = 0; row < 4; ++row)
    for (int i = 0; i < 11; ++i)
      EXPECT_EQ(table_.logical("bits", row, i), i % (row + 2) == 0) << row << " " << i;
}

TEST_F(TableForms, RealAndComplexNumbers) {
  EXPECT_EQ(table_.number("float", 0), 1.5);
  EXPECT_TRUE(std::isnan(table_.number("float", 1)));
  EXPECT_EQ(table_.number("float", 2), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(table_.number("double", 0), 0.1);
  EXPECT_TRUE(std::isnan(table_.number("double", 1)));
  EXPECT_EQ(table_.number("double", 2), 1e300);
  EXPECT_THAT(table_.numbers("complex"), ElementsAre(1, 2, 3, -4, 0, 0, 0, 1));
  EXPECT_THAT(table_.require("dcomplex").shape, ElementsAre(2, 2));
  EXPECT_THAT(table_.numbers("dcomplex"), ElementsAre(1, 2, 3, 0, 4, 0, 0, 5, 0, 0, 0, 0, 6, 0, 7, 8));
}

TEST_F(TableForms, ScaledIntegersKeepAllDigits) {
  EXPECT_THAT(table_.numbers("scaled"), ElementsAre(2450000.5, 2450001.0, 2450001.5, 2450002.0));
  const auto fine = table_.numbers("scaled_long");
  EXPECT_NEAR(fine[0], 0.001, 1e-15);
  EXPECT_NEAR(fine[2], -0.003, 1e-15);
  EXPECT_NEAR(fine[3], 2000, 1e-9);
}

TEST_F(TableForms, BlankIntegersAreNoNumbers) {
  const auto blanks = table_.numbers("blanks");
  EXPECT_EQ(blanks[0], 1);
  EXPECT_TRUE(std::isnan(blanks[1]));
  EXPECT_EQ(table_.integer("blanks", 2), 3);
  EXPECT_THAT(error_of([&] { table_.integer("blanks", 3); }), HasSubstr("blanks row 4 is blank"));
  const auto scaled = table_.numbers("scaled_blanks");
  EXPECT_EQ(scaled[0], 7);
  EXPECT_TRUE(std::isnan(scaled[1]));
  EXPECT_EQ(scaled[3], 7 + 15 * 0.25);
}

TEST_F(TableForms, StringsWithAndWithoutPadding) {
  EXPECT_THAT(texts("text"), ElementsAre("abc", "blank", "", "longest!"));
  EXPECT_THAT(texts("texts"), ElementsAre("ab", "c", "", "def", "gh", "", "i", "j"));
  EXPECT_THAT(texts("words"), ElementsAre("one", "z", "three and more", "x"));
}

TEST_F(TableForms, ShapesAndEmptyColumns) {
  EXPECT_THAT(table_.require("matrix").shape, ElementsAre(3, 2));
  EXPECT_EQ(table_.integer("matrix", 3, 5), 23);
  EXPECT_EQ(table_.require("none").width(), 0);
}

TEST_F(TableForms, VariableLengthsArePadded) {
  const Column& reals = table_.require("reals");
  EXPECT_THAT(reals.lengths, ElementsAre(3, 0, 1, 2));
  ASSERT_EQ(reals.width(), 3);
  EXPECT_EQ(table_.number("reals", 0, 2), 3);
  EXPECT_TRUE(std::isnan(table_.number("reals", 1, 0)));
  EXPECT_EQ(table_.number("reals", 2, 0), 4);
  EXPECT_TRUE(std::isnan(table_.number("reals", 2, 1)));
  EXPECT_EQ(table_.number("reals", 3, 1), 6);
  EXPECT_THAT(table_.require("integers").lengths, ElementsAre(1, 2, 0, 2));
  EXPECT_EQ(table_.integer("integers", 3, 1), 11);
}

TEST_F(TableForms, NamesThatDifferByCaseAloneAreKeptApart) {
  EXPECT_EQ(table_.number("flux", 1), 2);
  EXPECT_EQ(table_.number("FLUX", 1), 20);
  EXPECT_THAT(error_of([&] { table_.number("Flux", 1); }), HasSubstr("differ by case alone"));
  EXPECT_TRUE(table_.has("Flux"));
  EXPECT_EQ(table_.number("BYTE", 2), 200);
}

TEST_F(TableForms, PartsAreTheSame) {
  FitsReader reader(*directory_ / "t.fits");
  const Table part = reader.rows(1, {3, 0});
  ASSERT_EQ(part.rows(), 2);
  EXPECT_EQ(part.integer("ulong", 0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(part.number("reals", 0, 1), 6);
  EXPECT_EQ(part.number("reals", 1, 2), 3);
  EXPECT_EQ(part.text("words", 0), "x");
  EXPECT_TRUE(part.logical("bits", 1, 10));
  EXPECT_THAT(part.numbers("scaled"), ElementsAre(2450002.0, 2450000.5));
  const Table picked = table_.select({3, 0});
  EXPECT_THAT(picked.require("reals").lengths, ElementsAre(2, 3));
  EXPECT_EQ(picked.number("reals", 0, 1), 6);
  const Table columns = reader.columns(1, {"ULONG", "words"});
  EXPECT_EQ(columns.columns().size(), 2u);
}

TEST_F(TableForms, AsciiTables) {
  const Table ascii = FitsReader(*directory_ / "t.fits").table(2);
  EXPECT_EQ(ascii.integer("a", 1), -2);
  EXPECT_EQ(ascii.text("b", 0), "xy");
  EXPECT_EQ(ascii.number("c", 1), 2.25);
}

TEST_F(TableForms, AColumnThatCannotBeReadIsAnErrorWhereItIsWanted) {
  const Table far = FitsReader(*directory_ / "t.fits").table(3);
  EXPECT_EQ(far.integer("near", 1), 2);
  EXPECT_TRUE(far.has("FAR"));
  ASSERT_EQ(far.unreadable().size(), 1u);
  EXPECT_EQ(far.unreadable()[0].name, "far");
  for (const auto& what : {error_of([&] { far.integer("far", 0); }), error_of([&] { far.find("far"); }),
                           error_of([&] { far.select({0}).number("far", 0); })})
    EXPECT_THAT(what, HasSubstr("column far cannot be read: it holds 9223372036854775813"));
}

TEST(HduNames, TwoOfOneNameAreAnError) {
  test::TemporaryDirectory directory;
  const Image<float> image(8, 8);
  FitsWriter writer;
  writer.add_image(image.const_view(), {}, "S4");
  writer.add_image(image.const_view(), {}, "N4");
  writer.add_image(image.const_view(), {}, "n4");
  writer.write(directory / "f.fits");
  FitsReader reader(directory / "f.fits");
  EXPECT_EQ(reader.find_hdu("s4"), 0);
  EXPECT_FALSE(reader.find_hdu("N5"));
  try {
    reader.find_hdu("N4");
    FAIL() << "one of two was chosen";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), HasSubstr("HDUs 1 and 2 are both called N4"));
  }
}

}  // namespace
}  // namespace brickline::fits
