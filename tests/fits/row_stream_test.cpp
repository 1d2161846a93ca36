#include "core/fits/row_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline::fits {
namespace {

// More than one block's rows, of every type.
Table large_table(std::size_t rows) {
  Table t;
  std::vector<std::int32_t> number(rows);
  std::vector<double> value(rows);
  std::vector<std::string> text(rows);
  std::vector<bool> odd(rows);
  std::vector<float> triple(3 * rows);
  for (std::size_t i = 0; i < rows; ++i) {
    number[i] = static_cast<std::int32_t>(i);
    value[i] = 0.5 * static_cast<double>(i);
    text[i] = "row " + std::to_string(i) + std::string(200, '.');
    odd[i] = i % 2;
    for (std::size_t k = 0; k < 3; ++k) triple[3 * i + k] = static_cast<float>(10 * i + k);
  }
  t.add("Number", std::move(number));
  t.add("VALUE", std::move(value), "deg");
  t.add("text", std::move(text));
  t.add("odd", std::move(odd));
  t.add("triple", std::move(triple), "", {3});
  return t;
}

TEST(RowStream, GivesBlocksAndKeepsWholeRows) {
  test::TemporaryDirectory dir;
  const std::size_t rows = 20000;
  for (const char* name : {"t.fits", "t.fits.gz"}) {
    FitsWriter writer;
    writer.add_table(large_table(rows));
    writer.write(dir / name);
    ASSERT_TRUE(RowStream::can_read(dir / name));
    RowStream stream(dir / name);
    EXPECT_EQ(stream.rows(), static_cast<std::int64_t>(rows));
    std::int64_t next = 0;
    int blocks = 0;
    while (stream.next()) {
      ++blocks;
      ASSERT_EQ(stream.first_row(), next);
      const Table t = stream.columns({"number", "value", "no such column"});
      ASSERT_EQ(t.columns().size(), 2u);
      ASSERT_EQ(t.rows(), stream.block_rows());
      for (std::int64_t i = 0; i < t.rows(); ++i) {
        ASSERT_EQ(t.integer("number", i), next + i);
        if ((next + i) % 7919 == 0) stream.keep(i);
      }
      next += t.rows();
    }
    EXPECT_EQ(next, static_cast<std::int64_t>(rows));
    EXPECT_GT(blocks, 1);
    const Table kept = stream.kept();
    ASSERT_EQ(kept.rows(), 3);
    ASSERT_EQ(kept.columns().size(), 5u);
    EXPECT_EQ(kept.find("value")->unit, "deg");
    for (std::int64_t i = 0; i < kept.rows(); ++i) {
      const std::int64_t row = 7919 * i;
      EXPECT_EQ(kept.number("value", i), 0.5 * static_cast<double>(row));
      EXPECT_TRUE(kept.text("text", i).starts_with("row " + std::to_string(row) + "."));
      EXPECT_EQ(kept.logical("odd", i), row % 2 == 1);
      EXPECT_EQ(kept.number("triple", i, 2), static_cast<double>(10 * row + 2));
    }
  }
}

TEST(RowStream, NoticesRowsThatTheHeaderDoesNotCount) {
  test::TemporaryDirectory dir;
  FitsWriter writer;
  writer.add_table(large_table(5));
  std::string bytes = writer.finish();
  const auto count = bytes.find("NAXIS2  =                    5");
  ASSERT_NE(count, std::string::npos);
  for (const char digit : {'5', '4'}) {
    bytes[count + 29] = digit;
    std::ofstream(dir / "t.fits", std::ios::binary) << bytes;
    RowStream stream(dir / "t.fits");
    while (stream.next()) {
    }
    EXPECT_EQ(stream.has_uncounted_rows(), digit == '4');
  }
}

TEST(RowStream, RefusesWhatIsNoTable) {
  test::TemporaryDirectory dir;
  FitsWriter writer;
  writer.add_image(Image<float>(4, 4).const_view());
  writer.add_image(Image<float>(4, 4).const_view());
  writer.write(dir / "image.fits");
  EXPECT_THROW(RowStream::can_read(dir / "image.fits"), Error);
  EXPECT_THROW(RowStream(dir / "none.fits"), Error);
}

TEST(FitsReader, ReadsAFileThatLiesInMemory) {
  FitsWriter writer;
  writer.add_table(large_table(10));
  std::string bytes = writer.finish();
  FitsReader reader = FitsReader::in_memory(
      std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()), "some/file.fits");
  FitsReader moved = std::move(reader);
  EXPECT_EQ(moved.table(1).integer("number", 9), 9);
  EXPECT_EQ(moved.table_rows(1), 10);
  const std::vector<std::uint8_t> all = moved.table_bytes(1);
  EXPECT_EQ(moved.table_size(1), static_cast<std::int64_t>(all.size()));
  EXPECT_EQ(moved.table_bytes(1, 230, 17),
            std::vector<std::uint8_t>(all.begin() + 230, all.begin() + 230 + 17));
  EXPECT_THROW(moved.table_bytes(1, 230, moved.table_size(1)), Error);
  try {
    FitsReader::in_memory(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), 100), "some/file.fits");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), testing::HasSubstr("some/file.fits"));
  }
}

}  // namespace
}  // namespace brickline::fits
