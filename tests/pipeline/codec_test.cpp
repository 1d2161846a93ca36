// Artifacts to FITS and back, with values in every member.
#include "core/pipeline/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "core/pipeline/codec_fields.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

using ::testing::HasSubstr;

// Puts something into every member of a value, two elements or so into every list.
class Filler {
 public:
  template <class T>
  void fill(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(random_() % 3);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = random_() % 2;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(random_());
    } else if constexpr (std::is_floating_point_v<T>) {
      value = real<T>();
    } else if constexpr (codec::Text<T>) {
      static const char* kTexts[] = {
          "", "g", " blank at both ends ", "back\\slash \\x41", "line\nbreak\t", "\xc3\xa9 and more"};
      value = kTexts[random_() % 6];
    } else if constexpr (codec::IsOptional<T>::value) {
      if (random_() % 3) fill(value.emplace());
    } else if constexpr (codec::IsVector<T>::value) {
      value.resize(random_() % 4);
      for (auto& element : value) fill(element);
    } else if constexpr (codec::IsMap<T>::value) {
      for (const char* key : {"g", "i", "z"})
        if (random_() % 3) fill(value[key]);
    } else if constexpr (codec::IsPlainArray<T>::value || codec::IsOtherArray<T>::value) {
      for (auto& element : value) fill(element);
    } else if constexpr (codec::IsImage<T>::value) {
      static const int kSizes[][2] = {{0, 0}, {3, 2}, {130, 7}, {101, 103}, {5, 0}};
      const auto [width, height] = kSizes[random_() % 5];
      value = T(width, height);
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) fill(value(x, y));
    } else if constexpr (std::is_same_v<T, fits::Table>) {
      value = fits::Table();
      value.add("expnum", std::vector<std::int64_t>{1, 2, 3}, {}, {}, std::string(60, 'd'));
      value.add("ccdname", std::vector<std::string>{"N4", "", "S29"});
      value.columns().back().string_width = 9;
      value.add("cd", std::vector<double>{1, std::nan(""), -0.0, 4, 5, 6}, "deg", {2});
      value.add("good", std::vector<bool>{true, false, true});
      value.add("bits", std::vector<std::uint8_t>{0, 255, 7});
    } else if constexpr (std::is_same_v<T, Wcs>) {
      value =
          Wcs::tangent(real_within(360), real_within(90), 17.5, -3.25, {-7e-5, 1e-9, -1e-9, 7e-5}, 100, 80);
    } else {
      codec::Fields<T>::each([&](std::string_view, auto member) { this->fill(value.*member); });
    }
  }

 private:
  // Any bits: NaN of every kind, infinities, -0 among them.
  template <class T>
  T real() {
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    switch (random_() % 8) {
      case 0:
        return std::numeric_limits<T>::quiet_NaN();
      case 1:
        return -std::numeric_limits<T>::infinity();
      case 2:
        return T(-0.0);
      case 3:
        return std::numeric_limits<T>::denorm_min();
      default:
        return std::bit_cast<T>(static_cast<Bits>(random_()));
    }
  }
  double real_within(double limit) { return limit * static_cast<double>(random_() >> 11) * 0x1p-53; }
  std::mt19937_64 random_{7};
};

template <class Artifact>
const ArtifactCodec& codec_of() {
  const ArtifactCodec* found = find_codec(artifact_codecs(), Artifact::kArtifact);
  if (!found) throw std::runtime_error("not in the list of codecs");
  return *found;
}

template <class Artifact>
std::string encoded(const Artifact& value) {
  ArtifactSet artifacts;
  artifacts.put(value);
  fits::FitsWriter writer;
  codec_of<Artifact>().write(artifacts, writer);
  return writer.finish();
}

template <class Artifact>
Artifact decoded(std::string bytes) {
  fits::FitsReader reader = fits::FitsReader::in_memory(
      {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, "memory.fits");
  codec::HduSource source(reader);
  ArtifactSet artifacts;
  codec_of<Artifact>().read(source, artifacts);
  return artifacts.get<Artifact>();
}

template <class Artifact>
class Codec : public testing::Test {};
using Artifacts = testing::Types<Selection, References, OutlierEdits, HaloEdits, SkyEdits, BrightPixels,
                                 SourcesFound, Fits, Measurements, WiseResults, GalexResults, ForcedResults>;
TYPED_TEST_SUITE(Codec, Artifacts);

TYPED_TEST(Codec, EncodedDecodedAndEncodedAgainItIsTheSameBytes) {
  Filler filler;
  for (int i = 0; i < 6; ++i) {
    TypeParam value;
    if (i > 0) filler.fill(value);  // the first is empty
    const std::string bytes = encoded(value);
    EXPECT_EQ(encoded(decoded<TypeParam>(bytes)), bytes);
  }
}

TYPED_TEST(Codec, OfAnotherSchemaItIsRefused) {
  std::string bytes = encoded(TypeParam());
  const std::size_t card = bytes.find("SCHEMA  =");
  ASSERT_NE(card, std::string::npos);
  bytes.replace(card + 10, 20, fmt::format("{:>20}", TypeParam::kSchema + 1));
  try {
    decoded<TypeParam>(bytes);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.line(), HasSubstr("schema"));
  }
}

