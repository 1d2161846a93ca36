#include "tools/simulate_survey/simulate.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "tools/simulate_survey/ccd_pixels.h"
#include "tools/simulate_survey/gaia_spectra.h"
#include "tools/simulate_survey/halo.h"
#include "tools/simulate_survey/scene.h"
#include "tools/simulate_survey/space_telescopes.h"
#include "tools/simulate_survey/survey_files.h"

namespace brickline::simulate {
namespace {

// Source light below this share of the noise per pixel is not drawn.
constexpr double kFaintestShareOfNoise = 0.01;

using PsfList = std::vector<std::shared_ptr<const PsfField>>;

void make_exposure(const SurveyContext& survey, const std::vector<RenderedSource>& sources,
                   const Exposure& exposure, const PsfList& psfs) {
  Renderer renderer({.faintest_brightness = kFaintestShareOfNoise * exposure.noise});
  std::vector<CcdPixels> ccds(exposure.ccds.size());
  tbb::parallel_for(std::size_t{0}, ccds.size(), [&](std::size_t i) {
    ccds[i] = make_pixels(survey.options, sources, exposure, exposure.ccds[i], *psfs[i], renderer);
  });
  write_images(survey, exposure, ccds);
  write_calibrations(survey, exposure, psfs);
}

}  // namespace

SimulationSummary simulate_survey(const SimulationOptions& options, const std::filesystem::path& directory,
                                  const Log& log) {
  validate(options);
  const Layout& layout = find_layout(options.layout);
  const Region region = make_region(options);
  const std::vector<SurveyBand> bands = survey_bands(options);
  const SurveyContext survey{options,
                             layout,
                             region,
                             bands,
                             directory,
                             options.camera_name.empty() ? layout.camera : options.camera_name,
                             options.camera_name.empty() ? layout.instrument : options.camera_name};
  const std::vector<Source> sources = options.scene.empty()
                                          ? draw_sources(options, bands, region.geometry)
                                          : read_scene(options.scene, bands, region.geometry);
  std::vector<Exposure> exposures = plan_exposures(options, layout, region, bands);
  if (!options.halos.empty()) plan_halos(options.halos, survey.camera, bands, exposures);

  SimulationSummary summary;
  summary.brick =
      region.custom ? fmt::format("{} {}", region.centre.ra, region.centre.dec) : region.brick.name;
  summary.zoom_low = region.zoom_low();
  summary.size = region.size;
  summary.sources = static_cast<std::int64_t>(sources.size());
  summary.stars = std::count_if(sources.begin(), sources.end(), [](const Source& s) { return s.is_star(); });
  summary.exposures = static_cast<std::int64_t>(exposures.size());

  const auto transform = std::make_shared<const MoffatTransform>(options.moffat_beta);
  std::vector<PsfList> psfs(exposures.size());
  for (std::size_t e = 0; e < exposures.size(); ++e) {
    psfs[e].resize(exposures[e].ccds.size());
    summary.ccds += static_cast<std::int64_t>(psfs[e].size());
  }
  log.info("{} sources ({} stars), {} exposures, {} CCDs", summary.sources, summary.stars, summary.exposures,
           summary.ccds);
  tbb::parallel_for(std::size_t{0}, exposures.size(), [&](std::size_t e) {
    for (std::size_t c = 0; c < psfs[e].size(); ++c)
      psfs[e][c] = std::make_shared<const PsfField>(exposures[e].ccds[c].psf, transform);
  });

  // The tables last: a directory with a CCD table has all that the table names.
  const std::vector<RenderedSource> rendered = prepare_profiles(sources);
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, exposures.size(), [&](std::size_t e) {
    // Isolated, so that a thread waiting for one exposure's CCDs does not begin another exposure.
    tbb::this_task_arena::isolate([&] { make_exposure(survey, rendered, exposures[e], psfs[e]); });
    const Exposure& x = exposures[e];
    log.info("{}/{} {} {} {} CCDs, FWHM {:.2f} pixels, noise {:.4f} nanomaggies", ++done, exposures.size(),
             bands[x.band].name, x.number, x.ccds.size(), x.fwhm, x.noise / x.counts_per_nanomaggy);
  });
  write_wise(survey, sources);
  write_galex(survey, sources);
  write_gaia(survey, sources);
  if (options.spectra_faintest > 0) write_curves_and_basis(survey);
  write_tycho(survey);
  write_truth(survey, sources);
  write_brick_table(survey);
  write_description(survey, sources);
  write_ccd_table(survey, exposures, psfs);
  return summary;
}

}  // namespace brickline::simulate
