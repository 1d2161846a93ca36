// The page about a blob says what happened in words that follow from the figures.
#include "core/pipeline/explain_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace brickline {
namespace {

using enum SourceKind;
using ::testing::AllOf;
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

// A source as the rule of joint fits chooses it.
SourceAccount chosen_together(std::initializer_list<std::pair<SourceKind, double>> models,
                              const JointEvidence& evidence = {}) {
  KindChoice choice{{}, evidence, {}, {}};
  for (const auto& [kind, dchisq] : models) choice.counted[dchisq_index(kind)] = dchisq;
  SourceAccount s = source(models, select_jointly(choice.counted, {}, evidence));
  s.told.choice = std::move(choice);
  return s;
}
ExplainContext joint_context() {
  ExplainContext c = context();
  c.joint.emplace();
  return c;
}

// Margins of another rule would be told with figures that nobody asked for.
TEST(ExplainChoice, OfAJointFitTellsEveryComparisonThatDecided) {
  const ExplainContext c = joint_context();
  SourceAccount s =
      chosen_together({{kPsf, 39000}, {kRex, 39500}, {kDev, 39566}, {kExp, 39520}, {kSer, 39570}});
  const std::string why = explain_choice(s, c);
  EXPECT_THAT(why,
              HasSubstr("DEV gains 66.00 over REX; more than 9.00 is asked for (the margin, 9): enough."));
  EXPECT_THAT(why,
              HasSubstr("SER gains 4.00 over DEV; more than 9.00 is asked for (the margin, 9): not enough."));
  EXPECT_THAT(why, HasSubstr("DEV gains 566.00 over PSF; more than 156.00 is asked for (a share of what PSF "
                             "gains): enough.<br>\nChosen: DEV"));
  for (const char* of_another_rule : {"better of the two", "25 are asked for"})
    EXPECT_THAT(why, Not(HasSubstr(of_another_rule)));
  EXPECT_THAT(explain_choice(chosen_together({{kPsf, 90}}), c),
              HasSubstr("Only a point source was allowed. Chosen: PSF"));
  EXPECT_THAT(
      explain_choice(chosen_together({{kPsf, 90}, {kRex, 90.5}}), c),
      HasSubstr("no galaxy model was tried. REX gains 0.50 over PSF; more than 1.00 is asked for (the "
                "margin, 1): not enough.<br>\nChosen: PSF"));
  EXPECT_THAT(
      explain_choice(chosen_together({{kPsf, 90}, {kRex, 89.5}}, {1, {}, 3}), c),
      HasSubstr(
          "REX gains -0.50 over PSF; more than -2.64 is asked for (a share of what PSF gains, 0.36, less 2 ln "
          "of the odds of a galaxy before fits are compared, 3.00: how common galaxies and stars of its light are, "
          "Occam's factor, how usual its radius is): enough.<br>\nChosen: REX"));
  EXPECT_THAT(explain_choice(chosen_together({{kPsf, 20}}), c), HasSubstr("25 would make it a detection"));
  // What was not chosen again keeps what the first fits chose, by the other rule.
  s.told.choice.reset();
  EXPECT_THAT(explain_choice(s, c), HasSubstr("better of the two"));
}

TEST(ExplainChoice, OfAJointFitTellsOccamsFactorsAndTheExcess) {
  JointEvidence evidence;
  evidence.excess = 1.5;
  for (const auto& [kind, occam] : {std::pair{kRex, -3.0}, {kExp, -15.0}, {kDev, -15.0}, {kSer, -16.0}})
    evidence.occam[dchisq_index(kind)] = occam;
  const auto why = [&](double exp) {
    SourceAccount s =
        chosen_together({{kPsf, 300}, {kRex, 500}, {kDev, 490}, {kExp, exp}, {kSer, exp}}, evidence);
    s.told.weights = {0, 0.25, 0, 0.75, 0};
    return explain_choice(s, joint_context());
  };
  EXPECT_THAT(why(517), HasSubstr("EXP gains 17.00 over REX; more than 18.00 is asked for (Occam's factor, "
                                  "12.00, times the excess, 1.50): not enough."));
  EXPECT_THAT(why(517), HasSubstr("Chosen: REX. Weights of the models"));
  EXPECT_THAT(why(519),
              HasSubstr("times the excess, 1.50): enough.<br>\nSER gains 0.00 over EXP; more than 13.50"));
  EXPECT_THAT(why(519), HasSubstr("Chosen: EXP."));
  EXPECT_THAT(why(519), HasSubstr("REX 0.25, EXP 0.75."));
  SourceAccount simplified = chosen_together({{kPsf, 300}, {kRex, 500}});
  simplified.models[dchisq_index(kExp)] = fit_of(kExp, 530);
  simplified.models[dchisq_index(kExp)].model.shape.log_re = 0;
  simplified.told.choice->no_more_than = kRex;
  simplified.told.trials = {{kExp, kRex, -3.25, 0}};
  EXPECT_THAT(explain_choice(simplified, joint_context()),
              AllOf(HasSubstr("EXP does not count: with its neighbours free it was no more than REX."),
                    HasSubstr("EXP was not enough better than REX: 3.25;")));
}

TEST(ExplainPage, TellsWhatBecameOfSourcesThatAreFittedTogether) {
  SourceAccount whole = chosen_together({{kPsf, 300}, {kRex, 500}, {kExp, 600}}),
                half = chosen_together({{kPsf, 300}}), faint = half, dark = half;
  whole.kept = faint.kept = dark.kept = false;
  whole.told.fate = SourceFate::kTwo;
  half.split_from = 0;
  half.told.by_split = {77.25, 15};
  half.neighbours = {{2, 0.625}};
  faint.told.fate = SourceFate::kSuperfluous;
  faint.told.other = 1;
  faint.told.by_loss = {3.5, 24};
  dark.told.fate = SourceFate::kDark;
  SourceAccount composite = whole;
  composite.told.fate = SourceFate::kStays;
  composite.kept = true;
  composite.last.kind = kComp;
  composite.last.bulge.emplace();
  composite.composite_gain = 40;
  composite.told.composite_asked = 25;
  composite.told.trials = {{kRex, kExp, 12.5, 4.5}};
  BlobAccount account;
  account.sources = {whole, half, half, faint, dark, composite};
  const std::string page = explain_page({}, account, 7, joint_context());
  EXPECT_THAT(page, HasSubstr("It is two: <a href=\"#s2\">source 2</a> and <a href=\"#s3\">source 3</a>."));
  EXPECT_THAT(page, HasSubstr("One of two that <a href=\"#s1\">source 1</a> was split into: with its "
                              "neighbours free that gained 77.25, more than the 15.00"));
  EXPECT_THAT(page, HasSubstr("Fitted together with <a href=\"#s3\">source 3</a> (overlap 0.62)"));
  EXPECT_THAT(page, HasSubstr("chi&sup2; is larger by 3.50 only, less than the 24.00"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#s2\">source 2</a> has its light"));
  EXPECT_THAT(page, HasSubstr("no band had flux above 0"));
  EXPECT_THAT(page, HasSubstr("A bulge plus disk gains 40.00 over it, more than the 25.00"));
  EXPECT_THAT(page, HasSubstr("EXP gained 12.50 over REX, more than the 4.50"));
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
  // Narrow windows make pictures smaller, with the marks on them.
  EXPECT_THAT(page, HasSubstr(".picture img{display:block;max-width:100%;height:auto"));
  EXPECT_THAT(page, HasSubstr("<svg viewBox=\"0 0 360 360\">"));
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
