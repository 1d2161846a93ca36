// Programs and plugins of different versions of the boundary. This program is linked with a host_abi of its
// own, so that the same loader is that of an older or a newer Brickline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/camera/abi_version.h"
#include "core/camera/registry.h"
#include "tests/camera/plugin_files.h"

namespace brickline {

namespace {
AbiVersion the_host{1, 1};
std::uint32_t the_table_size = 0;
}  // namespace
AbiVersion host_abi() { return the_host; }
std::uint32_t host_table_size() { return the_table_size; }

namespace {

using namespace brickline::test;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint32_t kWhole = 264, kWithoutTheLast = 232;  // bytes of bl_host: all, and up to table_text

fs::path of_version(const std::string& name) {
  return fs::path(BRICKLINE_BUILD_DIR) / "tests/plugins/versions" / (name + ".camera.so");
}

class Versions : public ::testing::Test {
 protected:
  void host(int major, int minor, std::uint32_t table_size) {
    the_host = {major, minor};
    the_table_size = table_size;
  }
  // Why a plugin is refused when it is looked at; empty if it is not. Then its camera is loaded, too.
  std::string refusal(const std::string& name) {
    messages_.lines.clear();
    TemporaryDirectory dir;
    const fs::path file = put(of_version(name), dir.path());
    CameraRegistry registry = CameraRegistry::scan(only({dir.path()}), Log(messages_));
    const PluginFile& found = file_of(registry, file);
    if (found.usable()) {
      EXPECT_EQ(registry.load(name).name(), name);
    }
    return found.refusal_id.empty() ? "" : found.refusal_id + ": " + found.refusal;
  }
  Messages messages_;
};

TEST_F(Versions, APluginOfAnOlderMinorRuns) {
  host(1, 1, kWhole);
  EXPECT_EQ(refusal("v1_0"), "");
  EXPECT_THAT(messages_.lines, ::testing::Not(Contains(HasSubstr("used without"))));
}

TEST_F(Versions, ANewerOneThatOnlyWouldLikeMoreRunsWithoutIt) {
  host(1, 0, kWithoutTheLast);
  EXPECT_EQ(refusal("v1_1"), "");
  EXPECT_THAT(messages_.lines, Contains(HasSubstr("built for camera ABI 1.1, this program offers 1.0")));
  EXPECT_THAT(messages_.lines, Contains(HasSubstr("texts of tables: no")));
  host(1, 1, kWhole);
  EXPECT_EQ(refusal("v1_1"), "");
  EXPECT_THAT(messages_.lines, Contains(HasSubstr("texts of tables: yes")));
}

// Its author has said nothing of that: the SDK's header has, where the function is called.
TEST_F(Versions, OneThatCallsALaterFunctionNeedsItsMinorAndIsRefusedWithBoth) {
  host(1, 0, kWithoutTheLast);
  EXPECT_THAT(refusal("v1_1_calls"), HasSubstr("abi-minor: "));
  EXPECT_THAT(refusal("v1_1_calls"), HasSubstr("needs camera ABI 1.1 or later, this program offers 1.0"));
  host(1, 1, kWhole);
  EXPECT_EQ(refusal("v1_1_calls"), "");
}

TEST_F(Versions, AnotherMajorIsRefused) {
  host(2, 0, kWhole);
  EXPECT_THAT(refusal("v1_0"), HasSubstr("built for camera ABI 1.0, this program offers 2.0"));
}

TEST_F(Versions, BeforeOneEveryMinorStandsAlone) {
  host(0, 3, kWhole);
  EXPECT_EQ(refusal("frozen_0_3"), "");
  EXPECT_THAT(refusal("frozen_0_2"), HasSubstr("built for camera ABI 0.2, this program offers 0.3"));
  host(0, 2, 240);
  EXPECT_EQ(refusal("frozen_0_2"), "");
  EXPECT_THAT(refusal("frozen_0_3"), HasSubstr("built for camera ABI 0.3, this program offers 0.2"));
  host(0, 4, kWhole);
  EXPECT_THAT(refusal("frozen_0_3"), HasSubstr("abi-minor"));
}

TEST(AbiVerdict, FollowsThePolicy) {
  EXPECT_THAT(abi_verdict({1, 4}, 2, {1, 2}).id, IsEmpty());
  EXPECT_EQ(abi_verdict({1, 4}, 3, {1, 2}).id, "abi-minor");
  EXPECT_EQ(abi_verdict({1, 4}, 0, {2, 9}).id, "abi-major");
  EXPECT_THAT(abi_verdict({0, 2}, 0, {0, 2}).id, IsEmpty());
  EXPECT_EQ(abi_verdict({0, 2}, 0, {0, 3}).id, "abi-minor");
}

}  // namespace
}  // namespace brickline
