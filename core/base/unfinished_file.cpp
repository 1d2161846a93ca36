#include "core/base/unfinished_file.h"

#include <fmt/format.h>

namespace brickline {
namespace {

constexpr std::string_view kBegin = "tmp-";
constexpr std::size_t kLongest = 200;  // of a name's 255 bytes
constexpr std::size_t kDigits = 8;

}  // namespace

std::string unfinished_name(std::string_view name, std::uint32_t number) {
  return fmt::format("{}{}.{:0{}x}", kBegin, name.substr(0, kLongest), number, kDigits);
}

std::optional<std::string> name_of_unfinished(std::string_view unfinished) {
  if (!unfinished.starts_with(kBegin) || unfinished.size() <= kBegin.size() + 1 + kDigits) return {};
  const std::size_t dot = unfinished.size() - kDigits - 1;
  constexpr std::string_view kHex = "0123456789abcdef";
  if (unfinished[dot] != '.' || unfinished.find_first_not_of(kHex, dot + 1) != unfinished.npos) return {};
  const std::string_view name = unfinished.substr(kBegin.size(), dot - kBegin.size());
  if (name.size() > kLongest) return {};
  return std::string(name);
}

}  // namespace brickline
