#include "core/survey/survey_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/base/error.h"
#include "core/survey/products.h"
#include "core/survey/survey_identity.h"
#include "core/survey/time.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

void touch(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "x";
}

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> result;
  for (const auto& p : paths) result.push_back(p.filename().string());
  return result;
}

// Sets an environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (old_)
      setenv(name_, old_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(SurveyDirectory, IsTheOneGivenElseThatOfTheEnvironment) {
  test::TemporaryDirectory given, named;
  Environment variable("LEGACY_SURVEY_DIR", named.path().string());
  EXPECT_EQ(SurveyDirectory::open(given.path()).root(), given.path());
  EXPECT_EQ(SurveyDirectory::open().root(), named.path());
}

TEST(SurveyDirectory, IsAnErrorWhenThereIsNone) {
  Environment variable("LEGACY_SURVEY_DIR", "");
  EXPECT_THROW(SurveyDirectory::open(), Error);
  try {
    SurveyDirectory::open("/no/such/place");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), testing::HasSubstr("/no/such/place does not exist"));
  }
}

TEST(SurveyDirectory, CcdTablesAreSortedAndKdTablesStandForTheirPlainForm) {
  test::TemporaryDirectory dir;
  for (const char* name :
       {"survey-ccds_c.fits.gz", "survey-ccds-b.kd.fits", "survey-ccds-b.fits.gz", "survey-ccds-a.fits.gz",
        "survey-ccds-d.fits", "survey-bricks.fits.gz", "ccds-annotated-x.fits"})
    touch(dir / name);
  const SurveyDirectory survey = SurveyDirectory::open(dir.path());
  EXPECT_THAT(
      names(survey.ccd_tables()),
      testing::ElementsAre("survey-ccds-a.fits.gz", "survey-ccds-b.kd.fits", "survey-ccds_c.fits.gz"));
  EXPECT_THAT(names(survey.annotated_ccd_tables()), testing::ElementsAre("ccds-annotated-x.fits"));
  EXPECT_EQ(survey.brick_table(), dir / "survey-bricks.fits.gz");
}

TEST(SurveyDirectory, OtherBrickTablesServeWhenTheUsualOneIsAbsent) {
  test::TemporaryDirectory dir;
  EXPECT_FALSE(SurveyDirectory::open(dir.path()).brick_table());
  touch(dir / "survey-bricks-dr9.fits.gz");
  EXPECT_EQ(SurveyDirectory::open(dir.path()).brick_table(), dir / "survey-bricks-dr9.fits.gz");
}

TEST(SurveyDirectory, CachedCopiesReplaceOnlyWhatLiesBelowTheSurvey) {
  test::TemporaryDirectory dir, cache;
  touch(dir / "images/a/x.fits");
  touch(dir / "images/a/y.fits");
  touch(cache / "images/a/x.fits");
  const SurveyDirectory survey = SurveyDirectory::open(dir.path(), cache.path());
  EXPECT_EQ(survey.image("a/x.fits"), cache / "images/a/x.fits");
  EXPECT_EQ(survey.image("a/y.fits"), dir / "images/a/y.fits");
  EXPECT_EQ(survey.cached(dir / "images/../images/a/x.fits"), cache / "images/a/x.fits");
  const fs::path elsewhere = fs::path("/elsewhere" + dir.path().string()) / "images/a/x.fits";
  EXPECT_EQ(survey.cached(elsewhere), elsewhere);
}

TEST(SurveyDirectory, Tycho2ComesFromItsOwnDirectoryFirst) {
  test::TemporaryDirectory dir, tycho;
  touch(dir / "tycho2.kd.fits");
  const SurveyDirectory survey = SurveyDirectory::open(dir.path());
  {
    Environment variable("TYCHO2_KD_DIR", tycho.path().string());
    EXPECT_EQ(survey.tycho2(), dir / "tycho2.kd.fits");
    touch(tycho / "tycho2.kd.fits");
    EXPECT_EQ(survey.tycho2(), tycho / "tycho2.kd.fits");
  }
}

