// The choice between a source's models, as a pure function of how much each improves chi-squared.
//
// Every model is charged its number of position and shape parameters (fluxes are common to all): PSF 2, REX
// 3, DEV and EXP 5, SER 6. A galaxy model must beat the simpler ones by a margin, and a star of great S/N by
// one per cent, since no PSF model is perfect. The rules are those of the released catalogs.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/base/error.h"
#include "core/model/source_model.h"

namespace brickline {

// Place of a kind in the catalog's `dchisq`: psf, rex, dev, exp, ser.
inline constexpr int kModelKinds = 5;
inline constexpr std::array<SourceKind, kModelKinds> kDchisqOrder = {
    SourceKind::kPsf, SourceKind::kRex, SourceKind::kDev, SourceKind::kExp, SourceKind::kSer};
constexpr std::size_t dchisq_index(SourceKind kind) {
  switch (kind) {
    case SourceKind::kPsf:
      return 0;
    case SourceKind::kRex:
      return 1;
    case SourceKind::kDev:
      return 2;
    case SourceKind::kExp:
      return 3;
    case SourceKind::kSer:
      return 4;
    case SourceKind::kComp:
      break;
  }
  throw internal_error("a composite galaxy is no model of the ladder");
}

// chi-squared of no source less that of the model, in dchisq order; empty: not tried, or not a legal result.
using ModelImprovements = std::array<std::optional<double>, kModelKinds>;

struct SelectionOptions {
  std::array<double, kModelKinds> penalty = {2, 3, 5, 5, 6};
  double detection = 25;            // improvement less penalty below which there is no source (5 sigma)
  double galaxy_margin = 12;        // 3 sigma squared and the difference of the parameters' numbers
  double fractional_margin = 0.01;  // of the PSF's improvement
  double sersic_margin = 25;
};

// Empty: no source.
std::optional<SourceKind> select_model(const ModelImprovements& improvement,
                                       const SelectionOptions& options = {});

}  // namespace brickline
