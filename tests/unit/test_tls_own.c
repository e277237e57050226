/* Tests of our own certificates, in a server that runs for days. The clock is set. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "fake_clock.h"
#include "shaking.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define HOUR ((time_t)3600)

/* Returns a time in s since 1970. */
static time_t
read_time(const ASN1_TIME *time)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(time, &tm), 1);
	return timegm(&tm);
}

/* Returns the end of what is shown for a name, which has begun. */
static time_t
shown_end(struct shaking *s, const char *name, time_t now)
{
	const struct shaking_client client = { .name = name };
	X509 *shown;
	time_t end;

	shaking_begin(s, &client, NULL);
	shaking_shake_well(s, SHAKING_WHOLE);
	shown = SSL_get1_peer_certificate(s->client);
	assert_non_null(shown);
	assert_true(read_time(X509_get0_notBefore(shown)) <= now);
	end = read_time(X509_get0_notAfter(shown));
	X509_free(shown);
	return end;
}

/* Hours after the start, one after the other; and how many more the soonest end of a
 * certificate is away. */
static const struct {
	int passed, left;
} hours[] = { { 0, 24 }, { 1, 23 }, { 11, 13 }, { 12, 12 }, { 13, 12 },
	{ 23, 12 }, { 24, 12 }, { 26, 12 }, { 100, 12 }, { 2400, 12 } };

/* Whatever is asked for has an end that is far; and none ends before what is told. */
static void
test_ends(void **state)
{
	static const char *const names[] = { NULL, "localhost", "a.localhost",
		"wrong-name.localhost", "self-signed.b.localhost" };
	const struct tls_config config = { .words = true,
		.max_sleep = SHAKING_MAX_SLEEP };
	int64_t start = clock_wall() / CLOCK_S * CLOCK_S;
	struct shaking s;

	(void)state;
	fake_clock_set(start);
	shaking_open(&s, &config);
	for (size_t i = 0; i < COUNT(hours); i++) {
		time_t now = (time_t)(start / CLOCK_S) + hours[i].passed * HOUR;
		struct tls_certificate told;

		fake_clock_set(now * CLOCK_S);
		assert_true(tls_keys_tell(s.keys, 0, now, &told));
		assert_string_equal(told.file, "own");
		assert_string_equal(told.name, "localhost");
		/* the material was made by the time that it is */
		assert_in_range(told.ends - now, hours[i].left * HOUR,
		    hours[i].left * HOUR + 60);
		for (size_t j = 0; j < COUNT(names); j++)
			assert_true(
			    shown_end(&s, names[j], now) >= told.ends - 60);
		assert_false(tls_keys_tell(s.keys, 1, now, &told));
	}
	shaking_close(&s);
	fake_clock_set(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests_name("tls_own", tests, NULL, NULL);
}
