#include "core/fits/column_units.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/numbers.h"

namespace brickline::fits {
namespace {

struct Spellings {
  std::string_view name;
  std::vector<std::string_view> known;
};

const Spellings& spellings_of(WantedUnit unit) {
  static const Spellings kDegrees{"degrees", {"deg", "deg.", "degs", "degree", "degrees", "angle[deg]"}};
  static const Spellings kArcsec{
      "arcsec", {"arcsec", "arcsecs", "arcsecond", "arcseconds", "asec", "\"", "angle[arcsec]"}};
  static const Spellings kMas{"milliarcseconds",
                              {"mas", "angle[mas]", "milliarcsec", "milliarcsecond", "milliarcseconds"}};
  static const Spellings kMasPerYear{
      "milliarcseconds per year",
      {"mas/yr", "mas/a", "mas/year", "mas / yr", "mas yr-1", "mas.yr-1", "mas yr^-1", "mas.yr^-1",
       "mas yr**-1", "mas.yr**-1", "mas*yr**-1", "milliarcsec/yr", "milliarcseconds per year",
       "angular velocity[mas/year]", "angle[mas]/time[year]"}};
  switch (unit) {
    case WantedUnit::kDegrees:
      return kDegrees;
    case WantedUnit::kArcsec:
      return kArcsec;
    case WantedUnit::kMilliarcsec:
      return kMas;
    case WantedUnit::kMilliarcsecPerYear:
      return kMasPerYear;
  }
  throw internal_error("a unit that is none");
}

}  // namespace

void require_unit(std::string_view column, std::string_view unit, WantedUnit wanted) {
  const std::string stated = lower_case(stripped(unit));
  const Spellings& spellings = spellings_of(wanted);
  if (stated.empty() || std::ranges::find(spellings.known, stated) != spellings.known.end()) return;
  throw input_error("column {} is in '{}': {} are wanted", column, stripped(unit), spellings.name);
}

void require_unit(const Table& table, std::string_view column, WantedUnit wanted) {
  if (const Column* found = table.find(column)) require_unit(found->name, found->unit, wanted);
}

}  // namespace brickline::fits
