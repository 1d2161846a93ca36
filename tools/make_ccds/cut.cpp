#include "tools/make_ccds/cut.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/survey/bits.h"
#include "core/zeropoints/depth_policy.h"

namespace brickline {
namespace {

fits::Table read_table(const std::filesystem::path& file) { return fits::FitsReader(file).table(1); }

}  // namespace

void add_cut_options(CLI::App& app, CutArguments& a) {
  CcdCutOptions& o = a.options;
  app.add_option("--bad-exposures", o.bad_exposures, "file of lines EXPNUM[-CCDNAME] that are bad");
  app.add_option("--max-seeing", o.max_seeing_arcsec, "arcsec, instead of the cameras' limits");
  app.add_option("--phrms-cut", o.max_photometric_rms_mag,
                 "mag, scatter of stars' zero points, instead of the cameras' limits");
  app.add_option("--exptime-cut", o.min_exptime_seconds, "seconds, instead of the cameras' limits");
  app.add_option("--omit", o.omit, "a rule that is to cut nothing, by the name in the report; repeatable")
      ->expected(1)
      ->take_all()
      ->delimiter(',');
  app.add_option(
      "--good-ccd-fraction", a.good_ccd_fraction,
      "exposures of which a smaller part of the camera's CCDs is good are cut (too_many_bad_ccds): a number, or "
      "\"camera\" for the cameras' own; else none are");
  app.add_option(
      "--depth-policy", a.depth_policy,
      "JSON file: of which pointings how many of the deepest exposures are kept (depth_cut); needs --annotated");
  app.add_option(
      "--annotated", a.annotated,
      "the annotated table with the same rows: its psfdepth is the depth; it gets the same ccd_cuts");
  app.add_option("--annotated-out", a.annotated_out, "where that is written; else it is replaced");
  app.add_option("--tiles", a.tiles, "table with tileid, ra, dec, for policies that group by tile");
  app.add_option("--objects", a.objects, "table with filename, object, for rows without an object");
}

CutTables cut_table(TableFile table, CameraRegistry& cameras, CutArguments& a) {
  if (a.good_ccd_fraction == "camera") {
    a.options.good_ccd_fraction = -1;
  } else if (!a.good_ccd_fraction.empty()) {
    char* end = nullptr;
    const double v = std::strtod(a.good_ccd_fraction.c_str(), &end);
    if (*end || !(v >= 0 && v <= 1))
      throw usage_error("--good-ccd-fraction: '{}' is neither \"camera\" nor a number of 0 to 1",
                        a.good_ccd_fraction);
    a.options.good_ccd_fraction = v;
  }
  if (!a.depth_policy.empty() && a.annotated.empty())
    throw usage_error("--depth-policy needs the depths of --annotated");
  if (!a.depth_policy.empty()) a.options.looked_at_later = ccdcut::kDepthCut;
  CutTables out;
  out.table = std::move(table);
  if (!a.annotated.empty()) out.annotated = TableFile::read(a.annotated);
  if (!a.objects.empty()) fill_objects(out.table.table, read_table(a.objects));
  const CcdCuts cuts = cut_ccds(out.table.table, cameras, a.options);
  for (const auto& [rule, count] : cuts.counts) out.report += fmt::format("{:<18} {:>9}\n", rule, count);
  std::int64_t cut = cuts.cut;
  if (!a.depth_policy.empty()) {
    const DepthPolicy policy = DepthPolicy::read(a.depth_policy);
    if (policy.needs_tiles() && a.tiles.empty())
      throw usage_error("the policy groups by tile: --tiles TABLE says where they are");
    const std::int64_t by_depth =
        cut_by_depth(out.table.table, matched_column(out.table.table, out.annotated.table, "psfdepth"),
                     policy, a.tiles.empty() ? fits::Table() : read_table(a.tiles));
    out.report += fmt::format("{:<18} {:>9}\n", "depth_cut", by_depth);
    cut += by_depth;
  }
  if (!a.annotated.empty()) {
    if (a.depth_policy.empty()) matched_column(out.table.table, out.annotated.table, "image_hdu");
    std::vector<std::int64_t> bits;
    for (std::int64_t i = 0; i < out.table.table.rows(); ++i)
      bits.push_back(out.table.table.integer("ccd_cuts", i));
    out.annotated.table.add("ccd_cuts", std::move(bits));
  }
  if (cuts.freed > 0)
    out.report += fmt::format(
        "{} CCDs had been cut by rules that are not looked at here ({}): they are cut so no more\n",
        cuts.freed, fmt::join(cuts.freed_of, ", "));
  out.report += fmt::format("{} of {} CCDs are cut\n", cut, out.table.table.rows());
  return out;
}

}  // namespace brickline
