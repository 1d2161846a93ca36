// The rule by which sources that are fitted together have their kinds.
#include <gtest/gtest.h>

#include "core/blobs/joint_selection.h"
#include "core/model/source_model.h"

namespace brickline {
namespace {

using enum SourceKind;

TEST(SelectJointly, TakesTheSimplestThatIsGoodEnough) {
  const JointSelection o;
  const auto chosen = [&](double psf, double rex, double dev, double exp, double ser) {
    return select_jointly({psf, rex, dev, exp, ser}, o);
  };
  EXPECT_EQ(chosen(20, 21, 22, 23, 24), std::nullopt);
  EXPECT_EQ(chosen(100, 100.5, 0, 0, 0), kPsf);
  EXPECT_EQ(chosen(100, 110, 115, 117, 117), kRex);
  EXPECT_EQ(chosen(100, 110, 115, 122, 124), kExp);
  EXPECT_EQ(chosen(100, 110, 125, 122, 124), kDev);
  EXPECT_EQ(chosen(100, 110, 125, 122, 140), kSer);
  const auto without_round = [&](double psf, double exp, std::optional<double> ser) {
    return select_jointly({psf, std::nullopt, std::nullopt, exp, ser}, o);
  };
  EXPECT_EQ(without_round(100, 108, std::nullopt), kPsf);
  EXPECT_EQ(without_round(100, 108, 116), kPsf);
  EXPECT_EQ(without_round(100, 110, std::nullopt), kExp);
  EXPECT_EQ(chosen(1e6, 2e6, 1.9e6, 2e6 + 50, 2e6 + 100), kRex);  // and no galaxy's profile
  EXPECT_EQ(chosen(1e6, 2e6, 1.9e6, 2e6 + 100, 2e6 + 150), kExp);
  EXPECT_EQ(chosen(1e6, 1e6 + 3000, 1e6 + 3000, 1e6 + 3000, 1e6 + 3000), kPsf);  // no PSF is perfect
}

// A galaxy 2 arcsec from a brighter star of an imperfect PSF: what it is worth is more than a share of the star's gain, and
// less than that share times the excess, which the PSF makes itself.
TEST(SelectJointly, AsksForNoShareTimesTheExcess) {
  constexpr double kExcess = 15.04, kOfStar = 134'325, kLossWithoutGalaxy = 506'458;
  EXPECT_LT(asked_gain(24, kExcess, kOfStar), kLossWithoutGalaxy);
  EXPECT_DOUBLE_EQ(asked_gain(24, kExcess, 100), 24 * kExcess);
  EXPECT_DOUBLE_EQ(
      (ModelComparison{.more = kExp, .less = kRex, .margin = 9, .occam = 12, .excess = 2, .share = 3}
           .asked()),
      24);
}

// Where a star and a round galaxy do as well, it is how many there are of each that decides; where the star is bright, a
// share of what it gains.
TEST(SelectJointly, AFaintSourceIsWhatThereIsMoreOf) {
  const auto chosen = [](double psf, double rex, double odds, double excess = 1) {
    return select_jointly({psf, rex, {}, {}, {}}, {}, {excess, {}, odds});
  };
  EXPECT_EQ(chosen(100, 99, 4), kRex);
  EXPECT_EQ(chosen(100, 96, 4), kPsf);  // not by less than -3.6
  EXPECT_EQ(chosen(100, 101, -1), kPsf);
  EXPECT_EQ(chosen(100, 102, -1), kRex);
  EXPECT_EQ(chosen(1000, 1000.9, 3), kPsf);  // 0.4 % of 1000 less 3
  EXPECT_EQ(chosen(1000, 1001.1, 3), kRex);
  EXPECT_EQ(chosen(1000, 999, 3, 2), kRex);  // improvements count half
  // What a galaxy of another kind gains over a round one counts for it.
  EXPECT_EQ(select_jointly({100, 96, {}, 110, {}}, {}, {1, {}, -5}), kExp);
}

TEST(SelectJointly, TakesWhatHasTheGreaterEvidence) {
  constexpr std::optional<double> kNo = std::nullopt;
  struct Case {
    ModelImprovements improvement;  // psf, rex, dev, exp, ser
    JointEvidence evidence;         // excess; 2 ln of Occam's factors
    SourceKind chosen;
  };
  const ModelImprovements faint{kNo, -5, -9, -11, -14}, bright{kNo, -9, -20, -24, -38};
  const Case cases[] = {
      {{1000, 2000, 1950, 2009.1, 2009.1}, {}, kExp},          // not worked out: the margins alone
      {{1000, 2000, 1950, 2008.9, 2008.9}, {1, faint}, kRex},  // a margin of 9 at least
      {{1000, 2000, 1950, 2009.1, 2009.1}, {1, faint}, kExp},
      {{1000, 2000, 1950, 2014.9, 2014.9}, {1, bright}, kRex},  // well measured: -9 + 24
      {{1000, 2000, 1950, 2015.1, 2015.1}, {1, bright}, kExp},
      {{1000, 2000, 2008.9, 1990, 2008.9}, {1.5, bright}, kRex},
      {{1000, 2000, 2009.1, 1990, 2009.1}, {1.5, bright}, kDev},  // whose light lies elsewhere
      {{1000, 2000, 1950, 2015.1, 2015.1}, {1.5, bright}, kRex},  // residuals of 1.5 times the errors'
      {{1000, 2000, 1950, 2022.6, 2022.6}, {1.5, bright}, kExp},
      {{1000, 2000, 1950, 2100, 2108.9}, {1, faint}, kExp},
      {{1000, 2000, 1950, 2100, 2109.1}, {1, faint}, kSer},
      {{1000, 2000, 1950, 2100, 2113.9}, {1, bright}, kExp},  // -24 + 38
      {{1000, 2000, 1950, 2100, 2114.1}, {1, bright}, kSer},
  };
  for (const Case& c : cases)
    EXPECT_EQ(select_jointly(c.improvement, {}, c.evidence), c.chosen)
        << *c.improvement[2] << " " << *c.improvement[3] << " " << *c.improvement[4] << " / "
        << c.evidence.excess;
}

}  // namespace
}  // namespace brickline
