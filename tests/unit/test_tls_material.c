/* Tests of tls/material, tls/own and tls/keys: what is read, and what is shown. */
#include "config.h"

#include "tls/material.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include <cmocka.h>

#include "certifying.h"
#include "shaking.h"
#include "tls/inside.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What there is to read. */
static const struct certifying made[] = {
	{ "ec.pem", NULL, 0, "DNS:a.example,DNS:*.a.example", "x", 90, 0 },
	{ "ec.crt", "ec.key", 0, "DNS:b.example", "x", 90, 0 },
	{ "rsa.pem", NULL, 2048, "DNS:*.A.example,DNS:a.example", "x", 90, 0 },
	{ "rsa-b.pem", NULL, 2048, "DNS:b.example,DNS:c.example", "x", 90, 0 },
	{ "weak.pem", NULL, 1024, "DNS:weak.example", "x", 90, 0 },
	{ "common.pem", NULL, 0, NULL, "common.example", 90, 0 },
	{ "nameless.pem", NULL, 0, "IP:127.0.0.1", "no name", 90, 0 },
	{ "soon.pem", NULL, 0, "DNS:soon.example", "x", 13, 0 },
	{ "later.pem", NULL, 0, "DNS:later.example", "x", 15, 0 },
	{ "ended.pem", NULL, 0, "DNS:ended.example", "x", -1, 0 },
	{ "large.pem", NULL, 0, "DNS:large.example", "x", 90, 30000 },
	{ "word.pem", NULL, 0, "DNS:stall.example,DNS:example", "x", 90, 0 },
};

static void
write_text(const char *file, const char *text)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static int
make_files(void **state)
{
	(void)state;
	tree_enter();
	for (size_t i = 0; i < COUNT(made); i++)
		certifying_write(&made[i]);
	write_text("empty.pem", "");
	write_text("text.pem", "no certificate\n");
	write_text("broken.pem",
	    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	write_text("half.pem", "");
	certifying_append("half.pem", "ec.pem");
	certifying_append("half.pem", "broken.pem");
	write_text("chain.pem", "");
	certifying_append("chain.pem", "ec.pem");
	certifying_append("chain.pem", "ec.crt");
	write_text("short.secret", "0123456789012345678901234567890");
	write_text("a.secret", "01234567890123456789012345678901");
	write_text("b.secret", "01234567890123456789012345678902");
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

/* Of this, nothing is made, and what is said has all of these parts. */
static const struct {
	struct tls_files files;
	const char *secret;
	const char *said[3];
} faulty[] = {
	{ { "none.pem", NULL }, NULL, { "none.pem: No such file" } },
	{ { "directory", NULL }, NULL, { "directory: it is no regular file" } },
	{ { "fifo", NULL }, NULL, { "fifo: it is no regular file" } },
	{ { "empty.pem", NULL }, NULL, { "empty.pem: ", "no certificate" } },
	{ { "text.pem", NULL }, NULL, { "text.pem: ", "no certificate" } },
	{ { "broken.pem", NULL }, NULL, { "broken.pem: ", "no certificate" } },
	{ { "half.pem", NULL }, NULL, { "half.pem: ", "no certificate" } },
	{ { "ec.crt", NULL }, NULL, { "ec.crt: ", "no key" } },
	{ { "ec.crt", "none.key" }, NULL, { "none.key: No such file" } },
	{ { "ec.crt", "text.pem" }, NULL, { "ec.crt", "text.pem", "no key" } },
	{ { "ec.crt", "ec.pem" }, NULL,
	    { "ec.crt", "ec.pem", "not that of the first certificate" } },
	{ { "ec.crt", "rsa.pem" }, NULL,
	    { "ec.crt", "rsa.pem", "not that of the first certificate" } },
	{ { "weak.pem", NULL }, NULL, { "weak.pem: ", "key too small" } },
	{ { "large.pem", NULL }, NULL, { "large.pem: ", "24 KiB" } },
	{ { "ec.pem", NULL }, "none.secret", { "none.secret: No such file" } },
	{ { "ec.pem", NULL }, "short.secret", { "short.secret: ", "32" } },
	{ { "ec.pem", NULL }, "directory", { "directory: it is no regular" } },
};

static void
test_faulty(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faulty); i++) {
		const struct tls_config config = { .files = &faulty[i].files,
			.count = 1,
			.ticket_secret = faulty[i].secret,
			.words = i % 2 == 0 };
		struct text fault = { 0 };

		assert_null(
		    tls_material_read(&config, NULL, time(NULL), &fault));
		for (int j = 0; j < 3 && faulty[i].said[j] != NULL; j++)
			if (strstr(fault.data, faulty[i].said[j]) == NULL)
				fail_msg("row %zu: %s", i, fault.data);
		assert_null(strchr(fault.data, '\n'));
		text_fini(&fault);
	}
}

