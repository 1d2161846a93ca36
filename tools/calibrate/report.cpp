#include "tools/calibrate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace brickline {
namespace {

using State = CalibrationState;

std::string name_of(const CcdCalibration& c) {
  return fmt::format("{}-{}", c.ccd.expnum,
                     c.ccd.ccdname_known() && !c.ccd.ccdname.empty() ? c.ccd.ccdname : "");
}

struct Cost {
  const char* name;
  std::function<double(const CcdCalibration&)> seconds;  // NaN: not done
};
const std::vector<Cost>& costs() {
  const auto psf = [](double MadePsf::*part) {
    return [part](const CcdCalibration& c) { return c.made_psf ? (*c.made_psf).*part : std::nan(""); };
  };
  const auto sky = [](double MadeSky::*part) {
    return [part](const CcdCalibration& c) { return c.made_sky ? (*c.made_sky).*part : std::nan(""); };
  };
  static const std::vector<Cost> all = {{"psf_read", psf(&MadePsf::read_seconds)},
                                        {"source_extractor", psf(&MadePsf::extractor_seconds)},
                                        {"psfex", psf(&MadePsf::psfex_seconds)},
                                        {"sky_read", sky(&MadeSky::read_seconds)},
                                        {"sky_references", sky(&MadeSky::references_seconds)},
                                        {"sky_fit", sky(&MadeSky::fit_seconds)}};
  return all;
}

// A text as a value of the table: quotes doubled, in one line.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out + "\"";
}

std::string number(double v) { return std::isfinite(v) ? fmt::format("{:.7g}", v) : "nan"; }

}  // namespace

std::string report_for_people(const std::vector<CcdCalibration>& ccds) {
  std::string text;
  std::map<State, std::int64_t> psf, sky;
  std::int64_t failed = 0;
  for (const CcdCalibration& c : ccds) {
    ++psf[c.psf.state];
    ++sky[c.sky.state];
    failed += c.failed();
    std::string line;
    if (c.made_psf && c.psf.state == State::kMade)
      line += fmt::format("  psf: {} of {} stars, FWHM {:.2f} pixels, chi2 {:.2f}", c.made_psf->accepted,
                          c.made_psf->loaded, c.made_psf->fwhm_pixels, c.made_psf->chi2);
    if (c.made_sky && c.sky.state == State::kMade)
      line += fmt::format("  sky: {:.6g}, sig1 {:.4g}, {:.1f} % masked", c.made_sky->fit.estimates.background,
                          c.made_sky->fit.estimates.sig1, 100 * c.made_sky->fit.fraction_masked);
    for (const auto& [what, step] : {std::pair{"psf", &c.psf}, std::pair{"sky", &c.sky}})
      if (step->state == State::kFailed) line += fmt::format("  {} failed: {}", what, step->why);
    if (!line.empty()) text += fmt::format("{:<14} {}{}\n", name_of(c), c.ccd.band, line);
  }
  const auto totals = [](std::string_view what, const std::map<State, std::int64_t>& counts) {
    std::string words;
    for (const auto& [state, n] : counts)
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", n, name_of(state));
    return fmt::format("{}: {}\n", what, words);
  };
  return text + totals("psf", psf) + totals("sky", sky) +
         fmt::format("{} CCDs, {} failed\n", ccds.size(), failed);
}

