// What the end of an attempt means for its item: pure, so that every way of ending can be tried out.
#pragma once

#include "core/campaign/journal.h"
#include "core/campaign/manifest.h"
#include "core/campaign/settings.h"

namespace brickline {

// How an attempt ended, as far as anybody knows.
struct AttemptEnd {
  Event began, ended;
  bool lost = false;        // its task ended without saying how: only `began` is known
  double task_seconds = 0;  // that the task had been given; 0: no limit
  bool alone = false;       // nothing else ran beside it: what ended its task may have been itself
};

// Changes state, class, counts and reason of the item.
//   verified                           done, or nothing to do
//   verified, but what cannot be made  given up: CCDs without stars enough stay so
//   2, 5                               given up: options and cameras are not mended by trying again
//   3                                  given up: input is missing or bad; `survey again` once it is there
//   4                                  the next memory class; in the last one, a try
//   6                                  a try: some blobs or sources could not be fitted
//   0 and not verified                 a try: the products are not what they should be
//   75, SIGTERM                        goes on in the next round; if it had a quarter of its task's time or more, it is one
//                                      that outlasted its task, and after so many it bails out;
//                                      given up after a hundred attempts
//   SIGKILL near its memory's limit    as 4; so is a program of the run that was killed (Verification::wants_memory)
//   lost                               goes on; one that was alone, twice in a row: the next memory class, since
//                                      whoever takes too much may take the task along
//   all else                           a try
// After settings.most_tries tries an item is given up. It stays queued otherwise: whoever closes the round lets it wait
// again.
void judge(Item& item, const AttemptEnd& end, const CampaignSettings& settings);

}  // namespace brickline
