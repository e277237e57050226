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
 * of somebody else's leads here (DNS rebinding); Origin, where a browser sends one,
 * the same as Host; and what is no GET or HEAD is no form that any page can send.
 */
bool guard_admits(const struct admin *admin, const struct http_request *request,
    bool open, struct guard_refusal *refusal);

#endif
