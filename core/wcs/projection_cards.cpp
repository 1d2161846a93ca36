#include "core/wcs/projection_cards.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/wcs/tnx_cards.h"

namespace brickline {
namespace {

constexpr int kLastTpvTerm = 39, kLastStandardParameter = 4;
// An equinox before it means FK4 (Calabretta & Greisen 2002, section 3.1).
constexpr double kFirstFk5Equinox = 1984;

struct AxisType {
  bool is_ra = false;
  std::string code, suffix;  // "TAN", "-SIP"
};

std::string ctype_of(const WcsCards& cards, const char* key) {
  if (!cards.has(key)) throw input_error("the header has no {} card, so no world coordinates", key);
  return cards.text(key).value_or("");
}

std::optional<AxisType> parse_ctype(const std::string& ctype) {
  AxisType type;
  type.is_ra = ctype.starts_with("RA---");
  if (!type.is_ra && !ctype.starts_with("DEC--")) return {};
  type.code = ctype.substr(5, 3);
  if (ctype.size() > 8) type.suffix = ctype.substr(8);
  return type;
}

Error unsupported_ctype(const std::string& a, const std::string& b) {
  return input_error(
      "unsupported world coordinates: CTYPE '{}', '{}' (known: RA and DEC in the projections TAN, TPV, TNX "
      "and TAN-SIP)",
      a, b);
}

// Whether the PV cards of an axis read as the lower terms of a TPV polynomial that bends little: a factor
// near 1, nothing else of any size. As parameters of a projection they would make no sense.
bool bends_little(const std::vector<ProjectionParameter>& parameters, int axis) {
  bool has_factor = false;
  for (const ProjectionParameter& p : parameters) {
    if (p.axis != axis) continue;
    if (std::abs(p.value - (p.index == 1 ? 1 : 0)) > 0.1) return false;
    has_factor = has_factor || p.index == 1;
  }
  return has_factor;
}

bool is_identity(const ProjectionParameter& p) { return p.value == (p.index == 1 ? 1 : 0); }

// PV cards on a tangent projection have two meanings. Beyond index 4 there is only one: SCAMP wrote TPV so
// before the convention had a name. Up to 4 they may be the standard's, which knows none of the latitude
// axis, or the linear terms of a TPV.
void settle_parameters(Projection& projection) {
  std::vector<ProjectionParameter>& all = projection.parameters;
  const int longitude = projection.dec_first ? 2 : 1, latitude = 3 - longitude;
  const bool is_sip = projection.kind == Projection::Kind::kSip;
  const bool has_high = std::any_of(
      all.begin(), all.end(), [](const ProjectionParameter& p) { return p.index > kLastStandardParameter; });
  const bool linear_longitude = bends_little(all, longitude), linear_latitude = bends_little(all, latitude);
  if (has_high || (linear_longitude && linear_latitude)) {
    if (is_sip)
      all.clear();  // leftovers of the TPV that the SIP was made from
    else
      projection.kind = Projection::Kind::kTpv;
    return;
  }
  if ((linear_longitude || linear_latitude) && !std::all_of(all.begin(), all.end(), is_identity))
    throw input_error(
        "the PV cards can be read as terms of a TPV distortion and as parameters of the projection {}: set "
        "CTYPE to TPV, or remove them",
        is_sip ? "TAN-SIP" : "TAN");
  if (linear_longitude || linear_latitude) all.clear();
  std::erase_if(all, [&](const ProjectionParameter& p) { return p.axis != longitude; });
  if (is_sip)
    for (const ProjectionParameter& p : all) {
      constexpr std::array<double, 4> kUsual{0, 0, 90, 180};
      if (p.index < 4 && p.value != kUsual[p.index])
        throw input_error("PV{}_{} beside SIP: which of the two is meant, is not clear", p.axis, p.index);
    }
}

// The PV cards of the two axes.
std::vector<ProjectionParameter> pv_cards(const WcsCards& cards) {
  std::vector<ProjectionParameter> parameters;
  for (const WcsCards::Indexed& card : cards.indexed("PV")) {
    if (card.i != 1 && card.i != 2) continue;
    if (card.j > kLastTpvTerm) throw input_error("{}: TPV knows terms 0 to {}", card.key, kLastTpvTerm);
    parameters.push_back({card.i, card.j, *cards.number(card.key)});
  }
  return parameters;
}

bool is_digits(std::string_view s) {
  return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos;
}

// PREFIX and digits, with an optional rest behind a point ("DP1.NAXES").
bool is_numbered(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix)) return false;
  key.remove_prefix(prefix.size());
  return is_digits(key.substr(0, key.find('.')));
}

