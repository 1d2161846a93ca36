// The header cards of coadds.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/fits/header.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The brick's projection: CTYPE, CRVAL, CRPIX (1-based), CD, EQUINOX.
fits::Header brick_wcs_cards(const Wcs& target);

// Where a band's images come from: observatory, telescope, instrument, filter (one set of cards per distinct
// set, in the order of the images), FILTERX, and the times of the stack (MJD in TAI, DATEOBS in UTC).
fits::Header band_input_cards(std::string_view band, std::span<const CcdImage* const> images);

// What kind of image it is: IMTYPE, PRODTYPE, MAGZERO, BUNIT. `type`: "image", "invvar", "nexp", "depth",
// "galdepth", "psfsize", "model", "chi2", "blobmodel", "maskbits", "blobmap".
fits::Header image_type_cards(std::string_view type);

// "2017-03-16T06:18:30.751" of a time in MJD (UTC).
std::string iso_time(double mjd_utc);
// UTC of a TAI time, both MJD; off by a second within the minute after a leap second.
double utc_from_tai(double mjd_tai);

}  // namespace brickline
