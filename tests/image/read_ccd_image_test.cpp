#include "core/image/read_ccd_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include "core/facts/mask_bits.h"
#include "core/fits/fits_writer.h"
#include "core/image/edges.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

double sum(const Image<float>& image) {
  double s = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) s += image(x, y);
  return s;
}
std::int64_t count_zero(const Image<float>& image) {
  std::int64_t n = 0;
  for (int y = 0; y < image.height(); ++y) n += std::count(image.row(y), image.row(y) + image.width(), 0.0f);
  return n;
}
double median_positive_of(const Image<float>& image) {
  std::vector<float> values;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      if (image(x, y) > 0) values.push_back(image(x, y));
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 ? values[n / 2] : (double{values[n / 2 - 1]} + values[n / 2]) / 2;
}
// "bit:count,..." of the bits that are set, "-" if none are.
std::string bit_counts(const Image<std::uint16_t>& mask) {
  std::map<int, int> counts;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x)
      for (int bit = 1; bit < 0x10000; bit *= 2)
        if (mask(x, y) & bit) ++counts[bit];
  std::string text;
  for (const auto& [bit, n] : counts)
    text += (text.empty() ? "" : ",") + std::to_string(bit) + ":" + std::to_string(n);
  return text.empty() ? "-" : text;
}

CameraRegistry& cameras() {
  static CameraRegistry registry = test::built_cameras();
  return registry;
}

// What a run says.
class Collected : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) override {
    const std::scoped_lock lock(mutex_);
    text_[level] += std::string(message) + "\n";
  }
  std::string at(LogLevel level) { return text_[level]; }

 private:
  std::mutex mutex_;
  std::map<LogLevel, std::string> text_;
};

// ---- Real images, figure by figure ----

TEST(RealImages, HaveTheReferencesFigures) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  std::map<std::string, test::GoldenCase> cases;
  std::ifstream file(fs::path(BRICKLINE_SOURCE_DIR) / "tests/image/survey_images.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    ++lines;
    std::istringstream in(line);
    std::string survey, ccdname, band, bits;
    std::int64_t expnum = 0, zeros = 0;
    Box extent;
    double sig1, zero_point, zpscale, fwhm, gaussian_sigma, psfnorm, galnorm, midsky, raw_sum, peak,
        shifted_sum, shifted_centre, mjd, image_sum, inverse_error_sum, median;
    in >> survey >> expnum >> ccdname >> band >> extent.x0 >> extent.x1 >> extent.y0 >> extent.y1 >> sig1 >>
        zero_point >> zpscale >> fwhm >> gaussian_sigma >> psfnorm >> galnorm >> midsky >> raw_sum >> peak >>
        shifted_sum >> shifted_centre >> mjd >> bits >> zeros >> image_sum >> inverse_error_sum >> median;
    ASSERT_TRUE(in) << line;
    SCOPED_TRACE(survey + " " + std::to_string(expnum) + " " + ccdname);
    const test::GoldenCase& test_case = cases.try_emplace(survey, survey).first->second;
    const CcdRow& row = test_case.row(expnum, ccdname);
    const auto image = read_ccd_image(cameras().load(row.camera), test_case.input(row), test_case.options);
    ASSERT_TRUE(image);
    EXPECT_EQ(image->band, band);
    EXPECT_EQ(image->extent, extent);
    EXPECT_NEAR(image->sig1, sig1, 1e-7 * sig1);
    EXPECT_NEAR(image->zpscale, zpscale, 1e-6 * zpscale);
    EXPECT_NEAR(22.5 + 2.5 * std::log10(image->zpscale), zero_point, 1e-6);
    EXPECT_NEAR(image->psf_fwhm, fwhm, 1e-6);
    EXPECT_NEAR(image->psf.gaussian_sigma_pixels(), gaussian_sigma, 1e-6);
    EXPECT_NEAR(image->psfnorm, psfnorm, 1e-5 * psfnorm);
    EXPECT_NEAR(image->galnorm, galnorm, 1e-4 * galnorm);
    EXPECT_NEAR(image->sky_median, midsky, 2e-6 * midsky);
    EXPECT_NEAR(image->mjd_tai, mjd, 2e-9);
    EXPECT_EQ(bit_counts(image->mask), bits);
    EXPECT_EQ(count_zero(image->inverse_error), zeros);
    EXPECT_NEAR(sum(image->data), image_sum, 2e-6 * image_sum);
    EXPECT_NEAR(sum(image->inverse_error), inverse_error_sum, 2e-6 * inverse_error_sum);
    EXPECT_NEAR(median_positive_of(image->inverse_error), median, 2e-6 * median);
    const double noise = 2e-7 * std::max(1.0, midsky / zpscale);
    for (int i = 0; i < 4; ++i) {
      int r, c;
      double value, inverse_error;
      in >> r >> c >> value >> inverse_error;
      EXPECT_NEAR(image->data(c, r), value, 2e-6 * std::abs(value) + noise);
      EXPECT_NEAR(image->inverse_error(c, r), inverse_error, 2e-6 * inverse_error);
    }
    EXPECT_FALSE(image->psf_version.empty());
    EXPECT_EQ(image->sky_plver, image->plver);
    EXPECT_EQ(image->psf_plver, image->plver);
  }
  EXPECT_EQ(lines, 21);
}

