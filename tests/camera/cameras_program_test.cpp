// The program `cameras` as its users meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/camera/plugin_files.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CamerasProgram : public ::testing::Test {
 protected:
  void SetUp() override { put(good_plugin("minimal"), dir_ / "a"); }
  // Of these directories alone.
  ProgramResult cameras(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--plugin-dir", (dir_ / "a").string()});
    return run_program(program("cameras"), words,
                       {{"BRICKLINE_PLUGIN_PATH", ""}, {"XDG_DATA_HOME", (dir_ / "none").string()}});
  }
  TemporaryDirectory dir_;
};

TEST_F(CamerasProgram, ListsDirectoriesInTheOrderOfTheOptions) {
  put(good_plugin("minimal"), dir_ / "b");
  const ProgramResult result = cameras({"--plugin-dir", (dir_ / "b").string(), "list", "--json"});
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"][0]["cameras"][0]["state"], "accepted");
  EXPECT_EQ(json["files"][1]["cameras"][0]["state"], "shadowed");
  EXPECT_EQ(json["files"][1]["cameras"][0]["other"], (dir_ / "a/minimal.camera.so").string());
}

TEST_F(CamerasProgram, DescribesACameraByItsAlias) {
  const ProgramResult people = cameras({"info", "tiny"});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_THAT(people.out, AllOf(HasSubstr("plugin         minimal 1.2.3"), HasSubstr("NB_Q, 501.5 nm")));
  const auto json = nlohmann::json::parse(cameras({"info", "tiny", "--json"}).out);
  EXPECT_EQ(json["name"], "minimal");
  EXPECT_EQ(json["provenance"]["file_sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(json["facts"]["detector"]["bands"][1], "NB_Q");
  EXPECT_EQ(nlohmann::json::parse(cameras({"info", "tiny", "--facts"}).out), json["facts"]);
}

TEST_F(CamerasProgram, APluginThatExitsCannotMakeItLookSuccessful) {
  const fs::path path = put(bad_plugin("exits"), dir_ / "a");
  const ProgramResult result = cameras({"info", "exits"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.err,
              HasSubstr("plugin " + path.string() + " ended the process while creating its camera"));
}

TEST_F(CamerasProgram, ListingRunsNoPluginCode) {
  put(bad_plugin("exits"), dir_ / "a");
  const ProgramResult result = cameras({"list"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("exits"));
}

}  // namespace
}  // namespace brickline::test
