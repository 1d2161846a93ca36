// A camera's facts: conditions, versions, sources, merging, and what is refused.
#include "core/facts/camera_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Headers : CcdHeaders {
  fits::Header primary, image, mask;
  const fits::Header* header(HeaderOf which) override {
    return which == HeaderOf::kPrimary ? &primary : which == HeaderOf::kImage ? &image : &mask;
  }
  std::string mask_plver() override { return mask.text("PLVER").value_or(""); }
};

// Facts with what is required, and more.
std::string with(const std::string& more) {
  return R"({"facts": "1.0", "detector": {"pixel_scale_arcsec": 0.26, "bands": ["g", "r", "z"]},
             "pixels": {"unit": "total"})" +
         (more.empty() ? "" : ", " + more) + "}";
}
ParsedFacts parse(const std::string& more = {}) { return parse_camera_facts(with(more), {"cam", {}, {}}); }
CameraFacts facts(const std::string& more = {}) {
  ParsedFacts parsed = parse(more);
  EXPECT_THAT(parsed.problems, IsEmpty());
  return parsed.facts;
}

// ---- Pipeline versions ----

// Which of three limits a version has reached: 3.5.0 (integer mask codes), 4.8.0 (cosmic rays), 4.9.0.
std::string limits_reached(const std::string& text) {
  const auto v = parse_pipeline_version(text);
  if (!v) return "none";
  std::string out;
  for (const PipelineVersion& limit :
       {PipelineVersion{3, 5, 0, 'z', 0}, PipelineVersion{4, 8, 0, 'z', 0}, PipelineVersion{4, 9, 0, 'z', 0}})
    out += *v >= limit ? 'y' : 'n';
  return out;
}

TEST(PipelineVersions, AreOrderedAsTheReferencePipelineOrdersThem) {
  const std::map<std::string, std::vector<std::string>> expected = {
      {"nnn", {"V3.4.0", "V3.5.0+1", "DES V3.5.0+1", "V1.2.2a"}},
      {"ynn", {"V3.5.0", "V3.6.2", "V3.9.1", "V4.7.9", "DES V3.5.0"}},
      {"yyn", {"V4.8.0", "V4.8.2", "V4.8.2a"}},
      {"yyy", {"V4.9.0", "V4.10.0", "V5.0beta", "V5.2.2LS", "V5.5", "V5.6.1LS"}}};
  for (const auto& [answer, versions] : expected)
    for (const std::string& version : versions) {
      EXPECT_EQ(limits_reached(version), answer) << version;
      bool exact = false;
      parse_pipeline_version(version, &exact);
      EXPECT_TRUE(exact) << version;
    }
}

TEST(PipelineVersions, UnusualTextCountsByItsLeadingNumbersAndSaysSo) {
  for (const auto& [text, answer] : {std::pair{"V3.5.0+2", "ynn"},
                                     {"V5.2.2LS+", "yyy"},
                                     {"V6", "yyy"},
                                     {"", "none"},
                                     {"unknown", "none"}}) {
    bool exact = true;
    parse_pipeline_version(text, &exact);
    EXPECT_FALSE(exact) << text;
    EXPECT_EQ(limits_reached(text), answer) << text;
  }
}

// ---- Conditions ----

bool holds_for(const std::string& condition, const CcdValues& ccd, CcdHeaders* headers = nullptr) {
  const CameraFacts f = facts(R"("saturation": {"rules": [{"above": 1, "when": )" + condition + "}]}");
  return f.saturation.size() == 1 && holds(f.saturation[0].when, ccd, headers);
}

