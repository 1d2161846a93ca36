// What the three shipped cameras say of their images, through their facts.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/camera/mask_operations.h"
#include "core/camera/pixel_operations.h"
#include "core/facts/mask_bits.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

// Headers of a file of which only the mask's version matters.
class MaskVersion : public CcdHeaders {
 public:
  explicit MaskVersion(std::string plver) : plver_(std::move(plver)) {}
  const fits::Header* header(HeaderOf) override { return &empty_; }
  std::string mask_plver() override { return plver_; }

 private:
  fits::Header empty_;
  std::string plver_;
};

class ShippedCameras : public testing::Test {
 protected:
  static CameraRegistry& cameras() {
    static CameraRegistry registry = test::built_cameras();
    return registry;
  }
  static const CameraFacts& facts(const char* camera) { return cameras().load(camera).facts(); }

  // The canonical bits of raw codes, as that camera sees them. Without a static mask.
  static Image<std::uint16_t> bits_of(const char* camera, Image<std::int32_t> raw,
                                      const std::string& mask_plver, const CcdValues& ccd = {},
                                      std::optional<Box> window = {}) {
    MaskVersion headers(mask_plver);
    CcdValues values = ccd;
    values.mask_plver = mask_plver;
    const MaskContext context{values,
                              headers,
                              window.value_or(raw.box()),
                              [](const mask_op::StaticMask&) { return std::optional<Image<std::uint8_t>>(); },
                              {}};
    return apply_pipeline(facts(camera).mask, context, raw.view(), {});
  }
  static std::uint16_t bits_of(const char* camera, int code, const std::string& mask_plver) {
    return bits_of(camera, Image<std::int32_t>(1, 1, code), mask_plver)(0, 0);
  }
};

Image<std::int32_t> grid(const std::string& text, int width) {
  std::istringstream in(text);
  std::vector<std::int32_t> values;
  for (std::int32_t v; in >> v;) values.push_back(v);
  Image<std::int32_t> image(width, static_cast<int>(values.size()) / width);
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < width; ++x) image(x, y) = values[static_cast<std::size_t>(y * width + x)];
  return image;
}
template <typename T>
std::string text_of(const Image<T>& image) {
  std::string text;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      text += std::to_string(image(x, y)) + (x + 1 < image.width() ? " " : "\n");
  return text;
}

// The bright camera's own view of the codes: the rim of saturated cores, streaks and transients ignored.
TEST_F(ShippedCameras, ReadWhatTheCommunityPipelineWrites) {
  struct TwoHeaders : CcdHeaders {
    fits::Header primary, image;
    const fits::Header* header(HeaderOf which) override {
      return which == HeaderOf::kPrimary ? &primary : which == HeaderOf::kImage ? &image : nullptr;
    }
  } headers;
  headers.primary.set("FILTER", "r SDSS c0002 6415.0 1480.0");
  headers.primary.set("RA", "08:30:00");
  headers.primary.set("TELDEC", "-00:30:00");
  headers.primary.set("PLVER", "V4.8.2a");
  headers.image.set("EXTNAME", "ccd1 ");
  headers.image.set("FWHM", fits::CardValue(3.25));
  headers.image.set("FILTER", "of the image");
  CcdValues ccd;
  ccd.image_filename = "cam_ooi_/k4m_oki_z.fits.fz";
  for (const char* camera : {"decam", "mosaic", "90prime"}) {
    SCOPED_TRACE(camera);
    const MetadataFacts& m = facts(camera).metadata;
    EXPECT_EQ(text_of(m.of("band"), ccd, headers), "r");
    EXPECT_EQ(text_of(m.of("ccdname"), ccd, headers), "CCD1");
    EXPECT_EQ(text_of(m.of("plver"), ccd, headers), "V4.8.2a");
    EXPECT_DOUBLE_EQ(*number_of(m.of("fwhm"), ccd, headers), 3.25);
    EXPECT_DOUBLE_EQ(*number_of(m.of("ra_bore"), ccd, headers), 127.5);
    EXPECT_DOUBLE_EQ(*number_of(m.of("dec_bore"), ccd, headers), -0.5);
    EXPECT_EQ(companion_path(facts(camera).files.mask, ccd), "cam_ood_/k4m_ood_z.fits.fz");
    EXPECT_EQ(companion_path(facts(camera).files.weight, ccd), "cam_oow_/k4m_oow_z.fits.fz");
    EXPECT_EQ(facts(camera).checks.version_validation, CheckFacts::Versions::kFull);
    EXPECT_EQ(cameras().load(camera).provenance().bases, std::vector<std::string>{"noirlab-cp"});
  }
}

