// Small TOML files read key by key, so that what nobody has asked for is found out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

class TomlFile {
 public:
  // Error (kInput), with file and line, for what cannot be read or is no TOML.
  explicit TomlFile(const std::filesystem::path& file);
  ~TomlFile();
  TomlFile(const TomlFile&) = delete;
  TomlFile& operator=(const TomlFile&) = delete;

  // The value of a key, if it is there. Error (kInput) if it is of another type or out of its range.
  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  std::optional<std::vector<std::int64_t>> integers(std::string_view key, std::int64_t least,
                                                    std::int64_t most);
  // A table whose values are texts.
  std::map<std::string, std::string> table(std::string_view key);
  // Error (kInput) for a key that was not asked for, with the nearest that was.
  void require_all_known() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brickline