TEST(Conditions, AllPartsMustHoldAndTheUnknownNeverDoes) {
  CcdValues ccd;
  EXPECT_FALSE(holds_for(R"({"ccd": "S19"})", ccd));
  EXPECT_FALSE(holds_for(R"({"expnum": {"below": 5}})", ccd));
  EXPECT_FALSE(holds_for(R"({"plver": {"below": "4.9.0"}})", ccd));
  ccd.ccdname = "S19";
  ccd.band = "r";
  ccd.expnum = 298250;
  ccd.plver = "V4.8.2a";
  ccd.mjd_obs = 57602;
  EXPECT_TRUE(holds_for(R"({"ccd": "S19", "plver": {"below": "4.9.0"}})", ccd));
  EXPECT_FALSE(holds_for(R"({"ccd": "S19", "plver": {"below": "4.8.0"}})", ccd));
  EXPECT_TRUE(holds_for(R"({"ccd": ["N1", "/^S1[0-9]$/"]})", ccd));
  EXPECT_FALSE(holds_for(R"({"ccd": "s19"})", ccd));
  EXPECT_TRUE(holds_for(R"({"expnum": {"below": 298251}})", ccd));
  EXPECT_FALSE(holds_for(R"({"expnum": {"below": 298250}})", ccd));
  EXPECT_TRUE(holds_for(R"({"mjd": {"from": 57602, "through": 57602}})", ccd));
  EXPECT_FALSE(holds_for(R"({"mjd": {"after": 57602}})", ccd));
  EXPECT_TRUE(holds_for(R"({"any": [{"band": "g"}, {"band": "r"}], "not": {"ccd": "N4"}})", ccd));
  EXPECT_FALSE(holds_for(R"({"not": [{"ccd": "N4"}, {"band": "r"}]})", ccd));
}

TEST(Conditions, LookAtCardsAndAtTheMasksVersion) {
  Headers headers;
  headers.primary.set("WCSCAL", "Successful");
  headers.image.set("SCAMPFLG", 0);
  headers.mask.set("PLVER", "V3.4.0");
  const CcdValues ccd;
  EXPECT_TRUE(holds_for(R"({"card": {"key": "WCSCAL", "matches": "^success"}})", ccd, &headers));
  EXPECT_TRUE(holds_for(R"({"card": {"key": "SCAMPFLG", "equals": 0}})", ccd, &headers));
  EXPECT_FALSE(holds_for(R"({"card": {"key": "SCAMPFLG", "in": "primary", "equals": 0}})", ccd, &headers));
  EXPECT_TRUE(holds_for(R"({"card": {"key": "NOTHERE", "exists": false}})", ccd, &headers));
  EXPECT_FALSE(holds_for(R"({"card": {"key": "SCAMPFLG", "after": 0}})", ccd, &headers));
  EXPECT_TRUE(holds_for(R"({"mask_plver": {"below": "3.5.0"}})", ccd, &headers));
}

// ---- Good region: a chip of 2046 x 4094 pixels ----

constexpr const char* kRegion = R"("good_region": [
  {"when": {"band": "r", "expnum": {"below": 298251}, "ccd": "/N/"}, "y0": 100},
  {"when": {"band": "r", "expnum": {"below": 298251}, "not": {"ccd": "/N/"}}, "y1": "height-100"},
  {"when": {"ccd": "S7"}, "x1": 1023}])";

Box region_of(const std::string& ccdname, const std::string& band, std::int64_t expnum) {
  CcdValues ccd;
  ccd.ccdname = ccdname;
  ccd.band = band;
  ccd.expnum = expnum;
  ccd.width = 2046;
  ccd.height = 4094;
  return good_region(facts(kRegion).good_region, ccd);
}

TEST(GoodRegion, FollowsChipBandAndExposure) {
  EXPECT_EQ(region_of("S7", "g", 200000), (Box{0, 1023, 0, 4094}));
  EXPECT_EQ(region_of("S7", "r", 200000), (Box{0, 1023, 0, 3994}));
  EXPECT_EQ(region_of("N4", "r", 298250), (Box{0, 2046, 100, 4094}));
  EXPECT_EQ(region_of("N4", "r", 298251), (Box{0, 2046, 0, 4094}));
  EXPECT_EQ(region_of("S4", "r", 298250), (Box{0, 2046, 0, 3994}));
  EXPECT_EQ(region_of("S4", "g", 200000), (Box{0, 2046, 0, 4094}));
  EXPECT_EQ(intersection(region_of("S7", "r", 200000), {10, 2000, 50, 4000}), (Box{10, 1023, 50, 3994}));
}

