#include "core/base/error.h"

namespace brickline {

Error& Error::in_file(std::string_view path, std::string_view hdu) {
  if (file_.empty()) {
    file_ = path;
    hdu_ = hdu;
    compose();
  }
  return *this;
}

Error& Error::while_doing(std::string_view what) {
  context_.emplace_back(what);
  compose();
  return *this;
}

void Error::compose() {
  line_.clear();
  if (!file_.empty()) {
    line_ += file_;
    if (!hdu_.empty()) line_ += "[" + hdu_ + "]";
    line_ += ": ";
  }
  line_ += message_;
  for (const std::string& step : context_) line_ += " (while " + step + ")";
  for (char& c : line_)
    if (c == '\n' || c == '\r') c = ' ';
}

}  // namespace brickline
