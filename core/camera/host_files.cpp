// What plugins read of files: HDUs and cards, pixels, tables, bytes; and memory to work in.
#include <strings.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "core/camera/fits_camera.h"
#include "core/camera/host_calls.h"

namespace brickline::host_calls {
namespace {

// ---- HDUs and cards ----

// The HDU of that name (without case) and, if one is given, version.
std::optional<int> find_hdu(Ccd& ccd, std::int32_t role, const std::string& name, int extver) {
  ImageFile& reader = ccd.file(role);
  if (extver <= 0) return reader.find_hdu(name);
  for (int hdu = 0; hdu < reader.hdu_count(); ++hdu) {
    const fits::Header& header = ccd.header_of(role, hdu);
    const std::string found = header.text("EXTNAME").value_or("");
    if (found.size() == name.size() && strncasecmp(found.data(), name.data(), name.size()) == 0 &&
        header.integer("EXTVER").value_or(1) == extver)
      return hdu;
  }
  return {};
}

bl_status hdu_open(void*, bl_ccd* handle, std::int32_t role, const bl_select* select, bl_hdu** out,
                   bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    if (role < 0 || static_cast<std::size_t>(role) >= ccd.files.size())
      return report_to(error, BL_E_ARGUMENT, "no such file role");
    if (given(select).struct_size < BL_SELECT_LEAST)
      return report_to(error, BL_E_ARGUMENT, "struct_size of the selection is too small");
    if (ccd.files[static_cast<std::size_t>(role)].path.empty())
      return report_to(error, BL_E_MISSING, "this CCD has no such file");
    ImageFile& reader = ccd.file(role);
    int number = select->number;
    if (number == BL_HDU_OF_CCD) {
      number = role > BL_ROLE_WEIGHT ? ccd.values.image_hdu : ccd.hdu_of_ccd(role);
    } else if (number == BL_HDU_PRIMARY) {
      number = role == BL_ROLE_IMAGE ? ccd.facts().hdus.primary : 0;
    } else if (number == BL_HDU_BY_NAME) {
      const std::string name = text_given(select->extname);
      const std::optional<int> found = find_hdu(ccd, role, name, select->extver);
      if (!found) return report_to(error, BL_E_MISSING, "no HDU is named " + one_line(name));
      number = *found;
    }
    if (number < 0 || number >= reader.hdu_count())
      return report_to(error, BL_E_MISSING, "there is no HDU " + std::to_string(number));
    for (HduHandle& h : ccd.handles)
      if (h.role == role && h.number == number) {
        given(out) = to_handle(&h);
        return BL_OK;
      }
    ccd.handles.push_back({&ccd, role, number});
    given(out) = to_handle(&ccd.handles.back());
    return BL_OK;
  });
}

bl_status hdu_info(void*, bl_hdu* handle, bl_hdu_info* out) {
  return guarded(nullptr, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    ImageFile& reader = hdu.ccd->file(hdu.role);
    bl_hdu_info info{};
    info.struct_size = given(out).struct_size;
    if (info.struct_size < BL_HDU_INFO_LEAST) return BL_E_ARGUMENT;
    info.number = hdu.number;
    if (reader.is_table(hdu.number)) {
      info.kind = BL_HDU_TABLE;
      info.rows = hdu.ccd->header_of(hdu.role, hdu.number).integer("NAXIS2").value_or(0);
    } else {
      const fits::ImageInfo image = reader.image_info(hdu.number);
      info.kind = image.width > 0 && image.height > 0 ? BL_HDU_IMAGE : BL_HDU_EMPTY;
      info.width = image.width;
      info.height = image.height;
      info.planes = image.depth;
      info.bitpix = image.bitpix;
      info.compressed = image.compressed;
    }
    std::memcpy(out, &info, std::min<std::size_t>(sizeof info, out->struct_size));
    return BL_OK;
  });
}

