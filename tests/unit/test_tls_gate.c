/* Tests of tls/gate: what comes in the place of a handshake. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shaking.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ALERT_VERSION 70

static struct shaking shaking;

/* Begins anew, and has the server step at these bytes. */
static enum tls_result
try_bytes(struct span bytes)
{
	const struct shaking_client client = { .name = NULL };

	shaking_begin(&shaking, &client, NULL);
	shaking_receive(&shaking, bytes);
	return tls_shake(shaking.tls, &shaking.turn);
}

/* Of all first bytes one begins TLS; each other one is refused at once. */
static void
test_first_byte(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		const char byte = (char)i;
		enum tls_result result = try_bytes((struct span){ &byte, 1 });

		assert_int_equal(result, i == 22 ? TLS_MORE : TLS_BAD);
		assert_int_equal(tls_is_record(byte), i == 22);
		if (i == 22)
			assert_int_equal(shaking.turn.out_size, 0);
		else
			assert_true(shaking_has_alert(&shaking, ALERT_VERSION));
	}
}

static void
test_second_byte(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		const char bytes[] = { 22, (char)i };

		assert_int_equal(try_bytes((struct span){ bytes, 2 }),
		    i == 3 ? TLS_MORE : TLS_BAD);
		assert_int_equal(shaking.turn.out_size, i == 3 ? 0 : 7);
	}
}

/* What others say first; none is waited for. */
static const struct {
	const char *bytes;
	size_t size;
} strangers[] = {
	/* SSLv2's hello, as clients that knew TLS once began */
	{ "\x80\x2e\x01\x03\x03\x00\x15\x00\x00\x00\x10", 11 },
	{ "\x80\x2e\x01\x00\x02", 5 }, { "GET / HTTP/1.1\r\n", 16 },
	{ "\0\0\0\0\0", 5 }, { "SSH-2.0-OpenSSH_9.2\r\n", 21 },
	{ "\x16\xfe\xff\x00\x00", 5 },         /* DTLS */
	{ "\x15\x03\x01\x00\x02\x02\x28", 7 }, /* an alert */
	{ "\x17\x03\x03\x00\x10", 5 },         /* data */
};

static void
test_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++) {
		struct span bytes = { strangers[i].bytes, strangers[i].size };

		assert_int_equal(try_bytes(bytes), TLS_BAD);
		assert_true(shaking_has_alert(&shaking, ALERT_VERSION));
		assert_int_equal(tls_turn_input(&shaking.turn).size,
		    bytes.size);
	}
}

/* The lengths of a first record, of which the head alone is there: those that no
 * record can have are refused at once, by an alert; others are waited for. */
static void
test_lengths(void **state)
{
	(void)state;
	for (int size = 1; size < 65536; size += size < 16000 ? 997 : 13) {
		const char head[] = { 22, 3, 1, (char)(size >> 8), (char)size };
		enum tls_result result = try_bytes((struct span){ head, 5 });

		if (size <= 16384 + 256) {
			assert_int_equal(result, TLS_MORE);
			assert_int_equal(tls_turn_input(&shaking.turn).size, 5);
			continue;
		}
		assert_int_equal(result, TLS_BAD);
		assert_true(
		    shaking_has_alert(&shaking, SSL_AD_RECORD_OVERFLOW));
	}
}

/* A whole first record, of every kind of content, ends it. */
static void
test_contents(void **state)
{
	char record[5 + 64] = { 22, 3, 1, 0, 64 };

	(void)state;
	for (int i = 0; i < 256; i++) {
		enum tls_result result;

		memset(record + 5, i, 64);
		result = try_bytes((struct span){ record, sizeof(record) });
		assert_int_equal(result, TLS_BAD);
		assert_int_equal(shaking.turn.out_size, 7);
		assert_int_equal(shaking.turn.out[0], 21);
	}
}

/* The length of a ClientHello, however it is split into records: what is too long
 * is refused when that is known. */
static const struct {
	uint32_t size;
	bool taken;
} hellos[] = {
	{ 16384, true },
	{ 16385, false },
	{ 131396, false },
	{ 0xffffff, false },
};

static void
test_long_hello(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hellos) * 2; i++) {
		uint32_t size = hellos[i / 2].size;
		const char head[] = { 1, (char)(size >> 16), (char)(size >> 8),
			(char)size, 3, 3 };
		const char whole[] = { 22, 3, 1, 0, 6, head[0], head[1],
			head[2], head[3], head[4], head[5] };
		enum tls_result result = TLS_MORE;

		if (i % 2 == 0)
			result = try_bytes((struct span){ whole, 11 });
		for (size_t j = 0; i % 2 == 1 && j < 4; j++) {
			const char part[] = { 22, 3, 1, 0, 1, head[j] };

			if (j == 0)
				result = try_bytes((struct span){ part, 6 });
			else {
				shaking_receive(&shaking,
				    (struct span){ part, 6 });
				result = tls_shake(shaking.tls, &shaking.turn);
			}
			assert_true(j == 3 || result == TLS_MORE);
		}
		assert_int_equal(result,
		    hellos[i / 2].taken ? TLS_MORE : TLS_BAD);
		if (result == TLS_BAD)
			assert_true(
			    shaking_has_alert(&shaking, SSL_AD_DECODE_ERROR));
	}
}

/* Records without content are bounded, and so are those that mean nothing. */
static void
test_floods(void **state)
{
	static const char *const records[] = { "\x16\x03\x01\x00\x00",
		"\x14\x03\x01\x00\x01\x01" };

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		const struct shaking_client client = { .name = NULL };
		size_t size = i == 0 ? 5 : 6, count = 0;
		enum tls_result result = TLS_MORE;

		shaking_begin(&shaking, &client, NULL);
		SSL_do_handshake(shaking.client);
		shaking_receive_all(&shaking);
		result = tls_shake(shaking.tls, &shaking.turn);
		while (result == TLS_MORE && count++ < 100) {
			shaking.turn.out_size = 0;
			shaking_receive(&shaking,
			    (struct span){ records[i], size });
			result = tls_shake(shaking.tls, &shaking.turn);
		}
		assert_int_equal(result, TLS_BAD);
		assert_in_range(count, 1, 100);
	}
}

/* Any bytes, of a fixed seed, piece by piece: none is believed, all of what is
 * refused has an alert, and no record that is whole is left. */
static void
try_random(unsigned *seed, bool headed)
{
	static const char head[] = { 22, 3, 1, 0, 127, 1, 0, 0, 123 };
	const struct shaking_client client = { .name = NULL };
	enum tls_result result = TLS_MORE;

	shaking_begin(&shaking, &client, NULL);
	for (int i = 0; i < 64 && result == TLS_MORE; i++) {
		char bytes[256];
		size_t size = 1 + (size_t)rand_r(seed) % sizeof(bytes);

		for (size_t j = 0; j < size; j++)
			bytes[j] = (char)rand_r(seed);
		if (headed && i == 0 && size > 9)
			memcpy(bytes, head, sizeof(head));
		shaking_receive(&shaking, (struct span){ bytes, size });
		result = tls_shake(shaking.tls, &shaking.turn);
	}
	assert_int_equal(result, TLS_BAD);
	assert_int_equal(shaking.turn.out_size, 7);
	assert_int_equal(shaking.turn.out[0], 21);
}

static void
test_random(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 2000; i++)
		try_random(&seed, i % 2 == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_byte),
		cmocka_unit_test(test_second_byte),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_long_hello),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_random),
	};

	shaking_open(&shaking, NULL);

	int result = cmocka_run_group_tests_name("tls_gate", tests, NULL, NULL);

	shaking_close(&shaking);
	return result;
}
