// The loops over pixels and frequencies, compiled once per instruction set and chosen at run time.
//
// Everything here is plain data: the compile units of the instruction sets include this header and nothing of
// the standard library or Eigen, so that no function compiled for a newer processor can be linked for an
// older one.
//
// Pixel windows are kept by column ("x-major"): pixel (x, y) of a window is element x*pitch + y, with pitch a
// multiple of Kernels::lanes and weights of 0 in the padding rows. Half spectra are split into real and
// imaginary planes; row w (0 <= w < n, frequencies in FFT order) holds v = 0 .. n/2-1; v = n/2 is kept apart.
#pragma once

namespace brickline::kernels {

// One stage of a mixed-radix Stockham transform (Stockham 1966; Van Loan 1992, section 1.7): `count`
// butterflies of `radix` points with stride `stride`. twiddle: for each butterfly p the factors exp(2 pi i p
// j/(count radix)), j = 1
// .. radix-1, as real, imaginary pairs.
struct FftStage {
  int radix = 0, count = 0, stride = 0;
  const float* twiddle = nullptr;
};

struct FftPlan {
  static constexpr int kMaxStages = 16;
  int n = 0, stage_count = 0;
  FftStage stages[kMaxStages];
};

constexpr int kMaxComponents = 9;
// Value, d/dx, d/dy, three of shape, d/dn.
constexpr int kMaxPlanes = 7;

// What is derived along with the value. Planes follow in this order: value; x, y; radius (1) or radius, ee1,
// ee2 (3); Sersic index.
struct Outputs {
  bool position = false;
  int shapes = 0;  // 0, 1 or 3
  bool index = false;
};

// A galaxy by its transform: out = inverse transform of
//   PSF(v, w) X(v) Y(w) sum_k amplitude_k exp2(-exponent_k Q),  Q = sxx v^2 + 2 sxy v w + syy w^2
// and its derivatives, on `width` x `height` pixels.
struct SpectralJob {
  int n = 0;
  const FftPlan* column_plan = nullptr;  // of length n
  const FftPlan* row_plan = nullptr;     // of length n/2
  const float* row_twiddle = nullptr;    // exp(2 pi i k/n), k = 0 .. n/4: real, imaginary
  const float* frequency_v = nullptr;    // n/2+1 values, cycles per pixel, padded to 16
  const float* frequency_w = nullptr;    // n values, FFT order

  // The PSF's half spectrum divided by n^2.
  const float* psf_re = nullptr;
  const float* psf_im = nullptr;
  int psf_pitch = 0;
  const float* nyquist_re = nullptr;  // v = n/2, n values, padded
  const float* nyquist_im = nullptr;

  // The shift along x (n/2+1 values, padded) and y (n values, padded), and its derivatives by the position.
  const float* x_re = nullptr;
  const float* x_im = nullptr;
  const float* x_slope_re = nullptr;
  const float* x_slope_im = nullptr;
  const float* y_re = nullptr;
  const float* y_im = nullptr;
  const float* y_slope_re = nullptr;
  const float* y_slope_im = nullptr;

  Outputs outputs;
  float shape[3] = {};           // sxx, sxy, syy
  float shape_slope[3][3] = {};  // their derivatives
  int components = 0;
  float exponent[kMaxComponents] = {};  // 2 pi^2 variance log2(e)
  float amplitude[kMaxComponents] = {};
  float first_moment[kMaxComponents] = {};  // -2 pi^2 amplitude variance
  float amplitude_dn[kMaxComponents] = {};
  float first_moment_dn[kMaxComponents] = {};  // -2 pi^2 amplitude d(variance)/dn

