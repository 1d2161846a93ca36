#include "core/release/annotated_ccds.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/image/ccd_reader.h"
#include "core/release/ccds_used.h"
#include "core/release/parts.h"
#include "core/release/row_bytes.h"
#include "core/release/row_merge.h"
#include "core/survey/ccd_table.h"
#include "core/survey/ccd_table_duplicates.h"
#include "core/zeropoints/ccd_annotation.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kNone = -1;  // of whole numbers that nobody has told

// A column of a measured table, and where the image's header may say what the bricks' tables do not.
struct SurveyColumn {
  const char* name;
  char type;
  const char* unit;
  double (*number)(const CcdValues&) = nullptr;
  std::string (*text)(const CcdValues&) = nullptr;
};
const std::array<SurveyColumn, 50>& survey_columns() {
  using V = const CcdValues&;
  static const std::array<SurveyColumn, 50> kColumns = {{
      {"image_filename", 'A', ""},
      {"image_hdu", 'I', ""},
      {"camera", 'A', ""},
      {"expnum", 'K', ""},
      {"plver", 'A', "", nullptr, [](V v) { return v.plver; }},
      {"procdate", 'A', "", nullptr, [](V v) { return v.procdate; }},
      {"plprocid", 'A', "", nullptr, [](V v) { return v.plprocid; }},
      {"ccdname", 'A', ""},
      {"object", 'A', "", nullptr, [](V v) { return v.object; }},
      {"propid", 'A', "", nullptr, [](V v) { return v.propid; }},
      {"filter", 'A', ""},
      {"exptime", 'E', "s"},
      {"mjd_obs", 'D', "d", [](V v) { return v.mjd_obs; }},
      {"airmass", 'E', "", [](V v) { return v.airmass; }},
      {"ha", 'E', "deg", [](V v) { return v.hour_angle; }},
      {"fwhm", 'E', "pixel"},
      {"width", 'I', "pixel"},
      {"height", 'I', "pixel"},
      {"ra_bore", 'D', "deg", [](V v) { return v.ra_bore; }},
      {"dec_bore", 'D', "deg", [](V v) { return v.dec_bore; }},
      {"crpix1", 'E', "pixel"},
      {"crpix2", 'E', "pixel"},
      {"crval1", 'D', "deg"},
      {"crval2", 'D', "deg"},
      {"cd1_1", 'E', "deg/pixel"},
      {"cd1_2", 'E', "deg/pixel"},
      {"cd2_1", 'E', "deg/pixel"},
      {"cd2_2", 'E', "deg/pixel"},
      {"yshift", 'L', ""},
      {"ra", 'D', "deg"},
      {"dec", 'D', "deg"},
      {"skyrms", 'E', "count/s"},
      {"sig1", 'E', "nanomaggy"},
      {"ccdzpt", 'E', "mag"},
      {"zpt", 'E', "mag"},
      {"ccdraoff", 'E', "arcsec"},
      {"ccddecoff", 'E', "arcsec"},
      {"ccdskycounts", 'E', "count/s"},
      {"ccdskysb", 'E', "mag/arcsec^2"},
      {"ccdrarms", 'E', "arcsec"},
      {"ccddecrms", 'E', "arcsec"},
      {"ccdrarmeds", 'E', "arcsec"},
      {"ccddecrmeds", 'E', "arcsec"},
      {"ccdbprp", 'E', "mag"},
      {"ccdphrms", 'E', "mag"},
      {"phrms", 'E', "mag"},
      {"ccdnastrom", 'I', ""},
      {"ccdnphotom", 'I', ""},
      {"ccdnphotom_used", 'I', ""},
      {"ccd_cuts", 'J', ""},
  }};
  return kColumns;
}

template <typename T>
T whole(double value, const char* name) {
  if (std::isnan(value)) value = kNone;
  if (value < static_cast<double>(std::numeric_limits<T>::min()) ||
      value > static_cast<double>(std::numeric_limits<T>::max()) || value != std::floor(value))
    throw input_error("the column {} cannot hold {}", name, value);
  return static_cast<T>(value);
}