TEST(GoodRegion, ASectionCardIsOneBasedAndInclusive) {
  Headers headers;
  headers.image.set("DATASEC", "[33:2080,1:4612]");
  CcdValues ccd;
  ccd.width = 2112;
  ccd.height = 4644;
  EXPECT_EQ(good_region(facts(R"("good_region": [{"card": "DATASEC"}])").good_region, ccd, &headers),
            (Box{32, 2080, 0, 4612}));
}

TEST(GoodRegion, ASectionThatIsNoneIsAnErrorNamingTheCard) {
  const CameraFacts f = facts(R"("good_region": [{"card": "DATASEC"}])");
  CcdValues ccd;
  ccd.width = ccd.height = 100;
  Headers headers;
  for (const char* section :
       {"[1:99999999999,1:100]", "[1:99999999999999999999999,1:100]", "1:2,3:4", "[a:2,3:4]"}) {
    headers.image.set("DATASEC", section);
    try {
      good_region(f.good_region, ccd, &headers);
      FAIL() << section;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      EXPECT_THAT(e.line(), HasSubstr("DATASEC"));
    }
  }
}

// ---- Sources ----

TEST(Sources, DefaultsAreTheCommonKeywordsOfEitherHeader) {
  Headers headers;
  headers.image.set("FILTER", "r");
  headers.primary.set("INSTRUME", "Camera");
  headers.primary.set("EXPNUM", "722778");  // text, as some files have it
  headers.primary.set("DATE-OBS", "2016-02-29T12:00:00");
  headers.image.set("EXTNAME", "s19 ");
  headers.image.set("FWHM", fits::CardValue(3.25));
  const MetadataFacts m = facts().metadata;
  const CcdValues ccd;
  EXPECT_EQ(text_of(m.of("band"), ccd, headers), "r");
  EXPECT_EQ(text_of(m.of("camera"), ccd, headers), "camera");
  EXPECT_EQ(text_of(m.of("ccdname"), ccd, headers), "s19");
  EXPECT_EQ(integer_of(m.of("expnum"), ccd, headers), 722778);
  EXPECT_DOUBLE_EQ(*number_of(m.of("fwhm"), ccd, headers), 3.25);
  EXPECT_DOUBLE_EQ(*number_of(m.of("mjd_obs"), ccd, headers), 57447.5);
  headers.primary.set("MJD-OBS", fits::CardValue(57448.25));
  EXPECT_DOUBLE_EQ(*number_of(m.of("mjd_obs"), ccd, headers), 57448.25);
  EXPECT_FALSE(number_of(m.of("airmass"), ccd, headers));
  EXPECT_FALSE(text_of(m.of("plver"), ccd, headers));
}

TEST(Sources, TheFirstThatGivesAValueWins) {
  const MetadataFacts m = facts(R"json("metadata": {
    "expnum": [{"key": "EXPNUM"}, {"key": "OBSID", "match": "^kp4m\\.\\d\\d(\\d{6})T(\\d{6})", "take": "$1$2"},
               {"key": "DTACQNAM", "basename": true, "digits": 0}],
    "fwhm": [{"key": "FWHM"}, {"key": "SEEINGP1"}],
    "gain": {"key": ["GAINA", "GAINB"], "in": "image", "combine": "mean"},
    "band": {"key": "FILTER", "words": 1, "map": {"bokr": "r"}}})json")
                              .metadata;
  const CcdValues ccd;
  Headers headers;
  headers.primary.set("DTACQNAM", "/data/d7580.0144.fits.fz");
  headers.primary.set("FILTER", "bokr");
  headers.image.set("FWHM", fits::CardValue(std::nan("")));
  headers.image.set("SEEINGP1", fits::CardValue(2.9));
  headers.image.set("GAINA", fits::CardValue(4.0));
  headers.image.set("GAINB", fits::CardValue(5.0));
  EXPECT_EQ(integer_of(m.of("expnum"), ccd, headers), 75800144);
  headers.primary.set("OBSID", "kp4m.20160125T082555");
  EXPECT_EQ(integer_of(m.of("expnum"), ccd, headers), 160125082555);
  EXPECT_DOUBLE_EQ(*number_of(m.of("fwhm"), ccd, headers), 2.9);
  EXPECT_DOUBLE_EQ(*number_of(m.of("gain"), ccd, headers), 4.5);
  EXPECT_EQ(text_of(m.of("band"), ccd, headers), "r");
}

