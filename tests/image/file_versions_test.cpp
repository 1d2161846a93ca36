#include "core/image/file_versions.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace brickline {
namespace {

class FileVersions : public testing::Test {
 protected:
  FileVersions() {
    header_.set("PLVER", "V4.8.2a ");
    header_.set("PLPROCID", "98bf8a6");
    header_.set("EXPNUM", 372546);
  }
  std::string problem(bool old_calibs_ok = false) {
    try {
      check_file_version("some/file.fits", header_, key_, facts_, {}, old_calibs_ok);
      return {};
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      EXPECT_EQ(e.file(), "some/file.fits");
      return e.message();
    }
  }
  fits::Header header_;
  CalibrationKey key_{372546, "N26", "V4.8.2a", "98bf8a6"};
  CheckFacts facts_;
};

TEST_F(FileVersions, AFileOfTheSameReductionPasses) { EXPECT_EQ(problem(), ""); }

TEST_F(FileVersions, EachDifferenceIsNamedUnlessOldCalibrationsAreAllowed) {
  const auto differs = [&](const char* card, const char* value) {
    const fits::Header before = header_;
    header_.set(card, value);
    const std::string what = problem();
    EXPECT_NE(what.find(value), std::string::npos) << what;
    EXPECT_EQ(problem(true), "");
    header_ = before;
  };
  differs("PLVER", "V9.9");
  differs("PLPROCID", "1111111");
  differs("EXPNUM", "372547");
}

TEST_F(FileVersions, AMissingCardIsADifference) {
  header_ = {};
  EXPECT_NE(problem().find("PLVER"), std::string::npos);
  EXPECT_EQ(problem(true), "");
}

TEST_F(FileVersions, WhatTheTableDoesNotSayIsNotCompared) {
  header_ = {};
  key_ = {};
  EXPECT_EQ(problem(), "");
}

// The CCD table's column was too narrow.
TEST_F(FileVersions, AValueCutShortInTheTablePasses) {
  key_.plver = "V4.8";
  EXPECT_EQ(problem(), "");
}

TEST_F(FileVersions, NumbersThatAreTextAndTextThatLooksLikeANumber) {
  header_.set("EXPNUM", "  00372546 ");
  EXPECT_EQ(problem(), "");
  fits::Card numeric{"PLPROCID", std::int64_t{9539067}, "", "9539067"};
  fits::Header other;
  other.set("PLVER", "V4.8.2a");
  other.append(numeric);
  other.set("EXPNUM", 372546);
  header_ = other;
  key_.plprocid = "9539067";
  EXPECT_EQ(problem(), "");
}

// What the first nights' files have instead of an exposure number.
TEST_F(FileVersions, AnAbsentOrBlankExposureNumberComesFromTheCamerasOtherCard) {
  Source obsid;
  obsid.keys = {"OBSID"};
  obsid.as = Source::As::kInteger;
  obsid.match = Pattern(R"(^kp4m\.\d\d(\d{6})T(\d{6}))");
  obsid.take = "$1$2";
  facts_.expnum_from_obsid = {obsid};
  key_.expnum = 160125082555;
  header_.set("EXPNUM", " ");
  header_.set("OBSID", "kp4m.20160125T082555");
  EXPECT_EQ(problem(), "");
  header_.set("OBSID", "kp4m.20160125T082556");
  EXPECT_NE(problem().find("160125082556"), std::string::npos);
  facts_.expnum_from_obsid.clear();
  EXPECT_NE(problem().find("EXPNUM"), std::string::npos);
}

}  // namespace
}  // namespace brickline
