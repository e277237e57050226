/*
 * tls: one connection's TLS, as bytes: what was received lies in the turn's `in`,
 * what is to be sent is put into its `out`. It knows no descriptor, never waits and
 * never blocks. The thread of its keys alone.
 *
 * OpenSSL is handed whole records only, so that it holds nothing of a connection
 * between turns; and it may write whatever it likes, so that what it has to say,
 * an alert for one, lies in `out` when a function returns. The caller sends `out`
 * and sets out_size to 0, whatever the result was.
 */
#ifndef MTASYNC_TLS_TLS_H
#define MTASYNC_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "tls/keys.h"
#include "tls/turn.h"
#include "tls/words.h"

/* Bytes that a record adds to its content at most: head and tag, and an explicit
 * nonce in 1.2. */
#define TLS_RECORD_EXTRA ((size_t)29)

/* The most plain bytes in a record (RFC 8446 5.1). */
#define TLS_RECORD_MAX ((size_t)16384)

/* Bytes of a turn's `out` that are left to what OpenSSL says by itself: alerts,
 * and the answers to as many KeyUpdates as are allowed. */
#define TLS_OUT_SPARE ((size_t)2048)

/* Bytes of `out` that tls_shake() may fill. */
#define TLS_OUT_FLIGHT ((size_t)32 * 1024)

enum tls_result {
	TLS_DONE,  /* the handshake is done; or there are plain bytes */
	TLS_MORE,  /* nothing comes before more has been received */
	TLS_ENDED, /* the client's close_notify: no byte follows */
	TLS_BAD,   /* it is over: send `out`, where the alert is, and close */

	/* of tls_shake() alone: what the client has asked for by a word */
	TLS_SLEEP, /* wait for tls_act()->sleep ns, then call it again */
	TLS_STALL, /* never call it again, nor send anything */
	TLS_RESET, /* reset the connection */
	TLS_CLOSE, /* close it */
};

struct tls;

/* What a log tells of a handshake that is done. Strings live as long as the
 * connection. */
struct tls_facts {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;   /* as IANA has it: "TLS_AES_128_GCM_SHA256" */
	const char *name;     /* the server name as the client sent it; NULL: it
			       * sent none */
	bool resumed;
};

/* Whether a connection that begins with this byte may be TLS. Of others, a letter
 * is HTTP in clear (RFC 9110 9.1). */
static inline bool
tls_is_record(char first)
{
	return first == 0x16;
}

/*
 * Begins a connection that becomes one more owner of the keys. `act` is that of
 * its address, upon which the client's words are put; it is copied. Returns NULL
 * where memory is short.
 */
struct tls *tls_new(struct tls_keys *keys, const struct tls_act *act);

/* Frees it. NULL is allowed. The session can be resumed, however it ended. */
void tls_free(struct tls *tls);

/* Whether a record of the client's has been read. */
bool tls_has_begun(const struct tls *tls);

/* Whether tls_shake() would come to the handshake's signature, as far as can be
 * told: a record is there, and no ServerHello has been made. That is what a
 * handshake costs: about 14 us of the key being EC, 210 us of RSA (2048 bits). */
bool tls_signs_next(const struct tls *tls, const struct tls_turn *turn);

/* Goes on with the handshake, as far as `in` allows. `out` has TLS_OUT_FLIGHT
 * bytes of room. */
enum tls_result tls_shake(struct tls *tls, struct tls_turn *turn);

/*
 * Opens records until there are plain bytes: TLS_DONE says so, and that there are
 * *size of them, at most `room`, in `plain`; there may be more. *size is 0 with
 * any other result. Of TLS_BAD where a client sends TLS_EMPTY_MAX records
 * without data in a row, too. `out` has TLS_OUT_SPARE bytes of room, or the
 * connection may end with TLS_BAD.
 */
enum tls_result tls_open(struct tls *tls, struct tls_turn *turn, char *plain,
    size_t room, size_t *size);

/* How many records without data, KeyUpdates for one, may follow upon another: to
 * open one and answer it costs about 10 us, and 27 bytes of an attacker; a client
 * changes its keys after many gigabytes. */
#define TLS_EMPTY_MAX 64

/* Returns how many plain bytes tls_seal() may be given now: what fits into `out`
 * but for TLS_OUT_SPARE. */
size_t tls_room(const struct tls *tls, const struct tls_turn *turn);

/* Returns the most bytes that so many plain ones come to when they are sealed by
 * one call. */
size_t tls_sealed_size(const struct tls *tls, size_t plain);

/*
 * Seals all of `plain`, at most tls_room() bytes, into `out`, in records of at
 * most 16 KiB, or of what the client has asked for. Never seal the same bytes
 * twice: what is in `out` has to reach the client. Returns 0, or -1 where memory
 * is short: the connection is over, and nothing more may be sealed.
 */
int tls_seal(struct tls *tls, struct tls_turn *turn, struct span plain);

/* Puts a close_notify into `out`, unless that has been done, the handshake is
 * not, or has failed, or the client has asked for none. */
void tls_end(struct tls *tls, struct tls_turn *turn);

/* Returns what the words of address and client came to; of the latter, once
 * tls_shake() has had the ClientHello. */
const struct tls_act *tls_act(const struct tls *tls);

/* Says what a log tells, once the handshake is done. */
void tls_tell(const struct tls *tls, struct tls_facts *facts);

/* Returns why the last result was TLS_BAD, in OpenSSL's words; constant. */
const char *tls_reason(const struct tls *tls);

#endif
