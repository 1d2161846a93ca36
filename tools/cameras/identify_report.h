// What `cameras identify` prints, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/camera/identify.h"

namespace brickline {

std::string identified_for_people(const std::vector<IdentifiedImage>& images);
std::string identified_as_json(const std::vector<IdentifiedImage>& images);

}  // namespace brickline
