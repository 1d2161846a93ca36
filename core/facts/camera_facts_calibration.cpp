// The facts about world coordinates, PSF and sky models, and the programs that make them.
#include "core/facts/camera_facts_sections.h"

namespace brickline::facts {
namespace {

void read_wcs(Object& root, WcsFacts& out) {
  const Json* j = root.get("wcs");
  if (!j) return;
  Object o(*j, "wcs", root.report());
  using K = WcsFacts::Kind;
  o.read_name<K>("kind", out.kind, {{"header", K::kHeader}, {"cards", K::kCards}, {"sidecar", K::kSidecar}});
  o.read_name<std::string>("projection", out.projection, {{"TAN", "TAN"}});
  if (const Json* cards = o.get("cards")) {
    Object c(*cards, o.path("cards"), root.report());
    Source real;
    real.as = Source::As::kReal;
    real.in = HeaderOf::kEither;
    for (const std::string& key : c.all_keys())
      convert_sources((*cards)[key], c.path(key), root.report(), real, out.cards[key]);
  }
  if (out.kind == K::kCards)
    for (const char* key : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"})
      if (!out.cards.contains(key)) root.report().problem(o.path("cards.") + key, "is missing");
  if (const Json* sidecars = o.get("sidecars"))
    convert(*sidecars, o.path("sidecars"), root.report(), out.sidecars);
  if (out.kind == K::kSidecar && out.sidecars.empty())
    root.report().problem(o.path("sidecars"), "is missing: kind is \"sidecar\"");
  o.read("offset", out.offset);
}

// Text, number or truth value, as external programs take them.
void read_program_keys(Object& o, std::map<std::string, std::string>& out) {
  const Json* keys = o.get("keys");
  if (!keys) return;
  Object k(*keys, o.path("keys"), o.report());
  for (const std::string& key : k.all_keys()) {
    const Json& value = (*keys)[key];
    if (value.is_object() || value.is_array())
      o.report().problem(k.path(key), "{} is neither text nor a number", shown(value));
    else
      out[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

void read_psf(Object& root, PsfFacts& out) {
  const Json* j = root.get("psf");
  if (!j) return;
  Object o(*j, "psf", root.report());
  using S = PsfFacts::Origin;
  o.read_name<S>("source", out.source,
                 {{"calibration", S::kCalibration}, {"plugin", S::kPlugin}, {"none", S::kNone}});
  o.read_within("size_pixels", out.size_pixels, 5, 255);
  if (out.size_pixels % 2 == 0)
    root.report().problem(o.path("size_pixels"), "{} is not odd", out.size_pixels);
  o.read_within("degree", out.degree, 0, 5);
  o.read_within("sampling", out.sampling, 0.1, 2);
  o.read("fwhm_range_pixels", out.fwhm_range_pixels);
  o.read_within("min_sn", out.min_sn, 0, 1e6);
  o.read_within("max_ellipticity", out.max_ellipticity, 0, 1);
  if (const Json* bits = o.get("flag_mask"))
    convert_bits(*bits, o.path("flag_mask"), root.report(), out.flag_mask);
  o.read("special", out.special);
  o.read("rules", out.rules);
}

void read_detection(Object& root, DetectionFacts& out) {
  const Json* j = root.get("detection");
  if (!j) return;
  Object o(*j, "detection", root.report());
  o.read_name<std::string>("preset", out.preset, {{"common", "common"}, {"none", "none"}});
  read_program_keys(o, out.keys);
  o.read("filter", out.filter);
  if (const Json* bits = o.get("mask_clear_bits"))
    convert_bits(*bits, o.path("mask_clear_bits"), root.report(), out.mask_clear_bits);
}

void read_sky(Object& root, SkyFacts& out) {
  const Json* j = root.get("sky");
  if (!j) return;
  Object o(*j, "sky", root.report());
  using S = SkyFacts::Origin;
  o.read_name<S>(
      "source", out.source,
      {{"calibration", S::kCalibration}, {"plugin", S::kPlugin}, {"none", S::kNone}, {"zero", S::kZero}});
  o.read_within("box_pixels", out.box_pixels, 16, 8192);
  o.read("boxcar_mask", out.boxcar_mask);
  o.read("jump", out.jump);
  o.read("before_psf", out.before_psf);
  if (const Json* sky_template = o.get("template")) {
    Object t(*sky_template, o.path("template"), root.report());
    SkyFacts::Template& values = out.sky_template.emplace();
    t.require("environment", values.environment);
    t.require("scales", values.scales);
    t.require("image", values.image);
  }
  o.read("subtract_halos", out.subtract_halos);
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, WcsFacts::Sidecar& out) {
  using F = WcsFacts::Sidecar::Format;
  Object o(j, path, report);
  o.require("path", out.path);
  o.read_name<F>("format", out.format, {{"cards", F::kCards}, {"fits", F::kFits}});
}

void convert(const Json& j, const std::string& path, Report& report, PsfFacts::Special& out) {
  Object o(j, path, report);
  o.read_within("degree", out.degree, 0, 5);
  o.read("flags", out.flags);
}

void read_calibration(Object& root, CameraFacts& out) {
  read_wcs(root, out.wcs);
  read_psf(root, out.psf);
  read_detection(root, out.detection);
  if (const Json* psfex = root.get("psfex")) {
    Object o(*psfex, "psfex", root.report());
    read_program_keys(o, out.psfex.keys);
  }
  read_sky(root, out.sky);
}

}  // namespace brickline::facts