TEST(SurveyDirectory, ADirectoryThatCannotBeReadIsNamed) {
  test::TemporaryDirectory dir;
  fs::create_symlink(dir / "loop", dir / "loop");
  const auto failure = [](auto&& action) {
    try {
      action();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return std::string();
  };
  EXPECT_THAT(
      failure([&] { SurveyDirectory::open(dir / "loop"); }),
      testing::AllOf(testing::HasSubstr((dir / "loop").string()), testing::HasSubstr("cannot be read")));
  EXPECT_THAT(failure([&] { SurveyDirectory::open(dir.path(), dir / "none"); }),
              testing::HasSubstr("the cache directory " + (dir / "none").string() + " does not exist"));
  touch(dir / "file");
  EXPECT_THAT(failure([&] { SurveyDirectory::open(dir / "file"); }),
              testing::HasSubstr("is not a directory"));
  fs::create_directory(dir / "survey");
  const SurveyDirectory survey = SurveyDirectory::open(dir / "survey");
  fs::remove(dir / "survey");
  for (const auto& list : {+[](const SurveyDirectory& s) { s.ccd_tables(); },
                           +[](const SurveyDirectory& s) { s.annotated_ccd_tables(); },
                           +[](const SurveyDirectory& s) { s.brick_table(); }})
    EXPECT_THAT(failure([&] { list(survey); }),
                testing::HasSubstr("the survey directory " + (dir / "survey").string() + " cannot be read"));
  if (geteuid() == 0) return;  // to whom everything can be read
  fs::create_directory(dir / "closed");
  fs::permissions(dir / "closed", fs::perms::none);
  EXPECT_THAT(failure([&] { SurveyDirectory::open(dir / "closed").ccd_tables(); }),
              testing::HasSubstr("Permission denied"));
  fs::permissions(dir / "closed", fs::perms::all);
}

class Identity : public testing::Test {
 protected:
  SurveyIdentity read(const std::string& text) {
    std::ofstream(dir_ / "survey.json") << text;
    return read_survey_identity(SurveyDirectory::open(dir_.path()));
  }
  std::string failure(const std::string& text) {
    try {
      read(text);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      const std::string file = (dir_ / "survey.json").string() + ": ";
      EXPECT_TRUE(e.line().starts_with(file)) << e.line();
      return e.line().substr(std::min(file.size(), e.line().size()));
    }
    return "";
  }
  test::TemporaryDirectory dir_;
};

TEST_F(Identity, IsUnknownWhereTheSurveyDoesNotSay) {
  const SurveyIdentity none = read_survey_identity(SurveyDirectory::open(dir_.path()));
  EXPECT_EQ(none.survey + none.survey_id + none.data_release, "unknownunknownunknown");
  const SurveyIdentity some = read(R"({"name": "My Survey", "note": ["anything"]})");
  EXPECT_EQ(some.survey, "My Survey");
  EXPECT_EQ(some.survey_id, "unknown");
  const SurveyIdentity all = read(R"({"name": "A+B", "survey_id": "A B", "data_release": "DR3"})");
  EXPECT_EQ(all.survey + all.survey_id + all.data_release, "A+BA BDR3");
  EXPECT_TRUE(all.comments.empty());
  EXPECT_THAT(read(R"({"comments": ["of a survey", "of mine"]})").comments,
              testing::ElementsAre("of a survey", "of mine"));
}

TEST_F(Identity, WhatCannotBeReadIsNamedByFileAndKey) {
  EXPECT_EQ(failure(R"({"release": "DR3"})"),
            "release: there is no such key; the keys are name, survey_id, data_release, comments");
  EXPECT_EQ(failure(R"({"survey-id": "A"})"), "survey-id: there is no such key; did you mean survey_id?");
  EXPECT_EQ(failure(R"({"name": 3})"), "name: 3 is not text");
  EXPECT_EQ(failure(R"({"name": ""})"), "name: is empty");
  EXPECT_EQ(failure(R"({"name": "a\nb"})"), "name: a header card holds ASCII characters only");
  EXPECT_EQ(failure("{\"name\": \"" + std::string(69, 'x') + "\"}"),
            "name: 69 characters, a header card holds 68");
  EXPECT_EQ(failure(R"({"comments": "x"})"), "comments: \"x\" is not a list of texts");
  EXPECT_EQ(failure(R"({"comments": [3]})"), "comments: 3 is not text");
  EXPECT_EQ(failure("[]"), "is not a JSON object");
  EXPECT_THAT(failure("{\"name\": "), testing::StartsWith("is not JSON: parse error at line 1"));
}

TEST(Products, HaveTheNamesThatReadersKnow) {
  const ProductKey brick{.brick = "1102p240", .band = "g"};
  const auto path = [&](Product p) { return product_path(p, brick).string(); };
  EXPECT_EQ(path(Product::kTractor), "tractor/110/tractor-1102p240.fits");
  EXPECT_EQ(path(Product::kTractorIntermediate), "tractor-i/110/tractor-i-1102p240.fits");
  EXPECT_EQ(path(Product::kChecksums), "tractor/110/brick-1102p240.sha256sum");
  EXPECT_EQ(path(Product::kCcdsTable), "coadd/110/1102p240/legacysurvey-1102p240-ccds.fits");
  EXPECT_EQ(path(Product::kDepthTable), "coadd/110/1102p240/legacysurvey-1102p240-depth.fits");
  EXPECT_EQ(path(Product::kImageJpeg), "coadd/110/1102p240/legacysurvey-1102p240-image.jpg");
  EXPECT_EQ(path(Product::kDepth), "coadd/110/1102p240/legacysurvey-1102p240-depth-g.fits.fz");
  EXPECT_EQ(path(Product::kMaskbits), "coadd/110/1102p240/legacysurvey-1102p240-maskbits.fits.fz");
  EXPECT_EQ(path(Product::kOutliersMask), "metrics/110/outlier-mask-1102p240.fits.fz");
  EXPECT_EQ(path(Product::kOutliersMaskedPos), "metrics/110/outliers-masked-pos-1102p240.jpg");
  EXPECT_EQ(path(Product::kBlobmap), "metrics/110/blobs-1102p240.fits.gz");
  EXPECT_EQ(path(Product::kRefSources), "metrics/110/reference-1102p240.fits");
  EXPECT_EQ(path(Product::kTractorForced), "forced-brick/110/tractor-forced-1102p240.fits");
  ProductKey tier = brick;
  tier.tier = 1;
  EXPECT_EQ(product_path(Product::kImage, tier).filename(), "legacysurvey-1102p240-image-g-tier1.fits.fz");
  EXPECT_EQ(product_path(Product::kForced, {.camera = "somecam", .expnum = 802955}),
            "forced/somecam/00802/forced-somecam-802955.fits");
  EXPECT_EQ(product_path(Product::kTractor, {.brick = "custom-346684p12791"}),
            "tractor/cus/tractor-custom-346684p12791.fits");
}

TEST(Products, NamesAndTypesGoTogether) {
  int known = 0;
  for (int i = 0; i <= static_cast<int>(Product::kTractorForced); ++i) {
    const auto p = static_cast<Product>(i);
    EXPECT_EQ(product_of(product_name(p)), p);
    ++known;
  }
  EXPECT_EQ(known, 44);
  EXPECT_FALSE(product_of("outliers_mask"));
  EXPECT_THROW(product_path(Product::kImage, {.brick = "1102p240"}), Error);
}

TEST(Time, LeapSecondsAreThoseOfTheirDates) {
  EXPECT_EQ(tai_minus_utc(54831.99), 33);
  EXPECT_EQ(tai_minus_utc(54832), 34);  // 2009-01-01
  EXPECT_EQ(tai_minus_utc(56109), 35);  // 2012-07-01
  EXPECT_EQ(tai_minus_utc(57204), 36);  // 2015-07-01
  EXPECT_EQ(tai_minus_utc(57753.9), 36);
  EXPECT_EQ(tai_minus_utc(57754), 37);  // 2017-01-01
  EXPECT_EQ(tai_minus_utc(60000), 37);
  EXPECT_NEAR(mjd_tai(58000) - 58000, 37.0 / 86400, 1e-11);
}

}  // namespace
}  // namespace brickline
