// Catalogs that are absent, broken or not what they say: one clear line each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "core/detect/reference_prior.h"
#include "core/refs/reference_table.h"
#include "tests/refs/cases.h"
#include "tests/refs/made_catalogs.h"

namespace brickline {
namespace {

using test::gaia_table;
using test::GaiaStar;
using test::grz;
using test::only_gaia;
using test::small_field;
using testing::AllOf;
using testing::HasSubstr;

// The line of the Error that reading throws; empty if it does not.
std::string line_of(const ReferenceOptions& options, const Wcs& wcs = small_field()) {
  try {
    read_references(options, wcs, grz());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_EQ(error.line().find('\n'), std::string::npos);
    return error.line();
  }
  return {};
}

TEST(AbsentCatalogs, AreOneWarningEach) {
  test::Lines said;
  const Wcs wcs = small_field();
  const ReferenceCatalog catalog = read_references({}, wcs, grz(), {}, Log(said));
  EXPECT_TRUE(catalog.empty());
  EXPECT_EQ(said.warnings, catalog.absent);
  ASSERT_EQ(said.warnings.size(), 4U);
  EXPECT_THAT(said.warnings[0],
              AllOf(HasSubstr("Tycho-2"), HasSubstr("TYCHO2_KD_DIR"), HasSubstr("--no-tycho")));
  EXPECT_THAT(said.warnings[1], AllOf(HasSubstr("Gaia"), HasSubstr("GAIA_CAT_DIR"), HasSubstr("--no-gaia")));
  EXPECT_THAT(said.warnings[2], AllOf(HasSubstr("clusters"), HasSubstr("STAR_CLUSTERS_CAT")));
  EXPECT_THAT(said.warnings[3], AllOf(HasSubstr("galaxies"), HasSubstr("LARGEGALAXIES_CAT")));

  // What follows from nothing is nothing.
  const Image<std::uint8_t> mask = reference_mask(catalog.rows, wcs);
  ASSERT_EQ(mask.width(), 100);
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) ASSERT_EQ(mask(x, y), 0);
  const ReferencePrior prior = reference_prior(catalog, {}, wcs);
  EXPECT_TRUE(prior.prior.references.empty() && prior.prior.avoid.empty() && prior.prior.veto.empty());
  EXPECT_TRUE(prior.set_aside.empty());
  EXPECT_EQ(reference_table(catalog).rows(), 0);
}

TEST(AbsentCatalogs, AreAnErrorWhereRequired) {
  ReferenceOptions options;
  options.require_all = true;
  EXPECT_THAT(line_of(options), HasSubstr("Tycho-2"));
  options.tycho = false;
  options.gaia_dir = "/nowhere/gaia";
  EXPECT_THAT(line_of(options), AllOf(HasSubstr("/nowhere/gaia"), HasSubstr("--no-gaia")));
  options.gaia = options.star_clusters = false;
  EXPECT_THAT(line_of(options), HasSubstr("LARGEGALAXIES_CAT"));
  options.large_galaxies = false;
  EXPECT_EQ(line_of(options), "");
}

TEST(ReferenceEnvironment, NamesPathsAndScheme) {
  const test::TemporaryDirectory dir;
  const SurveyDirectory survey = SurveyDirectory::open(dir.path());
  std::map<std::string, std::string> variables;
  const auto get = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  ReferenceOptions options = reference_options(survey, get);
  EXPECT_TRUE(options.tycho_file.empty() && options.gaia_dir.empty() && options.star_clusters_file.empty());
  EXPECT_EQ(options.gaia_version, "1");
  EXPECT_EQ(options.gaia_prefix, "chunk");
  // The survey's own files serve where nothing else is given.
  test::write_bytes(dir / "tycho2.kd.fits", "");
  test::write_bytes(dir / "NGC-star-clusters.fits", "");
  variables = {{"TYCHO2_KD_DIR", "/nowhere"}, {"GAIA_CAT_DIR", "/gaia"}, {"GAIA_CAT_PREFIX", "healpix"},
               {"GAIA_CAT_SCHEME", "nested"}, {"GAIA_CAT_VER", "E"},     {"LARGEGALAXIES_CAT", "/sga.fits"}};
  options = reference_options(survey, get);
  EXPECT_EQ(options.tycho_file, dir / "tycho2.kd.fits");
  EXPECT_EQ(options.star_clusters_file, dir / "NGC-star-clusters.fits");
  EXPECT_EQ(options.gaia_dir, "/gaia");
  EXPECT_EQ(options.gaia_prefix, "healpix");
  EXPECT_EQ(options.gaia_scheme, HealpixScheme::kNested);
  EXPECT_EQ(options.gaia_version, "E");
  EXPECT_EQ(options.large_galaxies_file, "/sga.fits");
  variables["GAIA_CAT_SCHEME"] = "spiral";
  try {
    reference_options(survey, get);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.line(), AllOf(HasSubstr("spiral"), HasSubstr("GAIA_CAT_SCHEME")));
  }
}

