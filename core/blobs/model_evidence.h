// How much a galaxy's model may claim for its parameters, and what that takes off its improvement of chi-squared. Private to
// this room.
//
// By Laplace's method the evidence of a model with parameters theta is, around its best fit (MacKay 1992, Neural Computation 4,
// 415; Kass & Raftery 1995, Journal of the American Statistical Association 90, 773),
//   Z = L_best * sqrt(det(2 pi C)) * p(theta_best),
// C being the covariance that the data and the prior p leave. The last two factors are Occam's: a model pays for the part
// of its prior volume that the data rule out, so that the better its parameters are measured the larger an improvement they
// need. Position and fluxes are common to all models. What is left is the shape, in (ln re, e1, e2, index), with the priors
//   ln re: normal of GalaxyPrior's width about where it is, the same for all models;
//   (e1, e2): every axis ratio (1 - e)/(1 + e) as frequent as any other, p = 1/(pi e (1 + e)^2); to integrate over that
//     peak, e^2 grows by the variances of e1 and e2, halved;
//   index: every one of those that are allowed as frequent as any other.
#pragma once

#include <optional>
#include <span>

#include "core/blobs/galaxy_prior.h"
#include "core/blobs/select_model.h"
#include "core/fit/joint_fitter.h"

namespace brickline {

// What these priors of ln re and of the index leave of a galaxy's errors, which are the data's alone: a model that the data
// say little of could else have any radius, and any flux in its wings. Those that know the prior of ln re already
// (JointErrors::know_radius_prior) gain nothing by it.
void add_priors(const SourceModel& model, const FitOptions& fit, const GalaxyPrior& prior,
                JointErrors& errors);

// Makes errors that know the prior of ln re (others stay) such that, once they are multiplied by the
// excess, the prior is as exact as it is: with D the data's normal matrix and P the prior's, (D + P)^-1 becomes
// (D + excess P)^-1, of which the excess makes (D/excess + P)^-1. Neighbours' priors count as data.
void keep_radius_prior(const SourceModel& model, const GalaxyPrior& prior, double excess,
                       JointErrors& errors);

// The errors of a galaxy's model that is fitted to the images alone; its term at any excess follows from them.
JointErrors errors_alone(const SourceModel& model, std::span<const FitImage> images, const FitOptions& fit,
                         const GalaxyPrior& prior, bool fit_sky);

// 2 ln of Occam's factor of a galaxy's model by the errors that it has, which may know of neighbours and of the prior of ln re
// (JointErrors::know_radius_prior). Where residuals are larger than the pixels' errors by `excess`, the data say as much less. Empty
// where its shape has no errors.
std::optional<double> occam_term(const SourceModel& model, const JointErrors& errors, const FitOptions& fit,
                                 const GalaxyPrior& prior, double excess = 1);

// The same of a shape with the given covariance (lower triangle by rows) of (re in arcsec, e1, e2, index), rows of parameters
// that the model has not being 0.
std::optional<double> occam_term(const SourceModel& model, std::span<const float> covariance,
                                 const FitOptions& fit, const GalaxyPrior& prior, double excess = 1);

// 2 ln of the odds that a source is the round galaxy that was fitted to it, with its radius's prior, rather than the star:
// of their evidences, Occam's factor with the prior's density where the galaxy is, and of how many there are of each. All of
// that but the likelihoods' ratio, (improvement of REX less that of PSF)/excess. `occam`: REX's term. Empty for what is too bright for
// a prior.
std::optional<double> prior_odds_of_round(const SourceModel& round, double occam, const GalaxyPrior& prior);

}  // namespace brickline
