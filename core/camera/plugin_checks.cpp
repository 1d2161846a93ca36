#include "core/camera/plugin_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <thread>

#include "core/base/error.h"
#include "core/camera/check_parts.h"
#include "core/camera/elf_note.h"
#include "core/camera/facts_remarks.h"
#include "core/camera/identify.h"
#include "core/camera/mask_operations.h"
#include "core/facts/mask_bits.h"
#include "core/wcs/wcs.h"

namespace brickline {
namespace checks {
namespace {

// ---- 1: the file ----

const PluginFile* file_of(const CameraRegistry& registry, const fs::path& path) {
  std::error_code ignored;
  for (const PluginFile& file : registry.files())
    if (fs::equivalent(file.path, path, ignored)) return &file;
  return nullptr;
}

CheckVerdict load_file(const CheckInput& input) {
  const CameraRegistry registry = scan(input);
  const PluginFile* file = file_of(registry, input.file);
  if (!file) return fails({"it is not named NAME.camera.so or NAME.camera.json"});
  return file->usable() ? passes_unless(file->warnings, Result::kWarn) : fails({file->refusal});
}

CheckVerdict load_one_symbol(const CheckInput& input) {
  if (input.file.extension() == ".json") return skips("a file of facts has no symbols");
  const std::vector<std::string> extra = exported_symbols(input.file);
  if (extra.empty()) return {};
  return fails({fmt::format("exports besides brickline_camera_plugin: {}", fmt::join(extra, ", ")),
                "link it with the SDK's version script (brickline_add_camera does)"});
}

CheckVerdict load_runs(const CheckInput& input) {
  Heard heard;
  CameraRegistry registry = scan(input, Log(heard));
  if (auto faults = faults_of([&] { registry.load(input.camera); }); !faults.empty()) return fails(faults);
  return passes_unless(heard.warnings, Result::kWarn);
}

CheckVerdict load_time(const CheckInput& input) {
  const auto now = [] {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double before = now();
  scan(input).load(input.camera);
  const double seconds = now() - before;
  if (seconds < 1) return {};
  return warns({fmt::format("loading it takes {:.1f} s of computing, in every run", seconds)});
}

CheckVerdict load_silent(const CheckInput& input) {
  Heard heard;
  scan(input, Log(heard)).load(input.camera);
  return passes_unless(heard.printed);
}

// ---- 2: what it says of itself ----

CheckVerdict describe_unique(const CheckInput& input) {
  const CameraRegistry registry = scan(input);
  std::vector<std::string> faults;
  bool conflict = false;
  if (const PluginFile* file = file_of(registry, input.file))
    for (const ClaimedCamera& camera : file->cameras) {
      if (camera.state == ClaimedCamera::State::kAccepted) continue;
      conflict = conflict || camera.state == ClaimedCamera::State::kConflict;
      faults.push_back(
          fmt::format("camera {} is provided by {}, too", camera.identity.name, camera.other.string()));
    }
  return passes_unless(std::move(faults), conflict ? Result::kFail : Result::kWarn);
}

CheckVerdict describe_claims(const CheckInput& input) {
  const CameraRegistry registry = scan(input);
  const PluginFile* file = file_of(registry, input.file);
  for (const ClaimedCamera& camera : file ? file->cameras : std::vector<ClaimedCamera>())
    if (camera.identity.name == input.camera && camera.identity.claims.empty())
      return warns(
          {"it claims no image, so that `cameras identify` cannot tell whose an image is; \"claims\" in its "
           "identity would say it"});
  return {};
}

// ---- 3, 4: images and facts ----

CheckVerdict identify_own(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  std::vector<std::string> faults;
  for (const fs::path& image : input.images) {
    const IdentifiedImage found = identify_image(registry, image, input.camera, input.images_dir);
    if (found.claimants != std::vector{input.camera})
      faults.push_back(fmt::format(
          "{} is claimed by {}", image.string(),
          found.claimants.empty() ? "nobody" : fmt::format("{}", fmt::join(found.claimants, ", "))));
  }
  return passes_unless(std::move(faults));
}

CheckVerdict facts_remarkable(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  return passes_unless(facts_remarks(registry.load(input.camera)));
}

CheckVerdict facts_repeat(const CheckInput& input) {
  const std::string first = scan(input).load(input.camera).facts_json();
  ::setenv("TZ", "Asia/Kolkata", 1);
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"})
    if (std::setlocale(LC_ALL, locale)) break;
  const std::string second = scan(input).load(input.camera).facts_json();
  return first == second ? CheckVerdict{}
                         : fails({"asked twice, in another locale and time zone, it says other facts"});
}

CheckVerdict facts_bands(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  const CameraFacts& facts = registry.load(input.camera).facts();
  const CameraFacts* const alone[] = {&facts};
  std::vector<std::string> faults;
  for (const auto& [name, band] : facts_of_bands(facts.detector.bands, alone)) {
    if (!band.extinction_per_ebv)
      faults.push_back(fmt::format(
          "band {} has no bands.{}.extinction_per_ebv: catalogs will not correct for dust", name, name));
    if (!band.wavelength_nm)
      faults.push_back(fmt::format("band {} has no bands.{}.wavelength_nm", name, name));
  }
  return passes_unless(std::move(faults), Result::kWarn);
}

CheckVerdict image_problems(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  std::vector<std::string> faults;
  for (const fs::path& image : input.images) {
    const IdentifiedImage found = identify_image(registry, image, input.camera, input.images_dir);
    faults.insert(faults.end(), found.problems.begin(), found.problems.end());
    for (const IdentifiedCcd& ccd : found.ccds)
      for (const std::string& problem : ccd.problems)
        faults.push_back(fmt::format("{}, HDU {}: {}", image.filename().string(), ccd.hdu, problem));
  }
  return passes_unless(std::move(faults));
}

// ---- 5: pixels ----

CheckVerdict pixels_all_ccds(const CheckInput& input) {
  return passes_unless(with_ccds(input, true, [](auto&& open, const Box& whole) -> Faults {
    OpenCcd ccd = open();
    const Box good = ccd.good_region();
    if (good.empty()) return {fmt::format("{}: nothing of it is good", ccd.values().ccdname)};
    const Planes p = run_steps(ccd, middle_of(whole));
    std::int64_t used = 0;
    for (int y = 0; y < p.weight.height(); ++y)
      for (int x = 0; x < p.weight.width(); ++x) used += p.weight(x, y) > 0;
    if (used == 0)
      return {fmt::format("{}: no pixel of its middle has weight and no mask bit", ccd.values().ccdname)};
    return {};
  }));
}

CheckVerdict pixels_crop(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    OpenCcd ccd = open();
    const bool image_alone = !ccd.camera().facts().window_dependent_steps.empty();
    const Box large = middle_of(whole);
    const Planes all = run_steps(ccd, large);
    std::mt19937 random(input.seed);
    const auto within = [&](int low, int high) {
      return low + static_cast<int>(random() % std::max(1, high - low));
    };
    Faults faults;
    for (int i = 0; i < 12; ++i) {
      const int x0 = i == 0 ? large.x0 : within(large.x0, large.x1 - 1), y0 = within(large.y0, large.y1 - 1);
      const Box part{x0, within(x0, large.x1) + 1, y0, i == 0 ? large.y1 : within(y0, large.y1) + 1};
      if (!same_bits(run_steps(ccd, part), cropped(all, large, part), image_alone))
        faults.push_back(
            fmt::format("the window [{},{}) x [{},{}) differs from the crop of a larger one: if that must "
                        "be, say so in steps.window_dependent",
                        part.x0, part.x1, part.y0, part.y1));
    }
    return faults;
  }));
}

CheckVerdict pixels_repeat(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    OpenCcd first = open(), second = open();
    const Box box = middle_of(whole, 512);
    if (same_bits(run_steps(first, box), run_steps(second, box), false)) return {};
    return {"read twice, its pixels differ"};
  }));
}

