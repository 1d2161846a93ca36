#include "core/camera/scaffold.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/base/median.h"
#include "core/base/numbers.h"
#include "core/camera/elf_note.h"
#include "core/camera/text_cards.h"
#include "core/facts/pattern.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/wcs.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSample = 512;  // pixels of a side that are looked at

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

bool has_word(const std::string& name, std::initializer_list<const char*> words) {
  const std::string all = upper(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const char* w) { return all.find(w) != std::string::npos; });
}

// What a plane's values are like.
struct Plane {
  std::size_t distinct = 0;        // up to 64
  double zeros = 0;                // share
  double median = 0, scatter = 0;  // of finite values; the scatter from differences of pixels 5 apart
  bool negative = false;
  std::map<std::int64_t, std::int64_t> codes;  // of whole numbers: how often, up to 64 of them
};

Plane look_at(fits::FitsReader& file, int hdu, const fits::ImageInfo& info) {
  const int w = std::min(info.width, kSample), h = std::min(info.height, kSample);
  const int x0 = (info.width - w) / 2, y0 = (info.height - h) / 2;
  const Image<float> pixels = file.image<float>(hdu, Box{x0, x0 + w, y0, y0 + h});
  Plane plane;
  std::vector<float> values, differences;
  std::set<float> distinct;
  std::int64_t zeros = 0;
  constexpr int kApart = 5;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const float v = pixels(x, y);
      if (!std::isfinite(v)) continue;
      values.push_back(v);
      zeros += v == 0;
      plane.negative = plane.negative || v < 0;
      if (distinct.size() < 64) distinct.insert(v);
      if (info.bitpix > 0 && (plane.codes.size() < 64 || plane.codes.contains(static_cast<std::int64_t>(v))))
        ++plane.codes[static_cast<std::int64_t>(v)];
      if (x + kApart < w && std::isfinite(pixels(x + kApart, y)))
        differences.push_back(std::abs(v - pixels(x + kApart, y)));
    }
  plane.distinct = distinct.size();
  plane.zeros = values.empty() ? 0 : static_cast<double>(zeros) / static_cast<double>(values.size());
  // Where a plane says what is of no use by 0, the others tell.
  std::vector<float> used;
  for (const float v : values)
    if (v != 0) used.push_back(v);
  plane.median = median_in_place(used.empty() ? values : used);
  plane.scatter = 1.4826 / std::sqrt(2.0) * median_in_place(differences);
  return plane;
}

struct Relation {
  const char* role;
  double ratio;  // to what it would be
};
// Which measure of the noise `sigma` a plane of that median is; the nearest first.
std::vector<Relation> noise_relations(double median, double sigma) {
  std::vector<Relation> all = {
      {"variance", median / (sigma * sigma)}, {"sigma", median / sigma}, {"weight", median * sigma * sigma}};
  std::sort(all.begin(), all.end(), [](const Relation& a, const Relation& b) {
    return std::abs(std::log(a.ratio)) < std::abs(std::log(b.ratio));
  });
  return all;
}

class Maker {
 public:
  explicit Maker(const ScaffoldInput& input) : input_(input) {}

  Scaffold make() {
    read_files();
    find_roles();
    identity();
    detector();
    metadata();
    files();
    unit();
    world_coordinates();
    mask_codes();
    out_.open.push_back(
        "photometry: zero points come with the CCD table (ccdzpt), which `make-ccds` makes; bands that are not standard "
        "ones need bands.NAME.wavelength_nm and extinction_per_ebv");
    Json all = {{"facts", "1.1"}};
    for (const auto& [key, value] : facts_.items()) all[key] = value;
    out_.facts = all.dump(2);
    return std::move(out_);
  }

 private:
  struct File {
    std::unique_ptr<fits::FitsReader> reader;
    std::vector<fits::Header> headers;
    std::vector<fits::ImageInfo> infos;
  };

  void set(const std::string& path, Json value, const std::string& why, bool sure = true) {
    Json* at = &facts_;
    std::size_t begin = 0;
    for (std::size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1)
      at = &(*at)[path.substr(begin, dot - begin)];
    out_.guesses.push_back({path, value.dump(), why, sure});
    (*at)[path.substr(begin)] = std::move(value);
  }

  static File open(const fs::path& path) {
    File file;
    file.reader = std::make_unique<fits::FitsReader>(path);
    for (int hdu = 0; hdu < file.reader->hdu_count(); ++hdu) {
      file.headers.push_back(file.reader->header(hdu));
      file.infos.push_back(file.reader->is_table(hdu) ? fits::ImageInfo() : file.reader->image_info(hdu));
    }
    return file;
  }
  void read_files() {
    for (const fs::path& image : input_.images) images_.push_back(open(image));
    if (!input_.mask.empty()) mask_ = open(input_.mask);
    if (!input_.weight.empty()) weight_ = open(input_.weight);
  }

  // ---- Roles ----

