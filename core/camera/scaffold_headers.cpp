// What headers say of the camera and of its exposures.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/letter_case.h"
#include "core/base/numbers.h"
#include "core/camera/scaffold_maker.h"
#include "core/facts/pattern.h"

namespace brickline {

std::optional<ScaffoldMaker::Found> ScaffoldMaker::find(std::initializer_list<const char*> keys) const {
  for (const char* key : keys)
    for (const bool in_primary : {true, false}) {
      const fits::Header& header =
          images_.front().headers[static_cast<std::size_t>(in_primary ? 0 : image_.number)];
      const auto value = header.text(key);
      if (value && !stripped(*value).empty()) return Found{key, std::string(stripped(*value)), in_primary};
    }
  return {};
}

std::vector<std::string> ScaffoldMaker::values_of(const Found& found) const {
  std::set<std::string> values;
  for (const File& file : images_) {
    const std::size_t hdu = found.in_primary ? 0 : static_cast<std::size_t>(image_.number);
    if (hdu < file.headers.size())
      if (const auto value = file.headers[hdu].text(found.key)) values.insert(*value);
  }
  return {values.begin(), values.end()};
}

void ScaffoldMaker::identity() {
  Json camera = {{"name", input_.name}};
  if (const auto found = find({"INSTRUME", "DETECTOR", "TELESCOP"})) {
    std::string pattern;
    for (const char c : found->value) {
      if (std::string_view(R"(\.+*?()[]{}^$|)").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
    camera["claims"] = Json::array({{{found->key, "^" + pattern + "$"}}});
    out_.guesses.push_back({"claims", camera["claims"].dump(), fmt::format("the card {}", found->key),
                            found->key == "INSTRUME"});
  } else {
    out_.open.push_back(
        "claims: no card INSTRUME, DETECTOR or TELESCOP tells the camera's images from others'");
  }
  out_.identity =
      Json{
          {"plugin", input_.name}, {"version", "0.1.0"}, {"license", "?"}, {"cameras", Json::array({camera})}}
          .dump(1);
  std::replace(out_.identity.begin(), out_.identity.end(), '\n', ' ');
}

void ScaffoldMaker::detector() {
  if (image_.number == 0)
    set("hdus.ccds", "primary", "the image is in the primary HDU");
  else if (count("image") < count_images())
    set("hdus.ccds", numbers("image"), "the HDUs that look like images of the sky", count("image") == 1);
  set("detector.size_pixels", {image_.width, image_.height}, "the first image's");
  if (const auto header_frame = wcs()) {
    set("detector.pixel_scale_arcsec", std::round(header_frame->pixel_scale_arcsec() * 1e4) / 1e4,
        "by the header's world coordinates");
  } else if (const auto found = find({"PIXSCALE", "SECPIX", "PIXSCAL1"});
             found && parse_double(found->value)) {
    set("detector.pixel_scale_arcsec", std::abs(*parse_double(found->value)), "the card " + found->key,
        false);
  } else if (const auto head = sidecar()) {
    if (const auto scale = scale_of(image_beside(*head)))
      set("detector.pixel_scale_arcsec", *scale, "by the world coordinates in the file beside it");
    else
      out_.open.push_back(
          "detector.pixel_scale_arcsec: the world coordinates beside the image cannot be read");
  } else {
    out_.open.push_back("detector.pixel_scale_arcsec: neither world coordinates nor a card say it");
  }
}

int ScaffoldMaker::count_images() const {
  return static_cast<int>(std::count_if(out_.hdus.begin(), out_.hdus.end(), [&](const ScaffoldHdu& h) {
    return h.role != "none" && h.file == input_.images.front();
  }));
}

ScaffoldMaker::Json ScaffoldMaker::numbers(const char* role) const {
  Json out = Json::array();
  for (const ScaffoldHdu& h : out_.hdus)
    if (h.role == role && h.file == input_.images.front()) out.push_back(h.number);
  return out;
}

void ScaffoldMaker::metadata() {
  band();
  const bool tells_content = has_word(image_.extname, {"IMAGE", "SCI", "DATA", "PRIMARY"});
  if (count("image") == 1 && (image_.extname.empty() || tells_content)) {
    set("metadata.ccdname", {{"constant", ""}}, "there is one image only");
  } else if (count("image") == 1) {
    set("metadata.ccdname", {{"key", "EXTNAME"}, {"in", "image"}},
        fmt::format("the one image is named {}", image_.extname), false);
  } else {
    set("metadata.ccdname", {{"key", "EXTNAME"}, {"in", "image"}}, "the images' names differ",
        !image_.extname.empty());
  }
  if (const auto found = find({"EXPNUM", "EXPID", "EXP-ID", "OBSID", "FRAMENO", "FRAME", "RUN"});
      found && parse_int(found->value)) {
    set("metadata.expnum", source(*found), fmt::format("a whole number, {}", found->value),
        found->key == "EXPNUM");
  } else if (find({"DATE-OBS"})) {
    set("metadata.expnum", {{"key", "DATE-OBS"}, {"in", "either"}, {"digits", 14}},
        "there is no card of an exposure's number: the date as one", false);
  } else {
    out_.open.push_back("metadata.expnum: no card tells one exposure from another");
  }
  if (const auto found = find({"MJD-OBS"}))
    set("metadata.mjd_obs", source(*found), "the card MJD-OBS");
  else if (const auto date = find({"DATE-OBS"}))
    set("metadata.mjd_obs", {{"key", "DATE-OBS"}, {"in", "either"}, {"as", "iso_utc"}},
        fmt::format("the card DATE-OBS, '{}'", date->value), date->value.find('T') != std::string::npos);
  else if (const auto jd = find({"JD", "JD-OBS", "MJD"}))
    set("metadata.mjd_obs",
        jd->key == "MJD" ? source(*jd) : Json{{"key", jd->key}, {"in", "either"}, {"offset", -2400000.5}},
        "the card " + jd->key, false);
  else
    out_.open.push_back("metadata.mjd_obs: no card tells when the exposure began");
  number("metadata.exptime", {"EXPTIME", "EXPOSURE", "ITIME"}, "exposure time", true);
  if (const auto found = find({"FWHM"}))
    set("metadata.fwhm", source(*found), fmt::format("the card FWHM, {}: pixels?", found->value), false);
  else if (const auto seeing = find({"SEEING", "IQFINAL", "SEEMEAN"}))
    set("metadata.fwhm",
        Json{{"key", seeing->key},
             {"in", "either"},
             {"scale", 1 / facts_["detector"].value("pixel_scale_arcsec", 1.0)}},
        fmt::format("the card {}, {}, taken for arcsec and divided by the pixel scale", seeing->key,
                    seeing->value),
        false);
  if (const auto two = find({"GAINA"}); two && find({"GAINB"}))
    set("metadata.gain", {{"key", {"GAINA", "GAINB"}}, {"in", "either"}, {"combine", "mean"}},
        "two amplifiers' gains");
  else
    number("metadata.gain", {"GAIN", "EGAIN"}, "gain", false);
  number("metadata.airmass", {"AIRMASS", "SECZ"}, "airmass", false);
}

void ScaffoldMaker::number(const char* fact, std::initializer_list<const char*> keys, const char* what,
                           bool needed) {
  const auto found = find(keys);
  if (found && parse_double(found->value))
    set(fact, source(*found), fmt::format("the card {}, {}", found->key, found->value));
  else if (needed)
    out_.open.push_back(
        fmt::format("{}: no card tells the {} (looked for {})", fact, what, fmt::join(keys, ", ")));
}

void ScaffoldMaker::band() {
  const auto found = find({"FILTER", "FILTER1", "FILTNAM", "FILTERID", "FILTERS", "BAND"});
  if (!found) {
    out_.open.push_back("metadata.band and detector.bands: no card tells the filter");
    return;
  }
  const std::vector<std::string> values = values_of(*found);
  static const Pattern kWord("^([A-Za-z0-9_]{1,8})( |$)");
  Json bands = Json::array();
  bool words = true;
  for (const std::string& value : values) {
    const auto word = kWord.extract(value, "$1");
    if (word && upper_case(*word) != "FILTER")
      bands.push_back(*word);
    else
      words = false;
  }
  const std::string why = fmt::format("{} has {} value{}: '{}'", found->key, values.size(),
                                      values.size() == 1 ? "" : "s", fmt::join(values, "', '"));
  if (words) {
    set("detector.bands", bands, why, false);
    set("metadata.band", {{"key", found->key}, {"in", "either"}, {"words", 1}}, why + "; its first word",
        false);
  } else {
    Json map = Json::object();
    for (const std::string& value : values) map[value] = "?";
    set("metadata.band", {{"key", found->key}, {"in", "either"}, {"map", map}}, why, false);
    out_.open.push_back("metadata.band.map and detector.bands: which band is which filter; " + why);
  }
}

}  // namespace brickline
