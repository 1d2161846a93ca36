/* Cameras that take the process with them, or all but: each in one way, in the step read_image or where its name
 * says. */
#define _GNU_SOURCE
#include <brickline/camera_abi.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDENTITY                                                                                                  \
  "{\"plugin\":\"misbehaves\",\"version\":\"1.0.0\",\"cameras\":[{\"name\":\"crashes\",\"aliases\":[\"decam\"]}," \
  "{\"name\":\"aborts\"},{\"name\":\"fills_its_stack\"},{\"name\":\"exits_quietly\"},{\"name\":\"exits\"},"       \
  "{\"name\":\"takes_long\"},{\"name\":\"divides\"},{\"name\":\"prints\"},{\"name\":\"changes_directory\"},"      \
  "{\"name\":\"crashes_in_create\"},{\"name\":\"traps\"}]}"
BL_CAMERA_NOTE(note, 0, IDENTITY);

static const char* const kNames[] = {
    "crashes", "aborts", "fills_its_stack",   "exits_quietly",     "exits", "takes_long",
    "divides", "prints", "changes_directory", "crashes_in_create", "traps"};
#define N_CAMERAS (sizeof kNames / sizeof *kNames)

static bl_str text_of(const char* s) {
  const bl_str text = {s, strlen(s)};
  return text;
}

static volatile int* volatile nowhere;

static bl_status create(const bl_host* host, bl_str name, void** camera, bl_error* error) {
  size_t i;
  (void)host;
  (void)error;
  for (i = 0; i < N_CAMERAS; ++i)
    if (name.size == strlen(kNames[i]) && memcmp(name.data, kNames[i], name.size) == 0)
      *camera = (void*)kNames[i];
  if (strcmp(*camera, "crashes_in_create") == 0) *nowhere = 1;
  return BL_OK;
}

static bl_status facts(void* camera, const bl_sink* sink, bl_error* error) {
  (void)error;
  if (strcmp(camera, "prints") == 0) {
    printf("facts of a\nbeta version");
  }
  return sink->write(sink->self,
                     text_of("{\"facts\":\"1.0\",\"detector\":{\"pixel_scale_arcsec\":0.262,\"bands\":["
                             "\"g\",\"r\",\"z\"]},\"pixels\":{\"unit\":\"total\"}}"));
}

static int deep(volatile char* above) {
  volatile char here[4096];
  here[0] = above[0];
  return deep(here) + here[0];
}

static bl_status read_image(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  const char* way = camera;
  volatile double zero = 0;
  (void)slot;
  (void)ccd;
  (void)error;
  if (strcmp(way, "crashes") == 0) *nowhere = 1;
  if (strcmp(way, "aborts") == 0) abort();
  if (strcmp(way, "fills_its_stack") == 0) {
    volatile char top = 1;
    *(float*)step->image.data = (float)deep(&top);
  }
  if (strcmp(way, "exits_quietly") == 0) _exit(0);
  if (strcmp(way, "exits") == 0) exit(0);
  if (strcmp(way, "takes_long") == 0) usleep(400000);
  if (strcmp(way, "divides") == 0) {
    feenableexcept(FE_DIVBYZERO);
    *(float*)step->image.data = (float)(1 / zero);
  }
  if (strcmp(way, "traps") == 0) feenableexcept(FE_DIVBYZERO);
  if (strcmp(way, "prints") == 0) puts("reading");
  if (strcmp(way, "changes_directory") == 0 && chdir("/") != 0) return BL_E_INTERNAL;
  return BL_OK;
}

static const void* query(void* camera, bl_str id) {
  static const bl_steps steps = {.struct_size = sizeof(bl_steps), .read_image = read_image};
  (void)camera;
  return id.size == sizeof(BL_EXT_STEPS) - 1 && memcmp(id.data, BL_EXT_STEPS, id.size) == 0 ? &steps : 0;
}

#define CAMERA(text)                                                                                      \
  {                                                                                                       \
    .struct_size = sizeof(bl_camera), .name = {text, sizeof(text) - 1}, .create = create, .facts = facts, \
    .query = query                                                                                        \
  }
static const bl_camera cameras[] = {
    CAMERA("crashes"),           CAMERA("aborts"), CAMERA("fills_its_stack"),
    CAMERA("exits_quietly"),     CAMERA("exits"),  CAMERA("takes_long"),
    CAMERA("divides"),           CAMERA("prints"), CAMERA("changes_directory"),
    CAMERA("crashes_in_create"), CAMERA("traps")};
static const bl_plugin plugin = {.struct_size = sizeof(bl_plugin),
                                 .abi_major = BL_ABI_MAJOR,
                                 .abi_minor = BL_ABI_MINOR,
                                 .note = BL_CAMERA_NOTE_TEXT(0, IDENTITY),
                                 .n_cameras = N_CAMERAS,
                                 .camera_stride = sizeof(bl_camera),
                                 .cameras = cameras};

__attribute__((visibility("default"))) const bl_plugin* brickline_camera_plugin(
    const bl_handshake* handshake) {
  (void)handshake;
  return &plugin;
}

#ifdef CRASHES_WHEN_LOADED
__attribute__((constructor)) static void before_all(void) { *nowhere = 1; }
#endif
