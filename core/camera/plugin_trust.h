// Whether a plugin file may be trusted, by who can write to it. Loaded code runs with the user's rights.
#pragma once

#include <filesystem>
#include <string>

#include "core/camera/elf_note.h"

namespace brickline {

// True when the process runs with more rights than its user (set-uid and the like).
bool has_elevated_privileges();

// The file (links resolved) and each directory from there to the root; of a link the directories that it lies
// in, too, for who may write there chooses what is loaded. Writable by everyone is a refusal
// ("insecure"; a sticky directory passes if what is below it belongs to root or the user). Another owner than
// root or the user, or a group with other members than the user's own may write, is a warning; under elevated
// privileges a refusal too. `allow_insecure` turns refusals into warnings, except under elevated privileges.
struct Trust {
  Refusal refusal;
  std::string warning;         // a sentence, or empty
  std::filesystem::path real;  // what was judged, links resolved: to be loaded by this path alone
};
Trust judge_trust(const std::filesystem::path& file, bool allow_insecure);

}  // namespace brickline
