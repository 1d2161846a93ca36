#include "core/blobs/blob_run.h"

#include <algorithm>
#include <cmath>

#include "core/blobs/item_failure.h"
#include "core/fit/flux_solver.h"
#include "core/model/light_share.h"

namespace brickline {

std::vector<int> brightest_first(std::span<const SourceRecord> records, bool catalogs_first) {
  std::vector<int> order;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].alive) order.push_back(static_cast<int>(i));
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return records[a].brightness(catalogs_first) > records[b].brightness(catalogs_first);
  });
  return order;
}

bool same_light(const SourceModel& a, const SourceModel& b) {
  const auto same_shape = [](const SoftenedEllipse& u, const SoftenedEllipse& v) {
    return u.log_re == v.log_re && u.ee1 == v.ee1 && u.ee2 == v.ee2;
  };
  if (a.kind != b.kind || a.ra != b.ra || a.dec != b.dec || a.flux != b.flux) return false;
  if (a.is_galaxy() && !same_shape(a.shape, b.shape)) return false;
  if (a.kind == SourceKind::kSer && a.sersic_index != b.sersic_index) return false;
  return !a.is_composite() ||
         (same_shape(a.bulge->shape, b.bulge->shape) && a.bulge->fraction == b.bulge->fraction);
}

namespace {

// Whether the fit of what a source was chosen to be took all the steps that it may.
bool ends_early(const SourceRecord& r) {
  return r.model_chosen && r.models[dchisq_index(r.chosen)].end == FitStatus::kMaxIterations;
}

}  // namespace

BlobRun::BlobRun(const BlobFitInput& input, const BlobTask& task, const BlobFitOptions& options,
                 const std::function<bool()>& cancelled, const std::function<bool()>& alone,
                 std::vector<SourceState> known, BlobMemory* memory)
    : input_(input),
      task_(task),
      options_(options),
      cancelled_(cancelled),
      alone_(alone),
      images_(input.images, input.bands, input.brick, task, options.constant_psf_size,
              options.fit.render.profiles, input.halo_rests),
      tools_(options.fit.render),
      selection_(images_, options, tools_, [this](double ra, double dec) { return inside(ra, dec); }),
      joint_selection_(
          images_, options, tools_, [this](double ra, double dec) { return inside(ra, dec); }, true),
      bands_(static_cast<int>(input.bands.size())),
      known_(std::move(known)),
      memory_(memory) {
  find_near_stars();
}

void BlobRun::before_source() {
  if (cancelled_ && cancelled_()) throw Interrupted();
  in_parallel_ = alone_ && alone_();
}

SourceRecord BlobRun::record_of(int source) const {
  const DetectedSource& s = (*input_.sources)[source];
  SourceRecord r;
  r.source = source;
  r.traits = s.reference;
  r.from_catalog = s.reference_row >= 0;
  r.needs_initial_flux = s.needs_initial_flux;
  r.model = s.model;
  // Fluxes of catalogs come as those of the reference's profiles.
  if (r.from_catalog && r.model.is_galaxy())
    convert_fluxes(r.model, GalaxyProfiles::kReference, options_.fit.render.profiles);
  r.model.flux.resize(bands_, 0.0);
  r.start_flux = r.model.flux;
  r.found = r.model;
  r.start_x = s.x - task_.box.x0;
  r.start_y = s.y - task_.box.y0;
  r.start_ix = std::clamp(s.ix - task_.box.x0, 0, images_.width() - 1);
  r.start_iy = std::clamp(s.iy - task_.box.y0, 0, images_.height() - 1);
  r.started_in_blob = task_.mask(r.start_ix, r.start_iy) != 0;
  return r;
}

BlobResult BlobRun::run() {
  BlobResult out;
  out.report.images = static_cast<int>(images_.images().size());
  out.report.images_left_out = images_.left_out();
  out.report.image_pixels = images_.good_pixels();
  out.report.status = BlobStatus::kEmpty;
  if (images_.images().empty()) {
    out.report.message = images_.left_out() > 0 ? "no image has a usable PSF" : "no image";
    return out;
  }
  if (task_.sources.empty()) return out;

  subtract_frozen();
  std::vector<SourceRecord> records;
  for (const int s : task_.sources) records.push_back(record_of(s));
  fit_records(records, false);
  if (options_.joint) {
    bound_work(records);
    fit_together(records);
    note_what_is_there();
    trust_stars(records);
    choose_again(records, {});
    fit_together(records);
    // Which kind does better beside neighbours is asked once they are there.
    if (all_is_there_) choose_freely(records, std::vector<char>(records.size(), 1));
    look_further(records);
    if (options_.reoptimize) fit_together_again(records);
  } else {
    if (options_.iterative) search(records, {options_.iterative_model_share});
    if (options_.reoptimize) fit_again(records);
  }
  for (const SourceRecord& r : records)
    if (!r.failure.empty())
      out.report.failures.push_back(
          {r.source, r.start_x + task_.box.x0, r.start_y + task_.box.y0, r.failure});
  out.report.unfinished = static_cast<int>(std::ranges::count_if(records, [&](const SourceRecord& r) {
    return r.alive && (options_.joint ? r.unfinished : ends_early(r));
  }));
  out.report.cut_short = spent();
  if (spent()) out.report.message = "its joint fit took all the work that it may: it may not be at its best";
  out.sources = finish(records);
  if (options_.accounts) out.account = account(records);
  if (task_.own) std::erase_if(out.sources, [&](const FittedSource& s) { return !is_own(s); });
  if (!out.sources.empty()) out.report.status = BlobStatus::kFitted;
  return out;
}

