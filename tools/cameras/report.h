// What `cameras` prints, for people and as JSON.
#pragma once

#include <string>

#include "core/camera/registry.h"

namespace brickline {

// Every directory searched and every file found: one line for each camera, one sentence for each refusal.
std::string list_for_people(const CameraRegistry& registry);
std::string list_as_json(const CameraRegistry& registry);

// One loaded camera: where it comes from, which steps its code overrides, and its facts.
std::string info_for_people(const Camera& camera);
std::string info_as_json(const Camera& camera);
// The facts alone, merged with those of the cameras it extends.
std::string facts_as_json(const Camera& camera);

}  // namespace brickline
