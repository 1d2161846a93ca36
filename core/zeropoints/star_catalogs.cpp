#include "core/zeropoints/star_catalogs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/fits/fits_reader.h"
#include "core/refs/gspc_bands.h"
#include "core/refs/healpix.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void require_columns(const fits::Table& table, const std::vector<std::string>& names,
                     const std::filesystem::path& file) {
  std::vector<std::string> lacking;
  for (const std::string& name : names)
    if (!table.has(name)) lacking.push_back(name);
  if (!lacking.empty())
    throw input_error("the table lacks the columns {}", fmt::join(lacking, ", ")).in_file(file.string());
}

double finite_or_zero(double v) { return std::isfinite(v) ? v : 0; }

// "g_nmag > 1" of a star's row.
class Requirement {
 public:
  explicit Requirement(const std::string& text) {
    std::istringstream words(text);
    std::string rest;
    if (!(words >> column_ >> operator_ >> value_) || words >> rest ||
        std::set<std::string>{">", ">=", "<", "<=", "==", "!="}.count(operator_) == 0)
      throw input_error("'{}' (the fact `require` of a catalogue) is not COLUMN OP NUMBER", text);
  }
  const std::string& column() const { return column_; }
  bool holds(double v) const {
    if (operator_ == ">") return v > value_;
    if (operator_ == ">=") return v >= value_;
    if (operator_ == "<") return v < value_;
    if (operator_ == "<=") return v <= value_;
    return (v == value_) == (operator_ == "==");
  }

 private:
  std::string column_, operator_;
  double value_ = 0;
};

// Rows of a table that lie in the footprint.
std::vector<std::int64_t> rows_in(const fits::Table& table, const std::string& ra_column,
                                  const std::string& dec_column, const Footprint& footprint) {
  const std::vector<double> ra = table.numbers(ra_column), dec = table.numbers(dec_column);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < ra.size(); ++i)
    if (footprint.pixel(ra[i], dec[i])) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

const std::vector<std::string> kGaiaColumns = {"source_id",
                                               "ra",
                                               "dec",
                                               "ref_epoch",
                                               "pmra",
                                               "pmdec",
                                               "parallax",
                                               "phot_g_mean_mag",
                                               "phot_bp_mean_mag",
                                               "phot_rp_mean_mag",
                                               "phot_g_mean_flux_over_error",
                                               "phot_bp_mean_flux_over_error",
                                               "phot_rp_mean_flux_over_error"};

void add_gaia_bands(PhotometricCatalog& c) {
  for (const auto& [band, column] :
       {std::pair{"G", "phot_g_mean_mag"}, {"BP", "phot_bp_mean_mag"}, {"RP", "phot_rp_mean_mag"}}) {
    c.bands.emplace_back(band);
    c.columns.emplace_back(column);
    if (!c.flags.empty()) c.flags.emplace_back();
  }
}

float magnitude_error(double flux_over_error) {
  const double sn = std::isfinite(flux_over_error) ? std::max(1., flux_over_error) : 1.;
  return static_cast<float>(2.5 / std::numbers::ln10 / sn);
}

// Of Gaia's chunks: what more they must have than Gaia's own table.
void require_kept_columns(const fits::Table& table, const std::vector<std::string>& names,
                          const std::filesystem::path& file) {
  try {
    require_columns(table, names, file);
  } catch (const Error& e) {
    throw input_error(
        "{}: gaia-chunks --gspc, --xp-sampled and --xp-continuous keep Gaia's synthetic photometry and spectra "
        "along",
        e.message())
        .in_file(file.string());
  }
}

PhotometricStar photometric_star(const PhotometricCatalog& catalog, const fits::Table& table,
                                 std::int64_t row) {
  // One column may hold the magnitudes of all bands.
  const bool one_column = catalog.columns.size() == 1 && catalog.bands.size() > 1 && !catalog.of_gaia;
  if (one_column &&
      table.require(catalog.columns.front()).width() != static_cast<std::int64_t>(catalog.bands.size()))
    throw input_error("its column {} has {} values a row, not {}", catalog.columns.front(),
                      table.require(catalog.columns.front()).width(), catalog.bands.size());
  PhotometricStar star;
  star.ra = table.number(catalog.ra, row);
  star.dec = table.number(catalog.dec, row);
  if (!catalog.id.empty()) star.id = table.integer(catalog.id, row);
  for (std::size_t b = 0; b < catalog.bands.size(); ++b) {
    const auto element = static_cast<std::int64_t>(b);
    double v = kNan;
    if (one_column)
      v = table.number(catalog.columns.front(), row, element);
    else if (b >= catalog.columns.size())
      v = catalog.spectrum->magnitude(table, row);
    else if (table.has(catalog.columns[b]))
      v = table.number(catalog.columns[b], row);
    if (catalog.fluxes) v = v > 0 ? 22.5 - 2.5 * std::log10(v) : kNan;
    if (catalog.of_gaia && v == 0) v = kNan;
    if (b < catalog.flags.size() && table.has(catalog.flags[b]) && table.number(catalog.flags[b], row) != 1)
      v = kNan;
    star.mags.push_back(v);
    const std::string& band = catalog.bands[b];
    if (!catalog.counts.empty() && (band == "g" || band == "r" || band == "i"))
      star.complete &= table.number(catalog.counts, row, element) > 0;
  }
  return star;
}

