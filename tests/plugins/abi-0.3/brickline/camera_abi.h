/* The boundary between Brickline and a camera plugin: plain C11, the only thing both sides share.
 *
 * A plugin is one ELF shared library "NAME.camera.so" that exports exactly one symbol,
 * brickline_camera_plugin, and carries a note (section .note.brickline) saying who it is, so that it can be
 * listed without being run. C++ authors use camera.hpp, which writes all of this.
 *
 * Rules that hold everywhere below:
 *  - Every struct but bl_str, bl_box and bl_view (which never change) begins with struct_size, set by whoever
 *    allocates it. Member m of *p exists only if BL_HAS(p, m); nobody touches bytes beyond struct_size. What
 *    the first minor had is always there: BL_..._LEAST below. Padding is written out as `reserved`: writers
 *    set 0, readers ignore it.
 *  - Text is UTF-8 with a length, never assumed to be terminated. Arrays are allocated by the caller; each
 *    side frees only its own.
 *  - No exception crosses, in either direction. Functions return a bl_status; a failing one fills the
 *    bl_error.
 *  - Pixels are those of the full CCD, 0-based, pixel centre at the integer; boxes are half-open.
 *  - Threads: [load] one thread, nothing else of this plugin runs meanwhile; [camera] any threads,
 *    concurrently; [ccd] one call at a time for one CCD, different CCDs concurrently, the thread may change
 *    between calls.
 *  - A library is never unloaded. A camera is immutable once created.
 *
 * Versions: BL_ABI_MAJOR must be equal on both sides, and the minor that a plugin needs must not be above the
 * host's. Within a major, structs and tables only grow at their ends, and what a function means never changes;
 * a step with other arguments is a new extension. While the major is 0 any minor may change anything, so the
 * minor must be equal too.
 *
 * Only for ELF systems with 64-bit pointers, little-endian (x86-64, aarch64): the assertions at the end say so.
 */
#ifndef BRICKLINE_CAMERA_ABI_H
#define BRICKLINE_CAMERA_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error \
    "a camera must not be compiled with -ffast-math or -Ofast: it would change the floating-point mode of the program that loads it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BL_ABI_MAJOR 0
#define BL_ABI_MINOR 3
#define BL_SDK_VERSION "0.3.0"
#define BL_ENTRY_SYMBOL "brickline_camera_plugin"
#define BL_NOTE_SECTION ".note.brickline"
#define BL_NOTE_OWNER "Brickline"
#define BL_NOTE_TYPE 0x424c4331u       /* its text is the plugin's identity */
#define BL_NOTE_TYPE_NEEDS 0x424c4e31u /* its content is one uint32_t: a minor that the plugin needs */

#define BL_HAS(ptr, member) \
  ((ptr) != 0 &&            \
   (const char*)&(ptr)->member + sizeof((ptr)->member) <= (const char*)(ptr) + (ptr)->struct_size)

/* ---- Statuses. Unknown negative values count as BL_E_INTERNAL; unknown positive ones break the contract. ---- */
typedef int32_t bl_status;
#define BL_OK 0
#define BL_SKIP 1             /* this CCD is of no use here; the error text says why (required) */
#define BL_DEFAULT 2          /* "not my case": do what would happen without me; outputs are untouched */
#define BL_ABSENT 3           /* look-up: no such card, column or field */
#define BL_BLANK 4            /* look-up: card present, its value undefined or a blank string */
#define BL_E_INPUT (-1)       /* the content of a file is wrong */
#define BL_E_MISSING (-2)     /* a file, an HDU, a column or a required card is not there */
#define BL_E_UNSUPPORTED (-3) /* known, but not handled by this version */
#define BL_E_RESOURCES (-4)   /* out of memory, files, room */
#define BL_E_ARGUMENT (-5)    /* the caller broke the contract */
#define BL_E_INTERNAL (-6)    /* a defect */
#define BL_E_CANCELLED (-7)   /* stopped because `cancelled` said so */
#define BL_E_TOO_SMALL (-8)   /* the buffer is too small */

/* ---- Basic types ---- */
typedef struct bl_str {
  const char* data;
  uint64_t size;
} bl_str;

typedef struct bl_box {
  int32_t x0, x1, y0, y1; /* [x0,x1) x [y0,y1) */
} bl_box;

#define BL_F32 1u
#define BL_F64 2u
#define BL_U8 3u
#define BL_U16 4u
#define BL_I32 5u
typedef struct bl_view {
  void* data;                    /* null: not in use */
  int64_t width, height, stride; /* stride in elements, >= width */
  uint32_t type, reserved;
} bl_view;