// Adds what is found in the residuals, with its kinds chosen. Whether there was anything.
bool BlobRun::search(std::vector<SourceRecord>& records, const Search& what) {
  std::vector<SourceRecord> more = detect_in_residuals(records, what);
  if (more.empty()) return false;
  fit_records(more, true);
  std::move(more.begin(), more.end(), std::back_inserter(records));
  return true;
}

void BlobRun::subtract_frozen() {
  for (const int g : task_.frozen) {
    SourceModel model = input_.frozen[g].model;
    model.flux.resize(bands_, 0.0);
    frozen_.push_back(images_.draw(model, tools_));
    images_.add(frozen_.back(), -1);
  }
}

// From the sources as they were found to their chosen models, which end up subtracted from the images.
void BlobRun::fit_records(std::vector<SourceRecord>& records, bool in_residuals) {
  if (!in_residuals) fit_initial_fluxes(records);
  first_round(records);
  for (SourceRecord& r : records) {
    r.after_first_round = r.model;
    note_reference_mask(r);
  }
  const Image<std::int32_t> owners = options_.segmentation ? segments(records) : Image<std::int32_t>();
  for (int y = 0; y < owners.height(); ++y)
    for (int x = 0; x < owners.width(); ++x)
      if (owners(x, y) >= 0) ++records[owners(x, y)].owned_pixels;
  reservations_ = {};
  if (!in_residuals) reserve_pixels(records);
  choose_models(records, owners);
}

// Sources whose starting fluxes mean nothing: all of them together, band by band, everything else ignored.
void BlobRun::fit_initial_fluxes(std::vector<SourceRecord>& records) {
  std::vector<int> members;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].needs_initial_flux) members.push_back(static_cast<int>(i));
  if (members.empty()) return;
  for (int band = 0; band < bands_; ++band) {
    std::vector<std::vector<UnitModel>> models;
    std::vector<FluxImage> flux_images;
    std::vector<double> start(members.size());
    for (std::size_t m = 0; m < members.size(); ++m) start[m] = records[members[m]].model.flux[band];
    for (const BlobImage& image : images_.images()) {
      if (image.band != band) continue;
      models.emplace_back();
      for (std::size_t m = 0; m < members.size(); ++m) {
        const SourceModel& model = records[members[m]].model;
        const auto at = images_.place(model, image);
        if (!at) continue;
        std::vector<std::unique_ptr<PsfKernel>> own;
        const RenderTarget target{image.data.width(), image.data.height(), image.wcs.cd(),
                                  kernel_at(image, at->x, at->y, own)};
        if (auto patch = tools_.renderer().patch(model, *at, target))
          models.back().push_back({static_cast<int>(m), std::move(*patch)});
      }
      FluxImage f;
      f.data = image.data.view();
      f.inverse_error = image.inverse_error.view();
      flux_images.push_back(f);
    }
    for (std::size_t i = 0; i < models.size(); ++i) flux_images[i].models = models[i];
    FluxOptions options;
    options.statistics = false;
    const FluxResult result = solve_fluxes(flux_images, start, options);
    for (std::size_t m = 0; m < members.size(); ++m)
      if (std::isfinite(result.flux[m])) records[members[m]].model.flux[band] = result.flux[m];
  }
}

// Every source as what it was found as, brightest first, the others' models subtracted. Leaves the images as
// they were.
void BlobRun::first_round(std::vector<SourceRecord>& records) {
  const bool several = records.size() > 1;
  std::vector<Image<float>> before;
  if (several)
    for (const BlobImage& image : images_.images()) before.push_back(image.data);
  for (SourceRecord& r : records) {
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    r.on_windows.reset();
    if (several) images_.add(r.patches, -1);
  }
  for (const int i : brightest_first(records, true)) {
    SourceRecord& r = records[i];
    if (r.traits.frozen ||
        std::none_of(r.patches.begin(), r.patches.end(), [](const auto& p) { return !!p; }))
      continue;
    if (several) images_.add(r.patches, 1);
    step(r, [&] {
      if (const auto failure =
              failure_of_item([&] { r.first_round_end = fit_on_patches(r, false, several); }))
        r.failure = *failure;
    });
    if (several) {
      r.patches = images_.draw(r.model, tools_, in_parallel_);
      r.on_windows.reset();
      images_.add(r.patches, -1);
    }
  }
  for (std::size_t i = 0; i < before.size(); ++i) images_.images()[i].data = std::move(before[i]);
}

