#include "core/blobs/select_model.h"

#include <algorithm>

namespace brickline {

std::optional<SourceKind> select_model(const ModelImprovements& improvement,
                                       const SelectionOptions& options) {
  const auto tried = [&](SourceKind k) { return improvement[dchisq_index(k)].has_value(); };
  // What was not tried improves nothing.
  const auto gain = [&](SourceKind k) { return improvement[dchisq_index(k)].value_or(0); };
  const auto net = [&](SourceKind k) { return gain(k) - options.penalty[dchisq_index(k)]; };
  using enum SourceKind;

  std::optional<double> best;
  for (const SourceKind k : kDchisqOrder)
    if (tried(k)) best = std::max(best.value_or(net(k)), net(k));
  if (!best || *best < options.detection) return std::nullopt;
  const bool galaxy_tried = tried(kDev) || tried(kExp) || tried(kSer);
  if (!galaxy_tried && !tried(kRex)) return kPsf;

  std::optional<SourceKind> chosen;
  if (tried(kPsf) && net(kPsf) >= net(kRex)) {
    chosen = kPsf;
  } else if (tried(kRex) && net(kRex) > net(kPsf)) {
    chosen = kRex;
    // A star is never modelled perfectly; a gain that small does not make it extended.
    if (gain(kPsf) > 0 && gain(kRex) - gain(kPsf) < options.fractional_margin * gain(kPsf)) {
      chosen.reset();
      if (net(kPsf) >= options.detection) chosen = kPsf;
    }
  }
  if (!galaxy_tried) return chosen;

  const double base = chosen ? gain(*chosen) : 0;
  const double hurdle = std::max(options.galaxy_margin, options.fractional_margin * gain(kPsf));
  if (gain(kDev) > gain(kExp)) {
    if (tried(kDev) && gain(kDev) - base > hurdle) chosen = kDev;
  } else if (tried(kExp)) {
    const double over = gain(kExp) - base;
    if (tried(kSer) ? over >= hurdle : over > hurdle) chosen = kExp;
  }
  if (tried(kSer) && gain(kSer) - (chosen ? gain(*chosen) : 0) >= options.sersic_margin) chosen = kSer;
  return chosen;
}

}  // namespace brickline
