// The subcommands of `survey`: a file each. They take their own words, as a program does (argv[0] is "survey NAME"), and
// return an exit code; errors are thrown. Those that take `cancel` end by Interrupted once it is asked.
#pragma once

#include "core/base/cancel.h"
#include "core/base/exit_codes.h"

namespace brickline {

int survey_check(int argc, char** argv);
int survey_pack(int argc, char** argv);
int survey_plan(int argc, char** argv);
int survey_run(int argc, char** argv);
int survey_task(int argc, char** argv);
int survey_hand_out(int argc, char** argv);
int survey_submit(int argc, char** argv);
int survey_advance(int argc, char** argv);
int survey_status(int argc, char** argv);
int survey_why(int argc, char** argv);
int survey_verify(int argc, char** argv);
int survey_again(int argc, char** argv);
int survey_stop(int argc, char** argv);
int survey_drain(int argc, char** argv);
int survey_clean(int argc, char** argv);
int survey_seal(int argc, char** argv);
int survey_sweep(int argc, char** argv, const Cancel& cancel);
int survey_summary(int argc, char** argv, const Cancel& cancel);
int survey_randoms(int argc, char** argv, const Cancel& cancel);
int survey_maps(int argc, char** argv, const Cancel& cancel);
int survey_hips(int argc, char** argv, const Cancel& cancel);
int survey_match(int argc, char** argv, const Cancel& cancel);
int survey_ccds(int argc, char** argv, const Cancel& cancel);

}  // namespace brickline
