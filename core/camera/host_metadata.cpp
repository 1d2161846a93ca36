// What plugins learn and say of a CCD: its metadata, and its row of the CCD table.
#include <strings.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "core/camera/host_calls.h"

namespace brickline::host_calls {
namespace {

// ---- Metadata ----

std::string* text_field(Ccd& ccd, int field) {
  CcdValues& v = ccd.values;
  switch (field) {
    case BL_FIELD_CAMERA:
      return &v.camera;
    case BL_FIELD_BAND:
      return &v.band;
    case BL_FIELD_OBJECT:
      return &v.object;
    case BL_FIELD_PROPID:
      return &v.propid;
    case BL_FIELD_PLVER:
      return &v.plver;
    case BL_FIELD_PLPROCID:
      return &v.plprocid;
    case BL_FIELD_PROCDATE:
      return &v.procdate;
    case BL_FIELD_IMAGE_FILENAME:
      return &v.image_filename;
    case BL_FIELD_MASK_PLVER:
      return &v.mask_plver;
    case BL_FIELD_MASK_FILENAME:
      return &ccd.mask_name;
    case BL_FIELD_WEIGHT_FILENAME:
      return &ccd.weight_name;
    default:
      return nullptr;
  }
}

double* real_field(Ccd& ccd, int field) {
  CcdValues& v = ccd.values;
  switch (field) {
    case BL_FIELD_MJD_OBS:
      return &v.mjd_obs;
    case BL_FIELD_EXPTIME:
      return &v.exptime;
    case BL_FIELD_AIRMASS:
      return &v.airmass;
    case BL_FIELD_HOUR_ANGLE:
      return &v.hour_angle;
    case BL_FIELD_RA_BORE:
      return &v.ra_bore;
    case BL_FIELD_DEC_BORE:
      return &v.dec_bore;
    case BL_FIELD_GAIN:
      return &v.gain;
    case BL_FIELD_FWHM:
      return &v.psf_fwhm;
    case BL_FIELD_PIXEL_SCALE:
      return &v.pixel_scale;
    case BL_FIELD_CCDZPT:
      return &v.ccdzpt;
    case BL_FIELD_ZERO_POINT:
      return &v.zero_point;
    case BL_FIELD_SIG1:
      return &v.sig1;
    case BL_FIELD_READ_NOISE:
      return &v.read_noise;
    default:
      return nullptr;
  }
}

int* integer_field(Ccd& ccd, int field) {
  switch (field) {
    case BL_FIELD_IMAGE_HDU:
      return &ccd.values.image_hdu;
    case BL_FIELD_WIDTH:
      return &ccd.values.width;
    case BL_FIELD_HEIGHT:
      return &ccd.values.height;
    case BL_FIELD_MASK_HDU:
      return &ccd.mask_hdu;
    case BL_FIELD_WEIGHT_HDU:
      return &ccd.weight_hdu;
    default:
      return nullptr;
  }
}

bool may_set(const Ccd& ccd, int field) {
  if (!ccd.in_callback) return false;
  const bool of_files = field >= BL_FIELD_MASK_FILENAME && field <= BL_FIELD_WEIGHT_HDU;
  if (ccd.step == CameraStep::kFiles) return of_files;
  const bool host_owned = field == BL_FIELD_IMAGE_FILENAME || field == BL_FIELD_IMAGE_HDU ||
                          field == BL_FIELD_CCDZPT || field == BL_FIELD_ZERO_POINT ||
                          field == BL_FIELD_SIG1 || field == BL_FIELD_MASK_PLVER;
  return ccd.step == CameraStep::kMetadata && !of_files && !host_owned;
}

bl_status get_i64(void*, bl_ccd* handle, std::int32_t field, std::int64_t* out) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    const int* value = integer_field(ccd, field);
    if (field != BL_FIELD_EXPNUM && !value) return BL_E_ARGUMENT;
    const std::int64_t found = value ? *value : ccd.values.expnum;
    if (found < 0) return BL_ABSENT;
    given(out) = found;
    return BL_OK;
  });
}
bl_status get_f64(void*, bl_ccd* handle, std::int32_t field, double* out) {
  return guarded(nullptr, [&]() -> bl_status {
    const double* value = real_field(ccd_of(handle), field);
    if (!value) return BL_E_ARGUMENT;
    if (std::isnan(*value)) return BL_ABSENT;
    given(out) = *value;
    return BL_OK;
  });
}
bl_status get_text(void*, bl_ccd* handle, std::int32_t field, bl_str* out) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    if (field == BL_FIELD_CCDNAME) {
      if (!ccd.values.ccdname_known()) return BL_ABSENT;
      given(out) = ccd.keep(ccd.values.ccdname);
      return BL_OK;
    }
    if (field == BL_FIELD_MASK_PLVER) ccd.mask_plver();
    const std::string* value = text_field(ccd, field);
    if (!value) return BL_E_ARGUMENT;
    if (value->empty()) return BL_ABSENT;
    given(out) = ccd.keep(*value);
    return BL_OK;
  });
}
bl_status set_i64(void*, bl_ccd* handle, std::int32_t field, std::int64_t value) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    if (!may_set(ccd, field)) return BL_E_ARGUMENT;
    if (field == BL_FIELD_EXPNUM) {
      ccd.values.expnum = value;
      return BL_OK;
    }
    int* out = integer_field(ccd, field);
    if (!out || value < -1 || value > 1 << 30) return BL_E_ARGUMENT;
    *out = static_cast<int>(value);
    return BL_OK;
  });
}
bl_status set_f64(void*, bl_ccd* handle, std::int32_t field, double value) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    double* out = real_field(ccd, field);
    if (!out || !may_set(ccd, field)) return BL_E_ARGUMENT;
    *out = value;
    return BL_OK;
  });
}
bl_status set_text(void*, bl_ccd* handle, std::int32_t field, bl_str value) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    if (!may_set(ccd, field)) return BL_E_ARGUMENT;
    if (field == BL_FIELD_CCDNAME) {
      ccd.values.ccdname = one_line(text_given(value));
      ccd.values.unnamed = ccd.values.ccdname.empty();
      return BL_OK;
    }
    std::string* out = text_field(ccd, field);
    if (!out) return BL_E_ARGUMENT;
    *out = one_line(text_given(value));
    return BL_OK;
  });
}

