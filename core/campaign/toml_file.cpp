#include "core/campaign/toml_file.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/pipeline/toml_library.h"

namespace brickline {

struct TomlFile::Impl {
  std::string file;
  toml::table table;
  std::vector<std::string> known;

  const toml::node* find(std::string_view key) {
    known.emplace_back(key);
    return table.get(key);
  }
  Error wrong(const toml::node& node, const std::string& what) const {
    return input_error("line {}: {}", node.source().begin.line, what).in_file(file);
  }
  std::int64_t number(const toml::node& node, std::string_view key, std::int64_t least,
                      std::int64_t most) const {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most)
      throw wrong(node, fmt::format("{} takes whole numbers of {} to {}", key, least, most));
    return *value;
  }
  const toml::array& list(const toml::node& node, std::string_view key) const {
    if (!node.as_array()) throw wrong(node, fmt::format("{} takes a list", key));
    return *node.as_array();
  }
  std::string word(const toml::node& node, std::string_view key) const {
    const auto value = node.value_exact<std::string>();
    if (!value) throw wrong(node, fmt::format("{} takes texts in quotes", key));
    return *value;
  }
};

TomlFile::TomlFile(const std::filesystem::path& file) : impl_(std::make_unique<Impl>()) {
  impl_->file = file.string();
  std::ifstream in(file, std::ios::binary);
  std::error_code code;
  if (!in || std::filesystem::is_directory(file, code))
    throw input_error("it cannot be read").in_file(impl_->file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  try {
    impl_->table = toml::parse(text, impl_->file);
  } catch (const NoToml&) {
    throw input_error("it is no TOML").in_file(impl_->file);
  } catch (const toml::parse_error& error) {
    throw input_error("line {}: {}", error.source().begin.line, error.description()).in_file(impl_->file);
  }
}

TomlFile::~TomlFile() = default;

std::optional<std::string> TomlFile::text(std::string_view key) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  return impl_->word(*node, key);
}

std::optional<std::int64_t> TomlFile::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  return impl_->number(*node, key, least, most);
}

std::optional<bool> TomlFile::flag(std::string_view key) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  const auto value = node->value_exact<bool>();
  if (!value) throw impl_->wrong(*node, fmt::format("{} takes true or false", key));
  return *value;
}

std::optional<std::vector<std::string>> TomlFile::texts(std::string_view key) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  std::vector<std::string> out;
  for (const toml::node& element : impl_->list(*node, key)) out.push_back(impl_->word(element, key));
  return out;
}

std::optional<std::vector<std::int64_t>> TomlFile::integers(std::string_view key, std::int64_t least,
                                                            std::int64_t most) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  std::vector<std::int64_t> out;
  for (const toml::node& element : impl_->list(*node, key))
    out.push_back(impl_->number(element, key, least, most));
  return out;
}

std::map<std::string, std::string> TomlFile::table(std::string_view key) {
  const toml::node* node = impl_->find(key);
  if (!node) return {};
  if (!node->as_table()) throw impl_->wrong(*node, fmt::format("{} takes a table", key));
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : *node->as_table())
    out[std::string(name.str())] = impl_->word(value, fmt::format("{}.{}", key, name.str()));
  return out;
}

void TomlFile::require_all_known() const {
  for (const auto& [name, node] : impl_->table) {
    const std::string key(name.str());
    if (std::find(impl_->known.begin(), impl_->known.end(), key) != impl_->known.end()) continue;
    const std::string nearest = nearest_name(key, impl_->known, 3);
    throw impl_->wrong(
        node, fmt::format("unknown key {}{}", key, nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
}

}  // namespace brickline
