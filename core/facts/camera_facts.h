// What a camera says of itself, as plain values.
//
// A camera's facts cross the plugin boundary as one JSON text; `parse_camera_facts` makes these values of it,
// with every default filled in, so that the pipeline never looks at JSON. Pixels are those of the full CCD,
// 0-based; boxes are half-open. The keys of the JSON text are the member names below unless a comment says
// otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/image.h"
#include "core/facts/band_facts.h"
#include "core/facts/conditions.h"
#include "core/facts/halo_model.h"
#include "core/facts/mask_operation.h"

namespace brickline {

// ---- Where a value comes from ----

struct Source {
  enum class As { kText, kInteger, kReal, kSexagesimalHours, kSexagesimalDegrees, kIsoUtc, kVersion };
  enum class Case { kKeep, kLower, kUpper };
  enum class Combine { kFirst, kMean, kMedian };
  std::vector<std::string> keys;
  std::optional<std::variant<std::string, double>> constant;  // instead of a card
  HeaderOf in = HeaderOf::kPrimary;
  As as = As::kText;
  Pattern match;
  std::string take;
  int word = 0;                // n-th blank-separated word, 1 = first; 0 = all
  bool basename = false;       // last path component
  std::optional<int> digits;   // digits only, first n (0 = all), after ".fits" and ".fz" are removed
  Case letters = Case::kKeep;  // key "case"
  std::map<std::string, std::string> map;  // exact text to text; "*" catches the rest
  double scale = 1, offset = 0;
  Combine combine = Combine::kFirst;
  std::optional<Condition> require;
};
// The first source that gives a value wins.
using Sources = std::vector<Source>;

// Absent cards, blanks and non-finite numbers give no value. A card that is there but cannot be read as it
// should is an Error (kInput) naming the key. Angles become degrees, ISO dates MJD.
std::optional<std::string> text_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers);
std::optional<double> number_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers);
std::optional<std::int64_t> integer_of(const Sources& sources, const CcdValues& ccd, CcdHeaders& headers);

// ---- Identity ----

struct CameraIdentity {
  std::string name;
  std::vector<std::string> aliases;
  std::vector<std::map<std::string, std::string>> claims;  // card -> pattern; any object, all its cards
};

struct DetectorFacts {
  double pixel_scale_arcsec = 0;  // nominal
  int ccds_per_exposure = 0;      // 0 = unknown
  TextMatch ccd_names;
  std::optional<std::array<int, 2>> size_pixels;  // typical
  std::vector<std::string> bands;
};

struct HduFacts {
  int primary = 0;  // the HDU whose header counts as the primary one
  // Which HDUs are CCDs: all extensions (the primary if there are none), or these.
  bool all_extensions = true;
  std::vector<int> numbers;
  TextMatch names;  // EXTNAMEs
};

struct CheckFacts {
  enum class Extname { kWarn, kError, kOff };
  enum class Versions {
    kFull,
    kPsf,
    kExistence
  };  // what must agree between image, mask, weight and calibrations
  enum class Astrometry { kNastrom, kAlways };
  Extname extname = Extname::kError;  // an HDU that bears another CCD's name, and none bears this one's
  std::optional<Condition> calibration_good;
  Versions version_validation = Versions::kExistence;
  Sources expnum_from_obsid;  // used in header validation where EXPNUM is absent
  Astrometry has_astrometry = Astrometry::kNastrom;
};

struct MetadataFacts {
  enum class Airmass { kHeaderElseComputed, kComputed, kHeader, kConstant };
  enum class TimeReference { kStart, kMiddle };
  // By field: camera band expnum ccdname mjd_obs exptime fwhm gain propid object plver plprocid procdate ha
  // ra_bore dec_bore airmass pixel_scale. Always all of them.
  std::map<std::string, Sources, std::less<>> fields;
  Airmass airmass_policy = Airmass::kHeaderElseComputed;
  double airmass_constant = 1;
  std::optional<std::array<double, 3>> site_geocentric_m;
  TimeReference time_reference = TimeReference::kStart;
  const Sources& of(std::string_view field) const;  // the field must be one of those
};

