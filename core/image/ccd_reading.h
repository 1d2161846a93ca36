// The steps by which one CCD of a survey becomes a CcdImage (core/image only): where it is and whether its files agree
// (ccd_frame.cpp), its pixels, mask, weights and sky (ccd_pixels.cpp), its PSF (read_ccd_image.cpp).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/read_log.h"
#include "core/image/read_ccd_image.h"
#include "core/image/sky_template.h"
#include "core/survey/calibration.h"

namespace brickline {

// One CCD on its way. Members are filled in the order of the steps.
class CcdReading {
 public:
  CcdReading(const Camera& camera, const CcdInput& input, const ReadImageOptions& options, Log log)
      : facts_(camera.facts()),
        input_(input),
        options_(options),
        log_(log),
        ccd_(camera.open(input.source, options.purpose, log)) {}

  CcdImage run();

 private:
  const CcdValues& values() { return ccd_.values(); }

  std::vector<std::filesystem::path> calibration_files(CalibrationKind kind);
  CalibrationChecks calibration_checks(bool versions) const {
    return {
        .versions = versions, .old_calibs_ok = options_.old_calibs_ok, .read_log = input_.source.read_log};
  }
  bool is_sky_subtracted() const { return options_.sky && options_.subtract_sky; }
  // The noise per pixel, in the units that the finished pixels have.
  double typical_sigma() const { return options_.nanomaggies ? out_.sig1 : out_.sig1 * out_.zpscale; }

  // ccd_frame.cpp
  void identify();
  void check_versions();
  void compare_with_row();
  void locate();
  void compare_with_table();
  void compare_with_nominal_scale();
  void compare_with_companions();
  // ccd_pixels.cpp
  void read_pixels();
  void read_mask();
  void read_weights();
  void compare_noise(double sigma);
  void repair_weights();
  void saturation();
  void subtract_template();
  void remap_weights();
  void trim();
  Image<float> sky_level();
  void subtract_sky();
  void scale_to_nanomaggies();
  void flatten_weights();
  std::optional<double> sky_of_table();
  void check_level();
  void finish_pixels();
  // read_ccd_image.cpp
  void seeing();
  void read_psf();
  void measure_psf();

  const CameraFacts& facts_;
  const CcdInput& input_;
  const ReadImageOptions& options_;
  Log log_;
  OpenCcd ccd_;
  CcdImage out_;
  WeightFacts::Kind weight_kind_ = WeightFacts::Kind::kInverseVariance;
  Image<float> weight_;  // inverse variances, in the units of out_.data
  std::optional<SkyTemplateId> template_;
  std::filesystem::path psf_file_, sky_file_;  // empty: the camera's own model
  bool has_own_frame_ = false;                 // world coordinates that are not the image header's
};

}  // namespace brickline
