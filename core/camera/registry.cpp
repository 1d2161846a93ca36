#include "core/camera/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/nearest_name.h"
#include "core/camera/elf_note.h"
#include "core/camera/facts_remarks.h"
#include "core/camera/loaded_camera.h"
#include "core/camera/plugin_directories.h"
#include "core/camera/plugin_trust.h"
#include "core/facts/camera_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLibrary = ".camera.so", kFactsAlone = ".camera.json";
constexpr std::size_t kMaxFactsBytes = 4u << 20;
constexpr std::size_t kMostProblems = 20;  // of one camera's facts, in one sentence
constexpr std::size_t kMaxChain = 4;       // a camera and what it extends, and so on

std::string canonical_name(std::string_view text) {
  const std::string name = lower_case(text);
  const auto first = name.find_first_not_of(" \t"), last = name.find_last_not_of(" \t");
  return first == std::string::npos ? std::string() : name.substr(first, last - first + 1);
}

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

bool is_candidate(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with('.')) return false;
  for (const std::string_view ending : {kLibrary, kFactsAlone})
    if (name.size() > ending.size() && name.ends_with(ending)) return true;
  return false;
}

// The text of a file of facts, and what it says of who it is.
Refusal read_facts_file(const fs::path& path, std::string& text, PluginNote& note) {
  const auto refuse = [&](const char* id, const std::string& why) {
    return Refusal{id, path.string() + ": " + why};
  };
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  if (!file) return refuse("unreadable", "cannot be read");
  if (fs::file_size(path, error) > kMaxFactsBytes) return refuse("facts", "more than 4 MiB");
  text.assign(std::istreambuf_iterator<char>(file), {});
  try {
    parse_plugin_identity(parse_camera_file(text).identity, note);
    if (note.cameras.size() > 1) return refuse("bad-note", "a file of facts is one camera, it names more");
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    return refuse("bad-note", e.message());
  }
  return {};
}

}  // namespace

struct CameraRegistry::Impl {
  bool allow_insecure = false;
  Cancel cancel;
  Log log;
  std::vector<fs::path> directories;
  std::vector<PluginFile> files;
  std::vector<PluginNote> notes;         // of each file
  std::vector<fs::path> real_paths;      // of each file, links resolved
  std::vector<std::string> facts_texts;  // of each file of facts alone
  std::vector<fs::path> misnamed;
  std::map<std::string, std::size_t> canonical, alias;  // name -> file
  std::map<std::string, std::pair<std::size_t, std::size_t>> conflicts;
  std::map<std::size_t, std::unique_ptr<LoadedPlugin>> plugins;
  std::map<std::string, std::unique_ptr<LoadedCamera>> loaded_cameras;
  std::map<std::string, std::unique_ptr<Camera>> cameras;

  void consider(const fs::path& path, const PluginDirectory& directory, int rank);
  void resolve_names();
  std::string resolved(const std::string& name) const;
  const LoadedCamera& create(const std::string& name);
  const Camera& camera(const std::string& name);
  std::string missing(const std::map<std::string, std::int64_t>& names) const;
};

