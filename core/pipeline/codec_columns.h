// Values to and from HDUs: any structure whose fields are listed (codec_fields.h) becomes tables with named
// columns, and images.
//
// A list of n structures is a table of n rows. Its columns, by the kind of the field f:
//   numbers, texts, enumerations (as numbers)   "f"; texts with what FITS cannot hold as "\xHH"
//   fixed arrays of numbers                     "f", as many values a row
//   a structure                                 its own columns, "f"
//   optional                                    "f.given", and the value's columns (0 where there is none)
//   Wcs                                         "f.crval1" ... of its plain tangent projection
// and those of their own:
//   lists, maps, fixed arrays of structures     "f.count" here, and a table "TABLE/f" whose rows are the
//                                               elements of all rows, one row's after another; a list of
//                                               numbers has one column "value", a map "key" and "value"
//   images                                      "f.width", "f.height", and an image HDU "TABLE/f" (of a table
//                                               that has one row) or "TABLE/f[ROW]", lossless (of a list of
//                                               images f is "value")
//   tables                                      "f.rows", a table HDU of that name, and one with ".columns"
//                                               appended that tells its columns' units and descriptions
// Everything comes back bit by bit: NaN, -0, text with blanks at its end. A table is handled column by column,
// over pointers to all its rows; a null pointer stands for a row that has no such value.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/base/image.h"
#include "core/fits/fits_reader.h"
#include "core/fits/table.h"
#include "core/wcs/wcs.h"

namespace brickline::codec {

// --- the fields of a structure -----------------------------------------------------------------------------

// Of each structure: specialised in codec_fields.h with
//   template <class Visit> static constexpr void each(Visit&& visit)
// which calls visit("name", &Structure::name) for every member, those of a base (`using Base`) first.
template <class T>
struct Fields;

template <class T>
concept Listed = requires {
  sizeof(Fields<T>);
};

// How many members an aggregate has: as many as it can be initialised with.
struct AnyMember {
  template <class T>
  operator T() const;
};
template <class T, class... Members>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Members{}..., AnyMember{}}; })
    return member_count<T, Members..., AnyMember>();
  else
    return sizeof...(Members);
}
template <class T>
constexpr std::size_t field_count() {
  std::size_t count = 0;
  Fields<T>::each([&](std::string_view, auto) { ++count; });
  return count;
}
// A base counts as one member of an aggregate.
template <class T>
constexpr bool all_members_listed() {
  if constexpr (requires { typename Fields<T>::Base; })
    return field_count<T>() - field_count<typename Fields<T>::Base>() + 1 == member_count<T>();
  else
    return field_count<T>() == member_count<T>();
}

// --- HDUs --------------------------------------------------------------------------------------------------

using AnyView = std::variant<ImageView<const std::uint8_t>, ImageView<const std::int16_t>,
                             ImageView<const std::int32_t>, ImageView<const float>, ImageView<const double>>;

// Views are of the value that was encoded, which must outlive them.
struct Hdu {
  std::string name;
  std::variant<fits::Table, AnyView> data;
};
using Hdus = std::vector<Hdu>;

// HDUs by name.
class HduSource {
 public:
  explicit HduSource(fits::FitsReader& reader);
  bool has(std::string_view name) const { return numbers_.contains(name); }
  // Error (kInput) if there is none.
  fits::Table table(std::string_view name) { return reader_.table(number(name)); }
  fits::Header header(std::string_view name) { return reader_.header(number(name)); }
  std::int64_t table_rows(std::string_view name) { return reader_.table_rows(number(name)); }
  template <class T>
  Image<T> image(std::string_view name) {
    return reader_.image<T>(number(name));
  }

 private:
  int number(std::string_view name) const;
  fits::FitsReader& reader_;
  std::map<std::string, int, std::less<>> numbers_;
};

// --- kinds of values ---------------------------------------------------------------------------------------

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class K, class V>
struct IsMap<std::map<K, V>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsImage : std::false_type {};
template <class T>
struct IsImage<Image<T>> : std::true_type {
  using Pixel = T;
};

