#include "core/base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  return names;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TEST(AtomicFile, ReplacesWhatIsThereAndMakesItsDirectory) {
  test::TemporaryDirectory directory;
  const auto path = directory.path() / "a" / "b" / "file";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two");
  EXPECT_EQ(bytes_of(path), "two");
  EXPECT_EQ(names_in(path.parent_path()), std::vector<std::string>{"file"});
}

TEST(AtomicFile, HasThePermissionsOfAnyNewFile) {
  test::TemporaryDirectory directory;
  std::ofstream(directory / "plain") << "x";
  write_file_atomically(directory / "atomic", "x");
  struct stat plain {
  }, atomic{};
  ASSERT_EQ(::stat((directory / "plain").c_str(), &plain), 0);
  ASSERT_EQ(::stat((directory / "atomic").c_str(), &atomic), 0);
  EXPECT_EQ(atomic.st_mode, plain.st_mode);
}

TEST(AtomicFile, LeavesNothingBehindWhenTheTargetCannotBeWritten) {
  test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "taken");
  EXPECT_THROW(write_file_atomically(directory / "taken", "bytes"), Error);
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"taken"});
}

// As /dev/null would be, by whoever may.
TEST(AtomicFile, PutsNothingInThePlaceOfWhatIsNoFile) {
  test::TemporaryDirectory directory;
  const auto path = directory / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(write_file_atomically(path, "bytes"), Error);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"pipe"});
}

TEST(AtomicFile, TakesTheLongestNames) {
  test::TemporaryDirectory directory;
  write_file_atomically(directory / std::string(255, 'n'), "bytes");
  EXPECT_EQ(bytes_of(directory / std::string(255, 'n')), "bytes");
}

// With one temporary name for all, two writers' bytes would meet in it.
TEST(AtomicFile, WritersOfOnePathAtTheSameTimeLeaveOneWholeFile) {
  test::TemporaryDirectory directory;
  const auto path = directory / "file";
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i)
        write_file_atomically(path, std::string(200'000 + 1000 * t, static_cast<char>('a' + t)));
    });
  for (std::thread& t : threads) t.join();
  const std::string bytes = bytes_of(path);
  ASSERT_FALSE(bytes.empty());
  EXPECT_EQ(bytes, std::string(200'000 + 1000 * (bytes[0] - 'a'), bytes[0]));
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"file"});
}

TEST(Sha256, MatchesThePublishedExample) {
  // FIPS 180-4's example message.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace brickline
