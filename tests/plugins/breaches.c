/* Cameras in plain C, each of which breaks the contract in one way, or leaves something to the host; the name
 * says which. */
#include <brickline/camera_abi.h>
#include <string.h>

#define IDENTITY                                                                                             \
  "{\"plugin\":\"breaches\",\"version\":\"1.0.0\",\"cameras\":[{\"name\":\"enlarges_box\"},{\"name\":"       \
  "\"scribbles_step\"},{\"name\":\"mask_op_without_mask\"},{\"name\":\"keeps_handles\"},{\"name\":"          \
  "\"default_models\"},{\"name\":\"endless_facts\"},{\"name\":\"small_table\"},{\"name\":\"does_without\"}," \
  "{\"name\":\"loose_cards\"},{\"name\":\"leaves_survey\"},{\"name\":\"depends_on_window\"}]}"
BL_CAMERA_NOTE(note, 0, IDENTITY);

enum {
  ENLARGES_BOX,
  SCRIBBLES_STEP,
  MASK_OP_WITHOUT_MASK,
  KEEPS_HANDLES,
  DEFAULT_MODELS,
  ENDLESS_FACTS,
  SMALL_TABLE,
  DOES_WITHOUT,
  LOOSE_CARDS,
  LEAVES_SURVEY,
  DEPENDS_ON_WINDOW,
  N_CAMERAS
};
static const char* const kNames[] = {"enlarges_box",  "scribbles_step",   "mask_op_without_mask",
                                     "keeps_handles", "default_models",   "endless_facts",
                                     "small_table",   "does_without",     "loose_cards",
                                     "leaves_survey", "depends_on_window"};

static const bl_host* host;
static int which_of[N_CAMERAS];

static bl_str text_of(const char* s) {
  const bl_str text = {s, strlen(s)};
  return text;
}
static int is(bl_str a, const char* b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }

static bl_status create(const bl_host* h, bl_str name, void** camera, bl_error* error) {
  int i;
  (void)error;
  host = h;
  for (i = 0; i < N_CAMERAS; ++i)
    if (is(name, kNames[i])) {
      which_of[i] = i;
      *camera = &which_of[i];
    }
  return BL_OK;
}

static bl_status facts(void* camera, const bl_sink* sink, bl_error* error) {
  (void)error;
  if (*(int*)camera == ENDLESS_FACTS) {
    const bl_str endless = {"{", (uint64_t)0 - 8};
    sink->write(sink->self, text_of("{"));
    return sink->write(sink->self, endless);
  }
  return sink->write(
      sink->self,
      text_of("{\"facts\":\"1.0\",\"detector\":{\"pixel_scale_arcsec\":0.4,\"bands\":[\"r\"]},\"pixels\":{"
              "\"unit\":\"total\"},\"files\":{\"mask\":{\"substitute\":[[\"_ooi_\",\"_ood_\"]]}}}"));
}

static void first_pixel(bl_step* step, float value) { *(float*)step->image.data = value; }

static bl_ccd* kept_ccd;
static bl_hdu* kept_hdu;

static bl_status read_image(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  bl_step other = *step;
  bl_status status;
  (void)slot;
  switch (*(int*)camera) {
    case ENLARGES_BOX:
      other.box.x1 += 2;
      return host->next(host->self, ccd, BL_STEP_READ_IMAGE, &other, error);
    case SCRIBBLES_STEP:
      status = host->next(host->self, ccd, BL_STEP_READ_IMAGE, step, error);
      memset(step, 0xff, sizeof *step);
      return status;
    case DEPENDS_ON_WINDOW:
      status = host->next(host->self, ccd, BL_STEP_READ_IMAGE, step, error);
      first_pixel(step, (float)step->image.width);
      return status;
    case KEEPS_HANDLES: {
      const bl_select of_ccd = {sizeof(bl_select), BL_HDU_OF_CCD, 0, 0, {0, 0}};
      int64_t value = 0;
      if (kept_ccd && kept_ccd != ccd) {
        const int refused = host->get_i64(host->self, kept_ccd, BL_FIELD_EXPNUM, &value) == BL_E_ARGUMENT &&
                            host->card_i64(host->self, kept_hdu, text_of("NAXIS"), &value) == BL_E_ARGUMENT;
        first_pixel(step, refused ? -1 : 1);
        return BL_OK;
      }
      kept_ccd = ccd;
      return host->hdu_open(host->self, ccd, BL_ROLE_IMAGE, &of_ccd, &kept_hdu, error);
    }
    default:
      return BL_DEFAULT;
  }
}