// The type that a plain value has in a column.
template <class T>
struct InColumn {
  using Type = void;
};
template <class T>
requires std::is_enum_v<T>
struct InColumn<T> : InColumn<std::underlying_type_t<T>> {
};
template <>
struct InColumn<std::uint16_t> {
  using Type = std::int32_t;
};
template <class T>
requires(std::is_same_v<T, bool> || std::is_same_v<T, std::uint8_t> || std::is_same_v<T, std::int16_t> ||
         std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, float> ||
         std::is_same_v<T, double>) struct InColumn<T> {
  using Type = T;
};
template <class T>
using ColumnValue = typename InColumn<T>::Type;
template <class T>
concept Plain = !std::is_void_v<ColumnValue<T>>;
template <class T>
concept Text = std::is_same_v<T, std::string> || std::is_same_v<T, std::filesystem::path>;
template <class T>
struct IsPlainArray : std::false_type {};
template <Plain T, std::size_t N>
struct IsPlainArray<std::array<T, N>> : std::true_type {};
template <class T>
struct IsOtherArray : std::false_type {};
template <class T, std::size_t N>
requires(!Plain<T>) struct IsOtherArray<std::array<T, N>> : std::true_type {
};

// Text as FITS can hold it: printable ASCII without a blank at its end; the rest, and "\", as "\xHH".
std::string text_in_column(std::string_view text);
std::string text_from_column(std::string_view text);  // Error (kInput) where that is broken

// A plain tangent projection.
struct TangentWcs {
  double crval1 = 0, crval2 = 0, crpix1 = 0, crpix2 = 0;  // crpix 0-based
  CdMatrix cd{};
  std::int32_t width = 0, height = 0;
};
TangentWcs parts_of(const Wcs& wcs);  // Error (kInternal) of others
Wcs wcs_of(const TangentWcs& parts);
template <>
struct Fields<TangentWcs> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("crval1", &TangentWcs::crval1);
    visit("crval2", &TangentWcs::crval2);
    visit("crpix1", &TangentWcs::crpix1);
    visit("crpix2", &TangentWcs::crpix2);
    visit("cd", &TangentWcs::cd);
    visit("width", &TangentWcs::width);
    visit("height", &TangentWcs::height);
  }
};

// What a table in memory says of a column beyond its values.
struct ColumnNote {
  std::string name, unit, description;
  std::int32_t string_width = 0;
};
template <>
struct Fields<ColumnNote> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &ColumnNote::name);
    visit("unit", &ColumnNote::unit);
    visit("description", &ColumnNote::description);
    visit("string_width", &ColumnNote::string_width);
  }
};
std::vector<ColumnNote> notes_of(const fits::Table& table);
void set_notes(fits::Table& table, const std::vector<ColumnNote>& notes);

// --- encoding ----------------------------------------------------------------------------------------------

template <class T>
using Rows = std::vector<const T*>;

class Encoder {
 public:
  explicit Encoder(Hdus& out) : out_(out) {}

  template <class T>
  void table(const std::string& name, const Rows<T>& rows) {
    const std::size_t slot = open(name);
    fits::Table made;
    made.set_rows(static_cast<std::int64_t>(rows.size()));
    Place place{made, name, rows.size()};
    if constexpr (Listed<T>)
      value(place, "", rows);
    else
      value(place, "value", rows);
    out_[slot].data = std::move(made);
  }

 private:
  struct Place {
    fits::Table& table;
    const std::string& name;
    std::size_t rows;
    std::string child(const std::string& field) const { return name + "/" + field; }
    std::string child(const std::string& field, std::size_t row) const {
      return rows == 1 ? child(field) : child(field) + "[" + std::to_string(row) + "]";
    }
  };
  std::size_t open(const std::string& name);

