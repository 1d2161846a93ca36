#include "tools/simulate_survey/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline::simulate {
namespace {

using test::TemporaryDirectory;

// Ten true sources in a row north-south, 10 arcsec apart across RA 0, of flux 5 (S/N 50 at the catalog's
// errors).
void write_truth(const std::filesystem::path& directory) {
  fits::Table t;
  std::vector<double> ra(10), dec(10), flux(10, 5.0);
  for (int i = 0; i < 10; ++i) {
    ra[i] = i % 2 ? 0.00001 : 359.99999;
    dec[i] = 30 + i * 10 / 3600.0;
  }
  t.add("ra", ra);
  t.add("dec", dec);
  t.add("flux_r", flux);
  fits::FitsWriter w;
  w.add_table(t);
  w.write(directory / "truth.fits");
}

void write_catalog(const std::filesystem::path& directory, const std::vector<std::string>& types,
                   const std::vector<double>& ra, const std::vector<double>& dec,
                   const std::vector<float>& flux) {
  fits::Table t;
  t.add("type", types);
  t.add("ra", ra);
  t.add("dec", dec);
  t.add("flux_r", flux);
  t.add("flux_ivar_r", std::vector<float>(flux.size(), 100));
  t.add("fracflux_r", std::vector<float>(flux.size(), 0));
  fits::FitsWriter w;
  w.add_table(t);
  w.write(directory / "tractor/000/tractor-0001p300.fits");
}

TEST(Compare, CountsFoundMissedAndSpurious) {
  const TemporaryDirectory dir;
  write_truth(dir.path());
  // Eight of the ten found (0.1 sigma high), one of them across RA 0; one far from everything; one DUP.
  std::vector<std::string> types;
  std::vector<double> ra, dec;
  std::vector<float> flux;
  for (int i = 0; i < 8; ++i) {
    types.push_back("PSF");
    ra.push_back(i % 2 ? 0.00001 : i == 0 ? 0.00002 : 359.99999);
    dec.push_back(30 + i * 10 / 3600.0);
    flux.push_back(5.01f);
  }
  types.insert(types.end(), {"REX", "DUP"});
  ra.insert(ra.end(), {0.01, 0.00001});
  dec.insert(dec.end(), {30.0, 30 + 9 * 10 / 3600.0});
  flux.insert(flux.end(), {1, 5});
  write_catalog(dir / "out", types, ra, dec, flux);

  const Comparison c = compare_with_truth(dir.path(), dir / "out");
  EXPECT_EQ(c.truth, 10);
  EXPECT_EQ(c.catalog, 9);
  EXPECT_EQ(c.matched, 8);
  EXPECT_EQ(c.detectable, 10);
  EXPECT_NEAR(c.completeness, 0.8, 1e-12);
  EXPECT_NEAR(c.spurious, 1.0 / 9, 1e-12);
  ASSERT_EQ(c.bands.size(), 1u);
  EXPECT_EQ(c.bands[0].n, 8);
  EXPECT_NEAR(c.bands[0].median_pull, 0.1, 1e-4);
  EXPECT_NEAR(c.bands[0].bright_bias, 0.002, 1e-5);
  EXPECT_NE(to_text(c).find("found 0.800 of the 10"), std::string::npos);
}

TEST(Compare, OneCatalogRowMatchesOneTrueSource) {
  const TemporaryDirectory dir;
  write_truth(dir.path());
  // Two rows near the first source: the nearer is its match, the other is neither match nor spurious.
  write_catalog(dir / "out", {"PSF", "PSF"}, {359.99999, 359.99999}, {30 + 0.3 / 3600, 30 + 0.1 / 3600},
                {4, 5});
  const Comparison c = compare_with_truth(dir.path(), dir / "out");
  EXPECT_EQ(c.matched, 1);
  EXPECT_EQ(c.spurious, 0);
  EXPECT_NEAR(c.bands[0].median_pull, 0, 1e-4);
}

TrueSource found(int kind, int as, double snr, double nearest, double pull) {
  TrueSource s;
  s.kind = kind;
  s.snr = snr;
  s.nearest = nearest;
  s.matched = true;
  s.found_kind = as;
  s.pull = {pull};
  s.unblended = {true};
  s.radius_pull = as == kind ? 0.5 : NAN;
  return s;
}

TEST(CompareClasses, PutsEverySourceWhereItBelongs) {
  const int psf = kind_number("PSF"), rex = kind_number("REX"), ser = kind_number("SER");
  std::vector<TrueSource> truth = {found(psf, psf, 30, 9, 1),   found(psf, psf, 30, 9, 3),
                                   found(psf, psf, 30, 9, -6),  found(psf, psf, 200, 2, 7),
                                   found(ser, ser, 200, 9, 0),  found(ser, rex, 200, 9, -17),
                                   found(rex, psf, 10, 9, 0.5), found(ser, ser, 60, 9, 2)};
  truth.back().unblended = {false};
  TrueSource missed;
  missed.kind = ser;
  missed.snr = 70;
  missed.nearest = 9;
  truth.push_back(missed);
  const ClassComparison c = compare_classes(truth, {{30, true}, {30, false}, {7, true}}, 1);
  const auto pulls = [&](const std::string& name) {
    for (const ClassPulls& row : c.classes)
      if (row.name == name) return row.bands[0];
    ADD_FAILURE() << name;
    return PullStatistics{};
  };
  EXPECT_EQ(pulls("all matched").n, 8);
  EXPECT_EQ(pulls("all").n, 7);
  const PullStatistics stars = pulls("stars, isolated, S/N 20 - 100");
  EXPECT_EQ(stars.n, 3);
  EXPECT_DOUBLE_EQ(stars.median, 1);
  EXPECT_DOUBLE_EQ(stars.width, 1.4826 * 2);
  EXPECT_NEAR(stars.beyond_5, 1 / 3.0, 1e-12);
  EXPECT_EQ(pulls("stars, with a neighbour, S/N > 100").n, 1);
  EXPECT_EQ(pulls("galaxies of the right kind, isolated, S/N > 100").n, 1);
  EXPECT_DOUBLE_EQ(pulls("galaxies of another kind, S/N > 100").median, -17);
  EXPECT_EQ(pulls("galaxies taken for stars, S/N < 20").n, 1);
  EXPECT_EQ(c.kinds[static_cast<std::size_t>(ser)][static_cast<std::size_t>(ser)], 2);
  EXPECT_EQ(c.kinds[static_cast<std::size_t>(ser)][static_cast<std::size_t>(rex)], 1);
  EXPECT_EQ(c.kinds[static_cast<std::size_t>(ser)].back(), 1);
  EXPECT_NEAR(c.right_galaxies, 2 / 3.0, 1e-12);
  for (const ShareInRange& s : c.completeness)
    if (s.low == 50) {
      EXPECT_EQ(s.n, 2);
      EXPECT_DOUBLE_EQ(s.share, 0.5);
      EXPECT_NEAR(s.error, std::sqrt(0.125), 1e-12);
    }
  for (const ShareInRange& s : c.purity)
    if (s.low == 25) {
      EXPECT_EQ(s.n, 2);
      EXPECT_DOUBLE_EQ(s.share, 0.5);
    }
  EXPECT_NE(to_text(c, {"r"}).find("galaxies of the right kind: 0.667"), std::string::npos);
}

// Of three true galaxies and a star, all of flux 2: found flux and depths decide who is sure to be found, as the true fluxes
// have it; what was found, and with which error, does not.
TEST(Compare, ChoosesWhatIsSureToBeFoundByTruthAndDepth) {
  const TemporaryDirectory dir;
  const std::vector<double> ra(4, 10.0), dec = {30, 30.01, 30.02, 30.03};
  const std::vector<std::string> types = {"REX", "REX", "REX", "PSF"};
  fits::Table truth, found;
  for (fits::Table* t : {&truth, &found}) {
    t->add("type", types);
    t->add("ra", ra);
    t->add("dec", dec);
  }
  truth.add("flux_r", std::vector<double>(4, 2.0));
  truth.add("flux_z", std::vector<double>(4, 1.0));
  truth.add("flux_w1", std::vector<double>(4, 100.0));
  found.add("flux_r", std::vector<float>{2.25F, 9, 2, 2.5F});
  found.add("flux_ivar_r", std::vector<float>{4, 25, 25, 4});
  // S/N by depth 9.6 in r and 3 in z: 10.06 together; 9.9, nor do the W1 fluxes make it more; the star's is its own depth's.
  found.add("galdepth_r", std::vector<float>{23.04F, 24.5F, 24.5F, 1});
  found.add("psfdepth_r", std::vector<float>{400, 400, 400, 36});
  for (const char* band : {"z", "w1"}) {
    found.add(std::string("flux_") + band, std::vector<float>(4, 1.0F));
    found.add(std::string("flux_ivar_") + band, std::vector<float>(4, 9.0F));
    found.add(std::string("psfdepth_") + band, std::vector<float>(4, 1.0F));
  }
  found.add("galdepth_z", std::vector<float>{9, 0, 0, 0});
  found.add("galdepth_w1", std::vector<float>(4, 1.0F));
  for (const auto& [table, path] :
       {std::pair{&truth, "truth.fits"}, std::pair{&found, "out/tractor/000/tractor-0001p300.fits"}}) {
    fits::FitsWriter w;
    w.add_table(*table);
    w.write(dir / path);
  }
  const Comparison c = compare_with_truth(dir.path(), dir / "out");
  ASSERT_TRUE(c.classes);
  const auto row = [&](const std::string& name) -> const ClassPulls* {
    for (const ClassPulls& r : c.classes->classes)
      if (r.name == name) return &r;
    return nullptr;
  };
  ASSERT_NE(row("sure to be found"), nullptr);
  EXPECT_EQ(row("sure to be found")->bands[0].n, 2);
  EXPECT_NEAR(row("sure to be found")->bands[0].median, 0.75, 1e-6);
  ASSERT_NE(row("sure to be found, S/N 5 - 10 in the band"), nullptr);
  EXPECT_NEAR(row("sure to be found, S/N 5 - 10 in the band")->bands[0].median, 0.5, 1e-6);
  ASSERT_NE(row("sure to be found, S/N < 5 in the band"), nullptr);
  EXPECT_EQ(row("sure to be found, S/N < 5 in the band")->bands[0].n, 0);
  EXPECT_EQ(row("sure to be found, S/N < 5 in the band")->bands[1].n, 2);
  EXPECT_NE(to_text(c).find("sure to be found"), std::string::npos);
}

TEST(Compare, SaysWhereNoCatalogIs) {
  const TemporaryDirectory dir;
  write_truth(dir.path());
  try {
    compare_with_truth(dir.path(), dir / "nothing");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(e.line().find("nothing"), std::string::npos);
  }
}

}  // namespace
}  // namespace brickline::simulate