  void find_roles() {
    File& file = images_.front();
    std::vector<ScaffoldHdu*> undecided;
    for (int hdu = 0; hdu < static_cast<int>(file.infos.size()); ++hdu) {
      const fits::ImageInfo& info = file.infos[static_cast<std::size_t>(hdu)];
      ScaffoldHdu h{input_.images.front(),
                    hdu,
                    info.width,
                    info.height,
                    info.bitpix,
                    file.headers[static_cast<std::size_t>(hdu)].text("EXTNAME").value_or(""),
                    {},
                    {}};
      if (info.width <= 0 || info.height <= 0) {
        h.role = "none";
        h.why = "no image";
      } else if (has_word(h.extname, {"MASK", "FLAG", "DQ", "BPM"})) {
        h.role = "mask", h.why = "by its name";
      } else if (has_word(h.extname, {"VARIANCE"}) || upper(h.extname) == "VAR") {
        h.role = "variance", h.why = "by its name";
      } else if (has_word(h.extname, {"SIGMA", "ERR", "RMS", "UNCERT", "STDDEV"})) {
        h.role = "sigma", h.why = "by its name";
      } else if (has_word(h.extname, {"WEIGHT", "WHT", "IVAR", "INVVAR"})) {
        h.role = "weight", h.why = "by its name";
      }
      out_.hdus.push_back(h);
    }
    for (ScaffoldHdu& h : out_.hdus) {
      if (!h.role.empty()) continue;
      const Plane plane = look_at(*file.reader, h.number, file.infos[static_cast<std::size_t>(h.number)]);
      if (h.bitpix > 0 && plane.distinct < 32 && plane.zeros > 0.5) {
        h.role = "mask";
        h.why =
            fmt::format("whole numbers, {} different, {:.0f} % of them 0", plane.distinct, 100 * plane.zeros);
      } else if (!first_) {
        h.role = "image";
        h.why = "the first plane that looks like a sky";
      } else if (h.width == first_->width && h.height == first_->height && !plane.negative &&
                 plane.scatter < 0.3 * plane.median && is_noise(plane)) {
        const std::vector<Relation> relations = noise_relations(plane.median, first_plane_.scatter);
        h.role = relations.front().role;
        h.why =
            fmt::format("its median {:.4g} is {:.2g} times the {} of the image's noise {:.4g}", plane.median,
                        relations.front().ratio, relations.front().role, first_plane_.scatter);
      } else {
        h.role = "image";
        h.why = "another plane like the first: another CCD";
      }
      if (h.role == "image" && !first_) {
        first_ = &h;
        first_plane_ = plane;
      }
    }
    if (!first_)
      throw input_error("no HDU looks like an image of the sky").in_file(input_.images.front().string());
    for (const auto& [path, other, role] :
         {std::tuple{&input_.mask, &mask_, "mask"}, {&input_.weight, &weight_, "weight"}}) {
      if (path->empty()) continue;
      for (int hdu = 0; hdu < static_cast<int>((*other)->infos.size()); ++hdu) {
        const fits::ImageInfo& info = (*other)->infos[static_cast<std::size_t>(hdu)];
        out_.hdus.push_back({*path, hdu, info.width, info.height, info.bitpix,
                             (*other)->headers[static_cast<std::size_t>(hdu)].text("EXTNAME").value_or(""),
                             info.width > 0 ? role : "none", "by its file"});
      }
    }
    // (The list has grown.)
    for (const ScaffoldHdu& h : out_.hdus)
      if (h.role == "image") {
        image_ = h;
        break;
      }
  }
  bool is_noise(const Plane& plane) const {
    const std::vector<Relation> relations = noise_relations(plane.median, first_plane_.scatter);
    return std::abs(std::log(relations.front().ratio)) < std::log(3.0);
  }
  int count(const char* role) const {
    return static_cast<int>(std::count_if(out_.hdus.begin(), out_.hdus.end(), [&](const ScaffoldHdu& h) {
      return h.role == role && h.file == input_.images.front();
    }));
  }

  // ---- Headers ----

  struct Found {
    std::string key, value;
    bool in_primary = true;
  };
  // The first of the cards that has a value, in the primary header or in the image's.
  std::optional<Found> find(std::initializer_list<const char*> keys) const {
    for (const char* key : keys)
      for (const bool in_primary : {true, false}) {
        const fits::Header& header =
            images_.front().headers[static_cast<std::size_t>(in_primary ? 0 : image_.number)];
        const auto value = header.text(key);
        if (value && !stripped(*value).empty()) return Found{key, std::string(stripped(*value)), in_primary};
      }
    return {};
  }
  std::vector<std::string> values_of(const Found& found) const {
    std::set<std::string> values;
    for (const File& file : images_) {
      const std::size_t hdu = found.in_primary ? 0 : static_cast<std::size_t>(image_.number);
      if (hdu < file.headers.size())
        if (const auto value = file.headers[hdu].text(found.key)) values.insert(*value);
    }
    return {values.begin(), values.end()};
  }
  static Json source(const Found& found) { return {{"key", found.key}, {"in", "either"}}; }

