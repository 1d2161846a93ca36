// The page beside a HiPS: index.html, a viewer of its tiles that needs no other file and no network. Pictures are seen
// wherever it lies; the sources, which are read as text, where it comes from a web server (also a local one).
#pragma once

#include <string>

#include "core/release/hips.h"

namespace brickline {

// `catalog_order`: the deepest of the catalog's tiles; -1: there is no catalog.
std::string hips_page(const HipsOptions& options, const HipsReport& report, int catalog_order);

}  // namespace brickline
