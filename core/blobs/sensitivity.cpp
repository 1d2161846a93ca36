#include "core/blobs/sensitivity.h"

#include <algorithm>
#include <cmath>

namespace brickline {
namespace {

constexpr int kRows = 2;  // models are smooth: every second row is enough

Box around(const Box& a, const Box& b) {
  if (a.empty()) return b;
  return {std::min(a.x0, b.x0), std::max(a.x1, b.x1), std::min(a.y0, b.y0), std::max(a.y1, b.y1)};
}

double ratio(double squared, double by) { return by > 0 ? squared / by : 0; }

}  // namespace

// each(x, y, w^2, u of the flux, u of the others)
template <class Each>
void Sensitivity::for_each_pixel(const BlobImage& image, const View& v, const Patch& own, const Box& box,
                                 Each&& each) const {
  const int width = own.pixels.width(), height = own.pixels.height();
  for (int y = box.y0 + (box.y0 & 1); y < box.y1; y += kRows) {
    const int row = y - own.y0;
    const float* here = own.pixels.row(row);
    const float* below = own.pixels.row(std::max(row - 1, 0));
    const float* above = own.pixels.row(std::min(row + 1, height - 1));
    const float* e = image.inverse_error.row(y);
    for (int x = box.x0; x < box.x1; ++x) {
      if (!(e[x] > 0)) continue;
      const int at = x - own.x0;
      const double by_x = 0.5 * (here[std::min(at + 1, width - 1)] - here[std::max(at - 1, 0)]),
                   by_y = 0.5 * (above[at] - below[at]);
      std::array<double, kOthers> u;
      u[0] = v.to_pixel[0] * by_x + v.to_pixel[2] * by_y;
      u[1] = v.to_pixel[1] * by_x + v.to_pixel[3] * by_y;
      if (others_ > 2) {
        const double dx = x - v.x, dy = y - v.y, east = v.to_sky[0] * dx + v.to_sky[1] * dy,
                     north = v.to_sky[2] * dx + v.to_sky[3] * dy;
        u[2] = here[at] + east * u[0] + north * u[1];
        u[3] = east * u[0] - north * u[1];
        u[4] = east * u[1] + north * u[0];
      }
      each(x, y, static_cast<double>(e[x]) * e[x], static_cast<double>(here[at]), u);
    }
  }
}

Sensitivity::Sensitivity(const BlobImages& images, const SourceModel& source, const SourcePatches& own)
    : source_(source),
      first_(source.motion ? 2 : 0),
      others_(!source.is_galaxy()               ? 2
              : source.kind == SourceKind::kRex ? 3
                                                : kOthers) {
  for (std::size_t i = 0; i < images.images().size(); ++i) {
    const BlobImage& image = images.images()[i];
    views_.emplace_back();
    flux_.resize(std::max(flux_.size(), static_cast<std::size_t>(image.band) + 1), 0.0);
    const auto at = images.place(source, image);
    if (i >= own.size() || !own[i] || !at) continue;
    View& v = views_.back();
    constexpr double kArcsec = 3600;
    const CdMatrix cd = image.wcs.cd();
    const double determinant = (cd[0] * cd[3] - cd[1] * cd[2]) * kArcsec;
    v.x = at->x;
    v.y = at->y;
    for (int k = 0; k < 4; ++k) v.to_sky[k] = cd[static_cast<std::size_t>(k)] * kArcsec;
    v.to_pixel[0] = cd[3] / determinant;
    v.to_pixel[1] = -cd[1] / determinant;
    v.to_pixel[2] = -cd[2] / determinant;
    v.to_pixel[3] = cd[0] / determinant;
    double& flux = flux_[static_cast<std::size_t>(image.band)];
    for_each_pixel(image, v, *own[i], intersection(own[i]->box(), image.data.box()),
                   [&](int, int, double w2, double p, const std::array<double, kOthers>& u) {
                     flux += w2 * p * p;
                     for (int k = first_; k < others_; ++k)
                       other_[static_cast<std::size_t>(k)] +=
                           w2 * u[static_cast<std::size_t>(k)] * u[static_cast<std::size_t>(k)];
                   });
  }
}

double Sensitivity::felt(const BlobImages& images, const SourcePatches& own, const SourcePatches& added,
                         bool with_fluxes) const {
  std::vector<double> flux(flux_.size(), 0.0);
  std::array<double, kOthers> other{};
  for (std::size_t i = 0; i < std::min(own.size(), added.size()); ++i) {
    if (!own[i] || !added[i]) continue;
    const BlobImage& image = images.images()[i];
    const Patch& c = *added[i];
    const Box box = intersection(intersection(own[i]->box(), c.box()), image.data.box());
    if (box.empty()) continue;
    double& of_flux = flux[static_cast<std::size_t>(image.band)];
    for_each_pixel(image, views_[i], *own[i], box,
                   [&](int x, int y, double w2, double p, const std::array<double, kOthers>& u) {
                     const double more = w2 * c.pixels(x - c.x0, y - c.y0);
                     of_flux += more * p;
                     for (int k = first_; k < others_; ++k)
                       other[static_cast<std::size_t>(k)] += more * u[static_cast<std::size_t>(k)];
                   });
  }
  double sum = 0;
  for (std::size_t b = 0; with_fluxes && b < flux.size(); ++b) sum += ratio(flux[b] * flux[b], flux_[b]);
  for (std::size_t k = 0; k < other.size(); ++k) sum += ratio(other[k] * other[k], other_[k]);
  return std::sqrt(kRows * sum);
}

SourcePatches light_added(std::span<const SourcePatches* const> from,
                          std::span<const SourcePatches* const> to) {
  std::vector<Box> boxes;
  const auto extend = [&](const SourcePatches& patches) {
    boxes.resize(std::max(boxes.size(), patches.size()));
    for (std::size_t i = 0; i < patches.size(); ++i)
      if (patches[i]) boxes[i] = around(boxes[i], patches[i]->box());
  };
  for (const SourcePatches* p : from) extend(*p);
  for (const SourcePatches* p : to) extend(*p);
  SourcePatches out(boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i].empty()) continue;
    Image<float> sum(boxes[i].width(), boxes[i].height());
    const auto add = [&](const SourcePatches& patches, float factor) {
      if (i >= patches.size() || !patches[i]) return;
      const Patch& p = *patches[i];
      for (int y = p.y0; y < p.box().y1; ++y) {
        const float* in = p.pixels.row(y - p.y0);
        float* to_row = sum.row(y - boxes[i].y0) + (p.x0 - boxes[i].x0);
        for (int x = 0; x < p.pixels.width(); ++x) to_row[x] += factor * in[x];
      }
    };
    for (const SourcePatches* p : from) add(*p, -1);
    for (const SourcePatches* p : to) add(*p, 1);
    out[i] = Patch{std::move(sum), boxes[i].x0, boxes[i].y0};
  }
  return out;
}

}  // namespace brickline
