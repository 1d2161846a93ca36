#include "core/blobs/joint_selection.h"

#include <algorithm>

namespace brickline {

std::optional<SourceKind> select_jointly(const ModelImprovements& improvement, const JointSelection& options,
                                         const JointEvidence& evidence) {
  using enum SourceKind;
  const JointMargins& margins = options.margins;
  const auto tried = [&](SourceKind k) { return improvement[dchisq_index(k)].has_value(); };
  const auto gain = [&](SourceKind k) { return improvement[dchisq_index(k)].value_or(0); };
  bool detected = false;
  for (const SourceKind k : kDchisqOrder)
    detected =
        detected || (tried(k) && gain(k) - options.penalties.penalty[dchisq_index(k)] >= margins.detection);
  if (!detected) return std::nullopt;

  std::optional<SourceKind> galaxy;
  if (tried(kRex)) galaxy = kRex;
  // Where no round galaxy is a legal result the star is what is simpler.
  const auto simpler = [&] { return galaxy.value_or(kPsf); };
  const auto exceeds = [&](double improved, double margin) {
    return improved > std::max(margin * evidence.excess, margins.fraction_of_galaxy * gain(simpler()));
  };
  const auto occam_over = [&](SourceKind more, SourceKind less) {
    const auto &of_more = evidence.occam[dchisq_index(more)], &of_less = evidence.occam[dchisq_index(less)];
    return of_more && of_less ? *of_less - *of_more : 0;
  };
  std::optional<SourceKind> ellipse;
  for (const SourceKind k : {kExp, kDev})
    if (tried(k) && (!ellipse || gain(k) > gain(*ellipse))) ellipse = k;
  // DEV has light where REX has none: left out, it would be taken for other sources. EXP is REX but for its ellipticity.
  if (ellipse == kDev &&
      gain(kDev) - gain(simpler()) > std::max(margins.ellipse, margins.fraction_of_galaxy * gain(simpler())))
    galaxy = kDev;
  if (ellipse == kExp &&
      exceeds(gain(kExp) - gain(simpler()), std::max(margins.ellipse, occam_over(kExp, simpler()))))
    galaxy = kExp;
  // Of a profile between the others, or beyond them, neither may do better than a round one.
  const double simplest = std::max(gain(simpler()), ellipse ? gain(*ellipse) : 0);
  if (tried(kSer) && exceeds(gain(kSer) - simplest, margins.sersic) &&
      exceeds(gain(kSer) - gain(simpler()), occam_over(kSer, simpler())))
    galaxy = kSer;
  if (!tried(kPsf)) return galaxy;
  const double hurdle = std::max(margins.galaxy, margins.fraction_of_star * gain(kPsf));
  if (galaxy && gain(*galaxy) - gain(kPsf) > hurdle) return galaxy;
  return kPsf;
}

}  // namespace brickline
