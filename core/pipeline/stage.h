// A stage of a brick's run as data: what it is called, what it needs, what it makes, and the function that
// does it.
//
// What a stage may depend on is what its function's signature names, in any order:
//   const SomeOptions&          a group of options (brick_options.h): only these can be read, so only these
//                               enter the stage's key
//   const SomeArtifact&         what an earlier stage has made (artifact.h)
//   const EditedImages<...>&    the input images with the edits that are named
//   const RunHeader&            the cards that products of this stage begin with
//   StageProducts&              where its products go: those that its row of the table declares
//   RunContext&                 the run
// and what it makes is what it returns: Outcome<Artifacts...>, or Nothing where the brick has nothing in it.
// Inputs, outputs and options of a StageSpec are deduced from the signature: the table cannot lie.
//
// A stage is added by one row in stage_table.cpp and one file in stages/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/coadd/coadd_stage.h"
#include "core/fits/header.h"
#include "core/pipeline/artifact.h"
#include "core/pipeline/artifact_set.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/run_context.h"
#include "core/survey/products.h"

namespace brickline {

// Why a brick has nothing in it: not an error, but the end of the brick.
struct Nothing {
  std::string why;
};

// What a stage hands on: its artifacts; the cards that headers of products get from it; the items of it that
// failed.
template <class... Artifacts>
struct Outcome {
  std::optional<Nothing> nothing;
  std::tuple<std::optional<Artifacts>...> artifacts;
  fits::Header cards;
  std::vector<Failure> failures;

  Outcome() = default;
  Outcome(Nothing why) : nothing(std::move(why)) {}
  explicit Outcome(Artifacts... made) requires(sizeof...(Artifacts) > 0) : artifacts(std::move(made)...) {}
};

// The cards of all stages up to this one, its own VER_ card included.
struct RunHeader {
  fits::Header cards;
};

// The products of one stage; a product that its row does not declare is a defect (Error, kInternal).
class StageProducts {
 public:
  StageProducts(RunContext& context, const std::vector<Product>& declared)
      : context_(context), declared_(declared) {}
  std::filesystem::path path(Product product, std::string_view band = {}) const;
  // The same by the product's name.
  ProductPath paths() const;
  ProductSet& set() { return context_.products; }

 private:
  RunContext& context_;
  const std::vector<Product>& declared_;
};

// What a stage's function is handed; built by the runner.
struct StageInputs {
  const BrickOptions& options;
  const ArtifactSet& artifacts;
  std::span<const CcdImage> images;  // with the edits that the stage named
  const RunHeader& header;
  StageProducts& products;
  RunContext& context;
};

struct StageResult {
  std::optional<Nothing> nothing;
  fits::Header cards;
  std::vector<Failure> failures;
};

// An edit of the input images that a stage names.
struct ImageEdit {
  std::string_view artifact;
  void (*apply)(const ArtifactSet& artifacts, std::vector<CcdImage>& images) = nullptr;
};

struct StageSpec {
  std::string_view name;
  std::string_view card;  // VER_<card> of headers; empty: none
  int schema = 0;         // of what it makes: raised when the same inputs come to give something else
  std::vector<Product> products;
  bool optional = false;  // runs only when it is asked for, or something needs what it makes
  // Of several rows of one name, the one that says so is the stage; null: always.
  bool (*applies)(const BrickOptions&) = nullptr;

