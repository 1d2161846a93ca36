// Exit codes of programs beside those of errors (error.h): one place for what they mean.
#pragma once

namespace brickline {

inline constexpr int kSomeItemsFailed = 6;   // finished, but some items failed
inline constexpr int kNotDone = 7;           // asked only whether all is done: it is not
inline constexpr int kInterruptedCode = 75;  // the same command goes on

}  // namespace brickline
