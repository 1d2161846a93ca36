// A camera unlike the shipped ones: everything in one file, no standard world coordinates, no exposure
// number, filters in prose, pixels per second, an uncertainty plane, a band of its own; and models of its own
// in code. `oddling` is laid over it.
#include <brickline/camera.hpp>
#include <cmath>
#include <memory>

using namespace brickline;

namespace {

class Oddball : public Camera, public WcsCards, public PsfModel, public SkyModel {
 public:
  // What is asked of the header once per CCD.
  struct Slot {
    double pedestal = 0;
  };
  std::unique_ptr<Slot> open(Ccd& ccd) const {
    auto slot = std::make_unique<Slot>();
    slot->pedestal = ccd.hdu(Role::image, Select::primary()).card<double>("PEDESTAL").value_or(0);
    return slot;
  }

  Facts facts() const override {
    Facts f;
    f["camera"]["title"] = "Oddball imager, one CCD";
    f["detector"] = {{"ccds_per_exposure", 1}, {"pixel_scale_arcsec", 0.58}};
    f["detector"]["bands"] = {"NB_C", "NB_E"};
    f["bands"]["NB_E"] = {{"wavelength_nm", 658.4}, {"extinction_per_ebv", 2.1}};
    f["files"]["mask"] = {{"same_file", true}, {"hdu", 2}};
    f["files"]["weight"] = {{"same_file", true}, {"hdu", "SIGMA"}};
    f["weight"]["kind"] = "sigma";
    f["pixels"]["unit"] = "per_second";
    auto& m = f["metadata"];
    m["band"] = card("FILTER").match(R"(^Filter \d+: ([A-F]) )").map({{"C", "NB_C"}, {"E", "NB_E"}});
    m["expnum"] = card("DATE-OBS").digits(14);
    m["mjd_obs"] = card("DATE-OBS").as("iso_utc");
    m["ccdname"] = constant("");
    m["fwhm"] = card("SEEING").in("either").scale(1 / 0.58);
    f["mask"]["pipeline"] = list({op("bits").table({{"0x1", "badpix"}, {"0x2", "cr"}})});
    f["saturation"]["rules"] = list({Value{{"when", {{"band", "NB_E"}}}, {"above", 900}}});
    f["good_region"] = list({Value{{"x0", 1}, {"y1", "height-1"}}});
    f["photometry"]["bands"]["NB_E"] = {{"zero_point", 25.0}, {"extinction_per_airmass", 0.173}};
    return f;
  }

  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    const double pedestal = ccd.slot<Slot>().pedestal;
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x)
        step.image()(x, y) -= static_cast<float>(pedestal);
  }
  void remap_mask(Ccd& ccd, Step& step) const override {
    ccd.stop_if_cancelled();
    Camera::remap_mask(ccd, step);
    const Value row = {{"box", {3, 5, 0, 1}}, {"bit", "trans"}};
    ccd.mask_op("rectangles", {{"rows", list({row})}}, step);
  }
  void saturation(Ccd& ccd, Step& step) const override {
    if (ccd.card<std::string>("OBJECT") == "useless") throw Skip("the shutter stayed closed");
    if (ccd.card<std::string>("OBJECT") == "broken") throw BadInput("the amplifier table is inconsistent");
    Camera::saturation(ccd, step);
  }

  std::string wcs_cards(Ccd& ccd) const override {
    return "CTYPE1 = 'RA---TAN'\nCTYPE2 = 'DEC--TAN'\nCRVAL1 = " +
           std::to_string(ccd.require<double>("POINTRA")) +
           "\nCRVAL2 = 12.5\nCRPIX1 = 4\nCRPIX2 = 3\nCD1_1 = -1.6E-4\nCD1_2 = 0\nCD2_1 = 0\nCD2_2 = 1.6E-4\n";
  }

  bool describe_psf(Ccd&, bl_psf& out) const override {
    out.form = BL_PSF_BASIS;
    out.width = out.height = 15;
    out.sampling = 1;
    out.x_scale = out.y_scale = 1;
    out.fwhm_pixels = 2.35;
    std::strcpy(out.version, "gaussian-1");
    return true;
  }
  void psf_planes(Ccd&, Plane<float> out) const override {
    for (std::int64_t y = 0; y < out.height(); ++y)
      for (std::int64_t x = 0; x < out.width(); ++x) {
        const double dx = static_cast<double>(x - 7), dy = static_cast<double>(y - 7);
        out(x, y) = static_cast<float>(std::exp(-0.5 * (dx * dx + dy * dy)) / 6.283185307);
      }
  }

  bool describe_sky(Ccd& ccd, bl_sky& out) const override {
    if (!ccd.card<double>("SKYLEVEL")) return false;
    out.form = BL_SKY_WINDOW;
    std::strcpy(out.version, "plane-1");
    return true;
  }
  void render_sky(Ccd& ccd, const Box& box, Plane<float> out) const override {
    const double level = ccd.require<double>("SKYLEVEL");
    for (std::int64_t y = 0; y < out.height(); ++y)
      for (std::int64_t x = 0; x < out.width(); ++x)
        out(x, y) = static_cast<float>(level + 0.5 * (box.x0 + x));
  }
};

// The same camera after its detector was replaced.
class Oddling : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("oddball");
    f["detector"]["pixel_scale_arcsec"] = 0.29;
    f["saturation"]["+rules"] = list({Value{{"above", 500}}});
    return f;
  }
  void good_region(Ccd& ccd, Step& step) const override {
    Camera::good_region(ccd, step);
    step.good().x1 = 6;
  }
  void remap_mask(Ccd& ccd, Step& step) const override { Camera::remap_mask(ccd, step); }
};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(R"({"plugin": "oddball", "version": "0.3.0", "license": "BSD-3-Clause", "cameras": [
    {"name": "oddball", "aliases": ["odd"], "claims": [{"INSTRUME": "^oddball$"}]}, {"name": "oddling"}]})",
                         Oddball, Oddling)
