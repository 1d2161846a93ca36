#include "core/survey/time.h"

#include <algorithm>
#include <array>

namespace brickline {
namespace {

struct LeapSecond {
  double mjd;  // from this date on
  double tai_minus_utc;
};

// 1972-01-01, 1972-07-01, 1973-01-01, ... 2012-07-01, 2015-07-01, 2017-01-01.
constexpr std::array<LeapSecond, 28> kLeapSeconds{
    {{41317, 10}, {41499, 11}, {41683, 12}, {42048, 13}, {42413, 14}, {42778, 15}, {43144, 16},
     {43509, 17}, {43874, 18}, {44239, 19}, {44786, 20}, {45151, 21}, {45516, 22}, {46247, 23},
     {47161, 24}, {47892, 25}, {48257, 26}, {48804, 27}, {49169, 28}, {49534, 29}, {50083, 30},
     {50630, 31}, {51179, 32}, {53736, 33}, {54832, 34}, {56109, 35}, {57204, 36}, {57754, 37}}};

}  // namespace

double tai_minus_utc(double mjd_utc) {
  const auto after = std::upper_bound(kLeapSeconds.begin(), kLeapSeconds.end(), mjd_utc,
                                      [](double mjd, const LeapSecond& l) { return mjd < l.mjd; });
  return (after == kLeapSeconds.begin() ? *after : *(after - 1)).tai_minus_utc;
}

double mjd_tai(double mjd_utc) { return mjd_utc + tai_minus_utc(mjd_utc) / 86400; }

}  // namespace brickline
