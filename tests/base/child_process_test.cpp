// What a child finds in the place of the standard descriptors, whatever its parent has closed of its own.
#include "core/base/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "tests/support/data.h"

namespace brickline::test {
namespace {

class StartChild : public ::testing::TestWithParam<int> {};

TEST_P(StartChild, SaysAllToItsLogThoughItsParentHasClosedOneOfItsOwn) {
  const TemporaryDirectory scratch;
  ChildCall call;
  call.program = "/bin/sh";
  call.arguments = {"-c", "read line || echo nothing; echo word >&2"};
  call.directory = scratch.path();
  call.log = scratch / "log";
  call.signal_with_parent = SIGKILL;
  const int kept = ::fcntl(GetParam(), F_DUPFD_CLOEXEC, 10);
  ::close(GetParam());
  const pid_t child = start_child(call);
  if (kept >= 0) {
    ::dup2(kept, GetParam());
    ::close(kept);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::ifstream in(call.log);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "nothing\nword\n");
}

INSTANTIATE_TEST_SUITE_P(Closed, StartChild, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace brickline::test
