#include "core/model/profiles_card.h"

#include <string>

#include "core/base/error.h"

namespace brickline {
namespace {

constexpr const char* kWhole = "SERSIC";

}  // namespace

void add_profiles_card(fits::Header& header, GalaxyProfiles profiles) {
  if (profiles == GalaxyProfiles::kSersic)
    header.set(kProfilesCard, std::string(kWhole), "Galaxies are whole Sersic profiles");
}

GalaxyProfiles profiles_of(const fits::Header& header) {
  const auto text = header.text(kProfilesCard);
  if (!text) {
    if (header.has(kProfilesCard)) throw input_error("{} is no text", kProfilesCard);
    return GalaxyProfiles::kReference;
  }
  if (*text != kWhole)
    throw input_error("{} = '{}': galaxies' profiles that this version does not know ({} is known)",
                      kProfilesCard, *text, kWhole);
  return GalaxyProfiles::kSersic;
}

}  // namespace brickline
