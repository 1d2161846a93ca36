#include "core/pipeline/runner.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/pipeline/memory_forecast.h"
#include "core/pipeline/option_table.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

ResourceUse since(const ResourceUse& start) {
  ResourceUse now = resource_use();
  now.wall_seconds -= start.wall_seconds;
  now.cpu_seconds -= start.cpu_seconds;
  return now;
}

// The input images with as many edits as the stages so far have asked for. Edits are never taken back: a
// stage that needs fewer than have been made gets the images anew.
class EditableImages {
 public:
  bool there() const { return there_; }
  void set(RawImages raw) {
    images_ = std::move(raw.images);
    made_.clear();
    there_ = true;
  }
  void drop() {
    images_ = {};
    made_.clear();
    there_ = false;
  }
  bool can_become(const std::vector<ImageEdit>& edits) const {
    return there_ && made_.size() <= edits.size() &&
           std::equal(made_.begin(), made_.end(), edits.begin(),
                      [](std::string_view made, const ImageEdit& edit) { return made == edit.artifact; });
  }
  void keep_in_file(const RunContext& context) {
    for (CcdImage& image : images_) keep_planes(image, context);
  }
  std::span<const CcdImage> edited(const std::vector<ImageEdit>& edits, const ArtifactSet& artifacts) {
    for (std::size_t i = made_.size(); i < edits.size(); ++i) {
      edits[i].apply(artifacts, images_);
      made_.push_back(edits[i].artifact);
    }
    return images_;
  }

 private:
  std::vector<CcdImage> images_;
  std::vector<std::string_view> made_;
  bool there_ = false;
};

class Run {
 public:
  Run(const Plan& plan, const BrickOptions& options, StateStore& store, RunContext& context,
      const BrickHooks& hooks)
      : plan_(plan), options_(options), store_(store), context_(context), hooks_(hooks) {
    for (std::size_t i = 0; i < plan.stages.size(); ++i) {
      const PlannedStage& stage = plan.stages[i];
      if (stage.from_state)
        for (const std::string_view output : stage.spec->outputs) keys_[output] = stage.key;
      else
        for (const std::string_view input : stage.spec->inputs) last_use_[input] = i;
    }
    for (const PlannedStage& stage : plan.stages) {
      const std::set<std::string_view> groups = groups_behind(*stage.spec);
      for (const std::string_view output : stage.spec->outputs) groups_[output] = groups;
    }
    context.images_to_file = [this] { images_.keep_in_file(context_); };
  }

