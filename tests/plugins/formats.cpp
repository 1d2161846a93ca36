// Cameras whose files are of formats of their own: one reads bytes and texts beside its image, the others break the
// contract in one way each.
#include <brickline/camera.hpp>
#include <cmath>

using namespace brickline;

namespace {

class Base : public Camera, public FileFormat {
 public:
  Facts facts() const override {
    Facts f;
    f["detector"] = {{"pixel_scale_arcsec", 0.4}, {"bands", {"r"}}};
    f["hdus"]["ccds"] = "primary";
    f["metadata"]["ccdname"] = constant("");
    f["pixels"] = {{"unit", "total"}, {"nan", "zero_and_mask"}};
    return f;
  }
};

const char* const kCards =
    "FILTER = r\nEXPNUM = 95001234567890 / beyond 32 bits\nMJD-OBS = 5.7D4\nEXPTIME = 30\nGOOD = T\n"
    "A-LONG-KEYWORD = 'it''s / here'\nCOMMENT nothing\n";

class Flat : public OpenFile {
 public:
  void describe(Ccd&, int, bl_hdu_info& out) override { out.width = out.height = 8; }
  std::string cards(Ccd&, int) override { return kCards; }
  void pixels(Ccd&, int, const Box& box, Plane<float> out) override {
    for (std::int64_t y = 0; y < out.height(); ++y)
      for (std::int64_t x = 0; x < out.width(); ++x)
        out(x, y) = static_cast<float>(10 * (box.y0 + y) + box.x0 + x);
  }
};

// The level that is added to each pixel stands in a text beside the image; another in the camera's data.
class Reads : public Base {
 public:
  std::unique_ptr<OpenFile> open_file(Ccd& ccd, std::int32_t role) const override {
    if (role != role_number(Role::image)) return nullptr;
    if (ccd.file_text(role) != "anything") throw BadInput("it does not hold what it should");
    if (ccd.file_path(role).front() != '/') throw BadInput("its path is not absolute");
    return std::make_unique<Flat>();
  }
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    double level = std::stod(ccd.file_text(ccd.sidecar("data:level.txt")));
    try {
      level += std::stod(ccd.file_text(ccd.sidecar("level.txt")));
    } catch (const Missing&) {
    }
    for (std::int64_t y = 0; y < step.image().height(); ++y)
      for (std::int64_t x = 0; x < step.image().width(); ++x) step.image()(x, y) += static_cast<float>(level);
  }
};

class NoHdus : public Base {
  struct File : Flat {
    int hdu_count() const override { return 0; }
  };
  std::unique_ptr<OpenFile> open_file(Ccd&, std::int32_t) const override { return std::make_unique<File>(); }
};
class AsksItself : public Base {
  struct File : Flat {
    std::string cards(Ccd& ccd, int) override { return ccd.hdu(Role::image).require<std::string>("FILTER"); }
  };
  std::unique_ptr<OpenFile> open_file(Ccd&, std::int32_t) const override { return std::make_unique<File>(); }
};
class BadCards : public Base {
  struct File : Flat {
    std::string cards(Ccd&, int) override { return std::string(kCards) + "no card at all\n"; }
  };
  std::unique_ptr<OpenFile> open_file(Ccd&, std::int32_t) const override { return std::make_unique<File>(); }
};
class Huge : public Base {
  struct File : Flat {
    void describe(Ccd&, int, bl_hdu_info& out) override { out.width = std::int64_t{1} << 40, out.height = 1; }
  };
  std::unique_ptr<OpenFile> open_file(Ccd&, std::int32_t) const override { return std::make_unique<File>(); }
};
class BeyondTheEnd : public Base {
  std::unique_ptr<OpenFile> open_file(Ccd& ccd, std::int32_t role) const override {
    char byte = 0;
    ccd.file_read(role, ccd.file_size(role), &byte, 1);
    return nullptr;
  }
};
class Throws : public Base {
  struct File : Flat {
    void pixels(Ccd&, int, const Box&, Plane<float>) override { throw BadInput("the disk is worn out"); }
  };
  std::unique_ptr<OpenFile> open_file(Ccd&, std::int32_t) const override { return std::make_unique<File>(); }
};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(
    R"({"plugin": "formats", "version": "1.0.0", "cameras": [{"name": "reads"}, {"name": "no_hdus"},
  {"name": "asks_itself"}, {"name": "bad_cards"}, {"name": "huge"}, {"name": "beyond_the_end"}, {"name": "throws"}]})",
    Reads, NoHdus, AsksItself, BadCards, Huge, BeyondTheEnd, Throws)
