// The tables of measured images: photom, annotated, and the survey's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/image/corrected_wcs.h"
#include "core/survey/bits.h"
#include "core/zeropoints/measured_images.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Medians over an exposure's CCDs, which the columns zpt and phrms hold.
struct Exposure {
  double zero_point = kNan, scatter = kNan;
};
std::map<std::string, Exposure> exposures_of(const MeasuredImages& images) {
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> lists;
  for (const MeasuredRow& row : images.rows) {
    auto& [points, scatters] = lists[row.image_filename];
    if (std::isfinite(row.zero_point.zero_point)) points.push_back(row.zero_point.zero_point);
    if (row.zero_point.scatter > 0) scatters.push_back(row.zero_point.scatter);
  }
  std::map<std::string, Exposure> out;
  for (auto& [name, both] : lists)
    out[name] = {median_of(std::move(both.first)), median_of(std::move(both.second))};
  return out;
}

// Puts columns together row by row: of the table that make_ccd_table made, or of the measurement.
class Columns {
 public:
  Columns(const MadeCcdTable& made, const MeasuredImages& images, std::vector<std::size_t> rows)
      : made_(made.table), images_(images), rows_(std::move(rows)) {
    table_.set_rows(static_cast<std::int64_t>(rows_.size()));
  }
  using Row = const MeasuredRow&;

  template <typename T>
  void add(const char* name, const char* unit, const std::function<double(Row)>& value) {
    std::vector<T> values;
    for (const std::size_t i : rows_) values.push_back(static_cast<T>(value(images_.rows[i])));
    table_.add(name, std::move(values), unit);
  }
  void text(const char* name, const std::function<std::string(Row)>& value) {
    std::vector<std::string> values;
    for (const std::size_t i : rows_) values.push_back(value(images_.rows[i]));
    table_.add(name, std::move(values));
  }
  // Columns of the made table; rows without one there have NaN, -1 or nothing.
  template <typename T>
  void made(const char* name, const char* unit, double otherwise = kNan) {
    add<T>(name, unit,
           [&](Row r) { return r.row >= 0 && made_.has(name) ? made_.number(name, r.row) : otherwise; });
  }
  void made_text(const char* name) {
    text(name,
         [&](Row r) { return r.row >= 0 && made_.has(name) ? made_.text(name, r.row) : std::string(); });
  }
  void measured(const char* name, const char* unit, double CcdZeroPoint::*member) {
    add<float>(name, unit, [member](Row r) { return r.zero_point.*member; });
  }
  const fits::Table& made_table() const { return made_; }
  fits::Table& table() { return table_; }
  const std::vector<std::size_t>& rows() const { return rows_; }
  const MeasuredRow& row(std::size_t i) const { return images_.rows[i]; }

 private:
  const fits::Table& made_;
  const MeasuredImages& images_;
  std::vector<std::size_t> rows_;
  fits::Table table_;
};