TEST(Sources, ACardThatCannotBeReadIsAnErrorNamingIt) {
  Headers headers;
  headers.primary.set("EXPTIME", "long");
  try {
    number_of(facts().metadata.of("exptime"), CcdValues{}, headers);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), HasSubstr("EXPTIME = 'long'"));
  }
}

TEST(Sources, DatesBecomeModifiedJulianDays) {
  const MetadataFacts m = facts(R"("metadata": {"mjd_obs": {"key": "DATE-OBS", "as": "iso_utc"}})").metadata;
  Headers headers;
  for (const auto& [date, mjd] : {std::pair{"2000-01-01T12:00:00", 51544.5},
                                  {"1858-11-17", 0.0},
                                  {"2016-02-29T00:00:00", 57447.0},
                                  {"2016-03-01", 57448.0}}) {
    headers.primary.set("DATE-OBS", date);
    EXPECT_DOUBLE_EQ(*number_of(m.of("mjd_obs"), CcdValues{}, headers), mjd) << date;
  }
}

TEST(Sources, ADateThatThereIsNotIsAnError) {
  const MetadataFacts m = facts(R"("metadata": {"mjd_obs": {"key": "DATE-OBS", "as": "iso_utc"}})").metadata;
  Headers headers;
  for (const char* date : {"2016-13-01", "2016-00-10", "2016-01-45", "2015-02-29", "2016-01-01T24:00:00",
                           "2016-01-01T12:60:00", "2016-01-01T12:00:61", "16-01-01", "2016-1-1"}) {
    headers.primary.set("DATE-OBS", date);
    EXPECT_THROW(number_of(m.of("mjd_obs"), CcdValues{}, headers), Error) << date;
  }
}

// ---- Patterns ----

TEST(Patterns, ReplacementsTakeGroupsOfTheFirstMatch) {
  const Pattern pattern(R"((\d+)-(\w)?)");
  EXPECT_EQ(pattern.extract("ab 12-x 34-y", "$2$1"), "x12");
  EXPECT_EQ(pattern.extract("ab 12-x", ""), "12");
  EXPECT_EQ(pattern.extract("ab 12-", "<$&|$2|$$|$9>"), "<12-||$|>");
  EXPECT_FALSE(pattern.extract("none", ""));
  EXPECT_EQ(Pattern("b+").extract("abbc", ""), "bb");
  EXPECT_TRUE(Pattern("^SUCCESS", true).found_in("successful"));
  EXPECT_FALSE(Pattern("^SUCCESS").found_in("successful"));
  EXPECT_FALSE(Pattern().found_in(""));
  EXPECT_THROW(Pattern("(a"), Error);
}

TEST(Patterns, TakeTextsOfAnyLengthAndBytes) {
  const std::string long_text(4'000'000, 'a');
  EXPECT_FALSE(Pattern("^(a|b)*c$").found_in(long_text));
  EXPECT_TRUE(Pattern("^(a|b)*$").found_in(long_text));
  EXPECT_TRUE(Pattern("x.y").found_in("x\xe9y"));
}

// ---- Files and zero points ----

