#include "core/pipeline/explain_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/markup.h"
#include "core/coadd/jpeg.h"
#include "core/model/shape.h"
#include "core/page/base64.h"

namespace brickline {
namespace {

constexpr int kPictureWidth = 360;  // CSS pixels
constexpr double kSoftening = 3;    // sigmas: where the pictures' asinh stretch turns from linear
constexpr double kBrightest = 100;  // sigmas: white
constexpr double kResidualRange = 6;

constexpr std::string_view kStyle = R"(
:root{--ink:#1c2024;--faint:#59616b;--paper:#fff;--panel:#f4f6f8;--line:#d3d8de;--link:#0b57b0;--good:#e2f3e5;--bad:#a11a1a}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--faint:#a7b0ba;--paper:#14171a;--panel:#1e2327;--line:#3a4148;--link:#8ab8f0;--good:#17341f;--bad:#ffa8a0}}
body{font:15px/1.45 system-ui,sans-serif;max-width:86rem;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--paper)} a{color:var(--link)}
h1{font-size:1.5rem;margin-bottom:.2rem} h2{font-size:1.15rem;margin:2rem 0 .4rem} p{margin:.4rem 0}
table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.15rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap} th{font-weight:600;background:var(--panel)}
td.t,th.t{text-align:left} tr.chosen td{background:var(--good);font-weight:600} tr.faint td{color:var(--faint)}
.wide{overflow-x:auto} .note{color:var(--faint)} .dropped{color:var(--bad)}
figure{display:inline-block;max-width:100%;margin:.5rem 1rem .5rem 0;vertical-align:top} figcaption{font-size:.9rem;color:var(--faint);max-width:360px}
.picture{position:relative} .picture img{display:block;max-width:100%;height:auto;image-rendering:pixelated} .picture svg{position:absolute;inset:0;width:100%;height:100%}
)";

// Values in [0, 1] as a picture with the sources' places.
std::string figure(const BlobAccount& account, const RgbPlanes& planes, const std::string& caption) {
  const int w = planes.red.width(), h = planes.red.height();
  JpegOptions options;
  options.quality = 95;
  const double scale = static_cast<double>(kPictureWidth) / w;
  std::string marks;
  for (const BlobAccount::Place& p : account.places) {
    const bool kept = account.sources[p.source].kept;
    const double x = (p.x + 0.5) * scale, y = (h - 0.5 - p.y) * scale;
    marks += fmt::format(
        R"(<circle cx="{:.1f}" cy="{:.1f}" r="7" fill="none" stroke="{}"/><text x="{:.1f}" y="{:.1f}" font-size="12" fill="{}">{}</text>)",
        x, y, kept ? "#2a6" : "#c33", x + 9, y - 5, kept ? "#2a6" : "#c33", p.source + 1);
  }
  return fmt::format(
      R"(<figure><div class="picture"><img width="{0}" height="{1:.0f}" alt="{2}" src="data:image/jpeg;base64,{3}"><svg viewBox="0 0 {0} {1:.0f}">{4}</svg></div><figcaption>{2}</figcaption></figure>)"
      "\n",
      kPictureWidth, h * scale, caption, base64(encode_jpeg(planes, options)), marks);
}

RgbPlanes grey(const Image<float>& pixels, double sigma) {
  RgbPlanes out;
  out.red = Image<float>(pixels.width(), pixels.height());
  const double full = std::asinh(kBrightest / kSoftening);
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) {
      const double v = 0.15 + 0.85 * std::asinh(pixels(x, y) / (kSoftening * sigma)) / full;
      out.red(x, y) = static_cast<float>(std::clamp(v, 0.0, 1.0));
    }
  out.green = out.red;
  out.blue = out.red;
  return out;
}