TEST_F(ShippedCameras, WhatTheyExtendIsNoCameraItself) {
  try {
    facts("noirlab-cp");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kPlugin);
    EXPECT_NE(e.message().find("abstract"), std::string::npos) << e.message();
  }
}

TEST_F(ShippedCameras, GainsAreThoseOfEachCamera) {
  struct OneHeader : CcdHeaders {
    fits::Header cards;
    const fits::Header* header(HeaderOf) override { return &cards; }
  } headers;
  headers.cards.set("GAIN", fits::CardValue(2.5));
  headers.cards.set("GAINA", fits::CardValue(4.0));
  headers.cards.set("GAINB", fits::CardValue(5.0));
  for (const auto& [camera, gain] : {std::pair{"decam", 4.5}, {"mosaic", 2.5}, {"90prime", 1.4}})
    EXPECT_EQ(number_of(facts(camera).metadata.of("gain"), CcdValues{}, headers), gain) << camera;
}

TEST_F(ShippedCameras, MosaicAnd90primeReadCodesAndIgnoreStreaksAndTransients) {
  const std::string codes =
      "0 1 1 0 0 0 7 8\n"
      "0 1 3 1 0 5 6 9\n"
      "0 1 4 4 1 2 0 0\n"
      "3 1 4 0 0 1 0 255\n";
  const std::string bits =
      "0 1 2 0 0 0 0 0\n"
      "0 2 2 2 0 16 1 0\n"
      "0 1 64 64 1 1 0 0\n"
      "2 2 64 0 0 1 0 0\n";
  EXPECT_EQ(text_of(bits_of("mosaic", grid(codes, 8), "V4.3")), bits);
  EXPECT_EQ(text_of(bits_of("90prime", grid(codes, 8), "V2.3")), bits);
}

// [row, column] of the reference pipeline's check.
TEST_F(ShippedCameras, DecamRepairsBleedTrailsAndKeepsTransients) {
  Image<std::int32_t> raw(13, 14);
  const auto put = [&](int row0, int row1, int col0, int col1, int code) {
    for (int y = row0; y <= row1; ++y)
      for (int x = col0; x <= col1; ++x) raw(x, y) = code;
  };
  put(6, 6, 3, 3, 3);
  put(2, 5, 3, 3, 4);
  put(7, 9, 3, 3, 4);
  put(11, 11, 3, 3, 4);
  put(5, 7, 4, 4, 4);
  put(6, 6, 7, 9, 4);
  put(0, 1, 10, 10, 4);
  put(4, 5, 11, 11, 4);
  put(12, 13, 11, 11, 4);
  put(9, 9, 5, 5, 1);
  put(10, 10, 6, 6, 5);
  put(11, 11, 6, 6, 8);
  put(3, 3, 8, 8, 7);
  put(3, 3, 9, 9, 6);
  put(3, 3, 7, 7, 2);
  Image<std::uint16_t> expected(13, 14);
  const auto want = [&](int row0, int row1, int col, std::uint16_t bits) {
    for (int y = row0; y <= row1; ++y) expected(col, y) = bits;
  };
  want(6, 6, 3, 2);
  want(2, 5, 3, 64);
  want(7, 9, 3, 64);
  want(5, 7, 4, 64);
  want(0, 1, 10, 64);
  want(12, 13, 11, 64);
  want(9, 9, 5, 1);
  want(10, 10, 6, 16);
  want(3, 3, 8, 128);
  want(3, 3, 9, 1);
  want(3, 3, 7, 1);
  EXPECT_EQ(text_of(bits_of("decam", raw, "V4.8.2a")), text_of(expected));
  expected(6, 10) = 0;  // cosmic rays of earlier versions are not trusted
  EXPECT_EQ(text_of(bits_of("decam", raw, "V4.7.0")), text_of(expected));
}

