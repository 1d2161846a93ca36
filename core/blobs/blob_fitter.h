// Fitting: every source of every blob gets a model, its errors, and a reason.
//
// Only pixels of a blob constrain its sources. Sources are fitted one at a time, brightest first, with the
// current models of the others subtracted: once as what they were found as, then as each of PSF, REX, DEV,
// EXP, SER in turn, of which select_model chooses. What then still stands out of the residuals is detected
// and fitted the same way, once.
//
// If asked (BlobFitOptions::joint), sources that overlap are then fitted together, all their parameters at once on
// areas that grow with their light, and kinds are chosen again with the neighbours at their best; the fit and the
// detection in the residuals alternate, and sources that are better as two become two. The errors know of neighbours, shapes
// and positions, and of residuals that are larger than the pixels' errors.
//
// Blobs run in parallel, the largest first; the result does not depend on the number of threads. A fit that
// is interrupted (Interrupted, where FitOptions::cancel or the hook says so) can be taken up again with what
// it has told to a BlobMemory, and comes to the same bytes.
//
// A source that cannot be fitted is missing (a reference star stays as it came) and its blob's report says
// why; a blob that its own data make impossible (Error of kind kInput) costs its own sources (those of
// reference catalogs are listed as they came) and is a row of the report, not the end of the brick. Whatever
// is not an item's own affair ends the fitting: memory that is not to be had (std::bad_alloc) and errors of
// any other kind are thrown on, of several that of the first task.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/blobs/blob_memory.h"
#include "core/blobs/blob_task.h"
#include "core/blobs/fitted_catalog.h"
#include "core/blobs/halo_rests.h"
#include "core/blobs/joint_selection.h"
#include "core/blobs/select_model.h"
#include "core/detect/peaks.h"
#include "core/fit/source_fitter.h"
#include "core/image/ccd_image.h"

namespace brickline {

struct BlobFitOptions {
  FitOptions fit;
  SelectionOptions selection;
  PeakOptions detection;  // of what stands out of the residuals

  // Sources that overlap are fitted together after they were fitted one by one, their kinds chosen again with
  // margins of their own, and errors are marginal ones (core/fit/joint_fitter.h).
  bool joint = false;
  JointSelection together;

  bool accounts = false;             // of every blob (FittedCatalog::accounts)
  bool no_more = false;              // blobs that the memory has no result of are not fitted (kBailedOut)
  bool all_model_variances = false;  // errors of every model tried, not only of the chosen one
  bool segmentation = true;          // every pixel has one owner while models are chosen
  bool reoptimize = false;           // the chosen models are fitted once more, the others' being chosen too
                                     // (joint: all together, whatever has changed since)
  bool iterative = true;             // detection in the residuals
  bool galaxy_forces_point_sources = true;
  bool background_near_medium_stars = true;

  // While models are chosen: in blobs of several galaxies, each is fitted on the pixels that are nearest to
  // it; in blobs of several sources, pixels of bright regions (see bright_sn) are for the sources in them
  // alone.
  bool galaxy_masking = false, bright_masking = false;
  double bright_sn = 10;  // of a band's coadd; such regions grow by two pixels and have no holes

  // The PSF is taken as constant over cut-outs smaller than this, in both directions (pixels).
  int constant_psf_size = 400;
  // Sources stay this near to their start in the first round of a blob of several, arcsec.
  double first_round_box_arcsec = 5;
  double initial_log_re = -1;  // ln arcsec, of a point source tried as a galaxy
  double large_log_re = 0.5;   // and where it shrinks to a point from there
  // Radii stay below this fraction of the larger side of the source's rectangle.
  double max_radius_fraction = 0.8;
  double large_galaxy_radius_factor =
      2;  // and those of large galaxies below this times their first-round radius
  // From PSF and REX alone, more complex models are tried if REX gains more than this over PSF, or either
  // gains more than `always_try_galaxies`.
  double rex_gain = 1, always_try_galaxies = 400;
  // A band of which less than this share of the model is on unmasked pixels is not measured.
  double min_fraction_in = 1e-6;
  double kingdom_radius = 10;      // pixels around each source that are its own
  double point_source_reach = 25;  // pixels that a source known to be a star owns at most
  // A residual peak is new only if it exceeds this share of the models' S/N there.
  double iterative_model_share = 0.2;
};

struct BlobFitInput {
  std::span<const CcdImage> images;
  Wcs brick;
  std::span<const std::string> bands;
  std::span<const Sed> seds;  // to look for in the residuals; none: detection_seds(bands)
  const BlobMap* blobs = nullptr;
  const SourceList* sources = nullptr;
  // What is no blank sky, of the whole brick, whichever blobs are fitted: its blobs (null: `blobs`), and pixels that are bright
  // (Detection::bright; may be empty). Labels are all that counts of these blobs.
  const BlobMap* all_blobs = nullptr;
  ImageView<const std::uint8_t> bright;
  ImageView<const std::uint8_t> reference_mask;  // refbit of core/survey/bits.h; may be empty
  std::span<const MaskedStar> masked_stars;      // whose masks are in it
  // Galaxies that are kept as they came: subtracted from the other blobs that their footprints touch.
  std::span<const FrozenGalaxy> frozen;
  PlanOptions plan;
  const HaloRests* halo_rests = nullptr;  // where sources are fitted together; fit_blobs() sees to it
};

// What blobs take of memory while they are fitted, beside what all of them need, and how much of it they may take.
struct BlobBudget {
  std::vector<std::int64_t> bytes;  // of each task of the plan
  std::int64_t of_helper = 0;       // of each further thread in a blob
  std::int64_t most = 0;            // of all that are fitted at once; what takes more is fitted by itself
};

struct BlobFitHooks {
  // Called after each blob, from any thread, one at a time.
  std::function<void(const BlobReport&, int done, int total)> progress;
  // Asked between sources; true ends the run with Interrupted.
  std::function<bool()> cancelled;
  // Where results are kept as they come, and taken from as far as they are there; null: nowhere. It must
  // belong to the same input and options.
  BlobMemory* memory = nullptr;
  // Asked once, before the first blob; what it throws ends the run. Empty, or no budget: memory is not counted.
  std::function<std::optional<BlobBudget>(const BlobPlan&)> budget;
};

FittedCatalog fit_blobs(const BlobFitInput& input, const BlobFitOptions& options = {},
                        const BlobFitHooks& hooks = {}, const Log& log = {});

}  // namespace brickline