/* Owned by the caller. The callee writes text[0..length), at most `capacity` bytes, saying what is wrong (not
 * where: the host adds plugin, camera, CCD and step), and role, hdu, key where known (-1, -1, empty
 * otherwise). */
typedef struct bl_error {
  uint32_t struct_size, capacity, length;
  int32_t role, hdu;
  uint32_t key_length;
  char key[80];
  char* text;
} bl_error;

/* Takes text of any length in pieces. */
typedef struct bl_sink {
  uint32_t struct_size, reserved;
  void* self;
  bl_status (*write)(void* self, bl_str chunk);
} bl_sink;

/* Names an HDU. number >= 0: that HDU (0 = primary); BL_HDU_BY_NAME: by extname (without case; then extver if
 * > 0); BL_HDU_OF_CCD: this CCD's HDU in that file; BL_HDU_PRIMARY: the primary header as the facts define
 * it. */
#define BL_HDU_BY_NAME (-1)
#define BL_HDU_OF_CCD (-2)
#define BL_HDU_PRIMARY (-3)
typedef struct bl_select {
  uint32_t struct_size;
  int32_t number, extver, reserved;
  bl_str extname;
} bl_select;

/* Files of a CCD; 3 and up are those opened by open_sidecar. */
#define BL_ROLE_IMAGE 0
#define BL_ROLE_MASK 1
#define BL_ROLE_WEIGHT 2

typedef struct bl_ccd bl_ccd; /* one open CCD, the host's */
typedef struct bl_hdu bl_hdu; /* one open HDU, the host's; lives until the CCD closes */

#define BL_HDU_EMPTY 0u
#define BL_HDU_IMAGE 1u
#define BL_HDU_TABLE 2u
typedef struct bl_hdu_info {
  uint32_t struct_size, kind;
  int64_t width, height, planes, rows; /* rows: of a table */
  int32_t bitpix, number;
  uint32_t compressed, reserved;
} bl_hdu_info;

/* A column of a table. `width` elements in each row: numbers, or 1 text. */
#define BL_COLUMN_TEXT 0u
#define BL_COLUMN_NUMBERS 1u
typedef struct bl_column_info {
  uint32_t struct_size, kind;
  int64_t rows, width;
} bl_column_info;

typedef struct bl_card {
  uint32_t struct_size, reserved;
  bl_str key, value, comment; /* value: text of the value field, quotes removed; live until the CCD closes */
} bl_card;

/* ---- Canonical mask bits (the u16 mask after remap_mask) ---- */
#define BL_MASK_BADPIX 0x0001u
#define BL_MASK_SATUR 0x0002u
#define BL_MASK_INTERP 0x0004u
#define BL_MASK_CR 0x0010u
#define BL_MASK_BLEED 0x0040u
#define BL_MASK_TRANS 0x0080u
#define BL_MASK_EDGE 0x0100u
#define BL_MASK_EDGE2 0x0200u

/* ---- What a step works on ---- */
#define BL_PURPOSE_RUN 1u       /* a calibrated sub-image for fitting */
#define BL_PURPOSE_CALIBRATE 2u /* making PSF and sky models */
#define BL_PURPOSE_MEASURE 3u   /* zero points */
#define BL_PURPOSE_CHECK 4u     /* headers only */
/* Views have exactly the size of `box`: image F32, raw_mask I32 (of a u32 mask: its bits), mask U16, weight
 * F32. Steps edit them in place and keep no pointer. */
typedef struct bl_step {
  uint32_t struct_size, purpose;
  bl_box box;
  bl_view image, raw_mask, mask, weight;
  bl_box good; /* good_region's result */
  int64_t reserved[2];
} bl_step;

/* Steps, in their order; the values name them to bl_host.next. */
#define BL_STEP_METADATA 1
#define BL_STEP_FILES 2
#define BL_STEP_GOOD_REGION 3
#define BL_STEP_READ_IMAGE 4
#define BL_STEP_READ_MASK 5
#define BL_STEP_REMAP_MASK 6
#define BL_STEP_READ_WEIGHT 7
#define BL_STEP_SATURATION 8
#define BL_STEP_REMAP_WEIGHT 9
#define BL_STEP_AFTER_SKY 10

