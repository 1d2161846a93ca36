#include "core/pipeline/given_options.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace brickline {

GivenOptions options_of_environment(
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  GivenOptions given;
  for (const OptionRow& row : option_table()) {
    if (row.environment.empty()) continue;
    if (const auto value = environment(std::string(row.environment)))
      given[&row] = {{{*value}}, false, "$" + std::string(row.environment)};
  }
  return given;
}

ResolvedOptions resolve(std::span<const GivenOptions> layers) {
  ResolvedOptions out;
  for (const OptionRow& row : option_table())
    for (const GivenOptions& layer : layers) {
      const auto found = layer.find(&row);
      if (found == layer.end()) continue;
      const GivenOption& given = found->second;
      if (!given.off)
        for (const Words& words : given.occurrences) {
          try {
            row.read(out.options, row.flag, words);
          } catch (const Error& error) {
            if (given.origin == "command line") throw;
            throw usage_error("{}: {}", given.origin, error.message());
          }
        }
      out.origins[std::string(row.flag)] = given.origin;
      break;
    }
  return out;
}

void require_typed_paths(const ResolvedOptions& resolved, bool frozen) {
  require_typed_paths(resolved.options, [&](const OptionRow& row) -> std::string {
    const auto found = resolved.origins.find(row.flag);
    if (found == resolved.origins.end()) return {};
    const std::string& origin = found->second;
    if (origin.starts_with('$')) return frozen ? origin : std::string();
    return origin == "command line" ? std::string(row.flag) : fmt::format("{} of {}", row.flag, origin);
  });
}

std::span<const OtherOption> other_options() {
  static constexpr std::string_view kCoadds = "fitting on coadds is not there yet";
  static constexpr std::string_view kGpu = "no GPU is used";
  static constexpr std::string_view kSky =
      "images are always read with their sky models, and with what large galaxies are";
  static constexpr std::string_view kPsf = "images are always read with their normalized, hybrid PSF models";
  static constexpr OtherOption kTable[] = {
      {"--fit-on-coadds", "", "", 0, false, kCoadds},
      {"--coadd-tiers", "", "N", 1, false, kCoadds},
      {"--no-ivar-reweighting", "", "", 0, false, kCoadds},
      {"--ubercal-sky", "", "", 0, false, kCoadds},
      {"--subsky-radii", "", "R0 R1 R2", 3, false, kCoadds},
      {"--no-subsky", "", "", 0, false, kSky},
      {"--no-splinesky", "", "", 0, false, kSky},
      {"--sky-no-subtract-large-galaxies", "", "", 0, false, kSky},
      {"--gpsf", "", "", 0, false, kPsf},
      {"--no-hybrid-psf", "", "", 0, false, kPsf},
      {"--no-normalize-psf", "", "", 0, false, kPsf},
      {"--prime-cache", "", "", 0, false, "copying into --cache-dir is not there yet"},
      {"--save-galex-psf", "", "", 0, false, "writing GALEX's PSFs is not there yet"},
      {"--ngpu", "", "N", 1, false, kGpu},
      {"--gpu-ids", "", "N,N,...", 1, false, kGpu},
      {"--threads-per-gpu", "", "N", 1, false, kGpu},
      {"--ceres", "", "", 0, true, "there is one solver"},
      {"--no-galex-ceres", "", "", 0, true, "GALEX's fluxes are exact anyhow"},
      {"--read-serial", "", "", 0, true, "reading takes no more memory with several threads"},
      {"--wise-checkpoint-period", "", "SECONDS", 1, true, "each band and epoch is kept when it is done"},
  };
  return kTable;
}

const OtherOption* find_other_option(std::string_view flag) {
  for (const OtherOption& option : other_options())
    if (option.flag == flag || (!flag.empty() && option.short_flag == flag)) return &option;
  return nullptr;
}

std::vector<std::string> option_names(bool dashes) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view flag) {
    if (!flag.empty()) names.emplace_back(dashes ? flag : flag.substr(2));
  };
  for (const OptionRow& row : option_table()) {
    add(row.flag);
    add(row.other_flag);
  }
  for (const OtherOption& option : other_options()) add(option.flag);
  return names;
}

}  // namespace brickline
