// Does a CCD's row of the table agree with the headers of its files, and with itself?
//
// Much of what a run believes stands twice: the exposure's length and date in a header and in the row, the zero
// point as that of the CCD and of its exposure, the noise as sig1 and in the weights, the PSF's norm. A number changed,
// misread or in other units in one of the two places shows as a disagreement. The row is used all the same (correcting
// a header is what a row is for), so these are warnings, but for what no correction can be: zero points, offsets, noise and
// skies that are absurd, and a header that says another of the camera's bands. What decides which pixels are read is an error
// elsewhere (exposure number, CCD name, sizes, versions, world coordinates).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/camera_facts.h"
#include "core/facts/ccd_values.h"
#include "core/fits/table.h"
#include "core/psf/stamp.h"

namespace brickline {

// Wider than real tables and headers ever are apart, of the same exposure.
struct RowTolerance {
  double exptime = 0.005;  // of the ratio
  double mjd_days = 0.02;  // start or middle of an exposure, either time scale
  double fwhm = 0.05;      // of the ratio
  // Beyond the limits of good exposures this is no zero point, and an Error: clouds dim by less, nothing brightens. (An
  // exposure time that is in it already brightens by 2.5 log10 of it.)
  double zero_point_below_mag = 4, zero_point_above_mag = 1.5;
  double offset_arcsec = 0.5;        // an astrometric correction: exposures that need more fail the cuts
  double largest_offset_arcsec = 5;  // beyond which it is none, but another unit: an Error
  // Of the noise: the weights' over sig1. A part of a CCD on a bright galaxy is noisier than the CCD, none is much
  // quieter.
  double quieter = 0.75, noisier = 1.6;
  // Either way: an Error. Only where a galaxy is a hundred times as bright as the sky is a whole part of a CCD so noisy.
  double noise_contradiction = 10;
  double psf_norm = 0.25;  // of the ratio
  double psf_width = 2;  // factor between the PSF model's width and the header's: they are different measures
};

struct BandDisagreement {
  std::string text;
  // The header's is a band of the camera: another one, so this is another image. If not, facts may not say how headers spell it.
  bool is_known = false;
};
// The band, by which CCDs are chosen. Empty where they agree or the header says none.
std::optional<BandDisagreement> band_disagreement(const CameraFacts& facts, const CcdValues& row,
                                                  CcdHeaders& headers);

// Each as "EXPTIME is 90 by the header, 99 by the CCD table". The zero point's limits are those of the camera's facts.
// `row` is what the table says, `table` and `number` where it stands (perhaps null), offsets in arcsec.
std::vector<std::string> row_disagreements(const CameraFacts& facts, const CcdValues& row,
                                           const fits::Table* table, std::int64_t number,
                                           double ra_offset_arcsec, double dec_offset_arcsec,
                                           CcdHeaders& headers, const RowTolerance& tolerance = {});

// What BUNIT says of the pixels against what the camera's facts do: counts per second where the facts say counts of the
// whole exposure, or no counts at all. Empty if it agrees, or says nothing that one could tell.
std::optional<std::string> unit_disagreement(const PixelFacts& facts, const std::string& bunit);

// `weight`: inverse variances; `sigma`: the row's noise in the same units. Empty where they agree or there is no weight. Error
// (kInput) where they contradict each other beyond doubt: units, or kinds of weights, are not what they are taken for.
std::optional<std::string> noise_disagreement(const Image<float>& weight, double sigma,
                                              const RowTolerance& tolerance = {});

// The PSF's norm as measured, against the row's column psfnorm if it has one; the model's width in pixels, against that
// of the header.
std::vector<std::string> psf_disagreements(double psfnorm, double model_fwhm, double header_fwhm,
                                           const fits::Table* table, std::int64_t number,
                                           const RowTolerance& tolerance = {});

// The level that the sky's model has left in the pixels, against what the table says of the sky, all in the pixels' units. A
// bright galaxy leaves light, and no sky leaves less than nothing.
struct SkyLevel {
  double left = 0;                   // median of the pixels without the sky
  double noise = 0;                  // per pixel
  double model = 0;                  // median of what was taken off
  std::optional<double> by_table{};  // column ccdskycounts
};
constexpr double kImpossibleSky = 10;  // times the noise
constexpr double kShareOfSky = 0.5;
// Why the model cannot be that of the image: it takes off half as much again as there is, or has less than half of the table's sky
// where the image has that. Empty where it can: a sky that leans, or a galaxy that fills a CCD and so the table's sky, leave less.
std::optional<std::string> sky_contradiction(const SkyLevel& level);

// What a PSF model's pixels may be apart from what the model says of itself. Real ones: 1.0 to 1.4 times as wide by
// their norm as by their FWHM, and up to 0.3 pixels off centre.
struct PsfTolerance {
  double wider = 1.6, narrower = 0.75;  // of the ratio; a warning beyond, and an error beyond `contradiction`
  double contradiction = 2;             // either way
  double offset_pixels = 0.5, largest_offset_pixels = 1.5;  // a warning beyond, an error beyond
  double change = 2;                // of the width over the part that is read, a warning beyond
  double header_contradiction = 4;  // of the model's width and the header's, either way
};
// `at_centre` and `elsewhere`: shapes of stamps (stamp_shape()) in the middle of the part that is read, and at its
// corners; `stated_fwhm`, `header_fwhm`: pixels, what the model and the header say. Warnings; an Error where the model
// contradicts itself or the header beyond doubt, or stars lie beside its centre.
std::vector<std::string> psf_faults(const StampShape& at_centre, std::span<const StampShape> elsewhere,
                                    double stated_fwhm, double header_fwhm,
                                    const PsfTolerance& tolerance = {});

}  // namespace brickline
