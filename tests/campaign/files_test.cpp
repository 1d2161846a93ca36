// The files of a plan: what is written is what is read, and what was cut off is passed over.
#include <gmock/gmock.h>

#include <fstream>
#include <tuple>

#include "core/base/error.h"
#include "core/campaign/item_list.h"
#include "core/campaign/journal.h"
#include "core/campaign/manifest.h"
#include "core/campaign/rounds.h"
#include "core/campaign/session.h"
#include "core/campaign/settings.h"
#include "core/campaign/toml_file.h"
#include "core/campaign/verify.h"
#include "tests/support/data.h"

namespace brickline::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.line();
  }
  return "no error";
}

Event ended(std::int64_t row, std::string reason) {
  Event e;
  e.ended = true;
  e.row = row;
  e.attempt = 2;
  e.name = "1501p022";
  e.code = -9;
  e.cpu_seconds = 1.5;
  e.check = Check::kObjection;
  e.reason = std::move(reason);
  return e;
}

TEST(Journal, IsReadFromWhereOneLeftOff) {
  const TemporaryDirectory scratch;
  const auto file = scratch / "j";
  EXPECT_TRUE(read_journal(file).events.empty());
  JournalWriter writer(file);
  writer.write(ended(7, "a\tb\nc"));
  const JournalPart first = read_journal(file);
  ASSERT_EQ(first.events.size(), 1u);
  EXPECT_EQ(first.events[0].row, 7);
  EXPECT_EQ(first.events[0].code, -9);
  EXPECT_EQ(first.events[0].reason, "a b c");
  EXPECT_EQ(first.events[0].check, Check::kObjection);
  EXPECT_EQ(first.events[0].cpu_seconds, 1.5);
  Event began;
  began.row = 8;
  began.memory_mb = 400;
  began.log_begin = 12;
  writer.write(began);
  const JournalPart second = read_journal(file, first.end);
  ASSERT_EQ(second.events.size(), 1u);
  EXPECT_FALSE(second.events[0].ended);
  EXPECT_EQ(second.events[0].memory_mb, 400);
  EXPECT_EQ(second.events[0].log_begin, 12);
}

TEST(Journal, CutOffAnywhereGivesTheWholeLinesAndGoesOn) {
  const TemporaryDirectory scratch;
  const auto file = scratch / "j";
  {
    JournalWriter writer(file);
    writer.write(ended(1, "first"));
    writer.write(ended(2, "second"));
  }
  const auto size = std::filesystem::file_size(file);
  std::string whole(size, '\0');
  std::ifstream(file).read(whole.data(), static_cast<std::streamsize>(size));
  const std::size_t first_line = whole.find('\n') + 1, second_line = whole.rfind("sums\t");
  for (std::size_t cut = 0; cut < size; ++cut) {
    write(file, whole.substr(0, cut));
    JournalWriter(file).write(ended(3, "third"));
    const JournalPart part = read_journal(file);
    std::vector<std::int64_t> rows;
    for (const Event& e : part.events) rows.push_back(e.row);
    // Of a line that lacks its newline alone nothing is missing.
    std::vector<std::int64_t> expected;
    if (cut + 1 >= first_line) expected.push_back(1);
    if (cut + 1 >= second_line) expected.push_back(2);
    expected.push_back(3);
    EXPECT_EQ(rows, expected) << cut;
    const JournalSums sums = journal_sums(file);
    EXPECT_EQ(sums.failed, std::ssize(expected)) << cut;
    EXPECT_EQ(sums.cpu_seconds, 1.5 * static_cast<double>(expected.size())) << cut;
  }
}