// ---- The CCD table's row ----

template <typename F>
bl_status column(bl_ccd* handle, bl_str name, F&& read) {
  return guarded(nullptr, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    const std::string column_name = text_given(name);
    if (!ccd.source.table || ccd.source.row < 0 || !ccd.source.table->has(column_name)) return BL_ABSENT;
    read(ccd, *ccd.source.table, column_name);
    return BL_OK;
  });
}
bl_status column_i64(void*, bl_ccd* handle, bl_str name, std::int64_t* out) {
  return column(handle, name, [&](Ccd& ccd, const fits::Table& t, const std::string& n) {
    given(out) = t.integer(n, ccd.source.row);
  });
}
bl_status column_f64(void*, bl_ccd* handle, bl_str name, double* out) {
  return column(handle, name, [&](Ccd& ccd, const fits::Table& t, const std::string& n) {
    given(out) = t.number(n, ccd.source.row);
  });
}
bl_status column_text(void*, bl_ccd* handle, bl_str name, bl_str* out) {
  return column(handle, name, [&](Ccd& ccd, const fits::Table& t, const std::string& n) {
    given(out) = ccd.keep(t.text(n, ccd.source.row));
  });
}

}  // namespace

void offer_metadata(bl_host& host) {
  host.get_i64 = get_i64;
  host.get_f64 = get_f64;
  host.get_text = get_text;
  host.set_i64 = set_i64;
  host.set_f64 = set_f64;
  host.set_text = set_text;
  host.column_i64 = column_i64;
  host.column_f64 = column_f64;
  host.column_text = column_text;
}

}  // namespace brickline::host_calls
