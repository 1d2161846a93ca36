// CCD tables, by their search tree and row by row, up to the CCDs of a brick.
#include "core/survey/ccd_table.h"

#include <string>

#include "core/survey/ccd_selection.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file({data, size});
  const Wcs brick = Wcs::tangent(150, 2, 299.5, 299.5, {-7.2e-5, 0, 0, 7.2e-5}, 600, 600);
  fuzz::read_or_refused([&] {
    const CcdTable table = CcdTable::read_near(std::vector{file.path()}, brick);
    for (const CcdRow& row : select_ccds(table, brick).ccds) {
      fuzz::require(row.exptime > 0 && row.psf_fwhm > 0, "a CCD that is used can be used");
      fuzz::require(row.width > 0 && row.height > 0, "a CCD that is used has pixels");
    }
  });
  fuzz::read_or_refused([&] { (void)CcdTable::read(std::vector{file.path()}); });
  return 0;
}