static bl_status read_mask(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  (void)slot;
  if (*(int*)camera == MASK_OP_WITHOUT_MASK)
    return host->mask_op(host->self, ccd, text_of("codes"), text_of("{\"table\":{\"1\":\"badpix\"}}"), step,
                         error);
  if (*(int*)camera == DOES_WITHOUT) {
    int32_t role = 0;
    const bl_status sidecar = host->open_sidecar(host->self, ccd, text_of("none.fits"), &role, error);
    const bl_status mask = host->next(host->self, ccd, BL_STEP_READ_MASK, step, error);
    *(int32_t*)step->raw_mask.data = sidecar == BL_E_MISSING && mask == BL_E_MISSING ? 7 : 0;
    return BL_OK;
  }
  return BL_DEFAULT;
}

static bl_status files(void* camera, void* slot, bl_ccd* ccd, bl_step* step, bl_error* error) {
  (void)slot;
  (void)step;
  (void)error;
  if (*(int*)camera != LEAVES_SURVEY) return BL_DEFAULT;
  return host->set_text(host->self, ccd, BL_FIELD_MASK_FILENAME, text_of("../../etc/mask.fits"));
}

static bl_status cards(void* camera, void* slot, bl_ccd* ccd, const bl_sink* sink, bl_error* error) {
  (void)slot;
  (void)ccd;
  (void)error;
  if (*(int*)camera != LOOSE_CARDS) return BL_DEFAULT;
  return sink->write(sink->self, text_of("CTYPE1 = RA---TAN-SIP\nCTYPE2='DEC--TAN-SIP' / declination\n"
                                         "CRVAL1 = 2.2D1 / degrees\n\n  CD1_1  =  -1.6E-4\n"));
}

static bl_status describe_psf(void* camera, void* slot, bl_ccd* ccd, bl_psf* out, bl_error* error) {
  (void)slot;
  (void)ccd;
  (void)error;
  if (*(int*)camera != DEFAULT_MODELS) return BL_DEFAULT;
  out->form = BL_PSF_BASIS;
  out->width = out->height = 15;
  out->sampling = out->x_scale = out->y_scale = 1;
  out->fwhm_pixels = 4;
  memcpy(out->version, "1", 2);
  return BL_OK;
}
static bl_status planes(void* camera, void* slot, bl_ccd* ccd, const bl_view* cube, bl_error* error) {
  (void)camera;
  (void)slot;
  (void)ccd;
  (void)cube;
  (void)error;
  return BL_DEFAULT;
}
static bl_status describe_sky(void* camera, void* slot, bl_ccd* ccd, bl_sky* out, bl_error* error) {
  (void)slot;
  (void)ccd;
  (void)error;
  if (*(int*)camera != DEFAULT_MODELS) return BL_DEFAULT;
  out->form = BL_SKY_WINDOW;
  out->value = 17;
  memcpy(out->version, "1", 2);
  return BL_OK;
}
static bl_status render(void* camera, void* slot, bl_ccd* ccd, const bl_box* box, const bl_view* out,
                        bl_error* error) {
  (void)box;
  return planes(camera, slot, ccd, out, error);
}

static const void* query(void* camera, bl_str id) {
  static const bl_steps steps = {
      .struct_size = sizeof(bl_steps), .files = files, .read_image = read_image, .read_mask = read_mask};
  static const bl_steps small = {.struct_size = 16, .files = files};
  static const bl_wcs wcs = {sizeof(bl_wcs), 0, cards};
  static const bl_psf_model psf = {sizeof(bl_psf_model), 0, describe_psf, planes};
  static const bl_sky_model sky = {sizeof(bl_sky_model), 0, describe_sky, render};
  if (is(id, BL_EXT_STEPS)) return *(int*)camera == SMALL_TABLE ? &small : &steps;
  if (is(id, BL_EXT_WCS)) return &wcs;
  if (is(id, BL_EXT_PSF)) return &psf;
  if (is(id, BL_EXT_SKY)) return &sky;
  return 0;
}

#define CAMERA(text)                                                                                      \
  {                                                                                                       \
    .struct_size = sizeof(bl_camera), .name = {text, sizeof(text) - 1}, .create = create, .facts = facts, \
    .query = query                                                                                        \
  }
static const bl_camera cameras[] = {
    CAMERA("enlarges_box"),  CAMERA("scribbles_step"),   CAMERA("mask_op_without_mask"),
    CAMERA("keeps_handles"), CAMERA("default_models"),   CAMERA("endless_facts"),
    CAMERA("small_table"),   CAMERA("does_without"),     CAMERA("loose_cards"),
    CAMERA("leaves_survey"), CAMERA("depends_on_window")};
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
