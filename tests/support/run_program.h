// Runs a program as a user would and keeps what it printed.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/data.h"

extern char** environ;

namespace brickline::test {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal if it died of one
  std::string out, err;
};

// The program of that name in the build's bin directory.
inline std::filesystem::path program(const std::string& name) {
  return std::filesystem::path(BRICKLINE_BUILD_DIR) / "bin" / name;
}
inline std::filesystem::path built_plugins() {
  return std::filesystem::path(BRICKLINE_BUILD_DIR) / "plugins";
}

// `environment` is laid over the test's own; an empty value removes the variable. stdout goes into the file
// `into` if one is named, and is not read then.
inline ProgramResult run_program(const std::filesystem::path& path, const std::vector<std::string>& arguments,
                                 const std::map<std::string, std::string>& environment = {},
                                 const std::string& into = {}) {
  TemporaryDirectory scratch;
  const std::string out = into.empty() ? (scratch / "out").string() : into, err = (scratch / "err").string();
  std::vector<std::string> words = {path.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);

  std::vector<std::string> variables;
  for (char** e = environ; *e; ++e) {
    const std::string entry = *e;
    if (!environment.contains(entry.substr(0, entry.find('=')))) variables.push_back(entry);
  }
  for (const auto& [key, value] : environment)
    if (!value.empty()) variables.push_back(key + "=" + value);
  std::vector<char*> envp;
  for (std::string& v : variables) envp.push_back(v.data());
  envp.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t child = 0;
  ProgramResult result;
  if (posix_spawn(&child, path.c_str(), &actions, nullptr, argv.data(), envp.data()) != 0) {
    result.err = "cannot run " + path.string();
  } else {
    int status = 0;
    waitpid(child, &status, 0);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    const auto slurp = [](const std::string& file) {
      std::ostringstream text;
      text << std::ifstream(file).rdbuf();
      return text.str();
    };
    if (into.empty()) result.out = slurp(out);
    result.err = slurp(err);
  }
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

// Names of all regular files below a directory, relative to it.
inline std::vector<std::string> files_below(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(directory)) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) names.push_back(std::filesystem::relative(entry.path(), directory).string());
  return names;
}

}  // namespace brickline::test
