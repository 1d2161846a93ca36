// Whole runs of real fields against the check values that the reference pipeline gave for them: which files
// there are, what is in the tables, what a journal of blobs holds and what is made of a part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>

#include "core/fits/fits_reader.h"
#include "core/pipeline/blob_journal.h"
#include "core/pipeline/brick_run.h"
#include "core/survey/bits.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Pair;

BrickOptions options_for(const char* name, const char* brick, const std::array<int, 4>& zoom,
                         const fs::path& output_dir) {
  const auto survey = test::data_dir() / "surveys" / name;
  BrickOptions options;
  options.survey.survey_dir = survey;
  options.survey.plugin_dirs = {fs::path(BRICKLINE_BUILD_DIR) / "plugins"};
  options.region.brick = brick;
  options.region.zoom = zoom;
  options.control.output_dir = output_dir;
  options.control.keep_state = true;
  options.wise.wanted = false;
  options.references.tycho_dir = survey;
  options.references.gaia_dir = survey / "gaia";
  options.references.gaia_version = "2";
  options.references.gaia_prefix = "chunk";
  options.references.gaia_scheme = "ring";
  return options;
}

// ---- testcase6, a hundred pixels square ----

class Testcase6 : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!fs::exists(test::data_dir() / "surveys/testcase6")) return;
    scratch_ = new test::TemporaryDirectory;
    outcome_ = new BrickOutcome(
        run_brick(options_for("testcase6", "1102p240", {500, 600, 650, 750}, scratch_->path())));
  }
  static void TearDownTestSuite() {
    delete std::exchange(outcome_, nullptr);
    delete std::exchange(scratch_, nullptr);
  }
  void SetUp() override { BRICKLINE_NEEDS_DATA("surveys/testcase6"); }
  static fits::FitsReader open(const std::string& path) { return fits::FitsReader(*scratch_ / path); }

  static test::TemporaryDirectory* scratch_;
  static BrickOutcome* outcome_;
};
test::TemporaryDirectory* Testcase6::scratch_ = nullptr;
BrickOutcome* Testcase6::outcome_ = nullptr;

TEST_F(Testcase6, WritesTheReferencesFilesInItsOrder) {
  std::vector<std::string> expected;
  const auto coadd = [&](const std::string& what) {
    expected.push_back("coadd/110/1102p240/legacysurvey-1102p240-" + what);
  };
  for (const char* name :
       {"reference-1102p240.fits", "outliers-pre-1102p240.jpg", "outlier-mask-1102p240.fits.fz",
        "outliers-post-1102p240.jpg", "outliers-masked-pos-1102p240.jpg", "outliers-masked-neg-1102p240.jpg",
        "sources-1102p240.fits", "blobs-1102p240.fits.gz", "all-models-1102p240.fits"})
    expected.push_back(std::string("metrics/110/") + name);
  coadd("ccds.fits");
  for (const char* band : {"g", "r", "z"})
    for (const char* type :
         {"image", "invvar", "nexp", "depth", "galdepth", "psfsize", "model", "chi2", "blobmodel"})
      coadd(std::string(type) + "-" + band + ".fits.fz");
  coadd("depth.fits");
  for (const char* picture : {"image", "model", "blobmodel", "resid"}) coadd(std::string(picture) + ".jpg");
  coadd("maskbits.fits.fz");
  expected.push_back("tractor-i/110/tractor-i-1102p240.fits");
  expected.push_back("tractor/110/tractor-1102p240.fits");
  std::vector<std::string> written;
  std::ifstream list(*scratch_ / "tractor/110/brick-1102p240.sha256sum");
  for (std::string digest, name; list >> digest >> name;) written.push_back(name.substr(1));
  EXPECT_EQ(written.size(), 45u);
  // The reference pipeline writes blobs and all models before the list of CCDs; sets are compared too, so that
  // one that is missing is named.
  EXPECT_THAT(written, testing::UnorderedElementsAreArray(expected));
}

