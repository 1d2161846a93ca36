#include "core/pipeline/state_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"

namespace brickline {

namespace codec {

template <>
struct Fields<StateCard> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("key", &StateCard::key);
    visit("comment", &StateCard::comment);
    visit("kind", &StateCard::kind);
    visit("logical", &StateCard::logical);
    visit("integer", &StateCard::integer);
    visit("number", &StateCard::number);
    visit("text", &StateCard::text);
    visit("raw", &StateCard::raw);
  }
};
template <>
struct Fields<StateOption> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &StateOption::name);
    visit("value", &StateOption::value);
  }
};
template <>
struct Fields<StateInput> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("artifact", &StateInput::artifact);
    visit("key", &StateInput::key);
  }
};
template <>
struct Fields<StateArtifact> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &StateArtifact::name);
    visit("schema", &StateArtifact::schema);
  }
};
template <>
struct Fields<FileFingerprint> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("path", &FileFingerprint::path);
    visit("size", &FileFingerprint::size);
    visit("modified_ns", &FileFingerprint::modified_ns);
  }
};
template <>
struct Fields<Failure> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("item", &Failure::item);
    visit("reason", &Failure::reason);
  }
};
template <>
struct Fields<ProductSet::Entry> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("path", &ProductSet::Entry::path);
    visit("sha256", &ProductSet::Entry::sha256);
  }
};
template <>
struct Fields<StateRecord> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("brick", &StateRecord::brick);
    visit("stage", &StateRecord::stage);
    visit("stage_schema", &StateRecord::stage_schema);
    visit("version", &StateRecord::version);
    visit("commit", &StateRecord::commit);
    visit("simd_level", &StateRecord::simd_level);
    visit("key", &StateRecord::key);
    visit("options", &StateRecord::options);
    visit("inputs", &StateRecord::inputs);
    visit("files", &StateRecord::files);
    visit("artifacts", &StateRecord::artifacts);
    visit("cards", &StateRecord::cards);
    visit("failures", &StateRecord::failures);
    visit("products", &StateRecord::products);
  }
};

}  // namespace codec

namespace {

constexpr int kFormat = 1;
constexpr int kRecordSchema = 1;
constexpr std::string_view kRecordName = "state";
constexpr std::size_t kBlock = 2880;  // bytes of FITS

// The primary HDU; what follows it has this digest.
std::string primary_bytes(const std::string& brick, const std::string& stage, const std::string& sha256) {
  fits::Header header;
  header.set("BLSTATE", kFormat, "saved state of a stage of runbrick: its format");
  header.set("BRICK", brick);
  header.set("STAGE", stage);
  header.set("SHA256", sha256, "");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  return writer.finish();
}

// Where the first extension begins; npos if there is none.
std::size_t first_extension(std::string_view bytes) {
  for (std::size_t at = kBlock; at < bytes.size(); at += kBlock)
    if (bytes.substr(at).starts_with("XTENSION=")) return at;
  return std::string_view::npos;
}

// What follows "KEY     = " in the primary header, as it stands there.
std::string card_text(std::string_view header, std::string_view key) {
  const std::string begin = fmt::format("{:<8}= ", key);
  for (std::size_t at = 0; at + 80 <= header.size(); at += 80) {
    std::string_view card = header.substr(at, 80);
    if (!card.starts_with(begin)) continue;
    card.remove_prefix(begin.size());
    card = card.substr(0, card.find(" / "));
    while (!card.empty() && (card.front() == ' ' || card.front() == '\'')) card.remove_prefix(1);
    while (!card.empty() && (card.back() == ' ' || card.back() == '\'')) card.remove_suffix(1);
    return std::string(card);
  }
  return {};
}

std::vector<std::uint8_t> all_bytes(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) throw input_error("no such file");
  if (!std::filesystem::is_regular_file(path, code)) throw input_error("it is no file");
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw input_error("cannot be read: {}", std::strerror(errno));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg())));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (in.gcount() != static_cast<std::streamsize>(bytes.size()))
    throw input_error("cannot be read to its end");
  return bytes;
}

