// From the facts' JSON text to values, section by section: who the camera is, its files, pixels and masks.
#include <set>

#include "core/base/error.h"
#include "core/facts/camera_facts_sections.h"
#include "core/facts/mask_bits.h"

namespace brickline::facts {
namespace {

constexpr double kHuge = 1e300;

void read_identity(Object& root, const CameraIdentity& identity, CameraFacts& out) {
  out.camera = identity;
  const Json* j = root.get("camera");
  if (!j) return;
  Object o(*j, root.path("camera"), root.report());
  std::string name = identity.name;
  o.read("name", name);
  if (name != identity.name)
    root.report().problem(o.path("name"), "\"{}\" differs from the plugin's identity \"{}\"", name,
                          identity.name);
  o.read("title", out.title);
  o.read("institution", out.institution);
  o.read("contact", out.contact);
  o.read("url", out.url);
}

void read_detector(Object& root, CameraFacts& out) {
  Report& report = root.report();
  const Json* j = root.get("detector");
  static const Json kEmpty = Json::object();
  Object o(j ? *j : kEmpty, "detector", report);
  if (!o.read_within("pixel_scale_arcsec", out.detector.pixel_scale_arcsec, 0.01, 30))
    report.problem(o.path("pixel_scale_arcsec"), "is required");
  o.read_within("ccds_per_exposure", out.detector.ccds_per_exposure, 0, 1000);
  o.read("ccd_names", out.detector.ccd_names);
  o.read("size_pixels", out.detector.size_pixels);
  o.require("bands", out.detector.bands);
  static const Pattern kBandName("^[A-Za-z0-9_]{1,8}$");
  if (j && j->contains("bands") && out.detector.bands.empty())
    report.problem(o.path("bands"), "no band is named");
  std::set<std::string> seen;
  for (const std::string& band : out.detector.bands) {
    if (!kBandName.found_in(band))
      report.problem(o.path("bands"), "\"{}\" is not a band name (1 to 8 letters, digits, underscores)",
                     band);
    if (!seen.insert(band).second) report.problem(o.path("bands"), "\"{}\" occurs twice", band);
  }
}

void read_bands(Object& root, CameraFacts& out) {
  for (const std::string& name : out.detector.bands) {
    out.bands.emplace_back();
    out.bands.back().name = name;
  }
  const Json* j = root.get("bands");
  if (!j) return;
  Object bands(*j, "bands", root.report());
  for (BandFacts& band : out.bands) {
    const Json* own = bands.get(band.name.c_str());
    if (!own) continue;
    Object o(*own, bands.path(band.name), root.report());
    o.read_within("wavelength_nm", band.wavelength_nm, 1, 1e6);
    o.read_within("extinction_per_ebv", band.extinction_per_ebv, 0, 100);
    o.read("rgb", band.rgb);
    if (o.read("seds", band.seds))
      for (const auto& [sed, factor] : *band.seds)
        if (!(factor > 0) || factor > 1e6)
          o.report().problem(o.path("seds." + sed), "{} is not within (0, 1e6]", factor);
  }
}

void read_hdus(Object& root, HduFacts& out) {
  const Json* j = root.get("hdus");
  if (!j) return;
  Object o(*j, "hdus", root.report());
  o.read_within("primary", out.primary, 0, 10000);
  const Json* ccds = o.get("ccds");
  if (!ccds || *ccds == "extensions") return;
  out.all_extensions = false;
  if (*ccds == "primary") {
    out.numbers = {0};
  } else if (ccds->is_array() && !ccds->empty() && (*ccds)[0].is_number()) {
    convert(*ccds, o.path("ccds"), root.report(), out.numbers);
  } else {
    convert(*ccds, o.path("ccds"), root.report(), out.names);
  }
}

void read_checks(Object& root, CheckFacts& out) {
  const Json* j = root.get("checks");
  if (!j) return;
  Object o(*j, "checks", root.report());
  using C = CheckFacts;
  o.read_name<C::Extname>(
      "extname", out.extname,
      {{"warn", C::Extname::kWarn}, {"error", C::Extname::kError}, {"off", C::Extname::kOff}});
  o.read("calibration_good", out.calibration_good);
  o.read_name<C::Versions>(
      "version_validation", out.version_validation,
      {{"full", C::Versions::kFull}, {"psf", C::Versions::kPsf}, {"existence", C::Versions::kExistence}});
  Source number;
  number.as = Source::As::kInteger;
  o.read_sources("expnum_from_obsid", number, out.expnum_from_obsid);
  o.read_name<C::Astrometry>("has_astrometry", out.has_astrometry,
                             {{"nastrom", C::Astrometry::kNastrom}, {"always", C::Astrometry::kAlways}});
}

// A metadata field: where it is looked up when the camera does not say, and how. Keywords are those of the FITS
// standard and of common use, of one HDU per CCD; what has no such keyword is not known.
struct Field {
  const char* name;
  HeaderOf in;
  Source::As as;
  std::vector<std::pair<const char*, Source::As>> cards;
  Source::Case letters = Source::Case::kKeep;
};
const std::vector<Field>& metadata_fields() {
  using As = Source::As;
  constexpr HeaderOf kEither = HeaderOf::kEither, kImage = HeaderOf::kImage;
  static const std::vector<Field> fields = {
      {"camera", kEither, As::kText, {{"INSTRUME", As::kText}}, Source::Case::kLower},
      {"band", kEither, As::kText, {{"FILTER", As::kText}}},
      {"expnum", kEither, As::kInteger, {{"EXPNUM", As::kInteger}}},
      {"ccdname", kImage, As::kText, {{"EXTNAME", As::kText}}},
      {"mjd_obs", kEither, As::kReal, {{"MJD-OBS", As::kReal}, {"DATE-OBS", As::kIsoUtc}}},
      {"exptime", kEither, As::kReal, {{"EXPTIME", As::kReal}}},
      {"fwhm", kEither, As::kReal, {{"FWHM", As::kReal}}},
      {"gain", kEither, As::kReal, {{"GAIN", As::kReal}}},
      {"propid", kEither, As::kText, {}},
      {"object", kEither, As::kText, {{"OBJECT", As::kText}}},
      {"plver", kEither, As::kText, {}},
      {"plprocid", kEither, As::kText, {}},
      {"procdate", kEither, As::kText, {{"DATE", As::kText}}},
      {"ha", kEither, As::kSexagesimalHours, {}},
      {"ra_bore", kEither, As::kSexagesimalHours, {}},
      {"dec_bore", kEither, As::kSexagesimalDegrees, {}},
      {"airmass", kEither, As::kReal, {{"AIRMASS", As::kReal}}},
      {"pixel_scale", kImage, As::kReal, {}},
  };
  return fields;
}

void read_metadata(Object& root, MetadataFacts& out) {
  static const Json kEmpty = Json::object();
  const Json* j = root.get("metadata");
  Object o(j ? *j : kEmpty, "metadata", root.report());
  for (const Field& field : metadata_fields()) {
    Source source;
    source.in = field.in;
    source.as = field.as;
    source.letters = field.letters;
    Sources& sources = out.fields[field.name];
    if (o.read_sources(field.name, source, sources)) continue;
    for (const auto& [key, as] : field.cards) {
      source.keys = {key};
      source.as = as;
      sources.push_back(source);
    }
  }
  if (const Json* policy = o.get("airmass_policy")) {
    using A = MetadataFacts::Airmass;
    if (policy->is_number()) {
      out.airmass_policy = A::kConstant;
      out.airmass_constant = policy->get<double>();
    } else {
      Object::convert_name<A>(*policy, o.path("airmass_policy"), root.report(), out.airmass_policy,
                              {{"header_else_computed", A::kHeaderElseComputed},
                               {"computed", A::kComputed},
                               {"header", A::kHeader}});
    }
  }
  if (o.read("site_geocentric_m", out.site_geocentric_m)) {
    const auto& site = *out.site_geocentric_m;
    const double radius = std::hypot(site[0], site[1], site[2]);
    if (!(radius > 6.3e6 && radius < 6.4e6))
      root.report().problem(o.path("site_geocentric_m"), "is {} km from the centre of the Earth",
                            radius / 1000);
  }
  using T = MetadataFacts::TimeReference;
  o.read_name<T>("time_reference", out.time_reference, {{"start", T::kStart}, {"middle", T::kMiddle}});
}

void read_companion_hdu(const Json& j, const std::string& path, Report& report, CompanionFile::Hdu& out) {
  using K = CompanionFile::Hdu::Kind;
  if (j.is_number_integer()) {
    out.kind = K::kNumber;
    convert(j, path, report, out.number);
  } else if (j.is_object()) {
    out.kind = K::kSubstituteName;
    Object o(j, path, report);
    o.require("substitute", out.substitute);
  } else if (j.is_string()) {
    const std::string text = j.get<std::string>();
    if (text == "same") {
      out.kind = K::kSame;
    } else if (text.size() > 1 && (text[0] == '+' || text[0] == '-') &&
               text.find_first_not_of("0123456789", 1) == std::string::npos && text.size() < 6) {
      out.kind = K::kOffset;
      out.number = std::stoi(text);
    } else {
      out.kind = K::kName;
      out.name = text;
    }
  } else {
    report.problem(path, "{} is not an HDU, expected \"same\", a number, \"+1\", a name or a substitution",
                   shown(j));
  }
}

// A camera that does not speak of it has no such file.
void read_companion(Object& files, const char* key, CompanionFile& out) {
  using K = CompanionFile::Kind;
  const Json* j = files.get(key);
  if (!j || *j == "none") return;
  Object o(*j, files.path(key), files.report());
  bool same_file = false;
  int ways = 0;
  if (o.read("substitute", out.substitute)) {
    out.kind = K::kSubstitute;
    ++ways;
  }
  if (o.read("same_file", same_file) && same_file) {
    out.kind = K::kSameFile;
    ++ways;
  }
  if (o.read("pattern", out.pattern)) {
    out.kind = K::kPattern;
    ++ways;
  }
  if (ways != 1) files.report().problem(files.path(key), "expected one of substitute, same_file and pattern");
  if (const Json* hdu = o.get("hdu")) read_companion_hdu(*hdu, o.path("hdu"), files.report(), out.hdu);
}

void read_files(Object& root, FileFacts& out) {
  static const Json kEmpty = Json::object();
  const Json* j = root.get("files");
  Object o(j ? *j : kEmpty, "files", root.report());
  read_companion(o, "mask", out.mask);
  read_companion(o, "weight", out.weight);
  using B = FileFacts::BaseName;
  out.base_name = B::kStripFits;
  o.read_name<B>("base_name", out.base_name, {{"first_dot", B::kFirstDot}, {"strip_fits", B::kStripFits}});
  if (const Json* calibration = o.get("calibration")) {
    Object c(*calibration, o.path("calibration"), root.report());
    for (const char* product : {"psf", "psf_merged", "sky", "sky_merged", "detection"}) {
      const Json* pattern = c.get(product, true);
      if (!pattern) continue;
      std::optional<std::string>& path = out.calibration[product];
      if (!pattern->is_null()) convert(*pattern, c.path(product), root.report(), path);
      if (path && path->find('{') == std::string::npos)
        root.report().problem(c.path(product), "{} has none of {{dir}} {{base}} {{ccd}} {{expnum}}",
                              shown(*pattern));
    }
  }
}

void read_pixels(Object& root, PixelFacts& out) {
  static const Json kEmpty = Json::object();
  const Json* j = root.get("pixels");
  Object o(j ? *j : kEmpty, "pixels", root.report());
  using U = PixelFacts::Unit;
  if (!o.read_name<U>("unit", out.unit, {{"total", U::kTotal}, {"per_second", U::kPerSecond}}))
    root.report().problem(o.path("unit"), "is required, expected total or per_second");
  out.exposure_term = out.unit == U::kTotal;
  out.multiply_by_exptime_for_measuring = out.unit == U::kPerSecond;
  o.read_name<std::string>("quantity", out.quantity, {{"adu", "adu"}, {"electrons", "electrons"}});
  o.read("exposure_term", out.exposure_term);
  o.read("multiply_by_exptime_for_measuring", out.multiply_by_exptime_for_measuring);
  o.read_name<PixelFacts::Nan>(
      "nan", out.nan, {{"error", PixelFacts::Nan::kError}, {"zero_and_mask", PixelFacts::Nan::kZeroAndMask}});
  if (const Json* decode = o.get("decode")) {
    Object d(*decode, o.path("decode"), root.report());
    if (const Json* asinh = d.get("asinh")) {
      Object a(*asinh, d.path("asinh"), root.report());
      out.decode_asinh = PixelFacts::Asinh{};
      PixelFacts::Asinh& values = *out.decode_asinh;
      a.require("boffset", values.boffset);
      a.require("bsoften", values.bsoften);
      a.read("scale", values.scale);
    }
  }
}

void read_steps(Object& root, CameraFacts& out) {
  const Json* j = root.get("steps");
  if (!j) return;
  Object o(*j, "steps", root.report());
  const Json* names = o.get("window_dependent");
  if (!names) return;
  convert(*names, o.path("window_dependent"), root.report(), out.window_dependent_steps);
  static const std::set<std::string> known = {"read_image", "read_mask", "remap_mask",  "read_weight",
                                              "saturation", "after_sky", "remap_weight"};
  for (const std::string& name : out.window_dependent_steps)
    if (!known.contains(name))
      root.report().unknown(o.path("window_dependent"), "\"" + name + "\" is not a step");
}

void read_good_region(Object& root, std::vector<GoodRegionRule>& out) {
  const Json* j = root.get("good_region");
  if (j) convert(*j, "good_region", root.report(), out);
}

void read_saturation(Object& root, std::vector<SaturationRule>& out) {
  const Json* j = root.get("saturation");
  if (!j) return;
  Object o(*j, "saturation", root.report());
  o.read("rules", out);
}

void read_weight(Object& root, WeightFacts& out) {
  const Json* j = root.get("weight");
  if (!j) return;
  Object o(*j, "weight", root.report());
  o.read("kind", out.kind);
  o.read("quantisation_repair", out.quantisation_repair);
  if (const Json* clip = o.get("clip_factor", true)) {
    if (clip->is_null())
      out.clip_factor.reset();
    else
      o.read_within("clip_factor", out.clip_factor, 1, 1e6);
  }
  o.read_within("trim_excess_pixels", out.trim_excess_pixels, 0, 8);
  if (const Json* noise = o.get("shot_noise")) {
    Object n(*noise, o.path("shot_noise"), root.report());
    WeightFacts::ShotNoise& sources = out.shot_noise.emplace();
    Source real;
    real.as = Source::As::kReal;
    if (!n.read_sources("sky", real, sources.sky)) root.report().problem(n.path("sky"), "is required");
    if (!n.read_sources("seconds", real, sources.seconds))
      root.report().problem(n.path("seconds"), "is required");
  }
  o.read("zero_where_mask", out.zero_where_mask);
}

void read_amplifiers(Object& root, std::vector<AmplifierRow>& out) {
  const Json* j = root.get("amplifiers");
  if (!j) return;
  Object o(*j, "amplifiers", root.report());
  o.read("table", out);
}

// A name of an estimate, or a source of its value in the header.
template <typename E, typename F>
void read_estimate(const Json& j, const std::string& path, Report& report, F& out, Names<E> names) {
  if (j.is_string()) return Object::convert_name<E>(j, path, report, out.estimate, names);
  out.estimate = E::kHeader;
  Source real;
  real.as = Source::As::kReal;
  convert_sources(j, path, report, real, out.header);
}

void read_sky_estimate(Object& root, CameraFacts& out) {
  using S = SkyEstimateFacts::Estimate;
  if (const Json* sky = root.get("sky_estimate"))
    read_estimate<S>(*sky, "sky_estimate", root.report(), out.sky_estimate,
                     {{"clipped", S::kClipped}, {"zero", S::kZero}});
}

void read_version(Object& root, Report& report) {
  std::string version = fmt::format("{}.{}", kFactsMajor, kFactsMinor);
  root.read("facts", version);
  static const Pattern kForm("^[0-9]{1,4}\\.[0-9]{1,4}$");
  if (!kForm.found_in(version))
    return report.problem("facts", "\"{}\" is not a version such as \"1.0\"", version);
  const int major = std::stoi(version), minor = std::stoi(version.substr(version.find('.') + 1));
  if (major != kFactsMajor)
    report.problem("facts", "schema {} is not known to this program, which reads {}.x", version, kFactsMajor);
  if (major == kFactsMajor && minor > kFactsMinor) report.newer_schema = version;
  root.read("optional", report.optional);
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, WeightFacts::Kind& out) {
  using K = WeightFacts::Kind;
  Object::convert_name<K>(j, path, report, out,
                          {{"inverse_variance", K::kInverseVariance},
                           {"variance", K::kVariance},
                           {"sigma", K::kSigma},
                           {"constant", K::kConstant}});
}

void convert(const Json& j, const std::string& path, Report& report, SaturationRule& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  if (!o.read_within("above", out.above, 0, kHuge)) report.problem(o.path("above"), "is required");
  o.read("unmasked_only", out.unmasked_only);
}

void convert(const Json& j, const std::string& path, Report& report, RegionLimit& out) {
  if (j.is_string()) {
    const std::string text = j.get<std::string>();
    static const Pattern kForm("^(?:width|height)-([0-9]{1,6})$");
    if (const auto pixels = kForm.extract(text, "$1")) {
      out = {std::stoi(*pixels), true};
      return;
    }
  } else if (j.is_number_integer() && j.get<std::int64_t>() >= 0) {
    convert(j, path, report, out.at);
    return;
  }
  report.problem(path, "{} is neither a pixel nor of the form \"height-100\"", shown(j));
}

void convert(const Json& j, const std::string& path, Report& report, GoodRegionRule& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  o.read("x0", out.x0);
  o.read("x1", out.x1);
  o.read("y0", out.y0);
  o.read("y1", out.y1);
  o.read("card", out.card);
  if (j.is_object() && !out.x0 && !out.x1 && !out.y0 && !out.y1 && out.card.empty())
    report.problem(path, "no limit given, expected x0, x1, y0, y1 or card");
}

void convert(const Json& j, const std::string& path, Report& report, AmplifierRow& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  o.require("box", out.box);
  if (!o.read_within("dzp_mag", out.dzp_mag, -1, 1)) report.problem(o.path("dzp_mag"), "is required");
}

}  // namespace brickline::facts

namespace brickline {

ParsedFacts parse_camera_facts(std::string_view text, const CameraIdentity& identity) {
  using namespace facts;
  ParsedFacts result;
  Report report;
  const Json json = parse_object(text, report);
  if (json.is_object()) {
    CameraFacts& out = result.facts;
    Object root(json, "", report);
    read_version(root, report);
    root.get("extends");
    bool is_abstract = false;
    if (root.read("abstract", is_abstract) && is_abstract)
      report.problem("abstract", "it is made for cameras to extend, not to be used itself");
    read_identity(root, identity, out);
    read_detector(root, out);
    read_bands(root, out);
    read_hdus(root, out.hdus);
    read_checks(root, out.checks);
    read_metadata(root, out.metadata);
    read_files(root, out.files);
    read_pixels(root, out.pixels);
    read_steps(root, out);
    read_mask(root, out.mask);
    read_saturation(root, out.saturation);
    read_good_region(root, out.good_region);
    read_weight(root, out.weight);
    read_amplifiers(root, out.amplifiers);
    read_sky_estimate(root, out);
    read_calibration(root, out);
    read_photometry(root, out);
    read_quality(root, out);
    read_halo(root, out);
  }
  result.problems = std::move(report.problems);
  result.warnings = std::move(report.warnings);
  return result;
}

}  // namespace brickline
