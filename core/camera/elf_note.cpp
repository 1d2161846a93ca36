#include "core/camera/elf_note.h"

#include <brickline/camera_abi.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/camera/abi_version.h"

namespace brickline {
void check_camera_name(const std::string& name) {
  static const Pattern kForm("^[a-z0-9][a-z0-9_.+-]{0,30}$");
  if (!kForm.found_in(name))
    throw input_error("'{}' is not a camera's name: 1 to 31 of a-z, 0-9 and _ . + -, a letter or digit first",
                      name);
}

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

// Reads our notes among those of one segment. Throws std::string for a bad one.
void find_notes(const std::vector<char>& bytes, std::optional<std::string>& text_found, int& needs_minor) {
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
    if (ours && head[2] == BL_NOTE_TYPE && !text_found) {
      if (!fits || text == 0) throw std::string("its size is not that of its segment");
      const std::string_view content(bytes.data() + text_at, text);
      const std::size_t end = content.find('\0');
      if (end == std::string_view::npos) throw std::string("its text does not end");
      text_found = std::string(content.substr(0, end));
    }
    if (ours && head[2] == BL_NOTE_TYPE_NEEDS) {
      std::uint32_t minor = 0;
      if (!fits || text != sizeof minor) throw std::string("what it needs is not a number");
      std::memcpy(&minor, bytes.data() + text_at, sizeof minor);
      needs_minor = std::max(needs_minor, static_cast<int>(std::min<std::uint32_t>(minor, 100000)));
    }
    if (!fits || next > bytes.size()) return;
    at = next;
  }
}

}  // namespace

Refusal read_elf_note(const std::filesystem::path& path, ElfNote& note) {
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

  note = {};
  std::optional<std::string> text;
  try {
    for (const Elf64_Phdr& s : segments) {
      if (s.p_type != PT_NOTE || s.p_filesz > kMaxNoteBytes) continue;
      std::vector<char> bytes(s.p_filesz);
      if (file.read(s.p_offset, bytes.data(), bytes.size())) find_notes(bytes, text, note.needs_minor);
    }
    if (text) {
      note.text = *text;
      return {};
    }
  } catch (const std::string& why) {
    return refuse("bad-note", "its note cannot be read: " + why);
  }
  return refuse(
      "no-note",
      "not a camera plugin (no Brickline note); build it with brickline_add_camera or with the SDK's macro "
      "and version script");
}

std::vector<std::string> exported_symbols(const std::filesystem::path& path, std::size_t most) {
  std::vector<std::string> names;
  const File file(path);
  Elf64_Ehdr header;
  if (!file.read(0, &header, sizeof header) || header.e_shentsize != sizeof(Elf64_Shdr)) return names;
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (!file.read(header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr))) return names;
  constexpr std::uint64_t kMaxBytes = 64u << 20;
  for (const Elf64_Shdr& s : sections) {
    if (s.sh_type != SHT_DYNSYM || s.sh_link >= sections.size()) continue;
    const Elf64_Shdr& text = sections[s.sh_link];
    if (s.sh_size > kMaxBytes || text.sh_size > kMaxBytes) continue;
    std::vector<Elf64_Sym> symbols(s.sh_size / sizeof(Elf64_Sym));
    std::string strings(text.sh_size, '\0');
    if (!file.read(s.sh_offset, symbols.data(), symbols.size() * sizeof(Elf64_Sym)) ||
        !file.read(text.sh_offset, strings.data(), strings.size()))
      continue;
    for (const Elf64_Sym& symbol : symbols) {
      const bool seen = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
                        ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && symbol.st_name < strings.size();
      if (!seen || names.size() >= most) continue;
      const std::string name = strings.c_str() + symbol.st_name;
      if (name != BL_ENTRY_SYMBOL && !name.empty() && name != "_init" && name != "_fini")
        names.push_back(name);
    }
  }
  return names;
}

namespace {

using Json = nlohmann::json;

// The member of an object; Error where it has another type.
const Json* member(const Json& object, const char* key, Json::value_t type, const char* words) {
  const auto found = object.find(key);
  if (found == object.end()) return nullptr;
  if (found->type() != type) throw input_error("\"{}\" is not {}", key, words);
  return &*found;
}
std::string text_member(const Json& object, const char* key) {
  const Json* found = member(object, key, Json::value_t::string, "a text");
  return found ? found->get<std::string>() : std::string();
}

// Refuses what nobody would read.
void check_keys(const Json& object, std::string_view of_what, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (key == "note" || std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string nearest = nearest_name(key, known);
    throw input_error("unknown key \"{}\" of {}{}; there are {}", key, of_what,
                      nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest),
                      fmt::join(known, ", "));
  }
}

