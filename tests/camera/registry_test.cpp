// Finding, refusing and loading plugins.
#include "core/camera/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

using namespace brickline::test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, ReadsIdentityWithoutLoading) {
  TemporaryDirectory dir;
  const fs::path path = put(good_plugin("oddball"), dir.path());
  const CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const PluginFile& file = file_of(registry, path);
  EXPECT_TRUE(file.usable()) << file.refusal;
  EXPECT_EQ(file.plugin, "oddball");
  EXPECT_EQ(file.version, "0.3.0");
  EXPECT_EQ(file.origin, "--plugin-dir");
  EXPECT_THAT(registry.names(), ElementsAre("oddball", "oddling"));
  EXPECT_THAT(file.cameras[0].identity.aliases, ElementsAre("odd"));
  EXPECT_EQ(file.cameras[0].identity.claims[0].at("INSTRUME"), "^oddball$");
  EXPECT_THAT(bytes_of("/proc/self/maps"), Not(HasSubstr(path.string())));
}

// Among a hundred others, each of which would take the process with it.
TEST(Registry, LoadsOnlyWhatIsWanted) {
  TemporaryDirectory dir;
  const fs::path wanted = put(good_plugin("minimal"), dir.path()),
                 other = put(good_plugin("plain_c"), dir.path());
  for (int i = 0; i < 98; ++i)
    put(bad_plugin("crashes_when_loaded"), dir.path(), "other" + std::to_string(i));
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const Camera& camera = registry.load("minimal");
  EXPECT_EQ(camera.name(), "minimal");
  const std::string maps = bytes_of("/proc/self/maps");
  EXPECT_THAT(maps, HasSubstr(wanted.string()));
  EXPECT_THAT(maps, Not(HasSubstr(other.string())));
}

TEST(Registry, AnAliasInAnyCaseWithBlanksNamesTheCamera) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  registry.load({{" Tiny ", 3}});
  EXPECT_EQ(registry.camera("tiny").name(), "minimal");
}

TEST(Registry, RecordsWhereACameraCameFrom) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const CameraProvenance& p = registry.load("minimal").provenance();
  EXPECT_EQ(p.plugin, "minimal");
  EXPECT_EQ(p.plugin_version, "1.2.3");
  EXPECT_THAT(p.file_sha256, ::testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_THAT(p.facts_sha256, ::testing::MatchesRegex("[0-9a-f]{64}"));
}

TEST(Registry, ACameraMayBringABandOfItsOwn) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const CameraFacts& facts = registry.load("minimal").facts();
  ASSERT_NE(facts.band("NB_Q"), nullptr);
  EXPECT_DOUBLE_EQ(*facts.band("NB_Q")->extinction_per_ebv, 3.1);
  EXPECT_FALSE(facts.band("g")->extinction_per_ebv);  // the standard's, where cameras are merged
}

TEST(Registry, AMissingCameraIsNamedWithWhatWasSearchedAndRefused) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  put_bytes("hello", dir / "x.camera.so");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const auto [kind, message] = error_of([&] { registry.load({{"minimals", 6}, {"minimal", 1}}); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message,
              AllOf(HasSubstr("no plugin provides camera minimals (wanted by 6 CCDs)"),
                    HasSubstr("searched " + dir.path().string()),
                    HasSubstr("x.camera.so: not a shared library"), HasSubstr("did you mean minimal?")));
  EXPECT_TRUE(registry.loaded().empty());
}

// ---- Precedence ----

TEST(Registry, TheFirstDirectoryWinsAndTheOtherIsShadowed) {
  TemporaryDirectory dir;
  const fs::path first = put(good_plugin("minimal"), dir / "a"),
                 second = put(good_plugin("minimal"), dir / "b", "c");
  CameraRegistry registry = CameraRegistry::scan(only({dir / "a", dir / "b"}));
  EXPECT_EQ(file_of(registry, second).cameras[0].state, ClaimedCamera::State::kShadowed);
  EXPECT_EQ(file_of(registry, second).cameras[0].other, first);
  EXPECT_EQ(registry.load("minimal").provenance().path, first);
}

