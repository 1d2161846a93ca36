#include "core/zeropoints/stellar_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/zeropoints/two_columns.h"

namespace brickline {
namespace {

// The locus: for each colour, thousandths of a magnitude from 340 nm on.
constexpr double kFirstNode = 340, kNodeStep = 20;  // nm
constexpr std::size_t kNodes = 38;
struct LocusRow {
  double bp_minus_rp;
  std::array<short, kNodes> millimags;
};
constexpr LocusRow kLocus[] = {
    {-0.1,
     {739, 894, 165, -304, -285, -190, -247, -98, -95, -51, -6,  19,  77,  122, 156, 203, 308, 257, 316,
      355, 379, 442, 461,  500,  543,  551,  558, 544, 576, 604, 622, 717, 579, 733, 724, 770, 791, 797}},
    {0.1,
     {1122, 1213, 494, -35, -108, -37, -183, 26,  -47, -31, -5,  13,  44,  80,  111, 139, 248, 157, 209,
      244,  261,  284, 311, 332,  377, 381,  405, 383, 410, 417, 443, 510, 379, 534, 498, 530, 549, 557}},
    {0.3, {1337, 1344, 714, 232, 84,  120, -63, 115, 22,  16,  15,  20,  23,  48,  67,  77,  165, 73,  109,
           135,  144,  142, 168, 175, 210, 211, 245, 220, 241, 232, 244, 290, 211, 320, 279, 298, 318, 325}},
    {0.5, {1455, 1367, 899, 528, 304, 295, 102, 186, 109, 86, 53, 43, 20, 30, 28,  23, 71,  2,   18,
           32,   30,   16,  31,  28,  48,  41,  88,  56,  74, 59, 75, 90, 63, 110, 98, 107, 127, 133}},
    {0.7,
     {1707, 1491, 1230, 873, 559,  499, 268,  270, 206,  184, 101,  76,  28,  15,  4,   -19, -11, -63, -64,
      -63,  -79,  -96,  -96, -102, -96, -110, -60, -107, -99, -107, -86, -98, -94, -94, -71, -84, -68, -61}},
    {0.9, {2177, 1856, 1812, 1279, 877,  735,  420,  378,  328,  328,  155,  115,  40,
           6,    -17,  -57,  -79,  -131, -142, -152, -177, -200, -213, -222, -219, -239,
           -192, -253, -257, -249, -229, -262, -252, -275, -241, -268, -260, -250}},
    {1.1, {2756, 2373, 2485, 1739, 1254, 984,  573,  522,  505,  540,  228,  164,  58,
           3,    -31,  -89,  -141, -191, -211, -234, -262, -296, -321, -328, -337, -355,
           -323, -382, -407, -372, -379, -407, -395, -430, -393, -432, -433, -427}},
    {1.4, {3541, 3171, 3302, 2418, 1843, 1408, 818,  812,  827,  891,  372,  268,  118,
           31,   -8,   -93,  -213, -207, -280, -324, -389, -433, -474, -484, -509, -530,
           -527, -575, -619, -584, -599, -625, -634, -678, -655, -693, -700, -701}},
    {1.7, {4090, 3778, 3754, 2857, 2347, 1835, 1101, 1146, 1110, 1148, 528,  419,  250,
           144,  116,  -39,  -249, -113, -303, -334, -510, -556, -595, -652, -679, -722,
           -740, -785, -825, -840, -865, -887, -906, -945, -947, -983, -998, -997}},
    {2.0, {4506, 4114,  3936,  3094,  2683,  2159,  1373,  1443,  1328,  1307,  677,   631,  456,
           358,  351,   55,    -208,  75,    -289,  -255,  -637,  -664,  -677,  -827,  -850, -907,
           -934, -1005, -1030, -1104, -1128, -1161, -1199, -1223, -1258, -1283, -1310, -1310}},
    {2.4, {5000,  4458,  4247,  3356,  3172,  2583,  1777,  1834,  1594,  1507,  894,   958,   768,
           718,   782,   204,   -131,  375,   -270,  -121,  -775,  -766,  -738,  -1011, -1077, -1103,
           -1114, -1248, -1268, -1372, -1397, -1449, -1466, -1499, -1550, -1568, -1606, -1606}},
    {2.8, {5600,  5002,  4933,  3662,  3710,  3039,  2137,  2189,  1881,  1756,  1140,  1299,  1095,
           1134,  1231,  438,   41,    656,   -234,  3,     -943,  -835,  -753,  -1106, -1247, -1228,
           -1214, -1403, -1460, -1591, -1613, -1699, -1700, -1735, -1776, -1810, -1865, -1875}},
    {3.2, {6038,  5555,  5607,  4112,  4271,  3536,  2514,  2576,  2236,  2088,  1466,  1663,  1442,
           1481,  1587,  687,   299,   929,   -42,   117,   -1007, -846,  -720,  -1231, -1394, -1379,
           -1379, -1568, -1650, -1798, -1713, -1874, -1933, -1971, -2035, -2076, -2172, -2209}}};

constexpr double kBluestStar = 0, kReddestStar = 1.6, kColourStep = 0.1;  // BP - RP
// Gaia's passbands reach a little further than the locus, which goes on as it begins.
constexpr double kFirstSample = 320, kSampleStep = 5;    // nm
constexpr double kShortestPivot = 400, kNarrowest = 40;  // nm, of bands

double locus_magnitude(double colour, double wavelength) {
  std::size_t row = 1;
  while (row + 1 < std::size(kLocus) && kLocus[row].bp_minus_rp < colour) ++row;
  const LocusRow &blue = kLocus[row - 1], &red = kLocus[row];
  const double place = (wavelength - kFirstNode) / kNodeStep;
  const std::size_t node = std::min(static_cast<std::size_t>(place), kNodes - 2);
  const double t = place - static_cast<double>(node),
               u = (colour - blue.bp_minus_rp) / (red.bp_minus_rp - blue.bp_minus_rp);
  const auto along = [&](const LocusRow& r) {
    return r.millimags[node] * (1 - t) + r.millimags[node + 1] * t;
  };
  return (along(blue) * (1 - u) + along(red) * u) / 1000;
}

const std::vector<std::array<double, 2>> kPassbandG = {
    {320, 0},      {330, 0.003},  {340, 0.101},  {360, 0.129}, {380, 0.095}, {400, 0.343}, {420, 0.503},
    {440, 0.561},  {460, 0.6},    {480, 0.625},  {500, 0.644}, {520, 0.659}, {540, 0.672}, {560, 0.683},
    {580, 0.693},  {600, 0.702},  {620, 0.71},   {640, 0.715}, {660, 0.718}, {680, 0.717}, {700, 0.71},
    {720, 0.695},  {740, 0.671},  {760, 0.637},  {780, 0.594}, {800, 0.54},  {820, 0.48},  {840, 0.415},
    {860, 0.347},  {880, 0.281},  {900, 0.218},  {920, 0.161}, {940, 0.113}, {960, 0.074}, {980, 0.044},
    {1000, 0.024}, {1020, 0.011}, {1040, 0.004}, {1060, 0}};
const std::vector<std::array<double, 2>> kPassbandBp = {
    {320, 0},     {330, 0},     {340, 0.214}, {360, 0.225}, {380, 0.161}, {390, 0.239},
    {400, 0.453}, {420, 0.588}, {440, 0.617}, {460, 0.629}, {480, 0.635}, {500, 0.633},
    {520, 0.629}, {540, 0.622}, {560, 0.615}, {580, 0.62},  {600, 0.625}, {620, 0.646},
    {640, 0.652}, {660, 0.372}, {668, 0.046}, {676, 0}};
const std::vector<std::array<double, 2>> kPassbandRp = {
    {612, 0},     {620, 0},      {628, 0.233},  {636, 0.763},  {644, 0.678},  {660, 0.711}, {680, 0.733},
    {700, 0.736}, {720, 0.733},  {740, 0.743},  {760, 0.741},  {780, 0.714},  {800, 0.703}, {820, 0.694},
    {840, 0.657}, {860, 0.599},  {880, 0.534},  {900, 0.464},  {920, 0.383},  {940, 0.299}, {960, 0.215},
    {980, 0.146}, {1000, 0.081}, {1020, 0.027}, {1040, 0.008}, {1060, 0.002}, {1080, 0}};

}  // namespace

const std::vector<GaiaPassband>& gaia_passbands() {
  // Zero points in the Vega system less those in the AB system: Riello et al. 2021.
  static const std::vector<GaiaPassband> kPassbands = {
      {"G", TransmissionCurve(kPassbandG), 25.6873668671 - 25.8010446445},
      {"BP", TransmissionCurve(kPassbandBp), 25.3385422158 - 25.3539555559},
      {"RP", TransmissionCurve(kPassbandRp), 24.7478955012 - 25.1039837393}};
  return kPassbands;
}

std::vector<LibrarySpectrum> stellar_locus() {
  std::vector<LibrarySpectrum> out;
  const int stars = static_cast<int>(std::lround((kReddestStar - kBluestStar) / kColourStep)) + 1;
  for (int i = 0; i < stars; ++i) {
    const double colour = kBluestStar + i * kColourStep;
    LibrarySpectrum star;
    star.name = fmt::format("locus{:.1f}", colour);
    const double last = kFirstNode + kNodeStep * (kNodes - 1);
    for (double nm = kFirstSample; nm <= last; nm += kSampleStep) {
      star.wavelengths_nm.push_back(nm);
      // f_nu = 10^(-0.4 m), and f_lambda is f_nu / lambda^2.
      star.flux.push_back(std::pow(10, -0.4 * locus_magnitude(colour, std::max(nm, kFirstNode))) / (nm * nm));
    }
    out.push_back(std::move(star));
  }
  return out;
}

std::string stellar_locus_problem(const TransmissionCurve& band) {
  if (const double pivot = band.pivot_nm(); pivot < kShortestPivot)
    return fmt::format(
        "the band's pivot wavelength is {:.0f} nm, and bluer than {:.0f} nm stars of one colour differ",
        pivot, kShortestPivot);
  if (const double width = band.full_width_half_maximum_nm(); width < kNarrowest)
    return fmt::format("the band is {:.0f} nm wide, and narrower than {:.0f} nm lines count", width,
                       kNarrowest);
  const double low = kFirstNode, high = kFirstNode + kNodeStep * (kNodes - 1);
  if (const double outside = band.share_outside(low, high); outside > 1e-3)
    return fmt::format("{:.2g} of the band is outside of {:.0f} to {:.0f} nm", outside, low, high);
  return "";
}

std::vector<LibrarySpectrum> read_stellar_library(const std::filesystem::path& directory,
                                                  WavelengthUnit unit) {
  std::error_code code;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, code))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path());
  if (code) throw input_error("cannot be read: {}", code.message()).in_file(directory.string());
  if (files.empty()) throw input_error("no file in it: spectra are wanted").in_file(directory.string());
  std::sort(files.begin(), files.end());
  std::vector<LibrarySpectrum> out;
  for (const std::filesystem::path& file : files) try {
      LibrarySpectrum star;
      star.name = file.stem().string();
      read_two_columns(file, "a wavelength and a flux", [&](int number, double x, double y) {
        const double nm = unit == WavelengthUnit::kAngstrom ? x / 10 : x;
        if (!(nm > 0) || (!star.wavelengths_nm.empty() && !(nm > star.wavelengths_nm.back())))
          throw input_error("line {}: wavelength {} does not follow the one before", number, x);
        star.wavelengths_nm.push_back(nm);
        star.flux.push_back(y);
      });
      if (star.flux.size() < 2) throw input_error("has no spectrum");
      out.push_back(std::move(star));
    } catch (Error& error) {
      throw error.in_file(file.string());
    }
  return out;
}

}  // namespace brickline