void refuse_other_distortions(const WcsCards& cards) {
  for (const std::string& key : cards.keys()) {
    for (const char* prefix : {"CPDIS", "CQDIS", "D2IMDIS"})
      if (is_numbered(key, prefix) && cards.text(key))
        throw input_error("unsupported world coordinates: a distortion function or table, {} = '{}'", key,
                          *cards.text(key));
    for (const char* prefix : {"DP", "DQ"})
      if (is_numbered(key, prefix))
        throw input_error("unsupported world coordinates: a distortion function or table, {}", key);
    for (const char* prefix : {"AMDX", "AMDY"})
      if (is_numbered(key, prefix))
        throw input_error("unsupported world coordinates: a plate solution, {}", key);
    if (key == "AXISCORR") throw input_error("unsupported world coordinates: a distortion table, {}", key);
  }
  if (const auto pole = cards.number("LONGPOLE"); pole && *pole != 180 && !cards.has("LONPOLE"))
    throw input_error("LONGPOLE = {} is no keyword of the FITS standard: was LONPOLE meant?", *pole);
}

void refuse_other_axes(const WcsCards& cards) {
  for (const char* prefix : {"CD", "PC"})
    for (const WcsCards::Indexed& card : cards.indexed(prefix))
      if ((card.i == 1 || card.i == 2) != (card.j == 1 || card.j == 2) && *cards.number(card.key) != 0)
        throw input_error("unsupported world coordinates: {} mixes a third axis into the first two",
                          card.key);
}

std::string capitals(std::string_view s) {
  std::string out(stripped(s));
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// Positions are taken for ICRS. FK5 of J2000 is within 0.03 arcsec of it.
void refuse_other_frames(const WcsCards& cards) {
  bool is_icrs = false, is_named = false;
  for (const char* key : {"RADESYS", "RADECSYS"}) {
    const auto text = cards.text(key);
    if (!text) continue;
    const std::string frame = capitals(*text);
    const bool known = frame == "ICRS" || frame == "FK5" || frame == "J2000" || frame == "FK5/J2000" ||
                       frame.starts_with("GAIA");
    if (!known) throw input_error("unsupported world coordinates: {} = '{}' (known: ICRS, FK5)", key, *text);
    if (!is_named) is_icrs = frame != "FK5";  // RADESYS before its old name
    is_named = true;
  }
  if (const auto equinox = cards.text("EQUINOX")) {
    std::string year = capitals(*equinox);
    if (year.starts_with('J')) year.erase(0, 1);
    const auto value = parse_double(year);
    if (!value && !year.starts_with('B')) throw input_error("EQUINOX = {} is not a number", *equinox);
    // ICRS has no equinox; what stands there may be the date of observation.
    const bool harmless = value && (*value == 2000 || (is_icrs && *value >= kFirstFk5Equinox));
    if (!harmless) throw input_error("unsupported world coordinates: EQUINOX = {} (known: 2000)", *equinox);
  } else if (const auto epoch = cards.text("EPOCH"); epoch && !is_named) {
    // The old name of EQUINOX; often the date of observation, which says nothing of the coordinates.
    if (const auto year = parse_double(*epoch); year && *year > 0 && *year < kFirstFk5Equinox)
      throw input_error("unsupported world coordinates: EPOCH = {} (known: 2000)", *epoch);
  }
}

}  // namespace

void refuse_inherited_frame(const fits::Header& image, const fits::Header& primary) {
  const WcsCards own(image), inherited(primary);
  for (const char* key : {"RADESYS", "RADECSYS", "EQUINOX"})
    if (own.text(key)) return;
  for (const char* key : {"RADESYS", "RADECSYS"})
    if (const auto frame = inherited.text(key)) {
      if (!capitals(*frame).starts_with("FK4")) return;
      throw input_error("unsupported world coordinates: {} = '{}' in the primary header (known: ICRS, FK5)",
                        key, *frame);
    }
  const auto equinox = inherited.text("EQUINOX");
  if (!equinox) return;
  const auto year = parse_double(*equinox);
  if ((year && *year > 0 && *year < kFirstFk5Equinox) || capitals(*equinox).starts_with('B'))
    throw input_error("unsupported world coordinates: EQUINOX = {} in the primary header (known: 2000)",
                      *equinox);
}

