// The runner on stages of a test's own: what a stage is, is its row and its function.
#include "core/pipeline/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/support/data.h"
#include "tests/support/run_context.h"

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A chain of toy stages: an image of one pixel is read, brightened, and its value told.
struct Brightness {
  static constexpr std::string_view kArtifact = "brightness";
  static constexpr int kSchema = 1;
  float value = 0;
};
struct DoubleIt {  // an edit of the images
  static constexpr std::string_view kArtifact = "double it";
  static constexpr int kSchema = 1;
  float factor = 2;
};
void apply_edit(const DoubleIt& edit, std::vector<CcdImage>& images) {
  for (CcdImage& image : images) image.data(0, 0) *= edit.factor;
}

Outcome<RawImages> read_toy(const ReadingOptions&, RunContext&) {
  RawImages raw;
  raw.images.resize(1);
  raw.images[0].data = Image<float>(1, 1, 3.f);
  Outcome<RawImages> outcome(std::move(raw));
  outcome.cards.set("WHAT", "toys");
  return outcome;
}
RawImages read_toy_again(RunContext& run) { return *std::get<0>(read_toy({}, run).artifacts); }
Outcome<DoubleIt> find_edit(const EditedImages<>& images, const DetectionChoice& detection) {
  EXPECT_EQ(images.images[0].data(0, 0), 3);
  return Outcome<DoubleIt>(DoubleIt{static_cast<float>(detection.nsigma)});
}
Outcome<Brightness> measure(const EditedImages<DoubleIt>& images, const RunHeader& header,
                            StageProducts& products, RunContext&) {
  EXPECT_TRUE(header.cards.has("VER_MEAS"));
  products.set().write(products.path(Product::kRefSources), "measured");
  Outcome<Brightness> outcome(Brightness{images.images[0].data(0, 0)});
  outcome.cards.set("BRIGHT", double{images.images[0].data(0, 0)});
  return outcome;
}
fits::Header last_header;
Outcome<> tell(const Brightness&, const RunHeader& header, const FittingChoice&) {
  last_header = header.cards;
  return {};
}
Outcome<Brightness> find_nothing(const EditedImages<DoubleIt>&) { return Nothing{"it is dark"}; }
Outcome<DoubleIt> fail_in_part(const EditedImages<>&) {
  Outcome<DoubleIt> outcome(DoubleIt{});
  outcome.failures = {{"blob 7", "it is broken"}};
  outcome.cards.set("NFAILED", 1);
  return outcome;
}
Outcome<Brightness> write_undeclared(const EditedImages<>&, StageProducts& products) {
  products.path(Product::kTractor);
  return Outcome<Brightness>(Brightness{});
}

std::vector<StageSpec> toys() {
  return {remade_by<read_toy_again>(stage<read_toy>("read", "READ", 1)), stage<find_edit>("edit", "EDIT", 1),
          stage<measure>("measure", "MEAS", 1, {Product::kRefSources}), stage<tell>("tell", "TELL", 1)};
}

// Keeps what stages have made, as long as the keys agree.
class Memory : public StateStore {
 public:
  Status status(const StageSpec& stage, std::string_view key) override {
    const auto kept = kept_.find(stage.name);
    if (kept == kept_.end()) return {false, "nothing is kept"};
    if (kept->second.key != key) return {false, "its key has changed"};
    return {true, "its key is the same"};
  }
  StageState load(const StageSpec& stage, const std::function<bool(std::string_view)>&,
                  ArtifactSet& artifacts) override {
    const Kept& kept = kept_.find(stage.name)->second;
    if (kept.edit) artifacts.put(*kept.edit);
    if (kept.brightness) artifacts.put(*kept.brightness);
    return kept.state;
  }
  void save(const StageSpec& stage, std::string_view key, const StageState& state,
            const ArtifactSet& artifacts) override {
    Kept kept{std::string(key), state, {}, {}};
    for (const std::string_view output : stage.outputs) {
      if (output == DoubleIt::kArtifact) kept.edit = artifacts.get<DoubleIt>();
      if (output == Brightness::kArtifact) kept.brightness = artifacts.get<Brightness>();
    }
    kept_.insert_or_assign(std::string(stage.name), kept);
  }

 private:
  struct Kept {
    std::string key;
    StageState state;
    std::optional<DoubleIt> edit;
    std::optional<Brightness> brightness;
  };
  std::map<std::string, Kept, std::less<>> kept_;
};

