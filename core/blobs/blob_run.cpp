#include "core/blobs/blob_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/blobs/item_failure.h"
#include "core/blobs/metrics.h"
#include "core/blobs/segmentation.h"
#include "core/detect/morphology.h"
#include "core/fit/flux_solver.h"
#include "core/fit/uncertainties.h"
#include "core/survey/bits.h"

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

BlobRun::BlobRun(const BlobFitInput& input, const BlobTask& task, const BlobFitOptions& options,
                 const std::function<bool()>& cancelled, const std::function<bool()>& alone)
    : input_(input),
      task_(task),
      options_(options),
      cancelled_(cancelled),
      alone_(alone),
      images_(input.images, input.bands, input.brick, task, options.constant_psf_size),
      tools_(options.fit.render),
      selection_(images_, options, tools_, [this](double ra, double dec) { return inside(ra, dec); }),
      bands_(static_cast<int>(input.bands.size())) {}

void BlobRun::before_source() {
  if (cancelled_ && cancelled_()) throw BlobCancelled();
  in_parallel_ = alone_ && alone_();
}

std::optional<BlobRun::Pixel> BlobRun::truncated_pixel(double ra, double dec) const {
  const auto p = images_.wcs().sky_to_pixel(ra, dec);
  if (!p) return {};
  if (!(p->x > -1 && p->y > -1 && p->x < images_.width() && p->y < images_.height())) return {};
  return Pixel{static_cast<int>(p->x), static_cast<int>(p->y)};
}

BlobRun::Pixel BlobRun::rounded_pixel(const SourceModel& model) const {
  const auto p = images_.wcs().sky_to_pixel(model.ra, model.dec);
  if (!p) return {0, 0};
  const auto clip = [](double v, int n) {
    return static_cast<int>(std::clamp(std::nearbyint(v), 0.0, n - 1.0));
  };
  return {clip(p->x, images_.width()), clip(p->y, images_.height())};
}

bool BlobRun::inside(double ra, double dec) const {
  const auto p = truncated_pixel(ra, dec);
  return p && task_.mask(p->x, p->y);
}

std::uint8_t BlobRun::reference_bits(int x, int y) const {
  return input_.reference_mask.empty() ? 0 : input_.reference_mask(task_.box.x0 + x, task_.box.y0 + y);
}

SourceRecord BlobRun::record_of(int source) const {
  const DetectedSource& s = (*input_.sources)[source];
  SourceRecord r;
  r.source = source;
  r.traits = s.reference;
  r.from_catalog = s.reference_row >= 0;
  r.needs_initial_flux = s.needs_initial_flux;
  r.model = s.model;
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
  if (options_.iterative) {
    std::vector<SourceRecord> more = detect_in_residuals(records);
    if (!more.empty()) {
      fit_records(more, true);
      std::move(more.begin(), more.end(), std::back_inserter(records));
    }
  }
  if (options_.reoptimize) fit_again(records);
  for (const SourceRecord& r : records)
    if (!r.failure.empty())
      out.report.failures.push_back(
          {r.source, r.start_x + task_.box.x0, r.start_y + task_.box.y0, r.failure});
  out.sources = finish(records);
  if (options_.accounts) out.account = account(records);
  if (task_.own) std::erase_if(out.sources, [&](const FittedSource& s) { return !is_own(s); });
  if (!out.sources.empty()) out.report.status = BlobStatus::kFitted;
  return out;
}

