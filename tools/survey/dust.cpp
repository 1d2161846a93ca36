#include "tools/survey/dust.h"

#include <fstream>
#include <iterator>

#include "core/base/atomic_file.h"
#include "core/base/environment.h"
#include "core/base/error.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::string digest_of(const fs::path& dust_dir) {
  std::string digests;
  for (const fs::path& file : DustMaps::files(dust_dir)) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (!in && !in.eof()) throw input_error("cannot be read").in_file(file.string());
    digests += sha256_hex(bytes);
  }
  return sha256_hex(digests);
}

}  // namespace

fs::path dust_directory(fs::path directory, bool no_dust, const std::string& why) {
  if (no_dust) return {};
  if (directory.empty()) directory = process_environment("DUST_DIR").value_or("");
  if (directory.empty())
    throw usage_error("--dust-dir (or $DUST_DIR) is missing: {}; --no-dust does without", why);
  return directory;
}

std::optional<DustMaps> dust_of(fs::path directory, bool no_dust, const std::string& why,
                                std::string& digest) {
  directory = dust_directory(std::move(directory), no_dust, why);
  if (directory.empty()) return {};
  digest = digest_of(directory);
  return DustMaps::read(directory);
}

}  // namespace brickline
