#include "core/zeropoints/brick_depth_cut.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/error.h"
#include "core/wcs/polygon.h"

namespace brickline {
namespace {

std::vector<int> target_percentiles() {
  std::vector<int> out;
  for (int p = 2; p < 10; ++p) out.push_back(p);
  for (int p = 10; p < 30; p += 5) out.push_back(p);
  for (int p = 30; p <= 100; p += 10) out.push_back(p);
  return out;
}

double depth_of(float weight) {
  return weight > 0 ? 22.5 - 2.5 * std::log10(5 / std::sqrt(static_cast<double>(weight))) : 0;
}

// Linear between neighbours; `sorted` is not empty.
double percentile(const std::vector<float>& sorted, double percent) {
  const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (static_cast<double>(sorted[high]) - sorted[low]);
}

// The brick's map.
struct Map {
  Wcs wcs;
  Image<std::uint8_t> unique;
  std::int64_t unique_pixels = 0;
};

Map map_of(const Target& target, int binning) {
  Map map;
  const CdMatrix& cd = target.wcs.cd();
  const PixelPosition at = target.wcs.reference_pixel();
  const double b = binning;
  map.wcs =
      Wcs::tangent(target.wcs.tangent_point().ra, target.wcs.tangent_point().dec, (at.x + 0.5) / b - 0.5,
                   (at.y + 0.5) / b - 0.5, {cd[0] * b, cd[1] * b, cd[2] * b, cd[3] * b},
                   std::max(1, target.width() / binning), std::max(1, target.height() / binning));
  map.unique = Image<std::uint8_t>(map.wcs.width(), map.wcs.height());
  for (int y = 0; y < map.unique.height(); ++y)
    for (int x = 0; x < map.unique.width(); ++x) {
      const SkyPosition s = map.wcs.pixel_to_sky(x, y);
      map.unique(x, y) = target.brick.contains(s.ra, s.dec);
      map.unique_pixels += map.unique(x, y);
    }
  return map;
}

// The map's pixels within the box of the CCD's corners, the far ones left out; empty if none of them is unique.
Box footprint(const Map& map, const Wcs& ccd) {
  double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
  for (const SkyPosition& corner : ccd.corners()) {
    const auto p = map.wcs.sky_to_pixel(corner.ra, corner.dec);
    if (!p) return {};
    x0 = std::min(x0, p->x), x1 = std::max(x1, p->x), y0 = std::min(y0, p->y), y1 = std::max(y1, p->y);
  }
  const auto clipped = [](double v, int size) {
    return static_cast<int>(std::nearbyint(std::clamp(v, 0., size - 1.)));
  };
  const Box box{clipped(x0, map.unique.width()), clipped(x1, map.unique.width()),
                clipped(y0, map.unique.height()), clipped(y1, map.unique.height())};
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x)
      if (map.unique(x, y)) return box;
  return {};
}

class Band {
 public:
  Band(const std::vector<CcdRow>& rows, std::vector<std::size_t> members, const Target& target,
       const Map& map, const std::function<double(std::size_t)>& galaxy_norm, double wanted,
       const DepthCutOptions& options, DepthCut& out)
      : rows_(rows),
        members_(std::move(members)),
        target_(target),
        map_(map),
        galaxy_norm_(galaxy_norm),
        options_(options),
        out_(out),
        weight_(map.wcs.width(), map.wcs.height()),
        exposures_(map.wcs.width(), map.wcs.height()),
        percentiles_(target_percentiles()),
        last_(percentiles_.size(), 0.) {
    for (const int p : percentiles_)
      wanted_.push_back(wanted + options.margin +
                        (p < 5    ? options.below_percentile_5
                         : p < 10 ? options.below_percentile_10
                                  : 0));
  }

