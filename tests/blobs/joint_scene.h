// A scene that tests of joint fits share.
#pragma once

#include "tests/blobs/field.h"

namespace brickline::test {

// A bright galaxy with two stars on its slopes, and a star by itself.
inline SyntheticSky crowded_sky() {
  SyntheticSky sky(130, 110);
  sky.add(SourceKind::kExp, 50.4, 55.2, {60, 90, 130}, {2.6, 0.3, -0.2});
  sky.add(SourceKind::kPsf, 58.5, 58.9, {6, 9, 12});
  sky.add(SourceKind::kPsf, 42.2, 50.1, {4, 6, 9});
  sky.add(SourceKind::kPsf, 110.3, 90.6, {6, 9, 12});
  sky.expose(2);
  return sky;
}

}  // namespace brickline::test
