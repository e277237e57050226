/* Tests of tls/tls, tls/hello and tls/protocol: handshakes. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

#include "base/clock.h"
#include "shaking.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct shaking shaking;

/* Shakes hands, says something both ways, and takes the ticket. */
static void
talk(const struct shaking_client *client, size_t piece)
{
	shaking_begin(&shaking, client, NULL);
	shaking_shake_well(&shaking, piece);
	assert_true(shaking_say(&shaking, "ping"));
	assert_true(shaking_hear(&shaking, "pong"));
}

/* Whether the connection is resumed, which both sides have to agree on. */
static bool
is_resumed(void)
{
	struct tls_facts facts;

	tls_tell(shaking.tls, &facts);
	assert_int_equal(facts.resumed, SSL_session_reused(shaking.client));
	return facts.resumed;
}

/* Split at every byte, and elsewhere; whole and resumed. */
static void
test_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 4, 5, 6, 7, 64, 300,
		SHAKING_WHOLE };

	(void)state;
	for (size_t i = 0; i < COUNT(versions) * COUNT(pieces); i++) {
		size_t piece = pieces[i / COUNT(versions)];
		int version = versions[i % COUNT(versions)];
		struct shaking_client client = { .name = "localhost",
			.version = version,
			.verify = true };

		talk(&client, piece);
		assert_int_equal(SSL_version(shaking.client), version);
		assert_false(is_resumed());
		client.session = shaking.session;
		talk(&client, piece);
		assert_true(is_resumed());
	}
}

/* Several at a time over one BIO: each is another step on. */
static void
test_interleaved(void **state)
{
	struct shaking others[6];
	enum tls_result results[COUNT(others)];
	bool going = true;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		const struct shaking_client client = { .name = "localhost",
			.version = versions[i % 2] };

		others[i] = shaking;
		others[i].tls = NULL;
		others[i].client = NULL;
		assert_int_equal(tls_turn_open(&others[i].turn), 0);
		shaking_begin(&others[i], &client, NULL);
		for (size_t j = 0; j < i; j++)
			shaking_round(&others[i], 100, &results[i]);
	}
	while (going) {
		going = false;
		for (size_t i = 0; i < COUNT(others); i++)
			going |= shaking_round(&others[i], 100, &results[i]);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(results[i], TLS_DONE);
		assert_true(shaking_say(&others[i], "ping"));
		assert_true(shaking_hear(&others[i], "pong"));
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		SSL_free(others[i].client);
		tls_free(others[i].tls);
		tls_turn_close(&others[i].turn);
	}
}

/* The application protocols that a client offers, and the one that it gets; or
 * the alert. */
static const struct {
	const char *offered;
	const char *taken;
	int alert;
} protocols[] = {
	{ NULL, "", -1 },
	{ "\x08http/1.1", "http/1.1", -1 },
	{ "\x02h2\x08http/1.1", "http/1.1", -1 },
	{ "\x02h2", NULL, SSL_AD_NO_APPLICATION_PROTOCOL },
	{ "\x08http/1.0", NULL, SSL_AD_NO_APPLICATION_PROTOCOL },
};

static void
test_alpn(void **state)
{
	const unsigned char *taken;
	unsigned size;

	(void)state;
	for (size_t i = 0; i < COUNT(protocols) * COUNT(versions); i++) {
		size_t row = i / COUNT(versions);
		const struct shaking_client client = {
			.version = versions[i % COUNT(versions)],
			.alpn = protocols[row].offered,
		};

		shaking_begin(&shaking, &client, NULL);
		if (protocols[row].taken == NULL) {
			assert_int_equal(shaking_shake(&shaking, SHAKING_WHOLE),
			    TLS_BAD);
			SSL_do_handshake(shaking.client);
			assert_int_equal(shaking_alert(), protocols[row].alert);
			continue;
		}
		shaking_shake_well(&shaking, SHAKING_WHOLE);
		SSL_get0_alpn_selected(shaking.client, &taken, &size);
		assert_int_equal(size, strlen(protocols[row].taken));
		assert_memory_equal(taken, protocols[row].taken, size);
	}
}

/* Clients that can't be served: by their versions, or ciphers. */
static const struct {
	int from, to;
	const char *ciphers;
	int alert;
} strangers[] = {
	{ TLS1_VERSION, TLS1_VERSION, NULL, SSL_AD_PROTOCOL_VERSION },
	{ TLS1_1_VERSION, TLS1_1_VERSION, NULL, SSL_AD_PROTOCOL_VERSION },
	{ TLS1_VERSION, TLS1_1_VERSION, NULL, SSL_AD_PROTOCOL_VERSION },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256",
	    SSL_AD_HANDSHAKE_FAILURE },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256",
	    SSL_AD_HANDSHAKE_FAILURE },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256",
	    SSL_AD_HANDSHAKE_FAILURE },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256",
	    SSL_AD_HANDSHAKE_FAILURE },
};

