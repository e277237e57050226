/* test_decided: whole answers about which words have decided. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "running.h"
#include "tree.h"

/* The type, and fields; those of ours give way. */
static void
test_fields(void **state)
{
	static struct running running;
	static const struct {
		const char *target, *with, *without;
	} rows[] = {
		{ "/sleep/0?type=a/b", "Content-Type: a/b", "text/html" },
		{ "/sleep/0?size=5", "Content-Type: text/plain; charset=utf-8",
		    "text/html" },
		{ "/sleep/0?header=X:1&header=X:%20%202", "X: 1\r\nX: 2",
		    NULL },
		{ "/sleep/0?header=cache-control:a", "cache-control: a",
		    "no-store" },
		{ "/sleep/0?status=503&retry-after=1.1s", "Retry-After: 2",
		    NULL },
		{ "/sleep/0?status=503&retry-after=0", "Retry-After: 0", NULL },
		{ "/sleep/0?status=503", "Mtasync: delay=0, status=503",
		    "Retry-After" },
		{ "/sleep/0?status=500:99,503:1&retry-after=1s",
		    "HTTP/1.1 500 Internal Server Error", "Retry-After" },
		{ "/sleep/0?status=401",
		    "WWW-Authenticate: Basic realm=\"mtasync\"", NULL },
		{ "/sleep/0?status=407",
		    "Proxy-Authenticate: Basic realm=\"mtasync\"", NULL },
		{ "/sleep/0?status=302", "Location: /", NULL },
		{ "/sleep/0?status=302&header=Location:/b", "Location: /b",
		    "Location: /\r\n" },
		{ "/sleep/0?status=405",
		    "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS",
		    NULL },
		{ "/sleep/0?status=206&size=9", "Content-Range: bytes 0-8/9",
		    NULL },
		{ "/sleep/0?status=206", "Content-Range: bytes 0-4/5", NULL },
		{ "/sleep/0?status=416", "Mtasync: delay=0, status=416", NULL },
		{ "/sleep/0?status=299", "HTTP/1.1 299 Unknown", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *found;

		running_get(&running, *state, rows[i].target);
		found = strstr(running.bytes, rows[i].with);
		if (found == NULL ||
		    memcmp(found + strlen(rows[i].with), "\r\n", 2) != 0)
			fail_msg("no %s in %s", rows[i].with, running.bytes);
		if (rows[i].without != NULL)
			assert_null(strstr(running.bytes, rows[i].without));
	}
}

/* A 206 on purpose of a file of nothing has no range to tell of. */
static void
test_empty_range(void **state)
{
	static struct running running;

	tree_write("hello.html", 'h', 0);
	running_get(&running, *state, "/sleep/0?status=206");
	assert_memory_equal(running.bytes, "HTTP/1.1 206", 12);
	assert_null(strstr(running.bytes, "Content-Range"));
	assert_true(running_has(&running, "Content-Length: 0"));
}

/* A page that can't be opened when the head is due: what takes its place comes
 * once, whatever was to become of the page. */
static void
test_busy_page(void **state)
{
	static struct running running;
	static const char *const targets[] = { "/sleep/1s?at=end",
		"/sleep/1s?over=1s", "/sleep/1s?framing=chunked",
		"/sleep/1s?headrate=1k", "/sleep/1s?at=end&fault=truncate" };
	struct asking *asking = *state;
	struct rlimit limit, none;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		asking->moment.since = MOMENT_LOOK_ANEW;
		assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
		running_get(&running, asking, targets[i]);
		assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_memory_equal(running.bytes, "HTTP/1.1 503", 12);
		assert_string_equal(running.body,
		    "503 Service Unavailable: no room to open the file just "
		    "now\n");
		assert_true(running.keep);
		assert_int_equal(asking->totals.sleepers, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_fields),
		ASKING_TEST(test_empty_range),
		ASKING_TEST(test_busy_page),
	};

	return cmocka_run_group_tests_name("decided", tests, NULL, NULL);
}