// Blue where there is too little light, red where too much is left.
RgbPlanes two_coloured(const Image<float>& sigmas) {
  RgbPlanes out;
  for (Image<float>* plane : {&out.red, &out.green, &out.blue})
    *plane = Image<float>(sigmas.width(), sigmas.height());
  for (int y = 0; y < sigmas.height(); ++y)
    for (int x = 0; x < sigmas.width(); ++x) {
      const double v = std::clamp(sigmas(x, y) / kResidualRange, -1.0, 1.0);
      const auto fade = static_cast<float>(1 - std::abs(v));
      out.red(x, y) = v > 0 ? 1 : fade;
      out.green(x, y) = fade;
      out.blue(x, y) = v < 0 ? 1 : fade;
    }
  return out;
}

std::string fluxes(const std::vector<double>& flux) {
  std::string out;
  for (const double f : flux) out += fmt::format("<td>{:.4g}</td>", f);
  return out;
}

std::string limits(const ModelFit& m) {
  if (m.at_radius_limit && m.at_sersic_limit) return "radius, index";
  if (m.at_radius_limit) return "radius";
  return m.at_sersic_limit ? "index" : "";
}

std::string shape_cells(const SourceModel& m) {
  if (!m.is_galaxy()) return "<td></td><td></td><td></td>";
  const Ellipse e = to_ellipse(m.shape);
  const std::string index = m.kind == SourceKind::kSer ? fmt::format("{:.3f}", m.sersic_index) : "";
  const std::string ellipticity =
      m.kind == SourceKind::kRex ? std::string() : fmt::format("{:.3f}, {:.3f}", e.e1, e.e2);
  return fmt::format("<td>{:.3f}</td><td>{}</td><td>{}</td>", e.re, ellipticity, index);
}

std::string band_heads(const ExplainContext& context, std::string_view what) {
  std::string out;
  for (const std::string& band : context.bands) out += fmt::format("<th>{} {}</th>", what, markup_text(band));
  return out;
}

std::string ladder_table(const SourceAccount& s, const ExplainContext& context) {
  const bool together = context.joint && s.told.choice;
  const SelectionOptions& rule = together ? context.joint->penalties : context.selection;
  const char* no_figures = together ? "<td></td><td></td>" : "";
  std::string out =
      "<div class=\"wide\"><table><tr><th class=\"t\">model</th>" + band_heads(context, "chi&sup2;") +
      "<th>improvement</th><th>less its penalty</th>" + (together ? "<th>Occam</th><th>weight</th>" : "") +
      "<th>steps</th><th class=\"t\">fit "
      "ended</th><th class=\"t\">at its limit</th>" +
      band_heads(context, "flux") + "<th>radius&Prime;</th><th>e1, e2</th><th>index</th></tr>\n";
  out += "<tr class=\"faint\"><td class=\"t\">no source</td>";
  for (std::size_t b = 0; b < context.bands.size(); ++b)
    out += b < s.chi2_none.size() ? fmt::format("<td>{:.2f}</td>", s.chi2_none[b]) : "<td></td>";
  out += fmt::format("<td>0</td><td></td>{}<td></td><td></td><td></td>{}<td></td><td></td><td></td></tr>\n",
                     no_figures, fluxes(std::vector<double>(context.bands.size(), 0.0)));
  for (int k = 0; k < kModelKinds; ++k) {
    const ModelFit& m = s.models[k];
    const std::string_view name = kind_name(kDchisqOrder[k]);
    if (m.status != ModelFitStatus::kFitted) {
      const char* why = m.status == ModelFitStatus::kNotTried   ? "not tried"
                        : m.status == ModelFitStatus::kLeftBlob ? "left the blob: no model of this source"
                                                                : "failed: nothing finite came out";
      out += fmt::format(
          "<tr class=\"faint\"><td class=\"t\">{}</td><td class=\"t\" colspan=\"{}\">{}</td></tr>\n", name,
          2 * context.bands.size() + (together ? 10 : 8), why);
      continue;
    }
    out += fmt::format("<tr{}><td class=\"t\">{}</td>",
                       s.chosen == kDchisqOrder[k] ? " class=\"chosen\"" : "", name);
    for (const double c : m.chi2) out += fmt::format("<td>{:.2f}</td>", c);
    std::string figures;
    if (together) {
      const std::optional<double>& occam = s.told.choice->evidence.occam[k];
      figures = fmt::format("<td>{}</td><td>{:.3f}</td>", occam ? fmt::format("{:.2f}", *occam) : "",
                            s.told.weights[k]);
    }
    out += fmt::format(
        "<td>{:.2f}</td><td>{:.2f}</td>{}<td>{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td>{}{}</tr>\n",
        m.dchisq, m.dchisq - rule.penalty[k], figures, m.steps, status_name(m.end), limits(m),
        fluxes(m.model.flux), shape_cells(m.model));
  }
  return out + "</table></div>\n";
}