CheckVerdict pixels_mask_codes(const CheckInput& input) {
  return passes_unless(
      with_ccds(input, false,
                [&](auto&& open, const Box& whole) -> Faults {
                  OpenCcd ccd = open();
                  const Box box = middle_of(whole);
                  const auto raw = ccd.read_mask(box);
                  if (!raw) return {};
                  const Image<float> image(box.width(), box.height());
                  const Image<std::uint16_t> mask =
                      ccd.remap_mask(box, raw->const_view(), image.const_view());
                  const auto unknown =
                      unknown_values(ccd.camera().facts().mask, raw->const_view(), mask.const_view());
                  if (unknown.empty()) return {};
                  return {fmt::format(
                      "mask values {} of the file become no bit: pixels that bear them are used. If "
                      "they mean nothing, \"ignore\" in mask.pipeline says so",
                      fmt::join(unknown, ", "))};
                }),
      Result::kWarn);
}

// Noise from differences of pixels a few apart, where the weight is not 0, against the weights.
CheckVerdict pixels_noise(const CheckInput& input) {
  return passes_unless(
      with_ccds(
          input, false,
          [&](auto&& open, const Box& whole) -> Faults {
            OpenCcd ccd = open();
            const Planes p = run_steps(ccd, middle_of(whole));
            constexpr int kApart = 5;
            std::vector<double> pulls, weights;
            for (int y = 0; y < p.image.height(); ++y)
              for (int x = 0; x + kApart < p.image.width(); x += 3) {
                const double a = p.weight(x, y), b = p.weight(x + kApart, y);
                if (!(a > 0 && b > 0)) continue;
                pulls.push_back(std::abs(p.image(x, y) - p.image(x + kApart, y)) / std::sqrt(1 / a + 1 / b));
                weights.push_back(a);
              }
            constexpr std::size_t kFewest = 2000;
            if (pulls.size() < kFewest) return {};
            const auto median = [](std::vector<double>& v) {
              std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
              return v[v.size() / 2];
            };
            const double sigma = 1.4826 * median(pulls), w = median(weights);
            if (sigma > 0.5 && sigma < 2) return {};
            const double true_weight = w / (sigma * sigma);
            std::string hint;
            const auto fits = [&](double v) { return v > 0.4 * true_weight && v < 2.5 * true_weight; };
            if (fits(w * w)) hint = "; as inverse variances it would fit if the plane were sigma's inverse";
            if (fits(1 / w))
              hint =
                  "; weight.kind would fit as the inverse of what it is said to be (variance and "
                  "inverse_variance)";
            if (fits(1 / (w * w))) hint = "; weight.kind \"sigma\" would fit";
            return {
                fmt::format("the pixels scatter {:.3g} times as much as their weights say (median weight "
                            "{:.4g}, by the scatter {:.4g}){}: see the facts weight.kind and pixels.unit",
                            sigma, w, true_weight, hint)};
          }),
      Result::kWarn);
}