  DepthCutBand run() {
    DepthCutBand band;
    std::set<std::size_t> remaining, next;
    std::map<std::size_t, Box> boxes;
    for (const std::size_t i : members_) {
      const Box box = footprint(map_, rows_[i].approximate_wcs());
      if (box.empty()) continue;
      const double sig1 = rows_[i].sig1, seeing = rows_[i].seeing_arcsec();
      if (!(sig1 > 0 && std::isfinite(sig1) && seeing > 0 && std::isfinite(seeing)))
        throw input_error("CCD {} has the sig1 {} and the seeing {} arcsec: depths need both",
                          rows_[i].name(), sig1, seeing);
      out_.ccds[i].overlapping = true;
      boxes[i] = box;
      remaining.insert(i);
      if (options_.first_programs.contains(rows_[i].propid) ||
          options_.keep_programs.contains(rows_[i].propid))
        next.insert(i);
    }
    int order = 0;
    bool full = false;
    while (!remaining.empty() && !full) {
      const std::size_t i = next.empty() ? most_useful(remaining, boxes) : *next.begin();
      next.erase(i);
      remaining.erase(i);
      const Wcs wcs = rows_[i].approximate_wcs();
      const Box part = extent_of_sky_polygon(wcs, target_.polygon());
      if (part.empty() || !add(i, wcs)) continue;
      DepthCutCcd& ccd = out_.ccds[i];
      ccd.order = order++;
      ccd.pixels_overlapping = part.area();
      band.pixels_all += part.area();
      const std::vector<double> now = measure();
      bool keep = options_.keep_programs.contains(rows_[i].propid) || more_exposures();
      for (std::size_t k = 0; k < now.size(); ++k) keep |= now[k] > last_[k] && last_[k] < wanted_[k];
      for (const std::size_t other : remaining)
        if (rows_[other].expnum == rows_[i].expnum) next.insert(other);
      constexpr double kBytesPerPixel = 10;
      const bool too_many = keep && options_.most_gb_per_band > 0 &&
                            kBytesPerPixel * static_cast<double>(band.pixels_kept + part.area()) >
                                1e9 * options_.most_gb_per_band;
      if (!keep || too_many) {
        weight_ = before_weight_;
        exposures_ = before_exposures_;
        if (too_many) break;
        continue;
      }
      ccd.passed = true;
      band.pixels_kept += part.area();
      last_ = now;
      full = is_full();
    }
    describe(band);
    return band;
  }

 private:
  // What the CCD would add to what is still wanted, with how good it is.
  std::size_t most_useful(const std::set<std::size_t>& remaining,
                          const std::map<std::size_t, Box>& boxes) const {
    Image<double> lack(weight_.width(), weight_.height());
    for (int y = 0; y < lack.height(); ++y)
      for (int x = 0; x < lack.width(); ++x) {
        if (!map_.unique(x, y)) continue;
        const double depth = depth_of(weight_(x, y));
        for (std::size_t k = 0; k < wanted_.size(); ++k)
          if (last_[k] < wanted_[k]) lack(x, y) += std::max(0., wanted_[k] - depth);
      }
    std::size_t best = *remaining.begin();
    double most = -1;
    for (const std::size_t i : remaining) {
      const Box& box = boxes.at(i);
      double sum = 0;
      for (int y = box.y0; y < box.y1; ++y)
        for (int x = box.x0; x < box.x1; ++x) sum += lack(x, y);
      const double seeing = rows_[i].seeing_arcsec();
      const double value = sum / static_cast<double>(box.area()) / (rows_[i].sig1 * seeing * seeing);
      if (value > most) {
        most = value;
        best = i;
      }
    }
    return best;
  }

