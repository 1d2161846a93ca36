// Which plugins this program can serve, by the version of the boundary (camera_abi.h) that both were built
// with. Internal to core/camera.
#pragma once

#include <cstdint>
#include <string>

namespace brickline {

struct AbiVersion {
  int major = 0, minor = 0;
  std::string text() const;  // "0.2"
};

// What this program offers, and how much of bl_host it has: functions of a minor have their place at its end.
// Alone in their file, so that a test can put another version in their place.
AbiVersion host_abi();
std::uint32_t host_table_size();

// Why a plugin that was built with version `built`, and needs at least the minor `needs`, cannot be served:
// an id ("abi-major", "abi-minor") and words with both versions; empty if it can. Majors must be equal. While
// the major is 0 every minor may change anything, so the minors must be equal, too; later only what is needed
// must be there.
struct AbiVerdict {
  std::string id, why;
};
AbiVerdict abi_verdict(AbiVersion built, int needs_minor, AbiVersion host);

}  // namespace brickline
