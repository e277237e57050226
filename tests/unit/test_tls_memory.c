/* Tests of what becomes of connections where memory is short in OpenSSL: each
 * allocation fails once, and costs one connection at most. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>

#include <cmocka.h>

#include "shaking.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Fails at the allocation at which this comes to 0; negative: at none. */
static long countdown = -1;
static bool armed;

static bool
is_short(void)
{
	return armed && countdown >= 0 && countdown-- == 0;
}

static void *
on_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_short() ? NULL : malloc(size);
}

static void *
on_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_short() ? NULL : realloc(old, size);
}

static void
on_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

static struct shaking shaking;

/* The server's part of a handshake and of one request, with memory as short as it
 * is to be. Returns the last result. */
static enum tls_result
serve_shaking(void)
{
	enum tls_result result = TLS_MORE;

	while (result == TLS_MORE) {
		size_t before = tls_turn_input(&shaking.turn).size;

		ERR_clear_error();
		SSL_do_handshake(shaking.client);
		shaking_receive_all(&shaking);
		if (tls_turn_input(&shaking.turn).size == before)
			break;
		armed = true;
		while ((result = tls_shake(shaking.tls, &shaking.turn)) ==
		       TLS_SLEEP)
			continue;
		armed = false;
		shaking_send(&shaking);
	}
	return result;
}

static enum tls_result
serve_request(void)
{
	char plain[64];
	size_t size;
	enum tls_result result;

	if (SSL_do_handshake(shaking.client) != 1)
		return TLS_BAD;
	SSL_write(shaking.client, "a request", 9);
	shaking_receive_all(&shaking);
	armed = true;
	while ((result = tls_open(shaking.tls, &shaking.turn, plain,
		    sizeof(plain), &size)) == TLS_DONE)
		if (tls_seal(shaking.tls, &shaking.turn,
			(struct span){ plain, size }) == -1)
			continue; /* so the next one is TLS_BAD */
	tls_end(shaking.tls, &shaking.turn);
	armed = false;
	shaking_send(&shaking);
	return result;
}

/* Serves a client; `nth` allocation fails. Returns the last result. */
static enum tls_result
serve(const struct shaking_client *client, long nth)
{
	const struct tls_act none = { 0 };
	enum tls_result result = TLS_BAD;

	shaking_begin(&shaking, client, NULL);
	tls_free(shaking.tls);
	countdown = nth;
	armed = true;
	shaking.tls = tls_new(shaking.keys, &none);
	armed = false;
	if (shaking.tls != NULL)
		result = serve_shaking();
	if (result == TLS_DONE)
		result = serve_request();
	return result;
}

/* Has each allocation fail in turn, or one of `step` of them, until there is none
 * more. Between them, everybody is served. */
static void
check_client(const struct shaking_client *client, long step)
{
	long nth = 0, bad = 0;

	for (;; nth += step) {
		enum tls_result result = serve(client, nth);

		assert_true(result == TLS_MORE || result == TLS_BAD);
		bad += result == TLS_BAD;
		if (countdown >= 0)
			break;
		countdown = -1;
		if (nth % 16 == 0)
			assert_int_equal(serve(client, -1), TLS_MORE);
	}
	assert_int_equal(serve(client, -1), TLS_MORE);
	assert_true(nth > 200);
	assert_true(bad > 100 / step);
}

static const struct shaking_client clients[] = {
	{ .name = "localhost" },
	{ .name = "localhost", .version = TLS1_2_VERSION },
	{ .name = "tls12.sleep-1s.expired.localhost" },
	{ .name = "a.localhost",
	    .groups = "P-521:X25519",
	    .alpn = "\x08http/1.1" },
};

static void
test_handshakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(clients); i++)
		check_client(&clients[i], i == 0 ? 1 : 11);
}

static void
test_resumed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shaking_client client = { .name = "localhost",
			.version = i == 0 ? TLS1_2_VERSION : 0 };

		assert_int_equal(serve(&client, -1), TLS_MORE);
		shaking_read(&shaking);
		client.session = SSL_SESSION_dup(shaking.session);
		assert_non_null(client.session);
		assert_int_equal(serve(&client, -1), TLS_MORE);
		assert_int_equal(SSL_session_reused(shaking.client), 1);
		check_client(&client, 11);
		SSL_SESSION_free(client.session);
	}
}

/* So it is with keys: they are made, or not, and what is said is said. */
static void
test_keys(void **state)
{
	bool made = false;

	(void)state;
	for (long nth = 0; !made; nth += nth < 50 ? 1 : 211) {
		struct text fault = { 0 };
		struct tls_keys *keys;

		countdown = nth;
		armed = true;
		keys = tls_keys_new(shaking.library, shaking.material, &fault);
		armed = false;
		made = countdown >= 0;
		countdown = -1;
		assert_true(keys != NULL || fault.size > 0);
		assert_true(!made || keys != NULL);
		tls_keys_release(keys);
		text_fini(&fault);
	}
}

static void
test_material(void **state)
{
	const struct tls_config config = { .words = true };
	bool made = false;

	(void)state;
	for (long nth = 0; !made; nth += nth < 50 ? 1 : 211) {
		struct text fault = { 0 };
		struct tls_material *material;

		countdown = nth;
		armed = true;
		material = tls_material_read(&config, NULL, 1800000000, &fault);
		armed = false;
		made = countdown >= 0;
		countdown = -1;
		assert_true(material != NULL || fault.size > 0);
		assert_true(!made || material != NULL);
		tls_material_free(material);
		text_fini(&fault);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_material),
	};

	if (CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free) != 1)
		return 1;
	shaking_open(&shaking, NULL);

	int result = cmocka_run_group_tests_name("tls_memory", tests, NULL,
	    NULL);

	shaking_close(&shaking);
	return result;
}
