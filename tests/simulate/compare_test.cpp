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