// ---- Options, on exposure 372546, CCD N26 ----

class Options : public testing::Test {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/testcase9");
    options_ = test_case().options;
  }
  static const test::GoldenCase& test_case() {
    static const test::GoldenCase c("testcase9");
    return c;
  }
  std::optional<CcdImage> read(const ReadImageOptions& options, Log log = {}) const {
    const CcdRow& row = test_case().row(372546, "N26");
    return read_ccd_image(cameras().load(row.camera), test_case().input(row), options, log);
  }
  ReadImageOptions options_;
};

TEST_F(Options, ImagesSmallerThanTheSmallestAreNotUsed) {
  options_.min_size = 101;
  EXPECT_TRUE(read(options_));
  options_.min_size = 102;
  Collected log;
  EXPECT_FALSE(read(options_, Log(log)));
  EXPECT_THAT(log.at(LogLevel::kInfo), HasSubstr("372546"));
  EXPECT_THAT(log.at(LogLevel::kInfo), HasSubstr("not used: the part that the target sees is 101 x 101"));
}

TEST_F(Options, NativeUnits) {
  options_.nanomaggies = false;
  const auto image = read(options_);
  EXPECT_NEAR(sum(image->data), 186412.037, 0.4);
  EXPECT_NEAR(sum(image->inverse_error), 1517.13499, 0.003);
  EXPECT_NEAR(image->psfnorm, 0.14982319, 1.5e-6);
}

TEST_F(Options, SkyLeftIn) {
  options_.subtract_sky = false;
  EXPECT_NEAR(sum(read(options_)->data), 2102.06317, 0.005);
}

TEST_F(Options, PsfAsItWasMade) {
  options_.normalize_psf = false;
  const auto image = read(options_);
  EXPECT_NEAR(image->psfnorm, 0.152948871, 1.5e-6);
  EXPECT_NEAR(image->galnorm, 0.111569285, 1.1e-5);
}

TEST_F(Options, ConstantWeights) {
  options_.constant_weight = true;
  EXPECT_NEAR(sum(read(options_)->inverse_error), 1248989.79, 2.5);
}

TEST_F(Options, ApodizedWeights) {
  const auto plain = read(options_);
  options_.apodize = true;
  const auto apodized = read(options_);
  const int width = plain->data.width(), height = plain->data.height();
  // The reference's ramps are as long as this image and overlap.
  const std::vector<float> ramp = apodization_ramp(100);
  double reference_sum = 0;
  int zeros = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double weight = 1;
      for (int k : {x, width - 1 - x, y, height - 1 - y})
        if (k < 100) weight *= ramp[k];
      const double error = plain->inverse_error(x, y) * std::sqrt(weight);
      reference_sum += error;
      zeros += error == 0;
    }
  EXPECT_NEAR(reference_sum, 106803.82, 0.5);
  EXPECT_EQ(zeros, 465);
  // Ours end at the middle.
  const std::vector<float> half = apodization_ramp(50);
  EXPECT_EQ(apodized->inverse_error(0, 40), 0);
  EXPECT_FLOAT_EQ(apodized->inverse_error(50, 50), plain->inverse_error(50, 50));
  EXPECT_FLOAT_EQ(apodized->inverse_error(20, 50), plain->inverse_error(20, 50) * std::sqrt(half[20]));
  EXPECT_EQ(apodized->data(20, 50), plain->data(20, 50));
}

