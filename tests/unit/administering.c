/* Asks the operator's side, without a server. */
#include "config.h"

#include "administering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/rules.h"
#include "base/clock.h"
#include "fake_clock.h"
#include "ruling.h"
#include "server/petition.h"

static const struct entrance administering_entrance = {
	.routes = admin_routes
};

/* ---- in place of the server ---- */

const struct side *
server_clients(const struct server *server)
{
	return &((const struct administering *)server)->side;
}

enum server_phase
server_phase(const struct server *server)
{
	return ((const struct administering *)server)->phase;
}

uint64_t
server_generation(const struct server *server)
{
	return ((const struct administering *)server)->generation;
}

bool
server_ask(struct server *server, struct petition *petition)
{
	struct administering *a = (struct administering *)server;

	if (a->petition != NULL)
		return false;
	a->petition = petition_hold(petition);
	return true;
}

/* ---- from start to end ---- */

int
administering_setup(void **state)
{
	static struct administering a;
	static char options[] = "{}";

	assert_int_equal(asking_setup(state), 0);
	memset(&a, 0, sizeof(a));
	a.asking = *state;
	a.asking->entrance = &administering_entrance;
	a.asking->config.app.arg = &a.admin;
	a.asking->config.max_body = 1000;
	a.clients = a.asking->config;
	a.admin = (struct admin){ .clients = &a.clients,
		.server = (struct server *)&a,
		.options = options,
		.memory = -1,
		.descriptors = -1 };
	a.side.config = &a.clients;
	a.side.worker_count = ADMINISTERING_WORKERS;
	assert_int_equal(totals_open(&a.side.totals, ADMINISTERING_WORKERS), 0);
	for (int w = 0; w < ADMINISTERING_WORKERS; w++)
		totals_add(&a.side.totals, &a.stats[w]);
	a.phase = SERVER_SERVING;
	*state = &a;
	return 0;
}

int
administering_teardown(void **state)
{
	struct administering *a = *state;
	void *asking = a->asking;

	fake_clock_set(0);
	petition_release(a->petition);
	totals_close(&a->side.totals);
	rules_release(a->asking->app.rules);
	a->asking->app.rules = NULL;
	return asking_teardown(&asking);
}

const char *
administering_get(struct administering *a, const char *target,
    const char *fields, unsigned status)
{
	char request[1024], line[32];

	snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, fields);
	running_ask(&a->answer, a->asking, request);
	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	if (strncmp(a->answer.bytes, line, strlen(line)) != 0)
		fail_msg("%s: %.200s", target, a->answer.bytes);
	return a->answer.body;
}

void
administering_rule(struct administering *a, const char *text)
{
	struct rules *rules = new_rules();
	struct rules_fault fault;

	if (!rules_parse(rules, span_of(text), &fault))
		fail_msg("%s: %u:%u: %s", text, fault.line, fault.column,
		    fault.why);
	assert_true(rules_end(rules));
	rules_release(a->asking->app.rules);
	a->asking->app.rules = rules;
}

void
administering_says(struct administering *a, const char *target, unsigned status,
    const char *wanted)
{
	const char *body = administering_get(a, target, "", status);

	if (strcmp(body, wanted) != 0)
		fail_msg("%s: %s", target, body);
}
