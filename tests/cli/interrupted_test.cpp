// Runs that are told to end, that meet another at work on their brick, or that are to make do with what there
// is.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "core/fits/fits_reader.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::map<std::string, std::string> contents_below(const fs::path& directory) {
  std::map<std::string, std::string> out;
  for (const std::string& name : files_below(directory)) out[name] = read(directory / name);
  return out;
}

// runbrick in the background.
class Background {
 public:
  Background(std::vector<std::string> words, const std::map<std::string, std::string>& variables)
      : err_(scratch_ / "err") {
    words.insert(words.begin(), program("runbrick").string());
    for (const auto& [name, value] : variables) words.insert(words.begin(), name + "=" + value);
    words.insert(words.begin(), "env");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), O_WRONLY | O_CREAT, 0600);
    if (posix_spawnp(&pid_, "env", &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Background() {
    if (pid_ <= 0) return;
    send(SIGKILL);
    send(SIGCONT);
    wait();
  }
  pid_t pid() const { return pid_; }
  void send(int signal) const { kill(pid_, signal); }
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string err() const { return read(err_); }

 private:
  TemporaryDirectory scratch_;
  fs::path err_;
  pid_t pid_ = -1;
};

class InterruptedRun : public SurveyFixture {
 protected:
  std::vector<std::string> words(const std::vector<std::string>& extra = {}) const {
    std::vector<std::string> out = region();
    for (const std::string& word : common()) out.push_back(word);
    out.insert(out.end(), extra.begin(), extra.end());
    return out;
  }
  fs::path lock() const { return outdir() / ("runbrick-" + region()[1] + ".lock"); }
  fs::path state(const std::string& stage) const {
    return outdir() / "state" / ("runbrick-" + region()[1] + "-" + stage + ".fits");
  }
  fs::path journal() const { return state("fitblobs").string() + ".journal"; }
  static bool comes(const fs::path& file) {
    for (int i = 0; i < 3000; ++i) {
      if (fs::exists(file)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

TEST_F(InterruptedRun, BySigtermGoesOnFromThereToTheSameFiles) {
  ASSERT_EQ(run().exit_code, 0);
  const auto undisturbed = contents_below(outdir());
  fs::remove_all(outdir());
  Background first(words(), environment());
  ASSERT_TRUE(comes(journal()));
  const auto start = Clock::now();
  first.send(SIGTERM);
  EXPECT_EQ(first.wait(), 75) << first.err();
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 2);
  EXPECT_THAT(first.err(), HasSubstr("SIGTERM: interrupted in stage "));
  EXPECT_THAT(first.err(), HasSubstr(": the same command goes on from stage "));
  EXPECT_THAT(first.err(), Not(HasSubstr("nothing new is kept")));
  EXPECT_FALSE(fs::exists(lock()));
  EXPECT_TRUE(fs::exists(state("srcs")));

  const ProgramResult again = run();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("stage srcs         is taken from its state"));
  EXPECT_EQ(contents_below(outdir()), undisturbed);
}

TEST_F(InterruptedRun, EndsBeforeItsTimeLimitAndGetsThereInTheEnd) {
  ASSERT_EQ(run().exit_code, 0);
  const auto undisturbed = contents_below(outdir());
  fs::remove_all(outdir());
  int code = 75, runs = 0;
  for (double limit = 0.3; code == 75 && runs < 50; limit *= 1.2, ++runs) {
    const auto start = Clock::now();
    const ProgramResult result = run({"--time-limit", std::to_string(limit)});
    code = result.exit_code;
    if (code == 75) {
      EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), limit) << result.err;
      EXPECT_THAT(result.err, HasSubstr("the time limit of "));
      if (result.err.find("interrupted in stage tims") != std::string::npos) {  // the first
        EXPECT_THAT(result.err, HasSubstr("nothing new is kept of this run"));
      }
    }
  }
  EXPECT_EQ(code, 0);
  EXPECT_GT(runs, 1);
  EXPECT_EQ(contents_below(outdir()), undisturbed);
}

TEST_F(InterruptedRun, OneProcessWorksOnABrickAndADeadOneGivesWay) {
  Background first(words(), environment());
  ASSERT_TRUE(comes(lock()));
  first.send(SIGSTOP);
  const ProgramResult second = run();
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_THAT(second.err, HasSubstr("process " + std::to_string(first.pid()) + " on "));
  EXPECT_TRUE(fs::exists(lock()));
  // Another brick, or another output directory, is nobody's business.
  EXPECT_EQ(run({"--stage", "tims", "--outdir", (scratch_ / "elsewhere").string()}).exit_code, 2);  // twice
  std::vector<std::string> other = words();
  std::ranges::replace(other, outdir().string(), (scratch_ / "elsewhere").string());
  EXPECT_EQ(run_program(program("runbrick"), other, environment()).exit_code, 0);

  const std::string dead = std::to_string(first.pid());
  first.send(SIGKILL);
  first.send(SIGCONT);
  first.wait();
  fs::create_directories(outdir() / "state");
  std::ofstream(outdir() / "state" / ("tmp-runbrick-" + region()[1] + "-refs.fits.0123abcd")) << "half";
  std::ofstream(outdir() / "state" / "tmp-runbrick-9999p999-refs.fits.0123abcd") << "somebody else's";
  const ProgramResult third = run();
  EXPECT_EQ(third.exit_code, 0) << third.err;
  EXPECT_THAT(third.err, HasSubstr("the lock of process " + dead));
  EXPECT_THAT(third.err, HasSubstr("is taken over: that process is gone"));
  fs::remove(outdir() / "state" / "tmp-runbrick-9999p999-refs.fits.0123abcd");
  EXPECT_TRUE(fs::is_empty(outdir() / "state"));
  fs::remove(outdir() / "state");
  EXPECT_EQ(contents_below(outdir()), contents_below(scratch_ / "elsewhere"));
}

TEST_F(InterruptedRun, WithoutStateThereIsAJournalOnlyIfItIsNamed) {
  ASSERT_EQ(run({"--no-write", "--stage", "fitblobs"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(outdir() / "state"));
  const fs::path mine = scratch_ / "mine";
  ASSERT_EQ(run({"--no-write", "--stage", "fitblobs", "--checkpoint", mine.string()}).exit_code, 0);
  EXPECT_TRUE(fs::exists(mine));
  EXPECT_FALSE(fs::exists(outdir() / "state"));
  const ProgramResult again = run({"--no-write", "--checkpoint", mine.string()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("the journal " + mine.string() + " is used: "));
  EXPECT_FALSE(fs::exists(mine));
  // Of a fit with other options nothing is taken.
  ASSERT_EQ(run({"--stage", "fitblobs"}).exit_code, 0);
  const ProgramResult other = run({"--stage", "fitblobs", "--reoptimize"});
  EXPECT_THAT(other.err, HasSubstr("is not used: options, software or what comes before"));
  const ProgramResult forced = run({"--stage", "fitblobs", "--reoptimize", "--force-all"});
  EXPECT_THAT(forced.err, Not(HasSubstr("is used")));
}

class BailingOut : public InterruptedRun {
 protected:
  // Of the run that wrote the journal with this many bytes left of it.
  fits::Header header_of_catalog(std::uintmax_t journal_bytes) {
    fs::resize_file(journal(), journal_bytes);
    fs::remove(state("fitblobs"));
    const ProgramResult result = run({"--keep-state", "--bail-out"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(run({"--check-done", "--bail-out"}).exit_code, 0);
    EXPECT_EQ(run({"--check-done"}).exit_code, 7);
    const std::string brick = region()[1];
    fits::FitsReader reader(outdir() / "tractor" / brick.substr(0, 3) / ("tractor-" + brick + ".fits"));
    rows_ = reader.table_rows(1);
    return reader.header(0);
  }
  std::int64_t rows_ = 0;
};

TEST_F(BailingOut, FinishesWithWhatTheJournalHas) {
  ASSERT_EQ(run({"--keep-state"}).exit_code, 0);
  const auto whole = fs::file_size(journal());
  const auto blobs = [](const fits::Header& header) { return header.integer("NBAILOUT").value_or(0); };
  EXPECT_EQ(blobs(header_of_catalog(whole)), 0);
  const std::int64_t all = rows_;
  EXPECT_GT(all, 5);
  const std::int64_t some_left = blobs(header_of_catalog(whole - 1));
  EXPECT_GT(some_left, 0);
  EXPECT_LT(rows_, all);
  EXPECT_GT(rows_, 0);
  const std::int64_t all_left = blobs(header_of_catalog(100));
  EXPECT_GT(all_left, some_left);
  // A whole run makes good for it.
  const ProgramResult again = run();
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(run({"--check-done"}).exit_code, 0);
}

}  // namespace
}  // namespace brickline::test
