// The table of options: complete, and the same in both directions.
#include "core/pipeline/option_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"
#include "core/pipeline/command_line.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// How many members an aggregate has: as many as it can be initialised with.
struct Anything {
  template <class T>
  operator T() const;
};
template <class T, class... Members>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Members{}..., Anything{}}; })
    return member_count<T, Members..., Anything>();
  else
    return sizeof...(Members);
}

template <class Group>
std::size_t rows_of() {
  return static_cast<std::size_t>(std::ranges::count(option_table(), Group::kOptionGroup, &OptionRow::group));
}

TEST(OptionTable, BindsEveryMemberOfEveryGroupByExactlyOneRow) {
  std::set<std::size_t> members;
  for (const OptionRow& row : option_table())
    EXPECT_TRUE(members.insert(row.member).second) << row.flag << " is bound to a member that has a row";
  const BrickOptions options;
  const auto& [region, survey, reading, calibrations, release, references, outliers, pictures, detection, way,
               fitting, blobs, metrics, explain, stacking, early_coadds, wise, galex, forced_bands, dust,
               bail_out, control] = options;
  const auto check = [](const auto& group) {
    using Group = std::remove_cvref_t<decltype(group)>;
    EXPECT_EQ(rows_of<Group>(), member_count<Group>()) << Group::kOptionGroup;
    return member_count<Group>();
  };
  const std::size_t bound =
      check(region) + check(survey) + check(reading) + check(calibrations) + check(release) +
      check(references) + check(outliers) + check(pictures) + check(detection) + check(way) + check(fitting) +
      check(blobs) + check(metrics) + check(explain) + check(stacking) + check(early_coadds) + check(wise) +
      check(galex) + check(forced_bands) + check(dust) + check(bail_out) + check(control);
  EXPECT_EQ(bound, option_table().size());
}

TEST(OptionTable, NamesEveryOptionOnce) {
  std::set<std::string_view> flags;
  for (const OptionRow& row : option_table()) {
    EXPECT_TRUE(row.flag.starts_with("--")) << row.flag;
    EXPECT_TRUE(flags.insert(row.flag).second) << row.flag;
    EXPECT_TRUE(row.short_flag.empty() || flags.insert(row.short_flag).second) << row.short_flag;
    EXPECT_FALSE(row.help.empty()) << row.flag;
    EXPECT_EQ(row.words == 0, row.values.empty()) << row.flag;
  }
}

// Where a run looks for input, a slip is not to be another run: but what is written, and what has its own words of refusal.
TEST(OptionTable, DirectoriesAndFilesOfInputMustBeThere) {
  const std::set<std::string_view> others = {"--outdir",     "--wise-checkpoint", "--checkpoint",
                                             "--survey-dir", "--plugin-dir",      "--config"};
  for (const OptionRow& row : option_table()) {
    const bool names = row.values.starts_with("DIR") || row.values == "FILE";
    EXPECT_EQ(row.names != PathKind::kAny, names && !others.contains(row.flag)) << row.flag;
  }
}

// But for what the run does without: a site's file of options names all that there is anywhere.
TEST(OptionTable, WhatNoRunLooksAtMayNameNothing) {
  BrickOptions without;
  without.references = {
      .no_tycho = true, .no_gaia = true, .no_large_galaxies = true, .no_star_clusters = true};
  without.calibrations.skip = true;
  BrickOptions with;
  with.galex.wanted = true;
  with.wise.coadd_dirs = "/x";
  const std::set<std::string_view> always = {"--cache-dir", "--calib-dir", "--dust-dir", "--unwise-dir"};
  for (const OptionRow& row : option_table()) {
    if (row.names == PathKind::kAny) continue;
    EXPECT_TRUE(row.is_used(with)) << row.flag;
    EXPECT_EQ(row.is_used(without), always.contains(row.flag)) << row.flag;
  }
  with.wise.wanted = false;
  EXPECT_FALSE(find_option("--unwise-dir")->is_used(with));
}

BrickOptions parsed(const std::vector<std::string>& words) {
  BrickOptions options;
  read_command_line(words, options);
  return options;
}

// Of each option, two ways to be given, the second only where it can be repeated.
std::vector<std::string> example(const OptionRow& row) {
  if (row.flag == "--bands" || row.flag == "--blobid") return {"4,5,6"};
  std::vector<std::string> words;
  for (int i = 0; i < row.words; ++i) words.push_back(std::to_string(11 + i));
  return words;
}

TEST(OptionTable, WhatIsWrittenReadsBack) {
  for (const OptionRow& row : option_table()) {
    SCOPED_TRACE(std::string(row.flag));
    std::vector<std::string> line = {std::string(row.flag)};
    for (const std::string& word : example(row)) line.push_back(word);
    if (row.repeatable) {
      const std::vector<std::string> once = line;
      line.insert(line.end(), once.begin(), once.end());
    }
    const BrickOptions options = parsed(line);
    EXPECT_FALSE(row.at_default(options));
    const auto given = given_options(options, [](const OptionRow&) { return true; });
    std::vector<std::string> again;
    for (const Words& words : given) again.insert(again.end(), words.begin(), words.end());
    EXPECT_EQ(again, line);
    BrickOptions none = options;
    row.reset(none);
    EXPECT_TRUE(row.at_default(none));
  }
}

// Two runs whose products may differ must not carry the same command line; where data stand and how many
// threads work is nobody's business but the machine's.
TEST(CommandLineOnRecord, TellsTheOptionsThatChangeProductsAndNoOthers) {
  BrickOptions plain;
  plain.region.brick = "1102p240";
  std::set<std::string> lines = {canonical_options(plain)};
  for (const OptionRow& row : option_table()) {
    SCOPED_TRACE(std::string(row.flag));
    BrickOptions options = plain;
    row.read(options, row.flag, example(row));
    const std::string line = canonical_options(options);
    if (row.effect == OptionEffect::kProducts)
      EXPECT_TRUE(lines.insert(line).second) << line;
    else
      EXPECT_EQ(line, canonical_options(plain));
  }
}

