// SIGTERM, SIGINT and SIGUSR1 ask a process that runs items to end.
#pragma once

namespace brickline {

// From now on they are counted; they interrupt system calls that wait.
void count_end_signals();
int end_signals();

}  // namespace brickline
