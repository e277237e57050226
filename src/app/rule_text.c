/* Reads rules as rows of values; any thread. */
#include "config.h"

#include "app/rule_text.h"

#define RULE_TEXT_BLANKS " \t"
#define RULE_TEXT_QUOTED "header=\"Vary: Cookie\""

static bool
rule_text_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
rule_text_goes_on(struct rule_text *text)
{
	while (text->rest.size > 0 && rule_text_is_blank(text->rest.data[0]))
		span_skip(&text->rest, 1);
	return text->rest.size > 0;
}

/* Skips the backslash of an escape. Returns false where what follows is none that
 * may be escaped. */
static bool
rule_text_skip_escape(struct span *rest)
{
	span_skip(rest, 1);
	return rest->size > 0 &&
	       (rest->data[0] == '"' || rest->data[0] == '\\');
}

/* Takes what stands in quotes, of which the first is gone. */
static bool
rule_text_take_quoted(struct rule_text *text, struct rule_token *token,
    struct complaint *why)
{
	struct span *rest = &text->rest;

	for (; rest->size > 0 && rest->data[0] != '"'; span_skip(rest, 1)) {
		if (rest->data[0] == '\\' && !rule_text_skip_escape(rest))
			return complain(why, rest->data - 1,
			    "header=\"ETag:\\\"1\\\"\"",
			    "\\\" or \\\\ within quotes");
		*text->room++ = rest->data[0];
	}
	if (rest->size == 0)
		return complain(why, token->place, RULE_TEXT_QUOTED,
		    "a second quote, where the value ends");
	span_skip(rest, 1);
	if (rest->size > 0 && !rule_text_is_blank(rest->data[0]))
		return complain(why, rest->data, RULE_TEXT_QUOTED,
		    "a blank behind the quotes");
	return true;
}

/* Takes what stands without quotes. */
static bool
rule_text_take_bare(struct rule_text *text, struct complaint *why)
{
	struct span bare = span_take(&text->rest, SPAN(RULE_TEXT_BLANKS));
	const char *quote = memchr(bare.data, '"', bare.size);

	if (quote != NULL)
		return complain(why, quote, "header=\"ETag:\\\"1\\\"\"",
		    "quotes around the whole value, and \\\" within");
	memcpy(text->room, bare.data, bare.size);
	text->room += bare.size;
	return true;
}

bool
rule_text_take_value(struct rule_text *text, struct rule_token *token,
    struct complaint *why)
{
	token->quoted = text->rest.size > 0 && text->rest.data[0] == '"';
	token->place = text->rest.data;
	token->value.data = text->room;
	span_skip(&text->rest, token->quoted);
	if (token->quoted ? !rule_text_take_quoted(text, token, why)
			  : !rule_text_take_bare(text, why))
		return false;
	token->value.size = (size_t)(text->room - token->value.data);
	return true;
}

bool
rule_text_take_word(struct rule_text *text, struct rule_token *token,
    struct complaint *why)
{
	token->name = span_take(&text->rest, SPAN("= \t\""));
	if (text->rest.size == 0 || text->rest.data[0] != '=')
		return complain(why, token->name.data, "delay=250ms",
		    "a word as NAME=VALUE");
	span_skip(&text->rest, 1);
	return rule_text_take_value(text, token, why);
}

const char *
rule_text_find(const struct rule_token *token, const char *at)
{
	const char *place = token->place + token->quoted;

	if (at < token->value.data ||
	    at > token->value.data + token->value.size)
		return at;
	for (const char *p = token->value.data; p < at; p++)
		place += token->quoted && *place == '\\' ? 2 : 1;
	return place;
}
