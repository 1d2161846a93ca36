#include "core/pipeline/stages/forced_phot.h"

#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/coadd/measure.h"
#include "core/fits/fits_writer.h"
#include "core/forced/catalog_directories.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/forced_merge.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/detection_settings.h"
#include "core/pipeline/frozen_galaxies.h"
#include "core/pipeline/space_photometry.h"
#include "core/pipeline/stages/outliers.h"
#include "core/pipeline/stages/refs.h"
#include "core/pipeline/stages/tims.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

// What is measured: per row of the catalog a model without fluxes; empty for rows that were not fitted.
using RowModels = std::vector<std::optional<SourceModel>>;

RowModels models_of(const Measurements& measurements) {
  RowModels out(measurements.rows.size());
  const MeasuredSources fitted = fitted_sources(measurements);
  for (std::size_t k = 0; k < fitted.rows.size(); ++k) {
    SourceModel model = fitted.models[k];
    const CatalogSource& row = measurements.rows[fitted.rows[k]];
    if (row.reference && row.reference->ref_epoch > 0) model.motion = row.reference->motion();
    out[fitted.rows[k]] = std::move(model);
  }
  return out;
}

std::vector<ForcedSource> sources_of(const RowModels& models, const Measurements& measurements,
                                     const Selection& selection, int release, GalaxyProfiles profiles) {
  std::vector<ForcedSource> out;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (!models[i]) continue;
    const CatalogSource& row = measurements.rows[i];
    ForcedSource s{.profiles = profiles};
    s.release = release;
    s.brickid = static_cast<std::int32_t>(selection.brick.id);
    s.brickname = selection.brick.name;
    s.objid = row.objid;
    s.model = *models[i];
    s.covariance = row.fit_covariance;
    std::vector<float> flux;
    for (const CatalogBand& b : row.bands) flux.push_back(b.flux);
    s.common_variance = common_flux_variance(s.covariance, flux);
    if (row.reference) {
      s.ref_cat = row.reference->ref_cat;
      s.ref_id = row.reference->ref_id;
    }
    out.push_back(std::move(s));
  }
  return out;
}

// All rows, as the measurements name them.
fits::Table objects_of(const Measurements& measurements, const Selection& selection, int release) {
  const std::size_t rows = measurements.rows.size();
  std::vector<std::int32_t> objid;
  std::vector<std::string> type;
  for (const CatalogSource& row : measurements.rows) {
    objid.push_back(row.objid);
    type.emplace_back(type_name(row.type));
  }
  fits::Table t;
  t.add("release", std::vector<std::int16_t>(rows, static_cast<std::int16_t>(release)));
  t.add("brickid", std::vector<std::int32_t>(rows, static_cast<std::int32_t>(selection.brick.id)));
  t.add("objid", std::move(objid));
  t.add("brick_primary", std::vector<bool>(rows, true));
  t.add("type", std::move(type));
  return t;
}

Selection of_band(const Selection& selection, const std::string& band) {
  Selection out = selection;
  out.bands = {band};
  std::vector<std::int64_t> rows;
  out.rows.clear();
  for (std::size_t i = 0; i < selection.rows.size(); ++i)
    if (selection.rows[i].band == band) {
      rows.push_back(static_cast<std::int64_t>(i));
      out.rows.push_back(selection.rows[i]);
    }
  out.ccds = selection.ccds.select(rows);
  return out;
}

// One band's work, on its own images.
class ForcedBand {
 public:
  ForcedBand(Selection selection, const Measurements& measurements, const Fits& fits, int release,
             const FitWay& way)
      : selection_(std::move(selection)),
        measurements_(measurements),
        fits_(fits),
        release_(release),
        profiles_(way.profiles()),
        marginal_(way.joint()),
        models_(models_of(measurements)) {}

