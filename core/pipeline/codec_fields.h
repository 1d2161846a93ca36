// The fields of every structure that artifacts are made of, one list each: a member is added to a structure by
// one word in its list here (without it the program does not compile), and the artifact's kSchema is raised.
#pragma once

#include "core/pipeline/codec_fields/detection.h"
#include "core/pipeline/codec_fields/fits.h"
#include "core/pipeline/codec_fields/measurements.h"
#include "core/pipeline/codec_fields/references.h"
#include "core/pipeline/codec_fields/selection.h"
