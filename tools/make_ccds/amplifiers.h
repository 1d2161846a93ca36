// The amplifiers of CCDs, for make-ccds solve: which of them a place of a CCD belongs to, by the camera's facts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/image.h"
#include "core/camera/registry.h"
#include "core/fits/table.h"
#include "core/zeropoints/relative_solve.h"

namespace brickline {

enum class AmplifierPeriod { kNight, kRun, kAll };

struct AmplifierArguments {
  std::string period;                // night, run or all; empty: amplifiers are not told apart
  std::filesystem::path facts, out;  // files of facts: that say where they are, and that give what was found
  double run_gap = 3;                // days from a night to the next one of its run, at most
  double night_begins = 0;           // hours of UTC
  PluginSearch plugins;
};

// A part of a CCD: the boxes of fact amplifiers.table, each once, and what is outside all of them.
class Amplifiers {
 public:
  // `nights`: of each row, the day of its night's begin; NaN: not known, and the CCD is divided only if they are the same always.
  // Error (kInput): rows of the facts overlap, a CCD has no size; the facts' conditions are on what the table does not tell
  // (header cards, mask_plver, a column that is missing); `a.out` is asked for, and its facts could not be right: they are of
  // several cameras, or of CCDs that are divided differently though of one name, band and time. (kPlugin): a camera is not there.
  Amplifiers(const fits::Table& table, const std::vector<double>& nights, const AmplifierArguments& a);

  // -1: the CCD of that row is not divided.
  std::int32_t find(std::int64_t row, double x, double y) const;
  const std::vector<RelativeAmplifier>& all() const { return all_; }
  std::int64_t divided() const { return divided_; }  // rows

  // A row for each: what it is, what it adds to the zero points of its CCD, and its error; NaN where no star tells.
  fits::Table table(const std::vector<SolvedGroup>& solved) const;
  // Facts that bring them to their CCDs' zero points (to that of what has no box, if there is such), to be laid over those of the
  // camera.
  std::string facts(const std::vector<SolvedGroup>& solved) const;
  // A line for each that differs from its CCD by more than its error lets expect.
  std::string report(const std::vector<SolvedGroup>& solved) const;

 private:
  struct What {
    std::string camera, band, ccdname;
    double first = 0, last = 0;  // nights, the days of their begin; NaN: not known
    Box box;                     // empty: the rest
  };
  struct Division {
    std::vector<Box> boxes;
    std::int32_t first = -1;  // the number of the first box's amplifier; the rest's is behind the last's
    bool rest = false;
  };
  std::vector<Box> boxes_of(const fits::Table& table, std::int64_t row);
  Box good_part(const fits::Table& table, std::int64_t row) const;
  std::string name(const What& what) const;

  std::vector<int> division_of_row_;  // -1: not divided
  std::vector<Division> divisions_;
  std::vector<RelativeAmplifier> all_;
  std::vector<What> what_;
  std::int64_t divided_ = 0;
  bool all_nights_ = false;
  double night_begins_ = 0;
  std::map<std::string, CameraFacts> facts_;
};

}  // namespace brickline