TEST(Registry, TwoFilesOfOneDirectoryAreAConflictOnceWanted) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path(), "a");
  put(good_plugin("minimal"), dir.path(), "b");
  put(good_plugin("oddball"), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_EQ(registry.load("oddball").name(), "oddball");
  const auto [kind, message] = error_of([&] { registry.load("minimal"); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message,
              AllOf(HasSubstr((dir / "a.camera.so").string()), HasSubstr((dir / "b.camera.so").string())));
}

TEST(Registry, ASymbolicLinkIsTheSameFile) {
  TemporaryDirectory dir;
  const fs::path file = put(good_plugin("minimal"), dir.path());
  fs::create_symlink(file, dir / "z.camera.so");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_EQ(file_of(registry, dir / "z.camera.so").refusal_id, "same-file");
  EXPECT_EQ(registry.load("minimal").name(), "minimal");
}

TEST(Registry, TheEnvironmentComesAfterTheCallersDirectories) {
  TemporaryDirectory dir;
  const fs::path first = put(good_plugin("minimal"), dir / "a");
  put(good_plugin("minimal"), dir / "b");
  const fs::path other = put(good_plugin("oddball"), dir / "b");
  PluginSearch search = only({dir / "a"});
  search.use_environment = true;
  setenv("BRICKLINE_PLUGIN_PATH", (":" + (dir / "b").string() + ":/does/not/exist").c_str(), 1);
  Messages messages;
  CameraRegistry registry = CameraRegistry::scan(search, Log(messages));
  unsetenv("BRICKLINE_PLUGIN_PATH");
  EXPECT_EQ(file_of(registry, other).origin, "BRICKLINE_PLUGIN_PATH");
  EXPECT_EQ(registry.load("minimal").provenance().path, first);
  EXPECT_THAT(messages.lines, ::testing::Contains(HasSubstr("/does/not/exist")));
}

TEST(Registry, ADirectoryOfTheCallersMustExist) {
  const auto [kind, message] = error_of([] { CameraRegistry::scan(only({"/does/not/exist"})); });
  EXPECT_EQ(kind, ErrorKind::kUsage);
  EXPECT_THAT(message, HasSubstr("/does/not/exist"));
}

// The alias of another is no name of one's own; the file that has the name is asked.
TEST(Registry, AnAliasNeverHidesAName) {
  TemporaryDirectory dir;
  const fs::path own = put(good_plugin("minimal"), dir.path());
  put_bytes(
      R"({"plugin": {"plugin": "thief", "version": "1.0.0", "cameras": [{"name": "aaa", "aliases": ["minimal"]}]},
                "detector": {"pixel_scale_arcsec": 0.4, "bands": ["r"]}, "pixels": {"unit": "total"}})",
      dir / "aaa.camera.json");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_EQ(registry.load("minimal").provenance().path, own);
  EXPECT_EQ(registry.load("aaa").name(), "aaa");
}

TEST(Registry, CodeAndFactsOfOneNameAreAConflict) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  put_bytes(R"({"plugin": {"plugin": "minimal", "version": "1.0.0", "cameras": [{"name": "minimal"}]},
                "detector": {"pixel_scale_arcsec": 0.4, "bands": ["r"]}, "pixels": {"unit": "total"}})",
            dir / "minimal.camera.json");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_THAT(error_of([&] { registry.load("minimal"); }).second,
              AllOf(HasSubstr("minimal.camera.so"), HasSubstr("minimal.camera.json")));
}

TEST(Registry, AHardLinkIsTheSameFile) {
  TemporaryDirectory dir;
  fs::create_hard_link(put(good_plugin("minimal"), dir.path()), dir / "z.camera.so");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_EQ(file_of(registry, dir / "z.camera.so").refusal_id, "same-file");
}

TEST(Registry, AFloatingPointModeThatALibraryBringsIsPutBack) {
  TemporaryDirectory dir;
  put(bad_plugin("fast_math"), dir.path());
  Messages messages;
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}), Log(messages));
  registry.load("fast_math");
  EXPECT_THAT(messages.lines, ::testing::Contains(HasSubstr("changed the floating-point mode when loaded")));
  volatile double small = 1e-310;
  EXPECT_GT(small * 0.5, 0);  // numbers so small are still there
}

