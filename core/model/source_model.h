// A source as a value: what kind of light profile, where, how bright, of what shape.
//
// Fluxes are nanomaggies (AB magnitude 22.5 = 1) in the order of the run's bands. Shapes are kept in the
// softened form that is fitted: ln(r_e / arcsec) of the major axis and (ee1, ee2) with eta = |(ee1, ee2)|, e
// = 1 - exp(-eta), axis ratio q = (1-e)/(1+e), position angle (east of north) = atan2(ee2, ee1)/2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace brickline {

// kComp: a composite galaxy, an exponential disk and a de Vaucouleurs bulge at one centre.
enum class SourceKind : std::uint8_t { kPsf, kRex, kExp, kDev, kSer, kComp };
inline constexpr std::array kSourceKinds = {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp,
                                            SourceKind::kDev, SourceKind::kSer, SourceKind::kComp};

// The catalog's name of a kind: "PSF", "REX", "EXP", "DEV", "SER", "COMP".
constexpr std::string_view kind_name(SourceKind kind) {
  switch (kind) {
    case SourceKind::kPsf:
      return "PSF";
    case SourceKind::kRex:
      return "REX";
    case SourceKind::kExp:
      return "EXP";
    case SourceKind::kDev:
      return "DEV";
    case SourceKind::kSer:
      return "SER";
    case SourceKind::kComp:
      return "COMP";
  }
  return "?";
}

// Motion of a reference star: milliarcsec/year (pmra includes cos dec), milliarcsec, Julian year.
struct SkyMotion {
  double pmra = 0, pmdec = 0, parallax = 0, ref_epoch = 2015.5;
};

struct SoftenedEllipse {
  double log_re = 0;        // ln(arcsec)
  double ee1 = 0, ee2 = 0;  // 0 for REX
};

// The catalog's form: r_e in arcsec (major axis), e1, e2 with e = |(e1, e2)|, q = (1-e)/(1+e).
struct Ellipse {
  double re = 0, e1 = 0, e2 = 0;
};
Ellipse to_ellipse(const SoftenedEllipse& s);
SoftenedEllipse to_softened(const Ellipse& e);

// The de Vaucouleurs profile of a composite galaxy.
struct Bulge {
  SoftenedEllipse shape;
  std::vector<double> fraction;  // of the galaxy's flux, per band; 0 to 1
};

struct SourceModel {
  SourceKind kind = SourceKind::kPsf;
  double ra = 0, dec = 0;           // degrees, at motion->ref_epoch if there is one
  std::optional<SkyMotion> motion;  // of a reference star, whose position is not fitted
  std::vector<double> flux;         // nanomaggies per band
  SoftenedEllipse shape;            // of galaxies; of COMP the disk's
  std::optional<Bulge> bulge;       // of COMP, which always has one
  double sersic_index = 4;          // of SER
  double max_log_re = 0;            // upper bound of shape.log_re while fitting; 0: the kind's default

  bool is_galaxy() const { return kind != SourceKind::kPsf; }
  bool is_composite() const { return kind == SourceKind::kComp; }
};

// The two components of a composite galaxy as galaxies of their own (EXP, DEV), and the galaxy that two make: at the
// disk's place. Where the fluxes of a band are not both positive, the component that is below 0 is left out; where both
// are, the bulge.
SourceModel disk_of(const SourceModel& composite);
SourceModel bulge_of(const SourceModel& composite);
SourceModel composite_of(const SourceModel& disk, const SourceModel& bulge);

}  // namespace brickline
