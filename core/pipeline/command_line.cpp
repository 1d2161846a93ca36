#include "core/pipeline/command_line.h"

#include <fmt/format.h>

#include <set>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/pipeline/option_table.h"

namespace brickline {
namespace {

const OptionRow& row_of(std::string_view flag) {
  if (const OptionRow* row = find_option(flag)) return *row;
  std::vector<std::string> names;
  for (const OptionRow& row : option_table()) {
    names.emplace_back(row.flag);
    if (!row.other_flag.empty()) names.emplace_back(row.other_flag);
  }
  const std::string nearest = nearest_name(flag, names, 3);
  throw usage_error("unknown option {}{} (--help lists the options)", flag,
                    nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

class Reading {
 public:
  Reading(std::span<const std::string> words, BrickOptions& options) : words_(words), options_(options) {}

  void all() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word.starts_with("--") && word.size() > 2)
        long_option(word);
      else if (word.starts_with('-') && word.size() > 1)
        short_options(word);
      else
        throw usage_error("'{}' belongs to no option (--help lists the options)", word);
    }
  }

 private:
  void long_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    const OptionRow& row = row_of(flag);
    if (equals == std::string::npos) return take(row, {});
    if (row.words != 1) throw usage_error("{}: this option takes {} words, without '='", flag, row.words);
    take(row, word.substr(equals + 1));
  }

  // "-W 3600", "-W3600", "-v", "-vv".
  void short_options(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const OptionRow& row = row_of(std::string("-") + word[i]);
      if (row.words > 0) return take(row, word.substr(i + 1));
      take(row, {});
    }
  }

  // One occurrence of an option; `attached`: its first word, if that was written together with it.
  void take(const OptionRow& row, std::string attached) {
    if (!row.repeatable && row.flag != "--verbose" && !given_.insert(row.flag).second)
      throw usage_error("{} is given twice", row.flag);
    Words values;
    if (!attached.empty()) values.push_back(std::move(attached));
    while (static_cast<int>(values.size()) < row.words) {
      if (next_ == words_.size())
        throw usage_error("{} takes {}: {}", row.flag,
                          row.words == 1 ? "a word" : fmt::format("{} words", row.words), row.values);
      values.push_back(words_[next_++]);
      if (find_option(values.back()) && values.back().starts_with("--"))
        throw usage_error("{} takes {}, not the option {}", row.flag, row.values, values.back());
    }
    row.read(options_, row.flag, values);
  }

  std::span<const std::string> words_;
  BrickOptions& options_;
  std::size_t next_ = 0;
  std::set<std::string_view> given_;
};

void add_wrapped(std::string& out, std::string_view text, std::size_t indent, std::size_t width) {
  std::size_t column = indent;
  for (std::size_t from = 0; from < text.size();) {
    std::size_t space = text.find(' ', from);
    if (space == std::string_view::npos) space = text.size();
    const std::string_view word = text.substr(from, space - from);
    if (column > indent && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    from = space + 1;
  }
  out += '\n';
}

}  // namespace

void read_command_line(std::span<const std::string> words, BrickOptions& options) {
  Reading(words, options).all();
}

std::string options_help(int width) {
  constexpr std::size_t kIndent = 34;
  std::string out;
  std::string_view heading;
  for (const OptionRow& row : option_table()) {
    if (row.heading != heading) out += fmt::format("\n{}:\n", row.heading);
    heading = row.heading;
    std::string left =
        fmt::format("  {}{}{} {}", row.short_flag, row.short_flag.empty() ? "" : ",", row.flag, row.values);
    if (left.size() + 1 > kIndent)
      left += "\n" + std::string(kIndent, ' ');
    else
      left.resize(kIndent, ' ');
    std::string text(row.help);
    if (!row.other_flag.empty()) text += fmt::format("; also {}", row.other_flag);
    if (row.repeatable) text += "; repeatable";
    if (const std::string standard = row.default_text(); !standard.empty()) text += " [" + standard + "]";
    if (!row.environment.empty()) text += fmt::format(" [${}]", row.environment);
    out += left;
    add_wrapped(out, text, kIndent, static_cast<std::size_t>(width));
  }
  return out;
}

}  // namespace brickline
