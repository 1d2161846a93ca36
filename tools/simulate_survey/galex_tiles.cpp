#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <cmath>

#include "core/fits/fits_writer.h"
#include "tools/simulate_survey/random.h"
#include "tools/simulate_survey/space_telescopes.h"
#include "tools/simulate_survey/space_tile.h"

namespace brickline::simulate {
namespace {

constexpr double kPixel = 1.5;  // arcsec
constexpr int kTilePixels = 3840;
constexpr int kPsfSize = 64;  // even, as distributed: the last row and column are to be dropped

struct GalexBand {
  char letter;
  const char* psf_file;
  double zero_point;  // AB mag of one photon per second
  double fwhm;        // arcsec
  double sky;         // photons/s/pixel
  double exposure;    // s
  std::size_t flux;   // index into kSpaceBands
};
constexpr GalexBand kBands[2] = {{'n', "PSFnuv_faint.fits", 20.08, 5.3, 3e-3, 1500, 4},
                                 {'f', "PSFfuv.fits", 18.82, 4.2, 3e-4, 1500, 5}};

void write_plane(const Image<float>& pixels, const fits::Header& header, const std::filesystem::path& path) {
  fits::FitsWriter writer;
  writer.add_image<float>(pixels.const_view(), header);
  writer.write(path);
}

fits::Table tile_table(const std::vector<SpaceTile>& tiles, const std::vector<std::string>& names) {
  fits::Table t;
  t.add("tilename", names);
  t.add("subvis", std::vector<std::int32_t>(tiles.size(), -999));
  const auto column = [&](const char* name, auto value) {
    std::vector<double> v;
    for (const SpaceTile& tile : tiles) v.push_back(value(tile));
    t.add(name, std::move(v));
  };
  column("ra_cent", [](const SpaceTile& s) { return s.centre.ra; });
  column("dec_cent", [](const SpaceTile& s) { return s.centre.dec; });
  t.add("have_n", std::vector<std::uint8_t>(tiles.size(), 1));
  t.add("have_f", std::vector<std::uint8_t>(tiles.size(), 1));
  column("crval1", [](const SpaceTile& s) { return s.geometry.reference_sky.ra; });
  column("crval2", [](const SpaceTile& s) { return s.geometry.reference_sky.dec; });
  column("crpix1", [](const SpaceTile& s) { return s.geometry.reference_pixel.x + 1; });
  column("crpix2", [](const SpaceTile& s) { return s.geometry.reference_pixel.y + 1; });
  column("cdelt1", [](const SpaceTile& s) { return s.geometry.cd[0]; });
  column("cdelt2", [](const SpaceTile& s) { return s.geometry.cd[3]; });
  column("n_zpmag", [](const SpaceTile&) { return kBands[0].zero_point; });
  column("f_zpmag", [](const SpaceTile&) { return kBands[1].zero_point; });
  return t;
}

}  // namespace

void write_galex(const SurveyContext& survey, const std::vector<Source>& sources) {
  const SimulationOptions& o = survey.options;
  if (o.galex_tiles == 0) return;
  const std::filesystem::path directory = survey.directory / "galex";
  // Whole fields lie on each other: every tile sees all of the region.
  std::vector<SpaceTile> tiles;
  std::vector<std::string> names;
  for (int i = 0; i < o.galex_tiles; ++i) {
    Region moved = survey.region;
    std::vector<SpaceTile> one =
        tiles_about(moved, 1, kTilePixels * kPixel / 3600, kPixel, kTilePixels, 40 + 3 * i);
    tiles.push_back(one.at(0));
    names.push_back(fmt::format("SIM_{:05d}", i));
  }
  fits::FitsWriter table;
  table.add_table(tile_table(tiles, names));
  table.write(directory / "galex-images.fits");

  const std::vector<std::array<double, 6>> ab = space_fluxes(o.seed, sources);
  const std::vector<RenderedSource> rendered = catalog_profiles(sources);
  const MoffatTransform transform(o.moffat_beta);
  for (int band = 0; band < 2; ++band) {
    const GalexBand& b = kBands[band];
    const Moffat psf({.fwhm = b.fwhm / kPixel}, o.moffat_beta);
    Image<float> model(kPsfSize, kPsfSize);
    const int middle = (kPsfSize - 1) / 2;
    for (int y = 0; y < kPsfSize; ++y)
      for (int x = 0; x < kPsfSize; ++x) model(x, y) = static_cast<float>(psf.pixel(x - middle, y - middle));
    write_plane(model, {}, directory / b.psf_file);
    // Photons per second of one nanomaggy.
    const double rate = std::pow(10, 0.4 * (b.zero_point - 22.5));
    std::vector<double> light;
    for (const auto& f : ab) light.push_back(f[b.flux] * rate);
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      Image<float> image = tile_light(tiles[t], tiles[t].geometry, rendered, light, psf, transform,
                                      1e-3 * std::sqrt(b.sky / b.exposure));
      tbb::parallel_for(0, image.height(), [&](int y) {
        Random random(o.seed, Stream::kGalex,
                      {t, static_cast<std::uint64_t>(band), static_cast<std::uint64_t>(y)});
        for (int x = 0; x < image.width(); ++x) {
          const double photons = random.poisson((std::max(0.0f, image(x, y)) + b.sky) * b.exposure);
          image(x, y) = static_cast<float>(photons / b.exposure - b.sky);
        }
      });
      const fits::Header header = tile_cards(tiles[t].geometry);
      const int w = image.width(), h = image.height();
      const auto path = [&](const char* kind) {
        return directory / names[t] / fmt::format("{}-{}d-{}.fits.gz", names[t], b.letter, kind);
      };
      write_plane(image, header, path("intbgsub"));
      write_plane(Image<float>(w, h, static_cast<float>(b.sky)), header, path("skybg"));
      write_plane(Image<float>(w, h, static_cast<float>(b.exposure)), header, path("rrhr"));
    }
  }
}

}  // namespace brickline::simulate
