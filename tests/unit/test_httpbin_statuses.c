/* Tests of app/httpbin: which status each target comes to, and by which chances. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "httpbinned.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct running running;

/* The bounds are a minute and 1 MiB. */
static const struct {
	const char *target;
	unsigned status;
} statuses[] = {
	{ "/delay", 404 },
	{ "/delay/", 404 },
	{ "/delay/1/foo", 404 },
	{ "/delay/foo", 400 },
	{ "/delay/61", 400 },
	{ "/delay/60", 200 },
	{ "/delay/1m", 200 },
	{ "/delay/60.001s", 400 },
	{ "/delay/-1ms", 400 },
	{ "/delay/-1", 400 },
	{ "/delay/NaN", 400 },
	{ "/delay/Inf", 400 },
	{ "/delay/1?delay=x&unknown=%", 200 },
	{ "/drip", 200 },
	{ "/drip/", 404 },
	{ "/drip?duration=1001", 400 },
	{ "/drip?duration=-1ms", 400 },
	{ "/drip?duration=foo", 400 },
	{ "/drip?duration=NaN", 400 },
	{ "/drip?delay=1001", 400 },
	{ "/drip?delay=foo", 400 },
	{ "/drip?delay=-1", 400 },
	{ "/drip?duration=40&delay=21", 400 },
	{ "/drip?duration=40&delay=20", 200 },
	{ "/drip?numbytes=0", 400 },
	{ "/drip?numbytes=-1", 400 },
	{ "/drip?numbytes=foo", 400 },
	{ "/drip?numbytes=0xff", 400 },
	{ "/drip?numbytes=1048576", 200 },
	{ "/drip?numbytes=1048577", 400 },
	{ "/drip?code=404", 404 },
	{ "/drip?code=599", 599 },
	{ "/drip?code=567", 567 },
	{ "/drip?code=600", 400 },
	{ "/drip?code=25", 400 },
	{ "/drip?code=-1", 400 },
	{ "/drip?code=foo", 400 },
	{ "/drip?code=101", 400 },
	{ "/status", 404 },
	{ "/status/", 404 },
	{ "/status/200/foo", 404 },
	{ "/status/204", 204 },
	{ "/status/300", 300 },
	{ "/status/599", 599 },
	{ "/status/3.14", 400 },
	{ "/status/foo", 400 },
	{ "/status/99", 400 },
	{ "/status/101", 400 },
	{ "/status/600", 400 },
	{ "/status/1024", 400 },
	{ "/status/503,503:2", 503 },
	{ "/status/200:0,503:1e-9", 503 },
	{ "/status/503:1,200:0", 503 },
	{ "/status/200:foo,500:1", 400 },
	{ "/status/200:1,foo:1", 400 },
	{ "/status/200:1,", 400 },
	{ "/status/,", 400 },
	{ "/status/200:,500", 400 },
	{ "/status/200:0,500:0", 400 },
	{ "/status/200:-1,500:2", 400 },
	{ "/status/200:NaN,500:1", 400 },
	{ "/status/200:Inf,500:1", 400 },
	{ "/status/100,200", 400 },
	{ "/status/200:1,600:1", 400 },
	{ "/status/200,201,202,203,204,205,206,207,208,209,210,211,212,213,214,"
	  "215,216",
	    400 },
	{ "/unstable?failure_rate=1", 500 },
	{ "/unstable?failure_rate=0", 200 },
	{ "/unstable?failure_rate=foo", 400 },
	{ "/unstable?failure_rate=-1", 400 },
	{ "/unstable?failure_rate=1.23", 400 },
	{ "/unstable?failure_rate=NaN", 400 },
	{ "/unstable?seed=3.14", 400 },
	{ "/unstable?seed=foo", 400 },
	{ "/unstable?failure_rate=1&seed=-12345", 500 },
	{ "/retry", 400 },
	{ "/retry/?uuid=a", 400 },
	{ "/retry/?succeedAfter=1", 400 },
	{ "/retry/?uuid=a&succeedAfter=foo", 400 },
	{ "/retry/?uuid=a&succeedAfter=-1", 400 },
	{ "/retry/?uuid=a&succeedAfter=1&responseCode=foo", 400 },
	{ "/retry/?uuid=a&succeedAfter=1&responseCode=99", 400 },
	{ "/retry/?uuid=a&succeedAfter=1&delayRetry=foo", 400 },
	{ "/retry/?uuid=a&succeedAfter=1&delayRetry=61", 400 },
	{ "/retry/any/path?uuid=none&succeedAfter=0&responseCode=503", 200 },
	{ "/retry/any/path?uuid=twice&succeedAfter=2&responseCode=503", 503 },
	{ "/retry/any/path?uuid=twice&succeedAfter=2&responseCode=503", 503 },
	{ "/retry/any/path?uuid=twice&succeedAfter=2&responseCode=503", 200 },
	{ "/sse?duration=0", 400 },
	{ "/sse?duration=0s", 400 },
	{ "/sse?duration=1001", 400 },
	{ "/sse?duration=-1ms", 400 },
	{ "/sse?duration=foo", 400 },
	{ "/sse?delay=foo", 400 },
	{ "/sse?delay=-1", 400 },
	{ "/sse?count=foo", 400 },
	{ "/sse?count=0", 400 },
	{ "/sse?count=-1", 400 },
	{ "/sse?count=0xff", 400 },
	{ "/sse?count=1000000", 400 },
	{ "/sse?count=011", 200 },
	{ "/sse?jitter=-0.1", 400 },
	{ "/sse?jitter=1.5", 400 },
	{ "/sse?jitter=abc", 400 },
	{ "/sse?jitter=NaN", 400 },
	{ "/sse?duration=40&delay=21", 400 },
	{ "/jsonl?count=foo", 400 },
	{ "/jsonl?count=3.14", 400 },
	{ "/jsonl?duration=foo", 400 },
	{ "/jsonl?delay=foo", 400 },
	{ "/jsonl?duration=40&delay=21", 400 },
	{ "/jsonl?jitter=1.5", 400 },
	{ "/stream", 404 },
	{ "/stream/foo", 400 },
	{ "/stream/3.1415", 400 },
	{ "/stream/10/foo", 404 },
	{ "/bytes", 404 },
	{ "/bytes/16/foo", 404 },
	{ "/bytes/-1", 400 },
	{ "/bytes/foo", 400 },
	{ "/bytes/3.14", 400 },
	{ "/bytes/1048577", 400 },
	{ "/bytes/99999999999999999999", 400 },
	{ "/bytes/16?seed=12345678901234567890", 400 },
	{ "/bytes/16?seed=foo", 400 },
	{ "/bytes/16?seed=3.14", 400 },
	{ "/bytes/16?seed=-12345", 200 },
	{ "/stream-bytes", 404 },
	{ "/stream-bytes/10/foo", 404 },
	{ "/stream-bytes/foo", 400 },
	{ "/stream-bytes/16?chunk_size=foo", 400 },
	{ "/stream-bytes/16?chunk_size=3.14", 400 },
	{ "/range", 404 },
	{ "/range/", 404 },
	{ "/range/1/foo", 404 },
	{ "/range/foo", 400 },
	{ "/range/1.5", 400 },
	{ "/range/-1", 400 },
	{ "/range/0", 400 },
	{ "/range/1048577", 400 },
	{ "/range/100?duration=-1", 400 },
	{ "/range/100?duration=XYZ", 400 },
	{ "/range/100?duration=2h", 400 },
	{ "/redirect", 404 },
	{ "/redirect/", 404 },
	{ "/redirect/0", 400 },
	{ "/redirect/-1", 400 },
	{ "/redirect/3.14", 400 },
	{ "/redirect/foo", 400 },
	{ "/redirect/10/foo", 404 },
	{ "/relative-redirect/foo", 400 },
	{ "/absolute-redirect/-1", 400 },
	{ "/redirect-to", 400 },
	{ "/redirect-to?status_code=302", 400 },
	{ "/redirect-to?url=/get&status_code=201", 400 },
	{ "/redirect-to?url=/get&status_code=418", 400 },
	{ "/redirect-to?url=/get&status_code=/get", 400 },
	{ "/redirect-to?url=foo", 403 },
	{ "/redirect-to?url=//evil.com", 403 },
	{ "/redirect-to?url=/%5Cevil.com", 403 },
	{ "/redirect-to?url=%5C%5Cevil.com", 403 },
	{ "/redirect-to?url=https://evil.com", 403 },
	{ "/redirect-to?url=/get", 302 },
	{ "/redirect-to?url=/&status_code=307", 307 },
	{ "/get", 200 },
	{ "/get/", 404 },
	{ "/getx", 404 },
	{ "/post", 405 },
	{ "/head", 405 },
	{ "/anything", 200 },
	{ "/anything/", 200 },
	{ "/anything/a/b/c", 200 },
	{ "/trailers?Authorization=Bearer", 400 },
	{ "/trailers?test-trailer-1&te=", 400 },
	{ "/trailers?a%20b=1", 400 },
	{ "/trailers?a=%0d%0a", 400 },
	{ "/response-headers?a=%0d%0aX:1&%3cb%3e=1", 200 },
	{ "/response-headers?content-type=a&Content-Type=b", 400 },
	{ "/cache/60/foo", 404 },
	{ "/cache/foo", 400 },
	{ "/cache/3.14", 400 },
	{ "/etag", 404 },
	{ "/etag/foo/bar", 404 },
	{ "/etag/a%22b", 400 },
	{ "/base64/", 404 },
	{ "/base64/decode/", 404 },
	{ "/base64/decode/dmFsaWQ=/extra", 404 },
	{ "/base64/unknown/dmFsaWQ=", 400 },
	{ "/base64/invalid_base64_encoded_string", 400 },
	{ "/base64/dmFsaWQ=?content-type=%0a", 400 },
	{ "/basic-auth", 404 },
	{ "/basic-auth/user", 404 },
	{ "/basic-auth/user/pass/extra", 404 },
	{ "/basic-auth/user/pass", 401 },
	{ "/bearer", 401 },
	{ "/cookies/set?a%20b=1", 400 },
	{ "/cookies/set?a=1;2", 302 },
	{ "/cookies/set?a=%3b", 400 },
	{ "/cookies/set/a/b", 404 },
	{ "/encoding/utf8", 200 },
	{ "/encoding", 404 },
	{ "/deny", 200 },
	{ "/robots.txt", 200 },
	{ "/html", 200 },
	{ "/json", 200 },
	{ "/xml", 200 },
	{ "/hostname", 200 },
	{ "/uuid", 200 },
	{ "/ip", 200 },
	{ "/headers", 200 },
	{ "/user-agent", 200 },
	{ "/sleep/0", 200 },
	{ "/echo", 200 },
	{ "/medium", 200 },
	{ "/", 200 },
};