TEST_F(Testcase6, TheCatalogHoldsTheReferencesRows) {
  fits::FitsReader reader = open("tractor/110/tractor-1102p240.fits");
  const fits::Header header = reader.header(0);
  EXPECT_EQ(header.integer("NBANDS"), 3);
  EXPECT_EQ(header.text("CAMS_G"), "decam");
  EXPECT_FALSE(header.has("VER_WISE"));
  EXPECT_FALSE(header.has("UNWISTD"));
  EXPECT_EQ(header.text("COSKY_G").value_or("None"), "None");
  const fits::Table table = reader.table(1);
  ASSERT_EQ(table.rows(), 7);
  int from_gaia = 0;
  for (std::int64_t i = 0; i < 7; ++i) {
    EXPECT_EQ(table.text("type", i), "PSF");
    EXPECT_EQ(table.integer("brick_primary", i), 1);
    EXPECT_EQ(table.integer("objid", i), i);
    EXPECT_EQ(table.integer("release", i), 9999);
    from_gaia += table.text("ref_cat", i) == "G2";
  }
  EXPECT_EQ(from_gaia, 6);
}

TEST_F(Testcase6, TheTableOfCcdsSaysWhatWasUsedOfThem) {
  struct Row {
    int expnum;
    std::array<int, 4> ccd, brick;  // x0 x1 y0 y1
    double psfnorm, galnorm;
  };
  const std::vector<Row> expected = {{802955, {0, 101, 0, 101}, {0, 101, 1, 102}, 0.09523628, 0.08174592},
                                     {803291, {0, 101, 0, 101}, {0, 101, 1, 102}, 0.13340339, 0.10234600},
                                     {803277, {0, 101, 0, 101}, {1, 101, 0, 102}, 0.12152018, 0.09574241},
                                     {790643, {0, 101, 0, 100}, {1, 101, 1, 101}, 0.12576345, 0.09937033},
                                     {695773, {0, 101, 0, 100}, {1, 101, 1, 101}, 0.12494130, 0.09803853},
                                     {396388, {0, 100, 0, 100}, {1, 101, 1, 101}, 0.12836127, 0.09898280}};
  fits::FitsReader reader = open("coadd/110/1102p240/legacysurvey-1102p240-ccds.fits");
  const fits::Table table = reader.table(1);
  ASSERT_EQ(table.rows(), static_cast<std::int64_t>(expected.size()));
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const Row& row = expected[static_cast<std::size_t>(i)];
    SCOPED_TRACE(row.expnum);
    EXPECT_EQ(table.integer("expnum", i), row.expnum);
    const char* edges[] = {"x0", "x1", "y0", "y1"};
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_EQ(table.integer(std::string("ccd_") + edges[k], i), row.ccd[k]) << edges[k];
      // The reference pipeline's corners are a pixel of the CCD short at its far edges; ours are the corner pixels'.
      EXPECT_NEAR(static_cast<double>(table.integer(std::string("brick_") + edges[k], i)), row.brick[k], 1)
          << edges[k];
    }
    EXPECT_NEAR(table.number("psfnorm", i), row.psfnorm, 1e-5);
    EXPECT_NEAR(table.number("galnorm", i), row.galnorm, 1e-5);
  }
}

TEST_F(Testcase6, TheDepthsAreThoseOfTheReferencesPixels) {
  const fits::Table table = open("coadd/110/1102p240/legacysurvey-1102p240-depth.fits").table(1);
  const std::map<std::string, std::map<int, int>> expected = {
      {"ptsrc_g", {{0, 1811}, {41, 1}, {42, 267}, {45, 7921}}},
      {"gal_g", {{0, 1811}, {39, 268}, {43, 7921}}},
      {"ptsrc_r", {{0, 1390}, {36, 588}, {39, 8022}}},
      {"gal_r", {{0, 1390}, {33, 588}, {36, 8022}}},
      {"ptsrc_z", {{0, 1385}, {24, 307}, {28, 247}, {30, 8061}}},
      {"gal_z", {{0, 1385}, {21, 307}, {25, 247}, {27, 8061}}}};
  for (const auto& [column, counts] : expected) {
    SCOPED_TRACE(column);
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      const std::int64_t n = table.integer("counts_" + column, i);
      sum += n;
      const auto known = counts.find(static_cast<int>(i));
      EXPECT_NEAR(static_cast<double>(n), known == counts.end() ? 0 : known->second, 20) << "bin " << i;
    }
    EXPECT_EQ(sum, 10000);
  }
}

