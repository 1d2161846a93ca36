// A look at an HDU's header before CFITSIO takes it in. Private to this room.
//
// CFITSIO 4.2 believes the cards that tell how an HDU is built: it divides by the tile sizes of a compressed image
// (ZTILE1 = 0 ends the process), allocates for as many columns as are told, and has little room for a text where a
// number belongs. It does so as soon as it comes to the HDU, also on the way to another; nothing else can be asked before.
#pragma once

#include <fitsio.h>

namespace brickline::fits {

// Error (kInput), without the file, if the header that begins at byte `start` holds such a card whose value is
// not of the kind and range that the standard gives it (FITS 4.0, sections 4.4, 7.3 and 10.1). A header that is
// not there or never ends is CFITSIO's to refuse.
void check_structure(fitsfile* file, LONGLONG start);

}  // namespace brickline::fits
