// Fields of fitted sources and blobs. Part of codec_fields.h.
#pragma once

#include "core/pipeline/artifact.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <>
struct Fields<InverseVariances> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra", &InverseVariances::ra);
    visit("dec", &InverseVariances::dec);
    visit("flux", &InverseVariances::flux);
    visit("re", &InverseVariances::re);
    visit("e1", &InverseVariances::e1);
    visit("e2", &InverseVariances::e2);
    visit("sersic_index", &InverseVariances::sersic_index);
  }
};
template <>
struct Fields<BulgeErrors> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("re", &BulgeErrors::re);
    visit("e1", &BulgeErrors::e1);
    visit("e2", &BulgeErrors::e2);
    visit("flux_variance", &BulgeErrors::flux_variance);
    visit("covariance_with_flux", &BulgeErrors::covariance_with_flux);
  }
};
template <>
struct Fields<ModelFit> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("status", &ModelFit::status);
    visit("model", &ModelFit::model);
    visit("inverse_variance", &ModelFit::inverse_variance);
    visit("chi2", &ModelFit::chi2);
    visit("dchisq", &ModelFit::dchisq);
    visit("steps", &ModelFit::steps);
    visit("end", &ModelFit::end);
    visit("at_radius_limit", &ModelFit::at_radius_limit);
    visit("at_sersic_limit", &ModelFit::at_sersic_limit);
  }
};
template <>
struct Fields<SourceMetrics> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("fracflux", &SourceMetrics::fracflux);
    visit("fracmasked", &SourceMetrics::fracmasked);
    visit("fracin", &SourceMetrics::fracin);
    visit("rchisq", &SourceMetrics::rchisq);
  }
};
template <>
struct Fields<FittedSource> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("model", &FittedSource::model);
    visit("inverse_variance", &FittedSource::inverse_variance);
    visit("covariance", &FittedSource::covariance);
    visit("blendedness", &FittedSource::blendedness);
    visit("bulge_errors", &FittedSource::bulge_errors);
    visit("composite_dchisq", &FittedSource::composite_dchisq);
    visit("dchisq", &FittedSource::dchisq);
    visit("source", &FittedSource::source);
    visit("blob", &FittedSource::blob);
    visit("planned_blob", &FittedSource::planned_blob);
    visit("part", &FittedSource::part);
    visit("start_x", &FittedSource::start_x);
    visit("start_y", &FittedSource::start_y);
    visit("x", &FittedSource::x);
    visit("y", &FittedSource::y);
    visit("ix", &FittedSource::ix);
    visit("iy", &FittedSource::iy);
    visit("in_bounds", &FittedSource::in_bounds);
    visit("fit_bits", &FittedSource::fit_bits);
    visit("forced_to_stay", &FittedSource::forced_to_stay);
    visit("regular", &FittedSource::regular);
    visit("started_in_blob", &FittedSource::started_in_blob);
    visit("finished_in_blob", &FittedSource::finished_in_blob);
    visit("metrics", &FittedSource::metrics);
    visit("rectangle_width", &FittedSource::rectangle_width);
    visit("rectangle_height", &FittedSource::rectangle_height);
    visit("pixels", &FittedSource::pixels);
    visit("images", &FittedSource::images);
    visit("models", &FittedSource::models);
  }
};
template <>
struct Fields<SourceFailure> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("source", &SourceFailure::source);
    visit("x", &SourceFailure::x);
    visit("y", &SourceFailure::y);
    visit("reason", &SourceFailure::reason);
  }
};
template <>
struct Fields<BlobReport> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("blob", &BlobReport::blob);
    visit("part", &BlobReport::part);
    visit("box", &BlobReport::box);
    visit("pixels", &BlobReport::pixels);
    visit("image_pixels", &BlobReport::image_pixels);
    visit("images", &BlobReport::images);
    visit("images_left_out", &BlobReport::images_left_out);
    visit("sources", &BlobReport::sources);
    visit("fitted", &BlobReport::fitted);
    visit("unfinished", &BlobReport::unfinished);
    visit("cut_short", &BlobReport::cut_short);
    visit("failures", &BlobReport::failures);
    visit("status", &BlobReport::status);
    visit("message", &BlobReport::message);
    visit("cpu_seconds", &BlobReport::cpu_seconds);
  }
};
template <>
struct Fields<JointEvidence> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("excess", &JointEvidence::excess);
    visit("occam", &JointEvidence::occam);
    visit("odds_of_round", &JointEvidence::odds_of_round);
  }
};
template <>
struct Fields<ModelComparison> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("more", &ModelComparison::more);
    visit("less", &ModelComparison::less);
    visit("gained", &ModelComparison::gained);
    visit("margin", &ModelComparison::margin);
    visit("occam", &ModelComparison::occam);
    visit("excess", &ModelComparison::excess);
    visit("share", &ModelComparison::share);
    visit("odds", &ModelComparison::odds);
  }
};
template <>
struct Fields<KindChoice> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("counted", &KindChoice::counted);
    visit("evidence", &KindChoice::evidence);
    visit("no_more_than", &KindChoice::no_more_than);
    visit("held", &KindChoice::held);
  }
};
template <>
struct Fields<FreeTrial> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("from", &FreeTrial::from);
    visit("to", &FreeTrial::to);
    visit("gained", &FreeTrial::gained);
    visit("asked", &FreeTrial::asked);
  }
};
template <>
struct Fields<CountChange> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("chi2", &CountChange::chi2);
    visit("asked", &CountChange::asked);
  }
};
template <>
struct Fields<JointAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("choice", &JointAccount::choice);
    visit("trials", &JointAccount::trials);
    visit("composite_asked", &JointAccount::composite_asked);
    visit("by_split", &JointAccount::by_split);
    visit("fate", &JointAccount::fate);
    visit("other", &JointAccount::other);
    visit("by_loss", &JointAccount::by_loss);
    visit("excess", &JointAccount::excess);
    visit("weights", &JointAccount::weights);
  }
};
template <>
struct Fields<SourceAccount::Neighbour> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("source", &SourceAccount::Neighbour::source);
    visit("overlap", &SourceAccount::Neighbour::overlap);
  }
};
template <>
struct Fields<SourceAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("source", &SourceAccount::source);
    visit("from_catalog", &SourceAccount::from_catalog);
    visit("start_x", &SourceAccount::start_x);
    visit("start_y", &SourceAccount::start_y);
    visit("found", &SourceAccount::found);
    visit("first_round", &SourceAccount::first_round);
    visit("last", &SourceAccount::last);
    visit("forced_point_source", &SourceAccount::forced_point_source);
    visit("fit_background", &SourceAccount::fit_background);
    visit("frozen", &SourceAccount::frozen);
    visit("needed_flux", &SourceAccount::needed_flux);
    visit("forced_to_stay", &SourceAccount::forced_to_stay);
    visit("failure", &SourceAccount::failure);
    visit("first_round_end", &SourceAccount::first_round_end);
    visit("rectangle_width", &SourceAccount::rectangle_width);
    visit("rectangle_height", &SourceAccount::rectangle_height);
    visit("pixels", &SourceAccount::pixels);
    visit("images", &SourceAccount::images);
    visit("owned_pixels", &SourceAccount::owned_pixels);
    visit("chi2_none", &SourceAccount::chi2_none);
    visit("models", &SourceAccount::models);
    visit("chosen", &SourceAccount::chosen);
    visit("composite_gain", &SourceAccount::composite_gain);
    visit("kept", &SourceAccount::kept);
    visit("unfinished", &SourceAccount::unfinished);
    visit("told", &SourceAccount::told);
    visit("split_from", &SourceAccount::split_from);
    visit("neighbours", &SourceAccount::neighbours);
  }
};
template <>
struct Fields<ImageAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &ImageAccount::name);
    visit("band", &ImageAccount::band);
    visit("box", &ImageAccount::box);
    visit("pixels", &ImageAccount::pixels);
    visit("chi2", &ImageAccount::chi2);
  }
};
template <>
struct Fields<BlobAccount::Place> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("x", &BlobAccount::Place::x);
    visit("y", &BlobAccount::Place::y);
    visit("source", &BlobAccount::Place::source);
  }
};
template <>
struct Fields<BlobAccount> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("blob", &BlobAccount::blob);
    visit("part", &BlobAccount::part);
    visit("box", &BlobAccount::box);
    visit("sources", &BlobAccount::sources);
    visit("images", &BlobAccount::images);
    visit("worst", &BlobAccount::worst);
    visit("data", &BlobAccount::data);
    visit("model", &BlobAccount::model);
    visit("residual_sigmas", &BlobAccount::residual_sigmas);
    visit("places", &BlobAccount::places);
  }
};
template <>
struct Fields<FittedCatalog> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("sources", &FittedCatalog::sources);
    visit("blob_map", &FittedCatalog::blob_map);
    visit("blobs", &FittedCatalog::blobs);
    visit("number", &FittedCatalog::number);
    visit("maskbits", &FittedCatalog::maskbits);
    visit("accounts", &FittedCatalog::accounts);
    visit("frozen_reach", &FittedCatalog::frozen_reach);
  }
};
template <>
struct Fields<Fits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("fitted", &Fits::fitted);
  }
};

}  // namespace brickline::codec
