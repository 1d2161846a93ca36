// CCD tables of any size, written row by row: the 47 columns and 326 bytes a row of a real one, CCDs of 2046
// x 4094 pixels all over the sky.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/sky_tree_writer.h"

namespace brickline::test {

// Positions between declinations -30 and +30, the same for the same numbers.
inline std::vector<SkyPosition> scattered_positions(std::size_t count, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> ra(0, 360), sine(-0.5, 0.5);
  std::vector<SkyPosition> positions(count);
  for (SkyPosition& p : positions) {
    p.ra = ra(random);
    p.dec = std::asin(sine(random)) * 180 / 3.14159265358979323846;
  }
  return positions;
}

class MadeCcdTable {
 public:
  static std::string header(std::int64_t rows) {
    const auto& columns = layout();
    std::vector<std::string> cards = table_cards(kWidth, rows, static_cast<int>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      cards.push_back(text_card("TFORM" + std::to_string(i + 1), columns[i].form));
      cards.push_back(text_card("TTYPE" + std::to_string(i + 1), columns[i].name));
    }
    return fits_header(cards);
  }
  // One row's bytes; `number` makes its exposure and CCD names.
  static void append_row(std::string& out, std::uint64_t number, const SkyPosition& at) {
    const std::size_t begin = out.size();
    const std::string ccdname = (number % 2 ? "N" : "S") + std::to_string(1 + number / 2 % 31);
    const auto expnum = static_cast<std::int64_t>(1 + number / 62);
    text(out, "somecam/CP/V5.0/c4d_" + std::to_string(expnum) + "_ooi_g_v1.fits.fz", 64);
    integer<std::int16_t>(out, static_cast<std::int16_t>(1 + number % 62));
    text(out, "decam", 5);
    integer<std::int64_t>(out, expnum);
    text(out, "V5.0", 7);
    text(out, "2019-01-01T00:00:00", 19);
    text(out, "abcdef0", 7);
    text(out, ccdname, 3);
    text(out, "field", 35);
    text(out, "2014B-0404", 10);
    text(out, std::string(1, "grz"[expnum % 3]), 1);
    real<float>(out, 90);
    real<double>(out, 57000 + 1e-3 * static_cast<double>(expnum % 1000000));
    real<float>(out, 1.2F);
    real<float>(out, 5);
    integer<std::int16_t>(out, 2046);
    integer<std::int16_t>(out, 4094);
    for (const double v : {at.ra, at.dec}) real<double>(out, v);
    for (const float v : {1023.5F, 2047.5F}) real<float>(out, v);
    for (const double v : {at.ra, at.dec}) real<double>(out, v);
    for (const float v : {-7.2777777e-5F, 0.F, 0.F, 7.2777777e-5F}) real<float>(out, v);
    out += 'F';
    for (const double v : {at.ra, at.dec}) real<double>(out, v);
    for (const float v : {.05F, .005F, 25.F, 25.F, 0.F, 0.F, 7.F, 22.F, .02F, .02F, .02F})
      real<float>(out, v);
    for (int i = 0; i < 2; ++i) integer<std::int16_t>(out, 500);
    integer<std::int64_t>(out, 0);
    for (const float v : {.12F, .1F, 0.F}) real<float>(out, v);
    if (out.size() - begin != kWidth) throw std::logic_error("the made row has another width");
  }
  static constexpr std::int64_t kWidth = 326;

 private:
  struct Column {
    const char *name, *form;
  };
  static const std::vector<Column>& layout() {
    static const std::vector<Column> columns{{"image_filename", "64A"},
                                             {"image_hdu", "I"},
                                             {"camera", "5A"},
                                             {"expnum", "K"},
                                             {"plver", "7A"},
                                             {"procdate", "19A"},
                                             {"plprocid", "7A"},
                                             {"ccdname", "3A"},
                                             {"object", "35A"},
                                             {"propid", "10A"},
                                             {"filter", "1A"},
                                             {"exptime", "E"},
                                             {"mjd_obs", "D"},
                                             {"airmass", "E"},
                                             {"fwhm", "E"},
                                             {"width", "I"},
                                             {"height", "I"},
                                             {"ra_bore", "D"},
                                             {"dec_bore", "D"},
                                             {"crpix1", "E"},
                                             {"crpix2", "E"},
                                             {"crval1", "D"},
                                             {"crval2", "D"},
                                             {"cd1_1", "E"},
                                             {"cd1_2", "E"},
                                             {"cd2_1", "E"},
                                             {"cd2_2", "E"},
                                             {"yshift", "L"},
                                             {"ra", "D"},
                                             {"dec", "D"},
                                             {"skyrms", "E"},
                                             {"sig1", "E"},
                                             {"ccdzpt", "E"},
                                             {"zpt", "E"},
                                             {"ccdraoff", "E"},
                                             {"ccddecoff", "E"},
                                             {"ccdskycounts", "E"},
                                             {"ccdskysb", "E"},
                                             {"ccdrarms", "E"},
                                             {"ccddecrms", "E"},
                                             {"ccdphrms", "E"},
                                             {"ccdnastrom", "I"},
                                             {"ccdnphotom", "I"},
                                             {"ccd_cuts", "K"},
                                             {"psfnorm", "E"},
                                             {"galnorm", "E"},
                                             {"co_sky", "E"}};
    return columns;
  }
  static void text(std::string& out, std::string value, std::size_t width) {
    value.resize(width, ' ');
    out += value;
  }
  template <typename T>
  static void integer(std::string& out, T value) {
    for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8)
      out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 255);
  }
  template <typename T>
  static void real(std::string& out, T value) {
    if constexpr (sizeof(T) == 4)
      integer(out, std::bit_cast<std::int32_t>(value));
    else
      integer(out, std::bit_cast<std::int64_t>(value));
  }
};

// Writes one; gzipped if the name ends in .gz, its rows in tree order and with a tree if in .kd.fits.
inline void write_made_ccd_table(const std::filesystem::path& file,
                                 const std::vector<SkyPosition>& positions) {
  const bool gzipped = file.string().ends_with(".gz"), with_tree = file.string().ends_with(".kd.fits");
  MadeTree tree;
  if (with_tree) tree = make_sky_tree(positions);
  // "T": not compressed.
  gzFile out = gzopen(file.c_str(), gzipped ? "wb1" : "wbT");
  if (!out) throw std::runtime_error("cannot write " + file.string());
  const auto put = [&](const std::string& bytes) {
    if (!bytes.empty() && gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size())) <= 0)
      throw std::runtime_error("cannot write " + file.string());
  };
  put(fits_header(
      {integer_card("SIMPLE", 0).replace(29, 1, "T"), integer_card("BITPIX", 8), integer_card("NAXIS", 0)}));
  put(MadeCcdTable::header(static_cast<std::int64_t>(positions.size())));
  std::string rows;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::size_t from = with_tree ? tree.order[i] : i;
    MadeCcdTable::append_row(rows, from, positions[from]);
    if (rows.size() > (1U << 22)) {
      put(rows);
      rows.clear();
    }
  }
  put(rows);
  const std::size_t size = static_cast<std::size_t>(MadeCcdTable::kWidth) * positions.size();
  put(std::string((2880 - size % 2880) % 2880, '\0'));
  if (gzclose(out) != Z_OK) throw std::runtime_error("cannot write " + file.string());
  if (with_tree) append_sky_tree(file, tree, "ccds");
}

}  // namespace brickline::test
