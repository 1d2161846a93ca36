#include "core/forced/forced_merge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <tuple>

#include "core/base/error.h"
#include "core/forced/forced_source.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

using ObjectKey = std::array<std::int64_t, 3>;  // release, brickid, objid

ObjectKey key_of(const fits::Table& t, std::int64_t row) {
  return {t.integer("release", row), t.integer("brickid", row), t.integer("objid", row)};
}

std::string in_names(std::string band) {
  std::replace(band.begin(), band.end(), '-', '_');
  return band;
}

bool kept(const fits::Table& catalog, std::int64_t row, bool all) {
  const std::string type = catalog.text("type", row);
  if (type == "DUP" || type == "NUN") return false;
  return all || !catalog.has("brick_primary") || catalog.logical("brick_primary", row);
}

fits::Table objects_of(const fits::Table& catalog, bool all) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < catalog.rows(); ++i)
    if (kept(catalog, i, all)) rows.push_back(i);
  const fits::Table chosen = catalog.select(rows);
  fits::Table out;
  for (const char* name : {"release", "brickid", "objid", "brick_primary", "type"})
    if (chosen.has(name) || std::string_view(name) != "brick_primary") out.add(chosen.require(name));
  return out;
}

// Sums over one object's measurements in one band.
struct Sums {
  double flux = 0, flux_ivar = 0, psfdepth = 0, galdepth = 0;
  double joint_variance = 0;  // of `flux`
  double fracin = 0, fracflux = 0, fracmasked = 0, rchisq = 0;
  std::vector<double> apflux, apflux_ivar;
  std::int32_t count = 0;

  void add(const fits::Table& t, std::int64_t i, std::int64_t apertures, bool joint) {
    const double ivar = t.number("flux_ivar", i), in = t.number("fracin", i);
    flux += t.number("flux", i) * ivar;
    flux_ivar += ivar;
    if (joint && ivar > 0) joint_variance += ivar * ivar / t.number("flux_ivar_joint", i);
    psfdepth += t.number("psfdepth", i);
    galdepth += t.number("galdepth", i);
    fracin += in;
    fracflux += t.number("fracflux", i) * in;
    fracmasked += t.number("fracmasked", i) * in;
    rchisq += t.number("rchisq", i) * in;
    apflux.resize(static_cast<std::size_t>(apertures));
    apflux_ivar.resize(static_cast<std::size_t>(apertures));
    for (std::int64_t a = 0; a < apertures; ++a) {
      const double iv = t.number("apflux_ivar", i, a);
      apflux[static_cast<std::size_t>(a)] += t.number("apflux", i, a) * iv;
      apflux_ivar[static_cast<std::size_t>(a)] += iv;
    }
    ++count;
  }
};

constexpr const char* kAverage = "of all exposures of the band together";

bool is_cut(const fits::Table& measurements, std::int64_t row) {
  return measurements.has("ccd_cuts") && measurements.integer("ccd_cuts", row) != 0;
}

float ratio(double numerator, double denominator) {
  return denominator > 0 ? static_cast<float>(numerator / denominator) : 0;
}

}  // namespace

void require_same_places(const fits::Table& catalog, const std::vector<NamedTable>& tables) {
  if (!catalog.has("ra") || !catalog.has("dec")) return;
  std::map<ObjectKey, SkyPosition> places;
  for (std::int64_t i = 0; i < catalog.rows(); ++i)
    if (!catalog.has("ref_epoch") || !(catalog.number("ref_epoch", i) > 0))
      places[key_of(catalog, i)] = {catalog.number("ra", i), catalog.number("dec", i)};
  for (const auto& [name, t] : tables) {
    if (!t.has("ra") || !t.has("dec")) continue;
    for (std::int64_t i = 0; i < t.rows(); ++i) {
      const auto found = places.find(key_of(t, i));
      if (found == places.end()) continue;
      const double away = 3600 * angular_separation(found->second.ra, found->second.dec, t.number("ra", i),
                                                    t.number("dec", i));
      if (!(away <= kSamePlaceArcsec))
        throw input_error(
            "row {}: object {} of brick {} was measured {:.2f} arcsec from where the catalog has it: in another catalog, "
            "from which they are to be merged, or they are to be measured again",
            i + 1, t.integer("objid", i), t.integer("brickid", i), away)
            .in_file(name);
    }
  }
}

std::vector<std::string> bands_of(const fits::Table& measurements) {
  std::vector<std::string> bands;
  for (std::int64_t i = 0; i < measurements.rows(); ++i) {
    std::string band = measurements.text("filter", i);
    if (std::find(bands.begin(), bands.end(), band) == bands.end()) bands.push_back(std::move(band));
  }
  return bands;
}

