#include "core/forced/forced_ccd.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/detect/outlier_mask_file.h"
#include "core/facts/mask_bits.h"
#include "core/forced/place_index.h"
#include "core/forced/positions.h"
#include "core/image/ccd_reader.h"
#include "core/model/sky_motion.h"
#include "core/refs/halos.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/products.h"

namespace brickline {
namespace {

void note(ReadLog* reads, const std::vector<std::filesystem::path>& files) {
  if (!reads) return;
  for (const std::filesystem::path& file : files) reads->note(file);
}

// A file of the survey in its cache, after it was copied there if need be. Others, and those that are not there, as they
// are.
std::filesystem::path copied_into_cache(const SurveyDirectory& survey, const std::filesystem::path& file) {
  const std::filesystem::path relative = file.lexically_relative(survey.root());
  std::error_code code;
  if (survey.cache().empty() || relative.empty() || *relative.begin() == ".." ||
      !std::filesystem::is_regular_file(file, code))
    return file;
  const std::filesystem::path copy = survey.cache() / relative;
  if (std::filesystem::is_regular_file(copy, code)) return copy;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) throw input_error("cannot be read").in_file(file.string());
  write_file_atomically(copy, bytes.str());
  return copy;
}

void take_off_halos(CcdImage& image, const ReferenceOptions& references, const Log& log, ReadLog* reads) {
  if (!image.halo) return;
  ReferenceOptions gaia_alone = references;
  gaia_alone.tycho = gaia_alone.large_galaxies = gaia_alone.star_clusters = false;
  const std::vector<std::string> bands = {image.band};
  const ReferenceCatalog catalog = read_references(gaia_alone, image.wcs, bands, {}, log);
  note(reads, catalog.files);
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

// Returns the masks of all bricks together, of the image's size.
Image<std::uint8_t> mask_outliers(CcdImage& image, const std::filesystem::path& directory,
                                  const BrickTable& bricks, const Log& log, ReadLog* reads) {
  Image<std::uint8_t> all(image.mask.width(), image.mask.height());
  std::string missing;
  for (const Brick& brick : bricks.touching(image.wcs)) {
    ProductKey key;
    key.brick = brick.name;
    const std::filesystem::path file = directory / product_path(Product::kOutliersMask, key);
    note(reads, {file});
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
      for (int x = 0; x < mask->width(); ++x) all(x, y) |= (*mask)(x, y);
  }
  for (int y = 0; y < all.height(); ++y)
    for (int x = 0; x < all.width(); ++x) {
      if (all(x, y) == 0) continue;
      image.inverse_error(x, y) = 0;
      image.mask(x, y) |= mask_bit::kOutlier;
    }
  if (!missing.empty())
    log.warning("{}: no outlier masks below {} of bricks that it touches: {}", image.name,
                (directory / "metrics").string(), missing);
  return all;
}

Image<std::uint8_t> on_whole_ccd(const Image<std::uint8_t>& mask, const CcdImage& image) {
  Image<std::uint8_t> out(image.width, image.height);
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) out(x + image.extent.x0, y + image.extent.y0) = mask(x, y);
  return out;
}

std::vector<ForcedSource> catalog_sources(const ForcedSurvey& from, const CcdImage& image,
                                          const ForcedCcdOptions& options, const Log& log, ReadLog* reads) {
  if (!options.catalog_file.empty()) {
    note(reads, {options.catalog_file});
    return read_chosen_sources(options.catalog_file, image.band, log);
  }
  if (reads)
    for (const Brick& brick : from.bricks.touching(image.full_wcs))
      for (const std::filesystem::path& directory : options.catalogs.of(brick))
        reads->note(catalog_file(directory, brick));
  auto [sources, said] =
      forced_sources_near(options.catalogs, from.bricks, {&image.full_wcs, image.extent}, image.band, log);
  if (from.references.large_galaxies && !from.references.large_galaxies_file.empty()) {
    ReferenceOptions galaxies_alone = from.references;
    galaxies_alone.tycho = galaxies_alone.gaia = galaxies_alone.star_clusters = false;
    // Where no catalog says them, nothing is measured but positions.
    const GalaxyProfiles profiles = said.value_or(GalaxyProfiles::kReference);
    galaxies_alone.profiles = profiles;
    const std::vector<std::string> bands = {image.band};
    const ReferenceCatalog reaching = read_references(galaxies_alone, image.wcs, bands, {}, log);
    note(reads, {from.references.large_galaxies_file});
    add_large_galaxies(sources, reaching.rows, options.catalogs, from.bricks, image.band, profiles, log,
                       reads);
  }
  return std::move(sources);
}

// A position of a list that is where another before it is.
struct Repeat {
  ForcedSource source;
  std::size_t of = 0;  // index into the CCD's sources
};

// The positions of a list join the catalog's sources, which have no rows then. What a fit cannot tell apart would share
// its light in halves that mean nothing: of positions at one place the first alone is fitted, the others are returned;
// and a catalog's star at a place of the list is that position.
std::vector<Repeat> add_positions(std::vector<ForcedSource>& sources, const CcdImage& image,
                                  const ForcedCcdOptions& options, const Log& log) {
  PlaceIndex places(kSamePlaceArcsec);
  std::vector<ForcedSource> wanted;
  std::vector<Repeat> repeats;
  for (ForcedSource& s : sources_at(*options.positions, {&image.full_wcs, image.extent})) {
    const SkyPosition at{s.model.ra, s.model.dec};
    if (const auto same = places.find(at)) {
      repeats.push_back({std::move(s), *same});
    } else {
      places.add(at, wanted.size());
      wanted.push_back(std::move(s));
    }
  }
  const std::size_t left_out = std::erase_if(sources, [&](const ForcedSource& s) {
    if (s.model.is_galaxy()) return false;
    const auto same =
        places.find(options.photometry.move && s.model.motion ? position_at(s.model, image.mjd_tai)
                                                              : SkyPosition{s.model.ra, s.model.dec});
    if (same) wanted[*same].flux = s.flux;
    return same.has_value();
  });
  if (left_out > 0)
    log.info("{}: {} stars of the catalog are at positions of the list: they are measured there", image.name,
             left_out);
  for (ForcedSource& s : sources) s.reported = false;
  for (Repeat& repeat : repeats) repeat.of += sources.size();
  for (ForcedSource& s : wanted) sources.push_back(std::move(s));
  return repeats;
}

// Their rows, in the order of the list.
void add_repeats(ForcedCcd& ccd, std::vector<Repeat> repeats) {
  if (repeats.empty()) return;
  std::vector<std::size_t> row_of(ccd.sources.size());
  for (std::size_t i = 0; i < ccd.result.rows.size(); ++i) row_of[ccd.result.rows[i].source] = i;
  for (Repeat& repeat : repeats) {
    ccd.result.rows.push_back(ccd.result.rows.at(row_of[repeat.of]));
    ccd.result.rows.back().source = ccd.sources.size();
    ccd.sources.push_back(std::move(repeat.source));
  }
  std::ranges::stable_sort(ccd.result.rows, {},
                           [&](const ForcedMeasurement& row) { return ccd.sources[row.source].objid; });
}

}  // namespace

