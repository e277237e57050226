/* Carries one connection's TLS out; the thread of its keys. */
#include "config.h"

#include "tls/tls.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "tls/inside.h"

/* The alerts for what does not begin as TLS does, or not as it should (RFC 8446
 * 6). */
#define ALERT_PROTOCOL_VERSION 70
#define ALERT_DECODE_ERROR     50

/* Gives the new connection its SSL. Returns 0, or -1. */
static int
tls_begin(struct tls *tls)
{
	BIO *bio = tls->keys->gate.bio;

	ERR_clear_error();
	tls->ssl = SSL_new(tls->keys->sets[0]);
	if (tls->ssl == NULL || BIO_up_ref(bio) != 1)
		return -1;
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_accept_state(tls->ssl);
	return 0;
}

struct tls *
tls_new(struct tls_keys *keys, const struct tls_act *act)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->keys = tls_keys_hold(keys);
	tls->act = *act;
	if (tls_begin(tls) == 0)
		return tls;
	tls_free(tls);
	return NULL;
}

/* Of a session whose connection was not shut down, OpenSSL would accept no ticket
 * any more. */
void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->ssl != NULL)
		SSL_set_shutdown(tls->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->ssl);
	tls_keys_release(tls->keys);
	free(tls);
}

/* Begins a call: whatever other connections have left is forgotten. */
static void
tls_enter(struct tls *tls, struct tls_turn *turn)
{
	tls_gate_begin(&tls->keys->gate, tls, turn);
	if (ERR_peek_error() != 0) /* to clear what is empty takes longer */
		ERR_clear_error();
}

static enum tls_result
tls_fail(struct tls *tls, const char *reason)
{
	tls->over = true;
	tls->reason = reason;
	return TLS_BAD;
}

bool
tls_has_begun(const struct tls *tls)
{
	return tls->begun;
}

bool
tls_signs_next(const struct tls *tls, const struct tls_turn *turn)
{
	return !tls->answered && !tls->over &&
	       (tls->heard || tls_gate_has_record(turn));
}

/* Whether the first bytes show that it is no TLS: OpenSSL would take the hello of
 * SSLv2, whose length lies elsewhere, for a record that is never whole. */
static bool
tls_is_nonsense(struct span input)
{
	return (input.size > 0 && !tls_is_record(input.data[0])) ||
	       (input.size > 1 && input.data[1] != 3);
}

enum tls_result
tls_shake(struct tls *tls, struct tls_turn *turn)
{
	struct span input = tls_turn_input(turn);
	int result;

	if (tls->over)
		return TLS_BAD;
	tls_enter(tls, turn);
	if (!tls->begun && tls_is_nonsense(input)) {
		tls_gate_alert(turn, ALERT_PROTOCOL_VERSION);
		return tls_fail(tls, "it is no TLS");
	}
	tls->pending = TLS_DONE;
	result = SSL_do_handshake(tls->ssl);
	tls->begun |= tls_turn_input(turn).size < input.size;
	tls->shaken = result == 1;
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_MORE;
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
		if (tls->pending == TLS_BAD)
			return tls_fail(tls,
			    "the client has asked for an alert");
		return (enum tls_result)tls->pending;
	case SSL_ERROR_SYSCALL: /* what the gate has refused without a word */
		tls_gate_alert(turn, ALERT_DECODE_ERROR);
		return tls_fail(tls, "the ClientHello is too long");
	default:
		return tls_fail(tls, tls_last_reason());
	}
}

/* Has OpenSSL send an alert by a record that it has to refuse: it offers no other
 * way. */
static enum tls_result
tls_refuse(struct tls *tls)
{
	char byte;
	size_t size;

	tls->keys->gate.is_false = true;
	ERR_clear_error();
	/* the first times, it may have a KeyUpdate to answer */
	for (int i = 0; i < 3 && tls->keys->gate.is_false; i++)
		SSL_read_ex(tls->ssl, &byte, sizeof(byte), &size);
	return tls_fail(tls, "too many records without data");
}

/* Notes that a read has come to nothing, having taken so many bytes off the input;
 * returns TLS_DONE where it has to be tried again. */
