#include "core/facts/ccd_values.h"

#include <cctype>
#include <string_view>

namespace brickline {
namespace {

std::string_view stripped(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

}  // namespace

std::optional<std::string> CcdHeaders::text(const std::vector<std::string>& keys, HeaderOf in) {
  for (const std::string& key : keys) {
    for (const HeaderOf which : {HeaderOf::kImage, HeaderOf::kPrimary, HeaderOf::kMask, HeaderOf::kWeight}) {
      const bool wanted = which == in || (in == HeaderOf::kEither &&
                                          (which == HeaderOf::kImage || which == HeaderOf::kPrimary));
      if (!wanted) continue;
      const fits::Header* h = header(which);
      if (!h) continue;
      const std::optional<std::string> value = h->text(key);
      if (value && !stripped(*value).empty()) return std::string(stripped(*value));
    }
  }
  return {};
}

}  // namespace brickline
