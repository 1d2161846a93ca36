#include "core/release/brick_products.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in && !in.eof()) throw input_error("cannot be read").in_file(file.string());
  return text;
}

bool is_there(const fs::path& file) {
  std::error_code code;
  return fs::exists(file, code);
}

Error lacking(const Brick& brick, const fs::path& file) {
  Error error = input_error("brick {} lacks it: the brick is to be made again", brick.name);
  error.in_file(file.string());
  return error;
}

}  // namespace

std::optional<ChecksumList> ChecksumList::read(const fs::path& file) {
  if (!is_there(file)) return {};
  ChecksumList list;
  list.file_ = file;
  const std::string text = text_of(file);
  list.digest_ = sha256_hex(text);
  constexpr std::size_t kDigest = 64, kName = kDigest + 2;  // two characters between: "  " or " *"
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    if (line.size() <= kName)
      throw input_error("'{}' is no line of a list of checksums", line).in_file(file.string());
    list.digests_[line.substr(kName)] = line.substr(0, kDigest);
  }
  return list;
}

void ChecksumList::check(const std::string& name, std::string_view bytes, const fs::path& file) const {
  const auto found = digests_.find(name);
  if (found == digests_.end())
    throw input_error("{} does not name it: the brick is to be made again", file_.string())
        .in_file(file.string());
  if (sha256_hex(bytes) != found->second)
    throw input_error("it is not what {} says: the brick is to be made again", file_.string())
        .in_file(file.string());
}

void ChecksumList::check_file(const std::string& name, const fs::path& file) const {
  check(name, text_of(file), file);
}

std::optional<ChecksumList> list_of(const BrickOutput& b) {
  return ChecksumList::read(b.directory / product_path(Product::kChecksums, {.brick = b.brick.name}));
}

std::vector<std::string> ChecksumList::names() const {
  std::vector<std::string> out;
  for (const auto& [name, digest] : digests_) out.push_back(name);
  return out;
}

BrickProducts::BrickProducts(BrickOutput output, bool verify) : output_(std::move(output)) {
  if (verify) list_ = list_of(output_);
}

fs::path BrickProducts::path(Product product, const std::string& band) const {
  return output_.directory / product_path(product, {.brick = brick().name, .band = band});
}

bool BrickProducts::has(Product product, const std::string& band) const {
  const fs::path file = path(product, band);
  if (is_there(file)) return true;
  if (list_ && list_->has(name_of(product, band))) throw lacking(brick(), file);
  return false;
}

std::string BrickProducts::name_of(Product product, const std::string& band) const {
  return product_path(product, {.brick = brick().name, .band = band}).string();
}

std::vector<std::uint8_t> BrickProducts::bytes_of(const fs::path& file, const std::string& name) const {
  if (!is_there(file)) throw lacking(brick(), file);
  const std::string text = text_of(file);
  list_->check(name, text, file);
  return {text.begin(), text.end()};
}

template <typename T>
BrickMap<T> BrickProducts::map(Product product, const std::string& band) const {
  const fs::path file = path(product, band);
  std::vector<std::uint8_t> bytes;
  if (list_)
    bytes = bytes_of(file, name_of(product, band));
  else if (!is_there(file))
    throw lacking(brick(), file);
  fits::FitsReader reader = list_ ? fits::FitsReader::in_memory(bytes, file) : fits::FitsReader(file);
  const int hdu = reader.hdu_count() > 1 ? 1 : 0;
  BrickMap<T> map{reader.image<T>(hdu), {}, reader.header(hdu)};
  try {
    map.wcs = Wcs::from_header(map.header, map.pixels.width(), map.pixels.height());
  } catch (Error& error) {
    error.in_file(file.string());
    throw;
  }
  return map;
}
template BrickMap<float> BrickProducts::map(Product, const std::string&) const;
template BrickMap<std::int32_t> BrickProducts::map(Product, const std::string&) const;

std::map<std::string, Image<std::uint8_t>> BrickProducts::masks(Product product,
                                                                std::span<const std::string> names) const {
  const fs::path file = path(product);
  std::vector<std::uint8_t> bytes;
  if (list_) bytes = bytes_of(file, name_of(product, {}));
  fits::FitsReader reader = list_ ? fits::FitsReader::in_memory(bytes, file) : fits::FitsReader(file);
  std::map<std::string, Image<std::uint8_t>> out;
  for (const std::string& name : names)
    if (const auto hdu = reader.find_hdu(name)) out[name] = reader.image<std::uint8_t>(*hdu);
  return out;
}

std::vector<BrickGroup> groups_of(std::span<const BrickOutput> bricks) {
  std::map<std::string, std::vector<BrickOutput>> groups;
  constexpr std::size_t kGroup = 3;
  for (const BrickOutput& b : bricks) groups[b.brick.name.substr(0, kGroup)].push_back(b);
  std::vector<BrickGroup> out;
  for (auto& [name, members] : groups) {
    std::ranges::sort(members, {}, [](const BrickOutput& b) { return b.brick.id; });
    out.push_back({name, std::move(members)});
  }
  return out;
}

std::vector<std::string> bands_of_maps(std::span<const BrickOutput> bricks) {
  constexpr std::string_view kEnd = ".fits.fz";
  std::set<std::string> found;
  for (const BrickOutput& b : bricks) {
    const fs::path any = b.directory / product_path(Product::kNexp, {.brick = b.brick.name, .band = "?"});
    const std::string name = any.filename().string();
    const std::string stem = name.substr(0, name.size() - kEnd.size() - 1);
    const auto add = [&](const std::string& file) {
      if (file.starts_with(stem) && file.ends_with(kEnd))
        found.insert(file.substr(stem.size(), file.size() - stem.size() - kEnd.size()));
    };
    std::error_code code;
    for (const fs::directory_entry& entry : fs::directory_iterator(any.parent_path(), code))
      add(entry.path().filename().string());
    if (const auto list = list_of(b))
      for (const std::string& name : list->names()) add(fs::path(name).filename().string());
  }
  std::vector<std::string> bands;
  for (const char* band : {"u", "g", "r", "i", "z", "y", "Y"})
    if (found.erase(band)) bands.emplace_back(band);
  bands.insert(bands.end(), found.begin(), found.end());
  return bands;
}

}  // namespace brickline
