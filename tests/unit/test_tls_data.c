/* Tests of tls/tls: records of a connection whose handshake is done. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <openssl/err.h>

#include <cmocka.h>

#include "shaking.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LARGE ((size_t)1 << 20)

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct shaking shaking;

/* Has a connection; what it has to say at first has been said. */
static void
connect_as(int version, const struct tls_act *act)
{
	const struct shaking_client client = { .name = "localhost",
		.version = version };

	shaking_begin(&shaking, &client, act);
	shaking_shake_well(&shaking, SHAKING_WHOLE);
	assert_int_equal(shaking_read(&shaking), SSL_ERROR_WANT_READ);
}

/* Opens what has been received; returns the last result. */
static enum tls_result
open_all(size_t *all)
{
	char plain[100];
	size_t size;
	enum tls_result result;

	*all = 0;
	while ((result = tls_open(shaking.tls, &shaking.turn, plain,
		    sizeof(plain), &size)) == TLS_DONE) {
		assert_in_range(size, 1, sizeof(plain));
		*all += size;
	}
	assert_int_equal(size, 0);
	return result;
}

/* Asserts that `out` is whole records of at most `most` plain bytes each; returns
 * how many. */
static size_t
count_records(size_t most)
{
	struct span out = tls_turn_output(&shaking.turn);
	size_t count = 0;

	while (out.size > 0) {
		size_t size = (size_t)(unsigned char)out.data[3] << 8 |
			      (unsigned char)out.data[4];

		assert_in_range(size + 5, 6, out.size);
		assert_true(size + 5 <= most + TLS_RECORD_EXTRA);
		span_skip(&out, size + 5);
		count++;
	}
	return count;
}

static const uint16_t record_sizes[] = { 0, 1, 7, 512, 16384 };

/* All that there is room for, again and again; the client gets every byte. */
static void
seal_large(size_t most, size_t size)
{
	char *plain = malloc(LARGE), *got = malloc(LARGE);
	size_t sent = 0, received = 0;
	int n;

	assert_true(plain != NULL && got != NULL);
	for (size_t i = 0; i < size; i++)
		plain[i] = (char)(i * 31 / 7);
	while (sent < size) {
		size_t room = tls_room(shaking.tls, &shaking.turn);
		size_t part = size - sent < room ? size - sent : room;

		assert_true(part > 0);
		assert_int_equal(tls_seal(shaking.tls, &shaking.turn,
				     (struct span){ plain + sent, part }),
		    0);
		assert_int_equal(count_records(most), (part + most - 1) / most);
		assert_true(shaking.turn.out_size <=
			    tls_sealed_size(shaking.tls, part));
		assert_true(
		    shaking.turn.out_size <= TLS_TURN_MAX - TLS_OUT_SPARE);
		sent += part;
		shaking_send(&shaking);
		while ((n = SSL_read(shaking.client, got + received,
			    (int)(LARGE - received))) > 0)
			received += (size_t)n;
	}
	assert_int_equal(received, size);
	assert_memory_equal(plain, got, size);
	free(plain);
	free(got);
}

static void
test_seal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(record_sizes) * COUNT(versions); i++) {
		size_t most = record_sizes[i / COUNT(versions)];
		const struct tls_act act = { .record_size = (uint16_t)most };

		connect_as(versions[i % COUNT(versions)], &act);
		seal_large(most == 0 ? TLS_RECORD_MAX : most,
		    most == 0 || most > 100 ? LARGE : 10000);
	}
}

/* What is sealed by one call, and by several, needs no more than is said, and
 * all that has room leaves what is spared. */
