// What a header says of its projection: which of the known ones it is, and whether anything else stands there
// that would move a star and that this room does not apply.
//
// Known: TAN, TAN-SIP (Shupe et al. 2005), TPV (FITS registry of conventions; also SCAMP's older way to write
// it, a TAN with PV cards) and TNX (IRAF; FITS registry). Everything else is an Error (kInput) that names the
// card: other projections, lookup tables and distortion functions of the draft of Paper IV (CPDISj, CQDISi,
// DPj, DQi, D2IMDISj), plate solutions (AMDXm), equinoxes other than J2000, frames other than ICRS and FK5,
// a third axis that has a share in the first two.
#pragma once

#include <vector>

#include "core/wcs/wcs_cards.h"

namespace brickline {

// A PVi_m card: its axis, index and value.
struct ProjectionParameter {
  int axis = 0, index = 0;
  double value = 0;
};

struct Projection {
  enum class Kind { kTan, kSip, kTpv, kTnx };
  Kind kind = Kind::kTan;
  bool dec_first = false;  // CTYPE1 is the declination
  // kTpv: the polynomials' coefficients. Otherwise those that the FITS standard gives a tangent projection
  // (Calabretta & Greisen 2002, section 2.5): of the longitude axis, index 0 to 4.
  std::vector<ProjectionParameter> parameters;
};

Projection read_projection(const WcsCards& cards);

// Error (kInput) where an image's header says nothing of the frame of its positions and the primary header,
// whose cards it inherits, says FK4 or an equinox before 1984. Later ones may be the date of observation.
void refuse_inherited_frame(const fits::Header& image, const fits::Header& primary);

// The coefficients A_p_q (axis 1) and B_p_q (axis 2) of a SIP polynomial up to its order, whatever CTYPE
// says.
struct SipTerm {
  int p = 0, q = 0;
  double value = 0;
};
std::vector<SipTerm> sip_terms(const WcsCards& cards, int axis);

}  // namespace brickline
