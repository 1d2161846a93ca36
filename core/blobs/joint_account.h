// What became of a source where sources are fitted together, and the figures that decided it. For people; no product
// depends on it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/blobs/joint_selection.h"

namespace brickline {

// By what its kind was chosen last; select_jointly() of it gives the choice again.
struct KindChoice {
  ModelImprovements counted;  // not of models that are no reason for a galaxy
  JointEvidence evidence;
  std::optional<SourceKind>
      no_more_than;  // with its neighbours free it was no more: kinds of more parameters do not count
  std::optional<ModelComparison>
      held;  // SER as it is over itself with the index of EXP or DEV, if that was asked
};

// Another kind, taken for the time being with its neighbours free: one of more parameters, that gained more than was asked,
// or a simpler one, that gained so little less that it was chosen.
struct FreeTrial {
  SourceKind from, to;
  double gained = 0, asked = 0;  // of chi-squared
};

// What chi-squared gained, or lost, by one source more or less, its neighbours free; more (less) than `asked` decided.
struct CountChange {
  double chi2 = 0, asked = 0;
};

enum class SourceFate : std::uint8_t {
  kStays,        // or is gone since no kind of it was good enough
  kDark,         // no band had flux above 0 with its neighbours at their best
  kSuperfluous,  // the others do as well without it: `other` has its light
  kTwo,          // it is two: those that were split from it
  kOneAgain,     // of two that one was split into the other has not stayed: the one is back
  kUnmeasured,   // nothing tells of its errors
};

struct JointAccount {
  std::optional<KindChoice> choice;
  std::vector<FreeTrial> trials;
  std::optional<double> composite_asked;  // of a bulge plus disk over the single model, if one was tried
  CountChange by_split;                   // of one of two that one was split into: what that gained
  SourceFate fate = SourceFate::kStays;
  int other = -1;       // index of a source; -1: none
  CountChange by_loss;  // of what is superfluous
  double excess = 1;    // of what it leaves in the end, over its pixels' errors
  // Of the models, in dchisq order, by which its errors count how far they differ; all 0: not worked out.
  std::array<double, kModelKinds> weights{};
};

}  // namespace brickline
