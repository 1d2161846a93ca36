// Which rows of which catalogs are a CCD's sources; large galaxies that reach it from outside.
#include "core/forced/catalog_directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_photometry.h"
#include "core/model/profiles_card.h"
#include "tests/forced/synthetic_ccd.h"
#include "tests/support/collecting_log.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Rows of catalogs that differ in what matters here.
struct Entry {
  double ra = 0, dec = 0;
  int objid = 0;
  std::string type = "PSF", ref_cat;
  float flux_r = 1;
  bool primary = true;
  float shape_r = 0;
};

fits::Table catalog(const std::vector<Entry>& entries, const Brick& brick) {
  fits::Table t;
  const auto add = [&](const char* name, auto value) {
    std::vector<std::decay_t<decltype(value(Entry{}))>> values;
    for (const Entry& e : entries) values.push_back(value(e));
    t.add(name, std::move(values));
  };
  add("release", [](const Entry&) { return std::int16_t{9010}; });
  add("brickid", [&](const Entry&) { return static_cast<std::int32_t>(brick.id); });
  add("brickname", [&](const Entry&) { return brick.name; });
  add("objid", [](const Entry& e) { return std::int32_t{e.objid}; });
  add("brick_primary", [](const Entry& e) { return e.primary; });
  add("type", [](const Entry& e) { return e.type; });
  add("ra", [](const Entry& e) { return e.ra; });
  add("dec", [](const Entry& e) { return e.dec; });
  add("shape_r", [](const Entry& e) { return e.shape_r; });
  add("shape_e1", [](const Entry&) { return 0.f; });
  add("shape_e2", [](const Entry&) { return 0.f; });
  add("sersic", [](const Entry&) { return 1.f; });
  add("ref_cat", [](const Entry& e) { return e.ref_cat; });
  add("ref_id", [](const Entry& e) { return std::int64_t{e.objid}; });
  add("ref_epoch", [](const Entry&) { return 0.f; });
  add("flux_r", [](const Entry& e) { return e.flux_r; });
  return t;
}

