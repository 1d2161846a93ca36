#include "core/pipeline/command_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/pipeline/option_table.h"

namespace brickline {
namespace {

const OptionRow& row_of(std::string_view flag) {
  if (const OptionRow* row = find_option(flag)) return *row;
  const std::string nearest = nearest_name(flag, option_names(true), 3);
  throw usage_error("unknown option {}{} (--help lists the options)", flag,
                    nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

class Reading {
 public:
  explicit Reading(std::span<const std::string> words) : words_(words) {}

  GivenOptions all() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word.starts_with("--") && word.size() > 2)
        long_option(word);
      else if (word.starts_with('-') && word.size() > 1)
        short_options(word);
      else
        throw usage_error("'{}' belongs to no option (--help lists the options)", word);
    }
    return std::move(given_);
  }

 private:
  void long_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    if (const OtherOption* other = find_other_option(flag)) return take(*other, equals != std::string::npos);
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

  // Words of an option that has no use here.
  void take(const OtherOption& option, bool attached) {
    if (!option.accepted) throw usage_error("{}: {}", option.flag, option.why);
    next_ = std::min(words_.size(), next_ + static_cast<std::size_t>(attached ? 0 : option.words));
  }

  // One occurrence of an option; `attached`: its first word, if that was written together with it.
  void take(const OptionRow& row, std::string attached) {
    GivenOption& given = given_[&row];
    given.origin = "command line";
    if (!row.repeatable && !row.counted && !given.occurrences.empty())
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
    row.read(scratch_, row.flag, values);  // they say a value
    given.occurrences.push_back(std::move(values));
  }

  std::span<const std::string> words_;
  std::size_t next_ = 0;
  GivenOptions given_;
  BrickOptions scratch_;
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

GivenOptions options_of_command_line(std::span<const std::string> words) { return Reading(words).all(); }

void read_command_line(std::span<const std::string> words, BrickOptions& options) {
  const GivenOptions given = options_of_command_line(words);
  options = resolve(std::span(&given, 1)).options;
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
  for (const bool accepted : {true, false}) {
    out += accepted ? "\nAccepted, and without effect:\n" : "\nNot there yet, and refused:\n";
    for (const OtherOption& option : other_options()) {
      if (option.accepted != accepted) continue;
      std::string left = fmt::format("  {} {}", option.flag, option.values);
      if (left.size() + 1 > kIndent)
        left += "\n" + std::string(kIndent, ' ');
      else
        left.resize(kIndent, ' ');
      out += left;
      add_wrapped(out, option.why, kIndent, static_cast<std::size_t>(width));
    }
  }
  return out;
}

}  // namespace brickline
