#include "core/pipeline/option_table.h"

#include <algorithm>
#include <set>

#include "core/pipeline/stages/wise_forced.h"
#include "core/pipeline/state_path.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

template <class M>
struct MemberOf;
template <class C, class T>
struct MemberOf<T C::*> {
  using Class = C;
  using Type = T;
};

// The member of a group of options, by two pointers to members.
template <auto Group, auto Member>
struct Bound {
  using GroupType = typename MemberOf<decltype(Group)>::Type;
  using Type = typename MemberOf<decltype(Member)>::Type;
  static const Type& in(const BrickOptions& options) { return (options.*Group).*Member; }
  static Type& in(BrickOptions& options) { return (options.*Group).*Member; }
  static std::size_t offset() {
    const BrickOptions options;
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&in(options)) -
                                    reinterpret_cast<const char*>(&options));
  }
};

struct Shape {
  std::string_view flag, short_flag, heading, values, help, environment;
  OptionEffect effect;
  OptionRange range{};
  std::string_view other_flag{};
};

constexpr OptionRange at_least(double least) { return {.least = least}; }
constexpr OptionRange above(double least) { return {.least = least, .above_least = true}; }
constexpr OptionRange within(double least, double most) { return {.least = least, .most = most}; }
constexpr OptionRange above_up_to(double least, double most) { return {least, most, true}; }

template <auto Group, auto Member, class Text>
OptionRow row_with(const Shape& shape) {
  using Member_ = Bound<Group, Member>;
  OptionRow row;
  row.flag = shape.flag;
  row.short_flag = shape.short_flag;
  row.other_flag = shape.other_flag;
  row.heading = shape.heading;
  row.values = shape.values;
  row.help = shape.help;
  row.environment = shape.environment;
  row.effect = shape.effect;
  row.group = Member_::GroupType::kOptionGroup;
  row.member = Member_::offset();
  row.words = Text::kWords;
  row.repeatable = Text::kRepeatable;
  row.range = shape.range;
  row.at_default = [](const BrickOptions& options) {
    static const BrickOptions defaults;
    return Member_::in(options) == Member_::in(defaults);
  };
  row.reset = [](BrickOptions& options) {
    static const BrickOptions defaults;
    Member_::in(options) = Member_::in(defaults);
  };
  row.written = [](const BrickOptions& options) -> std::vector<Words> {
    if constexpr (std::is_same_v<typename Member_::Type, bool>)
      return {Words{}};
    else
      return Text::occurrences(Member_::in(options));
  };
  row.read = [](BrickOptions& options, std::string_view flag, std::span<const std::string> words) {
    static const BrickOptions defaults;
    auto& value = Member_::in(options);
    if constexpr (std::is_same_v<typename Member_::Type, bool>)
      value = !Member_::in(defaults);
    else
      Text::read(flag, words, value);
  };
  return row;
}

// The option of a member, written as its type is. Of a flag, giving it turns the default around.
template <auto Group, auto Member>
OptionRow row(const Shape& shape) {
  return row_with<Group, Member, OptionText<typename Bound<Group, Member>::Type>>(shape);
}
OptionRow naming(PathKind kind, OptionRow row, std::string_view holds = {}) {
  row.names = kind;
  row.holds = holds;
  return row;
}
// A site's file of options may name what this run does without.
OptionRow used_if(bool (*used)(const BrickOptions& options), OptionRow row) {
  row.used = used;
  return row;
}
bool with_wise(const BrickOptions& options) { return is_wanted(options.wise); }
// The same of a list that is given as one word.
template <auto Group, auto Member>
OptionRow comma_row(const Shape& shape) {
  return row_with<Group, Member, CommaList>(shape);
}
// How often a flag is given.
template <auto Group, auto Member>
OptionRow count_row(const Shape& shape) {
  OptionRow r = row_with<Group, Member, OptionText<int>>(shape);
  r.words = 0;
  r.counted = true;
  r.written = [](const BrickOptions& options) {
    return std::vector<Words>(static_cast<std::size_t>(Bound<Group, Member>::in(options)));
  };
  r.read = [](BrickOptions& options, std::string_view, std::span<const std::string>) {
    ++Bound<Group, Member>::in(options);
  };
  return r;
}

