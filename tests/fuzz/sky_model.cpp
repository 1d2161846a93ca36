// Sky models of every class, as rows of a table.
#include "core/fits/fits_reader.h"
#include "core/sky/sky_calibration.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    const fits::Table table = reader.table(1);
    for (std::int64_t row = 0; row < std::min<std::int64_t>(table.rows(), 4); ++row)
      fuzz::read_or_refused([&] {
        const Image<float> level = sky_from_row(table, row).render({-5, 59, 30, 70});
        fuzz::require(level.width() == 64 && level.height() == 40, "a sky is as large as was asked for");
      });
  });
  return 0;
}