/* Metadata fields. Text: */
#define BL_FIELD_CAMERA 1
#define BL_FIELD_BAND 2
#define BL_FIELD_CCDNAME 3
#define BL_FIELD_OBJECT 4
#define BL_FIELD_PROPID 5
#define BL_FIELD_PLVER 6
#define BL_FIELD_PLPROCID 7
#define BL_FIELD_PROCDATE 8
#define BL_FIELD_IMAGE_FILENAME 9 /* relative to the survey's images; the host's */
/* Integers: */
#define BL_FIELD_EXPNUM 10
#define BL_FIELD_IMAGE_HDU 11 /* the host's */
#define BL_FIELD_WIDTH 12
#define BL_FIELD_HEIGHT 13
/* Real numbers: */
#define BL_FIELD_MJD_OBS 14 /* UTC, start of the exposure */
#define BL_FIELD_EXPTIME 15 /* seconds */
#define BL_FIELD_AIRMASS 16
#define BL_FIELD_HOUR_ANGLE 17 /* degrees, as the boresight */
#define BL_FIELD_RA_BORE 18
#define BL_FIELD_DEC_BORE 19
#define BL_FIELD_GAIN 20        /* electrons per unit */
#define BL_FIELD_FWHM 21        /* pixels */
#define BL_FIELD_PIXEL_SCALE 22 /* arcsec */
#define BL_FIELD_CCDZPT 23      /* mag, per second; the host's, as the next two */
#define BL_FIELD_ZERO_POINT 24  /* mag, of the pixels as they are */
#define BL_FIELD_SIG1 25        /* nanomaggies per pixel */
#define BL_FIELD_READ_NOISE 26  /* electrons */
/* Text, the host's: PLVER of the mask file's primary header. */
#define BL_FIELD_MASK_PLVER 27
/* Settable inside `files` only. An empty name: there is no such product. */
#define BL_FIELD_MASK_FILENAME 28   /* text, relative to the survey's images */
#define BL_FIELD_WEIGHT_FILENAME 29 /* text */
#define BL_FIELD_MASK_HDU 30        /* integer */
#define BL_FIELD_WEIGHT_HDU 31      /* integer */

#define BL_LOG_DEBUG 0
#define BL_LOG_INFO 1
#define BL_LOG_WARNING 2
#define BL_LOG_ERROR 3

/* ---- What the host offers. `self` is the first argument of every function. Functions that take a ccd or hdu
 * are called only inside a callback for that CCD and on its thread (BL_E_ARGUMENT otherwise); log, cancelled
 * and query from any thread. Look-ups return BL_ABSENT, BL_BLANK or BL_E_INPUT (present, but not of that
 * type). Text handed out lives until the CCD closes. All of them are there since the first minor, BL_HOST_LEAST;
 * what comes later is asked for with BL_HAS(host, function). ---- */
