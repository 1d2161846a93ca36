// The choice of a model, row by row as the released catalogs make it.
#include "core/blobs/select_model.h"

#include <gtest/gtest.h>

#include <string>

namespace brickline {
namespace {

constexpr std::optional<double> kNo = std::nullopt;

struct Row {
  ModelImprovements improvement;  // psf, rex, dev, exp, ser
  std::optional<SourceKind> chosen;
};

std::string text(const ModelImprovements& m) {
  std::string out;
  for (const auto& v : m) out += (v ? std::to_string(*v) : "-") + std::string(" ");
  return out;
}

TEST(SelectModel, TruthTable) {
  using enum SourceKind;
  const Row rows[] = {
      {{26.9, kNo, kNo, kNo, kNo}, std::nullopt},
      {{27, kNo, kNo, kNo, kNo}, kPsf},
      {{27, 27.9, kNo, kNo, kNo}, kPsf},
      {{10, 28, kNo, kNo, kNo}, kRex},
      {{26, 27.5, kNo, kNo, kNo}, std::nullopt},
      {{100, 101, kNo, kNo, kNo}, kPsf},
      {{100, 101.5, kNo, kNo, kNo}, kRex},
      {{1000, 1009.9, kNo, kNo, kNo}, kPsf},
      {{1000, 1010, kNo, kNo, kNo}, kRex},
      {{26.5, 28.1, 35, 36, kNo}, kRex},
      {{100, 120, 132, 131, kNo}, kRex},
      {{100, 120, 132.1, 131, kNo}, kDev},
      {{100, 120, 133, 133, kNo}, kExp},
      {{2000, 2100, 2119, 2120, kNo}, kRex},
      {{2000, 2100, 2119, 2120.1, kNo}, kExp},
      {{100, 120, 140, 150, 174.9}, kExp},
      {{100, 120, 140, 150, 175}, kSer},
      {{100, 120, 121, 121, 144}, kRex},
      {{100, 120, 121, 121, 145}, kSer},
      {{kNo, 50, kNo, kNo, kNo}, kRex},
      {{kNo, kNo, 50, kNo, kNo}, kDev},
      {{-5, kNo, 40, kNo, kNo}, kDev},
      {{-210.03, kNo, kNo, kNo, kNo}, std::nullopt},
      {{20, 20, 31, kNo, kNo}, kPsf},
      {{20, 20, 33, kNo, kNo}, kDev},
      {{24, kNo, 36, 36, kNo}, kPsf},
  };
  for (const Row& row : rows) EXPECT_EQ(select_model(row.improvement), row.chosen) << text(row.improvement);
}

TEST(SelectModel, NothingTriedIsNothingFound) { EXPECT_EQ(select_model({}), std::nullopt); }

TEST(SelectModel, AnExponentialNeedsOnlyToReachTheHurdleOnceSersicWasTried) {
  EXPECT_EQ(select_model({100, 120, 100, 132, kNo}), SourceKind::kRex);
  EXPECT_EQ(select_model({100, 120, 100, 132, 133}), SourceKind::kExp);
}

}  // namespace
}  // namespace brickline