std::vector<OptionRow> make_table() {
  using O = BrickOptions;
  constexpr auto kProducts = OptionEffect::kProducts;
  constexpr auto kPaths = OptionEffect::kPaths;
  constexpr auto kControl = OptionEffect::kControl;
  std::vector<OptionRow> t;

  const std::string_view region = "Region";
  using R = RegionOptions;
  t.push_back(
      row<&O::region, &R::brick>({"--brick", "-b", region, "NAME",
                                  "brick by its name in survey-bricks, such as 1102p240", "", kProducts}));
  t.push_back(row<&O::region, &R::radec>(
      {"--radec", "", region, "RA DEC",
       "centre of a brick of your own, degrees or sexagesimal (hours, degrees)", "", kProducts}));
  t.push_back(
      row<&O::region, &R::width>({"--width", "-W", region, "N", "pixels", "", kProducts, within(1, 30000)}));
  t.push_back(row<&O::region, &R::height>(
      {"--height", "-H", region, "N", "pixels", "", kProducts, within(1, 30000)}));
  t.push_back(row<&O::region, &R::pixel_scale_arcsec>(
      {"--pixscale", "", region, "ARCSEC", "arcsec per pixel", "", kProducts, within(0.001, 60)}));
  t.push_back(row<&O::region, &R::zoom>(
      {"--zoom", "", region, "X0 X1 Y0 Y1", "only this part of the brick's pixels", "", kProducts}));
  t.push_back(comma_row<&O::region, &R::bands>(
      {"--bands", "", region, "A,B,...", "bands to work on, in this order", "", kProducts}));
  t.push_back(comma_row<&O::forced_bands, &ForcedBandChoice::bands>(
      {"--forced-bands", "", region, "A,B,...",
       "further bands, which nothing is fitted in: what the others have found is measured in them", "",
       kProducts}));
  t.push_back(row<&O::region, &R::min_mjd>(
      {"--min-mjd", "", region, "MJD", "leave out earlier exposures", "", kProducts, within(-1e6, 1e6)}));
  t.push_back(row<&O::region, &R::max_mjd>(
      {"--max-mjd", "", region, "MJD", "leave out later exposures", "", kProducts, within(-1e6, 1e6)}));

  const std::string_view files = "Files";
  using S = SurveyPaths;
  t.push_back(row<&O::survey, &S::survey_dir>(
      {"--survey-dir", "", files, "DIR", "survey directory", "LEGACY_SURVEY_DIR", kPaths}));
  t.push_back(row<&O::control, &ControlOptions::output_dir>(
      {"--outdir", "-d", files, "DIR", "where the products go", "", kControl}));
  t.push_back(row<&O::survey, &S::ccd_tables>({"--ccd-tables", "", files, "GLOB",
                                               "use the CCD tables whose file names are like this alone", "",
                                               kProducts}));
  t.push_back(naming(PathKind::kDirectory,
                     row<&O::survey, &S::cache_dir>(
                         {"--cache-dir", "", files, "DIR",
                          "copies of survey files that are read instead where they exist", "", kPaths})));
  t.push_back(naming(
      PathKind::kDirectory,
      row<&O::survey, &S::extra_calib_dirs>(
          {"--calib-dir", "", files, "DIR", "a further calib directory, before the survey's", "", kPaths})));
  t.push_back(naming(PathKind::kDirectory, row<&O::dust, &DustOptions::dust_dir>(
                                               {"--dust-dir", "", files, "DIR",
                                                "directory of the SFD dust maps", "DUST_DIR", kPaths})));
  t.push_back(row<&O::survey, &S::plugin_dirs>(
      {"--plugin-dir", "", files, "DIR", "directory of camera plugins, searched first", "", kPaths}));
  t.push_back(row<&O::survey, &S::no_user_plugins>({"--no-user-plugins", "", files, "",
                                                    "do not look for cameras in the user's own directory", "",
                                                    kPaths}));
  t.push_back(row<&O::survey, &S::allow_insecure_plugins>(
      {"--allow-insecure-plugins", "", files, "", "use plugins that everyone may write to", "", kPaths}));

  const std::string_view calibrations = "Calibrations";
  t.push_back(row<&O::calibrations, &CalibrationChoice::skip>(
      {"--skip-calibs", "", calibrations, "",
       "make no PSF and no sky model: one that is missing is an error (else as calibrate makes them, into the survey's "
       "calib)",
       "", kControl}));
  t.push_back(row<&O::reading, &ReadingOptions::old_calibs_ok>(
      {"--old-calibs-ok", "", calibrations, "",
       "use calibrations of another reduction of the image, and make none that is there", "", kProducts}));
  t.push_back(used_if(
      [](const O& o) { return !o.calibrations.skip; },
      naming(PathKind::kDirectory,
             row<&O::calibrations, &CalibrationChoice::blob_mask_dir>(
                 {"--blob-mask-dir", "", calibrations, "DIR",
                  "products of an earlier run, whose blobs are masked where skies are made: DIR/metrics/...",
                  "", kControl}))));

  const std::string_view sky = "Reference catalogs and artefacts";
  using C = ReferenceChoice;
  t.push_back(used_if(
      [](const O& o) { return !o.references.no_gaia; },
      naming(PathKind::kDirectory, row<&O::references, &C::gaia_dir>({"--gaia-dir", "", sky, "DIR",
                                                                      "directory of Gaia's healpix files",
                                                                      "GAIA_CAT_DIR", kPaths}))));
  t.push_back(row<&O::references, &C::gaia_version>(
      {"--gaia-version", "", sky, "V", "what follows G in the catalog's name: 2, 3 or E (unset: 1)",
       "GAIA_CAT_VER", kPaths}));
  t.push_back(row<&O::references, &C::gaia_prefix>(
      {"--gaia-prefix", "", sky, "TEXT", "of the files' names (unset: chunk)", "GAIA_CAT_PREFIX", kPaths}));
  t.push_back(row<&O::references, &C::gaia_scheme>({"--gaia-scheme", "", sky, "ring|nested",
                                                    "of the healpix numbers (unset: ring)", "GAIA_CAT_SCHEME",
                                                    kPaths}));
  t.push_back(
      used_if([](const O& o) { return !o.references.no_tycho; },
              naming(PathKind::kDirectory,
                     row<&O::references, &C::tycho_dir>({"--tycho-dir", "", sky, "DIR",
                                                         "directory of tycho2.kd.fits (unset: the survey's)",
                                                         "TYCHO2_KD_DIR", kPaths}),
                     kTycho2File)));
  t.push_back(used_if(
      [](const O& o) { return !o.references.no_large_galaxies; },
      naming(PathKind::kFile, row<&O::references, &C::large_galaxies_file>(
                                  {"--large-galaxies", "", sky, "FILE",
                                   "kd-tree file of large galaxies (SGA)", "LARGEGALAXIES_CAT", kPaths}))));
  t.push_back(used_if(
      [](const O& o) { return !o.references.no_star_clusters; },
      naming(PathKind::kFile, row<&O::references, &C::star_clusters_file>(
                                  {"--star-clusters", "", sky, "FILE",
                                   "table of star clusters (unset: the survey's NGC-star-clusters.fits)",
                                   "STAR_CLUSTERS_CAT", kPaths}))));
  t.push_back(row<&O::references, &C::no_gaia>({"--no-gaia", "", sky, "", "do without Gaia", "", kProducts}));
  t.push_back(
      row<&O::references, &C::no_tycho>({"--no-tycho", "", sky, "", "do without Tycho-2", "", kProducts}));
  t.push_back(row<&O::references, &C::no_large_galaxies>(
      {"--no-large-galaxies", "", sky, "", "do without large galaxies", "", kProducts}));
  t.push_back(row<&O::references, &C::no_star_clusters>(
      {"--no-star-clusters", "", sky, "", "do without star clusters", "", kProducts}));
  t.push_back(row<&O::references, &C::require>(
      {"--require-refs", "", sky, "", "a catalog that is not there is an error, not a warning", "", kPaths}));
  using U = OutlierChoice;
  t.push_back(row<&O::outliers, &U::no_outliers>(
      {"--no-outliers", "", sky, "", "do not mask what only one of several exposures shows", "", kProducts}));
  t.push_back(row<&O::outliers, &U::cache_outliers>(
      {"--cache-outliers", "", sky, "",
       "use the outlier masks of the output or survey directory where they are", "", kProducts}));
  t.push_back(row<&O::outliers, &U::remake_jpegs>(
      {"--remake-outlier-jpegs", "", sky, "", "the same, and make their pictures again", "", kProducts}));

  const std::string_view detection = "Detection";
  using D = DetectionChoice;
  t.push_back(row<&O::detection, &D::nsigma>(
      {"--nsigma", "", detection, "SIGMA", "detection threshold", "", kProducts, above_up_to(0, 1e6)}));
  t.push_back(row<&O::detection, &D::saddle_fraction>(
      {"--saddle-fraction", "", detection, "F",
       "how far a peak must stand out of its neighbour's slope, as a fraction of itself", "", kProducts,
       within(0, 1)}));
  t.push_back(row<&O::detection, &D::saddle_min>(
      {"--saddle-min", "", detection, "SIGMA", "and at least", "", kProducts, within(0, 1e6)}));
  t.push_back(
      row<&O::detection, &D::blob_dilate>({"--blob-dilate", "", detection, "PIXELS",
                                           "by how many pixels blobs grow", "", kProducts, within(0, 1000)}));
  t.push_back(row<&O::detection, &D::saturated_images>(
      {"--nsatur", "", detection, "N",
       "saturated is what so many images, or all of a pixel, say (unset: any image)", "", kProducts,
       at_least(1)}));

  const std::string_view fitting = "Fitting";
  using F = FittingChoice;
  t.push_back(row<&O::way, &FitWay::fit>(
      {"--fit", "", fitting, "reference|joint",
       "one source after the other, as in released catalogs; joint: then all that overlap together, with errors that "
       "know of neighbours, shapes and positions, and with galaxies that are whole Sersic profiles (card GALPROF); some "
       "four times the CPU, and ten to fifty where sources are crowded; what memory it "
       "needs is foretold once the sources are known; further columns: blendedness, fit_covariance, and those of bulges",
       "", kProducts}));
  t.push_back(row<&O::fitting, &F::bulge_disk_of_all>(
      {"--bulge-disk", "", fitting, "",
       "with --fit joint: any galaxy, not only bright ones of a Sersic index of their own, may be an exponential disk and a "
       "de Vaucouleurs bulge at one centre (type COMP)",
       "", kProducts}));
  t.push_back(row<&O::fitting, &F::bulge_disk>(
      {"--no-bulge-disk", "", fitting, "",
       "with --fit joint: none is (and there are no columns shapedev_*, fracdev_*, dchisq_comp)", "",
       kProducts}));
  t.push_back(row<&O::fitting, &F::iterative>(
      {"--no-iterative", "", fitting, "", "do not look for sources in what the fits leave", "", kProducts}));
  t.push_back(row<&O::fitting, &F::iterative_nsigma>({"--iterative-nsigma", "", fitting, "SIGMA",
                                                      "threshold of that (unset: --nsigma)", "", kProducts,
                                                      above_up_to(0, 1e6)}));
  t.push_back(row<&O::fitting, &F::segmentation>({"--no-segmentation", "", fitting, "",
                                                  "sources share their pixels while models are chosen", "",
                                                  kProducts}));
  t.push_back(row<&O::fitting, &F::reoptimize>(
      {"--reoptimize", "", fitting, "", "fit the chosen models once more (with --fit joint: all together)",
       "", kProducts}));
  t.push_back(row<&O::fitting, &F::less_masking>(
      {"--less-masking", "", fitting, "", "fit no background around medium-bright stars", "", kProducts}));
  t.push_back(row<&O::fitting, &F::galaxy_forces_point_sources>(
      {"--no-galaxy-forcepsf", "", fitting, "", "let sources in the masks of large galaxies be galaxies", "",
       kProducts}));
  t.push_back(row<&O::fitting, &F::galaxy_masking>({"--galaxy-masking", "", fitting, "",
                                                    "fit each galaxy of a blob on the pixels nearest to it",
                                                    "", kProducts}));
  t.push_back(row<&O::fitting, &F::bright_masking>(
      {"--bright-masking", "", fitting, "", "keep the pixels of bright regions to the sources in them", "",
       kProducts}));
  t.push_back(row<&O::fitting, &F::sub_blobs>(
      {"--sub-blobs", "", fitting, "", "fit large blobs in overlapping parts", "", kProducts}));
  t.push_back(
      row<&O::fitting, &F::max_blob_pixels>({"--max-blobsize", "", fitting, "PIXELS",
                                             "leave out blobs of more pixels", "", kProducts, at_least(0)}));
  using B = BlobChoice;
  t.push_back(row<&O::blobs, &B::blob_count>(
      {"--nblobs", "", fitting, "N", "fit this many blobs", "", kProducts, at_least(1)}));
  t.push_back(row<&O::blobs, &B::first_blob>(
      {"--blob", "", fitting, "N", "fit the blobs from this number on", "", kProducts, at_least(0)}));
  t.push_back(comma_row<&O::blobs, &B::blob_numbers>(
      {"--blobid", "", fitting, "N,N,...", "fit the blobs of these numbers", "", kProducts, at_least(0)}));
  t.push_back(row<&O::blobs, &B::blobs_at>(
      {"--blobxy", "", fitting, "X Y", "fit the blob at this pixel of the brick", "", kProducts}));
  t.push_back(row<&O::blobs, &B::blobs_at_sky>(
      {"--blobradec", "", fitting, "RA DEC", "fit the blob at this place, degrees", "", kProducts}));
  t.push_back(row<&O::explain, &ExplainOptions::explain_blobs>(
      {"--explain-blob", "", fitting, "BLOB",
       "write a page about how this blob of the catalog was fitted (or that at pixel x,y)", "", kPaths}));
  t.push_back(row<&O::metrics, &MetricsOptions::metrics>(
      {"--skip-metrics", "", fitting, "", "write no blob map and no table of all models", "", kProducts}));

  const std::string_view coadds = "Coadds";
  t.push_back(row<&O::pictures, &PictureOptions::rgb_stretch>({"--rgb-stretch", "", coadds, "F",
                                                               "stretch of the colour pictures", "",
                                                               kProducts, above_up_to(0, 1e6)}));
  t.push_back(row<&O::pictures, &PictureOptions::coadd_bw>(
      {"--coadd-bw", "", coadds, "", "grey pictures when there is one band", "", kProducts}));
  t.push_back(row<&O::stacking, &StackingOptions::lanczos>(
      {"--no-lanczos", "", coadds, "", "stack the nearest pixels, not interpolated ones", "", kProducts}));
  t.push_back(row<&O::reading, &ReadingOptions::apodize>(
      {"--apodize", "", coadds, "", "let the images' weights fall off towards their edges", "", kProducts}));
  using E = EarlyCoaddOptions;
  t.push_back(
      row<&O::early_coadds, &E::minimal>({"--minimal-coadds", "", coadds, "",
                                          "stage image_coadds: image, invvar and nexp only", "", kProducts}));
  t.push_back(row<&O::early_coadds, &E::blob_image>(
      {"--blob-image", "", coadds, "",
       "stage image_coadds comes after srcs, with the blobs outlined in a picture", "", kProducts}));
  t.push_back(row<&O::early_coadds, &E::blob_mask>(
      {"--blob-mask", "", coadds, "", "stage image_coadds comes after blobmask, whose mask it holds", "",
       kProducts}));
  t.push_back(row<&O::stacking, &StackingOptions::save_coadd_psf>(
      {"--save-coadd-psf", "", coadds, "", "write each band's coadded PSF", "", kProducts}));

  const std::string_view space = "WISE and GALEX";
  using W = WiseOptions;
  t.push_back(row<&O::wise, &W::wanted>({"--no-wise", "", space, "", "no unWISE photometry", "", kProducts}));
  t.push_back(used_if(
      [](const O& o) { return o.wise.wanted; },
      naming(
          PathKind::kDirectories,
          row<&O::wise, &W::coadd_dirs>(
              {"--unwise-dir", "", space, "DIR[:DIR...]",
               "directories of unWISE's full-depth coadds, searched in order (unset: no unWISE photometry)",
               "UNWISE_COADDS_DIR", kPaths}))));
  t.push_back(used_if(with_wise, naming(PathKind::kDirectory,
                                        row<&O::wise, &W::epoch_dir>(
                                            {"--unwise-tr-dir", "", space, "DIR",
                                             "directory of the time-resolved coadds (unset: no light curves)",
                                             "UNWISE_COADDS_TIMERESOLVED_DIR", kPaths}))));
  t.push_back(used_if(
      with_wise, naming(PathKind::kDirectory,
                        row<&O::wise, &W::model_sky_dir>({"--unwise-model-sky-dir", "", space, "DIR",
                                                          "directory of backgrounds to take off W1 and W2",
                                                          "UNWISE_MODEL_SKY_DIR", kPaths}))));
  t.push_back(used_if(
      with_wise, naming(PathKind::kDirectory,
                        row<&O::wise, &W::psf_dir>({"--unwise-psf-dir", "", space, "DIR",
                                                    "directory of the models of WISE's PSF, psf_model_*.fits",
                                                    "UNWISE_PSF_DIR", kPaths}))));
  t.push_back(used_if(
      with_wise, naming(PathKind::kFile,
                        row<&O::wise, &W::tiles_file>(
                            {"--unwise-tiles", "", space, "FILE",
                             "table of unWISE's tiles (unset: wise-tiles.fits beside the models of the PSF)",
                             "UNWISE_TILES", kPaths}))));
  t.push_back(row<&O::wise, &W::epochs>(
      {"--wise-epochs", "", space, "N",
       "epochs in the catalog's light curves (unset: by the name of --unwise-tr-dir, neo4 to neo11, else 17)",
       "", kProducts, within(1, 1000)}));
  t.push_back(row<&O::wise, &W::gaia_only>({"--wise-gaia-only", "", space, "",
                                            "WISE photometry of sources of reference catalogs alone", "",
                                            kProducts}));
  t.push_back(row<&O::wise, &W::coadds>(
      {"--no-unwise-coadds", "", space, "", "no coadds, pictures and apertures of unWISE", "", kProducts}));
  t.push_back(row<&O::wise, &W::save_psf>(
      {"--save-unwise-psf", "", space, "", "write the PSFs of unWISE's coadds", "", kProducts}));
  t.push_back(row<&O::wise, &W::checkpoint>(
      {"--wise-checkpoint", "", space, "FILE",
       "keep finished bands and epochs here, and take them from here if the run is repeated", "", kPaths}));
  t.push_back(row<&O::control, &ControlOptions::no_wise_ceres>(
      {"--no-wise-ceres", "", space, "", "accepted and without meaning: WISE's fluxes are exact anyhow", "",
       kControl}));
  t.push_back(row<&O::galex, &GalexOptions::wanted>(
      {"--galex", "", space, "", "GALEX photometry too", "", kProducts}));
  t.push_back(used_if(
      [](const O& o) { return o.galex.wanted; },
      naming(PathKind::kDirectory, row<&O::galex, &GalexOptions::dir>({"--galex-dir", "", space, "DIR",
                                                                       "directory of GALEX's fields and PSFs",
                                                                       "GALEX_DIR", kPaths}))));

  const std::string_view control = "Control";
  using K = ControlOptions;
  t.push_back(row<&O::control, &K::stages>(
      {"--stage", "-s", control, "NAME", "stage to run up to (unset: writecat)", "", kControl}));
  t.push_back(row<&O::control, &K::state_pattern>(
      {"--state",
       "-P",
       control,
       "PATTERN",
       "files of saved state, relative to the output directory, with %(brick)s and %(stage)s in the name",
       "",
       kControl,
       {},
       "--pickle"}));
  t.push_back(row<&O::control, &K::force_stages>(
      {"--force-stage",
       "-f",
       control,
       "NAME",
       "make this stage anew, and all that needs what it makes, whatever state there is",
       "",
       kControl,
       {},
       "--force"}));
  t.push_back(row<&O::control, &K::force_all>(
      {"--force-all", "-F", control, "", "use no saved state", "", kControl}));
  t.push_back(
      row<&O::control, &K::no_write>({"--no-write", "-n", control, "", "save no state", "", kControl}));
  t.push_back(row<&O::control, &K::write_stages>(
      {"--write-stage", "-w", control, "NAME",
       "save the state of this stage, and of those before it without which it is of no use, and of no others "
       "(wins over --no-write)",
       "", kControl}));
  t.push_back(row<&O::control, &K::keep_state>(
      {"--keep-state", "", control, "", "keep the state when the run has come to its end", "", kControl}));
  t.push_back(row<&O::control, &K::preset>({"--run", "-r", control, "NAME",
                                            "options of a preset: a file NAME.toml of ours or of yours", "",
                                            kControl}));
  t.push_back(row<&O::control, &K::config>({"--config", "", control, "FILE",
                                            "options from this file; a key per option, without the dashes",
                                            "BRICKLINE_CONFIG", kControl}));
  t.push_back(row<&O::control, &K::dump_config>({"--dump-config", "", control, "",
                                                 "only print the options as such a file, with who said what",
                                                 "", kControl}));
  t.push_back(row<&O::control, &K::log_json>(
      {"--log-json", "", control, "", "log and progress as JSON, an object per line", "", kControl}));
  t.push_back(row<&O::control, &K::page>({"--no-page", "", control, "",
                                          "write no page of the run (metrics/BBB/run-BRICK.html and .json)",
                                          "", kControl}));
  t.push_back(row<&O::control, &K::checkpoint>(
      {"--checkpoint", "", control, "FILE",
       "journal of fitted blobs, from which an interrupted run goes on (unset: beside the saved state, unless "
       "none is written)",
       "", kControl}));
  t.push_back(row<&O::control, &K::checkpoint_period_seconds>(
      {"--checkpoint-period", "", control, "SECONDS",
       "how much fitting may be lost at most: unfinished blobs go into the journal as often (with --fit joint no "
       "less than a step of all of a blob's sources is kept, which may take longer)",
       "", kControl, within(0, 1e6)}));
  t.push_back(row<&O::control, &K::time_limit_seconds>(
      {"--time-limit", "", control, "SECONDS",
       "end before so much time is over, with exit code 75, so that the same command goes on from there (too little "
       "for a step that is new gets no further: a warning says so)",
       "", kControl, above_up_to(0, 1e8)}));
  t.push_back(row<&O::bail_out, &BailOutOptions::bail_out>(
      {"--bail-out", "", control, "",
       "fit no more blobs: finish with those in the journal; of the others, only sources of reference catalogs "
       "are listed, as they came (MASKBITS: BAILOUT)",
       "", kProducts}));
  t.push_back(row<&O::control, &K::plan>({"--plan", "", control, "",
                                          "only say which stages would run, each with its key, and why", "",
                                          kControl}));
  t.push_back(row<&O::control, &K::threads>(
      {"--threads", "", control, "N", "threads", "", kControl, within(1, 4096)}));
  t.push_back(row<&O::control, &K::max_memory_gb>(
      {"--max-memory-gb", "", control, "GB",
       "stay below so many 10^9 bytes of memory: images are kept in a file without a name in the output "
       "directory where that takes less; ends before any pixel is read where it cannot be done, and joint fits, "
       "of which fewer are made at once where they must, before the first where one may take more",
       "", kControl, above_up_to(0, 1e9)}));
  t.push_back(row<&O::release, &ReleaseOptions::release>(
      {"--release", "", control, "N", "catalog release number", "", kProducts, within(0, 32767)}));
  t.push_back(row<&O::release, &ReleaseOptions::survey_name>(
      {"--survey-name", "", control, "TEXT",
       "what the products call the survey (unset: survey.json of the survey "
       "directory)",
       "", kProducts}));
  t.push_back(row<&O::release, &ReleaseOptions::data_release>(
      {"--data-release", "", control, "TEXT", "what the products call the data release (unset: survey.json)",
       "", kProducts}));
  t.push_back(row<&O::reading, &ReadingOptions::trust_header>(
      {"--trust-header", "", control, "",
       "where an image's WCS and the CCD table disagree, believe the image's header", "", kProducts}));
  t.push_back(row<&O::reading, &ReadingOptions::trust_table>(
      {"--trust-table", "", control, "",
       "the same, but believe the CCD table's linear WCS; and its band, where an image's header says another",
       "", kProducts}));
  t.push_back(row<&O::control, &K::skip>({"--skip", "", control, "",
                                          "do nothing if the brick was done before, with these options", "",
                                          kControl}));
  t.push_back(row<&O::control, &K::skip_coadd>(
      {"--skip-coadd", "", control, "", "do nothing if the brick's picture is there", "", kControl}));
  t.push_back(row<&O::control, &K::check_done>({"--check-done", "", control, "",
                                                "only say whether the brick is done: exit code 0 or 7", "",
                                                kControl}));
  t.push_back(
      count_row<&O::control, &K::verbosity>({"--verbose", "-v", control, "", "say more", "", kControl}));
  return t;
}

}  // namespace

