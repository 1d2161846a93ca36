// Which HDU is the image, the mask, a measure of the noise: by names and by values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/median.h"
#include "core/camera/scaffold_maker.h"

namespace brickline {

namespace {

constexpr int kSample = 512;  // pixels of a side that are looked at

}  // namespace

bool has_word(const std::string& name, std::initializer_list<const char*> words) {
  const std::string all = upper_case(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const char* w) { return all.find(w) != std::string::npos; });
}

ScaffoldPlane look_at_plane(fits::FitsReader& file, int hdu, const fits::ImageInfo& info) {
  const int w = std::min(info.width, kSample), h = std::min(info.height, kSample);
  const int x0 = (info.width - w) / 2, y0 = (info.height - h) / 2;
  const Image<float> pixels = file.image<float>(hdu, Box{x0, x0 + w, y0, y0 + h});
  ScaffoldPlane plane;
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

std::vector<NoiseRelation> noise_relations(double median, double sigma) {
  std::vector<NoiseRelation> all = {
      {"variance", median / (sigma * sigma)}, {"sigma", median / sigma}, {"weight", median * sigma * sigma}};
  std::sort(all.begin(), all.end(), [](const NoiseRelation& a, const NoiseRelation& b) {
    return std::abs(std::log(a.ratio)) < std::abs(std::log(b.ratio));
  });
  return all;
}

void ScaffoldMaker::find_roles() {
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
    } else if (has_word(h.extname, {"VARIANCE"}) || upper_case(h.extname) == "VAR") {
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
    const ScaffoldPlane plane =
        look_at_plane(*file.reader, h.number, file.infos[static_cast<std::size_t>(h.number)]);
    if (h.bitpix > 0 && plane.distinct < 32 && plane.zeros > 0.5) {
      h.role = "mask";
      h.why =
          fmt::format("whole numbers, {} different, {:.0f} % of them 0", plane.distinct, 100 * plane.zeros);
    } else if (!first_) {
      h.role = "image";
      h.why = "the first plane that looks like a sky";
    } else if (h.width == first_->width && h.height == first_->height && !plane.negative &&
               plane.scatter < 0.3 * plane.median && is_noise(plane)) {
      const std::vector<NoiseRelation> relations = noise_relations(plane.median, first_plane_.scatter);
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

bool ScaffoldMaker::is_noise(const ScaffoldPlane& plane) const {
  const std::vector<NoiseRelation> relations = noise_relations(plane.median, first_plane_.scatter);
  return std::abs(std::log(relations.front().ratio)) < std::log(3.0);
}

int ScaffoldMaker::count(const char* role) const {
  return static_cast<int>(std::count_if(out_.hdus.begin(), out_.hdus.end(), [&](const ScaffoldHdu& h) {
    return h.role == role && h.file == input_.images.front();
  }));
}

}  // namespace brickline