std::optional<ForcedCcd> measure_ccd(const ForcedSurvey& from, std::int64_t ccd_row,
                                     const ForcedCcdOptions& options, const Log& log, ReadLog* reads) {
  const CcdReader reader(from.survey, from.cameras, &from.ccds.table(), reads);
  ReadImageOptions reading = options.reading;
  reading.window = options.window;
  const CcdRow row = from.ccds.row(ccd_row);
  require_place_and_time(from.ccds, row);
  CcdInput input = reader.input(row, ccd_row);
  input.source.locate = [locate = std::move(input.source.locate), &from, &options, reads](
                            SurveyPlace place, const std::string& relative) {
    std::filesystem::path file = locate(place, relative);
    if (options.fill_cache) file = copied_into_cache(from.survey, file);
    note(reads, {file});  // one that is not there now may be later
    return file;
  };
  std::optional<CcdImage> image = reader.read(input, reading, log);
  if (!image) return std::nullopt;
  ForcedCcd out;
  out.ccd_row = ccd_row;
  if (options.halos) take_off_halos(*image, from.references, log, reads);
  if (options.outliers) {
    const Image<std::uint8_t> mask =
        mask_outliers(*image, options.outlier_dir.empty() ? from.survey.root() : options.outlier_dir,
                      from.bricks, log, reads);
    if (options.keep_outlier_mask) out.outlier_mask = on_whole_ccd(mask, *image);
  }
  if (!options.positions || !options.positions_alone)
    out.sources = catalog_sources(from, *image, options, log, reads);
  out.taken_off = take_off_large_galaxies(*image, out.sources);
  std::vector<Repeat> repeats;
  if (options.positions) repeats = add_positions(out.sources, *image, options, log);
  out.result = measure_forced(*image, out.sources, options.photometry);
  out.zero_point = check_zero_point(out.result, out.sources);
  if (out.zero_point.wrong)
    log.warning("{}: stars are {:+.3f} +- {:.3f} mag off the catalog's ({} stars): its zero point is wrong",
                image->name, out.zero_point.offset, out.zero_point.error, out.zero_point.stars);
  if (options.correct_zero_points && !std::isfinite(out.zero_point.offset))
    log.warning(
        "{}: {} stars can be compared with the catalog, too few: its fluxes are not brought to the catalog's zero point",
        image->name, out.zero_point.stars);
  if (options.correct_zero_points) correct_zero_point(*image, out.result, out.zero_point);
  std::erase_if(out.result.rows,
                [&](const ForcedMeasurement& row) { return !out.sources[row.source].reported; });
  add_repeats(out, std::move(repeats));
  if (!options.keep_pixels) {
    image->data = image->inverse_error = {};
    image->mask = {};
    image->psf = {};
    out.result.model = {};
  }
  out.image = std::move(*image);
  return out;
}

}  // namespace brickline