TEST(Journal, SumsByItsEndAreThoseOfAllEvents) {
  const TemporaryDirectory scratch;
  const auto file = scratch / "j";
  JournalSums expected;
  std::vector<std::pair<std::int64_t, JournalSums>> known;  // by where they are
  for (int writers = 0; writers < 2; ++writers) {
    JournalWriter writer(file);
    for (int i = 0; i < 200; ++i) {
      Event e = ended(i, std::string(static_cast<std::size_t>(i % 50), 'x'));
      e.ended = false;
      writer.write(e);
      expected.add(e);
      e.ended = true;
      e.check = i % 5 == 0 ? Check::kDone : i % 7 == 0 ? Check::kNothing : Check::kNone;
      e.code = i % 3 == 0 ? 75 : 1;
      if (i == 150) continue;  // nobody told
      writer.write(e);
      expected.add(e);
      known.emplace_back(read_journal(file).end, expected);
    }
  }
  std::ofstream(file, std::ios::app) << "sums\t9999\t1";  // cut off
  known.emplace_back(-1, expected);
  ASSERT_GT(std::filesystem::file_size(file), 40000u);
  for (const auto& [until, sums] : known) {
    const JournalSums found = journal_sums(file, until);
    EXPECT_EQ(std::tie(found.begun, found.done, found.nothing, found.failed, found.interrupted),
              std::tie(sums.begun, sums.done, sums.nothing, sums.failed, sums.interrupted))
        << until;
    EXPECT_EQ(found.cpu_seconds, sums.cpu_seconds);
  }
  EXPECT_EQ(expected.begun - expected.ended(), 2);
  // Of one whose writer told none.
  std::ifstream in(file);
  std::string without;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("sums")) without += line + "\n";
  write(file, without);
  EXPECT_EQ(journal_sums(file).done, expected.done);
  EXPECT_EQ(journal_sums(scratch / "none").begun, 0);
}

TEST(Manifest, IsReadAsWritten) {
  const TemporaryDirectory scratch;
  Manifest m;
  m.rounds = 3;
  m.open_rounds = {1, 2};
  m.items.resize(2);
  m.items[0].name = "1501p022";
  m.items[0].ra = 150.125;
  m.items[1].name = "custom-150125p02250";
  m.items[1].words = "--radec 150.125 2.25";
  m.items[1].state = ItemState::kGivenUp;
  m.items[1].bail_out = true;
  m.items[1].peak_mb = 7.5f;
  m.items[1].reason = short_reason("caf\xc3\xa9\nnot there");
  write_manifest(m, scratch / "m.fits");
  const Manifest n = read_manifest(scratch / "m.fits");
  EXPECT_EQ(n.sequence, 1);
  EXPECT_EQ(n.rounds, 3);
  EXPECT_THAT(n.open_rounds, ElementsAre(1, 2));
  ASSERT_EQ(n.items.size(), 2u);
  EXPECT_EQ(n.items[0].ra, 150.125);
  EXPECT_EQ(n.items[0].state, ItemState::kWaiting);
  EXPECT_EQ(n.items[1].words, "--radec 150.125 2.25");
  EXPECT_EQ(n.items[1].state, ItemState::kGivenUp);
  EXPECT_TRUE(n.items[1].bail_out);
  EXPECT_EQ(n.items[1].peak_mb, 7.5f);
  EXPECT_EQ(n.items[1].reason, "caf   not there");
}

TEST(Bundles, HoldItemsOfOneClassDearestFirstUpToTheirTime) {
  std::vector<Item> items(7);
  const float seconds[] = {10, 50, 30, 20, 500, 5, 40};
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].name = std::to_string(i);
    items[i].cpu_predicted_seconds = seconds[i];
  }
  items[2].memory_class = 1;
  items[6].state = ItemState::kDone;
  BundleRules rules;
  rules.task_seconds = 35;
  rules.threads = 2;  // so that an item takes half of its CPU time
  const std::vector<Bundle> bundles = make_bundles(items, rules);
  ASSERT_EQ(bundles.size(), 4u);
  EXPECT_THAT(bundles[0].rows, ElementsAre(2));
  EXPECT_EQ(bundles[0].memory_class, 1);
  EXPECT_THAT(bundles[1].rows, ElementsAre(4));
  EXPECT_THAT(bundles[2].rows, ElementsAre(1, 3));
  EXPECT_THAT(bundles[3].rows, ElementsAre(0, 5));
  rules.most_bundles = 2;
  EXPECT_EQ(make_bundles(items, rules).size(), 2u);
}

