// Saved state whose digest is right and whose content is not: what stands behind the primary HDU is the fuzzer's, the
// primary HDU is made to it.
#include "core/pipeline/state_file.h"

#include <string>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/fits/fits_writer.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

std::string primary_of(std::string_view rest) {
  fits::Header header;
  header.set("BLSTATE", 1, "saved state of a stage of runbrick: its format");
  header.set("BRICK", "fuzz");
  header.set("STAGE", "tims");
  header.set("SHA256", sha256_hex(rest), "");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  return writer.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string rest(reinterpret_cast<const char*>(data), size);
  if (!rest.starts_with("XTENSION=")) return 0;
  rest.resize((rest.size() + 2879) / 2880 * 2880);
  const std::string bytes = primary_of(rest) + rest;
  const fuzz::MemoryFile file({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  fuzz::read_or_refused([&] {
    StateFile state = StateFile::open(file.path());
    (void)header_of(state.record().cards);
    ArtifactSet artifacts;
    state.read(
        artifact_codecs(), [](std::string_view) { return true; }, artifacts);
  });
  return 0;
}
