#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <cmath>
#include <numbers>

#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/random.h"
#include "tools/simulate_survey/space_telescopes.h"
#include "tools/simulate_survey/space_tile.h"

namespace brickline::simulate {
namespace {

constexpr double kPixel = 2.75;  // arcsec
constexpr int kTilePixels = 2048, kMargin = 24;
constexpr double kTileSide = 1.514444;  // degrees, between neighbouring tiles' centres

// What the photometry takes for granted of each band, written down a second time.
struct CoaddBand {
  double vega_minus_ab_factor;  // Vega nanomaggies per AB nanomaggy
  double noise;                 // per pixel of the full-depth coadd, Vega nanomaggies
  double floor, photon;         // error model: variance + floor^2 + (photon)^2 light
  double psf_scale;             // light in a unit source's model
  double fwhm;                  // arcsec
  int frames;
  double crpix_shift;  // of the full-depth coadds
  double understated;  // true variance over the file's
};
const CoaddBand kBands[4] = {
    {std::pow(10, 0.4 * 2.699), 1.46, 0.5, 0.15, 1.04, 6.1, 170, -0.0227, 1},
    {std::pow(10, 0.4 * 3.339), 5.5, 2.0, 0.3, 1.005, 6.4, 170, 0.031, 1},
    {std::pow(10, 0.4 * 5.174), 490, 0, 0, 1, 6.5, 13, 0, 1},
    {std::pow(10, 0.4 * 6.62), 9000, 0, 0, 1, 12, 13, 0, 4},
};
constexpr int kEpochFrames = 13;
constexpr int kModelSize[4] = {121, 121, 121, 61};  // pixels; the real ones have 325 and 285
const char* const kModelFiles[4] = {"psf_model_w1_neo6_unwisecat.fits", "psf_model_w2_neo6_unwisecat.fits",
                                    "psf_model_w3.fits", "psf_model_w4.fits"};

template <typename T>
void write_plane(const Image<T>& pixels, const fits::Header& header, const std::filesystem::path& path) {
  fits::FitsWriter writer;
  writer.add_image<T>(pixels.const_view(), header);
  writer.write(path);
}

// W4's model is sampled at every other pixel of the coadds.
Image<float> psf_model(const Moffat& psf, int band) {
  const int size = kModelSize[band], middle = size / 2, step = band == 3 ? 2 : 1;
  Image<float> out(size, size);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      out(x, y) = static_cast<float>(psf.pixel(step * (x - middle), step * (y - middle)));
  return out;
}

fits::Table tile_table(const std::vector<SpaceTile>& tiles) {
  fits::Table t;
  const auto column = [&](const char* name, auto value) {
    std::vector<double> v;
    for (const SpaceTile& tile : tiles) v.push_back(value(tile));
    t.add(name, std::move(v), "deg");
  };
  column("ra", [](const SpaceTile& s) { return s.centre.ra; });
  column("dec", [](const SpaceTile& s) { return s.centre.dec; });
  column("dec1", [](const SpaceTile& s) { return s.dec1; });
  column("dec2", [](const SpaceTile& s) { return s.dec2; });
  column("ra1", [](const SpaceTile& s) { return s.ra1; });
  column("ra2", [](const SpaceTile& s) { return s.ra2; });
  std::vector<std::string> ids;
  for (const SpaceTile& tile : tiles) ids.push_back(tile.id());
  t.add("coadd_id", std::move(ids));
  for (int b = 0; b < 2; ++b)
    t.add(b ? "crpix_w2" : "crpix_w1",
          std::vector<float>(2 * tiles.size(),
                             static_cast<float>((kTilePixels + 1) / 2.0 + kBands[b].crpix_shift)),
          "pix", {2});
  return t;
}

// A coadd's four planes. `epoch` < 0: full depth.
void write_coadd(const SurveyContext& survey, const SpaceTile& tile, std::size_t tile_index, int band,
                 int epoch, const std::vector<RenderedSource>& sources, const std::vector<double>& fluxes,
                 const std::filesystem::path& base) {
  const CoaddBand& b = kBands[band];
  const int frames = epoch < 0 ? b.frames : kEpochFrames;
  const double noise = b.noise * std::sqrt(static_cast<double>(b.frames) / frames);
  const Moffat psf({.fwhm = b.fwhm / kPixel}, survey.options.moffat_beta);
  const MoffatTransform transform(survey.options.moffat_beta);
  // The full-depth coadds' headers are off by the shift that the table of tiles states.
  ImageGeometry truth = tile.geometry;
  if (epoch < 0) {
    truth.reference_pixel.x += static_cast<float>(b.crpix_shift);
    truth.reference_pixel.y += static_cast<float>(b.crpix_shift);
  }
  Image<float> image = tile_light(tile, truth, sources, fluxes, psf, transform, 0.01 * noise);
  const int w = image.width(), h = image.height();
  tbb::parallel_for(0, h, [&](int y) {
    Random random(survey.options.seed, Stream::kWise,
                  {tile_index, static_cast<std::uint64_t>(band), static_cast<std::uint64_t>(epoch + 1),
                   static_cast<std::uint64_t>(y)});
    for (int x = 0; x < w; ++x) {
      const double variance = noise * noise * b.understated + b.floor * b.floor +
                              b.photon * b.photon * std::max(0.0f, image(x, y));
      image(x, y) += static_cast<float>(random.normal(0, std::sqrt(variance)));
    }
  });
  fits::Header header = tile_cards(tile.geometry);
  header.set("MAGZP", 22.5);
  const double first = epoch < 0 ? 55356.2 : 55361.3 + 182.625 * epoch + (epoch > 1 ? 863 : 0);
  if (band < 2) {
    header.set("MJDMIN", first);
    header.set("MJDMAX", epoch < 0 ? 58265.6 : first + 3.2);
  }
  header.set("BAND", std::int64_t{band + 1});
  const std::string id = tile.id(), stem = fmt::format("unwise-{}-w{}-", id, band + 1);
  const std::filesystem::path directory = base / id.substr(0, 3) / id;
  const auto variance = static_cast<float>(noise * noise);
  write_plane(image, header, directory / (stem + "img-m.fits"));
  write_plane(Image<float>(w, h, 1 / variance), header, directory / (stem + "invvar-m.fits.gz"));
  write_plane(Image<std::int16_t>(w, h, static_cast<std::int16_t>(frames)), header,
              directory / (stem + "n-m.fits.gz"));
  write_plane(Image<std::int16_t>(w, h, static_cast<std::int16_t>(frames + 1)), header,
              directory / (stem + "n-u.fits.gz"));
}

// Circles about the brightest stars, bit 0 (W1) and 2 (W2).
void write_mask(const SpaceTile& tile, const std::vector<Source>& sources,
                const std::vector<std::array<double, 6>>& fluxes, const std::filesystem::path& base) {
  constexpr double kBright = 300;  // AB nanomaggies
  constexpr int kRadius = 4;
  Image<std::int32_t> mask(tile.width, tile.height);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto at = tile.geometry.to_pixel(sources[i].position.ra, sources[i].position.dec);
    if (!at || !sources[i].is_star()) continue;
    const int cx = static_cast<int>(std::lround(at->x)), cy = static_cast<int>(std::lround(at->y));
    for (int y = cy - kRadius; y <= cy + kRadius; ++y)
      for (int x = cx - kRadius; x <= cx + kRadius; ++x) {
        if (!mask.box().contains(x, y) || std::hypot(x - cx, y - cy) > kRadius) continue;
        if (fluxes[i][0] > kBright) mask(x, y) |= 1;
        if (fluxes[i][1] > kBright) mask(x, y) |= 4;
      }
  }
  const std::string id = tile.id();
  write_plane(mask, tile_cards(tile.geometry),
              base / id.substr(0, 3) / id / fmt::format("unwise-{}-msk.fits.gz", id));
}

void write_epoch_table(const std::vector<SpaceTile>& tiles, int epochs, const std::filesystem::path& path) {
  fits::Table t;
  std::vector<std::string> ids;
  std::vector<double> ra, dec;
  std::vector<std::uint8_t> bits;
  for (const SpaceTile& tile : tiles) {
    ids.push_back(tile.id());
    ra.push_back(tile.centre.ra);
    dec.push_back(tile.centre.dec);
    for (int e = 0; e < epochs; ++e) bits.push_back(3);
  }
  t.add("coadd_id", std::move(ids));
  t.add("ra", std::move(ra), "deg");
  t.add("dec", std::move(dec), "deg");
  t.add("epoch_bitmask", std::move(bits), "", {epochs});
  fits::FitsWriter writer;
  writer.add_table(t);
  writer.write(path);
}

}  // namespace