// Finds a card that has a value and lets `read` convert it; `read` says whether it could.
template <typename F>
bl_status card(bl_hdu* handle, bl_str key, F&& read) {
  return guarded(nullptr, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    const fits::Header& header = hdu.ccd->header_of(hdu.role, hdu.number);
    const std::string name = text_given(key);
    const fits::Card* found = header.find(name);
    if (!found) return BL_ABSENT;
    const std::optional<std::string> text = header.text(name);
    if (!text || text->find_first_not_of(' ') == std::string::npos) return BL_BLANK;
    return read(*hdu.ccd, header, name);
  });
}
bl_status card_f64(void*, bl_hdu* handle, bl_str key, double* out) {
  return card(handle, key, [&](Ccd&, const fits::Header& h, const std::string& name) -> bl_status {
    const std::optional<double> value = h.number(name);
    if (!value) return BL_E_INPUT;
    if (!std::isfinite(*value)) return BL_BLANK;
    given(out) = *value;
    return BL_OK;
  });
}
bl_status card_i64(void*, bl_hdu* handle, bl_str key, std::int64_t* out) {
  return card(handle, key, [&](Ccd&, const fits::Header& h, const std::string& name) -> bl_status {
    const std::optional<std::int64_t> value = h.integer(name);
    if (value) given(out) = *value;
    return value ? BL_OK : BL_E_INPUT;
  });
}
bl_status card_bool(void*, bl_hdu* handle, bl_str key, std::int32_t* out) {
  return card(handle, key, [&](Ccd&, const fits::Header& h, const std::string& name) -> bl_status {
    const std::optional<bool> value = h.logical(name);
    if (value) given(out) = *value;
    return value ? BL_OK : BL_E_INPUT;
  });
}
bl_status card_text(void*, bl_hdu* handle, bl_str key, bl_str* out) {
  return card(handle, key, [&](Ccd& ccd, const fits::Header& h, const std::string& name) -> bl_status {
    given(out) = ccd.keep(*h.text(name));
    return BL_OK;
  });
}
std::uint64_t card_count(void*, bl_hdu* handle) {
  std::uint64_t count = 0;
  guarded(nullptr, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    count = hdu.ccd->header_of(hdu.role, hdu.number).cards().size();
    return BL_OK;
  });
  return count;
}
bl_status card_at(void*, bl_hdu* handle, std::uint64_t index, bl_card* out) {
  return guarded(nullptr, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    const fits::Header& header = hdu.ccd->header_of(hdu.role, hdu.number);
    if (index >= header.cards().size()) return BL_ABSENT;
    const fits::Card& found = header.cards()[index];
    fits::Header alone;
    alone.append(found);
    bl_card c{};
    c.struct_size = given(out).struct_size;
    if (c.struct_size < BL_CARD_LEAST) return BL_E_ARGUMENT;
    c.key = hdu.ccd->keep(found.key);
    c.value = hdu.ccd->keep(alone.text(found.key).value_or(""));
    c.comment = hdu.ccd->keep(found.comment);
    std::memcpy(out, &c, std::min<std::size_t>(sizeof c, out->struct_size));
    return BL_OK;
  });
}

// ---- Pixels and tables ----

template <typename T>
void copy_out(const Image<T>& pixels, const bl_view& view) {
  for (int y = 0; y < pixels.height(); ++y)
    std::copy_n(pixels.row(y), pixels.width(), static_cast<T*>(view.data) + y * view.stride);
}

bl_status read_pixels(void*, bl_hdu* handle, const bl_box* box, const bl_view* view, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    ImageFile& reader = hdu.ccd->file(hdu.role);
    const Box b = from_bl(given(box));
    const fits::ImageInfo info = reader.image_info(hdu.number);
    if (b.empty() || intersection(b, Box::from_size(info.width, info.height)) != b)
      return report_to(error, BL_E_ARGUMENT, "the box is not inside the image");
    if (!given(view).data || view->width != b.width() || view->height != b.height() ||
        view->stride < view->width)
      return report_to(error, BL_E_ARGUMENT, "the view has not the size of the box");
    switch (view->type) {
      case BL_F32:
        copy_out(reader.image<float>(hdu.number, b), *view);
        return BL_OK;
      case BL_F64:
        copy_out(reader.image<double>(hdu.number, b), *view);
        return BL_OK;
      case BL_U8:
        copy_out(reader.image<std::uint8_t>(hdu.number, b), *view);
        return BL_OK;
      case BL_U16:
        copy_out(reader.image<std::uint16_t>(hdu.number, b), *view);
        return BL_OK;
      case BL_I32:
        copy_out(read_codes(*hdu.ccd, hdu.role, hdu.number, b), *view);
        return BL_OK;
      default:
        return report_to(error, BL_E_ARGUMENT, "no such pixel type");
    }
  });
}

// The whole table of an HDU, read once; null, and the error told, if it has no such column.
const fits::Table* table_with(const HduHandle& hdu, const std::string& column, bl_error* error) {
  const fits::Table& table = hdu.ccd->table_of(hdu.role, hdu.number);
  if (table.has(column)) return &table;
  report_to(error, BL_E_MISSING, "there is no column " + one_line(column));
  return nullptr;
}

bl_status column_info(void*, bl_hdu* handle, bl_str column, bl_column_info* out, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    if (given(out).struct_size < BL_COLUMN_INFO_LEAST) return BL_E_ARGUMENT;
    const std::string name = text_given(column);
    const fits::Table* table = table_with(hdu_of(handle), name, error);
    if (!table) return BL_E_MISSING;
    bl_column_info info{};
    info.struct_size = out->struct_size;
    info.kind = table->require(name).is_string() ? BL_COLUMN_TEXT : BL_COLUMN_NUMBERS;
    info.rows = table->rows();
    info.width = info.kind == BL_COLUMN_TEXT ? 1 : table->require(name).width();
    std::memcpy(out, &info, std::min<std::size_t>(sizeof info, out->struct_size));
    return BL_OK;
  });
}

bl_status table_text(void*, bl_hdu* handle, bl_str column, std::uint64_t row, bl_str* out, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    const HduHandle& hdu = hdu_of(handle);
    const std::string name = text_given(column);
    const fits::Table* table = table_with(hdu, name, error);
    if (!table) return BL_E_MISSING;
    if (row >= static_cast<std::uint64_t>(table->rows()))
      return report_to(error, BL_E_ARGUMENT, "no such row");
    given(out) = hdu.ccd->keep(table->text(name, static_cast<std::int64_t>(row)));
    return BL_OK;
  });
}

