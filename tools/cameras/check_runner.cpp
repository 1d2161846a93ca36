#include "tools/cameras/check_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/markup.h"
#include "tools/cameras/round_trip.h"

extern char** environ;

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kVerdict = 3;  // file descriptor
constexpr std::size_t kMostOutput = 1 << 20;

struct Pipe {
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw resource_error("there is no pipe to be had");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

// Names to the process of a check the directory that it may write in, which is fresh and its own. Whoever started it
// removes the directory, however it ended.
constexpr const char* kScratchVariable = "BRICKLINE_CHECK_SCRATCH";
std::filesystem::path new_scratch() {
  std::string path = (std::filesystem::temp_directory_path() / "brickline-check-XXXXXX").string();
  if (!::mkdtemp(path.data()))
    throw Error(ErrorKind::kResources, fmt::format("cannot make a directory: {}", std::strerror(errno)))
        .in_file(path);
  return path;
}

struct Ended {
  int status = 0;
  bool timed_out = false;
  double seconds = 0;
  std::string verdict, output;
};

Ended run_worker(const std::vector<std::string>& words, double timeout_seconds) {
  Pipe verdict, output;
  const std::filesystem::path scratch = new_scratch();
  ::setenv(kScratchVariable, scratch.c_str(), 1);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, verdict.ends[1], kVerdict);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw resource_error("a process for the check cannot be started: {}", std::strerror(error));
  verdict.close_end(1);
  output.close_end(1);

  Ended ended;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  std::array<pollfd, 2> open{{{verdict.ends[0], POLLIN, 0}, {output.ends[0], POLLIN, 0}}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    const double left = timeout_seconds - seconds();
    if (left <= 0) {
      ended.timed_out = true;
      break;
    }
    if (::poll(open.data(), open.size(), static_cast<int>(left * 1000) + 1) <= 0) continue;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t n = ::read(open[i].fd, bytes, sizeof bytes);
      std::string& text = i == 0 ? ended.verdict : ended.output;
      if (n <= 0)
        open[i].fd = -1;
      else if (text.size() < kMostOutput)
        text.append(bytes, static_cast<std::size_t>(n));
    }
  }
  if (ended.timed_out) ::kill(-child, SIGKILL);
  ::waitpid(child, &ended.status, 0);
  ended.seconds = seconds();
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return ended;
}

const char* name_of(CheckVerdict::Result result) {
  switch (result) {
    case CheckVerdict::Result::kWarn:
      return "warn";
    case CheckVerdict::Result::kFail:
      return "fail";
    case CheckVerdict::Result::kSkip:
      return "skip";
    default:
      return "pass";
  }
}

bool is_among(const CheckSpec& spec, const std::vector<std::string>& ids) {
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return id == spec.id || (id.ends_with(".*") && spec.id.starts_with(id.substr(0, id.size() - 1)));
  });
}
bool wanted(const CheckSpec& spec, const CheckOptions& options) {
  if (is_among(spec, options.skip)) return false;
  return options.only.empty() ? spec.level <= options.level : is_among(spec, options.only);
}

std::vector<std::string> words_of(const CheckSpec& spec, const CheckOptions& options) {
  const CheckInput& in = options.input;
  std::vector<std::string> words = {"cameras"};
  for (const auto& dir : in.search.plugin_dirs) words.insert(words.end(), {"--plugin-dir", dir.string()});
  if (!in.search.use_user_directory) words.push_back("--no-user-plugins");
  if (in.search.allow_insecure) words.push_back("--allow-insecure-plugins");
  words.insert(words.end(),
               {"check", in.file.string(), "--worker", std::string(spec.id), "--camera", in.camera, "--seed",
                std::to_string(in.seed), "--rounds", std::to_string(in.rounds), "--timeout",
                fmt::format("{}", options.timeout_seconds)});
  for (const auto& image : in.images) words.insert(words.end(), {"--image", image.string()});
  if (!in.images_dir.empty()) words.insert(words.end(), {"--images-dir", in.images_dir.string()});
  return words;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.find_last_of('\n') + 1);
}

CheckResult result_of(const CheckSpec& spec, const Ended& ended) {
  CheckResult out{std::string(spec.id), std::string(spec.words), {}, spec.level, ended.seconds, {}};
  // No verdict is a finding, however the process ended.
  const Json verdict = Json::parse(ended.verdict, nullptr, false);
  if (ended.timed_out) {
    out.result = "timeout";
    out.evidence.push_back(fmt::format("it had not returned after {:.0f} s", ended.seconds));
  } else if (verdict.is_object() && verdict.contains("result")) {
    out.result = verdict["result"];
    out.evidence = verdict["evidence"].get<std::vector<std::string>>();
  } else {
    const std::string line = last_line(ended.output);
    const bool crashed = WIFSIGNALED(ended.status) || line.find("error: crashed") != std::string::npos;
    out.result = crashed ? "crash" : "ended";
    out.evidence.push_back(!line.empty()               ? line
                           : WIFSIGNALED(ended.status) ? fmt::format("signal {}", WTERMSIG(ended.status))
                                                       : "it left without a verdict");
  }
  return out;
}

}  // namespace

std::string list_of_checks(int level) {
  std::string out;
  for (const CheckSpec& spec : all_checks())
    if (spec.level <= level) out += fmt::format("{:<2} {:<26} {}\n", spec.level, spec.id, spec.words);
  return out;
}

