/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of runs for tests of reports: made by name, freed by the process. */
#ifndef INCLOAD_TESTS_UNIT_RUN_PICTURES_H
#define INCLOAD_TESTS_UNIT_RUN_PICTURES_H

#include "run/report/picture.h"

/* The names:
 * - nightly: seven steps; a backfill of 91 days with three that failed, one tried again, one cancelled; a branch that
 * was not taken; a skipped step; a cleanup; two workers
 * - hostile: the same with names that try to break every format
 * - running: the same in the middle of it
 * - wide: 365 steps alike between two others, three of them failed
 * - chunks: a backfill of 10,000 numbered units of which 4,000 have begun
 * - months: a backfill of 30 months
 * - lattice: 400 steps that are all unlike
 * - empty: no step at all
 * NULL for any other. */
const incload__picture *picture_named(const char *name);

/* A name that tries to break every format: quotes, tags, entities, line ends, control codes, emoji, right-to-left. */
extern const char picture_hostile_name[];

#endif
