#include <algorithm>
#include <map>

#include "core/page/json_writer.h"
#include "core/page/outlines.h"
#include "core/page/run_page.h"

namespace brickline {
namespace {

// So many corners of outlines are drawn at most, of all blobs and of each mask: a few bytes each.
constexpr std::int64_t kBlobCorners = 250'000, kMaskCorners = 40'000;

struct ColumnStyle {
  std::string_view name;
  int digits = 0;      // significant ones
  int decimals = -1;   // fixed ones instead
  bool words = false;  // whole numbers of more digits than JavaScript's numbers hold
};

// Of the catalog: what stands once, in this order.
constexpr ColumnStyle kCatalogColumns[] = {
    {"objid"},
    {"type"},
    {"ra", 0, 7},
    {"dec", 0, 7},
    {"bx", 0, 2},
    {"by", 0, 2},
    {"blob"},
    {"brick_primary"},
    {"maskbits"},
    {"fitbits"},
    {"dchisq", 5},
    {"ref_cat"},
    {"ref_id", 0, -1, true},
    {"gaia_phot_g_mean_mag", 5},
    {"shape_r", 4},
    {"shape_e1", 3},
    {"shape_e2", 3},
    {"sersic", 3},
    {"shapedev_r", 4},
    {"ebv", 4},
    {"nearest_neighbor", 4},
};
// And what stands once per band.
constexpr ColumnStyle kBandColumns[] = {
    {"flux", 5},        {"flux_ivar", 4},       {"rchisq", 4}, {"fracflux", 3}, {"fracmasked", 3},
    {"blendedness", 3}, {"mw_transmission", 4}, {"nobs"},      {"psfsize", 3},  {"fracdev", 3}};
constexpr ColumnStyle kSpaceColumns[] = {{"flux", 4}, {"flux_ivar", 3}};
constexpr std::string_view kSpaceBands[] = {"w1", "w2", "w3", "w4", "nuv", "fuv"};
constexpr ColumnStyle kCcdColumns[] = {
    {"camera"},        {"expnum"},     {"ccdname"}, {"filter"},    {"image_filename"}, {"image_hdu"},
    {"mjd_obs", 0, 5}, {"exptime", 5}, {"fwhm", 4}, {"ccdzpt", 5}, {"sig1", 4},        {"co_sky", 4},
    {"propid"},        {"plver"},      {"skyver"},  {"skyplver"},  {"psfver"},         {"psfplver"},
    {"ccd_x0"},        {"ccd_y0"},     {"ccd_x1"},  {"ccd_y1"},    {"brick_x0"},       {"brick_x1"},
    {"brick_y0"},      {"brick_y1"}};

void write_texts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

template <class T>
void write_one(JsonWriter& out, const T& value, const ColumnStyle& style) {
  if constexpr (std::is_same_v<T, std::string>)
    out.text(value);
  else if constexpr (std::is_same_v<T, bool>)
    out.logical(value);
  else if constexpr (std::is_integral_v<T>)
    style.words ? out.text(std::to_string(value)) : out.integer(value);
  else if (style.decimals >= 0)
    out.fixed(value, style.decimals);
  else
    out.number(value, style.digits > 0 ? style.digits : 6);
}

// The values of a column, those of each row in a list of their own where there are several.
void write_column(JsonWriter& out, const fits::Column& column, const ColumnStyle& style) {
  const auto width = static_cast<std::size_t>(column.is_string() ? 1 : column.width());
  std::visit(
      [&](const auto& values) {
        using T = typename std::remove_cvref_t<decltype(values)>::value_type;
        out.begin_array();
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (width > 1 && i % width == 0) out.begin_array();
          write_one<T>(out, values[i], style);
          if (width > 1 && i % width == width - 1) out.end_array();
        }
        out.end_array();
      },
      column.data);
}

class TableText {
 public:
  TableText(JsonWriter& out, const fits::Table& table) : out_(out), table_(table) {
    out_.begin_object();
    out_.member("rows", table.rows());
    out_.key("columns");
    out_.begin_object();
  }
  // A column that the table does not have is left out.
  void add(const std::string& name, const ColumnStyle& style) {
    const fits::Column* column = table_.find(name);
    if (!column) return;
    out_.key(name);
    write_column(out_, *column, style);
    told_.push_back(column);
  }
  void end() {
    out_.end_object();
    out_.key("units");
    out_.begin_object();
    for (const fits::Column* column : told_)
      if (!column->unit.empty()) out_.member(column->name, column->unit);
    out_.end_object();
    out_.key("descriptions");
    out_.begin_object();
    for (const fits::Column* column : told_)
      if (!column->description.empty()) out_.member(column->name, column->description);
    out_.end_object();
    out_.end_object();
  }

