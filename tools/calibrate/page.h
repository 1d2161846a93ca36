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

// The whole page, which needs no network.
std::string calibration_page_html(const std::vector<CcdOnPage>& ccds, const std::string& survey);

}  // namespace brickline