TEST(CommandLineOnRecord, IsInCanonicalOrder) {
  EXPECT_EQ(canonical_options(parsed({"--zoom", "0", "10", "0", "20", "-b", "1102p240", "--threads", "4",
                                      "--nsigma=5.50", "--blobxy", "1", "2", "--blobxy", "3", "4"})),
            "runbrick --blobxy 1 2 --blobxy 3 4 --brick 1102p240 --nsigma 5.5 --zoom 0 10 0 20");
}

TEST(CommandLine, ReadsEveryForm) {
  EXPECT_EQ(parsed({"-W", "12"}).region.width, 12);
  EXPECT_EQ(parsed({"-W12"}).region.width, 12);
  EXPECT_EQ(parsed({"--width=12"}).region.width, 12);
  EXPECT_EQ(parsed({"-vv"}).control.verbosity, 2);
  EXPECT_EQ(parsed({"-v", "--verbose"}).control.verbosity, 2);
  EXPECT_THAT(parsed({"--radec", "150", "-.5"}).region.radec.value(), ElementsAre("150", "-.5"));
  EXPECT_THAT(parsed({"--bands", "g,i"}).region.bands, ElementsAre("g", "i"));
  EXPECT_FALSE(parsed({"--no-iterative"}).fitting.iterative);
  EXPECT_FALSE(parsed({"--no-bulge-disk"}).fitting.bulge_disk);
  EXPECT_TRUE(parsed({"--bulge-disk"}).fitting.bulge_disk_of_all);
  EXPECT_THAT(parsed({"-s", "srcs", "--stage", "coadds"}).control.stages, ElementsAre("srcs", "coadds"));
}

std::string refusal(const std::vector<std::string>& words) {
  try {
    check_options(parsed(words));
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 2);
    return e.line();
  }
  return "accepted";
}

TEST(CommandLine, RefusesWhatItCannotMeanInOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--brik", "x"}, "did you mean --brick?"},
      {{"x"}, "'x' belongs to no option"},
      {{"--brick"}, "--brick takes a word: NAME"},
      {{"--zoom", "1", "2"}, "--zoom takes 4 words"},
      {{"--brick", "--width", "3"}, "--brick takes NAME, not the option --width"},
      {{"--brick", "a", "--brick", "b"}, "--brick is given twice"},
      {{"--zoom=1"}, "without '='"},
      {{"--width", "12x"}, "--width 12x: not a whole number"},
      {{"--nsigma", "six"}, "--nsigma six: not a number"},
      {{"--nsigma", "nan"}, "--nsigma nan: not a number"},
      {{"--bands", "g,,z"}, "an element of the list is empty"},
      {{"--brick", "a", "--bands", "g,g"}, "a band is named twice"},
      {{"--brick", "a", "--release", "70000"}, "--release 70000: must be at least 0 and at most 32767"},
      {{"--brick", "a", "--release", "-1"}, "--release -1: must be"},
      {{"--brick", "a", "--threads", "0"}, "--threads 0: must be"},
      {{"--brick", "a", "--pixscale", "0"}, "--pixscale 0: must be at least 0.001 and at most 60"},
      {{"--brick", "a", "--blob-dilate", "1001"}, "must be at least 0 and at most 1000"},
      {{"--brick", "a", "--blobid", "3,-1"}, "--blobid 3,-1: must be at least 0"},
      {{"--brick", "a", "--zoom", "5", "5", "0", "9"}, "is not a part"},
      {{"--brick", "a", "--gaia-scheme", "flat"}, "the schemes are ring and nested"},
      {{"--brick", "a", "--fit", "alone"},
       "--fit alone: sources are fitted as the reference does it, or joint"},
      {{"--brick", "a", "--radec", "1", "2"}, "contradict"},
      {{"--brick", "a", "--fit", "joint", "--bulge-disk", "--no-bulge-disk"}, "contradict"},
      {{"--brick", "a", "--blob", "1", "--blobid", "2"}, "only one of them"},
      {{}, "which brick?"}};
  for (const auto& [words, expected] : cases) {
    SCOPED_TRACE(testing::PrintToString(words));
    const std::string line = refusal(words);
    EXPECT_THAT(line, HasSubstr(expected));
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(Environment, StandsInForWhatIsNotGiven) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "GAIA_CAT_VER") return "3";
    if (name == "DUST_DIR") return "/dust";
    return {};
  };
  const std::vector<std::string> words = {"--gaia-version", "2"};
  const GivenOptions layers[] = {options_of_command_line(words), options_of_environment(environment)};
  const ResolvedOptions resolved = resolve(layers);
  EXPECT_EQ(resolved.options.references.gaia_version, "2");
  EXPECT_EQ(resolved.options.dust.dust_dir, "/dust");
  EXPECT_EQ(resolved.origins.at("--gaia-version"), "command line");
  EXPECT_EQ(resolved.origins.at("--dust-dir"), "$DUST_DIR");
}

TEST(Help, TellsEveryOptionWithinTheWidthOfALine) {
  const std::string help = options_help(100);
  for (const OptionRow& row : option_table()) EXPECT_THAT(help, HasSubstr(std::string(row.flag)));
  for (std::size_t from = 0, end; (end = help.find('\n', from)) != std::string::npos; from = end + 1)
    EXPECT_LE(end - from, 100u) << help.substr(from, end - from);
}

}  // namespace
}  // namespace brickline
