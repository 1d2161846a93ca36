// What make-ccds solve is made of (solve*.cpp only): the rows of its table, the stars that tie them, and what comes of both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/fits/fits_writer.h"
#include "core/fits/table.h"
#include "tools/make_ccds/solve.h"

namespace brickline::solving {

inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Numbers from 0 of what comes, in the order of its coming.
template <typename Key>
class Numbers {
 public:
  int operator()(const Key& key) {
    return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second;
  }
  int size() const { return static_cast<int>(numbers_.size()); }

 private:
  std::map<Key, int> numbers_;
};

enum class Part { kTakesPart, kNotMeasured, kStated, kNoStars };

// The rows of the table as the solution sees them.
struct Rows {
  std::vector<Part> part;
  std::vector<RelativeCcd> ccds;  // meaningful for those that take part
  std::vector<int> system, exposure;
  std::vector<double> night;  // the day of its begin; NaN: not known
  // mag: the part of the provider's error that its colour term has for all stars alike, which no star says anything of
  std::vector<double> term_error;
  std::vector<int> catalog;  // of one camera and band, with the error of its term
  std::vector<std::string> catalog_names;
  int exposures = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_name;  // short name of the image, ccdname
};
// Error (kInput) for a table that lacks a column, or has a CCD twice.
Rows rows_of(const fits::Table& table, double night_begins);

// solve_stars.cpp
struct Stars {
  std::vector<StarMeasurement> measurements;
  std::int64_t rows = 0, others = 0;  // of CCDs that are not in the table
};
// Of all files; rows that have stars take part then. `amplifiers` may be null. Error (kInput) for stars of another measurement.
Stars read_stars(const SolveArguments& a, const fits::Table& table, const Amplifiers* amplifiers, Rows& rows);

struct Solved {
  RelativeSolution solution;
  std::vector<SolvedCcd> ccds;  // of each row of the table
  std::vector<bool> with_term;  // ... whether its error has that of the colour term
  std::vector<int> catalogs;    // of the solution
  std::vector<ExposureSky> skies;
};

// solve_tables.cpp
void replace_columns(fits::Table& table, const Rows& rows, const Solved& solved);
void add_cards(fits::Header& h, const RelativeSolution& s);
// What the provider's errors have in common of each exposure and of each night, with its error.
void add_common_errors(fits::FitsWriter& writer, const fits::Table& table, const Rows& rows,
                       const RelativeSolution& solution);
std::string report(const SolveArguments& a, const fits::Table& table, const Rows& rows, const Stars& stars,
                   const Solved& solved);

}  // namespace brickline::solving