std::string outcome(const SourceAccount& s) {
  if (s.frozen) return "frozen: kept as its catalog has it";
  if (!s.failure.empty() && !s.kept) return "dropped: it could not be fitted: " + markup_text(s.failure);
  if (s.forced_to_stay) return "kept by force, with its catalog's fluxes";
  if (s.told.fate == SourceFate::kTwo) return "two sources";
  if (s.told.fate == SourceFate::kDark) return "dropped: dark";
  if (s.told.fate == SourceFate::kSuperfluous)
    return fmt::format("dropped: source {} has its light", s.told.other + 1);
  if (s.told.fate == SourceFate::kOneAgain) return fmt::format("source {} again", s.split_from + 1);
  if (!s.kept) return "dropped";
  return std::string(kind_name(s.last.kind));
}

std::string source_section(const BlobAccount& account, std::size_t i, const ExplainContext& context) {
  const SourceAccount& s = account.sources[i];
  std::string out = fmt::format("<h2 id=\"s{0}\">Source {0}: {1}</h2>\n<p>", i + 1, outcome(s));
  out += explain_origin(account, i) + fmt::format(" at pixel ({:.1f}, {:.1f}), entering as {}.", s.start_x,
                                                  s.start_y, kind_name(s.found.kind));
  if (s.needed_flux) out += " Its first fluxes came from a fit of all such sources together.";
  if (s.forced_point_source) out += " The reference mask allows only a point source here.";
  if (s.fit_background) out += " The reference mask asks for a sky level of each image to be fitted along.";
  out += "</p>\n<div class=\"wide\"><table><tr><th class=\"t\"></th><th>RA</th><th>Dec</th>" +
         band_heads(context, "flux") + "<th>radius&Prime;</th><th>e1, e2</th><th>index</th></tr>\n";
  const auto row = [&](const char* name, const SourceModel& m) {
    out += fmt::format("<tr><td class=\"t\">{}</td><td>{:.6f}</td><td>{:.6f}</td>{}{}</tr>\n", name, m.ra,
                       m.dec, fluxes(m.flux), shape_cells(m));
  };
  row("as it came", s.found);
  row("after the first round", s.first_round);
  if (s.kept) row("in the end", s.last);
  out += "</table></div>\n";
  if (s.pixels > 0)
    out += fmt::format(
        "<p>Models were compared on {} unmasked pixels of {} images, in a rectangle of {} &times; {} brick "
        "pixels; {} brick pixels of the blob were its own.</p>\n",
        s.pixels, s.images, s.rectangle_width, s.rectangle_height, s.owned_pixels);
  if (!s.frozen) out += ladder_table(s, context) + fmt::format("<p>{}</p>\n", explain_choice(s, context));
  for (const std::string& words : {explain_fate(account, i), explain_neighbours(s)})
    if (!words.empty()) out += fmt::format("<p>{}</p>\n", words);
  if (context.joint && s.unfinished && s.kept)
    out +=
        "<p class=\"dropped\">The last fit with its neighbours took all the steps that it may, or took it as far as one may.</p>\n";
  return out;
}