TEST(Bundles, AreReadAsWritten) {
  const TemporaryDirectory scratch;
  const PlanFiles plan{scratch.path()};
  std::vector<Item> items(3);
  items[1].name = "a";
  items[1].words = "--zoom 0 1 0 1";
  items[2].name = "b";
  items[2].attempts = 4;
  items[2].bail_out = true;
  CampaignSettings settings;
  settings.classes_mb = {100, 200};
  write_bundles(plan, 12, {{0, 0, 1, {0}}, {1, 1, 1, {2, 1}}}, items, settings);
  const std::vector<WorkItem> work = read_bundle(plan, 12, 1);
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(work[0].item.name, "b");
  EXPECT_EQ(work[0].attempt, 5);
  EXPECT_TRUE(work[0].item.bail_out);
  EXPECT_EQ(work[0].memory_mb, 200);
  EXPECT_EQ(work[1].row, 1);
  EXPECT_EQ(work[1].item.words, "--zoom 0 1 0 1");
  EXPECT_THAT(error_of([&] { read_bundle(plan, 12, 2); }), HasSubstr("no bundle 2"));
}

TEST(Rounds, KnowWhatEachTaskMayTake) {
  const TemporaryDirectory scratch;
  const PlanFiles plan{scratch.path()};
  Round round;
  round.number = 3;
  round.tasks = 6;
  round.task_seconds = 3600;  // of the partition with the longest limit
  Job job;
  job.first_task = 2;
  job.tasks = 3;
  job.task_seconds = 60;
  round.jobs = {job};
  write_round(plan, round);
  const Round read = read_round(plan, 3);
  EXPECT_EQ(read.seconds_of(1), 3600);
  EXPECT_EQ(read.seconds_of(2), 60);
  EXPECT_EQ(read.seconds_of(4), 60);
  EXPECT_EQ(read.seconds_of(5), 3600);
}

// Its lock may be taken over as that of a dead process while it only slept.
TEST(Session, WritesNothingOverWhatAnotherHasWritten) {
  const TemporaryDirectory scratch;
  const PlanFiles plan{scratch.path()};
  write(plan.options(), "survey-dir = \"/nowhere\"\noutdir = \"/nowhere/out\"\n");
  CampaignSettings settings;
  settings.worker = "/bin/true";
  settings.directory = "/";
  write(plan.settings(), settings_text(settings));
  Manifest m;
  m.items.resize(1);
  m.items[0].name = "1501p022";
  write_manifest(m, plan.manifest());
  PlanSession session(plan, Log());
  session.save();
  session.save();  // its own writing is no other's
  Manifest other = read_manifest(plan.manifest());
  other.items[0].reason = "of the other";
  write_manifest(other, plan.manifest());
  session.manifest().items[0].reason = "of the first";
  EXPECT_THROW(session.save(), PlanIsHeld);
  EXPECT_EQ(read_manifest(plan.manifest()).items[0].reason, "of the other");
}

TEST(Phases, AreHandedOutOneAfterTheOther) {
  std::vector<Item> items(3);
  items[0].phase = 1;
  const auto handed_out = [&] {
    std::vector<std::int64_t> rows;
    for (const Bundle& bundle : make_bundles(items, BundleRules()))
      rows.insert(rows.end(), bundle.rows.begin(), bundle.rows.end());
    return rows;
  };
  EXPECT_THAT(handed_out(), ElementsAre(1, 2));
  items[1].state = ItemState::kDone;
  items[2].state = ItemState::kQueued;  // not over yet
  EXPECT_THAT(handed_out(), ElementsAre());
  items[2].state = ItemState::kGivenUp;
  EXPECT_THAT(handed_out(), ElementsAre(0));
}

TEST(Costs, AreNotThoseOfItemsThatWereDoneBefore) {
  std::vector<Item> items(10);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool before = i % 2 == 1;
    items[i].state = ItemState::kDone;
    items[i].attempts = 1;
    items[i].cpu_predicted_seconds = 100;
    items[i].cpu_seconds = before ? 1 : 200;
    if (before) items[i].reason = kAllValidAlready;
  }
  EXPECT_EQ(fit_costs(items).cpu, 2);
  EXPECT_EQ(fit_costs(items).items, 5);
}

TEST(Checksums, TellWhetherACommandsFilesAreWhatWasWritten) {
  const TemporaryDirectory scratch;
  const auto list = scratch / "list", file = scratch / "file";
  EXPECT_EQ(verify_checksums(list).check, Check::kObjection);
  write_checksums(list, {});
  EXPECT_EQ(verify_checksums(list).check, Check::kNothing);
  write(file, "content");
  write_checksums(list, std::vector{file});
  EXPECT_EQ(verify_checksums(list).check, Check::kDone);
  write(file, "Content");
  EXPECT_THAT(verify_checksums(list).what, HasSubstr("file is not what was written"));
  std::filesystem::remove(file);
  EXPECT_THAT(verify_checksums(list).what, HasSubstr("file is not there"));
  EXPECT_THAT(error_of([&] { write_checksums(list, std::vector{file}); }), HasSubstr("cannot be read"));
  write(list, "");
  EXPECT_EQ(verify_checksums(list).check, Check::kObjection) << "a list that is cut off";
}

