// Judging a shared library by reading its file, so that no broken one is ever handed to the loader.
//
// A library that is cut short kills the process inside dlopen (SIGBUS: the kernel maps pages that the file
// does not have), so every segment is checked against the file's size first. Identity is read from the note
// that the SDK's macro leaves in the library (ELF note of owner "Brickline"); no code runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/facts/camera_facts.h"

namespace brickline {

// Why a file cannot be used: an id ("not-elf", "truncated", ...) and one sentence. Empty id: it can.
struct Refusal {
  std::string id, sentence;
  explicit operator bool() const { return !id.empty(); }
};

// What a plugin says of itself without being run.
struct PluginNote {
  std::string text;  // the whole JSON text
  int abi_major = 0, abi_minor = 0, needs_minor = 0;
  std::string sdk, compiler;
  std::string plugin, version, license, contact, url;
  std::vector<CameraIdentity> cameras;
};

// What the notes of a library hold, as it stands there.
struct ElfNote {
  std::string text;     // JSON, without the terminating zero
  int needs_minor = 0;  // the greatest minor that the library's code asks for
};
// The note if the file is a library for this machine that can be mapped and carries one. Every offset in the
// file is distrusted.
Refusal read_elf_note(const std::filesystem::path& path, ElfNote& note);

// Parses and checks a note: keys, names, versions, and that the ABI is one that this program can serve.
Refusal parse_plugin_note(const std::filesystem::path& path, const ElfNote& note, PluginNote& out);

// The identity object of a plugin ({"plugin", "version", "cameras", ...}), which a note and a file of facts
// alone have in common. Throws an Error that says what is wrong with it.
void parse_plugin_identity(const std::string& json, PluginNote& out);

// The symbols that a library defines for others besides the entry; at most `most` of them. Empty too where the
// file cannot be understood.
std::vector<std::string> exported_symbols(const std::filesystem::path& path, std::size_t most = 20);

// Error (kInput) for what cannot be a camera's name.
void check_camera_name(const std::string& name);

}  // namespace brickline