class GaiaFiles : public testing::Test {
 protected:
  // A field that four files and more touch: the middle one of them is the one that fails.
  Wcs wcs_ = small_field(150, 2, 100);
  test::TemporaryDirectory dir_;
};

TEST_F(GaiaFiles, StarsOfEveryFileAndScheme) {
  for (const HealpixScheme scheme : {HealpixScheme::kRing, HealpixScheme::kNested}) {
    const test::TemporaryDirectory dir;
    test::write_gaia(dir.path(), wcs_, gaia_table({{7, 150.001, 2.001}, {8, 150, 2.4}, {9, 120, 2}}), scheme);
    ReferenceOptions options = only_gaia(dir.path());
    options.gaia_scheme = scheme;
    const ReferenceCatalog catalog = read_references(options, wcs_, grz());
    ASSERT_EQ(catalog.rows.size(), 1U);
    EXPECT_EQ(catalog.rows[0].ref_cat, "G3");
    EXPECT_EQ(catalog.rows[0].ref_id, 7);
    EXPECT_TRUE(catalog.rows[0].gaia->phot_variable_flag);
    EXPECT_EQ(catalog.rows[0].ref_epoch, 2016.F);
  }
}

TEST_F(GaiaFiles, AFieldAtRightAscensionZero) {
  const Wcs wcs = small_field(0.001, -10);
  test::write_gaia(dir_.path(), wcs, gaia_table({{1, 359.9985, -10}, {2, 0.002, -10.001}}));
  const ReferenceCatalog catalog = read_references(only_gaia(dir_.path()), wcs, grz());
  ASSERT_EQ(catalog.rows.size(), 2U);
  EXPECT_TRUE(catalog.rows[0].in_bounds && catalog.rows[1].in_bounds);
}

TEST_F(GaiaFiles, AFieldAtThePole) {
  const Wcs wcs = small_field(40, 89.999);
  test::write_gaia(dir_.path(), wcs, gaia_table({{1, 220, 89.999}, {2, 130, 89.9995}}));
  EXPECT_EQ(read_references(only_gaia(dir_.path()), wcs, grz()).rows.size(), 2U);
}

// Numbered by another scheme, or in another unit: a field without stars would be what comes of it.
TEST_F(GaiaFiles, WhoseStarsAllLieElsewhere) {
  const auto paths = test::write_gaia(dir_.path(), wcs_, gaia_table({{7, 10.0001, 2.001}, {8, 10.2, 2}}));
  EXPECT_THAT(line_of(only_gaia(dir_.path())),
              AllOf(HasSubstr(paths[0].string()), HasSubstr("GAIA_CAT_SCHEME")));
}

TEST_F(GaiaFiles, OneMissingInTheMiddleOfTheField) {
  const auto paths = test::write_gaia(dir_.path(), wcs_, gaia_table({{7, 150.001, 2.001}}));
  ASSERT_GE(paths.size(), 2U);
  const auto& victim = paths[paths.size() / 2];
  std::filesystem::remove(victim);
  EXPECT_THAT(line_of(only_gaia(dir_.path())), AllOf(HasSubstr(victim.string()), HasSubstr("missing"),
                                                     HasSubstr("GAIA_CAT_DIR"), HasSubstr("--no-gaia")));
  ReferenceOptions without = only_gaia(dir_.path());
  without.gaia = false;
  EXPECT_TRUE(read_references(without, wcs_, grz()).empty());
}

