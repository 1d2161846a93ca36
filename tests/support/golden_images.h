// The pixels that the reference pipeline's detection and fits saw, as CcdImages; its source lists, blob and
// reference masks. Only for tests: the WCS comes from the survey's image headers, the PSF is the one at each
// image's centre.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "core/blobs/blob_task.h"
#include "core/detect/source_list.h"
#include "core/fits/fits_reader.h"
#include "core/image/ccd_image.h"
#include "tests/support/data.h"

namespace brickline::test {

struct GoldenCase {
  std::string name;
  std::filesystem::path survey, golden;
  std::vector<std::string> bands;
  Wcs brick;
  std::optional<SkyBox> unique_area;
  std::vector<CcdImage> images;
  double worst_corner_degrees = 0;  // between our WCS and the recorded corners of the images

  std::filesystem::path stage(const std::string& file) const { return golden / "stages" / file; }
};

inline std::filesystem::path golden_case_dir(const std::string& name) { return data_dir() / "golden" / name; }

namespace golden_detail {

struct BrickChoice {
  const char *name, *brick;  // empty brick: a field around (ra, dec)
  int x0, x1, y0, y1;        // zoom
  double ra, dec;
};
inline constexpr BrickChoice kChoices[] = {
    {"sim300", "1501p022", 1650, 1950, 1650, 1950, 0, 0},
    {"mzlsbass2", "1773p595", 1300, 1500, 700, 900, 0, 0},
    {"testcase3", "2447p120", 1020, 1070, 2775, 2815, 0, 0},
    {"testcase4", "1867p255", 2050, 2300, 1150, 1400, 0, 0},
    {"testcase6", "1102p240", 500, 600, 650, 750, 0, 0},
    {"testcase7", "1102p240", 250, 350, 1550, 1650, 0, 0},
    {"testcase9", "", 0, 100, 0, 100, 9.1228, 3.3975},
};

inline Wcs tangent_brick(double ra, double dec, int size_x, int size_y) {
  const double pixel = 0.262 / 3600;
  return Wcs::tangent(ra, dec, (size_x - 1) / 2.0, (size_y - 1) / 2.0, {-pixel, 0, 0, pixel}, size_x, size_y);
}

inline std::vector<std::filesystem::path> ccd_tables(const std::filesystem::path& survey) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(survey)) {
    const std::string f = entry.path().filename().string();
    const bool table = f.ends_with(".fits.gz") || f.ends_with(".kd.fits");
    if (f.starts_with("survey-ccds") && table) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace golden_detail

// The stage's images ("srcs" or "tims") of one golden case.
inline GoldenCase load_golden(const std::string& name, const std::string& stage = "srcs") {
  GoldenCase out;
  out.name = name;
  out.golden = golden_case_dir(name);
  out.survey = data_dir() / "surveys" / name;
  for (const auto& c : golden_detail::kChoices) {
    if (name != c.name) continue;
    const Box zoom{c.x0, c.x1, c.y0, c.y1};
    if (*c.brick) {
      fits::FitsReader reader(out.survey / "survey-bricks.fits.gz");
      const fits::Table bricks = reader.table(1);
      for (std::int64_t i = 0; i < bricks.rows(); ++i) {
        if (bricks.text("brickname", i) != c.brick) continue;
        out.unique_area = SkyBox{bricks.number("ra1", i), bricks.number("ra2", i), bricks.number("dec1", i),
                                 bricks.number("dec2", i)};
        out.brick = golden_detail::tangent_brick(bricks.number("ra", i), bricks.number("dec", i), 3600, 3600)
                        .sub_image(zoom);
      }
    } else {
      out.brick = golden_detail::tangent_brick(c.ra, c.dec, c.x1, c.y1);
    }
  }

  std::vector<fits::Table> tables;
  for (const auto& path : golden_detail::ccd_tables(out.survey)) {
    fits::FitsReader reader(path);
    tables.push_back(reader.table(1));
  }
  fits::FitsReader reader(out.stage(stage + "-images.fits.fz"));
  for (int i = 0;; ++i) {
    const std::string n = std::to_string(i);
    const auto hdu = reader.find_hdu("DATA" + n);
    if (!hdu) break;
    const fits::Header h = reader.header(*hdu);
    CcdImage image;
    image.expnum = h.require_integer("EXPNUM");
    image.ccdname = h.require_text("CCDNAME");
    image.band = h.require_text("BAND");
    image.name = h.require_text("NAME");
    image.data = reader.image<float>(*hdu);
    image.inverse_error = reader.image<float>(*reader.find_hdu("INVERR" + n));
    const Image<std::int32_t> dq = reader.image<std::int32_t>(*reader.find_hdu("DQ" + n));
    image.mask = Image<std::uint16_t>(dq.width(), dq.height());
    for (int y = 0; y < dq.height(); ++y)
      for (int x = 0; x < dq.width(); ++x) image.mask(x, y) = static_cast<std::uint16_t>(dq(x, y));
    const int x0 = static_cast<int>(h.require_integer("X0")), y0 = static_cast<int>(h.require_integer("Y0"));
    image.extent = {x0, x0 + image.data.width(), y0, y0 + image.data.height()};
    image.sig1 = h.require_number("SIG1");
    image.psf_fwhm = h.require_number("PSFFWHM");
    image.psfnorm = h.require_number("PSFNORM");
    image.galnorm = h.require_number("GALNORM");
    const Image<float> stamp = reader.image<float>(*reader.find_hdu("PSF" + n));
    image.psf = Psf({stamp}, {}, image.psf_fwhm);

    for (const fits::Table& table : tables)
      for (std::int64_t r = 0; r < table.rows(); ++r) {
        if (table.integer("expnum", r) != image.expnum || table.text("ccdname", r) != image.ccdname) continue;
        image.camera = table.text("camera", r);
        image.image_filename = table.text("image_filename", r);
        image.mjd_obs = table.number("mjd_obs", r);
        // TAI - UTC in the years of these exposures.
        const double leap = image.mjd_obs >= 57754 ? 37 : image.mjd_obs >= 57204 ? 36 : 35;
        image.mjd_tai = image.mjd_obs + leap / 86400;
        fits::FitsReader file(out.survey / "images" / image.image_filename);
        const int ccd_hdu = static_cast<int>(table.integer("image_hdu", r));
        const fits::Header header = file.header(ccd_hdu);
        const fits::ImageInfo info = file.image_info(ccd_hdu);
        image.full_wcs =
            Wcs::from_header(header, info.width, info.height)
                .with_offset(table.number("ccdraoff", r) / 3600, table.number("ccddecoff", r) / 3600);
      }
    image.wcs = image.full_wcs.sub_image(image.extent);
    image.pixel_scale_arcsec = image.wcs.pixel_scale_arcsec();
    const auto corners = image.wcs.corners();
    for (int k = 0; k < 4; ++k)
      out.worst_corner_degrees = std::max(
          {out.worst_corner_degrees, std::abs(corners[k].ra - h.require_number("CRA" + std::to_string(k))),
           std::abs(corners[k].dec - h.require_number("CDEC" + std::to_string(k)))});
    out.images.push_back(std::move(image));
  }
  for (const char* band : {"g", "r", "i", "z"})
    for (const CcdImage& image : out.images)
      if (image.band == band) {
        out.bands.emplace_back(band);
        break;
      }
  return out;
}

inline Image<std::int32_t> golden_blob_map(const GoldenCase& c) {
  fits::FitsReader reader(c.stage("srcs-blobmap.fits.fz"));
  return reader.image<std::int32_t>(1);
}

inline Image<std::uint8_t> golden_reference_mask(const GoldenCase& c) {
  fits::FitsReader reader(c.stage("srcs-refmap.fits.fz"));
  return reader.image<std::uint8_t>(1);
}

// The source list of stage srcs: detections, then reference sources, as they enter the fit.
inline SourceList golden_sources(const GoldenCase& c) {
  fits::FitsReader reader(c.stage("srcs-T.fits"));
  const fits::Table t = reader.table(1);
  std::ifstream text(c.stage("srcs-catalog.txt"));
  const auto flag = [&](const char* column, std::int64_t row) {
    return t.has(column) && t.logical(column, row);
  };
  const auto finite = [&](const char* column, std::int64_t row) {
    const double v = t.has(column) ? t.number(column, row) : 0;
    return std::isfinite(v) ? v : 0;
  };
  SourceList out;
  std::string line;
  for (std::int64_t row = 0; row < t.rows() && std::getline(text, line); ++row) {
    DetectedSource s;
    s.model.ra = t.number("ra", row);
    s.model.dec = t.number("dec", row);
    s.ix = static_cast<int>(t.integer("ibx", row));
    s.iy = static_cast<int>(t.integer("iby", row));
    const auto pixel = c.brick.sky_to_pixel(s.model.ra, s.model.dec);
    s.x = pixel->x;
    s.y = pixel->y;
    s.sed = t.text("peaksed", row);
    if (!t.text("ref_cat", row).empty()) s.reference_row = static_cast<int>(row);
    for (const std::string& band : c.bands) {
      std::smatch m;
      double flux = 0;
      if (std::regex_search(line, m, std::regex("[ :]" + band + R"(=([-0-9.]+)[,)])")))
        flux = std::pow(10, (22.5 - std::stod(m[1])) / 2.5);
      s.model.flux.push_back(flux);
    }
    s.reference.star = flag("isgaia", row) || flag("istycho", row);
    s.reference.point_source = flag("pointsource", row);
    s.reference.large_galaxy = flag("islargegalaxy", row);
    s.reference.galaxy_fit = flag("issgafit", row);
    s.reference.frozen = flag("freezeparams", row);
    s.needs_initial_flux = s.reference.large_galaxy;
    if (s.reference.star)
      s.model.motion = SkyMotion{finite("pmra", row), finite("pmdec", row), finite("parallax", row),
                                 finite("ref_epoch", row)};
    std::smatch m;
    if (line.rfind("ExpGalaxy", 0) == 0 &&
        std::regex_search(line, m, std::regex(R"(log r_e=([-0-9.]+), ee1=([-0-9.]+), ee2=([-0-9.]+))"))) {
      s.model.kind = SourceKind::kExp;
      s.model.shape = {std::stod(m[1]), std::stod(m[2]), std::stod(m[3])};
    }
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace brickline::test