typedef struct bl_host {
  uint32_t struct_size, abi_minor;
  void* self;
  void (*log)(void* self, int32_t level, bl_str text);
  int32_t (*cancelled)(void* self); /* poll it in callbacks that may run longer than 100 ms */
  const void* (*query)(void* self, bl_str id);

  bl_status (*get_i64)(void* self, bl_ccd*, int32_t field, int64_t* out);
  bl_status (*get_f64)(void* self, bl_ccd*, int32_t field, double* out);
  bl_status (*get_text)(void* self, bl_ccd*, int32_t field, bl_str* out);
  bl_status (*set_i64)(void* self, bl_ccd*, int32_t field,
                       int64_t value); /* only inside metadata and files */
  bl_status (*set_f64)(void* self, bl_ccd*, int32_t field, double value);
  bl_status (*set_text)(void* self, bl_ccd*, int32_t field, bl_str value);
  /* Any column of the CCD table's row. */
  bl_status (*column_i64)(void* self, bl_ccd*, bl_str name, int64_t* out);
  bl_status (*column_f64)(void* self, bl_ccd*, bl_str name, double* out);
  bl_status (*column_text)(void* self, bl_ccd*, bl_str name, bl_str* out);

  bl_status (*hdu_open)(void* self, bl_ccd*, int32_t role, const bl_select*, bl_hdu** out, bl_error*);
  bl_status (*hdu_info)(void* self, bl_hdu*, bl_hdu_info* out);
  /* Cards as stored in the file, without inheritance. Keys without case. Numbers also from strings that hold
   * one. */
  bl_status (*card_f64)(void* self, bl_hdu*, bl_str key, double* out);
  bl_status (*card_i64)(void* self, bl_hdu*, bl_str key, int64_t* out);
  bl_status (*card_bool)(void* self, bl_hdu*, bl_str key, int32_t* out);
  bl_status (*card_text)(void* self, bl_hdu*, bl_str key, bl_str* out);
  uint64_t (*card_count)(void* self, bl_hdu*);
  bl_status (*card_at)(void* self, bl_hdu*, uint64_t index, bl_card* out);
  /* Decompressed, BSCALE and BZERO applied; the box inside the HDU, the view of the box's size. */
  bl_status (*read_pixels)(void* self, bl_hdu*, const bl_box*, const bl_view*, bl_error*);
  /* Numeric columns (all elements of each row) converted to `type` (BL_F64 or BL_I32). */
  bl_status (*table_read)(void* self, bl_hdu*, bl_str column, uint64_t first_row, uint64_t n_rows,
                          uint32_t type, void* buffer, uint64_t bytes, bl_error*);
  /* "survey:...", "calib:...", "data:..." (beside the plugin), or relative to the image; gives the new role.
   */
  bl_status (*open_sidecar)(void* self, bl_ccd*, bl_str path, int32_t* role, bl_error*);
  bl_status (*scratch)(void* self, bl_ccd*, uint64_t bytes, uint64_t alignment, void** out);

  /* Runs what would have run had this camera not overridden the step: the camera it extends, else the
   * default. At most once per callback, and with the step that the callback was given, unchanged but for
   * `good`: another box or other views are BL_E_ARGUMENT. */
  bl_status (*next)(void* self, bl_ccd*, int32_t step, bl_step*, bl_error*);
  /* One of the named mask operations, its arguments as in the facts' mask.pipeline, on raw_mask, mask and
   * image of the step that the callback was given. BL_E_ARGUMENT where the step has not what it works on. */
  bl_status (*mask_op)(void* self, bl_ccd*, bl_str name, bl_str json_arguments, bl_step*, bl_error*);

  /* What a table's column holds; BL_E_MISSING if there is none of that name. */
  bl_status (*column_info)(void* self, bl_hdu*, bl_str column, bl_column_info* out, bl_error*);
  bl_status (*table_text)(void* self, bl_hdu*, bl_str column, uint64_t row, bl_str* out, bl_error*);

  /* Since minor 3. A file as its bytes, of whatever format it is: how many, and those from `offset` on, all of
   * which must be there. Its absolute path, for formats that a library of one's own reads. */
  bl_status (*file_size)(void* self, bl_ccd*, int32_t role, uint64_t* out, bl_error*);
  bl_status (*file_read)(void* self, bl_ccd*, int32_t role, uint64_t offset, void* buffer, uint64_t bytes,
                         bl_error*);
  bl_status (*file_path)(void* self, bl_ccd*, int32_t role, bl_str* out, bl_error*);
} bl_host;

/* ---- What a plugin offers ---- */
typedef struct bl_camera {
  uint32_t struct_size, reserved;
  bl_str name;                                                                /* canonical, as in the note */
  bl_status (*create)(const bl_host*, bl_str name, void** camera, bl_error*); /* [load] */
  void (*destroy)(void* camera);                                              /* [load] may never be called */
  bl_status (*facts)(void* camera, const bl_sink*, bl_error*);      /* [load] one JSON object, <= 4 MiB */
  const void* (*query)(void* camera, bl_str extension_id);          /* [load] null: not offered */
  bl_status (*open)(void* camera, bl_ccd*, void** slot, bl_error*); /* [ccd] may be null */
  void (*close)(void* camera, void* slot);                          /* [ccd] iff open gave a slot */
} bl_camera;

typedef struct bl_plugin {
  uint32_t struct_size, abi_major, abi_minor, abi_minor_needed;
  bl_str note; /* the note's JSON text */
  uint32_t n_cameras, camera_stride;
  const bl_camera* cameras;
} bl_plugin;

typedef struct bl_handshake {
  uint32_t struct_size, abi_major, abi_minor, reserved;
  bl_str host_name, host_version;
  bl_error* error;
} bl_handshake;

/* The one exported symbol, for all majors. Called once, first, [load]; gives static data, or null with
 * host->error filled. */
typedef const bl_plugin* bl_entry(const bl_handshake* host);

/* ---- Extensions, asked for by id. A null function means the default. ---- */
typedef bl_status bl_step_function(void* camera, void* slot, bl_ccd*, bl_step*, bl_error*); /* [ccd] */

#define BL_EXT_STEPS "brickline.steps/1"
typedef struct bl_steps {
  uint32_t struct_size, reserved;
  bl_step_function *metadata, *files, *good_region, *read_image, *read_mask, *remap_mask, *read_weight,
      *saturation, *remap_weight, *after_sky;
} bl_steps;

