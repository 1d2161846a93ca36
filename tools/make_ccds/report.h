// make-ccds report: the page of zero points from tables that are there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/calib/ccd_table_maker.h"
#include "core/camera/registry.h"
#include "core/zeropoints/measured_images.h"

namespace CLI {
class App;
}

namespace brickline {

struct ReportArguments {
  std::vector<std::filesystem::path> tables;
  std::filesystem::path page;
  std::vector<std::string> facts;  // files
  bool force = false;
};

CLI::App* add_report_command(CLI::App& app, ReportArguments& a);
// Writes the page and says what is on it. Cameras that nobody provides are told; their colour terms are not drawn.
int write_report(const ReportArguments& a, const PluginSearch& plugins);

// The page of what was measured just now, with those facts laid over the cameras'.
void write_report(const MadeCcdTable& made, const MeasuredImages& images, const CameraRegistry& cameras,
                  const std::string& facts_over, const std::string& survey,
                  const std::filesystem::path& page);

}  // namespace brickline
