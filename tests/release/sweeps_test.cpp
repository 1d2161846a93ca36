// Sweeps against those of the reference's tool, byte by byte, and where it is wrong, ours.
#include "core/release/sweeps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/model/errors_card.h"
#include "core/model/profiles_card.h"
#include "core/release/match.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kGolden = test::data_dir() / "golden/survey-products";
constexpr const char* kParts[3][2] = {{"", ".fits"}, {"-lightcurves", "-lc.fits"}, {"-extra", "-ex.fits"}};

// The catalogs of these cases, laid out as a run does.
void link_catalogs(const std::vector<std::string>& cases, const fs::path& to) {
  for (const std::string& name : cases)
    for (const auto& entry :
         fs::recursive_directory_iterator(test::data_dir() / "golden" / name / "products/tractor"))
      if (entry.path().filename().string().starts_with("tractor-")) {
        fs::create_directories(to / "tractor" / entry.path().parent_path().filename());
        fs::create_symlink(fs::absolute(entry.path()),
                           to / "tractor" / entry.path().parent_path().filename() / entry.path().filename());
      }
}

class Sweeps : public testing::Test {
 protected:
  std::vector<SweepBox> make(const std::vector<BrickCatalog>& catalogs, SweepLayout layout) {
    SweepOptions options;
    options.layout = layout;
    options.release = "X.X";
    std::vector<SweepBox> made;
    for (const SweepBox& box : boxes_of(catalogs, options.schema))
      if (make_sweep(box, catalogs, out_.path(), options, Log()).rows > 0) made.push_back(box);
    return made;
  }
  fs::path file(const std::string& box, int part) const {
    return out_ / ("X.X" + std::string(kParts[part][0])) / ("sweep-" + box + kParts[part][1]);
  }
  static std::vector<std::string> names(const std::vector<SweepBox>& boxes) {
    std::vector<std::string> out;
    for (const SweepBox& box : boxes) out.push_back(box.name());
    return out;
  }
  // The golden box's three files: the same columns of the same forms and units, and the same bytes, but for rows that
  // only ours has, behind the others.
  void expect_golden(const fs::path& golden, const std::string& box, std::int64_t more_rows = 0) {
    for (int part = 0; part < 3; ++part) {
      const fs::path theirs =
          golden / ("X.X" + std::string(kParts[part][0])) / ("sweep-" + box + kParts[part][1]);
      SCOPED_TRACE(theirs.string());
      ASSERT_TRUE(fs::exists(file(box, part)));
      fits::FitsReader a(file(box, part)), b(theirs);
      const RowLayout ours = row_layout(a.header(1)), wanted = row_layout(b.header(1));
      ASSERT_EQ(ours.columns.size(), wanted.columns.size());
      for (std::size_t i = 0; i < wanted.columns.size(); ++i) {
        EXPECT_EQ(ours.columns[i].name, wanted.columns[i].name);
        EXPECT_EQ(ours.columns[i].format(), wanted.columns[i].format()) << wanted.columns[i].name;
        EXPECT_EQ(ours.columns[i].unit, wanted.columns[i].unit) << wanted.columns[i].name;
      }
      EXPECT_EQ(a.header(1).text("EXTNAME"), "SWEEP");
      std::vector<std::uint8_t> bytes = a.table_bytes(1);
      EXPECT_EQ(ours.rows, wanted.rows + more_rows);
      bytes.resize(bytes.size() - static_cast<std::size_t>(more_rows * ours.row_bytes));
      EXPECT_EQ(bytes, b.table_bytes(1));
    }
  }
  test::TemporaryDirectory in_, out_;
};

TEST_F(Sweeps, OfCatalogsWithoutWiseAreTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  link_catalogs({"testcase6", "sim300", "mzlsbass2", "testcase3"}, in_.path());
  const auto made = make(find_catalogs(in_.path(), nullptr), SweepLayout::kReference);
  ASSERT_THAT(names(made),
              ElementsAre("110p020-115p025", "150p000-155p005", "175p055-180p060", "240p010-245p015"));
  for (const SweepBox& box : made) expect_golden(kGolden / "grz/sweep", box.name());
}

TEST_F(Sweeps, WithWiseAndLightCurvesAreTheReferences) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  link_catalogs({"testcase4"}, in_.path());
  const auto made = make(find_catalogs(in_.path(), nullptr), SweepLayout::kReference);
  ASSERT_THAT(names(made), ElementsAre("185p025-190p030"));
  expect_golden(kGolden / "wise/sweep", "185p025-190p030");
}

