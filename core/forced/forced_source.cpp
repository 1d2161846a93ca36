#include "core/forced/forced_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/fits/column_units.h"
#include "core/fits/fits_reader.h"
#include "core/model/profiles_card.h"

namespace brickline {
namespace {

std::optional<SourceKind> kind_of(std::string_view type) {
  for (const SourceKind kind : kSourceKinds)
    if (type == kind_name(kind)) return kind;
  return std::nullopt;
}

// A column that older catalogs lack: 0 there.
double number_or_zero(const fits::Table& t, std::string_view column, std::int64_t row) {
  const double v = t.has(column) ? t.number(column, row) : 0;
  return std::isfinite(v) ? v : 0;
}

double sersic_index_of(const SourceModel& model) {
  switch (model.kind) {
    case SourceKind::kPsf:
    case SourceKind::kComp:
      return 0;
    case SourceKind::kRex:
    case SourceKind::kExp:
      return 1;
    case SourceKind::kDev:
      return 4;
    case SourceKind::kSer:
      return model.sersic_index;
  }
  return 0;
}

Ellipse shape_of(const fits::Table& t, std::int64_t i, const std::string& name) {
  const Ellipse shape{t.number(name + "_r", i), t.number(name + "_e1", i), t.number(name + "_e2", i)};
  if (!(shape.re > 0) || !std::isfinite(shape.re) || !(std::hypot(shape.e1, shape.e2) < 1))
    throw input_error("row {}: a galaxy without a shape ({}_r {}, {}_e1 {}, {}_e2 {})", i + 1, name, shape.re,
                      name, shape.e1, name, shape.e2);
  return shape;
}

// The bulge's fraction of a composite galaxy's light: in the band, else in all bands that the catalog has, together.
double fracdev_of(const fits::Table& t, std::int64_t i, const std::string& band) {
  const std::string prefix = "fracdev_", own = prefix + band;
  double flux = 0, bulge = 0;
  bool any = false;
  for (const fits::Column& c : t.columns()) {
    if (!c.name.starts_with(prefix) || c.name.starts_with(prefix + "ivar_")) continue;
    const std::string fluxes = "flux_" + c.name.substr(prefix.size());
    const double share = t.number(c.name, i);
    any = true;
    if (!(share >= 0 && share <= 1))
      throw input_error("row {}: {} {} is no share of a galaxy's light", i + 1, c.name, share);
    const double f = t.has(fluxes) ? t.number(fluxes, i) : 0;
    if (c.name == own && (f > 0 || !t.has(fluxes))) return share;
    if (!(f > 0)) continue;
    flux += f;
    bulge += f * share;
  }
  if (!any) throw input_error("row {}: a composite galaxy, and no column fracdev_BAND", i + 1);
  return flux > 0 ? bulge / flux : 0;
}

ForcedSource source_of(const fits::Table& t, std::int64_t i, const std::string& band,
                       GalaxyProfiles profiles) {
  const std::string flux_column = "flux_" + band;
  ForcedSource s{.profiles = profiles};
  s.release = static_cast<std::int32_t>(number_or_zero(t, "release", i));
  s.brickid = static_cast<std::int32_t>(t.integer("brickid", i));
  s.objid = static_cast<std::int32_t>(t.integer("objid", i));
  s.brickname = t.text("brickname", i);
  if (t.has("brick_primary")) s.primary = t.logical("brick_primary", i);
  const std::string type = t.text("type", i);
  const std::optional<SourceKind> kind = kind_of(type);
  s.matched = !(type.empty() && s.objid == -1);
  if (!s.matched) {
    s.has_profile = s.primary = false;
    return s;
  }
  if (!kind && type != "DUP" && type != "NUN")
    throw input_error("row {}: '{}' is no type of source (PSF, REX, EXP, DEV, SER, COMP, DUP, NUN)", i + 1,
                      type);
  s.has_profile = kind.has_value();
  s.model.kind = kind.value_or(SourceKind::kPsf);
  s.model.ra = t.number("ra", i);
  s.model.dec = t.number("dec", i);
  if (!std::isfinite(s.model.ra) || !(std::abs(s.model.dec) <= 90))
    throw input_error("row {}: ({}, {}) is no position", i + 1, s.model.ra, s.model.dec);
  if (s.model.is_galaxy()) {
    s.model.shape = to_softened(shape_of(t, i, "shape"));
    if (s.model.kind == SourceKind::kSer) s.model.sersic_index = t.number("sersic", i);
    if (s.model.kind == SourceKind::kSer &&
        !(s.model.sersic_index > 0 && std::isfinite(s.model.sersic_index)))
      throw input_error("row {}: a SER galaxy with the index {}", i + 1, s.model.sersic_index);
  }
  if (s.model.is_composite()) {
    const double fracdev = fracdev_of(t, i, band);
    s.model.bulge = Bulge{to_softened(shape_of(t, i, "shapedev")), {fracdev}};
  }
  if (t.has("ref_cat")) s.ref_cat = t.text("ref_cat", i);
  if (t.has("ref_id")) s.ref_id = t.integer("ref_id", i);
  if (const double epoch = number_or_zero(t, "ref_epoch", i); epoch > 0)
    s.model.motion = SkyMotion{number_or_zero(t, "pmra", i), number_or_zero(t, "pmdec", i),
                               number_or_zero(t, "parallax", i), epoch};
  if (t.has(flux_column))
    if (const double flux = t.number(flux_column, i); std::isfinite(flux)) s.flux = static_cast<float>(flux);
  return s;
}

void require_units(const fits::Table& t) {
  using fits::WantedUnit;
  for (const auto& [unit, columns] :
       {std::pair<WantedUnit, std::vector<const char*>>{WantedUnit::kDegrees, {"ra", "dec"}},
        {WantedUnit::kArcsec, {"shape_r", "shapedev_r"}},
        {WantedUnit::kMilliarcsec, {"parallax"}},
        {WantedUnit::kMilliarcsecPerYear, {"pmra", "pmdec"}}})
    for (const char* column : columns) fits::require_unit(t, column, unit);
}

// What composite galaxies need, of all bands, where the table may have any.
void add_columns_of_bulges(const fits::Header& header, std::vector<std::string>& columns) {
  std::vector<std::string> names;
  for (std::int64_t k = 1; k <= header.integer("TFIELDS").value_or(0); ++k)
    names.push_back(header.text(fmt::format("TTYPE{}", k)).value_or(""));
  const std::string prefix = "fracdev_";
  for (const std::string& name : names) {
    if (name.starts_with("shapedev_")) columns.push_back(name);
    if (!name.starts_with(prefix) || name.starts_with(prefix + "ivar_")) continue;
    columns.push_back(name);
    if (const std::string flux = "flux_" + name.substr(prefix.size());
        std::ranges::find(columns, flux) == columns.end())
      columns.push_back(flux);
  }
}

}  // namespace

double ForcedSource::fitted_covariance(std::size_t i, std::size_t j) const {
  const std::size_t row = std::max(i, j), at = row * (row + 1) / 2 + std::min(i, j);
  return at < covariance.size() ? static_cast<double>(covariance[at]) : 0;
}

GalaxyProfiles profiles_of(std::span<const ForcedSource> sources) {
  const auto galaxy =
      std::ranges::find_if(sources, [](const ForcedSource& s) { return s.model.is_galaxy(); });
  if (galaxy == sources.end()) return GalaxyProfiles::kReference;
  return galaxy->profiles;
}

void require_same_profiles(const ForcedSource& source, GalaxyProfiles profiles) {
  if (source.model.is_galaxy())
    require_profiles(source.profiles, profiles, "other catalogs that are needed here",
                     "sources are measured together with catalogs");
}

bool is_near(const ForcedSource& source, const ForcedRegion& region) {
  const auto at = region.wcs->sky_to_pixel(source.model.ra, source.model.dec);
  if (!at) return false;
  // The margin is counted in FITS's pixels, from the number of the first less one to the number of the last.
  const double x = at->x + 1 - region.box.x0, y = at->y + 1 - region.box.y0;
  return x >= -kForcedMargin && x <= region.box.width() + kForcedMargin && y >= -kForcedMargin &&
         y <= region.box.height() + kForcedMargin;
}

std::vector<ForcedSource> forced_sources(const fits::Table& catalog, std::string_view band,
                                         GalaxyProfiles profiles) {
  require_units(catalog);
  std::vector<ForcedSource> out;
  out.reserve(static_cast<std::size_t>(catalog.rows()));
  for (std::int64_t i = 0; i < catalog.rows(); ++i)
    out.push_back(source_of(catalog, i, std::string(band), profiles));
  return out;
}

std::vector<ForcedSource> read_forced_sources(const std::filesystem::path& catalog, std::string_view band) {
  fits::FitsReader reader(catalog);
  static const std::vector<std::string> kColumns = {
      "release", "brickid", "brickname", "objid",    "brick_primary", "type",
      "ra",      "dec",     "shape_r",   "shape_e1", "shape_e2",      "sersic",
      "ref_cat", "ref_id",  "ref_epoch", "pmra",     "pmdec",         "parallax"};
  std::vector<std::string> columns = kColumns;
  columns.push_back("flux_" + std::string(band));
  const int hdu = reader.find_hdu("CATALOG").value_or(1);
  if (hdu >= reader.hdu_count() || !reader.is_table(hdu))
    throw input_error("no catalog: its first extension is no table").in_file(catalog.string());
  try {
    const fits::Header own = reader.header(hdu);
    add_columns_of_bulges(own, columns);
    return forced_sources(reader.columns(hdu, columns), band, profiles_of(reader.header(0), own));
  } catch (Error& e) {
    throw e.in_file(catalog.string());
  }
}

std::vector<ForcedSource> read_chosen_sources(const std::filesystem::path& catalog, std::string_view band,
                                              const Log& log) {
  std::vector<ForcedSource> all = read_forced_sources(catalog, band), out;
  std::size_t unmatched = 0, without_profile = 0, repeated = 0;
  std::map<std::array<std::int32_t, 3>, std::pair<std::size_t, std::size_t>> known;  // row and place in `out`
  for (std::size_t i = 0; i < all.size(); ++i) {
    ForcedSource& s = all[i];
    if (!s.matched || !s.has_profile) {
      ++(s.matched ? without_profile : unmatched);
      continue;
    }
    const auto [at, is_new] = known.try_emplace({s.release, s.brickid, s.objid}, std::pair{i, out.size()});
    if (is_new) {
      out.push_back(std::move(s));
      continue;
    }
    const SourceModel& first = out[at->second.second].model;
    if (first.kind != s.model.kind || first.ra != s.model.ra || first.dec != s.model.dec)
      throw input_error(
          "rows {} and {} are both release {}, brickid {}, objid {}, and are different sources: each needs an objid "
          "of its own",
          at->second.first + 1, i + 1, s.release, s.brickid, s.objid)
          .in_file(catalog.string());
    ++repeated;
  }
  if (unmatched > 0)
    log.warning("{}: {} of {} rows have no match (OBJID -1): they are not measured", catalog.string(),
                unmatched, all.size());
  if (repeated > 0)
    log.warning("{}: {} of {} rows repeat a source of a row before them: it is measured once",
                catalog.string(), repeated, all.size());
  if (without_profile > 0)
    log.info("{}: {} of its rows (DUP, NUN) are no sources of their own: they are not measured",
             catalog.string(), without_profile);
  return out;
}

fits::Table source_table(std::span<const ForcedSource> sources, std::string_view band) {
  fits::Table t;
  const auto add = [&](const char* name, const char* unit, auto value) {
    std::vector<std::decay_t<decltype(value(std::declval<const ForcedSource&>()))>> values;
    for (const ForcedSource& s : sources) values.push_back(value(s));
    t.add(name, std::move(values), unit);
  };
  const auto shape = [](const ForcedSource& s) {
    return s.model.is_galaxy() ? to_ellipse(s.model.shape) : Ellipse{};
  };
  const auto motion = [](const ForcedSource& s) { return s.model.motion.value_or(SkyMotion{0, 0, 0, 0}); };
  add("ra", "deg", [](const ForcedSource& s) { return s.model.ra; });
  add("dec", "deg", [](const ForcedSource& s) { return s.model.dec; });
  add("brick_primary", "", [](const ForcedSource& s) { return s.primary; });
  add("type", "", [](const ForcedSource& s) { return std::string(kind_name(s.model.kind)); });
  add("release", "", [](const ForcedSource& s) { return static_cast<std::int16_t>(s.release); });
  add("brickid", "", [](const ForcedSource& s) { return s.brickid; });
  add("brickname", "", [](const ForcedSource& s) { return s.brickname; });
  add("objid", "", [](const ForcedSource& s) { return s.objid; });
  add("sersic", "", [](const ForcedSource& s) { return static_cast<float>(sersic_index_of(s.model)); });
  add("shape_r", "arcsec", [&](const ForcedSource& s) { return static_cast<float>(shape(s).re); });
  add("shape_e1", "", [&](const ForcedSource& s) { return static_cast<float>(shape(s).e1); });
  add("shape_e2", "", [&](const ForcedSource& s) { return static_cast<float>(shape(s).e2); });
  if (std::ranges::any_of(sources, [](const ForcedSource& s) { return s.model.is_composite(); })) {
    const auto bulge = [](const ForcedSource& s) {
      return s.model.is_composite() ? to_ellipse(s.model.bulge->shape) : Ellipse{};
    };
    add("shapedev_r", "arcsec", [&](const ForcedSource& s) { return static_cast<float>(bulge(s).re); });
    add("shapedev_e1", "", [&](const ForcedSource& s) { return static_cast<float>(bulge(s).e1); });
    add("shapedev_e2", "", [&](const ForcedSource& s) { return static_cast<float>(bulge(s).e2); });
    add(("fracdev_" + std::string(band)).c_str(), "", [](const ForcedSource& s) {
      return s.model.is_composite() ? static_cast<float>(s.model.bulge->fraction[0]) : 0.F;
    });
  }
  add("ref_epoch", "yr", [&](const ForcedSource& s) { return static_cast<float>(motion(s).ref_epoch); });
  add("pmra", "mas/yr", [&](const ForcedSource& s) { return static_cast<float>(motion(s).pmra); });
  add("pmdec", "mas/yr", [&](const ForcedSource& s) { return static_cast<float>(motion(s).pmdec); });
  add("parallax", "mas", [&](const ForcedSource& s) { return static_cast<float>(motion(s).parallax); });
  add("ref_cat", "", [](const ForcedSource& s) { return s.ref_cat; });
  add("ref_id", "", [](const ForcedSource& s) { return s.ref_id; });
  if (std::ranges::any_of(sources, [](const ForcedSource& s) { return s.flux.has_value(); }))
    add(("flux_" + std::string(band)).c_str(), "nanomaggies",
        [](const ForcedSource& s) { return s.flux.value_or(0.f); });
  return t;
}

}  // namespace brickline
