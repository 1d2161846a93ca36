#include "tools/cameras/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

constexpr CameraStep kSteps[] = {
    CameraStep::kMetadata,    CameraStep::kFiles,     CameraStep::kGoodRegion, CameraStep::kReadImage,
    CameraStep::kReadMask,    CameraStep::kRemapMask, CameraStep::kReadWeight, CameraStep::kSaturation,
    CameraStep::kRemapWeight, CameraStep::kAfterSky,  CameraStep::kWcsCards,   CameraStep::kPsf,
    CameraStep::kSky,         CameraStep::kFormat,
};

const char* name_of(ClaimedCamera::State state) {
  switch (state) {
    case ClaimedCamera::State::kShadowed:
      return "shadowed";
    case ClaimedCamera::State::kConflict:
      return "conflict";
    default:
      return "accepted";
  }
}

std::vector<std::string> overridden_steps(const Camera& camera) {
  std::vector<std::string> names;
  for (const CameraStep step : kSteps)
    if (camera.overrides(step)) names.emplace_back(brickline::name_of(step));
  return names;
}

std::string joined(const std::vector<std::string>& names, const char* none) {
  return names.empty() ? none : fmt::format("{}", fmt::join(names, ", "));
}

Json provenance_of(const Camera& camera) {
  const CameraProvenance& p = camera.provenance();
  return {{"plugin", p.plugin},           {"version", p.plugin_version},    {"path", p.path.string()},
          {"file_sha256", p.file_sha256}, {"facts_sha256", p.facts_sha256}, {"bases", p.bases}};
}

}  // namespace

std::string list_for_people(const CameraRegistry& registry) {
  std::string out;
  auto to = std::back_inserter(out);
  for (const PluginFile& file : registry.files())
    for (const ClaimedCamera& claim : file.cameras) {
      if (!file.usable()) continue;
      const std::string made_for =
          file.facts_alone ? "facts" : fmt::format("abi {}.{}", file.abi_major, file.abi_minor);
      fmt::format_to(to, "{:<12} {:<8} {:<7}  {:<21} {:<9} {}", claim.identity.name, file.version, made_for,
                     file.origin, name_of(claim.state), file.path.string());
      if (!claim.identity.aliases.empty())
        fmt::format_to(to, "  (also {})", joined(claim.identity.aliases, ""));
      if (!claim.other.empty())
        fmt::format_to(to, "  ({} {})", claim.state == ClaimedCamera::State::kShadowed ? "by" : "with",
                       claim.other.string());
      out += '\n';
    }
  for (const PluginFile& file : registry.files()) {
    if (!file.usable()) fmt::format_to(to, "refused: {}\n", file.refusal);
    for (const std::string& warning : file.warnings) fmt::format_to(to, "warning: {}\n", warning);
  }
  for (const auto& path : registry.misnamed())
    fmt::format_to(to, "not looked at: {} (a camera's library is named NAME.camera.so)\n", path.string());
  if (registry.names().empty()) out += "no camera was found\n";
  for (const auto& directory : registry.directories())
    fmt::format_to(to, "searched {}\n", directory.string());
  return out;
}

std::string list_as_json(const CameraRegistry& registry) {
  Json files = Json::array(), directories = Json::array();
  for (const auto& directory : registry.directories()) directories.push_back(directory.string());
  for (const PluginFile& file : registry.files()) {
    Json cameras = Json::array();
    for (const ClaimedCamera& claim : file.cameras) {
      Json camera = {{"name", claim.identity.name},
                     {"aliases", claim.identity.aliases},
                     {"state", name_of(claim.state)}};
      if (!claim.other.empty()) camera["other"] = claim.other.string();
      cameras.push_back(std::move(camera));
    }
    Json entry = {{"path", file.path.string()}, {"origin", file.origin}, {"rank", file.rank}};
    if (file.usable()) {
      entry["plugin"] = file.plugin;
      entry["version"] = file.version;
      entry["license"] = file.license;
      entry["kind"] = file.facts_alone ? "facts" : "library";
      if (!file.facts_alone) {
        entry["abi"] = {file.abi_major, file.abi_minor};
        entry["needs"] = {file.abi_major, file.needs_minor};
        entry["sdk"] = file.sdk;
        entry["compiler"] = file.compiler;
      }
      entry["cameras"] = std::move(cameras);
    } else {
      entry["refusal"] = {{"id", file.refusal_id}, {"sentence", file.refusal}};
    }
    if (!file.warnings.empty()) entry["warnings"] = file.warnings;
    files.push_back(std::move(entry));
  }
  return Json{{"directories", directories}, {"files", files}}.dump(2) + "\n";
}

std::string info_for_people(const Camera& camera) {
  const CameraFacts& f = camera.facts();
  const CameraProvenance& p = camera.provenance();
  std::string out;
  auto to = std::back_inserter(out);
  const auto line = [&](const char* what, const std::string& text) {
    fmt::format_to(to, "{:<14} {}\n", what, text);
  };
  line("camera",
       f.camera.name + (f.camera.aliases.empty() ? "" : " (also " + joined(f.camera.aliases, "") + ")"));
  if (!f.title.empty()) line("title", f.title);
  if (!f.institution.empty()) line("institution", f.institution);
  line("plugin", fmt::format("{} {}", p.plugin, p.plugin_version));
  line("file", p.path.string());
  line("sha256", p.file_sha256);
  line("extends", joined(p.bases, "nothing"));
  line("overrides", joined(overridden_steps(camera), "nothing: facts alone"));
  line("pixel scale", fmt::format("{} arcsec", f.detector.pixel_scale_arcsec));
  line("CCDs",
       f.detector.ccds_per_exposure > 0 ? std::to_string(f.detector.ccds_per_exposure) : "unknown number");
  line("pixel unit", f.pixels.unit == PixelFacts::Unit::kTotal ? "total counts" : "counts per second");
  const CameraFacts* const alone[] = {&f};
  const auto bands = facts_of_bands(f.detector.bands, alone);
  for (const std::string& name : f.detector.bands) {
    const BandFacts& band = bands.at(name);
    std::string text = band.name;
    if (band.wavelength_nm) text += fmt::format(", {} nm", *band.wavelength_nm);
    if (band.extinction_per_ebv) text += fmt::format(", A/E(B-V) {}", *band.extinction_per_ebv);
    const auto photometry = f.photometry.bands.find(band.name);
    if (photometry != f.photometry.bands.end() && photometry->second.zero_point)
      text += fmt::format(", zero point {}", *photometry->second.zero_point);
    line("band", text);
  }
  std::vector<std::string> operations;
  for (const MaskOperation& operation : f.mask.pipeline) operations.emplace_back(operation.name());
  line("mask", joined(operations, "canonical bits as they are"));
  fmt::format_to(to, "facts\n{}", facts_as_json(camera));
  return out;
}

std::string info_as_json(const Camera& camera) {
  const CameraFacts& f = camera.facts();
  Json out = {{"name", f.camera.name},
              {"aliases", f.camera.aliases},
              {"title", f.title},
              {"provenance", provenance_of(camera)},
              {"overrides", overridden_steps(camera)},
              {"facts", Json::parse(camera.facts_json())}};
  return out.dump(2) + "\n";
}

std::string facts_as_json(const Camera& camera) { return Json::parse(camera.facts_json()).dump(2) + "\n"; }

}  // namespace brickline
