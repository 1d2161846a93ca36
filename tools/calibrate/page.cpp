#include "tools/calibrate/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/markup.h"
#include "core/page/base64.h"
#include "core/page/json_writer.h"
#include "core/page/page_text.h"
#include "tools/calibrate/page_assets.h"

namespace brickline {
namespace {

constexpr int kDigits = 5;

// A plane of numbers as bytes: 0 where there is none, else 1 to 255 from `low` to `high`.
void write_plane(JsonWriter& json, std::string_view name, const Image<float>& plane, double low,
                 double high) {
  std::string bytes;
  for (int y = 0; y < plane.height(); ++y)
    for (int x = 0; x < plane.width(); ++x) {
      const double v = (plane(x, y) - low) / (high - low);
      bytes += static_cast<char>(std::isfinite(v) ? std::lround(1 + 254 * std::clamp(v, 0., 1.)) : 0);
    }
  json.key(name);
  json.begin_object();
  json.member("width", plane.width());
  json.member("height", plane.height());
  json.member("low", low, kDigits);
  json.member("high", high, kDigits);
  json.member("pixels", base64(bytes));
  json.end_object();
}

std::pair<double, double> range_of(const Image<float>& plane) {
  double low = INFINITY, high = -INFINITY;
  for (int y = 0; y < plane.height(); ++y)
    for (int x = 0; x < plane.width(); ++x)
      if (std::isfinite(plane(x, y))) {
        low = std::min(low, double{plane(x, y)});
        high = std::max(high, double{plane(x, y)});
      }
  return high > low ? std::pair(low, high) : std::pair(std::isfinite(low) ? low - 0.5 : 0., low + 0.5);
}

void write_sky(JsonWriter& json, const CcdPortrait& p) {
  if (!p.sky.empty()) {
    const auto [low, high] = range_of(p.sky);
    write_plane(json, "sky", p.sky, low, high);
    // Five times what the noise alone leaves in a cell.
    const double most = 5. / p.bin;
    write_plane(json, "residual", p.residual, -most, most);
    write_plane(json, "noise", p.noise, 0.8, 1.2);
  }
  json.member("bin", p.bin);
  json.member("residual_excess", p.residual_excess, kDigits);
  json.member("noise_over_weights", p.noise_over_weights, kDigits);
  json.key("pulls");
  json.begin_array();
  for (const double v : p.pulls) json.number(v, 4);
  json.end_array();
}

void write_psf(JsonWriter& json, const CcdPortrait& p) {
  json.key("psf");
  json.begin_array();
  for (const PsfShape& shape : p.psf) {
    json.begin_array();
    for (const double v : {shape.x, shape.y, shape.fwhm_pixels, shape.ellipticity, shape.angle_degrees})
      json.number(v, kDigits);
    json.end_array();
  }
  json.end_array();
  json.key("stamps");
  json.begin_array();
  for (const Image<float>& stamp : p.stamps) {
    // Root of the light over the peak, so that wings show; below 0 nothing.
    Image<float> root(stamp.width(), stamp.height());
    float peak = 0;
    for (int y = 0; y < stamp.height(); ++y)
      for (int x = 0; x < stamp.width(); ++x) peak = std::max(peak, stamp(x, y));
    for (int y = 0; y < stamp.height(); ++y)
      for (int x = 0; x < stamp.width(); ++x)
        root(x, y) = peak > 0 && stamp(x, y) > 0 ? std::sqrt(stamp(x, y) / peak) : 0;
    json.begin_object();
    write_plane(json, "plane", root, 0, 1);
    json.end_object();
  }
  json.end_array();
}

void write_step(JsonWriter& json, std::string_view name, const CalibrationStep& step) {
  json.key(name);
  json.begin_object();
  json.member("state", name_of(step.state));
  json.member("failed", step.state == CalibrationState::kFailed);
  json.member("why", step.why);
  json.end_object();
}

void write_stars(JsonWriter& json, const std::vector<PsfStar>& stars) {
  json.key("stars");
  json.begin_array();
  for (const PsfStar& star : stars) {
    json.begin_array();
    json.fixed(star.x, 0);
    json.fixed(star.y, 0);
    json.integer(star.accepted);
    json.end_array();
  }
  json.end_array();
}

void write_ccd(JsonWriter& json, const CcdOnPage& ccd, const PageDetail& detail) {
  const CcdCalibration& c = *ccd.calibration;
  json.begin_object();
  json.member("name", fmt::format("{}-{}", c.ccd.expnum, c.ccd.ccdname_known() ? c.ccd.ccdname : ""));
  json.member("camera", c.ccd.camera);
  json.member("band", c.ccd.band);
  json.member("image", fmt::format("{}[{}]", c.ccd.image_filename, c.ccd.image_hdu));
  write_step(json, "psf_step", c.psf);
  write_step(json, "sky_step", c.sky);
  if (c.made_psf) {
    json.member("loaded", c.made_psf->loaded);
    json.member("accepted", c.made_psf->accepted);
    json.member("chi2", c.made_psf->chi2, kDigits);
    if (detail.stars) write_stars(json, c.made_psf->stars);
  }
  if (c.made_sky) {
    json.member("sky_level", c.made_sky->fit.estimates.background, 7);
    json.member("sig1", c.made_sky->fit.estimates.sig1, kDigits);
    json.member("masked", c.made_sky->fit.fraction_masked, kDigits);
  }
  json.member("width", ccd.portrait ? ccd.portrait->width : c.ccd.width);
  json.member("height", ccd.portrait ? ccd.portrait->height : c.ccd.height);
  json.key("lacking");
  json.begin_array();
  if (!ccd.no_portrait.empty()) json.text(ccd.no_portrait);
  if (ccd.portrait)
    for (const std::string& why : ccd.portrait->lacking) json.text(why);
  json.end_array();
  if (ccd.portrait) {
    if (ccd.portrait->noise_over_weights > 0) write_sky(json, *ccd.portrait);
    if (!ccd.portrait->psf.empty()) write_psf(json, *ccd.portrait);
  }
  json.end_object();
}

}  // namespace

PageDetail detail_of_page(std::size_t ccds) {
  if (ccds <= 400) return {};
  if (ccds <= 2000) return {{48, 8}, true};
  if (ccds <= 10000) return {{16, 0}, false};
  return {{0, 0}, false};
}

std::string calibration_page_html(const std::vector<CcdOnPage>& ccds, const std::string& survey,
                                  const PageDetail& detail) {
  JsonWriter json;
  json.begin_object();
  json.member("coarse", detail.pictures.side < PictureSizes{}.side);
  json.key("ccds");
  json.begin_array();
  for (const CcdOnPage& ccd : ccds) write_ccd(json, ccd, detail);
  json.end_array();
  json.end_object();
  const std::string data = json_in_html(json.take()), title = markup_text("Calibrations of " + survey);
  return filled_page(calibration_page::kHtml, {{"title", title},
                                               {"style", calibration_page::kCss},
                                               {"script", calibration_page::kJs},
                                               {"data", data}});
}

}  // namespace brickline