  RunResult all() {
    RunResult result;
    for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
      const PlannedStage& stage = plan_.stages[i];
      const ResourceUse start = resource_use();
      if (hooks_.stage_begins) hooks_.stage_begins(stage.spec->name, i + 1, plan_.stages.size());
      StageResult made;
      try {
        context_.cancel.stop_if_asked();
        made = stage.from_state ? take(stage) : carry_out(stage);
      } catch (const Interrupted&) {
        return {RunResult::Status::kInterrupted, std::string(stage.spec->name), std::move(result.failures)};
      }
      result.failures.insert(result.failures.end(), made.failures.begin(), made.failures.end());
      if (hooks_.stage_made) hooks_.stage_made({stage, made, artifacts_, header_.cards});
      if (made.nothing) {
        if (!result.failures.empty())
          throw internal_error("{}, but {} items failed: {}: {}", made.nothing->why, result.failures.size(),
                               result.failures.front().item, result.failures.front().reason);
        return {RunResult::Status::kNothing, made.nothing->why, {}};
      }
      let_go(i);
      if (hooks_.stage_done) hooks_.stage_done(stage.spec->name, since(start));
    }
    return result;
  }

 private:
  // The first stage's cards begin the header; of the others, the one that says who made them comes first.
  void begin_header(const StageSpec& spec) {
    if (!header_.cards.cards().empty() && !spec.card.empty()) add_stage_card(header_.cards, spec.card);
  }
  void end_header(const StageSpec& spec, const fits::Header& cards) {
    const bool first = header_.cards.cards().empty();
    for (const fits::Card& card : cards.cards()) {
      if (card.key == "COMMENT" || card.key == "HISTORY" || !header_.cards.has(card.key))
        header_.cards.append(card);
      else
        header_.cards.set(card.key, card.value, card.comment);
    }
    if (first && !spec.card.empty()) add_stage_card(header_.cards, spec.card);
    if (header_.cards.has("NFAILED")) header_.cards.set("NFAILED", failed_, "items that could not be fitted");
  }

  StageResult take(const PlannedStage& stage) {
    begin_header(*stage.spec);
    StageState state = store_.load(
        *stage.spec,
        [&](std::string_view artifact) {
          return last_use_.contains(artifact) || hooks_.wanted.contains(artifact);
        },
        artifacts_);
    if (!state.result.failures.empty())
      context_.log.warning(
          "the state of stage {} is used, in which {} items failed (--force-stage {} tries them again)",
          stage.spec->name, state.result.failures.size(), stage.spec->name);
    context_.products = std::move(state.products);
    failed_ += static_cast<std::int64_t>(state.result.failures.size());
    end_header(*stage.spec, state.result.cards);
    // What products from here on are made with; options that this stage does not read may be others now.
    if (const fits::Card* card = header_.cards.find("CMDLINE"); card && !context_.command_line.empty())
      header_.cards.set("CMDLINE", context_.command_line, std::string(card->comment));
    if (stage.spec->remake) remake_ = stage.spec;
    return std::move(state.result);
  }

  // Of options: those that the stage reads, or that any reads that makes what it needs.
  std::set<std::string_view> groups_behind(const StageSpec& spec) const {
    std::set<std::string_view> groups(spec.options.begin(), spec.options.end());
    for (const std::string_view input : spec.inputs)
      if (const auto found = groups_.find(input); found != groups_.end())
        groups.insert(found->second.begin(), found->second.end());
    return groups;
  }

  // The header of a stage's products. They outlast runs whose other options this stage has no part in, and tell the options
  // that have made them. What no stage needs is of the run, and tells all.
  RunHeader header_for(const StageSpec& spec) const {
    RunHeader header = header_;
    const fits::Card* card = header.cards.find("CMDLINE");
    if (card && !spec.outputs.empty())
      header.cards.set("CMDLINE", canonical_options(options_, groups_behind(spec)),
                       std::string(card->comment));
    return header;
  }

  StageResult carry_out(const PlannedStage& stage) {
    const StageSpec& spec = *stage.spec;
    begin_header(spec);
    if (spec.images && !images_.can_become(spec.edits)) read_again();
    const auto images = spec.images ? images_.edited(spec.edits, artifacts_) : std::span<const CcdImage>();
    context_.progress = {};
    if (hooks_.progress)
      context_.progress = [this, name = spec.name](std::int64_t done, std::int64_t total) {
        hooks_.progress(name, done, total);
      };
    const std::string key = key_of(spec, options_, keys_, plan_.software);
    BrickOptions whole = options_;
    whole.bail_out = {};
    context_.stage_key = key_of(spec, whole, keys_, plan_.software);
    context_.stage_forced = stage.forced;
    context_.reads = std::make_unique<ReadLog>();
    StageProducts products(context_, spec.products);
    StageResult result =
        spec.run({options_, artifacts_, images, header_for(spec), products, context_}, artifacts_);
    const std::vector<FileFingerprint> files = context_.reads->files();
    context_.reads.reset();
    failed_ += static_cast<std::int64_t>(result.failures.size());
    end_header(spec, result.cards);
    if (spec.remake) remake_ = &spec;
    if (!result.nothing) {
      if (artifacts_.has(RawImages::kArtifact)) images_.set(artifacts_.take<RawImages>());
      store_.save(spec, key,
                  {result, context_.products, {options_of(spec, options_), keys_, plan_.software, files}},
                  artifacts_);
      const std::string whole_key = key_of(spec, options_, keys_, plan_.software, fingerprint_text(files));
      for (const std::string_view output : spec.outputs) keys_[output] = whole_key;
    }
    return result;
  }

  void read_again() {
    if (!remake_) throw internal_error("no stage has read the images");
    StageProducts products(context_, remake_->products);
    remake_->remake({options_, artifacts_, {}, header_, products, context_}, artifacts_);
    images_.set(artifacts_.take<RawImages>());
  }

  // What no later stage needs.
  void let_go(std::size_t done) {
    const auto needed_later = [&](std::string_view artifact) {
      const auto last = last_use_.find(artifact);
      return last != last_use_.end() && last->second > done;
    };
    for (const PlannedStage& stage : plan_.stages)
      for (const std::string_view output : stage.spec->outputs)
        if (!needed_later(output)) artifacts_.drop(output);
    if (!needed_later(RawImages::kArtifact)) images_.drop();
  }

  const Plan& plan_;
  const BrickOptions& options_;
  StateStore& store_;
  RunContext& context_;
  const BrickHooks& hooks_;
  ArtifactSet artifacts_;
  EditableImages images_;
  RunHeader header_;
  std::int64_t failed_ = 0;            // items, so far
  const StageSpec* remake_ = nullptr;  // the stage that can read the images again
  std::map<std::string_view, std::size_t> last_use_;
  std::map<std::string_view, std::set<std::string_view>> groups_;  // of options, behind an artifact
  std::map<std::string_view, std::string> keys_;  // of the stages that have made what is at hand
};

}  // namespace

StageState NoState::load(const StageSpec& stage, const std::function<bool(std::string_view)>&, ArtifactSet&) {
  throw internal_error("no state of stage {} is kept", stage.name);
}

RunResult run(const Plan& plan, const BrickOptions& options, StateStore& store, RunContext& context,
              const BrickHooks& hooks) {
  return Run(plan, options, store, context, hooks).all();
}

}  // namespace brickline
