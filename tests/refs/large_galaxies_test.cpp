// Large galaxies in the forms that their catalogs have had.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/detect/reference_prior.h"
#include "core/fits/fits_writer.h"
#include "core/model/light_share.h"
#include "core/model/profiles_card.h"
#include "core/survey/bits.h"
#include "tests/refs/cases.h"
#include "tests/refs/made_catalogs.h"

namespace brickline {
namespace {

using test::grz;
using test::only_galaxies;
using test::small_field;

struct Entry {
  std::string cat;
  std::int64_t id = 0;
  int fitmode = 0;
  double ra = 150, dec = 2;
  float diam = 0.5F, ba = 0.5F, pa = 30, mag = 16;
};

// A table in the form of SGA-2025's parent, or with the results of fits.
fits::Table galaxy_table(const std::vector<Entry>& entries, bool ellipse, bool fitmode,
                         const std::string& type = "SER") {
  fits::Table t;
  const auto column = [&]<typename T>(const char* name, auto&& value, T) {
    std::vector<T> v;
    for (const Entry& e : entries) v.push_back(static_cast<T>(value(e)));
    t.add(name, std::move(v));
  };
  column(
      "RA", [](const Entry& e) { return e.ra; }, double{});
  column(
      "DEC", [](const Entry& e) { return e.dec; }, double{});
  column(
      "SGA_ID", [](const Entry& e) { return e.id; }, std::int64_t{});
  column(
      "DIAM", [](const Entry& e) { return e.diam; }, float{});
  column(
      "BA", [](const Entry& e) { return e.ba; }, float{});
  column(
      "PA", [](const Entry& e) { return e.pa; }, float{});
  column(
      "MAG_LEDA", [](const Entry& e) { return e.mag; }, float{});
  if (fitmode)
    column(
        "fitmode", [](const Entry& e) { return e.fitmode; }, std::uint8_t{});
  if (!ellipse) return t;
  std::vector<std::string> cats, types;
  for (const Entry& e : entries) {
    cats.push_back(e.cat);
    types.push_back(type);
  }
  t.add("ref_cat", std::move(cats));
  t.add("type", std::move(types));
  column(
      "ref_id", [](const Entry& e) { return e.id; }, std::int64_t{});
  column(
      "sersic", [](const Entry&) { return 2.5; }, float{});
  column(
      "shape_r", [](const Entry&) { return 4; }, float{});
  column(
      "shape_e1", [](const Entry&) { return 0.3; }, float{});
  column(
      "shape_e2", [](const Entry&) { return -0.4; }, float{});
  column(
      "flux_g", [](const Entry&) { return 100; }, float{});
  column(
      "flux_r", [](const Entry&) { return 200; }, float{});
  column(
      "flux_z", [](const Entry&) { return 300; }, float{});
  return t;
}

fits::Header version(const char* text) {
  fits::Header h;
  h.set("VER", text);
  return h;
}

std::string flags_of(const ReferenceObject& row) {
  std::string f;
  if (row.is_large_galaxy) f += "lg ";
  if (row.is_galaxy_fit) f += "sgafit ";
  if (row.freeze) f += "freeze ";
  if (row.is_resolved) f += "resolved ";
  if (row.ignore) f += "ignore ";
  if (row.set_galaxy_maskbit) f += "mask ";
  return f;
}

TEST(LargeGalaxies, FlagsOfFittedOnes) {
  const test::TemporaryDirectory dir;
  const std::vector<std::pair<Entry, std::string>> cases = {
      {{"L4", 1, 1}, "lg freeze mask "},     {{"L4", 2, 2}, "lg ignore mask "},
      {{"L4", 3, 4}, "lg resolved "},        {{"L4", 4, 0}, "lg mask "},
      {{"G3", 5, 1}, "sgafit freeze "},      {{" ", 6, 1}, "sgafit freeze "},
      {{"L4", 7, 6}, "lg resolved ignore "}, {{"L4", 8, 5}, "lg freeze resolved mask "}};
  std::vector<Entry> entries;
  for (const auto& [entry, flags] : cases) entries.push_back(entry);
  test::write_table(dir / "sga.fits", galaxy_table(entries, true, true), version("L4-ELLIPSE"));
  const ReferenceCatalog catalog = read_references(only_galaxies(dir / "sga.fits"), small_field(), grz());
  EXPECT_EQ(catalog.large_galaxies_version, "L4");
  ASSERT_EQ(catalog.rows.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(flags_of(catalog.rows[i]), cases[i].second) << i;
    EXPECT_TRUE(catalog.rows[i].in_bounds);
  }
  // Those that mask pixels are kept outside the image, too.
  for (Entry& e : entries) e.dec += 0.008;
  test::write_table(dir / "sga.fits", galaxy_table(entries, true, true), version("L4-ELLIPSE"));
  std::vector<std::int64_t> kept;
  for (const auto& row : read_references(only_galaxies(dir / "sga.fits"), small_field(), grz()).rows) {
    EXPECT_FALSE(row.in_bounds);
    if (row.is_large_galaxy && !row.is_resolved) kept.push_back(row.ref_id);
  }
  EXPECT_EQ(kept, (std::vector<std::int64_t>{1, 2, 4}));
}

TEST(LargeGalaxies, FlagsOfParents) {
  const test::TemporaryDirectory dir;
  std::vector<Entry> entries = {{"", 1, 0}, {"", 2, 2}, {"", 3, 4}, {"", 4, 6}};
  const std::vector<std::string> inside = {"mask ", "ignore mask ", "resolved ", "resolved ignore "};
  const std::vector<std::string> outside = {"ignore mask ", "ignore mask ", "resolved ignore ",
                                            "resolved ignore "};
  for (const bool in : {true, false}) {
    if (!in)
      for (Entry& e : entries) e.dec += 0.008;
    test::write_table(dir / "sga.fits", galaxy_table(entries, false, true), version("L4"));
    const auto rows = read_references(only_galaxies(dir / "sga.fits"), small_field(), grz()).rows;
    ASSERT_EQ(rows.size(), entries.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(flags_of(rows[i]), in ? inside[i] : outside[i]) << i;
      EXPECT_EQ(rows[i].ref_cat, "L4");
      EXPECT_EQ(rows[i].ref_id, entries[i].id);  // of SGA_ID: there is no ref_id
    }
  }
  entries[0].fitmode = 1;
  test::write_table(dir / "sga.fits", galaxy_table(entries, false, true), version("L4"));
  EXPECT_THROW(read_references(only_galaxies(dir / "sga.fits"), small_field(), grz()), Error);
}

TEST(LargeGalaxies, ParentsOf2020MaskNothingUnlessAsked) {
  const test::TemporaryDirectory dir;
  test::write_table(dir / "sga.fits", galaxy_table({{"", 1}}, false, false), version("L3"));
  ReferenceOptions options = only_galaxies(dir / "sga.fits");
  const Wcs wcs = small_field();
  ReferenceCatalog catalog = read_references(options, wcs, grz());
  EXPECT_EQ(flags_of(catalog.rows.at(0)), "lg ");
  EXPECT_EQ(reference_mask(catalog.rows, wcs)(49, 49), 0);
  options.sga2020_parents_set_maskbit = true;
  catalog = read_references(options, wcs, grz());
  EXPECT_EQ(flags_of(catalog.rows.at(0)), "lg mask ");
  EXPECT_EQ(reference_mask(catalog.rows, wcs)(49, 49), refbit::kGalaxy);
}

TEST(LargeGalaxies, AParentsModel) {
  const test::TemporaryDirectory dir;
  test::write_table(dir / "sga.fits", galaxy_table({{"", 1}}, false, false), version("L3"));
  const ReferenceObject row =
      read_references(only_galaxies(dir / "sga.fits"), small_field(), grz()).rows.at(0);
  EXPECT_NEAR(row.radius, 0.004166667, 1e-9);
  EXPECT_NEAR(row.keep_radius, 2 * 0.004166667, 1e-9);
  EXPECT_EQ(row.mag, 16);
  ASSERT_TRUE(row.model);
  EXPECT_TRUE(row.needs_initial_flux);
  EXPECT_EQ(row.model->kind, SourceKind::kExp);
  EXPECT_NEAR(row.model->shape.log_re, 2.015, 5e-4);
  EXPECT_NEAR(row.model->shape.ee1, 0.203, 5e-4);
  EXPECT_NEAR(row.model->shape.ee2, 0.351, 5e-4);
  for (const double f : row.model->flux) EXPECT_NEAR(f, std::pow(10., 2.6), 1e-6);
}

TEST(LargeGalaxies, AFittedOnesModel) {
  const test::TemporaryDirectory dir;
  const auto file = dir / "sga.fits";
  const std::vector<std::string> bands = {"g", "r", "i", "z"};
  test::write_table(file, galaxy_table({{"L4", 1, 1}, {"L4", 2, 2}}, true, true), version("L4-ELLIPSE"));
  const ReferenceCatalog catalog = read_references(only_galaxies(file), small_field(), bands);
  const ReferenceObject &fitted = catalog.rows.at(0), &ignored = catalog.rows.at(1);
  ASSERT_TRUE(fitted.model);
  EXPECT_EQ(fitted.model->kind, SourceKind::kSer);
  EXPECT_EQ(fitted.model->sersic_index, 2.5);
  EXPECT_FALSE(fitted.needs_initial_flux);
  EXPECT_EQ(fitted.model->flux[0], 100);
  EXPECT_EQ(fitted.model->flux[3], 300);
  // i from r - z.
  const double c = 2.5 * std::log10(300. / 200);
  const double i_minus_z = -0.13689305 + 0.80606322 * c - 0.24921022 * c * c - 0.15773003 * std::pow(c, 3) +
                           0.10645930 * std::pow(c, 4) - 0.0050743524 * std::pow(c, 5);
  EXPECT_NEAR(fitted.model->flux[2], 300 * std::pow(10., -0.4 * i_minus_z), 1e-9);
  const Ellipse shape = to_ellipse(fitted.model->shape);
  EXPECT_NEAR(shape.re, 4, 1e-6);
  EXPECT_NEAR(shape.e1, 0.3, 1e-6);
  EXPECT_NEAR(shape.e2, -0.4, 1e-6);
  EXPECT_NEAR(fitted.model->max_log_re, std::log(8.), 1e-6);
  // One that is set aside has no light; its ellipse is the catalog's.
  ASSERT_TRUE(ignored.model);
  EXPECT_EQ(ignored.model->flux, std::vector<double>(4, 0));
  const Ellipse whole = to_ellipse(ignored.model->shape);
  EXPECT_NEAR(whole.re, 15, 1e-5);
  EXPECT_NEAR(whole.e1, 0.166667, 1e-6);
  EXPECT_NEAR(whole.e2, 0.288675, 1e-6);
  // A band that the catalog has no flux of.
  const ReferenceCatalog u =
      read_references(only_galaxies(file), small_field(), std::vector<std::string>{"u", "r"});
  EXPECT_TRUE(u.rows.at(0).needs_initial_flux);
  EXPECT_EQ(u.rows.at(0).model->flux, (std::vector<double>{1, 200}));
  // A run whose galaxies are whole profiles wants fluxes of such ones, unless they are that already.
  ReferenceOptions whole_profiles = only_galaxies(file);
  whole_profiles.profiles = GalaxyProfiles::kSersic;
  const double share = reference_light_share(SourceKind::kSer, 2.5);
  EXPECT_NEAR(share, 0.9637, 1e-4);
  EXPECT_NEAR(read_references(whole_profiles, small_field(), bands).rows.at(0).model->flux[0], 100 / share,
              1e-9);
  fits::Header card = version("L4-ELLIPSE");
  add_profiles_card(card, GalaxyProfiles::kSersic);
  test::write_table(file, galaxy_table({{"L4", 1, 1}}, true, true), card);
  EXPECT_EQ(read_references(whole_profiles, small_field(), bands).rows.at(0).model->flux[0], 100);
  EXPECT_NEAR(read_references(only_galaxies(file), small_field(), bands).rows.at(0).model->flux[0],
              100 * share, 1e-9);
  // In the table's own header, which copies keep, as well.
  fits::Header own;
  add_profiles_card(own, GalaxyProfiles::kSersic);
  fits::FitsWriter writer;
  writer.add_empty_primary(version("L4-ELLIPSE"));
  writer.add_table(galaxy_table({{"L4", 1, 1}}, true, true), "", own);
  writer.write(file);
  EXPECT_EQ(read_references(whole_profiles, small_field(), bands).rows.at(0).model->flux[0], 100);
  // A point source has no shape.
  test::write_table(file, galaxy_table({{" ", 1, 1}}, true, true, "PSF"), version("L4-ELLIPSE"));
  EXPECT_EQ(read_references(only_galaxies(file), small_field(), bands).rows.at(0).model->kind,
            SourceKind::kPsf);
}

// Stars on a galaxy: entries of its own fit are Gaia's stars, others are duplicates.
TEST(LargeGalaxies, AndTheStarsOnThem) {
  const test::TemporaryDirectory dir;
  const Wcs wcs = small_field();
  test::write_table(dir / "sga.fits",
                    galaxy_table({{"L4", 1, 1}, {"G3", 77, 1, 150.002, 2.002}}, true, true, "PSF"),
                    version("L4-ELLIPSE"));
  test::write_gaia(dir.path(), wcs,
                   test::gaia_table({{77, 150.002, 2.00201, 40, -30, 5, 17, 17.5F, 16.5F},
                                     {78, 150.0003, 2.0001, 0, 0, 0, 18, 18.5F, 17.5F},
                                     {79, 150.003, 1.998, 0, 0, 0, 19, 19.5F, 18.5F}}));
  ReferenceOptions options = test::only_gaia(dir.path());
  options.large_galaxies = true;
  options.large_galaxies_file = dir / "sga.fits";
  const ReferenceCatalog catalog = read_references(options, wcs, grz());
  ASSERT_EQ(catalog.rows.size(), 4U);
  EXPECT_EQ(catalog.rows[0].ref_id, 78);
  EXPECT_TRUE(catalog.rows[0].duplicate && catalog.rows[0].ignore);
  EXPECT_EQ(catalog.rows[1].ref_id, 79);
  EXPECT_FALSE(catalog.rows[1].duplicate || catalog.rows[1].ignore);
  EXPECT_EQ(catalog.rows[2].ref_cat, "L4");
  const ReferenceObject& entry = catalog.rows[3];
  EXPECT_EQ(entry.ref_cat, "G3");
  EXPECT_EQ(entry.ref_id, 77);
  EXPECT_TRUE(entry.is_gaia && entry.is_galaxy_fit && entry.freeze);
  ASSERT_TRUE(entry.gaia && entry.model && entry.model->motion);
  EXPECT_EQ(entry.gaia->phot_g_mean_mag, 17);
  EXPECT_EQ(entry.model->motion->pmra, 40);
  EXPECT_EQ(entry.model->dec, 2.00201);
  EXPECT_EQ(entry.model->flux[0], 100);  // of the galaxy's fit

  const ReferencePrior prior = reference_prior(catalog, {}, wcs);
  EXPECT_EQ(prior.set_aside, std::vector<int>{0});
  ASSERT_EQ(prior.prior.references.size(), 3U);
  EXPECT_TRUE(prior.prior.references[1].reference.large_galaxy && prior.prior.references[1].reference.frozen);
  EXPECT_TRUE(prior.prior.references[2].reference.galaxy_fit);
  // Frozen objects let nothing new be found on their masks.
  EXPECT_NE(prior.prior.veto(49, 49), 0);
  EXPECT_EQ(prior.prior.veto(2, 97), 0);
}

TEST(LargeGalaxies, MagellanicCloudsOnlyMask) {
  const test::TemporaryDirectory dir;
  const double ra = 80.894, dec = -69.756;
  Entry cloud{"", 5053785, 0, ra, dec, 640, 0.9F, 170, 1};
  Entry galaxy{"", 12, 0, ra + 3, dec};
  test::write_table(dir / "sga.fits", galaxy_table({cloud, galaxy}, false, true), version("L4"));
  const Wcs wcs = small_field(ra + 3, dec);
  const ReferenceCatalog catalog = read_references(only_galaxies(dir / "sga.fits"), wcs, grz());
  ASSERT_EQ(catalog.rows.size(), 2U);
  const ReferenceObject& row = catalog.rows[0];
  EXPECT_EQ(row.ref_cat, "MC");
  EXPECT_EQ(row.ref_id, 1);
  EXPECT_TRUE(row.is_mcloud && row.ignore && row.freeze);
  EXPECT_FALSE(row.model);
  EXPECT_EQ(catalog.rows[1].ref_id, 12);
  EXPECT_EQ(reference_mask(catalog.rows, wcs)(0, 0), refbit::kMclouds);
  const ReferencePrior prior = reference_prior(catalog, {}, wcs);
  EXPECT_EQ(prior.set_aside, std::vector<int>{0});
  EXPECT_NE(prior.prior.veto(0, 0), 0);
  // Far away it is not there, nor a galaxy of that name.
  EXPECT_TRUE(read_references(only_galaxies(dir / "sga.fits"), small_field(ra, dec + 20), grz()).empty());
}

TEST(StarClusters, MaskAndAreSetAside) {
  const test::TemporaryDirectory dir;
  fits::Table t;
  t.add("ra", std::vector<double>{10, 150.0, 151.5});
  t.add("dec", std::vector<double>{2, 1.99, 2.0});
  t.add("radius", std::vector<double>{0.5, 0.02, 0.01});
  t.add("ba", std::vector<double>{1, 1, 1});
  t.add("pa", std::vector<double>{0, 0, 0});
  test::write_table(dir / "clusters.fits", t);
  ReferenceOptions options;
  options.tycho = options.gaia = options.large_galaxies = false;
  options.star_clusters_file = dir / "clusters.fits";
  const Wcs wcs = small_field();
  const ReferenceCatalog catalog = read_references(options, wcs, grz());
  ASSERT_EQ(catalog.rows.size(), 1U);
  const ReferenceObject& row = catalog.rows[0];
  EXPECT_EQ(row.ref_cat, "CL");
  EXPECT_EQ(row.ref_id, 1);
  EXPECT_EQ(row.radius_pix, 275);
  EXPECT_TRUE(row.is_cluster && row.ignore && !row.model && !row.in_bounds);
  EXPECT_EQ(reference_mask(catalog.rows, wcs)(50, 50), refbit::kCluster);
  const ReferencePrior prior = reference_prior(catalog, {}, wcs);
  EXPECT_TRUE(prior.prior.references.empty() && prior.prior.avoid.empty());
  EXPECT_NE(prior.prior.veto(50, 50), 0);
}

// A known globular cluster beside a field.
TEST(StarClusters, Palomar13) {
  BRICKLINE_NEEDS_DATA("auxiliary/NGC-star-clusters.fits");
  ReferenceOptions options;
  options.tycho = options.gaia = options.large_galaxies = false;
  options.star_clusters_file = test::data_dir() / "auxiliary" / "NGC-star-clusters.fits";
  const Wcs wcs = small_field(346.684, 12.791);
  const ReferenceCatalog catalog = read_references(options, wcs, grz());
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.rows[0].ref_id, 216);
  EXPECT_EQ(catalog.rows[0].ibx, 36);
  EXPECT_EQ(catalog.rows[0].iby, -225);
  EXPECT_EQ(catalog.rows[0].radius_pix, 275);
  const Image<std::uint8_t> mask = reference_mask(catalog.rows, wcs);
  int pixels = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) pixels += mask(x, y) == refbit::kCluster;
  EXPECT_EQ(pixels, 4833);
}

}  // namespace
}  // namespace brickline