// The noise of a sky of so many electrons against the weights: whether pixels count one second shows there, without a
// CCD table.
CheckVerdict pixels_unit(const CheckInput& input) {
  return passes_unless(
      with_ccds(
          input, false,
          [&](auto&& open, const Box& whole) -> Faults {
            OpenCcd ccd = open();
            const double gain = ccd.values().gain, seconds = ccd.values().exptime;
            const Planes p = run_steps(ccd, middle_of(whole));
            std::vector<double> levels, weights;
            for (int y = 0; y < p.image.height(); y += 2)
              for (int x = 0; x < p.image.width(); x += 2)
                if (p.weight(x, y) > 0) {
                  levels.push_back(p.image(x, y));
                  weights.push_back(p.weight(x, y));
                }
            if (levels.empty() || !(gain > 0) || !(seconds > 0)) return {};
            const auto median = [](std::vector<double>& v) {
              std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
              return v[v.size() / 2];
            };
            const double sky = median(levels), variance = 1 / median(weights);
            const bool total = ccd.camera().facts().pixels.unit == PixelFacts::Unit::kTotal;
            const double electrons = sky * gain * (total ? 1 : seconds);
            // Where little sky is left, reading the detector out makes the noise.
            constexpr double kFewest = 500, kMost = 3;
            if (electrons < kFewest) return {};
            const double ratio = variance * electrons / (sky * sky);
            if (ratio > 1 / kMost && ratio < kMost) return {};
            const double other = total ? ratio * seconds : ratio / seconds;
            return {fmt::format(
                "the variance by the weights is {:.3g} times that of a sky of {:.4g} electrons{}: see the facts pixels.unit, "
                "weight.kind and metadata.gain",
                ratio, electrons,
                other > 1 / kMost && other < kMost
                    ? fmt::format("; with pixels.unit \"{}\" it would be {:.3g}",
                                  total ? "per_second" : "total", other)
                    : std::string())};
          }),
      Result::kWarn);
}

