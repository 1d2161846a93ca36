// Real and simulated pixels as the reference pipeline's fit saw them: from its starting positions, our fit of
// each source, with the model kind it chose and all its other sources taken away, must end as high as its
// parameters do.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include "core/fit/source_fitter.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

constexpr char kBands[] = "grz";

double number_after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  return at == std::string::npos ? std::nan("") : std::stod(line.substr(at + key.size()));
}

// "DevGalaxy(pos=RaDecPos[ra, dec], brightness=NanoMaggies: g=mag, .., shape=re=.., e1=.., e2=..,
// sersicindex..)".
std::vector<SourceModel> read_catalog(const std::filesystem::path& path) {
  std::vector<SourceModel> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    SourceModel s;
    if (line.find("RaDecPos[") == std::string::npos) continue;
    const std::string type = line.substr(0, line.find('('));
    s.kind = type == "PointSource"    ? SourceKind::kPsf
             : type == "RexGalaxy"    ? SourceKind::kRex
             : type == "ExpGalaxy"    ? SourceKind::kExp
             : type == "DevGalaxy"    ? SourceKind::kDev
             : type == "SersicGalaxy" ? SourceKind::kSer
                                      : SourceKind::kPsf;
    const std::size_t at = line.find("RaDecPos[") + 9;
    s.ra = std::stod(line.substr(at));
    s.dec = std::stod(line.substr(line.find(", ", at) + 2));
    for (const char band : std::string(kBands)) {
      const std::size_t b = line.find(std::string(1, band) + "=", line.find("NanoMaggies"));
      double mag = std::nan("");
      if (b != std::string::npos) {
        try {
          mag = std::stod(line.substr(b + 2));
        } catch (const std::exception&) {  // "(-1.2 nanomaggies)" and the like
        }
      }
      s.flux.push_back(std::isfinite(mag) ? std::pow(10, (22.5 - mag) / 2.5) : 0);
    }
    if (s.is_galaxy())
      s.shape =
          to_softened({number_after(line, "re="), number_after(line, "e1="), number_after(line, "e2=")});
    if (s.kind == SourceKind::kSer) {
      const double index = number_after(line, "sersicindex=");
      s.sersic_index = std::isfinite(index) ? index : number_after(line, "n=");
    }
    out.push_back(s);
  }
  return out;
}

struct Pixels {
  Image<float> data, inverse_error;
  PsfKernel psf;
  Wcs wcs;
  int band = 0;
};

// The plain tangent projection through the four corner pixels.
Wcs wcs_from_corners(const fits::Header& h, int width, int height) {
  constexpr double degree = std::numbers::pi / 180;
  double ra[4], dec[4], ra0 = 0, dec0 = 0;
  for (int i = 0; i < 4; ++i) {
    ra[i] = *h.number("CRA" + std::to_string(i));
    dec[i] = *h.number("CDEC" + std::to_string(i));
    ra0 += ra[i] / 4;
    dec0 += dec[i] / 4;
  }
  double xi[4], eta[4];
  for (int i = 0; i < 4; ++i) {
    const double d = dec[i] * degree, d0 = dec0 * degree, a = (ra[i] - ra0) * degree;
    const double c = std::sin(d0) * std::sin(d) + std::cos(d0) * std::cos(d) * std::cos(a);
    xi[i] = std::cos(d) * std::sin(a) / c / degree;
    eta[i] = (std::cos(d0) * std::sin(d) - std::sin(d0) * std::cos(d) * std::cos(a)) / c / degree;
  }
  const double w = width - 1, hh = height - 1;
  // Corners in order (0,0), (W-1,0), (W-1,H-1), (0,H-1).
  const CdMatrix cd = {
      ((xi[1] - xi[0]) + (xi[2] - xi[3])) / (2 * w), ((xi[3] - xi[0]) + (xi[2] - xi[1])) / (2 * hh),
      ((eta[1] - eta[0]) + (eta[2] - eta[3])) / (2 * w), ((eta[3] - eta[0]) + (eta[2] - eta[1])) / (2 * hh)};
  const double mx = (xi[0] + xi[1] + xi[2] + xi[3]) / 4, my = (eta[0] + eta[1] + eta[2] + eta[3]) / 4;
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  return Wcs::tangent(ra0, dec0, w / 2 - (cd[3] * mx - cd[1] * my) / det,
                      hh / 2 - (cd[0] * my - cd[2] * mx) / det, cd, width, height);
}