// ---- Refusals by the file alone; a good camera beside it still works ----

struct BadFile {
  const char* what;
  const char* refusal_id;
  std::string (*bytes)();
};

std::string patched(const fs::path& plugin, std::size_t at, char value) {
  std::string bytes = bytes_of(plugin);
  bytes[at] = value;
  return bytes;
}
std::string with_note(const std::string& from, const std::string& to) {
  std::string bytes = bytes_of(good_plugin("plain_c"));
  bytes.replace(bytes.find(from), from.size(), to);
  return bytes;
}

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.what; }

class RefusedFile : public ::testing::TestWithParam<BadFile> {};

TEST_P(RefusedFile, IsListedWithItsReasonBesideAGoodOne) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  const fs::path bad = put_bytes(GetParam().bytes(), dir / "bad.camera.so");
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_EQ(file_of(registry, bad).refusal_id, GetParam().refusal_id);
  EXPECT_THAT(file_of(registry, bad).refusal, HasSubstr(bad.string() + ": "));
  EXPECT_EQ(registry.load("minimal").name(), "minimal");
}

const BadFile kBadFiles[] = {
    {"Empty", "not-elf", [] { return std::string(); }},
    {"Text", "not-elf", [] { return std::string("hello"); }},
    {"OtherMachine", "architecture", [] { return patched(good_plugin("minimal"), 18, '\xb7'); }},
    {"ThirtyTwoBits", "architecture", [] { return patched(good_plugin("minimal"), 4, 1); }},
    {"Executable", "not-elf", [] { return patched(good_plugin("minimal"), 16, 2); }},
    {"FarProgramHeaders", "truncated", [] { return patched(good_plugin("minimal"), 39, 0x7f); }},
    {"NoNote", "no-note", [] { return bytes_of(bad_plugin("no_note")); }},
    {"NoteIsNotJson", "bad-note", [] { return with_note("{\"abi\":", "[\"abi\":"); }},
    {"NoteWithoutVersion", "bad-note",
     [] { return with_note("\"version\":\"1.0.0\"", "\"version\":\"1.0.x\""); }},
    {"OtherMajor", "abi-major", [] { return bytes_of(bad_plugin("abi_major")); }},
    {"OtherMinor", "abi-minor", [] { return bytes_of(bad_plugin("abi_minor")); }},
    {"MisspeltLicense", "bad-note", [] { return with_note("\"license\"", "\"licence\""); }},
    {"NeedsNewerMinor", "abi-minor", [] { return bytes_of(bad_plugin("abi_needs_newer")); }},
};
INSTANTIATE_TEST_SUITE_P(Files, RefusedFile, ::testing::ValuesIn(kBadFiles),
                         [](const auto& info) { return std::string(info.param.what); });

TEST(Registry, AFifoAndADirectoryDoNotBlockIt) {
  TemporaryDirectory dir;
  ASSERT_EQ(mkfifo((dir / "f.camera.so").c_str(), 0600), 0);
  fs::create_directory(dir / "d.camera.so");
  fs::create_symlink("/nowhere", dir / "l.camera.so");
  const CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  ASSERT_EQ(registry.files().size(), 3u);
  for (const PluginFile& file : registry.files()) EXPECT_FALSE(file.usable()) << file.path;
}

// Cut late, all that is mapped may still be there: it must not pass for a second library of the same camera.
TEST(Registry, ALibraryCutAtAnyLengthIsRefusedAndTheOthersWork) {
  TemporaryDirectory dir;
  put(good_plugin("oddball"), dir.path());
  put(good_plugin("minimal"), dir.path());
  const std::string whole = bytes_of(good_plugin("minimal"));
  for (std::size_t length = 0; length < whole.size(); length += 512) {
    const fs::path cut = dir / "x.camera.so";
    fs::remove(cut);
    put_bytes(whole.substr(0, length), cut);
    CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
    const PluginFile& file = file_of(registry, cut);
    EXPECT_FALSE(file.usable()) << length;
    EXPECT_THAT(file.refusal_id, ::testing::AnyOf("not-elf", "truncated")) << length;
    EXPECT_EQ(registry.load("oddball").name(), "oddball");
    EXPECT_EQ(registry.load("minimal").name(), "minimal");
  }
}

