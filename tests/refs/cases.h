// The real and simulated fields with their catalogs, and small catalogs made for a test.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/bricks.h"
#include "core/survey/target.h"
#include "tests/support/data.h"

namespace brickline::test {

struct Field {
  const char *name, *brick;
  Box zoom;
  double ra, dec;
};
inline const std::vector<Field>& fields() {
  static const std::vector<Field> kFields = {{"sim300", "1501p022", {1650, 1950, 1650, 1950}, 0, 0},
                                             {"mzlsbass2", "1773p595", {1300, 1500, 700, 900}, 0, 0},
                                             {"testcase3", "2447p120", {1020, 1070, 2775, 2815}, 0, 0},
                                             {"testcase4", "1867p255", {2050, 2300, 1150, 1400}, 0, 0},
                                             {"testcase6", "1102p240", {500, 600, 650, 750}, 0, 0},
                                             {"testcase7", "1102p240", {250, 350, 1550, 1650}, 0, 0},
                                             {"testcase9", "", {0, 100, 0, 100}, 9.1228, 3.3975}};
  return kFields;
}

inline std::filesystem::path survey_of(const std::string& name) { return data_dir() / "surveys" / name; }

inline Wcs wcs_of(const std::string& name) {
  for (const Field& f : fields()) {
    if (name != f.name) continue;
    TargetOptions options;
    if (!*f.brick) {
      options.width = f.zoom.x1;
      options.height = f.zoom.y1;
      return make_custom_target(f.ra, f.dec, options).wcs;
    }
    options.zoom = f.zoom;
    const SurveyDirectory survey = SurveyDirectory::open(survey_of(name));
    return make_target(BrickTable::read(survey).find(f.brick), options).wcs;
  }
  throw input_error("no field {}", name);
}

// The catalogs of a field as its environment variables say.
inline ReferenceOptions options_of(const std::string& name) {
  const std::filesystem::path survey = survey_of(name);
  std::map<std::string, std::string> variables = {{"TYCHO2_KD_DIR", survey.string()},
                                                  {"GAIA_CAT_DIR", (survey / "gaia").string()},
                                                  {"GAIA_CAT_VER", "2"},
                                                  {"GAIA_CAT_SCHEME", "ring"}};
  if (name == "testcase9") variables["LARGEGALAXIES_CAT"] = (survey / "sga-sub.kd.fits").string();
  const auto clusters = data_dir() / "auxiliary" / "NGC-star-clusters.fits";
  if (std::filesystem::exists(clusters)) variables["STAR_CLUSTERS_CAT"] = clusters.string();
  return reference_options(SurveyDirectory::open(survey),
                           [&](const std::string& v) -> std::optional<std::string> {
                             const auto found = variables.find(v);
                             if (found == variables.end()) return {};
                             return found->second;
                           });
}

inline const std::vector<std::string>& grz() {
  static const std::vector<std::string> kBands = {"g", "r", "z"};
  return kBands;
}

// Keeps what was said.
class Lines : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) override {
    if (level >= LogLevel::kWarning) warnings.emplace_back(message);
  }
  std::vector<std::string> warnings;
};

}  // namespace brickline::test
