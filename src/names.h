/* names: looks up the names of hosts and users that the options have. */
#ifndef MTASYNC_NAMES_H
#define MTASYNC_NAMES_H

#include "base/privileges.h"
#include "options.h"

/*
 * Looks up what --listen and --user name; nothing is open yet. A name server may
 * let it wait for long, so that SIGTERM and SIGINT are not held meanwhile: each
 * ends the program at once, with status 0, for there is nothing to finish; or a
 * --check by its default action, for nothing is known yet. Returns OPTIONS_RUN,
 * or else has said why. privileges_free() is right in all cases. Main thread,
 * while there is no other.
 */
enum options_result names_look_up(struct options *options,
    struct privileges *privileges);

#endif
