// A camera that overrides every step and does in each what would have been done without: what the boundary costs, and
// nothing else (tests/bench/boundary_cost.py).
#include <brickline/camera.hpp>

using namespace brickline;

namespace {

class PassesOn : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("decam_facts");
    return f;
  }
#define PASSES_ON(step) \
  void step(Ccd& ccd, Step& io) const override { Camera::step(ccd, io); }
  PASSES_ON(metadata)
  PASSES_ON(files)
  PASSES_ON(good_region)
  PASSES_ON(read_image)
  PASSES_ON(read_mask)
  PASSES_ON(remap_mask)
  PASSES_ON(read_weight)
  PASSES_ON(saturation)
  PASSES_ON(remap_weight)
  PASSES_ON(after_sky)
};

}  // namespace

BRICKLINE_CAMERA_PLUGIN(PassesOn,
                        R"({"plugin": "passes_on", "version": "1.0.0", "cameras": [{"name": "decam"}]})")