TEST_F(Options, AWindow) {
  options_.window = Box{20, 60, 10, 40};
  const auto image = read(options_);
  ASSERT_EQ(image->extent, (Box{20, 60, 10, 40}));
  EXPECT_NEAR(sum(image->data), 13.28768, 3e-5);
  EXPECT_NEAR(image->data(5, 3), -0.009978576, 2e-7);
  EXPECT_NEAR(image->inverse_error(5, 3), 126.28762, 3e-4);
  EXPECT_NEAR(image->psfnorm, 0.149852216, 1.5e-6);
  const SkyPosition corner = image->wcs.pixel_to_sky(0, 0);
  EXPECT_NEAR(corner.ra, 9.11987357482, 1e-9);
  EXPECT_NEAR(corner.dec, 3.39967075325, 1e-9);
  options_.window = Box{20, 60, 10, 19};
  EXPECT_FALSE(read(options_));
  options_.window = Box{20, 60, 10, 20};
  EXPECT_TRUE(read(options_));
}

TEST_F(Options, TheExtentFollowsTheTarget) {
  const auto extent = [&](double dra, double ddec) {
    ReadImageOptions o = options_;
    for (SkyPosition& p : o.polygon) {
      p.ra += dra;
      p.dec += ddec;
    }
    const auto image = read(o);
    return image ? image->extent : Box{};
  };
  EXPECT_EQ(extent(0.005, 0), (Box{0, 101, 68, 101}));
  EXPECT_EQ(extent(0.0125, 0), Box{});
  EXPECT_EQ(extent(0, 0.003), (Box{0, 60, 0, 101}));
  EXPECT_EQ(extent(0, 0.006), (Box{0, 18, 0, 101}));
}

TEST_F(Options, WithoutATargetItIsTheWholeCcd) {
  options_.polygon.clear();
  EXPECT_EQ(read(options_)->extent, (Box{0, 101, 0, 101}));
}

TEST_F(Options, MetadataAloneIsWhatItIsWithPixels) {
  const auto with = read(options_);
  options_.pixels = false;
  const auto without = read(options_);
  ASSERT_TRUE(with && without);
  EXPECT_TRUE(without->data.empty() && without->inverse_error.empty() && without->mask.empty());
  EXPECT_EQ(without->extent, with->extent);
  EXPECT_EQ(without->sky_median, with->sky_median);
  EXPECT_EQ(without->psfnorm, with->psfnorm);
  EXPECT_EQ(without->galnorm, with->galnorm);
  EXPECT_EQ(without->zpscale, with->zpscale);
  EXPECT_EQ(without->name, with->name);
  EXPECT_EQ(without->wcs.corners()[2].ra, with->wcs.corners()[2].ra);
}

TEST_F(Options, NoiseFromTheWeightsWhereTheTableHasNone) {
  const CcdRow& row = test_case().row(372546, "N26");
  CcdInput input = test_case().input(row);
  const double in_table = input.source.values.sig1;
  input.source.values.sig1 = CcdValues::kUnknown;
  input.sig1_from_weights = true;
  const auto image = read_ccd_image(cameras().load(row.camera), input, options_);
  // The table's is the median over the whole chip of which this is a cut-out.
  EXPECT_NEAR(image->sig1, in_table, 0.05 * in_table);
  EXPECT_NEAR(median_positive_of(image->inverse_error), 1 / image->sig1, 1e-3 / image->sig1);
}

// ---- Changed files: a copy of a survey with one CCD (exposure 396388, CCD S11) ----