  // `catalog`: the run's reference catalogs once more, with magnitudes and models in this band.
  void prepare(RawImages raw, const References& references, const ReferenceCatalog& catalog,
               const OutlierChoice& choice, RunContext& run) {
    images_ = std::move(raw.images);
    if (!choice.no_outliers)
      apply_edit(outliers_of_other_bands(selection_, references, images_, run), images_);
    const HaloStars stars = halo_stars(catalog, selection_.bands);
    if (!stars.contains(band()) &&
        std::ranges::any_of(images_, [](const CcdImage& i) { return i.halo.has_value(); }))
      run.log.warning("there are no magnitudes of stars in band {}: no halos are taken off its images",
                      band());
    apply_edit(HaloEdits{stars}, images_);
  }

  // The measurements of all its exposures.
  fits::Table measure(const ReferenceCatalog& catalog, RunContext& run) {
    const std::vector<ForcedSource> all = sources_of(models_, measurements_, selection_, release_, profiles_);
    std::vector<ForcedCcd> measured(images_.size());
    std::vector<std::exception_ptr> failures(images_.size());
    tbb::parallel_for(std::size_t{0}, images_.size(), [&](std::size_t i) {
      try {
        run.cancel.stop_if_asked();
        measured[i] = measure_image(images_[i], all, catalog, run.log);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
    if (marginal_) find_errors(all, measured);
    return forced_table(CcdTable::from_tables({{run.survey.root(), selection_.ccds}}), measured, options());
  }

  // Of the averages that measure() is for: marginal ones in the place of the measurements'.
  void take_errors(std::vector<CatalogSource>& rows) const {
    for (std::size_t i = 0; i < flux_ivar_.size(); ++i) rows[i].bands[0].flux_ivar = flux_ivar_[i];
  }

  // Coadds with models of these fluxes; `rows` get what is measured on them, in their only band. Returns the pixels
  // where the band is saturated or masked, as `bits` has it.
  Image<std::int32_t> make_coadds_of(const ReferenceCatalog& catalog, const References& references,
                                     const fits::Header& header, const StackingOptions& stacking,
                                     const DetectionChoice& detection, const MaskBits& bits,
                                     std::vector<CatalogSource>& rows, StageProducts& products,
                                     RunContext& run) {
    std::vector<std::int32_t> blobs;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      blobs.push_back(rows[i].blob);
      if (models_[i]) models_[i]->flux = {rows[i].bands[0].flux};
    }
    CoaddStageInput input = coadd_input(selection_, references, images_, products);
    input.version_header = header;
    Scene scene;
    scene.sources = models_;
    scene.blobs = blobs;
    scene.blob_map = fits_.fitted.blob_map.const_view();
    const std::vector<Scene::Frozen> frozen = frozen_galaxies(catalog, rows);
    scene.frozen = frozen;
    input.scene = scene;
    DetectionOptions options = detection_options(detection, selection_, run.log);
    options.maps.cancel = run.cancel;
    const Image<std::uint8_t> saturated = saturated_pixels(images_, selection_.brick.wcs, band(), options);
    input.saturated[band()] = saturated.const_view();
    input.maskbits = bits;
    CoaddStageOptions coadds = coadd_options(stacking, {}, profiles_);
    coadds.bands_alone = true;
    Image<std::int32_t> out = make_coadds(input, rows, products.set(), coadds, run.log).maskbits;
    const std::int32_t own = bits.saturated(band()) | bits.allmask(band());
    for (int y = 0; y < out.height(); ++y)
      for (int x = 0; x < out.width(); ++x) out(x, y) &= own;
    measure_fiber_fluxes(selection_.brick.wcs, models_, 1, rows, profiles_);
    return out;
  }

  const std::string& band() const { return selection_.bands.front(); }
  bool empty() const { return images_.empty(); }

 private:
  ForcedOptions options() const {
    ForcedOptions o;
    o.apertures = true;
    o.errors = marginal_;
    return o;
  }

  void find_errors(const std::vector<ForcedSource>& all, const std::vector<ForcedCcd>& measured) {
    std::map<std::int32_t, std::size_t> place;  // in `all`, by objid
    std::vector<std::size_t> row_of;
    for (std::size_t i = 0; i < models_.size(); ++i)
      if (models_[i]) row_of.push_back(i);
    for (std::size_t k = 0; k < all.size(); ++k) place[all[k].objid] = k;
    AveragedFluxErrors errors(all.size());
    for (const ForcedCcd& ccd : measured) {
      std::vector<std::size_t> places;  // what is not reported is no row, and has no covariance
      for (const ForcedSource& s : ccd.sources) places.push_back(s.reported ? place.at(s.objid) : 0);
      for (const ForcedMeasurement& m : ccd.result.rows)
        if (m.errors) errors.add(places[m.source], m.flux_ivar, *m.errors, places);
    }
    flux_ivar_.assign(models_.size(), 0);
    for (std::size_t k = 0; k < all.size(); ++k)
      flux_ivar_[row_of[k]] = static_cast<float>(errors.inverse_variance(k, all));
  }

  ForcedCcd measure_image(const CcdImage& image, const std::vector<ForcedSource>& all,
                          const ReferenceCatalog& catalog, const Log& log) const {
    ForcedCcd out;
    out.ccd_row = image.ccd_row;
    const ForcedRegion region{&image.full_wcs, image.extent};
    for (const ForcedSource& s : all)
      if (is_near(s, region)) out.sources.push_back(s);
    add_frozen_galaxies(out.sources, all, catalog.rows, profiles_);
    CcdImage without = image;
    out.taken_off = take_off_large_galaxies(without, out.sources);
    out.result = measure_forced(without, out.sources, options());
    std::erase_if(out.result.rows,
                  [&](const ForcedMeasurement& row) { return !out.sources[row.source].reported; });
    out.result.model = {};
    without.data = without.inverse_error = {};
    without.mask = {};
    out.image = std::move(without);
    log.debug("{}: {} sources measured", image.name, out.result.rows.size());
    return out;
  }

  // As frozen_in_scene() has them, where this band's flux is known.
  std::vector<Scene::Frozen> frozen_galaxies(const ReferenceCatalog& catalog,
                                             const std::vector<CatalogSource>& rows) const {
    std::vector<Scene::Frozen> out;
    const std::vector<int> frozen = frozen_rows(catalog);
    const auto& reach = fits_.fitted.frozen_reach;
    for (std::size_t k = 0; k < frozen.size() && k < reach.size(); ++k) {
      const ReferenceObject& galaxy = catalog.rows[static_cast<std::size_t>(frozen[k])];
      if (reach[k].empty() || galaxy.needs_initial_flux) continue;
      Scene::Frozen f;
      f.model = *galaxy.model;
      f.blobs.assign(reach[k].begin(), reach[k].end());
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (models_[i] && rows[i].reference_row == frozen[k]) f.row = i;
      out.push_back(std::move(f));
    }
    return out;
  }

  Selection selection_;
  const Measurements& measurements_;
  const Fits& fits_;
  int release_;
  GalaxyProfiles profiles_;
  bool marginal_;  // its fluxes' errors
  RowModels models_;
  std::vector<float> flux_ivar_;  // of the rows, where marginal_
  std::vector<CcdImage> images_;
};

void take_averages(const fits::Table& averages, const std::string& band, std::vector<CatalogSource>& rows) {
  const auto of = [&](const char* name, std::size_t i) {
    return static_cast<float>(averages.number(forced_column(name, band), static_cast<std::int64_t>(i)));
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CatalogBand& to = rows[i].bands[0];
    to.flux = of("flux", i);
    to.flux_ivar = of("flux_ivar", i);
    to.fracflux = of("fracflux", i);
    to.fracmasked = of("fracmasked", i);
    to.fracin = of("fracin", i);
    to.rchisq = of("rchisq", i);
  }
}

fits::Header cards_of(const ForcedResults& results) {
  fits::Header cards;
  add_stage_card(cards, "FORC");
  cards.set("FBANDS", fmt::format("{}", fmt::join(results.wanted, ",")), "Bands with forced photometry only");
  for (std::size_t i = 0; i < results.wanted.size(); ++i)
    cards.set(fmt::format("FBAND{}", i), results.wanted[i], "Band with forced photometry only");
  return cards;
}

void write_measurements(const fits::Table& measurements, fits::Header header, StageProducts& products) {
  add_forced_cards(header);
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(measurements);
  const auto path = products.path(Product::kForcedBrick);
  products.set().record(path, writer.write(path));
}

}  // namespace

Outcome<ForcedResults> run_forced_phot(const ForcedBandChoice& choice, const SurveyPaths& paths,
                                       const ReadingOptions& reading, const ReleaseOptions& release,
                                       const ReferenceChoice& reference_choice,
                                       const OutlierChoice& outlier_choice, const DetectionChoice& detection,
                                       const StackingOptions& stacking, const FitWay& way,
                                       const Selection& selection, const References& references,
                                       const Fits& fits, const Measurements& measurements,
                                       const RunHeader& header, StageProducts& products, RunContext& run) {
  ForcedResults out;
  if (choice.bands.empty()) return Outcome<ForcedResults>(std::move(out));
  out.wanted = choice.bands;
  out.rows.resize(measurements.rows.size());
  const fits::Header own_cards = cards_of(out);
  fits::Header cards = header.cards;
  cards.append(own_cards);

  const Selection others = select_other_bands(selection, choice.bands, paths, run);
  const MaskBits bits = mask_bits_of(selection, choice.bands);
  if (const std::string shortage = bits.shortage(); !shortage.empty()) run.log.warning("{}", shortage);
  const fits::Table objects = objects_of(measurements, selection, release.release);
  std::vector<NamedTable> tables;
  for (const std::string& band : others.bands) {
    run.cancel.stop_if_asked();
    const Selection chosen = of_band(others, band);
    ForcedBand work(chosen, measurements, fits, release.release, way);
    const std::vector<std::string> bands = {band};
    ReferenceOptions sources = reference_options(reference_choice, run.survey);
    sources.profiles = way.profiles();
    const ReferenceCatalog catalog =
        read_references(sources, selection.brick.wcs, bands, others.band_facts, run.log);
    for (const std::filesystem::path& file : catalog.files) run.note(file);
    work.prepare(read_images_again(chosen, paths, reading, run), references, catalog, outlier_choice, run);
    if (work.empty()) continue;
    out.bands.push_back(band);
    if (const auto facts = others.band_facts.find(band); facts != others.band_facts.end())
      out.band_facts.insert(*facts);
    tables.push_back({band, work.measure(catalog, run)});
    std::vector<CatalogSource> rows = measurements.rows;
    for (CatalogSource& row : rows) row.bands.assign(1, {});
    take_averages(average_forced(objects, tables.back().table, bands), band, rows);
    work.take_errors(rows);
    const Image<std::int32_t> masked =
        work.make_coadds_of(catalog, references, cards, stacking, detection, bits, rows, products, run);
    if (out.maskbits.empty()) out.maskbits = Image<std::int32_t>(masked.width(), masked.height());
    for (int y = 0; y < masked.height(); ++y)
      for (int x = 0; x < masked.width(); ++x) out.maskbits(x, y) |= masked(x, y);
    for (std::size_t i = 0; i < rows.size(); ++i) out.rows[i].bands.push_back(rows[i].bands[0]);
  }
  if (out.bands.empty())
    run.log.warning("there are no images in the bands {}: their columns are 0", fmt::join(choice.bands, ","));
  else
    write_measurements(merge_forced(objects, tables, out.bands, true).measurements, cards, products);
  run.log.info("forced photometry in {} of {} bands", out.bands.size(), choice.bands.size());
  Outcome<ForcedResults> outcome(std::move(out));
  outcome.cards = own_cards;
  return outcome;
}

}  // namespace brickline