void CameraRegistry::Impl::consider(const fs::path& path, const PluginDirectory& directory, int rank) {
  PluginFile file;
  file.path = path;
  file.directory = directory.path;
  file.origin = directory.origin;
  file.rank = rank;
  PluginNote note;

  Refusal refusal;
  fs::path real;
  std::error_code ignored;
  for (const PluginFile& other : files)
    if (!refusal && fs::equivalent(other.path, path, ignored))
      refusal = {"same-file", fmt::format("{}: same file as {}", path.string(), other.path.string())};
  if (!refusal) {
    const Trust trust = judge_trust(path, allow_insecure);
    refusal = trust.refusal;
    real = trust.real;
    if (!trust.warning.empty()) file.warnings.push_back(trust.warning);
  }
  file.facts_alone = path.extension() == ".json";
  std::string text;
  ElfNote elf;
  if (!refusal) refusal = file.facts_alone ? read_facts_file(real, text, note) : read_elf_note(real, elf);
  if (!refusal && !file.facts_alone) refusal = parse_plugin_note(path, elf, note);
  file.refusal_id = refusal.id;
  file.refusal = refusal.sentence;
  file.plugin = note.plugin;
  file.version = note.version;
  file.license = note.license;
  file.sdk = note.sdk;
  file.compiler = note.compiler;
  file.abi_major = note.abi_major;
  file.abi_minor = note.abi_minor;
  file.needs_minor = note.needs_minor;
  for (const CameraIdentity& identity : note.cameras) file.cameras.push_back({identity, {}, {}});
  if (refusal)
    log.debug("plugin: refused {}", refusal.sentence);
  else
    log.debug("plugin: accepted {}", path.string());
  files.push_back(std::move(file));
  notes.push_back(std::move(note));
  real_paths.push_back(std::move(real));
  facts_texts.push_back(std::move(text));
}

void CameraRegistry::Impl::resolve_names() {
  // All canonical names come before any alias, so that an alias never hides a camera.
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].usable()) continue;
    for (ClaimedCamera& claim : files[i].cameras) {
      const auto [winner, is_new] = canonical.emplace(claim.identity.name, i);
      if (is_new) continue;
      PluginFile& other = files[winner->second];
      claim.other = other.path;
      if (other.rank < files[i].rank) {
        claim.state = ClaimedCamera::State::kShadowed;
        log.info("{}: camera {} is shadowed by {}", files[i].path.string(), claim.identity.name,
                 other.path.string());
        continue;
      }
      claim.state = ClaimedCamera::State::kConflict;
      conflicts.emplace(claim.identity.name, std::pair{winner->second, i});
      for (ClaimedCamera& theirs : other.cameras)
        if (theirs.identity.name == claim.identity.name) {
          theirs.state = ClaimedCamera::State::kConflict;
          theirs.other = files[i].path;
        }
    }
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].usable()) continue;
    for (const ClaimedCamera& claim : files[i].cameras) {
      if (claim.state == ClaimedCamera::State::kShadowed) continue;
      for (const std::string& name : claim.identity.aliases) {
        if (canonical.contains(name)) continue;
        const auto [winner, is_new] = alias.emplace(name, i);
        if (!is_new && winner->second != i && files[winner->second].rank == files[i].rank)
          conflicts.emplace(name, std::pair{winner->second, i});
      }
    }
  }
}

// The canonical name of the camera that a name stands for; empty if nobody provides it.
std::string CameraRegistry::Impl::resolved(const std::string& name) const {
  if (const auto found = conflicts.find(name); found != conflicts.end())
    throw plugin_error("camera {} is claimed by {} and {} in the same place; keep one of them", name,
                       files[found->second.first].path.string(), files[found->second.second].path.string());
  if (canonical.contains(name)) return name;
  const auto found = alias.find(name);
  if (found == alias.end()) return {};
  for (const ClaimedCamera& claim : files[found->second].cameras) {
    const auto& aliases = claim.identity.aliases;
    if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return claim.identity.name;
  }
  return {};
}

std::string CameraRegistry::Impl::missing(const std::map<std::string, std::int64_t>& names) const {
  std::string wanted;
  for (const auto& [name, ccds] : names) {
    wanted += wanted.empty() ? "" : "; ";
    wanted += fmt::format("no plugin provides camera {}", name);
    if (ccds > 0) wanted += fmt::format(" (wanted by {} CCD{})", ccds, ccds == 1 ? "" : "s");
  }
  std::vector<std::string> searched, refused, known;
  for (const fs::path& directory : directories) searched.push_back(directory.string());
  for (const PluginFile& file : files)
    if (!file.usable() && file.refusal_id != "same-file") refused.push_back(file.refusal);
  for (const auto& [name, file] : canonical) known.push_back(name);
  std::string line = fmt::format("{}; searched {}; refused: {}", wanted,
                                 searched.empty() ? "nowhere" : fmt::format("{}", fmt::join(searched, ", ")),
                                 refused.empty() ? "none" : fmt::format("{}", fmt::join(refused, " | ")));
  if (!misnamed.empty())
    line += fmt::format("; not looked at: {} (a camera's library is named NAME.camera.so)",
                        misnamed.front().string());
  const std::string nearest = nearest_name(names.begin()->first, known);
  if (!nearest.empty()) line += fmt::format("; did you mean {}?", nearest);
  line += known.empty() ? "; no camera was found" : fmt::format("; found: {}", fmt::join(known, ", "));
  return line;
}