TEST_F(GaiaFiles, ATruncatedOne) {
  std::vector<GaiaStar> stars(200);
  const auto paths = test::write_gaia(dir_.path(), wcs_, gaia_table(stars));
  const std::string whole = test::bytes_of(paths[0]);
  for (const std::size_t size :
       {whole.size() - 3000, whole.size() / 2, std::size_t{4000}, std::size_t{100}, std::size_t{0}}) {
    test::write_bytes(paths[0], whole.substr(0, size));
    EXPECT_THAT(line_of(only_gaia(dir_.path())), AllOf(HasSubstr(paths[0].string()), HasSubstr("--no-gaia")))
        << size << " of " << whole.size() << " bytes";
  }
}

TEST_F(GaiaFiles, OneThatLacksColumns) {
  const auto paths = test::write_gaia(dir_.path(), wcs_, gaia_table({{7, 150.001, 2.001}}));
  fits::Table table = gaia_table({{7, 150.001, 2.001}});
  std::erase_if(table.columns(),
                [](const fits::Column& c) { return c.name == "pmra" || c.name == "ref_epoch"; });
  test::write_table(paths[1], table);
  EXPECT_THAT(line_of(only_gaia(dir_.path())),
              AllOf(HasSubstr(paths[1].string()), HasSubstr("pmra, ref_epoch"), HasSubstr("--no-gaia")));
}

TEST_F(GaiaFiles, MotionsAndMagnitudesThatAreNotNumbers) {
  const float nan = std::nanf("");
  test::write_gaia(dir_.path(), wcs_,
                   gaia_table({{1, 150.001, 2.001, nan, 3, nan, 15, nan, nan},
                               {2, 150.002, 2.001, 5, 5, 1, nan, nan, 17},
                               {3, 150.002, 2.002, nan, nan, nan, nan, nan, nan}},
                              true));
  const ReferenceCatalog catalog = read_references(only_gaia(dir_.path()), wcs_, grz());
  ASSERT_EQ(catalog.rows.size(), 3U);
  for (const ReferenceObject& row : catalog.rows) {
    EXPECT_TRUE(row.gaia->phot_variable_flag);
    for (const float v :
         {row.pmra, row.pmdec, row.parallax, row.pmra_ivar, row.mag, row.mask_mag, row.radius, row.zguess})
      EXPECT_TRUE(std::isfinite(v)) << row.ref_id;
    ASSERT_TRUE(row.model);
    for (const double f : row.model->flux) EXPECT_TRUE(std::isfinite(f) && f > 0) << row.ref_id;
  }
  // Without any magnitude: no mask; without G: RP.
  const auto row = [&](std::int64_t id) {
    return *std::find_if(catalog.rows.begin(), catalog.rows.end(),
                         [&](const auto& r) { return r.ref_id == id; });
  };
  EXPECT_EQ(row(3).radius, 0);
  EXPECT_EQ(row(3).mask_mag, 99);
  EXPECT_EQ(row(2).mag, 17);
  EXPECT_EQ(row(1).pmra, 0);
  EXPECT_EQ(row(1).pmdec, 3);
  EXPECT_TRUE(row(1).is_medium);
}

TEST_F(GaiaFiles, StarsOfTwoFilesCountOnce) {
  const auto paths = test::write_gaia(dir_.path(), wcs_, gaia_table({{7, 150.001, 2.001}}));
  ASSERT_GE(paths.size(), 2U);
  for (const auto& path : paths)
    test::write_table(path, gaia_table({{7, 150.001, 2.001}, {8, 150.002, 2.001}}));
  EXPECT_EQ(read_references(only_gaia(dir_.path()), wcs_, grz()).rows.size(), 2U);
}