std::span<const OptionRow> option_table() {
  static const std::vector<OptionRow> table = make_table();
  return table;
}

std::string OptionRow::default_text() const {
  if (words == 0) return {};
  const std::vector<Words> all = written(BrickOptions{});
  return all.empty() ? std::string() : fmt::format("{}", fmt::join(all.front(), " "));
}

const OptionRow* find_option(std::string_view flag) {
  for (const OptionRow& r : option_table())
    if (r.flag == flag || (!flag.empty() && (r.short_flag == flag || r.other_flag == flag))) return &r;
  return nullptr;
}

std::vector<Words> given_options(const BrickOptions& options,
                                 const std::function<bool(const OptionRow&)>& which) {
  std::vector<Words> given;
  for (const OptionRow& r : option_table()) {
    if (!which(r)) continue;
    for (const Words& words : r.occurrences(options)) {
      given.push_back({std::string(r.flag)});
      given.back().insert(given.back().end(), words.begin(), words.end());
    }
  }
  std::ranges::stable_sort(given, {}, [](const Words& words) { return words.front(); });
  return given;
}

namespace {

std::string canonical_line(const BrickOptions& options, const std::function<bool(const OptionRow&)>& which) {
  std::vector<CommandOption> given;
  for (const Words& words : given_options(
           options, [&](const OptionRow& r) { return r.effect == OptionEffect::kProducts && which(r); }))
    given.push_back({words.front(), {words.begin() + 1, words.end()}});
  return canonical_command_line("runbrick", std::move(given));
}

}  // namespace

