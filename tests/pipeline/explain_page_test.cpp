// The page about a blob says what happened in words that follow from the figures.
#include "core/pipeline/explain_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace brickline {
namespace {

using enum SourceKind;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kBands = {"r"};

ExplainContext context() {
  ExplainContext c;
  c.brick = "0101p000";
  c.bands = kBands;
  return c;
}

ModelFit fit_of(SourceKind kind, double dchisq) {
  ModelFit m;
  m.status = ModelFitStatus::kFitted;
  m.model.kind = kind;
  m.model.flux = {2};
  m.chi2 = {500 - dchisq};
  m.dchisq = dchisq;
  m.end = FitStatus::kConverged;
  return m;
}

SourceAccount source(std::initializer_list<std::pair<SourceKind, double>> models,
                     std::optional<SourceKind> chosen) {
  SourceAccount s;
  s.source = 0;
  s.found.flux = s.first_round.flux = s.last.flux = {2};
  s.chi2_none = {500};
  s.pixels = 40;
  for (const auto& [kind, dchisq] : models) s.models[dchisq_index(kind)] = fit_of(kind, dchisq);
  s.chosen = chosen;
  s.kept = chosen.has_value();
  if (chosen) s.last.kind = *chosen;
  return s;
}

TEST(ExplainChoice, SaysWhichMarginDecided) {
  const auto why = [](const SourceAccount& s) { return explain_choice(s, context()); };
  EXPECT_THAT(why(source({{kPsf, 24.9}}, {})), HasSubstr("by 22.90 after its penalty; 25 would"));
  EXPECT_THAT(why(source({{kPsf, 90}}, kPsf)), HasSubstr("Only a point source was allowed. Chosen: PSF"));
  EXPECT_THAT(why(source({{kPsf, 90}, {kRex, 90.5}}, kPsf)),
              HasSubstr("REX gains 0.50 over PSF, not more than 1, and neither exceeds 400"));
  EXPECT_THAT(
      why(source({{kPsf, 100}, {kRex, 120}, {kDev, 125}, {kExp, 140}, {kSer, 150}}, kExp)),
      HasSubstr("more than 12.00 over the better of the two: DEV gains 5.00, EXP 20.00. SER gains 10.00 "
                "over the better of those; 25 are asked for. Chosen: EXP."));
  EXPECT_THAT(why(source({{kPsf, 2000}, {kRex, 2100}, {kDev, 0}, {kExp, 0}}, kRex)),
              HasSubstr("more than 20.00"));
  EXPECT_THAT(why(SourceAccount{}), HasSubstr("No model was tried"));
}

// Margins of another rule would be told with figures that nobody asked for.
TEST(ExplainChoice, OfAJointFitSaysWhatThatAsksFor) {
  ExplainContext c = context();
  c.joint.emplace();
  const SourceAccount s =
      source({{kPsf, 39000}, {kRex, 39500}, {kDev, 39566}, {kExp, 39520}, {kSer, 39570}}, kDev);
  const std::string why = explain_choice(s, c);
  EXPECT_THAT(why, HasSubstr("Over REX DEV gains 66.00, EXP 20.00; more than 9.00 is asked for"));
  EXPECT_THAT(why, HasSubstr("SER gains 4.00 over the best of those; more than 9.00"));
  EXPECT_THAT(why, HasSubstr("must gain more than 156.00 over PSF"));
  EXPECT_THAT(why, HasSubstr("Chosen: DEV"));
  EXPECT_THAT(why, Not(HasSubstr("better of the two")));
  EXPECT_THAT(why, Not(HasSubstr("25 are asked for")));
  EXPECT_THAT(explain_choice(source({{kPsf, 90}}, kPsf), c),
              HasSubstr("Only a point source was allowed. Chosen"));
  EXPECT_THAT(explain_choice(source({{kPsf, 90}, {kRex, 90.5}}, kPsf), c),
              HasSubstr("no galaxy model was tried. A galaxy must gain more than 1.00"));
  // A catalog's galaxy keeps what the first fits chose, by the other rule.
  SourceAccount known = s;
  known.from_catalog = true;
  known.found.kind = kRex;
  EXPECT_THAT(explain_choice(known, c), HasSubstr("better of the two"));
}

BlobAccount account_of(std::vector<SourceAccount> sources) {
  BlobAccount a;
  a.blob = 3;
  a.box = {10, 30, 40, 60};
  a.sources = std::move(sources);
  a.images = {{"good", "r", {0, 20, 0, 20}, 100, 90}, {"bad", "r", {0, 20, 0, 20}, 100, 400}};
  a.worst = 1;
  a.data = a.model = Image<float>(20, 20);
  a.data.fill(0.5F);
  a.residual_sigmas = Image<float>(20, 20, 2);
  a.places = {{10, 10, 0}};
  return a;
}

TEST(ExplainPage, ShowsEverySourceAndTheWorstImageFirst) {
  SourceAccount left = source({{kPsf, 60}}, kPsf);
  left.models[1].status = ModelFitStatus::kLeftBlob;
  const std::string page = explain_page({}, account_of({left, source({{kPsf, 10}}, {})}), 7, context());
  EXPECT_THAT(page, HasSubstr("Brick 0101p000, blob 7"));
  EXPECT_THAT(page, HasSubstr("Source 1: PSF"));
  EXPECT_THAT(page, HasSubstr("left the blob"));
  EXPECT_THAT(page, HasSubstr("Source 2: dropped"));
  EXPECT_LT(page.find("bad</td>"), page.find("good</td>"));
  EXPECT_THAT(page, HasSubstr("The worst of them, bad"));
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,/9j/"));  // how every JPEG begins
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

TEST(ExplainPage, IsWrittenForABlobWithoutImagesToo) {
  BlobAccount empty;
  BlobReport report;
  report.message = "no image has a <usable> PSF";
  const std::string page = explain_page(report, empty, -1, context());
  EXPECT_THAT(page, HasSubstr("No image falls on this blob"));
  EXPECT_THAT(page, HasSubstr("&lt;usable&gt;"));
}

TEST(FindAccounts, ByTheCatalogsNumberOrByPlace) {
  FittedCatalog catalog;
  catalog.number = {-1, -1, -1, 0};
  catalog.accounts.push_back(account_of({}));
  using V = std::vector<std::size_t>;
  EXPECT_EQ(find_accounts(catalog, "0"), V{0});
  EXPECT_EQ(find_accounts(catalog, "29,40"), V{0});
  EXPECT_THROW(find_accounts(catalog, "3"), Error);
  EXPECT_THROW(find_accounts(catalog, "30,40"), Error);
  for (const char* nonsense : {"", "x", "1,", "1.5", "-1x"})
    EXPECT_THROW(find_accounts(catalog, nonsense), Error);
}

}  // namespace
}  // namespace brickline
