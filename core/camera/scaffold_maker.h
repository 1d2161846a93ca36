// The steps by which images tell what a camera is like (core/camera's scaffold only): which HDU is what, what headers say
// of the camera and of exposures, and what names of files, units and masks show.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/camera/scaffold.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/wcs.h"

namespace brickline {

// What a plane's values are like.
struct ScaffoldPlane {
  std::size_t distinct = 0;        // up to 64
  double zeros = 0;                // share
  double median = 0, scatter = 0;  // of finite values; the scatter from differences of pixels 5 apart
  bool negative = false;
  std::map<std::int64_t, std::int64_t> codes;  // of whole numbers: how often, up to 64 of them
};
ScaffoldPlane look_at_plane(fits::FitsReader& file, int hdu, const fits::ImageInfo& info);

struct NoiseRelation {
  const char* role;
  double ratio;  // to what it would be
};
// Which measure of the noise `sigma` a plane of that median is; the nearest first.
std::vector<NoiseRelation> noise_relations(double median, double sigma);

bool has_word(const std::string& name, std::initializer_list<const char*> words);

class ScaffoldMaker {
 public:
  using Json = nlohmann::ordered_json;
  explicit ScaffoldMaker(const ScaffoldInput& input) : input_(input) {}
  Scaffold make();

 private:
  struct File {
    std::unique_ptr<fits::FitsReader> reader;
    std::vector<fits::Header> headers;
    std::vector<fits::ImageInfo> infos;
  };
  void set(const std::string& path, Json value, const std::string& why, bool sure = true);
  static File open(const std::filesystem::path& path);
  void read_files();

  // scaffold_roles.cpp
  void find_roles();
  bool is_noise(const ScaffoldPlane& plane) const;
  int count(const char* role) const;

  // scaffold_headers.cpp
  struct Found {
    std::string key, value;
    bool in_primary = true;
  };
  // The first of the cards that has a value, in the primary header or in the image's.
  std::optional<Found> find(std::initializer_list<const char*> keys) const;
  std::vector<std::string> values_of(const Found& found) const;
  static Json source(const Found& found) { return {{"key", found.key}, {"in", "either"}}; }
  void identity();
  void detector();
  int count_images() const;
  Json numbers(const char* role) const;
  void metadata();
  void number(const char* fact, std::initializer_list<const char*> keys, const char* what, bool needed);
  void band();

  // scaffold_pixels.cpp
  void files();
  void companion(const std::string& product, const std::filesystem::path& separate,
                 std::initializer_list<const char*> roles);
  // What stands between the common beginning and the common end of two names, widened to whole words.
  static std::pair<std::string, std::string> difference(const std::string& a, const std::string& b);
  void weight_kind();
  void unit();
  std::optional<Wcs> wcs() const;
  std::optional<std::string> sidecar() const;
  // {base} of a name in place of it.
  std::filesystem::path image_beside(std::string name) const;
  std::optional<double> scale_of(const std::filesystem::path& file) const;
  void world_coordinates();
  void mask_codes();

  const ScaffoldInput& input_;
  std::vector<File> images_;
  std::optional<File> mask_, weight_;
  const ScaffoldHdu* first_ = nullptr;  // while roles are looked for
  ScaffoldPlane first_plane_;
  ScaffoldHdu image_;
  Json facts_ = Json::object();
  Scaffold out_;
};

}  // namespace brickline
