// A file of options: read, or refused as a usage error that names the line; and what was read is written so that it is
// read again as the same.
#include "core/pipeline/configuration.h"

#include <string>

#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

ResolvedOptions options_of(const std::string& text) {
  const GivenOptions given = options_of_configuration(text, "fuzz.toml");
  return resolve({&given, 1});
}

// Without its comments, which tell where options are from.
std::string plain(const std::string& text) {
  std::string out;
  bool quoted = false, comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') quoted = comment = false;
    if (c == '"' && !comment) quoted = !quoted;
    if (c == '#' && !quoted) comment = true;
    if (!comment) out += c;
    if (c == '\\' && quoted && i + 1 < text.size())
      out += text[++i];  // whatever it is, it is part of the text
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  ResolvedOptions options;
  try {
    options = options_of(text);
  } catch (const Error& error) {
    fuzz::require(error.kind() == ErrorKind::kUsage,
                  "a configuration was refused by another than a usage error");
    return 0;
  }
  const std::string written = configuration_text(options);
  std::string again;
  fuzz::require(fuzz::read_or_refused([&] { again = configuration_text(options_of(written)); }),
                "what was written is not read");
  if (plain(written) != plain(again)) {
    std::fprintf(stderr, "%s---\n%s", plain(written).c_str(), plain(again).c_str());
    fuzz::require(false, "what was written is read as something else");
  }
  return 0;
}
