// make-ccds cut: which CCDs of a table are not good enough.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/calib/ccd_cuts.h"
#include "tools/make_ccds/table_file.h"

namespace CLI {
class App;
}

namespace brickline {

struct CutArguments {
  CcdCutOptions options;
  std::string good_ccd_fraction;
  std::filesystem::path annotated, annotated_out, depth_policy, tiles, objects;
};

void add_cut_options(CLI::App& app, CutArguments& a);

struct CutTables {
  TableFile table, annotated;  // the second: only where one was given
  std::string report;
};
CutTables cut_table(TableFile table, CameraRegistry& cameras, CutArguments& a);

}  // namespace brickline
