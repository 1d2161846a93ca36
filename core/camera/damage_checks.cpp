// Checks that try a camera on copies of its images that somebody has put light into, or damaged.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <random>
#include <set>

#include "core/camera/check_parts.h"
#include "core/camera/image_copy.h"

namespace brickline::checks {
namespace {

using Faults = std::vector<std::string>;

// A copy of an image, and what comes of reading it.
class Copy : public ImageCopy {
 public:
  using ImageCopy::ImageCopy;

  // What comes of reading it. `wrong`: words for what a camera must not do with a bad file; empty if it has taken it,
  // or said what is wrong.
  struct Outcome {
    bool taken = false;
    std::string said, wrong;
  };
  Outcome attempt() const {
    Outcome out;
    try {
      OpenCcd ccd = open();
      const Box all = Box::from_size(ccd.values().width, ccd.values().height);
      run_steps(ccd, middle_of(all, 128));
      out.taken = true;
    } catch (const SkipCcd& e) {
      out.said = e.what();
    } catch (const Error& e) {
      out.said = e.line();
      if (e.kind() == ErrorKind::kPlugin || e.kind() == ErrorKind::kInternal) out.wrong = e.line();
    }
    return out;
  }
};

// Does something with a copy of the first image.
template <typename F>
CheckVerdict with_copy(const CheckInput& input, F&& f, Result otherwise = Result::kFail) {
  Faults faults;
  try {
    for (const std::string& fault : faults_of([&] {
           const Copy copy(input, input.images.front());
           faults = f(copy);
         }))
      faults.push_back(fault);
  } catch (CheckNotMade& e) {
    return skips(std::move(e.why));
  }
  return passes_unless(std::move(faults), otherwise);
}

// All keys that the facts look at, of any field.
std::set<std::string> keys_of(const CameraFacts& facts) {
  std::set<std::string> keys;
  for (const auto& [field, sources] : facts.metadata.fields)
    for (const Source& source : sources) keys.insert(source.keys.begin(), source.keys.end());
  for (const auto& [name, sources] : facts.wcs.cards)
    for (const Source& source : sources) keys.insert(source.keys.begin(), source.keys.end());
  for (const char* key : {"CTYPE1", "CRVAL1", "CD1_1"}) keys.insert(key);
  return keys;
}

Faults random_changes(const Copy& copy, std::uint32_t seed, int rounds, bool headers_alone) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(20);
  std::mt19937 random(seed);
  const std::string whole = read_bytes(copy.image_path());
  const std::vector<std::size_t> cards = card_places(whole);
  if (headers_alone && cards.empty()) throw CheckNotMade{"the image has no FITS header"};
  Faults faults;
  for (int round = 0; round < rounds && Clock::now() < end && faults.size() < 3; ++round) {
    std::string changed = whole;
    std::string what;
    for (int n = 0; n < 3; ++n) {
      const std::size_t at =
          headers_alone ? cards[random() % cards.size()] + random() % 80 : random() % changed.size();
      changed[at] = headers_alone ? static_cast<char>(32 + random() % 95) : static_cast<char>(random());
      what += fmt::format(" {}", at);
    }
    write_bytes(copy.image_path(), changed);
    if (const Copy::Outcome out = copy.attempt(); !out.wrong.empty())
      faults.push_back(fmt::format("with the bytes{} of the image changed (seed {}, round {}): {}", what,
                                   seed, round, out.wrong));
  }
  return faults;
}

double flux_about(const Image<float>& image, int x, int y) {
  double sum = 0;
  for (int dy = -7; dy <= 7; ++dy)
    for (int dx = -7; dx <= 7; ++dx) sum += image(x + dx, y + dy);
  return sum;
}

}  // namespace

// ---- 7: photometry ----

CheckVerdict photometry_colour(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  constexpr double kMost = 10;  // mag: u of a red star is that far from Gaia's G
  Faults faults;
  for (const auto& [name, catalogue] : registry.load(input.camera).facts().photometry.catalogues)
    for (const auto& [band, term] : catalogue.bands) {
      std::array<double, 2> range{0, 3};  // of the colour, where the facts do not say it
      for (const std::string& whose : {std::string("*"), band})
        if (const auto stated = catalogue.colour_range.find(whose); stated != catalogue.colour_range.end())
          range = stated->second;
      double largest = 0;
      for (double colour = range[0]; colour <= range[1]; colour += 0.02) {
        const double c =
            term.colour_clip ? std::clamp(colour, (*term.colour_clip)[0], (*term.colour_clip)[1]) : colour;
        double value = 0, power = 1;
        for (const double coefficient : term.coefficients) {
          value += coefficient * power;
          power *= c;
        }
        value = std::clamp(value, term.clip[0], term.clip[1]);
        if (!(std::abs(value) <= largest)) largest = std::abs(value);
      }
      if (!(largest <= kMost))
        faults.push_back(
            fmt::format("photometry.catalogues.{}.{}: the term reaches {:.3g} mag between colours {} and {}",
                        name, band, largest, range[0], range[1]));
    }
  return passes_unless(std::move(faults));
}