TEST_F(ShippedCameras, DecamsOldMasksAreBits) {
  const std::string raw = "0 1 2 3\n4 16 64 128\n67 66 17 255\n",
                    bits = "0 1 2 1\n4 16 64 128\n65 66 17 253\n";
  // 8 and 32 are no canonical bits.
  Image<std::int32_t> codes = grid(raw, 4);
  const Image<std::uint16_t> got = bits_of("decam", codes, "V3.4.0");
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x) EXPECT_EQ(got(x, y), grid(bits, 4)(x, y) & kCameraMaskBits) << x << " " << y;
}

// What a version means: codes since 3.5.0, cosmic rays since 4.8.0, a repaired S19 since 4.9.0.
TEST_F(ShippedCameras, DecamsVersionsDecideAsInTheReference) {
  const struct {
    const char* versions;
    bool codes, cosmic_rays, s19_fine;
  } truth[] = {
      {"V3.4.0|V3.5.0+1|DES V3.5.0+1|V1.2.2a", false, false, false},
      {"V3.5.0|V3.6.2|V3.9.1|V4.7.9|DES V3.5.0", true, false, false},
      {"V4.8.0|V4.8.2|V4.8.2a", true, true, false},
      {"V4.9.0|V4.10.0|V5.0beta|V5.2.2LS|V5.5|V5.6.1LS", true, true, true},
      // Unreadable in the reference; here the numbers at their beginning count.
      {"V3.5.0+2", true, false, false},
      {"V5.2.2LS+|V6", true, true, true},
  };
  for (const auto& t : truth) {
    std::istringstream list(t.versions);
    for (std::string version; std::getline(list, version, '|');) {
      SCOPED_TRACE(version);
      // 6 is "low weight" among codes; among bits it is saturated and interpolated.
      EXPECT_EQ(bits_of("decam", 6, version), t.codes ? 1 : 6);
      if (t.codes) {
        EXPECT_EQ(bits_of("decam", 5, version), t.cosmic_rays ? 16 : 0);
      }
      CcdValues ccd;
      ccd.ccdname = "S19";
      ccd.plver = version;
      MaskVersion headers(version);
      Image<float> image(2, 1, 46001), weight(2, 1, 1);
      Image<std::uint16_t> mask(2, 1);
      image(1, 0) = 46000;
      apply_saturation_rules(facts("decam").saturation, ccd, headers, image.const_view(), mask.view(),
                             weight.view());
      EXPECT_EQ(mask(0, 0), t.s19_fine ? 0 : 2);
      EXPECT_EQ(weight(0, 0), t.s19_fine ? 1 : 0);
      EXPECT_EQ(mask(1, 0), 0);
      ccd.ccdname = "S20";
      Image<std::uint16_t> other(2, 1);
      apply_saturation_rules(facts("decam").saturation, ccd, headers, image.const_view(), other.view(),
                             weight.view());
      EXPECT_EQ(other(0, 0), 0);
    }
  }
}

TEST_F(ShippedCameras, AMaskOfUnknownVersionIsTakenForARecentOne) { EXPECT_EQ(bits_of("decam", 5, ""), 16); }

TEST_F(ShippedCameras, DecamsS17HasBadColumns) {
  CcdValues ccd;
  ccd.ccdname = "S17";
  const Image<std::uint16_t> mask =
      bits_of("decam", Image<std::int32_t>(20, 20), "V4.8.2", ccd, Box{530, 550, 3880, 3900});
  int bad = 0;
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x) {
      bad += mask(x, y) == 1;
      EXPECT_EQ(mask(x, y) == 1, y <= 8 && x >= 8 && x <= 13);
    }
  EXPECT_EQ(bad, 54);
}

