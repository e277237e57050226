/*
 * ticketing: scripts of what tickets of a pool do, for tests. For programs that
 * are linked with -Wl,--wrap=clock_gettime.
 *
 * A script is steps with blanks between: a letter, a ticket from `a` to `z`, a
 * number. Tickets up to `m` have the first waker, the others the second one.
 *
 *     ia qa oa       it asks, and has a slot, is queued, has none
 *     Ia Qa Oa       it looks, likewise
 *     xa             it leaves
 *     wa w-          the first waker's next one; there is none
 *     va v-          likewise, of the second waker
 *     n2 m2          how often the first waker, the second one, has been rung
 *     Wa20           it has waited so many ms
 *     Sa20 Sa-1      it is slower by so many ms; by all that there are
 *     Ra20           so many ms later there may be a slot for it
 *     Va503          the status of its overflow
 *     Ua20 Ua-1      it waits until so many ms behind the start; for ever
 *     t20            so many ms pass
 *     s2             the pool has so many slots from now on
 */
#ifndef MTASYNC_TESTS_TICKETING_H
#define MTASYNC_TESTS_TICKETING_H

#include "app/pool.h"

/* Runs a script; all tickets that are left have left the pool at its end. `terms`
 * are what `s` changes, and may be NULL where it does not stand in the script. */
void ticketing_run(struct pool *pool, const struct pool_terms *terms,
    const char *script);

#endif
