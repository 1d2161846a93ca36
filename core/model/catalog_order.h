// The order of a catalog's sources.
#pragma once

namespace brickline {

// What a source's place in the catalog follows from, best first: in the image before outside, fitted before
// merely listed, then by RA and Dec. Of equals the one that came first stays first (std::stable_sort).
struct CatalogPlace {
  bool in_bounds = false, regular = false;
  double ra = 0, dec = 0;

  friend bool operator<(const CatalogPlace& a, const CatalogPlace& b) {
    if (a.in_bounds != b.in_bounds) return a.in_bounds;
    if (a.regular != b.regular) return a.regular;
    if (a.ra != b.ra) return a.ra < b.ra;
    return a.dec < b.dec;
  }
};

}  // namespace brickline
