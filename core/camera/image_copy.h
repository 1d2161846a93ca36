// A copy of one CCD's image, with its mask and weight and what lies beside it under its name, in a directory of the
// caller's: for checks that change pixels and cards and look what a camera makes of it.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/camera/identify.h"
#include "core/camera/plugin_checks.h"

namespace brickline {

class ImageCopy {
 public:
  static constexpr double kZeroPoint = 25;  // mag, per second: what the CCD table would say
  // Of the first CCD of the image, into CheckInput::scratch. Error (kInput) if the image has none.
  ImageCopy(const CheckInput& input, const std::filesystem::path& image);

  const Camera& camera() const { return registry_.camera(camera_); }
  const CameraFacts& facts() const { return camera().facts(); }
  const IdentifiedCcd& identified() const { return ccd_; }
  const Box& whole() const { return whole_; }
  int hdu() const { return ccd_.hdu; }
  const std::filesystem::path& original() const { return original_; }
  std::filesystem::path image_path() const { return images_ / source_.values.image_filename; }
  // The copies of mask and weight; those that are in the image's own file are that.
  const std::vector<IdentifiedFile>& companions() const { return companions_; }
  const IdentifiedFile* companion(const std::string& role) const;  // null: it has none

  CcdSource source() const { return source_; }
  OpenCcd open() const { return camera().open(source_, Purpose::kRun); }

 private:
  CameraRegistry registry_;
  std::string camera_;
  CcdSource source_;
  IdentifiedCcd ccd_;
  std::filesystem::path images_, original_;
  std::vector<IdentifiedFile> companions_;
  Box whole_;
};

// A check finds nothing that it can be made with; the words say what.
struct CheckNotMade {
  std::string why;
};

std::string read_bytes(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, const std::string& bytes);

// The bytes of a FITS file, uncompressed, with the pixels of one HDU as `edit` makes them of those that it has. CheckNotMade
// if it is not FITS.
std::string rewritten(const std::filesystem::path& file, int hdu,
                      const std::function<Image<float>(Image<float>)>& edit);
std::string rewritten_codes(const std::filesystem::path& file, int hdu,
                            const std::function<void(Image<std::int32_t>&)>& edit);

// Where the cards of a FITS file's headers begin: every 80 bytes from a header's begin to its END.
std::vector<std::size_t> card_places(const std::string& bytes);
// A card of 80 bytes. The value as it stands in the file.
std::string card_bytes(const std::string& key, const std::string& value);

}  // namespace brickline
