// The cameras that are shipped keep to the schema of the facts.
#include <gtest/gtest.h>

#include "core/facts/facts_table.h"
#include "tests/camera/plugin_files.h"
#include "tests/facts/schema_check.h"

namespace brickline {
namespace {

using namespace brickline::test;

TEST(Schema, TakesTheFactsOfTheShippedCameras) {
  const SchemaCheck schema(facts_schema());
  CameraRegistry registry = CameraRegistry::scan(only({fs::path(BRICKLINE_BUILD_DIR) / "plugins"}));
  for (const char* name : {"decam", "mosaic", "90prime"})
    EXPECT_EQ(schema.problem(nlohmann::json::parse(registry.load(name).facts_json())), "") << name;
}

}  // namespace
}  // namespace brickline
