// Is a CCD where the CCD table says it is? The net under all that can go wrong between a header's cards and a
// position: a distortion that is not applied, a card misread, the table of another reduction, another CCD's
// HDU.
//
// The table knows a linear WCS (crval, crpix, cd) and the middle (ra, dec). Its linear WCS is the header's
// without its distortion (as survey tables are made) or fits the sky locally (as others are), and (ra, dec) is
// the middle with or without distortion; where either reading agrees with the header, the two agree.
#pragma once

#include <optional>
#include <string>

#include "core/wcs/wcs.h"

namespace brickline {

struct TableWcs {
  Wcs linear;            // of the full CCD
  SkyPosition centre{};  // (ra, dec)
};

// Whom to believe where a CCD's header and its row of the table disagree about what decides which light is measured: where it
// is, and in which band.
enum class CcdTrust {
  kNeither,  // an error that tells both
  kHeader,   // its WCS; the band is the table's, by which CCDs are chosen: an error
  kTable,    // its band, and its linear WCS, without distortion
};

struct WcsDifference {
  double centre_arcsec = 0;   // between the middles
  double corner_arcsec = 0;   // between those corners that are farthest apart
  double scale_ratio = 1;     // header's pixel scale over the table's
  bool other_parity = false;  // one is the mirror image of the other
};
WcsDifference wcs_difference(const Wcs& header, const TableWcs& table);

// Between those corners or middles of two images of one size that are farthest apart.
double farthest_arcsec(const Wcs& a, const Wcs& b);

struct WcsTolerance {
  double arcsec = 5;    // of middle and corners; real tables agree within 0.01
  double scale = 0.02;  // of the ratio
};
// What is worth a warning, though no more: sources would move by it.
inline constexpr WcsTolerance kNoticeable{.arcsec = 0.1, .scale = 0.005};

// In words, with both sides' numbers; empty where the two agree.
std::optional<std::string> wcs_disagreement(const Wcs& header, const TableWcs& table,
                                            const WcsTolerance& tolerance = {});

}  // namespace brickline
