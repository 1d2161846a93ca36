// Options in files: what they say, who is believed, and how errors name their place.
#include "core/pipeline/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/option_pages.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using test::TemporaryDirectory;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

BrickOptions configured(std::string_view toml) {
  const GivenOptions given = options_of_configuration(toml, "site.toml");
  return resolve(std::span(&given, 1)).options;
}

TEST(Configuration, HasEveryFormOfAnOption) {
  const BrickOptions o = configured(R"(# a comment
brick = "1102p240"
bands = ["g", "i"]
zoom = [0, 600, 0, 500]
nsigma = 5.5
width = 2000
no-iterative = true
coadd-bw = false
blobxy = [[1, 2], [3, 4]]
plugin-dir = ["/a", "/b"]
stage = "srcs"
radec = [150.5, "-2"]
verbose = 2
pickle = "x-%(stage)s"
skip-calibs = true
)");
  EXPECT_EQ(o.region.brick, "1102p240");
  EXPECT_THAT(o.region.bands, ElementsAre("g", "i"));
  EXPECT_THAT(o.region.zoom.value(), ElementsAre(0, 600, 0, 500));
  EXPECT_EQ(o.detection.nsigma, 5.5);
  EXPECT_EQ(o.region.width, 2000);
  EXPECT_FALSE(o.fitting.iterative);
  EXPECT_FALSE(o.pictures.coadd_bw);
  EXPECT_THAT(o.blobs.blobs_at, ElementsAre(ElementsAre(1, 2), ElementsAre(3, 4)));
  EXPECT_THAT(o.survey.plugin_dirs, ElementsAre("/a", "/b"));
  EXPECT_THAT(o.control.stages, ElementsAre("srcs"));
  EXPECT_THAT(o.region.radec.value(), ElementsAre("150.5", "-2"));
  EXPECT_EQ(o.control.verbosity, 2);
  EXPECT_EQ(o.control.state_pattern, "x-%(stage)s");
  EXPECT_THAT(configured("bands = 'g,r'").region.bands, ElementsAre("g", "r"));
  EXPECT_THAT(configured("blobxy = [5, 6]").blobs.blobs_at, ElementsAre(ElementsAre(5, 6)));
}

TEST(Configuration, ErrorsNameFileAndLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"brick = \"a\"\nbnads = \"g\"", "site.toml:2: bnads is no option; did you mean bands?"},
      {"x = = 1", "site.toml:1: "},
      {"\n\nwidth = \"12x\"", "site.toml:3: --width 12x: not a whole number"},
      {"width = 1.5", "site.toml:1: --width 1.5: not a whole number"},
      {"width = true", "site.toml:1: width takes texts and numbers, not true or false"},
      {"no-wise = 1", "site.toml:1: no-wise takes true or false, not a number"},
      {"zoom = [1, 2]", "site.toml:1: zoom takes a list of 4: X0 X1 Y0 Y1"},
      {"[runbrick]\nwidth = 3", "site.toml:1: runbrick is no option"},
      {"width = 1\nwidth = 2", "site.toml:2: "},
      {"state = 'a'\npickle = 'b'", "is given twice, under two names"},
      {"bands = 1979-05-27", "not a date or time"},
      {"fit-on-coadds = true", "site.toml:1: fit-on-coadds: fitting on coadds is not there yet"},
      {"config = 'b.toml'", "can be given on a command line only"},
      {"verbose = -1", "verbose takes a number"},
      {" [([10,]\nx", "site.toml"},  // toml++ 3.3 fails an assertion of its own
      {"# caf\u00e9\nsurvey-dir = 'caf\u00e9' \u00e9", "site.toml:2: "},
      {"verbose = 1000000000", "verbose takes a number"}};
  for (const auto& [toml, expected] : cases) {
    SCOPED_TRACE(toml);
    try {
      options_of_configuration(toml, "site.toml");
      ADD_FAILURE() << "accepted";
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
      EXPECT_THAT(e.line(), HasSubstr(expected));
      EXPECT_EQ(e.line().find('\n'), std::string::npos);
    }
  }
}