class ChangedFiles : public testing::Test {
 protected:
  void SetUp() override {
    BRICKLINE_NEEDS_DATA("golden/testcase7");
    const test::GoldenCase original("testcase7");
    fs::copy(original.survey_dir / "images", dir_ / "images", fs::copy_options::recursive);
    fs::copy(original.survey_dir / "calib", dir_ / "calib", fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path()))
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    row_ = original.ccds.at(0);
    table_ = original.table.table();
  }

  fs::path plane(const char* kind) const {
    std::string name = row_.image_filename;
    name.replace(name.find("_ooi_"), 5, std::string("_") + kind + "_");
    return dir_ / ("images/" + name);
  }
  fs::path image_file() const { return plane("ooi"); }
  fs::path calibration(const char* product) const {
    for (const auto& entry : fs::recursive_directory_iterator(dir_ / "calib"))
      if (entry.path().filename().string().find(product) != std::string::npos) return entry.path();
    return {};
  }

  // Writes a plane anew after `change(pixels, primary header, image header)`.
  template <typename T, typename F>
  void rewrite(const fs::path& path, F&& change) {
    fits::FitsReader in(path);
    Image<T> pixels = in.image<T>(1);
    fits::Header primary = in.header(0), header = in.header(1);
    change(pixels, primary, header);
    fits::FitsWriter out;
    out.add_empty_primary(primary);
    out.add_image(ImageView<const T>(pixels.const_view()), header, row_.ccdname);
    out.write(path);
  }
  template <typename F>
  void change_image(F&& change) {
    rewrite<float>(image_file(), change);
  }
  template <typename F>
  void change_mask(F&& change) {
    rewrite<std::int32_t>(plane("ood"), change);
  }
  template <typename F>
  void change_weight(F&& change) {
    rewrite<float>(plane("oow"), change);
  }
  // A weight map of the usual noise, and no masked pixel.
  void make_clean() {
    change_mask([](Image<std::int32_t>& m, auto&, auto&) { m.fill(0); });
    change_weight([&](Image<float>& w, auto&, auto&) { w.fill(static_cast<float>(typical_weight())); });
  }
  double typical_weight() const {
    const double zpscale = 1402.04681;
    return 1 / std::pow(row_.sig1 * zpscale, 2);
  }

  CcdInput input() const { return test::input_of(row_, dir_.path(), table_); }
  std::optional<CcdImage> read(Log log = {}) {
    return read_ccd_image(cameras().load(row_.camera), input(), options_, log);
  }
  // The one line that an Error gives.
  std::string failure(ErrorKind kind = ErrorKind::kInput) {
    try {
      read();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.line();
      EXPECT_EQ(e.line().find('\n'), std::string::npos) << e.line();
      EXPECT_THAT(e.line(), HasSubstr("396388"));
      EXPECT_THAT(e.line(), HasSubstr("S11"));
      return e.line();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  test::TemporaryDirectory dir_;
  CcdRow row_;
  fits::Table table_;
  ReadImageOptions options_;
};

TEST_F(ChangedFiles, TheCopyItselfReads) {
  const auto image = read();
  ASSERT_TRUE(image);
  EXPECT_EQ(bit_counts(image->mask), "2:612,64:626");
}

TEST_F(ChangedFiles, MissingFilesAreNamed) {
  for (const char* kind : {"ooi", "ood", "oow"}) {
    fs::rename(plane(kind), dir_ / "hidden");
    EXPECT_THAT(failure(), HasSubstr(plane(kind).string()));
    fs::rename(dir_ / "hidden", plane(kind));
  }
  const fs::path sky = calibration("splinesky"), psf = calibration("psfex.fits");
  fs::rename(sky, dir_ / "hidden");
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr("no sky model"), HasSubstr(sky.string())));
  fs::rename(dir_ / "hidden", sky);
  fs::rename(psf, dir_ / "hidden");
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr("no PSF model"), HasSubstr(psf.string())));
}

TEST_F(ChangedFiles, TruncatedFilesAreNamed) {
  for (const fs::path& path :
       {image_file(), plane("ood"), plane("oow"), calibration("splinesky"), calibration("psfex.fits")}) {
    std::string bytes;
    {
      std::ifstream in(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size() * 2 / 3));
    EXPECT_THAT(failure(), HasSubstr(path.string()));
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  EXPECT_TRUE(read());
}

TEST_F(ChangedFiles, AnHduThatIsNotThereIsNamed) {
  row_.image_hdu = 7;
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr(image_file().string()), HasSubstr("no HDU 7")));
}

TEST_F(ChangedFiles, PixelsThatAreNotFiniteAreAnError) {
  change_image([](Image<float>& p, auto&, auto&) { p(50, 40) = NAN; });
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr(image_file().string()), HasSubstr("not finite")));
}

TEST_F(ChangedFiles, WeightsThatAreNotFiniteAreAnError) {
  change_weight([](Image<float>& w, auto&, auto&) { w(3, 3) = NAN; });
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr(plane("oow").string()), HasSubstr("not finite")));
}

