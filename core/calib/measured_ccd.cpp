#include "core/calib/measured_ccd.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/calib/airmass.h"
#include "core/calib/sorted_values.h"

namespace brickline {
namespace {

// The headers of a CCD that cannot be opened yet, because something is missing from them.
class FileHeaders : public CcdHeaders {
 public:
  FileHeaders(ImageFile& file, int primary, int hdu)
      : primary_(file.header(primary)), image_(file.header(hdu)) {}
  const fits::Header* header(HeaderOf which) override {
    return which == HeaderOf::kPrimary ? &primary_ : which == HeaderOf::kImage ? &image_ : nullptr;
  }

 private:
  fits::Header primary_, image_;
};

std::string cards_of(const Sources& sources) {
  std::vector<std::string> keys;
  for (const Source& source : sources) keys.insert(keys.end(), source.keys.begin(), source.keys.end());
  return keys.empty() ? "a card" : fmt::format("{}", fmt::join(keys, " or "));
}

// What Camera::open asks for and does not find, all of it.
std::vector<CcdProblem> missing_fields(const Camera& camera, const CcdSource& source, const Log& log) {
  const MetadataFacts& metadata = camera.facts().metadata;
  CcdValues ccd;
  ccd.image_filename = source.values.image_filename;
  ccd.image_hdu = source.values.image_hdu;
  OpenCcd look = camera.peek(source, log);
  FileHeaders headers(look.image_reader(), camera.facts().hdus.primary, ccd.image_hdu);
  std::vector<CcdProblem> problems;
  const struct {
    const char *field, *words;
    bool text;
  } fields[] = {{"band", "band", true},
                {"expnum", "exposure number", false},
                {"mjd_obs", "time of exposure", false},
                {"exptime", "exposure time", false}};
  for (const auto& f : fields) {
    const Sources& sources = metadata.of(f.field);
    std::string why;
    try {
      const bool there =
          f.text ? text_of(sources, ccd, headers).has_value()
                 : number_of(sources, ccd, headers).value_or(-1) > (f.field[0] == 'e' ? -0.5 : -1e9);
      if (there) continue;
    } catch (const Error& e) {
      why = ": " + e.message();
    }
    problems.push_back({ccd.image_filename, ccd.image_hdu,
                        fmt::format("the header does not say the {}{}", f.words, why),
                        fmt::format("{} in the header, or another source in the camera's fact metadata.{}",
                                    cards_of(sources), f.field)});
  }
  return problems;
}

struct ZeroPoint {
  double per_second = 0;
  ZeroPointSource source = ZeroPointSource::kNominal;
};

constexpr double kRoughZeroPoint = 25;  // mag; any would do

std::optional<ZeroPoint> zero_point_of(OpenCcd& ccd, const CcdTableOptions& options) {
  const CameraFacts& facts = ccd.camera().facts();
  const CcdValues& v = ccd.values();
  if (const auto stated = options.zero_point.find(v.band); stated != options.zero_point.end())
    return ZeroPoint{stated->second, ZeroPointSource::kOption};
  if (!options.zero_point_card.empty())
    for (const fits::Header* header : {&ccd.image_header(), &ccd.primary_header()})
      if (const auto mag = header->number(options.zero_point_card); mag && std::isfinite(*mag)) {
        const double exposure_term = effective_zero_point(facts.pixels, 0, v.exptime);
        return ZeroPoint{*mag - exposure_term, ZeroPointSource::kHeader};
      }
  const auto band = facts.photometry.bands.find(v.band);
  if (band == facts.photometry.bands.end()) return {};
  if (const auto mag = number_of(band->second.header_zero_point, v, ccd.headers()))
    return ZeroPoint{*mag, ZeroPointSource::kHeader};
  if (band->second.zero_point) return ZeroPoint{*band->second.zero_point, ZeroPointSource::kNominal};
  if (options.zero_points_come_later) return ZeroPoint{kRoughZeroPoint, ZeroPointSource::kUnknown};
  return {};
}

void measure_geometry(const CcdImage& image, MeasuredCcd& row) {
  const Wcs& wcs = image.full_wcs;
  row.crval1 = wcs.tangent_point().ra;
  row.crval2 = wcs.tangent_point().dec;
  row.crpix1 = wcs.reference_pixel().x + 1;
  row.crpix2 = wcs.reference_pixel().y + 1;
  row.cd = wcs.cd();
  row.centre = wcs.center();
  const auto corners = wcs.corners();
  row.corners = {corners[0], corners[3], corners[2], corners[1]};
  row.pixel_scale_arcsec = wcs.pixel_scale_arcsec();
}

// The level that the camera says is the sky's, in the pixels' unit, or nothing if it is the clipped median of them.
// Throws Error (kInput) if the header should have it and does not.
std::optional<double> stated_sky_level(const SkyEstimateFacts& facts, OpenCcd& ccd) {
  switch (facts.estimate) {
    case SkyEstimateFacts::Estimate::kClipped:
      return {};
    case SkyEstimateFacts::Estimate::kZero:
      return 0;
    case SkyEstimateFacts::Estimate::kHeader:
      break;
  }
  const auto level = number_of(facts.header, ccd.values(), ccd.headers());
  if (!level || !std::isfinite(*level))
    throw input_error(
        "the header does not say the sky level: {} in the header, or another source in the camera's "
        "fact sky_estimate",
        cards_of(facts.header));
  return level;
}

// Of all pixels, masked ones, too, as the surveys' tables have it.
void measure_sky(const CcdImage& image, double seconds, std::optional<double> stated, MeasuredCcd& row) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(image.data.width()) * image.data.height());
  for (int y = 0; y < image.data.height(); ++y)
    for (int x = 0; x < image.data.width(); ++x)
      values.push_back(image.inverse_error(x, y) > 0 ? image.data(x, y) : 0);
  const SortedValues sorted(std::move(values));
  const SortedValues::Range kept = sorted.clipped(3);
  row.sky_per_second = stated.value_or(sorted.median(kept)) / seconds;
  row.sky_rms_per_second = sorted.standard_deviation(kept) / seconds;
  const double area = row.pixel_scale_arcsec * row.pixel_scale_arcsec;
  const bool known = row.zero_point_source != ZeroPointSource::kUnknown && row.sky_per_second > 0;
  row.sky_mag_per_square_arcsec = known ? row.values.ccdzpt - 2.5 * std::log10(row.sky_per_second / area)
                                        : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::optional<MeasuredCcd> measure_ccd(const CcdReader& reader, const Camera& camera, const std::string& file,
                                       int hdu, const CcdTableOptions& options,
                                       std::vector<CcdProblem>& problems, const Log& log) {
  const CameraFacts& facts = camera.facts();
  const std::size_t before = problems.size();
  const auto problem = [&](std::string missing, std::string remedy) {
    problems.push_back({file, hdu, std::move(missing), std::move(remedy)});
  };
  try {
    CcdInput input = reader.input(camera.name(), file, hdu);
    std::optional<OpenCcd> ccd;
    try {
      ccd.emplace(reader.open(input, Purpose::kMeasure, log));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput) throw;
      const std::vector<CcdProblem> fields = missing_fields(camera, input.source, log);
      problems.insert(problems.end(), fields.begin(), fields.end());
      if (fields.empty()) problem(e.line(), "");
      return {};
    }
    MeasuredCcd row;
    row.values = ccd->values();
    CcdValues& v = row.values;
    v.camera = camera.name();
    v.image_filename = file;
    if (!holds(facts.checks.calibration_good.value_or(Condition{}), v, &ccd->headers()))
      problem("its header does not say that its astrometric calibration succeeded",
              "another reduction of it, or the camera's fact checks.calibration_good");

    const std::optional<ZeroPoint> zero_point = zero_point_of(*ccd, options);
    if (zero_point) {
      v.ccdzpt = zero_point->per_second;
      v.zero_point = effective_zero_point(facts.pixels, v.ccdzpt, v.exptime);
      row.zero_point_source = zero_point->source;
      input.source.values.ccdzpt = v.ccdzpt;
    } else {
      problem(fmt::format("there is no zero point for band {}", v.band),
              fmt::format("--zeropoint {0}=MAG, --zeropoint-card KEY, or the camera's fact "
                          "photometry.bands.{0}.zero_point",
                          v.band));
    }
    const Box good = ccd->good_region();
    row.good = good;

    ReadImageOptions reading;
    reading.purpose = Purpose::kMeasure;
    reading.nanomaggies = reading.camera_noise = reading.seeing = reading.sky = reading.psf = false;
    reading.trim_edges = false;
    reading.required = true;
    const CcdImage image = *reader.read(input, reading, log);
    v.width = image.full_wcs.width();
    v.height = image.full_wcs.height();
    measure_geometry(image, row);
    v.airmass = airmass_of(v, facts.metadata, row.centre.ra, row.centre.dec);
    if (!(v.psf_fwhm > 0) && options.seeing_arcsec)
      v.psf_fwhm = *options.seeing_arcsec / row.pixel_scale_arcsec;
    if (!(v.psf_fwhm > 0))
      problem(
          "the header does not say the seeing",
          fmt::format("--seeing ARCSEC, {} in the header (pixels), or another source in the camera's fact "
                      "metadata.fwhm",
                      cards_of(facts.metadata.of("fwhm"))));
    v.sig1 = image.sig1;
    if (!(v.sig1 > 0))
      problem("its weights give no noise", "weights that are inverse variances of its pixels");
    const bool total = facts.pixels.unit == PixelFacts::Unit::kTotal;
    measure_sky(image, total ? v.exptime : 1, stated_sky_level(facts.sky_estimate, *ccd), row);
    if (problems.size() > before) return {};
    return row;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
    problem(e.line(), "");
    return {};
  } catch (const SkipCcd& skip) {
    problem(skip.what(), "");
    return {};
  }
}

