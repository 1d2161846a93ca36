#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/model/light_share.h"
#include "core/model/profiles_card.h"
#include "core/refs/catalog_sources.h"
#include "core/wcs/sky.h"

namespace brickline::refs {
namespace {

// Bits of fitmode.
constexpr std::uint8_t kFreeze = 1, kFixedGeometry = 2, kResolved = 4, kMclouds = 8;
constexpr double kMargin = 2;             // degrees beyond the image
constexpr double kSmallestRadius = 0.01;  // arcsec, of a model
constexpr double kLargestRadius = 36000;  // arcsec, of a model
constexpr double kLargestGrowth = 2;      // how many times larger a model may become in a fit
constexpr float kKept = 2;                // radii
constexpr double kDegree = std::numbers::pi / 180;

struct Cloud {
  double ra, dec;
  std::int64_t sga_id, ref_id;
};
constexpr std::array<Cloud, 2> kClouds = {{{80.894, -69.756, 5053785, 1}, {13.187, -72.829, 5053799, 2}}};
constexpr double kCloudReach = 6;  // degrees: clouds farther from the image are not looked for
constexpr double kCloudMatch = 1. / 60;

// Which kind of file it is.
struct Form {
  bool ellipse = false;      // with the results of the galaxies' own fits
  bool has_fitmode = false;  // SGA-2025; SGA-2020 has other columns
  GalaxyProfiles profiles = GalaxyProfiles::kReference;
  std::string version;
};

// Arcmin; the Clouds, the largest galaxies there are, have about ten degrees.
bool is_usable_diameter(double arcmin) { return arcmin > 0 && arcmin < 30 * 60; }

Form form_of(fits::FitsReader& reader, const Log& log) {
  Form form;
  const fits::Header header = reader.header(0);
  form.profiles = profiles_of(header, reader.header(1));
  std::optional<std::string> version = header.text("VER");
  if (!version) version = header.text("SGAVER");
  const std::string path = reader.path().string();
  if (!version) {
    form.version = path.find("3.0") != std::string::npos   ? "L3"
                   : path.find("2.0") != std::string::npos ? "L2"
                                                           : "LG";
    log.warning(
        "{} has no version (card VER or SGAVER): taken for a catalog before its galaxies' own fits, whose "
        "entries are called {}",
        path, form.version);
    return form;
  }
  std::string text = *version;
  text.erase(0, text.find_first_not_of(' '));
  form.ellipse = upper_case(text).find("ELLIPSE") != std::string::npos;
  if (form.ellipse) text = text.substr(0, text.find('-'));
  if (text.size() != 2)
    throw input_error("its version '{}' is unknown: expected two characters, as L3, or L3-ELLIPSE", *version);
  form.version = text;
  return form;
}

// One file's rows, in the terms of either form.
class Galaxies {
 public:
  Galaxies(fits::Table table, Form form) : table_(std::move(table)), form_(std::move(form)) {
    require_columns(table_, {"ra", "dec", "ba", "pa"});
    if (!table_.has("d26") && !table_.has("diam"))
      throw input_error("the table has neither column d26 nor diam");
    if (!table_.has("ref_id") && !table_.has("sga_id"))
      throw input_error("the table has neither column ref_id nor sga_id");
    form_.has_fitmode = table_.has("fitmode");
    if (form_.ellipse) {
      require_columns(table_, {"ref_cat", "sersic", "type", "shape_r", "shape_e1", "shape_e2"});
      if (!form_.has_fitmode) require_columns(table_, {"in_footprint_grz", "preburned", "freeze", "sga_id"});
    }
  }
  // Of the file in arcmin, whatever it is.
  double diameter(std::int64_t row) const { return number(table_.has("d26") ? "d26" : "diam", row); }
  std::int64_t rows() const { return table_.rows(); }
  const fits::Table& table() const { return table_; }
  const Form& form() const { return form_; }
  double number(const char* name, std::int64_t row) const { return table_.number(name, row); }
  bool logical(const char* name, std::int64_t row) const { return table_.number(name, row) != 0; }
  // Position, size and identity, which all forms have.
  ReferenceObject entry(std::int64_t row) const {
    ReferenceObject o;
    o.ra = number("ra", row);
    o.dec = number("dec", row);
    o.ref_id = table_.integer(table_.has("ref_id") ? "ref_id" : "sga_id", row);
    const double diameter = this->diameter(row);
    o.radius = is_usable_diameter(diameter) ? finite_or_zero(diameter) / 2 / 60 : 0.f;
    o.keep_radius = kKept * o.radius;
    o.ba = finite_or_zero(number("ba", row));
    o.pa = finite_or_zero(number("pa", row));
    for (const char* name : {"mag", "mag_leda"})
      if (table_.has(name)) {
        o.mag = finite_or_zero(number(name, row));
        break;
      }
    if (form_.has_fitmode) o.fitmode = static_cast<std::uint8_t>(table_.integer("fitmode", row));
    return o;
  }
  std::int64_t sga_id(std::int64_t row) const {
    return table_.integer(table_.has("sga_id") ? "sga_id" : "ref_id", row);
  }