// A record of calibrations as a worker might write it, true or not.
TEST(Calibrations, OfAnItemAreNotBelievedButRead) {
  const TemporaryDirectory scratch;
  const auto list = scratch / "list", file = scratch / "sky.fits";
  write(file, "content");
  Item item;
  item.name = "12.1";
  item.ccds = 2;
  const auto ccd = [](const std::string& name, const std::string& psf, const std::string& sky) {
    return "# {\"ccd\":\"12-" + name + "\",\"image\":\"a[" + name + "]\",\"expnum\":12,\"ccdname\":\"" +
           name + "\",\"plver\":\"\",\"plprocid\":\"\",\"psf\":{\"state\":" + psf +
           "},\"sky\":{\"state\":" + sky + "}}\n";
  };
  const std::string own = "\"the camera's own\"", stars = "\"failed\",\"why\":\"4 stars\",\"retry\":",
                    made = "\"made\",\"versions\":true,\"old_ok\":false,\"file\":\"" + file.string() + "\"";
  write_checksums(scratch / "files", std::vector{file});
  std::string files;
  std::getline(std::ifstream(scratch / "files"), files);
  const auto found = [&](const std::string& text) {
    write(list, text);
    return verify_calibrations(list, item);
  };
  EXPECT_THAT(verify_calibrations(list, item).what, HasSubstr("there is no list"));
  EXPECT_EQ(found(ccd("A", own, own) + ccd("B", own, own)).check, Check::kNothing);
  EXPECT_THAT(found(ccd("A", own, own)).what, HasSubstr("it tells of 1 CCDs, not of 2"));
  EXPECT_THAT(found(ccd("A", own, own) + ccd("A", own, own)).what, HasSubstr("12-A more than once"));
  EXPECT_THAT(found(ccd("A", own, own) + ccd("B", own, "\"missing\"")).what,
              HasSubstr("12-B: the sky was not made"));
  EXPECT_THAT(found(ccd("A", own, own) + ccd("B", own, made)).what,
              HasSubstr("not in the list of checksums"));
  EXPECT_THAT(found(ccd("A", own, own) + ccd("B", own, made) + files + "\n").what,
              HasSubstr("the sky is not valid"));
  EXPECT_THAT(found(ccd("A", own, own) + ccd("B", own, made) + files).what, HasSubstr("cut off"));
  EXPECT_THAT(found(ccd("A", own, own) + "# B\n").what, HasSubstr("a remark tells of no CCD"));
  const Verification hopeless = found(ccd("A", stars + "false", own) + ccd("B", own, own));
  EXPECT_EQ(hopeless.check, Check::kHopeless);
  EXPECT_EQ(hopeless.what, "1 of 2 CCDs failed: 12-A: PSF: 4 stars");
  EXPECT_EQ(found(ccd("A", stars + "false", own) + ccd("B", stars + "true", own)).check, Check::kFailed);
  EXPECT_FALSE(verify_calibrations(list, item).wants_memory);
  EXPECT_TRUE(found(ccd("A", stars + "true,\"killed\":true", own) + ccd("B", own, own)).wants_memory);
  const Verification unmerged =
      found(ccd("A", own, own) + ccd("B", own, own) + "# {\"unmerged\":[\"12-B (sky)\"]}\n");
  EXPECT_EQ(unmerged.check, Check::kHopeless);
  EXPECT_THAT(unmerged.what, HasSubstr("12-B (sky): there is none of its own to be merged"));
  item.name = "13";
  EXPECT_THAT(found(ccd("A", own, own) + ccd("B", own, own)).what,
              HasSubstr("12-A, which is not of the item"));

  std::string found_valid = made;
  found_valid.replace(0, std::string("\"made\"").size(), "\"already valid\"");
  write(list, ccd("A", own, own) + ccd("B", own, found_valid) + files + "\n");
  write(file, "Content");
  EXPECT_EQ(set_damaged_aside(list), 0) << "it is of somebody else, who may have written it anew";
  for (const char* aside : {"sky.fits.damaged", "sky.fits.damaged.2"}) {
    write(list, ccd("A", own, own) + ccd("B", own, made) + files + "\n");
    write(file, "Content");
    EXPECT_EQ(set_damaged_aside(list), 1);
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_TRUE(std::filesystem::exists(scratch / aside));
  }
}

