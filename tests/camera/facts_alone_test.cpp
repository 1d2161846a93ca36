// Cameras without code: a file of facts in a plugin directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kIdentity =
    R"("plugin": {"plugin": "paper", "version": "2.0.1", "license": "MIT",
        "cameras": [{"name": "paper", "aliases": ["sheet"], "claims": [{"INSTRUME": "^paper$"}]}]})";
const std::string kFacts =
    R"("facts": "1.0", "detector": {"pixel_scale_arcsec": 0.4, "bands": ["r"]}, "pixels": {"unit": "total"})";

class FactsAlone : public ::testing::Test {
 protected:
  fs::path write(const std::string& text, const std::string& name = "paper") {
    return put_bytes(text, dir_ / (name + ".camera.json"));
  }
  CameraRegistry scan() const { return CameraRegistry::scan(only({dir_.path()})); }
  TemporaryDirectory dir_;
};

TEST_F(FactsAlone, AreACameraLikeAny) {
  const fs::path path = write("{" + kIdentity + ", " + kFacts + "}");
  CameraRegistry registry = scan();
  const PluginFile& file = file_of(registry, path);
  EXPECT_TRUE(file.usable()) << file.refusal;
  EXPECT_TRUE(file.facts_alone);
  EXPECT_EQ(file.version, "2.0.1");
  EXPECT_THAT(registry.names(), ElementsAre("paper"));
  const Camera& camera = registry.load("sheet");
  EXPECT_EQ(camera.facts().detector.pixel_scale_arcsec, 0.4);
  EXPECT_FALSE(camera.overrides(CameraStep::kReadImage));
  EXPECT_FALSE(camera.overrides(CameraStep::kOpen));
  EXPECT_EQ(camera.provenance().plugin_version, "2.0.1");
  EXPECT_EQ(camera.provenance().file_sha256.size(), 64u);
}

TEST_F(FactsAlone, MayExtendAPluginsCameraAndKeepItsCode) {
  put(good_plugin("oddball"), dir_.path());
  write("{" + kIdentity + R"(, "extends": "oddball", "detector": {"pixel_scale_arcsec": 0.3}})");
  CameraRegistry registry = scan();
  const Camera& camera = registry.load("paper");
  EXPECT_EQ(camera.facts().detector.pixel_scale_arcsec, 0.3);
  EXPECT_THAT(camera.facts().detector.bands, ElementsAre("NB_C", "NB_E"));
  EXPECT_TRUE(camera.overrides(CameraStep::kReadImage));
}

TEST_F(FactsAlone, HaveTheirDataBesideThem) {
  write("{" + kIdentity + ", " + kFacts + "}");
  fs::create_directories(dir_ / "paper.camera.d");
  put_bytes("x", dir_ / "paper.camera.d/list.txt");
  CameraRegistry registry = scan();
  EXPECT_EQ(registry.load("paper").data_file("data:list.txt"), dir_ / "paper.camera.d/list.txt");
}

TEST_F(FactsAlone, WhatCannotBeRightIsSaidWhenTheyAreLoaded) {
  write("{" + kIdentity + ", " + kFacts + R"(, "metadata": {"band": {"key": "FILTER", "map": {"red": "R"}}},
        "psf": {"special": "data:none.txt"}})");
  Messages messages;
  CameraRegistry registry = CameraRegistry::scan(only({dir_.path()}), Log(messages));
  registry.load("paper");
  EXPECT_THAT(
      messages.lines,
      ::testing::IsSupersetOf({HasSubstr("camera paper: psf.special: camera paper: no data file none.txt in"),
                               HasSubstr("metadata.band.map: band R is not one of detector.bands (r)")}));
}

TEST_F(FactsAlone, AreRefusedWithTheReasonWhereTheyAreWrong) {
  const auto refusal = [&](const std::string& text) {
    const fs::path path = write(text);
    return file_of(scan(), path).refusal;
  };
  EXPECT_THAT(refusal("hello"), HasSubstr("paper.camera.json: facts: not JSON"));
  EXPECT_THAT(refusal("{" + kFacts + "}"), HasSubstr("does not say who it is; it needs \"plugin\": {"));
  EXPECT_THAT(refusal("{" + kFacts + R"(, "plugin": {"plugin": "x", "version": "1"}})"),
              HasSubstr("'1' is not a version MAJOR.MINOR.PATCH"));
  EXPECT_THAT(refusal("{" + kIdentity + ", " + kIdentity + "}"), HasSubstr("\"plugin\" occurs twice"));
}

TEST_F(FactsAlone, ALibraryOfTheSameNameInTheSameDirectoryIsAConflict) {
  put(good_plugin("minimal"), dir_.path());
  write(R"({"plugin": {"plugin": "m", "version": "1.0.0", "cameras": [{"name": "minimal"}]}, )" + kFacts +
        "}");
  CameraRegistry registry = scan();
  EXPECT_THAT(error_of([&] { registry.load("minimal"); }).second, HasSubstr("is claimed by"));
}

TEST_F(FactsAlone, ALibraryThatIsNotNamedAsOneIsPointedAt) {
  fs::copy_file(good_plugin("minimal"), dir_ / "libminimal.so");
  CameraRegistry registry = scan();
  EXPECT_THAT(error_of([&] { registry.load("minimal"); }).second,
              HasSubstr("libminimal.so (a camera's library is named NAME.camera.so)"));
}

}  // namespace
}  // namespace brickline