TEST_F(GaiaFiles, MotionsAndMagnitudesThatNoStarHas) {
  const auto paths =
      test::write_gaia(dir_.path(), wcs_, gaia_table({{1, 150.001, 2.001, 1e20F, 3, 1e6F, -99, 16, 15}}));
  const ReferenceCatalog catalog = read_references(only_gaia(dir_.path()), wcs_, grz());
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.rows[0].pmra, 0);
  EXPECT_EQ(catalog.rows[0].pmdec, 0);
  EXPECT_EQ(catalog.rows[0].parallax, 0);
  EXPECT_EQ(catalog.rows[0].mag, 15);
  fits::Table table = gaia_table({{1, 150.001, 2.001, 5, 3}});
  for (const double epoch : {0.0, 57388.0}) {
    for (const auto& path : paths) {
      table.add("ref_epoch", std::vector<double>{epoch});
      test::write_table(path, table);
    }
    EXPECT_THAT(line_of(only_gaia(dir_.path())),
                AllOf(HasSubstr("ref_epoch"), HasSubstr(paths[0].parent_path().string())));
  }
}

TEST(Tycho2File, WithoutItsTreeGivesTheSameStars) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const Wcs wcs = test::wcs_of("testcase6");
  ReferenceOptions options = test::options_of("testcase6");
  options.gaia = options.star_clusters = options.large_galaxies = false;
  const auto with_tree = options.tycho_file;
  const ReferenceCatalog expected = read_references(options, wcs, grz());
  ASSERT_FALSE(expected.empty());

  const test::TemporaryDirectory dir;
  fits::FitsReader reader(with_tree);
  const fits::Table table = reader.table(1);
  options.tycho_file = dir / "tycho2.kd.fits";
  test::write_table(options.tycho_file, table);
  // A tree that has lost its points.
  const std::string damaged = (dir / "damaged.fits").string();
  fits::Header header = reader.header(2);
  fits::Header cards;
  for (const char* key : {"KDT_NDAT", "KDT_NNOD", "KDT_NDIM"}) cards.set(key, *header.integer(key));
  fits::Table name;
  name.add("kdtree_header_stars", std::vector<std::string>{});
  fits::FitsWriter writer;
  writer.add_empty_primary();
  writer.add_table(table);
  writer.add_table(name, {}, cards);
  writer.write(damaged);

  for (const std::filesystem::path& file : {options.tycho_file, std::filesystem::path(damaged)}) {
    options.tycho_file = file;
    test::Lines said;
    const ReferenceCatalog found = read_references(options, wcs, grz(), {}, Log(said));
    ASSERT_EQ(found.rows.size(), expected.rows.size());
    EXPECT_EQ(found.rows[0].ref_id, expected.rows[0].ref_id);
    ASSERT_EQ(said.warnings.size(), 1U);
    EXPECT_THAT(said.warnings[0], AllOf(HasSubstr(file.string()), HasSubstr("search tree")));
  }
}

TEST(Tycho2File, OneThatIsNotACatalog) {
  const test::TemporaryDirectory dir;
  ReferenceOptions options;
  options.gaia = options.star_clusters = options.large_galaxies = false;
  options.tycho_file = dir / "tycho2.kd.fits";
  test::write_bytes(options.tycho_file, "no FITS file");
  EXPECT_THAT(line_of(options), AllOf(HasSubstr(options.tycho_file.string()), HasSubstr("--no-tycho")));
  fits::Table table;
  table.add("ra", std::vector<double>{150});
  table.add("dec", std::vector<double>{2});
  test::write_table(options.tycho_file, table);
  EXPECT_THAT(line_of(options), AllOf(HasSubstr("tyc1"), HasSubstr("--no-tycho")));
}

TEST(LargeGalaxyFile, OfAnUnknownKind) {
  const test::TemporaryDirectory dir;
  const auto file = dir / "sga.fits";
  fits::Table table;
  for (const char* name : {"ra", "dec", "ba", "pa", "diam", "mag_leda"})
    table.add(name, std::vector<double>{1});
  fits::Header version;
  version.set("VER", "L17-BETA");
  test::write_table(file, table, version);
  EXPECT_THAT(line_of(test::only_galaxies(file)),
              AllOf(HasSubstr(file.string()), HasSubstr("L17-BETA"), HasSubstr("--no-large-galaxies")));
  // The columns of another catalog.
  version.set("VER", "L3");
  test::write_table(file, table, version);
  EXPECT_THAT(line_of(test::only_galaxies(file)),
              AllOf(HasSubstr(file.string()), HasSubstr("ref_id"), HasSubstr("--no-large-galaxies")));
  version.set("VER", "L3-ELLIPSE");
  table.add("ref_id", std::vector<std::int64_t>{4});
  test::write_table(file, table, version);
  EXPECT_THAT(line_of(test::only_galaxies(file)),
              AllOf(HasSubstr("sersic"), HasSubstr("--no-large-galaxies")));
}

