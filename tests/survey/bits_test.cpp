#include "core/survey/bits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "core/survey/provenance.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MaskBits, PublishedBandsKeepTheirBitsInAnyOrder) {
  const MaskBits bits({"z", "i", "r", "g"});
  EXPECT_EQ(bits.saturated("g"), 0x4);
  EXPECT_EQ(bits.saturated("r"), 0x8);
  EXPECT_EQ(bits.saturated("z"), 0x10);
  EXPECT_EQ(bits.saturated("i"), 0x4000);
  EXPECT_EQ(bits.allmask("g"), 0x20);
  EXPECT_EQ(bits.allmask("r"), 0x40);
  EXPECT_EQ(bits.allmask("z"), 0x80);
  EXPECT_EQ(bits.allmask("i"), 0x8000);
  EXPECT_EQ(bits.saturated("Y"), 0);
}

TEST(MaskBits, OtherBandsGetNewBits) {
  const MaskBits bits({"u", "g", "I-A-L427"});
  EXPECT_EQ(bits.saturated("u"), 0x100000);
  EXPECT_EQ(bits.allmask("u"), 0x200000);
  EXPECT_EQ(bits.saturated("g"), 0x4);
  EXPECT_EQ(bits.saturated("I-A-L427"), 0x400000);
  EXPECT_EQ(bits.bits().back().name, "ALLMASK_I_A_L427");
}

TEST(MaskBits, BandsBeyondTheLastBitAreNamed) {
  const MaskBits bits({"a", "b", "c", "d", "e", "f", "g"});
  EXPECT_EQ(bits.saturated("e"), 0x10000000);
  EXPECT_EQ(bits.allmask("e"), 0x20000000);
  EXPECT_THAT(bits.bands_without_bits(), ElementsAre("f"));
  EXPECT_EQ(bits.saturated("f"), 0);
  EXPECT_THAT(bits.shortage(), HasSubstr("no bit left for band f"));
  fits::Header header;
  add_maskbits_cards(header, bits);
  EXPECT_EQ(header.require_text("MB_NONE"), "f");
  EXPECT_EQ(bits.saturated("g"), 0x4);
}

TEST(MaskBits, TheReferencesOrderHandsTheSlotsOutInTurn) {
  const auto order = MaskBits::Order::kUpstream;
  const MaskBits griz({"g", "r", "i", "z"}, order);
  EXPECT_EQ(griz.saturated("i"), 0x10);
  EXPECT_EQ(griz.allmask("i"), 0x80);
  EXPECT_EQ(griz.saturated("z"), 0x4000);
  EXPECT_EQ(griz.allmask("z"), 0x8000);
  const MaskBits five({"M411", "M438", "M464", "M490", "M517"}, order);
  EXPECT_EQ(five.saturated("M411"), 0x4);
  EXPECT_EQ(five.saturated("M517"), 0x100000);
  EXPECT_EQ(five.allmask("M517"), 0x200000);
}

// The cards of a golden catalogue's header whose keys begin with one of these.
std::vector<std::pair<std::string, std::string>> cards_with(const fits::Header& h,
                                                            std::vector<std::string> prefixes) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const fits::Card& c : h.cards())
    for (const std::string& p : prefixes)
      if (c.key.starts_with(p)) found.emplace_back(c.key, h.text(c.key).value_or(""));
  return found;
}

TEST(BitCards, AreThoseOfTheReferencesCatalogue) {
  BRICKLINE_NEEDS_DATA("golden/testcase6/products/tractor");
  fits::FitsReader file(test::data_dir() / "golden/testcase6/products/tractor/110/tractor-1102p240.fits");
  const fits::Header golden = file.header(0);
  fits::Header ours;
  add_maskbits_cards(ours, MaskBits({"g", "r", "z"}));
  add_fitbits_cards(ours);
  add_wisemask_cards(ours);
  add_allmask_cards(ours);
  const std::vector<std::string> prefixes{"MB_", "MBIT_", "FB_", "FBIT_", "WB_", "WBIT_", "AM_", "ABIT_"};
  EXPECT_GT(cards_with(golden, prefixes).size(), 70u);
  EXPECT_EQ(cards_with(ours, prefixes), cards_with(golden, prefixes));
}

