// A file that is only ever added to, record by record, and of which a process that is killed at any moment
// leaves a whole beginning.
//
//   header   "BLJOURN1", 32 bits: how long the key is, the key, 16 bytes: its digest
//   record   32 bits: how long the payload is, 32 bits: its kind, the payload, 16 bytes: its digest
//
// Numbers are little-endian. A digest is the first half of a SHA-256 of the digest before it and of all that
// it closes: so a record that was changed, lost, or put in from elsewhere ends what can be believed, and a
// file that was cut short is good up to its last whole record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// What is good of the bytes of such a file.
struct JournalContents {
  enum class State {
    kNone,     // no byte
    kForeign,  // not such a file
    kBroken,   // such a file, but the header is cut off or damaged
    kStale,    // of another key
    kGood,     // the records are those that were written, up to `problem`
  };
  State state = State::kNone;
  struct Record {
    std::uint32_t kind = 0;
    std::span<const std::uint8_t> payload;  // of the bytes that were given
  };
  std::vector<Record> records;
  std::size_t good_bytes = 0;  // of the file: up to here it is what was written
  std::string last_digest;     // what the next record's begins with
  std::string problem;         // in words; empty: all of it is good
};

// Whatever the bytes are, this never throws but for want of memory; it allocates in proportion to them.
JournalContents read_journal(std::span<const std::uint8_t> bytes, std::string_view key);

// A record as it is written, and the digest that it ends with.
struct JournalRecord {
  std::string bytes, digest;
};
JournalRecord journal_header(std::string_view key);
JournalRecord journal_record(std::string_view last_digest, std::uint32_t kind, std::string_view payload);

// The open file. Not for more than one thread at a time.
class JournalFile {
 public:
  // Begins a new file in the place of whatever is there (of which, if `keep_old`, the bytes stay beside it under
  // a name that ends in ".unused"). Error (kInput, kResources) if it cannot be written.
  static JournalFile begin(const std::filesystem::path& path, std::string_view key, bool keep_old);
  // Goes on with a file after its good beginning; what comes behind that is cut off.
  static JournalFile go_on(const std::filesystem::path& path, const JournalContents& contents);

  JournalFile(JournalFile&& other) noexcept;
  JournalFile& operator=(JournalFile&&) = delete;
  ~JournalFile();

  // Adds a record: all of it, or, with an Error, nothing.
  void add(std::uint32_t kind, std::string_view payload);
  // What was added so far outlasts a crash of the machine.
  void sync();

 private:
  JournalFile(std::filesystem::path path, std::size_t size, std::string digest);
  std::filesystem::path path_;
  int fd_ = -1;
  std::size_t size_ = 0;
  std::string digest_;
};

}  // namespace brickline
