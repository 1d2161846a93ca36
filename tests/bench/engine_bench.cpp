// How long the fitting engine takes: rendering with and without derivatives, normal equations, whole fits,
// and many fluxes. Times are thread CPU time; per-pixel counters are nanoseconds per pixel of the mask (and
// per rendered plane where said). Run once per instruction set: BRICKLINE_SIMD=baseline|v3|v4 bench_engine.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "core/fit/flux_solver.h"
#include "core/fit/source_fitter.h"
#include "core/model/simd.h"
#include "core/model/window_renderer.h"
#include "core/wcs/wcs.h"

namespace brickline {
namespace {

constexpr double kScale = 0.262 / 3600;  // degrees per pixel

// A Moffat star (beta 3) of that FWHM on 63 x 63 pixels.
PsfKernel moffat(double fwhm) {
  const double beta = 3, alpha = fwhm / (2 * std::sqrt(std::pow(2, 1 / beta) - 1));
  Image<float> stamp(63, 63);
  double sum = 0;
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x) {
      const double r2 = (x - 31) * (x - 31) + (y - 31) * (y - 31);
      stamp(x, y) = static_cast<float>(std::pow(1 + r2 / (alpha * alpha), -beta));
      sum += stamp(x, y);
    }
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x) stamp(x, y) = static_cast<float>(stamp(x, y) / sum);
  return {std::move(stamp), fwhm / 2.35};
}

SourceModel galaxy(SourceKind kind, double radius_arcsec = 1.2) {
  SourceModel s;
  s.kind = kind;
  s.ra = 150;
  s.dec = 2;
  s.shape = {std::log(radius_arcsec), 0.3, -0.2};
  if (kind == SourceKind::kRex) s.shape.ee1 = s.shape.ee2 = 0;
  s.sersic_index = 2.5;
  return s;
}

const char* kKinds[] = {"PSF", "REX", "EXP", "DEV", "SER"};

