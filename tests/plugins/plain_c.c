/* A camera in plain C, without the C++ face; and, with PLAIN_C_FAULT, ways of getting the contract wrong. */
#include <brickline/camera_abi.h>
#include <string.h>

#ifndef PLAIN_C_FAULT
#define PLAIN_C_FAULT 0
#endif
#define FAULT_SMALL_DESCRIPTOR 1
#define FAULT_NO_CAMERAS 2
#define FAULT_OTHER_NAME 3
#define FAULT_DECLINES 4
#define FAULT_STATUS_17 5
#define FAULT_SKIP_WITHOUT_REASON 6
#define FAULT_FACTS_NOT_JSON 7
#define FAULT_FACTS_ARRAY 8
#define FAULT_FACTS_EMPTY 9
#define FAULT_ODD_STRIDE 10
#define FAULT_NULL_CAMERAS 11
#define FAULT_HUGE_DESCRIPTOR 12

#ifndef PLAIN_C_NAME
#define PLAIN_C_NAME "plain_c"
#endif
#define IDENTITY                \
  "{\"plugin\":\"" PLAIN_C_NAME \
  "\",\"version\":\"1.0.0\",\"license\":\"BSD-3-Clause\",\"cameras\":[{\"name\":\"" PLAIN_C_NAME "\"}]}"
#ifndef PLAIN_C_NEEDS
#define PLAIN_C_NEEDS 0
#endif
BL_CAMERA_NOTE(note, PLAIN_C_NEEDS, IDENTITY);

#ifdef PLAIN_C_EXPORTS_MORE
int plain_c_exports_more(void);
int plain_c_exports_more(void) { return 1; }
#endif
#ifdef PLAIN_C_UNDEFINED_SYMBOL
extern void nobody_defines_this(int) __asm__("_Z19nobody_defines_thisi");
#endif

static const bl_host* the_host;

static bl_status create(const bl_host* host, bl_str name, void** camera, bl_error* error) {
  (void)name;
  (void)error;
  the_host = host;
#ifdef PLAIN_C_UNDEFINED_SYMBOL
  nobody_defines_this(1);
#endif
  *camera = 0;
  return BL_OK;
}

static bl_status facts(void* camera, const bl_sink* sink, bl_error* error) {
  static const char text[] =
#if PLAIN_C_FAULT == FAULT_FACTS_NOT_JSON
      "{\"facts\": ";
#elif PLAIN_C_FAULT == FAULT_FACTS_ARRAY
      "[{}]";
#elif PLAIN_C_FAULT == FAULT_FACTS_EMPTY
      "{}";
#else
      "{\"facts\":\"1.0\",\"detector\":{\"pixel_scale_arcsec\":0.4,\"bands\":[\"r\"]},\"pixels\":{\"unit\":"
      "\"total\"},\"files\":{\"mask\":{\"substitute\":[[\"_ooi_\",\"_ood_\"]]},"
      "\"weight\":{\"substitute\":[[\"_ooi_\",\"_oow_\"]]}}}";
#endif
  const bl_str chunk = {text, sizeof(text) - 1};
  (void)camera;
  (void)error;
  return sink->write(sink->self, chunk);
}

/* Halves every weight. */
static bl_status remap_weight(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  int64_t x, y;
  (void)camera;
  (void)slot;
  (void)ccd;
  (void)error;
#if PLAIN_C_FAULT == FAULT_STATUS_17
  return 17;
#elif PLAIN_C_FAULT == FAULT_SKIP_WITHOUT_REASON
  return BL_SKIP;
#endif
  for (y = 0; y < step->weight.height; ++y)
    for (x = 0; x < step->weight.width; ++x) ((float*)step->weight.data)[y * step->weight.stride + x] *= 0.5f;
  return BL_OK;
}

/* "Not my case." */
static bl_status good_region(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  (void)camera;
  (void)slot;
  (void)ccd;
  (void)step;
  (void)error;
  return BL_DEFAULT;
}

static const void* query(void* camera, bl_str id) {
  static const bl_steps steps = {
      .struct_size = sizeof(bl_steps), .good_region = good_region, .remap_weight = remap_weight};
  (void)camera;
  return id.size == sizeof(BL_EXT_STEPS) - 1 && memcmp(id.data, BL_EXT_STEPS, id.size) == 0 ? &steps : 0;
}

static const bl_camera camera __attribute__((unused)) = {.struct_size = sizeof(bl_camera),
#if PLAIN_C_FAULT == FAULT_OTHER_NAME
                                                         .name = {"another", 7},
#else
                                                         .name = {PLAIN_C_NAME, sizeof(PLAIN_C_NAME) - 1},
#endif
                                                         .create = create,
                                                         .facts = facts,
                                                         .query = query};

static const bl_plugin plugin __attribute__((unused)) = {
#if PLAIN_C_FAULT == FAULT_SMALL_DESCRIPTOR
    .struct_size = 12,
#elif PLAIN_C_FAULT == FAULT_HUGE_DESCRIPTOR
    .struct_size = 1u << 20,
#else
    .struct_size = sizeof(bl_plugin),
#endif
    .abi_major = BL_ABI_MAJOR,
    .abi_minor = BL_ABI_MINOR,
    .note = BL_CAMERA_NOTE_TEXT(PLAIN_C_NEEDS, IDENTITY),
#if PLAIN_C_FAULT == FAULT_NO_CAMERAS
    .n_cameras = 0,
#else
    .n_cameras = 1,
#endif
#if PLAIN_C_FAULT == FAULT_ODD_STRIDE
    .camera_stride = 12,
#else
    .camera_stride = sizeof(bl_camera),
#endif
#if PLAIN_C_FAULT == FAULT_NULL_CAMERAS
    .cameras = 0
#else
    .cameras = &camera
#endif
};

__attribute__((visibility("default"))) const bl_plugin* brickline_camera_plugin(const bl_handshake* host) {
#if PLAIN_C_FAULT == FAULT_DECLINES
  static const char why[] = "this processor is too old";
  memcpy(host->error->text, why, sizeof(why) - 1);
  host->error->length = sizeof(why) - 1;
  return 0;
#else
  (void)host;
  (void)the_host;
  return &plugin;
#endif
}
