// The linear part of a header's world coordinates, in every dialect that the FITS standard and its drafts
// know: CDi_j, or PCi_j with CDELTi, or the drafts' CD00i00j and PC00i00j, or CDELTi with CROTA2; CUNITi;
// LONPOLE, LATPOLE and the longitude axis's parameters. The first of these forms that a header has decides:
// CD goes before what is left of an older PC, CDELT or CROTA.
//
// WCSLIB settles units, rotations and defaults (Calabretta & Greisen 2002; Greisen & Calabretta 2002).
#pragma once

#include "core/wcs/projection_cards.h"
#include "core/wcs/wcs.h"
#include "core/wcs/wcs_cards.h"

namespace brickline {

struct LinearPart {
  SkyPosition tangent_point;
  PixelPosition reference_pixel;  // 0-based
  // Right ascension first, whatever the order of the axes; before the rotation below.
  CdMatrix cd{};
  // LONPOLE - 180 degrees: by how much north is turned about the tangent point, as {cosine, sine}; of quarter
  // turns without rounding.
  std::array<double, 2> pole_rotation{1, 0};
};

// Error (kInput) that names the card.
LinearPart read_linear(const WcsCards& cards, const Projection& projection);

}  // namespace brickline