TEST(Files, MaskAndWeightAreNamedBySubstitutionOnTheWholePath) {
  CcdValues ccd;
  ccd.image_filename = "cam_ooi_/c4d_181214_050844_ooi_g_ls9.fits.fz";
  const FileFacts f = facts(R"("files": {"mask": {"substitute": [["_ooi_", "_ood_"], ["_oki_", "_ood_"]]},
                                         "weight": {"substitute": [["_ooi_", "_oow_"]]}})")
                          .files;
  EXPECT_EQ(companion_path(f.mask, ccd), "cam_ood_/c4d_181214_050844_ood_g_ls9.fits.fz");
  EXPECT_EQ(companion_path(f.weight, ccd), "cam_oow_/c4d_181214_050844_oow_g_ls9.fits.fz");
  ccd.image_filename = "k4m_oki_z.fits";
  EXPECT_EQ(companion_path(f.mask, ccd), "k4m_ood_z.fits");
  ccd.image_filename = "plain.fits";
  EXPECT_THROW(companion_path(f.mask, ccd), Error);
  EXPECT_EQ(companion_path(facts(R"("files": {"mask": null})").files.mask, ccd), "");
  EXPECT_EQ(companion_path(facts().files.mask, ccd), "");  // who does not speak of one has none
  EXPECT_EQ(companion_path(facts().files.weight, ccd), "");
  EXPECT_THAT(parse(R"("files": {"mask": {"hdu": 2}})").problems,
              ElementsAre(HasSubstr("files.mask: expected one of substitute, same_file and pattern")));
  EXPECT_EQ(companion_path(facts(R"("files": {"mask": {"same_file": true, "hdu": "+1"}})").files.mask, ccd),
            "plain.fits");
}

TEST(Files, TheBaseNameEndsAtTheFirstDot) {
  EXPECT_EQ(base_name(FileFacts::BaseName::kFirstDot, "a/b/X.N3.fits"), "X");
  EXPECT_EQ(base_name(FileFacts::BaseName::kStripFits, "a/b/X.N3.fits.fz"), "X.N3");
}

TEST(ZeroPoint, CountsNeedTheExposureTimeAndItsLogarithmIsSinglePrecision) {
  const double term = 2.5 * static_cast<double>(std::log10(120.0f));
  EXPECT_EQ(effective_zero_point(facts().pixels, 25, 120), 25 + term);
  PixelFacts per_second;
  per_second.exposure_term = false;
  EXPECT_EQ(effective_zero_point(per_second, 25, 120), 25);
}

// ---- Validation ----

std::vector<std::string> problems(const std::string& more) { return parse(more).problems; }

TEST(Validation, AnUnknownKeyIsNamedWithItsPathAndTheNearestKnownOne) {
  EXPECT_THAT(
      problems(R"("mask": {"pipline": []})"),
      ElementsAre("mask.pipline: unknown key; did you mean pipeline?; there are pipeline, saturation_bits"));
  EXPECT_THAT(
      problems(R"("wieght": {})"),
      ElementsAre(HasSubstr("wieght: unknown key; did you mean weight?; there are abstract, amplifiers, ")));
  EXPECT_THAT(problems(R"("mask": {"pipeline": [{"op": "codes_touchng"}]})"),
              ElementsAre(HasSubstr("did you mean codes_touching?")));
  EXPECT_THAT(problems(R"("saturation": {"rules": [{"above": 1, "when": {"ccdname": "S1"}}]})"),
              ElementsAre(HasSubstr("saturation.rules[0].when.ccdname: unknown key")));
}

TEST(Validation, ReportsAllProblemsAtOnce) {
  const ParsedFacts parsed =
      parse_camera_facts(R"({"weight": {"clip_factor": "no"}, "psf": {"size_pixels": 62}})", {"cam", {}, {}});
  EXPECT_THAT(parsed.problems,
              ::testing::UnorderedElementsAre(
                  HasSubstr("detector.pixel_scale_arcsec: is required"),
                  HasSubstr("detector.bands: is required"), HasSubstr("pixels.unit: is required"),
                  HasSubstr("weight.clip_factor"), HasSubstr("psf.size_pixels: 62 is not odd")));
}

TEST(Validation, RefusesWhatIsNotPlainJson) {
  const CameraIdentity id{"cam", {}, {}};
  EXPECT_THAT(parse_camera_facts("[1]", id).problems, ElementsAre(HasSubstr("is not an object")));
  EXPECT_THAT(parse_camera_facts("{\"a\":", id).problems, ElementsAre(HasSubstr("not JSON")));
  EXPECT_THAT(parse_camera_facts(with(R"("sky": {"box_pixels": 64, "box_pixels": 65})"), id).problems,
              ElementsAre(HasSubstr("occurs twice")));
  EXPECT_THAT(parse_camera_facts(std::string(40, '[') + std::string(40, ']'), id).problems,
              ElementsAre(HasSubstr("nested")));
  EXPECT_THAT(parse_camera_facts(std::string((4u << 20) + 1, ' '), id).problems,
              ElementsAre(HasSubstr("bytes")));
}

