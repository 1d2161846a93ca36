#include "tools/cameras/identify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace brickline {

std::string identified_for_people(const std::vector<IdentifiedImage>& images) {
  std::string out;
  auto to = std::back_inserter(out);
  for (const IdentifiedImage& image : images) {
    fmt::format_to(to, "{}\n", image.path.string());
    if (!image.camera.empty())
      fmt::format_to(to, "  camera {}{}\n", image.camera,
                     image.claimants.empty()
                         ? " (no camera claims the image)"
                         : fmt::format(" (claimed by {})", fmt::join(image.claimants, ", ")));
    for (const IdentifiedCcd& ccd : image.ccds) {
      fmt::format_to(to, "  HDU {}: {} x {} pixels\n", ccd.hdu, ccd.width, ccd.height);
      for (const IdentifiedField& field : ccd.fields)
        if (!field.value.empty()) fmt::format_to(to, "    {:<8} {}\n", field.name, field.value);
      for (const IdentifiedFile& file : ccd.files)
        fmt::format_to(
            to, "    {:<8} {}{}\n", file.role, file.path.string(),
            file.width > 0 ? fmt::format(", HDU {}, {} x {}", file.hdu, file.width, file.height) : "");
      if (ccd.ra)
        fmt::format_to(to, "    {:<8} RA {:.5f} Dec {:+.5f}, {:.4f} arcsec per pixel\n", "wcs", *ccd.ra,
                       *ccd.dec, *ccd.scale_arcsec);
      for (const std::string& problem : ccd.problems) fmt::format_to(to, "    problem: {}\n", problem);
    }
    for (const std::string& problem : image.problems) fmt::format_to(to, "  problem: {}\n", problem);
  }
  return out;
}

std::string identified_as_json(const std::vector<IdentifiedImage>& images) {
  using Json = nlohmann::ordered_json;
  Json out = Json::array();
  for (const IdentifiedImage& image : images) {
    Json ccds = Json::array();
    for (const IdentifiedCcd& ccd : image.ccds) {
      Json fields = Json::object(), files = Json::array();
      for (const IdentifiedField& field : ccd.fields)
        if (!field.value.empty()) fields[field.name] = field.value;
      for (const IdentifiedFile& file : ccd.files)
        files.push_back({{"role", file.role},
                         {"path", file.path.string()},
                         {"hdu", file.hdu},
                         {"size", {file.width, file.height}}});
      Json entry = {{"hdu", ccd.hdu},
                    {"size", {ccd.width, ccd.height}},
                    {"metadata", fields},
                    {"files", files},
                    {"problems", ccd.problems}};
      if (ccd.ra)
        entry["wcs"] = {{"ra", *ccd.ra}, {"dec", *ccd.dec}, {"arcsec_per_pixel", *ccd.scale_arcsec}};
      ccds.push_back(std::move(entry));
    }
    out.push_back({{"image", image.path.string()},
                   {"claimants", image.claimants},
                   {"camera", image.camera},
                   {"ccds", ccds},
                   {"problems", image.problems}});
  }
  return out.dump(2) + "\n";
}

}  // namespace brickline