static void
test_statuses(void **state)
{
	for (size_t i = 0; i < COUNT(statuses); i++) {
		running_get(&running, *state, statuses[i].target);
		if (httpbinned_status(&running) != statuses[i].status)
			fail_msg("%s: %u", statuses[i].target,
			    httpbinned_status(&running));
		assert_true(running.keep);
	}
}

/* The same seed gives the same, however often; another one, or none, others. */
static void
test_seeds(void **state)
{
	char first[16];

	running_get(&running, *state, "/bytes/16?seed=1");
	memcpy(first, running.body, 16);
	running_get(&running, *state, "/bytes/16?seed=1");
	assert_memory_equal(first, running.body, 16);
	running_get(&running, *state, "/bytes/16?seed=2");
	assert_memory_not_equal(first, running.body, 16);
	running_get(&running, *state, "/bytes/16");
	memcpy(first, running.body, 16);
	running_get(&running, *state, "/bytes/16");
	assert_memory_not_equal(first, running.body, 16);
}

/* Shares of weights, as they are drawn: within four deviations; and a seed of
 * /unstable fails always, or never. */
static void
test_chances(void **state)
{
	unsigned often = 0, failed = 0;

	for (int i = 0; i < 1000; i++) {
		running_get(&running, *state, "/status/503:3,200:1");
		assert_true(httpbinned_status(&running) == 503 ||
			    httpbinned_status(&running) == 200);
		often += httpbinned_status(&running) == 503;
	}
	assert_in_range(often, 750 - 55, 750 + 55);
	for (int seed = 0; seed < 50; seed++) {
		char target[40];
		unsigned before;

		sprintf(target, "/unstable?seed=%d", seed);
		running_get(&running, *state, target);
		before = httpbinned_status(&running);
		running_get(&running, *state, target);
		assert_int_equal(httpbinned_status(&running), before);
		failed += before == 500;
	}
	assert_in_range(failed, 25 - 14, 25 + 14);
}

