// What CCD tables really hold, and what a run makes of it: rows that come twice, rows that are not where their
// images are, columns of unusual types, files in which the HDUs are in another order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/cli/survey_fixture.h"

namespace brickline::test {
namespace {

class CcdTableOfAUser : public SurveyFixture {
 protected:
  void change_table(const std::function<void(fits::Table&)>& change) {
    const std::filesystem::path file = survey() / "survey-ccds-sim.fits.gz";
    fits::Table table = fits::FitsReader(file).table(1);
    change(table);
    fits::FitsWriter writer;
    writer.add_table(table);
    writer.write(file);
  }
  // RA, Dec and fluxes of all rows of the one catalog; empty if there is none.
  std::vector<std::vector<double>> catalog() const {
    for (const std::string& name : files_below(outdir())) {
      const std::filesystem::path path = outdir() / name;
      if (!name.starts_with("tractor/") || path.extension() != ".fits") continue;
      const fits::Table t = fits::FitsReader(path).table(1);
      std::vector<std::vector<double>> values;
      for (const char* column : {"ra", "dec", "flux_g", "flux_r", "flux_z", "flux_ivar_g", "nobs_g"})
        values.push_back(t.numbers(column));
      return values;
    }
    return {};
  }
  std::vector<std::vector<double>> undisturbed() {
    EXPECT_EQ(run().exit_code, 0);
    auto values = catalog();
    EXPECT_FALSE(values.empty() || values[0].empty());
    std::filesystem::remove_all(outdir());
    return values;
  }
};

template <typename T>
T& value(fits::Table& table, const char* column, std::size_t row) {
  return std::get<std::vector<T>>(table.find(column)->data).at(row);
}

TEST_F(CcdTableOfAUser, ARowThatComesTwiceCountsOnce) {
  const auto expected = undisturbed();
  change_table([](fits::Table& table) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 2 * table.rows(); ++i) rows.push_back(i % table.rows());
    table = table.select(rows);
  });
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("3 of 6 rows repeat a CCD"), std::string::npos) << result.err;
  EXPECT_EQ(catalog(), expected);
}

TEST_F(CcdTableOfAUser, ARowThatComesTwiceWithOtherValuesIsRefused) {
  change_table([](fits::Table& table) {
    table = table.select({0, 1, 2, 0});
    value<float>(table, "ccdzpt", 3) += 0.5F;
  });
  expect_one_clear_line(run(), 3, {"survey-ccds-sim.fits.gz: rows 1 and 4 are both", "differ in ccdzpt"});
}

// R is another camera's band, if r is there, too; else it is a mistake in the table or in the option.
TEST_F(CcdTableOfAUser, ABandOfAnotherCaseIsAnotherCamerasOrAMistake) {
  const auto rename = [](fits::Table& table, const char* from, const char* to) {
    std::int64_t found = -1;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      std::string& band = value<std::string>(table, "filter", static_cast<std::size_t>(row));
      if (band != from) continue;
      band = to;
      found = row;
    }
    return found;
  };
  expect_one_clear_line(run({"--bands", "g,R,z"}), 2, {"--bands", "has no band 'R'; is 'r' meant?"});
  change_table([&](fits::Table& table) { rename(table, "r", "R"); });
  expect_one_clear_line(run(), 3, {"its band (column filter) is 'R'", "is 'r' meant?"});
  change_table([&](fits::Table& table) {
    const std::int64_t red = rename(table, "R", "r");
    table = table.select({0, 1, 2, red});
    value<std::string>(table, "filter", 3) = "R";
    value<std::string>(table, "camera", 3) = "elsewhere";
    value<std::string>(table, "image_filename", 3) = "elsewhere/red.fits";
  });
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(CcdTableOfAUser, ARowThatIsNotWhereItsImageIsIsRefused) {
  change_table([](fits::Table& table) {
    for (const char* column : {"dec", "crval2"}) value<double>(table, column, 1) += 8. / 3600;
  });
  expect_one_clear_line(run(), 3, {"by the header", "by the CCD table", "8 arcsec away"});
}

TEST_F(CcdTableOfAUser, ARowThatIsNearlyWhereItsImageIsIsTold) {
  const auto expected = undisturbed();
  change_table([](fits::Table& table) {
    for (const char* column : {"dec", "crval2"}) value<double>(table, column, 1) += 0.5 / 3600;
  });
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("0.5 arcsec away; the header is used"), std::string::npos) << result.err;
  EXPECT_EQ(catalog(), expected);
}

TEST_F(CcdTableOfAUser, ARowWithoutAPositionIsNamed) {
  change_table([](fits::Table& table) { value<double>(table, "ra", 2) = std::nan(""); });
  expect_one_clear_line(run(), 3, {"survey-ccds-sim.fits.gz row 3", "ra is nan"});
}

TEST_F(CcdTableOfAUser, ATableOfOtherTypesGivesTheSame) {
  const auto expected = undisturbed();
  change_table([](fits::Table& table) {
    for (fits::Column& column : table.columns()) {
      std::transform(column.name.begin(), column.name.end(), column.name.begin(), ::toupper);
      if (column.name == "EXPNUM" || column.name == "WIDTH" || column.name == "IMAGE_HDU") {
        std::vector<double> wide;
        std::visit(
            [&](const auto& values) {
              if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::string>>)
                for (const auto v : values) wide.push_back(static_cast<double>(v));
            },
            column.data);
        column.data = std::move(wide);
      }
      if (column.name != "CAMERA" && column.name != "FILTER" && column.name != "CCDNAME") continue;
      column.string_width = 0;
      for (std::string& text : std::get<std::vector<std::string>>(column.data)) text = " " + text + "  ";
    }
  });
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(catalog(), expected);
}

}  // namespace
}  // namespace brickline::test
