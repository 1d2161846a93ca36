#include "core/model/psf_kernel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "core/model/psf_kernel_parts.h"
#include "core/model/simd.h"

namespace brickline {

struct PsfKernel::State {
  Image<float> stamp;
  double sigma = 0;
  Columns columns;
  std::mutex mutex;
  std::map<int, std::unique_ptr<Spectrum>> spectra;
};

namespace {

int wrapped(int i, int n) { return ((i % n) + n) % n; }

}  // namespace

PsfKernel::PsfKernel(Image<float> stamp, double gaussian_sigma_pixels) : state_(std::make_unique<State>()) {
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x)
      if (!std::isfinite(stamp(x, y))) stamp(x, y) = 0;
  Columns& c = state_->columns;
  c.width = stamp.width();
  c.height = stamp.height();
  c.pitch = (c.height + 31) / 16 * 16;
  c.pixels.reserve(static_cast<std::size_t>(c.width) * c.pitch + 32);
  for (int x = 0; x < c.width; ++x)
    for (int y = 0; y < c.height; ++y) c.pixels[static_cast<std::size_t>(x) * c.pitch + y] = stamp(x, y);
  state_->stamp = std::move(stamp);
  state_->sigma =
      std::isfinite(gaussian_sigma_pixels) && gaussian_sigma_pixels > 0 ? gaussian_sigma_pixels : 0;
}

PsfKernel::PsfKernel(const Psf& psf, double x, double y)
    : PsfKernel(psf.stamp(x, y), psf.gaussian_sigma_pixels()) {}
PsfKernel::~PsfKernel() = default;
PsfKernel::PsfKernel(PsfKernel&&) noexcept = default;
PsfKernel& PsfKernel::operator=(PsfKernel&&) noexcept = default;

const Image<float>& PsfKernel::stamp() const { return state_->stamp; }
double PsfKernel::gaussian_sigma_pixels() const { return state_->sigma; }
double PsfKernel::radius_pixels() const { return std::hypot(width(), height()) / 2; }
const PsfKernel::Columns& PsfKernel::columns() const { return state_->columns; }

const PsfKernel::Spectrum& PsfKernel::spectrum(int n) const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  std::unique_ptr<Spectrum>& slot = state_->spectra[n];
  if (slot) return *slot;
  auto spectrum = std::make_unique<Spectrum>();
  const TransformPlan& plan = transform_plan(n);
  spectrum->plan = &plan;

  // exp(-i...) transforms by the kernels' exp(+i...) one with real and imaginary parts exchanged: first along
  // y for the columns that hold something, then, transposed, along x.
  const Image<float>& s = state_->stamp;
  const auto padded = [](int columns) { return (columns + 15) / 16 * 16; };
  const bool wraps = s.width() > n;
  const int pitch = padded(n), held = wraps ? n : s.width(), held_pitch = padded(held);
  const auto place_of = [&](int column) { return wraps ? column : wrapped(column - s.width() / 2, n); };
  const auto column_of = [&](int x) { return wraps ? wrapped(x - s.width() / 2, n) : x; };
  const auto size = [&](int width) { return static_cast<std::size_t>(pitch) * width; };
  AlignedFloats re(size(held_pitch)), im(size(held_pitch)), turned_re(size(pitch)), turned_im(size(pitch)),
      scratch(static_cast<std::size_t>(n) * 16 * 4);
  const double scale = 1.0 / (static_cast<double>(n) * n);
  for (int y = 0; y < s.height(); ++y)
    for (int x = 0; x < s.width(); ++x)
      re[static_cast<std::size_t>(wrapped(y - s.height() / 2, n)) * held_pitch + column_of(x)] +=
          static_cast<float>(s(x, y) * scale);
  const kernels::Kernels& k = active_kernels();
  k.columns({&plan.columns, im.data(), re.data(), held_pitch, held_pitch, scratch.data()});
  for (int c = 0; c < held; ++c) {
    float* const to_re = turned_re.data() + static_cast<std::size_t>(place_of(c)) * pitch;
    float* const to_im = turned_im.data() + static_cast<std::size_t>(place_of(c)) * pitch;
    for (int w = 0; w < n; ++w) {
      to_re[w] = re[static_cast<std::size_t>(w) * held_pitch + c];
      to_im[w] = im[static_cast<std::size_t>(w) * held_pitch + c];
    }
  }
  k.columns({&plan.columns, turned_im.data(), turned_re.data(), pitch, pitch, scratch.data()});

  const std::size_t half = static_cast<std::size_t>(n) / 2, out = static_cast<std::size_t>(plan.pitch);
  spectrum->re.reserve(n * out + 16);
  spectrum->im.reserve(n * out + 16);
  spectrum->nyquist_re.reserve(n + 16);
  spectrum->nyquist_im.reserve(n + 16);
  constexpr std::size_t kBlock = 16;  // what is read and what is written both stay in the cache
  for (std::size_t v0 = 0; v0 < half; v0 += kBlock)
    for (int w = 0; w < n; ++w)
      for (std::size_t v = v0; v < std::min(half, v0 + kBlock); ++v) {
        spectrum->re[w * out + v] = turned_re[v * pitch + w];
        spectrum->im[w * out + v] = turned_im[v * pitch + w];
      }
  for (int w = 0; w < n; ++w) {
    spectrum->nyquist_re[w] = turned_re[half * pitch + w];
    spectrum->nyquist_im[w] = turned_im[half * pitch + w];
  }
  slot = std::move(spectrum);
  return *slot;
}

}  // namespace brickline