// ---- Files and pixels ----

// How the name of a mask or weight file follows from the image's.
struct CompanionFile {
  enum class Kind { kNone, kSubstitute, kSameFile, kPattern };
  Kind kind = Kind::kNone;
  // On the whole relative path, every occurrence; at least one must apply.
  std::vector<std::array<std::string, 2>> substitute;
  std::string pattern;  // with {dir} {base} {ccd} {expnum}
  struct Hdu {
    enum class Kind { kSame, kNumber, kOffset, kName, kSubstituteName };
    Kind kind = Kind::kSame;
    int number = 0;
    std::string name;
    std::array<std::string, 2> substitute;  // of the image's EXTNAME
  } hdu;
};
// The relative path of a companion; empty if there is none. Error (kInput) if no substitution applies.
std::string companion_path(const CompanionFile& rule, const CcdValues& ccd);

struct FileFacts {
  enum class BaseName { kFirstDot, kStripFits };
  CompanionFile mask, weight;
  BaseName base_name = BaseName::kFirstDot;
  std::map<std::string, std::optional<std::string>> calibration;  // product -> pattern; stated ones only
};
// The image file's name without directory and endings.
std::string base_name(FileFacts::BaseName rule, std::string_view image_filename);
// A pattern with {dir} (of the image, "." where there is none), {base}, {ccd} and {expnum} filled in.
std::string expanded(std::string pattern, FileFacts::BaseName rule, const CcdValues& ccd);

struct PixelFacts {
  enum class Unit { kTotal, kPerSecond };
  enum class Nan { kError, kZeroAndMask };
  Unit unit = Unit::kTotal;
  std::string quantity = "adu";
  bool exposure_term = true;  // the zero point gets + 2.5 log10(exptime); default: unit is total
  bool multiply_by_exptime_for_measuring = false;
  Nan nan = Nan::kError;
  struct Asinh {  // v = boffset + 2 bsoften sinh(v/scale)
    std::string boffset, bsoften;
    double scale = 1.085736;
  };
  std::optional<Asinh> decode_asinh;
};
// Zero point of the pixels as they are in the file: ccdzpt, plus 2.5 log10(exptime) where the facts say so.
// The logarithm is taken in single precision, as exposure times are stored.
double effective_zero_point(const PixelFacts& pixels, double ccdzpt, double exptime);

// ---- Masks ----

struct MaskFacts {
  std::vector<MaskOperation> pipeline;  // every one that applies, in order
  std::uint16_t saturation_bits = 2;
};

// Key saturation.rules.
struct SaturationRule {
  Condition when;
  double above = 0;  // pixel value
  bool unmasked_only = false;
};

// One side of the good region: `at`, or that many pixels before the far edge.
struct RegionLimit {
  int at = 0;
  bool from_far_edge = false;
};
// Key good_region: [{"when": {...}, "x0": 0, "y1": "height-100"}] or [{"card": "DATASEC"}].
struct GoodRegionRule {
  Condition when;
  std::optional<RegionLimit> x0, x1, y0, y1;
  std::string card;  // or a card "[x0:x1,y0:y1]", 1-based inclusive
};
// The intersection of all rules that apply with the whole CCD (ccd.width x ccd.height).
Box good_region(const std::vector<GoodRegionRule>& rules, const CcdValues& ccd,
                CcdHeaders* headers = nullptr);

// ---- Weights and amplifiers ----

struct WeightFacts {
  enum class Kind { kInverseVariance, kVariance, kSigma, kConstant };
  struct ShotNoise {
    Sources sky, seconds;
  };
  Rules<Kind> kind{Kind::kInverseVariance};
  bool quantisation_repair = true;
  std::optional<double> clip_factor = 1.3;
  int trim_excess_pixels = 0;  // a plane larger by 2n in both axes loses n on each side
  std::optional<ShotNoise> shot_noise;
  bool zero_where_mask = true;
};

// Key amplifiers.table: [{"when": {...}, "box": [x0, x1, y0, y1], "dzp_mag": m}]; every row that applies.
struct AmplifierRow {
  Condition when;
  Box box;
  double dzp_mag = 0;  // pixels are multiplied by 10^(0.4 dzp)
};

