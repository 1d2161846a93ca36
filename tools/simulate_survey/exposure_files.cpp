// The images of one exposure, in the form of each layout.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/exposure_headers.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

using fits::CardValue;
using fits::Compression;
using Files = Layout::Files;

// One tile per row, as the community pipeline compresses.
Compression row_tiles(const CcdPlan& ccd, Compression::Algorithm algorithm) {
  Compression c;
  c.algorithm = algorithm;
  c.tile_width = ccd.width();
  c.tile_height = 1;
  return c;
}
Compression of_image(const SurveyContext& survey, const CcdPlan& ccd) {
  Compression rice = row_tiles(ccd, Compression::Algorithm::kRice);
  rice.quantize_level = static_cast<float>(survey.options.quantize_level);
  rice.dither = Compression::Dither::kSubtractive1;
  return rice;
}

std::filesystem::path image_path(const SurveyContext& survey, const std::string& file) {
  return survey.directory / "images" / file;
}

// "20170904022400": the moment as a number.
std::string date_number(const Exposure& x) {
  std::string digits;
  for (const char c : iso_date(x.mjd))
    if (c >= '0' && c <= '9' && digits.size() < 14) digits += c;
  return digits;
}

// What most cameras write.
fits::Header plain_header(const SurveyContext& survey, const Exposure& x) {
  fits::Header h;
  h.set("OBJECT", "SIM", "Name of the object observed");
  h.set("TELESCOP", CardValue(survey.layout.telescope));
  h.set("INSTRUME", CardValue(survey.instrument));
  h.set("EXPTIME", CardValue(x.exposure_time), "[s] Exposure time");
  h.set("DATE-OBS", CardValue(iso_date(x.mjd)), "Start of the exposure (UTC)");
  h.set("FILTER", CardValue(survey.layout.filter_text(survey.bands[x.band].name)));
  h.set("AIRMASS", CardValue(x.airmass));
  h.set("SIMSEED", CardValue(static_cast<std::int64_t>(survey.options.seed)), "Seed of the simulation");
  return h;
}

void community_pipeline(const SurveyContext& survey, const Exposure& x, const std::vector<CcdPixels>& ccds) {
  struct Product {
    char kind;
    const char* name;
  };
  for (const Product& product : {Product{'i', "image"}, Product{'d', "dqmask"}, Product{'w', "wtmap"}}) {
    fits::FitsWriter writer;
    writer.add_empty_primary(primary_header(survey, x, product.name));
    for (std::size_t i = 0; i < ccds.size(); ++i) {
      const CcdPlan& ccd = x.ccds[i];
      const fits::Header header = extension_header(survey, x, ccd);
      if (product.kind == 'i') {
        writer.add_image(ccds[i].image.view(), header, ccd.name, of_image(survey, ccd));
      } else if (product.kind == 'd') {
        writer.add_image(ccds[i].quality.view(), header, ccd.name,
                         row_tiles(ccd, Compression::Algorithm::kRice));
      } else {
        // Weights are two values: without loss they take next to no space.
        writer.add_image(ccds[i].weight.view(), header, ccd.name,
                         row_tiles(ccd, Compression::Algorithm::kGzip1));
      }
    }
    writer.write(image_path(survey, x.path(product.kind) + ".fits.fz"));
  }
}

// LSST's pipelines, as for HSC: a file for each CCD holds the image with the sky subtracted, a mask of named planes
// and the variance.
void calexp(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd, const CcdPixels& pixels) {
  constexpr const char* kPlanes[] = {
      "BAD", "SAT", "INTRP", "CR", "EDGE", "DETECTED", "DETECTED_NEGATIVE", "SUSPECT", "NO_DATA"};
  enum Plane { kBadBit = 1, kSatBit = 2, kIntrpBit = 4, kCrBit = 8, kDetectedBit = 32, kNoDataBit = 256 };
  const double unit = survey.options.counts_per_second ? 1 / x.exposure_time : 1;
  Image<float> image(ccd.width(), ccd.height()), variance(ccd.width(), ccd.height());
  Image<std::int32_t> mask(ccd.width(), ccd.height());
  const auto noise = static_cast<float>(x.noise * unit);
  for (int y = 0; y < ccd.height(); ++y)
    for (int x0 = 0; x0 < ccd.width(); ++x0) {
      image(x0, y) =
          static_cast<float>(pixels.image(x0, y) - unit * ccd.sky.at(x0 + ccd.extent.x0, y + ccd.extent.y0));
      variance(x0, y) = noise * noise;
      std::int32_t bits = image(x0, y) > 5 * noise ? kDetectedBit : 0;
      switch (pixels.quality(x0, y)) {
        case kBad:
          bits |= kBadBit | kIntrpBit;
          break;
        case kSaturated:
        case kBleed:
          bits |= kSatBit;
          break;
        case kCosmicRay:
          bits |= kCrBit | kIntrpBit;
          break;
        default:
          break;
      }
      mask(x0, y) = bits;
    }
  fits::Header primary = plain_header(survey, x);
  primary.set("EXPID", CardValue(x.number), "Number of the visit");
  primary.set("DET-ID", ccd.number, "Number of the CCD");
  primary.set("MJD-OBS", CardValue(x.mjd), "[d] Start of the exposure");
  primary.set(
      "FLUXMAG0",
      CardValue(std::pow(10, 0.4 * (x.zero_point + (unit == 1 ? 2.5 * std::log10(x.exposure_time) : 0)))),
      "Flux of magnitude 0");
  fits::Header wcs;
  add_wcs(wcs, ccd);
  fits::Header planes = wcs;
  for (int bit = 0; bit < static_cast<int>(std::size(kPlanes)); ++bit)
    planes.set(std::string("MP_") + kPlanes[bit], bit);
  fits::FitsWriter writer;
  writer.add_empty_primary(primary);
  Compression rice = of_image(survey, ccd), codes = row_tiles(ccd, Compression::Algorithm::kRice);
  writer.add_image(image.const_view(), wcs, "IMAGE", rice);
  writer.add_image(mask.const_view(), planes, "MASK", codes);
  writer.add_image(variance.const_view(), wcs, "VARIANCE", row_tiles(ccd, Compression::Algorithm::kGzip1));
  writer.write(image_path(survey, image_place(survey, x, ccd).file));
}

