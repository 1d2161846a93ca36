#include "photometry.h"

#include <vector>

#include "../noirlab-cp/tables.h"

using namespace brickline;

namespace decam {
namespace {

Value numbers(const std::vector<double>& values) {
  Value array = list({});
  for (const double v : values) array.push_back(v);
  return array;
}

// AB magnitude of 1 count/s above the atmosphere's zenith, and magnitudes lost per airmass.
struct Band {
  const char* name;
  double zero_point, extinction_per_airmass;
};
constexpr Band kBands[] = {
    {"u", 23.3205, 0.63},    {"g", 25.001, 0.173},    {"r", 25.209, 0.090},    {"i", 25.149, 0.054},
    {"z", 24.875, 0.060},    {"Y", 23.712, 0.058},    {"N395", 21.649, 0.399}, {"N419", 23.812, 0.173},
    {"N501", 23.812, 0.173}, {"N540", 24.000, 0.173}, {"N673", 24.151, 0.090}, {"M411", 23.043, 0.333},
    {"M438", 23.330, 0.273}, {"M464", 23.456, 0.223}, {"M490", 23.535, 0.197}, {"M517", 23.554, 0.174},
};

struct Term {
  const char *band, *base;
  std::vector<double> coefficients;
};

// Magnitudes added to Pan-STARRS 1's in the base band, a polynomial of its g-i (g-r for the M bands).
const std::vector<Term> kPs1Terms = {
    {"g", "g", {0.00062, 0.03604, 0.01028, -0.00613}},
    {"r", "r", {0.00495, -0.08435, 0.03222, -0.01140}},
    {"i", "i", {0.00904, -0.04171, 0.00566, -0.00829}},
    {"z", "z", {0.02583, -0.07690, 0.02824, -0.00898}},
    {"Y", "Y", {0.02332, -0.05992, 0.02840, -0.00572}},
    {"N395", "g", {-0.0175, 1.9864, 1.3696, -1.2493}},
    {"N419", "g", {0, 0.2727, 0.9945, -0.6272, 0.1118}},
    {"N501", "g", {0, -0.2784, 0.2915, -0.0686}},
    {"N540", "g", {0.36270593, -0.40238762, 0.0551082}},
    {"N673", "r", {0, -0.3456, 0.1334, -0.0146}},
    {"M411", "g", {0.2226, -0.7799, 4.5390, -4.1288, 1.3112}},
    {"M438", "g", {0.0698, -0.1430, 3.0168, -4.3361, 1.9309}},
    {"M464", "g", {0.0923, -0.5188, 1.9504, -2.7307, 1.2414}},
    {"M490", "g", {0.1226, -0.7488, 1.2442, -1.1108, 0.4564}},
    {"M517", "g", {0.0804, -0.6777, 0.3386, 1.0064, -0.7840}},
};

// Magnitudes added to SDSS's in the same band, a polynomial of its g-i.
const std::vector<Term> kSdssTerms = {{"u", "u", {-0.0643, 0.1787, -0.1552, 0.0259}},
                                      {"g", "g", {0}},
                                      {"r", "r", {0}},
                                      {"i", "i", {0}},
                                      {"z", "z", {0}}};

// Magnitudes added to Gaia's in the base band, a polynomial of its BP-RP. Of u, g, r, i and z Brickline knows
// them: it predicts stars with them whichever camera looks.
const std::vector<Term> kGaiaTerms = {
    {"N395", "G", {1.8757, -7.2503, 11.9664, -5.8214, 0.9271}},
    {"M411",
     "G",
     {-0.121135807, 0.214202972, -0.432275297, 6.33517298, -6.16359698, -10.5837512, 30.6209588, -32.3682815,
      18.961989, -6.68321801, 1.41269689, -0.165375832, 0.00825599733}},
    {"M438",
     "G",
     {-0.0366575264, 0.148435846, -1.73012913, 7.94291264, -2.59147985, -19.9128805, 36.7698794, -31.5884298,
      15.9377805, -4.98555542, 0.954462291, -0.102772045, 0.0047791309}},
    {"M464",
     "G",
     {-0.159291847, 0.404280833, 0.216697525, 1.33091203, -1.3403765, -3.65518804, 8.69839989, -8.05791299,
      4.14722148, -1.28622435, 0.240118347, -0.0249686426, 0.001115772}},
    {"M490",
     "G",
     {-0.0288551549, 0.102359685, 0.413203971, 1.58167708, -3.59089787, -0.815820939, 9.10026694, -11.3422226,
      7.04242478, -2.53797638, 0.539870363, -0.0631013162, 0.003132881}},
    {"M517",
     "G",
     {-0.118259758, 0.328822667, 1.34465039, -2.35947092, -1.99802997, 7.72242161, -5.60664076, -0.265119231,
      2.37946742, -1.39398479, 0.383994131, -0.0532835762, 0.00300229245}},
};

// Mirror coatings and cleanings make the steps.
const std::vector<noirlab_cp::Drift> kDrifts = {
    {"g",
     25.08,
     0.1660,
     {{-150, 0, 25.220, 25.200, 25.200},
      {0, 227, 25.130, 25.150, 25.130},
      {227, 400, 25.150, 25.130, 25.176},
      {400, 500, 25.050, 25.120, 24.770},
      {500, 795, 25.090, 25.070, 25.124},
      {795, 930, 25.120, 25.130, 25.061},
      {930, 970, 25.130, 25.130, 25.130},
      {970, 1110, 25.120, 25.070, 25.466},
      {1110, 1240, 24.990, 25.080, 24.222},
      {1240, 1462, 25.080, 25.030, 25.359},
      {1462, 1525, 25.030, 24.890, 28.279},
      {1525, 1650, 24.920, 25.030, 23.578},
      {1650, 1897, 25.250, 25.180, 25.718},
      {1897, 2040, 25.210, 25.260, 24.547},
      {2040, 2400, 25.250, 25.150, 25.817},
      {2400, 2700, 25.250, 25.120, 26.290}}},
    {"r",
     25.29,
     0.0862,
     {{-150, 0, 25.380, 25.330, 25.330},
      {0, 227, 25.310, 25.330, 25.310},
      {227, 400, 25.330, 25.310, 25.356},
      {400, 500, 25.230, 25.310, 24.910},
      {500, 795, 25.270, 25.250, 25.304},
      {795, 930, 25.320, 25.320, 25.320},
      {930, 970, 25.320, 25.320, 25.320},
      {970, 1110, 25.320, 25.270, 25.666},
      {1110, 1240, 25.200, 25.280, 24.517},
      {1240, 1462, 25.290, 25.270, 25.402},
      {1462, 1525, 25.240, 25.170, 26.864},
      {1525, 1650, 25.170, 25.240, 24.316},
      {1650, 1897, 25.420, 25.310, 26.155},
      {1897, 2040, 25.350, 25.400, 24.687},
      {2040, 2400, 25.400, 25.300, 25.967},
      {2400, 2700, 25.370, 25.290, 26.010}}},
    {"i", 25.26, 0.0495, {{2040, 2400, 25.350, 25.210, 26.143}, {2400, 2700, 25.320, 25.240, 25.960}}},
    {"z",
     24.92,
     0.0715,
     {{-150, 0, 25.120, 25.020, 25.020},
      {0, 227, 24.950, 25.040, 24.950},
      {227, 400, 25.040, 24.970, 25.132},
      {400, 500, 24.940, 25.030, 24.580},
      {500, 795, 25.000, 24.980, 25.034},
      {795, 930, 24.970, 25.020, 24.676},
      {930, 970, 25.020, 25.060, 24.090},
      {970, 1110, 25.060, 24.980, 25.614},
      {1110, 1240, 24.930, 25.000, 24.332},
      {1240, 1462, 25.060, 24.970, 25.563},
      {1462, 1525, 24.970, 24.850, 27.755},
      {1525, 1650, 24.910, 24.960, 24.300},
      {1650, 1897, 25.130, 24.960, 26.266},
      {1897, 2040, 24.980, 25.120, 23.123},
      {2040, 2400, 25.120, 24.950, 26.083},
      {2400, 2700, 25.050, 24.950, 25.850}}},
    {"Y", 23.87, 0.058, {}},
};

}  // namespace

void photometry(Facts& f) {
  Value& photometry = f["photometry"];
  for (const Band& b : kBands)
    photometry["bands"][b.name] = {{"zero_point", b.zero_point},
                                   {"extinction_per_airmass", b.extinction_per_airmass}};
  photometry["bands"]["N673"]["star_mag_range"] = {16, 19.5};

  Value& catalogues = photometry["catalogues"];
  for (const Term& t : kPs1Terms) {
    Value& term = catalogues["ps1"][t.band];
    const bool medium_band = t.band[0] == 'M';
    term = {{"base", t.base}, {"colour", list({"g", medium_band ? "r" : "i"})}, {"clip", {-1, 1}}};
    term["coefficients"] = numbers(t.coefficients);
    if (std::string_view(t.band) == "M411") term["clip"] = {-0.5, 1.5};
  }
  // g-i of the stars that are used.
  catalogues["ps1"]["colour_range"] = {{"N395", {0.2, 1.2}}, {"N419", {0.4, 1.5}}, {"M411", {0.3, 1.5}},
                                       {"M438", {0.3, 1.5}}, {"M464", {0.3, 1.5}}, {"M490", {0.3, 1.5}},
                                       {"M517", {0.3, 1.5}}, {"*", {0.4, 2.7}}};
  for (const Term& t : kSdssTerms) {
    catalogues["sdss"][t.band] = {{"base", t.base}, {"colour", list({"g", "i"})}, {"clip", {-1, 1}}};
    catalogues["sdss"][t.band]["coefficients"] = numbers(t.coefficients);
  }
  for (const Term& t : kGaiaTerms) {
    const bool blue_only = t.band[0] == 'M' || t.band[0] == 'N';
    Value& term = catalogues["gaia"][t.band];
    term = {{"base", t.base}, {"colour", list({"BP", "RP"})}};
    term["coefficients"] = numbers(t.coefficients);
    term["clip"] = {-100, 100};  // the term is not clipped, its colour is
    term["colour_clip"] = blue_only ? Value{0.0, 3.3} : Value{-0.6, 4.1};
  }
  for (const char* band : {"u", "g", "r", "i", "z"}) catalogues["gaia"][band] = "standard";
  catalogues["gaia"]["colour_range"] = {{"*", {0.5, 3.0}}};

  noirlab_cp::add_drifts(photometry["detrend"], kDrifts);
}

void halo(Facts& f) {
  struct PowerLaw {
    const char* band;
    double weight, exponent;
  };
  constexpr PowerLaw kPowerLaws[] = {{"g", 0.00045, -2},
                                     {"r", 0.00033, -2},
                                     {"i", 0.00033, -2},
                                     {"M411", 0.00027125, -1.6901},
                                     {"M438", 0.00023144, -1.6375},
                                     {"M464", 0.00017692, -1.6324},
                                     {"M490", 0.00016855, -1.5664},
                                     {"M517", 0.00013529, -1.5163}};
  Value& bands = f["halo"]["bands"];
  for (const PowerLaw& p : kPowerLaws)
    bands[p.band] = {{"form", "power"}, {"weight", p.weight}, {"exponent", p.exponent}};
  const auto moffat = [](double alpha, double beta, double weight) -> Value {
    return {{"form", "moffat"},
            {"alpha_arcsec", alpha},
            {"beta", beta},
            {"weight", weight},
            {"off_chip_factor", 0.5}};
  };
  bands["z"] = list({rule({{"ccd", {"N20", "S8", "S10", "S18", "S21", "S27"}}}, moffat(16, 2.3, 0.0095)),
                     otherwise(moffat(17.650, 1.7, 0.0145))});
}

}  // namespace decam
