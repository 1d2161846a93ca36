#include "core/base/file_digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <vector>

#include "core/base/error.h"

namespace brickline {

std::optional<FileDigest> file_digest(const std::filesystem::path& file) {
  constexpr std::streamsize kPiece = 1 << 20;
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool works = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  FileDigest found;
  std::vector<char> piece(kPiece);
  while (works && in) {
    in.read(piece.data(), kPiece);
    found.bytes += in.gcount();
    works = EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (works && (in.bad() || !in.eof())) return {};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!works || !EVP_DigestFinal_ex(context.get(), digest, &length))
    throw resource_error("SHA-256 is not to be had: no memory, or an OpenSSL without it");
  for (unsigned int i = 0; i < length; ++i) found.sha256 += fmt::format("{:02x}", digest[i]);
  return found;
}

}  // namespace brickline
