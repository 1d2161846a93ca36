#include "core/blobs/fitted_catalog.h"

#include <fmt/format.h>

namespace brickline {

std::string_view status_name(BlobStatus status) {
  switch (status) {
    case BlobStatus::kFitted:
      return "fitted";
    case BlobStatus::kEmpty:
      return "empty";
    case BlobStatus::kSkipped:
      return "skipped";
    case BlobStatus::kFailed:
      return "failed";
    case BlobStatus::kCancelled:
      return "cancelled";
    case BlobStatus::kBailedOut:
      return "bailed out";
  }
  return "?";
}

std::string BlobReport::why() const {
  std::string out = message;
  for (const SourceFailure& f : failures)
    out += fmt::format("{}source at x {:.1f} y {:.1f}: {}", out.empty() ? "" : "; ", f.x, f.y, f.reason);
  return out;
}

FailureSummary summarize_failures(std::span<const BlobReport> blobs) {
  FailureSummary out;
  for (const BlobReport& blob : blobs) {
    if (blob.status == BlobStatus::kFailed) {
      ++out.blobs;
      out.items.push_back({fmt::format("blob {} (x {}:{} y {}:{}, {} sources)", blob.blob, blob.box.x0,
                                       blob.box.x1, blob.box.y0, blob.box.y1, blob.sources),
                           blob.message});
      continue;
    }
    for (const SourceFailure& source : blob.failures) {
      ++out.sources;
      out.items.push_back(
          {fmt::format("the source at x {:.1f} y {:.1f} of blob {}", source.x, source.y, blob.blob),
           source.reason});
    }
  }
  return out;
}

}  // namespace brickline
