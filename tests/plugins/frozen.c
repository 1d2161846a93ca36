/* A camera as one was written for the minor whose header lies beside it (abi-0.2, abi-0.3): neither is changed any more. */
#include <brickline/camera_abi.h>
#include <string.h>

#ifndef FROZEN_NAME
#define FROZEN_NAME "frozen"
#endif
#define IDENTITY \
  "{\"plugin\":\"" FROZEN_NAME "\",\"version\":\"1.0.0\",\"cameras\":[{\"name\":\"" FROZEN_NAME "\"}]}"
BL_CAMERA_NOTE(note, 0, IDENTITY);

static const bl_host* host;

static bl_str text_of(const char* s) {
  const bl_str text = {s, strlen(s)};
  return text;
}

static bl_status create(const bl_host* h, bl_str name, void** camera, bl_error* error) {
  (void)name;
  (void)error;
  host = h;
  *camera = 0;
  return BL_OK;
}

static bl_status facts(void* camera, const bl_sink* sink, bl_error* error) {
  (void)camera;
  (void)error;
#ifdef ASKS_FOR_LATER
  host->log(host->self, BL_LOG_WARNING,
            text_of(BL_HAS(host, table_text) ? "texts of tables: yes" : "texts of tables: no"));
#endif
  return sink->write(sink->self,
                     text_of("{\"facts\":\"1.0\",\"detector\":{\"pixel_scale_arcsec\":0.4,\"bands\":["
                             "\"r\"]},\"pixels\":{\"unit\":\"total\"}}"));
}

/* Doubles the image. */
static bl_status read_image(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  const bl_status status = host->next(host->self, ccd, BL_STEP_READ_IMAGE, step, error);
  int64_t x, y;
  (void)camera;
  (void)slot;
  if (status != BL_OK) return status;
  for (y = 0; y < step->image.height; ++y)
    for (x = 0; x < step->image.width; ++x) ((float*)step->image.data)[y * step->image.stride + x] *= 2;
  return BL_OK;
}

static const void* query(void* camera, bl_str id) {
  static const bl_steps steps = {.struct_size = sizeof(bl_steps), .read_image = read_image};
  (void)camera;
  return id.size == sizeof(BL_EXT_STEPS) - 1 && memcmp(id.data, BL_EXT_STEPS, id.size) == 0 ? &steps : 0;
}

static const bl_camera camera = {.struct_size = sizeof(bl_camera),
                                 .name = {FROZEN_NAME, sizeof(FROZEN_NAME) - 1},
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

__attribute__((visibility("default"))) const bl_plugin* brickline_camera_plugin(
    const bl_handshake* handshake) {
  (void)handshake;
  return &plugin;
}
