#include "core/coadd/product_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "core/survey/provenance.h"
#include "core/survey/time.h"

namespace brickline {

namespace {

constexpr double kSecondsPerDay = 86400;
constexpr std::chrono::year_month_day kMjdEpoch{std::chrono::year(1858), std::chrono::month(11),
                                                std::chrono::day(17)};

struct TypeFacts {
  std::string_view type, product, unit, unit_comment;
};

constexpr std::string_view kNanomaggyComment = "AB mag = 22.5 - 2.5*log10(nanomaggy)";
constexpr std::string_view kIvarComment = "inverse variance of flux";
constexpr std::array<TypeFacts, 9> kTypes = {{{"image", "image", "nanomaggy", kNanomaggyComment},
                                              {"invvar", "wtmap", "1/nanomaggy^2", kIvarComment},
                                              {"nexp", "expmap", "", ""},
                                              {"depth", "psfdepth", "1/nanomaggy^2", kIvarComment},
                                              {"galdepth", "galdepth", "1/nanomaggy^2", kIvarComment},
                                              {"psfsize", "psfsize", "arcsec", "effective PSF FWHM"},
                                              {"model", "model", "nanomaggy", kNanomaggyComment},
                                              {"chi2", "chi2", "", ""},
                                              {"blobmodel", "blobmodel", "nanomaggy", kNanomaggyComment}}};

// The second set of cards and those after it are told apart by a number at the end of their keys, which have
// eight characters at most.
std::string origin_key(const std::string& key, std::size_t number) {
  if (number == 1) return key;
  const std::string digits = std::to_string(number);
  return key.substr(0, std::max<std::size_t>(1, 8 - digits.size())) + digits;
}

bool same_values(const std::vector<fits::Card>& a, const std::vector<fits::Card>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const fits::Card& x, const fits::Card& y) {
    return x.key == y.key && x.value == y.value;
  });
}

}  // namespace

double utc_from_tai(double mjd_tai) { return mjd_tai - tai_minus_utc(mjd_tai) / kSecondsPerDay; }

std::string iso_time(double mjd_utc) {
  const auto milliseconds = static_cast<std::int64_t>(std::llround(mjd_utc * kSecondsPerDay * 1000));
  const std::chrono::sys_time<std::chrono::milliseconds> time =
      std::chrono::sys_days(kMjdEpoch) + std::chrono::milliseconds(milliseconds);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}.{:03d}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

fits::Header brick_wcs_cards(const Wcs& target) {
  fits::Header header;
  add_wcs_cards(header, target);
  return header;
}

fits::Header band_input_cards(std::string_view band, std::span<const CcdImage* const> images) {
  fits::Header header;
  if (images.empty()) return header;
  std::vector<std::vector<fits::Card>> origins;
  for (const CcdImage* image : images) {
    if (std::none_of(origins.begin(), origins.end(),
                     [&](const auto& o) { return same_values(o, image->origin); }))
      origins.push_back(image->origin);
  }
  // More sets than two digits can tell apart would give keys of a kind.
  constexpr std::size_t kMostOrigins = 99;
  for (std::size_t set = 0; set < std::min(origins.size(), kMostOrigins); ++set)
    for (const fits::Card& card : origins[set])
      header.set(origin_key(card.key, set + 1), card.value, card.comment);
  header.set("FILTERX", std::string(band), "Filter short name");

  const auto [first, last] =
      std::minmax_element(images.begin(), images.end(),
                          [](const CcdImage* a, const CcdImage* b) { return a->mjd_tai < b->mjd_tai; });
  double sum = 0;
  for (const CcdImage* image : images) sum += image->mjd_tai - (*first)->mjd_tai;
  const double mean = (*first)->mjd_tai + sum / static_cast<double>(images.size());
  header.set("MJD_MIN", (*first)->mjd_tai, "Earliest MJD in coadd (TAI)");
  header.set("MJD_MAX", (*last)->mjd_tai, "Latest MJD in coadd (TAI)");
  header.set("MJD_MEAN", mean, "Mean MJD in coadd (TAI)");
  header.set("DATEOBS1", iso_time(utc_from_tai((*first)->mjd_tai)), "first image of the stack (UTC)");
  header.set("DATEOBS2", iso_time(utc_from_tai((*last)->mjd_tai)), "last image of the stack (UTC)");
  header.set("DATEOBS", iso_time(utc_from_tai(mean)), "mean of the stack (UTC)");
  return header;
}

fits::Header image_type_cards(std::string_view type) {
  fits::Header header;
  header.set("IMTYPE", std::string(type), "LegacySurveys image type");
  for (const TypeFacts& facts : kTypes) {
    if (facts.type != type) continue;
    header.set("PRODTYPE", std::string(facts.product), "NOIRLab image type");
    if (facts.unit == "nanomaggy") header.set("MAGZERO", 22.5, "Magnitude zeropoint");
    if (!facts.unit.empty()) header.set("BUNIT", std::string(facts.unit), facts.unit_comment);
  }
  return header;
}

}  // namespace brickline
