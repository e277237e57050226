/*
 * framing: what Content-Length, Transfer-Encoding, Connection and Expect say,
 * over all their lines. Holds no state; any thread.
 */
#include "config.h"

#include "http/framing.h"

#include "http/chars.h"
#include "http/fields.h"

#define FRAMING_CODING HTTP_FIELD_BIT(HTTP_FIELD_TRANSFER_ENCODING)

/* The fields that are read here. */
#define FRAMING_FIELDS                                         \
 (FRAMING_CODING | HTTP_FIELD_BIT(HTTP_FIELD_CONTENT_LENGTH) | \
     HTTP_FIELD_BIT(HTTP_FIELD_CONNECTION) |                   \
     HTTP_FIELD_BIT(HTTP_FIELD_EXPECT))

/* What the lines have said so far. */
struct framing_facts {
	bool chunked;    /* the last coding */
	bool other;      /* a coding before it */
	bool misplaced;  /* something after chunked */
	bool close;      /* Connection: close */
	bool keep_alive; /* Connection: keep-alive */
};

/*
 * A decimal number of at most 2^64-1 at *p. Returns false for anything else;
 * else *p is past it.
 */
static bool
framing_read_number(const char **p, const char *end, uint64_t *number)
{
	const char *start = *p;
	uint64_t n = 0;

	for (; *p < end && http_char_is(**p, HTTP_CHAR_DIGIT); (*p)++) {
		unsigned digit = (unsigned)(**p - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*number = n;
	return *p > start;
}

/*
 * Digits. The same length several times over, in a list or in lines, counts
 * once (RFC 9110 8.6 and RFC 9112 6.3, item 5); different ones are refused.
 */
static enum http_parse
framing_read_length(struct http_request *request, struct span value)
{
	const char *p = value.data, *end = p + value.size;
	uint64_t length;

	for (;;) {
		p = http_skip_spaces(p, end);
		if (!framing_read_number(&p, end, &length))
			break;
		if (request->framing == HTTP_FRAMING_LENGTH &&
		    length != request->content_length)
			return http_request_refuse(request, 400,
			    "different Content-Lengths");
		request->framing = HTTP_FRAMING_LENGTH;
		request->content_length = length;
		p = http_skip_spaces(p, end);
		if (p == end)
			return HTTP_OK;
		if (*p++ != ',')
			break;
	}
	return http_request_refuse(request, 400, "invalid Content-Length");
}

static void
framing_read_codings(struct framing_facts *facts, struct span list)
{
	struct span coding;

	while (http_list_next(&list, &coding)) {
		facts->misplaced |= facts->chunked;
		if (span_equal_nocase(coding, SPAN("chunked")))
			facts->chunked = true;
		else
			facts->other = true;
	}
}

static void
framing_read_connection(struct framing_facts *facts, struct span list)
{
	struct span option;

	while (http_list_next(&list, &option)) {
		facts->close |= span_equal_nocase(option, SPAN("close"));
		facts->keep_alive |= span_equal_nocase(option,
		    SPAN("keep-alive"));
	}
}

/* RFC 9110 10.1.1. HTTP/1.0 knows no expectations: there, none counts. */
static enum http_parse
framing_read_expect(struct http_request *request, struct span list)
{
	struct span expectation;

	while (request->minor > 0 && http_list_next(&list, &expectation)) {
		if (!span_equal_nocase(expectation, SPAN("100-continue")))
			return http_request_refuse(request, 417,
			    "unknown expectation");
		request->expects_continue = true;
	}
	return HTTP_OK;
}

/*
 * RFC 9112 6.1 and 6.3: what does not end in a single chunked has no known
 * end, and together with a length it is how requests are smuggled.
 */
static enum http_parse
framing_decide_coding(struct http_request *request,
    const struct framing_facts *facts)
{
	if (request->minor == 0)
		return http_request_refuse(request, 400,
		    "Transfer-Encoding in HTTP/1.0");
	if (request->framing == HTTP_FRAMING_LENGTH)
		return http_request_refuse(request, 400,
		    "both Transfer-Encoding and Content-Length");
	if (!facts->chunked || facts->misplaced)
		return http_request_refuse(request, 400,
		    "Transfer-Encoding does not end in one chunked");
	if (facts->other)
		return http_request_refuse(request, 501,
		    "unknown transfer coding");
	request->framing = HTTP_FRAMING_CHUNKED;
	return HTTP_OK;
}

static enum http_parse
framing_read_field(struct http_request *request, struct framing_facts *facts,
    const struct http_field *field)
{
	if (field->id == HTTP_FIELD_CONTENT_LENGTH)
		return framing_read_length(request, field->value);
	if (field->id == HTTP_FIELD_EXPECT)
		return framing_read_expect(request, field->value);
	if (field->id == HTTP_FIELD_CONNECTION)
		framing_read_connection(facts, field->value);
	else
		framing_read_codings(facts, field->value);
	return HTTP_OK;
}

enum http_parse
http_framing_decide(struct http_request *request)
{
	struct framing_facts facts = { 0 };

	request->keep_alive = request->minor > 0;
	if (!(request->present & FRAMING_FIELDS))
		return HTTP_OK;
	for (unsigned i = 0; i < request->field_count; i++) {
		const struct http_field *field = &request->fields[i];

		if (HTTP_FIELD_BIT(field->id) & FRAMING_FIELDS &&
		    framing_read_field(request, &facts, field) != HTTP_OK)
			return HTTP_BAD;
	}
	if (request->present & FRAMING_CODING &&
	    framing_decide_coding(request, &facts) != HTTP_OK)
		return HTTP_BAD;
	request->keep_alive |= facts.keep_alive;
	request->keep_alive &= !facts.close;
	return HTTP_OK;
}
