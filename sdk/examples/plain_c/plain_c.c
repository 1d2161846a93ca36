/* A camera in C: images and weights in files of their own, no masks; a pixel is saturated from the card SATURATE on. */
#include <brickline/camera_abi.h>
#include <string.h>

#define IDENTITY                                                                              \
  "{\"plugin\":\"plain_c\",\"version\":\"1.0.0\",\"license\":\"BSD-3-Clause\",\"cameras\":[{" \
  "\"name\":\"plain_c\",\"claims\":[{\"INSTRUME\":\"^plain_c$\"}]}]}"
BL_CAMERA_NOTE(note, 0, IDENTITY);

static const char facts_text[] =
    "{\"facts\": \"1.1\","
    " \"camera\": {\"title\": \"Example: in C\"},"
    " \"detector\": {\"pixel_scale_arcsec\": 0.187, \"bands\": [\"g\", \"r\", \"z\"]},"
    " \"metadata\": {\"band\": {\"key\": \"FILTER\", \"match\": \"^([a-z])[.]\"},"
    "               \"expnum\": {\"key\": \"OBSID\"},"
    "               \"fwhm\": {\"key\": \"IQFINAL\", \"in\": \"image\", \"scale\": 5.3476}},"
    " \"files\": {\"weight\": {\"substitute\": [[\".fits\", \".weight.fits\"]]}},"
    " \"pixels\": {\"unit\": \"total\"}}";

static bl_status create(const bl_host* host, bl_str name, void** camera, bl_error* error) {
  (void)name;
  (void)error;
  *camera = (void*)(size_t)host; /* all that this camera keeps */
  return BL_OK;
}

static bl_status facts(void* camera, const bl_sink* sink, bl_error* error) {
  const bl_str text = {facts_text, sizeof(facts_text) - 1};
  (void)camera;
  (void)error;
  return sink->write(sink->self, text);
}

static bl_status saturation(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  const bl_host* host = (const bl_host*)camera;
  const bl_select own = {sizeof(bl_select), BL_HDU_OF_CCD, 0, 0, {0, 0}};
  const bl_str key = {"SATURATE", 8};
  bl_hdu* hdu = 0;
  double full = 0;
  int64_t x, y;
  /* What the facts say, first. */
  bl_status status = host->next(host->self, ccd, BL_STEP_SATURATION, step, error);
  (void)slot;
  if (status != BL_OK) return status;
  status = host->hdu_open(host->self, ccd, BL_ROLE_IMAGE, &own, &hdu, error);
  if (status != BL_OK) return status;
  status = host->card_f64(host->self, hdu, key, &full);
  if (status == BL_ABSENT || status == BL_BLANK) return BL_OK;
  if (status != BL_OK) return status;
  for (y = 0; y < step->image.height; ++y) {
    const float* image = (const float*)step->image.data + y * step->image.stride;
    uint16_t* mask = (uint16_t*)step->mask.data + y * step->mask.stride;
    float* weight = (float*)step->weight.data + y * step->weight.stride;
    for (x = 0; x < step->image.width; ++x)
      if (image[x] >= full) {
        mask[x] |= BL_MASK_SATUR;
        weight[x] = 0;
      }
  }
  return BL_OK;
}

static const void* query(void* camera, bl_str id) {
  static const bl_steps steps = {.struct_size = sizeof(bl_steps), .saturation = saturation};
  (void)camera;
  return id.size == sizeof(BL_EXT_STEPS) - 1 && memcmp(id.data, BL_EXT_STEPS, id.size) == 0 ? &steps : 0;
}

static const bl_camera camera = {.struct_size = sizeof(bl_camera),
                                 .name = {"plain_c", 7},
                                 .create = create,
                                 .facts = facts,
                                 .query = query};
static const bl_plugin plugin = {.struct_size = sizeof(bl_plugin),
                                 .abi_major = BL_ABI_MAJOR,
                                 .abi_minor = BL_ABI_MINOR,
                                 .note = BL_CAMERA_NOTE_TEXT(0, IDENTITY),
                                 .n_cameras = 1,
                                 .camera_stride = sizeof(bl_camera),
                                 .cameras = &camera};

__attribute__((visibility("default"))) const bl_plugin* brickline_camera_plugin(const bl_handshake* host) {
  (void)host;
  return &plugin;
}