static enum tls_result
tls_note_empty(struct tls *tls, const struct tls_turn *turn, size_t taken)
{
	/* behind an answer to a KeyUpdate, OpenSSL asks to be called again */
	bool idle = taken == 0;

	if (idle && (tls->idle || !tls_gate_has_record(turn)))
		return TLS_MORE;
	tls->idle = idle;
	if (!idle && ++tls->empty > TLS_EMPTY_MAX)
		return tls_refuse(tls);
	return TLS_DONE;
}

/* Whether there is anything to open, or the client has ended what it sends: to ask
 * OpenSSL in vain costs as much as it takes to open a small record. */
static bool
tls_opens(const struct tls *tls, const struct tls_turn *turn)
{
	return tls_gate_has_record(turn) || SSL_pending(tls->ssl) > 0 ||
	       (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

enum tls_result
tls_open(struct tls *tls, struct tls_turn *turn, char *plain, size_t room,
    size_t *size)
{
	enum tls_result result = TLS_DONE;

	assert(tls->shaken);
	*size = 0;
	if (tls->over)
		return TLS_BAD;
	if (!tls_opens(tls, turn))
		return TLS_MORE;
	tls_enter(tls, turn);
	tls->idle = false;
	while (result == TLS_DONE) {
		size_t start = turn->in_start;

		if (SSL_read_ex(tls->ssl, plain, room, size) == 1) {
			tls->empty = 0;
			return TLS_DONE;
		}
		*size = 0;
		switch (SSL_get_error(tls->ssl, 0)) {
		case SSL_ERROR_WANT_READ:
			result = tls_note_empty(tls, turn,
			    turn->in_start - start);
			break;
		case SSL_ERROR_ZERO_RETURN:
			return TLS_ENDED;
		default:
			return tls_fail(tls, tls_last_reason());
		}
	}
	return result;
}

/* The most plain bytes in a record of this connection. */
static size_t
tls_record_size(const struct tls *tls)
{
	return tls->act.record_size > 0 ? tls->act.record_size : TLS_RECORD_MAX;
}

size_t
tls_sealed_size(const struct tls *tls, size_t plain)
{
	size_t most = tls_record_size(tls);

	return plain + (plain + most - 1) / most * TLS_RECORD_EXTRA;
}

size_t
tls_room(const struct tls *tls, const struct tls_turn *turn)
{
	size_t used = turn->out_size + TLS_OUT_SPARE;
	size_t most = tls_record_size(tls), whole = most + TLS_RECORD_EXTRA;
	size_t room = used < TLS_TURN_MAX ? TLS_TURN_MAX - used : 0;
	size_t rest = room % whole;

	return room / whole * most +
	       (rest > TLS_RECORD_EXTRA ? rest - TLS_RECORD_EXTRA : 0);
}

int
tls_seal(struct tls *tls, struct tls_turn *turn, struct span plain)
{
	size_t most = tls_record_size(tls);

	if (tls->over)
		return -1;
	tls_enter(tls, turn);
	while (plain.size > 0) {
		size_t size = plain.size < most ? plain.size : most;

		if (SSL_write_ex(tls->ssl, plain.data, size, &size) != 1) {
			tls_fail(tls, tls_last_reason());
			return -1;
		}
		span_skip(&plain, size);
	}
	return 0;
}

void
tls_end(struct tls *tls, struct tls_turn *turn)
{
	if (!tls->shaken || tls->over || tls->act.no_close ||
	    (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN))
		return;
	tls_enter(tls, turn);
	if (SSL_shutdown(tls->ssl) < 0)
		tls_fail(tls, tls_last_reason());
}

const struct tls_act *
tls_act(const struct tls *tls)
{
	return &tls->act;
}

void
tls_tell(const struct tls *tls, struct tls_facts *facts)
{
	*facts = (struct tls_facts){
		.protocol = SSL_get_version(tls->ssl),
		.cipher = SSL_CIPHER_standard_name(
		    SSL_get_current_cipher(tls->ssl)),
		.name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name),
		.resumed = SSL_session_reused(tls->ssl) == 1,
	};
}

const char *
tls_reason(const struct tls *tls)
{
	return tls->reason == NULL ? "nothing is wrong" : tls->reason;
}
