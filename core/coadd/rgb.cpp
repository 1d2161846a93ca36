#include "core/coadd/rgb.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"

namespace brickline {

namespace {

enum Plane { kRed = 0, kGreen = 1, kBlue = 2 };

struct PlaneScale {
  Plane plane;
  float scale;
};

// The Legacy Surveys' planes and scales of single bands.
const PlaneScale* plane_of(const std::string& band) {
  static const std::map<std::string, PlaneScale> kTable = [] {
    std::map<std::string, PlaneScale> t;
    for (const char* b :
         {"u", "g", "N419", "N501", "N540", "M411", "M438", "M464", "M490", "M517", "N395", "CaHK", "M4376"})
      t[b] = {kBlue, 6.0f};
    for (const char* b : {"r", "r2", "N673", "V"}) t[b] = {kGreen, 3.4f};
    for (const char* b : {"i", "i2"}) t[b] = {kRed, 3.0f};
    for (const char* b : {"z", "Y", "y"}) t[b] = {kRed, 2.2f};
    for (const char* b :
         {"NB_A", "NB_B", "NB_C", "NB_D", "NB_E", "I-A-L427", "I-A-L464", "I-A-L484", "I-A-L505", "I-A-L527"})
      t[b] = {kRed, 6.0f};
    return t;
  }();
  const auto found = kTable.find(band);
  return found == kTable.end() ? nullptr : &found->second;
}

RgbBand on_plane(Plane plane, float scale) {
  RgbBand b{scale, {0, 0, 0}, true};
  b.weights[plane] = 1;
  return b;
}

// Lists of bands whose colours are mixed instead of laid on planes.
const std::vector<std::array<float, 3>>* mixture_of(const std::vector<std::string>& bands) {
  using Mixture = std::vector<std::array<float, 3>>;
  static const Mixture kFive = {{0, 0, .6f}, {0, .2f, .4f}, {0, .6f, 0}, {.4f, .2f, 0}, {.6f, 0, 0}};
  static const std::map<std::vector<std::string>, Mixture> kTable = {
      {{"g", "r", "i", "z"}, {{0, 0, .75f}, {0, .5f, .25f}, {.25f, .5f, 0}, {.75f, 0, 0}}},
      {{"M411", "M464"}, {{0, .5f, 1}, {1, .5f, 0}}},
      {{"M411", "M438", "M464", "M490", "M517"}, kFive},
      {{"I-A-L427", "I-A-L464", "I-A-L484", "I-A-L505", "I-A-L527"}, kFive}};
  const auto found = kTable.find(bands);
  return found == kTable.end() ? nullptr : &found->second;
}

// A narrow-band survey of its own (N419, N501, N673 and nothing else): three bands are blue, green and red;
// of two the shorter is blue, the longer red and both green; one is grey.
std::optional<std::vector<std::optional<RgbBand>>> narrow_band_recipe(const std::vector<std::string>& bands,
                                                                      double stretch) {
  static const std::map<std::string, PlaneScale> kTable = {
      {"N419", {kBlue, 10.0f}}, {"N501", {kGreen, 6.0f}}, {"N673", {kRed, 3.4f}}};
  std::vector<std::optional<RgbBand>> recipe;
  for (const std::string& band : bands) {
    const auto known = kTable.find(band);
    if (known == kTable.end()) return {};
    RgbBand b = on_plane(known->second.plane, known->second.scale * static_cast<float>(stretch));
    b.replaces = b.clips = false;
    recipe.push_back(b);
  }
  if (recipe.size() == 1) recipe[0]->weights = {1, 1, 1};
  if (recipe.size() == 2) {
    const bool first_is_shorter = kTable.at(bands[0]).plane > kTable.at(bands[1]).plane;
    recipe[first_is_shorter ? 0 : 1]->weights = {0, .5f, 1};
    recipe[first_is_shorter ? 1 : 0]->weights = {1, .5f, 0};
  }
  return recipe;
}

// What the Legacy Surveys do with a list of bands; without a value: the band takes no part.
std::vector<std::optional<RgbBand>> known_recipe(const std::vector<std::string>& list, double stretch) {
  if (auto narrow = narrow_band_recipe(list, stretch)) return *narrow;
  const auto* mixture = mixture_of(list);
  const bool near_infrared = list == std::vector<std::string>{"Y", "J", "H"};
  std::vector<std::optional<RgbBand>> recipe(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    // Five bands without a mixture of their own make no picture together: the first three do.
    if (!mixture && list.size() == 5 && i >= 3) continue;
    const PlaneScale* known = plane_of(list[i]);
    RgbBand band;
    if (near_infrared) {
      static constexpr std::array<PlaneScale, 3> kPlanes = {{{kBlue, 3.0f}, {kGreen, 2.6f}, {kRed, 2.2f}}};
      band = on_plane(kPlanes[i].plane, kPlanes[i].scale);
    } else if (list == std::vector<std::string>{"N501", "r", "N673"} && i == 2) {
      band = on_plane(kRed, 3.4f);
    } else if (known) {
      band = on_plane(known->plane, known->scale);
    } else {
      // Grey.
      for (int p = 0; p < 3; ++p)
        band.weights[p] = static_cast<float>(1.0 / static_cast<double>(list.size()));
      band.replaces = false;
    }
    if (mixture) {
      band.weights = (*mixture)[i];
      band.replaces = false;
    }
    band.scale *= static_cast<float>(stretch);
    recipe[i] = band;
  }
  return recipe;
}

// What is not a number becomes 0.
float clip01(float v) { return v > 0 ? std::min(v, 1.0f) : 0.0f; }

}  // namespace

std::vector<std::optional<RgbBand>> rgb_recipe(std::span<const std::string> bands, double stretch,
                                               std::span<const std::optional<std::array<double, 3>>> wishes) {
  std::vector<std::optional<RgbBand>> recipe = known_recipe({bands.begin(), bands.end()}, stretch);
  for (std::size_t i = 0; i < std::min(recipe.size(), wishes.size()); ++i) {
    if (!wishes[i]) continue;
    if (!recipe[i]) recipe[i] = RgbBand{.scale = RgbBand{}.scale * static_cast<float>(stretch)};
    for (int p = 0; p < 3; ++p)
      recipe[i]->weights[p] = static_cast<float>((*wishes[i])[p] / static_cast<double>(bands.size()));
    recipe[i]->replaces = false;
  }
  return recipe;
}

RgbPlanes rgb_picture(std::span<const ImageView<const float>> images, std::span<const std::string> bands,
                      PictureKind kind, const RgbOptions& options,
                      std::span<const std::optional<std::array<double, 3>>> wishes) {
  if (images.size() != bands.size() || images.empty())
    throw internal_error("a picture needs one image per band");
  const int w = images[0].width(), h = images[0].height();
  // Residuals are shown as they are, whatever the stretch.
  const auto recipe = rgb_recipe(bands, kind == PictureKind::kImage ? options.stretch : 1, wishes);
  const auto used = static_cast<float>(
      std::count_if(recipe.begin(), recipe.end(), [](const auto& r) { return r.has_value(); }));
  RgbPlanes out{Image<float>(w, h), Image<float>(w, h), Image<float>(w, h)};
  const std::array<Image<float>*, 3> planes = {&out.red, &out.green, &out.blue};
  const float root_q = std::sqrt(options.q);
  tbb::parallel_for(0, h, [&](int y) {
    for (int x = 0; x < w; ++x) {
      float ratio = 0;
      if (kind == PictureKind::kImage) {
        float intensity = 0;
        for (std::size_t i = 0; i < images.size(); ++i)
          if (recipe[i]) intensity += std::max(0.0f, recipe[i]->scale * images[i](x, y) + options.m);
        intensity /= used;
        const float stretched = std::asinh(options.q * intensity) / root_q;
        ratio = stretched / (intensity == 0 ? 1e-6f : intensity);
      }
      std::array<float, 3> rgb{};
      for (std::size_t i = 0; i < images.size(); ++i) {
        if (!recipe[i]) continue;
        const float scaled = recipe[i]->scale * images[i](x, y);
        float v = kind == PictureKind::kImage
                      ? (scaled + options.m) * ratio
                      : (scaled + options.residual_range) / (2 * options.residual_range);
        if (recipe[i]->clips) v = clip01(v);
        for (int p = 0; p < 3; ++p) {
          const float weight = recipe[i]->weights[p];
          if (weight == 0) continue;
          rgb[p] = recipe[i]->replaces ? weight * v : rgb[p] + weight * v;
        }
      }
      for (int p = 0; p < 3; ++p) (*planes[p])(x, y) = clip01(rgb[p]);
    }
  });
  return out;
}

void outline_blobs(RgbPlanes& picture, ImageView<const std::int32_t> blob_map) {
  const int w = blob_map.width(), h = blob_map.height();
  const auto touches_blob = [&](int x, int y) {
    for (int v = std::max(0, y - 1); v <= std::min(h - 1, y + 1); ++v)
      for (int u = std::max(0, x - 1); u <= std::min(w - 1, x + 1); ++u)
        if (blob_map(u, v) >= 0) return true;
    return false;
  };
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      if (blob_map(x, y) < 0 && touches_blob(x, y)) {
        picture.red(x, y) = picture.blue(x, y) = 0;
        picture.green(x, y) = 1;
      }
}

Image<float> grey_picture(const RgbPlanes& picture) {
  Image<float> grey(picture.red.width(), picture.red.height());
  for (int y = 0; y < grey.height(); ++y)
    for (int x = 0; x < grey.width(); ++x)
      grey(x, y) = picture.red(x, y) + picture.green(x, y) + picture.blue(x, y);
  return grey;
}

}  // namespace brickline