void add_survey_columns(Columns& c, const MeasuredImages& images) {
  using R = const MeasuredRow&;
  const std::map<std::string, Exposure> exposures = exposures_of(images);
  c.text("image_filename", [](R r) { return r.image_filename; });
  c.add<std::int16_t>("image_hdu", "", [](R r) { return r.hdu; });
  c.made_text("camera");
  c.made<std::int64_t>("expnum", "", -1);
  for (const char* name : {"plver", "procdate", "plprocid", "ccdname", "object", "propid", "filter"})
    c.made_text(name);
  c.made<float>("exptime", "s");
  c.made<double>("mjd_obs", "d");
  c.made<float>("airmass", "");
  c.made<float>("ha", "deg");
  c.add<float>("fwhm", "pixel", [&c](R r) {
    return std::isfinite(r.fwhm) || r.row < 0 ? r.fwhm : c.made_table().number("fwhm", r.row);
  });
  for (const char* name : {"width", "height"}) c.made<std::int32_t>(name, "pixel", 0);
  for (const char* name : {"ra_bore", "dec_bore"}) c.made<double>(name, "deg");
  for (const char* name : {"crpix1", "crpix2"}) c.made<float>(name, "pixel");
  for (const char* name : {"crval1", "crval2"}) c.made<double>(name, "deg");
  for (const char* name : {"cd1_1", "cd1_2", "cd2_1", "cd2_2"}) c.made<float>(name, "deg/pixel");
  c.table().add("yshift", std::vector<bool>(c.rows().size(), false));
  for (const char* name : {"ra", "dec"}) c.made<double>(name, "deg");
  c.made<float>("skyrms", "count/s");
  c.add<float>("sig1", "nanomaggy", [](R r) { return r.sig1; });
  c.measured("ccdzpt", "mag", &CcdZeroPoint::zero_point);
  c.add<float>("zpt", "mag", [&](R r) { return exposures.at(r.image_filename).zero_point; });
  c.measured("ccdraoff", "arcsec", &CcdZeroPoint::ra_offset);
  c.measured("ccddecoff", "arcsec", &CcdZeroPoint::dec_offset);
  c.made<float>("ccdskycounts", "count/s");
  c.made<float>("ccdskysb", "mag/arcsec^2");
  c.measured("ccdrarms", "arcsec", &CcdZeroPoint::ra_rms);
  c.measured("ccddecrms", "arcsec", &CcdZeroPoint::dec_rms);
  c.measured("ccdrarmeds", "arcsec", &CcdZeroPoint::ra_root_median);
  c.measured("ccddecrmeds", "arcsec", &CcdZeroPoint::dec_root_median);
  c.measured("ccdbprp", "mag", &CcdZeroPoint::bp_rp);
  c.measured("ccdphrms", "mag", &CcdZeroPoint::scatter);
  c.add<float>("phrms", "mag", [&](R r) { return exposures.at(r.image_filename).scatter; });
  c.add<std::int32_t>("ccdnastrom", "", [](R r) { return r.zero_point.astrometric; });
  c.add<std::int32_t>("ccdnphotom", "", [](R r) { return r.zero_point.seen; });
  c.add<std::int32_t>("ccdnphotom_used", "", [](R r) { return r.zero_point.used; });
  c.add<std::int32_t>("ccd_cuts", "",
                      [](R r) { return r.zero_point.failure.empty() ? 0 : ccdcut::kErrLegacyzpts; });
}

void add_measurement_columns(Columns& c, bool terms) {
  using R = const MeasuredRow&;
  c.text("zpt_source", [&c](R r) {
    if (r.given) return c.made_table().text("zpt_source", r.row);
    return r.zero_point.failure.empty() ? "stars:" + r.zero_point.provider : std::string("none");
  });
  c.measured("ccdzpt_error", "mag", &CcdZeroPoint::error);
  c.measured("ccdzpt_term_error", "mag", &CcdZeroPoint::term_error);
  c.measured("ccdzpt_scatter", "mag", &CcdZeroPoint::intrinsic_scatter);
  c.measured("ccdraoff_error", "arcsec", &CcdZeroPoint::ra_offset_error);
  c.measured("ccddecoff_error", "arcsec", &CcdZeroPoint::dec_offset_error);
  c.measured("transparency", "", &CcdZeroPoint::transparency);
  if (terms) {
    c.text("wcs_file", [](R r) { return r.wcs_file; });
    c.text("wcs_terms", [](R r) {
      if (r.zero_point.terms) return std::string(name_of(r.zero_point.terms->order));
      return std::string(r.given || !std::isfinite(r.zero_point.ra_offset) ? "none" : "shift");
    });
    c.text("wcs_message", [](R r) {
      return r.given ? std::string("its zero point is stated: no star was looked at") : r.zero_point.no_terms;
    });
    const auto of_terms = [&](const char* name, double AstrometricTerms::*member) {
      c.add<float>(name, "arcsec",
                   [member](R r) { return r.zero_point.terms ? (*r.zero_point.terms).*member : kNan; });
    };
    of_terms("wcs_rarms", &AstrometricTerms::ra_rms);
    of_terms("wcs_decrms", &AstrometricTerms::dec_rms);
    of_terms("wcs_error", &AstrometricTerms::error);
    of_terms("wcs_largest", &AstrometricTerms::largest);
  }
  c.text("err_message", [](R r) { return r.zero_point.failure; });
}

