/* Checks Host, Origin, Content-Type and the token; the thread that answers. */
#include "config.h"

#include "admin/guard.h"

#include "base/wire.h"

/* Returns a field's value; data is NULL where there is none. */
static struct span
guard_field(const struct http_request *request, const char *name)
{
	for (unsigned i = 0; i < request->field_count; i++)
		if (span_equal_nocase(request->fields[i].name, span_of(name)))
			return request->fields[i].value;
	return (struct span){ NULL, 0 };
}

/* Returns the host of an authority, without its port; of IPv6, without brackets. */
static struct span
guard_host(struct span authority)
{
	struct span rest = authority;

	if (rest.size > 0 && rest.data[0] == '[') {
		span_skip(&rest, 1);
		return span_take(&rest, SPAN("]"));
	}
	return span_take(&rest, SPAN(":"));
}

static bool
guard_knows_host(const struct admin *admin, struct span authority)
{
	struct sockaddr_storage unused;
	struct span host;

	if (authority.size == 0)
		return true;
	host = guard_host(authority);
	if (wire_read_name(host, &unused) ||
	    span_equal_nocase(host, SPAN("localhost")))
		return true;
	for (unsigned i = 0; i < admin->host_count; i++)
		if (span_equal_nocase(host, span_of(admin->hosts[i])))
			return true;
	return false;
}

/* Whether an Origin is this very server, which a proxy may have made https of. */
static bool
guard_is_own_origin(struct span origin, struct span authority)
{
	static const struct span schemes[] = { SPAN("http://"),
		SPAN("https://") };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct span rest = origin;

		if (rest.size < schemes[i].size ||
		    memcmp(rest.data, schemes[i].data, schemes[i].size) != 0)
			continue;
		span_skip(&rest, schemes[i].size);
		return span_equal_nocase(rest, authority);
	}
	return false;
}

static bool
guard_has_own_origins(const struct http_request *request)
{
	for (unsigned i = 0; i < request->field_count; i++)
		if (span_equal_nocase(request->fields[i].name,
			SPAN("origin")) &&
		    !guard_is_own_origin(request->fields[i].value,
			request->authority))
			return false;
	return true;
}

/* Whether two texts are the same, in a time that tells nothing of where they are
 * not. */
static bool
guard_is_token(struct span given, const char *token)
{
	size_t size = strlen(token);
	unsigned char differs = given.size != size;

	for (size_t i = 0; i < given.size; i++)
		differs |= (unsigned char)(given.data[i] ^
					   token[size > 0 ? i % size : 0]);
	return differs == 0;
}

static bool
guard_knows_token(const struct admin *admin, const struct http_request *request)
{
	struct span given = guard_field(request, "authorization");
	const struct span scheme = SPAN("bearer ");

	if (admin->token == NULL)
		return true;
	if (given.data == NULL || given.size < scheme.size ||
	    strncasecmp(given.data, scheme.data, scheme.size) != 0)
		return false;
	span_skip(&given, scheme.size);
	return guard_is_token(given, admin->token);
}

/* Whether the content is of a type that no form has, and as it is; a DELETE needs
 * none. */
static bool
guard_is_no_form(const struct http_request *request)
{
	struct span type = guard_field(request, "content-type"), name;

	if (request->framing == HTTP_FRAMING_NONE &&
	    request->method != HTTP_PUT)
		return true;
	if (type.data == NULL ||
	    guard_field(request, "content-encoding").data != NULL)
		return false;
	name = span_take(&type, SPAN("; \t"));
	return span_equal_nocase(name, SPAN("text/plain")) ||
	       span_equal_nocase(name, SPAN("application/json"));
}

static bool
guard_refuse(struct guard_refusal *refusal, unsigned status, const char *why)
{
	*refusal = (struct guard_refusal){ status, why };
	return false;
}

bool
guard_admits(const struct admin *admin, const struct http_request *request,
    bool open, struct guard_refusal *refusal)
{
	if (!guard_knows_host(admin, request->authority))
		return guard_refuse(refusal, 421,
		    "Host is none that --admin-host names");
	if (!guard_has_own_origins(request))
		return guard_refuse(refusal, 403, "a page of somebody else's");
	if (!open && !guard_knows_token(admin, request))
		return guard_refuse(refusal, 401,
		    "who asks has to know the token of --admin-token-file");
	return true;
}

bool
guard_admits_content(const struct http_request *request,
    struct guard_refusal *refusal)
{
	if (request->method == HTTP_GET || request->method == HTTP_HEAD ||
	    guard_is_no_form(request))
		return true;
	return guard_refuse(refusal, 415,
	    "Content-Type has to be text/plain or application/json, without a "
	    "Content-Encoding");
}
