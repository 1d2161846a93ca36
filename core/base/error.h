// The one error type of the library.
//
// The library never prints and never exits: bad input, a bad environment and a refused plugin are thrown as
// `Error`; a program turns it into one line on stderr (`Error::line()`) and the exit code of its kind.
// Programming errors are asserts.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brickline {

// What went wrong, in the terms a caller acts on. The values are the programs' exit codes.
enum class ErrorKind : int {
  kInternal = 1,   // a defect of ours
  kUsage = 2,      // contradictory or unknown options
  kInput = 3,      // a missing or bad file, an unknown brick
  kResources = 4,  // memory, disk, time
  kPlugin = 5,     // a camera that is missing, refused or misbehaving
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) { compose(); }

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& file() const { return file_; }
  int exit_code() const { return static_cast<int>(kind_); }

  // Names the file (and, where it matters, the HDU) that the error is about. Only the first naming counts.
  Error& in_file(std::string_view path, std::string_view hdu = {});
  // Says what was being done, innermost first: "reading the sky of 372546-N26".
  Error& while_doing(std::string_view what);

  // The whole story in one line, without a newline: "FILE[HDU]: message (while ...)".
  const char* what() const noexcept override { return line_.c_str(); }
  const std::string& line() const { return line_; }

 private:
  void compose();
  ErrorKind kind_;
  std::string message_, file_, hdu_, line_;
  std::vector<std::string> context_;
};

// Shorthand: throw input_error("no column {} in {}", name, path).
template <typename... Args>
Error input_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::kInput, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Error usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::kUsage, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Error plugin_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::kPlugin, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Error internal_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::kInternal, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Error resource_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::kResources, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace brickline
