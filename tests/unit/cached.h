/* cached: a site and its cache for a test to ask, in a directory of its own. */
#ifndef MTASYNC_TESTS_CACHED_H
#define MTASYNC_TESTS_CACHED_H

#include "app/site.h"

#define OPEN_FILES 2

/* A cmocka test whose state is a struct fixture. */
#define CACHED_TEST(test) \
 cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)

struct fixture {
	struct site_config config;
	struct site site;
	struct moment moment;
	const struct http_request *request; /* of the next queries; or NULL */
};

/* The Date of all heads. */
extern const char date[30];

int site_setup(void **state);
int site_teardown(void **state);

enum site_result find(struct fixture *fixture, const char *path,
    struct file **file);

/* What is found from now on is for a request that has just been sent. */
void ask_later(struct fixture *fixture);

/* Waits until whatever is done gets a later ctime than all before. */
void settle(void);

/* Asserts that a path leads to `size` bytes of `letter`, held in memory. */
void assert_content(struct fixture *fixture, const char *path, char letter,
    size_t size);

#endif