TEST(Configuration, TheCommandLineCountsFirstThenTheEnvironmentTheFileThePreset) {
  TemporaryDirectory home;
  std::filesystem::create_directories(home / "brickline/presets");
  std::ofstream(home / "brickline/presets/mine.toml")
      << "nsigma = 1\nwidth = 11\nheight = 12\nno-wise = true\ngaia-dir = '/preset'\n";
  std::ofstream(home / "site.toml")
      << "run = 'mine'\nwidth = 21\nheight = 22\nno-wise = false\ngaia-dir = '/file'\nplugin-dir = ['/x', '/y']\n";
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "XDG_CONFIG_HOME") return home.path().string();
    if (name == "GAIA_CAT_DIR") return "/variable";
    return {};
  };
  const std::vector<std::string> words = {
      "--config", (home / "site.toml").string(), "--height", "32", "--plugin-dir", "/z"};
  const ResolvedOptions r = resolve_options(words, environment);
  EXPECT_EQ(r.options.detection.nsigma, 1);
  EXPECT_EQ(r.options.region.width, 21);
  EXPECT_EQ(r.options.region.height, 32);
  EXPECT_TRUE(r.options.wise.wanted);
  EXPECT_EQ(r.options.references.gaia_dir, "/variable");
  EXPECT_THAT(r.options.survey.plugin_dirs, ElementsAre("/z"));  // lists are not mixed
  EXPECT_EQ(r.origins.at("--height"), "command line");
  EXPECT_EQ(r.origins.at("--gaia-dir"), "$GAIA_CAT_DIR");
  EXPECT_THAT(r.origins.at("--width"), HasSubstr("site.toml:2"));
  EXPECT_THAT(r.origins.at("--nsigma"), HasSubstr("mine.toml:1"));
}

TEST(Configuration, SaysWhichPresetsThereAre) {
  TemporaryDirectory home;
  std::filesystem::create_directories(home / "brickline/presets");
  std::ofstream(home / "brickline/presets/mine.toml") << "run = 'mine'\n";
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "XDG_CONFIG_HOME") return home.path().string();
    return {};
  };
  const auto refusal = [&](const std::string& preset) {
    try {
      resolve_options(std::vector<std::string>{"--run", preset}, environment);
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
      return e.line();
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal("minne"), AllOf(HasSubstr("--run minne: there is no such preset; did you mean mine?"),
                                      HasSubstr(home.path().string())));
  EXPECT_THAT(refusal("../mine"), HasSubstr("there is no such preset"));
  EXPECT_THAT(refusal("mine"), HasSubstr("a preset cannot name another"));
}

TEST(Configuration, OfARunReadsBackAsTheSameRun) {
  const std::vector<std::string> words = {"--brick",
                                          "0012m\"x\\",
                                          "--bands",
                                          "g,r",
                                          "--zoom",
                                          "1",
                                          "20",
                                          "3",
                                          "40",
                                          "--nsigma",
                                          "5.25",
                                          "--blobxy",
                                          "1",
                                          "2",
                                          "--blobxy",
                                          "3",
                                          "4",
                                          "--no-wise",
                                          "-vv",
                                          "--radec",
                                          "007",
                                          "-.5",
                                          "--explain-blob",
                                          "3,4",
                                          "--release",
                                          "12"};
  const GivenOptions given = options_of_command_line(words);
  const ResolvedOptions resolved = resolve(std::span(&given, 1));
  const std::string text = configuration_text(resolved);
  EXPECT_THAT(text, HasSubstr("nsigma = 5.25  # command line"));
  EXPECT_THAT(text, HasSubstr("# width = 3600"));
  const BrickOptions again = configured(text);
  const auto all = [](const OptionRow&) { return true; };
  EXPECT_EQ(given_options(again, all), given_options(resolved.options, all));
  // Every option is told.
  for (const OptionRow& row : option_table())
    if (row.flag != "--config" && row.flag != "--dump-config") {
      EXPECT_THAT(text, HasSubstr(std::string(row.flag.substr(2)) + " =")) << row.flag;
    }
}

TEST(OtherOptions, AreAcceptedOrRefusedWithTheReason) {
  const std::vector<std::string> accepted = {"--skip-calibs", "--ceres", "--wise-checkpoint-period",
                                             "600",           "--brick", "x"};
  const GivenOptions given = options_of_command_line(accepted);
  EXPECT_EQ(resolve(std::span(&given, 1)).options.region.brick, "x");
  for (const OtherOption& option : other_options()) {
    EXPECT_EQ(find_option(option.flag), nullptr) << option.flag;
    if (option.accepted) continue;
    std::vector<std::string> words = {std::string(option.flag)};
    for (int i = 0; i < option.words; ++i) words.push_back("1");
    EXPECT_THROW(options_of_command_line(words), Error) << option.flag;
  }
}

TEST(Pages, ManAndCompletionTellEveryOption) {
  const std::string man = man_page("1.2.3"), completion = bash_completion();
  for (const OptionRow& row : option_table()) {
    std::string escaped;
    for (const char c : row.flag) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
    EXPECT_THAT(man, HasSubstr("\\fB" + escaped + "\\fR")) << row.flag;
    EXPECT_THAT(completion, HasSubstr(std::string(row.flag))) << row.flag;
  }
  EXPECT_THAT(completion, HasSubstr("fitblobs"));
  EXPECT_THAT(man, Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace brickline
