#include "core/blobs/joint_selection.h"

#include <algorithm>

namespace brickline {

std::optional<SourceKind> select_jointly(const ModelImprovements& improvement,
                                         const JointSelection& options) {
  using enum SourceKind;
  const JointMargins& margins = options.margins;
  const auto tried = [&](SourceKind k) { return improvement[dchisq_index(k)].has_value(); };
  const auto gain = [&](SourceKind k) { return improvement[dchisq_index(k)].value_or(0); };
  bool detected = false;
  for (const SourceKind k : kDchisqOrder)
    detected =
        detected || (tried(k) && gain(k) - options.penalties.penalty[dchisq_index(k)] >= margins.detection);
  if (!detected) return std::nullopt;

  const auto at_least = [&](double margin, SourceKind over) {
    return std::max(margin, margins.fraction_of_galaxy * gain(over));
  };
  std::optional<SourceKind> galaxy;
  if (tried(kRex)) galaxy = kRex;
  // Where no round galaxy is a legal result the star is what is simpler.
  const auto simpler = [&] { return galaxy.value_or(kPsf); };
  std::optional<SourceKind> ellipse;
  for (const SourceKind k : {kExp, kDev})
    if (tried(k) && (!ellipse || gain(k) > gain(*ellipse))) ellipse = k;
  if (ellipse && gain(*ellipse) - gain(simpler()) > at_least(margins.ellipse, simpler())) galaxy = ellipse;
  // Of a profile between the others, or beyond them, neither may do better than a round one.
  const double simplest = std::max(gain(simpler()), ellipse ? gain(*ellipse) : 0);
  if (tried(kSer) && gain(kSer) - simplest > at_least(margins.sersic, simpler())) galaxy = kSer;
  if (!tried(kPsf)) return galaxy;
  const double hurdle = std::max(margins.galaxy, margins.fraction_of_star * gain(kPsf));
  if (galaxy && gain(*galaxy) - gain(kPsf) > hurdle) return galaxy;
  return kPsf;
}

}  // namespace brickline