// Of a part of a blob: whether the source started on the pixels that are this part's own.
bool BlobRun::is_own(const FittedSource& source) const {
  const Box& own = *task_.own;
  const double x = std::clamp(source.start_x, 0.0, input_.brick.width() - 1.0),
               y = std::clamp(source.start_y, 0.0, input_.brick.height() - 1.0);
  return x >= own.x0 && x < own.x1 && y >= own.y0 && y < own.y1;
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

// Before anything is subtracted. What is found in the residuals may use all pixels.
void BlobRun::reserve_pixels(const std::vector<SourceRecord>& records) {
  std::vector<Seed> galaxies;
  int sources = 0;
  for (const int i : brightest_first(records, false)) {
    ++sources;
    const Pixel p = rounded_pixel(records[i].model);
    if (records[i].model.is_galaxy()) galaxies.push_back({i, p.x, p.y, 0});
  }
  if (options_.galaxy_masking && galaxies.size() > 1)
    reservations_.nearest_galaxy = nearest_seeds(images_.width(), images_.height(), galaxies);
  if (options_.bright_masking && sources > 1)
    reservations_.bright_regions = bright_regions(images_, bands_, options_.bright_sn);
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
    if (several) images_.add(r.patches, -1);
  }
  for (const int i : brightest_first(records, true)) {
    SourceRecord& r = records[i];
    if (r.traits.frozen ||
        std::none_of(r.patches.begin(), r.patches.end(), [](const auto& p) { return !!p; }))
      continue;
    before_source();
    if (several) images_.add(r.patches, 1);
    if (const auto failure = failure_of_item([&] { r.first_round_end = fit_on_patches(r, false, several); }))
      r.failure = *failure;
    if (several) {
      r.patches = images_.draw(r.model, tools_, in_parallel_);
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
  } else if (r.model.is_galaxy()) {
    if (several) fitter.options().position_box_arcsec = options_.first_round_box_arcsec;
    if (r.traits.large_galaxy)
      start.max_log_re = start.shape.log_re + std::log(options_.large_galaxy_radius_factor);
  }
  const FitResult fit = fitter.fit(start, fit_images);
  if (fit.status == FitStatus::kBadInput || fit.status == FitStatus::kNoData) return fit.status;
  for (const double f : fit.model.flux)
    if (!std::isfinite(f)) return FitStatus::kBadInput;
  r.model = fit.model;
  return fit.status;
}

void BlobRun::note_reference_mask(SourceRecord& r) const {
  const auto at = images_.wcs().sky_to_pixel(r.model.ra, r.model.dec);
  if (!at) {
    r.alive = false;
    return;
  }
  const auto clip = [](double v, int n) {
    return std::clamp(static_cast<int>(std::clamp(v, -1e6, 1e6)), 0, n - 1);
  };
  const std::uint8_t bits = reference_bits(clip(at->x, images_.width()), clip(at->y, images_.height()));
  using namespace refbit;
  std::uint8_t point = kBright | kCluster | kMclouds, background = kBright | kGalaxy;
  if (options_.galaxy_forces_point_sources) point |= kGalaxy;
  if (options_.background_near_medium_stars) background |= kMedium;
  r.forced_point_source = (bits & point) && !r.model.is_galaxy();
  r.fit_background = bits & background;
}

// The greatest S/N of any band, flooded from the sources, with a small kingdom around each.
Image<std::int32_t> BlobRun::segments(const std::vector<SourceRecord>& records) const {
  DetectionMapOptions map_options;
  map_options.apodize_pixels = 0;
  const std::vector<BandMaps> maps =
      detection_maps(images_.detection_images(), images_.wcs(), bands_, map_options);
  Image<float> height(images_.width(), images_.height());
  for (const BandMaps& map : maps)
    for (int y = 0; y < height.height(); ++y)
      for (int x = 0; x < height.width(); ++x)
        height(x, y) = std::max(height(x, y), map.flux(x, y) * std::sqrt(map.inverse_variance(x, y)));
  for (int y = 0; y < height.height(); ++y)
    for (int x = 0; x < height.width(); ++x)
      if (reference_bits(x, y) & refbit::kCluster) height(x, y) = 0;

  const auto seed_of = [&](int i) -> std::optional<Seed> {
    const SourceRecord& r = records[i];
    const Pixel p = rounded_pixel(r.model);
    if (reference_bits(p.x, p.y) & refbit::kCluster) return {};
    const bool star = !r.model.is_galaxy() && (r.traits.point_source || r.forced_point_source);
    return Seed{i, p.x, p.y, star ? options_.point_source_reach : 0.0};
  };
  std::vector<Seed> flood, kingdoms;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].alive)
      if (const auto seed = seed_of(static_cast<int>(i))) flood.push_back(*seed);
  for (const int i : brightest_first(records, false))
    if (const auto seed = seed_of(i)) kingdoms.push_back(*seed);
  Image<std::int32_t> owners = flood_segments(height.view(), task_.mask.view(), flood);
  claim_kingdoms(owners, kingdoms, options_.kingdom_radius);
  return owners;
}