TEST_F(ShippedCameras, DecamsGoodRegions) {
  const auto region = [&](const char* ccdname, const char* band, std::int64_t expnum) {
    CcdValues ccd;
    ccd.ccdname = ccdname;
    ccd.band = band;
    ccd.expnum = expnum;
    ccd.width = 2046;
    ccd.height = 4094;
    return good_region(facts("decam").good_region, ccd);
  };
  const Box whole{0, 2046, 0, 4094};
  EXPECT_EQ(region("S7", "g", 200000), (Box{0, 1023, 0, 4094}));
  EXPECT_EQ(region("S7", "r", 200000), (Box{0, 1023, 0, 3994}));
  EXPECT_EQ(region("N4", "r", 298250), (Box{0, 2046, 100, 4094}));
  EXPECT_EQ(region("N4", "r", 298251), whole);
  EXPECT_EQ(region("S4", "r", 298250), (Box{0, 2046, 0, 3994}));
  EXPECT_EQ(region("S4", "g", 1), whole);
  EXPECT_EQ(region("N30", "g", 1), whole);
  EXPECT_EQ(intersection(region("S7", "r", 200000), Box{10, 2000, 50, 4000}), (Box{10, 1023, 50, 3994}));
}

TEST_F(ShippedCameras, ZeroPointsFollowThePixelsUnit) {
  // Counts per second times 90 s.
  EXPECT_NEAR(effective_zero_point(facts("decam").pixels, 25, 90), 25 + 2.5 * std::log10(90), 1e-6);
  EXPECT_EQ(effective_zero_point(facts("mosaic").pixels, 25, 90), 25);
  EXPECT_EQ(effective_zero_point(facts("90prime").pixels, 25, 90), 25);
}

TEST_F(ShippedCameras, NinetyPrimesAmplifiersMeetAtTheMiddle) {
  CcdValues ccd;
  ccd.ccdname = "CCD4";
  ccd.band = "r";
  ccd.mjd_obs = 57873.25;
  MaskVersion headers("");
  const auto corrected = [&](CcdValues values) {
    Image<float> image(10, 10, 1), weight(10, 10, 1);
    apply_amplifier_corrections(facts("90prime").amplifiers, values, headers, Box{2011, 2021, 2043, 2053},
                                image.view(), weight.view());
    return std::pair(image, weight);
  };
  const auto [image, weight] = corrected(ccd);
  EXPECT_NEAR(image(0, 0), 1.0038257, 1e-7);
  EXPECT_NEAR(image(9, 0), 1.023286, 1e-6);
  EXPECT_NEAR(image(0, 9), 1.0102184, 1e-7);
  EXPECT_NEAR(image(9, 9), 1.0004112, 1e-7);
  EXPECT_NEAR(weight(0, 0), 0.99239230, 1e-7);
  // On an epoch's last day, which is the next one's first, both apply.
  ccd.mjd_obs = 57967;
  EXPECT_NEAR(corrected(ccd).first(0, 0), std::pow(10, 0.4 * (0.0041457568 + 0.014080205)), 1e-6);
  ccd.ccdname = "ccd4";  // names of the oldest files were not corrected
  EXPECT_EQ(corrected(ccd).first(0, 0), 1);
}

TEST_F(ShippedCameras, MosaicsAmplifiersAreNotCorrectedAnyMoreInTheEnd) {
  CcdValues ccd;
  ccd.ccdname = "CCD3";
  ccd.band = "z";
  MaskVersion headers("");
  const auto scale = [&](double mjd) {
    ccd.mjd_obs = mjd;
    Image<float> image(1, 1, 1), weight(1, 1, 1);
    apply_amplifier_corrections(facts("mosaic").amplifiers, ccd, headers, Box{0, 1, 0, 1}, image.view(),
                                weight.view());
    return image(0, 0);
  };
  EXPECT_NEAR(scale(57466), std::pow(10, 0.4 * -0.0058565391), 1e-7);
  EXPECT_EQ(scale(58333), 1);
}