TEST(CodecOf, PixelsOfInputImagesThereIsNone) {
  EXPECT_FALSE(find_codec(artifact_codecs(), RawImages::kArtifact));
}

// What "the same bytes" above cannot show: that members come back, each as itself.
TEST(CodecOf, SourcesBringsBackWhatWasPutIn) {
  SourcesFound found;
  found.set_aside = {3, 5};
  found.detection.sources.resize(2);
  found.detection.sources[1].model.flux = {1.5, std::nan("")};
  found.detection.sources[1].model.motion = SkyMotion{1, 2, 3, 2016};
  found.detection.sources[0].sed = "Flat ";
  found.detection.blobs.labels = Image<std::int32_t>(120, 110, -1);
  found.detection.blobs.labels(119, 109) = 1 << 30;
  found.detection.saturated = {Image<std::uint8_t>(), Image<std::uint8_t>(6, 5, 1)};
  const SourcesFound back = decoded<SourcesFound>(encoded(found));
  EXPECT_EQ(back.set_aside, found.set_aside);
  ASSERT_EQ(back.detection.sources.size(), 2u);
  EXPECT_FALSE(back.detection.sources[0].model.motion);
  ASSERT_TRUE(back.detection.sources[1].model.motion);
  EXPECT_EQ(back.detection.sources[1].model.motion->parallax, 3);
  EXPECT_EQ(back.detection.sources[1].model.flux[0], 1.5);
  EXPECT_TRUE(std::isnan(back.detection.sources[1].model.flux[1]));
  EXPECT_EQ(back.detection.sources[0].sed, "Flat ");
  EXPECT_EQ(back.detection.blobs.labels(0, 0), -1);
  EXPECT_EQ(back.detection.blobs.labels(119, 109), 1 << 30);
  EXPECT_TRUE(back.detection.saturated[0].empty());
  EXPECT_EQ(back.detection.saturated[1](5, 4), 1);
}

TEST(CodecOf, TextsEscapesWhatColumnsCannotHold) {
  EXPECT_EQ(codec::text_in_column("plain text"), "plain text");
  EXPECT_EQ(codec::text_in_column("a "), "a\\x20");
  EXPECT_EQ(codec::text_in_column("\\"), "\\x5c");
  for (int c = 0; c < 256; ++c) {
    const std::string text(3, static_cast<char>(c));
    EXPECT_EQ(codec::text_from_column(codec::text_in_column(text)), text);
  }
  for (const char* broken : {"\\", "\\x4", "\\xzz", "\\n"})
    EXPECT_THROW(codec::text_from_column(broken), Error);
}

TEST(CodecOf, AProjectionThatIsNotPlainIsADefect) {
  fits::Header header;
  header.set("CTYPE1", "RA---TAN-SIP");
  header.set("CTYPE2", "DEC--TAN-SIP");
  for (const char* key : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"}) header.set(key, 10.0);
  header.set("CD1_1", -7e-5);
  header.set("CD2_2", 7e-5);
  header.set("A_ORDER", 2);
  header.set("B_ORDER", 2);
  header.set("A_2_0", 1e-6);
  Selection selection;
  selection.brick.wcs = Wcs::from_header(header, 100, 100);
  EXPECT_THROW(encoded(selection), Error);
}

// People look at state with the tools they have.
TEST(CodecOf, ArtifactsWritesWhatAstropyReads) {
  if (test::run_program("/usr/bin/python3", {"-c", "import astropy"}).exit_code != 0)
    GTEST_SKIP() << "no astropy (python3-astropy)";
  OutlierEdits edits;
  edits.patches = {{{7, 9}, {1.5f, -2.f}}, {}};
  edits.masks = {Image<std::uint8_t>(200, 150, 3), {}};
  test::TemporaryDirectory scratch;
  const std::filesystem::path file = scratch / "edits.fits";
  std::ofstream(file, std::ios::binary) << encoded(edits);
  const auto result = test::run_program(
      "/usr/bin/python3", {"-c",
                           "import sys; from astropy.io import fits\n"
                           "with fits.open(sys.argv[1], checksum=True) as f:\n"
                           "  assert f['outlier edits'].header['SCHEMA'] == 1\n"
                           "  assert list(f['outlier edits/patches'].data['pixels.count']) == [2, 0]\n"
                           "  assert list(f['outlier edits/patches/pixels'].data['value']) == [7, 9]\n"
                           "  assert f['outlier edits/masks/value[0]'].data.shape == (150, 200)\n"
                           "  assert (f['outlier edits/masks/value[0]'].data == 3).all()\n",
                           file.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
}

}  // namespace
}  // namespace brickline
