// PSFEx's models, as rows of a table.
#include <cmath>

#include "core/fits/fits_reader.h"
#include "core/psf/psfex.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

void use(const Psf& psf) {
  fuzz::require(psf.fwhm_pixels() > 0, "a PSF has a width");
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {1023.0, 2047.0}}) {
    const Image<float> stamp = psf.shifted(10, 20).stamp(x, y);
    fuzz::require(stamp.width() == psf.width() && stamp.height() == psf.height(),
                  "a stamp is of the size told");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    const fits::Table table = reader.table(1);
    for (std::int64_t row = 0; row < std::min<std::int64_t>(table.rows(), 4); ++row)
      fuzz::read_or_refused([&] { use(psf_from_psfex_row(table, row, row % 2 == 0)); });
  });
  return 0;
}
