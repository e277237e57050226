/* Reads who has asked a proxy; the thread that serves the request. */
#include "config.h"

#include "http/forwarded.h"

#include "base/wire.h"
#include "http/chars.h"
#include "http/fields.h"

/* Takes a string in quotes off the front of `text`, without these (RFC 9110 5.6.4). Returns
 * false where it has no end. */
static bool
forwarded_take_quoted(struct span *text, struct span *string)
{
	size_t size = 1;

	while (size < text->size && text->data[size] != '"')
		size += text->data[size] == '\\' ? 2 : 1;
	if (size >= text->size)
		return false;
	*string = (struct span){ text->data + 1, size - 1 };
	span_skip(text, size + 1);
	return true;
}

/* Takes the next name=value off an element of Forwarded, and the semicolon behind it.
 * Returns false where the element is malformed. */
static bool
forwarded_next_pair(struct span *element, struct span *name, struct span *value)
{
	*name = http_trim(span_take(element, SPAN("=;\"")));
	if (element->size < 2 || element->data[0] != '=')
		return false;
	span_skip(element, 1);
	if (element->data[0] != '"')
		*value = span_take(element, SPAN(";\""));
	else if (!forwarded_take_quoted(element, value))
		return false;
	*element = http_trim(*element);
	return element->size == 0 || element->data[0] == ';';
}

/* Finds the `for` of an element of Forwarded (RFC 7239 4). Returns false where there is
 * none, or more than one, or the element is malformed. */
static bool
forwarded_find_for(struct span element, struct span *node)
{
	struct span name, value;
	bool found = false;

	for (;;) {
		while (element.size > 0 &&
		       (element.data[0] == ';' ||
			   http_char_is_space(element.data[0])))
			span_skip(&element, 1); /* a pair may be empty */
		if (element.size == 0)
			return found;
		if (!forwarded_next_pair(&element, &name, &value))
			return false;
		if (!span_equal_nocase(name, SPAN("for")))
			continue;
		if (found)
			return false;
		*node = http_trim(value);
		found = true;
	}
}

/* Whether text is empty, or a colon and a port, which may be hidden (RFC 7239 6.3). */
static bool
forwarded_is_port(struct span text)
{
	const char *end = text.data + text.size;

	return text.size == 0 ||
	       (text.size > 1 && text.data[0] == ':' &&
		   http_skip_chars(text.data + 1, end, HTTP_CHAR_TOKEN) == end);
}

/* Reads an address, with a port or without: [2001:db8::1]:80, 2001:db8::1, 192.0.2.1:80.
 * Returns false where it is none, such as `unknown`. */
static bool
forwarded_read_node(struct span node, struct sockaddr_storage *address)
{
	struct span rest = node, host;

	if (node.size > 0 && node.data[0] == '[') {
		span_skip(&rest, 1);
		host = span_take(&rest, SPAN("]"));
		if (rest.size == 0)
			return false;
		span_skip(&rest, 1);
		return forwarded_is_port(rest) &&
		       wire_read_name(host, address) &&
		       address->ss_family == AF_INET6;
	}
	if (wire_read_name(node, address))
		return true;
	host = span_take(&rest, SPAN(":"));
	return forwarded_is_port(rest) && wire_read_name(host, address) &&
	       address->ss_family == AF_INET;
}

/* Takes the next element off a line of the field. A comma ends it even in a string, which no
 * address takes: one that a client begins can't hide what a proxy appends, nor one that a
 * proxy makes of the client's words have others in it. Empty elements are skipped. Returns
 * false at the end. */
static bool
forwarded_next_element(struct span *line, struct span *element)
{
	while (line->size > 0) {
		*element = http_trim(span_take(line, SPAN(",")));
		span_skip(line, line->size > 0);
		if (element->size > 0)
			return true;
	}
	return false;
}

/* Reads the address of an element; AF_UNSPEC where it has none. */
static void
forwarded_read(bool standard, struct span element,
    struct sockaddr_storage *address)
{
	if ((standard && !forwarded_find_for(element, &element)) ||
	    !forwarded_read_node(element, address))
		address->ss_family = AF_UNSPEC;
}

bool
forwarded_trusts(const struct forwarded *forwarded,
    const struct sockaddr_storage *peer)
{
	return peer->ss_family == AF_UNIX ||
	       cidr_any_has(forwarded->trusted, forwarded->trusted_count, peer);
}

bool
forwarded_client(const struct forwarded *forwarded,
    const struct http_request *request, struct sockaddr_storage *client)
{
	struct span field = span_of(forwarded->field);
	bool standard = span_equal_nocase(field, SPAN("forwarded"));
	struct sockaddr_storage found;

	client->ss_family = AF_UNSPEC;
	for (unsigned i = 0; i < request->field_count; i++) {
		struct span line = request->fields[i].value, element;

		if (!span_equal_nocase(request->fields[i].name, field))
			continue;
		while (forwarded_next_element(&line, &element)) {
			forwarded_read(standard, element, &found);
			if (found.ss_family == AF_UNSPEC ||
			    client->ss_family == AF_UNSPEC ||
			    !forwarded_trusts(forwarded, &found))
				*client = found;
		}
	}
	return client->ss_family != AF_UNSPEC;
}
