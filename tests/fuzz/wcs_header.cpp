// World coordinates out of records of a header, without CFITSIO.
#include "tests/wcs/fuzz_wcs_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  brickline::test::fuzz_wcs_header({data, size});
  return 0;
}
