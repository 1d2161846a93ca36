#include "tests/wcs/fuzz_wcs_header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/wcs/local_linear.h"
#include "core/wcs/polygon.h"
#include "core/wcs/wcs.h"

namespace brickline::test {
namespace {

fits::Card card_of(std::string_view record) {
  fits::Card card;
  card.key = std::string(stripped(record.substr(0, 8)));
  if (record.size() < 10 || record.substr(8, 2) != "= ") return card;
  const std::string_view field = stripped(record.substr(10));
  if (field.starts_with('\'')) {
    std::string text;
    std::size_t i = 1;
    for (; i < field.size(); ++i) {
      if (field[i] == '\'' && (i + 1 == field.size() || field[i + 1] != '\'')) break;
      if (field[i] == '\'') ++i;
      text += field[i];
    }
    card.raw = field.substr(0, i + 1);
    card.value = text;
    return card;
  }
  card.raw = std::string(stripped(field.substr(0, field.find('/'))));
  if (card.raw == "T" || card.raw == "F")
    card.value = card.raw == "T";
  else if (const auto whole = parse_int(card.raw))
    card.value = *whole;
  else if (const auto number = parse_double(card.raw))
    card.value = *number;
  return card;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

bool is_position(const SkyPosition& s) { return s.ra >= 0 && s.ra < 360 && s.dec >= -90 && s.dec <= 90; }

void use(const Wcs& wcs) {
  std::array<SkyPosition, 4> corners = wcs.corners();
  const double right = wcs.width() - 1, top = wcs.height() - 1;
  for (const auto& [x, y] :
       {std::array{0.0, 0.0}, {right, 0.0}, {right, top}, {0.0, top}, {right / 2, top / 2}, {-1000.0, 1e6}}) {
    const bool is_inside = x >= 0 && x <= right && y <= top;
    const SkyPosition s = wcs.pixel_to_sky(x, y);
    if (!is_inside && !std::isfinite(s.ra + s.dec)) continue;
    require(is_position(s), "a pixel has no position");
    const auto p = wcs.sky_to_pixel(s.ra, s.dec);
    if (!p) continue;
    require(std::isfinite(p->x) && std::isfinite(p->y), "a position has a pixel that is none");
    (void)local_linear(wcs, s.ra, s.dec, LocalLinearWcs::Jacobian::kLocal);
  }
  const Box whole = extent_of_sky_polygon(wcs, corners);
  require(intersection(whole, Box::from_size(wcs.width(), wcs.height())) == whole,
          "an extent beyond the image");
  const SkyPosition moved = wcs.with_offset(1e-4, -1e-4).sub_image({1, 3, 2, 5}).pixel_to_sky(0, 0);
  require(is_position(moved), "an offset loses the position");
  if (wcs.is_plain_tangent()) {
    const SkyPosition again = Wcs::from_header(wcs.to_header(), wcs.width(), wcs.height()).pixel_to_sky(0, 0);
    require(is_position(again), "written cards do not read back");
  }
}

}  // namespace

fits::Header header_of_records(std::string_view records) {
  fits::Header header;
  for (; !records.empty(); records.remove_prefix(std::min<std::size_t>(80, records.size())))
    header.append(card_of(records.substr(0, 80)));
  return header;
}

void fuzz_wcs_header(std::span<const std::uint8_t> bytes) {
  std::string_view records(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    std::optional<Wcs> wcs;
    try {
      wcs = Wcs::from_header(header_of_records(records), 96, 64);
    } catch (const Error& e) {
      require(e.kind() == ErrorKind::kInput, e.what());
      return;
    }
    use(*wcs);
  } catch (const std::exception& defect) {
    std::fprintf(stderr, "%s, of the cards\n", defect.what());
    for (; !records.empty(); records.remove_prefix(std::min<std::size_t>(80, records.size()))) {
      const std::string_view record = records.substr(0, 80);
      std::fprintf(stderr, "%.*s\n", static_cast<int>(record.size()), record.data());
    }
    std::abort();
  }
}

}  // namespace brickline::test
