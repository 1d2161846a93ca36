#include "core/zeropoints/measured_row_file.h"

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMagic = "brickline measured CCD 3\n";
constexpr std::size_t kDigest = 64;

class Writer {
 public:
  template <typename T>
  void raw(const T& v) {
    out.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  void text(const std::string& v) {
    size(v.size());
    out += v;
  }
  template <typename V>
  std::size_t sized(const V& v) {
    size(v.size());
    return v.size();
  }
  void size(std::size_t n) { raw(static_cast<std::uint64_t>(n)); }
  std::string out;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left(bytes) {}
  template <typename T>
  void raw(T& v) {
    std::memcpy(&v, take(sizeof v).data(), sizeof v);
  }
  void text(std::string& v) { v = take(size()); }
  template <typename V>
  std::size_t sized(V& v) {
    const std::size_t n = size();
    if (n > left.size()) throw input_error("it is cut short");  // an element is a byte at least
    v.resize(n);
    return n;
  }
  std::size_t size() {
    std::uint64_t n = 0;
    raw(n);
    return static_cast<std::size_t>(n);
  }
  std::string_view take(std::size_t n) {
    if (n > left.size()) throw input_error("it is cut short");
    const std::string_view out = left.substr(0, n);
    left.remove_prefix(n);
    return out;
  }
  std::string_view left;
};

// One list of members for both directions: T is const when written.
template <typename A, typename T>
void pass(A& a, T& v);

template <typename A, typename... T>
void members(A& a, T&... v) {
  (pass(a, v), ...);
}

// A member that is not listed would be lost in CCDs that are gone on with: sizes tell, where they are those of this library.
#if defined(__GLIBCXX__) && defined(__x86_64__)
#define BRICKLINE_ALL_MEMBERS(TYPE, SIZE) \
  static_assert(sizeof(TYPE) == (SIZE), "list the members of " #TYPE " here, and its new size")
#else
#define BRICKLINE_ALL_MEMBERS(TYPE, SIZE) static_assert(true)
#endif

template <typename A, typename T>
void fields_of(A& a, T& v) {
  using V = std::remove_const_t<T>;
  if constexpr (std::is_same_v<V, GaiaStar>) {
    members(a, v.id, v.ra, v.dec, v.ref_epoch, v.pmra, v.pmdec, v.parallax, v.g, v.bp, v.rp, v.g_error,
            v.bp_error, v.rp_error);
  } else if constexpr (std::is_same_v<V, PhotometricStar>) {
    members(a, v.id, v.ra, v.dec, v.mags, v.complete);
  } else if constexpr (std::is_same_v<V, ReferenceStar>) {
    members(a, v.gaia, v.ra_now, v.dec_now, v.photometric, v.has_photometric, v.mag, v.usable);
  } else if constexpr (std::is_same_v<V, Box>) {
    members(a, v.x0, v.x1, v.y0, v.y1);
  } else if constexpr (std::is_same_v<V, StarFit>) {
    members(a, v.end, v.x, v.y, v.flux, v.dx, v.dy, v.dflux, v.flux_error, v.x_error, v.y_error, v.chi2,
            v.fraction_masked, v.stamp);
  } else if constexpr (std::is_same_v<V, MeasuredStar>) {
    members(a, v.star, v.x_ref, v.y_ref, v.x, v.y, v.fit, v.ra_fit, v.dec_fit, v.ra_offset, v.dec_offset,
            v.bits, v.instrumental_mag, v.mag, v.aperture_flux, v.aperture_error, v.used);
  } else if constexpr (std::is_same_v<V, AstrometricTerms>) {
    members(a, v.order, v.width, v.height, v.terms, v.stars, v.ra_rms, v.dec_rms, v.error, v.largest);
  } else if constexpr (std::is_same_v<V, CcdZeroPoint>) {
    members(a, v.failure, v.provider, v.zero_point, v.scatter, v.error, v.term_error, v.intrinsic_scatter,
            v.transparency, v.seen, v.used, v.astrometric, v.off_image, v.ra_offset, v.dec_offset,
            v.ra_offset_error, v.dec_offset_error, v.terms, v.no_terms, v.ra_rms, v.dec_rms, v.ra_root_median,
            v.dec_root_median, v.bp_rp, v.stars);
  } else if constexpr (std::is_same_v<V, SkyPosition>) {
    members(a, v.ra, v.dec);
  } else if constexpr (std::is_same_v<V, CcdAnnotation::Statistics>) {
    members(a, v.mean, v.deviation, v.most, v.least);
  } else if constexpr (std::is_same_v<V, CcdAnnotation>) {
    members(a, v.corners, v.centre, v.dra, v.ddec, v.sky, v.pixel_scale, v.psf_norm, v.galaxy_norm, v.mx2,
            v.my2, v.mxy, v.a, v.b, v.theta, v.ellipticity, v.ebv, v.psf_depth, v.galaxy_depth,
            v.gaussian_psf_depth, v.gaussian_galaxy_depth, v.good_region, v.humidity, v.outtemp,
            v.sky_version, v.sky_plver);
  } else {
    static_assert(std::is_same_v<V, MeasuredRow>);
    members(a, v.image_filename, v.row, v.hdu, v.zero_point, v.annotation, v.fwhm, v.sig1, v.gain,
            v.corrected_wcs, v.wcs_file, v.given, v.read_seconds, v.fit_seconds);
  }
}
BRICKLINE_ALL_MEMBERS(GaiaStar, 80);
BRICKLINE_ALL_MEMBERS(PhotometricStar, 56);
BRICKLINE_ALL_MEMBERS(ReferenceStar, 176);
BRICKLINE_ALL_MEMBERS(StarFit, 112);
BRICKLINE_ALL_MEMBERS(MeasuredStar, 432);
BRICKLINE_ALL_MEMBERS(AstrometricTerms, 152);
BRICKLINE_ALL_MEMBERS(CcdZeroPoint, 416);
BRICKLINE_ALL_MEMBERS(CcdAnnotation, 416);
BRICKLINE_ALL_MEMBERS(MeasuredRow, 1000);
#undef BRICKLINE_ALL_MEMBERS

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsArray : std::false_type {};
template <typename T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

void pass_header(Writer& a, const fits::Header& header) {
  a.size(header.cards().size());
  for (const fits::Card& card : header.cards()) {
    members(a, card.key, card.comment, card.raw);
    a.size(card.value.index());
    if (const auto* flag = std::get_if<bool>(&card.value)) a.raw(*flag);
    if (const auto* integer = std::get_if<std::int64_t>(&card.value)) a.raw(*integer);
    if (const auto* number = std::get_if<double>(&card.value)) a.raw(*number);
    if (const auto* text = std::get_if<std::string>(&card.value)) a.text(*text);
  }
}
void pass_header(Reader& a, fits::Header& header) {
  const std::size_t n = a.size();
  for (std::size_t i = 0; i < n; ++i) {
    fits::Card card;
    members(a, card.key, card.comment, card.raw);
    const auto value = [&]<typename T>(T v) {
      pass(a, v);
      card.value = std::move(v);
    };
    switch (a.size()) {
      case 0:
        break;
      case 1:
        value(false);
        break;
      case 2:
        value(std::int64_t{0});
        break;
      case 3:
        value(0.);
        break;
      case 4:
        value(std::string());
        break;
      default:
        throw input_error("it holds what no program wrote");
    }
    header.append(std::move(card));
  }
}

template <typename A, typename T>
void pass(A& a, T& v) {
  using V = std::remove_const_t<T>;
  if constexpr (std::is_arithmetic_v<V> || std::is_enum_v<V>) {
    a.raw(v);
  } else if constexpr (std::is_same_v<V, std::string>) {
    a.text(v);
  } else if constexpr (std::is_same_v<V, fits::Header>) {
    pass_header(a, v);
  } else if constexpr (IsVector<V>::value) {
    const std::size_t n = a.sized(v);
    for (std::size_t i = 0; i < n; ++i) pass(a, v[i]);
  } else if constexpr (IsArray<V>::value) {
    for (auto& one : v) pass(a, one);
  } else if constexpr (IsOptional<V>::value) {
    bool there = v.has_value();
    pass(a, there);
    if constexpr (!std::is_const_v<T>) {
      if (there) v.emplace();
    }
    if (there) pass(a, *v);
  } else {
    fields_of(a, v);
  }
}

struct Part {
  std::string key, ccd;
  std::vector<FileFingerprint> files;
  std::string row;
};

template <typename A, typename T>
void pass_part(A& a, T& part) {
  members(a, part.key, part.ccd);
  const std::size_t n = a.sized(part.files);
  for (std::size_t i = 0; i < n; ++i)
    members(a, part.files[i].path, part.files[i].size, part.files[i].modified_ns);
  pass(a, part.row);
}

}  // namespace

std::string to_bytes(const MeasuredRow& row) {
  Writer writer;
  pass(writer, row);
  return std::move(writer.out);
}

MeasuredRow row_from_bytes(std::string_view bytes) {
  Reader reader(bytes);
  MeasuredRow row;
  pass(reader, row);
  if (!reader.left.empty()) throw input_error("there is more in it than a measured CCD");
  return row;
}

fs::path MeasuredRowFiles::file_of(const std::string& ccd) const {
  return directory_ / (sha256_hex(ccd).substr(0, 32) + ".ccd");
}

std::optional<MeasuredRow> MeasuredRowFiles::find(const std::string& ccd) const {
  std::ifstream in(file_of(ccd), std::ios::binary);
  if (!in) return {};
  std::ostringstream text;
  text << in.rdbuf();
  const std::string bytes = std::move(text).str();
  const std::size_t begin = kMagic.size() + kDigest;
  if (bytes.size() < begin || !bytes.starts_with(kMagic) ||
      bytes.substr(kMagic.size(), kDigest) != sha256_hex(std::string_view(bytes).substr(begin)))
    return {};
  try {
    Reader reader(std::string_view(bytes).substr(begin));
    Part part;
    pass_part(reader, part);
    if (part.key != key_ || part.ccd != ccd) return {};
    for (const FileFingerprint& file : part.files)
      if (fingerprint_of(file.path) != file) return {};
    return row_from_bytes(part.row);
  } catch (const Error&) {
    return {};
  }
}

void MeasuredRowFiles::keep(const std::string& ccd, const MeasuredRow& row, const ReadLog& files) const {
  const Part part{key_, ccd, files.files(), to_bytes(row)};
  Writer writer;
  pass_part(writer, part);
  write_file_atomically(file_of(ccd), std::string(kMagic) + sha256_hex(writer.out) + writer.out);
}

void MeasuredRowFiles::remove() const {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

}  // namespace brickline
