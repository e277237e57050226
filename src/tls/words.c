/* Reads handshakes' words by one table; any thread. */
#include "config.h"

#include "tls/words.h"

#include "base/units.h"
#include "tls/names.h"

/* The most plain bytes in a record. */
#define WORDS_RECORD_MAX 16384

struct word {
	const char *name; /* with a value: what is in front of it */
	/* Puts the value, or the constant, into *act; false: it can't be. */
	bool (*put)(struct tls_act *act, const struct word *word,
	    struct span value);
	int constant;     /* for it; a word without a value has no other */
	const char *form; /* as the help has it */
	const char *help;
};

static bool
word_put_sleep(struct tls_act *act, const struct word *word, struct span value)
{
	(void)word;
	return units_parse_duration(value, &act->sleep) == UNITS_OK;
}

static bool
word_put_fate(struct tls_act *act, const struct word *word, struct span value)
{
	(void)value;
	act->fate = (enum tls_fate)word->constant;
	return true;
}

static bool
word_put_alert(struct tls_act *act, const struct word *word, struct span value)
{
	int64_t alert;

	if (units_parse_count(value, &alert) != UNITS_OK || alert > UINT8_MAX)
		return false;
	act->alert = (uint8_t)alert;
	return word_put_fate(act, word, value);
}

static bool
word_put_shown(struct tls_act *act, const struct word *word, struct span value)
{
	(void)value;
	act->shown = (enum tls_shown)word->constant;
	return true;
}

static bool
word_put_tls12(struct tls_act *act, const struct word *word, struct span value)
{
	(void)word;
	(void)value;
	act->tls12 = true;
	return true;
}

static bool
word_put_no_close(struct tls_act *act, const struct word *word,
    struct span value)
{
	(void)word;
	(void)value;
	act->no_close = true;
	return true;
}

static bool
word_put_no_ticket(struct tls_act *act, const struct word *word,
    struct span value)
{
	(void)word;
	(void)value;
	act->no_ticket = true;
	return true;
}

static bool
word_put_records(struct tls_act *act, const struct word *word,
    struct span value)
{
	int64_t size;

	(void)word;
	if (units_parse_count(value, &size) != UNITS_OK || size < 1 ||
	    size > WORDS_RECORD_MAX)
		return false;
	act->record_size = (uint16_t)size;
	return true;
}

static const struct word words[] = {
	{ "sleep-", word_put_sleep, 0, "sleep-TIME",
	    "the ServerHello comes after TIME: 250ms, 2s, 1m30s" },
	{ "stall", word_put_fate, TLS_FATE_STALL, "stall",
	    "it never comes; the connection stays open" },
	{ "reset", word_put_fate, TLS_FATE_RESET, "reset",
	    "a reset comes in its place" },
	{ "close", word_put_fate, TLS_FATE_CLOSE, "close",
	    "the connection is closed in its place" },
	{ "alert-", word_put_alert, TLS_FATE_ALERT, "alert-N",
	    "the alert N (0 to 255) comes in its place: 40 is "
	    "handshake_failure" },
	{ "expired", word_put_shown, TLS_SHOWN_EXPIRED, "expired",
	    "the certificate has ended" },
	{ "not-yet", word_put_shown, TLS_SHOWN_NOT_YET, "not-yet",
	    "the certificate has not begun" },
	{ "wrong-name", word_put_shown, TLS_SHOWN_WRONG_NAME, "wrong-name",
	    "the certificate is for another name" },
	{ "self-signed", word_put_shown, TLS_SHOWN_SELF_SIGNED, "self-signed",
	    "the certificate is signed by itself" },
	{ "unknown-ca", word_put_shown, TLS_SHOWN_UNKNOWN_CA, "unknown-ca",
	    "the certificate is of a CA that nobody knows" },
	{ "tls12", word_put_tls12, 0, "tls12", "TLS 1.2 at most" },
	{ "no-close-notify", word_put_no_close, 0, "no-close-notify",
	    "the connection ends without a close_notify" },
	{ "records-", word_put_records, 0, "records-N",
	    "records of data have N bytes at most (1 to 16384)" },
	{ "ticket-never", word_put_no_ticket, 0, "ticket-never",
	    "no ticket is given, and none accepted" },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

/* Returns the word that a label is, and its value, empty where it has none; or
 * NULL. */
static const struct word *
word_find(struct span label, struct span *value)
{
	for (const struct word *word = words; word < words + WORDS; word++) {
		struct span name = span_of(word->name);
		bool has_value = name.data[name.size - 1] == '-';

		if (label.size < name.size ||
		    (!has_value && label.size > name.size))
			continue;
		*value = (struct span){ label.data + name.size,
			label.size - name.size };
		label.size = name.size;
		if (span_equal_nocase(label, name))
			return word;
		label.size += value->size;
	}
	return NULL;
}

/* Puts what a label says into *act, if it is a word. Returns NULL; or what would
 * be right. */
static const char *
words_put(struct span label, int64_t max_sleep, struct tls_act *act)
{
	struct tls_act after = *act;
	struct span value;
	const struct word *word = word_find(label, &value);

	if (word == NULL)
		return "a word of a handshake, as `GET /sleep?help` lists them";
	if (!word->put(&after, word, value))
		return word->put == word_put_sleep ? "a time, such as 250ms"
		       : word->put == word_put_alert
			   ? "a number from 0 to 255"
			   : "a number from 1 to 16384";
	if (after.sleep > max_sleep)
		return "a time of at most --max-sleep";
	*act = after;
	return NULL;
}

bool
tls_words_take(struct span *name, int64_t max_sleep, struct tls_act *act)
{
	bool any = false;

	for (;;) {
		struct span rest = *name;
		struct span label = span_take(&rest, SPAN("."));

		if (rest.size <= 1 || words_put(label, max_sleep, act) != NULL)
			return any;
		span_skip(&rest, 1);
		*name = rest;
		any = true;
	}
}

int
tls_words_parse(struct span text, int64_t max_sleep, struct tls_act *act,
    struct tls_words_fault *fault)
{
	for (;;) {
		struct span label = span_take(&text, SPAN("."));

		fault->at = label.data;
		fault->wanted = words_put(label, max_sleep, act);
		if (fault->wanted != NULL)
			return -1;
		if (text.size == 0)
			return 0;
		span_skip(&text, 1);
	}
}

void
tls_words_help(struct text *text)
{
	for (const struct word *word = words; word < words + WORDS; word++)
		text_printf(text, "  %-16s %s\n", word->form, word->help);
}
