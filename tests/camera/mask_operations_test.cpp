// The named mask operations on small grids whose outcome the reference pipeline gave.
#include "core/camera/mask_operations.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <variant>

#include "core/base/error.h"
#include "core/facts/mask_bits.h"

namespace brickline {
namespace {

template <typename T>
Image<T> grid(std::initializer_list<std::initializer_list<int>> rows) {
  Image<T> image(static_cast<int>(rows.begin()->size()), static_cast<int>(rows.size()));
  int y = 0;
  for (const auto& row : rows) {
    int x = 0;
    for (const int value : row) image(x++, y) = static_cast<T>(value);
    ++y;
  }
  return image;
}

template <typename T>
void expect_equal(const Image<T>& got, const Image<T>& want) {
  ASSERT_EQ(got.width(), want.width());
  ASSERT_EQ(got.height(), want.height());
  for (int y = 0; y < want.height(); ++y)
    for (int x = 0; x < want.width(); ++x) EXPECT_EQ(got(x, y), want(x, y)) << "row " << y << " column " << x;
}

// Codes of the NOIRLab Community Pipeline, all that mean something.
const std::map<std::uint32_t, std::uint16_t> kCodes = {
    {1, mask_bit::kBadpix}, {2, mask_bit::kBadpix}, {3, mask_bit::kSatur}, {4, mask_bit::kBleed},
    {5, mask_bit::kCr},     {6, mask_bit::kBadpix}, {7, mask_bit::kTrans}, {8, mask_bit::kTrans}};

TEST(MaskOperations, IntegerCodesBecomeBitsAndBadPixelsBesideSaturatedOnesAreSaturated) {
  Image<std::int32_t> raw = grid<std::int32_t>({{0, 1, 1, 0, 0, 0, 7, 8},
                                                {0, 1, 3, 1, 0, 5, 6, 9},
                                                {0, 1, 4, 4, 1, 2, 0, 0},
                                                {3, 1, 4, 0, 0, 1, 0, 255}});
  codes_touching(raw.view(), 1, 3, 3);
  Image<std::uint16_t> mask(raw.width(), raw.height());
  codes_to_bits(raw.const_view(), kCodes, 0, mask.view());
  expect_equal(mask, grid<std::uint16_t>({{0, 1, 2, 0, 0, 0, 128, 128},
                                          {0, 2, 2, 2, 0, 16, 1, 0},
                                          {0, 1, 64, 64, 1, 1, 0, 0},
                                          {2, 2, 64, 0, 0, 1, 0, 0}}));
}

// 14 rows of 13: a saturated pixel with its trail, and bleed codes that belong to nothing.
Image<std::int32_t> bleeding_grid() {
  Image<std::int32_t> raw(13, 14);
  const auto set = [&](int row0, int row1, int column0, int column1, int code) {
    for (int y = row0; y <= row1; ++y)
      for (int x = column0; x <= column1; ++x) raw(x, y) = code;
  };
  set(6, 6, 3, 3, 3);
  set(2, 5, 3, 3, 4);
  set(7, 9, 3, 3, 4);
  set(11, 11, 3, 3, 4);
  set(5, 7, 4, 4, 4);
  set(6, 6, 7, 9, 4);
  set(0, 1, 10, 10, 4);
  set(4, 5, 11, 11, 4);
  set(12, 13, 11, 11, 4);
  set(9, 9, 5, 5, 1);
  set(10, 10, 6, 6, 5);
  set(11, 11, 6, 6, 8);
  set(3, 3, 8, 8, 7);
  set(3, 3, 9, 9, 6);
  set(3, 3, 7, 7, 2);
  return raw;
}

Image<std::uint16_t> repaired(const std::map<std::uint32_t, std::uint16_t>& codes) {
  Image<std::int32_t> raw = bleeding_grid();
  Image<std::uint16_t> mask(raw.width(), raw.height());
  codes_touching(raw.view(), 1, 3, 3);
  codes_to_bits(raw.const_view(), codes, 0, mask.view());
  bleed_must_touch_satur(mask.view(), 2);
  return mask;
}

Image<std::uint16_t> repaired_grid(int cosmic_ray) {
  Image<std::uint16_t> want(13, 14);
  const auto set = [&](int row0, int row1, int column, int bit) {
    for (int y = row0; y <= row1; ++y) want(column, y) = static_cast<std::uint16_t>(bit);
  };
  set(6, 6, 3, 2);
  set(2, 5, 3, 64);
  set(7, 9, 3, 64);
  set(5, 7, 4, 64);
  set(0, 1, 10, 64);
  set(12, 13, 11, 64);
  set(9, 9, 5, 1);
  set(10, 10, 6, cosmic_ray);
  set(3, 3, 8, 128);
  set(3, 3, 9, 1);
  set(3, 3, 7, 1);
  return want;
}

TEST(MaskOperations, BleedTrailsThatTouchNoSaturatedPixelNorTheEdgeAreDropped) {
  std::map<std::uint32_t, std::uint16_t> codes = kCodes;
  codes[8] = 0;
  expect_equal(repaired(codes), repaired_grid(mask_bit::kCr));
  codes[5] = 0;
  expect_equal(repaired(codes), repaired_grid(0));
}

TEST(MaskOperations, OldBitMasksLoseSaturatedWhereBad) {
  const Image<std::int32_t> raw = grid<std::int32_t>({{0, 1, 2, 3}, {4, 16, 64, 128}, {67, 66, 17, 255}});
  Image<std::uint16_t> mask(4, 3);
  std::map<std::uint32_t, std::uint16_t> identity;
  for (int bit = 0; bit < 8; ++bit) identity[1u << bit] = static_cast<std::uint16_t>(1u << bit);
  bits_to_bits(raw.const_view(), identity, 0, mask.view());
  clear_bits(mask.view(), mask_bit::kSatur, mask_bit::kBadpix);
  expect_equal(mask, grid<std::uint16_t>({{0, 1, 2, 1}, {4, 16, 64, 128}, {65, 66, 17, 253}}));
}

TEST(MaskOperations, ARectangleOfTheCcdIsSetInsideTheWindow) {
  Image<std::uint16_t> mask(20, 20);  // columns 530 to 549, rows 3880 to 3899
  set_rectangle(mask.view(), {530, 550, 3880, 3900}, {538, 544, 0, 3889}, mask_bit::kBadpix);
  int count = 0;
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x) {
      EXPECT_EQ(mask(x, y) != 0, y <= 8 && x >= 8 && x <= 13);
      count += mask(x, y) != 0;
    }
  EXPECT_EQ(count, 54);
}

TEST(MaskOperations, AStaticMaskFillsOnlyGoodPixels) {
  Image<std::int32_t> raw = grid<std::int32_t>({{0, 5, 0}});
  const Image<std::uint8_t> plane = grid<std::uint8_t>({{1, 1, 0}});
  add_static_mask(raw.view(), plane.const_view(), 1);
  expect_equal(raw, grid<std::int32_t>({{1, 5, 0}}));
}

TEST(MaskOperations, BitsOutsideTheTableCountAsOthersAndTheHighestBitIsNoSign) {
  const Image<std::int32_t> raw = grid<std::int32_t>({{1, 3, 8, static_cast<int>(0x80000001u)}});
  Image<std::uint16_t> mask(4, 1);
  bits_to_bits(raw.const_view(), {{1, mask_bit::kBadpix}, {2, 0}, {0x80000000u, mask_bit::kCr}},
               mask_bit::kInterp, mask.view());
  expect_equal(mask, grid<std::uint16_t>({{1, 1, 4, 17}}));

  Image<std::uint16_t> kept(4, 1);
  keep_bits(raw.const_view(), 0x3, mask_bit::kBadpix, kept.view());
  expect_equal(kept, grid<std::uint16_t>({{0, 0, 1, 1}}));
}

struct NoHeaders : CcdHeaders {
  const fits::Header* header(HeaderOf) override { return nullptr; }
};

TEST(MaskOperations, WithoutAPipelineCanonicalBitsAreTakenAndAnyOtherIsBad) {
  Image<std::int32_t> raw = grid<std::int32_t>({{0, 0x40, 0x8, 0x42}});
  NoHeaders headers;
  const CcdValues ccd;
  const MaskContext context{ccd, headers, {0, 4, 0, 1}, {}, {}};
  expect_equal(apply_pipeline(MaskFacts{}, context, raw.view(), {}),
               grid<std::uint16_t>({{0, 0x40, 0x1, 0x42}}));
}

TEST(MaskOperations, EachHasItsNameAndItsOwnArguments) {
  const std::pair<const char*, const char*> all[] = {
      {"static_mask", R"({"file": "data:a.fits"})"},
      {"codes_touching", R"({"code": 2, "neighbour": 4, "becomes": 5})"},
      {"codes", R"({"table": {"1": "badpix"}})"},
      {"bits", R"({"table": {"0x1": "badpix"}})"},
      {"planes", R"({"table": {"SAT": "satur"}, "others": "badpix"})"},
      {"keep_bits", R"({"ignore": "0x30", "sets": "badpix"})"},
      {"clear", R"({"bit": "satur", "where_also": "badpix"})"},
      {"bleed_must_touch_satur", R"({"dilate": 1})"},
      {"rectangles", R"({"rows": [{"box": [0, 1, 0, 1], "bit": "badpix"}]})"},
      {"below", R"({"value": 0.5, "bit": "badpix"})"},
      {"above", R"({"value": 0.5, "bit": "badpix"})"}};
  EXPECT_EQ(std::size(all), std::variant_size_v<MaskOperation::What>);
  for (const auto& [name, arguments] : all) EXPECT_EQ(parse_mask_operation(name, arguments).name(), name);
  const MaskOperation touching = parse_mask_operation(all[1].first, all[1].second);
  ASSERT_TRUE(std::holds_alternative<mask_op::CodesTouching>(touching.what));
  EXPECT_EQ(std::get<mask_op::CodesTouching>(touching.what).becomes, 5);
  // Another operation's argument is no argument.
  EXPECT_THROW(parse_mask_operation("clear", R"({"bit": "satur", "where_also": "badpix", "dilate": 1})"),
               Error);
}

TEST(MaskOperations, PlanesAreFoundByTheirNames) {
  struct Numbered : CcdHeaders {
    fits::Header mask;
    const fits::Header* header(HeaderOf which) override { return which == HeaderOf::kMask ? &mask : nullptr; }
  } headers;
  headers.mask.set("MP_SAT", std::int64_t{0});
  headers.mask.set("MP_CR", std::int64_t{3});
  headers.mask.set("MP_DUST", std::int64_t{4});
  MaskFacts facts;
  facts.pipeline = {parse_mask_operation(
      "planes", R"({"table": {"SAT": "satur", "CR": "cr"}, "others": "badpix", "ignore_names": ["DUST"]})")};
  Image<std::int32_t> raw = grid<std::int32_t>({{0, 1, 8, 9, 16, 32}});
  const CcdValues ccd;
  const MaskContext context{ccd, headers, {0, 6, 0, 1}, {}, {}};
  expect_equal(apply_pipeline(facts, context, raw.view(), {}), grid<std::uint16_t>({{0, 2, 16, 18, 0, 1}}));
}

TEST(MaskOperations, AnOperationIsLeftOutWhereItsConditionDoesNotHold) {
  MaskFacts facts;
  facts.pipeline = {
      parse_mask_operation("codes", R"({"table": {"5": "cr"}, "when": {"plver": {"from": "4.8.0"}}})"),
      parse_mask_operation("above", R"({"value": 10, "bit": "satur", "per_second": true})")};
  NoHeaders headers;
  CcdValues ccd;
  ccd.exptime = 2;
  const Image<float> image = grid<float>({{19, 21}});
  for (const auto& [version, bit] : {std::pair{"V4.7.9", 0}, {"V4.8.2a", 16}}) {
    ccd.plver = version;
    Image<std::int32_t> raw = grid<std::int32_t>({{5, 5}});
    const MaskContext context{ccd, headers, {0, 2, 0, 1}, {}, {}};
    expect_equal(apply_pipeline(facts, context, raw.view(), image.const_view()),
                 grid<std::uint16_t>({{bit, bit | 2}}));
  }
}

TEST(MaskPipeline, ValuesThatNoTableKnowsAreFound) {
  MaskFacts facts;
  facts.pipeline = {parse_mask_operation("codes", R"({"table": {"1": "badpix", "8": "ignore"}})")};
  Image<std::int32_t> raw(5, 1);
  Image<std::uint16_t> mask(5, 1);
  for (int x = 0; x < 5; ++x) raw(x, 0) = std::array{0, 1, 8, 9, 7}[static_cast<std::size_t>(x)];
  mask(1, 0) = mask_bit::kBadpix;
  using Values = std::vector<std::int32_t>;
  EXPECT_EQ(unknown_values(facts, raw.const_view(), mask.const_view()), (Values{7, 9}));
  EXPECT_EQ(unknown_values(facts, raw.const_view(), mask.const_view(), 1), (Values{7}));
  facts.pipeline = {parse_mask_operation("bits", R"({"table": {"0x1": "badpix", "0x8": "ignore"}})")};
  EXPECT_EQ(unknown_values(facts, raw.const_view(), mask.const_view()), (Values{7}));
  facts.pipeline = {parse_mask_operation("keep_bits", R"({"sets": "badpix"})")};
  EXPECT_EQ(unknown_values(facts, raw.const_view(), mask.const_view()), Values{});
}

}  // namespace
}  // namespace brickline