 private:
  JsonWriter& out_;
  const fits::Table& table_;
  std::vector<const fits::Column*> told_;
};

void write_catalog(JsonWriter& out, const RunFacts& facts) {
  TableText table(out, facts.catalog);
  for (const ColumnStyle& style : kCatalogColumns) table.add(std::string(style.name), style);
  for (const ColumnStyle& style : kBandColumns)
    for (const std::string& band : facts.bands) {
      std::string name = std::string(style.name) + "_" + band;
      std::ranges::replace(name, '-', '_');
      table.add(name, style);
    }
  for (const ColumnStyle& style : kSpaceColumns)
    for (const std::string_view band : kSpaceBands)
      table.add(std::string(style.name) + "_" + std::string(band), style);
  table.end();
}

void write_ccds(JsonWriter& out, const RunFacts& facts) {
  out.begin_object();
  out.key("used");
  TableText used(out, facts.ccds);
  for (const ColumnStyle& style : kCcdColumns) used.add(std::string(style.name), style);
  used.end();
  out.key("left_out");
  out.begin_array();
  for (const LeftOutCcdFact& ccd : facts.ccds_left_out) {
    out.begin_object();
    out.member("name", ccd.name);
    out.member("camera", ccd.camera);
    out.member("band", ccd.band);
    out.member("file", ccd.file);
    out.member("reason", ccd.reason);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

void write_brick(JsonWriter& out, const RunFacts& facts) {
  out.begin_object();
  out.member("name", facts.brick);
  out.member("id", facts.brick_id);
  out.key("bands");
  write_texts(out, facts.bands);
  out.key("survey_bands");
  write_texts(out, facts.survey_bands);
  if (facts.wcs) {
    const Wcs& wcs = *facts.wcs;
    out.member("width", wcs.width());
    out.member("height", wcs.height());
    out.member("pixel_scale_arcsec", facts.pixel_scale_arcsec, 8);
    const SkyPosition centre = wcs.center();
    out.key("center");
    out.begin_array();
    out.fixed(centre.ra, 7);
    out.fixed(centre.dec, 7);
    out.end_array();
    // A tangent plane; crpix is the 0-based pixel of crval.
    out.key("wcs");
    out.begin_object();
    out.member("crval1", wcs.tangent_point().ra, 15);
    out.member("crval2", wcs.tangent_point().dec, 15);
    out.member("crpix1", wcs.reference_pixel().x, 15);
    out.member("crpix2", wcs.reference_pixel().y, 15);
    out.key("cd");
    out.begin_array();
    for (const double value : wcs.cd()) out.number(value, 15);
    out.end_array();
    out.end_object();
  }
  if (facts.unique_area) {
    out.key("unique_area");
    out.begin_array();
    for (const double value : *facts.unique_area) out.number(value, 12);
    out.end_array();
  }
  out.end_object();
}

void write_run(JsonWriter& out, const RunFacts& facts) {
  out.begin_object();
  out.member("status", facts.status);
  out.member("message", facts.message);
  out.member("started", facts.started);
  out.member("host", facts.host);
  out.member("threads", facts.threads);
  out.member("wall_seconds", facts.wall_seconds, 6);
  out.member("cpu_seconds", facts.cpu_seconds, 6);
  out.member("peak_bytes", facts.peak_bytes);
  out.end_object();
}

void write_software(JsonWriter& out, const RunFacts& facts) {
  out.begin_object();
  out.member("version", facts.version);
  out.member("commit", facts.commit);
  out.member("simd_level", facts.simd_level);
  out.key("cameras");
  out.begin_array();
  for (const CameraFact& camera : facts.cameras) {
    out.begin_object();
    out.member("name", camera.name);
    out.member("plugin", camera.plugin);
    out.member("version", camera.version);
    out.member("file_sha256", camera.file_sha256);
    out.member("facts_sha256", camera.facts_sha256);
    out.member("path", camera.path);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

void write_options(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const OptionFact& option : facts.options) {
    out.begin_object();
    out.key("words");
    write_texts(out, option.words);
    out.member("effect", option.effect);
    out.member("origin", option.origin);
    out.end_object();
  }
  out.end_array();
}

void write_header(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const CardFact& card : facts.header) {
    out.begin_array();
    out.text(card.key);
    out.text(card.value);
    out.text(card.comment);
    out.end_array();
  }
  out.end_array();
}

void write_stages(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const StageFact& stage : facts.stages) {
    out.begin_object();
    out.member("name", stage.name);
    out.member("status", stage.status);
    out.member("why", stage.why);
    out.member("wall_seconds", stage.wall_seconds, 5);
    out.member("cpu_seconds", stage.cpu_seconds, 5);
    out.member("peak_bytes", stage.peak_bytes);
    out.member("failures", stage.failures);
    out.end_object();
  }
  out.end_array();
}

void write_messages(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const MessageFact& message : facts.messages) {
    out.begin_object();
    out.member("level", message.level);
    out.member("stage", message.stage);
    out.member("text", message.text);
    out.end_object();
  }
  out.end_array();
}

void write_failures(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const FailureFact& failure : facts.failures) {
    out.begin_object();
    out.member("item", failure.item);
    out.member("reason", failure.reason);
    out.end_object();
  }
  out.end_array();
}

