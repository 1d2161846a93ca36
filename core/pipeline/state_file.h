// The state of one stage as one FITS file: what the stage has made, and what it was made from.
//
//   primary HDU        BLSTATE (format), BRICK, STAGE, and SHA256 of all bytes behind the primary HDU
//   "state"            a table of one row: StateRecord; its lists are the tables "state/options" (what the
//                      stage was told), "state/inputs", "state/cards" (of headers, in order),
//                      "state/products" (of the run so far, with their digests), "state/files" (that it has
//                      read) ...
//   the artifacts      each as core/pipeline/codec.h writes it
// Every HDU has CHECKSUM and DATASUM. A file is used only if all of it is what was written: the digest is
// right, and the primary HDU is, byte by byte, the one that belongs to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/product_set.h"
#include "core/base/read_log.h"
#include "core/fits/header.h"
#include "core/pipeline/artifact_set.h"
#include "core/pipeline/codec.h"
#include "core/pipeline/run_context.h"

namespace brickline {

// A card of a header as a row of a table.
struct StateCard {
  std::string key, comment;
  std::uint8_t kind = 0;  // of the value: which alternative of CardValue
  bool logical = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text, raw;
};
std::vector<StateCard> state_cards(const fits::Header& header);
fits::Header header_of(const std::vector<StateCard>& cards);

struct StateOption {
  std::string name, value;
};
struct StateInput {
  std::string artifact, key;  // the key of the stage that made it
};
struct StateArtifact {
  std::string name;
  std::int32_t schema = 0;
};

struct StateRecord {
  std::string brick, stage;
  std::int32_t stage_schema = 0;
  std::string version, commit, simd_level;  // of the software
  std::string key;                          // key_of() the stage without the files it has read
  std::vector<StateOption> options;         // those that the stage reads and that are not at their defaults
  std::vector<StateInput> inputs;
  std::vector<FileFingerprint> files;  // that it has read
  std::vector<StateArtifact> artifacts;
  std::vector<StateCard> cards;  // that it adds to the headers of products
  std::vector<Failure> failures;
  std::vector<ProductSet::Entry> products;  // of the run up to and including this stage
};

// The whole file. The artifacts named in the record are taken out of the set. Error (kInternal) if one has no
// codec.
std::string state_bytes(const StateRecord& record, std::span<const ArtifactCodec> codecs,
                        const ArtifactSet& artifacts);

// A file that has been read and found whole.
class StateFile {
 public:
  // Error (kInput) naming the file and what is wrong with it: not there, none of ours, of another version of
  // the format, damaged.
  static StateFile open(const std::filesystem::path& path);
  StateFile(StateFile&&) = default;
  StateFile& operator=(StateFile&&) = default;

  const StateRecord& record() const { return record_; }
  // Puts the artifacts that are wanted into the set.
  void read(std::span<const ArtifactCodec> codecs, const std::function<bool(std::string_view)>& wanted,
            ArtifactSet& artifacts);

 private:
  StateFile() = default;
  std::filesystem::path path_;
  std::vector<std::uint8_t> bytes_;
  StateRecord record_;
};

}  // namespace brickline