  template <class T>
  void value(Place& to, const std::string& name, const Rows<T>& rows) {
    if constexpr (Plain<T>) {
      std::vector<ColumnValue<T>> values;
      values.reserve(rows.size());
      for (const T* row : rows) values.push_back(static_cast<ColumnValue<T>>(row ? *row : T{}));
      to.table.add(name, std::move(values));
    } else if constexpr (Text<T>) {
      std::vector<std::string> values;
      values.reserve(rows.size());
      for (const T* row : rows) values.push_back(row ? text_in_column(std::string(*row)) : std::string());
      to.table.add(name, std::move(values));
    } else if constexpr (IsPlainArray<T>::value) {
      std::vector<ColumnValue<typename T::value_type>> values;
      values.reserve(rows.size() * std::tuple_size_v<T>);
      const T none{};
      for (const T* row : rows)
        for (const auto& one : row ? *row : none)
          values.push_back(static_cast<ColumnValue<typename T::value_type>>(one));
      to.table.add(name, std::move(values), {}, {static_cast<std::int64_t>(std::tuple_size_v<T>)});
    } else if constexpr (IsOptional<T>::value) {
      std::vector<bool> given;
      Rows<typename T::value_type> values;
      for (const T* row : rows) {
        given.push_back(row && row->has_value());
        values.push_back(given.back() ? &**row : nullptr);
      }
      to.table.add(name + ".given", std::move(given));
      value(to, name, values);
    } else if constexpr (IsVector<T>::value || IsOtherArray<T>::value) {
      std::vector<std::int64_t> count;
      Rows<typename T::value_type> elements;
      for (const T* row : rows) {
        count.push_back(row ? static_cast<std::int64_t>(row->size()) : 0);
        if (row)
          for (const auto& element : *row) elements.push_back(&element);
      }
      to.table.add(name + ".count", std::move(count));
      table(to.child(name), elements);
    } else if constexpr (IsMap<T>::value) {
      std::vector<std::int64_t> count;
      Rows<typename T::key_type> keys;
      Rows<typename T::mapped_type> values;
      for (const T* row : rows) {
        count.push_back(row ? static_cast<std::int64_t>(row->size()) : 0);
        if (row)
          for (const auto& [key, mapped] : *row) {
            keys.push_back(&key);
            values.push_back(&mapped);
          }
      }
      to.table.add(name + ".count", std::move(count));
      const std::string child = to.child(name);
      const std::size_t slot = open(child);
      fits::Table made;
      made.set_rows(static_cast<std::int64_t>(keys.size()));
      Place place{made, child, keys.size()};
      value(place, "key", keys);
      value(place, "value", values);
      out_[slot].data = std::move(made);
    } else if constexpr (IsImage<T>::value) {
      std::vector<std::int32_t> width, height;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        width.push_back(rows[i] ? rows[i]->width() : 0);
        height.push_back(rows[i] ? rows[i]->height() : 0);
        if (rows[i] && !rows[i]->empty()) out_[open(to.child(name, i))].data = AnyView(rows[i]->view());
      }
      to.table.add(name + ".width", std::move(width));
      to.table.add(name + ".height", std::move(height));
    } else if constexpr (std::is_same_v<T, fits::Table>) {
      std::vector<std::int64_t> count;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        count.push_back(rows[i] ? rows[i]->rows() : 0);
        if (!rows[i]) continue;
        out_[open(to.child(name, i))].data = *rows[i];
        const std::vector<ColumnNote> notes = notes_of(*rows[i]);
        Rows<ColumnNote> note_rows;
        for (const ColumnNote& note : notes) note_rows.push_back(&note);
        table(to.child(name, i) + ".columns", note_rows);
      }
      to.table.add(name + ".rows", std::move(count));
    } else if constexpr (std::is_same_v<T, Wcs>) {
      std::vector<TangentWcs> parts;
      for (const Wcs* row : rows) parts.push_back(row ? parts_of(*row) : TangentWcs{});
      Rows<TangentWcs> part_rows;
      for (const TangentWcs& one : parts) part_rows.push_back(&one);
      value(to, name, part_rows);
    } else {
      static_assert(Listed<T>, "the fields of this type are not listed in codec_fields.h");
      static_assert(all_members_listed<T>(), "a member is missing from the list of fields");
      Fields<T>::each([&](std::string_view f, auto member) { this->member(to, name, rows, f, member); });
    }
  }

  template <class T, class Class, class Member>
  void member(Place& to, const std::string& prefix, const Rows<T>& rows, std::string_view f,
              Member Class::*pointer) {
    Rows<Member> members;
    members.reserve(rows.size());
    for (const T* row : rows) members.push_back(row ? &(row->*pointer) : nullptr);
    value(to, prefix.empty() ? std::string(f) : prefix + "." + std::string(f), members);
  }

  Hdus& out_;
};