TEST(Validation, AnotherNameThanThePluginsIsAProblem) {
  EXPECT_THAT(problems(R"("camera": {"name": "other"})"), ElementsAre(HasSubstr("camera.name")));
}

TEST(Validation, AKeyOfANewerSchemaNeedsANewerProgramUnlessItMayBeLeftOut) {
  std::string newer = with(R"("sky": {"colour": "blue"})");
  newer.replace(newer.find("1.0"), 3, "1.9");
  EXPECT_THAT(
      parse_camera_facts(newer, {"cam", {}, {}}).problems,
      ElementsAre(HasSubstr("sky.colour: needs a Brickline that knows facts 1.9, this one knows 1.")));
  newer.insert(1, R"("optional": ["sky.colour"], )");
  ParsedFacts parsed = parse_camera_facts(newer, {"cam", {}, {}});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.warnings, ElementsAre(HasSubstr("sky.colour: left out")));
  newer.replace(newer.find("1.9"), 3, "2.0");
  EXPECT_THAT(parse_camera_facts(newer, {"cam", {}, {}}).problems,
              ::testing::Contains(HasSubstr("schema 2.0")));
}

TEST(Merging, TheFactsAreAsNewAsTheNewestOfThem) {
  EXPECT_THAT(merge_camera_facts(R"({"facts": "1.3"})", R"({"facts": "1.0"})"), HasSubstr("1.3"));
  EXPECT_THAT(merge_camera_facts(R"({"facts": "1.0"})", R"({"facts": "1.3"})"), HasSubstr("1.3"));
}

TEST(Validation, NotesAreIgnoredAnywhere) {
  EXPECT_THAT(problems(R"("note": "x", "sky": {"note": 1, "box_pixels": 64})"), IsEmpty());
}

// ---- Merging ----

TEST(BandFacts, SayHowBrightASourceOfAnSedIs) {
  const CameraFacts f = facts(R"("bands": {"g": {"seds": {"Flat": 1, "Mine": 2.5}}, "r": {"seds": {}}})");
  EXPECT_EQ(f.band("g")->seds, (std::map<std::string, double>{{"Flat", 1}, {"Mine", 2.5}}));
  EXPECT_TRUE(f.band("r")->seds && f.band("r")->seds->empty());
  EXPECT_FALSE(f.band("z")->seds);
  EXPECT_FALSE(standard_band_facts("NB_Q").seds);
  EXPECT_THAT(parse(R"("bands": {"g": {"seds": {"Flat": -1}}})").problems,
              ElementsAre(HasSubstr("bands.g.seds.Flat")));
}

TEST(BandFacts, WhatACameraStatesBeatsTheStandardWhicheverCameraComesFirst) {
  const CameraFacts says_nothing = facts();
  const CameraFacts first =
      facts(R"("bands": {"g": {"extinction_per_ebv": 3.5}, "r": {"wavelength_nm": 640, "rgb": [1, 0, 0]}})");
  const CameraFacts second = facts(R"("bands": {"g": {"extinction_per_ebv": 3.7, "seds": {"Mine": 1}}})");
  const std::vector<std::string> bands = {"g", "r", "NB_Q"};
  const CameraFacts* const cameras[] = {&says_nothing, &first, &second};
  const auto known = facts_of_bands(bands, cameras);
  ASSERT_EQ(known.size(), 3u);
  EXPECT_EQ(known.at("g").extinction_per_ebv, 3.5);
  EXPECT_EQ(known.at("g").seds, (std::map<std::string, double>{{"Mine", 1}}));
  EXPECT_EQ(known.at("g").wavelength_nm, standard_band_facts("g").wavelength_nm);
  EXPECT_EQ(known.at("r").wavelength_nm, 640);
  EXPECT_EQ(known.at("r").rgb, (std::array<double, 3>{1, 0, 0}));
  EXPECT_EQ(known.at("r").seds, standard_band_facts("r").seds);
  EXPECT_EQ(known.at("NB_Q").name, "NB_Q");
  EXPECT_FALSE(known.at("NB_Q").extinction_per_ebv);
}