void add_annotation_columns(Columns& c) {
  std::vector<bool> there;
  for (const std::size_t i : c.rows()) there.push_back(c.row(i).annotation.has_value());
  c.table().add("annotated", std::move(there));
  std::vector<std::int32_t> good;
  for (const std::size_t i : c.rows())
    for (std::size_t k = 0; k < 4; ++k)
      good.push_back(c.row(i).annotation ? c.row(i).annotation->good_region[k] : -1);
  c.table().add("good_region", std::move(good), "pixel", {4});
  for (const AnnotationColumn& column : annotation_columns()) {
    const auto add = [&]<typename T>(T otherwise) {
      std::vector<T> values;
      for (const std::size_t i : c.rows())
        for (int k = 0; k < column.width; ++k) {
          const std::optional<CcdAnnotation>& a = c.row(i).annotation;
          values.push_back(a ? static_cast<T>(column.value(*a, k)) : otherwise);
        }
      std::vector<std::int64_t> shape;
      if (column.width > 1) shape.push_back(column.width);
      c.table().add(column.name, std::move(values), column.unit, std::move(shape));
    };
    switch (column.type) {
      case 'D':
        add(kNan);
        break;
      case 'E':
        add(std::numeric_limits<float>::quiet_NaN());
        break;
      case 'J':
        add(std::int32_t{0});
        break;
      default:
        add(std::uint8_t{0});
    }
  }
}

// The stars' columns.
class StarColumns {
 public:
  struct Star {
    const MeasuredRow* row;
    const MeasuredStar* star;
  };
  StarColumns(const MeasuredImages& images, const std::vector<std::size_t>& rows) {
    for (const std::size_t i : rows)
      for (const MeasuredStar& star : images.rows[i].zero_point.stars)
        stars_.push_back({&images.rows[i], &star});
    table_.set_rows(static_cast<std::int64_t>(stars_.size()));
  }
  template <typename T>
  void add(const char* name, const char* unit, const std::function<double(const MeasuredStar&)>& value) {
    std::vector<T> values;
    for (const Star& s : stars_) values.push_back(static_cast<T>(value(*s.star)));
    table_.add(name, std::move(values), unit);
  }
  template <typename T, typename F>
  void of_star(const char* name, const char* unit, F value) {
    std::vector<T> values;
    for (const Star& s : stars_) values.push_back(value(*s.star));
    table_.add(name, std::move(values), unit);
  }
  template <typename T, typename F>
  void of_row(const char* name, const char* unit, F value) {
    std::vector<T> values;
    for (const Star& s : stars_) values.push_back(value(*s.row));
    table_.add(name, std::move(values), unit);
  }
  fits::Table& table() { return table_; }

 private:
  std::vector<Star> stars_;
  fits::Table table_;
};

constexpr std::array kEndings = {"-photom.fits", "-annotated.fits"};

// A table of the image that has `row` as its first.
fs::path file_of(const fs::path& directory, const CameraRegistry& cameras, const MadeCcdTable& made,
                 const MeasuredRow& row, const char* ending) {
  const fs::path image = row.image_filename;
  const std::string base =
      row.row >= 0 ? base_name(cameras.camera(made.table.text("camera", row.row)).facts().files.base_name,
                               row.image_filename)
                   : image.filename().string();
  return directory / image.parent_path() / (base + ending);
}

const PhotometricStar* photometric(const MeasuredStar& m) {
  return m.star.has_photometric ? &m.star.photometric : nullptr;
}

}  // namespace

fits::Table annotated_table(const MadeCcdTable& made, const MeasuredImages& images,
                            const std::vector<std::size_t>& rows) {
  Columns columns(made, images, rows);
  add_survey_columns(columns, images);
  add_annotation_columns(columns);
  add_measurement_columns(columns, images.terms);
  return std::move(columns.table());
}