std::string images_section(const BlobAccount& account) {
  if (account.worst < 0) return "<h2>Images</h2><p>No image falls on this blob.</p>\n";
  std::vector<std::size_t> order(account.images.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return account.images[a].per_pixel() > account.images[b].per_pixel();
  });
  std::string out =
      "<h2>Images, the worst explained first</h2>\n<div class=\"wide\"><table><tr><th "
      "class=\"t\">image</th><th class=\"t\">band</th><th>size</th><th>unmasked "
      "pixels</th><th>chi&sup2;</th><th>per pixel</th></tr>\n";
  for (const std::size_t i : order) {
    const ImageAccount& a = account.images[i];
    out += fmt::format(
        "<tr><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{} &times; "
        "{}</td><td>{}</td><td>{:.1f}</td><td>{:.3f}</td></tr>\n",
        markup_text(a.name), markup_text(a.band), a.box.width(), a.box.height(), a.pixels, a.chi2,
        a.per_pixel());
  }
  out += "</table></div>\n";
  const ImageAccount& worst = account.images[account.worst];
  // What one sigma is, from the unmasked pixels.
  std::vector<double> sigmas;
  for (int y = 0; y < account.data.height(); ++y)
    for (int x = 0; x < account.data.width(); ++x)
      if (account.residual_sigmas(x, y) != 0)
        sigmas.push_back(
            std::abs((account.data(x, y) - account.model(x, y)) / account.residual_sigmas(x, y)));
  if (sigmas.empty()) return out;
  const auto middle = sigmas.begin() + static_cast<std::ptrdiff_t>(sigmas.size() / 2);
  std::nth_element(sigmas.begin(), middle, sigmas.end());
  const double sigma = *middle;
  out += fmt::format(
      "<p>The worst of them, {} ({}); numbers are those of the sources, red where one was dropped. The image "
      "is "
      "drawn in its own pixels, so it may be turned against the sky.</p>\n",
      markup_text(worst.name), markup_text(worst.band));
  out += figure(account, grey(account.data, sigma), fmt::format("data, asinh to {:.0f} sigma", kBrightest));
  out += figure(account, grey(account.model, sigma), "models, the same stretch");
  out +=
      figure(account, two_coloured(account.residual_sigmas),
             fmt::format("residuals in sigma, blue -{0:.0f} to red +{0:.0f}; masked: white", kResidualRange));
  return out;
}

}  // namespace

