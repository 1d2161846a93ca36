// What names of files, units, world coordinates and masks show.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>
#include <fstream>
#include <limits>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/median.h"
#include "core/base/numbers.h"
#include "core/camera/scaffold_maker.h"
#include "core/camera/text_cards.h"

namespace brickline {

namespace fs = std::filesystem;

void ScaffoldMaker::files() {
  companion("mask", input_.mask, {"mask"});
  companion("weight", input_.weight, {"weight", "variance", "sigma"});
  weight_kind();
}

void ScaffoldMaker::companion(const std::string& product, const fs::path& separate,
                              std::initializer_list<const char*> roles) {
  const std::string fact = "files." + product;
  if (!separate.empty()) {
    const std::string a = input_.images.front().filename().string(), b = separate.filename().string();
    const auto [pair_a, pair_b] = difference(a, b);
    if (input_.images.front().parent_path() != separate.parent_path() || pair_a.empty()) {
      out_.open.push_back(fmt::format("{}: how the name of {} follows from that of {}", fact,
                                      separate.string(), input_.images.front().string()));
      return;
    }
    set(fact, {{"substitute", Json::array({Json::array({pair_a, pair_b})})}},
        fmt::format("what differs between {} and {}", a, b));
    return;
  }
  for (const char* role : roles) {
    std::vector<const ScaffoldHdu*> found;
    for (const ScaffoldHdu& h : out_.hdus)
      if (h.role == role && h.file == input_.images.front()) found.push_back(&h);
    if (found.empty()) continue;
    Json hdu = found.front()->number;
    const int behind = found.front()->number - image_.number;
    if (count("image") > 1 && behind <= 0) continue;  // no fact says so
    if (count("image") > 1)
      hdu = fmt::format("+{}", behind);
    else if (!found.front()->extname.empty())
      hdu = found.front()->extname;
    set(fact, {{"same_file", true}, {"hdu", hdu}}, found.front()->why, found.front()->why == "by its name");
    return;
  }
  out_.open.push_back(fmt::format("{}: none was found; without one {}", fact,
                                  product == "mask" ? "no pixel is masked, but by saturation.rules"
                                                    : "the noise is that of the CCD table"));
}

std::pair<std::string, std::string> ScaffoldMaker::difference(const std::string& a, const std::string& b) {
  std::size_t begin = 0, end = 0;
  while (begin < a.size() && begin < b.size() && a[begin] == b[begin]) ++begin;
  while (end < a.size() - begin && end < b.size() - begin && a[a.size() - 1 - end] == b[b.size() - 1 - end])
    ++end;
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  while (begin > 0 && in_word(a[begin - 1])) --begin;
  while (end > 0 && in_word(a[a.size() - end])) --end;
  if (begin > 0) --begin;
  if (end > 0) --end;
  return {a.substr(begin, a.size() - begin - end), b.substr(begin, b.size() - begin - end)};
}

void ScaffoldMaker::weight_kind() {
  const ScaffoldHdu* plane = nullptr;
  for (const ScaffoldHdu& h : out_.hdus)
    if ((h.role == "weight" || h.role == "variance" || h.role == "sigma") && !plane) plane = &h;
  if (!plane) return;
  File& file = plane->file == input_.images.front() ? images_.front() : *weight_;
  const ScaffoldPlane values =
      look_at_plane(*file.reader, plane->number, file.infos[static_cast<std::size_t>(plane->number)]);
  const std::vector<NoiseRelation> relations = noise_relations(values.median, first_plane_.scatter);
  const auto name = [](const std::string& role) { return role == "weight" ? "inverse_variance" : role; };
  const bool clear = std::abs(std::log(relations[0].ratio)) < std::log(2.0) &&
                     std::abs(std::log(relations[1].ratio)) > std::log(4.0);
  set("weight.kind", name(relations.front().role),
      fmt::format(
          "its median is {:.4g}, and the image's noise (from differences of pixels) {:.4g}: as {} {:.2g} times what "
          "it should be, as {} {:.2g}",
          values.median, first_plane_.scatter, name(relations[0].role), relations[0].ratio,
          name(relations[1].role), relations[1].ratio),
      clear);
  if (plane->role != "weight" && plane->role != relations.front().role)
    out_.open.push_back(fmt::format("weight.kind: HDU {} is named like {}, and its values are like {}",
                                    plane->number, plane->role, relations.front().role));
}

void ScaffoldMaker::unit() {
  const auto bunit = find({"BUNIT"});
  const std::string text = bunit ? upper_case(bunit->value) : "";
  const bool says_per_second = text.find("/S") != std::string::npos ||
                               text.find("PER S") != std::string::npos ||
                               text.find("S-1") != std::string::npos;
  const auto gain = find({"GAIN", "EGAIN", "GAINA"}), exptime = find({"EXPTIME", "EXPOSURE", "ITIME"});
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const double g = gain ? parse_double(gain->value).value_or(kNone) : kNone,
               t = exptime ? parse_double(exptime->value).value_or(kNone) : kNone;
  std::string seen = bunit ? fmt::format("BUNIT is '{}'", bunit->value) : "there is no BUNIT";
  std::optional<bool> per_second;
  if (g > 0 && t > 1 && first_plane_.median > 0 && first_plane_.scatter > 0) {
    // The variance of counts is at least sky/gain; of counts per second that divided by the time.
    const double total = first_plane_.scatter * first_plane_.scatter * g / first_plane_.median;
    seen += fmt::format(
        "; the noise is {:.3g} times what the sky of {:.4g} has in all, {:.3g} times what it has "
        "per second (gain {}, {} s)",
        std::sqrt(total), first_plane_.median, std::sqrt(total * t), g, t);
    const bool like_total = total > 0.5 && total<4, like_rate = total * t> 0.5 && total * t < 4;
    if (like_total != like_rate) per_second = like_rate;
  }
  if (!per_second && bunit) per_second = says_per_second;
  if (per_second) {
    set("pixels.unit", *per_second ? "per_second" : "total", seen, false);
    if (bunit && says_per_second != *per_second)
      out_.open.push_back("pixels.unit: BUNIT and the noise contradict each other: " + seen);
  } else {
    out_.open.push_back(
        "pixels.unit: \"total\" or \"per_second\", and nothing tells which; with the wrong one fluxes "
        "are off by the exposure time; " +
        seen);
  }
  if (const auto full = find({"SATURATE", "SATURATA", "SATLEVEL"}); full && count("mask") == 0 && !mask_)
    if (const auto level = parse_double(full->value))
      set("saturation.rules", Json::array({{{"above", *level}}}), "the card " + full->key, false);
}

std::optional<Wcs> ScaffoldMaker::wcs() const {
  try {
    return Wcs::from_header(images_.front().headers[static_cast<std::size_t>(image_.number)], image_.width,
                            image_.height);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    return {};
  }
}

std::optional<std::string> ScaffoldMaker::sidecar() const {
  const fs::path& image = input_.images.front();
  std::string base = image.filename().string();
  for (const char* ending : {".fz", ".gz", ".fits"})
    if (base.ends_with(ending)) base.erase(base.size() - std::string_view(ending).size());
  for (const char* ending : {".head", ".ahead", ".wcs"})
    if (fs::is_regular_file(image.parent_path() / (base + ending))) return "{base}" + std::string(ending);
  return {};
}

fs::path ScaffoldMaker::image_beside(std::string name) const {
  std::string base = input_.images.front().filename().string();
  for (const char* ending : {".fz", ".gz", ".fits"})
    if (base.ends_with(ending)) base.erase(base.size() - std::string_view(ending).size());
  name.replace(name.find("{base}"), 6, base);
  return input_.images.front().parent_path() / name;
}

std::optional<double> ScaffoldMaker::scale_of(const fs::path& file) const {
  try {
    fits::Header cards;
    if (file.extension() == ".wcs") {
      cards = fits::FitsReader(file).header(0);
    } else {
      std::ifstream in(file);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      const std::vector<fits::Header> blocks = parse_text_cards(text);
      if (!blocks.empty()) cards = blocks.front();
    }
    return std::round(Wcs::from_header(cards, image_.width, image_.height).pixel_scale_arcsec() * 1e4) / 1e4;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    return {};
  }
}

void ScaffoldMaker::world_coordinates() {
  if (wcs()) return;
  if (const auto path = sidecar()) {
    Json one = {{"path", *path}};
    if (path->ends_with(".wcs")) one["format"] = "fits";
    set("wcs", {{"kind", "sidecar"}, {"sidecars", Json::array({one})}},
        "the header has no world coordinates, and such a file lies beside it", false);
    return;
  }
  std::vector<std::string> pointing;
  for (const char* key :
       {"RA", "DEC", "TELRA", "TELDEC", "POINTRA", "POINTDEC", "OBJCTRA", "OBJCTDEC", "CRVAL1"})
    if (find({key})) pointing.push_back(key);
  out_.open.push_back(fmt::format(
      "wcs: the header has no world coordinates; {}; wcs.cards makes them of cards, wcs.sidecars reads them from files",
      pointing.empty() ? std::string("no card tells where the telescope pointed")
                       : fmt::format("{} tell where the telescope pointed", fmt::join(pointing, ", "))));
}

void ScaffoldMaker::mask_codes() {
  const ScaffoldHdu* mask = nullptr;
  for (const ScaffoldHdu& h : out_.hdus)
    if (h.role == "mask" && !mask) mask = &h;
  if (!mask) return;
  File& file = mask->file == input_.images.front() ? images_.front() : *mask_;
  const fits::Header& header = file.headers[static_cast<std::size_t>(mask->number)];
  std::vector<std::string> planes;
  for (const fits::Card& card : header.cards())
    if (card.key.starts_with("MP_")) planes.push_back(card.key.substr(3));
  if (!planes.empty()) {
    static const std::map<std::string, const char*> kKnown = {
        {"BAD", "badpix"}, {"SAT", "satur"}, {"INTRP", "interp"}, {"CR", "cr"}, {"NO_DATA", "badpix"}};
    Json table = Json::object(), ignored = Json::array();
    for (const std::string& plane : planes) {
      if (const auto known = kKnown.find(plane); known != kKnown.end())
        table[plane] = known->second;
      else
        ignored.push_back(plane);
    }
    set("mask.pipeline",
        Json::array({{{"op", "planes"}, {"table", table}, {"others", "badpix"}, {"ignore_names", ignored}}}),
        "the planes that the mask's header names (MP_...)", false);
    return;
  }
  const ScaffoldPlane seen =
      look_at_plane(*file.reader, mask->number, file.infos[static_cast<std::size_t>(mask->number)]);
  std::vector<std::string> values;
  for (const auto& [code, n] : seen.codes) values.push_back(fmt::format("{} ({} times)", code, n));
  out_.open.push_back(fmt::format(
      "mask.pipeline: what the mask's values mean; in the middle of the first there are {}. Codes: "
      "{{\"op\": \"codes\", \"table\": {{\"1\": \"badpix\", ...}}}}; bits: {{\"op\": \"bits\", ...}}",
      fmt::join(values, ", ")));
}

}  // namespace brickline
