// make-ccds tree and depth-cut: forms of a finished table of CCDs that runs over many bricks use.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/camera/registry.h"
#include "core/zeropoints/brick_depth_cut.h"

namespace CLI {
class App;
}

namespace brickline {

struct TreeArguments {
  std::filesystem::path table, output;
  bool all = false, force = false;
};
CLI::App* add_tree_command(CLI::App& app, TreeArguments& a);
int write_tree(const TreeArguments& a);

struct DepthCutArguments {
  std::string survey_dir;
  std::vector<std::filesystem::path> tables;
  std::vector<std::string> bricks, targets, first, keep;
  std::filesystem::path outdir = "depthcuts";
  bool maps = false, percentiles = false, force = false;
  DepthCutOptions options;
};
CLI::App* add_depth_cut_command(CLI::App& app, DepthCutArguments& a);
int cut_bricks(DepthCutArguments& a, const PluginSearch& plugins);

}  // namespace brickline
