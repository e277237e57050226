/* Answers with the dashboard, and with the options in force; the thread that
 * answers. */
#include "config.h"

#include <stdlib.h>

#include "admin/answers.h"
#include "admin/dashboard.h"
#include "app/document.h"

/* Makes a copy of a text the answer. */
static void
pages_use(struct answer *answer, const char *type, struct span text)
{
	struct document *document = malloc(sizeof(*document) + text.size);

	if (document != NULL) {
		document->type = type;
		document->size = text.size;
		memcpy(document->data, text.data, text.size);
	}
	answers_use(answer, document);
}

/* The page needs nothing from elsewhere, and nobody may frame it. */
void
answers_dashboard(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	struct decision *decision = decision_new_field(
	    "Content-Security-Policy",
	    "default-src 'none'; style-src 'unsafe-inline'; "
	    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
	    "frame-ancestors 'none'");

	(void)admin;
	(void)request;
	if (decision == NULL) {
		answers_use(answer, NULL);
		return;
	}
	pages_use(answer, "text/html; charset=utf-8",
	    (struct span){ admin_dashboard, admin_dashboard_size });
	message_set_decision(&answer->message, decision);
}

void
answers_config(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	(void)request;
	pages_use(answer, "application/json", span_of(admin->options));
}