MergedForced merge_forced(const fits::Table& catalog, const std::vector<NamedTable>& tables,
                          const std::vector<std::string>& bands, bool all) {
  MergedForced out;
  out.objects = objects_of(catalog, all);
  std::map<ObjectKey, std::size_t> row_of;
  for (std::int64_t i = 0; i < out.objects.rows(); ++i)
    row_of[key_of(out.objects, i)] = static_cast<std::size_t>(i);
  std::vector<NamedTable> chosen;
  for (const auto& [name, t] : tables) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < t.rows(); ++i)
      if (row_of.contains(key_of(t, i))) rows.push_back(i);
    chosen.push_back({name, t.select(rows)});
  }
  const fits::Table together = concatenate_tables(chosen);
  using SortKey = std::tuple<ObjectKey, std::string, std::string, std::int64_t, std::string>;
  std::vector<SortKey> keys;
  for (std::int64_t i = 0; i < together.rows(); ++i)
    keys.emplace_back(key_of(together, i), together.text("filter", i), together.text("camera", i),
                      together.integer("expnum", i), together.text("ccdname", i));
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  out.measurements = together.select(order);
  const std::size_t objects = static_cast<std::size_t>(out.objects.rows());
  for (const std::string& band : bands) {
    std::vector<std::int32_t> count(objects, 0), first(objects, -1);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const SortKey& key = keys[static_cast<std::size_t>(order[i])];
      if (std::get<1>(key) != band) continue;
      const std::size_t object = row_of.at(std::get<0>(key));
      if (count[object]++ == 0) first[object] = static_cast<std::int32_t>(i);
    }
    out.objects.add("nobs_" + in_names(band), std::move(count), "", {}, "measurements in " + band);
    out.objects.add("index_" + in_names(band), std::move(first), "", {},
                    "first of them in the measurements; -1: none");
  }
  return out;
}

std::string forced_column(std::string_view name, std::string_view band) {
  return "forced_" + std::string(name) + "_" + in_names(std::string(band));
}

fits::Table average_forced(const fits::Table& objects, const fits::Table& measurements,
                           const std::vector<std::string>& bands) {
  std::map<std::pair<ObjectKey, std::string>, Sums> sums;
  const fits::Column* apertures_column = measurements.find("apflux");
  const std::int64_t apertures = apertures_column ? apertures_column->width() : 0;
  const bool joint = measurements.has("flux_ivar_joint");
  for (std::int64_t i = 0; i < measurements.rows(); ++i)
    if (!is_cut(measurements, i))
      sums[{key_of(measurements, i), measurements.text("filter", i)}].add(measurements, i, apertures, joint);
  fits::Table out;
  out.set_rows(objects.rows());
  for (const char* name : {"release", "brickid", "objid"}) out.add(objects.require(name));
  for (const std::string& band : bands) {
    std::vector<Sums> of_band;
    for (std::int64_t i = 0; i < objects.rows(); ++i) {
      const auto found = sums.find({key_of(objects, i), band});
      of_band.push_back(found == sums.end() ? Sums{} : found->second);
      of_band.back().apflux.resize(static_cast<std::size_t>(apertures));
      of_band.back().apflux_ivar.resize(static_cast<std::size_t>(apertures));
    }
    const auto add = [&](const char* name, const char* unit, auto value) {
      std::vector<std::decay_t<decltype(value(Sums{}))>> values;
      for (const Sums& s : of_band) values.push_back(value(s));
      out.add(forced_column(name, band), std::move(values), unit, {}, kAverage);
    };
    const auto add_apertures = [&](const char* name, const char* unit, auto value) {
      if (apertures == 0) return;
      std::vector<float> values;
      for (const Sums& s : of_band)
        for (std::size_t a = 0; a < static_cast<std::size_t>(apertures); ++a) values.push_back(value(s, a));
      out.add(forced_column(name, band), std::move(values), unit, {apertures}, kAverage);
    };
    add("flux", "nanomaggies", [](const Sums& s) { return ratio(s.flux, s.flux_ivar); });
    add("flux_ivar", "nanomaggies^(-2)", [](const Sums& s) { return static_cast<float>(s.flux_ivar); });
    if (joint)
      add("flux_ivar_joint", "nanomaggies^(-2)",
          [](const Sums& s) { return ratio(s.flux_ivar * s.flux_ivar, s.joint_variance); });
    add_apertures("apflux", "nanomaggies",
                  [](const Sums& s, std::size_t a) { return ratio(s.apflux[a], s.apflux_ivar[a]); });
    add_apertures("apflux_ivar", "nanomaggies^(-2)",
                  [](const Sums& s, std::size_t a) { return static_cast<float>(s.apflux_ivar[a]); });
    add("psfdepth", "nanomaggies^(-2)", [](const Sums& s) { return static_cast<float>(s.psfdepth); });
    add("galdepth", "nanomaggies^(-2)", [](const Sums& s) { return static_cast<float>(s.galdepth); });
    add("nexp", "", [](const Sums& s) { return s.count; });
    add("fracflux", "", [](const Sums& s) { return ratio(s.fracflux, s.fracin); });
    add("fracmasked", "", [](const Sums& s) { return ratio(s.fracmasked, s.fracin); });
    add("fracin", "", [](const Sums& s) { return ratio(s.fracin, s.count); });
    add("rchisq", "", [](const Sums& s) { return ratio(s.rchisq, s.fracin); });
  }
  return out;
}

fits::Table light_curve_of(const fits::Table& measurements, std::int64_t brickid, std::int64_t objid) {
  std::vector<std::tuple<std::string, double, std::int64_t>> order;
  for (std::int64_t i = 0; i < measurements.rows(); ++i)
    if (measurements.integer("brickid", i) == brickid && measurements.integer("objid", i) == objid)
      order.emplace_back(measurements.text("filter", i), measurements.number("mjd", i), i);
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> rows;
  for (const auto& entry : order) rows.push_back(std::get<2>(entry));
  return measurements.select(rows);
}

}  // namespace brickline