CheckVerdict photometry_light(const CheckInput& input) {
  return with_copy(
      input,
      [&](const Copy& copy) -> Faults {
        if (copy.facts().pixels.decode_asinh) throw CheckNotMade{"the image is not linear (decode_asinh)"};
        const Box box = middle_of(copy.whole(), 512);
        const auto put = [&](const Image<float>* light) {
          write_bytes(copy.image_path(), rewritten(copy.original(), copy.hdu(), [&](Image<float> pixels) {
                        for (int y = 0; light && y < pixels.height(); ++y)
                          for (int x = 0; x < pixels.width(); ++x) pixels(x, y) += (*light)(x, y);
                        return pixels;
                      }));
        };
        put(nullptr);
        OpenCcd before_ccd = copy.open();
        Planes before = run_steps(before_ccd, box);
        before_ccd.after_sky(box, before.image.view(), before.mask.view(), before.weight.view());
        // Stars of 200 times the noise, away from each other.
        std::vector<float> used;
        for (int y = 0; y < before.weight.height(); ++y)
          for (int x = 0; x < before.weight.width(); ++x)
            if (before.weight(x, y) > 0) used.push_back(before.weight(x, y));
        if (used.empty()) throw CheckNotMade{"no pixel in the middle of the CCD has weight"};
        std::nth_element(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2),
                         used.end());
        const double flux = 200 / std::sqrt(used[used.size() / 2]);
        Image<float> light(copy.whole().width(), copy.whole().height());
        std::vector<std::pair<int, int>> stars;
        for (int y = box.y0 + 12; y + 12 < box.y1; y += 40)
          for (int x = box.x0 + 12; x + 12 < box.x1; x += 40) {
            stars.emplace_back(x - box.x0, y - box.y0);
            for (int dy = -7; dy <= 7; ++dy)
              for (int dx = -7; dx <= 7; ++dx)
                light(x + dx, y + dy) += static_cast<float>(flux * std::exp(-(dx * dx + dy * dy) / 4.5) /
                                                            (4.5 * 3.14159265358979));
          }
        put(&light);
        OpenCcd after_ccd = copy.open();
        Planes after = run_steps(after_ccd, box);
        after_ccd.after_sky(box, after.image.view(), after.mask.view(), after.weight.view());
        std::vector<double> ratios;
        for (const auto& [x, y] : stars) {
          bool usable = true;
          for (int dy = -7; dy <= 7; ++dy)
            for (int dx = -7; dx <= 7; ++dx) usable = usable && after.weight(x + dx, y + dy) > 0;
          if (usable)
            ratios.push_back((flux_about(after.image, x, y) - flux_about(before.image, x, y)) / flux);
        }
        if (ratios.empty()) throw CheckNotMade{"no place for a star in the middle of the CCD has weight"};
        const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
        constexpr double kSpread = 0.01, kScale = 0.2;
        const std::vector<AmplifierRow>& amplifiers = copy.facts().amplifiers;
        const bool corrects = std::any_of(amplifiers.begin(), amplifiers.end(),
                                          [](const AmplifierRow& row) { return row.dzp_mag != 0; });
        if (*high - *low > kSpread * *high && !corrects)
          return {fmt::format(
              "of light that was put into {} places of the image between {:.4g} and {:.4g} times as much "
              "comes out",
              ratios.size(), *low, *high)};
        if (*low < 1 - kScale || *high > 1 + kScale)
          return {fmt::format(
              "of light that was put into the image {:.4g} times as much comes out: is that meant? (A "
              "CCD's scale belongs into its zero point, or into after_sky.)",
              *high)};
        return {};
      },
      Result::kWarn);
}

// ---- 8: damage ----

CheckVerdict robust_cards(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) -> Faults {
    const std::string whole = read_bytes(copy.image_path());
    const std::set<std::string> keys = keys_of(copy.facts());
    const std::vector<std::size_t> places = card_places(whole);
    if (places.empty()) throw CheckNotMade{"the image has no FITS header"};
    // Of the primary header and the CCD's own: no other is read.
    std::set<std::string> done;
    Faults faults;
    int hdu = -1;
    for (const std::size_t at : places) {
      std::string key = whole.substr(at, 8);
      key.erase(key.find_last_not_of(' ') + 1);
      if (key == "SIMPLE" || key == "XTENSION") ++hdu;
      if (hdu != 0 && hdu != copy.hdu()) continue;
      if (!keys.contains(key) || !done.insert(fmt::format("{} {}", key, hdu)).second) continue;
      for (const std::string& edit :
           {fmt::format("{:<80}", "COMMENT gone"), card_bytes(key, ""), card_bytes(key, "'words'"),
            card_bytes(key, "1.0E300"), card_bytes(key, "-99")}) {
        std::string changed = whole;
        changed.replace(at, 80, edit);
        write_bytes(copy.image_path(), changed);
        const Copy::Outcome out = copy.attempt();
        if (!out.wrong.empty())
          faults.push_back(fmt::format("with the card \"{}\": {}",
                                       edit.substr(0, edit.find_last_not_of(' ') + 1), out.wrong));
      }
    }
    return faults;
  });
}