bl_status table_read(void*, bl_hdu* handle, bl_str column, std::uint64_t first_row, std::uint64_t n_rows,
                     std::uint32_t type, void* buffer, std::uint64_t bytes, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    const std::string name = text_given(column);
    const fits::Table* table = table_with(hdu_of(handle), name, error);
    if (!table) return BL_E_MISSING;
    const auto rows = static_cast<std::uint64_t>(table->rows());
    if (first_row > rows || n_rows > rows - first_row) return report_to(error, BL_E_ARGUMENT, "no such rows");
    const auto width = static_cast<std::uint64_t>(table->require(name).width());
    const std::uint64_t size = type == BL_F64 ? 8 : type == BL_I32 ? 4 : 0;
    if (size == 0) return report_to(error, BL_E_ARGUMENT, "columns are read as BL_F64 or BL_I32");
    if (bytes < n_rows * width * size) return report_to(error, BL_E_TOO_SMALL, "the buffer is too small");
    if (n_rows * width > 0) given(static_cast<char*>(buffer));
    const std::vector<double> values = table->numbers(name);
    if (values.size() < (first_row + n_rows) * width)
      return report_to(error, BL_E_UNSUPPORTED, "columns of variable length are not read");
    for (std::uint64_t i = 0; i < n_rows * width; ++i) {
      const double value = values[first_row * width + i];
      if (type == BL_F64) {
        static_cast<double*>(buffer)[i] = value;
      } else {
        if (!(std::abs(value) < 2147483648.0) || value != std::floor(value))
          return report_to(error, BL_E_INPUT, "a value does not fit into 32 bits");
        static_cast<std::int32_t*>(buffer)[i] = static_cast<std::int32_t>(value);
      }
    }
    return BL_OK;
  });
}

bl_status open_sidecar(void*, bl_ccd* handle, bl_str path, std::int32_t* role, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    const std::filesystem::path file = ccd.sidecar_path(text_given(path));
    if (!std::filesystem::is_regular_file(file))
      return report_to(error, BL_E_MISSING, "there is no file " + file.string());
    ccd.files.push_back({file, nullptr, nullptr});
    given(role) = static_cast<std::int32_t>(ccd.files.size()) - 1;
    return BL_OK;
  });
}

// ---- Files as bytes ----

void check_role(const Ccd& ccd, std::int32_t role) {
  if (role < 0 || static_cast<std::size_t>(role) >= ccd.files.size()) throw Breach("no such file role");
}
bl_status file_size(void*, bl_ccd* handle, std::int32_t role, std::uint64_t* out, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    check_role(ccd, role);
    given(out) = ccd.bytes(role).size();
    return BL_OK;
  });
}
bl_status file_read(void*, bl_ccd* handle, std::int32_t role, std::uint64_t offset, void* buffer,
                    std::uint64_t bytes, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    check_role(ccd, role);
    if (bytes > 0) given(static_cast<char*>(buffer));
    ccd.bytes(role).read(offset, buffer, bytes);
    return BL_OK;
  });
}
bl_status file_path(void*, bl_ccd* handle, std::int32_t role, bl_str* out, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    check_role(ccd, role);
    const std::filesystem::path& path = ccd.files[static_cast<std::size_t>(role)].path;
    if (path.empty()) return report_to(error, BL_E_MISSING, "this CCD has no such file");
    if (ccd.source.read_log) ccd.source.read_log->note(path);
    given(out) = ccd.keep(std::filesystem::absolute(path).string());
    return BL_OK;
  });
}

bl_status scratch(void*, bl_ccd* handle, std::uint64_t bytes, std::uint64_t alignment, void** out) {
  return guarded(nullptr, [&]() -> bl_status {
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 32;
    if (alignment == 0 || alignment > 4096 || (alignment & (alignment - 1)) != 0) return BL_E_ARGUMENT;
    if (bytes > kLargest) return BL_E_RESOURCES;
    Ccd& ccd = ccd_of(handle);
    ccd.scratch.push_back(std::make_unique<std::byte[]>(bytes + alignment));
    const auto address = reinterpret_cast<std::uintptr_t>(ccd.scratch.back().get());
    given(out) = reinterpret_cast<void*>((address + alignment - 1) / alignment * alignment);
    return BL_OK;
  });
}

}  // namespace

void offer_files(bl_host& host) {
  host.hdu_open = hdu_open;
  host.hdu_info = hdu_info;
  host.card_f64 = card_f64;
  host.card_i64 = card_i64;
  host.card_bool = card_bool;
  host.card_text = card_text;
  host.card_count = card_count;
  host.card_at = card_at;
  host.read_pixels = read_pixels;
  host.table_read = table_read;
  host.open_sidecar = open_sidecar;
  host.scratch = scratch;
  host.column_info = column_info;
  host.table_text = table_text;
  host.file_size = file_size;
  host.file_read = file_read;
  host.file_path = file_path;
}

}  // namespace brickline::host_calls
