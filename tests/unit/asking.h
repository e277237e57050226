/* asking: an application for a test to ask, and its answers piece by piece. */
#ifndef MTASYNC_TESTS_ASKING_H
#define MTASYNC_TESTS_ASKING_H

#include "app/app.h"

/* The sizes of the files `large`, which is never in memory, and `medium`. */
#define LARGE  ((size_t)FILE_MEMORY_MAX + 1)
#define MEDIUM ((size_t)40000)

#define REQUEST(method, path, version, fields) \
 method " " path " HTTP/" version "\r\nHost: a\r\n" fields "\r\n"

/* A cmocka test whose state is a struct asking, in a directory of its own. */
#define ASKING_TEST(test) \
 cmocka_unit_test_setup_teardown(test, asking_setup, asking_teardown)

struct asking {
	struct app_config config;
	struct app app;
	struct moment moment;
	struct answer answer;
	char room[ANSWER_ROOM];
};

/* The Date of all answers. */
extern const char asking_date[];

int asking_setup(void **state);
int asking_teardown(void **state);

/* Begins the answer to a request. */
void asking_begin(struct asking *asking, const char *text);

struct piece asking_next(struct asking *asking);

/* Asserts that bytes come next, and returns them as a string. */
const char *asking_next_bytes(struct asking *asking);

/* Asserts that the answer ends so, and lets go of it. */
void asking_assert_end(struct asking *asking, enum piece_kind kind);

#endif