static void
test_room(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 1000, 16383, 16384, 16385,
		32768, 40000 };
	static const char plain[65536];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes) * COUNT(versions); i++) {
		size_t size = sizes[i / COUNT(versions)], room;

		connect_as(versions[i % COUNT(versions)], NULL);
		shaking.turn.records = 0;
		assert_int_equal(tls_seal(shaking.tls, &shaking.turn,
				     (struct span){ plain, size }),
		    0);
		assert_int_equal(shaking.turn.records,
		    (size + TLS_RECORD_MAX - 1) / TLS_RECORD_MAX);
		assert_true(shaking.turn.out_size <=
			    tls_sealed_size(shaking.tls, size));
		room = tls_room(shaking.tls, &shaking.turn);
		assert_true(tls_sealed_size(shaking.tls, room) +
				shaking.turn.out_size + TLS_OUT_SPARE <=
			    TLS_TURN_MAX);
		assert_true(tls_sealed_size(shaking.tls, room + 1) +
				shaking.turn.out_size + TLS_OUT_SPARE >
			    TLS_TURN_MAX);
		assert_int_equal(tls_seal(shaking.tls, &shaking.turn,
				     (struct span){ plain, room }),
		    0);
		assert_true(
		    shaking.turn.out_size <= TLS_TURN_MAX - TLS_OUT_SPARE);
		shaking.turn.out_size = TLS_TURN_MAX - TLS_OUT_SPARE - 10;
		assert_int_equal(tls_room(shaking.tls, &shaking.turn), 0);
		shaking.turn.out_size = TLS_TURN_MAX;
		assert_int_equal(tls_room(shaking.tls, &shaking.turn), 0);
	}
}

/* A record that comes byte by byte is opened with its last one; no part of it is
 * taken before. */
static void
test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		char bytes[256];
		size_t size, all;

		connect_as(versions[i], NULL);
		assert_int_equal(SSL_write(shaking.client, "a request", 9), 9);
		size = shaking_take(&shaking, bytes, sizeof(bytes));
		for (size_t j = 0; j < size; j++) {
			assert_int_equal(tls_turn_input(&shaking.turn).size, j);
			shaking_receive(&shaking,
			    (struct span){ bytes + j, 1 });
			assert_int_equal(open_all(&all), TLS_MORE);
			assert_int_equal(all, j == size - 1 ? 9 : 0);
		}
		assert_int_equal(tls_turn_input(&shaking.turn).size, 0);
	}
}

/* Several records at once, which are longer than the room that there is. */
static void
test_open(void **state)
{
	static const char plain[10000];

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		size_t all;

		connect_as(versions[i], NULL);
		for (int j = 0; j < 6; j++)
			SSL_write(shaking.client, plain, sizeof(plain));
		shaking_receive_all(&shaking);
		assert_int_equal(open_all(&all), TLS_MORE);
		assert_int_equal(all, 6 * sizeof(plain));
		assert_int_equal(tls_turn_input(&shaking.turn).size, 0);
	}
}

/* The client's close_notify: what was before it is there, and the other way goes
 * on. */
static void
test_client_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		size_t all;

		connect_as(versions[i], NULL);
		SSL_write(shaking.client, "last", 4);
		SSL_shutdown(shaking.client);
		shaking_receive_all(&shaking);
		assert_int_equal(open_all(&all), TLS_ENDED);
		assert_int_equal(all, 4);
		assert_int_equal(open_all(&all), TLS_ENDED);
		assert_true(shaking_hear(&shaking, "an answer"));
		tls_end(shaking.tls, &shaking.turn);
		assert_int_equal(shaking_read(&shaking), SSL_ERROR_ZERO_RETURN);
	}
}

static void
test_server_ends(void **state)
{
	const struct tls_act acts[] = { { 0 }, { .no_close = true } };

	(void)state;
	for (size_t i = 0; i < COUNT(versions) * COUNT(acts); i++) {
		const struct tls_act *act = &acts[i / COUNT(versions)];

		connect_as(versions[i % COUNT(versions)], act);
		assert_int_equal(tls_seal(shaking.tls, &shaking.turn,
				     SPAN("x")),
		    0);
		tls_end(shaking.tls, &shaking.turn);
		assert_int_equal(count_records(16), act->no_close ? 1 : 2);
		tls_end(shaking.tls, &shaking.turn); /* and once is enough */
		assert_int_equal(count_records(16), act->no_close ? 1 : 2);
		assert_int_equal(shaking_read(&shaking), SSL_ERROR_NONE);
		assert_int_equal(shaking_read(&shaking),
		    act->no_close ? SSL_ERROR_WANT_READ
				  : SSL_ERROR_ZERO_RETURN);
	}
}