/* Emits world-coordinate cards as lines "KEY = value" (TAN, TAN-SIP, TPV; FITS's 1-based conventions), which
 * replace the image header's. Texts may stand in quotes, and a comment after " /". BL_DEFAULT: those of the
 * facts or the header. */
#define BL_EXT_WCS "brickline.wcs/1"
typedef struct bl_wcs {
  uint32_t struct_size, reserved;
  bl_status (*cards)(void* camera, void* slot, bl_ccd*, const bl_sink*, bl_error*); /* [ccd] */
} bl_wcs;

/* A PSF that does not come from the calibration files: planes of a polynomial basis,
 *   PSF(x,y) = sum_{j+k<=d} dx^j dy^k plane[j + (d+1)k - k(k-1)/2],  dx = (x - x_zero)/x_scale, x of the full
 * CCD. Stamps hold the response to a point source centred on the centre pixel. */
#define BL_EXT_PSF "brickline.psf/1"
#define BL_PSF_BASIS 1u
typedef struct bl_psf {
  uint32_t struct_size, form;
  int32_t width, height; /* odd, 5..255 */
  int32_t degree, reserved;
  double sampling; /* PSF pixel size in image pixels, 0.1..2 */
  double x_zero, y_zero, x_scale, y_scale;
  double fwhm_pixels;
  char version[32]; /* terminated */
} bl_psf;
typedef struct bl_psf_model {
  uint32_t struct_size, reserved;
  bl_status (*describe)(void* camera, void* slot, bl_ccd*, bl_psf* out,
                        bl_error*); /* [ccd] BL_DEFAULT: files */
  /* F32 view of width x height*planes, planes one below the other. BL_DEFAULT: files. */
  bl_status (*planes)(void* camera, void* slot, bl_ccd*, const bl_view* cube, bl_error*); /* [ccd] */
} bl_psf_model;

/* A sky level that does not come from the calibration files, in the units of read_image. */
#define BL_EXT_SKY "brickline.sky/1"
#define BL_SKY_CONSTANT 1u
#define BL_SKY_WINDOW 3u
typedef struct bl_sky {
  uint32_t struct_size, form;
  double value;
  char version[32]; /* terminated */
} bl_sky;
typedef struct bl_sky_model {
  uint32_t struct_size, reserved;
  bl_status (*describe)(void* camera, void* slot, bl_ccd*, bl_sky* out,
                        bl_error*); /* [ccd] BL_DEFAULT: files */
  bl_status (*render)(void* camera, void* slot, bl_ccd*, const bl_box*, const bl_view* out,
                      bl_error*); /* [ccd] BL_DEFAULT: files */
} bl_sky_model;

/* Since minor 3. Files of a format of one's own: what the host reads of an image, a mask, a weight or a side file
 * (headers, pixels, its answers to hdu_open and what follows from it) comes from here instead of from FITS.
 * `file` is the plugin's, as `open` gave it. All are [ccd]; within them the host's hdu_... functions do not work on
 * this file, file_... do. */
#define BL_EXT_FORMAT "brickline.format/1"
typedef struct bl_format {
  uint32_t struct_size, reserved;
  /* The file exists. BL_DEFAULT: it is not of this format; the camera that this one extends is asked, then it is
   * FITS. */
  bl_status (*open)(void* camera, bl_ccd*, int32_t role, void** file, int32_t* hdu_count, bl_error*);
  void (*close)(void* camera, void* file); /* may be null */
  /* Fills width, height and bitpix (of FITS: 8, 16, 32, 64, -32, -64); width 0: the HDU holds no image. */
  bl_status (*info)(void* camera, void* file, bl_ccd*, int32_t hdu, bl_hdu_info* out, bl_error*);
  /* Lines "KEY = value / comment": keys of A-Z, 0-9, _ and -; numbers, T or F, texts in quotes or not. */
  bl_status (*cards)(void* camera, void* file, bl_ccd*, int32_t hdu, const bl_sink*, bl_error*);
  /* Pixels of a box inside the image, scaled: BL_F32, NaN where there is none; or BL_I32, codes of a mask. */
  bl_status (*pixels)(void* camera, void* file, bl_ccd*, int32_t hdu, const bl_box*, const bl_view* out,
                      bl_error*);
} bl_format;

