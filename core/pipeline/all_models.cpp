#include "core/pipeline/all_models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <type_traits>

#include "core/model/shape.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

constexpr std::array<const char*, kModelKinds> kPrefix = {"psf_", "rex_", "dev_", "exp_", "ser_"};

class Columns {
 public:
  Columns(const std::vector<CatalogSource>& rows, std::span<const FittedSource* const> fitted)
      : rows_(rows), fitted_(fitted) {}

  template <typename F>
  void row(const std::string& name, F&& get, const char* unit = "", const char* description = "",
           int string_width = 0) {
    using T = std::decay_t<decltype(get(std::declval<const CatalogSource&>()))>;
    std::vector<T> values;
    for (const CatalogSource& r : rows_) values.push_back(get(r));
    add(name, std::move(values), unit, description, string_width);
  }

  // Of the model of that place in the dchisq order; `absent` where it was not tried.
  template <typename F>
  void model(int kind, const std::string& name, F&& get, const char* unit, const char* description) {
    using T = std::decay_t<decltype(get(std::declval<const ModelFit&>()))>;
    std::vector<T> values;
    for (const FittedSource* s : fitted_)
      values.push_back(s && s->models[kind].status == ModelFitStatus::kFitted ? get(s->models[kind]) : T{});
    add(kPrefix[kind] + name, std::move(values), unit, description);
  }

  void steps(int kind) {
    std::vector<std::int16_t> values;
    for (const FittedSource* s : fitted_) {
      const bool tried = s && s->models[kind].status == ModelFitStatus::kFitted;
      const bool listed_only = !s || !s->regular;
      values.push_back(static_cast<std::int16_t>(tried ? s->models[kind].steps : listed_only ? 0 : -1));
    }
    add(std::string(kPrefix[kind]) + "opt_steps", std::move(values), "",
        "steps of the optimizer; -1: not tried");
  }

  template <typename T>
  void add(const std::string& name, std::vector<T> values, const char* unit, const char* description,
           int string_width = 0) {
    fits::Column column;
    column.name = name;
    column.unit = unit;
    column.description = description;
    column.data = std::move(values);
    column.string_width = string_width;
    table.add(std::move(column));
  }

  fits::Table table;

 private:
  const std::vector<CatalogSource>& rows_;
  std::span<const FittedSource* const> fitted_;
};

// Position, profile and shape, or their inverse variances.
void add_parameters(Columns& t, int kind) {
  using M = ModelFit;
  t.model(
      kind, "ra", [](const M& m) { return m.model.ra; }, "deg", "right ascension");
  t.model(
      kind, "dec", [](const M& m) { return m.model.dec; }, "deg", "declination");
  if (kDchisqOrder[kind] == SourceKind::kSer)
    t.model(
        kind, "sersic", [](const M& m) { return static_cast<float>(m.model.sersic_index); }, "",
        "Sersic index");
  const auto shape = [&](const char* name, double Ellipse::*member, const char* unit, const char* what) {
    t.model(
        kind, name, [&](const M& m) { return static_cast<float>(to_ellipse(m.model.shape).*member); }, unit,
        what);
  };
  if (kind > 0) shape("shape_r", &Ellipse::re, "arcsec", "half-light radius");
  if (kind > 1) shape("shape_e1", &Ellipse::e1, "", "ellipticity component 1");
  if (kind > 1) shape("shape_e2", &Ellipse::e2, "", "ellipticity component 2");

  using V = InverseVariances;
  const auto ivar = [&](const char* name, double V::*member, const char* unit, const char* what) {
    t.model(
        kind, name, [&](const M& m) { return static_cast<float>(m.inverse_variance.*member); }, unit, what);
  };
  ivar("ra_ivar", &V::ra, "deg^(-2)", "inverse variance of ra cos(dec)");
  ivar("dec_ivar", &V::dec, "deg^(-2)", "inverse variance of dec");
  if (kDchisqOrder[kind] == SourceKind::kSer)
    ivar("sersic_ivar", &V::sersic_index, "", "inverse variance of sersic");
  if (kind > 0) ivar("shape_r_ivar", &V::re, "arcsec^(-2)", "inverse variance of shape_r");
  if (kind > 1) ivar("shape_e1_ivar", &V::e1, "", "inverse variance of shape_e1");
  if (kind > 1) ivar("shape_e2_ivar", &V::e2, "", "inverse variance of shape_e2");
}

