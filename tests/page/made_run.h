// A run's facts as they might be: a brick of noise with as many sources as one likes.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/page/run_facts.h"
#include "tests/page/jpeg_of_noise.h"

namespace brickline::test {

inline RunFacts made_run(int sources, int size, bool pictures = true) {
  RunFacts run;
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  run.brick = "1501p022";
  run.brick_id = 335414;
  run.bands = run.survey_bands = {"g", "r", "z"};
  run.pixel_scale_arcsec = 0.262;
  const double degrees = 0.262 / 3600;
  run.wcs =
      Wcs::tangent(150.1, 2.25, (size - 1) / 2., (size - 1) / 2., {-degrees, 0, 0, degrees}, size, size);
  run.unique_area = {149.97, 150.22, 2.125, 2.375};
  run.status = "done";
  run.started = "2026-11-28T06:00:00Z";
  run.wall_seconds = 1000;
  run.cpu_seconds = 1990;
  run.peak_bytes = 6'200'000'000;
  run.host = "here";
  run.threads = 2;
  run.version = "0.1.0";
  run.commit = "0123456789ab";
  run.simd_level = "x86-64-v3";
  run.command_line = "runbrick --brick 1501p022";
  run.options = {{{"--brick", "1501p022"}, "products", "command line"}};
  run.cameras = {{"alpha", "alpha", "1.0.0", "ab12", "cd34", "/plugins/alpha.camera.so"}};
  run.header = {{"BRICK", "1501p022", "brick name"},
                {"NCUT", "1", "blobs whose joint fit took all the work it may"}};
  run.stages = {{"tims", "done", "no saved state", 20, 38, 3'000'000'000, 0},
                {"fitblobs", "done", "it needs what tims makes", 900, 1800, 6'200'000'000, 1}};
  run.messages = {{"warning", "tims", "a warning with <b>brackets</b> & \"quotes\" </script><!-- and é"}};
  run.failures = {{"blob 7 (x 3:9 y 4:5, 2 sources)", "it is broken"}};
  run.ccds_left_out = {
      {"12345-N4", "alpha", "g", "images/c4d_x.fits.fz", "ccd_cuts 4096: the seeing is bad"}};
  run.products = {{"tractor/150/tractor-1501p022.fits", std::string(64, 'a')}};
  run.mask_names = {{"BRIGHT", 2, "bright star nearby"}, {"GALAXY", 4096, "large galaxy"}};

  const auto n = static_cast<std::size_t>(sources);
  const auto fill = [&](auto value) {
    std::vector<decltype(value())> out(n);
    for (auto& v : out) v = value();
    return out;
  };
  std::vector<std::int32_t> objid(n);
  std::vector<double> ra(n), dec(n);
  std::vector<float> bx(n), by(n);
  std::vector<std::string> type(n), ref_cat(n);
  std::vector<std::int64_t> ref_id(n);
  const char* types[] = {"PSF", "REX", "EXP", "DEV", "SER"};
  for (std::size_t i = 0; i < n; ++i) {
    objid[i] = static_cast<std::int32_t>(i);
    bx[i] = static_cast<float>(uniform(random) * (size - 1));
    by[i] = static_cast<float>(uniform(random) * (size - 1));
    const SkyPosition at = run.wcs->pixel_to_sky(bx[i], by[i]);
    ra[i] = at.ra;
    dec[i] = at.dec;
    type[i] = types[i % 5];
    if (i % 10 == 0) ref_cat[i] = "GE", ref_id[i] = 3890721945832001234;
  }
  fits::Table& t = run.catalog;
  t.add("objid", objid);
  t.add("type", type);
  t.add("ra", ra, "deg");
  t.add("dec", dec, "deg");
  t.add("bx", bx);
  t.add("by", by);
  t.add("brick_primary", std::vector<bool>(n, true));
  t.add("maskbits", std::vector<std::int32_t>(n, 0));
  t.add("fitbits", std::vector<std::int16_t>(n, 0));
  std::vector<float> dchisq(5 * n);
  for (float& v : dchisq) v = static_cast<float>(1000 * uniform(random));
  t.add("dchisq", dchisq, "", {5});
  t.add("ref_cat", ref_cat);
  t.add("ref_id", ref_id);
  t.add("gaia_phot_g_mean_mag", std::vector<float>(n, 0));
  t.add("shape_r", fill([&] { return static_cast<float>(3 * uniform(random)); }), "arcsec");
  t.add("shape_e1", fill([&] { return static_cast<float>(uniform(random) - .5); }));
  t.add("shape_e2", fill([&] { return static_cast<float>(uniform(random) - .5); }));
  t.add("sersic", fill([&] { return static_cast<float>(1 + uniform(random)); }));
  t.add("ebv", std::vector<float>(n, .0213f), "mag");
  t.add("nearest_neighbor", fill([&] { return static_cast<float>(10 * uniform(random)); }));
  for (const std::string& band : run.bands) {
    t.add("flux_" + band, fill([&] { return static_cast<float>(std::exp(5 * uniform(random))); }),
          "nanomaggy");
    t.add("flux_ivar_" + band, fill([&] { return static_cast<float>(300 * uniform(random)); }));
    t.add("rchisq_" + band, fill([&] { return static_cast<float>(.8 + .4 * uniform(random)); }));
    t.add("fracflux_" + band, fill([&] { return static_cast<float>(.1 * uniform(random)); }));
    t.add("fracmasked_" + band, fill([&] { return static_cast<float>(.1 * uniform(random)); }));
    t.add("blendedness_" + band, fill([&] { return static_cast<float>(uniform(random)); }));
    t.add("mw_transmission_" + band, std::vector<float>(n, .94f));
    t.add("nobs_" + band, std::vector<std::int16_t>(n, 4));
    t.add("psfsize_" + band, std::vector<float>(n, 1.21f), "arcsec");
  }
  std::vector<std::string> ccdname(30);
  std::vector<std::int64_t> expnum(30);
  for (std::size_t i = 0; i < ccdname.size(); ++i)
    ccdname[i] = "N" + std::to_string(i), expnum[i] = 100000 + static_cast<std::int64_t>(i);
  run.ccds.add("camera", std::vector<std::string>(30, "alpha"));
  run.ccds.add("expnum", expnum);
  run.ccds.add("ccdname", ccdname);
  run.ccds.add("filter", std::vector<std::string>(30, "r"));

  // A round blob about every other source, and a bright star in the middle.
  run.blob_map = Image<std::int32_t>(size, size, -1);
  run.maskbits = Image<std::int32_t>(size, size, 0);
  for (std::size_t i = 0; i < n; i += 2) {
    const int r = 8 + static_cast<int>(i % 23), x0 = static_cast<int>(bx[i]), y0 = static_cast<int>(by[i]);
    BlobFact blob;
    blob.number = static_cast<int>(i / 2);
    blob.box = {std::max(0, x0 - r), std::max(0, y0 - r), std::min(size, x0 + r + 1),
                std::min(size, y0 + r + 1)};
    for (int y = blob.box.y0; y < blob.box.y1; ++y)
      for (int x = blob.box.x0; x < blob.box.x1; ++x)
        if (std::hypot(x - x0, y - y0) <= r) run.blob_map(x, y) = blob.number, ++blob.pixels;
    blob.image_pixels = 12 * blob.pixels;
    blob.images = 12;
    blob.sources = blob.fitted = 2;
    blob.unfinished = i == 0;
    blob.status = "fitted";
    blob.cpu_seconds = .0005 * r * r * r * (1 + uniform(random));
    run.blobs.push_back(blob);
  }
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      if (std::hypot(x - size / 2, y - size / 3) < size / 9.) run.maskbits(x, y) = 2;
  if (pictures)
    for (const char* id : {"image", "model", "resid"})
      run.pictures.push_back(
          {id, id, std::string(id) + ".jpg", jpeg_of_noise(size, size, id[0] == 'm' ? 2 : 22, id[0])});
  return run;
}

}  // namespace brickline::test