// The ladder for every source, brightest first, the others' current models subtracted; so are the chosen ones
// in the end.
void BlobRun::choose_models(std::vector<SourceRecord>& records, const Image<std::int32_t>& owners) {
  for (SourceRecord& r : records) {
    if (!r.alive) continue;
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    images_.add(r.patches, -1);
  }
  for (const int i : brightest_first(records, true)) {
    SourceRecord& r = records[i];
    if (r.traits.frozen && !(r.traits.galaxy_fit && !r.model.is_galaxy())) continue;
    before_source();
    images_.add(r.patches, 1);
    const Pixel p = rounded_pixel(r.model);
    const auto failure = failure_of_item([&] {
      const Image<std::uint8_t> reserved = reservations_.for_source(i, p.x, p.y, r.model.is_galaxy());
      selection_.run(r, owners.view(), owners.empty() ? -1 : owners(p.x, p.y), reserved.view(), in_parallel_);
    });
    if (failure) {
      r.alive = r.model_chosen = false;
      r.failure = *failure;
    } else if (r.alive) {
      r.failure.clear();  // of the first round
    }
    if (!r.alive && r.traits.star) {
      r.alive = r.forced_to_stay = true;
      r.model.flux = r.start_flux;
    }
    r.patches.clear();
    if (!r.alive) continue;
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    images_.add(r.patches, -1);
  }
}

std::vector<SourceRecord> BlobRun::detect_in_residuals(const std::vector<SourceRecord>& records) {
  DetectionMapOptions map_options;
  map_options.apodize_pixels = 0;
  std::vector<DetectionImage> residuals = images_.detection_images();
  const std::vector<BandMaps> found = detection_maps(residuals, images_.wcs(), bands_, map_options);

  std::vector<Image<std::uint8_t>> saturated;
  std::vector<ImageView<const std::uint8_t>> saturated_views;
  constexpr int kSaturationGrowth = 4;
  for (const BandMaps& map : found) saturated.push_back(dilate(map.saturated.view(), kSaturationGrowth));
  for (const auto& map : saturated) saturated_views.push_back(map.view());
  std::vector<AvoidPoint> avoid;
  for (const SourceRecord& r : records)
    avoid.push_back({r.start_ix, r.start_iy, options_.detection.avoid_radius});
  Image<std::uint8_t> veto(images_.width(), images_.height());
  for (int y = 0; y < veto.height(); ++y)
    for (int x = 0; x < veto.width(); ++x) veto(x, y) = reference_bits(x, y) != 0;
  const std::vector<Sed> seds = input_.seds.empty()
                                    ? detection_seds(input_.bands)
                                    : std::vector<Sed>(input_.seds.begin(), input_.seds.end());
  const PeakSearch search = find_peaks(found, saturated_views, seds, avoid, veto.view(), options_.detection);
  if (search.peaks.empty()) return {};

  std::vector<Image<float>> drawn;
  for (std::size_t i = 0; i < images_.images().size(); ++i) {
    const BlobImage& image = images_.images()[i];
    drawn.emplace_back(image.data.width(), image.data.height());
    for (const SourceRecord& r : records)
      if (r.alive && r.patches[i]) add_patch(drawn.back().view(), *r.patches[i], 1);
    for (const SourcePatches& galaxy : frozen_)
      if (galaxy[i]) add_patch(drawn.back().view(), *galaxy[i], 1);
    residuals[i].data = drawn.back().view();
  }
  const std::vector<BandMaps> known = detection_maps(residuals, images_.wcs(), bands_, map_options);

  std::vector<SourceRecord> out;
  for (const Peak& peak : search.peaks) {
    const auto best_sn = [&](const std::vector<BandMaps>& maps) {
      float best = -INFINITY;
      for (const BandMaps& m : maps)
        best = std::max(best, m.flux(peak.x, peak.y) * std::sqrt(m.inverse_variance(peak.x, peak.y)));
      return best;
    };
    if (!(best_sn(found) > options_.iterative_model_share * std::max(best_sn(known), 1.0F))) continue;
    SourceRecord r;
    const SkyPosition sky = images_.wcs().pixel_to_sky(peak.x, peak.y);
    r.model.ra = sky.ra;
    r.model.dec = sky.dec;
    for (const BandMaps& m : found) r.model.flux.push_back(m.flux(peak.x, peak.y));
    r.start_flux = r.model.flux;
    r.found = r.model;
    r.start_x = r.start_ix = peak.x;
    r.start_y = r.start_iy = peak.y;
    r.started_in_blob = task_.mask(peak.x, peak.y) != 0;
    out.push_back(std::move(r));
  }
  return out;
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
    before_source();
    const SourceModel before = r.model;
    SourcePatches old = r.patches;
    const double old_chi2 = chi2(r.fit_background);
    images_.add(old, 1);
    fit_on_patches(r, true);
    r.patches = images_.draw(r.model, tools_, in_parallel_);
    images_.add(r.patches, -1);
    if (chi2(r.fit_background) <= old_chi2) continue;
    images_.add(r.patches, 1);
    images_.add(old, -1);
    r.model = before;
    r.patches = std::move(old);
  }
}

