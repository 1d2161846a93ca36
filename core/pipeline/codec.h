// Artifacts to and from FITS HDUs, without loss: what saved state is made of.
//
// The first HDU of an artifact is a table of one row named after it, whose header tells its schema (SCHEMA);
// codec_columns.h says how fields become columns, further tables and images. Encoding a value, decoding that
// and encoding it again gives the same bytes. An artifact that has no codec is transient: no state holds it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/fits/fits_writer.h"
#include "core/pipeline/artifact_set.h"
#include "core/pipeline/codec_columns.h"

namespace brickline {

struct ArtifactCodec {
  std::string_view artifact;
  int schema = 0;
  void (*write)(const ArtifactSet& artifacts, fits::FitsWriter& writer) = nullptr;
  // Error (kInput) if the HDUs are not those that `write` makes, or of another schema.
  void (*read)(codec::HduSource& source, ArtifactSet& artifacts) = nullptr;
};

// Of all artifacts that state can hold.
std::span<const ArtifactCodec> artifact_codecs();
// Null: the artifact is transient.
const ArtifactCodec* find_codec(std::span<const ArtifactCodec> codecs, std::string_view artifact);

namespace codec {

void write_hdus(const Hdus& hdus, int schema, fits::FitsWriter& writer);
void check_schema(HduSource& source, std::string_view name, int schema);

// A single value as HDUs of that name, and back.
template <class T>
void write_value(const std::string& name, int schema, const T& value, fits::FitsWriter& writer) {
  Hdus hdus;
  Encoder(hdus).table(name, Rows<T>{&value});
  write_hdus(hdus, schema, writer);
}
template <class T>
void read_value(HduSource& source, const std::string& name, int schema, T& value) {
  check_schema(source, name, schema);
  Decoder(source).table(name, std::vector<T*>{&value});
}

// The codec of a structure whose fields are listed.
template <class Artifact>
ArtifactCodec artifact_codec() {
  ArtifactCodec codec;
  codec.artifact = Artifact::kArtifact;
  codec.schema = Artifact::kSchema;
  codec.write = [](const ArtifactSet& artifacts, fits::FitsWriter& writer) {
    write_value(std::string(Artifact::kArtifact), Artifact::kSchema, artifacts.get<Artifact>(), writer);
  };
  codec.read = [](HduSource& source, ArtifactSet& artifacts) {
    Artifact value;
    read_value(source, std::string(Artifact::kArtifact), Artifact::kSchema, value);
    artifacts.put(std::move(value));
  };
  return codec;
}

// Of what is fitted and measured. Their code is compiled apart: together it takes longer than any other file.
std::vector<ArtifactCodec> result_codecs();

}  // namespace codec
}  // namespace brickline
