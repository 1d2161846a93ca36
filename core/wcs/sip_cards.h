// Any projection of the wcs room as TAN-SIP cards (Shupe et al. 2005), for headers of images whose own
// projection may be a TPV.
#pragma once

#include "core/fits/header.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct SipOptions {
  int order = 5;  // the reference pipeline's
  // Pixels between the positions that the polynomials are fitted to; of images with an axis shorter than
  // `small` a tenth of that axis.
  double step = 100, small = 600;
  int inverse_grid = 60;  // positions per axis for the inverse polynomials
};

// CRVAL, CRPIX, CD, CTYPE, A_i_j, B_i_j, AP_i_j, BP_i_j, EQUINOX of the part of `full` inside `extent`. The
// polynomials are fitted over the whole image `full`, so that all its parts share them; CRVAL and CD are
// kept, which puts what a TPV adds to them into constant and linear terms (A_0_0, A_1_0, A_0_1; written where
// the projection is distorted).
fits::Header sip_cards(const Wcs& full, const Box& extent, const SipOptions& options = {});

}  // namespace brickline
