// Checks that try a camera on copies of its images that somebody has put light into, or damaged.
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <fstream>
#include <random>
#include <set>

#include "core/camera/check_parts.h"
#include "core/fits/fits_writer.h"

namespace brickline::checks {
namespace {

using Faults = std::vector<std::string>;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << bytes;
  if (!out.flush()) throw resource_error("cannot be written").in_file(file.string());
}

// A copy of an image with its mask and weight below a directory of ours, opened as the camera's.
class Copy {
 public:
  Copy(const CheckInput& input, const fs::path& image) : registry_(scan(input)), camera_(input.camera) {
    registry_.load(camera_);
    const IdentifiedImage found = identify_image(registry_, image, camera_, input.images_dir);
    if (found.ccds.empty()) throw input_error("no CCD is found in it").in_file(image.string());
    const IdentifiedCcd& ccd = found.ccds.front();
    whole_ = Box::from_size(ccd.width, ccd.height);
    const fs::path images =
        input.images_dir.empty() ? found.path.parent_path() : fs::absolute(input.images_dir);
    original_ = found.path;
    images_ = input.scratch / "images";
    source_.values.image_filename = found.path.lexically_relative(images).string();
    source_.values.image_hdu = ccd.hdu;
    source_.locate = [here = images_](SurveyPlace place, const std::string& relative) {
      return place == SurveyPlace::kImages ? here / relative : here.parent_path() / relative;
    };
    // What lies beside it under its name may belong to it: a mask, a weight, world coordinates.
    fs::create_directories(image_path().parent_path());
    const std::string stem =
        base_name(registry_.camera(camera_).facts().files.base_name, found.path.filename().string());
    for (const auto& entry : fs::directory_iterator(found.path.parent_path()))
      if (entry.is_regular_file() && entry.path().filename().string().starts_with(stem))
        fs::copy_file(entry.path(), image_path().parent_path() / entry.path().filename(),
                      fs::copy_options::overwrite_existing);
    for (const IdentifiedFile& file : ccd.files) {
      const fs::path to = images_ / file.path.lexically_relative(images);
      companions_.push_back(to);
      fs::create_directories(to.parent_path());
      fs::copy_file(file.path, to, fs::copy_options::overwrite_existing);
    }
  }

  const CameraFacts& facts() const { return registry_.camera(camera_).facts(); }
  fs::path image_path() const { return images_ / source_.values.image_filename; }
  const fs::path& original() const { return original_; }
  const std::vector<fs::path>& companions() const { return companions_; }
  int hdu() const { return source_.values.image_hdu; }
  const Box& whole() const { return whole_; }
  OpenCcd open() const { return registry_.camera(camera_).open(source_, Purpose::kRun); }

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

 private:
  CameraRegistry registry_;
  std::string camera_;
  CcdSource source_;
  fs::path images_, original_;
  std::vector<fs::path> companions_;
  Box whole_;
};

// A check finds nothing that it can be made with.
struct NotMade {
  std::string why;
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
  } catch (NotMade& e) {
    return skips(std::move(e.why));
  }
  return passes_unless(std::move(faults), otherwise);
}

// Where the cards of a FITS file's headers begin: every 80 bytes from a header's begin to its END.
std::vector<std::size_t> card_places(const std::string& bytes) {
  constexpr std::size_t kBlock = 2880, kCard = 80;
  std::vector<std::size_t> places;
  for (std::size_t block = 0; block + kBlock <= bytes.size(); block += kBlock) {
    const std::string_view head(bytes.data() + block, 10);
    if (!head.starts_with("SIMPLE  =") && !head.starts_with("XTENSION=")) continue;
    for (std::size_t at = block; at + kCard <= bytes.size(); at += kCard) {
      if (std::string_view(bytes.data() + at, kCard).substr(0, 8) == "END     ") break;
      places.push_back(at);
    }
  }
  return places;
}