const LoadedCamera& CameraRegistry::Impl::create(const std::string& name) {
  const auto found = loaded_cameras.find(name);
  if (found != loaded_cameras.end()) return *found->second;
  const std::size_t index = canonical.at(name);
  std::unique_ptr<LoadedPlugin>& plugin = plugins[index];
  const auto refuse = [&](const Refusal& refusal) {
    files[index].refusal_id = refusal.id;
    files[index].refusal = refusal.sentence;
    throw Error(ErrorKind::kPlugin, fmt::format("camera {} cannot be used: {}", name, refusal.sentence));
  };
  if (!plugin) {
    for (const std::string& warning : files[index].warnings) log.warning("{}", warning);
    if (files[index].facts_alone)
      plugin = facts_plugin(real_paths[index], notes[index], facts_texts[index]);
    else if (const Refusal refusal = load_plugin(real_paths[index], notes[index], log, plugin))
      refuse(refusal);
    plugin->allow_insecure = allow_insecure;
    log.debug("plugin: loaded {}", files[index].path.string());
  }
  const auto& identities = notes[index].cameras;
  const auto identity = std::find_if(identities.begin(), identities.end(),
                                     [&](const CameraIdentity& i) { return i.name == name; });
  std::unique_ptr<LoadedCamera> camera;
  if (const Refusal refusal = create_camera(*plugin, *identity, cancel, log, camera)) refuse(refusal);
  return *loaded_cameras.emplace(name, std::move(camera)).first->second;
}

const Camera& CameraRegistry::Impl::camera(const std::string& name) {
  const auto found = cameras.find(name);
  if (found != cameras.end()) return *found->second;

  auto impl = std::make_unique<Camera::Impl>();
  impl->chain.push_back(&create(name));
  const LoadedCamera& own = *impl->chain.front();
  const auto facts_error = [&](const std::string& what) {
    return plugin_error("{}: facts of camera {}: {}", own.plugin->path_text, name, what);
  };
  std::vector<std::string> chain = {name};
  try {
    for (std::string base = extended_camera(own.facts_text); !base.empty();) {
      const bool cycle = std::find(chain.begin(), chain.end(), base) != chain.end();
      chain.push_back(base);
      if (cycle || chain.size() > kMaxChain)
        throw plugin_error("camera {} extends {}: {} {}", name, chain[1],
                           cycle ? "cycle" : "too long a chain", fmt::join(chain, " > "));
      const std::string canonical_base = resolved(base);
      if (canonical_base.empty())
        throw plugin_error("camera {} extends {}: not found ({})", chain[chain.size() - 2], base,
                           missing({{base, 0}}));
      impl->chain.push_back(&create(canonical_base));
      base = extended_camera(impl->chain.back()->facts_text);
    }
    std::string merged = impl->chain.back()->facts_text;
    for (std::size_t i = impl->chain.size() - 1; i-- > 0;)
      merged = merge_camera_facts(merged, impl->chain[i]->facts_text);
    impl->facts_json = canonical_facts(merged);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kPlugin || e.kind() == ErrorKind::kResources) throw;
    throw facts_error(e.message());
  }

  ParsedFacts parsed = parse_camera_facts(impl->facts_json, own.identity);
  if (const std::size_t n = parsed.problems.size(); n > 0) {
    const auto shown = std::min(n, kMostProblems);
    throw facts_error(fmt::format("{} problem{}: {}{}", n, n == 1 ? "" : "s",
                                  fmt::join(parsed.problems.begin(), parsed.problems.begin() + shown, "; "),
                                  n > shown ? fmt::format("; and {} more", n - shown) : ""));
  }
  for (const std::string& warning : parsed.warnings) log.warning("camera {}: {}", name, warning);
  impl->facts = std::move(parsed.facts);
  CameraProvenance& p = impl->provenance;
  p.camera = name;
  p.plugin = own.plugin->note.plugin;
  p.plugin_version = own.plugin->note.version;
  p.file_sha256 = own.plugin->sha256;
  p.facts_sha256 = sha256_hex(impl->facts_json);
  for (std::size_t i = 1; i < impl->chain.size(); ++i) p.bases.push_back(impl->chain[i]->identity.name);
  p.path = own.plugin->path;
  const Camera& made = *cameras.emplace(name, std::make_unique<Camera>(std::move(impl))).first->second;
  for (const std::string& remark : facts_remarks(made)) log.warning("camera {}: {}", name, remark);
  return made;
}

