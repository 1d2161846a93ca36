#include "core/camera/plugin_trust.h"

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

namespace brickline {

bool has_elevated_privileges() { return getauxval(AT_SECURE) != 0; }

namespace {

// Judges `from` and each directory from there to the root; `below_owner` owns what lies in `from`.
void judge_chain(const std::filesystem::path& file, const std::filesystem::path& from, uid_t below_owner,
                 bool allow_insecure, Trust& trust) {
  const bool elevated = has_elevated_privileges();
  const uid_t user = ::geteuid();
  const gid_t own_group = ::getegid();
  const auto is_trusted_owner = [&](uid_t owner) { return owner == 0 || owner == user; };
  struct stat s {};
  if (::stat(from.c_str(), &s) != 0) return;
  for (std::filesystem::path at = from;;) {
    const std::string where = at == trust.real ? std::string() : ": " + at.string();
    const bool sticky_ancestor = at != trust.real && (s.st_mode & S_ISVTX) && is_trusted_owner(below_owner);
    if ((s.st_mode & S_IWOTH) && !sticky_ancestor) {
      const std::string sentence =
          fmt::format("{}: {}writable by others{}; chmod o-w, or --allow-insecure-plugins", file.string(),
                      allow_insecure && !elevated ? "" : "refused: ", where);
      if (!allow_insecure || elevated) {
        trust.refusal = {"insecure", sentence};
        return;
      }
      trust.warning = sentence;
    } else if (trust.warning.empty() && !sticky_ancestor) {
      if (!is_trusted_owner(s.st_uid))
        trust.warning = fmt::format("{}: owned by user {}{}: loaded code runs with your rights",
                                    file.string(), s.st_uid, where);
      else if ((s.st_mode & S_IWGRP) && s.st_gid != 0 && s.st_gid != own_group)
        trust.warning = fmt::format("{}: writable by group {}{}: loaded code runs with your rights",
                                    file.string(), s.st_gid, where);
    }
    const std::filesystem::path parent = at.parent_path();
    if (parent == at) break;
    below_owner = s.st_uid;
    at = parent;
    if (::stat(at.c_str(), &s) != 0) break;
  }
}

}  // namespace

Trust judge_trust(const std::filesystem::path& file, bool allow_insecure) {
  Trust trust;
  std::error_code error;
  trust.real = std::filesystem::canonical(file, error);
  struct stat s {};
  if (error || ::stat(trust.real.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) {
    trust.refusal = {"not-elf", file.string() + ": not a regular file"};
    return trust;
  }
  judge_chain(file, trust.real, s.st_uid, allow_insecure, trust);
  // A link: whoever may write beside it can have it point elsewhere.
  const std::filesystem::path place =
      std::filesystem::canonical(std::filesystem::absolute(file).parent_path(), error);
  if (!trust.refusal && !error && place != trust.real.parent_path() && ::lstat(file.c_str(), &s) == 0)
    judge_chain(file, place, s.st_uid, allow_insecure, trust);
  if (!trust.refusal && has_elevated_privileges() && !trust.warning.empty())
    trust.refusal = {"insecure", trust.warning};
  return trust;
}

}  // namespace brickline
