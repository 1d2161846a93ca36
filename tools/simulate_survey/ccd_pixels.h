// The pixels of one CCD: sources, sky, noise, blemishes.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/image.h"
#include "tools/simulate_survey/observing_plan.h"
#include "tools/simulate_survey/renderer.h"

namespace brickline::simulate {

// Data-quality codes of the community pipeline.
enum DataQuality : std::int32_t { kGood = 0, kBad = 1, kSaturated = 3, kBleed = 4, kCosmicRay = 5 };

struct CcdPixels {
  Image<float> image;           // counts, sky included
  Image<std::int32_t> quality;  // DataQuality
  Image<float> weight;          // inverse variance of the sky, 0 at bad pixels
};

// A source with the profile it is rendered from (null for stars), of COMP with those of its disk and its bulge.
struct RenderedSource {
  const Source* source;
  std::shared_ptr<const SersicProfile> profile, bulge;
};
// `end`: where the profile of an index ends, half-light radii; none: nowhere.
std::vector<RenderedSource> prepare_profiles(const std::vector<Source>& sources,
                                             const std::function<double(double n)>& end = {});

// Adds a galaxy, of COMP both its components; `bulge_fraction`: of the flux.
void add_galaxy(const Renderer& renderer, const RenderedSource& source, const Moffat& psf,
                const MoffatTransform& transform, const std::array<double, 4>& arcsec_per_pixel,
                PixelPoint at, double flux, double bulge_fraction, Image<float>& image);

// The expected counts of all sources, without sky; with the stars' halos where the CCD has some, of `pixel_scale` arcsec.
Image<float> render_sources(const std::vector<RenderedSource>& sources, const Exposure& exposure,
                            const CcdPlan& ccd, const PsfField& psf, const Renderer& renderer,
                            double pixel_scale);

CcdPixels make_pixels(const SimulationOptions& options, const std::vector<RenderedSource>& sources,
                      const Exposure& exposure, const CcdPlan& ccd, const PsfField& psf,
                      const Renderer& renderer);

}  // namespace brickline::simulate
