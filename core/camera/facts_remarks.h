// What of a camera's facts cannot be right although each alone is valid: for its author to hear when the camera
// is loaded.
#pragma once

#include <string>
#include <vector>

#include "core/camera/camera.h"

namespace brickline {

// A sentence each: files "data:NAME" that are not there; bands that headers are mapped to and that detector.bands
// does not name.
std::vector<std::string> facts_remarks(const Camera& camera);

}  // namespace brickline
