#include "core/base/product_set.h"

#include <gtest/gtest.h>

#include "core/base/atomic_file.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

TEST(ProductSet, FilesKeepThePlaceOfTheirFirstWriting) {
  test::TemporaryDirectory dir;
  ProductSet products(dir.path() / "." / "out");
  products.write(dir / "out/b/one.txt", "1");
  products.write(dir / "out/a.txt", "2");
  products.write(dir / "out/b/../b/one.txt", "3");
  ASSERT_EQ(products.entries().size(), 2u);
  EXPECT_EQ(products.checksum_list(), sha256_hex("3") + " *b/one.txt\n" + sha256_hex("2") + " *a.txt\n");
}

TEST(ProductSet, AResumedRunContinuesTheList) {
  test::TemporaryDirectory dir;
  ProductSet first(dir.path());
  first.write(dir / "one", "1");
  ProductSet second(dir.path(), first.entries());
  second.write(dir / "two", "2");
  EXPECT_EQ(second.entries().size(), 2u);
  EXPECT_EQ(second.entries()[0].path, "one");
}

TEST(ProductSet, AFileElsewhereIsNamedInFull) {
  ProductSet products("/somewhere/out");
  products.record("/somewhere/other/file", std::string(64, '0'));
  EXPECT_EQ(products.entries()[0].path, "/somewhere/other/file");
}

}  // namespace
}  // namespace brickline