  int width = 0, height = 0, pitch = 0;
  float* out[kMaxPlanes] = {};
  float* scratch = nullptr;  // spectral_scratch_floats(), aligned to 64 bytes
};

// Wide components in real space, added to the planes of a window: component k has covariance {xx, xy, yy} and
// its inverse; d/dp of the covariance for shapes and index.
struct GaussianComponent {
  float amplitude;          // divided by 2 pi sqrt(det)
  float inverse[3];         // xx, xy, yy
  float shape_slope[3][3];  // -d(inverse)/dp
  float shape_trace[3];     // tr(inverse d(covariance)/dp)
  float index_slope[3], index_trace, amplitude_dn;
};
struct GaussianJob {
  Outputs outputs;
  int components = 0;
  GaussianComponent component[kMaxComponents];
  float x = 0, y = 0;  // the centre in window pixels
  int width = 0, height = 0, pitch = 0;
  float* out[kMaxPlanes] = {};
};

// A point source: the stamp filtered with `taps` along x and y.
struct PointJob {
  const float* stamp = nullptr;  // x-major, zeros beyond `stamp_height` up to the pitch
  int stamp_width = 0, stamp_height = 0, stamp_pitch = 0;
  int stamp_x0 = 0, stamp_y0 = 0;  // stamp pixel of window pixel (0, 0)
  float taps_x[7] = {}, taps_y[7] = {}, taps_x_slope[7] = {}, taps_y_slope[7] = {};
  bool position = false;
  int width = 0, height = 0, pitch = 0;
  float* out[3] = {};
  float* scratch = nullptr;  // 2*(pitch + 64) floats
};

// A plane filtered along x and along y: out[.][i] = sum_k by_.[k+4] in[i+k], k = -4..4. Beyond the window it goes on as a
// parabola.
constexpr int kSlopeReach = 4, kLeastForSlopes = 2 * kSlopeReach + 1;  // of width and height
struct SlopesJob {
  const float* in = nullptr;
  int width = 0, height = 0, pitch = 0;
  float by_x[2 * kSlopeReach + 1] = {}, by_y[2 * kSlopeReach + 1] = {};
  float* out[2] = {};
  float* scratch = nullptr;  // pitch + 48 floats, aligned to 64 bytes
};

// Sums over the pixels of a window, with r = data - flux plane[0] and vectors v = {r, plane[0], ..,
// plane[n-1]}:
//   gram[i][j] = sum weight v_i v_j (j <= i),  total[i] = sum weight v_i,  weight_sum = sum weight.
struct GramJob {
  const float* data = nullptr;
  const float* weight = nullptr;
  long count = 0;  // pixels, a multiple of lanes
  float flux = 0;
  int planes = 0;
  const float* plane[kMaxPlanes] = {};
  bool totals = false;
  double gram[kMaxPlanes + 1][kMaxPlanes + 1] = {};
  double total[kMaxPlanes + 1] = {};
  double weight_sum = 0;
};

// Sums over the pixels of a rectangle, products of the planes of two windows: sum[i][j] = sum weight a_i b_j. Weights are
// 0 from the rectangle's last row up to their pitch, a multiple of lanes; of the planes up to lanes-1 floats behind a
// column are read, which must be finite.
struct CrossJob {
  const float* weight = nullptr;
  int width = 0, height = 0, weight_pitch = 0;
  const float* a[kMaxPlanes] = {};  // each at the rectangle's first pixel
  const float* b[kMaxPlanes] = {};
  int a_planes = 0, a_pitch = 0, b_planes = 0, b_pitch = 0;
  double sum[kMaxPlanes][kMaxPlanes] = {};
};

// Complex transforms (sign +, not scaled) of `columns` columns at once, in place: element (k, c) of the
// planes is k*pitch + c; pitch and columns are multiples of lanes.
struct ColumnsJob {
  const FftPlan* plan = nullptr;
  float* re = nullptr;
  float* im = nullptr;
  int columns = 0, pitch = 0;
  float* scratch = nullptr;  // 4*n*lanes floats
};

// Sums over `count` pixels of weight, weight data and weight data^2, with weight = inverse_error^2 where that
// and the data are finite and inverse_error > 0, else 0.
struct PixelSums {
  double weight, data, data2;
};

struct Kernels {
  const char* name;
  int lanes;
  void (*spectral)(const SpectralJob&);
  void (*gaussians)(const GaussianJob&);
  void (*point)(const PointJob&);
  void (*gram)(GramJob&);
  void (*columns)(const ColumnsJob&);
  void (*add_pixels)(const float* data, const float* inverse_error, long count, PixelSums& sums);
  // sum a b c over `count` values.
  double (*triple_product)(const float* a, const float* b, const float* c, long count);
  void (*cross)(CrossJob&);
  void (*slopes)(const SlopesJob&);
};

// Floats of scratch for a spectral job of size n with `planes` planes and `height` rows, for any instruction
// set.
constexpr long spectral_scratch_floats(int n, int planes, int height) {
  const long block = (n + 16L) * 16;
  const long rows = (height + 15L) / 16 * 16;
  return (planes * 2 + 4) * block + planes * 2 * rows * (n / 2) + planes * 2 * (n + 16L) + 64;
}

extern const Kernels kBaseline;
#ifdef BRICKLINE_SIMD_X86
extern const Kernels kX86V3;
extern const Kernels kX86V4;
#endif

}  // namespace brickline::kernels
