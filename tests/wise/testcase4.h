// The real field that the specification's check values are of: its brick, its sources as the reference
// pipeline fitted them, and its unWISE files.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/fits/fits_reader.h"
#include "core/model/source_model.h"
#include "core/survey/target.h"
#include "core/wise/wise_photometry.h"
#include "tests/support/data.h"

namespace brickline::test {

inline std::filesystem::path testcase4() { return data_dir() / "surveys/testcase4"; }

// Brick 1867p255, --zoom 2050 2300 1150 1400.
inline Wcs testcase4_brick() {
  return brick_wcs(186.774193548387, 25.5, kBrickPixels, kBrickPixels, kBrickPixelScale)
      .sub_image({2050, 2300, 1150, 1400});
}

inline WiseFiles testcase4_files() {
  WiseFiles files;
  files.coadd_dirs = {testcase4() / "images/unwise"};
  files.epoch_dir = testcase4() / "images/unwise-tr";
  files.psf_dir = data_dir() / "unwise_psf";
  files.tiles_file = data_dir() / "auxiliary/wise-tiles.fits";
  return files;
}

inline fits::Table golden_catalog4() {
  return fits::FitsReader(data_dir() / "golden/testcase4/products/tractor/186/tractor-1867p255.fits")
      .table(1);
}

inline std::vector<SourceModel> catalog_models(const fits::Table& t) {
  std::vector<SourceModel> out;
  for (std::int64_t i = 0; i < t.rows(); ++i) {
    SourceModel s;
    const std::string type = t.text("type", i);
    for (SourceKind k :
         {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kDev, SourceKind::kSer})
      if (type == kind_name(k)) s.kind = k;
    s.ra = t.number("ra", i);
    s.dec = t.number("dec", i);
    if (s.is_galaxy())
      s.shape = to_softened({t.number("shape_r", i), t.number("shape_e1", i), t.number("shape_e2", i)});
    s.sersic_index = t.number("sersic", i);
    out.push_back(s);
  }
  return out;
}

}  // namespace brickline::test

#define BRICKLINE_NEEDS_TESTCASE4()                                    \
  BRICKLINE_NEEDS_DATA("surveys/testcase4/images/unwise");             \
  BRICKLINE_NEEDS_DATA("unwise_psf/psf_model_w1_neo6_unwisecat.fits"); \
  BRICKLINE_NEEDS_DATA("auxiliary/wise-tiles.fits");                   \
  BRICKLINE_NEEDS_DATA("golden/testcase4/products/tractor/186/tractor-1867p255.fits")
