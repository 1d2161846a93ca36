// What `calibrate` did, as one page for a browser: a row per CCD, and what its calibrations look like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/calib/calibrate.h"

namespace brickline {

struct CcdOnPage {
  const CcdCalibration* calibration = nullptr;
  std::optional<CcdPortrait> portrait;
  std::string no_portrait;  // why there is none
};

// What a page of so many CCDs shows of each, so that browsers open it: it stays below some 40 MB.
struct PageDetail {
  PictureSizes pictures;
  bool stars = true;  // each star's place
};
PageDetail detail_of_page(std::size_t ccds);

// The whole page, which needs no network. Portraits are reduced already.
std::string calibration_page_html(const std::vector<CcdOnPage>& ccds, const std::string& survey,
                                  const PageDetail& detail);

}  // namespace brickline