fits::Table photom_table(const MadeCcdTable& made, const MeasuredImages& images,
                         const std::vector<std::size_t>& rows) {
  StarColumns c(images, rows);
  using S = const MeasuredStar&;
  using R = const MeasuredRow&;
  c.add<float>("x_ref", "pixel", [](S s) { return s.x_ref; });
  c.add<float>("y_ref", "pixel", [](S s) { return s.y_ref; });
  c.add<float>("x_fit", "pixel", [](S s) { return s.x; });
  c.add<float>("y_fit", "pixel", [](S s) { return s.y; });
  c.add<float>("flux", "count", [](S s) { return s.fit.flux; });
  c.add<float>("dx", "pixel", [](S s) { return s.fit.dx; });
  c.add<float>("dy", "pixel", [](S s) { return s.fit.dy; });
  c.add<float>("dflux", "count", [](S s) { return s.fit.dflux; });
  c.add<float>("chi2", "", [](S s) { return s.fit.chi2; });
  c.add<float>("fracmasked", "", [](S s) { return s.fit.fraction_masked; });
  c.add<double>("ra_fit", "deg", [](S s) { return s.ra_fit; });
  c.add<double>("dec_fit", "deg", [](S s) { return s.dec_fit; });
  c.add<float>("instpsfmag", "mag", [](S s) { return s.instrumental_mag; });
  c.add<float>("dpsfmag", "mag", [](S s) { return 2.5 / std::log(10.) * s.fit.dflux / s.fit.flux; });
  c.add<float>("dpsfmag_scatter", "mag", [](S s) { return s.mag_error(); });
  c.of_star<std::int32_t>("bitmask", "", [](S s) { return std::int32_t{s.bits}; });
  c.add<float>("psfmag", "mag", [](S s) { return s.mag; });
  c.of_star<bool>("used_for_photzpt", "", [](S s) { return s.used; });
  c.add<float>("phot_g_mean_mag", "mag", [](S s) { return s.star.gaia.g; });
  c.add<float>("phot_bp_mean_mag", "mag", [](S s) { return s.star.gaia.bp; });
  c.add<float>("phot_rp_mean_mag", "mag", [](S s) { return s.star.gaia.rp; });
  c.add<double>("ra_gaia", "deg", [](S s) { return s.star.gaia.ra; });
  c.add<double>("dec_gaia", "deg", [](S s) { return s.star.gaia.dec; });
  c.of_star<std::int64_t>("gaia_sourceid", "", [](S s) { return s.star.gaia.id; });
  c.add<double>("ra_now", "deg", [](S s) { return s.star.ra_now; });
  c.add<double>("dec_now", "deg", [](S s) { return s.star.dec_now; });
  c.add<float>("phot_g_mean_mag_error", "mag", [](S s) { return s.star.gaia.g_error; });
  c.add<float>("phot_bp_mean_mag_error", "mag", [](S s) { return s.star.gaia.bp_error; });
  c.add<float>("phot_rp_mean_mag_error", "mag", [](S s) { return s.star.gaia.rp_error; });
  // Zero, as elsewhere in this table, is "none".
  c.add<double>("legacy_survey_mag", "mag", [](S s) { return std::isfinite(s.star.mag) ? s.star.mag : 0; });
  for (const char* name : {"ps1", "sdss"}) {
    const PhotometricCatalog catalog =
        std::string_view(name) == "ps1" ? PhotometricCatalog::ps1() : PhotometricCatalog::sdss();
    const bool there = std::any_of(rows.begin(), rows.end(),
                                   [&](std::size_t i) { return images.rows[i].zero_point.provider == name; });
    if (!there) continue;
    c.add<double>(fmt::format("ra_{}", name).c_str(), "deg",
                  [](S s) { return photometric(s) ? photometric(s)->ra : 0; });
    c.add<double>(fmt::format("dec_{}", name).c_str(), "deg",
                  [](S s) { return photometric(s) ? photometric(s)->dec : 0; });
    for (std::size_t b = 0; b < catalog.bands.size(); ++b) {
      std::string band = catalog.bands[b];
      band.replace(0, 1, lower_case(band.substr(0, 1)));
      c.add<float>(fmt::format("{}_{}", name, band).c_str(), "mag", [b](S s) {
        return photometric(s) && b < photometric(s)->mags.size() ? photometric(s)->mags[b] : 0;
      });
    }
    if (catalog.id.empty()) continue;
    c.of_star<std::int64_t>(fmt::format("{}_objid", name).c_str(), "",
                            [](S s) { return photometric(s) ? photometric(s)->id : std::int64_t{0}; });
    c.of_star<bool>(fmt::format("{}_mags_ok", name).c_str(), "",
                    [](S s) { return s.star.has_photometric && s.star.photometric.complete; });
  }
  // Of Gaia's synthetic photometry as the archive calls it.
  if (std::any_of(rows.begin(), rows.end(),
                  [&](std::size_t i) { return images.rows[i].zero_point.provider == "gspc"; })) {
    const PhotometricCatalog catalog = PhotometricCatalog::gspc();
    for (std::size_t b = 0; b < catalog.columns.size(); ++b)
      if (!catalog.flags[b].empty())
        c.add<float>(catalog.columns[b].c_str(), "mag", [b](S s) {
          return photometric(s) && b < photometric(s)->mags.size() ? photometric(s)->mags[b] : 0;
        });
  }
  const auto made_number = [&](const char* name, R r) {
    return r.row >= 0 ? made.table.number(name, r.row) : kNan;
  };
  c.of_row<std::int64_t>("expnum", "",
                         [&](R r) { return r.row >= 0 ? made.table.integer("expnum", r.row) : -1; });
  c.of_row<std::string>("ccdname", "",
                        [&](R r) { return r.row >= 0 ? made.table.text("ccdname", r.row) : std::string(); });
  c.of_row<std::string>("filter", "",
                        [&](R r) { return r.row >= 0 ? made.table.text("filter", r.row) : std::string(); });
  c.of_row<float>("exptime", "s", [&](R r) { return static_cast<float>(made_number("exptime", r)); });
  c.of_row<double>("gain", "", [&](R r) { return r.gain; });
  c.of_row<float>("airmass", "", [&](R r) { return static_cast<float>(made_number("airmass", r)); });
  for (std::size_t a = 0; a < 3; ++a) {
    c.add<float>(fmt::format("apflux_{}", a + 6).c_str(), "count", [a](S s) { return s.aperture_flux[a]; });
    c.add<float>(fmt::format("apflux_{}_err", a + 6).c_str(), "count",
                 [a](S s) { return s.aperture_error[a]; });
  }
  c.add<double>("ra", "deg", [](S s) { return s.star.ra(); });
  c.add<double>("dec", "deg", [](S s) { return s.star.dec(); });
  return std::move(c.table());
}