// Error (kInput) unless all bytes are as they were written.
void check_whole(std::string_view bytes) {
  const std::string_view first = bytes.substr(0, kBlock);
  const std::string format = card_text(first, "BLSTATE");
  if (!first.starts_with("SIMPLE  =") || format.empty())
    throw input_error("it is no saved state of runbrick, or its beginning is damaged");
  if (format != std::to_string(kFormat))
    throw input_error("it is of another version of the format ({}, not {})", format, kFormat);
  const std::size_t rest = first_extension(bytes);
  if (rest == std::string_view::npos || bytes.size() % kBlock != 0) throw input_error("it is cut short");
  const std::string sha256 = sha256_hex(bytes.substr(rest));
  const std::string_view primary = bytes.substr(0, rest);
  if (primary_bytes(card_text(primary, "BRICK"), card_text(primary, "STAGE"), sha256) != primary)
    throw input_error("it is damaged: its digest is not that of its bytes");
}

}  // namespace

std::vector<StateCard> state_cards(const fits::Header& header) {
  std::vector<StateCard> cards;
  for (const fits::Card& card : header.cards()) {
    StateCard out{card.key, card.comment, static_cast<std::uint8_t>(card.value.index()), false, 0, 0,
                  {},       card.raw};
    if (const auto* logical = std::get_if<bool>(&card.value)) out.logical = *logical;
    if (const auto* integer = std::get_if<std::int64_t>(&card.value)) out.integer = *integer;
    if (const auto* number = std::get_if<double>(&card.value)) out.number = *number;
    if (const auto* text = std::get_if<std::string>(&card.value)) out.text = *text;
    cards.push_back(std::move(out));
  }
  return cards;
}

fits::Header header_of(const std::vector<StateCard>& cards) {
  const fits::CardValue kinds[] = {{}, bool{}, std::int64_t{}, double{}, std::string{}};
  fits::Header header;
  for (const StateCard& card : cards) {
    if (card.kind >= std::size(kinds)) throw input_error("card {} is of an unknown kind", card.key);
    fits::CardValue value = kinds[card.kind];
    if (auto* logical = std::get_if<bool>(&value)) *logical = card.logical;
    if (auto* integer = std::get_if<std::int64_t>(&value)) *integer = card.integer;
    if (auto* number = std::get_if<double>(&value)) *number = card.number;
    if (auto* text = std::get_if<std::string>(&value)) *text = card.text;
    header.append({card.key, std::move(value), card.comment, card.raw});
  }
  return header;
}

std::string state_bytes(const StateRecord& record, std::span<const ArtifactCodec> codecs,
                        const ArtifactSet& artifacts) {
  fits::FitsWriter writer;
  writer.add_empty_primary();
  codec::write_value(std::string(kRecordName), kRecordSchema, record, writer);
  for (const StateArtifact& artifact : record.artifacts) {
    const ArtifactCodec* codec = find_codec(codecs, artifact.name);
    if (!codec) throw internal_error("there is no way to save {}", artifact.name);
    codec->write(artifacts, writer);
  }
  std::string bytes = writer.finish();
  const std::size_t rest = first_extension(bytes);
  const std::string primary =
      primary_bytes(record.brick, record.stage, sha256_hex(std::string_view(bytes).substr(rest)));
  bytes.replace(0, rest, primary);
  return bytes;
}

StateFile StateFile::open(const std::filesystem::path& path) {
  StateFile file;
  file.path_ = path;
  try {
    file.bytes_ = all_bytes(path);
    check_whole({reinterpret_cast<const char*>(file.bytes_.data()), file.bytes_.size()});
    fits::FitsReader reader = fits::FitsReader::in_memory(file.bytes_, path);
    codec::HduSource source(reader);
    codec::read_value(source, std::string(kRecordName), kRecordSchema, file.record_);
  } catch (Error& e) {
    throw e.in_file(path.string());
  }
  return file;
}

void StateFile::read(std::span<const ArtifactCodec> codecs,
                     const std::function<bool(std::string_view)>& wanted, ArtifactSet& artifacts) {
  try {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes_, path_);
    codec::HduSource source(reader);
    for (const StateArtifact& artifact : record_.artifacts) {
      const ArtifactCodec* codec = find_codec(codecs, artifact.name);
      if (!codec) throw input_error("it holds {}, which is unknown here", artifact.name);
      if (wanted(artifact.name)) codec->read(source, artifacts);
    }
  } catch (Error& e) {
    throw e.in_file(path_.string());
  }
}

}  // namespace brickline