  // False if it covers no pixel of the map.
  bool add(std::size_t i, const Wcs& wcs) {
    before_weight_ = weight_;
    before_exposures_ = exposures_;
    std::optional<float> more;  // where it covers a pixel: elsewhere there may be no norm to be had
    for (int y = 0; y < weight_.height(); ++y)
      for (int x = 0; x < weight_.width(); ++x) {
        const SkyPosition s = map_.wcs.pixel_to_sky(x, y);
        const auto p = wcs.sky_to_pixel(s.ra, s.dec);
        if (!p) continue;
        const double px = std::nearbyint(p->x), py = std::nearbyint(p->y);
        if (!(px >= 0 && py >= 0 && px < wcs.width() && py < wcs.height())) continue;
        if (!more) {
          const double ratio = galaxy_norm_(i) / rows_[i].sig1;
          more = static_cast<float>(ratio * ratio);
        }
        weight_(x, y) += *more;
        exposures_(x, y) += 1;
      }
    return more.has_value();
  }

  std::vector<float> unique_depths() const {
    std::vector<float> depths;
    depths.reserve(static_cast<std::size_t>(map_.unique_pixels));
    for (int y = 0; y < weight_.height(); ++y)
      for (int x = 0; x < weight_.width(); ++x)
        if (map_.unique(x, y)) depths.push_back(static_cast<float>(depth_of(weight_(x, y))));
    std::sort(depths.begin(), depths.end());
    return depths;
  }
  std::vector<double> measure() const {
    std::vector<double> out(percentiles_.size(), 0.);
    const std::vector<float> depths = unique_depths();
    for (std::size_t k = 0; k < out.size() && !depths.empty(); ++k)
      out[k] = percentile(depths, percentiles_[k]);
    return out;
  }
  bool more_exposures() const {
    for (int y = 0; y < exposures_.height(); ++y)
      for (int x = 0; x < exposures_.width(); ++x)
        if (map_.unique(x, y) && exposures_(x, y) > before_exposures_(x, y) &&
            before_exposures_(x, y) < options_.exposures)
          return true;
    return false;
  }
  bool is_full() const {
    for (std::size_t k = 0; k < last_.size(); ++k)
      if (!(last_[k] >= wanted_[k])) return false;
    std::int64_t enough = 0;
    for (int y = 0; y < exposures_.height(); ++y)
      for (int x = 0; x < exposures_.width(); ++x)
        enough += map_.unique(x, y) && exposures_(x, y) >= options_.exposures;
    return enough >= static_cast<std::int64_t>(options_.exposed * static_cast<double>(map_.unique_pixels));
  }
  void describe(DepthCutBand& band) const {
    band.depth = Image<float>(weight_.width(), weight_.height());
    for (int y = 0; y < weight_.height(); ++y)
      for (int x = 0; x < weight_.width(); ++x)
        band.depth(x, y) = map_.unique(x, y) ? static_cast<float>(depth_of(weight_(x, y)))
                                             : std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> depths = unique_depths();
    for (std::size_t p = 0; p < band.percentiles.size() && !depths.empty(); ++p)
      band.percentiles[p] = percentile(depths, static_cast<double>(p));
  }

  const std::vector<CcdRow>& rows_;
  std::vector<std::size_t> members_;
  const Target& target_;
  const Map& map_;
  const std::function<double(std::size_t)>& galaxy_norm_;
  const DepthCutOptions& options_;
  DepthCut& out_;
  Image<float> weight_, before_weight_;
  Image<std::int32_t> exposures_, before_exposures_;
  std::vector<int> percentiles_;
  std::vector<double> wanted_, last_;
};

}  // namespace

DepthCut cut_to_depth(const std::vector<CcdRow>& rows, const Target& target,
                      const std::function<double(std::size_t)>& galaxy_norm, const DepthCutOptions& options) {
  DepthCut out;
  out.ccds.resize(rows.size());
  const Map map = map_of(target, options.binning);
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < rows.size(); ++i) members[rows[i].band].push_back(i);
  for (const auto& [band, list] : members) {
    const auto wanted = options.target.find(band);
    if (wanted == options.target.end())
      throw input_error("CCD {} is of band {}, for which no depth is wanted (--target {}=MAG)",
                        rows[list.front()].name(), band, band);
    out.bands.emplace(band, Band(rows, list, target, map, galaxy_norm, wanted->second, options, out).run());
  }
  return out;
}

}  // namespace brickline
