/* Explains the words to people; the main thread. */
#include "config.h"

#include "app/word_table.h"

#include <stdio.h>

#include "tls/built.h"
#include "tls/words.h"

/* Room for the text. */
#define HELP_MAX 8192

static const char help_start[] =
    "/sleep/WHEN?WORD&WORD... answers slowly, or wrongly, as its words say:\n"
    "\n"
    "  curl -i 'http://localhost:7878/sleep/250ms'\n"
    "  curl -i 'http://localhost:7878/sleep/100ms..300ms?status=503:5'\n"
    "  curl -i 'http://localhost:7878/sleep/0?size=1m&rate=100k'\n"
    "\n"
    "Words:\n";

static const char help_end[] =
    "\n"
    "WHEN is how long, the same each time or drawn for each request:\n"
    "  250ms                  always; us, ms, s, m, h; 1m30s; a bare number is "
    "seconds\n"
    "  100ms..300ms           evenly from to\n"
    "  200ms~50ms             evenly around\n"
    "  normal:200ms,50ms      mean and standard deviation\n"
    "  lognormal:80ms,400ms   median and 99th percentile: what latencies look "
    "like\n"
    "  exp:100ms              mean\n"
    "  pct:p50=10ms,p99=1s    percentiles, straight between two\n"
    "  10ms:90,2s:1           a list with percents; what is left of 100 is no "
    "delay\n"
    "  file:NAME              in rules: one of the times in a file\n"
    "LIST is a value, or VALUE:PERCENT,...; what is left of 100 is as if the "
    "word were\n"
    "not there. SIZE is bytes, or 100k, 1m, 1g. Values may be "
    "percent-encoded.\n"
    "\n"
    "Answers that something was drawn for, or done to, carry the field Mtasync,\n"
    "which tells it. --rule and --rules say the same words for any path.\n";

/* Where clients speak TLS. */
static const char help_tls[] =
    "\n"
    "Handshakes wait and fail, too, by the name that a client asks for, as in\n"
    "\n"
    "  curl -k --connect-to ::localhost:8443 https://sleep-250ms.localhost/\n"
    "\n"
    "or for an address, as in --listen=8444,tls,handshake=sleep-250ms:\n";

static char help_text[HELP_MAX];

/* Writes what handshakes meet; returns its end. */
static char *
help_put_tls(char *out)
{
	struct text text = { 0 };

	tls_words_help(&text);
	if (!text.failed)
		out = mempcpy(stpcpy(out, help_tls), text.data, text.size);
	*out = '\0';
	text_fini(&text);
	return out;
}

static void
help_write(void)
{
	char *out = help_text;

	out = stpcpy(out, help_start);
	for (enum word word = 0; word < WORDS; word++) {
		const struct word_row *row = &word_table[word];
		char form[64];

		snprintf(form, sizeof(form), "%s=%s", row->name, row->value);
		out += sprintf(out, "  %-28s %s\n%31s%s\n", form, row->help,
		    "e.g. ", row->example);
	}
	out = stpcpy(out, help_end);
	if (tls_is_built())
		(void)help_put_tls(out);
}

const char *
words_help(void)
{
	if (help_text[0] == '\0')
		help_write();
	return help_text;
}