struct SkyEstimateFacts {
  enum class Estimate { kClipped, kZero, kHeader };
  Estimate estimate = Estimate::kClipped;
  Sources header;
};

// ---- World coordinates, PSF, sky ----

struct WcsFacts {
  enum class Kind { kHeader, kCards, kSidecar };
  // A file beside the image: text as of SCAMP (.head), or the headers of a FITS file.
  struct Sidecar {
    enum class Format { kCards, kFits };
    std::string path;  // relative to the image or of a place ("calib:..."), with {dir} {base} {ccd} {expnum}
    Format format = Format::kCards;
  };
  Kind kind = Kind::kHeader;
  std::string projection = "TAN";
  std::map<std::string, Sources> cards;
  std::vector<Sidecar> sidecars;  // the first that exists
  bool offset = true;             // the CCD table's ccdraoff, ccddecoff are applied
};

struct PsfFacts {
  enum class Origin { kCalibration, kPlugin, kNone };
  struct Special {
    std::optional<int> degree;
    std::string flags;
  };
  Origin source = Origin::kCalibration;
  int size_pixels = 63, degree = 2;
  double sampling = 1;
  std::array<double, 2> fwhm_range_pixels{2, 30};
  double min_sn = 20, max_ellipticity = 0.3;
  std::uint32_t flag_mask = 0xff;
  std::string special;  // file of lines "expnum[-ccd] flags"
  std::vector<Rule<Special>> rules;
};
struct DetectionFacts {
  std::string preset = "common";
  std::map<std::string, std::string> keys;  // source-extractor's
  std::vector<std::vector<double>> filter;  // convolution matrix; empty: the preset's
  std::uint32_t mask_clear_bits = 0;
};
struct PsfexFacts {
  std::map<std::string, std::string> keys;
};
struct SkyFacts {
  enum class Origin { kCalibration, kPlugin, kNone, kZero };
  struct Template {
    std::string environment, scales, image;
  };
  Origin source = Origin::kCalibration;
  int box_pixels = 1024;
  bool boxcar_mask = true;
  Rules<bool> jump{false};
  bool before_psf = false;
  std::optional<Template> sky_template;  // key "template"
  bool subtract_halos = false;
};

// ---- Photometry and quality ----

struct ColourTerm {
  std::string base;                                  // band whose magnitude is added to
  std::array<std::string, 2> colour;                 // first minus second
  std::vector<double> coefficients;                  // none: the band cannot be calibrated
  std::array<double, 2> clip{-1, 1};                 // of the term, mag
  std::optional<std::array<double, 2>> colour_clip;  // of the colour, before the polynomial
  std::optional<std::array<double, 2>> valid;        // colours of stars that zero points may be measured with
  double error = 0;  // mag, by which it is off for all stars alike; 0: not told
};
struct BandPhotometry {
  std::optional<double> zero_point;  // AB mag of 1 count/s
  double extinction_per_airmass = 0.1;
  Sources header_zero_point;
  std::array<double, 2> star_mag_range{16, 20};
  // The band's response to photons: wavelengths (nm, increasing) and responses on any scale. Empty: not known.
  std::vector<std::array<double, 2>> transmission;
};
struct CatalogueFacts {
  std::map<std::string, ColourTerm> bands;
  std::map<std::string, std::array<double, 2>> colour_range;  // by band; "*" for the rest
  std::vector<std::string> require;
  std::string files, scheme, ra, dec;  // of a catalogue of the user's own
  int nside = 0;
  std::map<std::string, std::string> columns;
};
struct Detrend {
  double reference = 0, airmass_slope = 0;
  std::vector<std::array<double, 5>> segments;  // d0, d1, zi, zf, c0; days from MJD 56658.5
};
struct PhotometryFacts {
  std::map<std::string, BandPhotometry> bands;  // of every band of the detector
  std::map<std::string, CatalogueFacts> catalogues;
  std::vector<std::string> preferred_catalogue{"ps1", "gaia"};
  std::map<std::string, Detrend> detrend;
};