// Fits a source as what it is on the pixels of its patches. Where nothing can be fitted it stays as it is.
FitStatus BlobRun::fit_on_patches(SourceRecord& r, bool again, bool several) {
  std::vector<FitImage> fit_images;
  std::vector<std::unique_ptr<PsfKernel>> own_kernels;
  for (std::size_t i = 0; i < images_.images().size(); ++i) {
    if (!r.patches[i]) continue;
    const auto image = images_.fit_image(r.model, images_.images()[i], r.patches[i]->box(), own_kernels);
    if (image) fit_images.push_back(*image);
  }
  SourceFitter& fitter = tools_.fitter();
  fitter.options() = options_.fit;
  fitter.options().images_in_parallel = in_parallel_;
  if (!r.model.motion && !(again && r.model.is_galaxy()))
    fitter.options().allowed = [this](double ra, double dec) { return inside(ra, dec); };
  SourceModel start = r.model;
  if (again) {
    fitter.options().fit_sky = r.fit_background;
  } else {
    // A point source on the slope of a galaxy that is not subtracted yet would go up it.
    if (several) fitter.options().position_box_arcsec = options_.first_round_box_arcsec;
    if (r.model.is_galaxy() && r.traits.large_galaxy)
      start.max_log_re = start.shape.log_re + std::log(options_.large_galaxy_radius_factor);
  }
  const FitResult fit = fitter.fit(start, fit_images);
  fit_work_ += fit.work;
  if (fit.status == FitStatus::kBadInput || fit.status == FitStatus::kNoData) return fit.status;
  for (const double f : fit.model.flux)
    if (!std::isfinite(f)) return FitStatus::kBadInput;
  r.model = fit.model;
  return fit.status;
}

// The ladder for every source, brightest first, the others' current models subtracted; so are the chosen ones
// in the end.
void BlobRun::choose_models(std::vector<SourceRecord>& records, const Image<std::int32_t>& owners) {
  for (SourceRecord& r : records) {
    if (!r.alive) continue;
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    r.on_windows.reset();
    images_.add(r.patches, -1);
  }
  for (const int i : brightest_first(records, true)) {
    SourceRecord& r = records[i];
    if (r.traits.frozen && !(r.traits.galaxy_fit && !r.model.is_galaxy())) continue;
    images_.add(r.patches, 1);
    step(r, [&] {
      const Pixel p = rounded_pixel(r.model);
      const auto failure = failure_of_item([&] {
        const Image<std::uint8_t> reserved = reservations_.for_source(i, p.x, p.y, r.model.is_galaxy());
        selection_.run(r, owners.view(), owners.empty() ? -1 : owners(p.x, p.y), reserved.view(),
                       in_parallel_);
      });
      if (failure) {
        r.alive = r.model_chosen = false;
        r.failure = *failure;
      } else if (r.alive) {
        r.failure.clear();  // of the first round
      }
    });
    if (!r.alive && r.traits.star) {
      r.alive = r.forced_to_stay = true;
      r.model.flux = r.start_flux;
    }
    r.patches.clear();
    if (!r.alive) continue;
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    r.on_windows.reset();
    images_.add(r.patches, -1);
  }
}

// chi-squared of the images as they are, each less its best constant if that is asked for.
double BlobRun::chi2(bool with_sky) const {
  double sum = 0;
  for (const BlobImage& image : images_.images()) {
    double w0 = 0, w1 = 0, w2 = 0;
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        const double e = image.inverse_error(x, y), chi = image.data(x, y) * e;
        w0 += e * e;
        w1 += e * chi;
        w2 += chi * chi;
      }
    sum += with_sky && w0 > 0 ? w2 - w1 * w1 / w0 : w2;
  }
  return sum;
}

// Once more through all chosen models, brightest first, each on the pixels that it is drawn on, the others'
// chosen models subtracted. What does not fit the blob better afterwards stays as it was.
void BlobRun::fit_again(std::vector<SourceRecord>& records) {
  for (const int i : brightest_first(records, true)) {
    SourceRecord& r = records[i];
    if (r.traits.frozen || r.forced_to_stay) continue;
    const SourceModel before = r.model;
    SourcePatches old = r.patches;
    const double old_chi2 = chi2(r.fit_background);
    images_.add(old, 1);
    step(r, [&] { fit_on_patches(r, true); });
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    r.on_windows.reset();
    images_.add(r.patches, -1);
    if (chi2(r.fit_background) <= old_chi2) continue;
    images_.add(r.patches, 1);
    images_.add(old, -1);
    r.model = before;
    r.patches = std::move(old);
  }
}

}  // namespace brickline