std::string canonical_options(const BrickOptions& options) {
  return canonical_line(options, [](const OptionRow&) { return true; });
}

std::string canonical_options(const BrickOptions& options, const std::set<std::string_view>& groups) {
  return canonical_line(options, [&](const OptionRow& row) { return groups.contains(row.group); });
}

namespace {

void check_range(const OptionRow& row, const BrickOptions& options) {
  if (!row.range.any()) return;
  const auto& [least, most, above_least] = row.range;
  for (const Words& words : row.occurrences(options))
    for (const std::string& word : words)
      for (const std::string& number : CommaList::elements(row.flag, word)) {
        const double value = number_option(row.flag, number);
        if ((above_least ? value > least : value >= least) && value <= most) continue;
        const std::string low =
            std::isfinite(least) ? fmt::format("{} {}", above_least ? "above" : "at least", least) : "";
        const std::string high = std::isfinite(most) ? fmt::format("at most {}", most) : "";
        throw usage_error("{} {}: must be {}{}{}", row.flag, word, low,
                          !low.empty() && !high.empty() ? " and " : "", high);
      }
}

void check_band_names(std::string_view option, const std::vector<std::string>& bands) {
  for (const std::string& band : bands)
    if (band.find_first_of(" \t;:|") != std::string::npos)
      throw usage_error("{}: '{}' is no name of a band; between bands there are commas", option, band);
}

void check_region(const RegionOptions& o) {
  if (o.brick.empty() && !o.radec) throw usage_error("which brick? give --brick NAME or --radec RA DEC");
  if (!o.brick.empty() && o.radec) throw usage_error("--brick and --radec contradict each other: give one");
  if (o.bands.empty()) throw usage_error("--bands: no band is named");
  check_band_names("--bands", o.bands);
  if (std::set<std::string>(o.bands.begin(), o.bands.end()).size() != o.bands.size())
    throw usage_error("--bands {}: a band is named twice", fmt::join(o.bands, ","));
  if (o.min_mjd && o.max_mjd && *o.min_mjd > *o.max_mjd) throw usage_error("--min-mjd is after --max-mjd");
  if (!o.zoom) return;
  const auto& z = *o.zoom;
  if (z[0] < 0 || z[2] < 0 || z[1] > o.width || z[3] > o.height || z[1] <= z[0] || z[3] <= z[2])
    throw usage_error("--zoom {} {} {} {} is not a part x0 < x1, y0 < y1 of the {} x {} brick", z[0], z[1],
                      z[2], z[3], o.width, o.height);
}

void check_blobs(const BlobChoice& o) {
  const int ways = (o.first_blob || o.blob_count) + !o.blob_numbers.empty() +
                   (!o.blobs_at.empty() || !o.blobs_at_sky.empty());
  if (ways > 1)
    throw usage_error(
        "blobs are chosen by --blob/--nblobs, --blobid or --blobxy/--blobradec: only one of them");
}

}  // namespace