std::vector<FitImage> BlobRun::whole_images(const SourceModel& model,
                                            std::vector<std::unique_ptr<PsfKernel>>& own_kernels) const {
  std::vector<FitImage> out;
  for (const BlobImage& image : images_.images()) {
    auto fit_image = images_.fit_image(model, image, image.data.box(), own_kernels);
    if (!fit_image) continue;
    fit_image->mask = {};
    out.push_back(*fit_image);
  }
  return out;
}

FittedSource BlobRun::fitted(const SourceRecord& r) const {
  FittedSource out;
  out.model = r.model;
  out.model.max_log_re = 0;
  out.source = r.source;
  out.blob = out.planned_blob = task_.blob;
  out.part = task_.part;
  out.start_x = r.start_x + task_.box.x0;
  out.start_y = r.start_y + task_.box.y0;
  if (const auto at = input_.brick.sky_to_pixel(r.model.ra, r.model.dec)) {
    out.x = at->x;
    out.y = at->y;
  }
  out.forced_to_stay = r.forced_to_stay;
  out.started_in_blob = r.started_in_blob;
  const Pixel end = rounded_pixel(r.model);
  out.finished_in_blob = task_.mask(end.x, end.y) != 0;
  out.rectangle_width = r.rectangle_width;
  out.rectangle_height = r.rectangle_height;
  out.pixels = r.pixels;
  out.images = r.images;
  out.models = r.models;
  for (int k = 0; k < kModelKinds; ++k)
    if (r.models[k].status == ModelFitStatus::kFitted) out.dchisq[k] = r.models[k].dchisq;

  using namespace fitbit;
  const auto set = [&](std::uint16_t bit, bool on) { out.fit_bits |= on ? bit : 0; };
  set(kForcedPointsource, r.forced_point_source);
  set(kFitBackground, r.fit_background);
  set(kIterative, r.source < 0);
  if (r.model_chosen) {
    const ModelFit& winner = r.models[dchisq_index(r.chosen)];
    set(kHitRadiusLimit, winner.at_radius_limit);
    set(kHitSersicLimit, winner.at_sersic_limit);
  }
  return out;
}

// Inverse variances on the blob's whole images; 0 for what stays by force.
InverseVariances BlobRun::errors_of(const SourceRecord& r) const {
  InverseVariances iv;
  if (!r.forced_to_stay) {
    UncertaintyOptions uncertainty;
    uncertainty.render = options_.fit.render;
    std::vector<std::unique_ptr<PsfKernel>> own_kernels;
    iv = inverse_variances(r.model, whole_images(r.model, own_kernels), uncertainty);
    if (r.model.motion) iv.ra = iv.dec = 0;  // known, not measured
  }
  iv.flux.resize(bands_, 0.0);
  return iv;
}

// Errors and metrics of what is left.
std::vector<FittedSource> BlobRun::finish(std::vector<SourceRecord>& records) {
  in_parallel_ = alone_ && alone_();
  std::vector<InverseVariances> errors(records.size());
  for_each_index(records.size(), in_parallel_, [&](std::size_t i) {
    if (records[i].alive) errors[i] = errors_of(records[i]);
  });
  std::vector<FittedSource> out;
  std::vector<std::vector<const Patch*>> patches;
  std::vector<std::vector<double>> flux;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SourceRecord& r = records[i];
    if (!r.alive) continue;
    const InverseVariances& iv = errors[i];
    double sum = iv.ra + iv.dec + iv.re + iv.e1 + iv.e2 + iv.sersic_index;
    sum = std::accumulate(iv.flux.begin(), iv.flux.end(), sum);
    if (!r.forced_to_stay && !(sum > 0)) continue;
    FittedSource source = fitted(r);
    source.inverse_variance = std::move(errors[i]);
    out.push_back(std::move(source));
    patches.emplace_back();
    for (const auto& p : r.patches) patches.back().push_back(p ? &*p : nullptr);
    flux.push_back(r.model.flux);
  }
  std::vector<MetricImage> metric_images;
  for (const BlobImage& image : images_.images())
    metric_images.push_back({image.data.view(), image.inverse_error.view(), image.band});
  std::vector<SourceMetrics> metrics = measure_source_metrics(metric_images, bands_, patches, flux);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].metrics = std::move(metrics[i]);
  return out;
}

}  // namespace brickline
