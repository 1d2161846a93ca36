// What `make-ccds --measure` found, as one page for a browser: zero points over time, airmass and the focal plane, conditions,
// astrometry, colours, and each CCD with its stars.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/camera/registry.h"
#include "core/fits/table.h"
#include "core/zeropoints/measured_images.h"
#include "core/zeropoints/reference_stars.h"

namespace brickline {

class ZeroPointsPage {
 public:
  // Stars on the page, at most; of each CCD the same number at most, chosen by their numbers in the table, so that the same
  // tables give the same page. What is told of all stars is computed before.
  static constexpr std::int64_t kMostStars = 200'000, kMostStarsOfCcd = 2000, kFewestStarsOfCcd = 4;

  // Colour terms are of those cameras that are loaded when stars are added, with `facts_over`
  // (core/zeropoints/measured_images.h) laid over their facts.
  explicit ZeroPointsPage(const CameraRegistry& cameras, std::string facts_over = "")
      : cameras_(cameras), facts_over_(std::move(facts_over)) {}

  // Whether these columns are those of a table of stars.
  static bool is_of_stars(const fits::Table& table);

  // A table of CCDs, of the survey or of one image; `name` is for errors. Of a CCD that was there before, columns that the
  // earlier table lacks are taken. Error (kInput): a column is missing; a CCD is in it twice.
  void add_ccds(const fits::Table& table, const std::string& name);
  // A table of stars of the image that its card FILENAME names; after all tables of CCDs. Stars of CCDs that are in none
  // are counted and left out. Error (kInput): a column is missing; a CCD's stars were in another table,
  // or have another zero point.
  void add_stars(const fits::Table& table, std::string_view image, const std::string& name);

  std::int64_t ccds() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t stars() const { return stars_; }  // of those CCDs
  std::int64_t stars_shown() const { return shown_; }
  std::int64_t others() const { return others_; }
  std::vector<std::string> camera_names() const;  // of the CCDs, each once

  // The whole page, which needs no network.
  std::string html(const std::string& title) const;

 private:
  static constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  struct Star {
    double x = 0, y = 0;  // pixels of the CCD, 0-based
    // mag: the catalog's in the camera's band; its zero point - the CCD's; error of the flux.
    double mag = kNan, residual = kNan, error = kNan;
    double colour = kNan;      // of the term, mag; else BP - RP
    double difference = kNan;  // mag: with the CCD's zero point - the term's base magnitude
    double ra_residual = kNan, dec_residual = kNan;  // mas, catalog - image, without the CCD's offset
    bool used = false;                               // for the zero point
  };
  // mag: zero point of the lower half of the pixels - that of the upper.
  struct Halves {
    double difference = kNan, error = kNan;
  };
  struct Row {
    std::map<std::string, double> numbers;  // by column
    std::string image, camera, band, ccdname, object, failure, source, nonphotometric;
    std::int64_t expnum = -1, hdu = -1;
    std::string ccds_from, stars_from;  // the tables it was in
    std::int64_t stars = 0;
    std::vector<Star> shown;
    bool has_term = false;
    Halves along_x, along_y;
    double astrometric_scatter = kNan;  // mas, per axis, around the CCD's offset: 1.4826 median deviations
  };
  static double number(const Row& row, const char* column);
  // From which catalog its magnitudes are; empty: not from stars.
  static std::string provider_of(const Row& row);
  // Null: no such camera is loaded.
  const CameraFacts* facts_of(const std::string& camera_name) const;
  std::optional<PhotometricProvider> term_of(const Row& row) const;
  // Error (kInput): the stars have another zero point than the CCD.
  static void check_measurement(const fits::Table& table, const std::vector<std::int64_t>& which,
                                const Row& row, const std::string& name);
  void add_stars_of(const fits::Table& table, const std::vector<std::int64_t>& which, Row& row);
  void write_ccds(class JsonWriter& json) const;
  void write_exposures(JsonWriter& json) const;
  void write_stars(JsonWriter& json) const;
  void write_terms(JsonWriter& json) const;

  const CameraRegistry& cameras_;
  std::string facts_over_;
  mutable std::map<std::string, CameraFacts> facts_;  // by camera, where they are not its own
  std::vector<Row> rows_;
  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  // short name of the image, ccdname
  std::int64_t stars_ = 0, shown_ = 0, others_ = 0;
};

}  // namespace brickline