// --- decoding ----------------------------------------------------------------------------------------------

// Error (kInput) wherever what is in the HDUs is not what an encoder makes.
class Decoder {
 public:
  explicit Decoder(HduSource& in) : in_(in) {}

  template <class T>
  void table(const std::string& name, const std::vector<T*>& rows) {
    const fits::Table read = in_.table(name);
    if (read.rows() != static_cast<std::int64_t>(rows.size()))
      throw input_error("table {} has {} rows, not {}", name, read.rows(), rows.size());
    const Place place{read, name};
    if constexpr (Listed<T>)
      value(place, "", rows);
    else
      value(place, "value", rows);
  }

 private:
  struct Place {
    const fits::Table& table;
    const std::string& name;
    std::string child(const std::string& field) const { return name + "/" + field; }
    std::string child(const std::string& field, std::size_t row) const {
      return table.rows() == 1 ? child(field) : child(field) + "[" + std::to_string(row) + "]";
    }
  };

  template <class Value>
  static const std::vector<Value>& column(const Place& from, const std::string& name,
                                          std::size_t per_row = 1) {
    const fits::Column& column = from.table.require(name);
    const auto* values = std::get_if<std::vector<Value>>(&column.data);
    if (!values || values->size() != static_cast<std::size_t>(from.table.rows()) * per_row)
      throw input_error("column {} of table {} is of another type", name, from.name);
    return *values;
  }
  // The numbers of elements of every row, of a table that has as many rows as all together.
  std::vector<std::size_t> counts(const Place& from, const std::string& name, std::int64_t& all) {
    std::vector<std::size_t> out;
    all = 0;
    const std::int64_t there = in_.table_rows(from.child(name));
    for (const std::int64_t count : column<std::int64_t>(from, name + ".count")) {
      if (count < 0 || count > there - all)
        throw input_error("column {}.count of table {} does not fit its elements", name, from.name);
      all += count;
      out.push_back(static_cast<std::size_t>(count));
    }
    return out;
  }