// CFHT's MegaCam: a file of CCDs, and a file of weights, which are 0 where a pixel is of no use; no masks.
void megacam(const SurveyContext& survey, const Exposure& x, const std::vector<CcdPixels>& ccds) {
  const double unit = survey.options.counts_per_second ? 1 / x.exposure_time : 1;
  fits::Header primary = plain_header(survey, x);
  primary.set("OBSID", CardValue(x.number), "Number of the exposure");
  primary.set("MJD-OBS", CardValue(x.mjd), "[d] Start of the exposure");
  fits::FitsWriter images, weights;
  images.add_empty_primary(primary);
  weights.add_empty_primary(primary);
  for (std::size_t i = 0; i < ccds.size(); ++i) {
    const CcdPlan& ccd = x.ccds[i];
    fits::Header h;
    h.set("CCDNAME", CardValue(fmt::format("834175-{:02d}", ccd.number)), "Serial number of the detector");
    h.set("GAIN", CardValue(survey.options.gain), "[e/adu]");
    h.set("RDNOISE", CardValue(x.read_noise * survey.options.gain), "[e]");
    h.set("SATURATE", CardValue(survey.options.saturation * unit), "[adu]");
    h.set("IQFINAL", CardValue(image_fwhm(x) * survey.options.pixel_scale), "[arcsec] FWHM of stars");
    add_wcs(h, ccd);
    images.add_image(ccds[i].image.view(), h, ccd.name, of_image(survey, ccd));
    Image<float> weight = ccds[i].weight;
    for (int y = 0; y < weight.height(); ++y)
      for (int x0 = 0; x0 < weight.width(); ++x0)
        if (ccds[i].quality(x0, y) == kCosmicRay) weight(x0, y) = 0;
    weights.add_image(weight.const_view(), h, ccd.name, row_tiles(ccd, Compression::Algorithm::kGzip1));
  }
  const std::string file = image_place(survey, x, x.ccds.front()).file;
  images.write(image_path(survey, file));
  weights.write(image_path(survey, file.substr(0, file.find(".fits")) + ".weight.fits.fz"));
}

// An amateur's or a small observatory's: one CCD, its image and nothing else.
void single(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd, const CcdPixels& pixels) {
  const double unit = survey.options.counts_per_second ? 1 / x.exposure_time : 1;
  fits::Header h = plain_header(survey, x);
  h.set("EGAIN", CardValue(survey.options.gain), "[e/adu]");
  h.set("RDNOISE", CardValue(x.read_noise * survey.options.gain), "[e]");
  h.set("SATURATE", CardValue(survey.options.saturation * unit));
  add_wcs(h, ccd);
  fits::FitsWriter writer;
  writer.add_image(pixels.image.const_view(), h);
  writer.write(image_path(survey, image_place(survey, x, ccd).file));
}

// Image, flags and standard deviations of one CCD in one file; the world coordinates in a text beside it.
void sigma(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd, const CcdPixels& pixels) {
  fits::Header h = plain_header(survey, x);
  h.set("SEEING", CardValue(image_fwhm(x) * survey.options.pixel_scale), "[arcsec] FWHM of stars");
  Image<std::int32_t> flags(ccd.width(), ccd.height());
  Image<float> deviation(ccd.width(), ccd.height());
  for (int y = 0; y < ccd.height(); ++y)
    for (int x0 = 0; x0 < ccd.width(); ++x0) {
      const std::int32_t quality = pixels.quality(x0, y);
      flags(x0, y) = quality == kBad ? 1 : quality == kCosmicRay ? 2 : quality == kGood ? 0 : 4;
      const float w = pixels.weight(x0, y);
      deviation(x0, y) = w > 0 ? 1 / std::sqrt(w) : 0;
    }
  const std::string file = image_place(survey, x, ccd).file;
  fits::FitsWriter writer;
  writer.add_image(pixels.image.const_view(), h);
  writer.add_image(flags.const_view(), {}, "FLAGS");
  writer.add_image(deviation.const_view(), {}, "SIGMA");
  writer.write(image_path(survey, file));
  fits::Header wcs;
  add_wcs(wcs, ccd);
  write_file_atomically(image_path(survey, file.substr(0, file.find(".fits")) + ".head"),
                        "COMMENT  World coordinates\n" + text_cards(wcs) + "END\n");
}

