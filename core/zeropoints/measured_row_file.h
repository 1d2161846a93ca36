// Finished CCDs of a batch of zero points, kept until the batch is done, so that one that was interrupted goes on.
//
// A directory holds a file for each CCD: all that was measured, number by number as it stands in memory, with what it rests
// on: the batch's key (program, options, catalogs), the CCD's row of the table of CCDs, and the size and time of every file
// that was read for it. A file whose checksum, key or files are others than now is as if it were not there. CCDs that could
// not be measured are not kept: what they lacked may be there by the next time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/read_log.h"
#include "core/zeropoints/measured_images.h"

namespace brickline {

// Lossless. row_from_bytes: Error (kInput) for bytes that to_bytes did not make.
std::string to_bytes(const MeasuredRow& row);
MeasuredRow row_from_bytes(std::string_view bytes);

class MeasuredRowFiles {
 public:
  // The files of one batch; `key` says all that CCDs of it have in common.
  MeasuredRowFiles(std::filesystem::path directory, std::string key)
      : directory_(std::move(directory)), key_(std::move(key)) {}

  // `ccd`: of the table of CCDs, all that its row says.
  std::optional<MeasuredRow> find(const std::string& ccd) const;
  void keep(const std::string& ccd, const MeasuredRow& row, const ReadLog& files) const;
  // With all that is in the directory.
  void remove() const;

 private:
  std::filesystem::path file_of(const std::string& ccd) const;
  std::filesystem::path directory_;
  std::string key_;
};

}  // namespace brickline