// ---- The journal of blobs ----

std::vector<std::uint8_t> bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::string key_in(const std::vector<std::uint8_t>& journal) {
  constexpr std::size_t kMagic = 8, kSize = 4, kHex = 64;
  return {journal.begin() + kMagic + kSize, journal.begin() + kMagic + kSize + kHex};
}

class Journals : public testing::Test {
 protected:
  void SetUp() override { BRICKLINE_NEEDS_DATA("surveys/mzlsbass2"); }
  BrickOptions options() {
    BrickOptions out = options_for("mzlsbass2", "1773p595", {1300, 1500, 700, 900}, scratch_ / "out");
    out.control.checkpoint = journal_;
    return out;
  }
  test::TemporaryDirectory scratch_;
  fs::path journal_ = scratch_ / "journal";
};

TEST_F(Journals, HoldTheBlobsThatWereFittedWithTheirSources) {
  BrickOptions three = options();
  three.blobs.blob_count = 3;
  three.control.stages = {"fitblobs"};
  run_brick(three);
  const auto bytes = bytes_of(journal_);
  JournalContents contents;
  const BlobRecords records = read_blob_journal(bytes, key_in(bytes), contents);
  EXPECT_EQ(contents.problem, "");
  std::map<int, std::size_t> sources;
  for (const auto& [key, result] : records.results) sources[key.first] = result.sources.size();
  EXPECT_THAT(sources, ElementsAre(Pair(0, 3u), Pair(1, 1u), Pair(2, 4u)));
}

// Of six blobs, three in the journal: theirs are the reference's objects 0 to 6 and 9 of the whole field.
TEST_F(Journals, BailedOutOfAfterThreeBlobsAFieldHasTheReferencesRowsAndMask) {
  BrickOptions whole = options();
  whole.control.stages = {"fitblobs"};
  run_brick(whole);
  auto bytes = bytes_of(journal_);
  const std::string key = key_in(bytes);
  JournalContents contents;
  BlobRecords records = read_blob_journal(bytes, key, contents);
  ASSERT_EQ(records.results.size(), 6u);
  JournalFile kept = JournalFile::begin(journal_, key, false);
  std::size_t sources = 0;
  for (const JournalContents::Record& record : contents.records) {
    const BlobRecords one = [&] {
      JournalRecord header = journal_header(key);
      const std::string payload(record.payload.begin(), record.payload.end());
      const std::string text = header.bytes + journal_record(header.digest, record.kind, payload).bytes;
      JournalContents unused;
      return read_blob_journal(std::vector<std::uint8_t>(text.begin(), text.end()), key, unused);
    }();
    if (one.results.empty() || one.results.begin()->first.first > 2) continue;
    sources += one.results.begin()->second.sources.size();
    kept.add(record.kind, {reinterpret_cast<const char*>(record.payload.data()), record.payload.size()});
  }
  EXPECT_EQ(sources, 8u);

  BrickOptions bailing = options();
  bailing.bail_out.bail_out = true;
  const BrickOutcome outcome = run_brick(bailing);
  EXPECT_TRUE(outcome.failures.empty());
  const std::string brick = "177/tractor-1773p595.fits";
  fits::FitsReader catalog(scratch_ / ("out/tractor/" + brick));
  EXPECT_EQ(catalog.header(0).integer("NBAILOUT"), 3);
  EXPECT_EQ(catalog.header(0).integer("NFAILED"), 0);
  EXPECT_EQ(catalog.table(1).rows(), 8);
  fits::FitsReader mask(scratch_ / "out/coadd/177/1773p595/legacysurvey-1773p595-maskbits.fits.fz");
  const auto pixels = mask.image<std::int32_t>(1);
  std::int64_t bailed_out = 0;
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) bailed_out += (pixels(x, y) & maskbit::kBailout) != 0;
  EXPECT_EQ(bailed_out, 1436 + 496 + 417);

  const fits::Table blobs = fits::FitsReader(scratch_ / "out/metrics/177/all-models-1773p595.fits").table(2);
  int told = 0;
  for (std::int64_t i = 0; i < blobs.rows(); ++i)
    if (blobs.text("status", i) == "bailed out") told += !blobs.text("message", i).empty();
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace brickline