TEST(LargeGalaxyFile, SizesAndFitsThatAreNotNumbers) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                   kInf = std::numeric_limits<double>::infinity();
  struct Row {
    double diameter, re, e1, sersic;
  };
  const std::vector<Row> rows = {
      {1, 4, 0.1, 2.5},   {kNan, 4, 0.1, 2.5}, {kInf, 4, 0.1, 2.5}, {0, 4, 0.1, 2.5},  {-3, 4, 0.1, 2.5},
      {1e7, 4, 0.1, 2.5}, {1, kNan, 0.1, 2.5}, {1, kInf, 0.1, 2.5}, {1, 4, kNan, 2.5}, {1, 4, kInf, 2.5},
      {1, 4, 0.1, kNan},  {1, 4, 0.1, kInf},   {1, 4, 0.1, -1}};
  fits::Table table;
  const auto add = [&](const char* name, auto&& value) {
    std::vector<double> values;
    for (std::size_t i = 0; i < rows.size(); ++i) values.push_back(value(i));
    table.add(name, std::move(values));
  };
  add("ra", [](std::size_t i) { return 150 + 1e-4 * static_cast<double>(i); });
  add("dec", [](std::size_t) { return 2.; });
  add("ba", [&](std::size_t i) { return i % 3 == 0 ? kNan : i % 3 == 1 ? 0 : 5.; });
  add("pa", [&](std::size_t i) { return i % 2 ? kNan : kInf; });
  add("diam", [&](std::size_t i) { return rows[i].diameter; });
  add("shape_r", [&](std::size_t i) { return rows[i].re; });
  add("shape_e1", [&](std::size_t i) { return rows[i].e1; });
  add("shape_e2", [](std::size_t) { return 0.1; });
  add("sersic", [&](std::size_t i) { return rows[i].sersic; });
  add("flux_g", [&](std::size_t i) { return i % 2 ? kNan : kInf; });
  add("flux_r", [](std::size_t) { return 100.; });
  add("flux_z", [](std::size_t) { return 100.; });
  table.add("ref_cat", std::vector<std::string>(rows.size(), "L4"));
  table.add("type", std::vector<std::string>(rows.size(), "SER"));
  table.add("ref_id", std::vector<std::int64_t>(rows.size(), 7));
  table.add("fitmode", std::vector<std::int16_t>(rows.size(), 1));
  fits::Header version;
  version.set("VER", "L4-ELLIPSE");
  const test::TemporaryDirectory dir;
  test::write_table(dir / "sga.fits", table, version);
  test::Lines said;
  const Wcs wcs = small_field();
  const ReferenceCatalog catalog =
      read_references(test::only_galaxies(dir / "sga.fits"), wcs, grz(), {}, Log(said));
  ASSERT_EQ(catalog.rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ReferenceObject& row = catalog.rows[i];
    EXPECT_TRUE(std::isfinite(row.radius) && row.radius >= 0 && row.radius < 15) << i;
    ASSERT_TRUE(row.model) << i;
    EXPECT_TRUE(std::isfinite(row.model->shape.log_re) && std::isfinite(row.model->shape.ee1)) << i;
    EXPECT_TRUE(row.model->sersic_index > 0 && row.model->sersic_index < 20) << i;
    for (const double f : row.model->flux) EXPECT_TRUE(std::isfinite(f)) << i;
  }
  // One of known size and unknown axis ratio is masked as a circle.
  EXPECT_NE(reference_mask(std::span(catalog.rows).first(1), wcs)(50, 50), 0);
  EXPECT_EQ(reference_mask(std::span(catalog.rows).subspan(1, 5), wcs)(50, 50), 0);
  EXPECT_THAT(said.warnings, testing::Contains(AllOf(HasSubstr("sga.fits: 5 entries have no usable diameter"),
                                                     HasSubstr("150.00010 2.00000"))));
  EXPECT_THAT(said.warnings, testing::Contains(HasSubstr("sga.fits: 7 entries have no usable fit")));
  // A bulge plus disk has a shape more than such a catalog has columns for.
  table.add("type", std::vector<std::string>(rows.size(), "COMP"));
  test::write_table(dir / "sga.fits", table, version);
  EXPECT_THAT(line_of(test::only_galaxies(dir / "sga.fits")),
              AllOf(HasSubstr("sga.fits"), HasSubstr("COMP, a bulge plus disk")));
}

