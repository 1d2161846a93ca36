// A box of RA and Dec: the area that a brick has to itself.
#pragma once

namespace brickline {

// Degrees; half-open: ra1 <= ra < ra2, dec1 <= dec < dec2, but that a box up to the north pole holds the pole.
// ra1 > ra2 is a box across RA 0.
struct SkyBox {
  double ra1 = 0, ra2 = 360, dec1 = -90, dec2 = 90;

  bool contains(double ra, double dec) const {
    if (!(dec >= dec1 && (dec < dec2 || (dec2 >= 90 && dec <= 90)))) return false;
    return ra1 <= ra2 ? ra >= ra1 && ra < ra2 : ra >= ra1 || ra < ra2;
  }
};

}  // namespace brickline