class Runner : public testing::Test {
 protected:
  // What ran, in order.
  std::vector<std::string> run_table(const std::vector<StageSpec>& table, StateStore& store) {
    std::vector<std::string> names;
    BrickHooks hooks;
    hooks.stage_done = [&](std::string_view stage, const ResourceUse&) { names.emplace_back(stage); };
    RunContext context = test::run_context(scratch_.path(), scratch_.path(), "1234p567");
    plan_ = make_plan(table, options_, {"1", "c", "v"}, store);
    result_ = run(plan_, options_, store, context, hooks);
    products_ = context.products;
    return names;
  }
  test::TemporaryDirectory scratch_;
  BrickOptions options_;
  Plan plan_;
  RunResult result_;
  ProductSet products_;
};

TEST_F(Runner, AStageIsOneRowAndOneFunction) {
  NoState none;
  const std::vector<StageSpec> table = toys();
  // Deduced from the signatures.
  EXPECT_THAT(table[1].options, ElementsAre("detection"));
  EXPECT_THAT(table[2].inputs, ElementsAre("raw images", "double it"));
  EXPECT_THAT(table[2].outputs, ElementsAre("brightness"));
  EXPECT_THAT(run_table(table, none), ElementsAre("read", "edit", "measure", "tell"));
  for (const PlannedStage& stage : plan_.stages) EXPECT_EQ(stage.key.size(), 64u);
  std::vector<std::string> cards;
  for (const fits::Card& card : last_header.cards()) cards.push_back(card.key);
  EXPECT_THAT(cards, ElementsAre("WHAT", "VER_READ", "VER_EDIT", "VER_MEAS", "BRIGHT", "VER_TELL"));
  EXPECT_EQ(last_header.number("BRIGHT"), 18);  // 3, times nsigma
  ASSERT_EQ(products_.entries().size(), 1u);
  EXPECT_EQ(products_.entries()[0].path, "metrics/123/reference-1234p567.fits");
}

TEST_F(Runner, TakesFromStateWhatHasTheSameKeyAndMakesTheRest) {
  Memory memory;
  const std::vector<StageSpec> table = toys();
  run_table(table, memory);
  const fits::Header first = last_header;
  options_.fitting.reoptimize = true;  // read by the last stage alone
  run_table(table, memory);
  std::vector<bool> from_state;
  for (const PlannedStage& stage : plan_.stages) from_state.push_back(stage.from_state);
  EXPECT_THAT(from_state, ElementsAre(true, true, true, false));
  ASSERT_EQ(last_header.cards().size(), first.cards().size());
  for (std::size_t i = 0; i < first.cards().size(); ++i) {
    EXPECT_EQ(last_header.cards()[i].key, first.cards()[i].key);
    EXPECT_EQ(last_header.cards()[i].value, first.cards()[i].value);
  }
  EXPECT_EQ(products_.entries().size(), 1u);
}

TEST_F(Runner, ReadsImagesAgainAndReplaysTheirEdits) {
  Memory memory;
  run_table(toys(), memory);
  std::vector<StageSpec> table = toys();
  table[2].schema = 2;  // made by another program: to be made again, from images that no state holds
  run_table(table, memory);
  EXPECT_FALSE(plan_.stages[2].from_state);
  EXPECT_TRUE(plan_.stages[1].from_state);
  EXPECT_EQ(last_header.number("BRIGHT"), 18);
}

TEST_F(Runner, NothingToDoIsAResult) {
  NoState none;
  std::vector<StageSpec> table = toys();
  table[2] = stage<find_nothing>("measure", "MEAS", 1);
  run_table(table, none);
  EXPECT_EQ(result_.status, RunResult::Status::kNothing);
  EXPECT_EQ(result_.why, "it is dark");
}

TEST_F(Runner, NothingToDoIsNotBelievedWhereSomethingFailed) {
  NoState none;
  std::vector<StageSpec> table = toys();
  table[1] = stage<fail_in_part>("edit", "EDIT", 1);
  table[2] = stage<find_nothing>("measure", "MEAS", 1);
  try {
    run_table(table, none);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInternal);
    EXPECT_THAT(e.line(), HasSubstr("blob 7: it is broken"));
  }
}

TEST_F(Runner, FailuresAreCountedInTheHeader) {
  NoState none;
  std::vector<StageSpec> table = toys();
  table[1] = stage<fail_in_part>("edit", "EDIT", 1);
  run_table(table, none);
  EXPECT_EQ(result_.failures.size(), 1u);
  EXPECT_EQ(last_header.integer("NFAILED"), 1);
}

TEST_F(Runner, AProductThatTheRowDoesNotDeclareIsADefect) {
  NoState none;
  std::vector<StageSpec> table = toys();
  table[2] = stage<write_undeclared>("measure", "MEAS", 1);
  try {
    run_table(table, none);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInternal);
    EXPECT_THAT(e.line(), HasSubstr("tractor"));
  }
}

}  // namespace
}  // namespace brickline