void add_model(Columns& t, int kind, const std::vector<std::string>& bands) {
  using M = ModelFit;
  add_parameters(t, kind);
  const auto value = [](const std::vector<double>& values, std::size_t b) {
    return b < values.size() ? static_cast<float>(values[b]) : 0.0F;
  };
  for (std::size_t b = 0; b < bands.size(); ++b)
    t.model(
        kind, "flux_" + bands[b], [&](const M& m) { return value(m.model.flux, b); }, "nanomaggies", "flux");
  for (std::size_t b = 0; b < bands.size(); ++b)
    t.model(
        kind, "flux_ivar_" + bands[b], [&](const M& m) { return value(m.inverse_variance.flux, b); },
        "nanomaggies^(-2)", "inverse variance of the flux");
  t.model(
      kind, "cpu", [](const M&) { return 0.0F; }, "s", "always 0");
  t.model(
      kind, "hit_limit", [](const M& m) { return m.at_radius_limit || m.at_sersic_limit; }, "",
      "a parameter ended at its limit");
  if (kind > 0)
    t.model(
        kind, "hit_r_limit", [](const M& m) { return m.at_radius_limit; }, "",
        "the radius ended at its limit");
  t.steps(kind);
}

}  // namespace

fits::Table all_models_table(const std::vector<CatalogSource>& rows,
                             std::span<const FittedSource* const> fitted, const CatalogContext& context) {
  Columns t(rows, fitted);
  using S = CatalogSource;
  t.row(
      "blob", [](const S& r) { return r.blob; }, "", "blob of the final position; -1: none");
  t.row(
      "brickid", [&](const S&) { return context.brickid; }, "", "brick number; -1: a custom brick");
  t.row(
      "brickname", [&](const S&) { return context.brickname; }, "", "brick",
      static_cast<int>(context.brickname.size()));
  std::vector<float> dchisq;
  for (const S& r : rows) dchisq.insert(dchisq.end(), r.dchisq.begin(), r.dchisq.end());
  t.table.add("dchisq", std::move(dchisq), "", {kModelKinds},
              "chi-squared gained over no source: psf, rex, dev, exp, ser");
  t.row(
      "objid", [](const S& r) { return r.objid; }, "", "row of the catalog");
  t.row(
      "ra", [](const S& r) { return r.ra; }, "deg", "of the chosen model");
  t.row(
      "dec", [](const S& r) { return r.dec; }, "deg", "of the chosen model");
  t.row(
      "cpu_arch", [](const S&) { return std::string(); }, "", "always empty", 3);
  t.row(
      "cpu_source", [](const S&) { return 0.0F; }, "s", "always 0");
  t.row(
      "cpu_blob", [](const S&) { return 0.0F; }, "s", "always 0");
  t.row(
      "ninblob", [](const S& r) { return r.ninblob; }, "", "sources in the blob");

  using F = CatalogFitRecord;
  const auto fit = [&](const char* name, auto F::*member, const char* unit, const char* description) {
    t.row(
        name, [&](const S& r) { return r.fit.*member; }, unit, description);
  };
  fit("blob_width", &F::blob_width, "pix", "of the blob's rectangle");
  fit("blob_height", &F::blob_height, "pix", "of the blob's rectangle");
  fit("blob_npix", &F::blob_npix, "pix", "brick pixels of the blob");
  fit("blob_nimages", &F::blob_nimages, "", "images of the blob");
  fit("blob_totalpix", &F::blob_totalpix, "pix", "unmasked pixels of all images of the blob");
  fit("blob_symm_width", &F::blob_symm_width, "pix", "of the rectangle that the model was chosen on");
  fit("blob_symm_height", &F::blob_symm_height, "pix", "of the rectangle that the model was chosen on");
  fit("blob_symm_npix", &F::blob_symm_npix, "pix", "unmasked pixels that the model was chosen on");
  fit("blob_symm_nimages", &F::blob_symm_nimages, "", "images that the model was chosen on");
  const auto bit = [&](const char* name, std::uint16_t bits, const char* description) {
    t.row(
        name, [bits](const S& r) { return r.fit.has(bits); }, "", description);
  };
  using namespace fitbit;
  bit("hit_limit", kHitRadiusLimit | kHitSersicLimit, "a parameter of the chosen model ended at its limit");
  bit("hit_r_limit", kHitRadiusLimit, "the radius ended at its limit");
  bit("hit_ser_limit", kHitSersicLimit, "the Sersic index ended at its limit");
  bit("fit_background", kFitBackground, "a sky level was fitted along");
  bit("forced_pointsource", kForcedPointsource, "only a point source was allowed");
  t.row(
      "type", [](const S& r) { return std::string(type_name(r.type)); }, "", "of the chosen model",
      std::ranges::any_of(rows, [](const S& r) { return r.type == CatalogType::kComp; }) ? 4 : 3);
  for (int kind = 0; kind < kModelKinds; ++kind) add_model(t, kind, context.bands);
  return std::move(t.table);
}