TEST(Settings, AreReadAsWrittenAndRefuseWhatTheyDoNotKnow) {
  const TemporaryDirectory scratch;
  CampaignSettings s;
  s.worker = "/a \"b\"/runbrick";
  s.directory = "/c";
  s.classes_mb = {1, 3};
  s.environment = {{"BRICKLINE_SIMD", "baseline"}};
  write(scratch / "plan.toml", settings_text(s));
  const CampaignSettings r = read_settings(scratch / "plan.toml");
  EXPECT_EQ(r.worker, s.worker);
  EXPECT_EQ(r.classes_mb, s.classes_mb);
  EXPECT_EQ(r.environment, s.environment);
  EXPECT_EQ(r.kind, PlanKind::kBricks);
  s.kind = PlanKind::kCommands;
  write(scratch / "plan.toml", settings_text(s));
  EXPECT_EQ(read_settings(scratch / "plan.toml").kind, PlanKind::kCommands);
  s.kind = PlanKind::kCcds;
  write(scratch / "plan.toml", settings_text(s));
  EXPECT_EQ(read_settings(scratch / "plan.toml").kind, PlanKind::kCcds);
  write(scratch / "plan.toml", "kind = \"others\"\nworker = \"a\"\ndirectory = \"b\"\n");
  EXPECT_THAT(error_of([&] { read_settings(scratch / "plan.toml"); }), HasSubstr("kind 'others' is none of"));
  write(scratch / "plan.toml", "worker = \"a\"\ndirectory = \"b\"\nmost-trys = 3\n");
  EXPECT_THAT(error_of([&] { read_settings(scratch / "plan.toml"); }),
              HasSubstr("line 3: unknown key most-trys; did you mean most-tries?"));
  write(scratch / "plan.toml", "worker = \"a\"\ndirectory = \"b\"\nmemory-classes-mb = [3, 2]\n");
  EXPECT_THAT(error_of([&] { read_settings(scratch / "plan.toml"); }), HasSubstr("rising"));
  write(scratch / "plan.toml", "worker = \"a\"\ndirectory = \"b\"\n");
  EXPECT_THAT(error_of([&] { read_settings(scratch / "plan.toml"); }), HasSubstr("of an earlier version"));
  write(scratch / "plan.toml", "format = 99\nworker = \"a\"\ndirectory = \"b\"\nnew = 1\n");
  EXPECT_THAT(error_of([&] { read_settings(scratch / "plan.toml"); }), HasSubstr("of a later version"));
}

TEST(Lists, SayWhatIsWrongWithWhichLine) {
  const TemporaryDirectory scratch;
  const auto file = scratch / "list";
  const auto error = [&](const std::string& text) {
    write(file, text);
    return error_of([&] { items_of_list(file, nullptr); });
  };
  write(file, "# comment\n--radec 150 2 --width 60 --height 60\n\n--radec 10:00:00 -.5 # another\n");
  const std::vector<Item> items = items_of_list(file, nullptr);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].name, "custom-150000p02000");
  EXPECT_EQ(items[0].words, "--radec 150 2 --width 60 --height 60");
  EXPECT_EQ(items[1].ra, 150);
  EXPECT_EQ(items[1].dec, -.5);
  EXPECT_THAT(error("--radec 150 2\n--radec 150 2.0001\n"),
              HasSubstr("line 2: custom-150000p02000 is on line 1, too"));
  EXPECT_THAT(error("--radec 150 2 --widht 5\n"), HasSubstr("line 1: "));
  EXPECT_THAT(error("--zoom 0 1 0 1\n"), HasSubstr("neither a brick nor --radec"));
  EXPECT_THAT(error("1501p022\n"), HasSubstr("no table of bricks"));
  EXPECT_THAT(error("\n"), HasSubstr("lists nothing"));
}

}  // namespace
}  // namespace brickline::test
