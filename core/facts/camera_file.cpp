#include "core/facts/camera_file.h"

#include "core/base/error.h"
#include "core/facts/facts_reader.h"

namespace brickline {

CameraFile parse_camera_file(std::string_view text) {
  facts::Report report;
  facts::Json json = facts::parse_object(text, report);
  if (!report.problems.empty()) throw input_error("{}", report.problems.front());
  const auto plugin = json.find("plugin");
  if (plugin == json.end())
    throw input_error(
        "it does not say who it is; it needs \"plugin\": {{\"plugin\": \"NAME\", \"version\": \"1.0.0\", "
        "\"cameras\": [{{\"name\": \"NAME\"}}]}}");
  CameraFile file;
  file.identity = plugin->dump();
  json.erase(plugin);
  file.facts = json.dump();
  return file;
}

}  // namespace brickline
