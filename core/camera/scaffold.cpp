#include "core/camera/scaffold.h"

#include "core/base/error.h"
#include "core/camera/elf_note.h"
#include "core/camera/scaffold_maker.h"

namespace brickline {

namespace fs = std::filesystem;

Scaffold ScaffoldMaker::make() {
  read_files();
  find_roles();
  identity();
  detector();
  metadata();
  files();
  unit();
  world_coordinates();
  mask_codes();
  out_.open.emplace_back(
      "photometry: zero points come with the CCD table (ccdzpt), which `make-ccds` makes; bands that are not standard "
      "ones need bands.NAME.wavelength_nm and extinction_per_ebv");
  Json all = {{"facts", "1.1"}};
  for (const auto& [key, value] : facts_.items()) all[key] = value;
  out_.facts = all.dump(2);
  return std::move(out_);
}

void ScaffoldMaker::set(const std::string& path, Json value, const std::string& why, bool sure) {
  Json* at = &facts_;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1)
    at = &(*at)[path.substr(begin, dot - begin)];
  out_.guesses.push_back({path, value.dump(), why, sure});
  (*at)[path.substr(begin)] = std::move(value);
}

ScaffoldMaker::File ScaffoldMaker::open(const fs::path& path) {
  File file;
  file.reader = std::make_unique<fits::FitsReader>(path);
  for (int hdu = 0; hdu < file.reader->hdu_count(); ++hdu) {
    file.headers.push_back(file.reader->header(hdu));
    file.infos.push_back(file.reader->is_table(hdu) ? fits::ImageInfo() : file.reader->image_info(hdu));
  }
  return file;
}

void ScaffoldMaker::read_files() {
  for (const fs::path& image : input_.images) images_.push_back(open(image));
  if (!input_.mask.empty()) mask_ = open(input_.mask);
  if (!input_.weight.empty()) weight_ = open(input_.weight);
}

Scaffold scaffold_from(const ScaffoldInput& input) {
  check_camera_name(input.name);
  if (input.images.empty()) throw usage_error("no image is given");
  return ScaffoldMaker(input).make();
}

}  // namespace brickline