std::vector<CheckResult> run_checks(const CheckOptions& options) {
  for (const auto* ids : {&options.only, &options.skip})
    for (const std::string& id : *ids) {
      const auto specs = all_checks();
      if (std::none_of(specs.begin(), specs.end(), [&](const CheckSpec& s) { return is_among(s, {id}); }))
        throw usage_error("there is no check {}", id);
    }
  std::vector<CheckResult> results;
  for (const CheckSpec& spec : all_checks()) {
    if (!wanted(spec, options)) continue;
    if (spec.needs_image && options.input.images.empty()) {
      results.push_back(
          {std::string(spec.id), std::string(spec.words), "skip", spec.level, 0, {"it needs --image"}});
      continue;
    }
    results.push_back(result_of(spec, run_worker(words_of(spec, options), options.timeout_seconds)));
  }
  return results;
}

int run_one_check(const std::string& id, const CheckOptions& options) {
  const auto limit = [](auto what, rlim_t most) {
    const rlimit both{most, most};
    ::setrlimit(what, &both);
  };
  limit(RLIMIT_CORE, 0);
  const auto specs = all_checks();
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const CheckSpec& s) { return s.id == id; });
  const bool writes = found != specs.end() && found->writes;
  limit(RLIMIT_FSIZE, writes ? rlim_t{4} << 30 : rlim_t{1} << 20);
  limit(RLIMIT_CPU, static_cast<rlim_t>(16 * options.timeout_seconds) + 1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, rlim_t{8} << 30);
#endif
  for (const CheckSpec& spec : specs) {
    if (spec.id != id) continue;
    CheckVerdict verdict;
    try {
      CheckInput input = options.input;
      const char* scratch = std::getenv(kScratchVariable);
      if (writes && scratch) input.scratch = scratch;
      // What a camera writes without a path is found there.
      std::error_code unchanged;
      if (!writes && scratch) std::filesystem::current_path(scratch, unchanged);
      verdict = spec.run(input);
      if (!writes && scratch)
        for (const auto& entry : std::filesystem::directory_iterator(scratch)) {
          verdict.result = CheckVerdict::Result::kFail;
          verdict.evidence.push_back("it writes files: " + entry.path().filename().string());
        }
    } catch (const Error& e) {
      verdict = {CheckVerdict::Result::kFail, {e.line()}};
    } catch (const std::bad_alloc&) {
      verdict = {CheckVerdict::Result::kFail, {"out of memory"}};
    }
    const std::string text = Json{{"result", name_of(verdict.result)}, {"evidence", verdict.evidence}}.dump(
        -1, ' ', true, Json::error_handler_t::replace);
    return ::write(kVerdict, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
  }
  throw usage_error("there is no check {}", id);
}

namespace {

std::string summary(const std::vector<CheckResult>& results) {
  const auto count = [&](auto&& is) { return std::count_if(results.begin(), results.end(), is); };
  return fmt::format("{} checks: {} passed, {} warned, {} failed, {} skipped", results.size(),
                     count([](const CheckResult& r) { return r.result == "pass"; }),
                     count([](const CheckResult& r) { return r.result == "warn"; }),
                     count([](const CheckResult& r) { return r.failed(); }),
                     count([](const CheckResult& r) { return r.result == "skip"; }));
}

}  // namespace

std::string checks_for_people(const std::vector<CheckResult>& results, const CheckOptions& options) {
  std::string out = fmt::format("{}: camera {}\n", options.input.file.string(), options.input.camera);
  for (const CheckResult& r : results) {
    out += fmt::format("{:<7} {:<24} {:6.2f} s  {}\n", r.result, r.id, r.seconds, r.words);
    for (const std::string& sentence : r.evidence) out += "        " + sentence + "\n";
    if (r.failed()) {
      std::string again;
      for (const auto& image : options.input.images) again += " --image " + image.string();
      out += fmt::format("        again: cameras check {} --only {} --seed {}{}\n",
                         options.input.file.string(), r.id, options.input.seed, again);
    }
  }
  return out + summary(results) + "\n";
}

std::string checks_as_json(const std::vector<CheckResult>& results, const CheckOptions& options) {
  Json checks = Json::array();
  for (const CheckResult& r : results)
    checks.push_back({{"id", r.id},
                      {"level", r.level},
                      {"description", r.words},
                      {"result", r.result},
                      {"seconds", r.seconds},
                      {"evidence", r.evidence}});
  return Json{{"schema", 1},
              {"file", options.input.file.string()},
              {"camera", options.input.camera},
              {"seed", options.input.seed},
              {"checks", checks},
              {"summary", summary(results)}}
             .dump(2, ' ', true, Json::error_handler_t::replace) +
         "\n";
}

std::string checks_as_junit(const std::vector<CheckResult>& results, const CheckOptions& options) {
  std::string cases;
  int failures = 0, skipped = 0;
  for (const CheckResult& r : results) {
    cases += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">\n",
                         markup_text(options.input.camera), markup_text(r.id), r.seconds);
    std::string text;
    for (const std::string& sentence : r.evidence) text += markup_text(sentence) + "\n";
    if (r.failed())
      cases += fmt::format("    <failure message=\"{}\">{}</failure>\n", r.result, text), ++failures;
    if (r.result == "skip") cases += "    <skipped/>\n", ++skipped;
    cases += "  </testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cameras check {}\" tests=\"{}\" failures=\"{}\" "
      "skipped=\"{}\">\n{}</testsuite>\n",
      markup_text(options.input.camera), results.size(), failures, skipped, cases);
}

}  // namespace brickline
