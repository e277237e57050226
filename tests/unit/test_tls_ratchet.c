/* Tests of tls/ratchet, against its definition by nettle's HKDF. */
#include "config.h"

#include "tls/ratchet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define SECRET_TEXT "a secret of more than 32 bytes, which several servers have"

/* The beginning of an epoch. */
#define EPOCH(e) (TLS_RATCHET_START + (e)*TLS_RATCHET_EPOCH)

static void
expand(const uint8_t secret[32], const char *info, size_t size, void *out)
{
	struct hmac_sha256_ctx hmac;

	hmac_sha256_set_key(&hmac, 32, secret);
	hkdf_expand(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
	    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
	    strlen(info), (const uint8_t *)info, size, out);
}

/* The secret of an epoch, from that of another one before. */
static void
step(uint8_t secret[32], int64_t epochs)
{
	for (int64_t e = 0; e < epochs; e++) {
		uint8_t next[32];

		expand(secret, "mtasync ticket next", sizeof(next), next);
		memcpy(secret, next, sizeof(next));
	}
}

static void
first_secret(uint8_t secret[32])
{
	struct hmac_sha256_ctx hmac;

	hmac_sha256_set_key(&hmac, strlen("mtasync tickets"),
	    (const uint8_t *)"mtasync tickets");
	hkdf_extract(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
	    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
	    strlen(SECRET_TEXT), (const uint8_t *)SECRET_TEXT, secret);
}

/* Asserts that the ratchet has the keys of `kept` epochs up to this one, whose
 * secret is that of epoch `since` and so many steps. */
static void
check(const struct tls_ratchet *ratchet, const uint8_t secret[32],
    int64_t since, int64_t epoch, unsigned kept)
{
	const struct tls_ticket_key none = { 0 };

	assert_int_equal(ratchet->epoch, epoch);
	assert_int_equal(ratchet->kept, kept);
	for (unsigned i = 0; i < TLS_RATCHET_KEPT; i++) {
		struct tls_ticket_key key = none;
		uint8_t own[32];

		memcpy(own, secret, sizeof(own));
		step(own, epoch - i - since);
		if (i == 0)
			assert_memory_equal(ratchet->secret, own, 32);
		if (i < kept)
			expand(own, "mtasync ticket keys", sizeof(key), &key);
		assert_memory_equal(&ratchet->keys[i], &key, sizeof(key));
	}
}

static const struct {
	int64_t now;
	int64_t epoch;
	unsigned kept;
} file_rows[] = {
	{ 0, 0, 1 },
	{ EPOCH(0) - 1, 0, 1 },
	{ EPOCH(0), 0, 1 },
	{ EPOCH(1) - 1, 0, 1 },
	{ EPOCH(1), 1, 2 },
	{ EPOCH(2), 2, 3 },
	{ EPOCH(3) + 1, 3, 3 },
	{ EPOCH(8000) + 7, 8000, 3 },
};

static void
test_file(void **state)
{
	uint8_t secret[32];

	(void)state;
	first_secret(secret);
	for (size_t i = 0; i < COUNT(file_rows); i++) {
		struct tls_ratchet ratchet;

		assert_int_equal(tls_ratchet_init(&ratchet, SPAN(SECRET_TEXT),
				     file_rows[i].now),
		    0);
		check(&ratchet, secret, 0, file_rows[i].epoch,
		    file_rows[i].kept);
		tls_ratchet_fini(&ratchet);
	}
}

/* Each turns on from the row before. */
static const struct {
	int64_t now;
	int64_t epoch;
	unsigned kept;
} turns[] = {
	{ EPOCH(100) + 10, 100, 1 },
	{ EPOCH(101) - 1, 100, 1 },
	{ EPOCH(101), 101, 2 },
	{ EPOCH(100), 101, 2 }, /* the clock went back */
	{ EPOCH(102), 102, 3 },
	{ EPOCH(103), 103, 3 },
	{ EPOCH(105), 105, 3 },
	{ EPOCH(108), 108, 3 },
	{ EPOCH(200), 200, 3 },
};

static void
test_turn(void **state)
{
	const uint8_t secret[32] = "by chance";
	struct tls_ratchet ratchet;

	(void)state;
	assert_int_equal(tls_ratchet_init_random(&ratchet, secret, EPOCH(100)),
	    0);
	for (size_t i = 0; i < COUNT(turns); i++) {
		assert_int_equal(tls_ratchet_turn(&ratchet, turns[i].now), 0);
		check(&ratchet, secret, 100, turns[i].epoch, turns[i].kept);
	}
	tls_ratchet_fini(&ratchet);
}

/* Two begin at different times, and have the same keys. */
static void
test_same(void **state)
{
	struct tls_ratchet early, late;

	(void)state;
	assert_int_equal(tls_ratchet_init(&early, SPAN(SECRET_TEXT), EPOCH(10)),
	    0);
	assert_int_equal(tls_ratchet_init(&late, SPAN(SECRET_TEXT), EPOCH(50)),
	    0);
	assert_int_equal(tls_ratchet_turn(&early, EPOCH(50)), 0);
	assert_memory_equal(&early, &late, sizeof(early));
	tls_ratchet_fini(&early);
	tls_ratchet_fini(&late);
}

static void
test_find(void **state)
{
	const uint8_t secret[32] = "by chance";
	unsigned char names[4][TLS_RATCHET_NAME];
	struct tls_ratchet ratchet;

	(void)state;
	assert_int_equal(tls_ratchet_init_random(&ratchet, secret, EPOCH(9)),
	    0);
	for (int i = 0; i < 4; i++) {
		tls_ratchet_turn(&ratchet, EPOCH(9 + i));
		memcpy(names[i], ratchet.keys[0].name, TLS_RATCHET_NAME);
	}
	assert_null(tls_ratchet_find(&ratchet, names[0]));
	for (int i = 1; i < 4; i++) {
		const struct tls_ticket_key *key = tls_ratchet_find(&ratchet,
		    names[i]);

		assert_ptr_equal(key, &ratchet.keys[3 - i]);
	}
	tls_ratchet_fini(&ratchet);
	for (size_t i = 0; i < sizeof(ratchet); i++)
		assert_int_equal(((const char *)&ratchet)[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("tls_ratchet", tests, NULL, NULL);
}