  template <class T>
  void value(const Place& from, const std::string& name, const std::vector<T*>& rows) {
    if constexpr (Plain<T>) {
      const auto& values = column<ColumnValue<T>>(from, name);
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i]) *rows[i] = static_cast<T>(values[i]);
    } else if constexpr (Text<T>) {
      const auto& values = column<std::string>(from, name);
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i]) *rows[i] = text_from_column(values[i]);
    } else if constexpr (IsPlainArray<T>::value) {
      constexpr std::size_t n = std::tuple_size_v<T>;
      const auto& values = column<ColumnValue<typename T::value_type>>(from, name, n);
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i])
          for (std::size_t k = 0; k < n; ++k)
            (*rows[i])[k] = static_cast<typename T::value_type>(values[i * n + k]);
    } else if constexpr (IsOptional<T>::value) {
      const std::vector<bool>& given = column<bool>(from, name + ".given");
      std::vector<typename T::value_type*> values(rows.size(), nullptr);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i]) continue;
        rows[i]->reset();
        if (given[i]) values[i] = &rows[i]->emplace();
      }
      value(from, name, values);
    } else if constexpr (IsVector<T>::value || IsOtherArray<T>::value) {
      std::int64_t all = 0;
      const std::vector<std::size_t> count = counts(from, name, all);
      std::vector<typename T::value_type*> elements;
      elements.reserve(static_cast<std::size_t>(all));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i]) {
          elements.insert(elements.end(), count[i], nullptr);
          continue;
        }
        if constexpr (IsVector<T>::value)
          rows[i]->resize(count[i]);
        else if (count[i] != rows[i]->size())
          throw input_error("column {}.count of table {} does not fit its elements", name, from.name);
        for (auto& element : *rows[i]) elements.push_back(&element);
      }
      table(from.child(name), elements);
    } else if constexpr (IsMap<T>::value) {
      std::int64_t all = 0;
      const std::vector<std::size_t> count = counts(from, name, all);
      const std::string child = from.child(name);
      const fits::Table read = in_.table(child);
      if (read.rows() != all) throw input_error("table {} has {} rows, not {}", child, read.rows(), all);
      std::vector<typename T::key_type> keys(static_cast<std::size_t>(all));
      std::vector<typename T::mapped_type> values(static_cast<std::size_t>(all));
      const Place place{read, child};
      value(place, "key", pointers(keys));
      value(place, "value", pointers(values));
      std::size_t next = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i]) rows[i]->clear();
        for (std::size_t k = 0; k < count[i]; ++k, ++next)
          if (rows[i]) rows[i]->emplace(std::move(keys[next]), std::move(values[next]));
      }
    } else if constexpr (IsImage<T>::value) {
      const auto& width = column<std::int32_t>(from, name + ".width");
      const auto& height = column<std::int32_t>(from, name + ".height");
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i]) continue;
        if (width[i] <= 0 || height[i] <= 0) {
          *rows[i] = T(std::max(0, width[i]), std::max(0, height[i]));
          continue;
        }
        *rows[i] = in_.image<typename IsImage<T>::Pixel>(from.child(name, i));
        if (rows[i]->width() != width[i] || rows[i]->height() != height[i])
          throw input_error("image {} has {} x {} pixels, not {} x {}", from.child(name, i), rows[i]->width(),
                            rows[i]->height(), width[i], height[i]);
      }
    } else if constexpr (std::is_same_v<T, fits::Table>) {
      const auto& count = column<std::int64_t>(from, name + ".rows");
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i]) continue;
        *rows[i] = in_.table(from.child(name, i));
        if (rows[i]->rows() != count[i])
          throw input_error("table {} has {} rows, not {}", from.child(name, i), rows[i]->rows(), count[i]);
        std::vector<ColumnNote> notes(rows[i]->columns().size());
        table(from.child(name, i) + ".columns", pointers(notes));
        set_notes(*rows[i], notes);
      }
    } else if constexpr (std::is_same_v<T, Wcs>) {
      std::vector<TangentWcs> parts(rows.size());
      value(from, name, pointers(parts));
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i]) *rows[i] = wcs_of(parts[i]);
    } else {
      static_assert(Listed<T>, "the fields of this type are not listed in codec_fields.h");
      Fields<T>::each([&](std::string_view f, auto member) { this->member(from, name, rows, f, member); });
    }
  }

  template <class T, class Class, class Member>
  void member(const Place& from, const std::string& prefix, const std::vector<T*>& rows, std::string_view f,
              Member Class::*pointer) {
    std::vector<Member*> members;
    members.reserve(rows.size());
    for (T* row : rows) members.push_back(row ? &(row->*pointer) : nullptr);
    value(from, prefix.empty() ? std::string(f) : prefix + "." + std::string(f), members);
  }

  template <class T>
  static std::vector<T*> pointers(std::vector<T>& values) {
    std::vector<T*> out;
    out.reserve(values.size());
    for (T& one : values) out.push_back(&one);
    return out;
  }

  HduSource& in_;
};

}  // namespace brickline::codec
