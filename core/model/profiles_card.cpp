#include "core/model/profiles_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/letter_case.h"

namespace brickline {
namespace {

constexpr const char* kWhole = "SERSIC";

// The first of them, as the table has it; empty: none. The Legacy Surveys' first releases have shapedev_* and fracdev_ivar,
// too, beside shapeexp_*.
std::string column_of_joint_fits(const fits::Header& table) {
  std::vector<std::string> names;
  bool first_releases = false;
  for (std::int64_t k = 1; k <= table.integer("TFIELDS").value_or(0); ++k) {
    names.push_back(table.text(fmt::format("TTYPE{}", k)).value_or(""));
    first_releases = first_releases || upper_case(names.back()).starts_with("SHAPEEXP_");
  }
  const auto is_of_them = [&](const std::string& name) {
    const std::string upper = upper_case(name);
    return upper.starts_with("BLENDEDNESS_") || upper == "DCHISQ_COMP" ||
           ((upper.starts_with("FRACDEV_") || upper.starts_with("SHAPEDEV_")) && !first_releases);
  };
  const auto found = std::ranges::find_if(names, is_of_them);
  return found == names.end() ? std::string() : *found;
}

}  // namespace

void add_profiles_card(fits::Header& header, GalaxyProfiles profiles) {
  if (profiles == GalaxyProfiles::kSersic)
    header.set(kProfilesCard, std::string(kWhole), "Galaxies are whole Sersic profiles");
}

GalaxyProfiles profiles_of(const fits::Header& primary, const fits::Header& table) {
  const auto own = table.text(kProfilesCard);
  const auto text = own ? own : primary.text(kProfilesCard);
  if (text && *text != kWhole)
    throw input_error("{} = '{}': galaxies' profiles that this version does not know ({} is known)",
                      kProfilesCard, *text, kWhole);
  if (text) return GalaxyProfiles::kSersic;
  if (const std::string column = column_of_joint_fits(table); !column.empty())
    throw input_error(
        "its column {} is of a joint fit (runbrick --fit joint), whose galaxies are whole Sersic profiles, and the "
        "card {} that says so is missing: take the catalog as it was written, or put the card {} = '{}' back into "
        "the table's header",
        column, kProfilesCard, kProfilesCard, kWhole);
  return GalaxyProfiles::kReference;
}

void require_profiles(GalaxyProfiles own, GalaxyProfiles wanted, std::string_view other,
                      std::string_view why) {
  if (own == wanted) return;
  throw input_error(
      "its galaxies {} whole Sersic profiles, unlike those of {} (card {}): {} that were fitted in the same way "
      "(runbrick --fit)",
      own == GalaxyProfiles::kSersic ? "are" : "are not", other, kProfilesCard, why);
}

}  // namespace brickline
