#include "core/camera/image_claims.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace brickline {
namespace {

struct TwoHeaders {
  fits::Header primary, second;
  explicit TwoHeaders(ImageFile& file)
      : primary(file.header(0)), second(file.hdu_count() > 1 ? file.header(1) : fits::Header()) {}
};

// One look at an image: what is found goes into `claim`.
class Look {
 public:
  Look(const CcdSource& source, ImageClaim& claim)
      : source_(source),
        path_(source.locate(SurveyPlace::kImages, source.values.image_filename)),
        claim_(claim) {}

  std::optional<TwoHeaders> as_fits() {
    return attempt([&] { return TwoHeaders(*open_fits_file(path_, source_.read_log)); });
  }
  std::optional<TwoHeaders> as_read_by(const Camera& camera, Log log) {
    if (!std::filesystem::is_regular_file(path_)) return {};
    return attempt([&] {
      OpenCcd ccd = camera.peek(source_, log);
      return TwoHeaders(ccd.image_reader());
    });
  }

 private:
  template <typename F>
  std::optional<TwoHeaders> attempt(const F& read) {
    try {
      TwoHeaders headers = read();
      const auto card = [&](const char* key) {
        return headers.primary.text(key).value_or(headers.second.text(key).value_or(""));
      };
      claim_.is_readable = true;
      claim_.is_foreign = false;
      claim_.instrument = card("INSTRUME");
      claim_.telescope = card("TELESCOP");
      claim_.problems.clear();
      return headers;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
      // A camera that does not know the format leaves it to be read as FITS.
      const bool told = !claim_.problems.empty() && claim_.problems.front() == e.line();
      claim_.is_foreign = claim_.problems.empty() || (claim_.is_foreign && told);
      if (!claim_.is_readable && !told) claim_.problems.push_back(e.line());
      if (as_fits_.empty())
        as_fits_ = e.line();
      else if (e.line() != as_fits_)
        claim_.refusals.push_back(e.message());
      return {};
    }
  }

  const CcdSource& source_;
  const std::filesystem::path path_;
  ImageClaim& claim_;
  std::string as_fits_;  // what was said of it as FITS, the first look
};

}  // namespace

bool claims_image(const CameraIdentity& identity, const fits::Header& primary, const fits::Header& second) {
  return std::ranges::any_of(identity.claims, [&](const auto& cards) {
    return !cards.empty() && std::ranges::all_of(cards, [&](const auto& card) {
      const Pattern pattern(card.second, true);
      return std::ranges::any_of(std::array{&primary, &second}, [&](const fits::Header* header) {
        const auto value = header->text(card.first);
        return value && pattern.found_in(*value);
      });
    });
  });
}

std::vector<std::string> claimants_of(const CameraRegistry& cameras, const fits::Header& primary,
                                      const fits::Header& second) {
  std::vector<std::string> names;
  for (const PluginFile& plugin : cameras.files()) {
    if (!plugin.usable()) continue;
    for (const ClaimedCamera& camera : plugin.cameras)
      if (camera.state == ClaimedCamera::State::kAccepted && claims_image(camera.identity, primary, second))
        names.push_back(camera.identity.name);
  }
  std::ranges::sort(names);
  return names;
}

const std::vector<ImageClaims::FormatCamera>& ImageClaims::with_formats() {
  if (with_formats_) return *with_formats_;
  with_formats_.emplace();
  for (const PluginFile& plugin : cameras_.files()) {
    if (!plugin.usable()) continue;
    for (const ClaimedCamera& claimed : plugin.cameras) {
      if (claimed.state != ClaimedCamera::State::kAccepted) continue;
      try {
        const Camera& camera = cameras_.load(claimed.identity.name);
        if (camera.overrides(CameraStep::kFormat))
          with_formats_->push_back({&camera, claimed.identity.claims.empty()});
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
        log_.debug("camera {} is not asked whether a file is of its format: {}", claimed.identity.name,
                   e.line());
      }
    }
  }
  return *with_formats_;
}

ImageClaim ImageClaims::of(const CcdSource& source) {
  ImageClaim claim;
  Look look(source, claim);
  if (const std::optional<TwoHeaders> headers = look.as_fits()) {
    claim.cameras = claimants_of(cameras_, headers->primary, headers->second);
    return claim;
  }
  std::vector<std::string> claiming_nothing;
  for (const auto& [camera, claims_nothing] : with_formats()) {
    const std::optional<TwoHeaders> headers = look.as_read_by(*camera, log_);
    if (!headers) continue;
    claim.readers.push_back(camera->name());
    if (std::ranges::binary_search(claimants_of(cameras_, headers->primary, headers->second), camera->name()))
      claim.cameras.push_back(camera->name());
    else if (claims_nothing)
      claiming_nothing.push_back(camera->name());
  }
  if (claim.cameras.empty() && claiming_nothing.size() == 1) claim.cameras = std::move(claiming_nothing);
  std::ranges::sort(claim.cameras);
  std::ranges::sort(claim.readers);
  return claim;
}

ImageClaim ImageClaims::of(const CcdSource& source, const Camera& camera) const {
  ImageClaim claim;
  Look look(source, claim);
  if (look.as_fits() || look.as_read_by(camera, log_)) claim.cameras = {camera.name()};
  return claim;
}

std::vector<int> ccd_hdus(ImageFile& file, const HduFacts& facts) {
  std::vector<int> hdus;
  const auto is_image = [&](int hdu) {
    if (file.is_table(hdu)) return false;
    const fits::ImageInfo info = file.image_info(hdu);
    return info.width > 0 && info.height > 0;
  };
  if (!facts.numbers.empty()) return facts.numbers;
  for (int hdu = facts.all_extensions ? 1 : 0; hdu < file.hdu_count(); ++hdu)
    if (is_image(hdu) &&
        (facts.all_extensions || facts.names.matches(file.header(hdu).text("EXTNAME").value_or(""))))
      hdus.push_back(hdu);
  if (hdus.empty() && facts.all_extensions && is_image(0)) hdus.push_back(0);
  return hdus;
}

}  // namespace brickline
