#include "core/camera/fits_camera.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/base/numbers.h"
#include "core/camera/ccd_hdus.h"
#include "core/camera/mask_operations.h"
#include "core/camera/pixel_operations.h"
#include "core/camera/wcs_sidecar.h"

namespace brickline {

namespace {

template <typename T>
void copy(const Image<T>& from, ImageView<T> to) {
  for (int y = 0; y < to.height(); ++y) std::copy_n(from.row(y), to.width(), to.row(y));
}

// Fills `value` if it is not known yet. A card that cannot be read stays unknown where a CCD table's row
// already tells what matters.
template <typename T, typename F>
void fill(OpenCcd::Impl& ccd, const char* field, T& value, bool known, F&& read) {
  if (known) return;
  try {
    if (auto v = read(ccd.facts().metadata.of(field), ccd.values, ccd)) value = *v;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    if (ccd.source.row < 0 && ccd.purpose != Purpose::kRun) throw;
    ccd.log.debug("{}: {}: {}", ccd.values.image_filename, field, e.message());
  }
}

double pixel_scale_of(const fits::Header& h) {
  const auto cd = [&](const char* key) { return h.number(key).value_or(0); };
  return 3600 * std::sqrt(std::abs(cd("CD1_1") * cd("CD2_2") - cd("CD1_2") * cd("CD2_1")));
}

void decode(OpenCcd::Impl& ccd, ImageView<float> pixels) {
  const auto& asinh = ccd.facts().pixels.decode_asinh;
  if (!asinh) return;
  const auto card = [&](const std::string& key) {
    const auto text = ccd.text({key}, HeaderOf::kEither);
    const std::string file = ccd.files[BL_ROLE_IMAGE].path.string();
    if (!text) throw input_error("the header has no {}", key).in_file(file);
    const auto value = parse_double(*text);
    if (!value) throw input_error("{} = '{}' is not a number", key, *text).in_file(file);
    return *value;
  };
  decode_asinh(card(asinh->boffset), card(asinh->bsoften), asinh->scale, pixels);
}

void read_weight_plane(OpenCcd::Impl& ccd, const Box& box, ImageView<float> out) {
  ImageFile& reader = ccd.file(BL_ROLE_WEIGHT);
  const int hdu = ccd.hdu_of_ccd(BL_ROLE_WEIGHT);
  const int n = ccd.facts().weight.trim_excess_pixels;
  int shift = 0;
  if (n > 0) {
    const fits::ImageInfo plane = reader.image_info(hdu);
    const fits::ImageInfo image = ccd.file(BL_ROLE_IMAGE).image_info(ccd.hdu_of_ccd(BL_ROLE_IMAGE));
    if (plane.width == image.width + 2 * n && plane.height == image.height + 2 * n) shift = n;
  }
  copy(reader.image<float>(hdu, box.shifted(shift, shift)), out);
  decode(ccd, out);
}

// The window of the static mask that belongs to this CCD: by its name, else by its HDU's number.
std::optional<Image<std::uint8_t>> static_plane(OpenCcd::Impl& ccd, const mask_op::StaticMask& op,
                                                const Box& box) {
  fits::FitsReader reader(ccd.camera->data_file(op.file), ccd.source.read_log);
  std::optional<int> hdu;
  if (op.hdu_by_ccd && ccd.values.ccdname_known()) hdu = reader.find_hdu(ccd.values.ccdname);
  if (!hdu) hdu = ccd.values.image_hdu;
  if (*hdu < 0 || *hdu >= reader.hdu_count()) return {};
  const fits::ImageInfo info = reader.image_info(*hdu);
  if (intersection(box, Box::from_size(info.width, info.height)) != box) return {};
  return reader.image<std::uint8_t>(*hdu, box);
}

MaskContext mask_context(OpenCcd::Impl& ccd, const Box& box);

void remap_mask(OpenCcd::Impl& ccd, const Box& box, ImageView<std::int32_t> raw, ImageView<const float> image,
                ImageView<std::uint16_t> mask) {
  copy(apply_pipeline(ccd.facts().mask, mask_context(ccd, box), raw, image), mask);
  const std::vector<std::int32_t> unknown = unknown_values(ccd.facts().mask, raw, mask);
  if (!unknown.empty() && !ccd.unknown_mask_values_told)
    ccd.log.warning(
        "{}: camera {}: mask values {} mean nothing to it, pixels that bear them are used: the fact mask.pipeline says "
        "what they become, or \"ignore\"",
        ccd.name(), ccd.camera->name(), fmt::join(unknown, ", "));
  ccd.unknown_mask_values_told = true;
}

MaskContext mask_context(OpenCcd::Impl& ccd, const Box& box) {
  return {ccd.values, ccd, box,
          [&ccd, box](const mask_op::StaticMask& op) { return static_plane(ccd, op, box); }, ccd.log};
}

// A code is a number as it stands; offsets that make signed integers unsigned are all that may be done to it.
void check_codes_are_not_scaled(OpenCcd::Impl& ccd, int role, int hdu, const fits::ImageInfo& info) {
  if (!ccd.file(role).fits()) return;  // a camera's own format gives codes
  const fits::Header& header = ccd.header_of(role, hdu);
  const double scale = header.number("BSCALE").value_or(1), zero = header.number("BZERO").value_or(0);
  const double unsigned_zero = info.bitpix == 8 ? -128 : std::ldexp(1.0, info.bitpix - 1);
  if (scale == 1 && (zero == 0 || (info.bitpix > 0 && zero == unsigned_zero))) return;
  throw input_error("a mask's codes are not scaled, but BSCALE is {} and BZERO {}", scale, zero)
      .in_file(ccd.files[static_cast<std::size_t>(role)].path.string(), std::to_string(hdu));
}

// Codes that were stored as floating-point numbers.
Image<std::int32_t> whole_numbers(const Image<double>& stored, const Box& box, const OpenCcd::Impl& ccd,
                                  int role, int hdu) {
  Image<std::int32_t> codes(stored.width(), stored.height());
  for (int y = 0; y < stored.height(); ++y)
    for (int x = 0; x < stored.width(); ++x) {
      const double value = stored(x, y);
      if (!(value == std::floor(value) && std::abs(value) < std::ldexp(1.0, 31)))
        throw input_error(
            "a mask's codes are whole numbers; that of the pixel x {}, y {} (counted from 1) is {}",
            box.x0 + x + 1, box.y0 + y + 1, value)
            .in_file(ccd.files[static_cast<std::size_t>(role)].path.string(), std::to_string(hdu));
      codes(x, y) = static_cast<std::int32_t>(value);
    }
  return codes;
}

}  // namespace

Image<std::int32_t> read_codes(OpenCcd::Impl& ccd, int role, int hdu, const Box& box) {
  ImageFile& reader = ccd.file(role);
  const fits::ImageInfo info = reader.image_info(hdu);
  check_codes_are_not_scaled(ccd, role, hdu, info);
  if (reader.fits() && info.bitpix < 0)
    return whole_numbers(reader.image<double>(hdu, box), box, ccd, role, hdu);
  if (reader.fits() && info.bitpix == 32 && ccd.header_of(role, hdu).number("BZERO").value_or(0) > 0) {
    const Image<std::int64_t> wide = reader.image<std::int64_t>(hdu, box);
    Image<std::int32_t> codes(box.width(), box.height());
    for (int y = 0; y < box.height(); ++y)
      for (int x = 0; x < box.width(); ++x)
        codes(x, y) = static_cast<std::int32_t>(static_cast<std::uint32_t>(wide(x, y)));
    return codes;
  }
  return reader.image<std::int32_t>(hdu, box);
}

void default_metadata(OpenCcd::Impl& ccd) {
  CcdValues& v = ccd.values;
  const bool from_row = !v.band.empty() && v.expnum >= 0;
  const double fwhm_of_table = v.psf_fwhm;
  v.psf_fwhm = v.gain = CcdValues::kUnknown;
  fill(ccd, "fwhm", v.psf_fwhm, false, number_of);
  if (!(v.psf_fwhm > 0)) v.psf_fwhm = fwhm_of_table;  // 0 and less stand for a measurement that failed
  fill(ccd, "gain", v.gain, false, number_of);
  fill(ccd, "plver", v.plver, !v.plver.empty(), text_of);
  fill(ccd, "plprocid", v.plprocid, !v.plprocid.empty(), text_of);
  fill(ccd, "procdate", v.procdate, !v.procdate.empty(), text_of);
  fill(ccd, "object", v.object, !v.object.empty(), text_of);
  fill(ccd, "propid", v.propid, !v.propid.empty(), text_of);
  fill(ccd, "band", v.band, !v.band.empty(), text_of);
  fill(ccd, "expnum", v.expnum, v.expnum >= 0, integer_of);
  fill(ccd, "ccdname", v.ccdname, v.ccdname_known(), [](const Sources& s, CcdValues& values, CcdHeaders& h) {
    std::optional<std::string> name = text_of(s, values, h);
    values.unnamed = name && name->empty();
    return name;
  });
  fill(ccd, "mjd_obs", v.mjd_obs, !std::isnan(v.mjd_obs), number_of);
  fill(ccd, "exptime", v.exptime, !std::isnan(v.exptime), number_of);
  fill(ccd, "airmass", v.airmass, !std::isnan(v.airmass), number_of);
  if (!from_row) {
    fill(ccd, "ha", v.hour_angle, !std::isnan(v.hour_angle), number_of);
    fill(ccd, "ra_bore", v.ra_bore, !std::isnan(v.ra_bore), number_of);
    fill(ccd, "dec_bore", v.dec_bore, !std::isnan(v.dec_bore), number_of);
    fill(ccd, "pixel_scale", v.pixel_scale, !std::isnan(v.pixel_scale), number_of);
  }
  if (std::isnan(v.pixel_scale)) v.pixel_scale = pixel_scale_of(*ccd.header(HeaderOf::kImage));
  if (v.width <= 0 || v.height <= 0) {
    const fits::ImageInfo info = ccd.file(BL_ROLE_IMAGE).image_info(ccd.hdu_of_ccd(BL_ROLE_IMAGE));
    v.width = info.width;
    v.height = info.height;
  }
}

void default_files(OpenCcd::Impl& ccd) {
  ccd.mask_name = companion_path(ccd.facts().files.mask, ccd.values);
  ccd.weight_name = companion_path(ccd.facts().files.weight, ccd.values);
  if (ccd.facts().weight.kind.rules.size() == 1 &&
      ccd.facts().weight.kind.rules.front().value == WeightFacts::Kind::kConstant)
    ccd.weight_name.clear();
}

void run_mask_operation(OpenCcd::Impl& ccd, const MaskOperation& operation, const bl_step& io) {
  apply(operation, mask_context(ccd, from_bl(io.box)), from_bl<std::int32_t>(io.raw_mask),
        from_bl<float>(io.image), from_bl<std::uint16_t>(io.mask));
}

std::optional<fits::Header> default_wcs_cards(OpenCcd::Impl& ccd) {
  const WcsFacts& facts = ccd.facts().wcs;
  if (facts.kind == WcsFacts::Kind::kSidecar) return wcs_of_sidecar(ccd);
  if (facts.kind != WcsFacts::Kind::kCards) return {};
  fits::Header cards;
  cards.set("CTYPE1", "RA---" + facts.projection);
  cards.set("CTYPE2", "DEC--" + facts.projection);
  for (const auto& [key, sources] : facts.cards) {
    const std::optional<double> value = number_of(sources, ccd.values, ccd);
    if (!value)
      throw input_error("no header card gives the world-coordinate value {}", key)
          .in_file(ccd.files[BL_ROLE_IMAGE].path.string());
    cards.set(key, fits::CardValue(*value));
  }
  return cards;
}

void run_default_step(OpenCcd::Impl& ccd, CameraStep which, bl_step& io) {
  const Box box = from_bl(io.box);
  const CameraFacts& facts = ccd.facts();
  const auto image = from_bl<float>(io.image), weight = from_bl<float>(io.weight);
  const auto mask = from_bl<std::uint16_t>(io.mask);
  switch (which) {
    case CameraStep::kMetadata:
      return default_metadata(ccd);
    case CameraStep::kFiles:
      return default_files(ccd);
    case CameraStep::kGoodRegion:
      io.good = to_bl(good_region(facts.good_region, ccd.values, &ccd));
      return;
    case CameraStep::kReadImage:
      check_shape(ccd, BL_ROLE_IMAGE);
      copy(ccd.file(BL_ROLE_IMAGE).image<float>(ccd.hdu_of_ccd(BL_ROLE_IMAGE), box), image);
      return decode(ccd, image);
    case CameraStep::kReadMask:
      check_shape(ccd, BL_ROLE_MASK);
      if (ccd.file(BL_ROLE_MASK).image_info(ccd.hdu_of_ccd(BL_ROLE_MASK)).bitpix < 0)
        ccd.log.warning(
            "{}: camera {}: the mask, HDU {} of {}, is an image of floating-point numbers: is it a mask? (the facts "
            "files.mask and files.mask.hdu)",
            ccd.name(), ccd.camera->name(), ccd.hdu_of_ccd(BL_ROLE_MASK),
            ccd.files[BL_ROLE_MASK].path.string());
      return copy(read_codes(ccd, BL_ROLE_MASK, ccd.hdu_of_ccd(BL_ROLE_MASK), box),
                  from_bl<std::int32_t>(io.raw_mask));
    case CameraStep::kRemapMask:
      remap_mask(ccd, box, from_bl<std::int32_t>(io.raw_mask), image, mask);
      return;
    case CameraStep::kReadWeight:
      check_shape(ccd, BL_ROLE_WEIGHT);
      return read_weight_plane(ccd, box, weight);
    case CameraStep::kSaturation:
      return apply_saturation_rules(facts.saturation, ccd.values, ccd, image, mask, weight);
    case CameraStep::kRemapWeight:
      if (const auto& noise = facts.weight.shot_noise) {
        const auto sky = number_of(noise->sky, ccd.values, ccd),
                   seconds = number_of(noise->seconds, ccd.values, ccd);
        if (!sky || !seconds)
          throw input_error("the header lacks the sky level or exposure time that its weights need")
              .in_file(ccd.files[BL_ROLE_IMAGE].path.string());
        add_shot_noise(image, *sky, *seconds, mask, weight);
      }
      return;
    case CameraStep::kAfterSky:
      return apply_amplifier_corrections(facts.amplifiers, ccd.values, ccd, box, image, weight);
    default:
      return;
  }
}

}  // namespace brickline