// What makes calibrations and judges CCDs reads it.
struct QualityFacts {
  struct ExtraCut {
    Condition when;
    std::optional<CardCondition> column;  // on a column of the CCD table (key: its name), instead of a card
    std::string bit;
  };
  struct Tiles {
    std::string file, object;
  };
  std::map<std::string, std::array<double, 2>> zero_point_window;  // mag, by band; others [0, 100]
  double max_radec_rms_arcsec = 0.2, max_zero_point_difference_mag = 0.1;
  std::map<std::string, double> max_sky_per_second;
  double max_sky_counts = 35000, max_photometric_rms_mag = 0.1, min_exptime_seconds = 30,
         max_seeing_arcsec = 3;
  int min_stars = 20;
  std::vector<ExtraCut> extra_cuts;
  std::vector<std::string> accepted_plver;  // prefixes; none = any
  std::vector<std::string> survey_bands{"g", "r", "i", "z"};
  double min_good_ccd_fraction = 0.7;
  std::string bad_exposures;  // file of lines "expnum[-ccd] reason"
  std::optional<Tiles> tiles;
};

// Bright stars' halos: the profile of each band, and the window that it is rendered in (HaloModel).
struct HaloFacts {
  std::map<std::string, Rules<HaloProfile>> bands;
  // An earlier schema called the third "max_radius_pixels", though it was arcsec then, too; that key is still
  // read.
  double inner_arcsec = 7, inner_ramp_arcsec = 1, max_radius_arcsec = 400, radius_factor = 8, scaling = 1;
  // What a CCD's stars look like, without the inner profile of its PSF calibration; empty for a band, or a
  // CCD, that no rule covers.
  std::optional<HaloModel> model(const CcdValues& ccd, CcdHeaders* headers = nullptr) const;
};

// ---- All of it ----

struct CameraFacts {
  CameraIdentity camera;
  std::string title, institution, contact, url;
  DetectorFacts detector;
  std::vector<BandFacts> bands;  // in the detector's order; what this camera states, no standard values
  HduFacts hdus;
  CheckFacts checks;
  MetadataFacts metadata;
  FileFacts files;
  PixelFacts pixels;
  std::vector<std::string> window_dependent_steps;
  MaskFacts mask;
  std::vector<SaturationRule> saturation;
  std::vector<GoodRegionRule> good_region;
  WeightFacts weight;
  std::vector<AmplifierRow> amplifiers;
  SkyEstimateFacts sky_estimate;
  WcsFacts wcs;
  PsfFacts psf;
  DetectionFacts detection;
  PsfexFacts psfex;
  SkyFacts sky;
  PhotometryFacts photometry;
  QualityFacts quality;
  std::optional<HaloFacts> halo;

  const BandFacts* band(std::string_view name) const;  // null if not one of this camera's
};

// What is known of each band where these cameras are at work. Each member comes from the first camera that
// states it; what none states is the standard's.
std::map<std::string, BandFacts> facts_of_bands(std::span<const std::string> bands,
                                                std::span<const CameraFacts* const> cameras);

// The schema that this program knows.
inline constexpr int kFactsMajor = 1, kFactsMinor = 1;

struct ParsedFacts {
  CameraFacts facts;
  std::vector<std::string> problems;  // "path: what, expected what; did you mean K?"; empty if all is well
  std::vector<std::string> warnings;
};
// `text` must be complete (see merge_camera_facts). Never throws for what the text holds: all problems are
// listed.
ParsedFacts parse_camera_facts(std::string_view text, const CameraIdentity& identity);

// The camera that the text extends; empty if none. Error (kInput) if the text is not a JSON object.
std::string extended_camera(std::string_view text);
// `own` laid over `base`: objects merge by key; other values replace; "key+" appends to and "+key" goes
// before the base's array; null deletes. Title, institution, contact and url are not
// inherited, nor is "abstract", which says that a camera is there to be extended only.
std::string merge_camera_facts(std::string_view base, std::string_view own);
// One spelling for one content: keys sorted, no blanks, shortest numbers. What the facts' digest is made of.
std::string canonical_facts(std::string_view text);

}  // namespace brickline
