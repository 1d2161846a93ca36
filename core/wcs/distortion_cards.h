// The distortion of a header as polynomials.
#pragma once

#include <memory>

#include "core/wcs/distortion.h"
#include "core/wcs/projection_cards.h"
#include "core/wcs/wcs_cards.h"

namespace brickline {

// Null where nothing bends the tangent projection. Error (kInput) that names the card.
std::shared_ptr<const Distortion> read_distortion(const WcsCards& cards, const Projection& projection);

}  // namespace brickline