TEST(StarClusterFile, SizesThatAreNotNumbers) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                   kInf = std::numeric_limits<double>::infinity();
  fits::Table table;
  table.add("ra", std::vector<double>{150, 150.001, 150.002, 150.003, 10, 10, kNan});
  table.add("dec", std::vector<double>{2, 2, 2, 2, 2, 2, 2});
  table.add("radius", std::vector<double>{0.01, kNan, kInf, 0, kNan, kInf, 0.01});
  table.add("ba", std::vector<double>{kNan, 1, 1, 1, 1, 1, 1});
  table.add("pa", std::vector<double>{kNan, 0, 0, 0, 0, 0, 0});
  const test::TemporaryDirectory dir;
  test::write_table(dir / "clusters.fits", table);
  ReferenceOptions options;
  options.tycho = options.gaia = options.large_galaxies = false;
  options.star_clusters_file = dir / "clusters.fits";
  test::Lines said;
  const Wcs wcs = small_field();
  const ReferenceCatalog catalog = read_references(options, wcs, grz(), {}, Log(said));
  ASSERT_EQ(catalog.rows.size(), 4U);
  EXPECT_NE(reference_mask(catalog.rows, wcs)(50, 50), 0);
  EXPECT_EQ(reference_mask(std::span(catalog.rows).subspan(1), wcs)(50, 50), 0);
  EXPECT_THAT(said.warnings, testing::Contains(HasSubstr("clusters.fits: 3 entries have no usable radius")));
}

// Real files with bytes changed: read or refused, never worse.
TEST(CatalogFiles, WithChangedBytesNeverEndTheProgram) {
  BRICKLINE_NEEDS_DATA("surveys/testcase9");
  const Wcs wcs = test::wcs_of("testcase9");
  const ReferenceOptions good = test::options_of("testcase9");
  const test::TemporaryDirectory dir;
  std::filesystem::copy(good.gaia_dir, dir / "gaia");
  ReferenceOptions options = good;
  options.gaia_dir = dir / "gaia";
  std::filesystem::path chunk;
  for (const auto& entry : std::filesystem::directory_iterator(options.gaia_dir)) chunk = entry.path();
  options.tycho_file = dir / "tycho2.kd.fits";
  options.large_galaxies_file = dir / "sga.kd.fits";
  std::filesystem::copy(good.tycho_file, options.tycho_file);
  std::filesystem::copy(good.large_galaxies_file, options.large_galaxies_file);

  std::mt19937 random(3);
  int refused = 0, read = 0;
  for (const std::filesystem::path& file : {chunk, options.tycho_file, options.large_galaxies_file}) {
    const std::string whole = test::bytes_of(file);
    for (int trial = 0; trial < 80; ++trial) {
      std::string bytes = whole;
      // Half of the changes in the headers of the first HDUs, where they do most.
      const int changes = 1 + static_cast<int>(random() % 20);
      for (int i = 0; i < changes; ++i) {
        const std::size_t range = trial % 2 ? bytes.size() : std::min<std::size_t>(bytes.size(), 14400);
        bytes[random() % range] =
            static_cast<char>(trial % 4 ? "0123456789 '=TFEDJKA-"[random() % 21] : random());
      }
      if (trial % 8 == 7) bytes.resize(random() % bytes.size());
      test::write_bytes(file, bytes);
      try {
        const ReferenceCatalog catalog = read_references(options, wcs, grz());
        reference_mask(catalog.rows, wcs);
        reference_table(catalog);
        reference_prior(catalog, {}, wcs);
        ++read;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.line();
        EXPECT_THAT(error.line(), HasSubstr(file.string()));
        ++refused;
      }
    }
    test::write_bytes(file, whole);
  }
  EXPECT_GT(read, 10);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace brickline
