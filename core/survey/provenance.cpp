#include "core/survey/provenance.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/base/version.h"
#include "core/survey/bits.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

std::string shell_word(std::string_view value) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./%@";
  if (!value.empty() && value.find_first_not_of(kPlain) == std::string_view::npos) return std::string(value);
  std::string result = "'";
  for (const char c : value) {
    if (c == '\'')
      result += "'\\''";
    else
      result += c;
  }
  return result + "'";
}

}  // namespace

std::string canonical_command_line(std::string_view program, std::vector<CommandOption> options) {
  std::stable_sort(options.begin(), options.end(),
                   [](const CommandOption& a, const CommandOption& b) { return a.name < b.name; });
  std::string line(program);
  for (const CommandOption& o : options) {
    line += fmt::format(" {}", o.name);
    for (const std::string& value : o.values) line += fmt::format(" {}", shell_word(value));
  }
  return line;
}

fits::Header version_header(const SurveyIdentity& identity, const std::vector<Dependency>& dependencies,
                            std::string_view command_line, std::string_view simd_level,
                            std::string_view process_type) {
  fits::Header h;
  for (const std::string& comment : identity.comments) h.add_comment(comment);
  h.set("LEGPIPEV", fmt::format("brickline-{}", kVersion), "pipeline software and version");
  h.set("BLCOMMIT", std::string(commit()), "commit of the software");
  h.set("BLSIMD", std::string(simd_level), "instruction set of the models");
  h.set("LSDR", identity.data_release, "Data release number");
  h.set("SURVEY", identity.survey, "Survey");
  h.set("SURVEYID", identity.survey_id, "Survey names");
  h.set("DRVERSIO", identity.release, "LegacySurveys Data Release number");
  h.set("OBSTYPE", "object", "Observation type");
  h.set("PROCTYPE", std::string(process_type), "Processing type");
  for (std::size_t i = 0; i < dependencies.size(); ++i) {
    h.set(fmt::format("DEPNAM{:02d}", i), dependencies[i].name);
    h.set(fmt::format("DEPVER{:02d}", i), dependencies[i].version);
  }
  h.set("CMDLINE", std::string(command_line), "options that change products");
  return h;
}

void add_dependency_cards(fits::Header& h, std::span<const Dependency> dependencies) {
  int next = 0;
  while (h.has(fmt::format("DEPNAM{:02d}", next))) ++next;
  for (const Dependency& d : dependencies) {
    h.set(fmt::format("DEPNAM{:02d}", next), d.name);
    h.set(fmt::format("DEPVER{:02d}", next++), d.version);
  }
}

void add_brick_cards(fits::Header& h, const Target& target) {
  const Brick& b = target.brick;
  h.set("BRICK", b.name, "LegacySurveys brick RRRr[pm]DDd");
  h.set("BRICKID", b.id, "LegacySurveys brick id");
  h.set("RAMIN", b.ra1, "[deg] Brick RA min");
  h.set("RAMAX", b.ra2, "[deg] Brick RA max");
  h.set("DECMIN", b.dec1, "[deg] Brick Dec min");
  h.set("DECMAX", b.dec2, "[deg] Brick Dec max");
  h.set("RA", format_ra(b.ra), "Brick center RA (hms)");
  h.set("DEC", format_dec(b.dec), "Brick center Dec (dms)");
  h.set("CENTRA", b.ra, "[deg] Brick center RA");
  h.set("CENTDEC", b.dec, "[deg] Brick center Dec");
  const auto corners = target.corners();
  for (std::size_t i = 0; i < corners.size(); ++i) {
    h.set(fmt::format("CORN{}RA", i + 1), corners[i].ra, "[deg] Brick corner RA");
    h.set(fmt::format("CORN{}DEC", i + 1), corners[i].dec, "[deg] Brick corner Dec");
  }
}

void add_ccd_cards(fits::Header& h, const std::vector<std::filesystem::path>& ccd_files,
                   const std::vector<std::string>& all_bands, const std::vector<std::string>& bands,
                   const std::vector<CcdRow>& used) {
  for (std::size_t i = 0; i < ccd_files.size(); ++i)
    h.set(fmt::format("CCDFN_{}", i + 1), ccd_files[i].filename().string(), "survey-ccds file used");
  for (const std::string& band : all_bands) {
    std::vector<std::string> cameras;
    for (const CcdRow& r : used)
      if (r.band == band) cameras.push_back(r.camera);
    std::sort(cameras.begin(), cameras.end());
    cameras.erase(std::unique(cameras.begin(), cameras.end()), cameras.end());
    h.set("BRICK_" + band_key(band), !cameras.empty(), fmt::format("Does band {} touch this brick?", band));
    h.set("CAMS_" + band_key(band), fmt::format("{}", fmt::join(cameras, " ")),
          fmt::format("Cameras contributing band {}", band));
  }
  h.set("BANDS", fmt::format("{}", fmt::join(bands, ",")), "Bands touching this brick");
  h.set("NBANDS", static_cast<std::int64_t>(bands.size()), "Number of bands in this catalog");
  for (std::size_t i = 0; i < bands.size(); ++i)
    h.set(fmt::format("BAND{}", i), bands[i], "Band name in this catalog");
}

void add_stage_card(fits::Header& h, std::string_view stage) {
  assert(stage.size() <= 4);
  h.set(fmt::format("VER_{}", stage), fmt::format("brickline-{}", kVersion), "software that ran this stage");
}

void add_dchisq_cards(fits::Header& h) {
  h.add_comment("DCHISQ array model names");
  int i = 0;
  for (const char* model : {"PSF", "REX", "DEV", "EXP", "SER"}) h.set(fmt::format("DCHISQ_{}", i++), model);
}

void add_wcs_cards(fits::Header& h, const Wcs& wcs) {
  const fits::Header cards = wcs.to_header();
  for (const fits::Card& c : cards.cards()) h.set(c.key, c.value, c.comment);
  h.set("EQUINOX", 2000.0, "[yr]");
}

}  // namespace brickline