TEST_F(ChangedFiles, AnotherReductionIsAnErrorUnlessAllowed) {
  const std::string version = row_.plver;
  row_.plver = "V9.9";
  EXPECT_THAT(failure(),
              testing::AllOf(HasSubstr(image_file().string()), HasSubstr("'V9.9'"), HasSubstr(version)));
  options_.old_calibs_ok = true;
  Collected log;
  EXPECT_TRUE(read(Log(log)));
  EXPECT_THAT(log.at(LogLevel::kWarning), HasSubstr("V9.9"));
  EXPECT_THAT(log.at(LogLevel::kWarning), HasSubstr("psfex"));
  options_.old_calibs_ok = false;
  row_.plver = version.substr(0, 4);  // cut short by its column
  EXPECT_TRUE(read());
  row_.plver.clear();  // a table that does not say
  EXPECT_TRUE(read());
}

TEST_F(ChangedFiles, AMaskOrWeightOfAnotherExposureIsAnError) {
  change_mask([](auto&, fits::Header& primary, auto&) { primary.set("EXPNUM", 1); });
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr(plane("ood").string()), HasSubstr("exposure number is 1")));
}

TEST_F(ChangedFiles, AZeroPointThatIsNoneMattersToWhoUsesItAlone) {
  row_.ccdzpt = 0;
  EXPECT_THAT(failure(), HasSubstr("ccdzpt"));
  options_.nanomaggies = false;
  EXPECT_TRUE(read());
}

TEST_F(ChangedFiles, AZeroPointOrNoiseThatIsNoNumberIsAnError) {
  const CcdRow before = row_;
  row_.ccdzpt = NAN;
  EXPECT_THAT(failure(), HasSubstr("ccdzpt"));
  row_ = before;
  CcdInput in = input();
  in.source.values.sig1 = NAN;
  EXPECT_THROW(read_ccd_image(cameras().load(row_.camera), in, options_), Error);
  in.source.values.sig1 = 0;  // no clipping
  EXPECT_TRUE(read_ccd_image(cameras().load(row_.camera), in, options_));
}

// The table's noise is in nanomaggies: without a zero point it is none of the pixels'.
TEST_F(ChangedFiles, WithoutAZeroPointTheNoiseIsThatOfTheWeightsAlone) {
  row_.ccdzpt = NAN;
  options_.nanomaggies = false;
  Collected log;
  const auto image = read(Log(log));
  ASSERT_TRUE(image);
  EXPECT_EQ(image->sig1, 0);
  EXPECT_THAT(log.at(LogLevel::kWarning), testing::Not(HasSubstr("noise by the weights")));
}

TEST_F(ChangedFiles, SeeingMustBePositive) {
  change_image([](auto&, auto&, fits::Header& header) { header.set("FWHM", 0.01); });
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr(image_file().string()), HasSubstr("FWHM")));
  const double of_table = row_.psf_fwhm;
  change_image([](auto&, auto&, fits::Header& header) { header.set("FWHM", 0.0); });
  EXPECT_EQ(read()->psf_fwhm, of_table);
}

TEST_F(ChangedFiles, AnImageWithoutAGoodPixelIsNotUsed) {
  const auto not_used = [&](const char* why) {
    Collected log;
    EXPECT_FALSE(read(Log(log)));
    EXPECT_THAT(log.at(LogLevel::kInfo), HasSubstr(why));
  };
  change_mask([](Image<std::int32_t>& m, auto&, auto&) { m.fill(1); });
  not_used("no pixel has weight");
  make_clean();
  EXPECT_TRUE(read());
  change_weight([](Image<float>& w, auto&, auto&) { w.fill(-1); });
  not_used("no pixel has weight");
  change_weight([&](Image<float>& w, auto&, auto&) {
    w.fill(0);
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < w.width(); ++x) w(x, y) = static_cast<float>(typical_weight());
  });
  not_used("x 9 pixels are left");
}

TEST_F(ChangedFiles, EdgesWithoutWeightAreTrimmed) {
  make_clean();
  change_mask([](Image<std::int32_t>& m, auto&, auto&) {
    for (int y = 0; y < m.height(); ++y)
      for (int x = 0; x < m.width(); ++x)
        m(x, y) = x < 4 || y >= m.height() - 3 || (x == m.width() - 1 && y >= 40 && y < 60);
  });
  const auto image = read();
  ASSERT_TRUE(image);
  EXPECT_EQ(image->extent, (Box{4, 100, 0, 97}));
  EXPECT_EQ(image->data.width(), 96);
  EXPECT_EQ(image->mask.height(), 97);
  EXPECT_EQ(bit_counts(image->mask), "1:20");
  options_.trim_edges = false;
  const auto untrimmed = read();
  EXPECT_EQ(untrimmed->extent, (Box{0, 100, 0, 100}));
  EXPECT_EQ(untrimmed->data(4, 0), image->data(0, 0));
  // The sub-image's frame moves with it.
  const SkyPosition a = image->wcs.pixel_to_sky(10, 10), b = untrimmed->wcs.pixel_to_sky(14, 10);
  EXPECT_NEAR(a.ra, b.ra, 1e-12);
  EXPECT_NEAR(a.dec, b.dec, 1e-12);
  EXPECT_NEAR(image->psf.stamp(10, 10)(31, 31), untrimmed->psf.stamp(14, 10)(31, 31), 1e-8);
}