// The stars of a catalog's tables.
class StarReader {
 public:
  explicit StarReader(const PhotometricCatalog& catalog)
      : catalog_(catalog), needed_({catalog.ra, catalog.dec}) {
    for (const std::string& text : catalog.require) requirements_.emplace_back(text);
    const auto& bands = catalog.needed_bands;
    for (std::size_t b = 0; b < catalog.columns.size(); ++b) {
      const bool must =
          bands.empty() || std::find(bands.begin(), bands.end(), catalog.bands[b]) != bands.end();
      (must ? needed_ : wanted_).push_back(catalog.columns[b]);
      if (b < catalog.flags.size() && !catalog.flags[b].empty()) wanted_.push_back(catalog.flags[b]);
    }
    if (catalog.spectrum)
      for (const std::string& column : catalog.spectrum->columns()) needed_.push_back(column);
    if (!catalog.id.empty()) needed_.push_back(catalog.id);
    if (!catalog.counts.empty()) needed_.push_back(catalog.counts);
    for (const Requirement& r : requirements_) needed_.push_back(r.column());
    wanted_.insert(wanted_.end(), needed_.begin(), needed_.end());
  }
  // Columns to be read, some of which may be absent.
  const std::vector<std::string>& wanted() const { return wanted_; }
  // `rows`: of the table; null: all.
  void read(const fits::Table& table, const std::vector<std::int64_t>* rows,
            const std::filesystem::path& file, std::vector<PhotometricStar>& stars) const {
    if (catalog_.of_gaia)
      require_kept_columns(table, needed_, file);
    else
      require_columns(table, needed_, file);
    const std::int64_t count = rows ? static_cast<std::int64_t>(rows->size()) : table.rows();
    try {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t row = rows ? (*rows)[static_cast<std::size_t>(i)] : i;
        PhotometricStar star = photometric_star(catalog_, table, row);
        for (const Requirement& r : requirements_) star.complete &= r.holds(table.number(r.column(), row));
        stars.push_back(std::move(star));
      }
    } catch (Error& e) {
      throw e.in_file(file.string());
    }
  }

 private:
  const PhotometricCatalog& catalog_;
  std::vector<Requirement> requirements_;
  std::vector<std::string> needed_, wanted_;
};

}  // namespace

std::filesystem::path CatalogFiles::file(int pixel) const {
  std::string name = pattern;
  const std::string hole = "{healpix}";
  if (const auto at = name.find(hole); at != std::string::npos)
    name.replace(at, hole.size(), fmt::format("{:05d}", pixel));
  return directory / name;
}

Footprint::Footprint(const Wcs& wcs, double margin_pixels)
    : wcs_(wcs), margin_(margin_pixels), centre_(wcs.center()) {
  // A quick test that everything of the footprint passes, and little else.
  for (const double x : {-margin_, (wcs.width() - 1) / 2., wcs.width() - 1 + margin_})
    for (const double y : {-margin_, (wcs.height() - 1) / 2., wcs.height() - 1 + margin_}) {
      const SkyPosition s = wcs.pixel_to_sky(x, y);
      radius_ = std::max(radius_, angular_separation(s.ra, s.dec, centre_.ra, centre_.dec));
    }
  radius_ = 1.05 * radius_ + 0.01;
  constexpr double kDegree = std::numbers::pi / 180;
  if (std::abs(centre_.dec) + radius_ < 90)
    ra_reach_ =
        std::asin(std::min(1., std::sin(radius_ * kDegree) / std::cos(centre_.dec * kDegree))) / kDegree;
}