// ---- 6: models ----

CheckVerdict calibration_wcs(const CheckInput& input) {
  return passes_unless(with_ccds(input, true, [&](auto&& open, const Box& whole) -> Faults {
    OpenCcd ccd = open();
    const std::optional<fits::Header> stated = ccd.wcs_cards();
    const Wcs wcs = Wcs::from_header(stated ? *stated : ccd.image_header(), whole.width(), whole.height());
    const double nominal = ccd.camera().facts().detector.pixel_scale_arcsec;
    Faults faults;
    if (const double scale = wcs.pixel_scale_arcsec(); !(std::abs(scale / nominal - 1) < 0.05))
      faults.push_back(fmt::format(
          "its pixels are {:.5g} arcsec by its world coordinates, {:.5g} by the facts", scale, nominal));
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 5; ++j) {
        const double x = 0.25 * i * (whole.width() - 1), y = 0.25 * j * (whole.height() - 1);
        const SkyPosition at = wcs.pixel_to_sky(x, y);
        const std::optional<PixelPosition> back = wcs.sky_to_pixel(at.ra, at.dec);
        if (!back || !(std::hypot(back->x - x, back->y - y) < 1e-3))
          faults.push_back(fmt::format("the pixel ({:.0f},{:.0f}) does not come back from the sky", x, y));
      }
    return faults;
  }));
}

CheckVerdict calibration_models(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    OpenCcd ccd = open();
    Faults faults;
    if (const auto psf = ccd.psf()) {
      for (const double fx : {0.0, 0.5, 1.0})
        for (const double fy : {0.0, 0.5, 1.0}) {
          const auto stamp = psf->psf.stamp(fx * (whole.width() - 1), fy * (whole.height() - 1));
          double sum = 0;
          for (int y = 0; y < stamp.height(); ++y)
            for (int x = 0; x < stamp.width(); ++x) sum += stamp(x, y);
          if (!(sum > 0.8 && sum < 1.25))
            faults.push_back(
                fmt::format("its PSF holds a light of {:.3g} at ({:.0f},{:.0f}) of the CCD, not 1", sum,
                            fx * whole.width(), fy * whole.height()));
        }
    }
    const Box large = middle_of(whole, 256), part = middle_of(whole, 31);
    const auto level = ccd.sky(large), small = ccd.sky(part);
    if (level && small &&
        !same_bits({small->level, {}, {}}, {crop(level->level, part.shifted(-large.x0, -large.y0)), {}, {}},
                   true))
      faults.push_back("its sky of a window differs from the crop of a larger one");
    return faults;
  }));
}

// ---- 10: stress ----

CheckVerdict stress_threads(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    OpenCcd alone = open();
    const Box box = middle_of(whole, 512);
    const Planes expected = run_steps(alone, box);
    constexpr std::size_t kThreads = 8;
    std::vector<std::vector<std::string>> faults(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i)
      threads.emplace_back([&, i] {
        faults[i] = faults_of([&] {
          for (int n = 0; n < 4; ++n) {
            OpenCcd ccd = open();
            if (!same_bits(run_steps(ccd, box), expected, false))
              throw plugin_error("with {} threads at work its pixels differ from those that one reads",
                                 kThreads);
          }
        });
      });
    for (std::thread& thread : threads) thread.join();
    for (const auto& found : faults)
      if (!found.empty()) return found;
    return {};
  }));
}

CheckVerdict stress_cycles(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    const auto files = [] {
      return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    const auto cycle = [&] { open().read_image(middle_of(whole, 32)); };
    const auto threads = [] {
      return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
    };
    cycle();
    const auto before = files();
    const auto at_work = threads();
    for (int i = 0; i < 200; ++i) cycle();
    if (files() > before) return {fmt::format("{} files stay open after 200 CCDs", files() - before)};
    if (threads() > at_work) return {fmt::format("{} threads run on after 200 CCDs", threads() - at_work)};
    return {};
  }));
}