TEST_F(ChangedFiles, SaturationAtTheSideEdgesIsRelabelled) {
  make_clean();
  change_mask([](Image<std::int32_t>& m, auto&, auto&) {
    for (int y = 30; y < 50; ++y)
      for (int x = 0; x < 3; ++x) m(x, y) = 3;
    m(50, 10) = 3;
  });
  const auto image = read();
  EXPECT_EQ(bit_counts(image->mask), "2:1,256:60");
  EXPECT_EQ(count_zero(image->inverse_error), 61);
}

TEST_F(ChangedFiles, WeightsBeyondTheNoiseAreClippedAndNegativeOnesDropped) {
  make_clean();
  change_weight([](Image<float>& w, auto&, auto&) {
    w(20, 30) = 1e6f;
    w(21, 30) = -5;
  });
  const auto image = read();
  EXPECT_NEAR(image->inverse_error(20, 30), 1 / row_.sig1, 1e-5 / row_.sig1);
  EXPECT_EQ(image->inverse_error(21, 30), 0);
  EXPECT_EQ(count_zero(image->inverse_error), 1);
}

// A weight plane with one more pixel on every side, as some reductions have.
TEST_F(ChangedFiles, ALargerWeightPlaneLosesItsRim) {
  const auto before = read();
  Image<float> larger;
  rewrite<float>(plane("oow"), [&](Image<float>& w, auto&, auto&) {
    larger = Image<float>(w.width() + 2, w.height() + 2, 7);
    for (int y = 0; y < w.height(); ++y) std::copy_n(w.row(y), w.width(), larger.row(y + 1) + 1);
    w = larger;
  });
  const auto after = read();
  ASSERT_TRUE(before && after);
  for (int y = 0; y < before->data.height(); ++y)
    EXPECT_TRUE(std::equal(before->inverse_error.row(y), before->inverse_error.row(y) + before->data.width(),
                           after->inverse_error.row(y)))
        << y;
}

TEST_F(ChangedFiles, GivenCalibrationDirectoriesAreLookedAtFirst) {
  const fs::path sky = calibration("splinesky");
  const fs::path mine = dir_ / "mine" / fs::relative(sky, dir_ / "calib");
  fs::create_directories(mine.parent_path());
  fits::Table table = fits::FitsReader(sky).table(1);
  const auto write_higher = [&](float by) {
    for (float& v : std::get<std::vector<float>>(table.find("gridvals")->data)) v += by;
    fits::FitsWriter out;
    out.add_table(table);
    out.write(mine);
  };
  write_higher(100);
  const double before = read()->sky_median;
  options_.calibration_dirs = {dir_ / "nothing-here", dir_ / "mine"};
  EXPECT_NEAR(read()->sky_median, before + 100, 1e-3);
  write_higher(9900);
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr("mine/"), HasSubstr("it is none of this image")));
}

TEST_F(ChangedFiles, TheStarsInnerProfileOfThePsfCalibrationIsCarried) {
  const auto without = read();
  ASSERT_TRUE(without && without->halo);
  EXPECT_TRUE(without->halo->profile.moffat);
  EXPECT_EQ(without->halo->moffat_alpha_arcsec, 0);
  const fs::path psf = calibration("-psfex.fits");
  fits::Table table = fits::FitsReader(psf).table(1);
  table.add("moffat_alpha", std::vector<double>(table.rows(), 1.5));
  table.add("moffat_beta", std::vector<double>(table.rows(), 2.75));
  fits::FitsWriter out;
  out.add_table(table);
  out.write(psf);
  const auto with = read();
  ASSERT_TRUE(with && with->halo);
  EXPECT_EQ(with->halo->moffat_alpha_arcsec, 1.5);
  EXPECT_EQ(with->halo->moffat_beta, 2.75);
}

}  // namespace
}  // namespace brickline