static void
test_strangers(void **state)
{
	const struct shaking_client client = { .name = "localhost" };

	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++) {
		shaking_begin(&shaking, &client, NULL);
		SSL_set_security_level(shaking.client, 0);
		SSL_set_min_proto_version(shaking.client, strangers[i].from);
		SSL_set_max_proto_version(shaking.client, strangers[i].to);
		if (strangers[i].ciphers != NULL)
			assert_int_equal(SSL_set_cipher_list(shaking.client,
					     strangers[i].ciphers),
			    1);
		assert_int_equal(shaking_shake(&shaking, 1), TLS_BAD);
		ERR_clear_error();
		SSL_do_handshake(shaking.client);
		assert_int_equal(shaking_alert(), strangers[i].alert);
		/* and it stays so */
		assert_int_equal(tls_shake(shaking.tls, &shaking.turn),
		    TLS_BAD);
		tls_end(shaking.tls, &shaking.turn);
		assert_int_equal(shaking.turn.out_size, 0);
	}
}

/* The groups that a client has; of the others, it sends no share at first. */
static void
test_groups(void **state)
{
	static const char *const groups[] = { "X25519", "P-256", "P-384",
		"P-521:P-384", "X448:P-256", "P-521:X448:X25519" };

	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++) {
		const struct shaking_client client = {
			.name = "sleep-1s.localhost",
			.groups = groups[i],
		};

		talk(&client, 7);
		/* once, though 1.3 may have had two ClientHellos */
		assert_int_equal(shaking.slept, 1);
	}
}

/* What the words of a name, or of an address, come to: the last result; the
 * sleeps before it; the version; what the client thinks of the certificate. */
static const struct {
	const char *name;
	enum tls_result result;
	unsigned slept;
	int version;
	long verified;
} words[] = {
	{ "localhost", TLS_DONE, 0, TLS1_3_VERSION, X509_V_OK },
	{ "sleep-250ms.localhost", TLS_DONE, 1, TLS1_3_VERSION, X509_V_OK },
	{ "SLEEP-250MS.LocalHost", TLS_DONE, 1, TLS1_3_VERSION, X509_V_OK },
	{ "sleep-2h.localhost", TLS_DONE, 0, TLS1_3_VERSION, X509_V_OK },
	{ "stall.localhost", TLS_STALL, 0, 0, 0 },
	{ "reset.localhost", TLS_RESET, 0, 0, 0 },
	{ "close.localhost", TLS_CLOSE, 0, 0, 0 },
	{ "sleep-1s.reset.localhost", TLS_RESET, 1, 0, 0 },
	{ "tls12.localhost", TLS_DONE, 0, TLS1_2_VERSION, X509_V_OK },
	{ "expired.localhost", TLS_DONE, 0, TLS1_3_VERSION,
	    X509_V_ERR_CERT_HAS_EXPIRED },
	{ "not-yet.localhost", TLS_DONE, 0, TLS1_3_VERSION,
	    X509_V_ERR_CERT_NOT_YET_VALID },
	{ "wrong-name.localhost", TLS_DONE, 0, TLS1_3_VERSION,
	    X509_V_ERR_HOSTNAME_MISMATCH },
	{ "self-signed.localhost", TLS_DONE, 0, TLS1_3_VERSION,
	    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
	{ "unknown-ca.localhost", TLS_DONE, 0, TLS1_3_VERSION,
	    X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE },
	{ "no-words.localhost", TLS_DONE, 0, TLS1_3_VERSION, X509_V_OK },
	{ "tls12.sleep-1s.localhost", TLS_DONE, 1, TLS1_2_VERSION, X509_V_OK },
	{ "www.localhost", TLS_DONE, 0, TLS1_3_VERSION, X509_V_OK },
	{ "tls12.expired.www.localhost", TLS_DONE, 0, TLS1_2_VERSION,
	    X509_V_ERR_CERT_HAS_EXPIRED },
};

/* Goes on whatever is wrong, of which the last thing is kept. */
static int
on_verify(int good, X509_STORE_CTX *context)
{
	(void)good;
	(void)context;
	return 1;
}

static void
test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		const struct shaking_client client = { .name = words[i].name,
			.verify = true };
		enum tls_result result;

		shaking_begin(&shaking, &client, NULL);
		SSL_set_verify(shaking.client, SSL_VERIFY_PEER, on_verify);
		result = shaking_shake(&shaking, SHAKING_WHOLE);
		if (result != words[i].result ||
		    shaking.slept != words[i].slept)
			fail_msg("%s: %d, slept %u", words[i].name, result,
			    shaking.slept);
		assert_int_equal(shaking.turn.out_size, 0);
		if (result != TLS_DONE)
			continue;
		if (SSL_version(shaking.client) != words[i].version ||
		    SSL_get_verify_result(shaking.client) != words[i].verified)
			fail_msg("%s: %x, %ld", words[i].name,
			    (unsigned)SSL_version(shaking.client),
			    SSL_get_verify_result(shaking.client));
	}
}