std::vector<SipTerm> sip_terms(const WcsCards& cards, int axis) {
  const std::string name = axis == 1 ? "A" : "B", order_key = name + "_ORDER";
  const auto order = cards.integer(order_key);
  if (order && (*order < 0 || *order > 9)) throw input_error("{} = {}: SIP knows 0 to 9", order_key, *order);
  std::vector<SipTerm> terms;
  // Keys A_p_q: "A" with a first index behind the underscore.
  for (const WcsCards::Indexed& card : cards.indexed(name + "_")) {
    const double value = *cards.number(card.key);
    if (card.i + card.j > order.value_or(-1)) {
      if (value == 0) continue;
      if (!order) throw input_error("{} stands without {}", card.key, order_key);
      throw input_error("{} is beyond {} = {}", card.key, order_key, *order);
    }
    terms.push_back({card.i, card.j, value});
  }
  return terms;
}

Projection read_projection(const WcsCards& cards) {
  const std::string ctype1 = ctype_of(cards, "CTYPE1"), ctype2 = ctype_of(cards, "CTYPE2");
  const auto first = parse_ctype(ctype1), second = parse_ctype(ctype2);
  if (!first || !second || first->is_ra == second->is_ra || first->code != second->code)
    throw unsupported_ctype(ctype1, ctype2);
  for (const AxisType* type : {&*first, &*second})
    if (!type->suffix.empty() && (type->suffix != "-SIP" || type->code != "TAN"))
      throw unsupported_ctype(ctype1, ctype2);

  Projection projection;
  projection.dec_first = second->is_ra;
  const bool has_sip = !sip_terms(cards, 1).empty() || !sip_terms(cards, 2).empty();
  if (has_sip && cards.has("A_ORDER") != cards.has("B_ORDER"))
    throw input_error("SIP needs both A_ORDER and B_ORDER; the header has one of them");
  if (first->code == "TAN")
    projection.kind = has_sip || first->suffix == "-SIP" ? Projection::Kind::kSip : Projection::Kind::kTan;
  else if (first->code == "TPV")
    projection.kind = Projection::Kind::kTpv;
  else if (first->code == "TNX")
    projection.kind = Projection::Kind::kTnx;
  else
    throw unsupported_ctype(ctype1, ctype2);

  refuse_other_distortions(cards);
  refuse_other_axes(cards);
  refuse_other_frames(cards);

  projection.parameters = pv_cards(cards);
  const bool is_plain =
      projection.kind == Projection::Kind::kTan || projection.kind == Projection::Kind::kSip;
  if (is_plain) {
    // Without a suffix SCAMP's PV cards go before SIP's (Shupe et al. 2012, section 7).
    if (first->suffix.empty() && second->suffix.empty() && !projection.parameters.empty() &&
        std::any_of(projection.parameters.begin(), projection.parameters.end(),
                    [](const ProjectionParameter& p) { return p.index > kLastStandardParameter; }))
      projection.kind = Projection::Kind::kTan;
    settle_parameters(projection);
    if (const auto key = wat_distortion_key(cards); key && projection.kind != Projection::Kind::kTpv)
      throw input_error("CTYPE says '{}', but {} holds a TNX or ZPX distortion: which is meant, is not clear",
                        ctype1, *key);
  }
  if (projection.kind == Projection::Kind::kTpv && first->code == "TPV" && has_sip)
    throw input_error("unsupported world coordinates: two distortions, TPV and SIP");
  if (projection.kind == Projection::Kind::kTnx) {
    if (has_sip) throw input_error("unsupported world coordinates: two distortions, TNX and SIP");
    for (const ProjectionParameter& p : projection.parameters)
      if (!is_identity(p))
        throw input_error("PV{}_{} beside TNX: which of the two is meant, is not clear", p.axis, p.index);
    projection.parameters.clear();
  }
  const bool after_plane =
      projection.kind == Projection::Kind::kTpv || projection.kind == Projection::Kind::kTnx;
  if (after_plane && projection.dec_first) throw unsupported_ctype(ctype1, ctype2);
  return projection;
}

}  // namespace brickline