std::string explain_page(const BlobReport& report, const BlobAccount& account, int number,
                         const ExplainContext& context) {
  const Box& box = account.box;
  std::string name = number >= 0 ? fmt::format("blob {}", number) : std::string("a blob without sources");
  if (account.part >= 0) name += fmt::format(", part {}", account.part + 1);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>{0}, "
      "{1}</title><style>{2}</style></head>"
      "<body>\n<h1>Brick {0}, {1}</h1>\n<p>x {3} to {4}, y {5} to {6}: {7} pixels of the blob, {8} unmasked "
      "pixels "
      "in {9} images. Sources: {10} to begin with, {11} found in the residuals, {12} in the end{13}.</p>\n",
      markup_text(context.brick), name, kStyle, box.x0, box.x1 - 1, box.y0, box.y1 - 1, report.pixels,
      report.image_pixels, report.images, report.sources,
      std::count_if(account.sources.begin(), account.sources.end(),
                    [](const SourceAccount& s) { return s.source < 0 && s.split_from < 0; }),
      report.fitted, context.joint ? ", fitted together" : "");
  if (report.images_left_out > 0)
    out += fmt::format("<p class=\"dropped\">{} images were left out: their PSF is not usable.</p>\n",
                       report.images_left_out);
  if (report.unfinished > 0)
    out += fmt::format(
        "<p class=\"dropped\">{} sources took all the steps that a fit may, or went as far as one may take them: they may not "
        "be at their best.</p>\n",
        report.unfinished);
  if (!report.message.empty())
    out += fmt::format("<p class=\"dropped\">{}: {}</p>\n", status_name(report.status),
                       markup_text(report.message));
  out +=
      "<div class=\"wide\"><table><tr><th>source</th><th class=\"t\">outcome</th><th>x</th><th>y</th><th>improvement</th>" +
      band_heads(context, "flux") + "</tr>\n";
  for (std::size_t i = 0; i < account.sources.size(); ++i) {
    const SourceAccount& s = account.sources[i];
    const std::string improvement =
        s.chosen ? fmt::format("{:.1f}", s.models[dchisq_index(*s.chosen)].dchisq) : std::string();
    out += fmt::format(
        "<tr><td><a href=\"#s{0}\">{0}</a></td><td "
        "class=\"t{1}\">{2}</td><td>{3:.1f}</td><td>{4:.1f}</td><td>{5}</td>"
        "{6}</tr>\n",
        i + 1, s.kept ? "" : " dropped", outcome(s), s.start_x, s.start_y, improvement,
        s.kept ? fluxes(s.last.flux) : fluxes(std::vector<double>(context.bands.size(), 0.0)));
  }
  out +=
      "</table></div>\n<p class=\"note\">Fluxes are nanomaggies; the improvement is chi&sup2; without the source "
      "less "
      "chi&sup2; with it, a band with negative flux counting against it.</p>\n";
  if (context.joint)
    out +=
        "<p class=\"note\">Models were chosen with the neighbours' models subtracted, as those were fitted "
        "together. "
        "Occam's factor (2 ln of it) is what a model pays for what the data rule out of the shapes that it might "
        "have; "
        "the excess is by what factor squares of residuals are larger than those of their errors. The overlap of "
        "two sources is the correlation of their models.</p>\n";
  out += images_section(account);
  for (std::size_t i = 0; i < account.sources.size(); ++i) out += source_section(account, i, context);
  return out + "</body></html>\n";
}

namespace {

// A blob as people name it: by number, or by a pixel in it.
struct BlobName {
  std::optional<int> number;
  int x = 0, y = 0;
};

BlobName blob_name(std::string_view which) {
  const auto number = [&](std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
      throw usage_error("--explain-blob {}: give a blob's number, or x,y", which);
    return value;
  };
  const std::size_t comma = which.find(',');
  if (comma == std::string_view::npos) return {number(which)};
  return {{}, number(which.substr(0, comma)), number(which.substr(comma + 1))};
}

Error no_such_blob(std::string_view which, int last) {
  if (last < 0) return input_error("--explain-blob {}: there are no blobs", which);
  return input_error("--explain-blob {}: there are blobs 0 to {}", which, last);
}

}  // namespace

void check_blob_name(std::string_view which) { blob_name(which); }

void check_blob_numbers(std::span<const std::string> wanted, int last) {
  for (const std::string& which : wanted) {
    const BlobName name = blob_name(which);
    if (name.number && (*name.number < 0 || *name.number > last)) throw no_such_blob(which, last);
  }
}

std::vector<std::size_t> find_accounts(const FittedCatalog& catalog, std::string_view which) {
  const BlobName name = blob_name(which);
  std::vector<std::size_t> out;
  if (!name.number) {
    for (std::size_t i = 0; i < catalog.accounts.size(); ++i)
      if (catalog.accounts[i].box.contains(name.x, name.y)) out.push_back(i);
    if (out.empty()) throw input_error("--explain-blob {}: no blob was fitted there", which);
    return out;
  }
  int last = -1;
  for (std::size_t i = 0; i < catalog.accounts.size(); ++i) {
    const int of_account = catalog.number[catalog.accounts[i].blob];
    last = std::max(last, of_account);
    if (of_account == *name.number && *name.number >= 0) out.push_back(i);
  }
  if (out.empty()) throw no_such_blob(which, last);
  return out;
}

}  // namespace brickline