void append_number(std::vector<std::uint8_t>& row, char type, double value, const char* name) {
  switch (type) {
    case 'E':
      return append_value(row, static_cast<float>(value));
    case 'D':
      return append_value(row, value);
    case 'I':
      return append_value(row, whole<std::int16_t>(value, name));
    case 'J':
      return append_value(row, whole<std::int32_t>(value, name));
    case 'L':
      return append_value(row, std::uint8_t(value == 1 ? 'T' : 'F'));
    default:
      return append_value(row, whole<std::uint8_t>(value, name));
  }
}

// The CCD as it is opened for the bricks, its pixels unread.
struct Annotated {
  std::optional<CcdImage> image;
  std::optional<CcdAnnotation> annotation;
};

class Annotator {
 public:
  Annotator(const fits::Table& used, const CcdTable& ccds, const AnnotateOptions& options)
      : used_(used),
        ccds_(ccds),
        options_(options),
        reader_(*options.survey, *options.cameras, &ccds.table()) {}

  // Error (kInput): its files are missing, or are not those that the bricks were made with.
  void annotate(std::int64_t i, Annotated& out) const {
    const CcdRow ccd = ccds_.row(i);
    const CcdInput input = reader_.input(ccd, i);
    ReadImageOptions reading = options_.reading;
    reading.pixels = reading.sky = reading.trim_edges = reading.seeing = false;
    reading.required = true;
    const Log silent;  // what bricks were told of it
    out.image = reader_.read(input, reading, silent);
    const CcdImage& image = *out.image;
    same("psfver", i, image.psf_version, "its PSF");
    same("psfplver", i, image.psf_plver, "its PSF");
    same("plver", i, image.plver, "its image");
    const CcdMeasurement measured = {ccd.ccdzpt, ccd.sig1 > 0 ? ccd.sig1 : kNan,
                                     ccd.psf_fwhm > 0 ? ccd.psf_fwhm : kNan};
    CcdAnnotation a =
        annotate_ccd(reader_, input, image, image.full_wcs, options_.cameras->camera(ccd.camera).facts(),
                     measured, reading, reading.purpose, options_.dust, silent);
    same("skyver", i, a.sky_version, "its sky");
    same("skyplver", i, a.sky_plver, "its sky");
    out.annotation = std::move(a);
  }

  std::vector<std::uint8_t> row(std::int64_t i, const std::vector<RowColumn>& columns,
                                const Annotated& a) const {
    std::vector<std::uint8_t> out;
    std::size_t at = 0;
    for (const SurveyColumn& column : survey_columns()) {
      const auto width = static_cast<std::size_t>(columns[at++].repeat);
      if (column.type == 'A') {
        const std::string value = text(column, i, a);
        if (value.size() > width) throw input_error("the column {} cannot hold '{}'", column.name, value);
        append_text(out, value, width);
      } else if (column.type == 'K') {
        append_value(out, used_.integer(column.name, i));
      } else {
        append_number(out, column.type, number(column, i, a), column.name);
      }
    }
    append_value(out, std::uint8_t(a.annotation ? 'T' : 'F'));
    for (std::size_t k = 0; k < 4; ++k)
      append_number(out, 'I', a.annotation ? a.annotation->good_region[k] : kNone, "good_region");
    for (const AnnotationColumn& column : annotation_columns())
      for (int k = 0; k < column.width; ++k) {
        const bool real = column.type == 'E' || column.type == 'D';
        append_number(out, column.type,
                      a.annotation ? column.value(*a.annotation, k)
                      : real       ? kNan
                                   : 0,
                      column.name);
      }
    return out;
  }

