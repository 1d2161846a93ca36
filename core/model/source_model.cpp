#include "core/model/source_model.h"

#include <algorithm>
#include <cmath>

namespace brickline {

Ellipse to_ellipse(const SoftenedEllipse& s) {
  const double eta = std::hypot(s.ee1, s.ee2);
  const double e = 1 - std::exp(-eta);
  const double ratio = eta > 0 ? e / eta : 1;
  return {std::exp(s.log_re), s.ee1 * ratio, s.ee2 * ratio};
}

SoftenedEllipse to_softened(const Ellipse& e) {
  const double length = std::hypot(e.e1, e.e2);
  const double eta = -std::log1p(-std::min(length, 0.999999));
  const double ratio = length > 0 ? eta / length : 1;
  return {std::log(e.re), e.e1 * ratio, e.e2 * ratio};
}

SourceModel disk_of(const SourceModel& composite) {
  SourceModel out = composite;
  out.kind = SourceKind::kExp;
  out.bulge.reset();
  for (std::size_t b = 0; b < out.flux.size(); ++b) out.flux[b] *= 1 - composite.bulge->fraction[b];
  return out;
}

SourceModel bulge_of(const SourceModel& composite) {
  SourceModel out = composite;
  out.kind = SourceKind::kDev;
  out.shape = composite.bulge->shape;
  out.bulge.reset();
  for (std::size_t b = 0; b < out.flux.size(); ++b) out.flux[b] *= composite.bulge->fraction[b];
  return out;
}

SourceModel composite_of(const SourceModel& disk, const SourceModel& bulge) {
  SourceModel out = disk;
  out.kind = SourceKind::kComp;
  out.bulge = Bulge{bulge.shape, std::vector<double>(disk.flux.size(), 0.0)};
  for (std::size_t b = 0; b < out.flux.size(); ++b) {
    const double of_bulge = bulge.flux[b], of_disk = disk.flux[b];
    if (of_bulge > 0 && of_disk >= 0) {
      out.flux[b] = of_disk + of_bulge;
      out.bulge->fraction[b] = of_bulge / out.flux[b];
    } else if (of_bulge > 0) {
      out.flux[b] = of_bulge;
      out.bulge->fraction[b] = 1;
    }
  }
  return out;
}

}  // namespace brickline
