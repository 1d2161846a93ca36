#include "tests/cli/cases.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// ---- Reading ----

struct Form {
  std::size_t least, most;  // number of arguments
  bool before_run;          // belongs to what a case needs, or
  bool after_run;           // to what a run shows; neither: it announces the next run
};
constexpr std::size_t kAny = 1000;

const std::map<std::string, Form>& forms() {
  static const std::map<std::string, Form> all = {
      {"survey", {0, 0, true, false}},    {"copy", {2, 2, true, false}},
      {"write", {2, 2, true, false}},     {"remove", {1, 1, true, false}},
      {"halve", {1, 1, true, false}},     {"set", {3, 3, true, false}},
      {"empty", {1, 1, true, false}},     {"with", {1, 1, false, false}},
      {"into", {1, 1, false, false}},     {"run", {1, kAny, false, false}},
      {"exit", {1, 1, false, true}},      {"error", {1, kAny, false, true}},
      {"stderr", {1, kAny, false, true}}, {"stdout", {1, kAny, false, true}},
      {"silent", {0, 0, false, true}},    {"file", {1, 1, false, true}},
      {"no file", {1, 1, false, true}},   {"nothing", {0, 0, false, true}},
  };
  return all;
}

// Words at blanks; 'quotes' keep what they hold together.
Words split(std::string_view line) {
  Words words;
  std::string word;
  bool quoted = false, begun = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      begun = true;
    } else if (!quoted && (c == ' ' || c == '\t')) {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quoted) throw std::invalid_argument("a quote that does not end");
  if (begun) words.push_back(word);
  return words;
}

// "a b ... c" as {"a b", "c"}.
Words texts_of(std::string_view line) {
  Words texts;
  constexpr std::string_view kGap = " ... ";
  for (;;) {
    const std::size_t end = line.find(kGap);
    texts.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return texts;
    line.remove_prefix(end + kGap.size());
  }
}

bool may_fail_quietly(const std::string& code) { return code == "0" || code == "6" || code == "7"; }

// Every run has its exit code, and its line if that is a failure's.
void check_runs(const Case& c) {
  const Step* run = nullptr;
  const Step* code = nullptr;
  bool error = false;
  const auto end_of_run = [&] {
    if (!run) return;
    if (!code) throw std::invalid_argument(fmt::format("{}:{}: no exit code", c.file.string(), run->line));
    if (error == may_fail_quietly(code->arguments[0]))
      throw std::invalid_argument(fmt::format("{}:{}: exit code {} {} error line", c.file.string(),
                                              code->line, code->arguments[0], error ? "has no" : "has an"));
  };
  for (const Step& s : c.steps) {
    const Form& form = forms().at(s.word);
    const auto wrong = [&](std::string_view why) {
      return std::invalid_argument(fmt::format("{}:{}: '{}' {}", c.file.string(), s.line, s.word, why));
    };
    if (form.before_run && run) throw wrong("comes before the first run");
    if (form.after_run && !run) throw wrong("comes after a run");
    if (s.word == "exit") {
      if (code) throw wrong("was said already");
      if (s.arguments[0].empty() || s.arguments[0].find_first_not_of("0123456789") != std::string::npos)
        throw wrong("takes a number");
      code = &s;
    } else if (s.word == "error") {
      if (error) throw wrong("was said already");
      error = true;
    } else if (s.word == "run") {
      end_of_run();
      run = &s;
      code = nullptr;
      error = false;
    }
  }
  if (!run) throw std::invalid_argument(fmt::format("{}:{}: the case runs nothing", c.file.string(), c.line));
  end_of_run();
}

Step parse_step(const fs::path& file, int number, std::string_view line) {
  const auto wrong = [&](const std::string& why) {
    return std::invalid_argument(fmt::format("{}:{}: {}", file.string(), number, why));
  };
  Step step{.line = number};
  std::size_t end = line.find_first_of(" \t");
  if (line.starts_with("no file")) end = std::string_view("no file").size();
  step.word = line.substr(0, end);
  const auto form = forms().find(step.word);
  if (form == forms().end()) throw wrong(fmt::format("unknown word '{}'", step.word));
  std::string_view rest = end < line.size() ? line.substr(end) : std::string_view();
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  if (!rest.empty()) {
    try {
      const bool text = step.word == "error" || step.word == "stderr" || step.word == "stdout";
      step.arguments = text ? texts_of(rest) : split(rest);
    } catch (const std::invalid_argument& e) {
      throw wrong(e.what());
    }
  }
  const std::size_t n = step.arguments.size();
  if (n < form->second.least || n > form->second.most)
    throw wrong(fmt::format("'{}' takes {} words, not {}", step.word, form->second.least, n));
  if (step.word == "with" && step.arguments[0].find('=') == std::string::npos)
    throw wrong("'with' takes NAME=VALUE");
  return step;
}

