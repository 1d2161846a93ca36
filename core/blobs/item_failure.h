// What may fail for itself. Private to this room.
//
// A source or a blob that its own data make impossible (Error of kind kInput) is an item that failed: a
// reason on its row, and the run goes on. Memory that is not to be had, a wish that cannot be met and a
// defect would make the catalog depend on more than the data: they go through everything, up to the run.
#pragma once

#include <optional>
#include <string>

#include "core/base/error.h"

namespace brickline {

// Works on one item. Why the item failed, if it did; everything that is not the item's own affair is thrown.
template <typename F>
std::optional<std::string> failure_of_item(F&& work) {
  try {
    work();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput) throw;
    return e.line();
  }
  return {};
}

}  // namespace brickline