constexpr CheckSpec kSpecs[] = {
    {"load.file", 1, "is a file that can be used, with a well-formed identity, in a safe place", false,
     load_file},
    {"load.one-symbol", 1, "exports its entry alone", false, load_one_symbol},
    {"load.runs", 1, "loads, starts and states its facts without a warning", false, load_runs},
    {"load.time", 1, "loads within a second", false, load_time},
    {"load.silent", 1, "prints nothing", false, load_silent},
    {"load.process-state", 1, "leaves the process as it was", false, load_process_state},
    {"describe.unique", 2, "provides what nobody else does", false, describe_unique},
    {"describe.claims", 2, "says which images are its own", false, describe_claims},
    {"describe.handshake", 2, "answers programs of its own and of other versions", false, describe_handshake},
    {"describe.extensions", 2, "offers the tables it has, and no others", false, describe_extensions},
    {"identify.own", 3, "claims its images, and nobody else does", true, identify_own},
    {"identify.foreign", 3, "claims no other instrument's images", false, identify_foreign},
    {"facts.remarks", 4, "names files and bands that there are", false, facts_remarkable},
    {"facts.repeat", 4, "says the same twice, in any locale and time zone", false, facts_repeat},
    {"facts.bands", 4, "knows of its bands what catalogs need", false, facts_bands},
    {"facts.image", 4, "finds metadata, mask, weight and world coordinates of its images", true,
     image_problems},
    {"pixels.all-ccds", 5, "reads every CCD, and keeps the contract of each step", true, pixels_all_ccds},
    {"pixels.crop", 5, "gives for a window the crop of a larger one", true, pixels_crop},
    {"pixels.repeat", 5, "gives the same twice", true, pixels_repeat},
    {"pixels.stride", 5, "works on views of any stride, and writes to nothing beside them", true,
     pixels_stride},
    {"pixels.mask-codes", 5, "knows all mask values of the file", true, pixels_mask_codes},
    {"pixels.noise", 5, "has weights that are the pixels' noise", true, pixels_noise},
    {"pixels.unit", 5, "has weights that suit its unit, gain and sky", true, pixels_unit},
    {"calibration.wcs", 6, "has world coordinates of the stated scale, that lead back to each pixel", true,
     calibration_wcs},
    {"calibration.models", 6, "brings models of PSF and sky that hold light and do not depend on the window",
     true, calibration_models},
    {"photometry.colour", 7, "has colour terms that stay within 10 mag", false, photometry_colour},
    {"photometry.light", 7, "gives back the light that is put into a copy of its image", true,
     photometry_light, true},
    {"robust.cards", 8, "says what is wrong where a card of its facts is gone, blank, a word or huge", true,
     robust_cards, true},
    {"robust.truncated", 8, "refuses images that are cut off", true, robust_truncated, true},
    {"robust.missing-file", 8, "names a mask or weight that is not there", true, robust_missing_file, true},
    {"robust.pixels", 8, "reads or refuses images of odd sizes and values", true, robust_pixels, true},
    {"robust.throws", 8, "hands on every failure of the program's functions", true, robust_throws},
    {"robust.out-of-memory", 8, "says so where memory runs out", true, robust_out_of_memory},
    {"robust.cancel", 8, "stops when it is told to", true, robust_cancel},
    {"fuzz.headers", 9, "survives random changes of its headers", true, fuzz_headers, true},
    {"fuzz.bytes", 9, "survives random changes of its files", true, fuzz_bytes, true},
    {"stress.threads", 10, "gives the same with many threads at work", true, stress_threads},
    {"stress.cycles", 10, "leaves no file open and no thread running", true, stress_cycles},
    {"stress.leak", 10, "keeps no memory of CCDs that are closed", true, stress_leak},
    {"stress.struct-size", 10, "asks which functions the program has", true, stress_struct_size},
};

}  // namespace
}  // namespace checks

std::span<const CheckSpec> check_specs() { return checks::kSpecs; }

}  // namespace brickline
