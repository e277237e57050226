/* Tests of tls/tickets, and of whom they are good for. The clock is set. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_clock.h"
#include "shaking.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Has a connection, which says something; whether it was resumed. */
static bool
connect_as(struct shaking *s, const char *name, int version,
    SSL_SESSION *session)
{
	const struct shaking_client client = { .name = name,
		.version = version,
		.session = session };
	struct tls_facts facts;

	shaking_begin(s, &client, NULL);
	shaking_shake_well(s, SHAKING_WHOLE);
	assert_true(shaking_say(s, "ping"));
	assert_true(shaking_hear(s, "pong"));
	tls_tell(s->tls, &facts);
	assert_int_equal(facts.resumed, SSL_session_reused(s->client));
	return facts.resumed;
}

/* Has a first connection, and returns the session that its ticket gave. */
static SSL_SESSION *
get_session(struct shaking *s, const char *name, int version)
{
	assert_false(connect_as(s, name, version, NULL));
	assert_int_equal(s->tickets, 1);
	assert_true(SSL_SESSION_has_ticket(s->session));
	return SSL_SESSION_dup(s->session);
}

/* A ticket of one name is good for the same name. */
static const struct {
	const char *first, *second;
	bool resumed;
} names[] = {
	{ "localhost", "localhost", true },
	{ "localhost", "LOCALHOST", true },
	{ "a.localhost", "a.localhost", true },
	{ "tls12.localhost", "tls12.localhost", true },
	{ "expired.localhost", "expired.localhost", true },
	{ "a.localhost", "b.localhost", false },
	{ "localhost", "a.localhost", false },
	{ "a.localhost", "localhost", false },
	{ "localhost", "expired.localhost", false },
	{ "localhost", "ticket-never.localhost", false },
};

static void
test_names(void **state)
{
	struct shaking s;

	(void)state;
	shaking_open(&s, NULL);
	for (size_t i = 0; i < COUNT(names) * COUNT(versions); i++) {
		size_t row = i / COUNT(versions);
		int version = versions[i % COUNT(versions)];
		SSL_SESSION *session = get_session(&s, names[row].first,
		    version);

		if (connect_as(&s, names[row].second, version, session) !=
		    names[row].resumed)
			fail_msg("%s, then %s", names[row].first,
			    names[row].second);
		SSL_SESSION_free(session);
	}
	/* a client without a name is not one with a name */
	SSL_SESSION *session = get_session(&s, NULL, TLS1_3_VERSION);

	assert_true(connect_as(&s, NULL, TLS1_3_VERSION, session));
	assert_false(connect_as(&s, "localhost", TLS1_3_VERSION, session));
	SSL_SESSION_free(session);
	shaking_close(&s);
}

static void
test_never(void **state)
{
	struct shaking s;

	(void)state;
	shaking_open(&s, NULL);
	for (size_t i = 0; i < COUNT(versions); i++) {
		assert_false(connect_as(&s, "ticket-never.localhost",
		    versions[i], NULL));
		if (s.tickets > 0)
			assert_false(SSL_SESSION_has_ticket(s.session));
	}
	shaking_close(&s);
}

/* Another server, of another thread, or of after a reload: whether a ticket of
 * the first is good for it. */
static void
check_other(struct shaking *first, const struct tls_config *config,
    const struct tls_material *material, bool resumed)
{
	struct shaking other = *first;
	struct text fault = { 0 };

	other.tls = NULL;
	other.client = NULL;
	other.library = tls_library_new();
	other.material = NULL;
	if (material == NULL)
		material = other.material = tls_material_read(config, NULL,
		    clock_wall() / CLOCK_S, &fault);
	assert_non_null(material);
	other.keys = tls_keys_new(other.library, material, &fault);
	assert_non_null(other.keys);
	for (size_t i = 0; i < COUNT(versions); i++) {
		SSL_SESSION *session = get_session(first, "localhost",
		    versions[i]);
		const struct shaking_client none = { .name = NULL };

		assert_int_equal(connect_as(&other, "localhost", versions[i],
				     session),
		    resumed);
		SSL_SESSION_free(session);
		other.turn.in_start = other.turn.in_end = 0;
		shaking_begin(&other, &none, NULL);
	}
	SSL_free(other.client);
	tls_free(other.tls);
	tls_keys_release(other.keys);
	tls_material_free(other.material);
	tls_library_free(other.library);
}

