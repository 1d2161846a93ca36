// How far a long piece of work has come, told to whoever wants to show it.
#pragma once

#include <cstdint>
#include <functional>

namespace brickline {

// Called with (done, total), from any thread, never concurrently for one piece of work. May be empty.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

}  // namespace brickline
