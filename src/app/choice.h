/*
 * choice: a list of values, each with its share of the requests, such as
 * `503:5,429:1`. What is left of 100 % is that none of them is chosen. Any
 * thread.
 */
#ifndef MTASYNC_APP_CHOICE_H
#define MTASYNC_APP_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "app/complaint.h"
#include "app/roll.h"

#define CHOICE_MAX 16

/* Shares are whole parts of this: percents with up to ten decimals. */
#define SHARE_WHOLE   (UINT64_C(100) * SHARE_PERCENT)
#define SHARE_PERCENT UINT64_C(10000000000)

/* Parses percents: decimal, 0 to 100, no sign, no unit, at most ten decimals.
 * Returns false with a complaint. */
bool share_parse(struct span text, uint64_t *share, struct complaint *why);

/* Parses percents of which only *left are left, and takes them from it. */
bool share_take(struct span text, uint64_t *left, uint64_t *share,
    struct complaint *why);

/* Writes percents as share_parse() reads them, and a NUL within these bytes;
 * returns the size without it. */
#define SHARE_TEXT_MAX 16
size_t share_format(uint64_t share, char *text);

/* Whether a chance of this share comes true, by roll_bits(): never of 0, always
 * of SHARE_WHOLE. */
bool share_comes(uint64_t share, uint64_t bits);

struct choice {
	unsigned count;
	struct {
		int64_t value;
		uint64_t share; /* of SHARE_WHOLE */
	} options[CHOICE_MAX];
};

/* How the values of a choice are written. */
struct choice_kind {
	bool (*parse)(struct span text, int64_t *value, const void *arg,
	    struct complaint *why);
	/* writes at most CHOICE_VALUE_MAX bytes, returns the size */
	size_t (*format)(int64_t value, char *text);
	const char *example; /* of a whole list, for complaints; a constant */
};

#define CHOICE_VALUE_MAX 32
#define CHOICE_TEXT_MAX  (CHOICE_MAX * (CHOICE_VALUE_MAX + SHARE_TEXT_MAX + 2))

/*
 * Parses `VALUE`, which is always chosen, or `VALUE:PERCENT,...`, whose percents
 * are at most 100 in sum. `arg` is for kind->parse(). Returns false with a
 * complaint: of an empty list, too many values, one that comes twice, percents
 * over 100, and what kind->parse() refuses.
 */
bool choice_parse(struct span text, const struct choice_kind *kind,
    const void *arg, struct choice *choice, struct complaint *why);

/* Writes a choice as choice_parse() reads it; returns the size, at most
 * CHOICE_TEXT_MAX. */
size_t choice_format(const struct choice *choice,
    const struct choice_kind *kind, char *text);

/* Whether it takes no draw: there is one value, which always comes, or none
 * ever does. */
bool choice_is_certain(const struct choice *choice);

/*
 * Chooses by roll_bits(): the shares lie side by side from 0 to SHARE_WHOLE, in
 * the order of the list, and roll_below(bits, SHARE_WHOLE) is where it hits.
 * Returns NULL where none is chosen, else the value.
 */
const int64_t *choice_draw(const struct choice *choice, uint64_t bits);

#endif
