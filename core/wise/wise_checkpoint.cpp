#include "core/wise/wise_checkpoint.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <type_traits>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace brickline {
namespace {

constexpr std::string_view kMagic = "brickline WISE checkpoint 1\n";
constexpr std::size_t kDigest = 64;  // hex digits

// Values as bytes, one after another.
class Packer {
 public:
  template <class T>
  void value(const T& v) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  void text(std::string_view v) {
    value(static_cast<std::uint64_t>(v.size()));
    bytes.append(v);
  }
  template <class T>
  void list(const std::vector<T>& v) {
    value(static_cast<std::uint64_t>(v.size()));
    for (const T& one : v) value(one);
  }
  void image(const Image<float>& v) {
    value(v.width());
    value(v.height());
    for (int y = 0; y < v.height(); ++y)
      for (int x = 0; x < v.width(); ++x) value(v(x, y));
  }
  std::string bytes;
};

// The same back. Bytes that run out make it fail.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  bool good() const { return good_; }
  template <class T>
  T value() {
    T v{};
    if (rest_.size() < sizeof v) {
      good_ = false;
      rest_ = {};
      return v;
    }
    std::memcpy(&v, rest_.data(), sizeof v);
    rest_.remove_prefix(sizeof v);
    return v;
  }
  std::string text() {
    const std::uint64_t size = value<std::uint64_t>();
    if (size > rest_.size()) {
      good_ = false;
      return {};
    }
    std::string v(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return v;
  }
  template <class T>
  void list(std::vector<T>& v) {
    const std::uint64_t size = value<std::uint64_t>();
    if (size > rest_.size()) {
      good_ = false;
      return;
    }
    v.clear();
    for (std::uint64_t i = 0; i < size && good_; ++i) v.push_back(value<T>());
  }
  Image<float> image() {
    const int w = value<int>(), h = value<int>();
    if (!good_ || w < 0 || h < 0 ||
        static_cast<std::uint64_t>(w) * static_cast<std::uint64_t>(h) > rest_.size()) {
      good_ = false;
      return {};
    }
    Image<float> v(w, h);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) v(x, y) = value<float>();
    return v;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string packed(const BandResult& r) {
  Packer p;
  const WiseBandPhotometry& b = r.photometry;
  for (const auto* v : {&b.flux, &b.flux_ivar, &b.rchisq, &b.fracflux, &b.psfdepth, &b.mjd}) p.list(*v);
  p.list(b.nobs);
  p.value(static_cast<std::uint64_t>(r.places.size()));
  for (const TilePlace& place : r.places) {
    p.text(place.coadd_id);
    p.value(place.x);
    p.value(place.y);
  }
  for (const Image<float>* image : {&r.coadd.image, &r.coadd.model, &r.coadd.invvar}) p.image(*image);
  return std::move(p.bytes);
}

std::optional<BandResult> unpacked(std::string_view bytes) {
  Unpacker u(bytes);
  BandResult r;
  WiseBandPhotometry& b = r.photometry;
  for (auto* v : {&b.flux, &b.flux_ivar, &b.rchisq, &b.fracflux, &b.psfdepth, &b.mjd}) u.list(*v);
  u.list(b.nobs);
  const std::uint64_t places = u.value<std::uint64_t>();
  for (std::uint64_t i = 0; i < places && u.good(); ++i) {
    TilePlace place;
    place.coadd_id = u.text();
    place.x = u.value<float>();
    place.y = u.value<float>();
    r.places.push_back(std::move(place));
  }
  for (Image<float>* image : {&r.coadd.image, &r.coadd.model, &r.coadd.invvar}) *image = u.image();
  return u.good() ? std::optional(std::move(r)) : std::nullopt;
}

void add_file(Packer& p, const std::filesystem::path& file) {
  std::error_code code;
  p.text(file.string());
  p.value(static_cast<std::uint64_t>(std::filesystem::file_size(file, code)));
  p.value(std::filesystem::last_write_time(file, code).time_since_epoch().count());
}

}  // namespace

WiseCheckpoint::WiseCheckpoint(std::filesystem::path file, const WiseData& data, const Wcs& brick,
                               const std::vector<SourceModel>& sources, bool coadds, Log log,
                               GalaxyProfiles profiles, const FluxErrorRule& errors)
    : file_(std::move(file)), log_(log) {
  Packer p;
  p.value(coadds);
  p.value(profiles);
  for (const SourceModel& s : sources) {
    p.value(s.kind);
    for (double v : {s.ra, s.dec, s.shape.log_re, s.shape.ee1, s.shape.ee2, s.sersic_index}) p.value(v);
    if (!s.bulge) continue;
    for (double v : {s.bulge->shape.log_re, s.bulge->shape.ee1, s.bulge->shape.ee2}) p.value(v);
    for (double v : s.bulge->fraction) p.value(v);
  }
  if (errors.marginal) {
    p.text("marginal 1");  // the number is of the rule (tile_flux_errors.h): another rule, another number
    for (const std::vector<float>& covariance : errors.covariances) p.list(covariance);
  }
  for (double v :
       {brick.tangent_point().ra, brick.tangent_point().dec, brick.reference_pixel().x,
        brick.reference_pixel().y, static_cast<double>(brick.width()), static_cast<double>(brick.height())})
    p.value(v);
  for (double v : brick.cd()) p.value(v);
  for (const WiseBand& band : wise_bands()) p.image(data.psf_model(band));
  add_file(p, data.files().tiles_file);
  p.text(data.files().model_sky_dir.string());
  common_ = sha256_hex(p.bytes);
  load();
}

WiseCheckpoint::~WiseCheckpoint() = default;

std::string WiseCheckpoint::key_of(const WiseJob& job) const {
  Packer p;
  p.text(common_);
  p.value(job.band);
  p.value(job.epoch);
  for (const WiseJob::Tile& t : job.tiles)
    for (const auto* file :
         {&t.files.image, &t.files.invvar, &t.files.frames_masked, &t.files.frames_unmasked})
      add_file(p, *file);
  return sha256_hex(p.bytes);
}

void WiseCheckpoint::load() {
  std::ifstream in(file_, std::ios::binary);
  if (!in) return;
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (kMagic.starts_with(bytes)) {  // cut short before the first record
    std::error_code ignored;
    std::filesystem::resize_file(file_, 0, ignored);
    return;
  }
  if (!std::string_view(bytes).starts_with(kMagic)) {
    log_.warning("{}: not a checkpoint of WISE photometry: it is not used, and left as it is",
                 file_.string());
    writable_ = false;
    return;
  }
  std::size_t good = kMagic.size();
  while (true) {
    std::string_view rest = std::string_view(bytes).substr(good);
    std::uint64_t size = 0;
    if (rest.size() < 2 * kDigest + sizeof size) break;
    std::memcpy(&size, rest.data() + kDigest, sizeof size);
    if (size > rest.size() - 2 * kDigest - sizeof size) break;
    const std::string_view payload = rest.substr(kDigest + sizeof size, size);
    if (sha256_hex(payload) != rest.substr(kDigest + sizeof size + size, kDigest)) break;
    records_[std::string(rest.substr(0, kDigest))] = payload;
    good += 2 * kDigest + sizeof size + size;
  }
  if (good < bytes.size()) {
    log_.warning("{}: the last record is cut short: it is not used", file_.string());
    std::error_code ignored;
    std::filesystem::resize_file(file_, good, ignored);
  }
}

std::optional<BandResult> WiseCheckpoint::find(const WiseJob& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = records_.find(key_of(job));
  if (found == records_.end()) return std::nullopt;
  std::optional<BandResult> result = unpacked(found->second);
  used_ += result.has_value();
  return result;
}

void WiseCheckpoint::keep(const WiseJob& job, const BandResult& result) {
  const std::string payload = packed(result);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!writable_) return;
  std::string record = key_of(job);
  const auto size = static_cast<std::uint64_t>(payload.size());
  record.append(reinterpret_cast<const char*>(&size), sizeof size);
  record += payload;
  record += sha256_hex(payload);
  std::error_code code;
  const bool fresh = !std::filesystem::exists(file_, code) || std::filesystem::file_size(file_, code) == 0;
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  if (fresh) out << kMagic;
  out.write(record.data(), static_cast<std::streamsize>(record.size()));
  out.flush();
  if (!out) {
    log_.warning("{}: cannot be written: nothing more is kept there", file_.string());
    writable_ = false;
  }
}

}  // namespace brickline
