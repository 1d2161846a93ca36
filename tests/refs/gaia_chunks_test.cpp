// Chunks made of a Gaia file, as the reader of reference catalogs sees them. The forms of Gaia's files, and runs that are
// killed: gaia_chunks.py.
#include "core/refs/gaia_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/refs/made_catalogs.h"
#include "tests/support/data.h"

namespace brickline::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A field across RA 0, and stars all around it, in no order.
const Wcs kField = small_field(0, 2, 3000);

fits::Table stars_around() {
  std::vector<GaiaStar> stars;
  for (int i = 0; i < 4000; ++i) {
    GaiaStar s;
    s.source_id = 1 + (i * 2999LL) % 4000;
    s.ra = std::fmod(360 + std::sin(i * 1.7), 360);
    s.dec = 2 + std::cos(i * 2.9);
    s.pmra = static_cast<float>(i % 17) - 8;
    s.g = 10 + static_cast<float>(i % 113) / 10;
    s.bp = i % 5 ? s.g + 0.5F : std::numeric_limits<float>::quiet_NaN();
    stars.push_back(s);
  }
  return gaia_table(stars, true);
}

std::string error_of(const auto& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.line();
  }
  return "no error";
}

struct GaiaChunks : ::testing::Test {
  GaiaChunks() { write_table(file, stars_around()); }
  TemporaryDirectory dir;
  fs::path file = dir / "stars.fits";
};

TEST_F(GaiaChunks, HoldTheStarsThatTheirReaderWants) {
  // The reference: the whole table in every file that the field needs.
  write_gaia(dir / "direct", kField, stars_around());
  for (const HealpixScheme scheme : {HealpixScheme::kRing, HealpixScheme::kNested}) {
    GaiaChunkOptions options;
    options.out_dir = dir / (scheme == HealpixScheme::kRing ? "ring" : "nested");
    options.scheme = scheme;
    const GaiaChunkSummary made = make_gaia_chunks(std::vector{file}, options);
    EXPECT_EQ(made.rows, 4000);
    EXPECT_EQ(made.release, "3");
    const std::vector<std::string> bands{"g", "r", "z"};
    const auto expected = read_references(only_gaia(dir / "direct"), kField, bands);
    ReferenceOptions reading = only_gaia(options.out_dir);
    reading.gaia_scheme = scheme;
    const auto found = read_references(reading, kField, bands);
    ASSERT_GT(expected.rows.size(), 20u);
    ASSERT_EQ(found.rows.size(), expected.rows.size());
    auto by_id = [](const ReferenceObject& a, const ReferenceObject& b) { return a.ref_id < b.ref_id; };
    auto a = found.rows, b = expected.rows;
    std::sort(a.begin(), a.end(), by_id);
    std::sort(b.begin(), b.end(), by_id);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].ref_id, b[i].ref_id);
      EXPECT_EQ(a[i].ra, b[i].ra);
      EXPECT_EQ(a[i].pmra, b[i].pmra);
      EXPECT_EQ(a[i].mag, b[i].mag);
      EXPECT_EQ(a[i].gaia->phot_bp_mean_mag, b[i].gaia->phot_bp_mean_mag);
      EXPECT_EQ(a[i].gaia->phot_variable_flag, b[i].gaia->phot_variable_flag);
    }
    // Numbered otherwise than is said.
    reading.gaia_scheme = scheme == HealpixScheme::kRing ? HealpixScheme::kNested : HealpixScheme::kRing;
    const fs::path some = *std::find_if(fs::directory_iterator(options.out_dir), fs::directory_iterator(),
                                        [](const auto& e) { return e.path().extension() == ".fits"; });
    for (const int pixel : refs::gaia_healpixes(refs::padded_region(kField, StarMask::kRadiusOfMagnitude0),
                                                reading.gaia_scheme))
      if (const fs::path other = options.out_dir / fmt::format("chunk-{:05d}.fits", pixel);
          !fs::exists(other))
        fs::copy_file(some, other);
    EXPECT_THAT(error_of([&] { read_references(reading, kField, bands); }), HasSubstr("HPXNEST"));
  }
}

TEST_F(GaiaChunks, AreTheSameInShortRunsAndAfterAnInterruption) {
  GaiaChunkOptions options;
  options.out_dir = dir / "long";
  make_gaia_chunks(std::vector{file}, options);
  options.out_dir = dir / "short";
  options.rows_in_memory = 7;
  std::atomic<bool> flag = true;
  EXPECT_THROW(make_gaia_chunks(std::vector{file}, options, {}, Cancel(flag)), Interrupted);
  make_gaia_chunks(std::vector{file}, options);
  int chunks = 0;
  for (const auto& entry : fs::directory_iterator(dir / "long"))
    if (entry.path().extension() == ".fits") {
      ++chunks;
      EXPECT_EQ(bytes_of(entry.path()), bytes_of(options.out_dir / entry.path().filename())) << entry.path();
    }
  EXPECT_GT(chunks, 2);
  EXPECT_TRUE(make_gaia_chunks(std::vector{file}, options).nothing_to_do);
  // A chunk that somebody took away is made again.
  fs::remove(fs::directory_iterator(options.out_dir)->path());
  options.force = true;
  EXPECT_EQ(make_gaia_chunks(std::vector{file}, options).chunks, chunks);
}

// Real chunks are input, too: what comes out has the same stars in the same pixels.
TEST(GaiaChunksOfRealStars, AreWhatTheyWere) {
  const fs::path real = data_dir() / "surveys/testcase3/gaia";
  BRICKLINE_NEEDS_DATA("surveys/testcase3/gaia");
  TemporaryDirectory dir;
  GaiaChunkOptions options;
  options.out_dir = dir.path();
  const auto inputs = gaia_inputs(std::vector{real});
  EXPECT_EQ(make_gaia_chunks(inputs, options).release, "2");
  for (const fs::path& file : inputs) {
    const fits::Table expected = fits::FitsReader(file).table(1),
                      found = fits::FitsReader(dir / file.filename().string()).table(1);
    ASSERT_EQ(found.rows(), expected.rows());
    std::map<std::int64_t, std::int64_t> row_of;
    for (std::int64_t i = 0; i < expected.rows(); ++i) row_of[expected.integer("source_id", i)] = i;
    for (const fits::Column& column : found.columns())
      for (std::int64_t i = 0; i < found.rows(); ++i) {
        const double a = found.number(column.name, i),
                     b = expected.number(column.name, row_of.at(found.integer("source_id", i)));
        EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << file << ' ' << column.name << ' ' << i;
      }
  }
}

TEST(GaiaExtraColumns, AreWrittenAsInFits) {
  EXPECT_EQ(parse_gaia_extra_column("g_sdss_mag").type, 'E');
  EXPECT_EQ(parse_gaia_extra_column("x:D").type, 'D');
  EXPECT_EQ(parse_gaia_extra_column("bp_coefficients:55D").count, 55);
  for (const char* bad : {"", ":D", "a b", "x:", "x:K", "x:0E", "x:-1E", "x:55", "ra"})
    EXPECT_THROW(parse_gaia_extra_column(bad), Error) << bad;
}

}  // namespace
}  // namespace brickline::test