/* Before the handshake is done there is nothing to close. */
static void
test_ends_early(void **state)
{
	const struct shaking_client client = { .name = "localhost" };

	(void)state;
	shaking_begin(&shaking, &client, NULL);
	tls_end(shaking.tls, &shaking.turn);
	assert_int_equal(shaking.turn.out_size, 0);
	SSL_do_handshake(shaking.client);
	shaking_receive_all(&shaking);
	assert_int_equal(tls_shake(shaking.tls, &shaking.turn), TLS_MORE);
	shaking.turn.out_size = 0;
	tls_end(shaking.tls, &shaking.turn);
	assert_int_equal(shaking.turn.out_size, 0);
}

/* The client says so many KeyUpdates, of which it wants answers or not. */
static void
update_keys(int count, int kind)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(SSL_key_update(shaking.client, kind), 1);
		assert_int_equal(SSL_do_handshake(shaking.client), 1);
	}
	shaking_receive_all(&shaking);
}

static void
test_key_updates(void **state)
{
	static const int kinds[] = { SSL_KEY_UPDATE_NOT_REQUESTED,
		SSL_KEY_UPDATE_REQUESTED };
	size_t all;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		connect_as(TLS1_3_VERSION, NULL);
		for (int j = 0; j < 5; j++) {
			update_keys(TLS_EMPTY_MAX, kinds[i]);
			shaking.turn.records = 0;
			assert_int_equal(open_all(&all), TLS_MORE);
			assert_true(shaking.turn.records >= TLS_EMPTY_MAX);
			assert_true(shaking.turn.out_size <= TLS_OUT_SPARE);
			/* one answer may do for several (RFC 8446 4.6.3) */
			if (kinds[i] == SSL_KEY_UPDATE_REQUESTED)
				assert_in_range(count_records(16), 1,
				    TLS_EMPTY_MAX);
			else
				assert_int_equal(count_records(16), 0);
			assert_true(shaking_say(&shaking, "data"));
			assert_true(shaking_hear(&shaking, "an answer"));
		}
		update_keys(TLS_EMPTY_MAX - 1, kinds[i]);
		assert_int_equal(open_all(&all), TLS_MORE);
		update_keys(1, kinds[i]);
		assert_int_equal(open_all(&all), TLS_MORE);
		update_keys(20, kinds[i]);
		assert_int_equal(open_all(&all), TLS_BAD);
		/* no more than one over the bound is looked at */
		assert_int_equal(tls_turn_input(&shaking.turn).size,
		    19 * (5 + 5 + 1 + 16));
		assert_int_equal(shaking_read(&shaking), SSL_ERROR_SSL);
		assert_int_equal(shaking_alert(), SSL_AD_UNEXPECTED_MESSAGE);
		assert_int_equal(open_all(&all), TLS_BAD);
		assert_int_equal(shaking.turn.out_size, 0);
		assert_int_equal(tls_seal(shaking.tls, &shaking.turn,
				     SPAN("x")),
		    -1);
	}
}

/* In 1.2, a client that wants another handshake is told that there is none. */
static void
test_renegotiation(void **state)
{
	size_t all;

	(void)state;
	connect_as(TLS1_2_VERSION, NULL);
	assert_int_equal(SSL_renegotiate(shaking.client), 1);
	SSL_do_handshake(shaking.client);
	shaking_receive_all(&shaking);
	assert_int_equal(open_all(&all), TLS_MORE);
	assert_true(shaking.turn.out_size > 0);
	shaking_read(&shaking);
	assert_int_equal(shaking_alert(), SSL_AD_NO_RENEGOTIATION);
}