// The compact table next to the plugin against the file that it was made from.
TEST_F(ShippedCameras, NinetyPrimesStaticMaskIsTheOriginal) {
  BRICKLINE_NEEDS_DATA("auxiliary/ksb_staticmask_ood_v1.fits.fz");
  fits::FitsReader original(test::data_dir() / "auxiliary/ksb_staticmask_ood_v1.fits.fz");
  fits::FitsReader ours(cameras().load("90prime").data_file("data:static_mask.fits.fz"));
  for (int ccd = 1; ccd <= 4; ++ccd) {
    const Image<std::uint8_t> a = original.image<std::uint8_t>(ccd);
    const Image<std::uint8_t> b =
        ours.image<std::uint8_t>(ours.find_hdu("CCD" + std::to_string(ccd)).value());
    ASSERT_EQ(a.box(), b.box());
    for (int y = 0; y < a.height(); ++y)
      ASSERT_TRUE(std::equal(a.row(y), a.row(y) + a.width(), b.row(y))) << y;
  }
}

TEST_F(ShippedCameras, AmplifierTablesAreTheOriginal) {
  BRICKLINE_NEEDS_DATA("auxiliary/ampcorrections.fits");
  const fits::Table table = fits::FitsReader(test::data_dir() / "auxiliary/ampcorrections.fits").table(1);
  MaskVersion headers("");
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    CcdValues ccd;
    ccd.ccdname = table.text("ccdname", i);
    ccd.band = table.text("filter", i);
    const double from = table.number("mjd_start", i), to = table.number("mjd_end", i);
    ccd.mjd_obs = std::isfinite(from) ? from + 1 : to - 1;
    const int x0 = static_cast<int>(table.integer("xlo", i)), y1 = static_cast<int>(table.integer("yhi", i));
    const int x1 = static_cast<int>(table.integer("xhi", i)), y0 = static_cast<int>(table.integer("ylo", i));
    const CameraFacts& camera = facts(table.text("camera", i).c_str());
    // The rectangle's lowest and highest pixels have its scale.
    for (const auto& [x, y] : {std::pair{x0, y0}, {x1 - 1, y1 - 1}}) {
      Image<float> image(1, 1, 1), weight(1, 1, 1);
      apply_amplifier_corrections(camera.amplifiers, ccd, headers, Box{x, x + 1, y, y + 1}, image.view(),
                                  weight.view());
      EXPECT_NEAR(image(0, 0), std::pow(10, 0.4 * table.number("dzp", i)), 2e-7) << i;
    }
  }
}

TEST_F(ShippedCameras, DecamsSpecialPsfsAreTheOriginal) {
  BRICKLINE_NEEDS_DATA("auxiliary/decam-special-psfex-conf.dat");
  const auto entries = [](const std::filesystem::path& path) {
    std::map<std::string, std::string> out;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      if (!line.empty() && line[0] != '#')
        out[line.substr(0, line.find(' '))] = line.substr(line.find(' ') + 1);
    return out;
  };
  const auto ours = entries(cameras().load("decam").data_file(facts("decam").psf.special));
  EXPECT_EQ(ours.size(), 1434u);
  EXPECT_EQ(ours, entries(test::data_dir() / "auxiliary/decam-special-psfex-conf.dat"));
}

