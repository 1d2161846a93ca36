// The choice between a source's models where its neighbours were fitted together with it, and where the area that it
// is fitted on grows with it: what is left of the reference's margins (select_model.h) is what keeps stars stars.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "core/blobs/galaxy_prior.h"
#include "core/blobs/select_model.h"

namespace brickline {

// Improvements of chi-squared that a model must have over a simpler one. Without a true difference the improvement is
// distributed as chi-squared of as many degrees of freedom as there are further parameters: of 9 exceeds 1.1 % of
// sources (2 further parameters) or 0.3 % (1). Between a star and a round galaxy it is the odds that decide (galaxy_prior.h):
// what is taken for a star has too little flux if it is a galaxy, and what is taken for a galaxy too much if it is a star.
struct JointMargins {
  double detection = 25;            // over no source and the penalties of SelectionOptions
  double galaxy = 1;                // of any galaxy over a star, where there are no odds
  double fraction_of_star = 0.004;  // and at least this share of what the star gains: no PSF is perfect
  double ellipse = 9;               // of EXP or DEV over REX
  double sersic = 9;                // of SER over the better of EXP and DEV
  double composite =
      25;  // of COMP over what was chosen without it (5 parameters more than SER in three bands)
  // And at least this share of the gain: no single galaxy has exactly the profile that it is drawn with. On simulations of
  // one profile four in a thousand gain more, of true bulges and disks of S/N > 75 ninety-seven in a hundred do.
  double fraction_of_composite = 2e-4;
  // And an ellipse, or SER, at least this share of the gain: no PSF is as round as it is drawn, no profile to half a percent,
  // no sky exact under a bright galaxy's wings.
  double fraction_of_galaxy = 3e-5;
};

// Which galaxies are tried as a bulge plus disk.
enum class CompositeTrials {
  kNone,
  kSersic,  // bright ones to which the data give an index of their own: what has the profile of a disk, or of a bulge, is one
  kAll
};

struct JointSelection {
  JointMargins margins;
  SelectionOptions penalties;
  GalaxyPrior prior;
  // Radii, ln arcsec, that a source that was no galaxy before is started from as one.
  std::vector<double> start_log_re = {-1, 0.5};
  double least_re_arcsec = 0.05;  // smaller ones have nothing but their wings to show: they are no galaxies
  int searches = 2;               // for sources in what the joint fits leave, at most
  // Those that gain so much over no source; no fainter ones show both.
  CompositeTrials composites = CompositeTrials::kSersic;
  double least_composite_gain = 1000, least_composite_gain_of_sersic = 5000;
  int rounds = 6;                              // of those searches and of splitting sources, at most
  double model_share_of_later_rounds = 0.005;  // as BlobFitOptions::iterative_model_share

  // Galaxies with radii between these are tried as two round sources that detection could not tell apart; chi-squared must
  // gain this much over a round galaxy (6 parameters more) or over another, which has gained `ellipse` over a round one
  // (4 parameters more), both times the excess of the residuals. On simulations nine in ten of what gains so much are two
  // sources or more. Any galaxy may also be itself and a point source in what it leaves, which must gain as much as any
  // source that is found (margins.detection and its penalty).
  double least_split_re_arcsec = 0.25, most_split_re_arcsec = 2;
  double split_gain_of_round = 24, split_gain = 15;
  double least_separation_arcsec =
      0.5;  // of the two: nearer, they are one source of a profile that is not tried

  // How often all pixels of a blob, and those of every source that it starts with, may be drawn in its joint fit: beyond
  // that nothing is searched, split or chosen again but for what has no kind yet, and what is there is brought to its best.
  // Counted, not timed, so that results depend on no machine, and kept with the steps of the fit, so that a resume counts
  // the same. Counted are the pixels of every model, and of each of its derivatives, that any fit draws, also in trials of
  // which nothing comes; not what is drawn besides to be subtracted or judged, nor detection. Where hundreds of stars per
  // square arcminute overlap a fit takes some 2,500, of a hundred bright stars with galaxies beside them, all one blob, 8,000.
  double most_steps = 10000;

  // Overlap: the correlation of two models as drawn, weighted. Larger groups are fitted in overlapping parts.
  double least_overlap = 2e-3;
  int largest_group = 24;
  int sweeps = 6;                                                    // over the parts, at most
  double position_box_arcsec = 1.5, max_step_position_arcsec = 0.5;  // of one joint fit
};

// What there is beside the improvements.
struct JointEvidence {
  double excess = 1;  // by which residuals, and so improvements, are larger than errors say
  ModelImprovements
      occam;  // 2 ln of Occam's factor of each galaxy's model (model_evidence.h); empty: not worked out
  // 2 ln of the odds of REX over PSF (model_evidence.h) but for how much better either fits; empty: not worked out.
  std::optional<double> odds_of_round;
};

// What chi-squared must gain: a margin, more where residuals are larger than their errors say; and at least a share of what
// there was to gain, which stands for why they are and grows no further.
constexpr double asked_gain(double margin, double excess, double share) {
  return std::max(margin * excess, share);
}

// A model over a simpler one: taken if its improvement is beyond what is asked.
struct ModelComparison {
  SourceKind more, less;
  double gained = 0;  // by which `more` improves chi-squared more than `less`
  double margin = 0;  // of JointMargins
  double occam = 0;   // by which 2 ln of Occam's factor is larger for `less`
  double excess = 1;  // by which the greater of those two is multiplied
  double share = 0;   // and at least this is asked, a share of the gain of `less`
  // JointEvidence::odds_of_round: what is asked is then that share and what makes the odds even, and may be below 0.
  std::optional<double> odds = {};
  double asked() const {
    return odds ? share - *odds * excess : asked_gain(std::max(margin, occam), excess, share);
  }
  bool is_beyond() const { return gained > asked(); }
};

// REX over PSF must have the greater odds: by how much better it fits, its evidence, and how many galaxies there are per star
// as faint as that; of what the star gains a share, which may be the PSF's error, does not count for it.
// EXP over REX, and SER over what else is best, must have the greater evidence (improvement/excess plus 2 ln of Occam's
// factor), and an improvement beyond the margins: so small a one is as often a neighbour's. The better a shape is measured
// the more is asked for: of EXP over REX some 15 at S/N 200, of SER over EXP as much at S/N 400. Empty: no source.
// `comparisons`: what was compared on the way, in order; a galaxy's with the star last.
std::optional<SourceKind> select_jointly(const ModelImprovements& improvement, const JointSelection& options,
                                         const JointEvidence& evidence = {},
                                         std::vector<ModelComparison>* comparisons = nullptr);

}  // namespace brickline
