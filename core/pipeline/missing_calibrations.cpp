#include "core/pipeline/missing_calibrations.h"

#include <tbb/task_arena.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/pipeline/stages/refs.h"

namespace brickline {
namespace {

using State = CalibrationState;

// CCDs at a time: making calibrations holds whole images, which --max-memory-gb was not told of.
int ccds_at_a_time(const std::vector<CcdRow>& rows, const RunContext& run) {
  constexpr std::int64_t kBytesPerPixel = 40;  // pixels, weights, masks and copies of them, in the sky's fit
  std::int64_t pixels = 1;
  for (const CcdRow& row : rows) pixels = std::max(pixels, std::int64_t{row.width} * row.height);
  if (!run.most_memory) return usable_threads();
  return static_cast<int>(
      std::clamp<std::int64_t>(*run.most_memory / (kBytesPerPixel * pixels), 1, usable_threads()));
}

std::string not_made(const CcdCalibration& ccd) {
  std::string words;
  for (const auto& [what, step] : {std::pair{"PSF", &ccd.psf}, std::pair{"sky", &ccd.sky}})
    if (step->state == State::kFailed)
      words += fmt::format("{}the {} cannot be made: {}", words.empty() ? "" : "; ", what, step->why);
  return words;
}

void tell(const CcdCalibration& ccd, const Log& log) {
  if (ccd.psf.state == State::kMade)
    log.info("{}: PSF made of {} stars, FWHM {:.2f} pixels", ccd.name, ccd.made_psf->accepted,
             ccd.made_psf->fwhm_pixels);
  if (ccd.sky.state == State::kMade)
    log.info("{}: sky made, {:.6g}, {:.1f} % masked", ccd.name, ccd.made_sky->fit.estimates.background,
             100 * ccd.made_sky->fit.fraction_masked);
}

}  // namespace

CalibrateOptions calibrate_options(const BrickOptions& options, const RunContext& run) {
  CalibrateOptions out;
  out.output = run.survey.calib();
  out.cancel = run.cancel;
  // Calibrations outlast the run: what it does without (--no-gaia, ...) is masked in them all the same.
  out.sky_maker.references = reference_options(options.references, run.survey);
  out.sky_maker.references.tycho = out.sky_maker.references.gaia = true;
  out.sky_maker.references.large_galaxies = out.sky_maker.references.star_clusters = true;
  out.sky_maker.blob_mask_dir = options.calibrations.blob_mask_dir;
  return out;
}

std::vector<std::string> make_missing_calibrations(const std::vector<CcdRow>& rows, const fits::Table& table,
                                                   const ReadImageOptions& reading, RunContext& run) {
  std::vector<std::string> failures(rows.size());
  if (!run.calibrations) return failures;
  CalibrateOptions options = *run.calibrations;
  ReadImageOptions& how = options.sky_maker.reading;
  how.calibration_dirs = reading.calibration_dirs;
  how.environment = reading.environment;
  how.sky_template_dir = reading.sky_template_dir;
  how.old_calibs_ok = reading.old_calibs_ok;
  how.trust = reading.trust;
  options.psf_maker.reading = how;

  const CcdReader reader(run.survey, run.cameras, &table);
  std::vector<CcdInput> inputs;
  for (std::size_t i = 0; i < rows.size(); ++i)
    inputs.push_back(reader.input(rows[i], static_cast<std::int64_t>(i)));
  // Whoever reads them says what there is to say of those that are there.
  std::vector<CcdCalibration> ccds = Calibrator(run.survey, run.cameras, &table, options).look_at(inputs);

  std::vector<std::size_t> lacking;
  std::vector<CcdInput> to_do;
  std::vector<CcdCalibration> made;
  std::int64_t psfs = 0, skies = 0;
  for (std::size_t i = 0; i < ccds.size(); ++i) {
    if (!ccds[i].missing()) continue;
    lacking.push_back(i);
    to_do.push_back(std::move(inputs[i]));
    psfs += ccds[i].psf.state == State::kMissing;
    skies += ccds[i].sky.state == State::kMissing;
    made.push_back(std::move(ccds[i]));
  }
  if (lacking.empty()) return failures;
  for (const CcdCalibration& ccd : made)
    for (const auto& [what, step] : {std::pair{"PSF", &ccd.psf}, std::pair{"sky", &ccd.sky}})
      if (step->state == State::kMissing && step->why != kNoneThere)
        run.log.warning("{}: the {} that is there is of no use ({}): it is made anew", ccd.name, what,
                        step->why);
  run.log.info("calibrations that are missing are made in {}: {} PSFs, {} skies", options.output.string(),
               psfs, skies);
  std::string no_programs;
  if (psfs > 0) try {
      find_psf_programs(options.psf_maker, run.environment);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      no_programs = error.message();
    }
  if (!no_programs.empty())
    for (CcdCalibration& ccd : made)
      if (ccd.psf.state == State::kMissing) ccd.psf = {State::kFailed, no_programs};

  // Catalogs that are absent and headers that disagree are told when the run comes to them.
  const Calibrator calibrator(run.survey, run.cameras, &table, options);
  tbb::task_arena(ccds_at_a_time(rows, run)).execute([&] { calibrator.make(to_do, made, run.progress); });
  run.cancel.stop_if_asked();
  for (std::size_t k = 0; k < lacking.size(); ++k) {
    tell(made[k], run.log);
    failures[lacking[k]] = not_made(made[k]);
  }
  return failures;
}

}  // namespace brickline
