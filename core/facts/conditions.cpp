#include "core/facts/conditions.h"

#include <algorithm>
#include <cmath>

#include "core/base/numbers.h"

namespace brickline {

bool TextMatch::matches(std::string_view text) const {
  if (any()) return true;
  return std::find(texts.begin(), texts.end(), text) != texts.end() ||
         std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& p) { return p.found_in(text); });
}

namespace {

bool card_holds(const CardCondition& c, CcdHeaders& headers) {
  const std::optional<std::string> value = headers.text(c.keys, c.in);
  if (c.exists && *c.exists != value.has_value()) return false;
  if (!c.equals && !c.matches && c.limits.unlimited()) return c.exists || value;
  if (!value) return false;
  const std::optional<double> number = parse_double(*value);
  if (c.equals && *c.equals != *value) {
    const std::optional<double> wanted = parse_double(*c.equals);
    if (!wanted || !number || *wanted != *number) return false;
  }
  if (c.matches && !c.matches->found_in(*value)) return false;
  return c.limits.unlimited() || (number && c.limits.contains(*number));
}

bool text_holds(const std::optional<TextMatch>& wanted, std::string_view value) {
  return !wanted || (!value.empty() && wanted->matches(value));
}

bool number_holds(const std::optional<Limits<double>>& wanted, double value) {
  return !wanted || (!std::isnan(value) && wanted->contains(value));
}

bool version_holds(const std::optional<Limits<PipelineVersion>>& wanted, std::string_view text) {
  if (!wanted) return true;
  const std::optional<PipelineVersion> version = parse_pipeline_version(text);
  return version && wanted->contains(*version);
}

}  // namespace

bool holds(const Condition& c, const CcdValues& ccd, CcdHeaders* headers) {
  if (c.ccd && !(ccd.ccdname_known() && c.ccd->matches(ccd.ccdname))) return false;
  if (!text_holds(c.band, ccd.band) || !text_holds(c.plprocid, ccd.plprocid) ||
      !text_holds(c.procdate, ccd.procdate) || !text_holds(c.propid, ccd.propid) ||
      !text_holds(c.object, ccd.object))
    return false;
  if (!number_holds(c.expnum, ccd.expnum >= 0 ? static_cast<double>(ccd.expnum) : CcdValues::kUnknown) ||
      !number_holds(c.mjd, ccd.mjd_obs) || !number_holds(c.exptime, ccd.exptime) ||
      !number_holds(c.hdu, ccd.image_hdu >= 0 ? ccd.image_hdu : CcdValues::kUnknown) ||
      !number_holds(c.airmass, ccd.airmass))
    return false;
  if (!version_holds(c.plver, ccd.plver)) return false;
  if (c.mask_plver) {
    std::string version = ccd.mask_plver;
    if (version.empty() && headers) version = headers->mask_plver();
    if (!version_holds(c.mask_plver, version)) return false;
  }
  for (const CardCondition& card : c.cards)
    if (!headers || !card_holds(card, *headers)) return false;
  if (!c.any_of.empty() && std::none_of(c.any_of.begin(), c.any_of.end(),
                                        [&](const Condition& one) { return holds(one, ccd, headers); }))
    return false;
  return std::none_of(c.none_of.begin(), c.none_of.end(),
                      [&](const Condition& one) { return holds(one, ccd, headers); });
}

}  // namespace brickline
