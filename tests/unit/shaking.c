/* shaking: OpenSSL's own client against src/tls/. */
#include "config.h"

#include "shaking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cmocka.h>

#include "tls/inside.h"

static int last_alert;

/* Keeps the session that a ticket brings; takes its reference over. */
static int
shaking_on_session(SSL *client, SSL_SESSION *session)
{
	struct shaking *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(client));

	SSL_SESSION_free(s->session);
	s->session = session;
	s->tickets++;
	return 1;
}

static void
shaking_on_info(const SSL *client, int where, int value)
{
	(void)client;
	if (where == SSL_CB_READ_ALERT)
		last_alert = value & 0xff;
}

int
shaking_alert(void)
{
	return last_alert;
}

static void
shaking_trust(SSL_CTX *rules, const char *ca)
{
	X509 *x509 = tls_chain_first(ca, NULL);

	assert_non_null(x509);
	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(rules),
			     x509),
	    1);
	X509_free(x509);
}

static void
shaking_make_rules(struct shaking *s)
{
	s->rules = SSL_CTX_new(TLS_client_method());
	assert_non_null(s->rules);
	SSL_CTX_set_app_data(s->rules, s);
	SSL_CTX_set_session_cache_mode(s->rules,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(s->rules, shaking_on_session);
	SSL_CTX_set_info_callback(s->rules, shaking_on_info);
	if (s->material->own.ca != NULL)
		shaking_trust(s->rules, s->material->own.ca);
}

void
shaking_open(struct shaking *s, const struct tls_config *config)
{
	const struct tls_config own = { .words = true,
		.max_sleep = SHAKING_MAX_SLEEP };
	struct text fault = { 0 };

	*s = (struct shaking){ 0 };
	s->library = tls_library_new();
	assert_non_null(s->library);
	s->material = tls_material_read(config == NULL ? &own : config, NULL,
	    time(NULL), &fault);
	if (s->material != NULL)
		s->keys = tls_keys_new(s->library, s->material, &fault);
	if (s->keys == NULL)
		fail_msg("%s", fault.data);
	text_fini(&fault);
	assert_int_equal(tls_turn_open(&s->turn), 0);
	shaking_make_rules(s);
}

static void
shaking_end(struct shaking *s)
{
	if (s->client != NULL) /* or its session would be good no more */
		SSL_set_shutdown(s->client,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(s->client);
	tls_free(s->tls);
	s->client = NULL;
	s->tls = NULL;
	s->turn.in_start = s->turn.in_end = s->turn.out_size = 0;
}

void
shaking_close(struct shaking *s)
{
	shaking_end(s);
	SSL_SESSION_free(s->session);
	SSL_CTX_free(s->rules);
	tls_turn_close(&s->turn);
	tls_keys_release(s->keys);
	tls_material_free(s->material);
	tls_library_free(s->library);
}

static void
shaking_configure(SSL *client, const struct shaking_client *wanted)
{
	if (wanted->version != 0)
		SSL_set_max_proto_version(client, wanted->version);
	if (wanted->name != NULL)
		SSL_set_tlsext_host_name(client, wanted->name);
	if (wanted->alpn != NULL)
		SSL_set_alpn_protos(client, (const unsigned char *)wanted->alpn,
		    (unsigned)strlen(wanted->alpn));
	if (wanted->groups != NULL)
		assert_int_equal(SSL_set1_groups_list(client, wanted->groups),
		    1);
	if (wanted->session != NULL)
		SSL_set_session(client, wanted->session);
	if (wanted->verify) {
		SSL_set1_host(client, wanted->name);
		SSL_set_verify(client, SSL_VERIFY_PEER, NULL);
	}
}

void
shaking_begin(struct shaking *s, const struct shaking_client *client,
    const struct tls_act *act)
{
	const struct tls_act none = { 0 };

	shaking_end(s);
	last_alert = -1;
	s->slept = s->tickets = 0;
	s->tls = tls_new(s->keys, act == NULL ? &none : act);
	s->client = SSL_new(s->rules);
	assert_true(s->tls != NULL && s->client != NULL);
	SSL_set_bio(s->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(s->client), -1);
	SSL_set_connect_state(s->client);
	shaking_configure(s->client, client);
}

/* What is left of the input moves as it does from turn to turn. */
void
shaking_receive(struct shaking *s, struct span bytes)
{
	struct span rest = tls_turn_input(&s->turn);

	memmove(s->turn.in, rest.data, rest.size);
	assert_true(bytes.size <= TLS_TURN_MAX - rest.size);
	memcpy(s->turn.in + rest.size, bytes.data, bytes.size);
	s->turn.in_start = 0;
	s->turn.in_end = rest.size + bytes.size;
}

size_t
shaking_take(struct shaking *s, char *bytes, size_t room)
{
	int size = BIO_read(SSL_get_wbio(s->client), bytes, (int)room);

	return size < 0 ? 0 : (size_t)size;
}

void
shaking_send(struct shaking *s)
{
	if (s->turn.out_size > 0)
		BIO_write(SSL_get_rbio(s->client), s->turn.out,
		    (int)s->turn.out_size);
	s->turn.out_size = 0;
}

/* One of the server's steps, and those that follow a sleep at once. */
static enum tls_result
shaking_step(struct shaking *s, struct span bytes)
{
	enum tls_result result;

	shaking_receive(s, bytes);
	while ((result = tls_shake(s->tls, &s->turn)) == TLS_SLEEP)
		s->slept++;
	return result;
}

bool
shaking_round(struct shaking *s, size_t piece, enum tls_result *result)
{
	char bytes[4096];
	size_t size;

	ERR_clear_error();
	SSL_do_handshake(s->client);
	size = shaking_take(s, bytes,
	    piece < sizeof(bytes) ? piece : sizeof(bytes));
	if (size == 0)
		return false;
	*result = shaking_step(s, (struct span){ bytes, size });
	shaking_send(s);
	return *result == TLS_MORE;
}

enum tls_result
shaking_shake(struct shaking *s, size_t piece)
{
	enum tls_result result = TLS_MORE;

	while (shaking_round(s, piece, &result))
		continue;
	return result;
}

void
shaking_shake_well(struct shaking *s, size_t piece)
{
	enum tls_result result = shaking_shake(s, piece);

	if (result != TLS_DONE)
		fail_msg("result %d, %s, alert %d", result, tls_reason(s->tls),
		    last_alert);
	ERR_clear_error();
	assert_int_equal(SSL_do_handshake(s->client), 1);
}

void
shaking_receive_all(struct shaking *s)
{
	char bytes[4096];
	size_t size;

	while ((size = shaking_take(s, bytes, sizeof(bytes))) > 0)
		shaking_receive(s, (struct span){ bytes, size });
}

bool
shaking_say(struct shaking *s, const char *text)
{
	char plain[4096];
	size_t size, all = 0;
	enum tls_result result;

	assert_int_equal(SSL_write(s->client, text, (int)strlen(text)),
	    strlen(text));
	shaking_receive_all(s);
	while ((result = tls_open(s->tls, &s->turn, plain + all,
		    sizeof(plain) - all, &size)) == TLS_DONE)
		all += size;
	return result == TLS_MORE && all == strlen(text) &&
	       memcmp(plain, text, all) == 0;
}

bool
shaking_hear(struct shaking *s, const char *text)
{
	char plain[4096];
	int size, all = 0;

	if (tls_seal(s->tls, &s->turn, span_of(text)) == -1)
		return false;
	shaking_send(s);
	ERR_clear_error();
	while ((size = SSL_read(s->client, plain + all,
		    (int)sizeof(plain) - all)) > 0)
		all += size;
	return (size_t)all == strlen(text) &&
	       memcmp(plain, text, (size_t)all) == 0;
}

int
shaking_read(struct shaking *s)
{
	char byte;

	shaking_send(s);
	ERR_clear_error();
	return SSL_get_error(s->client, SSL_read(s->client, &byte, 1));
}

bool
shaking_has_alert(const struct shaking *s, int alert)
{
	struct span out = tls_turn_output(&s->turn);

	return out.size == 7 && out.data[0] == 21 && out.data[1] == 3 &&
	       out.data[6] == (char)alert;
}