 private:
  std::string text(const SurveyColumn& column, std::int64_t i, const Annotated& a) const {
    std::string value = used_.has(column.name) ? used_.text(column.name, i) : std::string();
    if (value.empty() && column.text && a.image) value = column.text(*a.image);
    return value;
  }
  double number(const SurveyColumn& column, std::int64_t i, const Annotated& a) const {
    if (column.type == 'L') return used_.has(column.name) && used_.logical(column.name, i) ? 1 : 0;
    if (used_.has(column.name)) return used_.number(column.name, i);
    return column.number && a.image ? column.number(*a.image) : kNan;
  }
  void same(const char* column, std::int64_t i, const std::string& found, const char* what) const {
    if (!used_.has(column)) return;
    if (const std::string known = used_.text(column, i); known != found)
      throw input_error("{} is not that of the bricks: {} is '{}', theirs '{}'", what, column, found, known);
  }

  const fits::Table& used_;
  const CcdTable& ccds_;
  const AnnotateOptions& options_;
  CcdReader reader_;
};

std::size_t place_of(const std::vector<RowColumn>& columns, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(columns, name, &RowColumn::name) - columns.begin());
}

// What a part is made with, beside its CCDs.
std::string words_of(const AnnotateOptions& o, const std::map<std::string, std::int64_t>& cameras) {
  std::string text = fmt::format("annotated {} {} {}", o.survey->root().string(), o.reading.old_calibs_ok,
                                 o.dust ? o.dust_digest : "");
  for (const fs::path& directory : o.reading.calibration_dirs) text += fmt::format(" {}", directory.string());
  for (const auto& [name, ccds] : cameras) {
    const CameraProvenance& p = o.cameras->camera(name).provenance();
    text += fmt::format(" {} {}", p.file_sha256, p.facts_sha256);
  }
  return text;
}

// Whether the row has no value there. Cuts and good regions have one in every row.
bool is_unknown(std::span<const std::uint8_t> row, const RowColumn& column, std::int64_t at) {
  if (column.name == "ccd_cuts" || column.name == "good_region") return false;
  for (std::int64_t k = 0; k < column.repeat; ++k) {
    if (column.type == 'E' && !std::isnan(value_at<float>(row, at + 4 * k))) return false;
    if (column.type == 'D' && !std::isnan(value_at<double>(row, at + 8 * k))) return false;
    if (column.type == 'I' && value_at<std::int16_t>(row, at + 2 * k) != kNone) return false;
    if (column.type == 'J' && value_at<std::int32_t>(row, at + 4 * k) != 0) return false;
    if (column.type == 'B' && row[static_cast<std::size_t>(at + k)] != 0) return false;
    if (column.type == 'A' && row[static_cast<std::size_t>(at + k)] != ' ') return false;
    if (column.type == 'L' || column.type == 'K') return false;
  }
  return true;
}

}  // namespace

std::vector<RowColumn> annotated_columns(const std::vector<RowColumn>& used) {
  std::vector<RowColumn> out;
  for (const SurveyColumn& column : survey_columns()) {
    std::int64_t width = 1;
    if (column.type == 'A') {
      const auto known = std::ranges::find(used, column.name, &RowColumn::name);
      constexpr std::int64_t kOfHeaders = 32;  // texts that the image's header says
      width = known != used.end() && known->type == 'A' ? known->repeat : column.text ? kOfHeaders : 1;
    }
    out.push_back({column.name, column.type, width, column.unit, ""});
  }
  out.push_back({"annotated", 'L', 1, "", ""});
  out.push_back({"good_region", 'I', 4, "pixel", ""});
  for (const AnnotationColumn& column : annotation_columns())
    out.push_back({column.name, column.type, column.width, column.unit, ""});
  return out;
}

