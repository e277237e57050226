/* administering: an operator's side for a test to ask, beside two workers whose
 * counters the test sets. It takes the place of the server. For programs that are
 * linked with -Wl,--wrap=clock_gettime. */
#ifndef MTASYNC_TESTS_ADMINISTERING_H
#define MTASYNC_TESTS_ADMINISTERING_H

#include "admin/admin.h"
#include "running.h"
#include "server/side.h"

#define ADMINISTERING_WORKERS 2

/* A cmocka test whose state is a struct administering. */
#define ADMINISTERING_TEST(test)                            \
 cmocka_unit_test_setup_teardown(test, administering_setup, \
     administering_teardown)

struct administering {
	struct asking *asking;
	struct admin admin;
	struct server_config clients;
	struct side side; /* the clients'; its workers have counters alone */
	struct stats stats[ADMINISTERING_WORKERS];
	enum server_phase phase;
	uint64_t generation;
	struct petition *petition; /* the one that is asked; or NULL */
	struct running answer;     /* the last one */
};

int administering_setup(void **state);
int administering_teardown(void **state);

/* Asks, and returns the content, as a string, of the answer, which has a status. */
const char *administering_get(struct administering *a, const char *target,
    const char *fields, unsigned status);

/* Has a rule's text, pools among them, be in force. */
void administering_rule(struct administering *a, const char *text);

/* Fails unless a GET is answered with this status and content. */
void administering_says(struct administering *a, const char *target,
    unsigned status, const char *wanted);

#endif