/* Words that do not go together are a fault like others. */
static void
test_refused_words(void **state)
{
	running_get(&running, *state, "/drip?code=204");
	assert_int_equal(httpbinned_status(&running), 400);
	assert_true(running_has(&running,
	    "Content-Type: application/json; charset=utf-8"));
	assert_true(running_has(&running, "Access-Control-Allow-Origin: *"));
	assert_non_null(strstr(running.body, "204, 205 and 304 have no body"));
}

/* A refusal has none of the fields that were to come, nor their type. */
static void
test_refused_fields(void **state)
{
	running_get(&running, *state,
	    "/response-headers?Foo=x&Content-Type=a/b&content-type=text/html");
	assert_int_equal(httpbinned_status(&running), 400);
	assert_true(running_has(&running,
	    "Content-Type: application/json; charset=utf-8"));
	assert_false(running_has(&running, "Foo: x"));
	assert_true(running_has(&running, "Access-Control-Allow-Origin: *"));
}

/* /redirect-to where the operator allows hosts. */
static void
test_hosts(void **state)
{
	static const struct {
		const char *hosts, *target;
		unsigned status;
	} rows[] = {
		{ "a.org,b.org", "http://a.org", 302 },
		{ "a.org,b.org", "https://B.org/foo/bar", 302 },
		{ "a.org", "https://a.org:8080?x", 302 },
		{ "a.org", "//a.org/", 302 },
		{ "a.org", "https://x.a.org/", 403 },
		{ "a.org", "https://evil.com", 403 },
		{ "a.org", "//evil.com", 403 },
		{ "a.org", "http://a.org@evil.com/", 403 },
		{ "a.org", "http://a.org:80@evil.com/", 403 },
		{ "a.org", "http://evil.com%5C@a.org/", 403 },
		{ "a.org", "http:evil.com//a.org", 403 },
		{ "a.org", "javascript:alert(1)//a.org", 403 },
		{ "a.org", "http%253A%252F%252Fevil.com", 403 },
		{ "a.org", "http:///a.org", 403 },
		{ "a.org", "foo", 403 },
		{ "[::1]", "http://[::1]:80/", 302 },
		{ "[::1]", "http://[::2]/", 403 },
		{ "*", "https://evil.com", 302 },
		{ "*", "foo", 403 },
	};
	struct asking *asking = *state;
	char target[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		asking->config.app.hosts = rows[i].hosts;
		snprintf(target, sizeof(target), "/redirect-to?url=%s",
		    rows[i].target);
		running_get(&running, asking, target);
		if (httpbinned_status(&running) != rows[i].status)
			fail_msg("%s: %u", target, httpbinned_status(&running));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HTTPBINNED_TEST(test_statuses),
		HTTPBINNED_TEST(test_seeds),
		HTTPBINNED_TEST(test_chances),
		HTTPBINNED_TEST(test_refused_words),
		HTTPBINNED_TEST(test_refused_fields),
		HTTPBINNED_TEST(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
