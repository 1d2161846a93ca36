#include "tools/survey/words.h"

#include <utility>

#include "core/base/environment.h"
#include "core/pipeline/configuration.h"
#include "core/pipeline/option_table.h"

namespace brickline {

CommandWords read_words(const std::vector<std::string>& words, const std::set<std::string>& own) {
  CommandWords out;
  std::vector<std::string> of_runbrick;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (own.contains(word)) {
      out.flags.insert(word);
      continue;
    }
    if (!word.starts_with('-')) {
      out.places.push_back(word);
      continue;
    }
    of_runbrick.push_back(word);
    const OptionRow* option = find_option(word);
    for (int n = option ? option->words : 0; n > 0 && i + 1 < words.size(); --n)
      of_runbrick.push_back(words[++i]);
  }
  ResolvedOptions resolved = resolve_options(of_runbrick, process_environment);
  require_typed_paths(resolved);
  out.options = std::move(resolved.options);
  return out;
}

}  // namespace brickline
