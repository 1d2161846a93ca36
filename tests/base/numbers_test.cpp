#include "core/base/numbers.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>
#include <string>

namespace brickline {
namespace {

struct Real {
  const char* text;
  double value;
};

constexpr double kNone = std::numeric_limits<double>::infinity();  // stands for "no number"

// clang-format off
constexpr Real kReals[] = {
    {"0", 0}, {"-0", 0}, {"1", 1}, {"+1", 1}, {"-1", -1}, {" 42 ", 42}, {"\t42\n", 42}, {"007", 7},
    {"1.5", 1.5}, {"+1.5", 1.5}, {".5", 0.5}, {"-.5", -0.5}, {"+.5", 0.5}, {"5.", 5}, {"-5.", -5},
    {"1e3", 1000}, {"1E3", 1000}, {"1d3", 1000}, {"1D3", 1000}, {"1.2D+02", 120}, {"1.2d-02", 0.012},
    {"-7.277777777777778E-05", -7.277777777777778e-05}, {"7.2777777777777783D-05", 7.2777777777777783e-05},
    {"1.E2", 100}, {".1E1", 1}, {"9007199254740993", 9007199254740992}, {"0.1", 0.1},
    {"1.7976931348623157E308", 1.7976931348623157e308}, {"4.9406564584124654e-324", 4.9406564584124654e-324},
    {"1e-400", 0}, {"-1D-400", 0}, {"1e-99999999999", 0},
    {"", kNone}, {" ", kNone}, {"+", kNone}, {"-", kNone}, {".", kNone}, {"e5", kNone}, {"D5", kNone},
    {"1e", kNone}, {"1D", kNone}, {"1D+", kNone}, {"++1", kNone}, {"+-1", kNone}, {"-+1", kNone}, {"--1", kNone},
    {"1,5", kNone}, {"1.5.2", kNone}, {"1 5", kNone}, {"1 E5", kNone}, {"+ 1", kNone}, {"- 1", kNone},
    {"0x10", kNone}, {"0X1p3", kNone}, {"1p3", kNone}, {"100 s", kNone}, {"1.5f", kNone}, {"1e5d5", kNone},
    {"1DD5", kNone}, {"N/A", kNone}, {"INDEF", kNone}, {"T", kNone}, {"'1'", kNone}, {"12:34", kNone},
    {"1e400", kNone}, {"-1D400", kNone}, {"1e99999999999", kNone},
    {"nan", kNone}, {"NaN", kNone}, {"-nan", kNone}, {"nan(1)", kNone}, {"inf", kNone}, {"-Inf", kNone},
    {"infinity", kNone}, {"\xe2\x88\x92" "5", kNone},  // a minus sign that is not ASCII's
};
// clang-format on

TEST(Numbers, RealsAreReadWholeOrNotAtAll) {
  for (const Real& r : kReals) {
    const auto value = parse_double(r.text);
    if (r.value == kNone) {
      EXPECT_FALSE(value) << "'" << r.text << "' gave " << *value;
    } else {
      ASSERT_TRUE(value) << "'" << r.text << "'";
      EXPECT_EQ(*value, r.value) << "'" << r.text << "'";
    }
  }
}

TEST(Numbers, NonFiniteOnesAreReadWhereTheyAreAskedFor) {
  for (const char* text : {"nan", "NaN", "NAN", " nan ", "+nan", "-nan"}) {
    const auto value = parse_double(text, NonFinite::kAllowed);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(std::isnan(*value)) << text;
  }
  for (const char* text : {"inf", "+Inf", "INFINITY"}) {
    const auto value = parse_double(text, NonFinite::kAllowed);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value, std::numeric_limits<double>::infinity()) << text;
  }
  EXPECT_EQ(parse_double("-inf", NonFinite::kAllowed), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_double("1.5", NonFinite::kAllowed), 1.5);
  for (const char* text : {"1e400", "nanx", "info", "in"})
    EXPECT_FALSE(parse_double(text, NonFinite::kAllowed)) << text;
}

TEST(Numbers, ZerosKeepTheirSign) {
  EXPECT_TRUE(std::signbit(*parse_double("-0")));
  EXPECT_TRUE(std::signbit(*parse_double("-1e-999")));
  EXPECT_FALSE(std::signbit(*parse_double("1e-999")));
}

TEST(Numbers, WholeNumbersAreReadWholeOrNotAtAll) {
  EXPECT_EQ(parse_int("0"), 0);
  EXPECT_EQ(parse_int(" 42 "), 42);
  EXPECT_EQ(parse_int("+42"), 42);
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("007"), 7);
  EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_int("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "99999999999999999999999", "", " ",
                           "+", "-", "+-1", "++1", "1.0", "1.", "1e3", "1,000", "0x10", "1 2", "12a", "nan"})
    EXPECT_FALSE(parse_int(text)) << "'" << text << "'";
}

TEST(Numbers, TheLocaleHasNoSay) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"})
    if (std::setlocale(LC_ALL, name)) break;
  EXPECT_EQ(parse_double("1.5"), 1.5);
  EXPECT_FALSE(parse_double("1,5"));
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Stripped, TakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(stripped(" \t a b \r\n"), "a b");
  EXPECT_EQ(stripped("ab"), "ab");
  EXPECT_EQ(stripped("  "), "");
  EXPECT_EQ(stripped(""), "");
}

}  // namespace
}  // namespace brickline
