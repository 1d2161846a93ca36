// The names of the bits of ccd_cuts, as tables, reports and headers spell them, in order of value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/survey/bits.h"

namespace brickline {

struct CcdCutName {
  std::string_view name;
  std::int32_t bit;
};

inline constexpr std::array<CcdCutName, 20> kCcdCutNames = {{{"err_legacyzpts", ccdcut::kErrLegacyzpts},
                                                             {"not_griz", ccdcut::kNotGrz},
                                                             {"not_third_pix", ccdcut::kNotThirdPix},
                                                             {"exptime", ccdcut::kExptime},
                                                             {"ccdnmatch", ccdcut::kCcdnmatch},
                                                             {"zpt_diff_avg", ccdcut::kZptDiffAvg},
                                                             {"zpt_small", ccdcut::kZptSmall},
                                                             {"zpt_large", ccdcut::kZptLarge},
                                                             {"sky_is_bright", ccdcut::kSkyIsBright},
                                                             {"badexp_file", ccdcut::kBadexpFile},
                                                             {"phrms", ccdcut::kPhrms},
                                                             {"radecrms", ccdcut::kRadecrms},
                                                             {"seeing_bad", ccdcut::kSeeingBad},
                                                             {"early_data", ccdcut::kEarlyData},
                                                             {"depth_cut", ccdcut::kDepthCut},
                                                             {"too_many_bad_ccds", ccdcut::kTooManyBadCcds},
                                                             {"flagged_in_des", ccdcut::kFlaggedInDes},
                                                             {"phrms_s7", ccdcut::kPhrmsS7},
                                                             {"depth_cut_2", ccdcut::kDepthCut2},
                                                             {"plver", ccdcut::kPlver}}};

}  // namespace brickline
