// Places on the sky, to be found again by a position near them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/wcs/wcs.h"

namespace brickline {

// Works alike across RA 0 and at the poles.
class PlaceIndex {
 public:
  explicit PlaceIndex(double radius_arcsec);
  void add(const SkyPosition& place, std::size_t id);
  // The id of the first place that was added within the radius.
  std::optional<std::size_t> find(const SkyPosition& position) const;

 private:
  struct Place {
    SkyPosition at;
    std::size_t id;
  };
  using Cell = std::array<std::int64_t, 3>;  // of unit vectors
  Cell cell_of(const SkyPosition& position) const;
  static std::uint64_t hash_of(const Cell& cell);

  double radius_;  // degrees
  std::unordered_map<std::uint64_t, std::vector<Place>>
      places_;  // by the hash of their cell, as wide as the radius
};

}  // namespace brickline
