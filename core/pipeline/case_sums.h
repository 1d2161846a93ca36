// What a case (core/pipeline/run_case.h) was when it was packed: SHA256SUMS in its directory, a line "HEX64 *NAME" for
// each file, which `sha256sum -c`, run there, reads. case.json tells that there is one ("checksums": "SHA256SUMS"): cases of
// earlier versions have none.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

inline constexpr std::string_view kCaseList = "SHA256SUMS", kCaseListMember = "checksums";

// The text of that file, names sorted.
std::string case_sums(const std::filesystem::path& case_directory);

struct ChangedFile {
  std::filesystem::path file;
  std::string what;  // "is gone", "is not what was packed"
};

// Of the case whose survey this is, the files that are not as packed, but for those that came later; none if it is no
// case's, or one without a list. Error (kInput) for a list that cannot be read.
std::vector<ChangedFile> changed_since_packed(const std::filesystem::path& survey_directory);

}  // namespace brickline