void write_wise(const SurveyContext& survey, const std::vector<Source>& sources) {
  const SimulationOptions& o = survey.options;
  if (o.wise_tiles == 0) return;
  const std::filesystem::path directory = survey.directory / "wise";
  for (int band = 0; band < 4; ++band) {
    const double pixel = kPixel;
    const Moffat psf({.fwhm = kBands[band].fwhm / pixel}, o.moffat_beta);
    write_plane(psf_model(psf, band), {}, directory / "psf" / kModelFiles[band]);
  }
  const std::vector<SpaceTile> tiles =
      tiles_about(survey.region, o.wise_tiles, kTileSide, kPixel, kTilePixels, kMargin);
  fits::FitsWriter table;
  table.add_table(tile_table(tiles));
  table.write(directory / "psf" / "wise-tiles.fits");

  const std::vector<std::array<double, 6>> ab = space_fluxes(o.seed, sources);
  const std::vector<RenderedSource> rendered = catalog_profiles(sources);
  std::array<std::vector<double>, 4> light;
  for (std::size_t b = 0; b < 4; ++b)
    for (const auto& f : ab) light[b].push_back(f[b] * kBands[b].vega_minus_ab_factor * kBands[b].psf_scale);
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    for (int band = 0; band < 4; ++band)
      write_coadd(survey, tiles[t], t, band, -1, rendered, light[static_cast<std::size_t>(band)],
                  directory / "unwise");
    write_mask(tiles[t], sources, ab, directory / "unwise");
    for (int e = 0; e < o.wise_epochs; ++e)
      for (int band = 0; band < 2; ++band)
        write_coadd(survey, tiles[t], t, band, e, rendered, light[static_cast<std::size_t>(band)],
                    directory / "unwise-tr" / fmt::format("e{:03d}", e));
  }
  if (o.wise_epochs > 0)
    write_epoch_table(tiles, o.wise_epochs, directory / "unwise-tr" / "time_resolved_atlas.fits");
}

}  // namespace brickline::simulate
