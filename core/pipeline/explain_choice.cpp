// The words about one source: where it came from, why it is what it is, and what became of it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/pipeline/explain_page.h"

namespace brickline {
namespace {

double gain_of(const SourceAccount& s, SourceKind k) {
  const ModelFit& m = s.models[dchisq_index(k)];
  return m.status == ModelFitStatus::kFitted ? m.dchisq : 0.0;
}

bool was_tried(const SourceAccount& s, SourceKind k) {
  return s.models[dchisq_index(k)].status != ModelFitStatus::kNotTried;
}

bool any_tried(const SourceAccount& s) {
  return std::ranges::any_of(kDchisqOrder, [&](SourceKind k) { return was_tried(s, k); });
}

// What galaxies were tried for, if not all.
std::string what_was_tried(const SourceAccount& s, const ExplainContext& context) {
  using enum SourceKind;
  const double rex = gain_of(s, kRex) - gain_of(s, kPsf);
  if (!was_tried(s, kRex)) return "Only a point source was allowed. ";
  if (was_tried(s, kExp)) return fmt::format("REX gains {:.2f} over PSF. ", rex);
  return fmt::format(
      "REX gains {:.2f} over PSF, not more than {:g}, and neither exceeds {:g}: no galaxy model was "
      "tried. ",
      rex, context.rex_gain, context.always_try_galaxies);
}

// That none was good enough; empty: one was.
std::string not_detected(double best, double detection) {
  if (best >= detection) return {};
  if (!std::isfinite(best)) return "No model of it was usable.";
  return fmt::format(
      "The best model improves chi&sup2; by {:.2f} after its penalty; {:g} would make it a detection.", best,
      detection);
}

// By the reference's rule (select_model()).
std::string choice_alone(const SourceAccount& s, const ExplainContext& context) {
  using enum SourceKind;
  const SelectionOptions& rule = context.selection;
  const auto gain = [&](SourceKind k) { return gain_of(s, k); };
  double best = -INFINITY;
  for (int k = 0; k < kModelKinds; ++k)
    if (s.models[k].status == ModelFitStatus::kFitted)
      best = std::max(best, s.models[k].dchisq - rule.penalty[k]);
  if (std::string none = not_detected(best, rule.detection); !none.empty()) return none;
  if (!s.chosen) return "None of the models passes the margins between them.";
  const double psf = gain(kPsf), rex = gain(kRex);
  std::string out = what_was_tried(s, context);
  if (was_tried(s, kRex) && was_tried(s, kExp))
    out += fmt::format(
        "A galaxy model must gain more than {:.2f} over the better of the two: DEV gains {:.2f}, EXP "
        "{:.2f}. ",
        std::max(rule.galaxy_margin, rule.fractional_margin * psf), gain(kDev) - std::max(psf, rex),
        gain(kExp) - std::max(psf, rex));
  if (s.models[dchisq_index(kSer)].status == ModelFitStatus::kFitted)
    out += fmt::format("SER gains {:.2f} over the better of those; {:g} are asked for. ",
                       gain(kSer) - std::max(gain(kDev), gain(kExp)), rule.sersic_margin);
  return out + fmt::format("Chosen: {}.", kind_name(*s.chosen));
}

// Where what is asked comes from.
std::string reason_of(const ModelComparison& c) {
  if (c.odds)
    return fmt::format(
        "a share of what {} gains, {:.2f}, less 2 ln of the odds of a galaxy before fits are compared, {:.2f}: how common "
        "galaxies and stars of its light are, Occam's factor, how usual its radius is{}",
        kind_name(c.less), c.share, *c.odds,
        c.excess != 1 ? fmt::format(", times the excess, {:.2f}", c.excess) : "");
  const double own = std::max(c.margin, c.occam);
  if (!(own * c.excess >= c.share)) return fmt::format("a share of what {} gains", kind_name(c.less));
  std::string out = c.occam > c.margin ? fmt::format("Occam's factor, {:.2f}", c.occam)
                                       : fmt::format("the margin, {:g}", c.margin);
  if (c.excess != 1) out += fmt::format(", times the excess, {:.2f}", c.excess);
  return out;
}

std::string sentence_of(const ModelComparison& c) {
  return fmt::format("{} gains {:.2f} over {}; more than {:.2f} is asked for ({}): {}.<br>\n",
                     kind_name(c.more), c.gained, kind_name(c.less), c.asked(), reason_of(c),
                     c.is_beyond() ? "enough" : "not enough");
}

// Why a model that was fitted is no reason for a galaxy.
std::string does_not_count(const SourceAccount& s, const JointSelection& rule) {
  std::string out;
  for (const SourceKind k : kDchisqOrder) {
    const ModelFit& m = s.models[dchisq_index(k)];
    if (m.status != ModelFitStatus::kFitted || s.told.choice->counted[dchisq_index(k)]) continue;
    const auto& most = s.told.choice->no_more_than;
    const auto& parameters = rule.penalties.penalty;
    if (std::exp(m.model.shape.log_re) < rule.least_re_arcsec)
      out += fmt::format("{} does not count: less than {:g}&Prime; large, it is a point. ", kind_name(k),
                         rule.least_re_arcsec);
    else if (most && parameters[dchisq_index(k)] > parameters[dchisq_index(*most)])
      out += fmt::format("{} does not count: with its neighbours free it was no more than {}. ", kind_name(k),
                         kind_name(*most));
    else
      out += fmt::format("{} does not count: it is at the largest radius or index that it may have. ",
                         kind_name(k));
  }
  return out;
}

// By the rule of sources that are fitted together.
std::string choice_together(const SourceAccount& s, const ExplainContext& context) {
  using enum SourceKind;
  const JointSelection& rule = *context.joint;
  const KindChoice& choice = *s.told.choice;
  double best = -INFINITY;
  for (int k = 0; k < kModelKinds; ++k)
    if (choice.counted[k]) best = std::max(best, *choice.counted[k] - rule.penalties.penalty[k]);
  std::string out;
  if (std::string none = not_detected(best, rule.margins.detection); !none.empty())
    return does_not_count(s, rule) + none;
  if (!was_tried(s, kRex) || !was_tried(s, kExp)) out += what_was_tried(s, context);
  out += does_not_count(s, rule);
  std::vector<ModelComparison> comparisons;
  select_jointly(choice.counted, rule, choice.evidence, &comparisons);
  for (const ModelComparison& c : comparisons) out += sentence_of(c);
  if (choice.held)
    out += fmt::format(
        "With the index of {} and otherwise as it is, SER gains {:.2f} less; more than {:.2f} is asked for "
        "({}): {}.<br>\n",
        kind_name(choice.held->less), choice.held->gained, choice.held->asked(), reason_of(*choice.held),
        choice.held->is_beyond() ? "it stays SER" : "it has that name");
  if (!s.chosen) return out + "None of the models passes the margins between them.";
  out += fmt::format("Chosen: {}.", kind_name(*s.chosen));
  if (s.composite_gain > 0)
    out +=
        fmt::format(" A bulge plus disk gains {:.2f} over it, more than the {:.2f} that are asked for: COMP.",
                    s.composite_gain, s.told.composite_asked.value_or(0));
  else if (s.told.composite_asked)
    out += fmt::format(" A bulge plus disk does not gain the {:.2f} over it that are asked for.",
                       *s.told.composite_asked);
  return out;
}

std::string link_to(int source) { return fmt::format("<a href=\"#s{0}\">source {0}</a>", source + 1); }

}  // namespace

std::string explain_choice(const SourceAccount& s, const ExplainContext& context) {
  if (!any_tried(s))
    return "No model was tried: no unmasked pixel is its own, or it had left the blob before.";
  std::string out = context.joint && s.told.choice ? choice_together(s, context) : choice_alone(s, context);
  if (context.joint && !s.told.choice)
    out += s.from_catalog ? " It was not chosen again beside its neighbours: its catalog says what it is."
                          : " It was not chosen again beside its neighbours.";
  for (const FreeTrial& t : s.told.trials)
    if (t.gained <= t.asked)
      out += fmt::format(
          " With its neighbours free, {} was not enough better than {}: {:.2f}; what it gained beside them held may be "
          "theirs.",
          kind_name(t.from), kind_name(t.to), -t.gained);
    else
      out += fmt::format(
          " With its neighbours free, {} gained {:.2f} over {}, more than the {:.2f} that made it worth choosing "
          "again.",
          kind_name(t.to), t.gained, kind_name(t.from), t.asked);
  if (s.chosen && s.kept && s.last.kind != *s.chosen && !s.last.is_composite())
    out +=
        fmt::format(" In the end it is {}: its kind could not be chosen once more.", kind_name(s.last.kind));
  std::string weights;
  for (std::size_t k = 0; k < s.told.weights.size(); ++k)
    if (constexpr double kLeast = 0.005; s.told.weights[k] > kLeast)
      weights += fmt::format("{}{} {:.2f}", weights.empty() ? "" : ", ", kind_name(kDchisqOrder[k]),
                             s.told.weights[k]);
  if (!weights.empty())
    out += fmt::format(" Weights of the models, by which errors count how far they differ: {}.", weights);
  return out;
}

std::string explain_origin(const BlobAccount& account, std::size_t i) {
  const SourceAccount& s = account.sources[i];
  if (s.split_from >= 0)
    return fmt::format(
        "One of two that {} was split into: with its neighbours free that gained {:.2f}, more than the {:.2f} "
        "that are asked for,",
        link_to(s.split_from), s.told.by_split.chi2, s.told.by_split.asked);
  if (s.source < 0) return "Found in what the first fits left";
  return s.from_catalog ? "From a reference catalog" : "Found in the detection maps";
}

std::string explain_fate(const BlobAccount& account, std::size_t i) {
  const SourceAccount& s = account.sources[i];
  switch (s.told.fate) {
    case SourceFate::kStays:
      return {};
    case SourceFate::kDark:
      return "It is gone: with its neighbours at their best no band had flux above 0.";
    case SourceFate::kSuperfluous:
      return fmt::format(
          "It is gone: without it, its neighbours free, chi&sup2; is larger by {:.2f} only, less than the {:.2f} "
          "that two must gain over one. {} has its light.",
          s.told.by_loss.chi2, s.told.by_loss.asked, link_to(s.told.other));
    case SourceFate::kTwo: {
      std::string two;
      for (std::size_t k = 0; k < account.sources.size(); ++k)
        if (account.sources[k].split_from == static_cast<int>(i))
          two += (two.empty() ? "" : " and ") + link_to(static_cast<int>(k));
      return fmt::format("It is two: {}.", two);
    }
    case SourceFate::kOneAgain:
      return fmt::format("It is gone: the other of the two has not stayed, and {} is one again.",
                         link_to(s.split_from));
    case SourceFate::kUnmeasured:
      return "It is gone: no pixel tells of its errors.";
  }
  return {};
}

std::string explain_neighbours(const SourceAccount& s) {
  if (s.neighbours.empty()) return {};
  std::string out = "Fitted together with ";
  for (std::size_t k = 0; k < s.neighbours.size(); ++k)
    out += fmt::format("{}{} (overlap {:.2f})", k == 0 ? "" : ", ", link_to(s.neighbours[k].source),
                       s.neighbours[k].overlap);
  return out + ".";
}

}  // namespace brickline