 private:
  fits::Table table_;
  Form form_;
};

// What the catalog's columns say about how the entry is treated.
void set_flags(ReferenceObject& o, const Galaxies& galaxies, std::int64_t row,
               const ReferenceOptions& options, const Wcs& wcs) {
  const Form& form = galaxies.form();
  const fits::Table& table = galaxies.table();
  const bool free_or_fixed = o.fitmode == 0 || o.fitmode == kFixedGeometry;
  o.ref_cat = form.version;
  if (form.ellipse) {
    o.ref_cat = table.text("ref_cat", row);
    if (form.has_fitmode) {
      o.is_large_galaxy = o.ref_cat.starts_with('L');
      o.is_galaxy_fit = !o.is_large_galaxy;
      o.freeze = o.fitmode & kFreeze;
      o.set_galaxy_maskbit = (o.freeze && o.is_large_galaxy) || free_or_fixed;
      o.ignore = o.fitmode & kFixedGeometry;
    } else {
      const bool in_footprint = galaxies.logical("in_footprint_grz", row);
      const std::int64_t id = table.integer("sga_id", row);
      o.is_large_galaxy = !in_footprint || (o.ref_cat == form.version && id > -1);
      o.freeze = galaxies.logical("preburned", row) && galaxies.logical("freeze", row);
      o.set_galaxy_maskbit = o.is_large_galaxy;
      if (!in_footprint) o.ref_id = id;
    }
  } else if (form.has_fitmode) {
    if (o.fitmode & kFreeze)
      throw input_error("row {} has a fitmode ({}) that freezes it, in a catalog without fits", row + 1,
                        static_cast<int>(o.fitmode));
    const auto p = wcs.sky_to_pixel(o.ra, o.dec);
    const bool inside =
        p && p->x >= -0.5 && p->x < wcs.width() - 0.5 && p->y >= -0.5 && p->y < wcs.height() - 0.5;
    o.set_galaxy_maskbit = free_or_fixed;
    o.ignore = (o.fitmode & kFixedGeometry) || !inside;
  } else {
    o.is_large_galaxy = true;
    o.set_galaxy_maskbit = options.sga2020_parents_set_maskbit;
  }
  o.is_resolved = o.fitmode & kResolved;
  o.is_mcloud = o.fitmode & kMclouds;
}

bool is_usable_index(double sersic) { return sersic > 0 && sersic < 20; }

// The galaxies that are not what the catalog's columns should say, told at the end.
struct Unusable {
  UnusableEntries sizes{"diameter", "they are not masked"};
  UnusableEntries fits{"fit (shape_r, shape_e1, shape_e2, sersic)", "their models have defaults"};
  void look_at(const Galaxies& galaxies, const ReferenceObject& o, std::int64_t row) {
    if (!is_usable_diameter(galaxies.diameter(row))) sizes.note(o.ra, o.dec);
    if (!galaxies.table().has("sersic") || o.ignore || !o.model || !o.model->is_galaxy()) return;
    const double re = galaxies.number("shape_r", row), e1 = galaxies.number("shape_e1", row),
                 e2 = galaxies.number("shape_e2", row);
    if (!(re > 0 && re < kLargestRadius) || !std::isfinite(e1) || !std::isfinite(e2) ||
        (o.model->kind == SourceKind::kSer && !is_usable_index(galaxies.number("sersic", row))))
      fits.note(o.ra, o.dec);
  }
};

// ba and pa as a shape whose position angle counts as the catalogs' does, east of north.
Ellipse ellipse_of(const ReferenceObject& o, double radius_arcsec) {
  const double ba = o.ba > 0 && o.ba <= 1 ? o.ba : 1;
  const double e = (1 - ba) / (1 + ba), t = 2 * o.pa * kDegree;
  return {radius_arcsec, e * std::cos(t), e * std::sin(t)};
}

// Fluxes in `bands`; false if any of them is not known.
bool fitted_fluxes(const fits::Table& table, std::int64_t row, std::span<const std::string> bands,
                   std::vector<double>& flux) {
  bool all = true;
  const auto of = [&](const std::string& band) -> std::optional<double> {
    const std::string name = "flux_" + band;
    if (!table.has(name)) return {};
    return table.number(name, row);
  };
  for (const std::string& band : bands) {
    std::optional<double> value = of(band);
    if (!value && band == "i") {
      const auto r = of("r"), z = of("z");
      if (r && z) {
        // Colours of galaxies in the Legacy Surveys.
        constexpr std::array<double, 6> kTerms = {-0.13689305, 0.80606322, -0.24921022,
                                                  -0.15773003, 0.10645930, -0.0050743524};
        const auto mag = [](double f) { return f > 0 ? 22.5 - 2.5 * std::log10(f) : 30; };
        const double c = std::clamp(mag(*r) - mag(*z), -0.5, 2.0);
        double i = mag(*z), power = 1;
        for (const double k : kTerms) {
          i += k * power;
          power *= c;
        }
        value = std::pow(10., (22.5 - i) / 2.5);
      }
    }
    flux.push_back(value && std::isfinite(*value) ? *value : 1);
    all = all && value;
  }
  return all;
}

void set_model(ReferenceObject& o, const Galaxies& galaxies, std::int64_t row,
               std::span<const std::string> bands, GalaxyProfiles profiles) {
  const fits::Table& table = galaxies.table();
  SourceModel model;
  model.ra = o.ra;
  model.dec = o.dec;
  model.kind = SourceKind::kExp;
  const bool has_fits = table.has("sersic");
  if (o.ignore) {
    model.flux.assign(bands.size(), 0);
    model.shape = to_softened(ellipse_of(o, std::max(3600. * o.radius, kSmallestRadius)));
  } else if (has_fits) {
    const std::string type = table.text("type", row);
    const auto kind = std::ranges::find_if(kSourceKinds, [&](SourceKind k) { return type == kind_name(k); });
    if (kind == kSourceKinds.end())
      throw input_error("row {} has the type '{}': known are PSF, REX, EXP, DEV and SER", row + 1, type);
    if (*kind == SourceKind::kComp)
      throw input_error(
          "row {} has the type COMP, a bulge plus disk: a catalog of large galaxies has one profile for each; give it one "
          "of PSF, REX, EXP, DEV and SER",
          row + 1);
    model.kind = *kind;
    o.needs_initial_flux = !fitted_fluxes(table, row, bands, model.flux);
    if (model.is_galaxy()) {
      Ellipse shape{table.number("shape_r", row), table.number("shape_e1", row),
                    table.number("shape_e2", row)};
      if (!(shape.re > kSmallestRadius) || !(shape.re < kLargestRadius)) shape.re = kSmallestRadius;
      constexpr double kLargestEllipticity = 0.999;
      const double e = std::hypot(shape.e1, shape.e2);
      if (!std::isfinite(e)) shape.e1 = shape.e2 = 0;
      if (e > kLargestEllipticity && std::isfinite(e)) {
        shape.e1 *= kLargestEllipticity / e;
        shape.e2 *= kLargestEllipticity / e;
      }
      model.shape = to_softened(shape);
      if (model.kind == SourceKind::kRex) model.shape.ee1 = model.shape.ee2 = 0;
      const double index = table.number("sersic", row);
      if (model.kind == SourceKind::kSer && is_usable_index(index)) model.sersic_index = index;
    }
    convert_fluxes(model, galaxies.form().profiles, profiles);
  } else {
    model.flux.assign(bands.size(), std::pow(10., (22.5 - o.mag) / 2.5));
    model.shape = to_softened(ellipse_of(o, std::max(3600. * o.radius / 2, kSmallestRadius)));
    o.needs_initial_flux = true;
  }
  if (model.is_galaxy() && !o.ignore) model.max_log_re = model.shape.log_re + std::log(kLargestGrowth);
  o.model = std::move(model);
}

// The Magellanic Clouds, if one reaches the image.
std::vector<ReferenceObject> clouds(fits::FitsReader& reader, const Form& form, const SkyPosition& centre,
                                    double image_radius, const Log& log) {
  std::vector<ReferenceObject> out;
  for (const Cloud& cloud : kClouds) {
    if (angular_separation(cloud.ra, cloud.dec, centre.ra, centre.dec) > kCloudReach) continue;
    const Galaxies found(
        reader.rows(1, rows_near(reader, {"stars", "largegals"}, {cloud.ra, cloud.dec}, kCloudMatch, log)),
        form);
    for (std::int64_t i = 0; i < found.rows(); ++i) {
      if (found.sga_id(i) != cloud.sga_id) continue;
      ReferenceObject o = found.entry(i);
      if (angular_separation(o.ra, o.dec, centre.ra, centre.dec) > o.radius + image_radius) continue;
      o.ref_cat = "MC";
      o.ref_id = cloud.ref_id;
      o.fitmode = kMclouds;
      o.is_mcloud = o.ignore = o.freeze = true;
      out.push_back(std::move(o));
    }
  }
  return out;
}

}  // namespace

LargeGalaxies read_large_galaxies(const ReferenceOptions& options, const Wcs& wcs,
                                  std::span<const std::string> bands, const Log& log) {
  fits::FitsReader reader(options.large_galaxies_file);
  const Form form = form_of(reader, log);
  const SkyPosition centre = wcs.center();
  const double image_radius = wcs.radius_degrees();
  LargeGalaxies out;
  out.version = form.version;
  out.rows = clouds(reader, form, centre, image_radius, log);

  const double radius = options.galaxy_margin.value_or(kMargin) + image_radius;
  const Galaxies galaxies(reader.rows(1, rows_near(reader, {"stars", "largegals"}, centre, radius, log)),
                          form);
  Unusable unusable;
  for (std::int64_t i = 0; i < galaxies.rows(); ++i) {
    const std::int64_t id = galaxies.sga_id(i);
    if (std::any_of(kClouds.begin(), kClouds.end(), [&](const Cloud& c) { return c.sga_id == id; })) continue;
    ReferenceObject o = galaxies.entry(i);
    set_flags(o, galaxies, i, options, wcs);
    set_model(o, galaxies, i, bands, options.profiles);
    unusable.look_at(galaxies, o, i);
    out.refer_to_gaia = out.refer_to_gaia || o.ref_cat.starts_with('G');
    out.rows.push_back(std::move(o));
  }
  unusable.sizes.tell(options.large_galaxies_file.string(), log);
  unusable.fits.tell(options.large_galaxies_file.string(), log);
  return out;
}

}  // namespace brickline::refs