/* ---- The layout, checked where it is compiled ---- */
#ifdef __cplusplus
#define BL_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " has an unexpected layout")
#else
#define BL_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has an unexpected layout")
#endif
BL_ASSERT_SIZE(void*, 8);
BL_ASSERT_SIZE(bl_str, 16);
BL_ASSERT_SIZE(bl_box, 16);
BL_ASSERT_SIZE(bl_view, 40);
BL_ASSERT_SIZE(bl_error, 112);
BL_ASSERT_SIZE(bl_sink, 24);
BL_ASSERT_SIZE(bl_select, 32);
BL_ASSERT_SIZE(bl_hdu_info, 56);
BL_ASSERT_SIZE(bl_card, 56);
BL_ASSERT_SIZE(bl_step, 216);
BL_ASSERT_SIZE(bl_handshake, 56);
BL_ASSERT_SIZE(bl_plugin, 48);
BL_ASSERT_SIZE(bl_camera, 72);
BL_ASSERT_SIZE(bl_column_info, 24);
BL_ASSERT_SIZE(bl_host, 264);
BL_ASSERT_SIZE(bl_steps, 88);
BL_ASSERT_SIZE(bl_wcs, 16);
BL_ASSERT_SIZE(bl_psf, 104);
BL_ASSERT_SIZE(bl_psf_model, 24);
BL_ASSERT_SIZE(bl_sky, 48);
BL_ASSERT_SIZE(bl_sky_model, 24);
BL_ASSERT_SIZE(bl_format, 48);

/* ---- Least sizes: those of the major's first minor (of each minor while the major is 0). They never change
 * within a major; what is smaller is refused, what is larger may hold more. ---- */
#define BL_ERROR_LEAST 112u
#define BL_SINK_LEAST 24u
#define BL_SELECT_LEAST 32u
#define BL_HDU_INFO_LEAST 56u
#define BL_COLUMN_INFO_LEAST 24u
#define BL_CARD_LEAST 56u
#define BL_STEP_LEAST 216u
#define BL_HANDSHAKE_LEAST 56u
#define BL_PLUGIN_LEAST 48u
#define BL_CAMERA_LEAST 72u
#define BL_HOST_LEAST 240u
#define BL_STEPS_LEAST 88u
#define BL_WCS_LEAST 16u
#define BL_PSF_LEAST 104u
#define BL_PSF_MODEL_LEAST 24u
#define BL_SKY_LEAST 48u
#define BL_SKY_MODEL_LEAST 24u
#define BL_FORMAT_LEAST 48u

/* ---- For authors in C: the note. Once in a plugin, outside of functions:
 *   BL_CAMERA_NOTE(note, 0, "{\"plugin\":\"mine\",\"version\":\"1.0.0\",\"cameras\":[{\"name\":\"mine\"}]}");
 * makes `note` of it; the descriptor carries the same text: .note = BL_CAMERA_NOTE_TEXT(0, the same json). The
 * number is the least minor of the host that the plugin can do with. (In C++ camera.hpp does all of this.) ---- */
#define BL_STRING_(x) #x
#define BL_STRING(x) BL_STRING_(x)
#define BL_NOTE_HEAD(needs_minor)                                                             \
  "{\"abi\":[" BL_STRING(BL_ABI_MAJOR) "," BL_STRING(BL_ABI_MINOR) "],\"needs\":[" BL_STRING( \
      BL_ABI_MAJOR) "," BL_STRING(needs_minor) "],\"sdk\":\"" BL_SDK_VERSION                  \
                                               "\",\"compiler\":\"" __VERSION__ "\",\"plugin\":"
#define BL_CAMERA_NOTE(variable, needs_minor, json)                                                   \
  static const struct {                                                                               \
    uint32_t owner_size, text_size, type;                                                             \
    char owner[12];                                                                                   \
    char text[(sizeof(BL_NOTE_HEAD(needs_minor) json "}") + 3) / 4 * 4];                              \
  } variable __attribute__((used, section(BL_NOTE_SECTION), aligned(4))) = {                          \
      sizeof(BL_NOTE_OWNER), sizeof(BL_NOTE_HEAD(needs_minor) json "}"), BL_NOTE_TYPE, BL_NOTE_OWNER, \
      BL_NOTE_HEAD(needs_minor) json "}"}
#define BL_CAMERA_NOTE_TEXT(needs_minor, json) \
  { BL_NOTE_HEAD(needs_minor) json "}", sizeof(BL_NOTE_HEAD(needs_minor) json "}") - 1 }

#ifdef __cplusplus
}
#endif

#endif /* BRICKLINE_CAMERA_ABI_H */
