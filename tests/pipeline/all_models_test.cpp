// The table of every model tried, as readers of the published files expect it.
#include "core/pipeline/all_models.h"

#include <gtest/gtest.h>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/catalog_rows.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

// A star, of which a REX was tried that left the blob; and a row that was never fitted.
struct Case {
  FittedCatalog fitted;
  std::vector<CatalogSource> rows;
  CatalogContext context{.profiles = GalaxyProfiles::kReference};
  fits::Table table;

  Case() {
    FittedSource star;
    star.model.ra = 10;
    star.model.flux = {1, 2, 3};
    star.dchisq[0] = 50;
    star.models[0].status = ModelFitStatus::kFitted;
    star.models[0].model = star.model;
    star.models[0].inverse_variance.flux = {4, 5, 6};
    star.models[0].steps = 3;
    star.models[1] = star.models[0];
    star.models[1].status = ModelFitStatus::kLeftBlob;
    star.models[3] = star.models[0];
    star.models[3].model.kind = SourceKind::kExp;
    star.models[3].model.shape = to_softened({1.5, 0.2, -0.1});
    star.models[3].inverse_variance.e2 = 7;
    star.models[3].at_radius_limit = true;
    FittedSource listed;
    listed.regular = false;
    listed.model.flux = {0, 0, 0};
    fitted.sources = {star, listed};
    context.brickname = "0101p000";
    context.bands = {"g", "r", "z"};
    rows = catalog_rows(fitted, SourcesFound{}, ReferenceCatalog{}, 3);
    table = all_models_table(rows, std::vector<const FittedSource*>{&fitted.sources[0], &fitted.sources[1]},
                             context);
  }
};

TEST(AllModels, WhatWasFittedIsThereAndWhatWasNotIsZero) {
  const fits::Table t = Case().table;
  EXPECT_EQ(t.rows(), 2);
  EXPECT_EQ(t.number("psf_flux_z", 0), 3);
  EXPECT_EQ(t.number("psf_flux_ivar_r", 0), 5);
  EXPECT_EQ(t.integer("psf_opt_steps", 0), 3);
  EXPECT_EQ(t.number("rex_flux_z", 0), 0);
  EXPECT_EQ(t.integer("rex_opt_steps", 0), -1);
  EXPECT_NEAR(t.number("exp_shape_r", 0), 1.5, 1e-6);
  EXPECT_NEAR(t.number("exp_shape_e2", 0), -0.1, 1e-6);
  EXPECT_EQ(t.number("exp_shape_e2_ivar", 0), 7);
  EXPECT_TRUE(t.logical("exp_hit_limit", 0));
  EXPECT_TRUE(t.logical("exp_hit_r_limit", 0));
  EXPECT_EQ(t.number("ser_sersic", 0), 0);
  EXPECT_EQ(t.number("dchisq", 0, 0), 50);
  EXPECT_EQ(t.text("type", 0), "PSF");
  EXPECT_EQ(t.integer("psf_opt_steps", 1), 0);
}

TEST(BlobStatus, EveryBlobIsARowWithWhatBecameOfIt) {
  FittedCatalog fitted;
  fitted.number = {-1, 0};
  BlobReport failed, good;
  failed.blob = 0;
  failed.box = {3, 9, 4, 5};
  failed.status = BlobStatus::kFailed;
  failed.message = "a defect";
  good.blob = 1;
  good.part = 2;
  good.status = BlobStatus::kFitted;
  good.failures = {{4, 10.25, 20, "no light"}};
  fitted.blobs = {failed, good};
  const fits::Table t = blob_status_table(fitted);
  EXPECT_EQ(t.rows(), 2);
  EXPECT_EQ(t.integer("blob", 0), -1);
  EXPECT_EQ(t.integer("width", 0), 6);
  EXPECT_EQ(t.text("status", 0), "failed");
  EXPECT_EQ(t.text("message", 0), "a defect");
  EXPECT_EQ(t.integer("blob", 1), 0);
  EXPECT_EQ(t.integer("part", 1), 2);
  EXPECT_EQ(t.integer("nfailed", 1), 1);
  EXPECT_EQ(t.text("message", 1), "source at x 10.2 y 20.0: no light");
}

TEST(AllModels, ColumnsAreThoseOfThePublishedFiles) {
  BRICKLINE_NEEDS_DATA("golden/testcase9");
  fits::FitsReader golden(test::data_dir() /
                          "golden/testcase9/products/metrics/cus/all-models-custom-009122p03397.fits");
  const fits::Table theirs = golden.table(1), ours = Case().table;
  ASSERT_EQ(ours.columns().size(), theirs.columns().size());
  for (std::size_t i = 0; i < theirs.columns().size(); ++i) {
    const fits::Column &a = ours.columns()[i], &b = theirs.columns()[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.data.index(), b.data.index()) << a.name;
    EXPECT_EQ(a.width(), b.width()) << a.name;
    EXPECT_FALSE(a.description.empty()) << a.name;
  }
}

}  // namespace
}  // namespace brickline
