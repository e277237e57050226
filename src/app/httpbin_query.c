/* Reads the parameters of httpbin's paths; any thread. */
#include "config.h"

#include "app/httpbin_query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/chars.h"

/* Bytes of a number: longer ones are none. */
#define HTTPBIN_NUMBER_MAX 64

static const char *const httpbin_numeric = "0123456789+-.eE";

/* ---- pairs ---- */

/* Decodes to `*out`, which moves on. Returns false where a % has no two digits. */
static bool
httpbin_decode(struct span sent, char **out, struct span *decoded)
{
	const char *end = sent.data + sent.size;

	decoded->data = *out;
	for (const char *p = sent.data; p < end; p++) {
		unsigned char octet;
		int high, low;
		char c = *p;

		if (c == '+')
			c = ' ';
		if (c != '%') {
			*(*out)++ = c;
			continue;
		}
		high = end - p > 2 ? http_hex_value(p[1]) : -1;
		low = end - p > 2 ? http_hex_value(p[2]) : -1;
		if (high == -1 || low == -1)
			return false;
		octet = (unsigned char)(high << 4 | low);
		memcpy((*out)++, &octet, 1);
		p += 2;
	}
	decoded->size = (size_t)(*out - decoded->data);
	return true;
}

/* Adds the pair that a run of the query without `&` is, where it is one. */
static void
httpbin_query_add(struct httpbin_query *query, struct span part, char **out)
{
	struct httpbin_pair *pair = &query->pairs[query->count];
	struct span name;

	if (part.size == 0 || memchr(part.data, ';', part.size) != NULL)
		return;
	name = span_take(&part, SPAN("="));
	if (part.size > 0)
		span_skip(&part, 1);
	if (httpbin_decode(name, out, &pair->name) &&
	    httpbin_decode(part, out, &pair->value))
		query->count++;
}

bool
httpbin_query_parse(struct httpbin_query *query, struct span text)
{
	size_t most = 2;
	char *out;

	*query = (struct httpbin_query){ NULL, 0 };
	for (size_t i = 0; i < text.size; i++)
		most += text.data[i] == '&';
	query->pairs = malloc(most * sizeof(*query->pairs) + text.size);
	if (query->pairs == NULL)
		return false;
	out = (char *)(query->pairs + most);
	while (text.size > 0) {
		httpbin_query_add(query, span_take(&text, SPAN("&")), &out);
		if (text.size > 0)
			span_skip(&text, 1);
	}
	return true;
}

void
httpbin_query_fini(struct httpbin_query *query)
{
	free(query->pairs);
	*query = (struct httpbin_query){ NULL, 0 };
}

struct span
httpbin_query_get(const struct httpbin_query *query, const char *name)
{
	for (unsigned i = 0; i < query->count; i++)
		if (span_equal(query->pairs[i].name, span_of(name)))
			return query->pairs[i].value;
	return SPAN("");
}

/* By name; and by place where that is the same, since qsort(3) may change it: the
 * values lie in the order in which they came. */
static int
httpbin_pairs_compare(const void *a, const void *b)
{
	const struct httpbin_pair *first = a, *second = b;
	size_t both = first->name.size < second->name.size ? first->name.size
							   : second->name.size;
	int order = memcmp(first->name.data, second->name.data, both);

	if (order != 0)
		return order;
	if (first->name.size != second->name.size)
		return first->name.size < second->name.size ? -1 : 1;
	return first->value.data < second->value.data ? -1 : 1;
}

void
httpbin_pairs_sort(struct httpbin_pair *pairs, unsigned count)
{
	if (count > 1)
		qsort(pairs, count, sizeof(*pairs), httpbin_pairs_compare);
}

/* ---- numbers ---- */

bool
httpbin_read_integer(struct span text, int64_t *number)
{
	bool negative = text.size > 0 && text.data[0] == '-';
	int64_t sum = 0;

	if (text.size > 0 && (negative || text.data[0] == '+'))
		span_skip(&text, 1);
	if (text.size == 0)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		int digit = text.data[i] - '0';

		if (digit < 0 || digit > 9 ||
		    __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_sub_overflow(sum, digit, &sum))
			return false;
	}
	if (!negative && sum == INT64_MIN)
		return false;
	*number = negative ? sum : -sum;
	return true;
}

bool
httpbin_read_number(struct span text, double *number)
{
	char copy[HTTPBIN_NUMBER_MAX + 1], *end;

	if (text.size == 0 || text.size > HTTPBIN_NUMBER_MAX)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\0' ||
		    strchr(httpbin_numeric, text.data[i]) == NULL)
			return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*number = strtod(copy, &end);
	return end == copy + text.size && *number - *number == 0; /* no Inf */
}

/* Takes one number and its unit off a duration of Go, and adds it to *sum. */
static bool
httpbin_take_duration(struct span *text, double *sum)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 }, { "us", CLOCK_US }, { "ms", CLOCK_MS },
		{ "\xc2\xb5s", CLOCK_US }, { "\xce\xbcs", CLOCK_US },
		{ "s", CLOCK_S }, { "m", 60 * CLOCK_S },
		{ "h", 3600 * CLOCK_S } };
	struct span digits = { text->data, 0 }, unit;
	double number;

	while (digits.size < text->size &&
	       (http_char_is(text->data[digits.size], HTTP_CHAR_DIGIT) ||
		   text->data[digits.size] == '.'))
		digits.size++;
	span_skip(text, digits.size);
	unit = span_take(text, SPAN("0123456789."));
	if (!httpbin_read_number(digits, &number))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (span_equal(unit, span_of(units[i].name))) {
			*sum += number * (double)units[i].ns;
			return true;
		}
	return false;
}

/* Reads a duration of Go, without its sign, as ns. */
static bool
httpbin_read_duration(struct span text, double *sum)
{
	if (text.size == 0)
		return false;
	while (text.size > 0)
		if (!httpbin_take_duration(&text, sum))
			return false;
	return true;
}

bool
httpbin_read_time(struct span text, int64_t *ns)
{
	double sign = text.size > 0 && text.data[0] == '-' ? -1 : 1, sum = 0;

	if (httpbin_read_number(text, &sum)) {
		sum *= sign * (double)CLOCK_S;
	} else {
		if (text.size > 0 && (sign < 0 || text.data[0] == '+'))
			span_skip(&text, 1);
		if (!httpbin_read_duration(text, &sum))
			return false;
	}
	if (sum >= 9.2e18)
		return false;
	*ns = (int64_t)(sign * (double)(int64_t)(sum + 0.5));
	return true;
}
