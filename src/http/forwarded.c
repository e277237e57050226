/* Reads who has asked a proxy; the thread that serves the request. */
#include "config.h"

#include "http/forwarded.h"

#include "base/wire.h"
#include "http/chars.h"
#include "http/fields.h"

/* Takes the next name=value off an element of Forwarded, and the semicolon behind it.
 * Returns false where there is none: also where a string has an escape, which nothing
 * that is read here needs. */
static bool
forwarded_next_pair(struct span *element, struct span *name, struct span *value)
{
	bool quoted;

	*name = http_trim(span_take(element, SPAN("=;\"")));
	if (element->size < 2 || element->data[0] != '=')
		return false;
	quoted = element->data[1] == '"';
	span_skip(element, quoted ? 2 : 1);
	*value = span_take(element, quoted ? SPAN("\"\\") : SPAN(";\""));
	if (quoted) {
		if (element->size == 0 || element->data[0] != '"')
			return false;
		span_skip(element, 1);
	}
	*element = http_trim(*element);
	if (element->size > 0 && element->data[0] != ';')
		return false;
	span_skip(element, element->size > 0);
	return true;
}

/* Finds the `for` of an element of Forwarded (RFC 7239 4). Returns false where there is
 * none, or more than one, or the element is malformed. */
static bool
forwarded_find_for(struct span element, struct span *node)
{
	struct span name, value;
	bool found = false;

	while (element.size > 0) {
		if (!forwarded_next_pair(&element, &name, &value))
			return false;
		if (!span_equal_nocase(name, SPAN("for")))
			continue;
		if (found)
			return false;
		*node = http_trim(value);
		found = true;
	}
	return found;
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

/* Takes the next element off a list in which a quote has no meaning: it would hide what
 * a proxy has appended. Empty ones are skipped. Returns false at the end. */
static bool
forwarded_next_plain(struct span *line, struct span *element)
{
	while (line->size > 0) {
		*element = http_trim(span_take(line, SPAN(",")));
		span_skip(line, line->size > 0);
		if (element->size > 0)
			return true;
	}
	return false;
}

/* Takes the next element off a line of the field, and reads its address; of one that has
 * none, AF_UNSPEC. Returns false at the end. */
static bool
forwarded_next(bool standard, struct span *line,
    struct sockaddr_storage *address)
{
	struct span element;

	if (standard ? !http_list_next(line, &element)
		     : !forwarded_next_plain(line, &element))
		return false;
	if ((standard && !forwarded_find_for(element, &element)) ||
	    !forwarded_read_node(element, address))
		address->ss_family = AF_UNSPEC;
	return true;
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
		struct span line = request->fields[i].value;

		if (!span_equal_nocase(request->fields[i].name, field))
			continue;
		while (forwarded_next(standard, &line, &found))
			if (found.ss_family == AF_UNSPEC ||
			    client->ss_family == AF_UNSPEC ||
			    !forwarded_trusts(forwarded, &found))
				*client = found;
	}
	return client->ss_family != AF_UNSPEC;
}
