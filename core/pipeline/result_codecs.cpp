#include "core/pipeline/codec.h"
#include "core/pipeline/codec_fields.h"

namespace brickline::codec {

std::vector<ArtifactCodec> result_codecs() {
  return {artifact_codec<Fits>(), artifact_codec<Measurements>(), artifact_codec<WiseResults>(),
          artifact_codec<GalexResults>(), artifact_codec<ForcedResults>()};
}

}  // namespace brickline::codec
