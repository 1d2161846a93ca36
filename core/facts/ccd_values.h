// What is known of one CCD, and its files' headers, as plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/fits/header.h"

namespace brickline {

// What is known of one CCD of an exposure: the one home of these facts. A row of the CCD table, an open CCD
// and an image in memory each hold them, with what is theirs beside them. Unknown: empty text, NaN, or -1 for
// integers.
struct CcdValues {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  // Who it is.
  std::string camera, band, object, propid;
  std::string image_filename;  // relative to the survey's images
  std::string ccdname;
  bool unnamed = false;  // it is known to have no name
  bool ccdname_known() const { return unnamed || !ccdname.empty(); }
  std::int64_t expnum = -1;
  int image_hdu = -1, width = 0, height = 0;
  // What reduced it.
  std::string plver, plprocid, procdate, mask_plver;
  // How it was taken, and how it sees.
  double mjd_obs = kUnknown;  // UTC, start of the exposure
  double exptime = kUnknown;  // seconds
  double airmass = kUnknown, hour_angle = kUnknown, ra_bore = kUnknown, dec_bore = kUnknown;  // degrees
  double gain = kUnknown;         // electrons per unit
  double psf_fwhm = kUnknown;     // pixels; of the CCD table until the image's header is read
  double pixel_scale = kUnknown;  // arcsec
  double ccdzpt = kUnknown;       // mag, per second
  double zero_point = kUnknown;   // mag, of the pixels as they are
  double sig1 = kUnknown;         // nanomaggies per pixel
  double read_noise = kUnknown;   // electrons
};

// Which header a card is looked up in.
enum class HeaderOf { kPrimary, kImage, kEither, kMask, kWeight };  // kEither: the image's, then the primary

// Headers, read when first asked for.
class CcdHeaders {
 public:
  virtual ~CcdHeaders() = default;
  // Null if there is no such file. kEither is not asked for. kMask, kWeight: the HDU of this CCD.
  virtual const fits::Header* header(HeaderOf which) = 0;
  // PLVER of the mask file's primary header; empty if there is none.
  virtual std::string mask_plver() { return {}; }
  // The value, as text without blanks at its ends, of the first of `keys` that has one (kEither: in the
  // image's header, then in the primary).
  std::optional<std::string> text(const std::vector<std::string>& keys, HeaderOf in);
};

}  // namespace brickline
