#include "core/coadd/coadd_stage.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>

#include <array>
#include <cmath>
#include <memory>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/coadd/coadd_psf.h"
#include "core/coadd/measure.h"
#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"

namespace brickline {

fits::Compression compression_of(std::string_view type) {
  using Algorithm = fits::Compression::Algorithm;
  using Dither = fits::Compression::Dither;
  if (type == "image" || type == "model" || type == "blobmodel")
    return {Algorithm::kRice, -1e-4f, Dither::kSubtractive2};
  if (type == "chi2") return {Algorithm::kRice, -0.1f, Dither::kNone};
  if (type == "invvar") return {Algorithm::kRice, 16.0f, Dither::kNone};
  if (type == "nexp" || type == "maskbits") return {Algorithm::kHcompress, 0, Dither::kNone};
  return {Algorithm::kGzip1, 0, Dither::kNone};
}

namespace {

// One image to write; exactly one of the views is set.
struct ImageProduct {
  std::string_view type;
  ImageView<const float> floats;
  ImageView<const std::int16_t> shorts;
};

void write_band_products(const CoaddStageInput& in, const BandCoadd& coadd,
                         std::span<const CcdImage* const> images, ProductSet& products) {
  std::vector<ImageProduct> list = {{"image", coadd.image.view(), {}},
                                    {"invvar", coadd.invvar.view(), {}},
                                    {"nexp", {}, coadd.nexp.view()}};
  if (!coadd.depth.empty()) {
    list.push_back({"depth", coadd.depth.view(), {}});
    list.push_back({"galdepth", coadd.galdepth.view(), {}});
    list.push_back({"psfsize", coadd.psfsize.view(), {}});
  }
  if (!coadd.model.empty()) {
    list.push_back({"model", coadd.model.view(), {}});
    list.push_back({"chi2", coadd.chi2.view(), {}});
    list.push_back({"blobmodel", coadd.blobmodel.view(), {}});
  }
  fits::Header common = in.version_header;
  common.append(brick_wcs_cards(in.target));
  common.append(band_input_cards(coadd.band, images));
  std::vector<std::string> digests(list.size());
  tbb::parallel_for(std::size_t{0}, list.size(), [&](std::size_t i) {
    const ImageProduct& p = list[i];
    fits::Header header = common;
    header.append(image_type_cards(p.type));
    if (p.type == "image" && !in.coadd_sky.empty()) {
      const auto sky = in.coadd_sky.find(coadd.band);
      const std::string key = "COSKY_" + band_key(coadd.band);
      constexpr std::string_view kComment = "Sky level estimated (+subtracted) from coadd";
      if (sky != in.coadd_sky.end())
        header.set(key, sky->second, kComment);
      else
        header.set(key, "None", kComment);
    }
    const std::string extname = band_key(p.type) + "_" + coadd.band;
    fits::FitsWriter writer;
    if (p.shorts.empty())
      writer.add_image<float>(p.floats, header, extname, compression_of(p.type));
    else
      writer.add_image<std::int16_t>(p.shorts, header, extname, compression_of(p.type));
    digests[i] = writer.write(in.path(p.type, coadd.band));
  });
  for (std::size_t i = 0; i < list.size(); ++i)
    products.record(in.path(list[i].type, coadd.band), std::move(digests[i]));
}

// Renders the models of as many images at once as there are threads, and stacks them in order.
void stack_images(const CoaddStageInput& in, std::span<const CcdImage* const> images, std::size_t band_index,
                  bool with_models, const CoaddStageOptions& options, BandCoadder& coadder,
                  ObservationTimes& times, NeaAccumulator& nea) {
  if (!with_models) {
    for (const CcdImage* image : images) {
      options.cancel.stop_if_asked();
      coadder.add(*image, nullptr, &times);
    }
    return;
  }
  struct Job {
    const CcdImage* image;
    ModelImages models;
  };
  using JobPointer = std::shared_ptr<Job>;
  const auto alive = static_cast<std::size_t>(usable_threads());
  tbb::enumerable_thread_specific<Renderer> renderers(
      [&] { return Renderer({.profiles = options.profiles}); });
  std::size_t next = 0;
  const auto source = tbb::make_filter<void, JobPointer>(
      tbb::filter_mode::serial_in_order, [&](tbb::flow_control& control) -> JobPointer {
        options.cancel.stop_if_asked();
        if (next == images.size()) {
          control.stop();
          return {};
        }
        return std::make_shared<Job>(Job{images[next++], {}});
      });
  const auto render =
      tbb::make_filter<JobPointer, JobPointer>(tbb::filter_mode::parallel, [&](JobPointer job) {
        job->models = render_models(*job->image, in.target, *in.scene, band_index, renderers.local());
        return job;
      });
  const auto stack =
      tbb::make_filter<JobPointer, void>(tbb::filter_mode::serial_in_order, [&](JobPointer job) {
        if (coadder.add(*job->image, &job->models, &times))
          nea.add(job->models.footprints, job->image->sig1, job->image->wcs.pixel_scale_arcsec());
      });
  tbb::parallel_pipeline(alive, source & render & stack);
}

// `planes`: one image per band. With `blobs`, their outlines are drawn in, in colour even on a grey picture.
void write_picture(const CoaddStageInput& in, const CoaddStageOptions& options, std::string_view type,
                   PictureKind kind, const std::vector<Image<float>>& planes, ProductSet& products,
                   ImageView<const std::int32_t> blobs = {}) {
  std::vector<ImageView<const float>> views;
  for (const Image<float>& p : planes) views.push_back(p.view());
  RgbPlanes picture = rgb_picture(views, in.bands, kind, options.rgb, in.colors);
  const bool is_grey = options.grey && in.bands.size() == 1;
  if (is_grey) {
    picture.red = stretch_grey(grey_picture(picture).view());
    picture.green = picture.blue = picture.red;
  }
  if (!blobs.empty()) outline_blobs(picture, blobs);
  products.write(in.path(type, ""), is_grey && blobs.empty()
                                        ? encode_grey_jpeg(picture.red.view(), options.jpeg)
                                        : encode_jpeg(picture, options.jpeg));
}

// The band's coadded PSF: an uncompressed image, alone in its file.
void write_coadd_psf(const CoaddStageInput& in, const std::string& band,
                     std::span<const CcdImage* const> images, ProductSet& products) {
  const Image<float> psf = coadded_psf(images, in.pixel_scale_arcsec);
  if (psf.empty()) return;
  fits::Header header = in.version_header;
  header.append(band_input_cards(band, images));
  header.append(image_type_cards("copsf"));
  fits::FitsWriter writer;
  writer.add_image<float>(psf.view(), header);
  const std::filesystem::path path = in.path("copsf", band);
  products.record(path, writer.write(path));
}

// The brick pixels at which the rows' times are noted; (-1, -1) outside.
std::vector<ObservationTimes::Pixel> pixels_of(std::span<const CatalogSource> rows, int width, int height) {
  std::vector<ObservationTimes::Pixel> out;
  for (const CatalogSource& row : rows) {
    const double x = std::nearbyint(row.bx), y = std::nearbyint(row.by);
    const bool inside = x >= 0 && y >= 0 && x < width && y < height;
    out.push_back(inside ? ObservationTimes::Pixel{static_cast<int>(x), static_cast<int>(y)}
                         : ObservationTimes::Pixel{-1, -1});
  }
  return out;
}

// What the bands leave for the products of all of them; the planes of models without models are empty.
struct BandPlanes {
  std::vector<Image<float>> images, models, blob_models, residuals;
  std::vector<Image<std::int16_t>> allmasks;
  DepthTable depths;
};

// Stacks, measures and writes one band.
void make_band(const CoaddStageInput& in, std::size_t band, const CoaddStageOptions& options,
               const CoaddOptions& coadd_options, ImageView<const std::uint8_t> unique, bool with_models,
               std::span<CatalogSource> rows, ObservationTimes& times, ProductSet& products,
               BandPlanes& planes, const Log& log) {
  std::vector<const CcdImage*> of_band;
  for (const CcdImage& image : in.images)
    if (image.band == in.bands[band]) of_band.push_back(&image);
  BandCoadder coadder(in.target, in.bands[band], with_models, coadd_options);
  NeaAccumulator nea(rows.size());
  stack_images(in, of_band, band, with_models, options, coadder, times, nea);
  options.cancel.stop_if_asked();
  BandCoadd coadd = coadder.finish();
  log.debug("coadd of band {}: {} of {} images", coadd.band, coadd.images, of_band.size());

  sample_maps(coadd, band, rows);
  measure_apertures(coadd, in.pixel_scale_arcsec, band, rows);
  store_nea(nea, band, rows);
  options.cancel.stop_if_asked();
  write_band_products(in, coadd, of_band, products);
  if (options.coadd_psf) write_coadd_psf(in, in.bands[band], of_band, products);
  if (!coadd.depth.empty()) planes.depths.add(coadd.band, coadd.depth.view(), coadd.galdepth.view(), unique);
  planes.allmasks.push_back(std::move(coadd.allmask));
  planes.images.push_back(std::move(coadd.image));
  if (!with_models) return;
  for (int y = 0; y < coadd.residual.height(); ++y)
    for (int x = 0; x < coadd.residual.width(); ++x)
      if (!unique(x, y)) coadd.residual(x, y) = 0;
  planes.models.push_back(std::move(coadd.model));
  planes.blob_models.push_back(std::move(coadd.blobmodel));
  planes.residuals.push_back(std::move(coadd.residual));
}

void write_depths(const CoaddStageInput& in, const DepthTable& depths, ProductSet& products) {
  fits::FitsWriter writer;
  writer.add_table(depths.table(), "DEPTH");
  const std::filesystem::path path = in.path("depth-table", "");
  products.record(path, writer.write(path));
}

void write_pictures(const CoaddStageInput& in, const CoaddStageOptions& options, const BandPlanes& planes,
                    ProductSet& products) {
  write_picture(in, options, "image-jpeg", PictureKind::kImage, planes.images, products);
  if (!in.blob_map.empty())
    write_picture(in, options, "imageblob-jpeg", PictureKind::kImage, planes.images, products, in.blob_map);
  if (planes.models.empty()) return;
  write_picture(in, options, "model-jpeg", PictureKind::kImage, planes.models, products);
  write_picture(in, options, "blobmodel-jpeg", PictureKind::kImage, planes.blob_models, products);
  write_picture(in, options, "resid-jpeg", PictureKind::kResidual, planes.residuals, products);
}

Image<std::int32_t> maskbits_of(const CoaddStageInput& in, ImageView<const std::uint8_t> unique,
                                const std::vector<Image<std::int16_t>>& allmasks) {
  MaskbitsInput maskbits;
  if (!in.custom_brick) maskbits.unique = unique;
  maskbits.reference = in.reference_mask;
  maskbits.bailout = in.bailout_mask;
  maskbits.sub_blob = in.sub_blob_mask;
  for (std::size_t band = 0; band < in.bands.size(); ++band) {
    const auto saturated = in.saturated.find(in.bands[band]);
    maskbits.bands.push_back(
        {in.bands[band],
         saturated == in.saturated.end() ? ImageView<const std::uint8_t>{} : saturated->second,
         allmasks[band].view()});
  }
  return compose_maskbits(in.target.width(), in.target.height(), maskbits, in.maskbits);
}

}  // namespace

CoaddStageOutput make_coadds(const CoaddStageInput& in, std::span<CatalogSource> rows, ProductSet& products,
                             const CoaddStageOptions& options, const Log& log) {
  const Image<std::uint8_t> unique = unique_pixels(in.target, in.unique_area);
  const bool with_models = in.scene.has_value() && !options.minimal;
  CoaddOptions coadd_options = options.coadd;
  coadd_options.depth_maps = coadd_options.depth_maps && !options.minimal;
  for (CatalogSource& row : rows) row.bands.resize(in.bands.size());
  const int w = in.target.width(), h = in.target.height();
  ObservationTimes times(pixels_of(rows, w, h), w, h);

  BandPlanes planes;
  for (std::size_t band = 0; band < in.bands.size(); ++band)
    make_band(in, band, options, coadd_options, unique.view(), with_models, rows, times, products, planes,
              log);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].mjd_min = times.ranges()[i].first;
    rows[i].mjd_max = times.ranges()[i].last;
  }
  if (!options.minimal && !options.bands_alone) write_depths(in, planes.depths, products);
  if (!options.bands_alone) write_pictures(in, options, planes, products);
  return {maskbits_of(in, unique.view(), planes.allmasks)};
}

void write_maskbits(ImageView<const std::int32_t> maskbits, const Wcs& target,
                    const fits::Header& version_header, const std::filesystem::path& path,
                    ProductSet& products, std::span<const ImageView<const std::uint8_t>> wise_masks) {
  fits::Header header = version_header;
  header.append(brick_wcs_cards(target));
  header.append(image_type_cards("maskbits"));
  const fits::Compression compression = compression_of("maskbits");
  fits::FitsWriter writer;
  writer.add_image<std::int32_t>(maskbits, header, "MASKBITS", compression);
  for (std::size_t i = 0; i < wise_masks.size(); ++i)
    writer.add_image<std::uint8_t>(wise_masks[i], {}, fmt::format("WISEM{}", i + 1), compression);
  products.record(path, writer.write(path));
}

void write_ccds_table(const fits::Table& table, const fits::Header& version_header,
                      const std::filesystem::path& path, ProductSet& products) {
  fits::Header header = version_header;
  header.set("PRODTYPE", "ccdinfo", "NOIRLab data product type");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(table, "CCDS");
  products.record(path, writer.write(path));
}

}  // namespace brickline
