// The beginnings of a camera, read off its images: what can be told of the facts, why, and what only the author
// knows. Nothing is guessed in silence: each guess comes with its reason.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace brickline {

struct ScaffoldInput {
  std::string name;                           // of the camera
  std::vector<std::filesystem::path> images;  // exposures of it, one or more
  std::filesystem::path mask, weight;         // of the first image; empty: in the image's file, or none
};

struct ScaffoldHdu {
  std::filesystem::path file;
  int number = 0, width = 0, height = 0, bitpix = 0;
  std::string extname, role, why;  // role: image, mask, weight, variance, sigma, none
};

struct ScaffoldGuess {
  std::string fact, value, why;  // "metadata.band", as JSON
  bool sure = true;              // else it is for the author to confirm
};

struct Scaffold {
  std::vector<ScaffoldHdu> hdus;  // of the first image and of its mask and weight
  std::vector<ScaffoldGuess> guesses;
  std::vector<std::string> open;  // what only the author knows, with what was seen: "mask.pipeline: ..."
  std::string facts;              // the facts as JSON text, indented, without identity
  std::string identity;           // the identity's JSON object
};

// Error (kUsage) for a name that no camera may have; (kInput) for a file that is no FITS file, or without an image.
Scaffold scaffold_from(const ScaffoldInput& input);

}  // namespace brickline