TEST(Registry, AFileOrDirectoryThatEveryoneMayWriteIsRefused) {
  TemporaryDirectory dir;
  const fs::path file = put(good_plugin("minimal"), dir / "a"),
                 below = put(good_plugin("oddball"), dir / "b");
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  fs::permissions(dir / "b", fs::perms::others_write, fs::perm_options::add);
  const CameraRegistry registry = CameraRegistry::scan(only({dir / "a", dir / "b"}));
  EXPECT_EQ(file_of(registry, file).refusal_id, "insecure");
  EXPECT_EQ(file_of(registry, below).refusal_id, "insecure");
  EXPECT_THAT(file_of(registry, below).refusal, HasSubstr((dir / "b").string()));

  PluginSearch trusting = only({dir / "a"});
  trusting.allow_insecure = true;
  CameraRegistry allowed = CameraRegistry::scan(trusting);
  EXPECT_TRUE(file_of(allowed, file).usable());
  EXPECT_THAT(file_of(allowed, file).warnings, ElementsAre(HasSubstr("writable by others")));
}

// ---- Refusals once loaded ----

struct BadCamera {
  const char* name;
  const char* sentence;
};
void PrintTo(const BadCamera& camera, std::ostream* out) { *out << camera.name; }

class UnusableCamera : public ::testing::TestWithParam<BadCamera> {};

