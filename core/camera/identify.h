// Whose an image is, and what comes of reading it: all that can be said of a file before there is a CCD table.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/camera/registry.h"

namespace brickline {

// A metadata field as the camera's facts find it.
struct IdentifiedField {
  std::string name, value;  // value empty: there is none
  std::string problem;      // why it cannot be read; empty: all is well
};

// A file that belongs to a CCD.
struct IdentifiedFile {
  std::string role;  // "mask", "weight"
  std::filesystem::path path;
  int hdu = -1, width = 0, height = 0;
};

struct IdentifiedCcd {
  int hdu = 0, width = 0, height = 0;
  std::vector<IdentifiedField> fields;
  std::vector<IdentifiedFile> files;
  std::optional<double> ra, dec, scale_arcsec;  // of the middle, degrees
  std::vector<std::string> problems;            // in words, the fields' too
};

struct IdentifiedImage {
  std::filesystem::path path;
  std::string instrument, telescope;   // the cards, for messages
  std::vector<std::string> claimants;  // cameras that claim it
  std::string camera;                  // whose facts were used; empty: none
  std::vector<IdentifiedCcd> ccds;
  std::vector<std::string> problems;  // of the image as a whole
  bool is_well() const;
};

// `camera`: the one to use; empty: the one that claims it; a file that is not FITS is then offered to
// every camera that brings a format of its own. `images`: the directory that names of masks and weights are relative
// to; empty: the image's own. Error (kInput) only if the image cannot be opened; the rest is told in the result. Loads
// cameras.
IdentifiedImage identify_image(CameraRegistry& registry, const std::filesystem::path& image,
                               const std::string& camera, const std::filesystem::path& images, Log log = {});

}  // namespace brickline
