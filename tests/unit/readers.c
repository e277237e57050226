/* Reads what is told of answers; each reader is strict. */
#include "config.h"

#include "readers.h"

#include <stddef.h>
#include <string.h>

/* ---- a strict reader of dictionaries (RFC 9651 4.2.2), as far as we write them:
 * keys, integers, decimals, strings, tokens, booleans that are true, parameters ---- */

static bool
is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-.*", c) != NULL);
}

static bool
take_key(const char **p)
{
	if ((**p < 'a' || **p > 'z') && **p != '*')
		return false;
	while (is_key_char(**p))
		(*p)++;
	return true;
}

/* 4.2.4: up to 15 digits; or up to 12, a point, and 1 to 3 more. */
static bool
take_number(const char **p)
{
	size_t whole = strspn(*p, "0123456789"), part;

	*p += whole;
	if (whole == 0 || **p != '.')
		return whole > 0 && whole <= 15;
	(*p)++;
	part = strspn(*p, "0123456789");
	*p += part;
	return whole <= 12 && part >= 1 && part <= 3;
}

/* 4.2.5: plain ASCII, in which two characters are escaped. */
static bool
take_string(const char **p)
{
	for ((*p)++; **p != '"'; (*p)++) {
		if (**p < ' ' || **p > '~')
			return false;
		if (**p == '\\' && *++*p != '"' && **p != '\\')
			return false;
	}
	(*p)++;
	return true;
}

static bool
take_item(const char **p)
{
	if (**p == '"')
		return take_string(p);
	if (**p >= '0' && **p <= '9')
		return take_number(p);
	if ((**p < 'a' || **p > 'z') && (**p < 'A' || **p > 'Z'))
		return false;
	while (is_key_char(**p) || (**p >= 'A' && **p <= 'Z')) /* a token */
		(*p)++;
	return true;
}

static bool
take_parameters(const char **p)
{
	while (**p == ';') {
		(*p)++;
		*p += strspn(*p, " ");
		if (!take_key(p))
			return false;
		if (**p == '=') {
			(*p)++;
			if (!take_item(p))
				return false;
		}
	}
	return true;
}

bool
is_dictionary(const char *p)
{
	for (;;) {
		if (!take_key(&p))
			return false;
		if (*p == '=') {
			p++;
			if (!take_item(&p))
				return false;
		}
		if (!take_parameters(&p))
			return false;
		if (*p == '\0')
			return true;
		p += strspn(p, " \t");
		if (*p++ != ',')
			return false;
		p += strspn(p, " \t"); /* and no comma at the end */
	}
}

/* ---- a strict reader of JSON (RFC 8259), as far as we write it ---- */

static bool take_json(const char **p, int depth);

static bool
take_json_string(const char **p)
{
	return **p == '"' && take_string(p);
}

static bool
take_json_number(const char **p)
{
	size_t whole = strspn(*p, "0123456789"), part;

	if (whole == 0 || (whole > 1 && **p == '0'))
		return false;
	*p += whole;
	if (**p != '.')
		return true;
	part = strspn(++*p, "0123456789");
	*p += part;
	return part > 0;
}

/* An object or an array, to its end. */
static bool
take_json_members(const char **p, int depth, bool object)
{
	char end = object ? '}' : ']';

	for (;;) {
		if (object && (!take_json_string(p) || *(*p)++ != ':'))
			return false;
		if (!take_json(p, depth - 1))
			return false;
		if (**p == end) {
			(*p)++;
			return true;
		}
		if (*(*p)++ != ',')
			return false;
	}
}

static bool
take_json(const char **p, int depth)
{
	bool object = **p == '{';

	if (depth == 0)
		return false;
	if (**p == '"')
		return take_json_string(p);
	if (strncmp(*p, "true", 4) == 0) {
		*p += 4;
		return true;
	}
	if (!object && **p != '[')
		return take_json_number(p);
	(*p)++;
	return take_json_members(p, depth, object);
}

bool
is_json_object(const char *p)
{
	return *p == '{' && take_json(&p, 3) && *p == '\0';
}