/* What is done to a record, and the alert that comes of it. */
static const struct {
	size_t at; /* a byte of the record */
	char flipped;
	int alerts[2]; /* in 1.2, 1.3 */
} damages[] = {
	{ 20, 1, { SSL_AD_BAD_RECORD_MAC, SSL_AD_BAD_RECORD_MAC } },
	{ 5, 64, { SSL_AD_BAD_RECORD_MAC, SSL_AD_BAD_RECORD_MAC } },
	/* longer than any record: refused by its head alone */
	{ 3, 0x40 | 0x20, { SSL_AD_RECORD_OVERFLOW, SSL_AD_RECORD_OVERFLOW } },
	{ 1, 1, { SSL_AD_PROTOCOL_VERSION, SSL_AD_PROTOCOL_VERSION } },
	{ 0, 1, { SSL_AD_BAD_RECORD_MAC, SSL_AD_UNEXPECTED_MESSAGE } },
};

static void
test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(damages) * COUNT(versions); i++) {
		size_t row = i / COUNT(versions), version = i % COUNT(versions);
		char bytes[256];
		size_t size, all;

		connect_as(versions[version], NULL);
		SSL_write(shaking.client, "a request", 9);
		size = shaking_take(&shaking, bytes, sizeof(bytes));
		bytes[damages[row].at] = (char)(bytes[damages[row].at] ^
						damages[row].flipped);
		shaking_receive(&shaking, (struct span){ bytes, size });
		assert_int_equal(open_all(&all), TLS_BAD);
		assert_true(shaking.turn.out_size > 0);
		tls_end(shaking.tls, &shaking.turn);
		assert_int_equal(count_records(16), 1);
		assert_int_equal(shaking_read(&shaking), SSL_ERROR_SSL);
		if (shaking_alert() != damages[row].alerts[version])
			fail_msg("row %zu: %d", row, shaking_alert());
		assert_string_not_equal(tls_reason(shaking.tls),
		    "nothing is wrong");
	}
}

/* A client's alert ends it, too, and is not answered. */
static void
test_client_alerts(void **state)
{
	char fatal[] = { 21, 3, 3, 0, 2, 2, 40 };
	const struct shaking_client client = { .name = "localhost" };

	(void)state;
	shaking_begin(&shaking, &client, NULL);
	SSL_do_handshake(shaking.client);
	shaking_receive_all(&shaking);
	assert_int_equal(tls_shake(shaking.tls, &shaking.turn), TLS_MORE);
	shaking.turn.out_size = 0;
	shaking_receive(&shaking, (struct span){ fatal, sizeof(fatal) });
	assert_int_equal(tls_shake(shaking.tls, &shaking.turn), TLS_BAD);
	assert_int_equal(shaking.turn.out_size, 0);
}

/* A connection goes on when its keys have no other owner, and ends them. */
static void
test_outlived(void **state)
{
	struct shaking own;
	const struct shaking_client client = { .name = "a.localhost" };

	(void)state;
	shaking_open(&own, NULL);
	shaking_begin(&own, &client, NULL);
	tls_keys_release(own.keys);
	tls_material_free(own.material);
	own.keys = NULL;
	own.material = NULL;
	shaking_shake_well(&own, 100);
	assert_true(shaking_say(&own, "ping"));
	assert_true(shaking_hear(&own, "pong"));
	shaking_close(&own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_client_ends),
		cmocka_unit_test(test_server_ends),
		cmocka_unit_test(test_ends_early),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_renegotiation),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_client_alerts),
		cmocka_unit_test(test_outlived),
	};

	shaking_open(&shaking, NULL);

	int result = cmocka_run_group_tests_name("tls_data", tests, NULL, NULL);

	shaking_close(&shaking);
	return result;
}