  void identity() {
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
    out_.identity = Json{{"plugin", input_.name},
                         {"version", "0.1.0"},
                         {"license", "?"},
                         {"cameras", Json::array({camera})}}
                        .dump(1);
    std::replace(out_.identity.begin(), out_.identity.end(), '\n', ' ');
  }

  void detector() {
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
  int count_images() const {
    return static_cast<int>(std::count_if(out_.hdus.begin(), out_.hdus.end(), [&](const ScaffoldHdu& h) {
      return h.role != "none" && h.file == input_.images.front();
    }));
  }
  Json numbers(const char* role) const {
    Json out = Json::array();
    for (const ScaffoldHdu& h : out_.hdus)
      if (h.role == role && h.file == input_.images.front()) out.push_back(h.number);
    return out;
  }

  void metadata() {
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
  void number(const char* fact, std::initializer_list<const char*> keys, const char* what, bool needed) {
    const auto found = find(keys);
    if (found && parse_double(found->value))
      set(fact, source(*found), fmt::format("the card {}, {}", found->key, found->value));
    else if (needed)
      out_.open.push_back(
          fmt::format("{}: no card tells the {} (looked for {})", fact, what, fmt::join(keys, ", ")));
  }
  void band() {
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
      if (word && upper(*word) != "FILTER")
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

  // ---- Files and pixels ----

  void files() {
    companion("mask", input_.mask, {"mask"});
    companion("weight", input_.weight, {"weight", "variance", "sigma"});
    weight_kind();
  }
  void companion(const std::string& product, const fs::path& separate,
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
  // What stands between the common beginning and the common end of two names, widened to whole words.
  static std::pair<std::string, std::string> difference(const std::string& a, const std::string& b) {
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
  void weight_kind() {
    const ScaffoldHdu* plane = nullptr;
    for (const ScaffoldHdu& h : out_.hdus)
      if ((h.role == "weight" || h.role == "variance" || h.role == "sigma") && !plane) plane = &h;
    if (!plane) return;
    File& file = plane->file == input_.images.front() ? images_.front() : *weight_;
    const Plane values =
        look_at(*file.reader, plane->number, file.infos[static_cast<std::size_t>(plane->number)]);
    const std::vector<Relation> relations = noise_relations(values.median, first_plane_.scatter);
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

  void unit() {
    const auto bunit = find({"BUNIT"});
    const std::string text = bunit ? upper(bunit->value) : "";
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

  std::optional<Wcs> wcs() const {
    try {
      return Wcs::from_header(images_.front().headers[static_cast<std::size_t>(image_.number)], image_.width,
                              image_.height);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      return {};
    }
  }
  std::optional<std::string> sidecar() const {
    const fs::path& image = input_.images.front();
    std::string base = image.filename().string();
    for (const char* ending : {".fz", ".gz", ".fits"})
      if (base.ends_with(ending)) base.erase(base.size() - std::string_view(ending).size());
    for (const char* ending : {".head", ".ahead", ".wcs"})
      if (fs::is_regular_file(image.parent_path() / (base + ending))) return "{base}" + std::string(ending);
    return {};
  }
  // {base} of a name in place of it.
  fs::path image_beside(std::string name) const {
    std::string base = input_.images.front().filename().string();
    for (const char* ending : {".fz", ".gz", ".fits"})
      if (base.ends_with(ending)) base.erase(base.size() - std::string_view(ending).size());
    name.replace(name.find("{base}"), 6, base);
    return input_.images.front().parent_path() / name;
  }
  std::optional<double> scale_of(const fs::path& file) const {
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
      return std::round(Wcs::from_header(cards, image_.width, image_.height).pixel_scale_arcsec() * 1e4) /
             1e4;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      return {};
    }
  }
  void world_coordinates() {
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

  void mask_codes() {
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
          Json::array(
              {{{"op", "planes"}, {"table", table}, {"others", "badpix"}, {"ignore_names", ignored}}}),
          "the planes that the mask's header names (MP_...)", false);
      return;
    }
    const Plane seen =
        look_at(*file.reader, mask->number, file.infos[static_cast<std::size_t>(mask->number)]);
    std::vector<std::string> values;
    for (const auto& [code, n] : seen.codes) values.push_back(fmt::format("{} ({} times)", code, n));
    out_.open.push_back(fmt::format(
        "mask.pipeline: what the mask's values mean; in the middle of the first there are {}. Codes: "
        "{{\"op\": \"codes\", \"table\": {{\"1\": \"badpix\", ...}}}}; bits: {{\"op\": \"bits\", ...}}",
        fmt::join(values, ", ")));
  }

  const ScaffoldInput& input_;
  std::vector<File> images_;
  std::optional<File> mask_, weight_;
  const ScaffoldHdu* first_ = nullptr;  // while roles are looked for
  Plane first_plane_;
  ScaffoldHdu image_;
  Json facts_ = Json::object();
  Scaffold out_;
};

}  // namespace

Scaffold scaffold_from(const ScaffoldInput& input) {
  check_camera_name(input.name);
  if (input.images.empty()) throw usage_error("no image is given");
  return Maker(input).make();
}

}  // namespace brickline
