#include "core/image/read_ccd_image.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/facts/mask_bits.h"
#include "core/image/ccd_reading.h"
#include "core/image/edges.h"
#include "core/image/row_agreement.h"
#include "core/model/galaxy_norm.h"
#include "core/psf/psfex.h"
#include "core/psf/stamp.h"

namespace brickline {

CcdImage CcdReading::run() {
  identify();
  check_versions();
  compare_with_row();
  locate();
  if (options_.pixels) {
    read_pixels();
    read_mask();
    read_weights();
    saturation();
    subtract_template();
    if (options_.camera_noise) remap_weights();
  }
  seeing();
  if (options_.pixels) {
    relabel_at_side_edges(out_.mask, mask_bit::kSatur | mask_bit::kBleed);
    if (options_.trim_edges) trim();
  }
  if (options_.sky) subtract_sky();
  if (options_.pixels) {
    if (options_.nanomaggies) scale_to_nanomaggies();
    if (options_.constant_weight) flatten_weights();
    if (options_.apodize) apodize(weight_, options_.apodize_pixels);
    if (is_sky_subtracted()) {
      check_level();
      ccd_.after_sky(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
    }
    finish_pixels();
  }
  out_.wcs = out_.full_wcs.sub_image(out_.extent);
  out_.pixel_scale_arcsec = out_.full_wcs.pixel_scale_arcsec();
  compare_with_nominal_scale();
  if (facts_.halo) out_.halo = facts_.halo->model(values(), &ccd_.headers());
  if (options_.psf) {
    read_psf();
    measure_psf();
  }
  return std::move(out_);
}

std::vector<std::filesystem::path> CcdReading::calibration_files(CalibrationKind kind) {
  std::vector<std::filesystem::path> files;
  const std::vector<std::string> names = calibration_paths(kind, facts_.files, values());
  for (const std::filesystem::path& directory : options_.calibration_dirs)
    for (const std::string& name : names) {
      files.push_back(directory / name);
      if (input_.source.read_log) input_.source.read_log->note(files.back());
    }
  for (const std::string& name : names) files.push_back(input_.source.locate(SurveyPlace::kCalib, name));
  return files;
}

void CcdReading::seeing() {
  out_.psf_fwhm = values().psf_fwhm;
  constexpr double kNarrowest = 0.5, kWidest = 100;  // pixels; what stars are matched with grows with it
  if (options_.seeing && !(out_.psf_fwhm >= kNarrowest && out_.psf_fwhm <= kWidest))
    throw input_error(
        "the seeing (FWHM) is {}, not a number of pixels from {} to {}: the header has none where the camera's fact "
        "metadata.fwhm looks, nor has the CCD table's column fwhm",
        out_.psf_fwhm, kNarrowest, kWidest)
        .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
}

void CcdReading::read_psf() {
  Psf full;
  if (std::optional<ProvidedPsf> own = ccd_.psf()) {
    full = std::move(own->psf);
    out_.psf_version = own->version;
  } else {
    const bool versions = facts_.checks.version_validation != CheckFacts::Versions::kExistence;
    PsfCalibration found =
        read_psf_calibration(calibration_files(CalibrationKind::kPsf), CalibrationKey::of(values()),
                             calibration_checks(versions), options_.normalize_psf, log_);
    full = std::move(found.psf);
    out_.psf_version = found.version;
    out_.psf_plver = found.plver;
    psf_file_ = found.file;
    if (out_.halo) {
      out_.halo->moffat_alpha_arcsec = found.moffat_alpha_arcsec;
      out_.halo->moffat_beta = found.moffat_beta;
    }
  }
  out_.psf = full.shifted(out_.extent.x0, out_.extent.y0);
}

void CcdReading::measure_psf() {
  const Image<float> stamp = out_.psf.stamp(out_.extent.width() / 2, out_.extent.height() / 2);
  out_.psfnorm = point_source_norm(stamp);
  out_.galnorm = galaxy_norm(stamp, out_.full_wcs.cd(), options_.galaxy_norm_arcsec);
  if (!(out_.psfnorm > 0 && out_.galnorm > 0) || !std::isfinite(out_.psfnorm + out_.galnorm)) {
    log_.warning("{}: the PSF's norms are {} and {}", out_.name, out_.psfnorm, out_.galnorm);
    throw SkipCcd("the PSF is of no use");
  }
  std::vector<std::string> found = psf_disagreements(out_.psfnorm, out_.psf.fwhm_pixels(), out_.psf_fwhm,
                                                     input_.source.table, input_.source.row);
  const int radius = static_cast<int>(std::ceil(1.5 * out_.psf.fwhm_pixels())) + 2;
  const int right = out_.extent.width() - 1, top = out_.extent.height() - 1;
  std::vector<StampShape> corners;
  if (!out_.psf.is_constant())
    for (const auto& [x, y] : {std::pair{0, 0}, {right, 0}, {0, top}, {right, top}})
      corners.push_back(stamp_shape(out_.psf.stamp(x, y), radius));
  try {
    for (std::string& fault :
         psf_faults(stamp_shape(stamp, radius), corners, out_.psf.fwhm_pixels(), out_.psf_fwhm))
      found.push_back(std::move(fault));
  } catch (Error& e) {
    if (!psf_file_.empty()) e.in_file(psf_file_.string());
    throw;
  }
  if (!found.empty()) log_.warning("{}: {}", out_.name, fmt::join(found, "; "));
}

namespace {

std::string description(const CcdInput& input) {
  const CcdValues& v = input.source.values;
  return fmt::format("exposure {}, CCD {} ({})", v.expnum, v.ccdname_known() ? v.ccdname : "-",
                     v.image_filename);
}

}  // namespace

std::optional<CcdImage> read_ccd_image(const Camera& camera, const CcdInput& input,
                                       const ReadImageOptions& options, Log log) {
  try {
    return CcdReading(camera, input, options, log).run();
  } catch (const SkipCcd& skip) {
    if (options.required)
      throw input_error("it cannot be used: {}", skip.what())
          .while_doing(fmt::format("reading {}", description(input)));
    log.info("{}: not used: {}", description(input), skip.what());
    return std::nullopt;
  } catch (Error& e) {
    e.while_doing(fmt::format("reading {}", description(input)));
    throw;
  }
}

CcdImageMemory memory_of_ccd_image(const Box& extent) {
  if (extent.empty()) return {};
  // A plane's rows begin on 64-byte boundaries, and may be one such line longer than that takes (Image).
  const auto plane = [&](std::int64_t bytes_per_pixel) {
    return ((extent.width() * bytes_per_pixel + 63) / 64 + 1) * 64 * extent.height();
  };
  constexpr std::int64_t kPsf = 256 * 1024;  // six planes of 63 x 63 floats, WCS, texts and slack
  CcdImageMemory memory;
  memory.kept = 2 * plane(sizeof(float)) + plane(sizeof(std::uint16_t)) + kPsf;
  // When the mask is made: the pixels, the codes twice (a plugin gets a copy), the mask twice, and the flags
  // of neighbourhoods.
  memory.reading = plane(sizeof(float)) + 2 * plane(sizeof(std::int32_t)) + 2 * plane(sizeof(std::uint16_t)) +
                   3 * plane(1) + kPsf;
  return memory;
}

}  // namespace brickline
