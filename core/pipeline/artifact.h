// What flows between the stages of a brick's run: one type per value, each with a name and the number of its
// schema, which enters the keys of what is made of it.
//
// A stage gets artifacts as constant references and hands on new ones; nothing is changed in place. Pixels of
// the input images are the one thing too large to be held twice: `RawImages` are as they were read, edits of
// them are artifacts (values) too, and a stage that works on edited images names the edits (EditedImages).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog_source.h"
#include "core/detect/blob_mask.h"
#include "core/detect/detection.h"
#include "core/facts/band_facts.h"
#include "core/fits/table.h"
#include "core/image/ccd_image.h"
#include "core/image/pixel_patch.h"
#include "core/refs/halos.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/wcs/sky_box.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The piece of sky that the run is about.
struct BrickGeometry {
  std::string name;
  std::int64_t id = -1;  // -1: a custom brick
  bool custom = false;
  Wcs wcs;  // of the (zoomed) brick image
  double pixel_scale_arcsec = 0.262;
  SkyBox unique_area;
};

// From stage tims: where, and of what.
struct Selection {
  static constexpr std::string_view kArtifact = "selection";
  static constexpr int kSchema = 2;
  BrickGeometry brick;
  std::vector<std::string> bands;               // those with images, in the order asked for
  std::vector<std::string> survey_bands;        // as asked for
  std::map<std::string, BandFacts> band_facts;  // what the cameras say of them
  fits::Table ccds;                             // the survey's rows that were selected
  std::vector<CcdRow> rows;                     // the same, as they are read
  std::vector<CcdLeftOut> left_out;             // touch the brick and give nothing, with the reason
};

// From stage tims: the pixels as they were read, in the order of the table; CCDs that have nothing to give
// are left out. Transient: saved state does not hold it, it is read again.
struct RawImages {
  static constexpr std::string_view kArtifact = "raw images";
  static constexpr int kSchema = 1;
  std::vector<CcdImage> images;
};

// From stage refs.
struct References {
  static constexpr std::string_view kArtifact = "references";
  static constexpr int kSchema = 1;
  ReferenceCatalog catalog;
  Image<std::uint8_t> mask;  // refbit, brick pixels
};

// From stage outliers, per image: data of some pixels replaced, and pixels that lose their weight.
struct OutlierEdits {
  static constexpr std::string_view kArtifact = "outlier edits";
  static constexpr int kSchema = 1;
  using Patch = PixelPatch;    // of pixels without weight, whose values would spoil what is smoothed
  std::vector<Patch> patches;  // one per image, or empty
  std::vector<Image<std::uint8_t>> masks;  // of core/detect/outliers.h; one per image, or empty
};

// From stage halos: whose light is taken off the images.
struct HaloEdits {
  static constexpr std::string_view kArtifact = "halo edits";
  static constexpr int kSchema = 1;
  HaloStars stars;
};

// From stage srcs: the sky that is left over in the coadds, taken off the images' unmasked pixels.
struct SkyEdits {
  static constexpr std::string_view kArtifact = "sky edits";
  static constexpr int kSchema = 1;
  std::map<std::string, double> coadd_sky;  // nanomaggies per pixel; bands without a value are absent
};

// From stage blobmask.
struct BrightPixels {
  static constexpr std::string_view kArtifact = "bright pixels";
  static constexpr int kSchema = 1;
  BlobMask mask;
};

// From stage srcs.
struct SourcesFound {
  static constexpr std::string_view kArtifact = "sources";
  static constexpr int kSchema = 1;
  Detection detection;
  std::vector<int> set_aside;  // rows of the reference catalog that are listed but not fitted
};

// From stage fitblobs.
struct Fits {
  static constexpr std::string_view kArtifact = "fits";
  static constexpr int kSchema = 5;
  FittedCatalog fitted;
};

// From stage coadds.
struct Measurements {
  static constexpr std::string_view kArtifact = "measurements";
  static constexpr int kSchema = 2;
  std::vector<CatalogSource> rows;
  Image<std::int32_t> maskbits;
};

// From stage wise_forced: aligned with the measurements' rows; empty where unWISE was not looked at.
struct WiseResults {
  static constexpr std::string_view kArtifact = "unwise photometry";
  static constexpr int kSchema = 1;
  SpaceColumns columns;
  std::vector<WiseRow> rows;
  std::array<Image<std::uint8_t>, 2> masks;  // W1, W2; wisebit, brick pixels
  bool gaia_only = false;                    // only rows of reference catalogs were measured
};

// From stage galex_forced, likewise.
struct GalexResults {
  static constexpr std::string_view kArtifact = "galex photometry";
  static constexpr int kSchema = 1;
  bool measured = false;
  std::vector<GalexRow> rows;
};

// From stage forced_phot: bands that nothing was fitted in, with what was found in the others measured in them; aligned
// with the measurements' rows.
struct ForcedResults {
  static constexpr std::string_view kArtifact = "forced photometry";
  static constexpr int kSchema = 2;
  struct Row {
    std::vector<CatalogBand> bands;
  };
  std::vector<std::string> wanted;              // as asked for
  std::vector<std::string> bands;               // those of them with images: of each row's `bands`
  std::map<std::string, BandFacts> band_facts;  // what the cameras say of them
  std::vector<Row> rows;                        // empty: no band was asked for
  Image<std::int32_t> maskbits;                 // those bands' SATUR and ALLMASK; empty likewise
};

// Edits as functions of the images and the value alone: the same bytes every time.
void apply_edit(const OutlierEdits& edits, std::vector<CcdImage>& images);
void apply_edit(const HaloEdits& edits, std::vector<CcdImage>& images);
void apply_edit(const SkyEdits& edits, std::vector<CcdImage>& images);

// The raw images with the edits that are named, one after another.
template <class... Edits>
struct EditedImages {
  std::span<const CcdImage> images;
};

}  // namespace brickline
