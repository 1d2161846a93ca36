#include "tools/common/program.h"

#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "core/base/error.h"
#include "core/base/version.h"

namespace brickline {
namespace {

bool is_want_of_resources(const std::error_code& code) {
  using std::errc;
  for (const errc e :
       {errc::not_enough_memory, errc::resource_unavailable_try_again, errc::too_many_files_open,
        errc::too_many_files_open_in_system, errc::no_space_on_device, errc::file_too_large, errc::io_error})
    if (code == e) return true;
  return code == std::error_code(EDQUOT, std::generic_category());
}

// The exception being handled as an Error; null for what is a defect of ours.
std::optional<Error> as_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::kResources, "out of memory");
  } catch (const std::filesystem::filesystem_error& e) {
    Error error(is_want_of_resources(e.code()) ? ErrorKind::kResources : ErrorKind::kInput,
                e.code().message());
    if (!e.path1().empty()) error.in_file(e.path1().string());
    if (!e.path2().empty()) error.while_doing("with " + e.path2().string());
    return error;
  } catch (const std::system_error& e) {
    if (is_want_of_resources(e.code())) return Error(ErrorKind::kResources, e.what());
  } catch (const nlohmann::json::exception& e) {
    return Error(ErrorKind::kInput, fmt::format("a JSON text cannot be used: {}", e.what()));
  } catch (const std::runtime_error& e) {
    // oneTBB tells of threads that it does not get in words only.
    if (std::string_view(e.what()).starts_with("pthread_create has failed"))
      return Error(ErrorKind::kResources, fmt::format("no thread is to be had: {}", e.what()));
  } catch (...) {
  }
  return {};
}

std::string in_one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

// Whether there is room for what cannot fail in words: an exception's own memory, the growth of the stack.
bool is_room_to_start() {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  void* room = mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return false;
  munmap(room, kBytes);
  return true;
}

}  // namespace

void TerminalLog::write(LogLevel level, std::string_view message) {
  if (level < threshold_) return;
  const std::string line = in_one_line(std::string(message));
  const char* prefix = level == LogLevel::kWarning ? "warning: " : level == LogLevel::kError ? "error: " : "";
  const std::scoped_lock lock(mutex_);
  fmt::print(stderr, "{}{}\n", prefix, line);
}

int run_program(std::string_view name, const std::function<int()>& body,
                const std::function<bool(std::string_view line)>& tell) {
  const auto say = [&](const std::string& line) {
    if (!tell || !tell(line)) fmt::print(stderr, "{}: {}\n", name, line);
  };
  // A file that may not grow any more is an error of the write, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  if (!is_room_to_start()) {
    std::fprintf(stderr, "%.*s: error: out of memory\n", static_cast<int>(name.size()), name.data());
    return static_cast<int>(ErrorKind::kResources);
  }
  try {
    return body();
  } catch (const std::exception& e) {
    try {
      if (const std::optional<Error> error = as_error()) {
        say("error: " + in_one_line(error->line()));
        return error->exit_code();
      }
      say(std::string("internal error: ") + in_one_line(e.what()));
      return static_cast<int>(ErrorKind::kInternal);
    } catch (const std::bad_alloc&) {
      // No memory even for the words.
      std::fprintf(stderr, "%.*s: error: out of memory\n", static_cast<int>(name.size()), name.data());
      return static_cast<int>(ErrorKind::kResources);
    }
  }
}

void write_stdout(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0)
    throw resource_error("standard output takes no more: {}", std::strerror(errno));
}

std::string version_text(std::string_view name) {
  return fmt::format("{} {} (commit {})", name, kVersion, commit());
}

namespace {

// Ranges do not keep out what is no number, and with it comparisons fall either way.
void refuse_nan(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options())
    if (option->count() > 0 && option->get_type_name().find("FLOAT") != std::string::npos)
      for (const std::string& word : option->results())
        if (char* end = nullptr; std::isnan(std::strtod(word.c_str(), &end)) && end != word.c_str())
          throw usage_error("{}: '{}' is no number", option->get_name(), word);
  for (const CLI::App* parsed : app.get_subcommands()) refuse_nan(*parsed);
}

}  // namespace

bool parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    refuse_nan(app);
    return true;
  } catch (const CLI::Success& e) {
    std::ostringstream wanted;
    app.exit(e, wanted, wanted);
    write_stdout(wanted.str());
    return false;
  } catch (const CLI::ParseError& e) {
    throw usage_error("{} ({} --help lists the options)", in_one_line(e.what()), app.get_name());
  }
}

}  // namespace brickline
