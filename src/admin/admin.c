/* The operator's side: its routes, and what it has; the thread that answers. */
#include "config.h"

#include "admin/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/answers.h"
#include "admin/guard.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text_file.h"

#define ADMIN_METHOD(method) (1U << (method))
#define ADMIN_GET            (ADMIN_METHOD(HTTP_GET) | ADMIN_METHOD(HTTP_HEAD))

/* Bytes of a token: what fits into a head with all else that a browser sends. */
#define ADMIN_TOKEN_MAX 4096

static void admin_answer(const struct app_request *request, struct span rest,
    struct answer *answer);

const struct app_route admin_routes[] = {
	{ SPAN(""), true, true, admin_answer },
	APP_ROUTES_END,
};

/* Which methods there are for something, and how Allow names them. */
struct admin_methods {
	unsigned set;
	const char *names;
};

static const struct admin_methods admin_look = { ADMIN_GET, "GET, HEAD" };
static const struct admin_methods admin_forget = {
	ADMIN_GET | ADMIN_METHOD(HTTP_DELETE), "GET, HEAD, DELETE"
};
static const struct admin_methods admin_steer = { ADMIN_GET |
						      ADMIN_METHOD(HTTP_PUT) |
						      ADMIN_METHOD(HTTP_DELETE),
	"GET, HEAD, PUT, DELETE" };

/* What there is to ask for. */
static const struct admin_row {
	struct span path; /* without its first slash */
	const struct admin_methods *methods;
	bool open; /* to who does not know the token */
	void (*answer)(struct admin *admin, const struct app_request *request,
	    struct answer *answer);
} admin_rows[] = {
	{ SPAN(""), &admin_look, true, answers_dashboard },
	{ SPAN("config"), &admin_look, false, answers_config },
	{ SPAN("metrics"), &admin_look, false, answers_metrics },
	{ SPAN("healthz"), &admin_look, true, answers_healthz },
	{ SPAN("readyz"), &admin_look, true, answers_readyz },
	{ SPAN("workers"), &admin_look, false, answers_workers },
	{ SPAN("events"), &admin_look, false, answers_events },
	{ SPAN("sleepers"), &admin_look, false, answers_sleepers },
	{ SPAN("requests"), &admin_forget, false, answers_requests },
	{ SPAN("rules"), &admin_steer, false, answers_rules },
};

#define ADMIN_ROWS (sizeof(admin_rows) / sizeof(admin_rows[0]))

/* ---- answering ---- */

/* Has the answer carry a field. */
static void
admin_carry(struct answer *answer, const char *name, const char *value)
{
	struct decision *decision = decision_new_field(name, value);

	if (decision != NULL)
		message_set_decision(&answer->message, decision);
}

/* Tells what else a refusal has to carry. */
static void
admin_refuse(struct answer *answer, const struct guard_refusal *refusal)
{
	message_set(&answer->message, refusal->status, refusal->why);
	answer->message.handler = HANDLER_ADMIN;
	if (refusal->status == 401)
		admin_carry(answer, "WWW-Authenticate",
		    "Bearer realm=\"mtasync\"");
}

/* Answers what a row has, by its methods. */
static void
admin_answer_row(struct admin *admin, const struct admin_row *row,
    const struct app_request *request, struct answer *answer)
{
	struct guard_refusal refusal;

	if ((row->methods->set & ADMIN_METHOD(request->http->method)) == 0) {
		message_set(&answer->message, 405, NULL);
		admin_carry(answer, "Allow", row->methods->names);
	} else if (guard_admits_content(request->http, &refusal)) {
		row->answer(admin, request, answer);
	} else {
		admin_refuse(answer, &refusal);
	}
}

static void
admin_answer(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	struct admin *admin = request->app->config->arg;
	struct guard_refusal refusal;
	size_t i = 0;

	while (i < ADMIN_ROWS && !span_equal(admin_rows[i].path, rest))
		i++;
	answer->message.handler = HANDLER_ADMIN;
	if (!guard_admits(admin, request->http,
		i < ADMIN_ROWS && admin_rows[i].open, &refusal)) {
		admin_refuse(answer, &refusal);
		return;
	}
	if (i < ADMIN_ROWS)
		admin_answer_row(admin, &admin_rows[i], request, answer);
	else
		message_set(&answer->message, 404, NULL);
	answer->message.unstored = true; /* nobody is to store it */
}

/* ---- from start to end ---- */

/* Whether a request can carry it. */
static bool
admin_is_token(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	return text.size > 0 && text.size <= ADMIN_TOKEN_MAX;
}

/* Takes the token off a file's text: its first line. Returns 0, or -1 with errno:
 * EINVAL where that can be none. */
static int
admin_take_token(struct admin *admin, struct span text)
{
	struct span line = span_take(&text, SPAN("\r\n"));

	errno = EINVAL;
	if (!admin_is_token(line))
		return -1;
	admin->token = strndup(line.data, line.size);
	return admin->token != NULL ? 0 : -1;
}

static int
admin_read_token(struct admin *admin, const char *path)
{
	size_t size;
	char *text;
	int result;

	if (path == NULL)
		return 0;
	text = text_file_read(path, &size);
	if (text == NULL) {
		log_error("--admin-token-file=%.200s can't be read: %m", path);
		return -1;
	}
	result = admin_take_token(admin, (struct span){ text, size });
	free(text);
	if (result == -1)
		log_error("--admin-token-file=%.200s: its first line has to be "
			  "the token: 1 to %d visible ASCII characters",
		    path, ADMIN_TOKEN_MAX);
	return result;
}

int
admin_open(struct admin *admin, const struct server_config *clients,
    const char *token_file)
{
	admin->clients = clients;
	admin->started = clock_wall();
	admin->config.app.arg = admin;
	admin->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	admin->descriptors = open("/proc/self/fd",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return admin_read_token(admin, token_file);
}

void
admin_close(struct admin *admin)
{
	if (admin->memory != -1)
		close(admin->memory);
	if (admin->descriptors != -1)
		close(admin->descriptors);
	free(admin->token);
	free(admin->options);
}