/* An alert comes in clear, is said to be bad, and ends the connection. */
static void
test_alert_word(void **state)
{
	static const int alerts[] = { 0, 40, 80, 90, 112, 255 };
	char name[32];

	(void)state;
	for (size_t i = 0; i < COUNT(alerts); i++) {
		const struct shaking_client client = { .name = name };
		char bytes[4096];
		size_t size;

		snprintf(name, sizeof(name), "alert-%d.localhost", alerts[i]);
		shaking_begin(&shaking, &client, NULL);
		SSL_do_handshake(shaking.client);
		size = shaking_take(&shaking, bytes, sizeof(bytes));
		shaking_receive(&shaking, (struct span){ bytes, size });
		assert_int_equal(tls_shake(shaking.tls, &shaking.turn),
		    TLS_BAD);
		assert_true(shaking_has_alert(&shaking, alerts[i]));
		assert_int_equal(shaking.turn.out[5],
		    alerts[i] == 0 || alerts[i] == 90 ? 1 : 2);
	}
}

/* The words of an address are for all; those of a name, upon them. */
static void
test_address(void **state)
{
	const struct tls_act act = { .sleep = CLOCK_S, .tls12 = true };
	const struct shaking_client none = { .name = NULL };
	const struct shaking_client named = { .name = "sleep-2s.localhost" };

	(void)state;
	shaking_begin(&shaking, &none, &act);
	shaking_shake_well(&shaking, 1);
	assert_int_equal(shaking.slept, 1);
	assert_int_equal(SSL_version(shaking.client), TLS1_2_VERSION);
	assert_int_equal(tls_act(shaking.tls)->sleep, CLOCK_S);
	shaking_begin(&shaking, &named, &act);
	shaking_shake_well(&shaking, 1);
	assert_int_equal(shaking.slept, 1);
	assert_int_equal(SSL_version(shaking.client), TLS1_2_VERSION);
	assert_int_equal(tls_act(shaking.tls)->sleep, 2 * CLOCK_S);
}

/* The same name is shown what each address has it. */
static void
test_shown_by_address(void **state)
{
	const struct shaking_client client = { .name = "a.localhost",
		.verify = true };
	const struct tls_act expired = { .shown = TLS_SHOWN_EXPIRED };

	(void)state;
	for (int i = 0; i < 4; i++) {
		shaking_begin(&shaking, &client, i % 2 == 0 ? NULL : &expired);
		assert_int_equal(shaking_shake(&shaking, SHAKING_WHOLE),
		    i % 2 == 0 ? TLS_DONE : TLS_BAD);
		assert_int_equal(SSL_get_verify_result(shaking.client),
		    i % 2 == 0 ? X509_V_OK : X509_V_ERR_CERT_HAS_EXPIRED);
	}
}

static void
test_facts(void **state)
{
	const struct shaking_client client = { .name = "WWW.localhost" };
	const struct shaking_client nameless = { .version = TLS1_2_VERSION };
	struct tls_facts facts;

	(void)state;
	talk(&client, SHAKING_WHOLE);
	tls_tell(shaking.tls, &facts);
	assert_string_equal(facts.protocol, "TLSv1.3");
	assert_string_equal(facts.cipher, "TLS_AES_128_GCM_SHA256");
	assert_string_equal(facts.name, "WWW.localhost");
	assert_false(facts.resumed);
	talk(&nameless, SHAKING_WHOLE);
	tls_tell(shaking.tls, &facts);
	assert_string_equal(facts.protocol, "TLSv1.2");
	assert_string_equal(facts.cipher,
	    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	assert_null(facts.name);
}

/* A signature is due once there is a record, also after a sleep; and no more when
 * the ServerHello is out. */
static void
test_signs(void **state)
{
	const struct shaking_client client = { .name = "sleep-1s.localhost" };
	char bytes[4096];
	size_t size;

	(void)state;
	shaking_begin(&shaking, &client, NULL);
	assert_false(tls_signs_next(shaking.tls, &shaking.turn));
	SSL_do_handshake(shaking.client);
	size = shaking_take(&shaking, bytes, sizeof(bytes));
	shaking_receive(&shaking, (struct span){ bytes, 4 });
	assert_false(tls_signs_next(shaking.tls, &shaking.turn));
	shaking_receive(&shaking, (struct span){ bytes + 4, size - 4 });
	assert_true(tls_signs_next(shaking.tls, &shaking.turn));
	assert_int_equal(tls_shake(shaking.tls, &shaking.turn), TLS_SLEEP);
	assert_int_equal(shaking.turn.out_size, 0);
	assert_true(tls_signs_next(shaking.tls, &shaking.turn));
	assert_int_equal(tls_shake(shaking.tls, &shaking.turn), TLS_MORE);
	assert_true(shaking.turn.out_size > 0);
	assert_true(shaking.turn.out_size < TLS_OUT_FLIGHT);
	assert_false(tls_signs_next(shaking.tls, &shaking.turn));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_alert_word),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_shown_by_address),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_signs),
	};

	shaking_open(&shaking, NULL);

	int result = cmocka_run_group_tests_name("tls_shake", tests, NULL,
	    NULL);

	shaking_close(&shaking);
	return result;
}
