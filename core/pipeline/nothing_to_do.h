// How a stage says that a brick has nothing in it: not an error, but the end of the brick.
#pragma once

#include <stdexcept>

namespace brickline {

class NothingToDo : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace brickline