class SweepsOfEdges : public Sweeps {
 protected:
  std::vector<BrickCatalog> catalogs() const {
    const fs::path bricks = kGolden / "edge/input/survey-bricks.fits";
    const BrickTable table = BrickTable::from_table(fits::FitsReader(bricks).table(1), bricks);
    return find_catalogs(kGolden / "edge/input", &table);
  }
};

// Sources at the edges of boxes and bricks, at RA 0 and the poles, duplicates and sources that were not measured. One at
// Dec +90 is in no box of the reference.
TEST_F(SweepsOfEdges, AreTheReferencesAndHaveThePole) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  const auto made = make(catalogs(), SweepLayout::kReference);
  ASSERT_THAT(names(made),
              ElementsAre("000p010-005p015", "000p085-005p090", "145m005-150p000", "145p000-150p005",
                          "150m005-155p000", "150p000-155p005", "180p085-185p090", "355p010-360p015"));
  for (const SweepBox& box : made)
    expect_golden(kGolden / "edge/sweep", box.name(), box.name() == "180p085-185p090" ? 1 : 0);
  fits::FitsReader pole(file("180p085-185p090", 0));
  EXPECT_EQ(pole.table(1).number("DEC", 1), 90);
}

// The reference keeps cards that one brick alone has, and of a single brick those that are of the brick.
TEST_F(SweepsOfEdges, HaveTheCardsOnWhichTheirBricksAgree) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  make(catalogs(), SweepLayout::kReference);
  const auto header = [&](const std::string& box) { return fits::FitsReader(file(box, 0)).header(0); };
  EXPECT_EQ(header("145p000-150p005").text("ONLYHERE"), "yes");
  EXPECT_EQ(header("150m005-155p000").text("VER_WCAT"), "DR11.1.0-other");
  const fits::Header two = header("150p000-155p005");
  EXPECT_FALSE(two.has("VER_WCAT"));
  EXPECT_FALSE(two.has("ONLYHERE"));
  EXPECT_EQ(two.integer("NBRICKS"), 2);
  EXPECT_EQ(two.number("RAMIN"), 150);
  EXPECT_EQ(two.number("DECMAX"), 5);
  for (const char* key : {"BRICK", "BRICKID", "CENTRA", "CMDLINE", "COSKY_Z"})
    EXPECT_FALSE(header("355p010-360p015").has(key)) << key;
}

TEST_F(SweepsOfEdges, HaveLongIdsAndGoodExposuresUnlessTheyAreNotWanted) {
  BRICKLINE_NEEDS_DATA("golden/survey-products");
  make(catalogs(), SweepLayout::kWithIds);
  for (int part = 0; part < 3; ++part) {
    fits::FitsReader reader(file("150p000-155p005", part));
    const RowLayout layout = row_layout(reader.header(1));
    const auto objid = layout.find("OBJID");
    ASSERT_TRUE(objid);
    EXPECT_EQ(layout.columns[*objid + 1].name, "LS_ID_DR11");
    EXPECT_EQ(layout.find("NGOOD_G").has_value(), part == 0);
    const fits::Table table = reader.table(1);
    for (std::int64_t row = 0; row < table.rows(); ++row)
      EXPECT_EQ(table.integer("LS_ID_DR11", row), table.integer("RELEASE", row) << 42 |
                                                      table.integer("BRICKID", row) << 22 |
                                                      table.integer("OBJID", row));
  }
}

class SweepsOfMadeCatalogs : public Sweeps {
 protected:
  struct Made {
    std::string name = "1501p022";
    std::int32_t id = 343928;
    double ra = 150.1;
    bool with_band = true;
    bool wide = false;
    GalaxyProfiles profiles = GalaxyProfiles::kReference;
    bool marginal = false;
  };
  void write(const Made& made) {
    fits::Table table;
    table.add("release", std::vector<std::int16_t>{9, 9});
    table.add("brickid", std::vector<std::int32_t>{made.id, made.id});
    table.add("brickname", std::vector<std::string>{made.name, made.name});
    table.add("objid", std::vector<std::int32_t>{0, 1});
    table.add("brick_primary", std::vector<bool>{true, false});
    table.add("type", std::vector<std::string>{"PSF", "EXP"});
    table.add("ra", std::vector<double>{made.ra, made.ra});
    table.add("dec", std::vector<double>{2.2, 2.2});
    if (made.with_band) {
      table.add("flux_i", std::vector<float>{5, 6}, "nanomaggies");
      table.add("galdepth_i", std::vector<float>{1, 1});
    }
    if (made.wide)
      table.add("maskbits", std::vector<std::int64_t>{1, 2});
    else
      table.add("maskbits", std::vector<std::int32_t>{1, 2});
    fits::Header header;
    header.set("BRICKID", std::int64_t{made.id});
    header.set("NCUT", std::int64_t{1});
    header.set("NBAILOUT", std::int64_t{1});
    header.set("RAMIN", made.ra < 0.1 ? made.ra + 359.9 : made.ra - 0.1);
    header.set("RAMAX", made.ra + 0.1);
    header.set("DECMIN", 2.1);
    header.set("DECMAX", 2.4);
    add_profiles_card(header, made.profiles);
    add_errors_card(header, made.marginal);
    fits::FitsWriter writer;
    writer.add_empty_primary(header);
    writer.add_table(table);
    const fs::path file = path_of(made);
    const std::string digest = writer.write(file);
    std::ofstream(file.parent_path() / ("brick-" + made.name + ".sha256sum"))
        << digest << " *tractor/150/tractor-" << made.name << ".fits\n";
  }
  fs::path path_of(const Made& made) const {
    return in_ / "tractor" / "150" / ("tractor-" + made.name + ".fits");
  }
  std::string failure() {
    try {
      make(find_catalogs(in_.path(), nullptr), SweepLayout::kWithIds);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      return e.line();
    }
    return "";
  }
  bool nothing_is_left() const {
    for (const auto& entry : fs::recursive_directory_iterator(out_.path()))
      if (entry.is_regular_file()) return false;
    return true;
  }
};

