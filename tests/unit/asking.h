/* asking: an application for a test to ask, and its answers piece by piece, as
 * HTTP/1.1 has them. */
#ifndef MTASYNC_TESTS_ASKING_H
#define MTASYNC_TESTS_ASKING_H

#include "server/exchange.h"

/* The sizes of the files `large`, which is never in memory, and `medium`. */
#define LARGE  ((size_t)FILE_MEMORY_MAX + 1)
#define MEDIUM ((size_t)40000)

#define REQUEST(method, path, version, fields) \
 method " " path " HTTP/" version "\r\nHost: a\r\n" fields "\r\n"

/* A cmocka test whose state is a struct asking, in a directory of its own. */
#define ASKING_TEST(test) \
 cmocka_unit_test_setup_teardown(test, asking_setup, asking_teardown)

struct asking {
	struct server_config config;
	struct totals totals;
	struct app app;
	const struct entrance *entrance; /* where requests come in */
	struct moment moment;
	struct stats stats; /* of the exchanges */
	struct exchange_host host;
	struct exchange exchange;
	char room[EXCHANGE_ROOM + 1];
};

/* Where requests come in, unless a test has others. */
extern const struct entrance asking_entrance;

/* The Date of all answers. */
extern const char asking_date[];

int asking_setup(void **state);
int asking_teardown(void **state);

/* Begins the answer to a request; its connection's last message has ended. */
void asking_begin(struct asking *asking, const char *text);

struct piece asking_next(struct asking *asking);

/* Asserts that bytes come next, and returns them as a string; with a head the
 * text behind it, where the content is one. */
const char *asking_next_bytes(struct asking *asking);

/* Asserts that the answer ends now, and whether its connection goes on; lets go
 * of it. */
void asking_assert_end(struct asking *asking, bool keep);

/* Lets go of an answer wherever it is. */
void asking_end(struct asking *asking);

#endif