class Catalogs : public testing::Test {
 protected:
  static const BrickTable& bricks() {
    static const BrickTable table = BrickTable::from_table(BrickTiling().table());
    return table;
  }
  static const Brick& brick_at(double ra, double dec) {
    for (const Brick& b : bricks().bricks())
      if (b.contains(ra, dec)) return b;
    throw std::logic_error("no brick there");
  }
  void write(const std::string& directory, const Brick& brick, const std::vector<Entry>& entries) const {
    fits::FitsWriter writer;
    writer.add_table(catalog(entries, brick));
    writer.write(catalog_file(directory_ / directory, brick));
  }
  std::vector<int> objects_near(const CatalogDirectories& catalogs, double ra, double dec) const {
    const Wcs wcs = Wcs::tangent(ra, dec, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
    std::vector<int> out;
    for (const ForcedSource& s :
         forced_sources_near(catalogs, bricks(), {&wcs, Box::from_size(1001, 1001)}, "r", {}).sources)
      out.push_back(s.objid);
    return out;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(Catalogs, APlaceIsOfTheNorthOrOfTheSouthAndCountsOnce) {
  const CatalogDirectories two{{}, directory_ / "north", directory_ / "south", 32.4};
  // 20 hours of RA at this declination are south of the Galaxy's plane at 22h.
  EXPECT_EQ(two.of(150, 32.4), two.north);
  EXPECT_EQ(two.of(150, 32.399), two.south);
  EXPECT_EQ(two.of(330, 33), two.south);
  const Brick& across = brick_at(150, 32.4);
  for (const char* side : {"north", "south"}) {
    const int first = side[0] == 'n' ? 10 : 20;
    write(side, across,
          {{150, 32.41, first},
           {150, 32.39, first + 1},
           {150.001, 32.41, first + 2, "DUP"},
           {150.001, 32.39, first + 3, "PSF", "", 1, false}});
  }
  EXPECT_THAT(objects_near(two, 150, 32.4), UnorderedElementsAre(10, 21));
  EXPECT_THAT(objects_near({directory_ / "south", {}, {}}, 150, 32.4), ElementsAre(20, 21));
}

TEST_F(Catalogs, ThatAreMissingForPartOfTheCcdAreNamedInOneLine) {
  const Brick& here = brick_at(150, 2);
  write("all", here, {{150, 2, 1}});
  const Wcs wcs = Wcs::tangent(here.ra1, here.dec1, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
  write("all", here, {{here.ra1 + 0.001, here.dec1 + 0.001, 1}});
  test::CollectingSink log;
  const auto found = forced_sources_near({directory_ / "all", {}, {}}, bricks(),
                                         {&wcs, Box::from_size(1001, 1001)}, "r", Log(log));
  EXPECT_EQ(found.sources.size(), 1u);
  ASSERT_EQ(log.warnings.size(), 1u);
  EXPECT_NE(log.warnings[0].find("nothing of theirs is measured"), std::string::npos) << log.warnings[0];
  EXPECT_EQ(log.warnings[0].find("tractor-" + here.name), std::string::npos) << log.warnings[0];
}

// A large galaxy just outside of a chip, in the brick of its middle, and a star inside in its light.
class LargeGalaxyOutside : public Catalogs {
 protected:
  static constexpr double kRe = 8, kGalaxyFlux = 2000, kStarFlux = 10;
  LargeGalaxyOutside() : ccd_(300, 200, 0.05) {
    const simulate::SersicProfile profile(1, 4);
    galaxy_ = ccd_.sky(-25, 100);
    star_ = ccd_.sky(20, 104);
    ccd_.add_galaxy(galaxy_, kGalaxyFlux, profile, kRe);
    ccd_.add_star(star_, kStarFlux);
    ccd_.add_noise(4);
    object_.ra = galaxy_.ra;
    object_.dec = galaxy_.dec;
    object_.ref_cat = "L3";
    object_.ref_id = 77;
    object_.is_large_galaxy = object_.freeze = true;
    object_.model = test::galaxy_at(galaxy_, SourceKind::kExp, kRe).model;
    object_.model->flux = {kGalaxyFlux};
    write("all", brick_at(galaxy_.ra, galaxy_.dec), {});
  }
  // The star's pull with what add_large_galaxies finds taken off.
  double pull(std::vector<ForcedSource>* taken = nullptr) {
    std::vector<ForcedSource> sources = {test::star_at(star_)};
    const CatalogDirectories catalogs{directory_ / "all", {}, {}};
    add_large_galaxies(sources, std::span(&object_, 1), catalogs, bricks(), "r", GalaxyProfiles::kReference,
                       {});
    const std::vector<ForcedSource> off = take_off_large_galaxies(ccd_.image, sources);
    if (taken) *taken = off;
    EXPECT_EQ(sources.size(), 1u);
    const ForcedMeasurement row = measure_forced(ccd_.image, sources).rows.at(0);
    return (row.flux - kStarFlux) * std::sqrt(row.flux_ivar);
  }
  test::SyntheticCcd ccd_;
  SkyPosition galaxy_, star_;
  ReferenceObject object_;
};

TEST_F(LargeGalaxyOutside, IsTakenOffAsItsBricksCatalogHasIt) {
  write("all", brick_at(galaxy_.ra, galaxy_.dec),
        {{galaxy_.ra, galaxy_.dec, 5, "EXP", "L3", kGalaxyFlux, true, kRe}});
  object_.model->flux = {1};  // its own catalog knows less
  std::vector<ForcedSource> taken;
  EXPECT_LT(std::abs(pull(&taken)), 4);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].objid, 5);
}

TEST_F(LargeGalaxyOutside, IsTakenOffAsItsOwnCatalogHasItWhereNoBricksCatalogDoes) {
  object_.ref_cat = "LG";  // of whatever version
  std::vector<ForcedSource> taken;
  EXPECT_LT(std::abs(pull(&taken)), 4);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_FALSE(taken[0].primary);
  EXPECT_EQ(taken[0].ref_id, 77);
}

TEST_F(LargeGalaxyOutside, LeftInItSpoilsTheStar) {
  object_.freeze = false;  // one that is fitted like all others is in catalogs where it is near
  std::vector<ForcedSource> taken;
  EXPECT_GT(std::abs(pull(&taken)), 8);
  EXPECT_TRUE(taken.empty());
}

TEST_F(LargeGalaxyOutside, WithoutAFluxInTheBandIsFittedWithTheOthers) {
  object_.needs_initial_flux = true;
  std::vector<ForcedSource> sources = {test::star_at(star_)};
  add_large_galaxies(sources, std::span(&object_, 1), {directory_ / "all", {}, {}}, bricks(), "r",
                     GalaxyProfiles::kReference, {});
  EXPECT_TRUE(take_off_large_galaxies(ccd_.image, sources).empty());
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_FALSE(sources[1].reported);
  const ForcedResult r = measure_forced(ccd_.image, sources);
  EXPECT_LT(std::abs(r.rows[0].flux - kStarFlux) * std::sqrt(r.rows[0].flux_ivar), 4);
  EXPECT_NEAR(r.rows[1].flux, kGalaxyFlux, 0.02 * kGalaxyFlux);
}

// The profiles are those of the catalog's card; catalogs of both kinds do not go together.
TEST_F(Catalogs, SayWhichProfilesTheirGalaxiesHave) {
  const std::vector<Entry> galaxies = {{150, 2, 1, "PSF", "G2", 3},
                                       {150.001, 2, 2, "EXP", "", 4, true, 1.5f}};
  const Brick& here = brick_at(150, 2);
  const auto write_whole = [&](const Brick& brick, const std::vector<Entry>& entries, const char* word) {
    fits::Header header;
    header.set(kProfilesCard, std::string(word));
    fits::FitsWriter writer;
    writer.add_empty_primary(header);
    writer.add_table(catalog(entries, brick));
    writer.write(catalog_file(directory_ / "all", brick));
  };
  write("all", here, galaxies);
  const auto file = catalog_file(directory_ / "all", here);
  EXPECT_EQ(profiles_of(read_forced_sources(file, "r")), GalaxyProfiles::kReference);
  write_whole(here, galaxies, "SERSIC");
  const std::vector<ForcedSource> whole = read_forced_sources(file, "r");
  EXPECT_EQ(profiles_of(whole), GalaxyProfiles::kSersic);
  EXPECT_NEAR(*whole[1].flux, 4, 1e-6);
  // A brick beside it with the reference's galaxies.
  const Brick& beside = brick_at(here.ra1 - 0.01, 2);
  const Wcs wcs = Wcs::tangent(here.ra1, 2, 500, 500, {-7e-5, 0, 0, 7e-5}, 1001, 1001);
  const ForcedRegion region{&wcs, Box::from_size(1001, 1001)};
  write_whole(here, {{here.ra1 + 0.001, 2, 2, "EXP", "", 4, true, 1.5f}}, "SERSIC");
  const auto failure = [&]() -> std::string {
    try {
      forced_sources_near({directory_ / "all", {}, {}}, bricks(), region, "r", {});
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "";
  };
  write("all", beside, {{here.ra1 - 0.001, 2, 1, "PSF"}});
  EXPECT_EQ(failure(), "");
  write("all", beside, {{here.ra1 - 0.001, 2, 1, "REX", "", 4, true, 1.5f}});
  EXPECT_THAT(failure(), testing::AllOf(testing::HasSubstr("tractor-"), testing::HasSubstr("GALPROF")));
  // Stars alone: what the catalog says is known all the same.
  write("all", beside, {});
  write_whole(here, {{here.ra1 + 0.001, 2, 1, "PSF"}}, "SERSIC");
  EXPECT_EQ(forced_sources_near({directory_ / "all", {}, {}}, bricks(), region, "r", {}).profiles,
            GalaxyProfiles::kSersic);
  write_whole(here, galaxies, "MOFFAT");
  EXPECT_THAT(failure(), testing::AllOf(testing::HasSubstr(file.string()), testing::HasSubstr("'MOFFAT'")));
}

// What copies of a table keep is its own header; what no header says is not guessed.
TEST_F(Catalogs, OfJointFitsWithoutTheirCardAreRefused) {
  const Brick& here = brick_at(150, 2);
  const auto file = catalog_file(directory_ / "all", here);
  fits::Table table = catalog({{150, 2, 2, "EXP", "", 4, true, 1.5f}}, here);
  table.add("BLENDEDNESS_R", std::vector<float>{0});
  const auto write_it = [&](const fits::Header& own) {
    fits::FitsWriter writer;
    writer.add_table(table, "CATALOG", own);
    writer.write(file);
  };
  fits::Header own;
  add_profiles_card(own, GalaxyProfiles::kSersic);
  write_it(own);
  EXPECT_EQ(profiles_of(read_forced_sources(file, "r")), GalaxyProfiles::kSersic);
  write_it({});
  try {
    read_forced_sources(file, "r");
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(),
                testing::AllOf(testing::HasSubstr(file.string()), testing::HasSubstr("BLENDEDNESS_R"),
                               testing::HasSubstr("GALPROF = 'SERSIC'")));
  }
}

// The Legacy Surveys' first releases have columns whose names begin as those of joint fits do.
TEST(ProfilesCard, IsNotMissedInCatalogsOfTheFirstReleases) {
  const auto header = [](const std::vector<std::string>& names) {
    fits::Header table;
    table.set("TFIELDS", static_cast<std::int64_t>(names.size()));
    for (std::size_t k = 0; k < names.size(); ++k) table.set("TTYPE" + std::to_string(k + 1), names[k]);
    return table;
  };
  EXPECT_EQ(profiles_of({}, header({"type", "fracdev", "fracdev_ivar", "shapeexp_r", "shapeexp_r_ivar",
                                    "shapedev_r", "shapedev_r_ivar"})),
            GalaxyProfiles::kReference);
  EXPECT_THROW(profiles_of({}, header({"type", "shapedev_r", "fracdev_r"})), Error);
  EXPECT_THROW(profiles_of({}, header({"type", "fracdev_r"})), Error);
}

// So do the tables of what was measured.
TEST_F(Catalogs, GiveTheirCardToTheTablesOfWhatWasMeasured) {
  std::vector<ForcedCcd> measured(1);
  measured[0].sources.push_back({.profiles = GalaxyProfiles::kReference});
  EXPECT_FALSE(forced_header({}, "", measured).has(kProfilesCard));
  measured[0].sources[0].profiles = GalaxyProfiles::kSersic;
  const auto file = directory_ / "forced.fits";
  fits::Table table;
  table.add("flux", std::vector<float>{1});
  write_forced_table(file, forced_header({}, "", measured), table);
  fits::FitsReader reader(file);
  EXPECT_EQ(profiles_of(reader.header(0), {}), GalaxyProfiles::kSersic);
  EXPECT_EQ(profiles_of({}, reader.header(1)), GalaxyProfiles::kSersic);
}

// Among stars alone, the profiles of large galaxies that join them are those that were handed in, whichever comes first.
TEST_F(LargeGalaxyOutside, HasTheProfilesOfTheCatalogsOrIsRefusedByItsFile) {
  const auto profiles_with = [&](GalaxyProfiles profiles) {
    std::vector<ForcedSource> sources = {test::star_at(star_)};
    add_large_galaxies(sources, std::span(&object_, 1), {directory_ / "all", {}, {}}, bricks(), "r", profiles,
                       {});
    return sources.at(1).profiles;
  };
  EXPECT_EQ(profiles_with(GalaxyProfiles::kSersic), GalaxyProfiles::kSersic);
  std::vector<ForcedSource> sources;
  add_frozen_galaxies(sources, {}, std::span(&object_, 1), GalaxyProfiles::kSersic);
  EXPECT_EQ(sources.at(0).profiles, GalaxyProfiles::kSersic);
  const Brick& brick = brick_at(galaxy_.ra, galaxy_.dec);
  write("all", brick, {{galaxy_.ra, galaxy_.dec, 1, "EXP", "L3", 5, true, 8}});
  EXPECT_EQ(profiles_with(GalaxyProfiles::kReference), GalaxyProfiles::kReference);
  try {
    profiles_with(GalaxyProfiles::kSersic);
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(),
                testing::AllOf(testing::HasSubstr("tractor-" + brick.name), testing::HasSubstr("GALPROF")));
  }
}

TEST_F(Catalogs, RowsThatWereUsedAreWrittenAsTheCatalogHasThem) {
  const Brick& brick = brick_at(150, 2);
  write("all", brick, {{150, 2, 1, "PSF", "G2", 3}, {150.001, 2, 2, "EXP", "", 4, true, 1.5f}});
  const auto sources = read_forced_sources(catalog_file(directory_ / "all", brick), "r");
  const fits::Table t = source_table(sources, "r"), original = catalog({}, brick);
  ASSERT_EQ(t.rows(), 2);
  EXPECT_EQ(t.text("type", 1), "EXP");
  EXPECT_NEAR(t.number("shape_r", 1), 1.5, 1e-6);
  EXPECT_EQ(t.number("flux_r", 0), 3);
  EXPECT_EQ(t.text("ref_cat", 0), "G2");
  EXPECT_FALSE(
      source_table(read_forced_sources(catalog_file(directory_ / "all", brick), "z"), "z").has("flux_z"));
}

}  // namespace
}  // namespace brickline
