#include "core/camera/elf_note.h"

#include <brickline/camera_abi.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"

namespace brickline {
namespace {

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#else
#error "cameras are supported on x86-64 and aarch64"
#endif

constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;

std::string machine_name(int machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    default:
      return fmt::format("machine {}", machine);
  }
}

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat s {};
    if (fd_ >= 0 && ::fstat(fd_, &s) == 0 && S_ISREG(s.st_mode))
      size_ = static_cast<std::uint64_t>(s.st_size);
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::uint64_t size() const { return size_; }
  bool holds(std::uint64_t offset, std::uint64_t bytes) const {
    return offset <= size_ && bytes <= size_ - offset;
  }
  bool read(std::uint64_t offset, void* out, std::uint64_t bytes) const {
    return holds(offset, bytes) &&
           ::pread(fd_, out, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
  }

 private:
  int fd_;
  std::uint64_t size_ = 0;
};

// The text of our note among the notes of one segment; empty if it is not there. Throws std::string for a bad
// one.
std::optional<std::string> find_note(const std::vector<char>& bytes) {
  std::size_t at = 0;
  while (bytes.size() - at >= 12) {
    std::uint32_t head[3];
    std::memcpy(head, bytes.data() + at, sizeof head);
    const std::uint64_t owner = head[0], text = head[1];
    const std::uint64_t owner_at = at + 12, text_at = owner_at + (owner + 3) / 4 * 4;
    const std::uint64_t next = text_at + (text + 3) / 4 * 4;
    const bool fits = text_at <= bytes.size() && text <= bytes.size() - text_at;
    const bool ours = owner == sizeof(BL_NOTE_OWNER) && owner_at + owner <= bytes.size() &&
                      std::memcmp(bytes.data() + owner_at, BL_NOTE_OWNER, sizeof(BL_NOTE_OWNER)) == 0;
    if (ours && head[2] == BL_NOTE_TYPE) {
      if (!fits || text == 0) throw std::string("its size is not that of its segment");
      const std::string_view content(bytes.data() + text_at, text);
      const std::size_t end = content.find('\0');
      if (end == std::string_view::npos) throw std::string("its text does not end");
      return std::string(content.substr(0, end));
    }
    if (!fits || next > bytes.size()) return {};
    at = next;
  }
  return {};
}

}  // namespace

Refusal read_elf_note(const std::filesystem::path& path, std::string& note) {
  const auto refuse = [&](const char* id, const std::string& why) {
    return Refusal{id, path.string() + ": " + why};
  };
  const File file(path);
  Elf64_Ehdr header;
  if (!file.read(0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return refuse("not-elf", "not a shared library (no ELF header)");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return refuse("architecture", fmt::format("built for a {}-bit {}-endian machine, this program is {}",
                                              header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
                                              header.e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big",
                                              machine_name(kMachine)));
  if (header.e_machine != kMachine)
    return refuse("architecture", fmt::format("built for {}, this program is {}",
                                              machine_name(header.e_machine), machine_name(kMachine)));
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    return refuse("not-elf", "not a shared library (another kind of ELF file)");

  std::vector<Elf64_Phdr> segments(header.e_phnum);
  const std::uint64_t table_bytes = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (!file.read(header.e_phoff, segments.data(), table_bytes))
    return refuse("truncated", fmt::format("truncated: its program headers end at byte {}, the file has {}",
                                           header.e_phoff + table_bytes, file.size()));
  // The section headers are not needed to load a library, but they stand at its end: a copy that broke off
  // late lacks them, and must not pass for a second library of the same cameras. (0: removed on purpose.)
  const std::uint64_t sections_bytes = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff != 0 && !file.holds(header.e_shoff, sections_bytes))
    return refuse("truncated", fmt::format("truncated: its section headers end at byte {}, the file has {}",
                                           header.e_shoff + sections_bytes, file.size()));
  bool dynamic = false;
  for (const Elf64_Phdr& s : segments) {
    if (s.p_type != PT_LOAD && s.p_type != PT_DYNAMIC && s.p_type != PT_NOTE) continue;
    dynamic = dynamic || s.p_type == PT_DYNAMIC;
    if (!file.holds(s.p_offset, s.p_filesz))
      return refuse("truncated", fmt::format("truncated: a segment ends at byte {}, the file has {}",
                                             s.p_offset + s.p_filesz, file.size()));
  }
  if (!dynamic) return refuse("not-elf", "not a shared library (nothing to link)");

  try {
    for (const Elf64_Phdr& s : segments) {
      if (s.p_type != PT_NOTE || s.p_filesz > kMaxNoteBytes) continue;
      std::vector<char> bytes(s.p_filesz);
      if (!file.read(s.p_offset, bytes.data(), bytes.size())) continue;
      if (auto text = find_note(bytes)) {
        note = *text;
        return {};
      }
    }
  } catch (const std::string& why) {
    return refuse("bad-note", "its note cannot be read: " + why);
  }
  return refuse(
      "no-note",
      "not a camera plugin (no Brickline note); build it with brickline_add_camera or with the SDK's macro "
      "and version script");
}

namespace {

using Json = nlohmann::json;

std::string text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) throw input_error("{} is not a text", key);
  return found->get<std::string>();
}