std::pair<int, int> version_pair(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() || found->size() != 2 ||
      !(*found)[0].is_number_unsigned() || !(*found)[1].is_number_unsigned() || (*found)[0] > 100000 ||
      (*found)[1] > 100000)
    throw input_error("{} is not a pair of numbers", key);
  return {(*found)[0].get<int>(), (*found)[1].get<int>()};
}

CameraIdentity identity_of(const Json& object) {
  if (!object.is_object()) throw input_error("\"cameras\" holds what is not an object: {}", object.dump());
  check_keys(object, "a camera", {"name", "aliases", "claims"});
  CameraIdentity identity;
  identity.name = text_member(object, "name");
  check_camera_name(identity.name);
  if (const Json* aliases = member(object, "aliases", Json::value_t::array, "a list of names"))
    for (const Json& alias : *aliases) {
      if (!alias.is_string()) throw input_error("\"aliases\" holds what is not a name: {}", alias.dump());
      identity.aliases.push_back(alias.get<std::string>());
      check_camera_name(identity.aliases.back());
    }
  if (const Json* claims = member(object, "claims", Json::value_t::array, "a list of objects"))
    for (const Json& claim : *claims) {
      if (!claim.is_object() || claim.empty())
        throw input_error("\"claims\" holds what is not an object {{\"CARD\": \"pattern\"}}: {}",
                          claim.dump());
      std::map<std::string, std::string>& cards = identity.claims.emplace_back();
      for (const auto& [card, expression] : claim.items()) {
        if (!expression.is_string()) throw input_error("the claim on {} is not a text", card);
        cards[card] = expression.get<std::string>();
        Pattern(cards[card], true);
      }
    }
  return identity;
}

// Of a failure to parse, without the library's own name for it.
std::string plain_words(const std::exception& e) {
  std::string why = e.what();
  if (const auto at = why.find("] "); why.starts_with("[json") && at != std::string::npos)
    why.erase(0, at + 2);
  return why;
}

void read_identity(const Json& plugin, PluginNote& out) {
  if (!plugin.is_object()) throw input_error("the plugin's identity is not an object");
  check_keys(plugin, "the plugin's identity", {"plugin", "version", "license", "contact", "url", "cameras"});
  out.plugin = text_member(plugin, "plugin");
  out.version = text_member(plugin, "version");
  out.license = text_member(plugin, "license");
  out.contact = text_member(plugin, "contact");
  out.url = text_member(plugin, "url");
  const Json* cameras = member(plugin, "cameras", Json::value_t::array, "a list of objects");
  static const Pattern kVersion("^[0-9]{1,6}\\.[0-9]{1,6}\\.[0-9]{1,6}$");
  if (out.plugin.empty()) throw input_error("the plugin has no name (\"plugin\")");
  if (!kVersion.found_in(out.version))
    throw input_error("'{}' is not a version MAJOR.MINOR.PATCH", out.version);
  if (!cameras || cameras->empty()) throw input_error("it names no camera (\"cameras\")");
  for (const Json& camera : *cameras) out.cameras.push_back(identity_of(camera));
}

}  // namespace

void parse_plugin_identity(const std::string& json, PluginNote& out) {
  try {
    read_identity(Json::parse(json), out);
  } catch (const Json::exception& e) {
    throw input_error("{}", plain_words(e));
  }
}

Refusal parse_plugin_note(const std::filesystem::path& path, const ElfNote& note, PluginNote& out) {
  out = {};
  out.text = note.text;
  const auto bad = [&](const std::string& why) {
    return Refusal{"bad-note", fmt::format("{}: its note cannot be read: {}", path.string(), why)};
  };
  AbiVerdict verdict;
  try {
    const Json json = Json::parse(note.text);
    std::tie(out.abi_major, out.abi_minor) = version_pair(json, "abi");
    out.needs_minor = std::max(note.needs_minor, version_pair(json, "needs").second);
    out.sdk = text_member(json, "sdk");
    out.compiler = text_member(json, "compiler");
    // Of another major or minor nothing more is known than that.
    verdict = abi_verdict({out.abi_major, out.abi_minor}, out.needs_minor, host_abi());
    if (!json.contains("plugin")) return bad("it has no \"plugin\"");
    try {
      read_identity(json["plugin"], out);
    } catch (const Error&) {
      if (verdict.id.empty()) throw;
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    return bad(plain_words(e));
  }
  if (!verdict.id.empty()) return {verdict.id, fmt::format("{}: {}", path.string(), verdict.why)};
  return {};
}

}  // namespace brickline