// Arguments: kind, mask size, 1 with derivatives, 2 with those by position from its pixels.
void Render(benchmark::State& state) {
  const auto kind = static_cast<SourceKind>(state.range(0));
  const int size = static_cast<int>(state.range(1));
  const bool derivatives = state.range(2) != 0;
  const PsfKernel psf = moffat(5);
  const SourceModel s = galaxy(kind);
  WindowRenderer renderer{RenderOptions{}};
  WindowJob job;
  job.psf = &psf;
  job.window = Box::from_size(size, size);
  job.x = size / 2 + 0.3;
  job.y = size / 2 - 0.2;
  job.point = !s.is_galaxy();
  job.mixture = profile_mixture(kind, s.sersic_index, GalaxyProfiles::kReference);
  job.shape = shape_derivatives(s.shape, pixels_per_arcsec({-kScale, 0, 0, kScale}));
  job.reference_size = power_of_two_size(2 * (farthest_limit(job.window, job.x, job.y) + 6));
  job.position_by_filter = state.range(2) == 2;
  if (derivatives)
    job.outputs = {true, job.point ? 0 : kind == SourceKind::kRex ? 1 : 3, kind == SourceKind::kSer};
  const int planes = 1 + (derivatives ? 2 + job.outputs.shapes + job.outputs.index : 0);
  const std::size_t plane = static_cast<std::size_t>(window_pitch(size)) * size;
  AlignedFloats out(plane * kernels::kMaxPlanes);
  float* to[kernels::kMaxPlanes];
  for (int i = 0; i < kernels::kMaxPlanes; ++i) to[i] = out.data() + i * plane;
  for (auto _ : state) {
    benchmark::DoNotOptimize(renderer.render(job, to));
    benchmark::ClobberMemory();
  }
  const double pixels = static_cast<double>(size) * size;
  state.counters["N"] = renderer.last_size();
  state.counters["ns/px/plane"] = benchmark::Counter(
      pixels * planes * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetLabel(std::string(kKinds[state.range(0)]) + (derivatives ? " value+derivatives" : " value"));
}
BENCHMARK(Render)->ArgsProduct({{0, 1, 2, 3, 4}, {25, 32, 41, 63, 64, 93, 128}, {0, 1, 2}});

// Arguments: planes, mask size.
void NormalEquations(benchmark::State& state) {
  const int planes = static_cast<int>(state.range(0)), size = static_cast<int>(state.range(1));
  const std::size_t plane = static_cast<std::size_t>(window_pitch(size)) * size;
  AlignedFloats store(plane * (planes + 2));
  for (std::size_t i = 0; i < store.size(); ++i) store[i] = static_cast<float>(i % 17) * 0.01f;
  kernels::GramJob job;
  job.data = store.data();
  job.weight = store.data() + plane;
  job.count = static_cast<long>(plane);
  job.planes = planes;
  for (int i = 0; i < planes; ++i) job.plane[i] = store.data() + (i + 2) * plane;
  for (auto _ : state) {
    active_kernels().gram(job);
    benchmark::DoNotOptimize(job.gram);
  }
  state.counters["ns/px"] =
      benchmark::Counter(static_cast<double>(size) * size * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(NormalEquations)->ArgsProduct({{1, 3, 6, 7}, {32, 64, 128}});

// Images of one source in three bands with noise.
struct Scene {
  std::vector<PsfKernel> psfs;
  std::vector<Image<float>> data, inverse_error;
  std::vector<FitImage> images;
  SourceModel truth;

  Scene(SourceKind kind, int count, int size, double signal_to_noise, double radius_arcsec) {
    truth = galaxy(kind, radius_arcsec);
    truth.flux = {10, 15, 20};
    std::mt19937 random(7);
    std::normal_distribution<double> normal;
    Renderer renderer;
    for (int i = 0; i < count; ++i) {
      const double fwhm = 4.5 + 0.2 * i;
      psfs.push_back(moffat(fwhm));
    }
    for (int i = 0; i < count; ++i) {
      const double angle = 0.02 * i;
      const CdMatrix cd = {-kScale * std::cos(angle), kScale * std::sin(angle), kScale * std::sin(angle),
                           kScale * std::cos(angle)};
      const Wcs wcs = Wcs::tangent(150, 2, size / 2 + 0.13 * i, size / 2 - 0.21 * i, cd, size, size);
      const PixelPosition at = *wcs.sky_to_pixel(truth.ra, truth.dec);
      const double flux = truth.flux[i % 3];
      const auto patch = renderer.patch_on(Box::from_size(size, size), truth, at, {size, size, cd, &psfs[i]});
      double squares = 0;
      for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) squares += patch->pixels(x, y) * patch->pixels(x, y);
      const double sigma = flux * std::sqrt(squares) / signal_to_noise * std::sqrt(count);
      Image<float> d(size, size);
      for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) d(x, y) = static_cast<float>(sigma * normal(random));
      add_patch(d.view(), *patch, static_cast<float>(flux));
      data.push_back(std::move(d));
      inverse_error.emplace_back(size, size, static_cast<float>(1 / sigma));
      FitImage f;
      f.band = i % 3;
      f.cd = cd;
      f.local = *local_linear(wcs, truth.ra, truth.dec, LocalLinearWcs::Jacobian::kLocal);
      f.psf = &psfs[i];
      f.mask = Box::from_size(size, size);
      images.push_back(f);
    }
    for (int i = 0; i < count; ++i) {
      images[i].data = data[i].const_view();
      images[i].inverse_error = inverse_error[i].const_view();
    }
  }

  SourceModel start(SourceKind kind) const {
    SourceModel s = truth;
    s.kind = kind;
    s.ra += 0.04 / 3600;
    s.dec -= 0.03 / 3600;
    for (double& f : s.flux) f *= 0.7;
    s.shape = {-1, 0, 0};
    s.sersic_index = 4;
    return s;
  }
};

// Arguments: kind, images, mask size, S/N.
void Fit(benchmark::State& state) {
  const auto kind = static_cast<SourceKind>(state.range(0));
  const Scene scene(kind, static_cast<int>(state.range(1)), static_cast<int>(state.range(2)),
                    static_cast<double>(state.range(3)), 0.8);
  SourceFitter fitter;
  FitResult r = fitter.fit(scene.start(kind), scene.images);
  for (auto _ : state) {
    r = fitter.fit(scene.start(kind), scene.images);
    benchmark::DoNotOptimize(r.ln_prob);
  }
  const double evaluations = r.derivative_evaluations + r.value_evaluations;
  state.counters["derivative"] = r.derivative_evaluations;
  state.counters["value"] = r.value_evaluations;
  state.counters["us/image/evaluation"] =
      benchmark::Counter(evaluations * static_cast<double>(scene.images.size()) * 1e-6,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetLabel(kKinds[state.range(0)]);
}
BENCHMARK(Fit)->ArgsProduct({{0, 2, 4}, {8}, {31, 63}, {30, 300}})->Unit(benchmark::kMicrosecond);

// The whole ladder of models on one EXP galaxy: PSF twice, REX, EXP, DEV, SER. Arguments: images, mask size.
void Ladder(benchmark::State& state) {
  const Scene scene(SourceKind::kExp, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), 100,
                    0.8);
  SourceFitter fitter;
  for (auto _ : state)
    for (const SourceKind kind : {SourceKind::kPsf, SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp,
                                  SourceKind::kDev, SourceKind::kSer})
      benchmark::DoNotOptimize(fitter.fit(scene.start(kind), scene.images).ln_prob);
}
BENCHMARK(Ladder)->Args({6, 35})->Args({6, 63})->Args({9, 63})->Unit(benchmark::kMicrosecond);

// Argument: stars on one 1000 x 1000 image.
void Fluxes(benchmark::State& state) {
  const int count = static_cast<int>(state.range(0)), size = 1000;
  const PsfKernel psf = moffat(5);
  Image<float> data(size, size), inverse_error(size, size, 10.0f);
  std::mt19937 random(5);
  std::uniform_real_distribution<double> place(0, size);
  std::vector<UnitModel> models;
  Renderer renderer;
  const RenderTarget target{size, size, {-kScale, 0, 0, kScale}, &psf};
  SourceModel star;
  for (int i = 0; i < count; ++i) {
    auto patch = renderer.patch(star, {place(random), place(random)}, target);
    add_patch(data.view(), *patch, 3);
    models.push_back({i, std::move(*patch)});
  }
  const std::vector<double> start(count, 1.0);
  const FluxImage image{data.const_view(), inverse_error.const_view(), models};
  for (auto _ : state) benchmark::DoNotOptimize(solve_fluxes({&image, 1}, start).flux[0]);
}
BENCHMARK(Fluxes)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("simd_level", std::string(brickline::simd_level_name()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