std::string report_as_ecsv(const std::vector<CcdCalibration>& ccds) {
  struct Field {
    std::string name, type, unit;
    std::function<std::string(const CcdCalibration&)> value;
  };
  using C = const CcdCalibration&;
  const auto psf_number = [](auto part) {
    return [part](C c) { return c.made_psf ? number(part(*c.made_psf)) : std::string("nan"); };
  };
  const auto sky_number = [](auto part) {
    return [part](C c) { return c.made_sky ? number(part(*c.made_sky)) : std::string("nan"); };
  };
  std::vector<Field> fields;
  const auto add = [&](const char* name, const char* type, const char* unit, auto value) {
    fields.push_back(Field{name, type, unit, value});
  };
  add("camera", "string", "", [](C c) { return in_quotes(c.ccd.camera); });
  add("expnum", "int64", "", [](C c) { return fmt::format("{}", c.ccd.expnum); });
  add("ccdname", "string", "", [](C c) { return in_quotes(c.ccd.ccdname); });
  add("filter", "string", "", [](C c) { return in_quotes(c.ccd.band); });
  add("image_filename", "string", "", [](C c) { return in_quotes(c.ccd.image_filename); });
  add("image_hdu", "int32", "", [](C c) { return fmt::format("{}", c.ccd.image_hdu); });
  add("psf", "string", "", [](C c) { return in_quotes(name_of(c.psf.state)); });
  add("psf_why", "string", "", [](C c) { return in_quotes(c.psf.why); });
  add("psf_loaded", "float64", "", psf_number([](const MadePsf& p) { return p.loaded; }));
  add("psf_accepted", "float64", "", psf_number([](const MadePsf& p) { return p.accepted; }));
  add("psf_fwhm", "float64", "pix", psf_number([](const MadePsf& p) { return p.fwhm_pixels; }));
  add("psf_chi2", "float64", "", psf_number([](const MadePsf& p) { return p.chi2; }));
  add("psf_sum", "float64", "", psf_number([](const MadePsf& p) { return p.sum; }));
  add("sky", "string", "", [](C c) { return in_quotes(name_of(c.sky.state)); });
  add("sky_why", "string", "", [](C c) { return in_quotes(c.sky.why); });
  add("sky_level", "float64", "", sky_number([](const MadeSky& s) { return s.fit.estimates.background; }));
  add("sig1", "float64", "", sky_number([](const MadeSky& s) { return s.fit.estimates.sig1; }));
  add("sky_fmasked", "float64", "", sky_number([](const MadeSky& s) { return s.fit.fraction_masked; }));
  add("sky_halos", "float64", "", sky_number([](const MadeSky& s) { return s.halos; }));
  for (const Cost& cost : costs())
    fields.push_back(
        {std::string("cpu_") + cost.name, "float64", "s", [&cost](C c) { return number(cost.seconds(c)); }});
  std::string text = "# %ECSV 1.0\n# ---\n# datatype:\n", names;
  for (const Field& field : fields) {
    text += fmt::format("# - {{name: {}, {}datatype: {}}}\n", field.name,
                        field.unit.empty() ? "" : "unit: " + field.unit + ", ", field.type);
    names += (names.empty() ? "" : " ") + field.name;
  }
  text += "# schema: astropy-2.0\n" + names + "\n";
  for (const CcdCalibration& c : ccds) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i ? " " : "") + fields[i].value(c);
    text += '\n';
  }
  return text;
}

std::string plan_for_people(const std::vector<CcdCalibration>& ccds) {
  std::string text;
  for (const CcdCalibration& c : ccds)
    for (const auto& [what, step] : {std::pair{"psf", &c.psf}, std::pair{"sky", &c.sky}})
      if (step->state == State::kMissing || step->state == State::kFailed)
        text += fmt::format("{:<14} {} {}: {}\n", name_of(c), what,
                            step->state == State::kMissing ? "to be made" : "cannot be looked at", step->why);
  return text;
}

std::string cost_for_people(const std::vector<CcdCalibration>& ccds) {
  std::string text;
  for (const Cost& cost : costs()) {
    double sum = 0, most = 0;
    int n = 0;
    for (const CcdCalibration& c : ccds) {
      const double seconds = cost.seconds(c);
      if (std::isnan(seconds)) continue;
      sum += seconds;
      most = std::max(most, seconds);
      ++n;
    }
    if (n > 0)
      text += fmt::format("  {:<17} {:8.3f} s mean, {:8.3f} s at most, of {}\n", cost.name, sum / n, most, n);
  }
  return text.empty() ? text : "CPU seconds per CCD:\n" + text;
}

}  // namespace brickline
