/*
 * guard: who may look, and who may change something. Against a browser that a foreign
 * page has misled, and against who does not know the token. The thread that answers.
 */
#ifndef MTASYNC_ADMIN_GUARD_H
#define MTASYNC_ADMIN_GUARD_H

#include "admin/admin.h"
#include "http/request.h"

/* Why a request is refused. */
struct guard_refusal {
	unsigned status;
	const char *why; /* a constant */
};

/*
 * Whether a request may be answered; `open`: also to who does not know the token.
 * Host has to be an address, a loopback name, or one of admin->hosts, so that no name
 * of somebody else's leads here (DNS rebinding), and Origin, where a browser sends one,
 * the same as Host.
 */
bool guard_admits(const struct admin *admin, const struct http_request *request,
    bool open, struct guard_refusal *refusal);

/* Whether the content of a request is none that a form of any page can have; of a GET or
 * HEAD, it means nothing. */
bool guard_admits_content(const struct http_request *request,
    struct guard_refusal *refusal);

#endif
