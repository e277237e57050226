/*
 * fuzz_forwarded: for whom a proxy says that it asks. The first byte says in which field, a
 * newline ends a line of it. Whatever a client has written there, it gains nothing: what a
 * trusted proxy adds at the end decides.
 */
#include "config.h"

#include <arpa/inet.h>

#include "fuzz.h"
#include "http/fields.h"
#include "http/forwarded.h"

/* 10.0.0.0/8 */
static const struct cidr trusted = {
	{ .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 10 } },
	104,
};

static void
add_line(struct http_request *request, const char *field, struct span value)
{
	request->fields[request->field_count++] = (struct http_field){
		.id = HTTP_FIELD_OTHER,
		.name = span_of(field),
		.value = http_trim(value),
	};
}

static void
add_lines(struct http_request *request, const char *field, struct span text)
{
	request->field_count = 0;
	while (text.size > 0 && request->field_count + 1 < HTTP_FIELDS_MAX) {
		add_line(request, field, span_take(&text, SPAN("\n")));
		span_skip(&text, text.size > 0);
	}
}

static bool
is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family == AF_INET6 && b->ss_family == AF_INET6)
		return memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
	return a->ss_family == b->ss_family &&
	       (a->ss_family != AF_INET ||
		   ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr);
}

/* Another line, by a trusted proxy that names its client. */
static void
check_appended(const struct forwarded *forwarded, struct http_request *request,
    const struct sockaddr_storage *before)
{
	bool standard = strcmp(forwarded->field, "Forwarded") == 0;
	struct sockaddr_storage after, one, proxy;

	one.ss_family = proxy.ss_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.77",
	    &((struct sockaddr_in *)&one)->sin_addr);
	inet_pton(AF_INET, "10.0.0.77",
	    &((struct sockaddr_in *)&proxy)->sin_addr);
	add_line(request, forwarded->field,
	    standard ? SPAN("for=192.0.2.77") : SPAN("192.0.2.77"));
	FUZZ_CHECK(forwarded_client(forwarded, request, &after));
	FUZZ_CHECK(is_same(&after, &one));
	request->field_count--;
	add_line(request, forwarded->field,
	    standard ? SPAN("for=10.0.0.77") : SPAN("10.0.0.77"));
	FUZZ_CHECK(forwarded_client(forwarded, request, &after));
	FUZZ_CHECK(
	    is_same(&after, before->ss_family != AF_UNSPEC ? before : &proxy));
	request->field_count--;
}

/* The same behind the last line itself, as some proxies do, whatever that has begun. */
static void
check_extended(const struct forwarded *forwarded, struct http_request *request)
{
	bool standard = strcmp(forwarded->field, "Forwarded") == 0;
	struct span more = standard ? SPAN(", for=192.0.2.77")
				    : SPAN(", 192.0.2.77");
	struct http_field *last = request->fields;
	struct sockaddr_storage after;
	struct span value;
	char line[4096];

	if (request->field_count == 0)
		return;
	last += request->field_count - 1;
	if (last->value.size + more.size > sizeof(line))
		return;
	value = last->value;
	memcpy(line, value.data, value.size);
	memcpy(line + value.size, more.data, more.size);
	last->value = (struct span){ line, value.size + more.size };
	FUZZ_CHECK(forwarded_client(forwarded, request, &after));
	FUZZ_CHECK(((struct sockaddr_in *)&after)->sin_addr.s_addr ==
		   htonl(0xc000024d));
	last->value = value;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct sockaddr_storage client;
	struct forwarded forwarded = { "X-Forwarded-For", &trusted, 1 };
	struct span text;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		forwarded.field = "Forwarded";
	text = fuzz_copy(data + 1, size - 1);
	add_lines(&request, forwarded.field, text);
	if (!forwarded_client(&forwarded, &request, &client))
		client.ss_family = AF_UNSPEC;
	check_appended(&forwarded, &request, &client);
	check_extended(&forwarded, &request);
	fuzz_free(text);
	return 0;
}