static void
test_others(void **state)
{
	const struct tls_config config = { .words = true };
	struct text fault = { 0 };
	struct tls_material *reloaded;
	struct shaking s;

	(void)state;
	shaking_open(&s, &config);
	check_other(&s, &config, s.material, true);
	reloaded = tls_material_read(&config, s.material,
	    clock_wall() / CLOCK_S, &fault);
	assert_non_null(reloaded);
	check_other(&s, &config, reloaded, true);
	check_other(&s, &config, NULL, false);
	tls_material_free(reloaded);
	shaking_close(&s);
}

static void
write_text(const char *file, const char *text)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

/* Servers with one secret have the same keys; a reload takes another one up. */
static void
test_secrets(void **state)
{
	const struct tls_config config = { .ticket_secret = "secret" };
	const struct tls_config copy = { .ticket_secret = "copy" };
	const struct tls_config another = { .ticket_secret = "another" };
	const struct tls_config none = { .ticket_secret = NULL };
	struct text fault = { 0 };
	struct tls_material *reloaded;
	struct shaking s;

	(void)state;
	tree_enter();
	write_text("secret", "a secret of 32 bytes, or of more");
	write_text("copy", "a secret of 32 bytes, or of more");
	write_text("another", "A secret of 32 bytes, or of more");
	shaking_open(&s, &config);
	check_other(&s, &copy, NULL, true);
	check_other(&s, &another, NULL, false);
	check_other(&s, &none, NULL, false);
	reloaded = tls_material_read(&another, s.material,
	    clock_wall() / CLOCK_S, &fault);
	assert_non_null(reloaded);
	check_other(&s, &another, reloaded, false);
	tls_material_free(reloaded);
	shaking_close(&s);
	tree_leave();
}

/* How many hours later a ticket is still good. */
static const struct {
	int hours;
	bool resumed;
} ages[] = {
	{ 0, true },
	{ 1, true },
	{ 2, true },
	{ 3, false },
	{ 100, false },
};

/* Whether the client's ticket is still that of this session. */
static bool
has_ticket_of(const struct shaking *s, const SSL_SESSION *session)
{
	const unsigned char *ticket, *old;
	size_t size, old_size;

	SSL_SESSION_get0_ticket(SSL_get0_session(s->client), &ticket, &size);
	SSL_SESSION_get0_ticket(session, &old, &old_size);
	assert_true(size > 0);
	return size == old_size && memcmp(ticket, old, size) == 0;
}

static void
test_ages(void **state)
{
	int64_t start = clock_wall();
	struct shaking s;

	(void)state;
	for (size_t i = 0; i < COUNT(ages) * COUNT(versions); i++) {
		size_t row = i / COUNT(versions);
		int version = versions[i % COUNT(versions)];
		SSL_SESSION *session;

		fake_clock_set(start);
		shaking_open(&s, NULL);
		session = get_session(&s, "localhost", version);
		fake_clock_set(start + ages[row].hours * (3600 * CLOCK_S));
		if (connect_as(&s, "localhost", version, session) !=
		    ages[row].resumed)
			fail_msg("%d hours", ages[row].hours);
		/* one of an older key is renewed; in 1.3, each is */
		assert_int_equal(has_ticket_of(&s, session),
		    version == TLS1_2_VERSION && ages[row].hours == 0);
		SSL_SESSION_free(session);
		shaking_close(&s);
	}
	fake_clock_set(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_ages),
	};

	return cmocka_run_group_tests_name("tls_resume", tests, NULL, NULL);
}