std::pair<int, int> version_pair(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() || found->size() != 2 ||
      !(*found)[0].is_number_unsigned() || !(*found)[1].is_number_unsigned() || (*found)[0] > 100000 ||
      (*found)[1] > 100000)
    throw input_error("{} is not a pair of numbers", key);
  return {(*found)[0].get<int>(), (*found)[1].get<int>()};
}

void check_name(const std::string& name) {
  static const Pattern kForm("^[a-z0-9][a-z0-9_.+-]{0,30}$");
  if (!kForm.found_in(name)) throw input_error("'{}' is not a camera's name", name);
}

CameraIdentity identity_of(const Json& object) {
  CameraIdentity identity;
  identity.name = text_member(object, "name");
  check_name(identity.name);
  if (const auto aliases = object.find("aliases"); aliases != object.end())
    for (const Json& alias : *aliases) {
      identity.aliases.push_back(alias.get<std::string>());
      check_name(identity.aliases.back());
    }
  if (const auto claims = object.find("claims"); claims != object.end())
    for (const Json& claim : *claims) {
      identity.claims.push_back(claim.get<std::map<std::string, std::string>>());
      for (const auto& [card, expression] : identity.claims.back()) Pattern(expression, true);
    }
  return identity;
}

}  // namespace

Refusal parse_plugin_note(const std::filesystem::path& path, const std::string& text, PluginNote& out) {
  out = {};
  out.text = text;
  try {
    const Json json = Json::parse(text);
    const Json& plugin = json.at("plugin");
    std::tie(out.abi_major, out.abi_minor) = version_pair(json, "abi");
    const auto [needs_major, needs_minor] = version_pair(json, "needs");
    out.needs_minor = needs_minor;
    out.sdk = text_member(json, "sdk");
    out.compiler = text_member(json, "compiler");
    out.plugin = text_member(plugin, "plugin");
    out.version = text_member(plugin, "version");
    out.license = text_member(plugin, "license");
    out.contact = text_member(plugin, "contact");
    out.url = text_member(plugin, "url");
    for (const Json& camera : plugin.at("cameras")) out.cameras.push_back(identity_of(camera));
    static const Pattern kVersion("^[0-9]{1,6}\\.[0-9]{1,6}\\.[0-9]{1,6}$");
    if (out.plugin.empty()) throw input_error("the plugin has no name");
    if (!kVersion.found_in(out.version))
      throw input_error("'{}' is not a version MAJOR.MINOR.PATCH", out.version);
    if (out.cameras.empty()) throw input_error("it names no camera");
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    std::string why = e.what();
    if (const auto at = why.find("] "); why.starts_with("[json") && at != std::string::npos)
      why.erase(0, at + 2);
    return {"bad-note", fmt::format("{}: its note cannot be read: {}", path.string(), why)};
  }
  if (out.abi_major != BL_ABI_MAJOR)
    return {"abi-major",
            fmt::format("{}: built for camera ABI {}.{}, this program offers {}.{}", path.string(),
                        out.abi_major, out.abi_minor, BL_ABI_MAJOR, BL_ABI_MINOR)};
  if (out.needs_minor > BL_ABI_MINOR)
    return {"abi-minor",
            fmt::format("{}: needs camera ABI {}.{} or later, this program offers {}.{}", path.string(),
                        out.abi_major, out.needs_minor, BL_ABI_MAJOR, BL_ABI_MINOR)};
  return {};
}

}  // namespace brickline
