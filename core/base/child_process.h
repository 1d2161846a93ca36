// What starting programs takes again and again.
#pragma once

#include <sys/time.h>

#include <string>
#include <vector>

namespace brickline {

// A child ends with this where its program cannot be started, as a shell says it.
inline constexpr int kCannotStart = 127;

// As exec and posix_spawn take arguments and variables; valid as long as the texts are.
inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

inline double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

}  // namespace brickline
