#include "core/camera/facts_remarks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace brickline {
namespace {

using Json = nlohmann::json;

void look_for_data(const Json& json, const std::string& path, const Camera& camera,
                   std::vector<std::string>& remarks) {
  if (json.is_string() && json.get_ref<const std::string&>().starts_with("data:")) {
    try {
      camera.data_file(json.get<std::string>());
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      remarks.push_back(fmt::format("{}: {}", path, e.message()));
    }
  }
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items())
    look_for_data(value, path.empty() ? key : path + "." + key, camera, remarks);
}

}  // namespace

std::vector<std::string> facts_remarks(const Camera& camera) {
  std::vector<std::string> remarks;
  const Json facts = Json::parse(camera.facts_json());
  look_for_data(facts, "", camera, remarks);
  const std::vector<std::string>& bands = camera.facts().detector.bands;
  const auto check_band = [&](const std::string& band, const std::string& where) {
    if (std::find(bands.begin(), bands.end(), band) == bands.end())
      remarks.push_back(
          fmt::format("{}: band {} is not one of detector.bands ({})", where, band, fmt::join(bands, ", ")));
  };
  for (const Source& source : camera.facts().metadata.of("band"))
    for (const auto& [text, band] : source.map) check_band(band, "metadata.band.map");
  return remarks;
}

}  // namespace brickline
