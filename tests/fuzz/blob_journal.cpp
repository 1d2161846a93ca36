// A journal of fitted blobs: bytes as they are, and records whose digests are right and whose content is the fuzzer's.
//   input   any bytes of a journal, or "R" and then records: 1 byte: kind, 2 bytes: how long, the payload
#include "core/pipeline/blob_journal.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

constexpr std::string_view kKey = "key";

std::string journal_of(std::span<const std::uint8_t> records) {
  JournalRecord last = journal_header(kKey);
  std::string out = last.bytes;
  for (std::size_t at = 0; at + 3 <= records.size();) {
    const std::size_t wanted = records[at + 1] | static_cast<std::size_t>(records[at + 2]) << 8;
    const std::size_t size = std::min(wanted, records.size() - at - 3);
    last = journal_record(last.digest, records[at],
                          {reinterpret_cast<const char*>(records.data()) + at + 3, size});
    out += last.bytes;
    at += 3 + size;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool made = size > 0 && data[0] == 'R';
  const std::string journal =
      made ? journal_of({data + 1, size - 1}) : std::string(reinterpret_cast<const char*>(data), size);
  const auto bytes = fuzz::copy_of(reinterpret_cast<const std::uint8_t*>(journal.data()), journal.size());
  // It is never refused by an exception, whatever it is.
  JournalContents contents;
  const bool read = fuzz::read_or_refused([&] { (void)read_blob_journal(bytes, kKey, contents); });
  fuzz::require(read, "a journal was refused by an Error");
  fuzz::require(contents.good_bytes <= bytes.size(), "more bytes are good than there are");
  if (made)
    fuzz::require(
        contents.state == JournalContents::State::kGood || contents.state == JournalContents::State::kBroken,
        "records with right digests are not taken for a journal");
  return 0;
}
