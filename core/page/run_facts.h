// What the page of a run tells: everything as plain values, gathered by whoever ran it. What there is nothing to say
// about stays empty, and the page says so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/fits/table.h"
#include "core/survey/bits.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct OptionFact {
  std::vector<std::string> words;  // "--zoom", "0", ...
  std::string effect;              // "products", "paths", "control"
  std::string origin;              // "command line", "$DUST_DIR", a file: where it was said; empty: unknown
};

struct CameraFact {
  std::string name, plugin, version, file_sha256, facts_sha256, path;
};

struct CardFact {
  std::string key, value, comment;
};

struct StageFact {
  std::string name;
  std::string status;  // "done", "from state", "failed"
  std::string why;     // it ran, or its state was used
  double wall_seconds = 0, cpu_seconds = 0;
  std::int64_t peak_bytes = 0;  // greatest resident size while it ran
  std::int64_t failures = 0;    // items
};

struct MessageFact {
  std::string level;  // "warning", "error"
  std::string stage;  // that ran then; empty: none
  std::string text;
};

struct FailureFact {
  std::string item, reason;
};

struct LeftOutCcdFact {
  std::string name, camera, band, file, reason;
};

struct BlobFact {
  int number = -1;  // of the catalog, -1: nothing of it is in the catalog
  int part = -1;    // of a blob that was fitted in parts
  Box box;          // brick pixels
  std::int64_t pixels = 0, image_pixels = 0;
  int images = 0, sources = 0, fitted = 0;
  int unfinished = 0;  // sources whose fit took all the steps that it may, or took them as far as one may
  std::string status, message;
  double cpu_seconds = 0;
};

struct ProductFact {
  std::string path, sha256;  // relative to the output directory
};

// A colour picture of the brick's pixels, as the JPEG file that it is.
struct PictureFact {
  std::string id;     // "image"
  std::string title;  // "Image"
  std::string path;   // of the product
  std::string jpeg;   // the file's bytes
};

struct RunFacts {
  // What, where.
  std::string brick;
  std::int64_t brick_id = -1;
  std::vector<std::string> bands, survey_bands;
  double pixel_scale_arcsec = 0;
  std::optional<Wcs> wcs;                            // of the brick's image
  std::optional<std::array<double, 4>> unique_area;  // ra1, ra2, dec1, dec2; none of a custom brick

  // How it went.
  std::string
      status;  // "done", "done with failures", "nothing to do", "failed", "interrupted", "stopped early"
  std::string message;  // of anything but "done"
  std::string started;  // UTC, ISO 8601
  double wall_seconds = 0, cpu_seconds = 0;
  std::int64_t peak_bytes = 0;
  std::string host;
  int threads = 1;

  // With what.
  std::string version, commit, simd_level;
  std::string command_line;         // the options that change products, in canonical order
  std::vector<OptionFact> options;  // all that are not at their defaults
  std::vector<CameraFact> cameras;
  std::vector<CardFact> header;  // the cards of the run

  std::vector<StageFact> stages;
  std::vector<MessageFact> messages;
  std::vector<FailureFact> failures;
  fits::Table ccds;  // the brick's table of CCDs; without rows: not made
  std::vector<LeftOutCcdFact> ccds_left_out;
  std::vector<BlobFact> blobs;
  fits::Table catalog;                     // without columns: not made
  Image<std::int32_t> blob_map, maskbits;  // empty: not made
  std::vector<NamedBit> mask_names;
  std::vector<ProductFact> products;
  std::vector<PictureFact> pictures;  // the first is shown first
};

}  // namespace brickline
