// A loaded camera, and one of its CCDs being read: the plain C++ side of the plugin boundary.
//
// For one CCD the steps run in this order, each at most once per window, or not at all:
//   metadata, files (both by Camera::open), wcs_cards, good_region, read_image, read_mask, remap_mask,
//   read_weight, saturation, [sky template], remap_weight, [edges, trimming], sky, [units], after_sky, psf.
// Every step method below does the whole step: the plugin's override if there is one, else that of the camera
// it extends, else the default that the camera's facts describe. Callers need not know which
// (`Camera::overrides` tells). What is in brackets, and everything else between the steps (weights to inverse
// variances, quantisation, clipping, zero where masked), is core/image's.
//
// A step throws SkipCcd when the camera says that this CCD is of no use; Error otherwise: kInput for bad or
// missing files, kPlugin when the plugin breaks its contract (a bit that is not canonical, a negative weight,
// NaN).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/image.h"
#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/camera/image_file.h"
#include "core/facts/camera_facts.h"
#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/psf/psf.h"

namespace brickline {

// What a CCD is opened for; the values are the ABI's.
enum class Purpose : std::uint32_t { kRun = 1, kCalibrate = 2, kMeasure = 3, kCheck = 4 };

// The steps a plugin can override; the first ten have the ABI's values.
enum class CameraStep : int {
  kOpen = 0,  // the camera's own state for a CCD, before all others
  kMetadata = 1,
  kFiles,
  kGoodRegion,
  kReadImage,
  kReadMask,
  kRemapMask,
  kReadWeight,
  kSaturation,
  kRemapWeight,
  kAfterSky,
  kWcsCards = 100,
  kPsf,
  kSky,
  kFormat,  // reading a file of the camera's own format
};
std::string_view name_of(CameraStep step);

// The camera has nothing for us in this CCD: a null image, not a failure.
class SkipCcd : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Places that file names are relative to.
enum class SurveyPlace { kImages, kSurvey, kCalib };

// One CCD to open. `values` holds what the CCD table says (camera, image_filename, image_hdu, ccdname, band,
// expnum, width, height, mjd_obs, exptime, propid, plver, plprocid, procdate, ccdzpt, sig1); what is left
// unknown is read from headers where the facts say how.
struct CcdSource {
  CcdValues values;
  // Where a relative name is on disk (cache directories are the caller's affair).
  std::function<std::filesystem::path(SurveyPlace, const std::string& relative)> locate;
  // The row of the CCD table, for plugins that look at other columns; may be null.
  const fits::Table* table = nullptr;
  std::int64_t row = -1;
  // Notes every file that is read for the CCD, those of its plugin too; may be null.
  ReadLog* read_log = nullptr;
};
// The usual `locate`: below `survey_dir`, or below `cache_dir` (if given) where the file exists there.
std::function<std::filesystem::path(SurveyPlace, const std::string&)> locate_in_survey(
    std::filesystem::path survey_dir, std::filesystem::path cache_dir = {});

// Where a camera's code and facts came from; recorded in every product.
struct CameraProvenance {
  std::string camera;              // canonical name
  std::string plugin;              // the plugin's id
  std::string plugin_version;      // MAJOR.MINOR.PATCH
  std::string file_sha256;         // hex, of the plugin file
  std::string facts_sha256;        // hex, of the merged facts in canonical form
  std::vector<std::string> bases;  // cameras it extends, nearest first
  std::filesystem::path path;      // never written to products
};

// Models that a camera brings itself.
struct ProvidedPsf {
  Psf psf;  // in full-CCD pixels
  std::string version;
};
struct ProvidedSky {
  Image<float> level;  // of the window asked for, in the units of read_image
  std::string version;
};

class OpenCcd;

// A camera, ready for use: immutable, and safe from any thread. Lives as long as its registry.
class Camera {
 public:
  struct Impl;
  explicit Camera(std::unique_ptr<Impl> impl);
  ~Camera();

  const std::string& name() const;
  const CameraFacts& facts() const;
  const std::string& facts_json() const;  // merged, canonical
  const CameraProvenance& provenance() const;
  // Whether code of this plugin (or of a camera it extends) runs in that step.
  bool overrides(CameraStep step) const;
  // The path of a fact's "data:NAME" file, beside the plugin that stated it. Error (kPlugin) if absent.
  std::filesystem::path data_file(std::string_view reference) const;

  // Runs `open`, `metadata` and `files`. Only headers are read.
  OpenCcd open(CcdSource source, Purpose purpose, Log log = {}) const;
  // The image's file for a look at it, before it is known which of its HDUs are CCDs: no step has run, the values are
  // those of the source.
  OpenCcd peek(CcdSource source, Log log = {}) const;

  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One open CCD. Belongs to one thread at a time; several may be open at once, of one exposure too.
class OpenCcd {
 public:
  struct Impl;
  explicit OpenCcd(std::unique_ptr<Impl> impl);
  OpenCcd(OpenCcd&&) noexcept;
  OpenCcd& operator=(OpenCcd&&) noexcept;
  ~OpenCcd();

  const Camera& camera() const;
  const CcdValues& values()
      const;  // final after open; mask_plver is filled when the mask's header is first read

  // Files on disk; empty where the camera has no such product (or its plugin makes it).
  const std::filesystem::path& image_file() const;
  const std::filesystem::path& mask_file() const;
  const std::filesystem::path& weight_file() const;
  // HDU numbers. Error (kInput) if that HDU is not in the file.
  int image_hdu();
  int mask_hdu();
  int weight_hdu();
  // Readers, opened when first asked for. Error (kInput) if the file is missing.
  ImageFile& image_reader();
  ImageFile& mask_reader();
  ImageFile& weight_reader();
  // Headers, read once. The primary one is that of facts().hdus.primary.
  const fits::Header& primary_header();
  const fits::Header& image_header();
  CcdHeaders& headers();  // for conditions and sources of the facts

  // World-coordinate cards (FITS conventions) that replace the image header's; empty: use the image header.
  std::optional<fits::Header> wcs_cards();
  // The usable part of the CCD.
  Box good_region();

  // Pixels of a window, as stored (native units). May hold NaN only where the file does.
  Image<float> read_image(const Box& box);
  // Codes as stored; empty if the camera has no mask.
  std::optional<Image<std::int32_t>> read_mask(const Box& box);
  // Canonical bits. `image`: the window's pixels (some operations look at them).
  Image<std::uint16_t> remap_mask(const Box& box, ImageView<const std::int32_t> raw,
                                  ImageView<const float> image);
  // The weight plane of the declared kind (facts().weight.kind), larger planes trimmed; empty if there is
  // none.
  std::optional<Image<float>> read_weight(const Box& box);
  // Saturated pixels get their bit and weight 0. Weights are inverse variances in native units.
  void saturation(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                  ImageView<float> weight);
  // Adds noise that the weights do not know of; the sky is still in the image.
  void remap_weight(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                    ImageView<float> weight);
  // Last corrections, sky subtracted (per-amplifier scales: image *= s, weight /= s^2).
  void after_sky(const Box& box, ImageView<float> image, ImageView<std::uint16_t> mask,
                 ImageView<float> weight);

  // The camera's own models; empty: those of the calibration files.
  std::optional<ProvidedPsf> psf();
  std::optional<ProvidedSky> sky(const Box& box);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace brickline
