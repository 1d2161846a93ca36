// Finished bands and epochs kept in a file as they come, so that a run that was stopped does not begin again.
//
// The file is a log: a record per job, each with a key and a checksum, appended when the job is done. The key is a
// digest of all that the result depends on: the sources, the brick's grid, the tiles' files (path, size, time of
// change) and the models of the PSF. A record that is of something else, or was cut short, is not used; what
// follows a record cut short is overwritten.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/wise/wise_photometry.h"

namespace brickline {

class WiseCheckpoint : public WiseResultStore {
 public:
  // `coadds`, `profiles`, `errors`: WisePhotometryOptions'. Reads what is there. A file that is no such log is
  // left alone and not written to, with a warning.
  WiseCheckpoint(std::filesystem::path file, const WiseData& data, const Wcs& brick,
                 const std::vector<SourceModel>& sources, bool coadds, Log log, GalaxyProfiles profiles,
                 const FluxErrorRule& errors = {});
  ~WiseCheckpoint() override;

  std::optional<BandResult> find(const WiseJob& job) override;
  void keep(const WiseJob& job, const BandResult& result) override;
  // How many results were found.
  int used() const { return used_; }

 private:
  std::string key_of(const WiseJob& job) const;
  void load();
  std::filesystem::path file_;
  std::string common_;  // what all jobs depend on
  Log log_;
  bool writable_ = true;
  std::map<std::string, std::string> records_;  // key to payload
  int used_ = 0;
  std::mutex mutex_;
};

}  // namespace brickline
