// The files that a finished brick has left, read only as its list of checksums says they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/fits/header.h"
#include "core/survey/bricks.h"
#include "core/survey/products.h"
#include "core/wcs/wcs.h"

namespace brickline {

// A brick's output of runbrick: <out>/tractor/AAA/tractor-BRICK.fits and <out>/coadd/AAA/BRICK/.
struct BrickOutput {
  std::filesystem::path directory;  // <out>
  Brick brick;
};

// A file of sums, "HEX *NAME" a line with names relative to a directory.
class ChecksumList {
 public:
  // Empty: there is no such file. Error (kInput): it cannot be read.
  static std::optional<ChecksumList> read(const std::filesystem::path& file);
  // Error (kInput), naming `file`: the list does not have `name`, or `bytes` are not those that it knows.
  void check(const std::string& name, std::string_view bytes, const std::filesystem::path& file) const;
  void check_file(const std::string& name, const std::filesystem::path& file) const;
  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return digests_.contains(name); }
  // Of the list itself.
  const std::string& digest() const { return digest_; }

 private:
  std::filesystem::path file_;
  std::string digest_;
  std::map<std::string, std::string> digests_;
};

// The brick's own.
std::optional<ChecksumList> list_of(const BrickOutput& brick);

// The pixels of an image of the brick, where they are on the sky, and the cards.
template <typename T>
struct BrickMap {
  Image<T> pixels;
  Wcs wcs;
  fits::Header header;
};

class BrickProducts {
 public:
  // `verify`: every file that is read is compared with the brick's list of checksums, where there is one.
  BrickProducts(BrickOutput output, bool verify);
  const Brick& brick() const { return output_.brick; }
  bool has_list() const { return list_.has_value(); }
  std::filesystem::path path(Product product, const std::string& band = {}) const;
  // Error (kInput) naming the file: the list knows of it, and it is not there.
  bool has(Product product, const std::string& band = {}) const;
  // The image in HDU 1 (0, where there is no other), or in the HDU of that name. T: float, int32, uint8. Error (kInput)
  // naming the file: it is not there, cannot be read, or is not what the list says.
  template <typename T>
  BrickMap<T> map(Product product, const std::string& band = {}) const;
  // Images of one file, in one go: those of the names (upper case) that it has.
  std::map<std::string, Image<std::uint8_t>> masks(Product product, std::span<const std::string> names) const;

 private:
  std::string name_of(Product product, const std::string& band) const;  // in the list
  std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file, const std::string& name) const;
  BrickOutput output_;
  std::optional<ChecksumList> list_;
};

// Bricks of one directory of the products (the first three characters of their names): what is made in one go.
struct BrickGroup {
  std::string name;
  std::vector<BrickOutput> bricks;  // by brickid
};
std::vector<BrickGroup> groups_of(std::span<const BrickOutput> bricks);

// Bands of which any of the bricks has a map of exposures, or had one by its list of checksums, in the usual order.
std::vector<std::string> bands_of_maps(std::span<const BrickOutput> bricks);

}  // namespace brickline
