#include "core/base/read_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/data.h"

namespace brickline {
namespace {

class ReadLogTest : public ::testing::Test {
 protected:
  std::filesystem::path make(const std::string& name, const std::string& bytes) {
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
    return directory_ / name;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(ReadLogTest, ListsEachFileOnceInTheOrderOfThePaths) {
  const auto a = make("a", "1"), b = make("b", "22"), c = make("c", "333");
  ReadLog log;
  for (const auto& path : {c, a, b, a, directory_.path() / "." / "b"}) log.note(path);
  const auto files = log.files();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0].path, a.string());
  EXPECT_EQ(files[1].path, b.string());
  EXPECT_EQ(files[2].path, c.string());
  EXPECT_EQ(files[0].size, 1);
  EXPECT_EQ(files[2].size, 3);
}

TEST_F(ReadLogTest, TellsAFileThatChangedBySizeOrTime) {
  const auto path = make("a", "1");
  const FileFingerprint before = fingerprint_of(path);
  EXPECT_EQ(fingerprint_of(path), before);
  const timespec times[2] = {{1'700'000'000, 5}, {1'700'000'000, 123'456'789}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  const FileFingerprint touched = fingerprint_of(path);
  EXPECT_NE(touched, before);
  EXPECT_EQ(touched.modified_ns, 1'700'000'000'123'456'789);
  make("a", "12");
  EXPECT_NE(fingerprint_of(path).size, before.size);
  EXPECT_EQ(fingerprint_text({touched}), "1 1700000000123456789 " + path.string() + "\n");
}

TEST_F(ReadLogTest, KeepsWhatAFileWasWhenItWasFirstRead) {
  const auto path = make("a", "1");
  ReadLog log;
  log.note(path);
  make("a", "123");
  log.note(path);
  ASSERT_EQ(log.files().size(), 1u);
  EXPECT_EQ(log.files()[0].size, 1);
}

TEST_F(ReadLogTest, NotesFilesThatAreNotThere) {
  ReadLog log;
  log.note(directory_ / "none");
  ASSERT_EQ(log.files().size(), 1u);
  EXPECT_EQ(log.files()[0].size, -1);
}

TEST_F(ReadLogTest, TextDoesNotDependOnTheOrder) {
  const FileFingerprint a{"a", 1, 2}, b{"b", 3, 4};
  EXPECT_EQ(fingerprint_text({b, a}), "1 2 a\n3 4 b\n");
  EXPECT_EQ(fingerprint_text({b, a}), fingerprint_text({a, b}));
}

TEST_F(ReadLogTest, ThreadsMayNoteAtTheSameTime) {
  std::vector<std::filesystem::path> paths;
  for (int i = 0; i < 50; ++i) paths.push_back(make(fmt::format("f{}", i), std::string(i, 'x')));
  ReadLog log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < paths.size(); ++i) log.note(paths[(i * 7 + t * 13) % paths.size()]);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(log.files().size(), paths.size());
}

}  // namespace
}  // namespace brickline
