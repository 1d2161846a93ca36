#include "core/forced/forced_ccd.h"

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/detect/outlier_mask_file.h"
#include "core/facts/mask_bits.h"
#include "core/forced/positions.h"
#include "core/image/ccd_reader.h"
#include "core/refs/halos.h"

namespace brickline {
namespace {

void take_off_halos(CcdImage& image, const ReferenceOptions& references, const Log& log) {
  if (!image.halo) return;
  ReferenceOptions gaia_alone = references;
  gaia_alone.tycho = gaia_alone.large_galaxies = gaia_alone.star_clusters = false;
  const std::vector<std::string> bands = {image.band};
  const ReferenceCatalog catalog = read_references(gaia_alone, image.wcs, bands, {}, log);
  const HaloStars stars = halo_stars(catalog, bands);
  const auto of_band = stars.find(image.band);
  if (of_band == stars.end()) return;
  Image<float> light(image.data.width(), image.data.height());
  if (add_halos(light.view(), {&image.wcs, image.pixel_scale_arcsec, image.mjd_tai}, *image.halo,
                of_band->second) == 0)
    return;
  for (int y = 0; y < light.height(); ++y)
    for (int x = 0; x < light.width(); ++x) image.data(x, y) -= light(x, y);
}

void mask_outliers(CcdImage& image, const std::filesystem::path& directory, const BrickTable& bricks,
                   const Log& log) {
  std::string missing;
  for (const Brick& brick : bricks.touching(image.wcs)) {
    const std::filesystem::path file =
        directory / "metrics" / brick.name.substr(0, 3) / ("outlier-mask-" + brick.name + ".fits.fz");
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      missing += (missing.empty() ? "" : ", ") + brick.name;
      continue;
    }
    std::string why;
    const auto mask = OutlierMaskFile(file).overlap(image, &why);
    if (!mask) {
      log.info("{}: {}", image.name, why);
      continue;
    }
    for (int y = 0; y < mask->height(); ++y)
      for (int x = 0; x < mask->width(); ++x) {
        if ((*mask)(x, y) == 0) continue;
        image.inverse_error(x, y) = 0;
        image.mask(x, y) |= mask_bit::kOutlier;
      }
  }
  if (!missing.empty())
    log.warning("{}: no outlier masks below {} of bricks that it touches: {}", image.name,
                (directory / "metrics").string(), missing);
}

}  // namespace

std::optional<ForcedCcd> measure_ccd(const ForcedSurvey& from, std::int64_t ccd_row,
                                     const ForcedCcdOptions& options, const Log& log) {
  const CcdReader reader(from.survey, from.cameras, &from.ccds.table());
  ReadImageOptions reading = options.reading;
  reading.window = options.window;
  std::optional<CcdImage> image = reader.read(reader.input(from.ccds.row(ccd_row), ccd_row), reading, log);
  if (!image) return std::nullopt;
  if (options.halos) take_off_halos(*image, from.references, log);
  if (options.outliers)
    mask_outliers(*image, options.outlier_dir.empty() ? from.survey.root() : options.outlier_dir, from.bricks,
                  log);
  ForcedCcd out;
  out.ccd_row = ccd_row;
  const ForcedRegion region{&image->full_wcs, image->extent};
  if (!options.positions || !options.positions_alone)
    out.sources = options.catalog_file.empty()
                      ? forced_sources_near(options.catalog_dir, from.bricks, region, image->band, log)
                      : read_forced_sources(options.catalog_file, image->band);
  if (options.positions) {
    for (ForcedSource& s : out.sources) s.reported = false;
    for (ForcedSource& s : sources_at(*options.positions, region, log)) out.sources.push_back(std::move(s));
  }
  out.result = measure_forced(*image, out.sources, options.photometry);
  out.zero_point = check_zero_point(out.result, out.sources);
  if (out.zero_point.wrong)
    log.warning("{}: stars are {:+.3f} +- {:.3f} mag off the catalog's ({} stars): its zero point is wrong",
                image->name, out.zero_point.offset, out.zero_point.error, out.zero_point.stars);
  if (options.correct_zero_points) correct_zero_point(out.result, out.zero_point);
  std::erase_if(out.result.rows,
                [&](const ForcedMeasurement& row) { return !out.sources[row.source].reported; });
  out.image = std::move(*image);
  return out;
}

}  // namespace brickline
