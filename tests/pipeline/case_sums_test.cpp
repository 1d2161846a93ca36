// Which directories are cases whose files are compared.
#include "core/pipeline/case_sums.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

TEST(CaseSums, AreOfCasesThatSayTheyHaveThem) {
  test::TemporaryDirectory directory;
  const std::filesystem::path survey = directory / "survey", description = directory / "case.json",
                              list = directory / "SHA256SUMS";
  write_file_atomically(survey / "bricks", "x");
  // What earlier versions packed, and what somebody else calls so.
  for (const char* other : {"{\"brick\": \"1501p022\"}", "no JSON", "[1]", ""}) {
    write_file_atomically(description, other);
    EXPECT_TRUE(changed_since_packed(survey).empty()) << other;
    write_file_atomically(list, "not of a case\n");
    EXPECT_TRUE(changed_since_packed(survey).empty()) << other;
    std::filesystem::remove(list);
  }
  write_file_atomically(description, "{\"checksums\": \"SHA256SUMS\"}");
  ASSERT_EQ(changed_since_packed(survey).size(), 1);
  EXPECT_EQ(changed_since_packed(survey)[0].what, "is gone");
  write_file_atomically(list, case_sums(directory.path()));
  EXPECT_TRUE(changed_since_packed(survey).empty());
  write_file_atomically(description, "damaged");
  ASSERT_EQ(changed_since_packed(survey).size(), 1);
  EXPECT_EQ(changed_since_packed(survey)[0].file.filename(), "case.json");
}

}  // namespace
}  // namespace brickline
