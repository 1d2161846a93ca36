#include "core/forced/forced_exposure.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/fits_writer.h"
#include "core/model/profiles_card.h"
#include "core/model/simd.h"
#include "core/survey/ccd_cut_names.h"
#include "core/survey/provenance.h"
#include "core/wcs/sip_cards.h"

namespace brickline {
namespace {

int bit_number(std::int32_t value) {
  int n = 0;
  while (value >> n != 1) ++n;
  return n;
}

// A COMMENT, PREFIX_NAME = value for each bit, then NUMBER_n = name.
void add_bits(fits::Header& h, const std::string& what, const std::string& prefix, const std::string& number,
              const std::vector<std::pair<std::string, std::int32_t>>& bits) {
  h.add_comment(what + " bits:");
  for (const auto& [name, value] : bits)
    h.set(prefix + upper_case(name), std::int64_t{value},
          fmt::format("{} bit 2**{}", what, bit_number(value)));
  for (const auto& [name, value] : bits)
    h.set(fmt::format("{}{}", number, bit_number(value)), name,
          fmt::format("{} bit 2**{}={} meaning", what, bit_number(value), value));
}

}  // namespace

std::vector<std::int64_t> choose_ccds(const CcdTable& ccds, const ExposureChoice& choice) {
  std::vector<std::int64_t> rows;
  std::vector<std::tuple<std::string, std::int64_t, std::string, std::int64_t>> order;
  std::set<std::string> cameras, names;
  for (std::int64_t i = 0; i < ccds.rows(); ++i) {
    if (choice.expnum && ccds.table().integer("expnum", i) != *choice.expnum) continue;
    const CcdRow row = ccds.row(i);
    cameras.insert(row.camera);
    if (!choice.camera.empty() && row.camera != choice.camera) continue;
    names.insert(row.ccdname);
    if (!choice.ccdname.empty() && row.ccdname != choice.ccdname) continue;
    order.emplace_back(row.camera, row.expnum, row.ccdname, i);
  }
  if (order.empty()) {
    if (cameras.empty()) throw input_error("the CCD table has no exposure {}", choice.expnum.value_or(-1));
    if (names.empty())
      throw input_error("no CCD of camera '{}': there are those of {}", choice.camera,
                        fmt::join(cameras, ", "));
    throw input_error("no CCD '{}': there are {}", choice.ccdname, fmt::join(names, ", "));
  }
  std::sort(order.begin(), order.end());
  for (const auto& key : order) rows.push_back(std::get<3>(key));
  return rows;
}

std::filesystem::path forced_file(const std::filesystem::path& directory, const std::string& camera,
                                  std::int64_t expnum) {
  return directory / "forced" / camera / fmt::format("{:08d}", expnum).substr(0, 5) /
         fmt::format("forced-{}-{}.fits", camera, expnum);
}

MeasuredCcds measure_ccds(const ForcedSurvey& from, const std::vector<std::int64_t>& rows,
                          const ForcedCcdOptions& options, const Log& log, ReadLog* reads,
                          const Cancel& cancel) {
  std::vector<std::optional<ForcedCcd>> measured(rows.size());
  std::vector<std::string> failed(rows.size());
  std::vector<std::exception_ptr> fatal(rows.size());
  tbb::parallel_for(std::size_t{0}, rows.size(), [&](std::size_t i) {
    if (cancel.asked()) return;
    try {
      measured[i] = measure_ccd(from, rows[i], options, log, reads);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInput)
        failed[i] = e.line();
      else
        fatal[i] = std::current_exception();
    } catch (...) {
      fatal[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& e : fatal)
    if (e) std::rethrow_exception(e);
  MeasuredCcds out;
  out.interrupted = cancel.asked();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (measured[i]) out.ccds.push_back(std::move(*measured[i]));
    if (!failed[i].empty()) out.failed.push_back(std::move(failed[i]));
  }
  return out;
}

void add_forced_cards(fits::Header& h) {
  std::vector<std::pair<std::string, std::int32_t>> bits;
  for (const NamedBit& bit : ccd_mask_bits()) {
    std::string name = bit.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    bits.emplace_back(name, bit.value);
  }
  add_bits(h, "DQMASK", "DQ_", "DBIT_", bits);
  bits.clear();
  for (const CcdCutName& cut : kCcdCutNames) bits.emplace_back(cut.name, cut.bit);
  add_bits(h, "CCD_CUTS", "CC_", "CBIT_", bits);
  for (std::size_t i = 0; i < kForcedApertures; ++i)
    h.set(fmt::format("APRAD{}", i), kForcedApertureRadiiArcsec[i], "(optical) Aperture radius, in arcsec");
}

fits::Header forced_header(const SurveyIdentity& identity, std::string_view command_line,
                           const std::vector<ForcedCcd>& measured) {
  fits::Header h = version_header(identity, {}, command_line, simd_level_name());
  if (!measured.empty()) {
    const CcdImage& first = measured.front().image;
    h.set("CPFILE", first.image_filename, "CP file");
    h.set("CAMERA", first.camera, "Camera");
    h.set("EXPNUM", first.expnum, "Exposure num");
    h.set("FILTER", first.band, "Bandpass of this image");
    h.set("PLVER", first.plver, "CP pipeline version");
    h.set("PLPROCID", first.plprocid, "CP pipeline id");
    h.set("PROCDATE", first.procdate, "CP image DATE");
    for (const fits::Card& card : first.origin)
      if (card.key != "FILTER") h.append(card);
  }
  add_forced_cards(h);
  const auto is_whole = [](const ForcedSource& s) { return s.profiles == GalaxyProfiles::kSersic; };
  if (std::ranges::any_of(measured,
                          [&](const ForcedCcd& ccd) { return std::ranges::any_of(ccd.sources, is_whole); }))
    add_profiles_card(h, GalaxyProfiles::kSersic);
  return h;
}

void write_forced_planes(const std::filesystem::path& file, const fits::Header& header,
                         const std::vector<ForcedCcd>& measured, ForcedPlane plane) {
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  for (const ForcedCcd& ccd : measured) {
    fits::Header cards = sip_cards(ccd.image.full_wcs, ccd.image.extent);
    cards.set("EXPNUM", ccd.image.expnum);
    cards.set("CCDNAME", ccd.image.ccdname);
    const Image<float>& pixels = plane == ForcedPlane::kModel ? ccd.result.model : ccd.image.data;
    writer.add_image<float>(pixels.view(), cards, ccd.image.ccdname);
  }
  writer.write(file);
}

void write_forced_catalogs(const std::filesystem::path& file, const fits::Header& header,
                           const std::vector<ForcedCcd>& measured) {
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  for (const ForcedCcd& ccd : measured) {
    std::vector<ForcedSource> sources = ccd.sources;
    sources.insert(sources.end(), ccd.taken_off.begin(), ccd.taken_off.end());
    fits::Header cards;
    add_profiles_card(cards, profiles_of(sources));
    writer.add_table(source_table(sources, ccd.image.band), ccd.image.ccdname, cards);
  }
  writer.write(file);
}

void write_outlier_mask_of_exposure(const std::filesystem::path& file, fits::Header header,
                                    const std::vector<ForcedCcd>& measured) {
  header.add_comment("Values are the sum of these bits; 0: no outlier, or no brick's mask");
  header.set("OUTL_POS", 1, "Outlier mask bit: too bright");
  header.set("OUTL_NEG", 2, "Outlier mask bit: too faint");
  fits::Compression compression;
  if (file.extension() == ".fz") compression.algorithm = fits::Compression::Algorithm::kHcompress;
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  for (const ForcedCcd& ccd : measured) {
    const CcdImage& image = ccd.image;
    fits::Header cards = sip_cards(image.full_wcs, Box::from_size(image.width, image.height));
    cards.set("CAMERA", image.camera, "Camera");
    cards.set("EXPNUM", image.expnum, "Exposure number");
    cards.set("CCDNAME", image.ccdname, "CCD");
    cards.set("IMGFILE", image.image_filename, "Image file");
    writer.add_image<std::uint8_t>(ccd.outlier_mask.view(), cards, image.ccdname, compression);
  }
  writer.write(file);
}

std::filesystem::path outlier_mask_file(const std::filesystem::path& directory,
                                        const std::string& image_filename) {
  std::string name = image_filename;
  const std::size_t end = name.rfind(".fits");
  name.insert(end == std::string::npos ? name.size() : end, "-outlier");
  return directory / "outlier-masks" / name;
}

std::string write_forced_table(const std::filesystem::path& file, const fits::Header& header,
                               const fits::Table& table) {
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  fits::Header own;
  add_profiles_card(own, profiles_of(header, {}));
  writer.add_table(table, {}, own);
  return writer.write(file);
}

}  // namespace brickline