TEST_F(SweepsOfMadeCatalogs, TellWhatABrickLacks) {
  write({});
  write({"1503p022", 343929, 150.4, false});
  const auto catalogs = find_catalogs(in_.path(), nullptr);
  SweepOptions options;
  options.release = "X.X";
  const SweepReport report =
      make_sweep(sweep_box(options.schema, 150, 2), catalogs, out_.path(), options, Log());
  EXPECT_EQ(report.rows, 2);
  EXPECT_EQ(report.lacking.at("FLUX_I"), 1);
  fits::FitsReader sweep(file("150p000-155p005", 0));
  for (const char* of_a_brick : {"NCUT", "NBAILOUT"}) EXPECT_FALSE(sweep.header(0).has(of_a_brick));
  const fits::Table table = sweep.table(1);
  EXPECT_EQ(table.number("FLUX_I", 0), 5);
  EXPECT_EQ(table.number("FLUX_I", 1), 0);
  EXPECT_EQ(table.text("BRICKNAME", 1), "1503p022");
}

TEST_F(SweepsOfMadeCatalogs, AreOfGalaxiesWithProfilesOfOneKind) {
  write({.profiles = GalaxyProfiles::kSersic});
  write({.name = "1503p022", .id = 343929, .ra = 150.4, .profiles = GalaxyProfiles::kSersic});
  make(find_catalogs(in_.path(), nullptr), SweepLayout::kWithIds);
  fits::FitsReader sweep(file("150p000-155p005", 0));
  EXPECT_EQ(profiles_of(sweep.header(0), {}), GalaxyProfiles::kSersic);
  EXPECT_EQ(profiles_of({}, sweep.header(1)), GalaxyProfiles::kSersic);
  write({.name = "1503p022", .id = 343929, .ra = 150.4});
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr("tractor-1503p022.fits"), HasSubstr("GALPROF")));
  // In boxes apart neither.
  write({.name = "1503p022", .id = 343929, .ra = 160.4});
  const auto apart = find_catalogs(in_.path(), nullptr);
  require_profiles_of_one_kind(std::span(apart).first(1));
  EXPECT_THROW(require_profiles_of_one_kind(apart), Error);
}

TEST_F(SweepsOfMadeCatalogs, MatchedRowsAreOfProfilesOfOneKind) {
  write({.profiles = GalaxyProfiles::kSersic});
  const Made second{.name = "1503p022", .id = 343929, .ra = 150.4, .profiles = GalaxyProfiles::kSersic};
  write(second);
  fits::Table table;
  table.add("RA", std::vector<double>{Made{}.ra, second.ra});
  table.add("DEC", std::vector<double>{2.2, 2.2});
  fits::FitsWriter writer;
  writer.add_table(table);
  const fs::path other = out_ / "other.fits", matched = out_ / "matched.fits";
  writer.write(other);
  EXPECT_EQ(match_external(other, find_catalogs(in_.path(), nullptr), matched, {}).matched, 2);
  fits::FitsReader reader(matched);
  EXPECT_EQ(profiles_of(reader.header(0), {}), GalaxyProfiles::kSersic);
  EXPECT_EQ(profiles_of({}, reader.header(1)), GalaxyProfiles::kSersic);
  write({.name = "1503p022", .id = 343929, .ra = 150.4});
  try {
    match_external(other, find_catalogs(in_.path(), nullptr), matched, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), testing::AllOf(HasSubstr("tractor-1503p022.fits"), HasSubstr("GALPROF")));
  }
}