fits::Table survey_table(const MadeCcdTable& made, const MeasuredImages& images) {
  std::vector<std::size_t> rows(images.rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  Columns columns(made, images, rows);
  add_survey_columns(columns, images);
  add_measurement_columns(columns, images.terms);
  return std::move(columns.table());
}

void write_corrected_wcs(const fs::path& calib, const MadeCcdTable& made, const MeasuredImages& images) {
  std::map<std::string, std::vector<const MeasuredRow*>> files;
  for (const MeasuredRow& row : images.rows)
    if (row.corrected_wcs) files[row.wcs_file].push_back(&row);
  for (const auto& [name, rows] : files) {
    fits::FitsWriter writer;
    writer.add_empty_primary();
    for (const MeasuredRow* row : rows) {
      fits::Header header = *row->corrected_wcs;
      header.set("EXPNUM", made.table.integer("expnum", row->row));
      header.set("PLVER", made.table.text("plver", row->row));
      header.set(kCorrectedWcsHdu, std::int64_t{row->hdu}, "of the image, from 0");
      header.set(kCorrectedWcsRaOffset, row->zero_point.ra_offset, "arcsec: ccdraoff, measured with these");
      header.set(kCorrectedWcsDecOffset, row->zero_point.dec_offset,
                 "arcsec: ccddecoff, measured with these");
      header.set(kCorrectedWcsTerms, std::string(name_of(row->zero_point.terms->order)),
                 "of the correction of the image's own coordinates");
      header.set("WCSERR", row->zero_point.terms->error, "arcsec, in the worst corner");
      writer.add_image(Image<float>(1, 1).const_view(), header, made.table.text("ccdname", row->row));
    }
    writer.write(calib / name);
  }
}

std::vector<fs::path> corrected_wcs_files(const fs::path& calib, const MeasuredImages& images) {
  std::set<fs::path> files;
  for (const MeasuredRow& row : images.rows)
    if (row.corrected_wcs) files.insert(calib / row.wcs_file);
  return {files.begin(), files.end()};
}

std::vector<fs::path> measured_image_files(const fs::path& directory, const CameraRegistry& cameras,
                                           const MadeCcdTable& made, const MeasuredImages& images) {
  std::set<std::string> names;
  std::vector<fs::path> files;
  for (const MeasuredRow& row : images.rows) {
    if (!names.insert(row.image_filename).second) continue;
    for (const char* ending : kEndings) files.push_back(file_of(directory, cameras, made, row, ending));
  }
  return files;
}

void write_measured_images(const fs::path& directory, const CcdReader& reader, const CameraRegistry& cameras,
                           const MadeCcdTable& made, const MeasuredImages& images,
                           const fits::Header& version) {
  std::map<std::string, std::vector<std::size_t>> by_image;
  for (std::size_t i = 0; i < images.rows.size(); ++i) by_image[images.rows[i].image_filename].push_back(i);
  for (const auto& [name, rows] : by_image) {
    fits::Header header = version;
    const fits::Table annotated = annotated_table(made, images, rows);
    const std::int64_t row = images.rows[rows.front()].row;
    if (row >= 0) {
      const Camera& camera = cameras.camera(made.table.text("camera", row));
      OpenCcd ccd =
          reader.open(reader.input(camera.name(), name, images.rows[rows.front()].hdu), Purpose::kMeasure);
      for (const char* key :
           {"AIRMASS", "OBJECT", "TELESCOP", "INSTRUME", "EXPTIME", "DATE-OBS", "MJD-OBS", "PROGRAM",
            "OBSERVER", "PROPID", "FILTER", "HA", "ZD", "AZ", "DOMEAZ", "HUMIDITY", "PLVER"})
        if (const fits::Card* card = ccd.primary_header().find(key))
          header.set(key, card->value, card->comment);
      header.set("EXPNUM", made.table.integer("expnum", row));
      header.set("PROCDATE", made.table.text("procdate", row));
      header.set("PLPROCID", made.table.text("plprocid", row));
      for (const auto& [key, column] : {std::pair{"RA_BORE", "ra_bore"}, std::pair{"DEC_BORE", "dec_bore"}})
        if (const double v = made.table.number(column, row); std::isfinite(v)) header.set(key, v);
    }
    std::vector<double> points, widths;
    for (const std::size_t i : rows) {
      if (std::isfinite(images.rows[i].zero_point.zero_point))
        points.push_back(images.rows[i].zero_point.zero_point);
      if (images.rows[i].fwhm > 0) widths.push_back(images.rows[i].fwhm);
    }
    if (!points.empty()) header.set("CCD_ZPT", median_of(points), "median over the CCDs");
    if (!widths.empty()) {
      header.set("FWHM", median_of(widths), "pixels, median over the CCDs");
      if (row >= 0)
        header.set("SEEING", median_of(widths) * made.table.number("pixscale_mean", row), "arcsec");
    }
    header.set("FILENAME", (fs::path(name).parent_path().filename() / fs::path(name).filename()).string());
    for (const auto& [ending, table] :
         {std::pair{kEndings[0], photom_table(made, images, rows)}, std::pair{kEndings[1], annotated}}) {
      fits::FitsWriter writer;
      writer.add_empty_primary();
      writer.add_table(table, "", header);
      writer.write(file_of(directory, cameras, made, images.rows[rows.front()], ending));
    }
  }
}

}  // namespace brickline