/* Of this, something is noted, or nothing. */
static const struct {
	struct tls_files files[2];
	bool grave;
	const char *said; /* NULL: nothing */
} noted[] = {
	{ { { "ec.pem", NULL } }, false, NULL },
	{ { { "later.pem", NULL } }, false, NULL },
	{ { { "chain.pem", NULL } }, false, NULL },
	{ { { "soon.pem", NULL } }, false,
	    "soon.pem: the certificate of soon.example ends on 20" },
	{ { { "ended.pem", NULL } }, true,
	    "ended.pem: the certificate of ended.example has ended on 20" },
	{ { { "rsa.pem", NULL } }, false,
	    "rsa.pem: the certificate of *.a.example has an RSA key" },
	{ { { "rsa.pem", NULL }, { "ec.pem", NULL } }, false, NULL },
	{ { { "ec.pem", NULL }, { "rsa.pem", NULL } }, false, NULL },
	{ { { "ec.crt", "ec.key" }, { "rsa-b.pem", NULL } }, false,
	    "rsa-b.pem: the certificate of b.example has an RSA key" },
};

static void
test_noted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(noted); i++) {
		const struct tls_config config = { .files = noted[i].files,
			.count = noted[i].files[1].certificate == NULL ? 1
								       : 2 };
		struct text fault = { 0 };
		struct tls_material *material = tls_material_read(&config, NULL,
		    time(NULL), &fault);
		const struct tls_notice *notices;
		size_t count;

		if (material == NULL)
			fail_msg("row %zu: %s", i, fault.data);
		notices = tls_material_notices(material, &count);
		assert_int_equal(count, noted[i].said == NULL ? 0 : 1);
		for (size_t j = 0; j < count; j++)
			if (notices[j].grave != noted[i].grave ||
			    strncmp(notices[j].text, noted[i].said,
				strlen(noted[i].said)) != 0)
				fail_msg("row %zu: %s", i, notices[j].text);
		tls_material_free(material);
		text_fini(&fault);
	}
}

/* An hour after the other, or many: it is noted what has come to be so, once; and the
 * secret of tickets is that of the hour. */
static void
test_turned(void **state)
{
	static const struct {
		int days; /* from the end on */
		bool fresh, grave;
		const char *said; /* NULL: nothing */
	} rows[] = {
		{ -15, false, false, NULL },
		{ -13, true, false, " ends on 20" },
		{ -12, false, false, " ends on 20" },
		{ 1, true, true, " has ended on 20" },
		{ 2, false, true, " has ended on 20" },
	};
	const struct tls_files files = { "ec.pem", NULL };
	const struct tls_config config = { .files = &files, .count = 1 };
	struct text fault = { 0 };
	struct tls_material *material = tls_material_read(&config, NULL,
	    time(NULL), &fault);
	size_t count;
	time_t end;

	(void)state;
	assert_non_null(material);
	end = tls_material_certificates(material, &count)->ends;
	for (size_t i = 0; i < COUNT(rows); i++) {
		time_t now = end + (time_t)rows[i].days * 24 * 3600;
		const struct tls_notice *notices;

		assert_int_equal(tls_material_turn(material, now), 0);
		assert_int_equal(material->ratchet.epoch,
		    (now - TLS_RATCHET_START) / TLS_RATCHET_EPOCH);
		notices = tls_material_notices(material, &count);
		assert_int_equal(count, rows[i].said == NULL ? 0 : 1);
		if (rows[i].said == NULL)
			continue;
		assert_non_null(strstr(notices[0].text, rows[i].said));
		assert_int_equal(notices[0].fresh, rows[i].fresh);
		assert_int_equal(notices[0].grave, rows[i].grave);
	}
	tls_material_free(material);
}

