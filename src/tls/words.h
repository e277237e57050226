/*
 * words: what a client's handshake meets on purpose. A client asks for them by
 * labels in front of the server name (`tls12.sleep-250ms.localhost`), or an
 * address has them for all who come in there. Any thread.
 */
#ifndef MTASYNC_TLS_WORDS_H
#define MTASYNC_TLS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/text.h"

/* What becomes of a handshake in the place of its ServerHello. */
enum tls_fate {
	TLS_FATE_HELLO, /* none: the ServerHello comes */
	TLS_FATE_STALL, /* nothing comes any more */
	TLS_FATE_RESET, /* the connection is reset */
	TLS_FATE_CLOSE, /* it is closed, without an alert */
	TLS_FATE_ALERT, /* an alert comes, and then it is closed */
};

/* Which certificate is shown. */
enum tls_shown {
	TLS_SHOWN_RIGHT,       /* the one that has the name asked for */
	TLS_SHOWN_EXPIRED,     /* these are of our own CA; the only fault: it */
	TLS_SHOWN_NOT_YET,     /* has ended, has not begun, */
	TLS_SHOWN_WRONG_NAME,  /* is for another name, */
	TLS_SHOWN_SELF_SIGNED, /* is signed by itself, */
	TLS_SHOWN_UNKNOWN_CA,  /* is signed by a CA that nobody is told of */
	TLS_SHOWNS,
};

/* What words come to. All zero: a handshake as it should be. */
struct tls_act {
	int64_t sleep; /* ns before what `fate` says; 0: none */
	enum tls_fate fate : 8;
	enum tls_shown shown : 8;
	uint8_t alert;        /* with TLS_FATE_ALERT: its description */
	bool tls12 : 1;       /* 1.2 at most */
	bool no_close : 1;    /* no close_notify at the end */
	bool no_ticket : 1;   /* none is given, and none accepted */
	uint16_t record_size; /* the most plain bytes in a record of data; 0:
			       * as many as there can be */
};

/* What is wrong with a text of words. */
struct tls_words_fault {
	const char *at;     /* the byte of the text that is at fault */
	const char *wanted; /* what would be right, half a sentence; constant */
};

/*
 * Takes the labels that are words off the beginning of a server name, and puts
 * them into *act, in which a later one takes the place of an earlier one of the
 * same kind. The last label of a name is never a word. A sleep of more than
 * `max_sleep` ns, or whatever else a word can't have, is no word, and ends them.
 * Returns whether there was any.
 */
bool tls_words_take(struct span *name, int64_t max_sleep, struct tls_act *act);

/*
 * Parses a text that has to consist of words, with points between:
 * `sleep-250ms`, `tls12.records-1`. Returns 0; or -1, and *fault says what is
 * wrong.
 */
int tls_words_parse(struct span text, int64_t max_sleep, struct tls_act *act,
    struct tls_words_fault *fault);

/* Adds a line for each word to `text`: how it is written, and what it does. */
void tls_words_help(struct text *text);

#endif