fits::Table blob_status_table(const FittedCatalog& fitted) {
  fits::Table table;
  const auto add = [&](const char* name, auto&& get, const char* unit, const char* description) {
    using T = std::decay_t<decltype(get(std::declval<const BlobReport&>()))>;
    std::vector<T> values;
    for (const BlobReport& r : fitted.blobs) values.push_back(get(r));
    table.add(name, std::move(values), unit, {}, description);
  };
  const auto integer = [&](const char* name, auto&& get, const char* unit, const char* description) {
    add(
        name, [&](const BlobReport& r) { return static_cast<std::int32_t>(get(r)); }, unit, description);
  };
  using R = BlobReport;
  integer(
      "blob", [&](const R& r) { return r.blob < 0 ? -1 : fitted.number.at(r.blob); }, "",
      "number in the catalog; -1: no source is left");
  integer(
      "part", [](const R& r) { return r.part; }, "", "of a blob fitted in parts; -1: the whole blob");
  integer(
      "x0", [](const R& r) { return r.box.x0; }, "pix", "first column of its rectangle");
  integer(
      "y0", [](const R& r) { return r.box.y0; }, "pix", "first row of its rectangle");
  integer(
      "width", [](const R& r) { return r.box.width(); }, "pix", "of its rectangle");
  integer(
      "height", [](const R& r) { return r.box.height(); }, "pix", "of its rectangle");
  integer(
      "npix", [](const R& r) { return r.pixels; }, "pix", "brick pixels");
  integer(
      "nimages", [](const R& r) { return r.images; }, "", "images used");
  integer(
      "nimages_left_out", [](const R& r) { return r.images_left_out; }, "", "images with an unusable PSF");
  integer(
      "totalpix", [](const R& r) { return r.image_pixels; }, "pix", "unmasked pixels of all images");
  integer(
      "nsources", [](const R& r) { return r.sources; }, "", "sources to begin with");
  integer(
      "nfitted", [](const R& r) { return r.fitted; }, "", "sources in the end");
  integer(
      "nfailed", [](const R& r) { return static_cast<std::int64_t>(r.failures.size()); }, "",
      "sources whose fit ended in an error");
  add(
      "status", [](const R& r) { return std::string(status_name(r.status)); }, "", "what became of it");
  add(
      "message", [](const R& r) { return r.why(); }, "", "why");
  return table;
}

}  // namespace brickline
