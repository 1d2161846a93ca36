#include "core/survey/product_bits.h"

#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "tests/support/golden_products.h"

namespace brickline {
namespace {

void expect_slot(const BandMaskbits& bits, const char* band, int satur, int allmask) {
  const auto* slot = bits.find(band);
  ASSERT_NE(slot, nullptr) << band;
  EXPECT_EQ(slot->satur, satur) << band;
  EXPECT_EQ(slot->allmask, allmask) << band;
}

TEST(ProductBits, PublishedBandsKeepTheirBitsAndNewOnesGetFreeOnes) {
  const BandMaskbits bits({"u", "g", "r", "i", "z", "N"});
  expect_slot(bits, "g", 0x4, 0x20);
  expect_slot(bits, "r", 0x8, 0x40);
  expect_slot(bits, "z", 0x10, 0x80);
  expect_slot(bits, "i", 0x4000, 0x8000);
  expect_slot(bits, "u", 1 << 20, 1 << 21);
  expect_slot(bits, "N", 1 << 22, 1 << 23);
  EXPECT_EQ(bits.find("Y"), nullptr);
}

TEST(ProductBits, TheReferencesOwnOrderHandsOutTheSlotsInTurn) {
  const BandMaskbits four({"g", "r", "i", "z"}, BandMaskbits::Order::kUpstream);
  expect_slot(four, "g", 4, 32);
  expect_slot(four, "r", 8, 64);
  expect_slot(four, "i", 16, 128);
  expect_slot(four, "z", 16384, 32768);
  const BandMaskbits five({"u", "g", "r", "i", "z"}, BandMaskbits::Order::kUpstream);
  expect_slot(five, "u", 4, 32);
  expect_slot(five, "i", 16384, 32768);
  expect_slot(five, "z", 1048576, 2097152);
}

TEST(ProductBits, MoreBandsThanBitsAreNotAnError) {
  std::vector<std::string> bands;
  for (int i = 0; i < 20; ++i) bands.push_back("B" + std::to_string(i));
  const BandMaskbits bits(bands);
  EXPECT_NE(bits.find("B4"), nullptr);
  EXPECT_EQ(bits.find("B19"), nullptr);
  for (const auto& slot : bits.slots()) EXPECT_GT(slot.allmask, 0);
}

// Names, values and order of the cards of a released catalog.
TEST(ProductBits, CardsAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const auto golden = test::data_dir() / "golden/testcase6/products/tractor/110/tractor-1102p240.fits";
  fits::Header ours = maskbits_cards(BandMaskbits({"g", "r", "z"}));
  ours.append(fitbits_cards());
  ours.append(wisemask_cards());
  ours.append(allmask_cards());
  const auto is_bit_card = [](const std::string& key) {
    for (const char* stem : {"MB_", "MBIT_", "FB_", "FBIT_", "WB_", "WBIT_", "AM_", "ABIT_"})
      if (key.starts_with(stem)) return true;
    return false;
  };
  std::vector<std::pair<std::string, std::string>> expected, got;
  const fits::Header header = fits::FitsReader(golden).header(0);
  for (const fits::Card& card : header.cards())
    if (is_bit_card(card.key)) expected.emplace_back(card.key, header.text(card.key).value_or(""));
  for (const fits::Card& card : ours.cards())
    if (is_bit_card(card.key)) got.emplace_back(card.key, ours.text(card.key).value_or(""));
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace brickline
