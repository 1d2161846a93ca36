// The sections of the facts, each read by a function of its own. Internal to the facts' parser.
#pragma once

#include "core/facts/facts_reader.h"

namespace brickline::facts {

void read_mask(Object& root, MaskFacts& out);
void read_calibration(Object& root, CameraFacts& out);  // wcs, psf, detection, psfex, sky
void read_photometry(Object& root, CameraFacts& out);
void read_quality(Object& root, CameraFacts& out);
void read_halo(Object& root, CameraFacts& out);

// Values that occur in lists and rules.
void convert(const Json& j, const std::string& path, Report& report, WeightFacts::Kind& out);
void convert(const Json& j, const std::string& path, Report& report, SaturationRule& out);
void convert(const Json& j, const std::string& path, Report& report, RegionLimit& out);
void convert(const Json& j, const std::string& path, Report& report, GoodRegionRule& out);
void convert(const Json& j, const std::string& path, Report& report, AmplifierRow& out);
void convert(const Json& j, const std::string& path, Report& report, MaskOperation& out);
void convert(const Json& j, const std::string& path, Report& report, mask_op::Rectangles::Row& out);
void convert(const Json& j, const std::string& path, Report& report, WcsFacts::Sidecar& out);
void convert(const Json& j, const std::string& path, Report& report, PsfFacts::Special& out);
void convert(const Json& j, const std::string& path, Report& report, ColourTerm& out);
void convert(const Json& j, const std::string& path, Report& report, Detrend& out);
void convert(const Json& j, const std::string& path, Report& report, QualityFacts::ExtraCut& out);
void convert(const Json& j, const std::string& path, Report& report, HaloProfile& out);

template <typename T>
void convert(const Json& j, const std::string& path, Report& report, Rule<T>& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  o.require("value", out.value);
}
// A plain value, or a list of {"when", "value"}.
template <typename T>
void convert(const Json& j, const std::string& path, Report& report, Rules<T>& out) {
  if (j.is_array()) {
    convert(j, path, report, out.rules);
  } else {
    out.rules.assign(1, {});
    convert(j, path, report, out.rules[0].value);
  }
}

}  // namespace brickline::facts