CheckVerdict robust_truncated(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) -> Faults {
    const std::string whole = read_bytes(copy.image_path());
    Faults faults;
    for (const double share : {0.9, 0.5, 0.1, 0.01, 0.0}) {
      write_bytes(copy.image_path(),
                  whole.substr(0, static_cast<std::size_t>(share * static_cast<double>(whole.size()))));
      const Copy::Outcome out = copy.attempt();
      if (!out.wrong.empty())
        faults.push_back(fmt::format("of the image {:.0f} % are there: {}", 100 * share, out.wrong));
      if (out.taken && share < 0.05)
        faults.push_back(fmt::format("of the image {:.0f} % are there, and it is read", 100 * share));
    }
    return faults;
  });
}

CheckVerdict robust_missing_file(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) -> Faults {
    Faults faults;
    for (const IdentifiedFile& companion : copy.companions()) {
      const fs::path& file = companion.path;
      if (file == copy.image_path()) continue;
      const std::string bytes = read_bytes(file);
      fs::remove(file);
      const Copy::Outcome out = copy.attempt();
      const std::string name = file.filename().string();
      if (!out.wrong.empty())
        faults.push_back(fmt::format("without {}: {}", name, out.wrong));
      else if (!out.taken && out.said.find(name) == std::string::npos)
        faults.push_back(fmt::format("without {} it says, and does not name it: {}", name, out.said));
      write_bytes(file, bytes);
    }
    return faults;
  });
}

// Images that are what an image can be and should not: all of them are read, or refused with the reason.
CheckVerdict robust_pixels(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) -> Faults {
    Faults faults;
    const auto attempt = [&](const char* what, const std::function<Image<float>(Image<float>)>& edit) {
      write_bytes(copy.image_path(), rewritten(copy.original(), copy.hdu(), edit));
      const Copy::Outcome out = copy.attempt();
      if (!out.wrong.empty()) faults.push_back(fmt::format("with an image {}: {}", what, out.wrong));
    };
    const auto filled = [](float value) {
      return [value](const Image<float>& pixels) {
        return Image<float>(pixels.width(), pixels.height(), value);
      };
    };
    attempt("of no number at all", filled(std::numeric_limits<float>::quiet_NaN()));
    attempt("of infinities", filled(std::numeric_limits<float>::infinity()));
    attempt("of 0", filled(0));
    attempt("of one pixel", [](const Image<float>& pixels) { return Image<float>(1, 1, pixels(0, 0)); });
    attempt("that lacks a row and a column", [](const Image<float>& pixels) {
      return crop(pixels, {0, std::max(1, pixels.width() - 1), 0, std::max(1, pixels.height() - 1)});
    });
    write_bytes(copy.image_path(),
                rewritten_codes(copy.original(), copy.hdu(), [](Image<std::int32_t>& pixels) {
                  for (int y = 0; y < pixels.height(); ++y)
                    for (int x = 0; x < pixels.width(); ++x) pixels(x, y) = x;
                }));
    if (const Copy::Outcome out = copy.attempt(); !out.wrong.empty())
      faults.push_back(fmt::format("with an image of whole numbers: {}", out.wrong));
    write_bytes(copy.image_path(), read_bytes(copy.original()));
    const IdentifiedFile* weight = copy.companion("weight");
    if (!weight || weight->path == copy.image_path()) return faults;
    for (const float value : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()}) {
      write_bytes(weight->path, rewritten(weight->path, weight->hdu, filled(value)));
      if (const Copy::Outcome out = copy.attempt(); !out.wrong.empty())
        faults.push_back(fmt::format("with weights of {}: {}", value, out.wrong));
    }
    return faults;
  });
}

// ---- 9: chance ----

CheckVerdict fuzz_headers(const CheckInput& input) {
  return with_copy(input,
                   [&](const Copy& copy) { return random_changes(copy, input.seed, input.rounds, true); });
}

CheckVerdict fuzz_bytes(const CheckInput& input) {
  return with_copy(input,
                   [&](const Copy& copy) { return random_changes(copy, input.seed, input.rounds, false); });
}

}  // namespace brickline::checks
