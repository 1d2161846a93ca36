// Saved state on disk: a file per stage (state_file.h).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/base/log.h"
#include "core/pipeline/codec.h"
#include "core/pipeline/state_file.h"
#include "core/pipeline/state_store.h"

namespace brickline {

struct StateSettings {
  std::filesystem::path output_dir;  // of the products, and of the state
  std::string pattern;               // state_path.h
  std::string brick;
  // Stages whose state is written; empty optional: of all. Unless the state is to be kept it is of all but the last.
  std::optional<std::set<std::string, std::less<>>> write;
};

// The settings that the options say. `table`: all stages.
StateSettings state_settings(std::span<const StageSpec> table, const BrickOptions& options,
                             const std::string& brick);

// A state is used if its file is whole, of this brick, stage and schemas, was made under the same key, and if
// the files that the stage has read and the products that the run had written by then are what they were.
// Nothing that is wrong with one is an Error: status() tells it. A state that cannot be written for want of
// room or permission is a warning: the run does without.
class StateFiles : public StateStore {
 public:
  StateFiles(StateSettings settings, std::span<const ArtifactCodec> codecs, const Log& log);
  Status status(const StageSpec& stage, std::string_view key) override;
  StageState load(const StageSpec& stage, const std::function<bool(std::string_view)>& wanted,
                  ArtifactSet& artifacts) override;
  void save(const StageSpec& stage, std::string_view key, const StageState& state,
            const ArtifactSet& artifacts) override;

  std::filesystem::path path(std::string_view stage) const;
  // The products that the states found usable so far count on.
  const std::set<std::filesystem::path>& products() const { return products_; }
  // Removes the files of these stages, whole or half-written, and their directory if that leaves it empty.
  void remove_all(std::span<const StageSpec> table);

 private:
  std::string objection(const StageSpec& stage, std::string_view key, const StateRecord& record);
  // SHA-256 of a product as it is on disk; empty if it is not there.
  const std::string& digest_of(const std::string& product);

  StateSettings settings_;
  std::span<const ArtifactCodec> codecs_;
  Log log_;
  std::set<std::filesystem::path> products_;
  std::map<std::string, std::string> digests_;  // of products that have been looked at
};

}  // namespace brickline