std::vector<int> Footprint::healpixes(const CatalogFiles& files) const {
  constexpr double kStep = 100;  // pixels, at most
  const auto places = [&](int size) {
    const int count = 2 + static_cast<int>((size + 2 * margin_) / kStep);
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(-margin_ + (size - 1 + 2 * margin_) * i / (count - 1.));
    return out;
  };
  std::set<int> pixels;
  for (const double y : places(wcs_.height()))
    for (const double x : places(wcs_.width())) {
      const SkyPosition s = wcs_.pixel_to_sky(x, y);
      pixels.insert(healpix(s.ra, s.dec, files.nside, files.scheme));
    }
  return {pixels.begin(), pixels.end()};
}

std::optional<PixelPosition> Footprint::pixel(double ra, double dec) const {
  if (!(std::abs(dec - centre_.dec) <= radius_ && std::abs(ra_difference(ra, centre_.ra)) <= ra_reach_))
    return {};
  const auto p = wcs_.sky_to_pixel(ra, dec);
  if (p && p->x >= -margin_ && p->x <= wcs_.width() - 1 + margin_ && p->y >= -margin_ &&
      p->y <= wcs_.height() - 1 + margin_)
    return p;
  return {};
}

std::shared_ptr<const fits::Table> CatalogCache::table(const std::filesystem::path& file,
                                                       const std::vector<std::string>& columns) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.file == file && e.columns == columns; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().table;
  }
  std::error_code code;
  if (!std::filesystem::exists(file, code))
    throw input_error("this file of the catalog is missing").in_file(file.string());
  auto table = std::make_shared<const fits::Table>(fits::FitsReader(file).columns(1, columns));
  entries_.push_front({file, columns, table});
  if (entries_.size() > most_) entries_.pop_back();
  return table;
}

std::vector<GaiaStar> read_gaia_stars(const CatalogFiles& files, const Footprint& footprint,
                                      CatalogCache& cache) {
  std::vector<GaiaStar> stars;
  for (const int pixel : footprint.healpixes(files)) {
    const std::filesystem::path file = files.file(pixel);
    const auto table = cache.table(file, kGaiaColumns);
    require_columns(*table, kGaiaColumns, file);
    for (const std::int64_t row : rows_in(*table, "ra", "dec", footprint)) {
      const auto number = [&](const char* column) { return finite_or_zero(table->number(column, row)); };
      const auto real = [&](const char* column) { return static_cast<float>(number(column)); };
      GaiaStar star;
      star.id = table->integer("source_id", row);
      star.ra = number("ra");
      star.dec = number("dec");
      star.ref_epoch = number("ref_epoch");
      star.pmra = number("pmra");
      star.pmdec = number("pmdec");
      star.parallax = number("parallax");
      star.g = real("phot_g_mean_mag");
      star.bp = real("phot_bp_mean_mag");
      star.rp = real("phot_rp_mean_mag");
      star.g_error = magnitude_error(table->number("phot_g_mean_flux_over_error", row));
      star.bp_error = magnitude_error(table->number("phot_bp_mean_flux_over_error", row));
      star.rp_error = magnitude_error(table->number("phot_rp_mean_flux_over_error", row));
      stars.push_back(star);
    }
  }
  return stars;
}

PhotometricCatalog PhotometricCatalog::ps1() {
  PhotometricCatalog c;
  c.name = "ps1";
  c.files.pattern = "ps1-{healpix}.fits";
  c.bands = {"g", "r", "i", "z", "Y"};
  c.ra = "ra_ok";
  c.dec = "dec_ok";
  c.id = "obj_id";
  c.columns = {"median"};
  c.counts = "nmag_ok";
  return c;
}

PhotometricCatalog PhotometricCatalog::sdss() {
  PhotometricCatalog c;
  c.name = "sdss";
  c.files.pattern = "sdss-hp{healpix}.fits";
  c.bands = {"u", "g", "r", "i", "z"};
  c.columns = {"psfflux"};
  c.fluxes = true;
  return c;
}

PhotometricCatalog PhotometricCatalog::gspc() {
  PhotometricCatalog c;
  c.name = "gspc";
  c.of_gaia = true;
  c.id = "source_id";
  for (const refs::GspcBand& b : refs::kGspcBands) {
    c.bands.emplace_back(b.name);
    c.columns.push_back(std::string(b.column) + "_mag");
    c.flags.push_back(std::string(b.column) + "_flag");
  }
  add_gaia_bands(c);
  return c;
}

PhotometricCatalog PhotometricCatalog::xp(XpBand spectrum) {
  PhotometricCatalog c;
  c.name = "xp";
  c.of_gaia = true;
  c.id = "source_id";
  add_gaia_bands(c);
  c.bands.emplace_back("AB");
  c.spectrum = std::move(spectrum);
  return c;
}