void require_typed_paths(const BrickOptions& options,
                         const std::function<std::string(const OptionRow&)>& typed) {
  for (const OptionRow& row : option_table()) {
    if (row.names == PathKind::kAny) continue;
    const std::string as = typed(row);
    if (as.empty() || !row.is_used(options)) continue;
    for (const Words& words : row.occurrences(options))
      for (const std::string& word : words) require_typed(as, word, row.names, row.holds);
  }
}

void require_typed_paths(const BrickOptions& options) {
  require_typed_paths(options, [](const OptionRow& row) { return std::string(row.flag); });
}

void check_options(const BrickOptions& options) {
  for (const OptionRow& row : option_table()) check_range(row, options);
  check_region(options.region);
  check_blobs(options.blobs);
  if (options.reading.trust_header && options.reading.trust_table)
    throw usage_error("--trust-header and --trust-table contradict each other: give one");
  check_band_names("--forced-bands", options.forced_bands.bands);
  for (const std::string& band : options.forced_bands.bands)
    if (std::ranges::count(options.region.bands, band) +
            std::ranges::count(options.forced_bands.bands, band) !=
        1)
      throw usage_error("--forced-bands {}: band {} is fitted (--bands), or there twice",
                        fmt::format("{}", fmt::join(options.forced_bands.bands, ",")), band);
  check_state_pattern(options.control.state_pattern);
  const std::string& scheme = options.references.gaia_scheme;
  if (!scheme.empty() && scheme != "ring" && scheme != "nested")
    throw usage_error("--gaia-scheme {}: the schemes are ring and nested", scheme);
  const std::string& fit = options.way.fit;
  if (fit != "reference" && fit != "joint")
    throw usage_error("--fit {}: sources are fitted as the reference does it, or joint", fit);
  if (options.fitting.bulge_disk_of_all && fit != "joint")
    throw usage_error("--bulge-disk is for sources that are fitted together: add --fit joint");
  if (options.fitting.bulge_disk_of_all && !options.fitting.bulge_disk)
    throw usage_error("--bulge-disk and --no-bulge-disk contradict each other");
}

}  // namespace brickline