/* Of our own, nothing is to be said, whatever the time. */
static void
test_own_turned(void **state)
{
	const struct tls_config config = { .words = true };
	struct text fault = { 0 };
	struct tls_material *material = tls_material_read(&config, NULL,
	    time(NULL), &fault);
	size_t count;

	(void)state;
	assert_non_null(material);
	assert_int_equal(tls_material_turn(material,
			     time(NULL) + (time_t)3 * 24 * 3600),
	    0);
	(void)tls_material_notices(material, &count);
	assert_int_equal(count, 0);
	tls_material_free(material);
}

/* One that begins later is refused by clients, too. */
static void
test_not_begun(void **state)
{
	const struct tls_files files = { "ec.pem", NULL };
	const struct tls_config config = { .files = &files, .count = 1 };
	struct text fault = { 0 };
	struct tls_material *material = tls_material_read(&config, NULL,
	    time(NULL) - (time_t)10 * 24 * 3600, &fault);
	size_t count;

	(void)state;
	assert_non_null(material);
	assert_true(tls_material_notices(material, &count)[0].grave);
	assert_int_equal(count, 1);
	tls_material_free(material);
}

/* What a log and metrics tell of them. */
static void
test_told(void **state)
{
	const struct tls_files files[] = { { "rsa.pem", NULL },
		{ "ec.crt", "ec.key" }, { "nameless.pem", NULL } };
	const struct tls_config config = { .files = files, .count = 3 };
	struct text fault = { 0 };
	struct tls_material *material = tls_material_read(&config, NULL,
	    time(NULL), &fault);
	const struct tls_certificate *told;
	size_t count;

	(void)state;
	assert_non_null(material);
	told = tls_material_certificates(material, &count);
	assert_int_equal(count, 3);
	assert_string_equal(told[0].file, "rsa.pem");
	assert_string_equal(told[0].name, "*.a.example");
	assert_string_equal(told[0].kind, "RSA");
	assert_string_equal(told[1].name, "b.example");
	assert_string_equal(told[1].kind, "EC");
	assert_string_equal(told[2].name, "");
	for (size_t i = 0; i < count; i++) {
		assert_in_range(told[i].ends - time(NULL),
		    (long)90 * 24 * 3600 - 60, (long)90 * 24 * 3600 + 60);
		assert_in_range(time(NULL) - told[i].begins,
		    (long)2 * 24 * 3600 - 60, (long)2 * 24 * 3600 + 60);
	}
	tls_material_free(material);
}

/* The first of these certificates is the default. */
static const struct tls_files shown_files[] = {
	{ "ec.crt", "ec.key" },
	{ "rsa.pem", NULL },
	{ "ec.pem", NULL },
	{ "common.pem", NULL },
	{ "rsa-b.pem", NULL },
	{ "word.pem", NULL },
};

/* Which is shown to whom: a name, and whether the client takes RSA alone; the
 * file of what is shown. */
static const struct {
	const char *name;
	bool rsa;
	const char *file;
} shown[] = {
	{ NULL, false, "ec.crt" },
	{ "b.example", false, "ec.crt" },
	{ "B.EXAMPLE", false, "ec.crt" },
	{ "other.example", false, "ec.crt" },
	{ "a.example", false, "ec.pem" },
	{ "a.example", true, "rsa.pem" },
	{ "www.a.example", false, "ec.pem" },
	{ "www.a.example", true, "rsa.pem" },
	{ "www.www.a.example", false, "ec.crt" },
	{ "common.example", false, "common.pem" },
	{ "c.example", true, "rsa-b.pem" },
	{ "tls12.a.example", false, "ec.pem" },
	{ "sleep-1s.a.example", true, "rsa.pem" },
	{ "sleep-1s.tls12.a.example", false, "ec.pem" },
	{ "records-1.common.example", false, "common.pem" },
	/* a name of ours is no word */
	{ "stall.example", false, "word.pem" },
};

/* Asserts that the client was shown the first certificate of a file. */
static void
check_shown(const struct shaking *s, const char *file)
{
	FILE *stream = fopen(file, "r");
	X509 *expected, *got = SSL_get1_peer_certificate(s->client);

	assert_non_null(stream);
	expected = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_true(expected != NULL && got != NULL);
	assert_int_equal(X509_cmp(expected, got), 0);
	X509_free(expected);
	X509_free(got);
}