PhotometricCatalog PhotometricCatalog::described(const std::string& name, const CatalogueFacts& facts) {
  PhotometricCatalog c;
  c.name = name;
  const auto lacks = [&](const char* fact) {
    return input_error(
        "the camera's facts do not describe the catalogue: photometry.catalogues.{}.{} is missing", name,
        fact);
  };
  if (facts.files.empty()) throw lacks("files");
  if (facts.columns.empty()) throw lacks("columns");
  c.files.pattern = facts.files;
  if (facts.nside > 0) c.files.nside = facts.nside;
  if (facts.scheme == "nested")
    c.files.scheme = HealpixScheme::kNested;
  else if (!facts.scheme.empty() && facts.scheme != "ring")
    throw input_error("photometry.catalogues.{}.scheme is '{}', neither ring nor nested", name, facts.scheme);
  if (!facts.ra.empty()) c.ra = facts.ra;
  if (!facts.dec.empty()) c.dec = facts.dec;
  for (const auto& [band, column] : facts.columns) {
    c.bands.push_back(band);
    c.columns.push_back(column);
  }
  c.require = facts.require;
  return c;
}

std::vector<PhotometricStar> read_photometric_stars(const PhotometricCatalog& catalog,
                                                    const Footprint& footprint, CatalogCache& cache) {
  const StarReader reader(catalog);
  std::vector<PhotometricStar> stars;
  for (const int pixel : footprint.healpixes(catalog.files)) {
    const std::filesystem::path file = catalog.files.file(pixel);
    const std::vector<std::string> position = {catalog.ra, catalog.dec};
    const auto places = cache.table(file, catalog.of_gaia ? position : reader.wanted());
    require_columns(*places, position, file);
    const std::vector<std::int64_t> rows = rows_in(*places, catalog.ra, catalog.dec, footprint);
    if (catalog.of_gaia)  // spectra of a whole pixel are many: only those of the footprint are read
      reader.read(fits::FitsReader(file).rows(1, rows, reader.wanted()), nullptr, file, stars);
    else
      reader.read(*places, &rows, file, stars);
  }
  return stars;
}

std::vector<PhotometricStar> read_photometric_stars(const PhotometricCatalog& catalog,
                                                    const std::filesystem::path& file,
                                                    const std::array<double, 2>& g_range) {
  constexpr std::size_t kRowsAtATime = 10000;  // spectra are long
  const StarReader reader(catalog);
  fits::FitsReader fits(file);
  const std::string g = "phot_g_mean_mag";
  const fits::Table magnitudes = fits.columns(1, {g});
  require_columns(magnitudes, {g}, file);
  const std::vector<double> mags = magnitudes.numbers(g);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < mags.size(); ++i)
    if (mags[i] >= g_range[0] && mags[i] <= g_range[1]) rows.push_back(static_cast<std::int64_t>(i));
  std::vector<PhotometricStar> stars;
  for (std::size_t begin = 0; begin == 0 || begin < rows.size(); begin += kRowsAtATime) {
    const std::size_t end = std::min(begin + kRowsAtATime, rows.size());
    const std::vector<std::int64_t> some(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                         rows.begin() + static_cast<std::ptrdiff_t>(end));
    reader.read(fits.rows(1, some, reader.wanted()), nullptr, file, stars);
  }
  return stars;
}

std::vector<std::string> bands_of_catalog(const std::string& name) {
  if (name == "gaia") return {"G", "BP", "RP"};
  if (name == "xp") return PhotometricCatalog::xp({}).bands;
  if (name == "gspc") return PhotometricCatalog::gspc().bands;
  if (name == "ps1") return PhotometricCatalog::ps1().bands;
  if (name == "sdss") return PhotometricCatalog::sdss().bands;
  return {};
}

bool is_vega_band(const std::string& catalog, const std::string& band) {
  if (catalog != "gaia" && catalog != "gspc" && catalog != "xp") return false;
  if (band == "G" || band == "BP" || band == "RP") return true;
  return catalog == "gspc" && std::any_of(std::begin(refs::kGspcBands), std::end(refs::kGspcBands),
                                          [&](const refs::GspcBand& b) { return b.vega && b.name == band; });
}

std::string star_table_column(const fits::Table& table, const std::string& catalog, const std::string& band) {
  const std::string small = lower_case(band);
  std::vector<std::string> names = {fmt::format("{}_{}", catalog, small)};
  if (band == "G" || band == "BP" || band == "RP") names.push_back(fmt::format("phot_{}_mean_mag", small));
  if (catalog == "gspc")
    for (const refs::GspcBand& b : refs::kGspcBands)
      if (b.name == band) names.push_back(std::string(b.column) + "_mag");
  for (const std::string& name : names)
    if (table.has(name)) return name;
  return {};
}

}  // namespace brickline