TEST(ProvenanceCards, BrickAndBandCardsAreThoseOfTheReferencesCatalogue) {
  BRICKLINE_NEEDS_DATA("golden/testcase6/products/tractor");
  fits::FitsReader file(test::data_dir() / "golden/testcase6/products/tractor/110/tractor-1102p240.fits");
  const fits::Header golden = file.header(0);
  const SurveyDirectory survey = SurveyDirectory::open(test::data_dir() / "surveys/testcase6");
  const CcdTable ccds = CcdTable::read(survey);
  const SurveyIdentity identity{
      .data_release = "DR11", .survey = "DECaLS+BASS+MzLS", .survey_id = "DECaLS BASS MzLS"};
  fits::Header ours = version_header(identity, {{"CFITSIO", "4.2"}}, "runbrick --brick 1102p240", "v3");
  add_brick_cards(ours,
                  make_target(BrickTable::read(survey).find("1102p240"), {.zoom = Box{500, 600, 650, 750}}));
  add_ccd_cards(ours, ccds.files(), {"g", "r", "z"}, {"g", "r", "z"}, ccds.rows_of({0, 1, 2, 3, 4, 5}));
  add_stage_card(ours, "TIMS");
  add_dchisq_cards(ours);
  for (const char* key : {"LSDR",    "SURVEY", "SURVEYID", "DRVERSIO", "OBSTYPE",  "PROCTYPE", "BRICK",
                          "BRICKID", "RA",     "DEC",      "BRICK_G",  "CAMS_G",   "BRICK_Z",  "CAMS_Z",
                          "BANDS",   "NBANDS", "BAND0",    "BAND2",    "DCHISQ_0", "DCHISQ_4"})
    EXPECT_EQ(ours.text(key), golden.text(key)) << key;
  for (const char* key : {"RAMIN", "RAMAX", "DECMIN", "DECMAX", "CENTRA", "CENTDEC", "CORN1RA", "CORN1DEC",
                          "CORN2RA", "CORN2DEC", "CORN3RA", "CORN3DEC", "CORN4RA", "CORN4DEC"})
    EXPECT_NEAR(ours.require_number(key), golden.require_number(key), 1e-11) << key;
  // In the reference's order, its own cards left out.
  std::vector<std::string> golden_keys, our_keys;
  for (const fits::Card& c : golden.cards())
    if (ours.has(c.key) && c.key != "COMMENT" && !c.key.starts_with("DEP")) golden_keys.push_back(c.key);
  for (const fits::Card& c : ours.cards())
    if (golden.has(c.key) && c.key != "COMMENT" && !c.key.starts_with("DEP")) our_keys.push_back(c.key);
  EXPECT_EQ(our_keys, golden_keys);
}

TEST(ProvenanceCards, NameNoDirectories) {
  fits::Header h;
  add_ccd_cards(h, {"/some/where/survey-ccds-1.fits.gz"}, {"g", "Y"}, {"g"}, {});
  EXPECT_EQ(h.text("CCDFN_1"), "survey-ccds-1.fits.gz");
  EXPECT_EQ(h.logical("BRICK_Y"), false);
  EXPECT_EQ(h.text("CAMS_Y"), "");
}

TEST(CommandLine, IsTheSameInWhateverOrderOptionsCame) {
  const CommandOption zoom{"--zoom", {"0", "100", "0", "100"}}, brick{"--brick", {"1102p240"}};
  const CommandOption odd{"--survey-name", {"it's"}};
  const std::string line = canonical_command_line("runbrick", {zoom, odd, brick});
  EXPECT_EQ(line, "runbrick --brick 1102p240 --survey-name 'it'\\''s' --zoom 0 100 0 100");
  EXPECT_EQ(canonical_command_line("runbrick", {brick, zoom, odd}), line);
}

}  // namespace
}  // namespace brickline