void make_annotated_part(const BrickGroup& group, const fs::path& used, const std::vector<RowColumn>& columns,
                         const fs::path& out, const AnnotateOptions& options, const Log& log) {
  const fits::Table table = fits::FitsReader(used).table(1);
  std::map<std::string, std::int64_t> cameras;
  for (std::int64_t i = 0; i < table.rows(); ++i) ++cameras[table.text("camera", i)];
  options.cameras->load(cameras);
  const std::string key = part_key(group, words_of(options, cameras), options.verify);
  if (is_current_part(out, key)) return;
  std::vector<std::vector<std::uint8_t>> rows(static_cast<std::size_t>(table.rows()));
  std::int64_t failures = 0;
  if (!rows.empty()) {
    const CcdTable ccds = CcdTable::from_tables({{used, table}});
    require_all_rows(table, ccds.table());
    const Annotator annotator(table, ccds, options);
    std::mutex mutex;
    tbb::parallel_for(std::size_t{0}, rows.size(), [&](std::size_t k) {
      options.cancel.stop_if_asked();
      const auto i = static_cast<std::int64_t>(k);
      Annotated annotated;
      const auto failed = [&](const std::string& why) {
        constexpr std::int64_t kTold = 10;
        const std::scoped_lock lock(mutex);
        if (++failures <= kTold) log.warning("{}: not annotated: {}", ccds.row(i).name(), why);
      };
      try {
        annotator.annotate(i, annotated);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInput) throw;
        failed(error.line());
      } catch (const SkipCcd& skip) {
        failed(skip.what());
      }
      try {
        rows[k] = annotator.row(i, columns, annotated);
      } catch (Error& error) {
        error.in_file(used.string());
        throw;
      }
    });
    if (failures > 0) log.warning("{}: {} CCDs are not annotated", out.string(), failures);
  }
  fits::Header cards;
  // The key does not know of images and calibrations: those that are missing may come.
  put_part_cards(cards, failures > 0 ? "" : key, {});
  RowTableWriter writer(out, cards, columns, "CCDS");
  for (const std::vector<std::uint8_t>& row : rows) writer.append(row);
  writer.finish();
  writer.put_in_place();
}

MergedAnnotated merge_annotated(std::span<const fs::path> parts, const fs::path& out, const Cancel& cancel) {
  const JoinedColumns joined = join_columns(parts);
  const std::vector<RowColumn>& columns = joined.columns;
  std::vector<std::int64_t> offsets;
  std::int64_t bytes = 0;
  for (const RowColumn& column : columns) {
    offsets.push_back(bytes);
    bytes += column.bytes();
  }
  const std::size_t camera = place_of(columns, "camera"), expnum = place_of(columns, "expnum"),
                    ccdname = place_of(columns, "ccdname"), annotated = place_of(columns, "annotated");
  const auto text = [&](std::span<const std::uint8_t> row, std::size_t column) {
    const auto begin = row.begin() + offsets[column];
    std::string value(begin, begin + columns[column].bytes());
    value.erase(value.find_last_not_of(' ') + 1);
    return value;
  };
  using Key = std::tuple<std::string, std::int64_t, std::string>;
  const auto key = [&](std::span<const std::uint8_t> row) {
    return Key{text(row, camera), value_at<std::int64_t>(row, offsets[expnum]), text(row, ccdname)};
  };
  MergedAnnotated merged{{}, RowTableWriter(out, {}, columns, "CCDS")};
  AnnotatedReport& report = merged.report;
  RowTableWriter& writer = merged.table;
  std::optional<Key> last;
  std::vector<bool> known(columns.size());
  const auto take = [&](std::span<const std::uint8_t> row) {
    Key now = key(row);
    if (last == now) return;  // of another part
    last = std::move(now);
    writer.append(row);
    report.annotated += row[static_cast<std::size_t>(offsets[annotated])] == 'T';
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (!known[c]) known[c] = !is_unknown(row, columns[c], offsets[c]);
  };
  merge_rows(parts, 1, cancel, key, take, joined.conversions);
  report.ccds = writer.rows();
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (!known[c]) report.absent.push_back(columns[c].name);
  if (report.ccds > 0 && report.annotated == 0)
    throw input_error(
        "none of {} CCDs could be annotated: --survey-dir names the directory of their images and calibrations",
        report.ccds);
  writer.finish();
  return merged;
}

}  // namespace brickline
