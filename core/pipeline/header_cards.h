// Cards that a stage adds to the header of the run.
#pragma once

#include "core/fits/header.h"

namespace brickline {

// The cards of `after` that `before` has not: `after` is `before` with cards added at its end.
inline fits::Header cards_added(const fits::Header& before, const fits::Header& after) {
  fits::Header added;
  for (std::size_t i = before.cards().size(); i < after.cards().size(); ++i) added.append(after.cards()[i]);
  return added;
}

}  // namespace brickline