// A list per property, all of the same length.
void write_blobs(JsonWriter& out, const RunFacts& facts) {
  const auto list = [&](std::string_view name, auto&& write) {
    out.key(name);
    out.begin_array();
    for (const BlobFact& blob : facts.blobs) write(blob);
    out.end_array();
  };
  out.begin_object();
  list("number", [&](const BlobFact& b) { out.integer(b.number); });
  list("part", [&](const BlobFact& b) { out.integer(b.part); });
  list("box", [&](const BlobFact& b) {
    out.begin_array();
    for (const int edge : {b.box.x0, b.box.x1, b.box.y0, b.box.y1}) out.integer(edge);
    out.end_array();
  });
  list("pixels", [&](const BlobFact& b) { out.integer(b.pixels); });
  list("image_pixels", [&](const BlobFact& b) { out.integer(b.image_pixels); });
  list("images", [&](const BlobFact& b) { out.integer(b.images); });
  list("sources", [&](const BlobFact& b) { out.integer(b.sources); });
  list("fitted", [&](const BlobFact& b) { out.integer(b.fitted); });
  list("unfinished", [&](const BlobFact& b) { out.integer(b.unfinished); });
  list("status", [&](const BlobFact& b) { out.text(b.status); });
  list("message", [&](const BlobFact& b) { out.text(b.message); });
  list("cpu_seconds", [&](const BlobFact& b) { out.number(b.cpu_seconds, 4); });
  out.end_object();
}

void write_outlines(JsonWriter& out, const std::vector<Outline>& outlines, bool labels) {
  out.begin_array();
  for (const Outline& outline : outlines) {
    if (labels) {
      out.begin_object();
      out.member("blob", static_cast<std::int64_t>(outline.label));
      out.key("paths");
      out.begin_array();
    }
    for (const OutlinePath& path : outline.paths) {
      out.begin_array();
      out.integer(path.x);
      out.integer(path.y);
      for (const int move : path.moves) out.integer(move);
      out.end_array();
    }
    if (labels) {
      out.end_array();
      out.end_object();
    }
  }
  out.end_array();
}

void write_masks(JsonWriter& out, const RunFacts& facts) {
  const Image<std::int32_t>& bits = facts.maskbits;
  std::int32_t any = 0;
  for (int y = 0; y < bits.height(); ++y)
    for (int x = 0; x < bits.width(); ++x) any |= bits(x, y);
  out.begin_array();
  Image<std::int32_t> labels(bits.width(), bits.height());
  for (const NamedBit& name : facts.mask_names) {
    if (!(any & name.value)) continue;
    for (int y = 0; y < bits.height(); ++y)
      for (int x = 0; x < bits.width(); ++x) labels(x, y) = bits(x, y) & name.value ? 0 : -1;
    out.begin_object();
    out.member("name", name.name);
    out.member("value", static_cast<std::int64_t>(name.value));
    out.member("description", name.description);
    out.key("paths");
    write_outlines(out, outlines_within(labels.const_view(), kMaskCorners), false);
    out.end_object();
  }
  out.end_array();
}

void write_pictures(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const PictureFact& picture : facts.pictures) {
    out.begin_object();
    out.member("id", picture.id);
    out.member("title", picture.title);
    out.member("path", picture.path);
    out.end_object();
  }
  out.end_array();
}

void write_products(JsonWriter& out, const RunFacts& facts) {
  out.begin_array();
  for (const ProductFact& product : facts.products) {
    out.begin_object();
    out.member("path", product.path);
    out.member("sha256", product.sha256);
    out.end_object();
  }
  out.end_array();
}

}  // namespace

std::string run_json(const RunFacts& facts) {
  JsonWriter out;
  const auto member = [&](std::string_view name, auto&& write) {
    out.key(name);
    write(out, facts);
  };
  out.begin_object();
  out.member("format", "brickline-run");
  out.member("schema", kRunPageSchema);
  member("brick", write_brick);
  member("run", write_run);
  member("software", write_software);
  out.member("command_line", facts.command_line);
  member("options", write_options);
  member("header", write_header);
  member("stages", write_stages);
  member("messages", write_messages);
  member("failures", write_failures);
  member("ccds", write_ccds);
  member("blobs", write_blobs);
  member("catalog", write_catalog);
  out.key("blob_outlines");
  write_outlines(out, outlines_within(facts.blob_map.const_view(), kBlobCorners), true);
  member("masks", write_masks);
  member("pictures", write_pictures);
  member("products", write_products);
  out.end_object();
  return out.take();
}

}  // namespace brickline
