#include "core/pipeline/codec.h"

#include <algorithm>
#include <iterator>

#include "core/pipeline/codec_fields.h"

namespace brickline {
namespace codec {
namespace {

constexpr std::string_view kSchemaCard = "SCHEMA";

fits::Compression lossless(const AnyView& view) {
  fits::Compression compression;
  // Rice's coding of whole numbers; of real ones CFITSIO has only this without loss.
  compression.algorithm = std::holds_alternative<ImageView<const float>>(view) ||
                                  std::holds_alternative<ImageView<const double>>(view)
                              ? fits::Compression::Algorithm::kGzip2
                              : fits::Compression::Algorithm::kRice;
  return compression;
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

HduSource::HduSource(fits::FitsReader& reader) : reader_(reader) {
  const int count = reader.hdu_count();
  for (int hdu = 1; hdu < count; ++hdu)
    if (const auto name = reader.header(hdu).text("EXTNAME")) numbers_.emplace(*name, hdu);
}

int HduSource::number(std::string_view name) const {
  const auto found = numbers_.find(name);
  if (found == numbers_.end()) throw input_error("there is no HDU '{}'", name);
  return found->second;
}

std::size_t Encoder::open(const std::string& name) {
  constexpr std::size_t kLongestName = 68;  // characters that a card holds
  if (name.size() > kLongestName) throw internal_error("the name of HDU '{}' is too long", name);
  out_.push_back({name, fits::Table()});
  return out_.size() - 1;
}

std::string text_in_column(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = c >= ' ' && c <= '~' && c != '\\' && (c != ' ' || i + 1 < text.size());
    if (plain)
      out += c;
    else
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string text_from_column(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const int high = i + 3 < text.size() && text[i + 1] == 'x' ? hexadecimal(text[i + 2]) : -1;
    const int low = high >= 0 ? hexadecimal(text[i + 3]) : -1;
    if (low < 0) throw input_error("'{}' is not text as it is written to columns", text);
    out += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return out;
}

TangentWcs parts_of(const Wcs& wcs) {
  if (!wcs.is_plain_tangent()) throw internal_error("the WCS to be saved is no plain tangent projection");
  return {wcs.tangent_point().ra,
          wcs.tangent_point().dec,
          wcs.reference_pixel().x,
          wcs.reference_pixel().y,
          wcs.cd(),
          wcs.width(),
          wcs.height()};
}

Wcs wcs_of(const TangentWcs& parts) {
  if (parts.cd == CdMatrix{}) return Wcs();
  return Wcs::tangent(parts.crval1, parts.crval2, parts.crpix1, parts.crpix2, parts.cd, parts.width,
                      parts.height);
}

std::vector<ColumnNote> notes_of(const fits::Table& table) {
  std::vector<ColumnNote> notes;
  for (const fits::Column& column : table.columns())
    notes.push_back({column.name, column.unit, column.description, column.string_width});
  return notes;
}

void set_notes(fits::Table& table, const std::vector<ColumnNote>& notes) {
  for (std::size_t i = 0; i < notes.size(); ++i) {
    fits::Column& column = table.columns()[i];
    if (column.name != notes[i].name) throw input_error("column {} is not {}", column.name, notes[i].name);
    column.unit = notes[i].unit;
    column.description = notes[i].description;
    column.string_width = notes[i].string_width;
  }
}

void write_hdus(const Hdus& hdus, int schema, fits::FitsWriter& writer) {
  fits::Header first;
  first.set(kSchemaCard, schema, "of what this table and those named after it hold");
  for (const Hdu& hdu : hdus) {
    if (const auto* table = std::get_if<fits::Table>(&hdu.data)) {
      writer.add_table(*table, hdu.name, &hdu == hdus.data() ? first : fits::Header());
      continue;
    }
    const AnyView& view = std::get<AnyView>(hdu.data);
    std::visit([&](const auto& pixels) { writer.add_image(pixels, {}, hdu.name, lossless(view)); }, view);
  }
}

void check_schema(HduSource& source, std::string_view name, int schema) {
  const auto theirs = source.header(name).integer(kSchemaCard);
  if (theirs != schema)
    throw input_error("{} is of schema {}, not {}", name, theirs ? std::to_string(*theirs) : "unknown",
                      schema);
}

}  // namespace codec

std::span<const ArtifactCodec> artifact_codecs() {
  using codec::artifact_codec;
  static const std::vector<ArtifactCodec> codecs = [] {
    std::vector<ArtifactCodec> all = {artifact_codec<Selection>(),    artifact_codec<References>(),
                                      artifact_codec<OutlierEdits>(), artifact_codec<HaloEdits>(),
                                      artifact_codec<SkyEdits>(),     artifact_codec<BrightPixels>(),
                                      artifact_codec<SourcesFound>()};
    std::ranges::copy(codec::result_codecs(), std::back_inserter(all));
    return all;
  }();
  return codecs;
}

const ArtifactCodec* find_codec(std::span<const ArtifactCodec> codecs, std::string_view artifact) {
  const auto found = std::ranges::find(codecs, artifact, &ArtifactCodec::artifact);
  return found == codecs.end() ? nullptr : &*found;
}

}  // namespace brickline
