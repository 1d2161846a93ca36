// From a weight plane, as a pipeline left it, to inverse variances that can be trusted.
//
// Weight planes are often tile-compressed with quantised, dithered values: what was exactly 0 (no weight)
// comes back as small positive or negative noise, and would let bad pixels in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/image.h"
#include "core/fits/fits_reader.h"
#include "core/fits/header.h"
#include "core/fits/table.h"

namespace brickline {

// Weights become 0 where the mask is not.
void zero_where_masked(Image<float>& weight, const Image<std::uint16_t>& mask);

// How a plane's zeros can be found again.
struct QuantisationSteps {
  bool exact_zeros = false;      // not quantised, or quantised so that zeros stay zeros: nothing to repair
  std::vector<double> row_step;  // of each row of the window; values up to half of it were zeros
  std::string why_unknown;       // neither of the two: why not
};

// `header`: of the table that holds the compressed plane, as it stands in the file; `columns`: its ZSCALE and
// ZZERO. `first_row`, `rows`: the window, in rows of the plane.
QuantisationSteps quantisation_steps(const fits::Header& header, const fits::Table& columns, int first_row,
                                     int rows);
QuantisationSteps quantisation_steps(fits::FitsReader& reader, int hdu, int first_row, int rows);

// Makes the blurred zeros 0 again: by the steps; where they are not known, whatever is below `fraction` of
// the median positive weight. Returns that threshold if it was used.
std::optional<float> repair_zeros(Image<float>& weight, const QuantisationSteps& steps, double fraction);

// Weights above factor * typical become `typical` (a weight far above what the CCD's noise allows is a
// fault).
void clip_weights(Image<float>& weight, double typical, double factor);

void zero_negative(Image<float>& weight);
bool all_zero(const Image<float>& weight);
bool all_finite(const Image<float>& image);

// Inverse variances from variances or sigmas; 0 where these are not positive.
void invert_variance(Image<float>& plane);
void invert_sigma(Image<float>& plane);

// Noise per pixel from differences of pixels 5 apart, on a grid of 10 (after Blanton et al. 2011,
// section 2.2): 1.4826/sqrt(2) times the median absolute difference. Pairs with a masked pixel do not count.
// NaN without any.
double noise_from_pixel_differences(const Image<float>& image, const Image<std::uint16_t>& mask);

// The median of the positive weights; NaN if there are none.
float median_positive(const Image<float>& weight);
// The median of all pixels, and of those with positive weight.
float median_of(const Image<float>& image);
float median_where_weighted(const Image<float>& image, const Image<float>& weight);

}  // namespace brickline