TEST_P(UnusableCamera, IsAnErrorWithItsReasonAndLeavesTheOthersAlone) {
  TemporaryDirectory dir;
  put(good_plugin("minimal"), dir.path());
  const fs::path bad = put(bad_plugin(GetParam().name), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_TRUE(file_of(registry, bad).usable()) << file_of(registry, bad).refusal;
  const auto [kind, message] = error_of([&] { registry.load(GetParam().name); });
  EXPECT_EQ(kind, ErrorKind::kPlugin);
  EXPECT_THAT(message, HasSubstr(GetParam().sentence));
  EXPECT_EQ(registry.load("minimal").name(), "minimal");
}

const BadCamera kBadCameras[] = {
    {"no_entry", "no_entry.camera.so: has no symbol brickline_camera_plugin"},
    {"undefined_symbol", "undefined symbol nobody_defines_this(int)"},
    {"declines", "declined: this processor is too old"},
    {"small_descriptor", "wrong descriptor: struct_size is 12"},
    {"no_cameras", "wrong descriptor: n_cameras is 0, expected 1"},
    {"other_name", "the note and the plugin disagree about camera other_name"},
    {"facts_not_json", "not JSON"},
    {"facts_array", "facts of camera facts_array"},
    {"facts_empty", "detector.pixel_scale_arcsec: is required"},
    {"odd_stride", "wrong descriptor: camera_stride is 12, expected at least 72"},
    {"null_cameras", "wrong descriptor: cameras is 0, expected an array"},
    {"huge_descriptor", "wrong descriptor: struct_size is 1048576"},
    {"needs_library", "does not load: needs libgone.so, which was not found"},
    {"throws_in_constructor", "cannot start: the filter wheel is missing"},
    {"throws_int", "cannot start: an exception of unknown type"},
    {"throws_in_facts", "no facts today"},
    {"unknown_key", "1 problem: weight.trim_exces_pixels: unknown key; did you mean trim_excess_pixels?"},
    {"many_problems",
     "3 problems: detector.pixel_scale_arcsec: 99 is outside 0.01 to 30; pixels.unit: \"per_minute\""},
    {"extends_nobody", "extends nobody_at_all: not found"},
    {"extends_itself", "cycle extends_itself > extends_itself"},
    {"endless_facts", "facts of camera endless_facts: more than 4 MiB"},
    {"small_table", "struct_size of brickline.steps/1 is 16, expected at least 88"},
};
INSTANTIATE_TEST_SUITE_P(Cameras, UnusableCamera, ::testing::ValuesIn(kBadCameras),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Registry, WhatIsWrongWithAnIdentityIsSaid) {
  TemporaryDirectory dir;
  const auto refusal = [&](const std::string& from, const std::string& to) {
    const fs::path bad = put_bytes(with_note(from, to), dir / "bad.camera.so");
    const CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
    return file_of(registry, bad).refusal;
  };
  EXPECT_THAT(refusal("\"license\"", "\"licence\""),
              HasSubstr("unknown key \"licence\" of the plugin's identity; did you mean license?; there are "
                        "plugin, version, license, contact, url, cameras"));
  EXPECT_THAT(refusal("{\"name\":\"plain_c\"}", "{\"name\":\"Plain_C\"}"),
              HasSubstr("'Plain_C' is not a camera's name: 1 to 31 of a-z"));
  EXPECT_THAT(refusal("\"version\":\"1.0.0\"", "\"version\":1      "),
              HasSubstr("\"version\" is not a text"));
}

TEST(Registry, APluginOfTheFrozenHeaderRuns) {
  TemporaryDirectory dir;
  put(fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/versions/frozen_0_3.camera.so", dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  EXPECT_TRUE(registry.load("frozen_0_3").overrides(CameraStep::kReadImage));
}

TEST(Registry, ALinkIsLoadedByWhatItLeadsToAndBothPlacesAreJudged) {
  TemporaryDirectory dir;
  const fs::path file = put(good_plugin("minimal"), dir / "real");
  fs::create_directories(dir / "links");
  fs::create_symlink(file, dir / "links/x.camera.so");
  CameraRegistry registry = CameraRegistry::scan(only({dir / "links"}));
  EXPECT_EQ(registry.load("minimal").provenance().path, fs::canonical(file));
  fs::permissions(dir / "links", fs::perms::others_write, fs::perm_options::add);
  const CameraRegistry refused = CameraRegistry::scan(only({dir / "links"}));
  EXPECT_EQ(refused.files().front().refusal_id, "insecure");
  EXPECT_THAT(refused.files().front().refusal, HasSubstr((dir / "links").string()));
}

TEST(Registry, SymbolsBesidesTheEntryAreWarnedOf) {
  TemporaryDirectory dir;
  put(bad_plugin("many_symbols"), dir.path());
  put(good_plugin("minimal"), dir.path());
  Messages messages;
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}), Log(messages));
  registry.load("many_symbols");
  registry.load("minimal");
  const auto warned_of = [&](const std::string& plugin) {
    return std::count_if(messages.lines.begin(), messages.lines.end(), [&](const std::string& line) {
      return line.find(plugin + ".camera.so: exports ") != std::string::npos &&
             line.find("besides its entry") != std::string::npos;
    });
  };
  EXPECT_EQ(warned_of("many_symbols"), 1);
  EXPECT_EQ(warned_of("minimal"), 0);
}

// ---- One camera laid over another ----

TEST(Registry, ADerivedCameraHasTheMergedFactsOfItsBase) {
  TemporaryDirectory dir;
  put(good_plugin("oddball"), dir.path());
  CameraRegistry registry = CameraRegistry::scan(only({dir.path()}));
  const Camera& camera = registry.load("oddling");
  EXPECT_DOUBLE_EQ(camera.facts().detector.pixel_scale_arcsec, 0.29);
  EXPECT_THAT(camera.facts().detector.bands, ElementsAre("NB_C", "NB_E"));
  ASSERT_EQ(camera.facts().saturation.size(), 2u);
  EXPECT_EQ(camera.facts().saturation[0].above, 500);  // its own come first
  EXPECT_TRUE(camera.facts().title.empty());           // identity is not inherited
  EXPECT_THAT(camera.provenance().bases, ElementsAre("oddball"));
  EXPECT_TRUE(camera.overrides(CameraStep::kReadImage));  // by the base's code
  EXPECT_FALSE(registry.load("oddball").overrides(CameraStep::kGoodRegion));
}

}  // namespace
}  // namespace brickline
