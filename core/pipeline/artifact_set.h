// The values that a run has at hand, at most one of each type.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/pipeline/artifact.h"

namespace brickline {

class ArtifactSet {
 public:
  bool has(std::string_view artifact) const { return values_.contains(artifact); }
  template <class Artifact>
  const Artifact& get() const {
    const auto found = values_.find(Artifact::kArtifact);
    if (found == values_.end()) throw internal_error("no stage has made {} yet", Artifact::kArtifact);
    return *static_cast<const Artifact*>(found->second.get());
  }
  template <class Artifact>
  void put(Artifact value) {
    values_[Artifact::kArtifact] = std::make_shared<Artifact>(std::move(value));
  }
  void drop(std::string_view artifact) {
    if (const auto found = values_.find(artifact); found != values_.end()) values_.erase(found);
  }
  // Hands out the value, which the set then no longer has.
  template <class Artifact>
  Artifact take() {
    Artifact value = std::move(*static_cast<Artifact*>(values_.at(Artifact::kArtifact).get()));
    drop(Artifact::kArtifact);
    return value;
  }

 private:
  std::map<std::string_view, std::shared_ptr<void>> values_;
};

}  // namespace brickline
