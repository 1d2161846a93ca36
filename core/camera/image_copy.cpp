#include "core/camera/image_copy.h"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"

namespace brickline {

namespace fs = std::filesystem;

std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_bytes(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << bytes;
  if (!out.flush()) throw resource_error("cannot be written").in_file(file.string());
}

ImageCopy::ImageCopy(const CheckInput& input, const fs::path& image)
    : registry_(CameraRegistry::scan(input.search)), camera_(input.camera) {
  registry_.load(camera_);
  const IdentifiedImage found = identify_image(registry_, image, camera_, input.images_dir);
  if (found.ccds.empty()) throw input_error("no CCD is found in it").in_file(image.string());
  ccd_ = found.ccds.front();
  whole_ = Box::from_size(ccd_.width, ccd_.height);
  const fs::path images =
      input.images_dir.empty() ? found.path.parent_path() : fs::absolute(input.images_dir);
  original_ = found.path;
  images_ = input.scratch / "images";
  source_.values.image_filename = found.path.lexically_relative(images).string();
  source_.values.image_hdu = ccd_.hdu;
  source_.values.ccdzpt = kZeroPoint;
  source_.locate = [here = images_](SurveyPlace place, const std::string& relative) {
    return place == SurveyPlace::kImages  ? here / relative
           : place == SurveyPlace::kCalib ? here.parent_path() / "calib" / relative
                                          : here.parent_path() / relative;
  };
  // What lies beside it under its name may belong to it: a mask, a weight, world coordinates.
  fs::create_directories(image_path().parent_path());
  const std::string stem = base_name(facts().files.base_name, found.path.filename().string());
  for (const auto& entry : fs::directory_iterator(found.path.parent_path()))
    if (entry.is_regular_file() && entry.path().filename().string().starts_with(stem))
      fs::copy_file(entry.path(), image_path().parent_path() / entry.path().filename(),
                    fs::copy_options::overwrite_existing);
  for (IdentifiedFile file : ccd_.files) {
    const fs::path from = file.path;
    file.path = images_ / from.lexically_relative(images);
    fs::create_directories(file.path.parent_path());
    fs::copy_file(from, file.path, fs::copy_options::overwrite_existing);
    companions_.push_back(std::move(file));
  }
}

const IdentifiedFile* ImageCopy::companion(const std::string& role) const {
  for (const IdentifiedFile& file : companions_)
    if (file.role == role) return &file;
  return nullptr;
}

namespace {

template <typename T, typename Edit>
std::string with_pixels_edited(const fs::path& file, int hdu, Edit&& edit) {
  std::optional<fits::FitsReader> reader;
  try {
    reader.emplace(file);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    throw CheckNotMade{"only the camera can write its format"};
  }
  fits::FitsWriter writer;
  for (int n = 0; n < reader->hdu_count(); ++n) {
    const fits::Header header = reader->header(n);
    const std::string name = header.text("EXTNAME").value_or("");
    if (reader->is_table(n)) {
      writer.add_table(reader->table(n), name, header);
      continue;
    }
    const fits::ImageInfo info = reader->image_info(n);
    if (info.width <= 0 || info.height <= 0)
      writer.add_empty_primary(header);
    else if (n == hdu)
      writer.add_image<T>(edit(reader->image<T>(n)).const_view(), header, name);
    else if (info.bitpix < 0)
      writer.add_image<float>(reader->image<float>(n).const_view(), header, name);
    else
      writer.add_image<std::int32_t>(reader->image<std::int32_t>(n).const_view(), header, name);
  }
  return writer.finish();
}

}  // namespace

std::string rewritten(const fs::path& file, int hdu, const std::function<Image<float>(Image<float>)>& edit) {
  return with_pixels_edited<float>(file, hdu, edit);
}
std::string rewritten_codes(const fs::path& file, int hdu,
                            const std::function<void(Image<std::int32_t>&)>& edit) {
  return with_pixels_edited<std::int32_t>(file, hdu, [&](Image<std::int32_t> pixels) {
    edit(pixels);
    return pixels;
  });
}

std::vector<std::size_t> card_places(const std::string& bytes) {
  constexpr std::size_t kBlock = 2880, kCard = 80;
  std::vector<std::size_t> places;
  for (std::size_t block = 0; block + kBlock <= bytes.size(); block += kBlock) {
    const std::string_view head(bytes.data() + block, 10);
    if (!head.starts_with("SIMPLE  =") && !head.starts_with("XTENSION=")) continue;
    for (std::size_t at = block; at + kCard <= bytes.size(); at += kCard) {
      if (std::string_view(bytes.data() + at, kCard).substr(0, 8) == "END     ") break;
      places.push_back(at);
    }
  }
  return places;
}

std::string card_bytes(const std::string& key, const std::string& value) {
  return fmt::format("{:<80}", fmt::format("{:<8}= {:>20}", key, value));
}

}  // namespace brickline