// A format of nobody's: a line "RAWCAM 1 WIDTH HEIGHT", lines KEY = VALUE to END; pixels as unsigned 16-bit numbers,
// little-endian, the lowest row first; then a byte of flags for each (1 bad, 2 cosmic ray, 4 saturated).
void raw(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd, const CcdPixels& pixels) {
  if (survey.options.counts_per_second) throw usage_error("the layout raw holds counts");
  fits::Header h = plain_header(survey, x);
  h.set("EXPNUM", CardValue(x.number));
  h.set("FWHM", CardValue(image_fwhm(x)));
  h.set("NOISE", CardValue(x.noise));
  add_wcs(h, ccd);
  std::string bytes = fmt::format("RAWCAM 1 {} {}\n{}END\n", ccd.width(), ccd.height(), text_cards(h));
  std::string flags;
  for (int y = 0; y < ccd.height(); ++y)
    for (int x0 = 0; x0 < ccd.width(); ++x0) {
      const auto count = static_cast<unsigned>(std::clamp(std::lround(pixels.image(x0, y)), 0L, 65535L));
      bytes += static_cast<char>(count & 255);
      bytes += static_cast<char>(count >> 8);
      const std::int32_t quality = pixels.quality(x0, y);
      flags += static_cast<char>(quality == kBad ? 1 : quality == kCosmicRay ? 2 : quality == kGood ? 0 : 4);
    }
  write_file_atomically(image_path(survey, image_place(survey, x, ccd).file), bytes + flags);
}

}  // namespace

std::string text_cards(const fits::Header& header) {
  std::string text;
  for (const fits::Card& card : header.cards()) {
    std::string value;
    if (const auto* number = std::get_if<double>(&card.value)) value = fmt::format("{:.17G}", *number);
    if (const auto* whole = std::get_if<std::int64_t>(&card.value)) value = fmt::format("{}", *whole);
    if (const auto* words = std::get_if<std::string>(&card.value)) value = fmt::format("'{}'", *words);
    text += fmt::format("{:<8}= {}\n", card.key, value);
  }
  return text;
}

ImagePlace image_place(const SurveyContext& survey, const Exposure& x, const CcdPlan& ccd) {
  const std::string& camera = survey.camera;
  switch (survey.layout.files) {
    case Files::kCommunityPipeline:
      return {x.path('i') + ".fits.fz", ccd.index + 1};
    case Files::kCalexp:
      return {fmt::format("{}/{}/calexp-{}-{}-{:03d}.fits", camera, x.number,
                          survey.layout.filter_text(survey.bands[x.band].name), x.number, ccd.number),
              1};
    case Files::kMegaCam:
      return {fmt::format("{}/{}p.fits.fz", camera, x.number), ccd.index + 1};
    case Files::kSingle:
      return {fmt::format("{}/{}_{}.fits", camera, date_number(x), survey.bands[x.band].name), 0};
    case Files::kSigma:
      return {fmt::format("{}/s{}.fits", camera, date_number(x)), 0};
    case Files::kRaw:
      return {fmt::format("{}/r{}.raw", camera, date_number(x)), 0};
  }
  throw internal_error("no such layout of files");
}

std::int64_t table_expnum(const SurveyContext& survey, const Exposure& x) {
  const bool by_date = survey.layout.files == Files::kSingle || survey.layout.files == Files::kSigma;
  return by_date ? std::stoll(date_number(x)) : x.number;
}

void write_images(const SurveyContext& survey, const Exposure& x, const std::vector<CcdPixels>& ccds) {
  switch (survey.layout.files) {
    case Files::kCommunityPipeline:
      return community_pipeline(survey, x, ccds);
    case Files::kMegaCam:
      return megacam(survey, x, ccds);
    default:
      break;
  }
  for (std::size_t i = 0; i < ccds.size(); ++i) switch (survey.layout.files) {
      case Files::kCalexp:
        calexp(survey, x, x.ccds[i], ccds[i]);
        break;
      case Files::kSingle:
        single(survey, x, x.ccds[i], ccds[i]);
        break;
      case Files::kSigma:
        sigma(survey, x, x.ccds[i], ccds[i]);
        break;
      default:
        raw(survey, x, x.ccds[i], ccds[i]);
        break;
    }
}

}  // namespace brickline::simulate