// Joint catalogs of before the card have other errors in the bands of WISE and GALEX.
TEST_F(SweepsOfMadeCatalogs, AndMatchesHaveTheCardOfErrorsIfAllCatalogsHaveIt) {
  const Made first{.profiles = GalaxyProfiles::kSersic, .marginal = true};
  Made second{
      .name = "1503p022", .id = 343929, .ra = 150.4, .profiles = GalaxyProfiles::kSersic, .marginal = true};
  fits::Table table;
  table.add("RA", std::vector<double>{first.ra, second.ra});
  table.add("DEC", std::vector<double>{2.2, 2.2});
  fits::FitsWriter writer;
  writer.add_table(table);
  const fs::path other = out_ / "other.fits", matched = out_ / "matched.fits";
  writer.write(other);
  for (const bool agree : {true, false}) {
    write(first);
    second.marginal = agree;
    write(second);
    const auto catalogs = find_catalogs(in_.path(), nullptr);
    SweepOptions options;
    const SweepReport swept =
        make_sweep(sweep_box(options.schema, 150, 2), catalogs, out_.path(), options, Log());
    const MatchReport report = match_external(other, catalogs, matched, {});
    EXPECT_EQ(report.matched, 2);
    std::vector<fs::path> files = swept.files;
    files.push_back(matched);
    ASSERT_EQ(files.size(), 4u);
    for (const fs::path& made : files) {
      fits::FitsReader reader(made);
      EXPECT_EQ(errors_are_marginal(reader.header(0), {}), agree) << made;
      EXPECT_EQ(errors_are_marginal({}, reader.header(1)), agree) << made;
    }
    for (const std::string& words : {swept.unlike_errors, report.unlike_errors, unlike_errors(catalogs)})
      if (agree)
        EXPECT_EQ(words, "");
      else
        EXPECT_THAT(words,
                    testing::AllOf(HasSubstr("1501p022"), HasSubstr("1503p022"), HasSubstr("IVARKIND")));
  }
}

TEST_F(SweepsOfMadeCatalogs, OfOneBoxHaveTheBricksAcrossRaZero) {
  write({"0001p022", 12, 0.02});
  write({"3599p022", 13, 359.95});
  const auto catalogs = find_catalogs(in_.path(), nullptr);
  SweepOptions options;
  options.verify = false;
  for (const double ra : {2., 358.}) {
    const SweepBox box = sweep_box(options.schema, ra, 2);
    EXPECT_EQ(make_sweep(box, catalogs, out_.path(), options, Log()).rows, 1) << box.name();
  }
  EXPECT_THAT(names(boxes_of(catalogs, options.schema)), ElementsAre("000p000-005p005", "355p000-360p005"));
}

TEST_F(SweepsOfMadeCatalogs, RefuseColumnsOfUnlikeTypesAndNameBoth) {
  write({});
  write({"1503p022", 343929, 150.4, true, true});
  EXPECT_THAT(failure(), AllOf(HasSubstr("maskbits is K in brick 1503p022, J in brick 1501p022")));
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(SweepsOfMadeCatalogs, RefuseACatalogThatIsNotWhatItsListSays) {
  const Made made;
  write(made);
  EXPECT_EQ(failure(), "");
  std::ofstream(path_of(made), std::ios::binary | std::ios::app) << "x";
  EXPECT_THAT(failure(), AllOf(HasSubstr("tractor-1501p022.fits"), HasSubstr("is to be made again")));
}

TEST_F(SweepsOfMadeCatalogs, RefuseASourceThatIsThereTwice) {
  write({});
  write({"1503p022", 343928, 150.4});  // of the same number
  EXPECT_THAT(failure(), HasSubstr("are those of another source"));
  EXPECT_TRUE(nothing_is_left());
}

TEST(SweepBox, HoldsItsLowerEdgesOnlyAndThePole) {
  const auto name = [](double ra, double dec) { return sweep_box(SweepSchema::kBlocks5, ra, dec).name(); };
  EXPECT_EQ(name(150, 0), "150p000-155p005");
  EXPECT_EQ(name(std::nextafter(150, 0), -1e-9), "145m005-150p000");
  EXPECT_EQ(name(360, 12), "000p010-005p015");
  EXPECT_EQ(name(-1e-3, 12), "355p010-360p015");
  EXPECT_EQ(name(10, 90), "010p085-015p090");
  EXPECT_EQ(name(10, -90), "010m090-015m085");
  EXPECT_EQ(sweep_box_named(SweepSchema::kBlocks10, "350m005-360p000").ra1, 350);
  EXPECT_THROW(sweep_box_named(SweepSchema::kBlocks10, "355p010-360p015"), Error);
}

}  // namespace
}  // namespace brickline
