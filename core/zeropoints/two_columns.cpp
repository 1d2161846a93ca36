#include "core/zeropoints/two_columns.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"

namespace brickline {

void read_two_columns(const std::filesystem::path& file, std::string_view what,
                      const std::function<void(int line, double first, double second)>& take) {
  std::ifstream in(file);
  if (!in) throw input_error("cannot be opened");
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::vector<std::string> found;
    for (std::string word; words >> word;) found.push_back(word);
    if (found.empty()) continue;
    const auto x = parse_double(found[0]);
    const auto y = found.size() == 2 ? parse_double(found[1]) : std::nullopt;
    if (!x || !y) throw input_error("line {} is not {}: two numbers are wanted", number, what);
    take(number, *x, *y);
  }
}

}  // namespace brickline
