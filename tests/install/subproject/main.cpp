#include <cstdio>

#include "core/base/error.h"
#include "core/base/version.h"

int main() {
  const brickline::Error error = brickline::input_error("no {}", "file");
  std::printf("%s %s %s\n", brickline::kVersion, brickline::commit().data(), error.what());
}