static void
test_shown(void **state)
{
	const struct tls_config config = { .files = shown_files,
		.count = COUNT(shown_files),
		.words = true,
		.max_sleep = SHAKING_MAX_SLEEP };
	struct shaking s;

	(void)state;
	shaking_open(&s, &config);
	for (size_t i = 0; i < COUNT(shown) * 2; i++) {
		const struct shaking_client client = {
			.name = shown[i / 2].name,
			.version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
		};

		shaking_begin(&s, &client, NULL);
		if (shown[i / 2].rsa) {
			SSL_set1_sigalgs_list(s.client,
			    "RSA-PSS+SHA256:RSA+SHA256");
			SSL_set_cipher_list(s.client, "aRSA");
		}
		shaking_shake_well(&s, SHAKING_WHOLE);
		check_shown(&s, shown[i / 2].file);
	}
	shaking_close(&s);
}

/* Faults have the names of the operator's certificates, so that they have no
 * other fault; --no-sleep has none, and no word. */
static void
test_faults(void **state)
{
	struct tls_config config = { .files = shown_files,
		.count = COUNT(shown_files),
		.words = true };
	const struct shaking_client client = { .name = "expired.a.example",
		.verify = true };
	const struct shaking_client careless = { .name = "stall.a.example" };
	struct shaking s;

	(void)state;
	shaking_open(&s, &config);
	shaking_begin(&s, &client, NULL);
	assert_int_equal(shaking_shake(&s, SHAKING_WHOLE), TLS_BAD);
	assert_int_equal(SSL_get_verify_result(s.client),
	    X509_V_ERR_CERT_HAS_EXPIRED);
	assert_string_equal(tls_reason(s.tls),
	    "sslv3 alert certificate expired");
	shaking_close(&s);
	config.words = false;
	shaking_open(&s, &config);
	assert_null(s.material->own.ca);
	shaking_begin(&s, &careless, NULL);
	shaking_shake_well(&s, SHAKING_WHOLE);
	check_shown(&s, "ec.pem");
	errno = 0;
	assert_int_equal(tls_material_write_ca(s.material, "ca.pem"), -1);
	assert_int_equal(errno, ENOENT);
	shaking_close(&s);
}

/* A chain is shown whole. */
static void
test_chain(void **state)
{
	const struct tls_files files = { "chain.pem", NULL };
	const struct tls_config config = { .files = &files, .count = 1 };
	const struct shaking_client client = { .name = NULL };
	struct shaking s;

	(void)state;
	shaking_open(&s, &config);
	shaking_begin(&s, &client, NULL);
	shaking_shake_well(&s, SHAKING_WHOLE);
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(s.client)), 2);
	shaking_close(&s);
}

/* Our own: for a day, by the CA that is written, for whatever name is asked for;
 * and a reload keeps the CA. */
static void
test_own(void **state)
{
	static const char *const names[] = { "localhost", "www.localhost",
		"tls12.records-1.localhost", "another.example" };
	const struct tls_config config = { .words = false };
	struct text fault = { 0 };
	struct tls_material *after;
	const struct tls_certificate *told;
	struct shaking s;
	size_t count;

	(void)state;
	shaking_open(&s, &config);
	for (size_t i = 0; i < COUNT(names) * 2; i++) {
		const struct shaking_client client = { .name = names[i / 2],
			.verify = true };

		shaking_begin(&s, &client, NULL);
		shaking_shake_well(&s, SHAKING_WHOLE);
	}
	told = tls_material_certificates(s.material, &count);
	assert_int_equal(count, 1);
	assert_string_equal(told->file, "own");
	assert_string_equal(told->name, "localhost");
	assert_in_range(told->ends - time(NULL), 24 * 3600 - 60, 24 * 3600);
	tls_material_notices(s.material, &count);
	assert_int_equal(count, 0);
	assert_int_equal(tls_material_write_ca(s.material, "ca.pem"), 0);
	after = tls_material_read(&config, s.material, time(NULL), &fault);
	assert_non_null(after);
	assert_string_equal(after->own.ca, s.material->own.ca);
	assert_string_not_equal(after->own.certificates[0],
	    s.material->own.certificates[0]);
	assert_int_equal(tls_material_write_ca(after, "ca.pem"), 0);
	assert_int_equal(tls_material_write_ca(after, "directory"), -1);
	assert_int_equal(errno, EISDIR);
	tls_material_free(after);
	shaking_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faulty),
		cmocka_unit_test(test_noted),
		cmocka_unit_test(test_turned),
		cmocka_unit_test(test_own_turned),
		cmocka_unit_test(test_not_begun),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests_name("tls_material", tests, make_files,
	    remove_files);
}
