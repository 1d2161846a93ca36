// Forced photometry of whole surveys: exposures as items that are independent of each other, each with one table that is
// whole, and a record beside it by which a later run knows whether it still holds.
//
// Done is what is verified, not what is there: the table has the digest that the record says, and everything that it
// rests on (options, this software, the exposure's rows of the CCD table, every file that was read) is as it was. An
// exposure whose CCDs have no image to measure has a record that says so, and no table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/read_log.h"
#include "core/fits/table.h"
#include "core/forced/forced_exposure.h"

namespace brickline {

// One exposure, or some of its CCDs.
struct ForcedItem {
  std::string camera;
  std::int64_t expnum = 0;
  std::vector<std::int64_t> rows;  // of the CCD table, by ccdname
};

// The items of a list, a line each: EXPNUM, or CAMERA EXPNUM, or CAMERA EXPNUM CCDNAME, between blanks or commas;
// what follows a '#' is for people. Lines of one exposure are one item, in the order of their first. Error (kInput)
// naming the file and the line that says nothing, or what the CCD table does not have.
std::vector<ForcedItem> read_forced_items(const std::filesystem::path& list, const CcdTable& ccds);
// Rows by exposure, in their order.
std::vector<ForcedItem> forced_items(const CcdTable& ccds, const std::vector<std::int64_t>& rows);

// What a table rests on and what it is, in a file beside it: forced-CAMERA-EXPNUM.record.
struct ForcedRecord {
  std::string sha256;   // of the table's file; empty: none of the CCDs has an image, and there is no table
  std::string options;  // those that change it, and this software
  std::string ccds;     // digest of the exposure's rows of the CCD table
  std::vector<FileFingerprint> files;
};
std::filesystem::path forced_record_file(std::filesystem::path table);
void write_forced_record(const std::filesystem::path& table, const ForcedRecord& record);
// Empty where there is none, or it cannot be read.
std::optional<ForcedRecord> read_forced_record(const std::filesystem::path& table);
// Why the table is not that of `options` and `ccds` any more; empty: it is, byte for byte, or there is none because
// there still is no image.
std::string why_stale(const std::filesystem::path& table, std::string_view options, std::string_view ccds);
// "..." as ForcedRecord::ccds has it.
std::string digest_of_rows(const CcdTable& ccds, const std::vector<std::int64_t>& rows);

enum class ForcedState {
  kMeasured,
  kValid,        // there already, as this run would make it
  kNoImage,      // none of its CCDs has one: there is no table
  kIncomplete,   // a table without the CCDs that failed; the next run makes it anew
  kFailed,       // nothing: no table
  kInterrupted,  // not begun
};
std::string_view name_of(ForcedState state);

struct ForcedItemResult {
  ForcedState state = ForcedState::kInterrupted;
  std::int64_t ccds = 0, failed_ccds = 0, rows = 0;
  std::filesystem::path table;
  std::string sha256, reason;  // why it was made, or what failed first
  double seconds = 0;
};

struct ForcedRun {
  const ForcedSurvey& from;
  const ForcedCcdOptions& options;
  SurveyIdentity identity;
  std::string command_line;          // of headers
  std::string more_options;          // what changes tables and is not in it: directories, lists' digests
  std::filesystem::path output_dir;  // tables go to forced/CAMERA/EEEEE below it
  bool anew = false;                 // valid tables are made again, too
  bool check_alone = false;  // nothing is measured: what is not valid is kInterrupted, with the reason
  Cancel cancel = {};        // between CCDs
};

// The results in the order of the items, whatever the number of threads; an item that fails does not end the rest.
// Temporary files that killed runs have left are removed when they are ten minutes old.
std::vector<ForcedItemResult> run_forced_items(const ForcedRun& run, const std::vector<ForcedItem>& items,
                                               const Log& log);

// camera, expnum, state, ccds, failed_ccds, rows, seconds, table, sha256, reason: one row per item.
fits::Table forced_report(const std::vector<ForcedItem>& items, const std::vector<ForcedItemResult>& results);

}  // namespace brickline
