// What is known of a piece of sky before its pixels are looked at: bright and moving stars (Gaia, Tycho-2),
// star clusters, large galaxies, the Magellanic Clouds; where they stand, how bright they are, how far they
// spoil the pixels around them, and what fitting may do with them. Units: core/refs/reference_object.h.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/environment.h"
#include "core/base/image.h"
#include "core/base/log.h"
#include "core/facts/band_facts.h"
#include "core/model/galaxy_profiles.h"
#include "core/refs/reference_object.h"
#include "core/survey/survey_directory.h"
#include "core/wcs/wcs.h"

namespace brickline {

inline constexpr std::string_view kTycho2File = "tycho2.kd.fits";

enum class HealpixScheme { kRing, kNested };

// Which catalogs are read, and from where. An empty path is a catalog that nobody gave.
struct ReferenceOptions {
  bool tycho = true, gaia = true, large_galaxies = true, star_clusters = true;  // false: not wanted
  // A catalog that is wanted and absent is an Error (kInput) instead of a warning.
  bool require_all = false;
  // The program has options that say where catalogs are, and to do without them; else messages advise variables alone.
  bool has_options = true;

  std::filesystem::path tycho_file;   // kTycho2File
  std::filesystem::path gaia_dir;     // of files <prefix>-<healpix, five digits>.fits, nside 32
  std::string gaia_prefix = "chunk";  // of their names
  HealpixScheme gaia_scheme = HealpixScheme::kRing;
  std::string gaia_version = "1";             // the text after "G" in the reference catalog's name
  std::filesystem::path large_galaxies_file;  // SGA-2020 or SGA-2025, ellipse or parent form
  std::filesystem::path star_clusters_file;   // NGC-star-clusters.fits

  // How far beyond the image stars (clusters, too) and galaxies are looked for, degrees. Empty: as far as the
  // brightest star's mask reaches (StarMask); 2 degrees.
  std::optional<double> gaia_margin, galaxy_margin;
  // That fluxes of large galaxies' models are to be of. A file's are of what its header says (core/model/profiles_card.h); those
  // of others are brought to these by core/model/light_share.h.
  GalaxyProfiles profiles = GalaxyProfiles::kReference;
  // Parents of SGA-2020 set the GALAXY mask bit, as they did in earlier releases of the reference pipeline.
  bool sga2020_parents_set_maskbit = false;
};

// Paths from TYCHO2_KD_DIR (else the survey's own tycho2.kd.fits), GAIA_CAT_DIR, GAIA_CAT_PREFIX,
// GAIA_CAT_SCHEME, GAIA_CAT_VER, LARGEGALAXIES_CAT and STAR_CLUSTERS_CAT (else the survey's own
// NGC-star-clusters.fits). A path that does not exist is kept, so that reading it can name it. Error (kUsage)
// for a scheme that is neither ring nor nested.
ReferenceOptions reference_options(const SurveyDirectory& survey,
                                   const Environment& environment = process_environment);

// Whether there is any of Gaia's files in their directory.
bool has_gaia_files(const ReferenceOptions& options);

// How far a star spoils the pixels around it: radius = 1630 arcsec x 1.396^-mag (the Legacy Surveys' fit to
// the sizes of bright stars' halos).
struct StarMask {
  static constexpr double kRadiusOfMagnitude0 = 1630. / 3600, kBase = 1.396;  // degrees
  static constexpr float kBrightLimit = 13, kMediumLimit = 16;
  static float radius_degrees(float mag);
};

struct ReferenceCatalog {
  std::vector<ReferenceObject> rows;  // Tycho-2, Gaia, clusters, galaxies, in this order
  // The bands of band_mags: g, r, i, z and those of the run's others that have a transform.
  std::vector<std::string> mag_bands;
  // What contributed rows before those that do not touch the image were dropped: decides the columns of the
  // reference file.
  bool had_gaia = false, had_tycho = false, had_clusters = false, had_galaxies = false;
  // Catalogs that were wanted and absent, in words ("no star clusters: ..."), as in the log.
  std::vector<std::string> absent;
  // Files that rows were read from, for provenance; with the large galaxies' version ("L3", "LG"; empty:
  // none).
  std::vector<std::filesystem::path> files;
  std::string large_galaxies_version;

  bool empty() const { return rows.empty(); }
  // The predicted magnitude of a row in a band, 0 if there is none.
  float band_mag(const ReferenceObject& row, std::string_view band) const;
};

// All reference objects that touch the image of `wcs` (a brick's, or one CCD's), with models in `bands`.
// `band_facts` may hold transforms of bands beyond the survey's own. Error (kInput): a file that is there and
// cannot be used, a Gaia file of the region that is missing; the message names the option that does without.
ReferenceCatalog read_references(const ReferenceOptions& options, const Wcs& wcs,
                                 std::span<const std::string> bands,
                                 const std::map<std::string, BandFacts>& band_facts = {},
                                 const Log& log = {});

// Which pixels the rows spoil: bits of refbit (core/survey/bits.h). Circles of BRIGHT (half the radius) and
// MEDIUM around stars, ellipses of the others, at the catalog's unmoved positions.
Image<std::uint8_t> reference_mask(std::span<const ReferenceObject> rows, const Wcs& wcs);
// The same of the chosen rows only.
Image<std::uint8_t> reference_mask(std::span<const ReferenceObject> rows, const Wcs& wcs,
                                   const std::function<bool(const ReferenceObject&)>& chosen);

}  // namespace brickline