// A star of Pan-STARRS magnitudes g 18, i 17.3 (r 17.5), and what is added to its base band, before clipping.
TEST_F(ShippedCameras, ColourTermsAreThoseOfTheReference) {
  const std::map<std::string, double> star{{"g", 18}, {"r", 17.5}, {"i", 17.3}};
  const auto added = [&](const char* camera, const char* catalogue, const char* band) {
    const ColourTerm& term = facts(camera).photometry.catalogues.at(catalogue).bands.at(band);
    const double colour = star.at(term.colour[0]) - star.at(term.colour[1]);
    double sum = 0, power = 1;
    for (const double c : term.coefficients) {
      sum += c * power;
      power *= colour;
    }
    return sum;
  };
  EXPECT_NEAR(added("decam", "ps1", "g"), 0.02878261, 1e-7);
  EXPECT_NEAR(added("decam", "ps1", "r"), -0.0422174, 1e-7);
  EXPECT_NEAR(added("decam", "ps1", "i"), -0.02022707, 1e-7);
  EXPECT_NEAR(added("decam", "ps1", "z"), -0.01724254, 1e-7);
  EXPECT_NEAR(added("decam", "ps1", "M411"), 0.53325, 1e-5);
  EXPECT_NEAR(added("decam", "ps1", "N673"), -0.1815618, 1e-7);
  EXPECT_NEAR(added("decam", "sdss", "u"), -0.0063743, 1e-7);
  EXPECT_NEAR(added("90prime", "ps1", "g"), 0.06119615, 1e-7);
  EXPECT_NEAR(added("90prime", "ps1", "r"), -0.03780565, 1e-7);
  EXPECT_NEAR(added("mosaic", "ps1", "z"), -0.02320559, 1e-7);
}

TEST_F(ShippedCameras, GaiaTermsPredictDecamMagnitudes) {
  // (G, BP, RP) = (15, 15.5, 14.5) -> u g r i z.
  const std::map<std::string, double> base{{"G", 15}, {"BP", 15.5}, {"RP", 14.5}};
  const std::map<std::string, double> truth{
      {"u", 16.518555}, {"g", 15.467812}, {"r", 14.884424}, {"i", 14.717920}, {"z", 14.654469}};
  for (const auto& [band, magnitude] : truth) {
    const ColourTerm& term = facts("decam").photometry.catalogues.at("gaia").bands.at(band);
    const double colour = base.at(term.colour[0]) - base.at(term.colour[1]);
    double sum = base.at(term.base), power = 1;
    for (const double c : term.coefficients) {
      sum += c * power;
      power *= colour;
    }
    EXPECT_NEAR(sum, magnitude, 1e-4) << band;
    EXPECT_EQ(term.colour_clip, (std::array<double, 2>{-0.6, 4.1}));
  }
}

TEST_F(ShippedCameras, HalosAndSkyJumpsDependOnTheChip) {
  const CameraFacts& decam = facts("decam");
  ASSERT_TRUE(decam.halo);
  CcdValues ccd;
  ccd.band = "z";
  ccd.ccdname = "S8";
  EXPECT_EQ(decam.halo->bands.at("z").find(ccd)->weight, 0.0095);
  EXPECT_EQ(*decam.sky.jump.find(ccd), false);
  ccd.ccdname = "S30";
  EXPECT_EQ(decam.halo->bands.at("z").find(ccd)->alpha_arcsec, 17.65);
  EXPECT_EQ(*decam.sky.jump.find(ccd), true);
  ccd.ccdname = "N14";
  EXPECT_EQ(*decam.sky.jump.find(ccd), false);
  ccd.band = "i";
  EXPECT_EQ(*decam.sky.jump.find(ccd), true);
  EXPECT_EQ(decam.halo->bands.at("g").find(ccd)->exponent, -2);
  EXPECT_FALSE(facts("mosaic").halo);
  EXPECT_FALSE(facts("90prime").halo);
}

TEST_F(ShippedCameras, EveryBandOfTheDetectorsHasAZeroPoint) {
  for (const char* camera : {"decam", "mosaic", "90prime"})
    for (const std::string& band : facts(camera).detector.bands)
      EXPECT_TRUE(facts(camera).photometry.bands.at(band).zero_point) << camera << " " << band;
  EXPECT_EQ(facts("decam").detector.bands.size(), 16u);
}

}  // namespace
}  // namespace brickline
