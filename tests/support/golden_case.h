// A case of the golden data: the survey it runs on, what of it, with which options; and the cameras of this
// build.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/camera/registry.h"
#include "core/image/read_ccd_image.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/survey_directory.h"
#include "core/survey/target.h"
#include "tests/support/data.h"

namespace brickline::test {

// The plugins of this build, and nothing else.
inline CameraRegistry built_cameras(Log log = {}) {
  PluginSearch search;
  search.plugin_dirs = {std::filesystem::path(BRICKLINE_BUILD_DIR) / "plugins"};
  search.use_environment = search.use_user_directory = search.use_install_directory = false;
  return CameraRegistry::scan(search, log);
}

// One row of the CCD table as the pipeline hands it to the image room.
inline CcdInput input_of(const CcdRow& row, const std::filesystem::path& survey, const fits::Table& table) {
  CcdInput in;
  in.source.values = ccd_values(row);
  in.source.locate = locate_in_survey(survey);
  in.source.table = &table;
  in.source.row = row.table_row;
  in.ra_offset = row.ccdraoff / 3600;
  in.dec_offset = row.ccddecoff / 3600;
  in.sig1_from_weights = row.sig1_from_weights();
  in.table_wcs = TableWcs{row.approximate_wcs(), {row.ra, row.dec}};
  return in;
}

struct GoldenCase {
  explicit GoldenCase(const std::string& name)
      : golden(data_dir() / "golden" / name),
        survey_dir(data_dir() / "surveys" / name),
        survey(SurveyDirectory::open(survey_dir)),
        target(target_of(arguments())),
        table(CcdTable::read_near(survey, target.wcs)),
        ccds(select_ccds(table, target.wcs).ccds) {
    options.polygon = target.polygon();
    for (const std::string& a : arguments())
      if (a == "--old-calibs-ok") options.old_calibs_ok = true;
    // Calibrations that the reference pipeline made during its run.
    if (std::filesystem::exists(golden / "calib")) options.calibration_dirs = {golden / "calib"};
  }

  CcdInput input(const CcdRow& row) const { return input_of(row, survey_dir, table.table()); }
  const CcdRow& row(std::int64_t expnum, const std::string& ccdname) const {
    for (const CcdRow& r : ccds)
      if (r.expnum == expnum && r.ccdname == ccdname) return r;
    throw input_error("the case has no exposure {}, CCD {}", expnum, ccdname);
  }

  std::filesystem::path golden, survey_dir;
  SurveyDirectory survey;
  Target target;
  CcdTable table;
  std::vector<CcdRow> ccds;
  ReadImageOptions options;

 private:
  std::vector<std::string> arguments() const {
    std::ifstream file(golden / "case.json");
    return nlohmann::json::parse(file).at("args").get<std::vector<std::string>>();
  }
  Target target_of(const std::vector<std::string>& args) const {
    TargetOptions target_options;
    std::string brick;
    std::vector<double> position;
    for (std::size_t i = 0; i < args.size(); ++i) {
      const auto number = [&](std::size_t offset) { return std::stod(args.at(i + offset)); };
      if (args[i] == "--brick") brick = args.at(i + 1);
      if (args[i] == "--radec") position = {number(1), number(2)};
      if (args[i] == "--width") target_options.width = static_cast<int>(number(1));
      if (args[i] == "--height") target_options.height = static_cast<int>(number(1));
      if (args[i] == "--zoom")
        target_options.zoom = Box{static_cast<int>(number(1)), static_cast<int>(number(2)),
                                  static_cast<int>(number(3)), static_cast<int>(number(4))};
    }
    if (!position.empty()) return make_custom_target(position[0], position[1], target_options);
    return make_target(BrickTable::read(survey).find(brick), target_options);
  }
};

}  // namespace brickline::test
