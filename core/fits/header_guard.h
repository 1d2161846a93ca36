// A look at an HDU's header before CFITSIO takes it in. Private to this room.
//
// CFITSIO 4.2 divides by the tile sizes of a compressed image when it comes to its HDU, also on the way to
// another: ZTILE1 = 0 ends the process. Nothing else can be asked before.
#pragma once

#include <fitsio.h>

namespace brickline::fits {

// Error (kInput), without the file, if the header that begins at byte `start` holds such a card. A header
// that is not there or never ends is CFITSIO's to refuse.
void check_divisors(fitsfile* file, LONGLONG start);

}  // namespace brickline::fits
