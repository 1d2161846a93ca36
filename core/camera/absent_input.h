// Input that is not there, beside input that is bad: an Error (kInput) of its own, so that a plugin is told
// BL_E_MISSING and may do without. Internal to core/camera.
#pragma once

#include "core/base/error.h"

namespace brickline {

class AbsentInput : public Error {
 public:
  explicit AbsentInput(const Error& error) : Error(error) {}
};

}  // namespace brickline
