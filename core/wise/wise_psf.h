// The PSF of an unWISE coadd: a model of the instrument's PSF, turned to how the satellite's scans cross the
// tile.
//
// WISE scans along ecliptic meridians, in both directions, and over a tile the scans' position angles spread;
// the coadds' PSF is the instrument's, averaged with itself turned by 180 degrees, turned to the tile's
// position angle and smeared along position angle by the spread (Meisner & Schlafly's unwise_psf). One PSF
// serves a whole tile, and the full-depth and the time-resolved coadds alike.
#pragma once

#include <filesystem>

#include "core/base/image.h"
#include "core/wise/wise_band.h"

namespace brickline {

class ReadLog;

// How scans cross a position, degrees.
struct ScanGeometry {
  double position_angle = 0;  // of ecliptic north there, from north through east, in [0, 360)
  double ecliptic_latitude = 0;
  double spread = 0;  // of position angles over a tile, at most 90
};
ScanGeometry scan_geometry(double ra, double dec);

// The models, as files psf_model_*.fits of one directory. The bands' PSFs of one file set are 325 pixels wide
// (W4: 285 pixels of 5.5 arcsec), the peak in the middle.
class WisePsfModels {
 public:
  explicit WisePsfModels(std::filesystem::path directory) : directory_(std::move(directory)) {}
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path file(const WiseBand& band) const { return directory_ / band.psf_file; }

  // The model as it is in its file. Error (kInput) naming the file: absent, not a picture with an odd number
  // of pixels on both sides, or pixels that are not finite.
  Image<float> read(const WiseBand& band, ReadLog* reads = nullptr) const;

 private:
  std::filesystem::path directory_;
};

// The model turned and smeared as above; the size stays.
Image<float> turned_psf(const Image<float>& model, const ScanGeometry& scans);

// The PSF of coadds of a tile about (ra, dec) as photometry wants it: on pixels of 2.75 arcsec (of a model of
// `psf_native_pixels` by interpolation, twice the size less one), of sum band.psf_scale.
Image<float> coadd_psf(const Image<float>& model, const WiseBand& band, double ra, double dec);

}  // namespace brickline