std::string card(const std::string& key, const std::string& value) {
  return fmt::format("{:<80}", fmt::format("{:<8}= {:>20}", key, value));
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

Faults random_changes(const Copy& copy, std::uint32_t seed, bool headers_alone) {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 400;
  const auto end = Clock::now() + std::chrono::seconds(20);
  std::mt19937 random(seed);
  const std::string whole = bytes_of(copy.image_path());
  const std::vector<std::size_t> cards = card_places(whole);
  if (headers_alone && cards.empty()) throw NotMade{"the image has no FITS header"};
  Faults faults;
  for (int round = 0; round < kRounds && Clock::now() < end && faults.size() < 3; ++round) {
    std::string changed = whole;
    std::string what;
    for (int n = 0; n < 3; ++n) {
      const std::size_t at =
          headers_alone ? cards[random() % cards.size()] + random() % 80 : random() % changed.size();
      changed[at] = headers_alone ? static_cast<char>(32 + random() % 95) : static_cast<char>(random());
      what += fmt::format(" {}", at);
    }
    write(copy.image_path(), changed);
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

// The file with `add` added to the pixels of one HDU, uncompressed.
std::string rewritten(const fs::path& file, int hdu, const Image<float>* add) {
  fits::FitsReader reader(file);
  fits::FitsWriter writer;
  for (int n = 0; n < reader.hdu_count(); ++n) {
    const fits::Header header = reader.header(n);
    const std::string name = header.text("EXTNAME").value_or("");
    if (reader.is_table(n)) {
      writer.add_table(reader.table(n), name, header);
      continue;
    }
    const fits::ImageInfo info = reader.image_info(n);
    if (info.width <= 0 || info.height <= 0) {
      writer.add_empty_primary(header);
    } else if (n == hdu) {
      Image<float> pixels = reader.image<float>(n);
      if (add)
        for (int y = 0; y < pixels.height(); ++y)
          for (int x = 0; x < pixels.width(); ++x) pixels(x, y) += (*add)(x, y);
      writer.add_image<float>(pixels.const_view(), header, name);
    } else if (info.bitpix < 0) {
      writer.add_image<float>(reader.image<float>(n).const_view(), header, name);
    } else {
      writer.add_image<std::int32_t>(reader.image<std::int32_t>(n).const_view(), header, name);
    }
  }
  return writer.finish();
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
        std::optional<fits::FitsReader> reader;
        try {
          reader.emplace(copy.original());
        } catch (const Error& e) {
          if (e.kind() == ErrorKind::kResources) throw;
          throw NotMade{"only the camera can write its format"};
        }
        if (copy.facts().pixels.decode_asinh) throw NotMade{"the image is not linear (decode_asinh)"};
        reader.reset();
        const Box box = middle_of(copy.whole(), 512);
        write(copy.image_path(), rewritten(copy.original(), copy.hdu(), nullptr));
        OpenCcd before_ccd = copy.open();
        Planes before = run_steps(before_ccd, box);
        before_ccd.after_sky(box, before.image.view(), before.mask.view(), before.weight.view());
        // Stars of 200 times the noise, away from each other.
        std::vector<float> used;
        for (int y = 0; y < before.weight.height(); ++y)
          for (int x = 0; x < before.weight.width(); ++x)
            if (before.weight(x, y) > 0) used.push_back(before.weight(x, y));
        if (used.empty()) throw NotMade{"no pixel in the middle of the CCD has weight"};
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
        write(copy.image_path(), rewritten(copy.original(), copy.hdu(), &light));
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
        if (ratios.empty()) throw NotMade{"no place for a star in the middle of the CCD has weight"};
        const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
        constexpr double kSpread = 0.01, kScale = 0.2;
        if (*high - *low > kSpread * *high && copy.facts().amplifiers.empty())
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
    const std::string whole = bytes_of(copy.image_path());
    const std::set<std::string> keys = keys_of(copy.facts());
    const std::vector<std::size_t> places = card_places(whole);
    if (places.empty()) throw NotMade{"the image has no FITS header"};
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
      for (const std::string& edit : {fmt::format("{:<80}", "COMMENT gone"), card(key, ""),
                                      card(key, "'words'"), card(key, "1.0E300"), card(key, "-99")}) {
        std::string changed = whole;
        changed.replace(at, 80, edit);
        write(copy.image_path(), changed);
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
    const std::string whole = bytes_of(copy.image_path());
    Faults faults;
    for (const double share : {0.9, 0.5, 0.1, 0.01, 0.0}) {
      write(copy.image_path(),
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
    for (const fs::path& file : copy.companions()) {
      if (file == copy.image_path()) continue;
      const std::string bytes = bytes_of(file);
      fs::remove(file);
      const Copy::Outcome out = copy.attempt();
      const std::string name = file.filename().string();
      if (!out.wrong.empty())
        faults.push_back(fmt::format("without {}: {}", name, out.wrong));
      else if (!out.taken && out.said.find(name) == std::string::npos)
        faults.push_back(fmt::format("without {} it says, and does not name it: {}", name, out.said));
      write(file, bytes);
    }
    return faults;
  });
}

// ---- 9: chance ----

CheckVerdict fuzz_headers(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) { return random_changes(copy, input.seed, true); });
}

CheckVerdict fuzz_bytes(const CheckInput& input) {
  return with_copy(input, [&](const Copy& copy) { return random_changes(copy, input.seed, false); });
}

}  // namespace brickline::checks
