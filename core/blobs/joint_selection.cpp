#include "core/blobs/joint_selection.h"

#include <algorithm>

namespace brickline {

std::optional<SourceKind> select_jointly(const ModelImprovements& improvement, const JointSelection& options,
                                         const JointEvidence& evidence,
                                         std::vector<ModelComparison>* comparisons) {
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
  const auto is_beyond = [&](const ModelComparison& c) {
    if (comparisons) comparisons->push_back(c);
    return c.is_beyond();
  };
  const auto occam_over = [&](SourceKind more, SourceKind less) {
    const auto &of_more = evidence.occam[dchisq_index(more)], &of_less = evidence.occam[dchisq_index(less)];
    return of_more && of_less ? *of_less - *of_more : 0;
  };
  std::optional<SourceKind> ellipse;
  for (const SourceKind k : {kExp, kDev})
    if (tried(k) && (!ellipse || gain(k) > gain(*ellipse))) ellipse = k;
  // DEV has light where REX has none: left out, it would be taken for other sources. EXP is REX but for its ellipticity.
  if (ellipse) {
    const SourceKind less = simpler();
    const bool asks_more = ellipse == kExp;
    if (is_beyond({*ellipse, less, gain(*ellipse) - gain(less), margins.ellipse,
                   asks_more ? occam_over(kExp, less) : 0, asks_more ? evidence.excess : 1,
                   margins.fraction_of_galaxy * gain(less)}))
      galaxy = ellipse;
  }
  // Of a profile between the others, or beyond them, neither may do better than a round one.
  if (tried(kSer)) {
    const SourceKind less = simpler(), best = ellipse && gain(*ellipse) > gain(less) ? *ellipse : less;
    const double share = margins.fraction_of_galaxy * gain(less);
    if (is_beyond({kSer, best, gain(kSer) - gain(best), margins.sersic, 0, evidence.excess, share}) &&
        is_beyond({kSer, less, gain(kSer) - gain(less), 0, occam_over(kSer, less), evidence.excess, share}))
      galaxy = kSer;
  }
  if (!tried(kPsf)) return galaxy;
  // A galaxy of another kind has gained over REX what it had to.
  if (galaxy && is_beyond({*galaxy, kPsf, gain(*galaxy) - gain(kPsf), margins.galaxy, 0,
                           evidence.odds_of_round ? evidence.excess : 1,
                           margins.fraction_of_star * gain(kPsf), evidence.odds_of_round}))
    return galaxy;
  return kPsf;
}

}  // namespace brickline