// ---- Running ----

class Running {
 public:
  explicit Running(const Case& c) : case_(c) {}

  void run() {
    for (const Step& s : case_.steps) {
      SCOPED_TRACE(fmt::format("{}:{}: {}", case_.file.string(), s.line, s.word));
      do_step(s);
      if (::testing::Test::HasFatalFailure() || ::testing::Test::IsSkipped()) return;
    }
  }

 private:
  fs::path out() const { return scratch_ / "out"; }
  fs::path survey() const { return scratch_ / "survey"; }

  std::string replaced(std::string text) const {
    const fs::path fixtures = fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins";
    std::map<std::string, std::string> names = {
        {"{scratch}", scratch_.path().string()},  {"{out}", out().string()},
        {"{survey}", survey().string()},          {"{plugins}", built_plugins().string()},
        {"{good}", (fixtures / "good").string()}, {"{bad}", (fixtures / "bad").string()}};
    if (text.find("{brick}") != std::string::npos)
      names["{brick}"] = simulation()["brick"].get<std::string>();
    for (const auto& [name, value] : names)
      for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size())
        text.replace(at, name.size(), value);
    return text;
  }
  static nlohmann::json simulation() {
    return nlohmann::json::parse(
        std::ifstream(fs::path(BRICKLINE_BUILD_DIR) / "tests/data/small-survey/sim.json"));
  }
  Words words_of(const Words& given) const {
    Words words;
    for (const std::string& w : given) {
      if (w == "{region}") {
        const auto sim = simulation();
        words.insert(words.end(), {"--brick", sim["brick"].get<std::string>(), "--zoom"});
        for (int edge : sim["zoom"]) words.push_back(std::to_string(edge));
      } else if (w == "{common}") {
        words.insert(words.end(), {"--survey-dir", survey().string(), "--outdir", out().string(),
                                   "--plugin-dir", built_plugins().string(), "--no-wise"});
      } else {
        words.push_back(replaced(w));
      }
    }
    return words;
  }

  // The files that a name stands for, sorted; a failure if there are none. * stands for anything, also for parts of
  // several directories' names.
  std::vector<fs::path> files(const std::string& name) const {
    const std::string path = replaced(name);
    const std::size_t star = path.find('*');
    std::vector<fs::path> found;
    if (star == std::string::npos) {
      if (fs::exists(path)) found.emplace_back(path);
    } else if (const fs::path above = path.substr(0, path.rfind('/', star)); fs::is_directory(above)) {
      for (const auto& entry : fs::recursive_directory_iterator(above))
        if (entry.is_regular_file() && fnmatch(path.c_str(), entry.path().c_str(), 0) == 0)
          found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    EXPECT_FALSE(found.empty()) << "there is no " << path;
    return found;
  }
  static void change_table(const fs::path& file, const std::function<void(fits::Table&)>& change) {
    fits::Table table = fits::FitsReader(file).table(1);
    change(table);
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(file);
  }
  static void set_all(fits::Column& column, double value) {
    std::visit(
        [&](auto& values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          if constexpr (std::is_arithmetic_v<T>)
            for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(value);
          else
            ADD_FAILURE() << "not a column of numbers";
        },
        column.data);
  }

  void do_step(const Step& s) {
    const auto argument = [&](std::size_t i) { return replaced(s.arguments[i]); };
    if (s.word == "survey") {
      const fs::path made = fs::path(BRICKLINE_BUILD_DIR) / "tests/data/small-survey";
      ASSERT_TRUE(fs::exists(made / "sim.json"))
          << "the simulated survey is missing: run through ctest, which makes it";
      fs::copy(made, survey(), fs::copy_options::recursive);
    } else if (s.word == "copy") {
      fs::create_directories(fs::path(argument(1)).parent_path());
      fs::copy(argument(0), argument(1));
    } else if (s.word == "write") {
      fs::create_directories(fs::path(argument(0)).parent_path());
      std::ofstream(argument(0)) << argument(1) << '\n';
    } else if (s.word == "remove") {
      for (const fs::path& f : files(s.arguments[0])) fs::remove_all(f);
    } else if (s.word == "halve") {
      for (const fs::path& f : files(s.arguments[0])) fs::resize_file(f, fs::file_size(f) / 2);
    } else if (s.word == "set") {
      for (const fs::path& f : files(s.arguments[0]))
        change_table(f, [&](fits::Table& table) {
          fits::Column* column = table.find(s.arguments[1]);
          ASSERT_NE(column, nullptr) << "no column " << s.arguments[1];
          set_all(*column, std::stod(s.arguments[2]));
        });
    } else if (s.word == "empty") {
      for (const fs::path& f : files(s.arguments[0]))
        change_table(f, [](fits::Table& table) { table = table.select({}); });
    } else if (s.word == "with") {
      const std::string setting = argument(0);
      environment_[setting.substr(0, setting.find('='))] = setting.substr(setting.find('=') + 1);
    } else if (s.word == "into") {
      into_ = argument(0);
    } else if (s.word == "run") {
      program_ = s.arguments[0];
      ASSERT_TRUE(fs::exists(program(program_))) << "no program " << program_;
      result_ = run_program(program(program_), words_of({s.arguments.begin() + 1, s.arguments.end()}),
                            environment_, into_);
      environment_ = clean_environment();
      into_.clear();
    } else {
      expect(s);
    }
  }

  // What the last run showed.
  void expect(const Step& s) const {
    if (s.word == "exit") {
      EXPECT_EQ(std::to_string(result_.exit_code), s.arguments[0]) << result_.err;
      if (may_fail_quietly(s.arguments[0])) {
        EXPECT_EQ(result_.err.find("error: "), std::string::npos) << result_.err;
      }
    } else if (s.word == "error") {
      Words errors;
      std::istringstream lines(result_.err);
      for (std::string line; std::getline(lines, line);)
        if (line.find("error") != std::string::npos) errors.push_back(line);
      ASSERT_EQ(errors.size(), 1u) << result_.err;
      EXPECT_TRUE(errors[0].starts_with(program_ + ": error: ")) << errors[0];
      EXPECT_TRUE(holds(errors[0], s.arguments)) << errors[0];
    } else if (s.word == "stderr") {
      EXPECT_TRUE(a_line_holds(result_.err, s.arguments)) << result_.err;
    } else if (s.word == "stdout") {
      EXPECT_TRUE(a_line_holds(result_.out, s.arguments)) << result_.out;
    } else if (s.word == "silent") {
      EXPECT_EQ(result_.out, "");
    } else if (s.word == "nothing") {
      const Words names = files_below(out());
      EXPECT_TRUE(names.empty()) << names.front();
    } else {
      const Words names = files_below(out());
      const bool there = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return fnmatch(replaced(s.arguments[0]).c_str(), name.c_str(), 0) == 0;
      });
      EXPECT_EQ(there, s.word == "file") << replaced(s.arguments[0]);
    }
  }
  bool holds(const std::string& line, const Words& texts) const {
    std::size_t at = 0;
    for (const std::string& text : texts) {
      const std::string wanted = replaced(text);
      at = line.find(wanted, at);
      if (at == std::string::npos) return false;
      at += wanted.size();
    }
    return true;
  }
  bool a_line_holds(const std::string& text, const Words& texts) const {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      if (holds(line, texts)) return true;
    return false;
  }

  static std::map<std::string, std::string> clean_environment() {
    return {{"LEGACY_SURVEY_DIR", ""}, {"DUST_DIR", ""},       {"BRICKLINE_PLUGIN_PATH", ""},
            {"GAIA_CAT_DIR", ""},      {"BRICKLINE_SIMD", ""}, {"XDG_DATA_HOME", "/nonexistent"}};
  }

  const Case& case_;
  TemporaryDirectory scratch_;
  std::map<std::string, std::string> environment_ = clean_environment();
  std::string into_, program_;
  ProgramResult result_;
};

}  // namespace

std::vector<Case> parse_cases(const fs::path& file, std::string_view text) {
  std::vector<Case> cases;
  std::set<std::string> names;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string whole; std::getline(lines, whole);) {
    ++number;
    std::string_view line = whole;
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("case ")) {
      Case c{.name = std::string(line.substr(5)), .file = file, .line = number};
      if (!names.insert(c.name).second)
        throw std::invalid_argument(fmt::format("{}:{}: a second case '{}'", file.string(), number, c.name));
      cases.push_back(std::move(c));
    } else if (cases.empty()) {
      throw std::invalid_argument(
          fmt::format("{}:{}: '{}' stands before the first case", file.string(), number, line));
    } else {
      cases.back().steps.push_back(parse_step(file, number, line));
    }
  }
  for (const Case& c : cases) check_runs(c);
  return cases;
}

void run_case(const Case& c) { Running(c).run(); }

}  // namespace brickline::test
