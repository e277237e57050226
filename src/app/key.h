/*
 * key: who asks, as the word `key` has it: a text by which attempts are counted,
 * and on which draws depend. The thread that began the answer.
 */
#ifndef MTASYNC_APP_KEY_H
#define MTASYNC_APP_KEY_H

#include "app/behaviour.h"
#include "app/moment.h"
#include "app/tally.h"
#include "http/request.h"

struct key {
	size_t size;
	char text[BEHAVIOUR_KEY_MAX];
};

/*
 * Finds the key of a request, by a behaviour that says one: it is empty where the
 * request lacks the field. Of one that is longer than BEHAVIOUR_KEY_MAX, the end
 * is a hash of all of it, in hexadecimal digits. With `http` NULL, as of --draw,
 * only a text is found.
 */
void key_find(struct key *key, const struct behaviour *behaviour,
    const struct http_request *http, const struct moment *moment);

static inline struct span
key_text(const struct key *key)
{
	return (struct span){ key->text, key->size };
}

/* Counts an attempt of the key; returns its number, from 1 on. `scope` tells apart
 * the same keys of different rules. */
uint64_t key_attempt(const struct key *key, uint64_t scope,
    struct tally *tally);

#endif
