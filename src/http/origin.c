/*
 * origin: whom a request is for: the forms of a request target (RFC 9112 3.2)
 * and the Host field (RFC 9110 7.2). Its state is the request's; any thread.
 */
#include "config.h"

#include "http/origin.h"

#include <arpa/inet.h>

#include "http/chars.h"

/* Returns what is past the reg-name or IPv4address at `p` (RFC 3986 3.2.2); `p`
 * where there is none. */
static const char *
origin_skip_name(const char *p, const char *end)
{
	for (;;) {
		p = http_skip_chars(p, end, HTTP_CHAR_NAME);
		if (end - p < 3 || *p != '%' || http_hex_value(p[1]) < 0 ||
		    http_hex_value(p[2]) < 0)
			return p;
		p += 3;
	}
}

/*
 * Returns what is past the `[IPv6address]` at `p`; `p` where it is none.
 * IPvFuture is refused: no such address is defined, so that none can be ours.
 */
static const char *
origin_skip_ipv6(const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t size;

	if (close == NULL)
		return p;
	size = (size_t)(close - p - 1);
	if (size >= sizeof(text))
		return p;
	memcpy(text, p + 1, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? close + 1 : p;
}

/* Says whether it is a port up to 65535: at most five digits, or none at all
 * (RFC 3986 3.2.3). */
static bool
origin_is_port(const char *p, const char *end)
{
	unsigned port = 0;

	if (end - p > 5)
		return false;
	for (; p < end; p++) {
		if (!http_char_is(*p, HTTP_CHAR_DIGIT))
			return false;
		port = port * 10 + (unsigned)(*p - '0');
	}
	return port <= UINT16_MAX;
}

/*
 * Says whether the text is uri-host [ ":" port ]: http and https require a host
 * (RFC 9110 4.2), and allow no userinfo (4.2.4). *port says whether there is a
 * port.
 */
static bool
origin_is_authority(struct span text, bool *port)
{
	const char *p = text.data, *end = p + text.size;
	const char *host_end;

	if (p == end)
		return false;
	host_end = *p == '[' ? origin_skip_ipv6(p, end)
			     : origin_skip_name(p, end);
	if (host_end == p)
		return false;
	*port = end - host_end > 1;
	if (host_end == end)
		return true;
	return *host_end == ':' && origin_is_port(host_end + 1, end);
}

/* Says whether `host` is the last Host that was valid: it seldom changes. */
static bool
origin_is_known(const struct http_request *request, struct span host)
{
	return span_equal((struct span){ request->host, request->host_size },
	    host);
}

/* Keeps a valid Host for origin_is_known(), where it is short enough. */
static void
origin_keep(struct http_request *request, struct span host)
{
	if (host.size > sizeof(request->host))
		return;
	memcpy(request->host, host.data, host.size);
	request->host_size = host.size;
}

/*
 * Reads Host, which must be there in HTTP/1.1, once, and valid (RFC 9112 3.2),
 * even where the target's own authority overrides it. An empty value is valid:
 * it is what 3.2 has a client send that knows no authority, and 3.3 lets a
 * server then take the name that it is configured with; we serve one site under
 * any name.
 */
static enum http_parse
origin_read_host(struct http_request *request)
{
	struct span host = http_request_field(request, HTTP_FIELD_HOST);
	bool port;

	if (host.data == NULL) {
		if (request->minor == 0)
			return HTTP_OK;
		return http_request_refuse(request, 400, "no Host field");
	}
	if (request->repeated & HTTP_FIELD_BIT(HTTP_FIELD_HOST))
		return http_request_refuse(request, 400,
		    "more than one Host field");
	if (host.size > 0 && !origin_is_known(request, host)) {
		if (!origin_is_authority(host, &port))
			return http_request_refuse(request, 400,
			    "invalid Host field");
		origin_keep(request, host);
	}
	request->authority = host;
	return HTTP_OK;
}

/* Splits what follows the authority into the path, "/" where it is empty, and
 * the query. */
static void
origin_split_path(struct http_request *request, struct span rest)
{
	const char *mark = memchr(rest.data, '?', rest.size);

	request->path = rest;
	if (mark != NULL) {
		request->path.size = (size_t)(mark - rest.data);
		request->query.data = mark + 1;
		request->query.size = rest.size - request->path.size - 1;
	}
	if (request->path.size == 0)
		request->path = SPAN("/");
}

/* Measures `http://` or `https://` at the start of the target; 0: neither. */
static size_t
origin_scheme_size(struct span target)
{
	static const struct span schemes[] = {
		{ "http://", 7 },
		{ "https://", 8 },
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct span start = { target.data, schemes[i].size };

		if (target.size >= start.size &&
		    span_equal_nocase(start, schemes[i]))
			return start.size;
	}
	return 0;
}

/* Reads a target in absolute-form (RFC 9112 3.2.2). */
static enum http_parse
origin_read_absolute(struct http_request *request)
{
	struct span rest = request->target;
	size_t scheme = origin_scheme_size(rest);
	struct span authority;
	bool port;

	if (scheme == 0)
		return http_request_refuse(request, 400,
		    "the target is no path and no http URI");
	authority = (struct span){ rest.data + scheme, 0 };
	rest.size -= scheme;
	while (authority.size < rest.size &&
	       authority.data[authority.size] != '/' &&
	       authority.data[authority.size] != '?')
		authority.size++;
	if (!origin_is_authority(authority, &port))
		return http_request_refuse(request, 400,
		    "invalid authority in the target");
	request->authority = authority;
	rest.data = authority.data + authority.size;
	rest.size -= authority.size;
	origin_split_path(request, rest);
	return HTTP_OK;
}

/* Reads CONNECT's only form, which must name a port (RFC 9112 3.2.3). */
static enum http_parse
origin_read_connect(struct http_request *request)
{
	struct span target = request->target;
	bool port;

	if (!origin_is_authority(target, &port) || !port)
		return http_request_refuse(request, 400,
		    "the target of CONNECT is not host:port");
	request->authority = target;
	request->path = (struct span){ target.data + target.size, 0 };
	return HTTP_OK;
}

enum http_parse
http_origin_decide(struct http_request *request)
{
	if (origin_read_host(request) != HTTP_OK)
		return HTTP_BAD;
	if (request->method == HTTP_CONNECT)
		return origin_read_connect(request);
	if (request->target.data[0] == '/') {
		origin_split_path(request, request->target);
		return HTTP_OK;
	}
	if (!span_equal(request->target, SPAN("*")))
		return origin_read_absolute(request);
	if (request->method != HTTP_OPTIONS)
		return http_request_refuse(request, 400,
		    "only OPTIONS may ask for *");
	request->path = request->target;
	return HTTP_OK;
}

struct span
http_origin_path(struct span target)
{
	struct span path;
	bool absolute;

	if (target.size == 0)
		return SPAN("");
	absolute = target.data[0] != '/';
	if (absolute) {
		size_t scheme = origin_scheme_size(target);

		if (scheme == 0)
			return SPAN("");
		span_skip(&target, scheme);
		(void)span_take(&target, SPAN("/?"));
	}
	path = span_take(&target, SPAN("?"));
	return path.size == 0 && absolute ? SPAN("/") : path;
}
