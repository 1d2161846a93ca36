#include "core/forced/forced_cutouts.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/wcs/sip_cards.h"

namespace brickline {
namespace {

// Of the image's pixels; empty where the position is not on it.
Box box_around(const ForcedCcd& ccd, const ForcedMeasurement& row, int half_size) {
  const double x = row.x - ccd.image.extent.x0, y = row.y - ccd.image.extent.y0;
  if (!std::isfinite(x) || !std::isfinite(y)) return {};
  const Box image = ccd.image.data.box();
  if (!(x >= -0.5 && y >= -0.5 && x < image.x1 - 0.5 && y < image.y1 - 0.5)) return {};
  const int ix = static_cast<int>(std::lround(x)), iy = static_cast<int>(std::lround(y));
  return intersection(image, Box{ix - half_size, ix + half_size + 1, iy - half_size, iy + half_size + 1});
}

constexpr int kPlanes = 4;

Image<float> planes_of(const ForcedCcd& ccd, const Box& box) {
  const int h = box.height();
  Image<float> out(box.width(), kPlanes * h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < box.width(); ++x) {
      const float data = ccd.image.data(x + box.x0, y + box.y0),
                  ie = ccd.image.inverse_error(x + box.x0, y + box.y0);
      const float model = ccd.result.model.empty() ? 0 : ccd.result.model(x + box.x0, y + box.y0);
      out(x, y) = data;
      out(x, y + h) = model;
      out(x, y + 2 * h) = data - model;
      out(x, y + 3 * h) = ie * ie;
    }
  return out;
}

// The projection of the image, for a part of it.
fits::Header moved(fits::Header cards, const Box& box) {
  cards.set("CRPIX1", cards.number("CRPIX1").value() - box.x0);
  cards.set("CRPIX2", cards.number("CRPIX2").value() - box.y0);
  return cards;
}

}  // namespace

void write_forced_cutouts(const std::filesystem::path& file, const fits::Header& header,
                          const std::vector<ForcedCcd>& measured, int half_size) {
  std::int64_t count = 0;
  for (const ForcedCcd& ccd : measured) count += static_cast<std::int64_t>(ccd.result.rows.size());
  if (count > kMostCutouts)
    throw input_error(
        "{} cut-outs are too many for one file (at most {}): ask for fewer positions, or a CCD at a time",
        count, kMostCutouts)
        .in_file(file.string());
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  for (const ForcedCcd& ccd : measured) {
    const CcdImage& image = ccd.image;
    const fits::Header projection = sip_cards(image.full_wcs, image.extent);
    for (const ForcedMeasurement& row : ccd.result.rows) {
      const Box box = box_around(ccd, row, half_size);
      if (box.empty()) continue;
      const ForcedSource& source = ccd.sources.at(row.source);
      fits::Header cards = moved(projection, box);
      cards.set("BRICKID", source.brickid, "Brick (0: of a list of positions)");
      cards.set("OBJID", source.objid, "Object, or row of the list, from 1");
      cards.set("CAMERA", image.camera, "Camera");
      cards.set("EXPNUM", image.expnum, "Exposure number");
      cards.set("CCDNAME", image.ccdname, "CCD");
      cards.set("FILTER", image.band, "Band");
      cards.set("RA", row.position.ra, "[deg] Where it was measured");
      cards.set("DEC", row.position.dec, "[deg]");
      cards.set("POSX", static_cast<double>(row.x) - image.extent.x0 - box.x0,
                "[pixel] Its column here, from 0");
      cards.set("POSY", static_cast<double>(row.y) - image.extent.y0 - box.y0,
                "[pixel] Its row here, from 0");
      cards.set("FLUX", static_cast<double>(row.flux), "[nanomaggies]");
      cards.set("FLUXIVAR", static_cast<double>(row.flux_ivar), "[nanomaggies^(-2)]");
      cards.set("PLANE1", "image", "[nanomaggies] per pixel");
      cards.set("PLANE2", "model", "[nanomaggies] the sum of all");
      cards.set("PLANE3", "residual", "[nanomaggies] image - model");
      cards.set("PLANE4", "invvar", "[nanomaggies^(-2)]");
      const Image<float> planes = planes_of(ccd, box);
      writer.add_cube(planes.view(), kPlanes, cards,
                      fmt::format("{}-{}-{}-{}", source.objid, image.camera, image.expnum, image.ccdname));
    }
  }
  writer.write(file);
}

}  // namespace brickline
