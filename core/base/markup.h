// Text within HTML, SVG and XML.
#pragma once

#include <string>
#include <string_view>

namespace brickline {

// With what would be read as markup, or end an attribute, written otherwise.
inline std::string markup_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace brickline