fits::Table ccd_table_of(const std::vector<MeasuredCcd>& rows) {
  fits::Table t;
  t.set_rows(static_cast<std::int64_t>(rows.size()));
  const auto add = [&]<typename T>(const char* name, const char* unit, T, auto value) {
    std::vector<T> values;
    for (const MeasuredCcd& row : rows) values.push_back(static_cast<T>(value(row)));
    t.add(name, std::move(values), unit);
  };
  const auto text = [&](const char* name, auto value) {
    std::vector<std::string> values;
    for (const MeasuredCcd& row : rows) values.emplace_back(value(row));
    t.add(name, std::move(values));
  };
  const auto real = [&](const char* name, const char* unit, auto value) { add(name, unit, float{}, value); };
  const auto precise = [&](const char* name, const char* unit, auto value) {
    add(name, unit, double{}, value);
  };
  const auto whole = [&](const char* name, auto value) { add(name, "", std::int32_t{}, value); };
  using R = const MeasuredCcd&;

  text("image_filename", [](R r) { return r.values.image_filename; });
  whole("image_hdu", [](R r) { return r.values.image_hdu; });
  text("camera", [](R r) { return r.values.camera; });
  add("expnum", "", std::int64_t{}, [](R r) { return r.values.expnum; });
  text("plver", [](R r) { return r.values.plver; });
  text("procdate", [](R r) { return r.values.procdate; });
  text("plprocid", [](R r) { return r.values.plprocid; });
  text("ccdname", [](R r) { return r.values.ccdname; });
  text("object", [](R r) { return r.values.object; });
  text("propid", [](R r) { return r.values.propid; });
  text("filter", [](R r) { return r.values.band; });
  real("exptime", "s", [](R r) { return r.values.exptime; });
  precise("mjd_obs", "d", [](R r) { return r.values.mjd_obs; });
  real("airmass", "", [](R r) { return r.values.airmass; });
  real("ha", "deg", [](R r) { return r.values.hour_angle; });
  real("fwhm", "pixel", [](R r) { return r.values.psf_fwhm; });
  whole("width", [](R r) { return r.values.width; });
  whole("height", [](R r) { return r.values.height; });
  precise("ra_bore", "deg", [](R r) { return r.values.ra_bore; });
  precise("dec_bore", "deg", [](R r) { return r.values.dec_bore; });
  precise("crpix1", "pixel", [](R r) { return r.crpix1; });
  precise("crpix2", "pixel", [](R r) { return r.crpix2; });
  precise("crval1", "deg", [](R r) { return r.crval1; });
  precise("crval2", "deg", [](R r) { return r.crval2; });
  const char* cd_names[] = {"cd1_1", "cd1_2", "cd2_1", "cd2_2"};
  for (int i = 0; i < 4; ++i) precise(cd_names[i], "deg/pixel", [i](R r) { return r.cd[i]; });
  t.add("yshift", std::vector<bool>(rows.size(), false));
  precise("ra", "deg", [](R r) { return r.centre.ra; });
  precise("dec", "deg", [](R r) { return r.centre.dec; });
  real("skyrms", "count/s", [](R r) { return r.sky_rms_per_second; });
  real("sig1", "nanomaggy", [](R r) { return r.values.sig1; });
  real("ccdzpt", "mag", [](R r) { return r.values.ccdzpt; });
  real("zpt", "mag", [](R r) { return r.values.ccdzpt; });
  text("zpt_source", [](R r) { return std::string(name_of(r.zero_point_source)); });
  for (const char* name : {"ccdraoff", "ccddecoff"}) real(name, "arcsec", [](R) { return 0; });
  real("ccdskycounts", "count/s", [](R r) { return r.sky_per_second; });
  real("ccdskysb", "mag/arcsec^2", [](R r) { return r.sky_mag_per_square_arcsec; });
  for (const char* name : {"ccdrarms", "ccddecrms"}) real(name, "arcsec", [](R) { return 0; });
  for (const char* name : {"ccdphrms", "phrms"}) real(name, "mag", [](R) { return 0; });
  for (const char* name : {"ccdnastrom", "ccdnphotom"}) whole(name, [](R) { return 0; });
  add("ccd_cuts", "", std::int64_t{}, [](R) { return 0; });

  std::vector<std::int32_t> good;
  for (R r : rows) {
    const bool x1 = r.good.x1 < r.values.width, y1 = r.good.y1 < r.values.height;
    for (const int limit : {r.good.x0 > 0 ? r.good.x0 : -1, x1 ? r.good.x1 : -1,
                            r.good.y0 > 0 ? r.good.y0 : -1, y1 ? r.good.y1 : -1})
      good.push_back(limit);
  }
  t.add("good_region", std::move(good), "pixel", {4});
  for (std::size_t i = 0; i < 4; ++i) {
    precise(fmt::format("ra{}", i).c_str(), "deg", [i](R r) { return r.corners[i].ra; });
    precise(fmt::format("dec{}", i).c_str(), "deg", [i](R r) { return r.corners[i].dec; });
  }
  real("pixscale_mean", "arcsec", [](R r) { return r.pixel_scale_arcsec; });
  return t;
}

}  // namespace brickline
