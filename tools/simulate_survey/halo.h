// The light that stars scatter far around them, by the recipe of a camera's facts (core/facts/halo_model.h), which is what
// the pipeline takes off. It is drawn here without the pipeline's code, of every star that the Gaia catalog has: the recipe's
// outer radius goes by the masks that are made around those.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/halo_model.h"
#include "tools/simulate_survey/observing_plan.h"
#include "tools/simulate_survey/population.h"

namespace brickline::simulate {

// CcdPlan::halo of all CCDs from a file with a camera's facts, as `cameras info NAME --facts` prints them; CCDs that no rule
// covers stay without. Error (kInput) that names the file: it cannot be read, is no such facts, or they tell of no halos.
void plan_halos(const std::filesystem::path& facts, const std::string& camera,
                const std::vector<SurveyBand>& bands, std::vector<Exposure>& exposures);

// The radius of the mask around a star of the Gaia catalog, arcsec: 1630 1.396^-m, m the lesser of G and z + 1.
double mask_radius(const Source& star);

// Adds the halo of a star at a pixel, on the image or beside it; `flux` in the image's unit.
void add_halo(Image<float>& image, const HaloModel& model, double pixel_scale, double x, double y,
              double flux, double mask_radius);

}  // namespace brickline::simulate