// ---- The public face ----

CameraRegistry::CameraRegistry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CameraRegistry::CameraRegistry(CameraRegistry&&) noexcept = default;
CameraRegistry& CameraRegistry::operator=(CameraRegistry&&) noexcept = default;
CameraRegistry::~CameraRegistry() = default;

CameraRegistry CameraRegistry::scan(const PluginSearch& search, Log log) {
  auto impl = std::make_unique<Impl>();
  impl->allow_insecure = search.allow_insecure;
  impl->cancel = search.cancel;
  impl->log = log;
  int rank = 0;
  for (const PluginDirectory& directory : plugin_directories(search, log)) {
    impl->directories.push_back(directory.path);
    for (const fs::path& file : entries_of(directory.path))
      if (is_candidate(file))
        impl->consider(file, directory, rank);
      else if (file.extension() == ".so")
        impl->misnamed.push_back(file);
    ++rank;
  }
  impl->resolve_names();
  return CameraRegistry(std::move(impl));
}

const std::vector<fs::path>& CameraRegistry::directories() const { return impl_->directories; }
const std::vector<PluginFile>& CameraRegistry::files() const { return impl_->files; }

const std::vector<fs::path>& CameraRegistry::misnamed() const { return impl_->misnamed; }

std::vector<std::string> CameraRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : impl_->canonical)
    if (!impl_->conflicts.contains(name)) names.push_back(name);
  return names;
}

void CameraRegistry::load(const std::map<std::string, std::int64_t>& wanted) {
  std::map<std::string, std::int64_t> missing;
  std::vector<std::string> found;
  for (const auto& [text, ccds] : wanted) {
    const std::string name = canonical_name(text), resolved = impl_->resolved(name);
    if (resolved.empty())
      missing[name] += ccds;
    else
      found.push_back(resolved);
  }
  if (!missing.empty()) throw Error(ErrorKind::kPlugin, impl_->missing(missing));
  for (const std::string& name : found) impl_->camera(name);
}

const Camera& CameraRegistry::load(std::string_view name) {
  load(std::map<std::string, std::int64_t>{{std::string(name), 0}});
  return camera(name);
}

const Camera& CameraRegistry::camera(std::string_view name) const {
  const std::string resolved = impl_->resolved(canonical_name(name));
  const auto found = impl_->cameras.find(resolved);
  if (found == impl_->cameras.end()) throw plugin_error("camera {} is not loaded", name);
  return *found->second;
}

std::vector<const Camera*> CameraRegistry::loaded() const {
  std::vector<const Camera*> cameras;
  for (const auto& [name, camera] : impl_->cameras) cameras.push_back(camera.get());
  return cameras;
}

}  // namespace brickline
