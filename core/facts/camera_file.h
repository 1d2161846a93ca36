// A camera without code: one JSON file NAME.camera.json that holds the facts, and under "plugin" who it is, as a
// plugin library says it in its note.
//
//   {"plugin": {"plugin": "mine", "version": "1.0.0", "cameras": [{"name": "mine", "claims": [{"INSTRUME": "^mine$"}]}]},
//    "facts": "1.0", "detector": {...}, "pixels": {...}}
#pragma once

#include <string>
#include <string_view>

namespace brickline {

struct CameraFile {
  std::string identity;  // the JSON text of "plugin"
  std::string facts;     // that of all the rest
};

// Error (kInput) that says what is wrong: no JSON object, a key twice in one object, no "plugin".
CameraFile parse_camera_file(std::string_view text);

}  // namespace brickline