  // Deduced.
  std::vector<std::string_view> options, inputs, outputs;
  std::vector<ImageEdit> edits;  // of the images, in order
  bool images = false;           // it looks at pixels of the input images
  StageResult (*run)(const StageInputs&, ArtifactSet& out) = nullptr;
  // Makes its transient outputs again from its others, when those come from saved state; null: there are
  // none.
  void (*remake)(const StageInputs&, ArtifactSet& out) = nullptr;
  // What can be known to be wrong before anything is read; null: nothing.
  void (*check)(const BrickOptions&, RunContext&) = nullptr;
};

namespace stage_deduction {

template <class T>
concept OptionGroup = requires {
  T::kOptionGroup;
};
template <class T>
concept Artifact = requires {
  T::kArtifact;
};
template <class T>
struct EditsOf : std::false_type {};
template <class... Edits>
struct EditsOf<EditedImages<Edits...>> : std::true_type {
  static std::vector<ImageEdit> all() {
    return {ImageEdit{Edits::kArtifact, [](const ArtifactSet& artifacts, std::vector<CcdImage>& images) {
                        apply_edit(artifacts.get<Edits>(), images);
                      }}...};
  }
};

template <class T>
void describe(StageSpec& spec) {
  if constexpr (OptionGroup<T>) {
    spec.options.push_back(T::kOptionGroup);
  } else if constexpr (Artifact<T>) {
    spec.inputs.push_back(T::kArtifact);
  } else if constexpr (EditsOf<T>::value) {
    spec.images = true;
    spec.edits = EditsOf<T>::all();
    spec.inputs.push_back(RawImages::kArtifact);
    for (const ImageEdit& edit : spec.edits) spec.inputs.push_back(edit.artifact);
  } else {
    static_assert(
        std::is_same_v<T, RunHeader> || std::is_same_v<T, StageProducts> || std::is_same_v<T, RunContext>,
        "a stage takes options, artifacts, edited images, the header, its products and the run");
  }
}

template <class Parameter>
decltype(auto) argument(const StageInputs& in) {
  using T = std::remove_cvref_t<Parameter>;
  if constexpr (OptionGroup<T>)
    return group_of<T>(in.options);
  else if constexpr (Artifact<T>)
    return in.artifacts.get<T>();
  else if constexpr (EditsOf<T>::value)
    return T{in.images};
  else if constexpr (std::is_same_v<T, RunHeader>)
    return in.header;
  else if constexpr (std::is_same_v<T, StageProducts>)
    return (in.products);
  else
    return (in.context);
}

template <auto Function>
struct Signature;
template <class... Made, class... Parameters, Outcome<Made...> (*Function)(Parameters...)>
struct Signature<Function> {
  static void describe(StageSpec& spec) {
    (stage_deduction::describe<std::remove_cvref_t<Parameters>>(spec), ...);
    spec.outputs = {Made::kArtifact...};
  }
  static StageResult run(const StageInputs& in, ArtifactSet& out) {
    Outcome<Made...> outcome = Function(argument<Parameters>(in)...);
    if (!outcome.nothing)
      std::apply(
          [&](auto&... made) {
            ((made ? out.put(std::move(*made))
                   : throw internal_error("a stage has not made its {}",
                                          std::remove_cvref_t<decltype(*made)>::kArtifact)),
             ...);
          },
          outcome.artifacts);
    return {std::move(outcome.nothing), std::move(outcome.cards), std::move(outcome.failures)};
  }
};

template <auto Function>
struct Remake;
template <class Made, class... Parameters, Made (*Function)(Parameters...)>
struct Remake<Function> {
  static void run(const StageInputs& in, ArtifactSet& out) { out.put(Function(argument<Parameters>(in)...)); }
};

template <auto Function>
struct Check;
template <class... Parameters, void (*Function)(Parameters...)>
struct Check<Function> {
  template <class Parameter>
  static decltype(auto) of(const BrickOptions& options, RunContext& context) {
    using T = std::remove_cvref_t<Parameter>;
    if constexpr (OptionGroup<T>)
      return group_of<T>(options);
    else
      return (context);
  }
  static void run(const BrickOptions& options, RunContext& context) {
    Function(of<Parameters>(options, context)...);
  }
};

}  // namespace stage_deduction

template <auto Function>
StageSpec stage(std::string_view name, std::string_view card, int schema,
                std::vector<Product> products = {}) {
  StageSpec spec;
  spec.name = name;
  spec.card = card;
  spec.schema = schema;
  spec.products = std::move(products);
  stage_deduction::Signature<Function>::describe(spec);
  spec.run = &stage_deduction::Signature<Function>::run;
  return spec;
}

// `Function` makes an output of the stage that saved state does not hold from those that it does.
template <auto Function>
StageSpec remade_by(StageSpec spec) {
  spec.remake = &stage_deduction::Remake<Function>::run;
  return spec;
}

// `Function(const SomeOptions&..., RunContext&)` throws an Error if the stage cannot succeed.
template <auto Function>
StageSpec checked_by(StageSpec spec) {
  spec.check = &stage_deduction::Check<Function>::run;
  return spec;
}

}  // namespace brickline
