#include "core/camera/abi_version.h"

#include <fmt/format.h>

namespace brickline {

std::string AbiVersion::text() const { return fmt::format("{}.{}", major, minor); }

AbiVerdict abi_verdict(AbiVersion built, int needs_minor, AbiVersion host) {
  if (built.major != host.major)
    return {"abi-major",
            fmt::format("built for camera ABI {}, this program offers {}", built.text(), host.text())};
  if (host.major == 0 && built.minor != host.minor)
    return {"abi-minor",
            fmt::format("built for camera ABI {}, this program offers {}: while the ABI is 0.x only the same "
                        "minor will do; build it again with the SDK of this program",
                        built.text(), host.text())};
  if (needs_minor > host.minor)
    return {"abi-minor", fmt::format("needs camera ABI {} or later, this program offers {}",
                                     AbiVersion{built.major, needs_minor}.text(), host.text())};
  return {};
}

}  // namespace brickline