std::vector<Pixels> read_pixels(const std::filesystem::path& path) {
  fits::FitsReader reader(path);
  std::vector<Pixels> out;
  for (int i = 0;; ++i) {
    const auto hdu = reader.find_hdu("DATA" + std::to_string(i));
    if (!hdu) break;
    const fits::Header header = reader.header(*hdu);
    const std::string n = std::to_string(i), band = *header.text("BAND");
    Image<float> data = reader.image<float>(*hdu);
    Image<float> ie = reader.image<float>(*reader.find_hdu("INVERR" + n));
    const Wcs wcs = wcs_from_corners(header, data.width(), data.height());
    out.push_back({std::move(data), std::move(ie),
                   PsfKernel(reader.image<float>(*reader.find_hdu("PSF" + n)), *header.number("PSFSIGMA")),
                   wcs, static_cast<int>(std::string(kBands).find(band))});
  }
  return out;
}

class GoldenPixels : public testing::TestWithParam<const char*> {};

TEST_P(GoldenPixels, FitsEndAsHighAsTheReferences) {
  const std::string stages = std::string("golden/") + GetParam() + "/stages";
  BRICKLINE_NEEDS_DATA(stages);
  const std::filesystem::path dir = test::data_dir() / stages;
  std::vector<Pixels> pixels = read_pixels(dir / "srcs-images.fits.fz");
  const std::vector<SourceModel> ends = read_catalog(dir / "fitblobs-catalog.txt");
  const std::vector<SourceModel> starts = read_catalog(dir / "srcs-catalog.txt");
  ASSERT_FALSE(pixels.empty());
  ASSERT_FALSE(ends.empty());

  Renderer renderer;
  const auto add = [&](const SourceModel& s, double sign) {
    for (Pixels& p : pixels) {
      const auto at = p.wcs.sky_to_pixel(s.ra, s.dec);
      if (!at) continue;
      const auto patch = renderer.patch(s, *at, {p.data.width(), p.data.height(), p.wcs.cd(), &p.psf});
      if (patch) add_patch(p.data.view(), *patch, static_cast<float>(sign * s.flux[p.band]));
    }
  };
  for (const SourceModel& s : ends) add(s, -1);

  int fitted = 0, evaluations = 0;
  SourceFitter fitter;
  for (const SourceModel& end : ends) {
    // The nearest starting position; later detections have none.
    const double cosine = std::cos(end.dec * std::numbers::pi / 180);
    const SourceModel* from = nullptr;
    double nearest = 1.5 / 3600;
    for (const SourceModel& s : starts) {
      const double distance = std::hypot((s.ra - end.ra) * cosine, s.dec - end.dec);
      if (distance < nearest) {
        nearest = distance;
        from = &s;
      }
    }
    if (!from) continue;
    add(end, 1);
    std::vector<FitImage> images;
    for (Pixels& p : pixels) {
      const auto at = p.wcs.sky_to_pixel(end.ra, end.dec);
      FitImage f;
      f.data = p.data.const_view();
      f.inverse_error = p.inverse_error.const_view();
      f.band = p.band;
      f.cd = p.wcs.cd();
      f.local = *local_linear(p.wcs, end.ra, end.dec, LocalLinearWcs::Jacobian::kLocal);
      f.psf = &p.psf;
      const int x = static_cast<int>(std::lround(at->x)), y = static_cast<int>(std::lround(at->y));
      f.mask = intersection({x - 31, x + 32, y - 31, y + 32}, p.data.box());
      images.push_back(f);
    }
    const FitResult reference = fitter.fit_fluxes(end, images);
    SourceModel start = *from;
    start.kind = end.kind;
    start.flux = from->flux;
    start.shape = {-1, 0, 0};
    if (end.kind == SourceKind::kSer) {
      // As the ladder of models does: from the better of the two fixed profiles.
      SourceModel exp = start, dev = start;
      exp.kind = SourceKind::kExp;
      dev.kind = SourceKind::kDev;
      const FitResult e = fitter.fit(exp, images), d = fitter.fit(dev, images);
      start = e.ln_prob > d.ln_prob ? e.model : d.model;
      start.kind = SourceKind::kSer;
      start.sersic_index = e.ln_prob > d.ln_prob ? 1 : 4;
    }
    const FitResult ours = fitter.fit(start, images);
    EXPECT_TRUE(ours.ok()) << status_name(ours.status);
    EXPECT_GE(ours.ln_prob, reference.ln_prob - 0.1)
        << kind_name(end.kind) << " at " << end.ra << " " << end.dec << ", " << ours.steps << " steps, "
        << status_name(ours.status);
    ++fitted;
    evaluations += ours.derivative_evaluations;
    add(end, -1);
  }
  EXPECT_GT(fitted, 0);
  EXPECT_LT(evaluations, 9 * fitted);
  RecordProperty("sources", fitted);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenPixels,
                         testing::Values("sim300", "testcase3", "testcase9", "mzlsbass2", "testcase4"));

}  // namespace
}  // namespace brickline
