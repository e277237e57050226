/* httpbinned: an application with the paths of httpbin, for tests to ask. For programs
 * that are linked with -Wl,--wrap=clock_gettime. */
#ifndef MTASYNC_TESTS_HTTPBINNED_H
#define MTASYNC_TESTS_HTTPBINNED_H

#include "running.h"

/* A cmocka test as ASKING_TEST(), but that the paths are there. */
#define HTTPBINNED_TEST(test) \
 cmocka_unit_test_setup_teardown(test, httpbinned_setup, asking_teardown)

int httpbinned_setup(void **state);

/* The status of an answer, or of the interim response before it. */
unsigned httpbinned_status(const struct running *running);

#endif
