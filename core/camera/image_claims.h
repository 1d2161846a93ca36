// Whose an image file is, and which of its HDUs are CCDs: what is asked before there is a CCD table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/camera/registry.h"

namespace brickline {

struct ImageClaim {
  std::vector<std::string> cameras;   // that claim it, sorted
  bool is_readable = false;           // as FITS, or as a camera's own format
  bool is_foreign = false;            // neither FITS nor of a format that a camera knew
  std::string instrument, telescope;  // the cards, for messages
  std::vector<std::string> readers;   // cameras to whose own format it is readable, sorted
  std::vector<std::string> problems;  // why it is not readable, in words
  std::vector<std::string> refusals;  // what the cameras of own formats say of it, without the file's name
};

// Headers are those of the first two HDUs. A file that is not FITS is shown to every camera that reads a format of
// its own, for which all cameras with code are loaded, once: those that open it and claim its headers have it, else
// the one that opens it and claims nothing, if it is the only one. Belongs to one thread.
class ImageClaims {
 public:
  // Both must outlive it.
  ImageClaims(CameraRegistry& cameras, Log log) : cameras_(cameras), log_(log) {}
  // `source`: image_filename and `locate` (core/camera/camera.h). A file that cannot be read is no error.
  ImageClaim of(const CcdSource& source);
  // The same where it is settled whose the image is: whether that camera reads it.
  ImageClaim of(const CcdSource& source, const Camera& camera) const;

 private:
  struct FormatCamera {
    const Camera* camera;
    bool claims_nothing;
  };
  const std::vector<FormatCamera>& with_formats();

  CameraRegistry& cameras_;
  Log log_;
  std::optional<std::vector<FormatCamera>> with_formats_;
};

// Whether a camera claims the image with these headers (of an image that has one HDU, the second is empty): all cards of
// one of its claims are found in either.
bool claims_image(const CameraIdentity& identity, const fits::Header& primary, const fits::Header& second);
// The cameras that do, sorted.
std::vector<std::string> claimants_of(const CameraRegistry& cameras, const fits::Header& primary,
                                      const fits::Header& second);

// HDUs of an image's file that are CCDs, as the facts say; numbers that the facts state are not looked at.
std::vector<int> ccd_hdus(ImageFile& file, const HduFacts& facts);

}  // namespace brickline