TEST(ColourTerms, AStandardOneMayBeToldTheErrorOf) {
  const auto gaia = [](const std::string& term) {
    return R"("photometry": {"catalogues": {"gaia": {"r": )" + term + "}}}";
  };
  const auto read = [&](const std::string& term) {
    return facts(gaia(term)).photometry.catalogues.at("gaia").bands.at("r");
  };
  const ColourTerm plain = read(R"("standard")"),
                   told = read(R"({"base": "standard", "error": 0.002, "valid": [0.5, 3]})");
  EXPECT_EQ(plain.error, 0);
  EXPECT_EQ(told.error, 0.002);
  EXPECT_TRUE(told.valid);
  EXPECT_EQ(told.base, "G");
  EXPECT_EQ(told.coefficients, plain.coefficients);
  EXPECT_EQ(told.colour_clip, plain.colour_clip);
  EXPECT_THAT(parse(gaia(R"({"base": "standard", "coefficients": [1]})")).problems,
              ElementsAre(HasSubstr("photometry.catalogues.gaia.r.coefficients")));
  EXPECT_THAT(parse(R"("photometry": {"catalogues": {"ps1": {"r": {"base": "standard"}}}})").problems,
              ElementsAre(HasSubstr("no standard colour term of ps1")));
}

TEST(HaloFacts, HaveAModelForTheCcdsThatARuleCovers) {
  const CameraFacts f = facts(R"("halo": {"max_radius_arcsec": 300, "scaling": 2, "bands": {
      "z": [{"when": {"ccd": ["S8"]}, "value": {"form": "moffat", "weight": 0.01, "alpha_arcsec": 16, "beta": 2}}],
      "g": {"form": "power", "weight": 0.5, "exponent": -2}}})");
  ASSERT_TRUE(f.halo);
  CcdValues ccd;
  ccd.band = "z";
  ccd.ccdname = "S8";
  const auto model = f.halo->model(ccd);
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->profile.moffat);
  EXPECT_EQ(model->profile.alpha_arcsec, 16);
  EXPECT_EQ(model->max_radius_arcsec, 300);
  EXPECT_EQ(model->scaling, 2);
  EXPECT_EQ(model->inner_arcsec, 7);
  EXPECT_EQ(model->moffat_alpha_arcsec, 0);
  ccd.ccdname = "N4";
  EXPECT_FALSE(f.halo->model(ccd));
  ccd.band = "r";
  EXPECT_FALSE(f.halo->model(ccd));
}

TEST(HaloFacts, TheEarlierNameOfTheLargestRadiusIsArcsecToo) {
  EXPECT_EQ(facts(R"("halo": {"bands": {}, "max_radius_pixels": 250})").halo->max_radius_arcsec, 250);
}

TEST(Merging, ObjectsMergeByKeyListsReplaceOrGrowAndNullDeletes) {
  const std::string base =
      R"({"camera": {"title": "T"}, "a": {"x": 1, "y": 2}, "list": [1], "n": [1, 2], "gone": 5})";
  const std::string own = R"({"extends": "b", "a": {"y": 3}, "list+": [2], "+n": [0], "gone": null})";
  EXPECT_EQ(canonical_facts(merge_camera_facts(base, own)),
            R"({"a":{"x":1,"y":3},"extends":"b","gone":null,"list":[1,2],"n":[0,1,2]})");
  EXPECT_EQ(extended_camera(own), "b");
  EXPECT_EQ(extended_camera(base), "");
}

TEST(Merging, TheCanonicalFormHasOneSpellingForOneContent) {
  EXPECT_EQ(canonical_facts(R"({ "b": 1.0, "a": [2e1, 0.10] })"), canonical_facts(R"({"a":[20,0.1],"b":1})"));
}

}  // namespace
}  // namespace brickline
