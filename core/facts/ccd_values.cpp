#include "core/facts/ccd_values.h"

#include <string_view>

#include "core/base/numbers.h"

namespace brickline {

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
