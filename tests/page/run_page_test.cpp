// The page and the JSON file of a run: what they hold and how large they are.
#include "core/page/run_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/page/base64.h"
#include "core/page/picture_budget.h"
#include "tests/page/made_run.h"

namespace brickline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What stands between the tags of the page's data.
std::string embedded(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = html.find(open) + open.size();
  return html.substr(from, html.find("</script>", from) - from);
}

TEST(RunJson, HoldsTheFacts) {
  const RunFacts run = test::made_run(40, 200, false);
  const auto json = nlohmann::json::parse(run_json(run));
  EXPECT_EQ(json["format"], "brickline-run");
  EXPECT_EQ(json["schema"], kRunPageSchema);
  EXPECT_EQ(json["brick"]["name"], "1501p022");
  EXPECT_EQ(json["stages"][1]["cpu_seconds"], 1800);
  EXPECT_EQ(json["messages"][0]["text"], run.messages[0].text);
  EXPECT_EQ(json["ccds"]["used"]["rows"], 30);
  EXPECT_EQ(json["ccds"]["left_out"][0]["reason"], "ccd_cuts 4096: the seeing is bad");
  EXPECT_EQ(json["blobs"]["cpu_seconds"].size(), 20u);
  EXPECT_EQ(json["blobs"]["unfinished"][0], 1);
  EXPECT_EQ(json["catalog"]["columns"]["blendedness_r"].size(), 40u);
  std::set<int> labels;  // those that no other blob lies over
  for (int y = 0; y < run.blob_map.height(); ++y)
    for (int x = 0; x < run.blob_map.width(); ++x)
      if (run.blob_map(x, y) >= 0) labels.insert(run.blob_map(x, y));
  EXPECT_EQ(json["blob_outlines"].size(), labels.size());
  EXPECT_EQ(json["masks"].size(), 1u);  // no pixel is in a galaxy's
  const auto& columns = json["catalog"]["columns"];
  EXPECT_EQ(json["catalog"]["rows"], 40);
  EXPECT_EQ(json["catalog"]["units"]["flux_r"], "nanomaggy");
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_NEAR(columns["flux_r"][i].get<double>(),
                run.catalog.number("flux_r", static_cast<std::int64_t>(i)),
                1e-4 * columns["flux_r"][i].get<double>());
    EXPECT_NEAR(columns["ra"][i].get<double>(), run.catalog.number("ra", static_cast<std::int64_t>(i)), 6e-8);
    EXPECT_EQ(columns["dchisq"][i].size(), 5u);
  }
  EXPECT_EQ(columns["ref_id"][0], "3890721945832001234");  // more digits than a double has
}

TEST(RunJson, SaysNullWhereThereIsNoNumber) {
  RunFacts run = test::made_run(2, 50, false);
  run.catalog.add("ebv", std::vector<float>{std::nanf(""), 0.5f});
  const auto json = nlohmann::json::parse(run_json(run));
  EXPECT_TRUE(json["catalog"]["columns"]["ebv"][0].is_null());
  EXPECT_EQ(json["catalog"]["columns"]["ebv"][1], 0.5);
}

TEST(RunJson, OfARunThatFailedEarlyIsWholeToo) {
  RunFacts run;
  run.brick = "x";
  run.status = "failed";
  run.message = "bytes that are no text: \xff\xfe";
  const auto json = nlohmann::json::parse(run_json(run));
  EXPECT_EQ(json["run"]["status"], "failed");
  EXPECT_EQ(json["catalog"]["rows"], 0);
  EXPECT_THAT(json["run"]["message"].get<std::string>(), HasSubstr("no text: \xEF\xBF\xBD"));
}

// Every name that occurs is explained.
void names_of(const nlohmann::json& json, std::set<std::string>& names) {
  if (json.is_array())
    for (const auto& element : json) names_of(element, names);
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    names.insert(key);
    if (key != "columns" && key != "units" && key != "descriptions") names_of(value, names);
  }
}

TEST(RunJson, IsExplainedByTheSchema) {
  std::ostringstream schema;
  schema << std::ifstream(std::string(BRICKLINE_SOURCE_DIR) + "/core/page/SCHEMA.md").rdbuf();
  EXPECT_THAT(schema.str(), HasSubstr("`schema` " + std::to_string(kRunPageSchema)));
  std::set<std::string> names;
  names_of(nlohmann::json::parse(run_json(test::made_run(4, 50))), names);
  EXPECT_GT(names.size(), 60u);
  for (const std::string& name : names) EXPECT_THAT(schema.str(), HasSubstr("`" + name + "`"));
}

TEST(RunPage, HoldsTheJsonAndNothingOfItEndsTheScript) {
  const RunPage page = make_run_page(test::made_run(10, 100));
  const std::string data = embedded(page.html);
  EXPECT_EQ(nlohmann::json::parse(data), nlohmann::json::parse(page.json));
  EXPECT_THAT(data, Not(HasSubstr("<")));
  EXPECT_THAT(page.html, HasSubstr("default-src 'none'"));
}

TEST(RunPage, CarriesItsPicturesAsTheyAreIfTheyFit) {
  const RunFacts run = test::made_run(10, 100);
  const RunPage page = make_run_page(run);
  for (const PictureFact& picture : run.pictures) EXPECT_THAT(page.html, HasSubstr(base64(picture.jpeg)));
}

TEST(RunPage, KeepsWithinItsSize) {
  const RunFacts run = test::made_run(50, 600);
  std::size_t whole = 0;
  for (const PictureFact& picture : run.pictures) whole += picture.jpeg.size();
  const std::size_t most = run_json(run).size() + 100'000 + whole / 3;
  const RunPage page = make_run_page(run, most);
  EXPECT_LE(page.html.size(), most);
  EXPECT_GT(page.html.size(), most / 2);
}

TEST(Pictures, AreMadeSmallerInQualityBeforeSize) {
  std::vector<PictureFact> pictures = {{"a", "a", "a", test::jpeg_of_noise(200, 160, 22, 1, 90)}};
  const std::size_t whole = pictures[0].jpeg.size();
  fit_pictures(pictures, whole - 1);
  EXPECT_LT(pictures[0].jpeg.size(), whole);
  EXPECT_EQ(jpeg_size(pictures[0].jpeg).width, 200);
  fit_pictures(pictures, whole / 20);
  EXPECT_LE(pictures[0].jpeg.size(), whole / 20);
  EXPECT_LT(jpeg_size(pictures[0].jpeg).width, 200);
}

TEST(Pictures, ThatAreNoneAreLeftOut) {
  EXPECT_THROW(jpeg_size("no picture"), Error);
  const std::string whole = test::jpeg_of_noise(64, 64, 22, 1);
  std::vector<PictureFact> pictures = {{"a", "a", "a", "no picture"}, {"b", "b", "b", whole}};
  fit_pictures(pictures, 1 << 20);
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].jpeg, whole);
}

TEST(Base64, IsThatOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace brickline
